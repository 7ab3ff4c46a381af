//! `gannet validate`: whether messages keep the rules of a contract, with no program written for it.

use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use buffa_descriptor::MessageDescriptor;
use buffa_descriptor::reflect::{DynamicMessage, DynamicMessageSeed};
use clap::{Args, ValueEnum};
use gannet::validate::{ValidationError, Violation};
use gannet_build::Config;
use gannet_validate_dynamic::{Schema, Validator};
use serde::Serialize;
use serde::de::DeserializeSeed as _;

use crate::Ended;

const EXAMPLES: &str = "\
Examples:
  gannet validate members.proto --message members.Member member.json
  echo '{\"name\": \"li\"}' | gannet validate members.proto --message members.Member
  gannet validate members.proto --message members.Member --binary member.binpb
  gannet validate --descriptor-set api.binpb --message members.Member a.json b.json --format json

What a message that breaks rules gives, one violation a line: the field, what is wrong, and the rule's id:
  name: must be at least 2 characters (string.min_len)
  items[2].labels[\"size\"]: must be one of the defined values (enum.defined_only)
  the message: who is under 18 needs a guardian (member.guardian)

Exit status: 0 if all messages are valid, 1 if not, or if one cannot be read.";

/// Says whether messages keep the rules of their contract, and which they break.
///
/// Nothing is generated or compiled: the rules are read from the contract, and their expressions are interpreted. Both
/// dialects are understood, `(buf.validate.field)` and its like, and `(validator.field)` of go-proto-validators; their protos
/// come with this program. What is said of a message is what a service with the same contract says of it.
///
/// Messages are in protobuf's JSON, where names of fields are in camelCase or as they are in the contract. With --binary they
/// are encoded.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The contract, which is what ends in .proto, and the messages, which is all else; `-` is standard input, as is none.
    #[arg(value_name = "FILE", required_unless_present = "descriptor_set")]
    files: Vec<PathBuf>,

    /// The type of the messages, with its package, such as members.Member.
    #[arg(long, short = 'm', value_name = "NAME")]
    message: String,

    /// The messages are encoded, and not JSON.
    #[arg(long)]
    binary: bool,

    /// How to say it.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,

    /// Ends at the first violation of a message.
    #[arg(long)]
    fail_fast: bool,

    /// A folder that imports are relative to; may be given several times, the first that has a file wins.
    #[arg(long, short = 'I', value_name = "DIR")]
    include: Vec<PathBuf>,

    /// A serialized FileDescriptorSet to take in place of .proto files, with all imports in it.
    #[arg(long, value_name = "FILE")]
    descriptor_set: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// `valid`, or a line for each violation.
    Text,
    /// A JSON object for each message, one a line.
    Json,
}

pub(crate) fn run(options: &Options, out: &mut impl Write) -> Ended {
    let (contract, mut messages): (Vec<&Path>, Vec<&Path>) = options
        .files
        .iter()
        .map(PathBuf::as_path)
        .partition(|file| file.extension() == Some("proto".as_ref()));
    if contract.is_empty() && options.descriptor_set.is_none() {
        return Err("none of the files is a contract: one must end in .proto".into());
    }
    if !contract.is_empty() && options.descriptor_set.is_some() {
        return Err("there is a contract twice: give either .proto files or --descriptor-set".into());
    }
    let validator = validator(options, &contract)?;
    let pool = validator.pool();
    let index = pool.message_index(&options.message).ok_or("the contract has no such message")?;
    if messages.is_empty() {
        messages.push(Path::new("-"));
    }
    let is_alone = messages.len() == 1;
    // The messages are the user's own.
    let mut settings = gannet::validate::Settings::new().interpret_at_most(usize::MAX);
    if options.fail_fast {
        settings = settings.fail_fast();
    }
    let mut all_valid = true;
    for file in messages {
        let bytes = read(file)?;
        let message = if options.binary {
            DynamicMessage::decode(Arc::clone(pool), index, &bytes)
                .map_err(|error| format!("{}: no encoded {}: {error}", name(file), options.message))?
        } else {
            let seed = DynamicMessageSeed::new(Arc::clone(pool), index);
            from_json(&bytes, seed).map_err(|fault| format!("{}{fault}", name(file)))?
        };
        let verdict = validator.validate_with(&message, &settings);
        all_valid &= verdict.is_ok();
        match options.format {
            Format::Text => write_text((!is_alone).then(|| name(file)), &verdict, out)?,
            Format::Json => write_json(&name(file), &verdict, out)?,
        }
    }
    Ok(all_valid)
}

/// The validator of the message type that is asked for.
fn validator(options: &Options, contract: &[&Path]) -> Result<Validator, Box<dyn std::error::Error>> {
    let mut config = Config::new().files(contract);
    for folder in &options.include {
        config = config.include(folder);
    }
    if let Some(path) = &options.descriptor_set {
        config = config.descriptor_set(path);
    }
    let schema = Schema::decode(&config.descriptors()?)?;
    let pool = schema.pool();
    let asked = options.message.trim_start_matches('.');
    if pool.message_index(asked).is_none() {
        return Err(unknown(asked, &schema).into());
    }
    let validator = Validator::of_message(&schema, asked)?;
    if !validator.has_rules(asked) {
        let help = "write some, as in `string name = 1 [(buf.validate.field).string.min_len = 1];`";
        return Err(format!(
            "{asked} has no rules, nor has what it holds: every message is valid\n  help: {help}"
        )
        .into());
    }
    Ok(validator)
}

/// What to say of a message type that the contract does not have: which ones it does.
fn unknown(asked: &str, schema: &Schema) -> String {
    let names = schema.pool().messages().iter().map(MessageDescriptor::full_name);
    let mut names: Vec<&str> = names
        .filter(|name| {
            // Not the entries of maps, nor what options are made of.
            let is_entry = schema.message_proto(name).is_some_and(|message| {
                message.options.as_option().is_some_and(|options| options.map_entry == Some(true))
            });
            let is_of_options = ["google.protobuf.", "buf.validate.", "validator."];
            !is_entry && !is_of_options.iter().any(|package| name.starts_with(package))
        })
        .collect();
    // Those of the same name without its package come first.
    let short = |name: &str| name.rsplit('.').next().map(str::to_lowercase);
    names.sort_by_key(|name| (short(name) != short(asked), *name));
    let shown = names.iter().take(10).copied().collect::<Vec<_>>().join(", ");
    let more = if names.len() > 10 { ", …" } else { "" };
    format!("the contract has no message {asked}\n  help: it has {shown}{more}")
}

fn name(file: &Path) -> String {
    if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() }
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    read.map_err(|error| format!("{} cannot be read: {error}", name(file)))
}

/// Reads a message in JSON.
///
/// # Errors
/// It is none: `:LINE:COLUMN: FIELD: WHAT`.
fn from_json(bytes: &[u8], seed: DynamicMessageSeed) -> Result<DynamicMessage, String> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let mut track = serde_path_to_error::Track::new();
    let read = seed.deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track));
    let read = read.and_then(|message| json.end().map(|()| message));
    read.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let text = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
        let place = if line > 0 { format!(":{line}:{column}") } else { String::new() };
        let path = track.path().to_string();
        // A question mark stands for what is not known.
        if [".", "?"].contains(&path.as_str()) {
            format!("{place}: {text}")
        } else {
            format!("{place}: {path}: {text}")
        }
    })
}

type Verdict = Result<(), ValidationError>;

fn write_text(file: Option<String>, verdict: &Verdict, out: &mut impl Write) -> std::io::Result<()> {
    let file = file.map(|file| format!("{file}: ")).unwrap_or_default();
    let Err(error) = verdict else { return writeln!(out, "{file}valid") };
    if error.violations().is_empty() {
        return writeln!(out, "{file}{error}");
    }
    for violation in error.violations() {
        let Violation { message, rule_id, .. } = violation;
        let field = violation.field.to_string();
        let field = if field.is_empty() { "the message" } else { &field };
        let key = if violation.for_key { " (the key)" } else { "" };
        writeln!(out, "{file}{field}{key}: {message} ({rule_id})")?;
    }
    Ok(())
}

/// What is said of a message.
#[derive(Serialize)]
struct Said<'a> {
    file: &'a str,
    valid: bool,
    violations: Vec<SaidViolation>,
    /// The fault in the older dialect, or why a rule could not be evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct SaidViolation {
    field: String,
    message: String,
    rule_id: String,
    rule: String,
    for_key: bool,
}

fn write_json(file: &str, verdict: &Verdict, out: &mut impl Write) -> std::io::Result<()> {
    let error = verdict.as_ref().err();
    let violations = error.map(ValidationError::violations).unwrap_or_default().iter();
    let violations: Vec<SaidViolation> = violations
        .map(|violation| SaidViolation {
            field: violation.field.to_string(),
            message: violation.message.to_string(),
            rule_id: violation.rule_id.to_string(),
            rule: violation.rule.to_string(),
            for_key: violation.for_key,
        })
        .collect();
    let error = error.filter(|_| violations.is_empty()).map(ToString::to_string);
    let said = Said { file, valid: verdict.is_ok(), violations, error };
    serde_json::to_writer(&mut *out, &said)?;
    writeln!(out)
}

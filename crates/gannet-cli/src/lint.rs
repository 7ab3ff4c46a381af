//! `gannet lint`: what a contract says, told to people.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use gannet_build::{Config, MessageRules};

use crate::Ended;

/// Looks into contracts: what their rules demand, and whether they can be carried out.
#[derive(Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Rules(Rules),
}

const EXAMPLES: &str = "\
Examples:
  gannet lint rules proto/helloworld.proto
  gannet lint rules proto --include third_party
  gannet lint rules --descriptor-set api.binpb

Exit status: 0 if all rules can be carried out, 1 if not.";

/// Says in words what each message demands of its fields.
///
/// Reads the rules of both dialects: `(buf.validate.field)` and its like, and `(validator.field)` of go-proto-validators.
/// Their protos come with this program. A rule that cannot be carried out, such as one on a field of another type, is told
/// with its file, line, field and how to mend it, as a build would.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
struct Rules {
    /// The .proto files, or folders of them. With --descriptor-set: the names of files in it; without any, all of them.
    #[arg(value_name = "FILE", required_unless_present = "descriptor_set")]
    files: Vec<PathBuf>,

    /// A folder that imports are relative to; may be given several times, the first that has a file wins.
    #[arg(long, short = 'I', value_name = "DIR")]
    include: Vec<PathBuf>,

    /// A serialized FileDescriptorSet to take in place of .proto files, with all imports in it.
    #[arg(long, value_name = "FILE")]
    descriptor_set: Option<PathBuf>,
}

pub(crate) fn run(options: Options, out: &mut impl Write) -> Ended {
    let What::Rules(rules) = options.what;
    let mut config = Config::new().files(&rules.files);
    for folder in &rules.include {
        config = config.include(folder);
    }
    if let Some(path) = rules.descriptor_set {
        config = config.descriptor_set(path);
    }
    let explained = config.explain_rules()?;
    if explained.is_empty() {
        writeln!(out, "no message of these files has rules")?;
    }
    for (index, rules) in explained.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        write_rules(rules, out)?;
    }
    Ok(true)
}

fn write_rules(rules: &MessageRules, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "{} ({})", rules.message, rules.file)?;
    let subject = |field: &Option<String>| field.clone().unwrap_or_else(|| "the message".to_owned());
    let width = rules.demands.iter().map(|demand| subject(&demand.field).chars().count()).max().unwrap_or(0);
    let mut last = None;
    for demand in &rules.demands {
        let subject = subject(&demand.field);
        let shown = if last.as_ref() == Some(&subject) { "" } else { &subject };
        writeln!(out, "  {shown:width$}  {}", demand.sentence)?;
        last = Some(subject);
    }
    Ok(())
}

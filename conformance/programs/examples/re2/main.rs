//! Compares what Gannet says of RE2 patterns with what Go's `regexp` says: which are refused and in what words, which
//! texts match, which characters are in which class. For the suite `re2`.
//!
//! It prints its cases as `conformance/lib.sh` wants them, one a line, fields separated by tabs. What differs, all of it,
//! goes to standard error. The exit status only says whether both could be asked.

mod generate;
mod go;
mod sets;

use std::io;
use std::process::ExitCode;

use clap::Parser;
use gannet_cel::re2::{Pattern, simple, translate};

use generate::{Random, Trial};
use go::Go;

#[derive(Parser)]
struct Options {
    /// The program of `conformance/go/re2`.
    #[arg(long)]
    peer: String,
    /// Where the generated patterns begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Patterns of each kind that are generated.
    #[arg(long, default_value_t = 2500)]
    patterns: usize,
    /// Only this pattern, on the texts that follow; prints what both say.
    #[arg(long, num_args = 1..)]
    ask: Vec<String>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("the peer cannot be asked: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    let mut go = Go::start(&options.peer)?;
    if let Some((pattern, texts)) = options.ask.split_first() {
        let texts: Vec<_> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
        say(&format!("Go:     {:?}", go.matches(pattern, &texts)?));
        say(&format!("Gannet: {:?}", verdict(pattern, &texts)));
        return go.end();
    }
    let mut random = Random(options.seed);
    let patterns = options.patterns;
    let grammar = trials(patterns, |_| generate::from_grammar(&mut random));
    compare(&mut go, "patterns along the grammar", &grammar)?;
    let fragments = trials(patterns, |_| generate::from_fragments(&mut random));
    compare(&mut go, "patterns out of fragments", &fragments)?;
    let real = trials(200, |index| generate::from_real(&mut random, index, false));
    compare(&mut go, "real patterns", &real)?;
    let changed = trials(patterns, |index| generate::from_real(&mut random, index, true));
    compare(&mut go, "real patterns, changed", &changed)?;
    compare(&mut go, "patterns at the limits", &generate::at_limits())?;
    sets::compare(&mut go)?;
    go.end()
}

fn trials(count: usize, generate: impl FnMut(usize) -> Trial) -> Vec<Trial> {
    (0..count).map(generate).collect()
}

/// A case: both on each pattern and its texts.
fn compare(go: &mut Go, name: &str, trials: &[Trial]) -> io::Result<()> {
    let mut case = Case::default();
    let (mut accepted, mut texts, mut matched, mut loops) = (0, 0, 0, 0);
    for (index, Trial { pattern, texts: trial }) in trials.iter().enumerate() {
        let theirs = go.matches(pattern, trial)?;
        let ours = verdict(pattern, trial);
        if let Ok(matches) = &theirs {
            accepted += 1;
            texts += matches.len();
            matched += matches.iter().filter(|&&one| one).count();
            loops += usize::from(check_simple(&mut case, pattern, trial, matches));
            // A second automaton takes time: on some will do. The crate has limits of its own.
            if index % 4 == 0 && pattern.len() < LONG {
                check_translation(&mut case, pattern, trial, matches);
            }
        }
        match (&theirs, &ours) {
            (Ok(theirs), Ok(ours)) => {
                for ((text, theirs), ours) in trial.iter().zip(theirs).zip(ours) {
                    if theirs != ours {
                        let text = text.escape_ascii();
                        case.differ(&format!("{pattern:?} on \"{text}\": Go {theirs}, Gannet {ours}"));
                    }
                }
            }
            _ if theirs == ours => {}
            _ => case.differ(&format!("{pattern:?}: Go {theirs:?}, Gannet {ours:?}")),
        }
    }
    // A generator that has gone astray compares nothing.
    if matched * 10 < texts || texts < accepted || accepted * 10 < trials.len() {
        case.differ("hardly any pattern is accepted, or hardly any text matches");
    }
    let count = trials.len();
    case.end(&format!(
        "{count} {name}: {accepted} accepted, {loops} of them simple; {matched} of {texts} texts match"
    ));
    Ok(())
}

/// Bytes of a pattern that is made to be deep or large.
const LONG: usize = 500;

fn verdict(pattern: &str, texts: &[Vec<u8>]) -> go::Verdict<Vec<bool>> {
    let compiled = Pattern::new(pattern).map_err(|error| error.to_string())?;
    Ok(texts.iter().map(|text| compiled.is_match_bytes(text)).collect())
}

/// Whether the pattern is simple; if so, what its loop says of the texts that are UTF-8.
fn check_simple(case: &mut Case, pattern: &str, texts: &[Vec<u8>], matches: &[bool]) -> bool {
    let Some(simple) = simple(pattern) else { return false };
    for (text, matched) in texts.iter().zip(matches) {
        if std::str::from_utf8(text).is_ok() && simple.is_match(text) != *matched {
            case.differ(&format!("{pattern:?} as a loop on \"{}\": Go {matched}", text.escape_ascii()));
        }
    }
    true
}

/// What the crate `regex` makes of the translation.
fn check_translation(case: &mut Case, pattern: &str, texts: &[Vec<u8>], matches: &[bool]) {
    let translated = match translate(pattern) {
        // Only for bytes, where it would match within a character.
        Ok(translated) if translated.contains(r"(?-u:\B)") => return,
        Ok(translated) => translated,
        Err(_) => return,
    };
    match regex::RegexBuilder::new(&translated).size_limit(1 << 28).build() {
        Ok(regex) => {
            for (text, matched) in texts.iter().zip(matches) {
                let Ok(text) = std::str::from_utf8(text) else { continue };
                if regex.is_match(text) != *matched {
                    case.differ(&format!("{pattern:?} as {translated:?} on {text:?}: Go {matched}"));
                }
            }
        }
        Err(error) => case.differ(&format!("{pattern:?} as {translated:?}: {error}")),
    }
}

/// One line of the suite's output.
#[derive(Default)]
struct Case {
    differences: usize,
    first: Option<String>,
}

impl Case {
    fn differ(&mut self, what: &str) {
        self.differences += 1;
        complain(what);
        self.first.get_or_insert_with(|| what.to_owned());
    }

    /// Prints it.
    fn end(self, name: &str) {
        match self.first {
            None => say(&format!("passed\t{name}")),
            Some(first) => {
                let first = first.replace(['\t', '\n'], " ");
                say(&format!("failed\t{name}\t{} differences, such as {first}", self.differences));
            }
        }
    }
}

// The suite reads these.
#[allow(clippy::print_stdout)]
fn say(line: &str) {
    println!("{line}");
}

#[allow(clippy::print_stderr)]
fn complain(line: &str) {
    eprintln!("{line}");
}

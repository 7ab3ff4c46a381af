//! `gannet tour`: the article's chapters, one after the other, each against a real server on a loopback port.
//!
//! A chapter is one file in `chapters/` and one line in [`CHAPTERS`]. Not here: the services it walks through
//! (`services`).

mod certificates;
mod chapters;
mod log;
mod notes;
mod services;

use std::future::Future;
use std::io::Write;
use std::pin::Pin;
use std::time::Duration;

use clap::Args;

use crate::Ended;

pub(crate) use notes::Notes;

/// Walks through what Gannet does, chapter by chapter, against a Greeter on a free loopback port.
///
/// For each chapter it says what was sent, what came back, and ✓ if that is what should have come, or ✗ and the reason.
/// A chapter that needs a program of others, which is not there, is skipped, and that is said. The exit status is 0 only if
/// all others held.
#[derive(Args)]
#[command(after_help = listing())]
pub(crate) struct Options {
    /// Only these chapters, by their numbers; without, all.
    #[arg(long, value_name = "CHAPTER", value_delimiter = ',')]
    only: Vec<u32>,
}

/// How a chapter ended: what did not hold, if something did not.
pub(crate) type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// A chapter under way.
type Walk = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// One chapter of the tour.
struct Chapter {
    /// The number of the article's chapter; those beyond the article go on from its ten.
    number: u32,
    title: &'static str,
    walk: fn(Notes) -> Walk,
}

const CHAPTERS: &[Chapter] = &[
    Chapter {
        number: 1,
        title: "Contract and code generation",
        walk: |notes| Box::pin(chapters::contract(notes)),
    },
    Chapter { number: 2, title: "Server and client", walk: |notes| Box::pin(chapters::calls(notes)) },
    Chapter {
        number: 3,
        title: "Reflection and health",
        walk: |notes| Box::pin(chapters::reflection(notes)),
    },
    Chapter { number: 4, title: "Streams", walk: |notes| Box::pin(chapters::streams(notes)) },
    Chapter { number: 5, title: "Validators", walk: |notes| Box::pin(chapters::validators(notes)) },
    Chapter { number: 6, title: "Interceptor chains", walk: |notes| Box::pin(chapters::interceptors(notes)) },
    Chapter { number: 7, title: "Token authentication", walk: |notes| Box::pin(chapters::tokens(notes)) },
    Chapter { number: 8, title: "TLS, one way", walk: |notes| Box::pin(chapters::tls(notes)) },
    Chapter { number: 9, title: "TLS, both ways", walk: |notes| Box::pin(chapters::mutual_tls(notes)) },
    Chapter {
        number: 10,
        title: "Another language",
        walk: |notes| Box::pin(chapters::another_language(notes)),
    },
    Chapter { number: 11, title: "Deadlines", walk: |notes| Box::pin(chapters::deadlines(notes)) },
    Chapter { number: 12, title: "Errors", walk: |notes| Box::pin(chapters::errors(notes)) },
    Chapter { number: 13, title: "Shutdown", walk: |notes| Box::pin(chapters::shutdown(notes)) },
];

/// No chapter takes longer, whatever goes wrong.
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) fn run(options: &Options, out: &mut impl Write) -> Ended {
    for only in &options.only {
        if CHAPTERS.iter().all(|chapter| chapter.number != *only) {
            return Err(no_such_chapter(*only).into());
        }
    }
    let chosen = |chapter: &&Chapter| options.only.is_empty() || options.only.contains(&chapter.number);
    // One chapter panics on purpose; what it says would stand in the middle of the tour.
    silence(services::PANIC);
    log::keep();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    walk(CHAPTERS.iter().filter(chosen), &runtime, out)
}

fn walk<'a>(
    chapters: impl Iterator<Item = &'a Chapter>,
    runtime: &tokio::runtime::Runtime,
    out: &mut impl Write,
) -> Ended {
    let (mut held, mut failed, mut skipped) = (0, 0, 0);
    for chapter in chapters {
        writeln!(out, "{:>2}  {}", chapter.number, chapter.title)?;
        out.flush()?;
        let notes = Notes::default();
        let walk = (chapter.walk)(notes.clone());
        let outcome = runtime.block_on(async {
            let mut task = tokio::spawn(walk);
            match tokio::time::timeout(LIMIT, &mut task).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(panic)) => Err(panic.into()),
                Err(_) => {
                    task.abort();
                    Err(format!("no end after {} s", LIMIT.as_secs()).into())
                }
            }
        });
        notes.write(out)?;
        match (outcome, notes.skipped()) {
            (Ok(()), Some(reason)) => {
                skipped += 1;
                writeln!(out, "    skipped: {reason}\n")?;
            }
            (Ok(()), None) => {
                held += 1;
                writeln!(out, "    ✓\n")?;
            }
            (Err(reason), _) => {
                failed += 1;
                writeln!(out, "    ✗ {reason}\n")?;
            }
        }
        out.flush()?;
    }
    let skipped = if skipped == 0 { String::new() } else { format!(", {skipped} skipped") };
    writeln!(out, "{held} held, {failed} failed{skipped}")?;
    Ok(failed == 0)
}

fn no_such_chapter(number: u32) -> String {
    let there = CHAPTERS.iter().map(|chapter| chapter.number.to_string()).collect::<Vec<_>>().join(", ");
    format!("there is no chapter {number}; there are: {there}")
}

/// All chapters, for the help.
fn listing() -> String {
    let lines = CHAPTERS.iter().map(|chapter| format!("\n  {:>2}  {}", chapter.number, chapter.title));
    format!("Chapters:{}\n\nExample:\n  gannet tour --only 2,4", lines.collect::<String>())
}

/// Keeps the panics with this message off the standard error.
fn silence(message: &'static str) {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload().downcast_ref::<&str>() != Some(&message) {
            usual(panic);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(chapters: &[Chapter]) -> (bool, String) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut out = Vec::new();
        let held = walk(chapters.iter(), &runtime, &mut out).unwrap();
        (held, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_chapter_that_does_not_hold_is_said_and_the_others_still_run() {
        let (held, text) = walked(&[
            Chapter {
                number: 1,
                title: "Fails",
                walk: |notes| {
                    Box::pin(async move {
                        notes.sent("a question");
                        notes.holds(false, "the answer is no answer")
                    })
                },
            },
            Chapter { number: 2, title: "Panics", walk: |_| Box::pin(async { panic!("out of the blue") }) },
            Chapter { number: 3, title: "Holds", walk: |_| Box::pin(async { Ok(()) }) },
        ]);
        assert!(!held);
        assert!(text.contains("a question") && text.contains("✗ the answer is no answer"), "{text}");
        assert!(text.contains("out of the blue") && text.contains("1 held, 2 failed"), "{text}");
    }

    #[test]
    fn a_chapter_that_is_skipped_neither_held_nor_failed() {
        let (held, text) = walked(&[Chapter {
            number: 1,
            title: "Skipped",
            walk: |notes| {
                Box::pin(async move {
                    notes.skip("there is no Python");
                    Ok(())
                })
            },
        }]);
        assert!(held && !text.contains('✓') && text.contains("skipped: there is no Python"), "{text}");
        assert!(text.ends_with("0 held, 0 failed, 1 skipped\n"), "{text}");
    }

    #[test]
    fn all_chapters_held_is_success() {
        let (held, text) =
            walked(&[Chapter { number: 1, title: "Holds", walk: |_| Box::pin(async { Ok(()) }) }]);
        assert!(held && text.contains("1 held, 0 failed"), "{text}");
    }

    #[test]
    fn every_chapter_of_the_article_is_there() {
        let numbers: Vec<u32> = CHAPTERS.iter().map(|chapter| chapter.number).collect();
        assert_eq!(numbers, (1..=13).collect::<Vec<_>>());
    }
}

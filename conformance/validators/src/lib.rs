//! Compares Gannet's validators of `(validator.field)` with what go-proto-validators says of the same bytes.
//!
//! The cases come from `../go-validators`, which makes random messages and validates them in Go; the format is described
//! there.

#![forbid(unsafe_code)]

mod dynamic;

use gannet::codegen::validate::Validate;

/// What a message was decoded and validated by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// buffa
    Buffa,
    /// prost
    Prost,
    /// Descriptors alone, without generated code.
    Dynamic,
}

/// What came of the cases.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many messages were validated, each library's counted.
    pub validated: usize,
    /// How many of them were found to be at fault.
    pub refused: usize,
    /// Where Gannet and Go disagree.
    pub disagreements: Vec<String>,
}

/// Validates each message of the cases by both libraries, and by its descriptors alone.
pub fn compare(cases: &str) -> Outcome {
    let mut outcome = Outcome::default();
    // Not `lines`: a text may end with a carriage return.
    for case in cases.split('\n').filter(|case| !case.is_empty()) {
        let parts: Vec<&str> = case.splitn(3, '\t').collect();
        let (&[name, hex, expected], Some(bytes)) = (&*parts, parts.get(1).and_then(|hex| bytes(hex))) else {
            outcome.disagreements.push(format!("not a case: {case}"));
            continue;
        };
        let twin = name.strip_prefix("validators.scalars2.Optional");
        let names = [Some(name.to_owned()), twin.map(|twin| format!("validators.optional3.Optional{twin}"))];
        for name in names.iter().flatten() {
            for library in [Library::Buffa, Library::Prost, Library::Dynamic] {
                let found = verdict(library, name, &bytes);
                outcome.validated += 1;
                outcome.refused += usize::from(found != "OK");
                if escape(&found) != expected {
                    outcome.disagreements.push(format!(
                        "{name} of {library:?}, bytes {hex}\n  Go:     {expected}\n  Gannet: {}",
                        escape(&found)
                    ));
                }
            }
        }
    }
    outcome
}

/// What Gannet says of a message: OK or the error's text.
fn verdict(library: Library, name: &str, bytes: &[u8]) -> String {
    let verdict = match library {
        Library::Buffa => buffa::verdict(name, bytes),
        Library::Prost => prost::verdict(name, bytes),
        Library::Dynamic => dynamic::verdict(name, bytes),
    };
    verdict.unwrap_or_else(|| format!("no message {name}"))
}

/// Messages without rules have no validator.
struct Checked<'a, M>(&'a M);

impl<M: Validate> Checked<'_, M> {
    fn verdict(&self) -> String {
        self.0.validate().err().map_or_else(|| "OK".to_owned(), |error| error.to_string())
    }
}

/// What [`Checked`] has where a message has no validator.
trait Unchecked {
    fn verdict(&self) -> String {
        "OK".to_owned()
    }
}

impl<M> Unchecked for Checked<'_, M> {}

macro_rules! messages {
    ($($name:literal => $message:path,)*) => {
        pub(super) fn verdict(name: &str, bytes: &[u8]) -> Option<String> {
            #[allow(unused_imports, reason = "only messages without a validator need it")]
            use super::Unchecked as _;
            match name {
                $($name => Some(match decode::<$message>(bytes) {
                    Ok(message) => super::Checked(&message).verdict(),
                    Err(error) => error,
                }),)*
                _ => None,
            }
        }
    };
}

/// The messages as buffa has them.
#[allow(unreachable_pub, reason = "generated for any crate")]
mod buffa {
    use gannet::codegen::buffa::Message;

    include!(concat!(env!("OUT_DIR"), "/buffa/mod.rs"));
    include!(concat!(env!("OUT_DIR"), "/table.rs"));

    fn decode<M: Message>(bytes: &[u8]) -> Result<M, String> {
        M::decode_from_slice(bytes).map_err(|error| error.to_string())
    }
}

/// The messages as prost has them.
#[allow(unreachable_pub, reason = "generated for any crate")]
mod prost {
    use gannet::codegen::prost::Message;

    include!(concat!(env!("OUT_DIR"), "/prost/mod.rs"));
    include!(concat!(env!("OUT_DIR"), "/table.rs"));

    fn decode<M: Message + Default>(bytes: &[u8]) -> Result<M, String> {
        M::decode(bytes).map_err(|error| error.to_string())
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = (0..hex.len()).step_by(2).map(|at| hex.get(at..at + 2));
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

/// A text as the cases have it.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

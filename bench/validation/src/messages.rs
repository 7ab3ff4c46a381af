//! The messages of each contestant, valid and not, and functions that validate them.
//!
//! The functions are not inlined: each is what a caller would call, and its size can be read off the program.

use std::error::Error;
use std::sync::Arc;

use buffa_descriptor::DescriptorPool;
use buffa_descriptor::reflect::DynamicMessage;

use crate::{DESCRIPTORS, bench, prost_bench};

/// Validates the valid message, at 0, or the other: whether it is valid.
pub type Call = fn(&Messages, usize) -> bool;

/// One contestant's way to validate each message.
pub struct Contestant {
    pub name: &'static str,
    pub article: Call,
    pub mixed: Call,
    pub span: Call,
    pub labels: Option<Call>,
}

/// The same messages for all: the valid one of each first, then one that is not.
pub struct Messages {
    articles: [bench::Article; 2],
    mixed: [bench::Mixed; 2],
    spans: [bench::Span; 2],
    labels: [bench::Labels; 2],
    prost_articles: [prost_bench::Article; 2],
    prost_mixed: [prost_bench::Mixed; 2],
    prost_spans: [prost_bench::Span; 2],
    validator: prost_protovalidate::Validator,
    dynamic_articles: [DynamicMessage; 2],
    dynamic_mixed: [DynamicMessage; 2],
    dynamic_spans: [DynamicMessage; 2],
    dynamic_labels: [DynamicMessage; 2],
    dynamic: gannet_validate_dynamic::Validator,
}

impl Messages {
    pub fn new() -> Result<Self, Box<dyn Error>> {
        let articles = ["zzz", "zhangsan"].map(article);
        let mixed = [mixed("Zhang San", "zhang.san@example.com", 42), mixed("", "no address", -1)];
        let spans = [(3, 7), (7, 3)].map(|(first, last)| bench::Span { first, last });
        let labels = ["red", "green"].map(labels);
        let dynamic = gannet_validate_dynamic::Validator::decode(DESCRIPTORS)?;
        let pool = dynamic.pool();
        Ok(Self {
            prost_articles: [prost_message(&articles[0])?, prost_message(&articles[1])?],
            prost_mixed: [prost_message(&mixed[0])?, prost_message(&mixed[1])?],
            prost_spans: [prost_message(&spans[0])?, prost_message(&spans[1])?],
            validator: prost_protovalidate::Validator::new(),
            dynamic_articles: dynamic_messages(pool, "bench.Article", &articles)?,
            dynamic_mixed: dynamic_messages(pool, "bench.Mixed", &mixed)?,
            dynamic_spans: dynamic_messages(pool, "bench.Span", &spans)?,
            dynamic_labels: dynamic_messages(pool, "bench.Labels", &labels)?,
            articles,
            mixed,
            spans,
            labels,
            dynamic,
        })
    }
}

/// The same message, of prost. There is one encoding for all, so that they cannot differ.
fn prost_message<T: prost::Message + Default>(
    message: &impl buffa::Message,
) -> Result<T, prost::DecodeError> {
    T::decode(&*message.encode_to_vec())
}

/// The same messages, by their descriptors.
fn dynamic_messages<T: buffa::Message>(
    pool: &Arc<DescriptorPool>,
    name: &str,
    messages: &[T; 2],
) -> Result<[DynamicMessage; 2], Box<dyn Error>> {
    let index = pool.message_index(name).ok_or("the message is missing in the descriptors")?;
    let [valid, invalid] = messages
        .each_ref()
        .map(|message| DynamicMessage::decode(Arc::clone(pool), index, &message.encode_to_vec()));
    Ok([valid?, invalid?])
}

fn article(name: &str) -> bench::Article {
    bench::Article { name: name.to_owned() }
}

fn mixed(name: &str, email: &str, age: i32) -> bench::Mixed {
    bench::Mixed {
        name: name.to_owned(),
        email: email.to_owned(),
        age,
        ratio: 0.5,
        tags: ["alpha", "beta", "gamma"].map(str::to_owned).to_vec(),
        kind: bench::Kind::KIND_SECOND.into(),
    }
}

fn labels(color: &str) -> bench::Labels {
    use gannet::well_known::{Struct, Value};
    let labels: Struct = [("color".to_owned(), Value::from(color))].into_iter().collect();
    bench::Labels { labels: labels.into() }
}

macro_rules! contestant {
    ($module:ident, |$messages:ident, $message:ident| $valid:expr,
     $articles:ident, $mixed:ident, $spans:ident $(, $labels:ident)?) => {
        mod $module {
            use super::Messages;

            #[inline(never)]
            pub(super) fn article($messages: &Messages, index: usize) -> bool {
                let $message = &$messages.$articles[index];
                $valid
            }

            #[inline(never)]
            pub(super) fn mixed($messages: &Messages, index: usize) -> bool {
                let $message = &$messages.$mixed[index];
                $valid
            }

            #[inline(never)]
            pub(super) fn span($messages: &Messages, index: usize) -> bool {
                let $message = &$messages.$spans[index];
                $valid
            }
            $(
                #[inline(never)]
                pub(super) fn labels($messages: &Messages, index: usize) -> bool {
                    let $message = &$messages.$labels[index];
                    $valid
                }
            )?
        }
    };
}

contestant!(
    gannet_calls,
    |messages, message| gannet::codegen::validate::Validate::validate(message).is_ok(),
    articles,
    mixed,
    spans,
    labels
);
contestant!(
    dynamic_calls,
    |messages, message| messages.dynamic.validate(message).is_ok(),
    dynamic_articles,
    dynamic_mixed,
    dynamic_spans,
    dynamic_labels
);
contestant!(
    buffa_calls,
    |messages, message| protovalidate_buffa::Validate::validate(message).is_ok(),
    articles,
    mixed,
    spans
);
contestant!(
    prost_calls,
    |messages, message| messages.validator.validate(message).is_ok(),
    prost_articles,
    prost_mixed,
    prost_spans
);

mod prost_generated_calls {
    use super::Messages;

    #[inline(never)]
    pub(super) fn article(messages: &Messages, index: usize) -> bool {
        prost_protovalidate::Validate::validate(&messages.prost_articles[index]).is_ok()
    }

    #[inline(never)]
    pub(super) fn mixed(messages: &Messages, index: usize) -> bool {
        prost_protovalidate::Validate::validate(&messages.prost_mixed[index]).is_ok()
    }
}

macro_rules! calls {
    ($name:literal, $module:ident, $labels:expr) => {
        Contestant {
            name: $name,
            article: $module::article,
            mixed: $module::mixed,
            span: $module::span,
            labels: $labels,
        }
    };
}

/// All of them. What prost-protovalidate generates leaves messages with expressions to its run time; what a `Struct`
/// holds neither peer can ask: they take a valid message for a wrong one.
pub const CONTESTANTS: [Contestant; 5] = [
    calls!("gannet", gannet_calls, Some(gannet_calls::labels)),
    calls!("protovalidate-buffa", buffa_calls, None),
    Contestant {
        name: "prost-protovalidate, generated",
        article: prost_generated_calls::article,
        mixed: prost_generated_calls::mixed,
        span: prost_calls::span,
        labels: None,
    },
    calls!("prost-protovalidate", prost_calls, None),
    calls!("gannet-validate-dynamic", dynamic_calls, Some(dynamic_calls::labels)),
];

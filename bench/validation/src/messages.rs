//! The messages of each contestant, valid and not, and functions that validate them.
//!
//! The functions are not inlined: each is what a caller would call, and its size can be read off the program.

use crate::{bench, prost_bench};

/// One contestant's way to validate each message: whether it is valid.
pub struct Contestant {
    pub name: &'static str,
    pub article: fn(&Messages, usize) -> bool,
    pub mixed: fn(&Messages, usize) -> bool,
    pub span: fn(&Messages, usize) -> bool,
}

/// The same messages for all: the valid one of each first, then one that is not.
pub struct Messages {
    articles: [bench::Article; 2],
    mixed: [bench::Mixed; 2],
    spans: [bench::Span; 2],
    prost_articles: [prost_bench::Article; 2],
    prost_mixed: [prost_bench::Mixed; 2],
    prost_spans: [prost_bench::Span; 2],
    validator: prost_protovalidate::Validator,
}

impl Messages {
    pub fn new() -> Result<Self, prost::DecodeError> {
        use prost::Message as _;
        let articles = ["zzz", "zhangsan"].map(article);
        let mixed = [mixed("Zhang San", "zhang.san@example.com", 42), mixed("", "no address", -1)];
        let spans = [(3, 7), (7, 3)].map(|(first, last)| bench::Span { first, last });
        // One encoding for all, so that they cannot differ.
        let [article, bad_article] = articles.each_ref().map(buffa::Message::encode_to_vec);
        let [mix, bad_mix] = mixed.each_ref().map(buffa::Message::encode_to_vec);
        let [span, bad_span] = spans.each_ref().map(buffa::Message::encode_to_vec);
        Ok(Self {
            prost_articles: [
                prost_bench::Article::decode(&*article)?,
                prost_bench::Article::decode(&*bad_article)?,
            ],
            prost_mixed: [prost_bench::Mixed::decode(&*mix)?, prost_bench::Mixed::decode(&*bad_mix)?],
            prost_spans: [prost_bench::Span::decode(&*span)?, prost_bench::Span::decode(&*bad_span)?],
            articles,
            mixed,
            spans,
            validator: prost_protovalidate::Validator::new(),
        })
    }
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

macro_rules! contestant {
    ($module:ident, |$messages:ident, $message:ident| $valid:expr,
     $articles:ident, $mixed:ident, $spans:ident) => {
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
        }
    };
}

contestant!(
    gannet_calls,
    |messages, message| gannet::codegen::validate::Validate::validate(message).is_ok(),
    articles,
    mixed,
    spans
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
    ($name:literal, $module:ident) => {
        Contestant { name: $name, article: $module::article, mixed: $module::mixed, span: $module::span }
    };
}

/// All of them; what prost-protovalidate generates leaves messages with expressions to its run time.
pub const CONTESTANTS: [Contestant; 4] = [
    calls!("gannet", gannet_calls),
    calls!("protovalidate-buffa", buffa_calls),
    Contestant {
        name: "prost-protovalidate, generated",
        article: prost_generated_calls::article,
        mixed: prost_generated_calls::mixed,
        span: prost_calls::span,
    },
    calls!("prost-protovalidate", prost_calls),
];

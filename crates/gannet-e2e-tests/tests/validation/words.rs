//! A service whose messages are words, with rules; and its client.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use gannet::codec::{Codec, EncodeBuffer};
use gannet::codegen::validate::{PathElement, Report, Rule, Stop, Subscript, cel, check_of, legacy};
use gannet::codegen::{
    BidirectionalCall, Channel, ClientStreamingCall, Handle, MethodDescriptor, MethodKind, Methods, Replies,
    Request, Response, ServerStreamingCall, Service, ServiceDescriptor, ServiceMethods, Status, Streaming,
    UnaryCall,
};
use gannet::validate::Validate;

/// A message.
///
/// Not valid are words of `!`, each one a violation, `old!`, which has a fault of the older dialect, and `broken!`, whose
/// rule cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Word(pub(crate) String);

pub(crate) fn word(text: &str) -> Word {
    Word(text.to_owned())
}

static TEXT: [PathElement; 1] = [PathElement::new(1, "text", 9)];
static CALM: [PathElement; 2] = [PathElement::new(14, "string", 11), PathElement::new(23, "cel", 11)];
static NEW: legacy::Rule = legacy::Rule::must("Text", "be new");
static RULE: Rule = Rule { field: &TEXT, path: &CALM, id: "word.calm", message: "must be calm" };

impl Validate for Word {
    fn check_legacy(&self) -> Result<(), legacy::Fault> {
        if self.0 == "old!" {
            return Err(legacy::Fault::of_value(&NEW, self.0.as_str()));
        }
        Ok(())
    }

    fn check(&self, report: &mut Report) -> Result<(), Stop> {
        if self.0 == "broken!" {
            return report.fail("word.pieces", &cel::Error::new("division by zero"));
        }
        for (index, _) in self.0.match_indices('!') {
            report.add_at(&RULE, Subscript::Index(index as u64), None, false)?;
        }
        Ok(())
    }
}

/// What a word with one `!` in front gets.
pub(crate) const ONE: &str = "validation error: text[0]: must be calm";

/// Words as they go over the wire.
pub(crate) struct Text;

impl Codec<Word> for Text {
    fn encode(message: &Word, buffer: &mut EncodeBuffer) -> Result<(), Status> {
        buffer.put_slice(message.0.as_bytes());
        Ok(())
    }

    fn decode(bytes: Bytes) -> Result<Word, Status> {
        String::from_utf8(bytes.into()).map(Word).map_err(|_| Status::internal("not UTF-8"))
    }
}

const fn method(path: &'static str, name: &'static str, kind: MethodKind) -> MethodDescriptor {
    MethodDescriptor::new(path, "words.Words", name, kind)
        .checks_requests(check_of::<Word>())
        .checks_replies(check_of::<Word>())
}

static METHODS: [MethodDescriptor; 5] = [
    method("/words.Words/Say", "Say", MethodKind::Unary),
    method("/words.Words/Collect", "Collect", MethodKind::ClientStreaming),
    method("/words.Words/Expand", "Expand", MethodKind::ServerStreaming),
    method("/words.Words/Converse", "Converse", MethodKind::Bidirectional),
    // One whose messages have no rules.
    MethodDescriptor::new("/words.Words/Free", "words.Words", "Free", MethodKind::Unary),
];

static WORDS: ServiceDescriptor =
    ServiceDescriptor { name: "words.Words", methods: &METHODS, file_descriptor_set: &[] };

type Handler<A, R> = Box<dyn Fn(A) -> BoxFuture<'static, Result<R, Status>> + Send + Sync>;

/// A service made of closures. Those that are not set answer with what they got.
pub(crate) struct Words {
    say: Handler<Request<Word>, Response<Word>>,
    collect: Handler<Request<Streaming<Word>>, Response<Word>>,
    expand: Handler<(Request<Word>, Replies<Word>), ()>,
    converse: Handler<(Request<Streaming<Word>>, Replies<Word>), ()>,
}

impl Words {
    pub(crate) fn new() -> Self {
        Self {
            say: Box::new(|request| async { Ok(request.into_inner().into()) }.boxed()),
            collect: Box::new(|mut requests| {
                async move {
                    let mut all = Word::default();
                    while let Some(request) = requests.next().await? {
                        all.0.push_str(&request.0);
                    }
                    Ok(all.into())
                }
                .boxed()
            }),
            expand: Box::new(|(request, mut replies)| {
                async move {
                    for word in request.0.split(' ') {
                        replies.send(Word(word.to_owned())).await?;
                    }
                    Ok(())
                }
                .boxed()
            }),
            converse: Box::new(|(mut requests, mut replies)| {
                async move {
                    while let Some(request) = requests.next().await? {
                        replies.send(request).await?;
                    }
                    Ok(())
                }
                .boxed()
            }),
        }
    }

    pub(crate) fn say<F, Fut>(mut self, handler: F) -> Self
    where
        F: Fn(Request<Word>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Response<Word>, Status>> + Send + 'static,
    {
        self.say = Box::new(move |request| handler(request).boxed());
        self
    }

    pub(crate) fn collect<F, Fut>(mut self, handler: F) -> Self
    where
        F: Fn(Request<Streaming<Word>>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Response<Word>, Status>> + Send + 'static,
    {
        self.collect = Box::new(move |requests| handler(requests).boxed());
        self
    }

    pub(crate) fn expand<F, Fut>(mut self, handler: F) -> Self
    where
        F: Fn(Request<Word>, Replies<Word>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Status>> + Send + 'static,
    {
        self.expand = Box::new(move |(request, replies)| handler(request, replies).boxed());
        self
    }

    pub(crate) fn converse<F, Fut>(mut self, handler: F) -> Self
    where
        F: Fn(Request<Streaming<Word>>, Replies<Word>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Status>> + Send + 'static,
    {
        self.converse = Box::new(move |(requests, replies)| handler(requests, replies).boxed());
        self
    }
}

impl Service for Words {
    fn into_methods(self) -> ServiceMethods {
        Methods::new(&WORDS, Arc::new(self))
            .unary::<Text, Word, Word, _, _>(0, |this: Handle<Self>, request| (this.say)(request))
            .client_streaming::<Text, Word, Word, _, _>(1, |this: Handle<Self>, requests| {
                (this.collect)(requests)
            })
            .server_streaming::<Text, Word, Word, _, _>(2, |this: Handle<Self>, request, replies| {
                (this.expand)((request, replies))
            })
            .bidirectional::<Text, Word, Word, _, _>(3, |this: Handle<Self>, requests, replies| {
                (this.converse)((requests, replies))
            })
            .unary::<Text, Word, Word, _, _>(4, |this: Handle<Self>, request| (this.say)(request))
            .finish()
    }
}

/// Calls of the service.
pub(crate) struct Client(pub(crate) Channel);

impl Client {
    pub(crate) fn say(&self, text: &str) -> UnaryCall<Word, Word, Text> {
        UnaryCall::new(&self.0, &METHODS[0], Request::new(word(text)))
    }

    pub(crate) fn collect(&self) -> ClientStreamingCall<Word, Word, Text> {
        ClientStreamingCall::new(&self.0, &METHODS[1])
    }

    pub(crate) fn expand(&self, text: &str) -> ServerStreamingCall<Word, Word, Text> {
        ServerStreamingCall::new(&self.0, &METHODS[2], Request::new(word(text)))
    }

    pub(crate) fn converse(&self) -> BidirectionalCall<Word, Word, Text> {
        BidirectionalCall::new(&self.0, &METHODS[3])
    }

    pub(crate) fn free(&self, text: &str) -> UnaryCall<Word, Word, Text> {
        UnaryCall::new(&self.0, &METHODS[4], Request::new(word(text)))
    }

    /// Makes one call of each shape with this word; what each came to.
    pub(crate) async fn all_shapes(&self, text: &str) -> [Result<String, Status>; 4] {
        let say = self.say(text).await.map(|reply| reply.into_inner().0);
        let (mut requests, reply) = self.collect().open();
        let sent = requests.send(word(text)).await;
        requests.finish();
        let collect = match (sent, reply.await) {
            (Err(status), _) => Err(status),
            (Ok(()), reply) => reply.map(|reply| reply.into_inner().0),
        };
        let expand = all(self.expand(text).open()).await;
        let (mut requests, replies) = self.converse().open();
        let sent = requests.send(word(text)).await;
        requests.finish();
        let converse = match (sent, all(replies).await) {
            (Err(status), _) => Err(status),
            (Ok(()), replies) => replies,
        };
        [say, collect, expand, converse]
    }
}

/// All replies, up to the first error.
pub(crate) async fn all(mut replies: Streaming<Word>) -> Result<String, Status> {
    let mut texts = Vec::new();
    while let Some(reply) = replies.next().await? {
        texts.push(reply.0);
    }
    Ok(texts.join(" "))
}

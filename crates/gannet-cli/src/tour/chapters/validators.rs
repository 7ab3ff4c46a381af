//! Chapter 5: requests that break the rules of their contract are refused before a handler, or a server, sees them; by the
//! rules of the article, and by those of its successor.

use gannet::validate::{Validate, Validated, Violations};
use gannet::{Channel, Code, Replies, Request, Response, Server, Status, Streaming};

use super::protos::validators::{
    Greeter, GreeterClient, GreeterServer, HelloReply, HelloRequest, SignUpRequest,
};
use super::{Notes, Outcome, services};

/// What the article's own server says of `zhangsan`, to the letter.
const REFUSAL: &str =
    r#"invalid field Name: value 'zhangsan' must be a string conforming to regex "^[z]{2,5}$""#;

/// Where each violation is, which rule it is of, and what it says.
const VIOLATIONS: [(&str, &str, &str); 6] = [
    ("", "sign_up.guardian", "who is under 18 needs a guardian"),
    ("name", "string.min_len", "must be at least 2 characters"),
    ("mail", "string.email", "must be a valid email address"),
    ("tags", "repeated.unique", "repeated value must contain unique items"),
    ("tags[0]", "string.min_len", "must be at least 1 characters"),
    ("tags[1]", "string.min_len", "must be at least 1 characters"),
];

pub(in super::super) async fn validators(notes: Notes) -> Outcome {
    notes.note(r#"string name = 1 [(validator.field) = {regex: "^[z]{2,5}$"}];"#);
    let server = services::start(Server::new().validate().add(GreeterServer::new(MyGreeter))).await?;
    let greeter = GreeterClient::new(Channel::connect(&server.address).await?);
    unary(&notes, &greeter).await?;
    stream(&notes, &greeter).await?;
    successor(&notes, &greeter).await?;
    before_sending(&notes).await?;
    proven(&notes)
}

struct MyGreeter;

impl Greeter for MyGreeter {
    async fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        Ok(HelloReply { message: format!("Hello {}!", request.name) }.into())
    }

    async fn say_hello_stream(
        &self,
        mut requests: Request<Streaming<HelloRequest>>,
        mut replies: Replies<HelloReply>,
    ) -> Result<(), Status> {
        // What is not valid comes out of `next`, as out of `Recv` in the article.
        while let Some(request) = requests.next().await? {
            replies.send(HelloReply { message: format!("hi {}", request.name) }).await?;
        }
        Ok(())
    }

    async fn sign_up(&self, request: Request<SignUpRequest>) -> Result<Response<HelloReply>, Status> {
        Ok(HelloReply { message: format!("welcome {}", request.name) }.into())
    }
}

fn named(name: &str) -> HelloRequest {
    HelloRequest { name: name.into() }
}

/// Goes on only if a call was refused, in the article's words.
fn refused<T>(notes: &Notes, outcome: Result<T, Status>) -> Outcome {
    let Err(status) = outcome else { return Err("it was not refused".into()) };
    notes.came(&status);
    notes.holds(status.code() == Code::InvalidArgument, "the code is another")?;
    notes.holds(status.message() == REFUSAL, format!("it should say: {REFUSAL}"))?;
    notes.holds(status.details().is_empty(), "there are details, which this dialect has not")
}

async fn unary(notes: &Notes, greeter: &GreeterClient) -> Outcome {
    notes.sent("SayHello of zhangsan to a server that validates");
    refused(notes, greeter.say_hello(named("zhangsan")).await)?;
    notes.sent("SayHello of zzz");
    let reply = greeter.say_hello(named("zzz")).await?;
    notes.came(format!("{:?}", reply.message));
    notes.holds(reply.message == "Hello zzz!", "the reply is another")
}

async fn stream(notes: &Notes, greeter: &GreeterClient) -> Outcome {
    notes.sent("zz, zzzzz and zhangsan on one stream");
    let (mut requests, mut replies) = greeter.say_hello_stream().open();
    for name in ["zz", "zzzzz", "zhangsan"] {
        requests.send(named(name)).await?;
    }
    requests.finish();
    for expected in ["hi zz", "hi zzzzz"] {
        let reply = replies.next().await?.unwrap_or_default();
        notes.came(format!("{:?}", reply.message));
        notes.holds(reply.message == expected, "the reply is another")?;
    }
    refused(notes, replies.next().await)
}

/// The rules of `buf.validate`, all that are broken, and what clients can make of them.
async fn successor(notes: &Notes, greeter: &GreeterClient) -> Outcome {
    let valid = SignUpRequest {
        name: "zhangsan".into(),
        mail: "zhangsan@example.org".into(),
        age: 17,
        guardian: "lisi".into(),
        tags: vec!["gRPC".into()],
    };
    notes.sent("SignUp of a zhangsan of 17 years with a guardian, by rules of buf.validate");
    let reply = greeter.sign_up(valid.clone()).await?;
    notes.came(format!("{:?}", reply.message));
    notes.holds(reply.message == "welcome zhangsan", "the reply is another")?;

    notes.sent("SignUp of somebody with whom six things are wrong");
    let invalid = SignUpRequest {
        name: "z".into(),
        mail: "at home".into(),
        guardian: String::new(),
        tags: vec![String::new(), String::new()],
        ..valid
    };
    let Err(status) = greeter.sign_up(invalid).await else { return Err("it was not refused".into()) };
    notes.holds(status.code() == Code::InvalidArgument, "the code is another")?;
    notes.came(format!("{}, and in its details:", status.code()));
    let violations = Violations::from_status(&status).ok_or("there are no violations in the details")?;
    let mut found = Vec::new();
    for violation in violations.into_inner() {
        let field = violation.field.to_string();
        let shown = if field.is_empty() { "the message" } else { &field };
        notes.came(format!("  {shown}: {} ({})", violation.message, violation.rule_id));
        found.push((field, violation.rule_id, violation.message));
    }
    let same =
        found.iter().map(|(field, rule, message)| (field.as_str(), &**rule, &**message)).eq(VIOLATIONS);
    notes.holds(same, format!("the violations should be {VIOLATIONS:?}"))
}

async fn before_sending(notes: &Notes) -> Outcome {
    notes.sent("SayHello of zhangsan by a channel that validates, to a server that is not even there");
    let (server, address) = services::bind(Server::new()).await?;
    drop(server);
    let greeter = GreeterClient::new(Channel::builder(&address).validate().lazy()?);
    refused(notes, greeter.say_hello(named("zhangsan")).await)
}

/// The same without any call.
fn proven(notes: &Notes) -> Outcome {
    let validated = Validated::new(named("zzz"))?;
    notes.note(format!("Validated<HelloRequest> is the proof of it: one of {:?} can be had", validated.name));
    let Err(invalid) = Validated::new(named("zhangsan")) else {
        return Err("there is a proof of zhangsan".into());
    };
    notes.holds(invalid.to_string() == REFUSAL, "its error says another thing")?;
    notes.holds(invalid.message.validate().is_err(), "the message itself is another")
}

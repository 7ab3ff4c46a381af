//! Chapter 3: reflection, and health: what a server says of itself to those who have no contract.

use gannet::buffa::Message as _;
use gannet::codegen::buffa_descriptor::generated::descriptor::{DescriptorProto, FileDescriptorProto};
use gannet::codegen::{Buffa, MethodDescriptor, MethodKind, UnaryCall};
use gannet::health::{HealthReporter, ServingStatus as Told};
use gannet::well_known::Empty;
use gannet::{Channel, Request, Status, Streaming};
use tokio::sync::oneshot;

use super::protos::grpc::health::v1::health_check_response::ServingStatus;
use super::protos::grpc::health::v1::{
    HealthCheckRequest, HealthCheckResponse, HealthClient, HealthListRequest,
};
use super::protos::grpc::reflection::v1::server_reflection_request::MessageRequest;
use super::protos::grpc::reflection::v1::server_reflection_response::MessageResponse;
use super::protos::grpc::reflection::v1::{ServerReflectionClient, ServerReflectionRequest};
use super::{Notes, Outcome, services};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const GREETER: &str = "helloworld.Greeter";

/// What the client makes of the contract that it learns.
static LEARNT: MethodDescriptor =
    MethodDescriptor::new("/helloworld.Greeter/SayHello", GREETER, "SayHello", MethodKind::Unary);

pub(in super::super) async fn reflection(notes: Notes) -> Outcome {
    let server = services::start(services::greeter().reflection()).await?;
    let channel = Channel::connect(&server.address).await?;
    let file = learnt(&notes, &channel).await?;
    called(&notes, &channel, &file).await?;
    health(&notes).await
}

/// Asks one thing of the server's reflection.
async fn ask(channel: &Channel, question: MessageRequest) -> Result<MessageResponse, Failure> {
    let (mut requests, mut answers) =
        ServerReflectionClient::new(channel.clone()).server_reflection_info().open();
    requests.send(ServerReflectionRequest { message_request: Some(question), ..Default::default() }).await?;
    requests.finish();
    let answer = answers.next().await?.and_then(|answer| answer.message_response);
    answer.ok_or_else(|| "there was no answer".into())
}

/// What `grpcurl list` and `grpcurl describe` ask.
async fn learnt(notes: &Notes, channel: &Channel) -> Result<FileDescriptorProto, Failure> {
    notes.sent("list, over reflection, by a client that knows of no contract");
    let MessageResponse::ListServicesResponse(list) =
        ask(channel, MessageRequest::ListServices("*".into())).await?
    else {
        return Err("the answer is another".into());
    };
    let names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    notes.came(names.join(", "));
    for expected in
        [GREETER, "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]
    {
        notes.holds(names.iter().any(|name| name == expected), format!("{expected} is not listed"))?;
    }

    notes.sent(format!("describe {GREETER}"));
    let symbol = MessageRequest::FileContainingSymbol(GREETER.into());
    let MessageResponse::FileDescriptorResponse(files) = ask(channel, symbol).await? else {
        return Err("the answer is another".into());
    };
    let bytes = files.file_descriptor_proto.first().ok_or("there is no file")?;
    let file = FileDescriptorProto::decode_from_slice(bytes)?;
    for line in described(&file) {
        notes.came(line);
    }
    Ok(file)
}

/// The methods of a file's services, as a contract has them.
fn described(file: &FileDescriptorProto) -> Vec<String> {
    let methods = file.service.iter().flat_map(|service| &service.method);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let stream = |streams: Option<bool>| if streams == Some(true) { "stream " } else { "" };
    methods
        .map(|method| {
            format!(
                "rpc {} ( {}{} ) returns ( {}{} );",
                text(&method.name),
                stream(method.client_streaming),
                text(&method.input_type),
                stream(method.server_streaming),
                text(&method.output_type)
            )
        })
        .collect()
}

/// The number of a field, by the contract that was learnt.
fn number(file: &FileDescriptorProto, message: &str, field: &str) -> Result<u8, Failure> {
    let named = |found: &&DescriptorProto| found.name.as_deref() == Some(message);
    let message = file.message_type.iter().find(named).ok_or("the message is not described")?;
    let field = message.field.iter().find(|found| found.name.as_deref() == Some(field));
    let number = field.and_then(|field| field.number).ok_or("the field is not described")?;
    Ok(u8::try_from(number)?)
}

/// A call with what was learnt: no generated type of the Greeter's has a part in it.
async fn called(notes: &Notes, channel: &Channel, file: &FileDescriptorProto) -> Outcome {
    const NAME: &str = "zhangsan";
    notes.sent(format!("SayHello {{ name: {NAME:?} }}, encoded by that description"));
    // A string field: number and wire type in one byte, the length in one, the text.
    let mut bytes = vec![number(file, "HelloRequest", "name")? << 3 | 2, u8::try_from(NAME.len())?];
    bytes.extend_from_slice(NAME.as_bytes());
    // To a message without fields of its own all of this is unknown, and it keeps what it does not know.
    let request = Request::new(Empty::decode_from_slice(&bytes)?);
    let reply = UnaryCall::<Empty, Empty, Buffa>::new(channel, &LEARNT, request).await?;
    let bytes = reply.into_inner().encode_to_vec();
    let expected = number(file, "HelloReply", "message")? << 3 | 2;
    let message = match bytes.as_slice() {
        [tag, length, text @ ..] if *tag == expected && usize::from(*length) == text.len() => text,
        _ => return Err(format!("the reply is no HelloReply: {bytes:?}").into()),
    };
    notes.came(format!("{:?}", String::from_utf8_lossy(message)));
    notes.holds(message == b"Hello zhangsan!", "the greeting is another")
}

/// The next status of a watch, or its end.
async fn next(watch: &mut Streaming<HealthCheckResponse>) -> Result<Option<ServingStatus>, Status> {
    Ok(watch.next().await?.and_then(|response| response.status.as_known()))
}

fn shown(status: Option<ServingStatus>) -> String {
    status.map_or_else(|| "nothing".to_owned(), |status| format!("{status:?}"))
}

async fn health(notes: &Notes) -> Outcome {
    let reporter = HealthReporter::new();
    let (server, address) = services::bind(services::greeter().health_with(reporter.clone())).await?;
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve_with_shutdown(async move {
        let _ = stopped.await;
    }));
    let client = HealthClient::new(Channel::connect(&address).await?);
    let request = || HealthCheckRequest { service: GREETER.into() };

    notes.sent(format!("Check and Watch of {GREETER} to a server with health"));
    let checked = client.check(request()).await?.status.as_known();
    notes.came(shown(checked));
    notes.holds(checked == Some(ServingStatus::SERVING), "it does not serve")?;
    let mut watch = client.watch(request()).open();
    notes.holds(next(&mut watch).await? == Some(ServingStatus::SERVING), "the watch says another thing")?;
    for (told, seen) in
        [(Told::NotServing, ServingStatus::NOT_SERVING), (Told::Serving, ServingStatus::SERVING)]
    {
        reporter.set(GREETER, told);
        let came = next(&mut watch).await?;
        notes.came(format!("{} by the watch, once the service had said so", shown(came)));
        notes.holds(came == Some(seen), "the watch says another thing")?;
    }
    let all = client.list(HealthListRequest::default()).await?.into_inner().statuses.len();
    notes.note(format!("List names {all} services"));

    notes.sent("the signal to shut down");
    let _ = stop.send(());
    let came = next(&mut watch).await?;
    notes.came(format!("{} by the watch", shown(came)));
    notes.holds(came == Some(ServingStatus::NOT_SERVING), "the watch says another thing")?;
    notes.holds(next(&mut watch).await?.is_none(), "the watch does not end")?;
    serving.await?;
    notes.note("the watch has ended, and so has the server: no watch holds a drain up");
    Ok(())
}

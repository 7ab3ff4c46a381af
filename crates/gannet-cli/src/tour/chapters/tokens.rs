//! Chapter 7: who calls, by a user and a password in the metadata of each call; and that these go over TLS or not at all.

use gannet::auth::{self, credentials};
use gannet::{Channel, ChannelBuilder, ClientTls, Code, ServerTls, Status};

use super::certificates::{Certificates, SERVER_NAME};
use super::protos::helloworld::{GreeterClient, HelloReply, HelloRequest};
use super::services::{self, Running};
use super::{Notes, Outcome};

pub(in super::super) async fn tokens(notes: Notes) -> Outcome {
    let certificates = Certificates::new("the tour's CA")?;
    certificates.server("server", &[SERVER_NAME])?;
    let tls = ServerTls::from_pem_files(certificates.path("server.pem"), certificates.path("server.key"))?;
    let server =
        services::greeter().tls(tls).intercept(auth::password("admin", "admin").and("lisi", "123456"));
    let server = services::start(server).await?;
    notes.note("the server takes admin with the password admin, and lisi with another");

    refused(&notes, &certificates, &server).await?;
    taken(&notes, &certificates, &server).await?;
    in_the_clear(&notes).await
}

fn channel(certificates: &Certificates, server: &Running) -> Result<ChannelBuilder, gannet::Error> {
    let tls = ClientTls::with_ca_file(certificates.path("ca.pem"))?.server_name(SERVER_NAME);
    Ok(Channel::builder(&format!("https://{}", server.address)).tls(tls))
}

fn zhangsan() -> HelloRequest {
    HelloRequest { name: "zhangsan".into() }
}

async fn refused(notes: &Notes, certificates: &Certificates, server: &Running) -> Outcome {
    let wrong = credentials::password("admin", "guessed");
    for (how, channel) in [
        ("without a token", channel(certificates, server)?),
        ("as admin, with a password that is guessed", channel(certificates, server)?.call_credentials(wrong)),
    ] {
        notes.sent(format!("SayHello {how}"));
        let outcome = GreeterClient::new(channel.connect().await?).say_hello(zhangsan()).await;
        let Err(status) = outcome else { return Err("the call succeeded".into()) };
        notes.came(&status);
        let as_in_the_article = status.code() == Code::Unauthenticated && status.message() == "invalid token";
        notes.holds(as_in_the_article, "not what it should say")?;
    }
    Ok(())
}

async fn taken(notes: &Notes, certificates: &Certificates, server: &Running) -> Outcome {
    notes.sent("SayHello by a channel with the credentials of admin");
    let admin = credentials::password("admin", "admin");
    let channel = channel(certificates, server)?.call_credentials(admin.clone()).connect().await?;
    let greeter = GreeterClient::new(channel);
    said(notes, greeter.say_hello(zhangsan()).await, "admin")?;
    notes.sent("and a stream, by the same");
    let (mut requests, mut replies) = greeter.say_hello_stream().open();
    requests.send(zhangsan()).await?;
    requests.finish();
    let reply = replies.next().await?.unwrap_or_default();
    notes.came(format!("{:?}", reply.message));
    notes.holds(reply.message == "hi zhangsan", "the reply is another")?;

    notes.sent("SayHello by a channel without any, with those of lisi for this call alone");
    let greeter = GreeterClient::new(self::channel(certificates, server)?.connect().await?);
    let lisi = credentials::password("lisi", "123456");
    said(notes, greeter.say_hello(zhangsan()).call_credentials(lisi).await, "lisi")?;
    notes.note(format!("what a program shows of them, say in a log: {admin:?}"));
    notes.holds(!format!("{admin:?}").contains("admin"), "they show")
}

/// What came back, and whom the handler knew.
fn said(notes: &Notes, outcome: Result<gannet::Response<HelloReply>, Status>, user: &str) -> Outcome {
    let reply = outcome?;
    let known = reply.metadata().get("x-user").unwrap_or("nobody");
    notes.came(format!("{:?}; the handler was called by {known}", reply.message));
    notes.holds(known == user, "the handler does not know who it is")
}

async fn in_the_clear(notes: &Notes) -> Outcome {
    let server = services::start(services::greeter().intercept(auth::password("admin", "admin"))).await?;
    let admin = credentials::password("admin", "admin");
    notes.sent("the same to a server without TLS");
    let outcome = Channel::builder(&server.address).call_credentials(admin.clone()).lazy();
    let Err(error) = outcome else { return Err("such a channel was made".into()) };
    notes.came(&error);
    notes.holds(error.to_string().contains("transport security"), "it does not say why")?;

    notes.sent("the same for one call, on a channel that has no credentials");
    let greeter = GreeterClient::new(Channel::connect(&server.address).await?);
    let outcome = greeter.say_hello(zhangsan()).call_credentials(admin.clone()).await;
    let Err(status) = outcome else { return Err("the call succeeded".into()) };
    notes.came(&status);
    notes.holds(status.code() == Code::Unauthenticated, "the code is another")?;

    notes.sent(
        "the same where that is permitted outright, as the article's RequireTransportSecurity() is false",
    );
    let channel = Channel::builder(&server.address).call_credentials(admin);
    let greeter = GreeterClient::new(channel.allow_credentials_over_plaintext().connect().await?);
    said(notes, greeter.say_hello(zhangsan()).await, "admin")
}

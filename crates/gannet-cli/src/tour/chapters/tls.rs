//! Chapter 8: TLS, one way. Who the server is, proven; and every way in which it is not, in words.

use gannet::{Channel, ClientTls, Code, Error, Phase, Server, ServerTls};

use super::certificates::{Certificates, SERVER_NAME};
use super::protos::helloworld::{GreeterClient, HelloRequest};
use super::services::{self, Running};
use super::{Notes, Outcome, log};

pub(in super::super) async fn tls(notes: Notes) -> Outcome {
    let certificates = Certificates::new("the tour's CA")?;
    certificates.server("server", &[SERVER_NAME, "IP:127.0.0.1"])?;
    notes.note(
        "certificates as `gannet certs ca` and `gannet certs server --san www.example.grpcdev.cn` make them",
    );
    let tls = ServerTls::from_pem_files(certificates.path("server.pem"), certificates.path("server.key"))?;
    let server = services::start(services::greeter().tls(tls.clone())).await?;

    let kept = greeted(&notes, &certificates, &server).await?;
    without(&notes, &certificates, &server).await?;
    names(&notes, &certificates, &server).await?;
    legacy(&notes, &certificates).await?;
    unknown(&notes, &server).await?;
    rotated(&notes, &certificates, &server, &tls, kept).await
}

/// A channel to the server's address, under the name of the article.
async fn connect(certificates: &Certificates, server: &Running, name: &str) -> Result<Channel, Error> {
    let tls = ClientTls::with_ca_file(certificates.path("ca.pem"))?.server_name(name);
    Channel::builder(&format!("https://{}", server.address)).tls(tls).connect().await
}

fn refused(outcome: Result<Channel, Error>) -> Result<Error, Box<dyn std::error::Error + Send + Sync>> {
    outcome.err().ok_or_else(|| "the connection was made".into())
}

async fn greeted(
    notes: &Notes,
    certificates: &Certificates,
    server: &Running,
) -> Result<GreeterClient, Box<dyn std::error::Error + Send + Sync>> {
    notes.sent(format!("SayHello over https://{}, trusting ca.pem alone, to {SERVER_NAME}", server.address));
    let greeter = GreeterClient::new(connect(certificates, server, SERVER_NAME).await?);
    let reply = greeter.say_hello(HelloRequest { name: "zhangsan".into() }).await?;
    let tls = reply.metadata().get("x-tls").unwrap_or("nothing").to_owned();
    notes.came(format!("{:?}, over {tls}", reply.message));
    notes.holds(reply.message == "Hello zhangsan!" && tls.starts_with("TLSv1.3"), "that was not TLS 1.3")?;
    Ok(greeter)
}

async fn without(notes: &Notes, certificates: &Certificates, server: &Running) -> Outcome {
    notes.sent(format!("the same without TLS, over http://{}", server.address));
    let greeter = GreeterClient::new(Channel::lazy(&format!("http://{}", server.address))?);
    let Err(status) = greeter.say_hello(HelloRequest::default()).await else {
        return Err("the call succeeded".into());
    };
    notes.came(&status);
    notes.holds(
        status.code() == Code::Unavailable && status.message().contains("TLS"),
        "it does not say why",
    )?;

    notes.sent("and https:// to a server without TLS");
    let plain = services::start(services::greeter()).await?;
    let error = refused(connect(certificates, &plain, SERVER_NAME).await)?;
    notes.came(&error);
    notes.holds(error.phase() == Phase::Handshake, "the phase is another")
}

async fn names(notes: &Notes, certificates: &Certificates, server: &Running) -> Outcome {
    notes.sent("the same with TLS, to a name that the certificate does not hold, greeter.example.org");
    let error = refused(connect(certificates, server, "greeter.example.org").await)?;
    notes.came(&error);
    notes.holds(error.to_string().contains(SERVER_NAME), "it does not say which names there are")
}

async fn legacy(notes: &Notes, certificates: &Certificates) -> Outcome {
    notes.sent(format!("to a server whose certificate has a common name, CN={SERVER_NAME}, and no names"));
    certificates.server("legacy", &[])?;
    let tls = ServerTls::from_pem_files(certificates.path("legacy.pem"), certificates.path("legacy.key"))?;
    let server = services::start(Server::new().tls(tls)).await?;
    let error = refused(connect(certificates, &server, SERVER_NAME).await)?;
    notes.came(&error);
    for part in ["relies on legacy Common Name field, use SANs instead", "gannet certs server --san"] {
        notes.holds(error.to_string().contains(part), format!("it does not say {part:?}"))?;
    }
    Ok(())
}

async fn unknown(notes: &Notes, server: &Running) -> Outcome {
    notes.sent("to the first server again, trusting another CA");
    let other = Certificates::new("another CA")?;
    log::forget();
    let error = refused(connect(&other, server, SERVER_NAME).await)?;
    notes.came(&error);
    notes.holds(error.to_string().contains("the tour's CA"), "it does not say whose certificate that is")?;
    notes.logged(log::says("does not trust the CA").await?);
    Ok(())
}

async fn rotated(
    notes: &Notes,
    certificates: &Certificates,
    server: &Running,
    tls: &ServerTls,
    kept: GreeterClient,
) -> Outcome {
    notes.sent("a new certificate, for greeter.example.org, into the server's files");
    certificates.server("server", &["greeter.example.org"])?;
    // It looks by itself, every 30 s; the tour does not wait.
    tls.reload()?;
    connect(certificates, server, "greeter.example.org").await?;
    notes.came("a new connection sees the new one");
    let reply = kept.say_hello(HelloRequest { name: "lisi".into() }).await?;
    notes.came(format!("{:?} on the connection from before, which went on", reply.message));

    notes.sent("garbage into the server's files");
    std::fs::write(certificates.path("server.pem"), "garbage")?;
    let Err(error) = tls.reload() else { return Err("it was taken".into()) };
    notes.came(&error);
    connect(certificates, server, "greeter.example.org").await?;
    notes.came("new connections go on seeing the last good one");
    Ok(())
}

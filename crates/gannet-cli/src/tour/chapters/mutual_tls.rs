//! Chapter 9: TLS, both ways. The server knows who calls; who does not belong is told so, and so is the server's operator.

use gannet::{Channel, ClientTls, Code, Error, ServerTls, interceptors};
use gannet::{PeerIdentity, Status};

use super::certificates::{Certificates, SERVER_NAME};
use super::protos::helloworld::{GreeterClient, HelloRequest};
use super::services::{self, Running};
use super::{Notes, Outcome, log};

/// Who the client is.
const IDENTITY: &str = "spiffe://example.org/zhangsan";

pub(in super::super) async fn mutual_tls(notes: Notes) -> Outcome {
    let certificates = Certificates::new("the tour's CA")?;
    certificates.server("server", &[SERVER_NAME])?;
    certificates.client("client", "zhangsan", &[IDENTITY])?;
    notes.note(format!(
        "certificates as `gannet certs client --cn zhangsan --san {IDENTITY}` makes them, and so on"
    ));
    let server = services::start(services::greeter().tls(server_tls(&certificates)?)).await?;

    known(&notes, &certificates, &server).await?;
    strangers(&notes, &certificates, &server).await?;
    allowed(&notes, &certificates).await
}

/// The server's side: its certificate, and whose clients it takes.
fn server_tls(certificates: &Certificates) -> Result<ServerTls, Error> {
    ServerTls::from_pem_files(certificates.path("server.pem"), certificates.path("server.key"))?
        .require_client_ca_file(certificates.path("ca.pem"))
}

/// The client's side: whom it trusts, and, by `NAME.pem` and `NAME.key`, who it is.
fn client_tls(trusted: &Certificates, own: Option<(&Certificates, &str)>) -> Result<ClientTls, Error> {
    let tls = ClientTls::with_ca_file(trusted.path("ca.pem"))?.server_name(SERVER_NAME);
    match own {
        Some((of, name)) => {
            tls.identity_files(of.path(&format!("{name}.pem")), of.path(&format!("{name}.key")))
        }
        None => Ok(tls),
    }
}

async fn connect(server: &Running, tls: ClientTls) -> Result<Channel, Error> {
    Channel::builder(&format!("https://{}", server.address)).tls(tls).connect().await
}

async fn known(notes: &Notes, certificates: &Certificates, server: &Running) -> Outcome {
    notes.sent("SayHello by a client that shows its certificate");
    let channel = connect(server, client_tls(certificates, Some((certificates, "client")))?).await?;
    let reply = GreeterClient::new(channel).say_hello(HelloRequest { name: "zhangsan".into() }).await?;
    let (subject, id) = (reply.metadata().get("x-peer"), reply.metadata().get("x-spiffe-id"));
    notes.came(format!(
        "{:?}; the handler was called by {}, {}",
        reply.message,
        subject.unwrap_or("nobody"),
        id.unwrap_or("without a SPIFFE ID")
    ));
    notes.holds(subject == Some("CN=zhangsan") && id == Some(IDENTITY), "the handler does not know who it is")
}

/// Everyone whom the server, or the client, does not let in.
async fn strangers(notes: &Notes, certificates: &Certificates, server: &Running) -> Outcome {
    let foreign = Certificates::new("a foreign CA")?;
    foreign.client("client", "lisi", &[])?;
    certificates.expired_client("expired", "wangwu")?;
    let own = |name| client_tls(certificates, Some((certificates, name)));
    let cases = [
        (
            "without a certificate",
            client_tls(certificates, None)?,
            "requires a client certificate",
            "gave none",
        ),
        (
            "with a certificate of a foreign CA",
            client_tls(certificates, Some((&foreign, "client")))?,
            "CN=lisi",
            "a foreign CA",
        ),
        (
            "with a certificate that ended yesterday",
            own("expired")?,
            "certificate_expired",
            "client's certificate `CN=wangwu`",
        ),
        ("with a server's certificate", own("server")?, "purpose", "extended key usages"),
        (
            "to a name that the server does not have",
            own("client")?.server_name("greeter.example.org"),
            SERVER_NAME,
            "the client refused our certificate",
        ),
    ];
    for (who, tls, client_says, server_says) in cases {
        notes.sent(format!("the same {who}"));
        log::forget();
        let Err(error) = connect(server, tls).await else { return Err("the connection was made".into()) };
        notes.came(&error);
        notes.holds(error.to_string().contains(client_says), format!("it does not say {client_says:?}"))?;
        notes.logged(log::says(server_says).await?);
    }
    Ok(())
}

/// Known, and still not allowed everything.
async fn allowed(notes: &Notes, certificates: &Certificates) -> Outcome {
    certificates.client("other", "lisi", &["spiffe://example.org/lisi"])?;
    let only = interceptors::before(|call: &mut gannet::Call| {
        match PeerIdentity::of(call.connection()).and_then(PeerIdentity::spiffe_id) {
            Some(id) if id.as_str() == IDENTITY => Ok(()),
            Some(id) => Err(Status::permission_denied(format!("{id} may not call {}", call.method().path))),
            None => Err(Status::unauthenticated("the client's certificate has no SPIFFE ID")),
        }
    });
    let server = services::start(services::greeter().tls(server_tls(certificates)?).intercept(only)).await?;
    for (name, allowed) in [("client", true), ("other", false)] {
        notes.sent(format!(
            "SayHello by {name}.pem to a server with an interceptor that lets {IDENTITY} alone pass"
        ));
        let channel = connect(&server, client_tls(certificates, Some((certificates, name)))?).await?;
        let outcome = GreeterClient::new(channel).say_hello(HelloRequest { name: name.into() }).await;
        match outcome {
            Ok(reply) if allowed => notes.came(format!("{:?}", reply.message)),
            Err(status) if !allowed && status.code() == Code::PermissionDenied => notes.came(status),
            Ok(_) => return Err("the call succeeded".into()),
            Err(status) => return Err(status.into()),
        }
    }
    Ok(())
}

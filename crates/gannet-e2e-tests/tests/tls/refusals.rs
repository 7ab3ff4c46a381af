//! Certificates that do: what the caller is told, by `connect` and by each call, and what the server's log says.

use gannet::tls::TlsVersions;
use gannet::{Channel, ClientTls, Code, Phase, ServerTls};
use gannet_e2e_tests::probe::ProbeClient;
use rcgen::{CertificateParams, date_time_ymd};

use crate::assert_says;
use crate::bad_input::Log;
use crate::certificates::{Authority, Site, of_client, of_server};
use crate::support::{Script, ask, on_tcp, one_thread, tasks_are};

/// A client and a server that do not come together: what `connect` says, what a call's status says (the same), and
/// the server's log, with one line for each of the two attempts.
fn refusal(server: ServerTls, client: &ClientTls) -> (String, String) {
    let mut said = (String::new(), String::new());
    one_thread(async {
        let log = Log::of_this_thread();
        let (serving, port) = on_tcp(Script::new().server().tls(server), 0).await;
        let channel = Channel::builder(&format!("https://localhost:{port}")).tls(client.clone());
        let error = channel.clone().connect().await.unwrap_err();
        assert_eq!(error.phase(), Phase::Handshake, "{error}");
        let status = ProbeClient::new(channel.lazy().unwrap()).unary(ask("")).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Unavailable, &*error.to_string()));
        // The server's task, and nothing of the connections: their lines are in the log.
        tasks_are(1).await;
        drop(serving);
        let text = log.text();
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("TLS handshake with")).collect();
        assert_eq!(lines.len(), 2, "{text}");
        for line in lines {
            assert!(line.contains("WARN") && line.contains("TLS handshake with 127.0.0.1:"), "{line}");
        }
        said = (error.to_string(), text);
    });
    said
}

/// The same where it is the server's certificate that is not good.
fn server_refused(change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
    let site = Site::new();
    let mut params = of_server();
    change(&mut params);
    refusal(site.ca.issue(&params).serves(), &site.anonymous())
}

/// The same where it is the client's certificate that is not good, with both versions of TLS: with 1.3 the client is
/// through with its handshake before the server has looked at it.
fn client_refused(site: &Site, client: &ClientTls, client_says: &[&str], server_says: &[&str]) {
    for versions in [TlsVersions::Tls12Only, TlsVersions::Tls13Only] {
        let (client, server) = refusal(site.mutual_server(), &client.clone().versions(versions));
        assert_says(&client, client_says);
        assert_says(&server, server_says);
    }
}

#[test]
fn a_server_certificate_with_a_common_name_only() {
    let (client, server) = server_refused(|params| params.subject_alt_names.clear());
    assert_says(
        &client,
        &[
            "certificate relies on legacy Common Name field, use SANs instead",
            "gannet certs server --san DNS:localhost",
        ],
    );
    assert_says(
        &server,
        &["the client refused our certificate", "legacy Common Name", "gannet certs server"],
    );
}

#[test]
fn a_server_certificate_for_another_name() {
    let (client, server) =
        server_refused(|params| params.subject_alt_names = vec![crate::certificates::dns("other.test")]);
    assert_says(&client, &["is not for `localhost`: it holds DNS other.test", "ClientTls::server_name"]);
    assert_says(&server, &["the client refused our certificate", "it holds DNS other.test"]);
}

#[test]
fn a_server_certificate_that_has_expired_and_one_of_the_future() {
    let (client, server) = server_refused(|params| params.not_after = date_time_ymd(2021, 2, 3));
    assert_says(&client, &["expired at 2021-02-03 00:00:00 UTC", "days ago"]);
    assert_says(&server, &["the client refused our certificate", "valid until 2021-02-03 00:00:00 UTC"]);
    let (client, server) = server_refused(|params| params.not_before = date_time_ymd(2999, 1, 1));
    assert_says(&client, &["is not valid yet: it counts from 2999-01-01"]);
    assert_says(&server, &["the client refused our certificate"]);
}

#[test]
fn a_server_certificate_of_a_ca_that_is_not_trusted() {
    let site = Site::new();
    let (client, server) = refusal(site.server(), &Authority::new("other CA").trusted());
    assert_says(
        &client,
        &["was issued by `CN=test CA`, which is not trusted", "`CN=other CA`", "with_ca_file"],
    );
    assert_says(&server, &["does not trust the CA that issued it (`CN=test CA`)"]);
}

#[test]
fn no_client_certificate_where_one_is_required() {
    let site = Site::new();
    client_refused(
        &site,
        &site.anonymous(),
        &["client certificate", "ClientTls::identity_files", "gannet certs client"],
        &["a client certificate is required and the client gave none"],
    );
}

#[test]
fn a_client_certificate_of_a_ca_that_is_not_trusted() {
    let site = Site::new();
    let stranger = Authority::new("other CA").issue(&of_client());
    let client = site.ca.trusted().identity(&stranger.certificate, &stranger.key).unwrap();
    client_refused(
        &site,
        &client,
        &["the server refused our client certificate `CN=test client`", "issued by `CN=other CA`"],
        &["was issued by `CN=other CA`, which is not trusted (trusted: `CN=test CA`)"],
    );
}

#[test]
fn a_client_certificate_that_has_expired() {
    let site = Site::new();
    let mut params = of_client();
    params.not_after = date_time_ymd(2021, 2, 3);
    let expired = site.ca.issue(&params);
    let client = site.ca.trusted().identity(&expired.certificate, &expired.key).unwrap();
    client_refused(
        &site,
        &client,
        &["the server refused our client certificate `CN=test client`", "valid until 2021-02-03"],
        &["the client's certificate `CN=test client` expired at 2021-02-03"],
    );
}

#[test]
fn a_certificate_for_clients_that_serves() {
    let site = Site::new();
    let mut params = of_client();
    params.subject_alt_names = of_server().subject_alt_names;
    let (client, _) = refusal(site.ca.issue(&params).serves(), &site.anonymous());
    assert_says(&client, &["is not for servers", "gannet certs server"]);
}

#[test]
fn versions_that_have_none_in_common() {
    let site = Site::new();
    let (client, server) = refusal(
        site.server().versions(TlsVersions::Tls13Only),
        &site.anonymous().versions(TlsVersions::Tls12Only),
    );
    assert_says(&client, &["versions of TLS"]);
    assert_says(&server, &["speaks no version of TLS that we do: we speak TLS 1.3"]);
}

#[test]
fn a_certificate_that_its_server_signed_itself_is_good_where_it_is_trusted() {
    one_thread(async {
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = of_server().self_signed(&key).unwrap().pem();
        let tls = ServerTls::from_pem(&pem, key.serialize_pem()).unwrap();
        let (_serving, port) = on_tcp(Script::new().server().tls(tls), 0).await;
        let client = crate::connect("localhost", port, ClientTls::with_ca(&pem).unwrap()).await;
        assert_eq!(client.unary(ask("x")).await.unwrap().text, "x");
    });
}

#[test]
fn settings_that_no_connection_could_use_are_refused_before_the_first_comes() {
    one_thread(async {
        let site = Site::new();
        // Lists of revoked clients, and no CA of clients.
        let tls = site.server().crl(site.ca.revoke_none()).unwrap();
        let error = Script::new().server().tls(tls).bind("127.0.0.1:0").await.unwrap_err();
        assert_eq!(error.phase(), Phase::Configure);
        assert_says(&error.to_string(), &["the revocation lists", "ServerTls::require_client_ca_file"]);
    });
}

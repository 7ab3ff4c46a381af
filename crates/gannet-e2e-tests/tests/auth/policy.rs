//! Authorization policies in front of real peers: without TLS, with TLS and no certificate, with certificates.

use std::fs;
use std::sync::{Arc, Mutex};

use gannet::auth::{self, AuditEvent, AuditLogger, AuthorizationPolicy, credentials};
use gannet::{Code, Status};
use gannet_e2e_tests::probe::ProbeClient;
use gannet_testing::ScriptedPeer;
use serde_json::{Value, json};

use crate::bad_input::{Peer, UNARY, X, head_with};
use crate::certificates::{Authority, dns, uri};
use crate::support::{Running, ask, one_thread, paused};
use crate::{all_shapes, assert_all_are, assert_all_fail, start, whoami};

const DENIED: &str = "authz: unauthorized RPC request rejected";

/// A logger that keeps what it was given.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<String>>>);

impl AuditLogger for Kept {
    fn log(&self, event: &AuditEvent<'_>) {
        let AuditEvent { rpc_method, principal, matched_rule, authorized, .. } = event;
        self.0.lock().unwrap().push(format!("{rpc_method} {principal} {matched_rule} {authorized}"));
    }
}

impl Kept {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A policy of these rules, all of whose decisions are kept.
fn audited(deny: &Value, allow: &Value) -> (Kept, AuthorizationPolicy) {
    let policy = json!({
        "name": "probe",
        "deny_rules": deny,
        "allow_rules": allow,
        "audit_logging_options": {
            "audit_condition": "ON_DENY_AND_ALLOW",
            "audit_loggers": [{ "name": "kept" }]
        }
    });
    let kept = Kept::default();
    let own = kept.clone();
    let loader = AuthorizationPolicy::loader().audit_logger("kept", move |_| Ok(own.clone()));
    (kept, loader.from_json(&policy.to_string()).unwrap())
}

fn code(outcome: &Result<String, Status>) -> Option<Code> {
    outcome.as_ref().err().map(Status::code)
}

#[test]
fn paths_and_headers_decide_about_calls_of_all_shapes() {
    paused(async {
        let (kept, policy) = audited(
            &json!([{ "name": "closed", "request": { "paths": ["*/Collect"] } }]),
            &json!([
                { "name": "open", "request": { "paths": ["/probe.Probe/Unary"] } },
                { "name": "dev", "request": { "headers": [{ "key": "team", "values": ["dev*", "ops"] }] } }
            ]),
        );
        let (_running, channel) = start(policy);
        let team = |team: &'static str| {
            credentials::from_fn(move |_| async move {
                let mut metadata = gannet::Metadata::new();
                metadata.insert("team", team)?;
                Ok::<_, Status>(metadata)
            })
        };
        let with = |team| ProbeClient::new(channel().call_credentials(team).lazy().unwrap());
        let denied = Some(Code::PermissionDenied);
        let codes = all_shapes(&with(team("developers"))).await.map(|outcome| code(&outcome));
        assert_eq!(codes, [None, None, denied, None]);
        assert_eq!(
            kept.take(),
            [
                "/probe.Probe/Unary  open true",
                "/probe.Probe/Expand  dev true",
                "/probe.Probe/Collect  closed false",
                "/probe.Probe/Converse  dev true",
            ]
        );
        let codes = all_shapes(&with(team("sales"))).await.map(|outcome| code(&outcome));
        assert_eq!(codes, [None, denied, denied, denied]);
        assert_eq!(kept.take()[1], "/probe.Probe/Expand   false");
        let refused =
            ProbeClient::new(channel().lazy().unwrap()).converse().open().1.next().await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (Code::PermissionDenied, DENIED));
    });
}

#[test]
fn principals_are_the_names_of_verified_certificates() {
    one_thread(async {
        let authority = Authority::new();
        let by =
            |name: &str, principals: Value| json!({ "name": name, "source": { "principals": principals } });
        let (kept, policy) = audited(
            &json!([by("evil", json!(["spiffe://example.org/evil"]))]),
            &json!([
                by("frontends", json!(["spiffe://example.org/frontend/*"])),
                by("batch", json!(["*.batch.example.org"])),
                by("legacy", json!(["CN=legacy"])),
            ]),
        );
        let (_serving, port) = authority.serve(whoami(policy)).await;
        for (identity, rule, principal, passes) in [
            (authority.client(vec![uri("spiffe://example.org/frontend/1")], None), "frontends", "", true),
            (authority.client(vec![dns("a"), dns("n1.batch.example.org")], Some("x")), "batch", "a", true),
            (authority.client(vec![], Some("legacy")), "legacy", "CN=legacy", true),
            (authority.client(vec![uri("https://c.example.org")], Some("legacy")), "legacy", "", true),
            (authority.client(vec![uri("spiffe://example.org/evil")], Some("legacy")), "evil", "", false),
            (authority.client(vec![uri("spiffe://example.com/frontend/1")], None), "", "", false),
        ] {
            let client = ProbeClient::new(authority.channel(port, Some(&identity)).lazy().unwrap());
            let outcomes = all_shapes(&client).await;
            let kept = kept.take();
            assert_eq!(kept.len(), 4, "{kept:?}");
            let first = &kept[0];
            assert!(first.ends_with(&format!("{rule} {passes}")) && first.contains(principal), "{first}");
            if passes {
                assert_all_are(outcomes, "nobody");
            } else {
                assert_all_fail(outcomes, Code::PermissionDenied, DENIED);
            }
        }
        // The same authority, and nobody's certificate.
        let anonymous = ProbeClient::new(authority.channel(port, None).lazy().unwrap());
        assert_all_fail(all_shapes(&anonymous).await, Code::PermissionDenied, DENIED);
    });
}

#[test]
fn a_peer_with_tls_and_without_a_certificate_is_the_empty_principal() {
    one_thread(async {
        let authority = Authority::new();
        let policy = |principals: Value| {
            audited(&json!([]), &json!([{ "name": "it", "source": { "principals": principals } }])).1
        };
        let identity = authority.client(vec![uri("spiffe://example.org/a")], None);
        for (principals, anonymous, known) in
            [(json!([""]), true, false), (json!(["*"]), false, true), (json!(["*", ""]), true, true)]
        {
            let (_serving, port) = authority.serve(whoami(policy(principals.clone()))).await;
            for (identity, passes) in [(None, anonymous), (Some(&identity), known)] {
                let client = ProbeClient::new(authority.channel(port, identity).lazy().unwrap());
                assert_eq!(client.unary(ask("x")).await.is_ok(), passes, "{principals}");
            }
            let (_running, channel) = start(policy(principals));
            let plaintext = ProbeClient::new(channel().lazy().unwrap()).unary(ask("x")).await;
            assert_eq!(plaintext.unwrap_err().code(), Code::PermissionDenied);
        }
    });
}

#[test]
fn credentials_that_require_transport_security_go_over_tls() {
    one_thread(async {
        let authority = Authority::new();
        let (_serving, port) = authority.serve(whoami(auth::password("admin", "admin"))).await;
        let channel = authority.channel(port, None).call_credentials(credentials::password("admin", "admin"));
        assert_all_are(all_shapes(&ProbeClient::new(channel.lazy().unwrap())).await, "admin");
    });
}

#[test]
fn all_credentials_require_transport_security_unless_plaintext_is_allowed_for_them() {
    paused(async {
        let running = Running::start(whoami(auth::password("admin", "admin")));
        let refused =
            running.channel().call_credentials(credentials::password("admin", "admin")).lazy().unwrap_err();
        assert!(refused.to_string().contains("require transport security"), "{refused}");
        let allowed = credentials::allow_plaintext(credentials::password("admin", "admin"));
        let client = ProbeClient::new(running.channel().call_credentials(allowed).lazy().unwrap());
        assert_all_are(all_shapes(&client).await, "admin");
        let careful = credentials::bearer("t");
        let refused = client.unary(ask("x")).call_credentials(careful).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
    });
}

#[test]
fn a_policy_is_exchanged_while_streams_go_on() {
    paused(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.json");
        let allowing = |paths: Value| {
            json!({ "name": "p", "allow_rules": [{ "name": "it", "request": { "paths": paths } }] })
                .to_string()
        };
        fs::write(&path, allowing(json!(["/probe.Probe/*"]))).unwrap();
        let policy = AuthorizationPolicy::from_file(&path).unwrap();
        let (_running, channel) = start(policy.clone());
        let client = ProbeClient::new(channel().lazy().unwrap());
        let (mut requests, mut replies) = client.converse().open();
        requests.send(ask("x")).await.unwrap();
        replies.next().await.unwrap().unwrap();

        fs::write(&path, allowing(json!(["/probe.Probe/Unary"]))).unwrap();
        policy.reload().unwrap();
        // Who was let in stays; nobody else is.
        requests.send(ask("x")).await.unwrap();
        replies.next().await.unwrap().unwrap();
        assert_eq!(client.converse().open().1.next().await.unwrap_err().code(), Code::PermissionDenied);
        fs::write(&path, "{").unwrap();
        assert!(policy.reload().is_err());
        assert!(client.unary(ask("x")).await.is_ok());
        requests.finish();
        assert!(replies.next().await.unwrap().is_none());
    });
}

#[test]
fn a_token_and_a_policy_stand_behind_each_other() {
    paused(async {
        let (kept, policy) =
            audited(&json!([]), &json!([{ "name": "it", "request": { "paths": ["/probe.Probe/Unary"] } }]));
        let running = Running::start(whoami(auth::password("admin", "admin")).intercept(policy));
        let channel = || running.channel().allow_credentials_over_plaintext();
        let admin = ProbeClient::new(
            channel().call_credentials(credentials::password("admin", "admin")).lazy().unwrap(),
        );
        let [unary, expand, ..] = all_shapes(&admin).await;
        assert_eq!(unary.unwrap(), "admin");
        assert_eq!(expand.unwrap_err().code(), Code::PermissionDenied);
        kept.take();
        let nobody = ProbeClient::new(channel().lazy().unwrap()).unary(ask("x")).await.unwrap_err();
        assert_eq!(nobody.code(), Code::Unauthenticated);
        assert!(kept.take().is_empty());
    });
}

#[test]
fn a_path_that_names_no_method_never_reaches_a_policy() {
    paused(async {
        let (kept, policy) = audited(&json!([]), &json!([{ "name": "all" }]));
        let running = Running::start(whoami(policy));
        let connection = running.connector().connect().unwrap();
        let mut peer: Peer = ScriptedPeer::client(Box::new(connection.io));
        peer.handshake().await.unwrap();
        let mut stream = 1;
        for path in [
            "probe.Probe/Unary",
            "/probe.Probe//Unary",
            "//probe.Probe/Unary",
            "/probe.Probe/Unary/",
            "/probe.Probe/Unary?x",
            "/probe.Probe/Unary%20",
            "/probe.Probe/../probe.Probe/Unary",
            "/PROBE.PROBE/UNARY",
            "/probe.Probe/unary",
            "/probe.Probe/",
            "/",
            "*",
        ] {
            peer.send_headers(stream, head_with(path, "a", Some("b")), false).await.unwrap();
            peer.send_message(stream, X, true).await.unwrap();
            let response = peer.expect_response(stream).await.unwrap();
            assert_eq!(response.grpc_status().unwrap().0, Code::Unimplemented, "{path}");
            stream += 2;
        }
        assert!(kept.take().is_empty());
        peer.send_headers(stream, head_with(UNARY, "a", Some("b")), false).await.unwrap();
        peer.send_message(stream, X, true).await.unwrap();
        peer.expect_response(stream).await.unwrap();
        assert_eq!(kept.take(), ["/probe.Probe/Unary  all true"]);
    });
}

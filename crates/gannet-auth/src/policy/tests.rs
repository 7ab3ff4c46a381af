//! Policies: what is read, what is refused and where, what is decided, what is audited.

use std::fs;
use std::sync::Mutex;

use gannet_core::{Code, ConnectionInfo, Metadata, TlsInfo};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::testing::{SAY_HELLO, greet, logged, metadata, serve};

fn read(policy: &Value) -> Policy {
    document::read(policy.to_string().as_bytes(), &audit::built_in()).unwrap()
}

/// What is wrong with a policy.
fn refused(policy: &Value) -> String {
    AuthorizationPolicy::from_json(&policy.to_string()).map(drop).unwrap_err().to_string()
}

/// A policy with this one allow rule.
fn allowing(mut rule: Value) -> Value {
    rule["name"] = "it".into();
    json!({ "name": "policy", "allow_rules": [rule] })
}

fn asked<'a>(path: &'a str, metadata: &'a Metadata, peer: Peer<'a>) -> Asked<'a> {
    Asked { path, metadata, user_agent: Some("grpc-rust/1"), peer }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// The decision of a policy and the rule that made it.
fn judge<'a>(policy: &'a Policy, asked: &Asked<'_>) -> (bool, Option<&'a str>) {
    let (authorized, rule) = policy.judge(asked);
    (authorized, rule.map(|rule| &*rule.name))
}

/// The example of gRFC A43, with the `/` that its header value lacks.
fn example() -> Policy {
    read(&json!({
        "name": "example-policy",
        "allow_rules": [
            {
                "name": "admin-access",
                "source": { "principals": ["spiffe://foo.com/sa/admin1", "spiffe://foo.com/sa/admin2"] },
                "request": { "paths": ["/pkg.service/*"] }
            },
            {
                "name": "dev-access",
                "source": { "principals": ["*", ""] },
                "request": {
                    "paths": ["/pkg.service/foo", "/pkg.service/bar"],
                    "headers": [{ "key": "Dev-Path", "values": ["/dev/path/*"] }]
                }
            }
        ],
        "deny_rules": [{ "name": "deny-access", "request": { "paths": ["*/secret"] } }]
    }))
}

#[test]
fn the_example_of_the_grfc_decides_as_it_says() {
    let policy = example();
    let admin = names(&["spiffe://foo.com/sa/admin1"]);
    let other = names(&["spiffe://foo.com/sa/other"]);
    let known = |uris| Peer::Known { uris, dns_names: &[], subject: "" };
    let (none, dev, wrong) =
        (metadata(&[]), metadata(&[("dev-path", "/dev/path/x")]), metadata(&[("dev-path", "/x")]));
    for (path, metadata, peer, expected) in [
        ("/pkg.service/baz", &none, known(&admin), (true, Some("admin-access"))),
        ("/pkg.service/secret", &none, known(&admin), (false, Some("deny-access"))),
        ("/other.service/baz", &none, known(&admin), (false, None)),
        ("/pkg.service/foo", &dev, known(&other), (true, Some("dev-access"))),
        ("/pkg.service/bar", &dev, Peer::Anonymous, (true, Some("dev-access"))),
        ("/pkg.service/bar", &dev, Peer::Plaintext, (false, None)),
        ("/pkg.service/foo", &wrong, known(&other), (false, None)),
        ("/pkg.service/foo", &none, known(&other), (false, None)),
        ("/pkg.service/baz", &dev, known(&other), (false, None)),
    ] {
        assert_eq!(judge(&policy, &asked(path, metadata, peer)), expected, "{path} {peer:?}");
    }
}

#[test]
fn a_principal_is_looked_for_in_uris_then_dns_names_then_the_subject() {
    let (uris, dns_names) = (names(&["spiffe://a/b", "https://c"]), names(&["d.example"]));
    let peer = Peer::Known { uris: &uris, dns_names: &dns_names, subject: "CN=e,O=f" };
    let none = metadata(&[]);
    for (principal, matches) in [
        ("spiffe://a/b", true),
        ("https://c", true),
        ("d.example", true),
        ("CN=e,O=f", true),
        ("*", true),
        ("spiffe://a/*", true),
        ("*.example", true),
        ("", false),
        ("e", false),
        ("SPIFFE://a/b", false),
    ] {
        let policy = read(&allowing(json!({ "source": { "principals": [principal] } })));
        assert_eq!(policy.judge(&asked("/a/b", &none, peer)).0, matches, "{principal}");
    }
    assert_eq!(peer.name(), "spiffe://a/b");
    assert_eq!(Peer::Known { uris: &[], dns_names: &dns_names, subject: "CN=e" }.name(), "d.example");
    assert_eq!(Peer::Known { uris: &[], dns_names: &[], subject: "CN=e" }.name(), "CN=e");
}

#[test]
fn a_peer_without_a_certificate_is_the_empty_principal_and_one_without_tls_is_none() {
    let none = metadata(&[]);
    let nameless = Peer::Known { uris: &[], dns_names: &[], subject: "" };
    for (principals, plaintext, anonymous, without_names) in [
        (json!([""]), false, true, false),
        (json!(["*"]), false, false, false),
        (json!(["*", ""]), false, true, false),
        (json!(["a"]), false, false, false),
        // A rule that names nobody is for all.
        (json!([]), true, true, true),
    ] {
        let policy = read(&allowing(json!({ "source": { "principals": principals } })));
        let is = |peer| policy.judge(&asked("/a/b", &none, peer)).0;
        let found = (is(Peer::Plaintext), is(Peer::Anonymous), is(nameless));
        assert_eq!(found, (plaintext, anonymous, without_names), "{principals}");
    }
}

#[test]
fn what_tls_says_of_a_connection_makes_the_peer() {
    let plain = ConnectionInfo::new(None, None);
    let secure = plain.clone().with_tls(TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384"));
    assert!(matches!(Peer::of(None), Peer::Plaintext));
    assert!(matches!(Peer::of(Some(&plain)), Peer::Plaintext));
    assert!(matches!(Peer::of(Some(&secure)), Peer::Anonymous));
}

#[test]
fn all_headers_must_have_one_of_their_values_and_values_of_a_key_are_joined() {
    let policy = read(&allowing(json!({ "request": { "headers": [
        { "key": "a", "values": ["1", "1,2", "3*"] },
        { "key": "b-bin", "values": ["*"] },
        { "key": "User-Agent", "values": ["grpc-rust/*"] }
    ] } })));
    let mut bin = Metadata::new();
    bin.insert_bin("b-bin", [1]).unwrap();
    for (entries, matches) in [
        (&[("a", "1")][..], true),
        (&[("a", "1"), ("a", "2")], true),
        (&[("a", "3"), ("a", "9")], true),
        (&[("a", "2"), ("a", "1")], false),
        (&[("a", "2")], false),
        (&[("a", "")], false),
        (&[], false),
    ] {
        let mut all = metadata(entries);
        all.append_all(&bin);
        assert_eq!(policy.judge(&asked("/a/b", &all, Peer::Plaintext)).0, matches, "{entries:?}");
    }
    assert!(!policy.judge(&asked("/a/b", &metadata(&[("a", "1")]), Peer::Plaintext)).0);
    let mut all = metadata(&[("a", "1")]);
    all.append_all(&bin);
    let without = Asked { user_agent: None, ..asked("/a/b", &all, Peer::Plaintext) };
    assert!(!policy.judge(&without).0);
}

#[test]
fn binary_headers_are_matched_in_base64_without_padding() {
    let policy = read(&allowing(json!({ "request": { "headers": [{ "key": "k-bin", "values": ["AQ"] }] } })));
    let mut padded = Metadata::new();
    assert!(padded.append_wire(b"k-bin", b"AQ=="));
    assert!(policy.judge(&asked("/a/b", &padded, Peer::Plaintext)).0);
}

#[test]
fn a_header_that_is_there_and_empty_is_not_one_that_is_missing() {
    let policy = read(&allowing(json!({ "request": { "headers": [{ "key": "k", "values": [""] }] } })));
    assert!(policy.judge(&asked("/a/b", &metadata(&[("k", "")]), Peer::Plaintext)).0);
    assert!(!policy.judge(&asked("/a/b", &metadata(&[]), Peer::Plaintext)).0);
}

#[test]
fn deny_goes_before_allow_and_nothing_is_allowed_that_no_rule_allows() {
    let none = metadata(&[]);
    let judged = |policy: Value| {
        let policy = read(&policy);
        let (authorized, rule) = judge(&policy, &asked("/a/b", &none, Peer::Plaintext));
        (authorized, rule.map(ToOwned::to_owned))
    };
    let some = |rule: &str| Some(rule.to_owned());
    let (all, other) = (json!([{ "name": "x" }]), json!([{ "name": "y", "request": { "paths": ["/c/d"] } }]));
    assert_eq!(judged(json!({ "name": "p", "allow_rules": all })), (true, some("x")));
    assert_eq!(judged(json!({ "name": "p", "allow_rules": all, "deny_rules": all })), (false, some("x")));
    assert_eq!(judged(json!({ "name": "p", "allow_rules": all, "deny_rules": other })), (true, some("x")));
    assert_eq!(judged(json!({ "name": "p", "allow_rules": other })), (false, None));
    assert_eq!(judged(json!({ "name": "p", "allow_rules": [] })), (false, None));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let header = |header: Value| allowing(json!({ "request": { "headers": [header] } }));
    for (policy, place, why) in [
        (json!({}), "", "missing field `name`"),
        (json!({ "name": "p" }), "", "missing field `allow_rules`"),
        (json!({ "name": "", "allow_rules": [] }), "name", "is empty"),
        (json!({ "name": 1, "allow_rules": [] }), "name", "expected a string"),
        (json!({ "name": "p", "allow_rules": {} }), "allow_rules", "expected a sequence"),
        (json!({ "name": "p", "allow_rules": null }), "allow_rules", "expected a sequence"),
        (json!({ "name": "p", "allow_rules": [], "rules": [] }), "rules", "unknown field `rules`"),
        (json!({ "name": "p", "allow_rules": [{}] }), "allow_rules[0]", "missing field `name`"),
        (json!({ "name": "p", "allow_rules": [["a"]] }), "allow_rules[0]", "expected an object"),
        (json!({ "name": "p", "allow_rules": [{ "name": "" }] }), "allow_rules[0].name", "is empty"),
        (
            json!({ "name": "p", "allow_rules": [{ "name": "a" }, { "name": "a" }] }),
            "allow_rules[1].name",
            "\"a\"",
        ),
        (
            json!({ "name": "p", "allow_rules": [], "deny_rules": [{ "name": "a", "paths": [] }] }),
            "deny_rules[0].paths",
            "unknown field `paths`",
        ),
        (allowing(json!({ "source": [] })), "allow_rules[0].source", "expected an object"),
        (
            allowing(json!({ "source": { "principal": [] } })),
            "allow_rules[0].source",
            "unknown field `principal`",
        ),
        (
            allowing(json!({ "source": { "principals": [1] } })),
            "allow_rules[0].source.principals[0]",
            "a string",
        ),
        (
            allowing(json!({ "source": { "principals": ["a*b"] } })),
            "allow_rules[0].source.principals[0]",
            "`*`",
        ),
        (
            allowing(json!({ "request": { "paths": ["/a/b", "a/b"] } })),
            "allow_rules[0].request.paths[1]",
            "`/`",
        ),
        (allowing(json!({ "request": { "paths": [""] } })), "allow_rules[0].request.paths[0]", "`/`"),
        (header(json!({ "key": "a" })), "allow_rules[0].request.headers[0]", "missing field `values`"),
        (header(json!({ "values": ["a"] })), "allow_rules[0].request.headers[0]", "missing field `key`"),
        (header(json!({ "key": "", "values": ["a"] })), "allow_rules[0].request.headers[0].key", "is empty"),
        (
            header(json!({ "key": "a b", "values": ["a"] })),
            "allow_rules[0].request.headers[0].key",
            "no name",
        ),
        (
            header(json!({ "key": ":path", "values": ["a"] })),
            "allow_rules[0].request.headers[0].key",
            "HTTP/2",
        ),
        (
            header(json!({ "key": "Host", "values": ["a"] })),
            "allow_rules[0].request.headers[0].key",
            "\"host\"",
        ),
        (
            header(json!({ "key": "grpc-timeout", "values": ["a"] })),
            "allow_rules[0].request.headers[0].key",
            "gRPC",
        ),
        (header(json!({ "key": "a", "values": [] })), "allow_rules[0].request.headers[0].values", "no value"),
        (
            header(json!({ "key": "a", "values": ["*a*"] })),
            "allow_rules[0].request.headers[0].values[0]",
            "`*`",
        ),
    ] {
        let error = refused(&policy);
        assert!(
            error.contains(&format!("cannot be used: {place}")) && error.contains(why),
            "{policy}\n{error}"
        );
    }
}

#[test]
fn what_is_no_json_or_says_a_thing_twice_is_refused_with_its_line() {
    for (json, why) in [
        ("", "EOF"),
        ("{", "line 1"),
        ("[]", "expected an object"),
        ("{\"name\": \"p\",\n \"allow_rules\": [], \"allow_rules\": []}", "duplicate field `allow_rules`"),
        ("{\"name\": \"p\", \"allow_rules\": []} x", "trailing characters"),
        ("{\"name\": \"p\", \"allow_rules\": [{\"name\": \"a\",\n\"source\": 1}]}", "line 2"),
    ] {
        let error = AuthorizationPolicy::from_json(json).unwrap_err().to_string();
        assert!(error.contains(why), "{json}: {error}");
    }
    let deep = "[".repeat(100_000);
    assert!(AuthorizationPolicy::from_json(&deep).is_err());
}

/// A logger that keeps what it was given.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<String>>>);

impl AuditLogger for Kept {
    fn log(&self, event: &AuditEvent<'_>) {
        let AuditEvent { rpc_method, principal, policy_name, matched_rule, authorized } = event;
        let event = format!("{rpc_method} {principal:?} {policy_name} {matched_rule:?} {authorized}");
        self.0.lock().unwrap().push(event);
    }
}

#[tokio::test]
async fn decisions_are_audited_as_the_condition_says() {
    for (condition, denied, allowed) in [
        (None, false, false),
        (Some("NONE"), false, false),
        (Some("ON_DENY"), true, false),
        (Some("ON_ALLOW"), false, true),
        (Some("ON_DENY_AND_ALLOW"), true, true),
    ] {
        let mut policy = allowing(json!({ "request": { "headers": [{ "key": "ok", "values": ["*"] }] } }));
        policy["deny_rules"] =
            json!([{ "name": "bad", "request": { "headers": [{ "key": "bad", "values": ["*"] }] } }]);
        policy["audit_logging_options"] =
            json!({ "audit_loggers": [{ "name": "kept", "config": { "a": 1 } }] });
        if let Some(condition) = condition {
            policy["audit_logging_options"]["audit_condition"] = condition.into();
        }
        let kept = Kept::default();
        let own = kept.clone();
        let loader = AuthorizationPolicy::loader().audit_logger("kept", move |config| {
            assert_eq!(config, r#"{"a":1}"#);
            Ok(own.clone())
        });
        let policy = loader.from_json(&policy.to_string()).unwrap();
        assert!(greet(&policy, &[("ok", "1")]).await.is_ok());
        for entries in [&[("ok", "1"), ("bad", "1")][..], &[]] {
            let status = greet(&policy, entries).await.unwrap_err();
            assert_eq!(status.code(), Code::PermissionDenied);
            assert_eq!(status.message(), "authz: unauthorized RPC request rejected");
        }
        let mut expected = Vec::new();
        if allowed {
            expected.push(r#"/helloworld.Greeter/SayHello "" policy "it" true"#);
        }
        if denied {
            expected.push(r#"/helloworld.Greeter/SayHello "" policy "bad" false"#);
            expected.push(r#"/helloworld.Greeter/SayHello "" policy "" false"#);
        }
        assert_eq!(*kept.0.lock().unwrap(), expected, "{condition:?}");
    }
}

#[test]
fn an_audit_logger_must_be_known_unless_it_is_optional_and_its_settings_good_in_any_case() {
    let with = |options: Value| {
        let mut policy = allowing(json!({}));
        policy["audit_logging_options"] = options;
        policy
    };
    for (options, place, why) in [
        (
            json!({ "audit_condition": "ALWAYS" }),
            "audit_logging_options.audit_condition",
            "`ON_DENY_AND_ALLOW`",
        ),
        (json!({ "audit_loggers": [{}] }), "audit_logging_options.audit_loggers[0]", "missing field `name`"),
        (
            json!({ "audit_loggers": [{ "name": "x" }] }),
            "audit_logging_options.audit_loggers[0].name",
            "stdout_logger, tracing_logger",
        ),
        (
            json!({ "audit_loggers": [{ "name": "stdout_logger", "config": { "a": 1 }, "is_optional": true }] }),
            "audit_logging_options.audit_loggers[0].config",
            "no settings",
        ),
        (
            json!({ "audit_loggers": [{ "name": "stdout_logger", "config": 1 }] }),
            "audit_logging_options.audit_loggers[0].config",
            "expected a map",
        ),
    ] {
        let error = refused(&with(options));
        assert!(error.contains(place) && error.contains(why), "{error}");
    }
    for options in [
        json!({}),
        json!({ "audit_condition": "ON_DENY" }),
        json!({ "audit_loggers": [{ "name": "stdout_logger", "config": {} }, { "name": "tracing_logger" }] }),
        json!({ "audit_logger": [{ "name": "stdout_logger" }] }),
        json!({ "audit_loggers": [{ "name": "x", "is_optional": true }] }),
    ] {
        AuthorizationPolicy::from_json(&with(options).to_string()).unwrap();
    }
}

#[tokio::test]
async fn a_file_is_read_again_and_a_bad_one_leaves_the_policy_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.json");
    let (open, closed) = (allowing(json!({})), allowing(json!({ "request": { "paths": ["/a/b"] } })));
    fs::write(&path, open.to_string()).unwrap();
    let policy = AuthorizationPolicy::from_file(&path).unwrap();
    assert!(greet(&policy, &[]).await.is_ok());
    fs::write(&path, closed.to_string()).unwrap();
    policy.reload().unwrap();
    assert!(greet(&policy, &[]).await.is_err());
    for bad in ["", "{}", &open.to_string()[1..]] {
        fs::write(&path, bad).unwrap();
        assert!(policy.reload().unwrap_err().to_string().contains(path.to_str().unwrap()));
        assert!(greet(&policy, &[]).await.is_err());
    }
    fs::write(&path, "{}").unwrap();
    assert!(AuthorizationPolicy::from_file(&path).is_err());
    assert!(AuthorizationPolicy::from_file(folder.path().join("none")).is_err());
}

#[tokio::test]
async fn a_client_cannot_have_a_policy() {
    let policy = AuthorizationPolicy::from_json(&allowing(json!({})).to_string()).unwrap();
    let status = serve(&policy, Call::new(Side::Client, &SAY_HELLO)).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
}

#[test]
fn a_policy_that_denies_every_call_is_complained_of() {
    let log = logged(|| drop(read(&json!({ "name": "closed", "allow_rules": [] }))));
    assert!(log.contains("closed") && log.contains("denies every call"), "{log}");
}

/// A small alphabet, so that patterns meet what they match.
fn word() -> impl Strategy<Value = String> {
    "[ab]{0,3}"
}

fn pattern() -> impl Strategy<Value = String> {
    prop_oneof![word(), Just("*".to_owned()), "[ab]{1,2}\\*", "\\*[ab]{1,2}"]
}

/// What gRFC A43 says of a pattern, in other words than `Pattern` has it.
fn model(pattern: &str, text: &str) -> bool {
    match (pattern.find('*'), pattern.len()) {
        (None, _) => pattern == text,
        (Some(_), 1) => !text.is_empty(),
        (Some(0), _) => (0..=text.len()).any(|at| text[at..] == pattern[1..]),
        (Some(at), _) => text.get(..at) == Some(&pattern[..at]),
    }
}

/// Principals, paths, and headers: whether it is the first, and its values.
type RandomRule = (Vec<String>, Vec<String>, Vec<(bool, Vec<String>)>);

fn random_rule() -> impl Strategy<Value = RandomRule> {
    let paths = pattern().prop_map(|path| if path.starts_with('*') { path } else { format!("/{path}") });
    let header = (any::<bool>(), prop::collection::vec(pattern(), 1..3));
    (
        prop::collection::vec(pattern(), 0..3),
        prop::collection::vec(paths, 0..3),
        prop::collection::vec(header, 0..3),
    )
}

proptest! {
    /// Whatever rules there are: the decision is the one that the gRFC describes.
    #[test]
    fn decisions_are_those_of_the_grfc(
        deny in prop::collection::vec(random_rule(), 0..3),
        allow in prop::collection::vec(random_rule(), 0..3),
        path in word(),
        first in prop::option::of(word()),
        second in prop::collection::vec(word(), 0..3),
        kind in 0..3_u8,
        uris in prop::collection::vec(word(), 0..2),
        dns_names in prop::collection::vec(word(), 0..2),
        subject in word(),
    ) {
        let json_rule = |(index, (principals, paths, headers)): (usize, &RandomRule)| {
            let headers: Vec<_> = headers
                .iter()
                .map(|(first, values)| json!({ "key": if *first { "first" } else { "second" }, "values": values }))
                .collect();
            json!({
                "name": index.to_string(),
                "source": { "principals": principals },
                "request": { "paths": paths, "headers": headers }
            })
        };
        let rules = |rules: &[_]| rules.iter().enumerate().map(json_rule).collect::<Vec<_>>();
        let policy = read(&json!({ "name": "p", "deny_rules": rules(&deny), "allow_rules": rules(&allow) }));

        let path = format!("/{path}");
        let mut metadata = Metadata::new();
        if let Some(value) = &first {
            metadata.append("first", value).unwrap();
        }
        for value in &second {
            metadata.append("second", value).unwrap();
        }
        let peer = match kind {
            0 => Peer::Plaintext,
            1 => Peer::Anonymous,
            _ => Peer::Known { uris: &uris, dns_names: &dns_names, subject: &subject },
        };
        let second = (!second.is_empty()).then(|| second.join(","));
        let matches = |(principals, paths, headers): &RandomRule| {
            let is = |principal: &String| match kind {
                0 => false,
                1 => principal.is_empty(),
                _ => {
                    let own = [subject.clone()];
                    let subject = own.iter().filter(|subject| !subject.is_empty());
                    uris.iter().chain(&dns_names).chain(subject).any(|name| model(principal, name))
                }
            };
            (principals.is_empty() || principals.iter().any(is))
                && (paths.is_empty() || paths.iter().any(|pattern| model(pattern, &path)))
                && headers.iter().all(|(is_first, values)| {
                    let value = if *is_first { &first } else { &second };
                    value.as_ref().is_some_and(|value| values.iter().any(|pattern| model(pattern, value)))
                })
        };
        let expected = !deny.iter().any(matches) && allow.iter().any(matches);
        prop_assert_eq!(policy.judge(&asked(&path, &metadata, peer)).0, expected);
    }

    /// No text makes the parser panic; most are refused.
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,64}") {
        let _ = AuthorizationPolicy::from_json(&text);
    }

    /// A policy with any one byte changed is read or refused.
    #[test]
    fn any_change_of_a_policy_is_read_or_refused(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut text = allowing(json!({
            "source": { "principals": ["spiffe://a/*", ""] },
            "request": { "paths": ["/a/*"], "headers": [{ "key": "k", "values": ["*"] }] }
        })).to_string().into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        let _ = document::read(&text, &audit::built_in());
    }
}

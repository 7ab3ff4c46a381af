//! Tokens, good and bad, with keys of every kind.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use gannet_core::Code;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use proptest::prelude::*;
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize,
};
use serde_json::{Value, json};

use super::*;
use crate::testing::{Seen, greet};

const SECRET: &str = "a secret of thirty-two bytes, or more than that: of sixty-four, at least";
const ISSUER: &str = "https://issuer.example.org";
const AUDIENCE: &str = "https://api.example.org";

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed()
}

/// Claims that are good, with some replaced; null takes one away.
fn claims(changes: &Value) -> Value {
    let mut claims = json!({ "sub": "alice", "iss": ISSUER, "aud": AUDIENCE, "exp": now() + 3600 });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

/// A token with this header and these claims, signed by `key` whatever the header says.
fn signed(header: &Value, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let encode = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

fn hs256(header: &Value, claims: &Value) -> String {
    let mut all = json!({ "alg": "HS256", "typ": "JWT" });
    for (name, value) in header.as_object().unwrap() {
        all[name] = value.clone();
    }
    signed(&all, claims, &EncodingKey::from_secret(SECRET.as_bytes()), Algorithm::HS256)
}

fn builder(keys: JwtKeys, algorithm: JwtAlgorithm) -> JwtVerifierBuilder {
    JwtVerifier::builder(keys).algorithms([algorithm]).issuer(ISSUER).audience(AUDIENCE)
}

fn with_secret() -> Authentication<Jwt> {
    jwt(builder(JwtKeys::secret(SECRET).unwrap(), JwtAlgorithm::Hs256).build().unwrap())
}

async fn sent(interceptor: &Authentication<Jwt>, token: &str) -> Result<Seen, Status> {
    greet(interceptor, &[("authorization", &format!("Bearer {token}"))]).await
}

/// What a caller with this token is told.
async fn refused(interceptor: &Authentication<Jwt>, token: &str) -> String {
    let status = sent(interceptor, token).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated, "{status}");
    let challenge = status.metadata().get("www-authenticate").unwrap().to_owned();
    assert!(
        challenge.contains("error=\"invalid_token\"") && challenge.contains(status.message()),
        "{challenge}"
    );
    status.message().to_owned()
}

#[tokio::test]
async fn a_good_token_passes_with_its_claims() {
    let token = hs256(&json!({}), &claims(&json!({ "tenant": "blue" })));
    let caller = sent(&with_secret(), &token).await.unwrap().caller.unwrap();
    assert_eq!((caller.subject(), caller.scheme()), ("alice", Scheme::Jwt));
    assert_eq!(caller.claim("tenant"), Some("blue"));
    let nameless = hs256(&json!({}), &claims(&json!({ "sub": null })));
    assert_eq!(sent(&with_secret(), &nameless).await.unwrap().caller.unwrap().subject(), "");
}

#[tokio::test]
async fn claims_that_are_not_good_are_told_and_not_shown() {
    let verifier = with_secret();
    for (changes, message) in [
        (json!({ "exp": now() - 61 }), "the token has expired"),
        (json!({ "exp": null }), "the token does not say when it expires (exp)"),
        (json!({ "exp": "tomorrow" }), "the token does not say when it expires (exp)"),
        (json!({ "exp": -1 }), "the token does not say when it expires (exp)"),
        (json!({ "nbf": now() + 62 }), "the token is not valid yet"),
        (json!({ "nbf": "soon" }), "a claim of the token is malformed"),
        (json!({ "iss": "https://evil.example.org" }), "the token is of an issuer that is not accepted"),
        (json!({ "iss": null }), "the token does not say who issued it (iss)"),
        (json!({ "iss": 1 }), "the token does not say who issued it (iss)"),
        (json!({ "aud": "https://other.example.org" }), "the token is for another audience"),
        (json!({ "aud": ["a", "b"] }), "the token is for another audience"),
        (json!({ "aud": [] }), "the token is for another audience"),
        (json!({ "aud": null }), "the token does not say whom it is for (aud)"),
    ] {
        assert_eq!(refused(&verifier, &hs256(&json!({}), &claims(&changes))).await, message);
    }
    for changes in [
        json!({ "exp": now() - 50 }),
        json!({ "exp": 9.0e15 }),
        json!({ "nbf": now() + 50 }),
        json!({ "nbf": 0 }),
        json!({ "aud": ["x", AUDIENCE] }),
    ] {
        assert!(sent(&verifier, &hs256(&json!({}), &claims(&changes))).await.is_ok(), "{changes}");
    }
}

#[tokio::test]
async fn a_claim_that_stands_there_twice_is_refused() {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let claims = claims(&json!({})).to_string().replacen('{', &format!("{{\"exp\":{},", now() + 9), 1);
    let message = format!("{}.{}", encode(r#"{"alg":"HS256"}"#), encode(&claims));
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    assert_eq!(refused(&with_secret(), &format!("{message}.{signature}")).await, "the token is malformed");
}

#[tokio::test]
async fn leeway_issuer_and_audience_are_as_they_were_set() {
    let keys = || JwtKeys::secret(SECRET).unwrap();
    let build = |builder: JwtVerifierBuilder| jwt(builder.build().unwrap());
    let strict = build(builder(keys(), JwtAlgorithm::Hs256).leeway(Duration::ZERO));
    assert_eq!(
        refused(&strict, &hs256(&json!({}), &claims(&json!({ "exp": now() - 5 })))).await,
        "the token has expired"
    );

    let two = build(builder(keys(), JwtAlgorithm::Hs256).issuer("other").audience("another"));
    for changes in [json!({}), json!({ "iss": "other" }), json!({ "aud": "another" })] {
        assert!(sent(&two, &hs256(&json!({}), &claims(&changes))).await.is_ok());
    }

    let any =
        build(JwtVerifier::builder(keys()).algorithms([JwtAlgorithm::Hs256]).any_issuer().any_audience());
    for changes in [json!({ "iss": "x", "aud": "y" }), json!({ "iss": null, "aud": null })] {
        assert!(sent(&any, &hs256(&json!({}), &claims(&changes))).await.is_ok());
    }
    assert_eq!(
        refused(&any, &hs256(&json!({}), &claims(&json!({ "exp": 1 })))).await,
        "the token has expired"
    );
}

#[tokio::test]
async fn what_is_no_token_is_told_so() {
    let verifier = with_secret();
    let good = hs256(&json!({}), &claims(&json!({})));
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (head, body) = message.split_once('.').unwrap();
    for (token, told) in [
        ("a", "no JSON Web Token"),
        ("a.b", "no JSON Web Token"),
        ("a.b.c", "no JSON Web Token"),
        ("..", "no JSON Web Token"),
        (&format!("{good}.x"), "no JSON Web Token"),
        (&format!("{good}="), "malformed"),
        (message, "no JSON Web Token"),
        (&format!("{message}."), "signature of the token is wrong"),
        (&format!("{head}..{signature}"), "signature of the token is wrong"),
        (&format!("{head}.{body}x.{signature}"), "signature of the token is wrong"),
        (&format!("{message}.{}", &signature[..signature.len() - 3]), "signature of the token is wrong"),
    ] {
        let message = refused(&verifier, token).await;
        assert!(message.contains(told), "{token}: {message}");
    }
    // A megabyte is not looked at.
    let status = sent(&verifier, &format!("{good}{}", "a".repeat(1 << 20))).await.unwrap_err();
    assert!(status.message().contains("longer than 16 KiB"), "{status}");
    let status = greet(&verifier, &[("token", &good)]).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    let twice = [("authorization", &*format!("Bearer {good}")), ("authorization", &format!("Bearer {good}"))];
    assert!(greet(&verifier, &twice).await.unwrap_err().message().contains("more than once"));
}

#[tokio::test]
async fn an_algorithm_that_was_not_chosen_is_refused_whatever_the_signature() {
    let verifier = with_secret();
    let good = claims(&json!({}));
    let encode = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let not_accepted = "the token is signed with an algorithm that is not accepted";
    for name in ["none", "None", "NONE", "HS384", "RS256", "hs256", "", "XX"] {
        assert_eq!(refused(&verifier, &hs256(&json!({ "alg": name }), &good)).await, not_accepted, "{name}");
        let unsigned = format!("{}.{}.", encode(&json!({ "alg": name })), encode(&good));
        assert_eq!(refused(&verifier, &unsigned).await, not_accepted, "{name}");
    }
    for alg in [json!(null), json!(1), json!(["HS256"])] {
        let message = refused(&verifier, &hs256(&json!({ "alg": alg }), &good)).await;
        assert_eq!(message, "the token is no JSON Web Token");
    }
}

/// A key pair of each kind that is not a secret, with an algorithm for it.
fn pairs() -> Vec<(KeyPair, JwtAlgorithm, EncodingKey)> {
    let ec = |algorithm| {
        let pair = KeyPair::generate_for(algorithm).unwrap();
        let key = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
        (pair, key)
    };
    let (p256, p256_key) = ec(&PKCS_ECDSA_P256_SHA256);
    let (p384, p384_key) = ec(&PKCS_ECDSA_P384_SHA384);
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let rsa_key = EncodingKey::from_rsa_pem(rsa.serialize_pem().as_bytes()).unwrap();
    let ed = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let ed_key = EncodingKey::from_ed_pem(ed.serialize_pem().as_bytes()).unwrap();
    vec![
        (p256, JwtAlgorithm::Es256, p256_key),
        (p384, JwtAlgorithm::Es384, p384_key),
        (rsa, JwtAlgorithm::Rs256, rsa_key),
        (ed, JwtAlgorithm::EdDsa, ed_key),
    ]
}

#[tokio::test]
async fn public_keys_of_all_kinds_verify_their_own_tokens_and_no_others() {
    let pairs = pairs();
    let good = claims(&json!({}));
    for (pair, algorithm, _) in &pairs {
        let keys = JwtKeys::pem(pair.public_key_pem()).unwrap();
        let verifier = jwt(builder(keys, *algorithm).build().unwrap());
        for (_, other, key) in &pairs {
            let token = signed(&json!({ "alg": other.name() }), &good, key, other.own());
            assert_eq!(sent(&verifier, &token).await.is_ok(), other == algorithm, "{algorithm:?} {other:?}");
        }
        // A public key that is taken for a secret: the token is signed with it.
        let public = EncodingKey::from_secret(pair.public_key_pem().as_bytes());
        for alg in ["HS256", algorithm.name()] {
            let token = signed(&json!({ "alg": alg }), &good, &public, Algorithm::HS256);
            assert!(sent(&verifier, &token).await.is_err(), "{alg}");
        }
    }
    // The other algorithms of RSA.
    let (rsa, _, key) = &pairs[2];
    for algorithm in [JwtAlgorithm::Rs512, JwtAlgorithm::Ps256, JwtAlgorithm::Ps384] {
        let keys = JwtKeys::pem(rsa.public_key_pem()).unwrap();
        let verifier = jwt(builder(keys, algorithm).build().unwrap());
        let token = signed(&json!({ "alg": algorithm.name() }), &good, key, algorithm.own());
        assert!(sent(&verifier, &token).await.is_ok(), "{algorithm:?}");
    }
}

#[tokio::test]
async fn several_public_keys_are_tried_in_turn() {
    let pairs: Vec<_> = (0..3).map(|_| KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()).collect();
    let pem: String = pairs.iter().map(KeyPair::public_key_pem).collect();
    let verifier = jwt(builder(JwtKeys::pem(pem).unwrap(), JwtAlgorithm::Es256).build().unwrap());
    for pair in &pairs {
        let key = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
        let token =
            signed(&json!({ "alg": "ES256", "kid": "any" }), &claims(&json!({})), &key, Algorithm::ES256);
        assert!(sent(&verifier, &token).await.is_ok());
    }
    let other = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let key = EncodingKey::from_ec_pem(other.serialize_pem().as_bytes()).unwrap();
    let token = signed(&json!({ "alg": "ES256" }), &claims(&json!({})), &key, Algorithm::ES256);
    assert_eq!(refused(&verifier, &token).await, "the signature of the token is wrong");
}

#[tokio::test]
async fn what_a_token_says_of_keys_does_not_count_and_what_is_critical_is_refused() {
    let verifier = with_secret();
    let own = json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode("x".repeat(64)) });
    let theirs = EncodingKey::from_secret("x".repeat(64).as_bytes());
    let header = json!({ "alg": "HS256", "jwk": own, "jku": "https://evil.example.org/jwks.json" });
    let token = signed(&header, &claims(&json!({})), &theirs, Algorithm::HS256);
    assert_eq!(refused(&verifier, &token).await, "the signature of the token is wrong");
    for crit in [json!(["exp"]), json!(["b64"]), json!([]), json!("x")] {
        let token = hs256(&json!({ "crit": crit, "b64": true }), &claims(&json!({})));
        assert!(refused(&verifier, &token).await.contains("critical"));
    }
}

#[tokio::test]
async fn a_token_of_another_type_is_refused_if_one_was_chosen() {
    let keys = JwtKeys::secret(SECRET).unwrap();
    let access = jwt(builder(keys, JwtAlgorithm::Hs256).token_type("at+jwt").build().unwrap());
    for (typ, passes) in [
        (json!("at+jwt"), true),
        (json!("AT+JWT"), true),
        (json!("application/at+jwt"), true),
        (json!("JWT"), false),
        (json!(""), false),
        (json!("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}"), false),
    ] {
        let token = hs256(&json!({ "typ": typ }), &claims(&json!({})));
        assert_eq!(sent(&access, &token).await.is_ok(), passes, "{typ}");
    }
}

/// A set with these public keys.
fn jwks(keys: &[(&KeyPair, JwtAlgorithm, &str)]) -> Value {
    let keys: Vec<_> = keys
        .iter()
        .map(|(pair, algorithm, id)| {
            let pem = pair.public_key_pem();
            let key = match algorithm.family() {
                AlgorithmFamily::Rsa => DecodingKey::from_rsa_pem(pem.as_bytes()),
                AlgorithmFamily::Ed => DecodingKey::from_ed_pem(pem.as_bytes()),
                _ => DecodingKey::from_ec_pem(pem.as_bytes()),
            };
            let jwk = Jwk::from_decoding_key(&key.unwrap(), Some(algorithm.own())).unwrap();
            let mut jwk = serde_json::to_value(jwk).unwrap();
            jwk["kid"] = (*id).into();
            jwk
        })
        .collect();
    json!({ "keys": keys })
}

/// A key pair on P-256.
fn p256() -> (KeyPair, EncodingKey) {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let key = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
    (pair, key)
}

fn named(key: &EncodingKey, algorithm: JwtAlgorithm, id: &str) -> String {
    let header = json!({ "alg": algorithm.name(), "kid": id });
    signed(&header, &claims(&json!({})), key, algorithm.own())
}

#[tokio::test]
async fn a_set_of_keys_is_searched_by_the_name_of_the_key() {
    let pairs = pairs();
    let all: Vec<_> = pairs.iter().map(|(pair, algorithm, _)| (pair, *algorithm, algorithm.name())).collect();
    let algorithms = pairs.iter().map(|(_, algorithm, _)| *algorithm);
    let keys = JwtKeys::jwks(&jwks(&all).to_string()).unwrap();
    let builder = JwtVerifier::builder(keys).algorithms(algorithms).issuer(ISSUER).audience(AUDIENCE);
    let verifier = jwt(builder.build().unwrap());
    for (_, algorithm, key) in &pairs {
        let id = algorithm.name();
        assert!(sent(&verifier, &named(key, *algorithm, id)).await.is_ok(), "{id}");
        let nameless = signed(&json!({ "alg": id }), &claims(&json!({})), key, algorithm.own());
        assert!(sent(&verifier, &nameless).await.is_ok(), "{id}");
        assert_eq!(
            refused(&verifier, &named(key, *algorithm, "other")).await,
            "the token is signed with a key that is not known"
        );
    }
    // The name of a key of another kind.
    let (_, algorithm, key) = &pairs[0];
    assert!(sent(&verifier, &named(key, *algorithm, "RS256")).await.is_err());
}

#[test]
fn keys_that_are_for_something_else_do_not_count() {
    let pairs = pairs();
    let (pair, algorithm, _) = &pairs[0];
    let good = &jwks(&[(pair, *algorithm, "a")])["keys"][0];
    let with = |name: &str, value: Value| {
        let mut jwk = good.clone();
        jwk[name] = value;
        json!({ "keys": [jwk] }).to_string()
    };
    for (name, value) in [("use", json!("sig")), ("key_ops", json!(["verify"])), ("x-own", json!([1]))] {
        assert!(JwtKeys::jwks(&with(name, value)).is_ok(), "{name}");
    }
    let oct =
        |len: usize| json!({ "keys": [{ "kty": "oct", "k": URL_SAFE_NO_PAD.encode("x".repeat(len)) }] });
    assert!(JwtKeys::jwks(&oct(32).to_string()).is_ok());
    let small = "A".repeat(170);
    for set in [
        with("use", json!("enc")),
        with("key_ops", json!(["sign"])),
        with("alg", json!("RSA-OAEP")),
        with("alg", json!("none")),
        with("kty", json!("XYZ")),
        with("crv", json!("P-521")),
        with("crv", json!("P-384")),
        with("x", json!("!")),
        with("x", json!("AA")),
        oct(31).to_string(),
        json!({ "keys": [{ "kty": "RSA", "n": small, "e": "AQAB" }] }).to_string(),
        json!({ "keys": [] }).to_string(),
        json!({ "keys": [1, "a", null, {}] }).to_string(),
    ] {
        let error = JwtKeys::jwks(&set).unwrap_err().to_string();
        assert!(error.contains("can verify tokens"), "{set}: {error}");
    }
    let mixed = json!({ "keys": [{ "kty": "XYZ" }, good] });
    assert!(JwtKeys::jwks(&mixed.to_string()).is_ok());
    for set in ["", "{}", "[]", "{\"keys\": {}}", "{\"keys\": [", &"[".repeat(10_000)] {
        assert!(JwtKeys::jwks(set).unwrap_err().to_string().contains("no JWK set"), "{set}");
    }
    let many = json!({ "keys": vec![good.clone(); 257] });
    assert!(JwtKeys::jwks(&many.to_string()).unwrap_err().to_string().contains("more than 256"));
}

#[tokio::test]
async fn files_of_keys_are_read_again() {
    let pairs = pairs();
    let (first_pair, algorithm, first) = &pairs[0];
    let (second_pair, second) = p256();
    let folder = tempfile::tempdir().unwrap();
    let (set, pem) = (folder.path().join("jwks.json"), folder.path().join("public.pem"));
    fs::write(&set, jwks(&[(first_pair, *algorithm, "1")]).to_string()).unwrap();
    fs::write(&pem, first_pair.public_key_pem()).unwrap();
    for (keys, path, new) in [
        (JwtKeys::jwks_file(&set).unwrap(), &set, jwks(&[(&second_pair, *algorithm, "1")]).to_string()),
        (JwtKeys::pem_file(&pem).unwrap(), &pem, second_pair.public_key_pem()),
    ] {
        let verifier = jwt(builder(keys.clone(), *algorithm).build().unwrap());
        assert!(sent(&verifier, &named(first, *algorithm, "1")).await.is_ok());
        fs::write(path, new).unwrap();
        keys.reload().unwrap();
        assert!(sent(&verifier, &named(first, *algorithm, "1")).await.is_err());
        assert!(sent(&verifier, &named(&second, *algorithm, "1")).await.is_ok());
        fs::write(path, "").unwrap();
        assert!(keys.reload().is_err());
        assert!(sent(&verifier, &named(&second, *algorithm, "1")).await.is_ok());
    }
    assert!(JwtKeys::jwks_file(folder.path().join("none")).is_err());
}

/// Keys from a function whose answer can be set, and how often it was called.
struct Issuer {
    answer: Arc<Mutex<Result<String, &'static str>>>,
    fetches: Arc<AtomicUsize>,
}

impl Issuer {
    fn new(answer: &Value) -> (Self, JwtKeys) {
        let (answer, fetches) = (Arc::new(Mutex::new(Ok(answer.to_string()))), Arc::new(AtomicUsize::new(0)));
        let (own, count) = (Arc::clone(&answer), Arc::clone(&fetches));
        let keys = JwtKeys::jwks_from(move || {
            count.fetch_add(1, Ordering::Relaxed);
            let answer = own.lock().unwrap().clone();
            async move { answer }
        });
        (Self { answer, fetches }, keys)
    }

    fn answers(&self, answer: Result<Value, &'static str>) {
        *self.answer.lock().unwrap() = answer.map(|json| json.to_string());
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::Relaxed)
    }
}

async fn quiet() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn fetched_keys_are_kept_and_fetched_anew_for_a_key_that_is_not_known_but_not_too_often() {
    let (pairs, keys): (Vec<_>, Vec<_>) = (0..3).map(|_| p256()).unzip();
    let algorithm = JwtAlgorithm::Es256;
    let (issuer, source) = Issuer::new(&jwks(&[(&pairs[0], algorithm, "0")]));
    let verifier = jwt(builder(source, algorithm).build().unwrap());
    for _ in 0..3 {
        assert!(sent(&verifier, &named(&keys[0], algorithm, "0")).await.is_ok());
    }
    assert_eq!(issuer.fetches(), 1);

    // The key is new, and the keys are too: they are not fetched again at once.
    let both = jwks(&[(&pairs[0], algorithm, "0"), (&pairs[1], algorithm, "1")]);
    issuer.answers(Ok(both));
    for _ in 0..5 {
        assert!(refused(&verifier, &named(&keys[1], algorithm, "1")).await.contains("not known"));
    }
    assert_eq!(issuer.fetches(), 1);
    tokio::time::advance(Duration::from_secs(31)).await;
    assert!(sent(&verifier, &named(&keys[1], algorithm, "1")).await.is_ok());
    assert_eq!(issuer.fetches(), 2);

    // Made-up names do not make a fetch each.
    tokio::time::advance(Duration::from_secs(31)).await;
    for number in 0..50 {
        let made_up = named(&keys[2], algorithm, &format!("x{number}"));
        assert!(refused(&verifier, &made_up).await.contains("not known"));
    }
    assert_eq!(issuer.fetches(), 3);

    // In the background, from 5 min on.
    issuer.answers(Ok(jwks(&[(&pairs[2], algorithm, "2")])));
    tokio::time::advance(Duration::from_secs(301)).await;
    assert!(sent(&verifier, &named(&keys[0], algorithm, "0")).await.is_ok());
    quiet().await;
    assert_eq!(issuer.fetches(), 4);
    assert!(sent(&verifier, &named(&keys[2], algorithm, "2")).await.is_ok());
    assert!(refused(&verifier, &named(&keys[0], algorithm, "0")).await.contains("not known"));

    // Who comes after long waits for newer keys rather than trust what may have been revoked.
    issuer.answers(Ok(jwks(&[(&pairs[0], algorithm, "0")])));
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert!(refused(&verifier, &named(&keys[2], algorithm, "2")).await.contains("not known"));
    assert_eq!(issuer.fetches(), 5);
}

#[tokio::test(start_paused = true)]
async fn keys_that_cannot_be_fetched_are_unavailable_and_old_ones_serve_for_a_day() {
    let (pair, key) = p256();
    let algorithm = JwtAlgorithm::Es256;
    let set = jwks(&[(&pair, algorithm, "0")]);
    let (issuer, source) = Issuer::new(&json!("no set"));
    let verifier = jwt(builder(source, algorithm).build().unwrap());
    let token = named(&key, algorithm, "0");

    let status = sent(&verifier, &token).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    issuer.answers(Err("connect to issuer:443 refused"));
    tokio::time::advance(Duration::from_secs(5)).await;
    let status = sent(&verifier, &token).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(!format!("{status:?}").contains("issuer"), "{status:?}");

    issuer.answers(Ok(set));
    tokio::time::advance(Duration::from_secs(5)).await;
    assert!(sent(&verifier, &token).await.is_ok());
    issuer.answers(Err("gone"));
    for _ in 0..20 {
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert!(sent(&verifier, &token).await.is_ok());
    }
    tokio::time::advance(Duration::from_secs(5 * 3600)).await;
    assert_eq!(sent(&verifier, &token).await.unwrap_err().code(), Code::Unavailable);
}

#[test]
fn a_verifier_that_leaves_something_open_is_not_built() {
    let secret = || JwtKeys::secret(SECRET).unwrap();
    let error = |builder: JwtVerifierBuilder| builder.build().unwrap_err().to_string();
    let bare = || JwtVerifier::builder(secret());
    let hs256 = [JwtAlgorithm::Hs256];
    assert!(error(bare().issuer("a").audience("b")).contains("algorithms"));
    assert!(error(bare().algorithms(hs256).audience("b")).contains("issuer"));
    assert!(error(bare().algorithms(hs256).issuer("a")).contains("audience"));
    let complete = || bare().issuer("a").audience("b");
    assert!(
        error(complete().algorithms([JwtAlgorithm::Hs256, JwtAlgorithm::Rs256]))
            .contains("do not go together")
    );
    assert!(error(complete().algorithms([JwtAlgorithm::Rs256])).contains("no key for RS256"));
    assert!(error(complete().algorithms(hs256).leeway(Duration::from_secs(86_401))).contains("leeway"));
    let short = JwtVerifier::builder(JwtKeys::secret("x".repeat(32)).unwrap()).issuer("a").audience("b");
    assert!(error(short.algorithms([JwtAlgorithm::Hs512])).contains("at least 64 bytes"));
    assert!(complete().algorithms([JwtAlgorithm::Hs512]).build().is_ok());
}

#[test]
fn keys_that_are_none_are_refused_with_what_to_do() {
    assert!(JwtKeys::secret("short").unwrap_err().to_string().contains("at least 32"));
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let whole = pair.public_key_pem();
    let line = whole.lines().nth(1).unwrap();
    let damaged = whole.replace(line, &line[..60]);
    let cut = whole.replace("-----END", "");
    for (pem, told) in [
        ("", "has no public key"),
        ("garbage", "has no public key"),
        (&*pair.serialize_pem(), "openssl pkey -pubout"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "openssl x509 -pubkey"),
        ("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "X509 CRL"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "damaged"),
        (&damaged, "damaged"),
        (&cut, "has no end"),
    ] {
        let error = JwtKeys::pem(pem).unwrap_err().to_string();
        assert!(error.contains(told), "{pem}: {error}");
    }
    assert!(JwtKeys::pem([0xff]).unwrap_err().to_string().contains("no text"));
}

#[test]
fn debug_shows_no_key() {
    let verifier = builder(JwtKeys::secret(SECRET).unwrap(), JwtAlgorithm::Hs256);
    let shown = format!("{verifier:?} {:?} {:?}", JwtKeys::secret(SECRET).unwrap(), with_secret());
    let verifier = verifier.build().unwrap();
    let shown = format!("{shown} {verifier:?}");
    assert!(!shown.contains("secret of") && shown.contains("HS256"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is sent as a token: none that nobody signed passes, and nothing panics.
    #[test]
    fn nothing_passes_that_was_not_signed(
        head in "\\PC{0,40}",
        body in "\\PC{0,40}",
        signature in prop::collection::vec(any::<u8>(), 0..64),
        at in any::<prop::sample::Index>(),
        byte in "[A-Za-z0-9_.-]",
    ) {
        let encode = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
        let random = format!("{}.{}.{}", encode(head.as_bytes()), encode(body.as_bytes()), encode(&signature));
        // A good token with one letter changed; the last letter of a part has bits that do not count.
        let good = hs256(&json!({}), &claims(&json!({})));
        let mut changed = good.clone();
        let at = at.index(good.len());
        changed.replace_range(at..=at, &byte);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let verifier = with_secret();
        prop_assert!(runtime.block_on(sent(&verifier, &random)).is_err());
        prop_assert_eq!(runtime.block_on(sent(&verifier, &changed)).is_ok(), changed == good);
    }

    /// No text makes the readers of keys panic.
    #[test]
    fn any_text_is_read_or_refused_as_keys(text in "\\PC{0,64}") {
        let _ = JwtKeys::jwks(&text);
        let _ = JwtKeys::pem(&text);
        let _ = JwtKeys::pem(format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----"));
    }
}

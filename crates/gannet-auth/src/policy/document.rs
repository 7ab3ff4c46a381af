//! Reading a policy: JSON of gRFC A43, with the audit options of gRFC A59. An error names the place.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::audit::{Audit, MakeLogger};
use super::pattern::Pattern;
use super::rules;

/// Headers that a rule cannot have: those of a single connection, and those that are not handed to interceptors.
const UNSUPPORTED: [&str; 12] = [
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    #[serde(default)]
    deny_rules: Vec<Object<Rule>>,
    allow_rules: Vec<Object<Rule>>,
    #[serde(default)]
    audit_logging_options: Object<AuditOptions>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    #[serde(default)]
    source: Object<Source>,
    #[serde(default)]
    request: Object<Request>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Source {
    principals: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Request {
    paths: Vec<String>,
    headers: Vec<Object<Header>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    key: String,
    values: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct AuditOptions {
    audit_condition: AuditCondition,
    // The gRFC's schema has the one, its text and the implementations the other.
    #[serde(alias = "audit_logger")]
    audit_loggers: Vec<Object<Logger>>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum AuditCondition {
    #[default]
    None,
    OnDeny,
    OnAllow,
    OnDenyAndAllow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Logger {
    name: String,
    #[serde(default)]
    config: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    is_optional: bool,
}

/// What is written as an object; without this, a list of the fields' values would do as well.
#[derive(Default)]
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(Fields(PhantomData))
    }
}

/// Reads a policy; the error says where it is wrong.
pub(super) fn read(
    bytes: &[u8],
    loggers: &HashMap<Box<str>, Arc<MakeLogger>>,
) -> Result<rules::Policy, String> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let Object(document): Object<Document> =
        serde_path_to_error::deserialize(&mut json).map_err(|error| {
            match error.path().to_string().as_str() {
                "." => error.inner().to_string(),
                path => format!("{path}: {}", error.inner()),
            }
        })?;
    json.end().map_err(|error| error.to_string())?;
    if document.name.is_empty() {
        return Err("name: is empty".to_owned());
    }
    if document.allow_rules.is_empty() {
        tracing::warn!(
            "the authorization policy {:?} has no allow rules: it denies every call",
            document.name
        );
    }
    Ok(rules::Policy {
        deny: all("deny_rules", document.deny_rules)?,
        allow: all("allow_rules", document.allow_rules)?,
        audit: audit(document.audit_logging_options.0, loggers)?,
        name: document.name.into(),
    })
}

fn all(place: &str, read: Vec<Object<Rule>>) -> Result<Vec<rules::Rule>, String> {
    let mut names = HashSet::new();
    for (index, Object(Rule { name, .. })) in read.iter().enumerate() {
        if name.is_empty() {
            return Err(format!("{place}[{index}].name: is empty"));
        }
        if !names.insert(name) {
            return Err(format!("{place}[{index}].name: another rule is named {name:?}"));
        }
    }
    let rules = (0..).zip(read).map(|(index, Object(read))| rule(&format!("{place}[{index}]"), read));
    rules.collect()
}

fn rule(
    place: &str,
    Rule { name, source: Object(source), request: Object(request) }: Rule,
) -> Result<rules::Rule, String> {
    let paths = format!("{place}.request.paths");
    for (index, path) in request.paths.iter().enumerate() {
        if !path.starts_with(['/', '*']) {
            return Err(format!("{paths}[{index}]: {path:?} matches no method: a path starts with `/`"));
        }
    }
    let headers = (0..).zip(request.headers);
    Ok(rules::Rule {
        name: name.into(),
        principals: patterns(&format!("{place}.source.principals"), &source.principals)?,
        paths: patterns(&paths, &request.paths)?,
        headers: headers
            .map(|(index, Object(read)): (usize, _)| {
                header(&format!("{place}.request.headers[{index}]"), read)
            })
            .collect::<Result<_, _>>()?,
    })
}

fn patterns(place: &str, read: &[String]) -> Result<Vec<Pattern>, String> {
    let patterns = read
        .iter()
        .enumerate()
        .map(|(index, pattern)| Pattern::new(pattern).map_err(|why| format!("{place}[{index}]: {why}")));
    patterns.collect()
}

fn header(place: &str, Header { key, values }: Header) -> Result<rules::Header, String> {
    let key = key.to_ascii_lowercase();
    let why = if key.is_empty() {
        "is empty".to_owned()
    } else if key.starts_with(':') {
        format!("{key:?} cannot be matched: names that start with `:` are HTTP/2's own")
    } else if key.starts_with("grpc-") {
        format!("{key:?} cannot be matched: names that start with `grpc-` are gRPC's own")
    } else if UNSUPPORTED.contains(&&*key) {
        format!("{key:?} cannot be matched: it is HTTP's own or the transport's")
    } else if !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        format!("{key:?} is no name of metadata: these have only letters, digits, `_`, `-` and `.`")
    } else if values.is_empty() {
        return Err(format!("{place}.values: has no value"));
    } else {
        let values = patterns(&format!("{place}.values"), &values)?;
        return Ok(rules::Header { key: key.into(), values });
    };
    Err(format!("{place}.key: {why}"))
}

fn audit(options: AuditOptions, known: &HashMap<Box<str>, Arc<MakeLogger>>) -> Result<Audit, String> {
    let mut loggers = Vec::new();
    for (index, Object(Logger { name, config, is_optional })) in options.audit_loggers.into_iter().enumerate()
    {
        let place = format!("audit_logging_options.audit_loggers[{index}]");
        let Some(make) = known.get(&*name) else {
            if is_optional {
                continue;
            }
            let mut names: Vec<_> = known.keys().map(|name| &**name).collect();
            names.sort_unstable();
            return Err(format!(
                "{place}.name: no audit logger is named {name:?}; there are {}",
                names.join(", ")
            ));
        };
        let config = serde_json::Value::Object(config).to_string();
        loggers.push(make(&config).map_err(|why| format!("{place}.config: {why}"))?);
    }
    let condition = options.audit_condition;
    Ok(Audit {
        on_deny: matches!(condition, AuditCondition::OnDeny | AuditCondition::OnDenyAndAllow),
        on_allow: matches!(condition, AuditCondition::OnAllow | AuditCondition::OnDenyAndAllow),
        loggers,
    })
}

//! A policy that was read, and its decisions.
//!
//! Not here: reading it (`document`).

use std::borrow::Cow;

use gannet_core::Metadata;

use super::audit::{Audit, AuditEvent};
use super::pattern::Pattern;
use super::peer::Peer;

/// A policy.
pub(super) struct Policy {
    pub(super) name: Box<str>,
    pub(super) deny: Vec<Rule>,
    pub(super) allow: Vec<Rule>,
    pub(super) audit: Audit,
}

/// A rule: it matches if all that it has does.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: Box<str>,
    /// One of these; any if there are none.
    pub(super) principals: Vec<Pattern>,
    /// One of these; any if there are none.
    pub(super) paths: Vec<Pattern>,
    /// All of these.
    pub(super) headers: Vec<Header>,
}

/// A header that has one of some values.
#[derive(Debug)]
pub(super) struct Header {
    /// In lower case.
    pub(super) key: Box<str>,
    pub(super) values: Vec<Pattern>,
}

/// What a policy looks at of a call.
pub(super) struct Asked<'a> {
    pub(super) path: &'a str,
    pub(super) metadata: &'a Metadata,
    pub(super) user_agent: Option<&'a str>,
    pub(super) peer: Peer<'a>,
}

impl Policy {
    /// Whether the call is allowed; the decision is audited.
    pub(super) fn decide(&self, asked: &Asked<'_>) -> bool {
        let (authorized, rule) = self.judge(asked);
        let event = AuditEvent {
            rpc_method: asked.path,
            principal: asked.peer.name(),
            policy_name: &self.name,
            matched_rule: rule.map_or("", |rule| &rule.name),
            authorized,
        };
        if !authorized {
            tracing::debug!(
                method = event.rpc_method,
                principal = event.principal,
                policy = event.policy_name,
                rule = event.matched_rule,
                "the authorization policy denied a call"
            );
        }
        self.audit.log(&event);
        authorized
    }

    /// The decision, and the rule that made it.
    pub(super) fn judge(&self, asked: &Asked<'_>) -> (bool, Option<&Rule>) {
        if let Some(rule) = self.deny.iter().find(|rule| rule.matches(asked)) {
            return (false, Some(rule));
        }
        let rule = self.allow.iter().find(|rule| rule.matches(asked));
        (rule.is_some(), rule)
    }
}

impl Rule {
    fn matches(&self, asked: &Asked<'_>) -> bool {
        let Self { principals, paths, headers, .. } = self;
        (principals.is_empty() || principals.iter().any(|principal| asked.peer.is(principal)))
            && (paths.is_empty() || paths.iter().any(|path| path.matches(asked.path)))
            && headers.iter().all(|header| header.matches(asked))
    }
}

impl Header {
    fn matches(&self, asked: &Asked<'_>) -> bool {
        let value = asked.header(&self.key);
        value.is_some_and(|value| self.values.iter().any(|pattern| pattern.matches(&value)))
    }
}

impl<'a> Asked<'a> {
    /// The value of a header; several are joined by commas (gRFC A41).
    fn header(&self, key: &str) -> Option<Cow<'a, str>> {
        if key == "user-agent" {
            return self.user_agent.map(Cow::Borrowed);
        }
        let mut values = self.metadata.iter_wire().filter(|(name, _)| *name == key.as_bytes());
        // Metadata are ASCII.
        let text = |value: &'a [u8]| str::from_utf8(value).unwrap_or_default();
        let mut value = Cow::Borrowed(text(values.next()?.1));
        for (_, more) in values {
            let joined = value.to_mut();
            joined.push(',');
            joined.push_str(text(more));
        }
        Some(value)
    }
}

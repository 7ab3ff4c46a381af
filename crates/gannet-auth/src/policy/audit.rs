//! Audit logs of decisions (gRFC A59).

use std::collections::HashMap;
use std::error::Error as StdError;
use std::io::Write;
use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A decision about a call, for an audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditEvent<'a> {
    /// The method, such as `/helloworld.Greeter/SayHello`.
    pub rpc_method: &'a str,
    /// The name of the peer by its client certificate: its first URI name, else its first DNS name, else its subject.
    /// Empty if it has none.
    pub principal: &'a str,
    /// The name of the policy.
    pub policy_name: &'a str,
    /// The name of the rule that decided; empty if none matched.
    pub matched_rule: &'a str,
    /// Whether the call was allowed.
    pub authorized: bool,
}

/// Writes audit logs.
///
/// [`AuthorizationPolicy::loader`](crate::AuthorizationPolicy::loader) shows one.
pub trait AuditLogger: Send + Sync + 'static {
    /// Logs a decision. The call waits for it: it must not block.
    fn log(&self, event: &AuditEvent<'_>);
}

/// Makes a logger of its settings as JSON.
pub(super) type MakeLogger =
    dyn Fn(&str) -> Result<Arc<dyn AuditLogger>, Box<dyn StdError + Send + Sync>> + Send + Sync;

/// The loggers that are always there.
pub(super) fn built_in() -> HashMap<Box<str>, Arc<MakeLogger>> {
    let stdout: Arc<MakeLogger> = Arc::new(|config| without_settings(config, Stdout));
    let tracing: Arc<MakeLogger> = Arc::new(|config| without_settings(config, Tracing));
    HashMap::from([("stdout_logger".into(), stdout), ("tracing_logger".into(), tracing)])
}

fn without_settings(
    config: &str,
    logger: impl AuditLogger,
) -> Result<Arc<dyn AuditLogger>, Box<dyn StdError + Send + Sync>> {
    if config == "{}" { Ok(Arc::new(logger)) } else { Err("it takes no settings".into()) }
}

/// What is logged, and where to.
#[derive(Default)]
pub(super) struct Audit {
    pub(super) on_deny: bool,
    pub(super) on_allow: bool,
    pub(super) loggers: Vec<Arc<dyn AuditLogger>>,
}

impl Audit {
    pub(super) fn log(&self, event: &AuditEvent<'_>) {
        if if event.authorized { self.on_allow } else { self.on_deny } {
            for logger in &self.loggers {
                logger.log(event);
            }
        }
    }
}

/// `stdout_logger`: a line of JSON on the standard output.
struct Stdout;

impl AuditLogger for Stdout {
    fn log(&self, event: &AuditEvent<'_>) {
        let mut line = line(event, SystemTime::now());
        line.push('\n');
        // In one piece, so that lines do not mix; there is nobody to tell that nobody reads them.
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    }
}

/// `tracing_logger`: an event for whoever subscribes.
struct Tracing;

impl AuditLogger for Tracing {
    fn log(&self, event: &AuditEvent<'_>) {
        let AuditEvent { rpc_method, principal, policy_name, matched_rule, authorized } = *event;
        tracing::info!(
            target: "gannet::audit",
            rpc_method,
            principal,
            policy_name,
            matched_rule,
            authorized,
            "authorization"
        );
    }
}

/// The line of gRFC A59.
fn line(event: &AuditEvent<'_>, now: SystemTime) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        grpc_audit_log: Stamped<'a>,
    }

    #[derive(Serialize)]
    struct Stamped<'a> {
        timestamp: String,
        #[serde(flatten)]
        event: &'a AuditEvent<'a>,
    }

    let timestamp = OffsetDateTime::from(now).format(&Rfc3339).unwrap_or_default();
    serde_json::to_string(&Line { grpc_audit_log: Stamped { timestamp, event } }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::logged;

    const EVENT: AuditEvent<'_> = AuditEvent {
        rpc_method: "/pkg.Service/Foo",
        principal: "spiffe://foo/user\"1\"",
        policy_name: "example_policy",
        matched_rule: "admin_access",
        authorized: true,
    };

    #[test]
    fn a_line_is_as_the_grfc_has_it() {
        let now = SystemTime::UNIX_EPOCH + Duration::new(1136214245, 999999999);
        assert_eq!(
            line(&EVENT, now),
            "{\"grpc_audit_log\":{\"timestamp\":\"2006-01-02T15:04:05.999999999Z\",\
             \"rpc_method\":\"/pkg.Service/Foo\",\"principal\":\"spiffe://foo/user\\\"1\\\"\",\
             \"policy_name\":\"example_policy\",\"matched_rule\":\"admin_access\",\"authorized\":true}}"
        );
    }

    #[test]
    fn tracing_has_all_fields() {
        let log = logged(|| Tracing.log(&EVENT));
        for field in [
            "gannet::audit",
            "/pkg.Service/Foo",
            "spiffe://foo",
            "example_policy",
            "admin_access",
            "authorized=true",
        ] {
            assert!(log.contains(field), "{field}: {log}");
        }
    }
}

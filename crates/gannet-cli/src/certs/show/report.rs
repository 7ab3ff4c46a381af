//! What `gannet certs show` found, and how it says so: for people, and as JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::facts::NameConstraints;

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Whether nothing is wrong. Notes are nothing wrong.
    pub(super) good: bool,
    pub(super) files: Vec<File>,
    /// What --ca, --key and --name asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) checks: Vec<Check>,
}

#[derive(Debug, Serialize)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) contents: Vec<Item>,
    /// What is wrong with it as a whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) findings: Vec<Finding>,
}

/// One block of a file.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    /// The line of the file it begins on.
    pub(super) line: usize,
    #[serde(flatten)]
    pub(super) what: What,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) findings: Vec<Finding>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum What {
    Certificate(Box<Certificate>),
    PrivateKey {
        key: String,
        /// The file with its certificate.
        #[serde(skip_serializing_if = "Option::is_none")]
        certificate: Option<String>,
    },
    EncryptedPrivateKey,
    PublicKey {
        key: String,
    },
    Request {
        subject: String,
        names: Vec<String>,
        key: String,
    },
    RevocationList {
        issuer: String,
        this_update: String,
        next_update: Option<String>,
        revoked: usize,
    },
    /// Whatever else stands in a PEM file.
    Other {
        label: String,
    },
}

#[derive(Debug, Serialize)]
pub(super) struct Certificate {
    pub(super) subject: String,
    pub(super) issuer: String,
    /// The file with the certificate that issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) issued_by: Option<String>,
    pub(super) self_signed: bool,
    pub(super) version: u32,
    pub(super) serial: String,
    pub(super) not_before: String,
    pub(super) not_after: String,
    /// Negative once it has expired.
    pub(super) days_left: i64,
    pub(super) names: Vec<String>,
    pub(super) key: String,
    pub(super) signature: String,
    pub(super) usages: Vec<String>,
    pub(super) ca: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path_length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name_constraints: Option<NameConstraints>,
    pub(super) sha256: String,
    /// What it was judged as.
    pub(super) judged_as: String,
    pub(super) because: String,
}

/// Something worth saying about a file, certificate or key.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    pub(super) what: String,
    /// Peers known to refuse it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) refused_by: Vec<Peer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mend: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// It will not work, or not with peers that matter.
    Fault,
    /// It works, and there is something to know.
    Note,
}

/// Who looks at certificates: the TLS libraries behind gRPC's implementations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Peer {
    Everybody,
    Rustls,
    Go,
    Java,
    Node,
    /// BoringSSL, as gRPC's C++ core has it.
    Core,
    OpenSsl,
    Browsers,
    Apple,
}

impl Peer {
    fn name(self) -> &'static str {
        match self {
            Self::Everybody => "every peer",
            Self::Rustls => "rustls (Gannet, tonic)",
            Self::Go => "Go",
            Self::Java => "Java",
            Self::Node => "Node.js",
            Self::Core => "gRPC for C++, Python, Ruby and PHP (BoringSSL)",
            Self::OpenSsl => "OpenSSL",
            Self::Browsers => "browsers",
            Self::Apple => "Apple's platforms",
        }
    }
}

impl Finding {
    pub(super) fn fault(what: impl Into<String>) -> Self {
        Self { severity: Severity::Fault, what: what.into(), refused_by: Vec::new(), mend: None }
    }

    pub(super) fn note(what: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::fault(what) }
    }

    pub(super) fn refused_by(mut self, peers: &[Peer]) -> Self {
        self.refused_by = peers.to_vec();
        self
    }

    pub(super) fn is_fault(&self) -> bool {
        self.severity == Severity::Fault
    }

    /// What, and who refuses it.
    pub(super) fn in_one_line(&self) -> String {
        let peers = self.peers();
        if peers.is_empty() { self.what.clone() } else { format!("{}; refused by {peers}", self.what) }
    }

    fn peers(&self) -> String {
        self.refused_by.iter().map(|peer| peer.name()).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn mend(mut self, how: impl Into<String>) -> Self {
        self.mend = Some(how.into());
        self
    }
}

/// What was asked for on the command line, and whether it holds.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) what: String,
    pub(super) holds: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

impl Check {
    pub(super) fn new(what: impl Into<String>, outcome: Result<(), String>) -> Self {
        Self { what: what.into(), holds: outcome.is_ok(), reason: outcome.err() }
    }
}

impl Report {
    pub(super) fn new(files: Vec<File>, checks: Vec<Check>) -> Self {
        let mut report = Self { good: true, files, checks };
        report.good = report.faults() == 0;
        report
    }

    fn faults(&self) -> usize {
        let findings = self.files.iter().flat_map(|file| {
            file.findings.iter().chain(file.contents.iter().flat_map(|item| &item.findings))
        });
        findings.filter(|finding| finding.is_fault()).count()
            + self.checks.iter().filter(|check| !check.holds).count()
    }

    pub(super) fn json(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)
    }

    pub(super) fn text(&self, out: &mut impl Write) -> io::Result<()> {
        for file in &self.files {
            writeln!(out, "{}", file.path)?;
            for item in &file.contents {
                item.text(file.contents.len() > 1, out)?;
            }
            for finding in &file.findings {
                finding.text(out)?;
            }
            writeln!(out)?;
        }
        for check in &self.checks {
            match &check.reason {
                None => writeln!(out, "✓ {}", check.what)?,
                Some(reason) => writeln!(out, "✗ {}: {reason}", check.what)?,
            }
        }
        match self.faults() {
            0 => writeln!(out, "good"),
            1 => writeln!(out, "1 thing is wrong"),
            count => writeln!(out, "{count} things are wrong"),
        }
    }
}

impl Item {
    fn text(&self, of_several: bool, out: &mut impl Write) -> io::Result<()> {
        let place = if of_several { format!(", line {}", self.line) } else { String::new() };
        match &self.what {
            What::Certificate(certificate) => {
                writeln!(out, "  certificate{place}")?;
                certificate.text(out)?;
            }
            What::PrivateKey { key, certificate } => {
                let whose = certificate
                    .as_ref()
                    .map(|path| format!(", of the certificate in {path}"))
                    .unwrap_or_default();
                writeln!(out, "  private key{place}: {key}{whose}")?;
            }
            What::EncryptedPrivateKey => writeln!(out, "  private key{place}, encrypted with a pass phrase")?,
            What::PublicKey { key } => writeln!(out, "  public key{place}: {key}")?,
            What::Request { subject, names, key } => {
                writeln!(out, "  certificate signing request{place}")?;
                field("subject", subject, out)?;
                field("names", &listed(names), out)?;
                field("key", key, out)?;
            }
            What::RevocationList { issuer, this_update, next_update, revoked } => {
                writeln!(out, "  certificate revocation list{place}")?;
                field("issuer", issuer, out)?;
                let next = next_update.as_deref().unwrap_or("no date");
                field("of", &format!("{this_update}, the next by {next}"), out)?;
                field("revoked", &format!("{revoked} certificates"), out)?;
            }
            What::Other { label } => writeln!(out, "  {label}{place}")?,
        }
        for finding in &self.findings {
            finding.text(out)?;
        }
        Ok(())
    }
}

impl Certificate {
    fn text(&self, out: &mut impl Write) -> io::Result<()> {
        field("subject", if self.subject.is_empty() { "(empty)" } else { &self.subject }, out)?;
        let issuer = match (&self.issued_by, self.self_signed) {
            (_, true) => "itself".to_owned(),
            (Some(path), false) => format!("{}, in {path}", self.issuer),
            (None, false) => self.issuer.clone(),
        };
        field("issuer", &issuer, out)?;
        let left = match self.days_left {
            1 => "1 day left".to_owned(),
            0.. => format!("{} days left", self.days_left),
            _ => format!("expired {} days ago", -self.days_left),
        };
        field("valid", &format!("{} to {}; {left}", self.not_before, self.not_after), out)?;
        field("names", &listed(&self.names), out)?;
        field("key", &self.key, out)?;
        field("signature", &self.signature, out)?;
        let usages = if self.usages.is_empty() { "not limited".to_owned() } else { self.usages.join(", ") };
        field("usages", &usages, out)?;
        let ca = match (self.ca, self.path_length) {
            (false, _) => "no".to_owned(),
            (true, None) => "yes".to_owned(),
            (true, Some(0)) => "yes, for servers and clients only (path length 0)".to_owned(),
            (true, Some(length)) => format!("yes, with at most {length} levels of CAs below it"),
        };
        field("CA", &ca, out)?;
        if let Some(constraints) = &self.name_constraints {
            if !constraints.permitted.is_empty() {
                field("signs only", &constraints.permitted.join(", "), out)?;
            }
            if !constraints.excluded.is_empty() {
                field("never", &constraints.excluded.join(", "), out)?;
            }
        }
        field("serial", &self.serial, out)?;
        field("SHA-256", &self.sha256, out)?;
        field("judged as", &format!("{} ({})", self.judged_as, self.because), out)
    }
}

impl Finding {
    fn text(&self, out: &mut impl Write) -> io::Result<()> {
        let mark = if self.is_fault() { '✗' } else { '!' };
        writeln!(out, "    {mark} {}", self.what)?;
        if !self.refused_by.is_empty() {
            writeln!(out, "        refused by {}", self.peers())?;
        }
        if let Some(mend) = &self.mend {
            for line in mend.lines() {
                writeln!(out, "        {line}")?;
            }
        }
        Ok(())
    }
}

fn field(name: &str, value: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "    {name:<11}{value}")
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

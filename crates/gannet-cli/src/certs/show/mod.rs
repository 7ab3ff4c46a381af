//! `gannet certs show`: what is in a file, what is wrong with it, which peer would refuse it and why.
//!
//! This file reads and puts together; what is found is in `facts`, `faults` and `relations`, how it is said in `report`.

pub(crate) mod facts;
mod faults;
mod relations;
mod report;

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rustls::pki_types::{CertificateDer, ServerName};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use self::facts::{PublicKey, distinguished_name};
use self::faults::Judged;
use self::relations::Place;
use self::report::{Certificate, Check, File, Finding, Item, Peer, Report, What};
use super::{Error, Purpose, moment, quoted, read, verify};
use crate::Ended;

const EXAMPLES: &str = "\
Examples:
  gannet certs show server.pem
  gannet certs show server.pem --ca ca.pem --key server.key --name www.example.grpcdev.cn
  gannet certs show ca.pem server.pem server.key client.pem client.key
  gannet certs show server.pem --at 2030-01-01        as it will be judged then
  gannet certs show server.pem --json
  openssl s_client -connect example.org:443 -showcerts </dev/null | gannet certs show -

✗ is a fault: peers refuse it, and the exit status is 1. ! is something to know.";

/// Shows what is in files of certificates and keys, what is wrong with it, and which peer would refuse it and why.
///
/// Takes PEM: certificates, chains, private keys, signing requests, revocation lists. Private keys are never shown.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// Files, or - for the standard input. Those given together are seen together: who issued whom, whose key is whose.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Checks that the chain of each server's or client's certificate leads to a CA in this file, as rustls checks it.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// Checks that this private key is that of the first certificate.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Checks that the first certificate is for this host name or IP address.
    #[arg(long, value_name = "HOST")]
    name: Option<String>,

    /// What the first certificate of each file is for; without, that is told from what it says.
    #[arg(long = "as", value_name = "ROLE", value_enum)]
    role: Option<Role>,

    /// Judges as of this moment: 2030-01-01, or 2030-01-01T12:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = at)]
    at: Option<OffsetDateTime>,

    /// Says it as JSON.
    #[arg(long)]
    json: bool,
}

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    Server,
    Client,
    /// Of a service that is called and calls others.
    Both,
    /// Of a CA.
    #[value(name = "ca")]
    Authority,
}

impl Role {
    /// Whether clients look at it.
    fn serves(self) -> bool {
        matches!(self, Self::Server | Self::Both)
    }

    /// Whether servers look at it.
    fn calls(self) -> bool {
        matches!(self, Self::Client | Self::Both)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Server => "a server's certificate",
            Self::Client => "a client's certificate",
            Self::Both => "the certificate of a server and client",
            Self::Authority => "a CA's certificate",
        })
    }
}

fn at(text: &str) -> Result<OffsetDateTime, String> {
    let day = format_description!("[year]-[month]-[day]");
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| Date::parse(text, day).map(|date| date.midnight().assume_utc()))
        .map_err(|_| "a day such as 2030-01-01 or a moment such as 2030-01-01T12:00:00Z".to_owned())
}

pub(super) fn run(options: &Options, out: &mut impl Write) -> Ended {
    let name = match &options.name {
        Some(name) => Some(ServerName::try_from(name.clone()).map_err(|_| {
            Error::new(format!(
                "--name {name:?} is no host name or IP address; it takes neither a port nor a scheme"
            ))
        })?),
        None => None,
    };
    let now = options.at.unwrap_or_else(OffsetDateTime::now_utc);
    let sources: Vec<Source> =
        options.files.iter().map(|path| Source::read(path)).collect::<Result<_, _>>()?;
    let anchors = match &options.ca {
        Some(path) => anchors(path)?,
        None => Vec::new(),
    };
    let seen = Seen { options, now, sources: &sources, all: all(&sources), anchors: &anchors };
    let report = Report::new(seen.files(), seen.checks(name.as_ref())?);
    if options.json {
        report.json(out)?;
    } else {
        report.text(out)?;
    }
    Ok(report.good)
}

/// A file that was read.
struct Source {
    path: PathBuf,
    blocks: Vec<read::Block>,
    /// What it is if it holds no PEM.
    foreign: Option<String>,
    /// Whether users other than its owner and group can read it.
    world_readable: bool,
}

impl Source {
    fn read(path: &Path) -> Result<Self, Error> {
        let bytes = read::file(path)?;
        let blocks = read::blocks(&bytes);
        let foreign = blocks.is_empty().then(|| read::foreign(path, &bytes));
        Ok(Self { path: path.to_owned(), blocks, foreign, world_readable: world_readable(path) })
    }

    fn shown(&self) -> String {
        if self.path.as_os_str() == "-" {
            "standard input".to_owned()
        } else {
            self.path.display().to_string()
        }
    }
}

#[cfg(unix)]
fn world_readable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn world_readable(_path: &Path) -> bool {
    false
}

/// A certificate that can be read, and where it stands.
struct Found<'a> {
    source: usize,
    block: usize,
    der: &'a [u8],
    parsed: X509Certificate<'a>,
}

fn all(sources: &[Source]) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    for (source, file) in sources.iter().enumerate() {
        for (block, content) in file.blocks.iter().enumerate() {
            let ("CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE", Ok(der)) =
                (content.label.as_str(), &content.content)
            else {
                continue;
            };
            if let Ok((_, parsed)) = X509Certificate::from_der(der) {
                found.push(Found { source, block, der, parsed });
            }
        }
    }
    found
}

fn anchors(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let source = Source::read(path)?;
    let anchors: Vec<_> =
        all(std::slice::from_ref(&source)).iter().map(|found| found.der.to_vec().into()).collect();
    if anchors.is_empty() {
        let why = source.foreign.unwrap_or_else(|| "there is no certificate in it".to_owned());
        return Err(Error::new(format!("{} cannot be trusted: {why}", source.path.display())));
    }
    Ok(anchors)
}

/// Everything that is looked at, together.
struct Seen<'a> {
    options: &'a Options,
    now: OffsetDateTime,
    sources: &'a [Source],
    all: Vec<Found<'a>>,
    anchors: &'a [CertificateDer<'static>],
}

impl Seen<'_> {
    fn files(&self) -> Vec<File> {
        (0..self.sources.len()).map(|source| self.file(source)).collect()
    }

    fn file(&self, number: usize) -> File {
        let source = &self.sources[number];
        let contents = (0..source.blocks.len()).map(|block| self.item(number, block)).collect();
        let mut findings: Vec<Finding> =
            source.foreign.iter().map(|foreign| Finding::fault(foreign.clone())).collect();
        let certificates: Vec<&Found<'_>> = self.all.iter().filter(|found| found.source == number).collect();
        if certificates.len() > 1 {
            let roles: Vec<Role> = certificates.iter().map(|found| self.role(found).0).collect();
            let parsed: Vec<_> = certificates.iter().map(|found| &found.parsed).collect();
            findings.extend(relations::order(&parsed, &roles));
        }
        if source.world_readable && source.blocks.iter().any(|block| block.is_key() && !block.encrypted) {
            findings.push(
                Finding::note("everybody on this machine can read the private key")
                    .mend(format!("chmod 600 {}", quoted(&source.path))),
            );
        }
        File { path: source.shown(), contents, findings }
    }

    fn item(&self, source: usize, number: usize) -> Item {
        let block = &self.sources[source].blocks[number];
        let other = || What::Other { label: block.label.clone() };
        let (what, findings) = match &block.content {
            _ if block.encrypted => (
                What::EncryptedPrivateKey,
                vec![Finding::note("programs that take no pass phrase cannot use it").mend(format!(
                    "(umask 077; openssl pkey -in {} -out plain.key)",
                    quoted(&self.sources[source].path)
                ))],
            ),
            Err(fault) => (other(), vec![Finding::fault(fault.clone())]),
            Ok(_) if block.label.ends_with("CERTIFICATE") => {
                match self.all.iter().find(|found| (found.source, found.block) == (source, number)) {
                    Some(found) => self.certificate(found),
                    None => {
                        (other(), vec![Finding::fault("it is not a certificate: its DER is not well-formed")])
                    }
                }
            }
            Ok(der) if block.is_key() => self.private_key(der),
            Ok(der) => other_kind(&block.label, der),
        };
        Item { line: block.line, what, findings }
    }

    fn role(&self, found: &Found<'_>) -> (Role, &'static str, bool) {
        let first = self.all.iter().find(|other| other.source == found.source);
        let others = || self.all.iter().filter(|other| other.der != found.der);
        let path = &self.sources[found.source].path;
        let place = Place {
            first: first.is_some_and(|first| first.block == found.block),
            issues: others().any(|other| relations::issued(&other.parsed, &found.parsed)),
            told: self.options.role,
            named: self.options.name.is_some(),
            file: path.file_name().and_then(|name| name.to_str()).unwrap_or_default(),
        };
        relations::role(&found.parsed, &place)
    }

    fn certificate(&self, found: &Found<'_>) -> (What, Vec<Finding>) {
        let parsed = &found.parsed;
        let (role, because, doubtful) = self.role(found);
        let self_signed = faults::is_self_issued(parsed) && relations::issued(parsed, parsed);
        let issuer =
            self.all.iter().find(|other| other.der != found.der && relations::issued(parsed, &other.parsed));
        let until = parsed.validity().not_after.to_datetime();
        let constraints = parsed.basic_constraints().ok().flatten();
        let path = &self.sources[found.source].path;
        let certificate = Certificate {
            subject: distinguished_name(parsed.subject()),
            issuer: distinguished_name(parsed.issuer()),
            issued_by: issuer.filter(|_| !self_signed).map(|issuer| self.sources[issuer.source].shown()),
            self_signed,
            version: parsed.version().0 + 1,
            serial: facts::serial(parsed.tbs_certificate.raw_serial()),
            not_before: moment(parsed.validity().not_before.to_datetime()),
            not_after: moment(until),
            days_left: (until - self.now).whole_days(),
            names: facts::alternative_names(parsed),
            key: PublicKey::of(parsed.public_key()).to_string(),
            signature: facts::signature(&parsed.signature_algorithm).0,
            usages: facts::usages(parsed),
            ca: parsed.is_ca(),
            path_length: constraints.and_then(|constraints| constraints.value.path_len_constraint),
            name_constraints: facts::name_constraints(parsed),
            sha256: facts::hex(
                aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, found.der).as_ref(),
                ":",
            ),
            judged_as: role.to_string(),
            because: because.to_owned(),
        };
        let judged = Judged { certificate: parsed, role, doubtful, path: &quoted(path), now: self.now };
        (What::Certificate(Box::new(certificate)), judged.findings())
    }

    fn private_key(&self, der: &[u8]) -> (What, Vec<Finding>) {
        let Some(public) = relations::public_key(der) else {
            let finding = Finding::fault(
                "it is no private key that rustls can use; there are ECDSA (P-256, P-384, P-521), Ed25519 and RSA (2048 to \
                 8192 bits)",
            );
            return (
                What::PrivateKey { key: "of an unknown kind".to_owned(), certificate: None },
                vec![finding],
            );
        };
        let key = PublicKey::parse(&public).map(|key| key.to_string()).unwrap_or_default();
        let owner = self.all.iter().find(|found| found.parsed.public_key().raw == public);
        let mut findings = Vec::new();
        if relations::is_second_pkcs8(der) {
            findings.push(
                Finding::note(
                    "it is in the second version of PKCS #8 (RFC 5958), with the public key beside it",
                )
                .refused_by(&[Peer::OpenSsl])
                .mend("gannet certs writes the first version"),
            );
        }
        if owner.is_none() && !self.all.is_empty() {
            findings.push(Finding::fault("it is the key of none of these certificates"));
        }
        let certificate = owner.map(|found| self.sources[found.source].shown());
        (What::PrivateKey { key, certificate }, findings)
    }

    fn checks(&self, name: Option<&ServerName<'_>>) -> Result<Vec<Check>, Error> {
        let mut checks = Vec::new();
        let leaves: Vec<&Found<'_>> =
            self.all.iter().filter(|found| self.role(found).0 != Role::Authority).collect();
        let first = self.all.first();
        let asked = |flag: &str| {
            Error::new(format!("{flag} asks about a certificate, and there is none to ask about"))
        };
        if let Some(path) = &self.options.ca {
            let ca = path.display();
            if leaves.is_empty() {
                return Err(Error::new(
                    "--ca asks about a server's or client's certificate, and there is none (--as says what one is)",
                ));
            }
            checks.extend(self.trusted(path));
            for leaf in &leaves {
                let what = format!("the chain of {} leads to {ca}", self.sources[leaf.source].shown());
                checks.push(Check::new(what, self.chain(leaf)));
            }
        }
        if let Some(path) = &self.options.key {
            let first = first.ok_or_else(|| asked("--key"))?;
            let what = format!("{} is the key of {}", path.display(), self.sources[first.source].shown());
            checks.push(Check::new(what, matches(path, first)?));
        }
        if let (Some(name), Some(text)) = (name, &self.options.name) {
            let first = first.ok_or_else(|| asked("--name"))?;
            let names = facts::alternative_names(&first.parsed);
            let outcome = verify::name(&CertificateDer::from(first.der), name).map_err(|reason| {
                if names.is_empty() { reason } else { format!("{reason}: {}", names.join(", ")) }
            });
            checks.push(Check::new(format!("{} is for {text}", self.sources[first.source].shown()), outcome));
        }
        Ok(checks)
    }

    /// What is wrong with the CAs that are to be trusted. Not all peers look, and rustls does not.
    fn trusted(&self, path: &Path) -> Vec<Check> {
        let mut checks = Vec::new();
        for anchor in self.anchors {
            let Ok((_, certificate)) = X509Certificate::from_der(anchor) else { continue };
            let path = quoted(path);
            let judged = Judged {
                certificate: &certificate,
                role: Role::Authority,
                doubtful: false,
                path: &path,
                now: self.now,
            };
            // A certificate that vouches for itself is trusted as what it is.
            let itself = self.all.iter().any(|found| found.der == anchor.as_ref());
            for finding in judged.findings().iter().filter(|finding| finding.is_fault() && !itself) {
                let what = format!("{path} can be trusted as a CA");
                checks.push(Check::new(what, Err(finding.in_one_line())));
            }
        }
        checks
    }

    fn chain(&self, leaf: &Found<'_>) -> Result<(), String> {
        let purpose = match self.role(leaf).0 {
            Role::Client => Purpose::Client,
            Role::Both => Purpose::Both,
            Role::Server | Role::Authority => Purpose::Server,
        };
        let beside = |found: &&Found<'_>| found.source == leaf.source && found.block != leaf.block;
        let intermediates: Vec<CertificateDer<'_>> =
            self.all.iter().filter(beside).map(|found| found.der.into()).collect();
        let der = CertificateDer::from(leaf.der);
        verify::chain(&der, &intermediates, self.anchors, purpose, self.now).map_err(|reason| {
            let chain: Vec<_> = std::iter::once(der.clone()).chain(intermediates.iter().cloned()).collect();
            match relations::missing(&chain, self.anchors) {
                Some(missing) if reason.starts_with("no CA") => format!("{reason}: {missing}"),
                _ => reason,
            }
        })
    }
}

/// Whether a private key is that of a certificate.
fn matches(path: &Path, certificate: &Found<'_>) -> Result<Result<(), String>, Error> {
    let source = Source::read(path)?;
    let shown = path.display();
    let Some(block) = source.blocks.iter().find(|block| block.is_key()) else {
        let why = source.foreign.unwrap_or_else(|| "there is no private key in it".to_owned());
        return Err(Error::new(format!("{shown} is no key: {why}")));
    };
    if block.encrypted {
        return Ok(Err("it is encrypted with a pass phrase".to_owned()));
    }
    let der = match &block.content {
        Ok(der) => der,
        Err(fault) => return Ok(Err(fault.clone())),
    };
    Ok(match relations::public_key(der) {
        None => Err("it is no key that rustls can use".to_owned()),
        Some(public) if public == certificate.parsed.public_key().raw => Ok(()),
        Some(_) => Err("it is the key of another certificate".to_owned()),
    })
}

/// A block that holds neither a certificate nor a private key.
fn other_kind(label: &str, der: &[u8]) -> (What, Vec<Finding>) {
    let broken = |what: &str| {
        (
            What::Other { label: label.to_owned() },
            vec![Finding::fault(format!("it is not {what}: its DER is not well-formed"))],
        )
    };
    match label {
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => match X509CertificationRequest::from_der(der) {
            Ok((_, request)) => asked_for(&request),
            Err(_) => broken("a signing request"),
        },
        "X509 CRL" => match CertificateRevocationList::from_der(der) {
            Ok((_, list)) => {
                let what = What::RevocationList {
                    issuer: distinguished_name(list.issuer()),
                    this_update: moment(list.last_update().to_datetime()),
                    next_update: list.next_update().map(|time| moment(time.to_datetime())),
                    revoked: list.iter_revoked_certificates().count(),
                };
                (what, Vec::new())
            }
            Err(_) => broken("a revocation list"),
        },
        "PUBLIC KEY" => match PublicKey::parse(der) {
            Some(key) => (What::PublicKey { key: key.to_string() }, Vec::new()),
            None => broken("a public key"),
        },
        _ => (What::Other { label: label.to_owned() }, Vec::new()),
    }
}

fn asked_for(request: &X509CertificationRequest<'_>) -> (What, Vec<Finding>) {
    let info = &request.certification_request_info;
    let mut names = Vec::new();
    for extension in request.requested_extensions().into_iter().flatten() {
        if let ParsedExtension::SubjectAlternativeName(found) = extension {
            names.extend(found.general_names.iter().map(facts::general_name));
        }
    }
    let mut findings = Vec::new();
    if names.is_empty() {
        findings.push(Finding::note("it asks for no names; `openssl x509 -req` adds none by itself either"));
    }
    if request.verify_signature().is_err() {
        findings.push(Finding::fault("its signature is not by its own key"));
    }
    let what = What::Request {
        subject: distinguished_name(&info.subject),
        names,
        key: PublicKey::of(&info.subject_pki).to_string(),
    };
    (what, findings)
}

//! What `gannet certs server` and `gannet certs client` have in common: their options, and the way to a signed certificate.

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::authority::key_beside;
use super::files::{Output, refuse_to_overwrite};
use super::show::facts;
use super::{
    AlternativeName, Authority, Error, Holder, Issued, KeyKind, Purpose, Validity, moment, quoted, read,
    said_of_key, self_signed, write,
};

/// The days that a certificate holds unless said otherwise.
const DAYS: u32 = 90;

/// Options of both.
#[derive(Args)]
pub(super) struct LeafOptions {
    /// The certificate of the CA that signs. Intermediates may follow in the same file; they are sent along.
    #[arg(long, value_name = "FILE", default_value = "ca.pem")]
    pub(super) ca: PathBuf,

    /// The private key of --ca; without, the file beside it that ends in .key.
    #[arg(long, value_name = "FILE")]
    ca_key: Option<PathBuf>,

    /// The organization in its subject.
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,

    /// The days it holds, at most as long as its CA.
    #[arg(long, value_name = "DAYS", default_value_t = DAYS, value_parser = clap::value_parser!(u32).range(super::DAYS))]
    days: u32,

    /// The kind of its key: ecdsa (P-256), ecdsa:p384, ed25519 (which gRPC for C++ and Python refuses), rsa (3072 bits),
    /// rsa:2048, rsa:4096. Without, that of --from, else ecdsa.
    #[arg(long, value_name = "KIND")]
    key: Option<KeyKind>,

    /// A certificate to renew: its names, common name, organization and kind of key are taken over, beside those given here.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,

    /// Overwrites files that are there.
    #[arg(long)]
    force: bool,
}

/// What is to be made.
pub(super) struct Wanted<'a> {
    pub(super) options: &'a LeafOptions,
    pub(super) common_name: Option<&'a str>,
    pub(super) names: &'a [AlternativeName],
    pub(super) purpose: Purpose,
    /// No CA: peers trust the certificate itself.
    pub(super) self_signed: bool,
    /// Where to.
    pub(super) certificate: &'a Path,
    pub(super) key: &'a Path,
}

/// What was made.
pub(super) struct Made {
    pub(super) holder: Holder,
    pub(super) until: OffsetDateTime,
}

impl Wanted<'_> {
    /// Puts together who it is for, has it signed, writes the files and says so.
    pub(super) fn make(&self, out: &mut impl Write) -> Result<Made, Box<dyn std::error::Error>> {
        let options = self.options;
        refuse_to_overwrite([self.certificate, self.key], options.force)?;
        let (holder, old_kind) = self.holder()?;
        let kind = options.key.or(old_kind).unwrap_or(KeyKind::EcdsaP256);
        let validity = Validity::days(options.days);
        let issued = if self.self_signed {
            self_signed(&holder, self.purpose, kind, validity)?
        } else {
            let key = options.ca_key.clone().unwrap_or_else(|| key_beside(&options.ca));
            let authority = Authority::load(&options.ca, &key, OffsetDateTime::now_utc())?;
            authority.issue(&holder, self.purpose, kind, validity)?
        };
        let outputs = [
            Output::key(self.key.to_owned(), issued.key.clone()),
            Output::certificate(self.certificate.to_owned(), issued.certificate.clone()),
        ];
        write(&outputs, options.force, out)?;
        self.say(&holder, &issued, kind, out)?;
        Ok(Made { holder, until: issued.until })
    }

    fn say(
        &self,
        holder: &Holder,
        issued: &Issued,
        kind: KeyKind,
        out: &mut impl Write,
    ) -> std::io::Result<()> {
        let what = match self.purpose {
            Purpose::Server => "a server's certificate",
            Purpose::Client => "a client's certificate",
            Purpose::Both => "a certificate for a server that is a client, too",
        };
        let signed = if self.self_signed {
            "signed by itself".to_owned()
        } else {
            format!("signed by {}", self.options.ca.display())
        };
        writeln!(out, "wrote {}: {what}, {signed}", self.certificate.display())?;
        if let Some(name) = &holder.common_name {
            writeln!(out, "  subject  CN={name}")?;
        }
        if !holder.names.is_empty() {
            writeln!(out, "  names    {}", list(&holder.names))?;
        }
        let shortened = if issued.shortened { ", when its CA ends" } else { "" };
        writeln!(out, "  until    {}{shortened}", moment(issued.until))?;
        writeln!(out, "{}", said_of_key(self.key, kind))
    }

    fn holder(&self) -> Result<(Holder, Option<KeyKind>), Error> {
        let (mut holder, kind) = match &self.options.from {
            Some(path) => renewed(path)?,
            None => (Holder { common_name: None, organization: None, names: Vec::new() }, None),
        };
        for name in self.names {
            if !holder.names.contains(name) {
                holder.names.push(name.clone());
            }
        }
        if self.options.organization.is_some() {
            holder.organization.clone_from(&self.options.organization);
        }
        if let Some(name) = self.common_name {
            holder.common_name = Some(name.to_owned());
        }
        if holder.common_name.is_none() {
            let name = holder.names.first().map(AlternativeName::text);
            holder.common_name = name.filter(|name| name.chars().count() <= 64);
        }
        self.is_named(&holder)?;
        Ok((holder, kind))
    }

    fn is_named(&self, holder: &Holder) -> Result<(), Error> {
        let by = |found: fn(&AlternativeName) -> bool| holder.names.iter().any(found);
        if self.purpose == Purpose::Client {
            if holder.common_name.is_none() && holder.names.is_empty() {
                return Err(Error::new("the certificate would name nobody; --cn or --san says who it is"));
            }
        // Whoever checks SPIFFE IDs asks for no host.
        } else if !by(AlternativeName::is_host) && !by(AlternativeName::is_spiffe) {
            let name = holder.common_name.as_deref().filter(|name| name.parse::<AlternativeName>().is_ok());
            return Err(Error::new(format!(
                "a server needs a name that clients connect to: --san DNS:{}, or --san IP:ADDRESS",
                name.unwrap_or("HOST")
            )));
        }
        Ok(())
    }
}

/// Names as they are shown, in one line.
pub(super) fn list(names: &[AlternativeName]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Who a certificate is for, to make another for the same, and the kind of its key.
fn renewed(path: &Path) -> Result<(Holder, Option<KeyKind>), Error> {
    let shown = path.display();
    let bytes = read::file(path)?;
    let block = read::blocks(&bytes).into_iter().find(|block| block.label == "CERTIFICATE");
    let Some(block) = block else {
        return Err(Error::new(format!("{shown} holds no certificate to renew; --from names one in PEM")));
    };
    let line = block.line;
    let der: CertificateDer<'_> =
        block.content.map_err(|fault| Error::new(format!("{shown}, line {line}: {fault}")))?.into();
    let (_, certificate) = X509Certificate::from_der(&der)
        .map_err(|error| Error::new(format!("{shown}, line {line}: no certificate: {error}")))?;
    let first = |text: Option<&str>| text.map(str::to_owned);
    let subject = certificate.subject();
    let mut names = Vec::new();
    for name in facts::alternative_names(&certificate) {
        // A name that nobody could match is no name to take over.
        names.push(name.parse().map_err(|error: Error| {
            Error::new(format!(
                "{shown} has a name that cannot be taken over: {error}; give the names with --san"
            ))
        })?);
    }
    let holder = Holder {
        common_name: first(subject.iter_common_name().next().and_then(|name| name.as_str().ok())),
        organization: first(subject.iter_organization().next().and_then(|name| name.as_str().ok())),
        names,
    };
    Ok((holder, facts::PublicKey::of(certificate.public_key()).kind()))
}

/// How to make the same again, before it ends.
pub(super) fn renewal(
    command: &str,
    certificate: &Path,
    wanted: &Wanted<'_>,
    until: OffsetDateTime,
) -> String {
    let (options, mut flags) = (wanted.options, String::new());
    if wanted.self_signed {
        flags.push_str(" --self-signed");
    } else if options.ca != Path::new("ca.pem") {
        flags = format!(" --ca {}", quoted(&options.ca));
    }
    if let Some(key) = &options.ca_key {
        let _ = write!(flags, " --ca-key {}", quoted(key));
    }
    if wanted.purpose == Purpose::Both {
        flags.push_str(" --also-client");
    }
    if options.days != DAYS {
        let _ = write!(flags, " --days {}", options.days);
    }
    let path = quoted(certificate);
    let out = if certificate == Path::new(&format!("{command}.pem")) {
        String::new()
    } else {
        format!(" --out {path}")
    };
    let day = moment(until);
    format!(
        "renew it before {}; a running server or client takes the new one by itself:\n  gannet certs {command} --from \
         {path}{out}{flags} --force",
        day.split(' ').next().unwrap_or_default()
    )
}

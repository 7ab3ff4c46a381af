//! The client's side: whom it trusts, its certificate if it has one, and the handshake.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::TlsConnector;

use super::certificate::Facts;
use super::explain::{self, Peer};
use super::handshake;
use super::live::{Live, RELOAD_EVERY, Recipe};
use super::materials::{Contents, Identity, Materials};
use super::opening::{FirstBytes, Remembered};
use super::provider::{NO_PROVIDER, default_provider};
use super::secured::{Explain, Secured};
use super::source::{Holds, Source};
use super::verify::{self, Presented, Refused, Trusted};
use super::{H2, PeerIdentity, TlsVersions};
use crate::{Accepted, Error, Phase};

/// TLS for a client: whom it trusts, and the certificate it presents, if any.
///
/// Cheap to clone. Clones share what is live: [`reload`](Self::reload) and [`replace`](Self::replace) on one are seen by
/// all. The methods that change a setting give a value of its own, which shares nothing with the one it was made of.
///
/// Files are looked at every 30 seconds ([`reload_every`](Self::reload_every)) once the first connection was made: when
/// what is in one has changed, new connections use it. Connections that are open stay as they are. If what is new is bad,
/// the client keeps what it has, and logs why.
///
/// ```no_run
/// use gannet_transport::tls::ClientTls;
///
/// # fn main() -> Result<(), gannet_transport::Error> {
/// let tls = ClientTls::with_ca_file("ca.pem")?.identity_files("client.pem", "client.key")?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ClientTls {
    live: Live<ClientRecipe>,
}

#[derive(Debug, Clone)]
struct ClientRecipe {
    materials: Materials,
    system_roots: bool,
    server_name: Option<String>,
    versions: TlsVersions,
    provider: Option<Arc<CryptoProvider>>,
    given: Option<Arc<ClientConfig>>,
    reload_every: Duration,
}

/// What a handshake needs.
struct ClientSide {
    config: Arc<ClientConfig>,
    own: Option<Facts>,
    versions: TlsVersions,
}

impl Default for ClientTls {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientTls {
    /// Trusts the CAs of the system, which are read once, when the first connection needs them.
    pub fn new() -> Self {
        Self::of(true, None)
    }

    fn of(system_roots: bool, given: Option<Arc<ClientConfig>>) -> Self {
        let live = Live::new(ClientRecipe {
            materials: Materials::default(),
            system_roots,
            server_name: None,
            versions: TlsVersions::default(),
            provider: None,
            given,
            reload_every: RELOAD_EVERY,
        });
        Self { live }
    }

    /// Trusts the CAs of this PEM file alone. The file is watched.
    ///
    /// A server's own certificate may stand in it instead of a CA's.
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`], with the file and what to do about it.
    pub fn with_ca_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::of(false, None).add_ca_file(path)
    }

    /// Trusts the CAs of this PEM alone.
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`] if it holds no certificates.
    pub fn with_ca(pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::of(false, None).add_ca(pem)
    }

    /// With rustls's own configuration, for what there is no setting for.
    ///
    /// It is taken as it is, except that `h2` is offered by ALPN if the configuration offers nothing. Whom it trusts and
    /// what it presents are in it, so the settings here for certificates, versions and provider are refused or without
    /// effect.
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`] if it offers other protocols by ALPN and not `h2`, or early data (0-RTT), which anyone who
    /// sees it can send again (RFC 8446 section 8).
    pub fn from_config(config: Arc<ClientConfig>) -> Result<Self, Error> {
        if config.enable_early_data {
            let why = "its enable_early_data is set: early data can be sent again by others, which calls must not be";
            return Err(Error::new(Phase::Configure, "the rustls::ClientConfig", why));
        }
        let config = if config.alpn_protocols.is_empty() {
            let mut config = Arc::unwrap_or_clone(config);
            config.alpn_protocols = vec![H2.to_vec()];
            Arc::new(config)
        } else if config.alpn_protocols.iter().any(|protocol| protocol == H2) {
            config
        } else {
            let why = "its alpn_protocols are without `h2`, which gRPC needs";
            return Err(Error::new(Phase::Configure, "the rustls::ClientConfig", why));
        };
        Ok(Self::of(false, Some(config)))
    }

    /// Trusts the CAs of this PEM file too. The file is watched.
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`], with the file and what to do about it.
    pub fn add_ca_file(self, path: impl AsRef<Path>) -> Result<Self, Error> {
        let source = Source::file(Holds::CaCertificates, path.as_ref())?;
        self.with_material("CAs", |materials| materials.authorities.push(source))
    }

    /// Trusts the CAs of this PEM too.
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`] if it holds no certificates.
    pub fn add_ca(self, pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        let source = Source::bytes(Holds::CaCertificates, pem.as_ref());
        self.with_material("CAs", |materials| materials.authorities.push(source))
    }

    /// Presents the certificate of these PEM files to servers that ask for one. The files are watched.
    ///
    /// The first file holds the client's certificate and then those of the intermediate CAs, the second the private key:
    /// PKCS#8, PKCS#1 or SEC1, not encrypted. They may be one file.
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`], with the file and what to do about it.
    pub fn identity_files(self, certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, Error> {
        let identity = Identity::files(certificate.as_ref(), key.as_ref())?;
        self.with_material("a client certificate", |materials| materials.identity = Some(identity))
    }

    /// Presents this certificate to servers that ask for one, like [`identity_files`](Self::identity_files).
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`]: it is no PEM or not what it should be, or the key is not that of the certificate.
    pub fn identity(self, certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Result<Self, Error> {
        let identity = Identity::pem(certificate.as_ref(), key.as_ref());
        self.with_material("a client certificate", |materials| materials.identity = Some(identity))
    }

    /// Refuses server certificates that a list of this PEM file (`X509 CRL`) revokes; the file is watched.
    ///
    /// A certificate for whose issuer there is no list is taken. A list that is out of date counts as it is.
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`], with the file and what to do about it.
    pub fn crl_file(self, path: impl AsRef<Path>) -> Result<Self, Error> {
        let source = Source::file(Holds::RevocationLists, path.as_ref())?;
        self.with_material("revocation lists", |materials| materials.revocation_lists.push(source))
    }

    /// Refuses server certificates that a list of this PEM revokes, like [`crl_file`](Self::crl_file).
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`] if it holds no revocation list.
    pub fn crl(self, pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        let source = Source::bytes(Holds::RevocationLists, pem.as_ref());
        self.with_material("revocation lists", |materials| materials.revocation_lists.push(source))
    }

    fn with_material(self, what: &str, change: impl FnOnce(&mut Materials)) -> Result<Self, Error> {
        self.refuse_if_given(what)?;
        self.with(|recipe| change(&mut recipe.materials)).checked()
    }

    /// The name to ask for and to look for in the server's certificate, instead of the host that is connected to.
    ///
    /// A DNS name or an IP address. The `:authority` of calls is another matter: it stays the channel's.
    pub fn server_name(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.with(|recipe| recipe.server_name = Some(name))
    }

    /// Which versions of TLS are offered: 1.2 and 1.3 unless said otherwise.
    pub fn versions(self, versions: TlsVersions) -> Self {
        self.with(|recipe| recipe.versions = versions)
    }

    /// The cryptography: unless given, the provider that the process has installed, else that of the crate's features.
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`] if the provider cannot use the client's key.
    pub fn provider(self, provider: Arc<CryptoProvider>) -> Result<Self, Error> {
        self.refuse_if_given("a provider")?;
        self.with(|recipe| recipe.provider = Some(provider)).checked()
    }

    /// How often the files are looked at: every 30 seconds unless said otherwise; zero for never.
    pub fn reload_every(self, every: Duration) -> Self {
        self.with(|recipe| recipe.reload_every = every)
    }

    /// Reads the files now, and uses for new connections what they hold. Blocks while it reads.
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`] if what they hold is bad; then all stays as it was.
    pub fn reload(&self) -> Result<(), Error> {
        self.live.reload()
    }

    /// Puts the settings of `other` in place of these, for all clones of this; open connections stay as they are.
    pub fn replace(&self, other: &Self) {
        self.live.replace(&other.live);
    }

    fn with(&self, change: impl FnOnce(&mut ClientRecipe)) -> Self {
        Self { live: self.live.with(change) }
    }

    /// Finds early what is wrong with the materials.
    fn checked(self) -> Result<Self, Error> {
        let recipe = self.live.recipe();
        recipe.materials.check(recipe.provider().as_deref())?;
        Ok(self)
    }

    fn refuse_if_given(&self, what: &str) -> Result<(), Error> {
        if self.live.recipe().given.is_none() {
            return Ok(());
        }
        let why = format!("it is taken as it is: set {what} in it rather than in ClientTls");
        Err(Error::new(Phase::Configure, "the rustls::ClientConfig", why))
    }

    /// Performs the handshake with the server that `accepted` reached, and gives the connection with TLS and the server's
    /// verified [`PeerIdentity`].
    ///
    /// `host` is the DNS name or IP address, without a port, that the server's certificate has to hold, unless
    /// [`server_name`](Self::server_name) says otherwise. There is no time-out of its own.
    ///
    /// With TLS 1.3 the server looks at the client's certificate only after this: that it refuses it shows as an error
    /// of the first read from the connection, which holds an [`Error`] of [`Phase::Handshake`].
    ///
    /// # Errors
    ///
    /// [`Phase::Handshake`]: why it failed and how to mend it. [`Phase::Configure`] if the settings cannot be used.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn connect(&self, accepted: Accepted, host: &str) -> Result<Accepted, Error> {
        let (recipe, side) = self.live.current().await?;
        let asked_for = recipe.server_name.as_deref().unwrap_or(host);
        // A connection of rustls is large, and the caller's future would be so for good.
        Box::pin(side.connect(accepted, host, asked_for)).await
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recipe = self.live.recipe();
        formatter
            .debug_struct("ClientTls")
            .field("materials", &recipe.materials)
            .field("system_roots", &recipe.system_roots)
            .field("server_name", &recipe.server_name)
            .field("versions", &recipe.versions)
            .finish_non_exhaustive()
    }
}

impl ClientRecipe {
    fn provider(&self) -> Option<Arc<CryptoProvider>> {
        self.provider.clone().or_else(default_provider)
    }
}

impl Recipe for ClientRecipe {
    type Config = ClientSide;

    const WHOSE: &'static str = "client";

    fn materials(&self) -> &Materials {
        &self.materials
    }

    fn reload_every(&self) -> Duration {
        self.reload_every
    }

    fn build(&self, contents: &Contents) -> Result<ClientSide, Error> {
        if let Some(config) = &self.given {
            return Ok(ClientSide { config: Arc::clone(config), own: None, versions: self.versions });
        }
        let refuse = |why: String| Error::new(Phase::Configure, "the client's TLS", why);
        let provider = self.provider().ok_or_else(|| refuse(NO_PROVIDER.to_owned()))?;
        let parsed = self.materials.parse(contents, Some(&provider))?;
        parsed.warn();
        let mut roots = parsed.roots;
        if self.system_roots {
            add_system_roots(&mut roots)?;
        }
        let lists = !parsed.revocation_lists.is_empty();
        let trusted = Trusted::new(parsed.authorities, self.system_roots, lists);
        let servers =
            verify::of_servers(roots, trusted, parsed.revocation_lists, &provider).map_err(|cause| {
                refuse(format!(
                    "its CAs or revocation lists ({}) cannot be used: {cause}",
                    self.materials.trust_named()
                ))
            })?;
        // rustls calls dangerous what could verify nothing; ours verifies more than its own does.
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions.supported())
            .map_err(|cause| refuse(format!("{} cannot be spoken: {cause}", self.versions.named())))?
            .dangerous()
            .with_custom_certificate_verifier(servers);
        let (certified, own) = parsed.identity.map(|identity| (identity.certified, identity.facts)).unzip();
        let mut config = builder.with_client_cert_resolver(Arc::new(Presented(certified)));
        config.alpn_protocols = vec![H2.to_vec()];
        Ok(ClientSide { config: Arc::new(config), own, versions: self.versions })
    }
}

/// Adds the CAs of the system, which are read once for the whole process.
fn add_system_roots(roots: &mut RootCertStore) -> Result<(), Error> {
    static SYSTEM: OnceLock<Result<Vec<CertificateDer<'static>>, Error>> = OnceLock::new();
    let system = SYSTEM.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        if !found.certs.is_empty() {
            return Ok(found.certs);
        }
        let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        let errors = if errors.is_empty() { String::new() } else { format!(" ({})", errors.join("; ")) };
        let why = format!(
            "none was found{errors}: install the package ca-certificates, set SSL_CERT_FILE, or give the CAs to trust \
             with ClientTls::with_ca_file"
        );
        Err(Error::new(Phase::Configure, "the CAs of the system", why))
    });
    // What rustls cannot use among them is left out: systems carry odd ones along.
    roots.add_parsable_certificates(system.as_ref().map_err(Clone::clone)?.iter().cloned());
    Ok(())
}

impl ClientSide {
    async fn connect(&self, accepted: Accepted, host: &str, asked_for: &str) -> Result<Accepted, Error> {
        let refuse = |why: String| Error::new(Phase::Handshake, host, why);
        let bare = asked_for.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(asked_for);
        let Ok(name) = ServerName::try_from(bare.to_owned()) else {
            let why = format!(
                "`{asked_for}` is neither a DNS name nor an IP address that a certificate could hold: say with \
                 ClientTls::server_name which name the server has"
            );
            return Err(refuse(why));
        };
        let Accepted { io, info } = accepted;
        let connect = TlsConnector::from(Arc::clone(&self.config)).connect(name, Remembered::new(io));
        let (result, noted) = verify::watched(connect.into_fallible()).await;
        let stream = match result {
            Ok(stream) => stream,
            Err((cause, mut io)) => {
                if handshake::cause(&cause).is_none() {
                    io.read_first().await;
                }
                let why = self.explain(&cause, noted.refused.as_ref(), asked_for, io.first());
                // The alert that says it went out already; shutting our side lets the server see it.
                let _ = tokio::io::AsyncWriteExt::shutdown(&mut io).await;
                return Err(refuse(why));
            }
        };
        let connection = stream.get_ref().1;
        let tls = handshake::agreed(connection);
        match tls.alpn() {
            Some("h2") => {}
            Some(other) => {
                return Err(refuse(format!(
                    "the server chose `{other}` by ALPN, not `h2`, which gRPC needs"
                )));
            }
            None => {
                return Err(refuse(
                    "the server speaks TLS, but chose no protocol by ALPN: gRPC needs one that offers `h2` (HTTP/2)"
                        .to_owned(),
                ));
            }
        }
        let identity = connection.peer_certificates().map_or(Ok(None), PeerIdentity::verified);
        let identity = identity
            .map_err(|malformed| refuse(format!("the server's certificate cannot be read: {malformed}")))?;
        let mut info = info.with_tls(tls.with_server_name(bare));
        if let Some(identity) = identity {
            info = info.with(identity);
        }
        let asked = noted.certificate_asked_for;
        let explain = explain_first_read(host.to_owned(), asked_for.to_owned(), self.own.clone(), asked);
        Ok(Accepted { io: Box::new(Secured::new(stream, Some(explain))), info })
    }

    fn explain(
        &self,
        cause: &io::Error,
        refused: Option<&Refused>,
        asked_for: &str,
        first: FirstBytes,
    ) -> String {
        if let Some(other) = not_tls(first) {
            return format!("the server does not speak TLS on this port; it {other}: use http:// for it");
        }
        let Some(error) = handshake::cause(cause) else {
            return match cause.kind() {
                io::ErrorKind::UnexpectedEof if first.as_slice().is_empty() => {
                    "the server closed the connection without an answer: it may not speak TLS on this port (then use \
                     http://), or turn connections away"
                        .to_owned()
                }
                io::ErrorKind::UnexpectedEof => "the server closed the connection in the middle of it".to_owned(),
                io::ErrorKind::ConnectionReset if first.as_slice().is_empty() => format!(
                    "the server reset the connection ({cause}): it may not speak TLS on this port (then use http://)"
                ),
                _ => cause.to_string(),
            };
        };
        if let Some(why) = explain::nothing_in_common(error, self.versions, Peer::Server) {
            return why;
        }
        match error {
            rustls::Error::InvalidCertificate(certificate) => {
                explain::refused_certificate(certificate, refused, Peer::Server)
            }
            rustls::Error::InvalidCertRevocationList(list) => {
                format!("the revocation list for the server's certificate is not good: {list:?}")
            }
            rustls::Error::AlertReceived(alert) => {
                explain::alert_of_server(*alert, self.own.as_ref(), asked_for)
            }
            other => format!("the server broke the rules of TLS: {other}"),
        }
    }
}

/// What a server that does not speak TLS did, by its first bytes.
fn not_tls(first: FirstBytes) -> Option<String> {
    match first.as_slice() {
        [] => None,
        // A record of a handshake or an alert.
        [21 | 22, 3, ..] | [21 | 22] => None,
        // SETTINGS of the connection is the first frame of every server (RFC 9113 section 3.4).
        [_, _, _, 4, _, 0, 0, 0, 0, ..] => Some("began with HTTP/2".to_owned()),
        bytes if bytes.starts_with(b"HTTP/1.") => Some("answered in HTTP/1".to_owned()),
        bytes => Some(format!("answered \"{}\"", bytes.escape_ascii())),
    }
}

/// What an error or an end at the first read means: with TLS 1.3 the server's refusal of our certificate.
fn explain_first_read(
    host: String,
    asked_for: String,
    own: Option<Facts>,
    certificate_asked: bool,
) -> Explain {
    Box::new(move |end| {
        let why = match end {
            Some(error) => match handshake::cause(error) {
                Some(rustls::Error::AlertReceived(alert)) => {
                    explain::alert_of_server(*alert, own.as_ref(), &asked_for)
                }
                // The end of a server that does not wait until its alert is read.
                None if error.kind() == io::ErrorKind::ConnectionReset && certificate_asked => {
                    explain::silence_of_server(own.as_ref())
                }
                _ => return None,
            },
            None if certificate_asked => explain::silence_of_server(own.as_ref()),
            None => return None,
        };
        let kind = end.map_or(io::ErrorKind::ConnectionAborted, io::Error::kind);
        Some(io::Error::new(kind, Error::new(Phase::Handshake, host.as_str(), why)))
    })
}

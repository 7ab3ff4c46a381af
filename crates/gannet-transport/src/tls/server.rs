//! The server's side: its certificate, whose clients it takes, and the handshake.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ServerSessionMemoryCache, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use tokio_rustls::TlsAcceptor;

use super::certificate::Facts;
use super::explain::{self, Peer};
use super::handshake::{self, Handshakes};
use super::live::{Live, RELOAD_EVERY, Recipe};
use super::materials::{Contents, Identity, Materials};
use super::opening::{self, FirstBytes, Opening, Replayed};
use super::provider::{NO_PROVIDER, default_provider};
use super::secured::Secured;
use super::source::{Holds, Source};
use super::verify::{self, Refused, Trusted};
use super::{H2, HandshakeError, HandshakeErrorKind, PeerIdentity, TlsVersions};
use crate::{Accepted, Error, Phase, TransportStream};

/// How long a handshake may take unless said otherwise.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How many handshakes may be under way unless said otherwise.
const MAX_HANDSHAKES: usize = 512;

/// Sessions that a server remembers, for clients that come back: about 1 KiB each, and the client's certificates.
const SESSIONS: usize = 1024;

/// What a client without TLS is told.
const SPEAKS_TLS: &str = "this port speaks TLS: use https://, or a channel with TLS credentials";

/// TLS for a server: its certificate and key, and whose client certificates it takes.
///
/// Cheap to clone. Clones share what is live: [`reload`](Self::reload) and [`replace`](Self::replace) on one are seen by
/// all. The methods that change a setting give a value of its own, which shares nothing with the one it was made of.
///
/// Files are looked at every 30 seconds ([`reload_every`](Self::reload_every)) once a server listens with it: when what is
/// in one has changed, new connections use it. Connections that are open stay as they are. If what is new is bad,
/// the server keeps what it has, and logs why.
///
/// ```no_run
/// use gannet_transport::tls::ServerTls;
///
/// # fn main() -> Result<(), gannet_transport::Error> {
/// let tls = ServerTls::from_pem_files("server.pem", "server.key")?.require_client_ca_file("ca.pem")?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ServerTls {
    live: Live<ServerRecipe>,
    handshakes: Arc<Handshakes>,
}

#[derive(Debug, Clone)]
struct ServerRecipe {
    materials: Materials,
    clients: Clients,
    versions: TlsVersions,
    provider: Option<Arc<CryptoProvider>>,
    given: Option<Arc<ServerConfig>>,
    reload_every: Duration,
    handshake_timeout: Duration,
    max_handshakes: usize,
}

/// Which certificates of clients are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clients {
    Anonymous,
    MayPresent,
    MustPresent,
}

/// What a handshake needs.
struct ServerSide {
    config: Arc<ServerConfig>,
    own: Option<Facts>,
    versions: TlsVersions,
}

impl ServerTls {
    fn new(materials: Materials, given: Option<Arc<ServerConfig>>) -> Self {
        Self::of(Live::new(ServerRecipe {
            materials,
            clients: Clients::Anonymous,
            versions: TlsVersions::default(),
            provider: None,
            given,
            reload_every: RELOAD_EVERY,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            max_handshakes: MAX_HANDSHAKES,
        }))
    }

    fn of(live: Live<ServerRecipe>) -> Self {
        Self { live, handshakes: Arc::default() }
    }

    /// With a certificate and its key from PEM files, which are watched.
    ///
    /// The first file holds the server's certificate and then those of the intermediate CAs, the second the private key:
    /// PKCS#8, PKCS#1 or SEC1, not encrypted. They may be one file.
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`], with the file and what to do about it: it cannot be read, is no PEM or not what it should be,
    /// or the key is not that of the certificate.
    pub fn from_pem_files(certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, Error> {
        let identity = Some(Identity::files(certificate.as_ref(), key.as_ref())?);
        Self::new(Materials { identity, ..Materials::default() }, None).checked()
    }

    /// With a certificate and its key as PEM, like [`from_pem_files`](Self::from_pem_files).
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`]: it is no PEM or not what it should be, or the key is not that of the certificate.
    pub fn from_pem(certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Result<Self, Error> {
        let identity = Some(Identity::pem(certificate.as_ref(), key.as_ref()));
        Self::new(Materials { identity, ..Materials::default() }, None).checked()
    }

    /// With rustls's own configuration, for what there is no setting for.
    ///
    /// It is taken as it is, except that `h2` is offered by ALPN if the configuration offers nothing. What verifies client
    /// certificates is in it, so the settings here for certificates, versions and provider are refused or without effect.
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`] if it offers other protocols by ALPN and not `h2`, or takes early data (0-RTT), which anyone
    /// who sees it can send again: calls are not all such that they may come twice (RFC 8446 section 8).
    pub fn from_config(config: Arc<ServerConfig>) -> Result<Self, Error> {
        if config.max_early_data_size > 0 {
            let why = "its max_early_data_size is not 0: early data can be sent again by others, which calls must not be";
            return Err(Error::new(Phase::Configure, "the rustls::ServerConfig", why));
        }
        let config = if config.alpn_protocols.is_empty() {
            let mut config = Arc::unwrap_or_clone(config);
            config.alpn_protocols = vec![H2.to_vec()];
            Arc::new(config)
        } else if config.alpn_protocols.iter().any(|protocol| protocol == H2) {
            config
        } else {
            let why = "its alpn_protocols are without `h2`, which gRPC needs";
            return Err(Error::new(Phase::Configure, "the rustls::ServerConfig", why));
        };
        Ok(Self::new(Materials::default(), Some(config)))
    }

    /// Requires a certificate of every client, issued by a CA of this PEM file, which is watched. Several calls add up.
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`], with the file and what to do about it.
    pub fn require_client_ca_file(self, path: impl AsRef<Path>) -> Result<Self, Error> {
        let source = Source::file(Holds::CaCertificates, path.as_ref())?;
        self.with_authority(source, Clients::MustPresent)
    }

    /// Requires a certificate of every client, issued by a CA of this PEM. Several calls add up.
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`] if it holds no certificates.
    pub fn require_client_ca(self, pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        let source = Source::bytes(Holds::CaCertificates, pem.as_ref());
        self.with_authority(source, Clients::MustPresent)
    }

    /// Asks clients for a certificate issued by a CA of this PEM file, which is watched, and takes those without one too:
    /// they have no [`PeerIdentity`].
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`], with the file and what to do about it.
    pub fn request_client_ca_file(self, path: impl AsRef<Path>) -> Result<Self, Error> {
        let source = Source::file(Holds::CaCertificates, path.as_ref())?;
        self.with_authority(source, Clients::MayPresent)
    }

    /// Asks clients for a certificate issued by a CA of this PEM, and takes those without one too.
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`] if it holds no certificates.
    pub fn request_client_ca(self, pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        let source = Source::bytes(Holds::CaCertificates, pem.as_ref());
        self.with_authority(source, Clients::MayPresent)
    }

    fn with_authority(self, source: Source, clients: Clients) -> Result<Self, Error> {
        self.refuse_if_given("client certificates")?;
        self.with(|recipe| {
            recipe.materials.authorities.push(source);
            // Required once is required.
            if recipe.clients != Clients::MustPresent {
                recipe.clients = clients;
            }
        })
        .checked()
    }

    /// Refuses client certificates that a list of this PEM file (`X509 CRL`) revokes; the file is watched.
    ///
    /// A certificate for whose issuer there is no list is taken. A list that is out of date counts as it is.
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`], with the file and what to do about it.
    pub fn crl_file(self, path: impl AsRef<Path>) -> Result<Self, Error> {
        let source = Source::file(Holds::RevocationLists, path.as_ref())?;
        self.with_revocation_list(source)
    }

    /// Refuses client certificates that a list of this PEM revokes, like [`crl_file`](Self::crl_file).
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`] if it holds no revocation list.
    pub fn crl(self, pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        let source = Source::bytes(Holds::RevocationLists, pem.as_ref());
        self.with_revocation_list(source)
    }

    fn with_revocation_list(self, source: Source) -> Result<Self, Error> {
        self.refuse_if_given("revocation lists")?;
        self.with(|recipe| recipe.materials.revocation_lists.push(source)).checked()
    }

    /// Which versions of TLS are spoken: 1.2 and 1.3 unless said otherwise.
    pub fn versions(self, versions: TlsVersions) -> Self {
        self.with(|recipe| recipe.versions = versions)
    }

    /// The cryptography: unless given, the provider that the process has installed, else that of the crate's features.
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`] if the provider cannot use the key.
    pub fn provider(self, provider: Arc<CryptoProvider>) -> Result<Self, Error> {
        self.refuse_if_given("a provider")?;
        self.with(|recipe| recipe.provider = Some(provider)).checked()
    }

    /// How often the files are looked at: every 30 seconds unless said otherwise; zero for never.
    pub fn reload_every(self, every: Duration) -> Self {
        self.with(|recipe| recipe.reload_every = every)
    }

    /// How long a client may take for its handshake: 10 seconds unless said otherwise.
    pub fn handshake_timeout(self, timeout: Duration) -> Self {
        self.with(|recipe| recipe.handshake_timeout = timeout)
    }

    /// How many handshakes may be under way: 512 unless said otherwise. When there are more the oldest is given up, so
    /// that clients that do not go on with theirs do not keep others out.
    pub fn max_handshakes(self, most: usize) -> Self {
        self.with(|recipe| recipe.max_handshakes = most)
    }

    /// Reads the files now, and uses for new connections what they hold; within a runtime, they are watched from then on.
    /// Blocks while it reads.
    ///
    /// If nothing has changed, nothing does; otherwise clients can no longer go on with sessions of before, so that
    /// each is verified anew.
    ///
    /// # Errors
    ///
    /// [`Phase::Configure`] if what they hold is bad; then all stays as it was.
    pub fn reload(&self) -> Result<(), Error> {
        self.live.reload()
    }

    /// Puts the settings of `other` in place of these, for all clones of this; open connections stay as they are.
    ///
    /// ```no_run
    /// # use gannet_transport::tls::ServerTls;
    /// # fn f(live: ServerTls, certificate: &str, key: &str) -> Result<(), gannet_transport::Error> {
    /// live.replace(&ServerTls::from_pem(certificate, key)?);
    /// # Ok(()) }
    /// ```
    pub fn replace(&self, other: &Self) {
        self.live.replace(&other.live);
    }

    fn with(&self, change: impl FnOnce(&mut ServerRecipe)) -> Self {
        Self::of(self.live.with(change))
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
        let why = format!("it is taken as it is: set {what} in it rather than in ServerTls");
        Err(Error::new(Phase::Configure, "the rustls::ServerConfig", why))
    }

    /// Performs the handshake with a client, and gives the connection with TLS and, if the client presented a certificate,
    /// its [`PeerIdentity`].
    ///
    /// To be called on a task of each connection's own. It ends in time, and while more than
    /// [`max_handshakes`](Self::max_handshakes) are under way the oldest end early. A client that does not speak TLS is
    /// told so in its own language.
    ///
    /// # Errors
    ///
    /// [`HandshakeError`], for the server's log; the connection is closed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn accept(&self, accepted: Accepted) -> Result<Accepted, HandshakeError> {
        let remote = accepted.info.remote_address().cloned();
        self.accept_within(accepted).await.map_err(|error| error.with(remote))
    }

    async fn accept_within(&self, accepted: Accepted) -> Result<Accepted, HandshakeError> {
        let current = self.live.current().await;
        let (recipe, side) = current
            .map_err(|error| HandshakeError::new(HandshakeErrorKind::Configuration, error.to_string()))?;
        let slot = self.handshakes.begin(recipe.max_handshakes);
        // A connection of rustls is large, and the caller's future would be so for good.
        let handshake = Box::pin(side.accept(accepted));
        let handshake = tokio::time::timeout(recipe.handshake_timeout, handshake);
        match slot.unless_evicted(handshake).await {
            Some(Ok(result)) => result,
            Some(Err(_)) => {
                let why = format!("the client did not finish within {:?}", recipe.handshake_timeout);
                Err(HandshakeError::new(HandshakeErrorKind::TimedOut, why))
            }
            None => {
                let most = recipe.max_handshakes;
                let why = format!("more than {most} were under way, and this was the oldest");
                Err(HandshakeError::new(HandshakeErrorKind::Evicted, why))
            }
        }
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recipe = self.live.recipe();
        formatter
            .debug_struct("ServerTls")
            .field("materials", &recipe.materials)
            .field("clients", &recipe.clients)
            .field("versions", &recipe.versions)
            .finish_non_exhaustive()
    }
}

impl ServerRecipe {
    fn provider(&self) -> Option<Arc<CryptoProvider>> {
        self.provider.clone().or_else(default_provider)
    }
}

impl Recipe for ServerRecipe {
    type Config = ServerSide;

    const WHOSE: &'static str = "server";

    fn materials(&self) -> &Materials {
        &self.materials
    }

    fn reload_every(&self) -> Duration {
        self.reload_every
    }

    fn build(&self, contents: &Contents) -> Result<ServerSide, Error> {
        if let Some(config) = &self.given {
            return Ok(ServerSide { config: Arc::clone(config), own: None, versions: self.versions });
        }
        let refuse = |why: String| Error::new(Phase::Configure, "the server's TLS", why);
        let provider = self.provider().ok_or_else(|| refuse(NO_PROVIDER.to_owned()))?;
        let parsed = self.materials.parse(contents, Some(&provider))?;
        parsed.warn();
        let identity = parsed.identity.ok_or_else(|| refuse("it has no certificate".to_owned()))?;
        if self.clients == Clients::Anonymous && !parsed.revocation_lists.is_empty() {
            let lists = self.materials.trust_named();
            return Err(refuse(format!(
                "the revocation lists ({lists}) are for client certificates, and none is asked for: add \
                 ServerTls::require_client_ca_file"
            )));
        }
        let clients = if self.clients == Clients::Anonymous {
            WebPkiClientVerifier::no_client_auth()
        } else {
            let lists = !parsed.revocation_lists.is_empty();
            let trusted = Trusted::new(parsed.authorities, false, lists);
            let required = self.clients == Clients::MustPresent;
            verify::of_clients(parsed.roots, trusted, parsed.revocation_lists, required, &provider).map_err(
                |cause| {
                    refuse(format!(
                        "its client CAs or revocation lists ({}) cannot be used: {cause}",
                        self.materials.trust_named()
                    ))
                },
            )?
        };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions.supported())
            .map_err(|cause| refuse(format!("{} cannot be spoken: {cause}", self.versions.named())))?
            .with_client_cert_verifier(clients)
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(identity.certified)));
        config.alpn_protocols = vec![H2.to_vec()];
        // Of its own for each configuration: a session of before must not go around what is verified from now on.
        config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
        Ok(ServerSide { config: Arc::new(config), own: Some(identity.facts), versions: self.versions })
    }
}

impl ServerSide {
    async fn accept(&self, accepted: Accepted) -> Result<Accepted, HandshakeError> {
        use HandshakeErrorKind as Kind;
        let Accepted { mut io, info } = accepted;
        let (opening, first) =
            opening::read(&mut io).await.map_err(|cause| HandshakeError::new(Kind::Io, cause.to_string()))?;
        if opening != Opening::Tls {
            return Err(refuse_opening(&mut io, opening, first).await);
        }
        let accept = TlsAcceptor::from(Arc::clone(&self.config)).accept(Replayed::new(io, first));
        let (result, noted) = verify::watched(accept.into_fallible()).await;
        let mut stream = match result {
            Ok(stream) => stream,
            Err((cause, mut io)) => {
                opening::close(&mut io).await;
                return Err(self.explain(&cause, noted.refused.as_ref()));
            }
        };
        let connection = stream.get_ref().1;
        let mut tls = handshake::agreed(connection);
        if tls.alpn() != Some("h2") {
            let why = "gRPC needs HTTP/2, and this client did not offer it by ALPN (RFC 7301): offer `h2`";
            opening::answer_http2(&mut stream, why).await;
            let why = match tls.alpn() {
                Some(other) => format!("the client chose `{other}` by ALPN, not `h2`, which gRPC needs"),
                None => "the client offers no protocol by ALPN; gRPC needs `h2`".to_owned(),
            };
            return Err(HandshakeError::new(Kind::NoHttp2, why));
        }
        if let Some(name) = connection.server_name() {
            tls = tls.with_server_name(name);
        }
        let identity = connection.peer_certificates().map_or(Ok(None), PeerIdentity::verified);
        let mut info = info.with_tls(tls);
        match identity {
            Ok(None) => {}
            Ok(Some(identity)) => {
                // A session that goes on was verified when it began.
                let facts = identity.facts();
                if facts.not_after < self.now() {
                    opening::close(&mut stream).await;
                    let why = format!(
                        "the client's certificate {} expired at {}, since its session began",
                        facts.who(),
                        super::certificate::utc(facts.not_after)
                    );
                    return Err(HandshakeError::new(Kind::ClientCertificateRefused, why));
                }
                info = info.with(identity);
            }
            Err(malformed) => {
                opening::close(&mut stream).await;
                let why = format!("the client's certificate cannot be read: {malformed}");
                return Err(HandshakeError::new(Kind::ClientCertificateRefused, why));
            }
        }
        Ok(Accepted { io: Box::new(Secured::new(stream, None)), info })
    }

    /// Seconds since 1970, by the clock that rustls looks at.
    fn now(&self) -> i64 {
        let now = self.config.time_provider.current_time();
        now.map_or_else(verify::now, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
    }

    fn explain(&self, cause: &io::Error, refused: Option<&Refused>) -> HandshakeError {
        use HandshakeErrorKind as Kind;
        let Some(error) = handshake::cause(cause) else {
            if cause.kind() == io::ErrorKind::UnexpectedEof {
                let why = "the client left in the middle of it, without saying why; it may not like our certificate";
                return HandshakeError::new(Kind::Closed, why);
            }
            return HandshakeError::new(Kind::Io, cause.to_string());
        };
        if let Some(why) = explain::nothing_in_common(error, self.versions, Peer::Client) {
            return HandshakeError::new(Kind::NothingInCommon, why);
        }
        match error {
            rustls::Error::NoCertificatesPresented => HandshakeError::new(
                Kind::ClientCertificateMissing,
                "a client certificate is required and the client gave none (gannet certs client makes one)",
            ),
            rustls::Error::InvalidCertificate(certificate) => HandshakeError::new(
                Kind::ClientCertificateRefused,
                explain::refused_certificate(certificate, refused, Peer::Client),
            ),
            rustls::Error::InvalidCertRevocationList(list) => HandshakeError::new(
                Kind::ClientCertificateRefused,
                format!("the revocation list for the client's certificate is not good: {list:?}"),
            ),
            rustls::Error::AlertReceived(alert) => HandshakeError::new(
                Kind::RefusedByClient,
                explain::alert_of_client(*alert, self.own.as_ref()),
            ),
            rustls::Error::NoApplicationProtocol => HandshakeError::new(
                Kind::NoHttp2,
                "the client offers other protocols than HTTP/2 by ALPN; gRPC needs `h2`",
            ),
            other => {
                HandshakeError::new(Kind::Protocol, format!("the client broke the rules of TLS: {other}"))
            }
        }
    }
}

/// Tells a client that does not speak TLS so, in its own language, and closes.
async fn refuse_opening(
    io: &mut Box<dyn TransportStream>,
    opening: Opening,
    first: FirstBytes,
) -> HandshakeError {
    use HandshakeErrorKind as Kind;
    match opening {
        Opening::Http2 => {
            opening::answer_http2(io, SPEAKS_TLS).await;
            let why = "the client speaks HTTP/2 without TLS: it has to use https://, or TLS credentials";
            HandshakeError::new(Kind::PlaintextHttp2, why)
        }
        Opening::Http1 => {
            opening::answer_http1(io, SPEAKS_TLS).await;
            let why = "the client speaks HTTP/1 without TLS: it has to use https://";
            HandshakeError::new(Kind::PlaintextHttp1, why)
        }
        Opening::Nothing => HandshakeError::new(Kind::ClosedAtOnce, "the client left without sending a byte"),
        Opening::Unknown | Opening::Tls => {
            opening::close(io).await;
            let first = first.as_slice().escape_ascii();
            HandshakeError::new(
                Kind::NotTls,
                format!("the client does not speak TLS; it began with \"{first}\""),
            )
        }
    }
}

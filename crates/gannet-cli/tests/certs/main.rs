//! `gannet certs` as its user runs it, judged by others: x509-parser reads what it made, rustls shakes hands with it, and
//! openssl, if it is there, verifies it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stderr, reason = "what is not tested, for want of a program, is said aloud")]

mod article;
mod guide;
mod making;
mod showing;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion,
};

/// An empty folder in which commands run.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// The names of the files in it.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_gannet"))
            .arg("certs")
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .unwrap()
    }

    /// What a command says that succeeds.
    fn said(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = text(&output.stdout);
        assert!(output.status.success(), "{arguments:?}: {said}{}", text(&output.stderr));
        assert!(output.stderr.is_empty(), "{arguments:?}: {}", text(&output.stderr));
        said
    }

    /// What a command says that finds something wrong.
    fn found(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}{}", text(&output.stderr));
        assert!(output.stderr.is_empty(), "{arguments:?}: {}", text(&output.stderr));
        said
    }

    /// What a command complains of that does nothing: neither writes a file nor changes one.
    fn complaint(&self, arguments: &[&str]) -> String {
        let before = self.contents();
        let output = self.run(arguments);
        let complaint = text(&output.stderr);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{arguments:?}: {}", text(&output.stdout));
        assert!(output.stdout.is_empty(), "{arguments:?}: {}", text(&output.stdout));
        assert_eq!(self.contents(), before, "{arguments:?}: {complaint}");
        complaint
    }

    fn contents(&self) -> Vec<(String, Vec<u8>)> {
        let read = |name: String| std::fs::read(self.path(&name)).map(|bytes| (name, bytes));
        self.names().into_iter().filter_map(|name| read(name).ok()).collect()
    }

    fn certificates(&self, name: &str) -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_file_iter(self.path(name)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn key(&self, name: &str) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_file(self.path(name)).unwrap()
    }

    fn roots(&self, name: &str) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        for certificate in self.certificates(name) {
            roots.add(certificate).unwrap();
        }
        Arc::new(roots)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

/// Both ends of a handshake, from files of a folder: `NAME.pem` and `NAME.key`.
struct Handshake<'a> {
    folder: &'a Folder,
    ca: &'a str,
    server: &'a str,
    /// Whose certificate the server asks for, if it asks.
    client: Option<&'a str>,
    host: &'a str,
}

impl Handshake<'_> {
    /// The error of the end that saw one, client's first.
    fn over(&self, version: &'static SupportedProtocolVersion) -> Result<(), String> {
        let folder = self.folder;
        let pem = |name: &str| folder.certificates(&format!("{name}.pem"));
        let key = |name: &str| folder.key(&format!("{name}.key"));
        let roots = folder.roots(self.ca);
        let provider = Arc::new(aws_lc_rs::default_provider());

        let server = ServerConfig::builder_with_provider(provider.clone());
        let server = server.with_protocol_versions(&[version]).unwrap();
        let server = match self.client {
            Some(_) => server.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone()).build().unwrap(),
            ),
            None => server.with_no_client_auth(),
        };
        let server =
            server.with_single_cert(pem(self.server), key(self.server)).map_err(|error| error.to_string())?;

        let client = ClientConfig::builder_with_provider(provider);
        let client = client.with_protocol_versions(&[version]).unwrap().with_root_certificates(roots);
        let client = match self.client {
            Some(name) => client.with_client_auth_cert(pem(name), key(name)).unwrap(),
            None => client.with_no_client_auth(),
        };
        let host = ServerName::try_from(self.host.to_owned()).unwrap();
        let client = ClientConnection::new(Arc::new(client), host).unwrap();
        let server = ServerConnection::new(Arc::new(server)).unwrap();
        converse(client.into(), server.into())
    }

    fn holds(&self) {
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            self.over(version).unwrap_or_else(|error| panic!("{}: {version:?}: {error}", self.host));
        }
    }

    fn fails(&self) -> String {
        self.over(&rustls::version::TLS13).unwrap_err()
    }
}

fn converse(mut client: rustls::Connection, mut server: rustls::Connection) -> Result<(), String> {
    for _ in 0..10 {
        for client_speaks in [true, false] {
            let (from, to) =
                if client_speaks { (&mut client, &mut server) } else { (&mut server, &mut client) };
            let mut bytes = Vec::new();
            while from.wants_write() {
                from.write_tls(&mut bytes).unwrap();
            }
            let mut bytes = bytes.as_slice();
            while !bytes.is_empty() {
                to.read_tls(&mut bytes).unwrap();
                to.process_new_packets().map_err(|error| error.to_string())?;
            }
        }
    }
    if client.is_handshaking() || server.is_handshaking() { Err("no end".to_owned()) } else { Ok(()) }
}

/// What openssl says, or `None` if there is no openssl: then a test says so and goes on.
fn openssl(folder: &Path, arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new("openssl").args(arguments).current_dir(folder).output() else {
        eprintln!("SKIPPED: openssl is not installed, so that nothing is compared with what it says");
        return None;
    };
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {said}");
    Some(said)
}

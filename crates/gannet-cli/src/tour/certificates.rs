//! The certificates of the chapters on TLS: what `gannet certs` makes, in a folder that goes with the chapter.

use std::path::{Path, PathBuf};

use time::{Duration, OffsetDateTime};

use crate::certs::files::{self, Output};
use crate::certs::{AlternativeName, Authority, Error, Holder, KeyKind, Purpose, Validity};

/// The server's name in the article.
pub(super) const SERVER_NAME: &str = "www.example.grpcdev.cn";

/// A folder with a CA's certificate, `ca.pem`, and what that CA signs.
pub(super) struct Certificates {
    folder: tempfile::TempDir,
    authority: Authority,
}

/// Another file than those before, whether they are there or not.
fn place(folder: &Path, name: &str, certificate: String, key: String) -> Result<(), Error> {
    let path = |end: &str| folder.join(format!("{name}.{end}"));
    files::write(&[Output::key(path("key"), key), Output::certificate(path("pem"), certificate)], true)?;
    Ok(())
}

impl Certificates {
    /// A new CA of this name.
    pub(super) fn new(name: &str) -> Result<Self, Error> {
        let folder =
            tempfile::tempdir().map_err(|error| Error::new(format!("no temporary folder: {error}")))?;
        let now = OffsetDateTime::now_utc();
        // Old enough to have signed what has expired since.
        let validity = Validity { from: now - Duration::days(365), until: now + Duration::days(365) };
        let authority = Authority::create(name, None, KeyKind::EcdsaP256, validity, 0, None)?;
        place(folder.path(), "ca", authority.certificate(), authority.key())?;
        Ok(Self { folder, authority })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `NAME.pem` and `NAME.key` for a server with these names, and a common name that is one of them.
    pub(super) fn server(&self, name: &str, names: &[&str]) -> Result<(), Error> {
        self.issue(name, SERVER_NAME, names, Purpose::Server, Validity::days(90))
    }

    /// `NAME.pem` and `NAME.key` for a client.
    pub(super) fn client(&self, name: &str, common_name: &str, names: &[&str]) -> Result<(), Error> {
        self.issue(name, common_name, names, Purpose::Client, Validity::days(90))
    }

    /// The same, but it ended yesterday.
    pub(super) fn expired_client(&self, name: &str, common_name: &str) -> Result<(), Error> {
        let now = OffsetDateTime::now_utc();
        let validity = Validity { from: now - Duration::days(91), until: now - Duration::days(1) };
        self.issue(name, common_name, &[], Purpose::Client, validity)
    }

    fn issue(
        &self,
        name: &str,
        common_name: &str,
        names: &[&str],
        purpose: Purpose,
        validity: Validity,
    ) -> Result<(), Error> {
        let names = names.iter().map(|name| name.parse()).collect::<Result<Vec<AlternativeName>, _>>()?;
        let holder = Holder { common_name: Some(common_name.to_owned()), organization: None, names };
        let issued = self.authority.issue(&holder, purpose, KeyKind::EcdsaP256, validity)?;
        place(self.folder.path(), name, issued.certificate, issued.key)
    }
}

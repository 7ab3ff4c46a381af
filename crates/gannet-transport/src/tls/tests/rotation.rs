//! Certificates that change while connections are open.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::support::{
    Authority, Pair, assert_says, authority, failure, in_days, logs, of_client, of_server, say, shake,
    trusting,
};
use crate::tls::{ClientTls, HandshakeErrorKind as Kind, PeerIdentity, ServerTls};

/// The files of a server.
struct Files {
    folder: TempDir,
    ca: Authority,
}

impl Files {
    fn new() -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap(), ca: authority("test CA") };
        files.issue(1);
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).unwrap();
    }

    fn pair(&self, serial: u64) -> Pair {
        let mut params = of_server();
        params.serial_number = Some(serial.into());
        self.ca.issue(&params)
    }

    /// Puts a certificate with this serial number, and its key, in place.
    fn issue(&self, serial: u64) {
        let pair = self.pair(serial);
        self.write("server.pem", &pair.certificate);
        self.write("server.key", &pair.key);
    }

    fn server(&self) -> ServerTls {
        ServerTls::from_pem_files(self.path("server.pem"), self.path("server.key")).unwrap()
    }
}

/// The serial number of the certificate that a new connection sees.
async fn serial(server: &ServerTls, ca: &Authority) -> String {
    let (_, at_client) = shake(server, &trusting(ca), "localhost").await;
    PeerIdentity::of(Some(&at_client.unwrap().info)).unwrap().serial().to_owned()
}

/// Lets the watcher look at the files once.
async fn look() {
    tokio::time::sleep(Duration::from_secs(31)).await;
}

#[tokio::test(start_paused = true)]
async fn reload_takes_new_files_and_open_connections_stay() {
    let files = Files::new();
    let server = files.server();
    let (at_server, at_client) = shake(&server, &trusting(&files.ca), "localhost").await;
    let (mut at_server, mut at_client) = (at_server.unwrap(), at_client.unwrap());
    files.issue(2);
    server.clone().reload().unwrap();
    assert_eq!(serial(&server, &files.ca).await, "02");
    assert_eq!(say(&mut at_client, &mut at_server, b"still here").await, b"still here");
}

#[tokio::test(start_paused = true)]
async fn changed_files_are_found_and_unchanged_ones_end_no_sessions() {
    let files = Files::new();
    let server = files.server();
    assert_eq!(serial(&server, &files.ca).await, "01");
    files.issue(2);
    look().await;
    assert_eq!(serial(&server, &files.ca).await, "02");

    let client = trusting(&files.ca);
    for resumed in [false, true] {
        let (at_server, at_client) = shake(&server, &client, "localhost").await;
        let (mut at_server, mut at_client) = (at_server.unwrap(), at_client.unwrap());
        assert_eq!(at_server.info.tls().unwrap().is_resumed(), resumed);
        say(&mut at_server, &mut at_client, b"hello").await;
        look().await;
        server.reload().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn files_that_change_before_the_first_connection_are_found() {
    let files = Files::new();
    let server = files.server();
    server.reload().unwrap();
    files.issue(2);
    look().await;
    assert_eq!(serial(&server, &files.ca).await, "02");
}

#[tokio::test(start_paused = true)]
async fn a_bad_new_file_keeps_the_old_and_is_told_once() {
    let files = Files::new();
    let server = files.server();
    assert_eq!(serial(&server, &files.ca).await, "01");
    let logs = logs();

    let next = files.pair(2);
    files.write("server.pem", &next.certificate);
    for _ in 0..3 {
        look().await;
    }
    assert_eq!(serial(&server, &files.ca).await, "01");
    let said: Vec<_> = logs.about(&files.path("server.key")).lines().map(str::to_owned).collect();
    let said: Vec<_> = said.iter().filter(|line| line.contains("ERROR")).collect();
    assert_says(
        said[0],
        &["ERROR", "the server's TLS stays as it was", "the private key is not that of the certificate"],
    );
    assert_eq!(said.len(), 1, "{said:?}");
    assert_says(server.reload().unwrap_err(), &["the private key is not that of the certificate"]);

    // The key follows, and all is well.
    files.write("server.key", &next.key);
    look().await;
    assert_eq!(serial(&server, &files.ca).await, "02");

    files.write("server.pem", "garbage");
    look().await;
    assert_says(logs.about(&files.path("server.pem")), &["ERROR", "it is no PEM"]);
    std::fs::remove_file(files.path("server.pem")).unwrap();
    look().await;
    look().await;
    let about = logs.about(&files.path("server.pem"));
    assert_eq!(about.matches("there is no such file").count(), 1, "{about}");
    assert_eq!(serial(&server, &files.ca).await, "02");
    files.issue(3);
    look().await;
    assert_eq!(serial(&server, &files.ca).await, "03");
}

#[tokio::test(start_paused = true)]
async fn an_expired_new_certificate_is_taken_with_a_warning() {
    let files = Files::new();
    let server = files.server();
    serial(&server, &files.ca).await;
    let logs = logs();
    let mut params = of_server();
    params.not_after = in_days(-1);
    let pair = files.ca.issue(&params);
    files.write("server.pem", &pair.certificate);
    files.write("server.key", &pair.key);
    look().await;
    assert_says(logs.about(&files.path("server.pem")), &["WARN", "expired at"]);
    assert_eq!(failure(&server, &trusting(&files.ca), "localhost").await.0.kind(), Kind::RefusedByClient);
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_folder_of_links_that_is_swapped_as_a_whole_is_followed() {
    use std::os::unix::fs::symlink;

    let files = Files::new();
    let generation = |number: u64| {
        let folder = files.path(&format!("..{number}"));
        std::fs::create_dir(&folder).unwrap();
        let pair = files.pair(number);
        std::fs::write(folder.join("tls.crt"), &pair.certificate).unwrap();
        std::fs::write(folder.join("tls.key"), &pair.key).unwrap();
        let link = files.path("..new");
        symlink(&folder, &link).unwrap();
        std::fs::rename(&link, files.path("..data")).unwrap();
    };
    generation(7);
    for name in ["tls.crt", "tls.key"] {
        symlink(Path::new("..data").join(name), files.path(name)).unwrap();
    }
    let server = ServerTls::from_pem_files(files.path("tls.crt"), files.path("tls.key")).unwrap();
    assert_eq!(serial(&server, &files.ca).await, "07");
    generation(8);
    look().await;
    assert_eq!(serial(&server, &files.ca).await, "08");
}

#[tokio::test(start_paused = true)]
async fn a_revocation_list_and_the_client_cas_of_a_server_are_followed() {
    let files = Files::new();
    files.write("ca.pem", &files.ca.pem);
    files.write("crl.pem", &files.ca.revoke(&[]));
    let server = files.server().require_client_ca_file(files.path("ca.pem")).unwrap();
    let server = server.crl_file(files.path("crl.pem")).unwrap();
    let mut params = of_client();
    params.serial_number = Some(66.into());
    let pair = files.ca.issue(&params);
    let client = trusting(&files.ca).identity(&pair.certificate, &pair.key).unwrap();
    assert!(shake(&server, &client, "localhost").await.0.is_ok());

    files.write("crl.pem", &files.ca.revoke(&[66]));
    look().await;
    assert_says(failure(&server, &client, "localhost").await.0, &["revoked"]);

    files.write("crl.pem", &files.ca.revoke(&[]));
    files.write("ca.pem", &authority("other CA").pem);
    look().await;
    assert_says(failure(&server, &client, "localhost").await.0, &["is not trusted (trusted: `CN=other CA`)"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_follows_its_files_too() {
    let files = Files::new();
    let server = files.server().require_client_ca(&files.ca.pem).unwrap();
    let put = |serial: u64| {
        let mut params = of_client();
        params.serial_number = Some(serial.into());
        let pair = files.ca.issue(&params);
        files.write("client.pem", &pair.certificate);
        files.write("client.key", &pair.key);
    };
    put(1);
    files.write("ca.pem", &files.ca.pem);
    let client = ClientTls::with_ca_file(files.path("ca.pem"))
        .unwrap()
        .identity_files(files.path("client.pem"), files.path("client.key"))
        .unwrap();
    let seen = async || {
        let (at_server, _) = shake(&server, &client, "localhost").await;
        PeerIdentity::of(Some(&at_server.unwrap().info)).unwrap().serial().to_owned()
    };
    assert_eq!(seen().await, "01");
    put(2);
    look().await;
    assert_eq!(seen().await, "02");
    put(3);
    client.reload().unwrap();
    assert_eq!(seen().await, "03");

    let logs = logs();
    files.write("ca.pem", "");
    look().await;
    assert_says(
        logs.about(&files.path("ca.pem")),
        &["ERROR", "the client's TLS stays as it was", "it is empty"],
    );
    files.write("ca.pem", &authority("other CA").pem);
    look().await;
    assert_says(failure(&server, &client, "localhost").await.1, &["is not trusted"]);
}

#[tokio::test(start_paused = true)]
async fn replace_swaps_what_is_live_for_all_clones() {
    let files = Files::new();
    let server = files.server();
    let clone = server.clone();
    assert_eq!(serial(&server, &files.ca).await, "01");
    let pair = files.pair(9);
    clone.replace(&pair.server());
    assert_eq!(serial(&server, &files.ca).await, "09");
    // What the files hold no longer matters.
    files.issue(10);
    look().await;
    assert_eq!(serial(&server, &files.ca).await, "09");
    // Nor does one follow what was made from it by a setting.
    let other = server.clone().handshake_timeout(Duration::from_secs(1));
    server.replace(&files.server());
    assert_eq!(serial(&server, &files.ca).await, "0A");
    assert_eq!(serial(&other, &files.ca).await, "09");
    server.replace(&server);
    assert_eq!(serial(&server, &files.ca).await, "0A");
}

#[tokio::test(start_paused = true)]
async fn the_watcher_ends_with_the_last_handle() {
    let files = Files::new();
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = alive();
    let server = files.server();
    let clone = server.clone();
    serial(&server, &files.ca).await;
    assert_eq!(alive(), before + 1, "files are watched");
    drop(server);
    look().await;
    assert_eq!(alive(), before + 1);
    drop(clone);
    tokio::task::yield_now().await;
    assert_eq!(alive(), before);

    // Without files, or without wanting it, there is none.
    let unwatched = files.server().reload_every(Duration::ZERO);
    serial(&unwatched, &files.ca).await;
    serial(&files.pair(1).server(), &files.ca).await;
    assert_eq!(alive(), before);
}

#[test]
fn a_watcher_that_ended_with_its_runtime_is_started_anew() {
    let files = Files::new();
    let server = files.server();
    for number in [1, 2, 3] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.unwrap().block_on(async {
            assert_eq!(serial(&server, &files.ca).await, format!("{number:02X}"));
            files.issue(number + 1);
            look().await;
            assert_eq!(serial(&server, &files.ca).await, format!("{:02X}", number + 1));
        });
    }
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_pipe_is_read_once() {
    let files = Files::new();
    let pair = files.pair(5);
    let pipe = files.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if !made.is_ok_and(|status| status.success()) {
        return;
    }
    let (writing, content) = (pipe.clone(), format!("{}{}", pair.certificate, pair.key));
    let writer = std::thread::spawn(move || std::fs::write(writing, content).unwrap());
    files.write("server.key", &pair.key);
    let server = ServerTls::from_pem_files(&pipe, files.path("server.key")).unwrap();
    writer.join().unwrap();
    assert_eq!(serial(&server, &files.ca).await, "05");
    look().await;
    assert_eq!(serial(&server, &files.ca).await, "05");
}

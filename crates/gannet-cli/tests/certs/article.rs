//! The article's own openssl lines, run as they are, and what comes of them.
//!
//! Two things are added for want of somebody to type: a pass phrase, and the edits to a copy of the system's openssl.cnf that
//! the article describes in words.

use std::process::Command;

use super::{Folder, Handshake, assert_says, text};

/// TLS one way: a certificate that vouches for itself, with a common name and nothing else.
const ONE_WAY: &str = r#"
openssl genrsa -des3 -passout pass:zhangsan -out server.pass.key 2048
openssl rsa -passin pass:zhangsan -in server.pass.key -out server.key
openssl req -new -key server.key -out server.csr -subj "/C=CN/ST=beijing/L=beijing/O=grpcdev/OU=grpcdev/CN=example.grpcdev.cn"
openssl x509 -req -days 365 -in server.csr -signkey server.key -out server.crt
"#;

/// The edits to the copy of openssl.cnf.
const CONFIGURATION: &str = r#"
cp "$(openssl version -d | cut -d '"' -f 2)/openssl.cnf" openssl.cnf
sed -e 's/^# *req_extensions = v3_req/req_extensions = v3_req/' -e '/^\[ *v3_req *\]/,/^\[ /{ /^basicConstraints/d; /^keyUsage/d; }' \
    -e 's/^\[ *v3_req *\]/&\nbasicConstraints = CA:FALSE\nkeyUsage = nonRepudiation, digitalSignature, keyEncipherment\nsubjectAltName = @alt_names/' \
    openssl.cnf >edited.cnf
printf '\n[ alt_names ]\nDNS.1 = www.example.grpcdev.cn\n' >>edited.cnf
mv edited.cnf openssl.cnf
"#;

/// TLS both ways: a CA, a server and a client, with names.
const BOTH_WAYS: &str = r#"
openssl genrsa -out ca.key 2048

openssl req -x509 -new -nodes -key ca.key -subj "/CN=example.grpcdev.com" -days 5000 -out ca.pem

openssl req -new -nodes \
    -subj "/C=CN/ST=Beijing/L=Beijing/O=grpcdev/OU=grpcdev/CN=www.example.grpcdev.cn" \
    -config <(cat openssl.cnf \
        <(printf "[SAN]\nsubjectAltName=DNS:www.example.grpcdev.cn")) \
    -keyout server.key \
    -out server.csr

openssl x509 -req -days 365000 \
    -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
    -extfile <(printf "subjectAltName=DNS:www.example.grpcdev.cn") \
    -out server.pem

openssl req -new -nodes \
    -subj "/C=CN/ST=Beijing/L=Beijing/O=grpcdev/OU=grpcdev/CN=www.example.grpcdev.cn" \
    -config <(cat openssl.cnf \
        <(printf "[SAN]\nsubjectAltName=DNS:www.example.grpcdev.cn")) \
    -keyout client.key \
    -out client.csr

openssl x509 -req -days 365000 \
    -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
    -extfile <(printf "subjectAltName=DNS:www.example.grpcdev.cn") \
    -out client.pem
"#;

/// Runs lines in bash, which the article writes for; `None` if openssl or bash is not there, which is said.
fn run(folder: &Folder, lines: &str) -> Option<()> {
    let there = |program: &str| {
        Command::new(program).arg(if program == "bash" { "--version" } else { "version" }).output().is_ok()
    };
    if !there("openssl") || !there("bash") {
        eprintln!("\n*** SKIPPED: openssl or bash is not installed; the article's lines were not run ***\n");
        return None;
    }
    let output =
        Command::new("bash").args(["-e", "-u", "-c", lines]).current_dir(folder.0.path()).output().unwrap();
    assert!(output.status.success(), "{lines}\n{}{}", text(&output.stdout), text(&output.stderr));
    Some(())
}

#[test]
fn the_first_certificate_is_refused_in_the_words_of_go_and_can_be_mended() {
    let folder = Folder::new();
    let Some(()) = run(&folder, ONE_WAY) else { return };
    let said = folder.found(&["show", "server.crt", "server.key", "--name", "example.grpcdev.cn"]);
    assert_says(
        &said,
        &[
            "certificate relies on legacy Common Name field, use SANs instead",
            "gannet certs server --self-signed --san DNS:example.grpcdev.cn",
            "X.509 version 1",
            "✗ server.crt is for example.grpcdev.cn",
        ],
    );

    // The command that it says.
    folder.said(&["server", "--self-signed", "--san", "DNS:example.grpcdev.cn", "--force"]);
    assert_says(
        &folder.said(&["show", "server.pem", "--ca", "server.pem", "--name", "example.grpcdev.cn"]),
        &["good"],
    );
    Handshake {
        folder: &folder,
        ca: "server.pem",
        server: "server",
        client: None,
        host: "example.grpcdev.cn",
    }
    .holds();
}

#[test]
fn the_certificates_for_both_ways_are_good_and_work() {
    let folder = Folder::new();
    let Some(()) = run(&folder, &format!("{CONFIGURATION}{BOTH_WAYS}")) else { return };
    let name = "www.example.grpcdev.cn";
    let said = folder.said(&["show", "server.pem", "--ca", "ca.pem", "--key", "server.key", "--name", name]);
    assert_says(&said, &["CN=www.example.grpcdev.cn,OU=grpcdev,O=grpcdev,L=Beijing,ST=Beijing,C=CN", "good"]);
    let said = folder.said(&["show", "client.pem", "--ca", "ca.pem", "--key", "client.key"]);
    assert_says(&said, &["a client's certificate", "good"]);
    let all = [
        "show",
        "ca.pem",
        "ca.key",
        "server.pem",
        "server.key",
        "server.csr",
        "client.pem",
        "client.key",
        "client.csr",
    ];
    assert_says(&folder.said(&all), &["names      DNS:www.example.grpcdev.cn", "good"]);
    assert_says(&folder.said(&["show", "ca.pem"]), &["a CA's certificate", "good"]);

    let both =
        |host| Handshake { folder: &folder, ca: "ca.pem", server: "server", client: Some("client"), host };
    both(name).holds();
    assert_says(&both("localhost").fails(), &["not valid for name"]);

    // Its CA signs here as well.
    folder.said(&["server", "--san", "localhost", "--out", "ours"]);
    Handshake { folder: &folder, ca: "ca.pem", server: "ours", client: Some("client"), host: "localhost" }
        .holds();
    folder.said(&["server", "--from", "server.pem", "--out", "renewed"]);
    Handshake { folder: &folder, ca: "ca.pem", server: "renewed", client: Some("client"), host: name }
        .holds();
}

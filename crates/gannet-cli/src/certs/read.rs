//! Files of certificates and keys, read: PEM (RFC 7468), block by block, each with the line it begins on.
//!
//! What a block holds is for its reader to say; nothing here looks inside, nor ever prints a key.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::Error;

/// The largest file that is read, in bytes. All the roots of the world fit in a megabyte.
const LARGEST: u64 = 16 << 20;

/// One block of a PEM file.
pub(crate) struct Block {
    /// What its first line names, such as `CERTIFICATE`.
    pub(crate) label: String,
    /// The line of the file it begins on, counted from 1.
    pub(crate) line: usize,
    /// Whether a pass phrase protects it.
    pub(crate) encrypted: bool,
    /// The DER inside, or what keeps it from being read.
    pub(crate) content: Result<Vec<u8>, String>,
}

impl Block {
    pub(crate) fn is_key(&self) -> bool {
        self.label.ends_with("PRIVATE KEY")
    }
}

/// Reads a whole file.
pub(crate) fn file(path: &Path) -> Result<Vec<u8>, Error> {
    let shown = path.display();
    let fault = |error: std::io::Error| Error::new(format!("{shown} cannot be read: {error}"));
    let mut bytes = Vec::new();
    let stdin = path.as_os_str() == "-";
    let count = if stdin {
        std::io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)
    } else {
        let file = File::open(path).map_err(fault)?;
        if file.metadata().map_err(fault)?.is_dir() {
            return Err(Error::new(format!("{shown} is a folder; name a file in it")));
        }
        file.take(LARGEST + 1).read_to_end(&mut bytes)
    };
    if count.map_err(fault)? as u64 > LARGEST {
        return Err(Error::new(format!("{shown} is larger than {} MiB: no certificate is", LARGEST >> 20)));
    }
    Ok(bytes)
}

/// The blocks of a file, also those that cannot be decoded.
pub(crate) fn blocks(bytes: &[u8]) -> Vec<Block> {
    let text = String::from_utf8_lossy(bytes);
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start_matches('\u{feff}').trim();
        if let Some(label) = marker(line, "-----BEGIN ") {
            let before = open.replace((index + 1, label.to_owned(), format!("{line}\n")));
            blocks.extend(before.map(|(line, label, _)| unfinished(line, label)));
        } else if let Some((begin, label, mut body)) = open.take() {
            body.push_str(line);
            body.push('\n');
            match marker(line, "-----END ") {
                Some(end) if end == label => blocks.push(decode(begin, label, &body)),
                Some(end) => {
                    let content = Err(format!("it begins as {label} and ends as {end}"));
                    blocks.push(Block { label, line: begin, encrypted: false, content });
                }
                None => open = Some((begin, label, body)),
            }
        }
    }
    blocks.extend(open.map(|(line, label, _)| unfinished(line, label)));
    blocks
}

fn marker<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    line.strip_prefix(start)?.strip_suffix("-----")
}

fn unfinished(line: usize, label: String) -> Block {
    let content = Err(format!("its last line, -----END {label}-----, is missing: the file is cut short"));
    Block { label, line, encrypted: false, content }
}

fn decode(line: usize, label: String, body: &str) -> Block {
    let decoded = ::pem::parse(body);
    let headers = |block: &::pem::Pem| {
        block.headers().iter().any(|(name, value)| name == "Proc-Type" && value.contains("ENCRYPTED"))
    };
    let encrypted = label == "ENCRYPTED PRIVATE KEY" || decoded.as_ref().is_ok_and(headers);
    let content = match decoded {
        Ok(block) if block.contents().is_empty() => Err("there is nothing in it".to_owned()),
        Ok(block) => Ok(block.into_contents()),
        Err(_) => Err("what it holds is not base64".to_owned()),
    };
    Block { label, line, encrypted, content }
}

/// What a file that holds no PEM seems to be, and how to make PEM of it.
pub(crate) fn foreign(path: &Path, bytes: &[u8]) -> String {
    let shown = super::quoted(path);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return "it is empty".to_owned();
    }
    if bytes.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) {
        return format!(
            "it is a Java key store, not PEM; convert it:\n  keytool -importkeystore -srckeystore {shown} -destkeystore \
             store.p12 -deststoretype PKCS12\n  openssl pkcs12 -in store.p12 -nodes -out store.pem"
        );
    }
    if bytes.first() == Some(&0x30) {
        // A certificate's first field is a sequence; a PKCS #12 file's is the number 3, a key's 0 or 1.
        let header = match bytes.get(1) {
            Some(length) if length & 0x80 != 0 => 2 + usize::from(length & 0x7f),
            _ => 2,
        };
        return match (bytes.get(header), bytes.get(header + 2)) {
            (Some(0x02), Some(3)) => {
                format!(
                    "it is PKCS #12, not PEM; convert it: openssl pkcs12 -in {shown} -nodes -out store.pem"
                )
            }
            (Some(0x02), _) => {
                format!(
                    "it is a key in DER, not PEM; convert it: openssl pkey -inform der -in {shown} -out key.pem"
                )
            }
            _ => {
                format!("it is DER, not PEM; convert it: openssl x509 -inform der -in {shown} -out cert.pem")
            }
        };
    }
    "there is no PEM in it: no line like -----BEGIN CERTIFICATE-----".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<(usize, String)> {
        blocks(text.as_bytes())
            .into_iter()
            .filter_map(|block| block.content.err().map(|fault| (block.line, fault)))
            .collect()
    }

    #[test]
    fn blocks_are_found_among_whatever_else_there_is() {
        let text = "\u{feff}Bag Attributes\r\n-----BEGIN EC PARAMETERS-----\r\nBggqhkjOPQMBBw==\r\n\
                    -----END EC PARAMETERS-----\r\n subject=x\n  -----BEGIN CERTIFICATE-----\nAQID\n\
                    -----END CERTIFICATE-----\ntail";
        let found = blocks(text.as_bytes());
        assert_eq!(
            found.iter().map(|block| block.label.as_str()).collect::<Vec<_>>(),
            ["EC PARAMETERS", "CERTIFICATE"]
        );
        assert_eq!(found.iter().map(|block| block.line).collect::<Vec<_>>(), [2, 6]);
        assert_eq!(found[1].content.as_deref(), Ok(&[1, 2, 3][..]));
    }

    #[test]
    fn a_block_that_cannot_be_read_says_where_and_why() {
        let cut = faults("\n-----BEGIN CERTIFICATE-----\nAQID\n");
        assert!(cut[0].0 == 2 && cut[0].1.contains("cut short"), "{cut:?}");
        let two = faults(
            "-----BEGIN CERTIFICATE-----\nAQ\n-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----",
        );
        assert!(two.len() == 1 && two[0].0 == 1, "{two:?}");
        let crossed = faults("-----BEGIN CERTIFICATE-----\nAQID\n-----END PRIVATE KEY-----");
        assert!(crossed[0].1.contains("ends as PRIVATE KEY"), "{crossed:?}");
        let noise = faults("-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----");
        assert!(noise[0].1.contains("base64"), "{noise:?}");
        let empty = faults("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----");
        assert!(empty[0].1.contains("nothing in it"), "{empty:?}");
    }

    #[test]
    fn a_key_behind_a_pass_phrase_is_seen_in_both_forms() {
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAQID\n\
                   -----END RSA PRIVATE KEY-----";
        assert!(blocks(old.as_bytes())[0].encrypted);
        let new = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAQID\n-----END ENCRYPTED PRIVATE KEY-----";
        assert!(blocks(new.as_bytes())[0].encrypted);
        assert!(!blocks(b"-----BEGIN PRIVATE KEY-----\nAQID\n-----END PRIVATE KEY-----")[0].encrypted);
    }

    #[test]
    fn what_is_no_pem_is_named() {
        let says = |bytes: &[u8]| foreign(Path::new("store"), bytes);
        assert!(says(b" \n").contains("empty"));
        assert!(says(b"hello").contains("-----BEGIN CERTIFICATE-----"));
        assert!(says(&[0xfe, 0xed, 0xfe, 0xed, 0]).contains("keytool"));
        assert!(says(&[0x30, 0x82, 1, 0, 0x30, 0x82]).contains("openssl x509 -inform der"));
        assert!(says(&[0x30, 0x82, 1, 0, 0x02, 1, 3]).contains("openssl pkcs12"));
        assert!(says(&[0x30, 0x77, 0x02, 1, 1]).contains("openssl pkey"));
        assert!(says(&[0x30]).contains("DER"));
    }
}

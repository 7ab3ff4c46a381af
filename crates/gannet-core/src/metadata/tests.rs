//! Metadata against a plain list of pairs, on the wire, and against what cannot be metadata.

use proptest::prelude::*;

use super::*;
use crate::{Code, Status};

fn wire(metadata: &Metadata) -> Vec<(&str, &str)> {
    metadata.iter_wire().map(|(name, value)| (entries::ascii(name), entries::ascii(value))).collect()
}

#[test]
#[cfg(target_pointer_width = "64")]
fn is_24_bytes_large_and_empty_without_an_allocation() {
    const EMPTY: Metadata = Metadata::new();
    assert!(EMPTY.is_empty());
    assert_eq!(size_of::<Metadata>(), 24);
}

#[test]
fn values_of_a_key_keep_their_order() {
    let mut metadata = Metadata::new();
    for (key, value) in [("a", "1"), ("b", "2"), ("a", "3")] {
        metadata.append(key, value).unwrap();
    }
    assert_eq!(metadata.get_all("a").collect::<Vec<_>>(), ["1", "3"]);
    assert_eq!(metadata.get("a"), Some("1"));
    metadata.insert("a", "4").unwrap();
    assert_eq!(wire(&metadata), [("b", "2"), ("a", "4")]);
    assert!(metadata.remove("a"));
    assert!(!metadata.remove("a"));
    assert_eq!((metadata.len(), metadata.contains_key("a"), metadata.contains_key("b")), (1, false, true));
}

#[test]
fn keys_are_compared_and_stored_without_case() {
    let mut metadata = Metadata::new();
    metadata.insert("X-Tenant", "blue").unwrap();
    metadata.insert_bin("Trace-BIN", "x").unwrap();
    assert_eq!(wire(&metadata), [("x-tenant", "blue"), ("trace-bin", "eA")]);
    assert_eq!(metadata.get("x-TENANT"), Some("blue"));
    assert_eq!(metadata.get_bin("TRACE-bin").unwrap(), "x");
    assert!(metadata.remove("X-tenant"));
}

#[test]
fn text_and_binary_values_do_not_mix() {
    let mut metadata = Metadata::new();
    metadata.insert("text", "Zm9v").unwrap();
    metadata.insert_bin("data-bin", [0xff, 0]).unwrap();
    assert_eq!((metadata.get("data-bin"), metadata.get_all("data-bin").next()), (None, None));
    assert_eq!(metadata.get_bin("text"), None);
    let entries: Vec<_> = metadata.iter().collect();
    assert_eq!(entries[0], MetadataEntry { key: "text", value: MetadataValue::Ascii("Zm9v") });
    assert_eq!(entries[1], MetadataEntry { key: "data-bin", value: MetadataValue::Binary(b"/wA") });
}

#[test]
fn spaces_around_a_value_are_left_out() {
    let mut metadata = Metadata::new();
    metadata.insert("a", "  in the middle ").unwrap();
    assert!(metadata.append_wire(b"b", b" \tx y\t "));
    assert_eq!(wire(&metadata), [("a", "in the middle"), ("b", "x y")]);
}

#[test]
fn an_empty_value_is_a_value() {
    let mut metadata = Metadata::new();
    metadata.insert("a", "").unwrap();
    metadata.insert_bin("a-bin", "").unwrap();
    assert_eq!(metadata.get("a"), Some(""));
    assert_eq!(metadata.get_bin("a-bin").unwrap(), "");
}

#[test]
fn what_cannot_be_metadata_is_refused_with_key_and_reason() {
    let mut metadata = Metadata::new();
    metadata.insert("kept", "as it is").unwrap();
    let before = metadata.clone();
    let long = "k".repeat(packed::MAX_NAME + 1);
    let cases = [
        ("", "v", "at least one letter"),
        ("sp ace", "v", "a to z"),
        ("ümlaut", "v", "a to z"),
        ("colon:", "v", "a to z"),
        (":path", "v", "HTTP/2's own"),
        ("grpc-status", "0", "gRPC's own"),
        ("Grpc-Status", "0", "gRPC's own"),
        ("te", "v", "HTTP's own"),
        ("Content-Type", "v", "HTTP's own"),
        ("content-length", "0", "HTTP's own"),
        ("user-agent", "v", "HTTP's own"),
        ("kept", "line\nbreak", "printable ASCII"),
        ("kept", "grüß", "printable ASCII"),
        ("k-bin", "v", "insert_bin"),
        (&long, "v", "64 KiB"),
    ];
    for (key, value, reason) in cases {
        for error in [metadata.insert(key, value), metadata.append(key, value)].map(Result::unwrap_err) {
            assert_eq!(error.key(), key);
            assert!(error.to_string().contains(reason) && error.to_string().contains(key), "{error}");
        }
    }
    for (key, reason) in
        [("kept", "ends in `-bin`"), ("grpc-status-details-bin", "gRPC's own"), (" -bin", "a to z")]
    {
        for error in [metadata.insert_bin(key, [0]), metadata.append_bin(key, [0])].map(Result::unwrap_err) {
            assert!(error.to_string().contains(reason) && error.to_string().contains(key), "{error}");
        }
    }
    assert_eq!(metadata, before);
}

#[test]
fn a_refusal_turns_into_a_status() {
    fn handler() -> Result<(), Status> {
        Ok(Metadata::new().insert("te", "v")?)
    }
    let status = handler().unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("\"te\""), "{status}");
}

#[test]
fn received_binary_values_are_read_padded_or_not_and_joined_or_not() {
    let mut metadata = Metadata::new();
    assert!(metadata.append_wire(b"k-bin", b"AQ==,AQI, AQID"));
    assert!(metadata.append_wire(b"other-bin", b"AQ"));
    assert!(metadata.append_wire(b"k-bin", b"AQIDBA=="));
    let values: Vec<_> = metadata.get_all_bin("k-bin").collect();
    assert_eq!(values, [&[1][..], &[1, 2], &[1, 2, 3], &[1, 2, 3, 4]]);
    assert_eq!(metadata.get_bin("k-bin").unwrap(), &[1][..]);
}

#[test]
fn received_values_that_are_not_base64_are_left_out() {
    let mut metadata = Metadata::new();
    assert!(metadata.append_wire(b"k-bin", b"{},AQ"));
    assert_eq!(metadata.get_all_bin("k-bin").collect::<Vec<_>>(), [&[1][..]]);
    assert!(metadata.contains_key("k-bin"));
}

#[test]
fn what_was_received_can_be_sent_on() {
    let mut metadata = Metadata::new();
    assert!(metadata.append_wire(b"k-bin", b"AQ=="));
    assert!(metadata.append_wire(b"k", b"v="));
    assert_eq!(wire(&metadata), [("k-bin", "AQ"), ("k", "v=")]);
}

#[test]
fn received_fields_that_cannot_be_metadata_are_dropped() {
    let mut metadata = Metadata::new();
    let long = vec![b'k'; packed::MAX_NAME + 1];
    for (name, value) in [
        (&b""[..], &b"v"[..]),
        (b"Upper", b"v"),
        (b":path", b"v"),
        (b"sp ace", b"v"),
        (b"k", b"\0"),
        (b"k", b"in\tside"),
        (b"k", b"\xc3\xbc"),
        (b"k-bin", b"\x7f"),
        (&long, b"v"),
    ] {
        assert!(!metadata.append_wire(name, value), "{name:?}: {value:?}");
    }
    assert!(metadata.is_empty());
}

#[test]
fn debug_shows_entries_but_no_credentials() {
    let mut metadata = Metadata::new();
    metadata.insert("tenant", "blue").unwrap();
    metadata.insert("authorization", "Bearer 0123").unwrap();
    assert_eq!(format!("{metadata:?}"), r#"{"tenant": "blue", "authorization": (11 bytes, not shown)}"#);
    for key in ["password", "token", "x-api-key", "cookie"] {
        let mut metadata = Metadata::new();
        metadata.insert(key, "hunter2").unwrap();
        assert_eq!(format!("{metadata:?}"), format!("{{{key:?}: (7 bytes, not shown)}}"));
    }
}

#[derive(Debug, Clone)]
enum Change {
    Insert(String, String),
    Append(String, String),
    Remove(String),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    // Few keys, so that they meet; values with spaces inside only.
    let value = "([!-~]([ -~]{0,20}[!-~])?)?";
    let change = prop_oneof![
        ("[ab]{1,2}", value).prop_map(|(key, value)| Change::Insert(key, value)),
        ("[ab]{1,2}", value).prop_map(|(key, value)| Change::Append(key, value)),
        "[ab]{1,2}".prop_map(Change::Remove),
    ];
    prop::collection::vec(change, 0..20)
}

proptest! {
    #[test]
    fn behaves_like_a_list_of_pairs(changes in changes()) {
        let mut metadata = Metadata::new();
        let mut list: Vec<(String, String)> = Vec::new();
        for change in changes {
            match change {
                Change::Insert(key, value) => {
                    metadata.insert(&key, &value).unwrap();
                    list.retain(|(other, _)| *other != key);
                    list.push((key, value));
                }
                Change::Append(key, value) => {
                    metadata.append(&key, &value).unwrap();
                    list.push((key, value));
                }
                Change::Remove(key) => {
                    let before = list.len();
                    list.retain(|(other, _)| *other != key);
                    prop_assert_eq!(metadata.remove(&key), list.len() != before);
                }
            }
            let pairs: Vec<_> = list.iter().map(|(key, value)| (&**key, &**value)).collect();
            prop_assert_eq!(wire(&metadata), pairs);
            prop_assert_eq!(metadata.len(), list.len());
            prop_assert_eq!(metadata.is_empty(), list.is_empty());
        }
    }

    #[test]
    fn comes_back_the_same_over_the_wire(
        texts in prop::collection::vec(("[a-z0-9_.-]{0,9}[a-z]", "([!-~]([ -~]{0,20}[!-~])?)?"), 0..6),
        bytes in prop::collection::vec(("[a-z0-9_.-]{0,9}-bin", any::<Vec<u8>>()), 0..6),
    ) {
        let mut sent = Metadata::new();
        for (key, value) in &texts {
            // Some keys are reserved.
            let _ = sent.append(key, value);
        }
        for (key, value) in &bytes {
            sent.append_bin(key, value).unwrap();
        }
        let mut received = Metadata::new();
        for (name, value) in sent.iter_wire() {
            prop_assert!(received.append_wire(name, value));
        }
        prop_assert_eq!(&received, &sent);
        for (key, value) in &bytes {
            prop_assert!(received.get_all_bin(key).any(|received| received == value));
        }
    }

    #[test]
    fn any_field_is_kept_as_it_is_or_dropped(name: Vec<u8>, value: Vec<u8>) {
        let mut metadata = Metadata::new();
        if metadata.append_wire(&name, &value) {
            let (kept_name, kept_value) = metadata.iter_wire().next().unwrap();
            prop_assert_eq!(kept_name, &name[..]);
            prop_assert!(value.windows(kept_value.len().max(1)).any(|part| part == kept_value) || kept_value.is_empty());
        } else {
            prop_assert!(metadata.is_empty());
        }
    }
}

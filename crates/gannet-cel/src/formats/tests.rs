//! Tests of the formats: tables by the documents, and properties against patterns and the standard library.

use std::cell::Cell;

use proptest::prelude::*;

use super::*;
use crate::re2::Pattern;

/// Calls the function with each text; a failure names the two.
fn check(name: &str, format: impl Fn(&str) -> bool, valid: &[&str], invalid: &[&str]) {
    for text in valid {
        assert!(format(text), "{name} refuses {text:?}");
    }
    for text in invalid {
        assert!(!format(text), "{name} accepts {text:?}");
    }
}

#[test]
fn addresses_of_email() {
    let label = "a".repeat(63);
    check(
        "is_email",
        is_email,
        &[
            "a@b",
            "a@b.c",
            "first.last@example.com",
            ".a..b.@example",
            "!#$%&'*+/=?^_`{|}~-@x",
            "1@1",
            "a@x-y.example",
            &format!("a@{label}.{label}"),
        ],
        &[
            "",
            "@",
            "a",
            "a@",
            "@b",
            "a@b@c",
            "a@.b",
            "a@b.",
            "a@b..c",
            "a@-b",
            "a@b-",
            "a@b_c",
            "a b@c",
            " a@b",
            "a@b ",
            "a@b\n",
            "\"a\"@b",
            "a(c)@b",
            "a,b@c",
            "ö@b",
            "a@ö",
            "a@[127.0.0.1]",
            &format!("a@{label}a"),
        ],
    );
}

#[test]
fn names_of_hosts() {
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    check(
        "is_hostname",
        is_hostname,
        &[
            "a",
            "a.",
            "A-1.b",
            "1.a",
            "1a",
            "1-1",
            "a--b.example.com",
            "xn--bcher-kva.example",
            &longest,
            &format!("{longest}."),
        ],
        &[
            "",
            ".",
            "a..",
            "..a",
            "a..b",
            ".a",
            "-a",
            "a-",
            "a.-b",
            "a.b-",
            "1",
            "a.1",
            "a.1.",
            "127.0.0.1",
            "a_b",
            "a b",
            "ö",
            "a/b",
            "a:1",
            &format!("{label}a"),
            &format!("{longest}a"),
        ],
    );
}

#[test]
fn hosts_and_ports() {
    let always = [
        "a:0",
        "a.b:65535",
        "a.:80",
        "127.0.0.1:1",
        "[::1]:80",
        "[fe80::1%a]b]:80",
        "[fe80::1%a:b]:80",
        "[::1%]]:8",
    ];
    let without_port = ["a", "a.", "127.0.0.1", "[::]", "[::1%eth0]"];
    let never = [
        "",
        ":",
        ":80",
        "a:",
        "a:65536",
        "a:00",
        "a:080",
        "a:+80",
        "a:-1",
        "a:8 0",
        "a:b",
        "a:80:80",
        "::1",
        "::1:80",
        "[]",
        "[]:80",
        "[",
        "[::1",
        "]:80",
        "[::1]80",
        "[::1]:",
        "[::1]]",
        "x[::1]:80",
        "[127.0.0.1]:80",
        "[a]:80",
        "127.0.0.256:80",
        "1:80",
        "a b:80",
        "a:99999999999999999999",
    ];
    let with_port = |text: &str| is_host_and_port(text, true);
    check("is_host_and_port(true)", with_port, &always, &[&without_port[..], &never[..]].concat());
    let with_any = |text: &str| is_host_and_port(text, false);
    check("is_host_and_port(false)", with_any, &[&always[..], &without_port[..]].concat(), &never);
}

#[test]
fn addresses_of_ip() {
    let v4 = ["0.0.0.0", "255.255.255.255", "127.0.0.1"];
    let v6 = [
        "::",
        "::1",
        "1::",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
        "1::8",
        "ABCD:ef01::",
        "0000::0000",
        "::1.2.3.4",
        "::ffff:255.255.255.255",
        "1:2:3:4:5:6:1.2.3.4",
        "1::5:1.2.3.4",
        "::%0",
        "::1.2.3.4%0",
        "::1%%",
        "fe80::a%en 0/64",
    ];
    let neither = [
        "",
        " ",
        "1.2.3",
        "1.2.3.4.",
        ".1.2.3.4",
        "1.2.3.4.5",
        "01.2.3.4",
        "1.2.3.256",
        "1.2.3.1000",
        "1.2..4",
        "1.2.3.4 ",
        "0x1.2.3.4",
        "1.2.3.4%a",
        ":",
        ":::",
        "::1::",
        ":1::",
        "::1:",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "12345::",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "g::",
        "::1%",
        "%eth0",
        "::1.2.3",
        "::01.2.3.4",
        "1.2.3.4::",
        "1:2:3:4:5:6:7:1.2.3.4",
        "::1.2.3.4:1",
        "::1 ",
        " ::1",
        "::1/128",
        "[::1]",
        "::\u{661}",
    ];
    check("is_ip(4)", |text| is_ip(text, 4), &v4, &[&v6[..], &neither[..]].concat());
    check("is_ip(6)", |text| is_ip(text, 6), &v6, &[&v4[..], &neither[..]].concat());
    check("is_ip(0)", |text| is_ip(text, 0), &[&v4[..], &v6[..]].concat(), &neither);
    for version in [-1, 1, 5, 7, i64::MIN] {
        check("is_ip of another version", |text| is_ip(text, version), &[], &[&v4[..], &v6[..]].concat());
    }
}

#[test]
fn prefixes_of_ip() {
    let strict_v4 =
        ["0.0.0.0/0", "128.0.0.0/1", "10.0.0.0/8", "192.0.2.1/32", "0.0.0.0/32", "255.255.255.254/31"];
    let loose_v4 = ["1.2.3.4/0", "192.0.2.1/24", "255.255.255.255/31"];
    let strict_v6 = ["::/0", "::/128", "2001:db8::/32", "::1/128", "8000::/1", "::ffff:192.0.2.0/120"];
    let loose_v6 = ["::1/0", "2001:db8::1/127", "::ffff:192.0.2.1/120"];
    let neither = [
        "",
        "/",
        "1.2.3.4",
        "1.2.3.4/",
        "/8",
        "1.2.3.4/33",
        "1.2.3.4/08",
        "1.2.3.4/00",
        "1.2.3.4/+8",
        "1.2.3.4/-1",
        "1.2.3.4/8/8",
        "1.2.3/8",
        "1.2.3.4/8 ",
        "1.2.3.4 /8",
        "1.2.3.4/a",
        "::1",
        "::1/129",
        "::1/064",
        "::1/1000",
        "::1%a/64",
        "::1/64%a",
        "::1//64",
        "1.2.3.4/255.0.0.0",
    ];
    let prefix = |version, strict| move |text: &str| is_ip_prefix(text, version, strict);
    let v4 = [&strict_v4[..], &loose_v4[..]].concat();
    let v6 = [&strict_v6[..], &loose_v6[..]].concat();
    check("is_ip_prefix(4)", prefix(4, false), &v4, &[&v6[..], &neither[..]].concat());
    check("is_ip_prefix(6)", prefix(6, false), &v6, &[&v4[..], &neither[..]].concat());
    check("is_ip_prefix(0)", prefix(0, false), &[&v4[..], &v6[..]].concat(), &neither);
    check("strict is_ip_prefix(4)", prefix(4, true), &strict_v4, &loose_v4);
    check("strict is_ip_prefix(6)", prefix(6, true), &strict_v6, &loose_v6);
    check(
        "strict is_ip_prefix(0)",
        prefix(0, true),
        &[&strict_v4[..], &strict_v6[..]].concat(),
        &[&loose_v4[..], &loose_v6[..]].concat(),
    );
    check("is_ip_prefix of another version", prefix(5, false), &[], &v6);
}

/// URIs: with a scheme, whatever follows it.
const URIS: &[&str] = &[
    "a:",
    "a:b",
    "A+-.1:",
    "http://",
    "http:///",
    "http://h",
    "http://h/",
    "http://h//a//",
    "http://h?",
    "http://h?#",
    "http://h#",
    "http://u@h",
    "http://:@h",
    "http://u:p:q@h:",
    "http://h:0123456789",
    "http://:80",
    "http://%c3%b6",
    "http://a%2Fb",
    "http://!$&'()*+,;=-._~",
    "http://127.0.0.1:80/",
    "http://[::]",
    "http://[1::8]:",
    "http://[::ffff:1.2.3.4]/",
    "http://[fe80::1%25eth0]",
    "http://[fe80::1%25%C3%B6]:80",
    "http://[v1.a]",
    "http://[VaF.:]",
    "http://u%ff@h",
    "http://h/%ff",
    "http://h/:@?/?:@#/?:@",
    "a:/",
    "a:/b:c",
    "a:b//c",
    "a:?",
    "a:#",
    "a:@",
    "a::",
    "mailto:a@b",
    "urn:isbn:1",
    "http://h/a;b=c,d",
];

/// References that are no URIs.
const RELATIVE: &[&str] = &[
    "",
    "/",
    ".",
    "..",
    "./a:b",
    "a",
    "a/b:c",
    "@",
    "?",
    "#",
    "?a#b",
    "//h",
    "//",
    "//u@h:80/a?b#c",
    "//[::1]/",
    "/a//b",
    "%20",
    "a?b:c",
    "a#b:c",
    "1/2:3",
    "///",
];

/// Neither.
const NO_REFERENCES: &[&str] = &[
    " ",
    ":",
    ":a",
    "1:2",
    "-:a",
    "%20:a",
    "a b",
    "a:b c",
    "a:\u{f6}",
    "\u{f6}",
    "a:%",
    "a:%2",
    "a:%2g",
    "%",
    "a:[",
    "a:b]",
    "a^b",
    "a:\n",
    "a:b\0",
    "http://h h",
    "http://h:80a",
    "http://h:80:80",
    "http://u@v@h",
    "http://[",
    "http://[]",
    "http://[::1",
    "http://::1",
    "http://[::1]a",
    "http://[::1%eth0]",
    "http://[::1%25]",
    "http://[::1%25a/b]",
    "http://[::1%25%ff]",
    "http://[127.0.0.1]",
    "http://[1:2]",
    "http://[v.a]",
    "http://[v1.]",
    "http://[v1a]",
    "http://[vg.a]",
    "http://[v1.%20]",
    "http://u@[::1]@h",
    "http://%ff",
    "http://%c3%28",
    "http://%c3",
    "http://%c3a%b6",
    "http://h/[",
    "http://h?[",
    "http://h#[",
    "http://h##",
    "a#b#c",
    "##",
    "/##",
    "http://h?//[::1]",
    "a:b?c^",
    "a:b#c^",
    "\\a",
    "a|b",
    "{a}",
    "\"",
];

#[test]
fn uris_and_references_to_them() {
    check("is_uri", is_uri, URIS, &[RELATIVE, NO_REFERENCES].concat());
    check("is_uri_ref", is_uri_ref, &[URIS, RELATIVE].concat(), NO_REFERENCES);
}

/// Patterns of texts on which each of `PATTERNS` says yes to some and no to others.
const TEXTS: [&str; 9] = [
    "[0-9a-gF-]{36}|[0-9a-f]{8}(-[0-9A-F]{4}){3}-[0-9a-fg]{12}",
    "[0-9a-fA-F]{32}|[0-9a-g]{31,33}",
    "[0-9][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}|[0-7][0-9A-Za-z]{24,26}",
    "[a_0.-]{0,6}",
    r"\.?[a_0.-]{0,6}",
    ":?[!-~]{0,2}|.{0,2}",
    r"(?s).{0,2}|[\x00-\x20]{0,2}",
    r"(?s).{0,2}|[\x00-\x20\x7e-\xa0]{0,2}",
    r"(?s).{0,2}|[\x00-\x20]{0,2}",
];

#[test]
fn functions_for_patterns_are_equal_to_them() {
    for ((pattern, _, function), texts) in PATTERNS.into_iter().zip(TEXTS) {
        let compiled = Pattern::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        let seen = [Cell::new(false), Cell::new(false)];
        let texts = prop::string::string_regex(texts).unwrap_or_else(|error| panic!("{texts}: {error}"));
        proptest!(|(text in texts)| {
            seen[usize::from(function(&text))].set(true);
            prop_assert_eq!(function(&text), compiled.is_match(&text), "{} of {:?}", pattern, text);
        });
        assert!(seen.iter().all(Cell::get), "the texts for {pattern} show both sides");
        for byte in 0..=0x7f {
            let text = char::from(byte).to_string();
            assert_eq!(function(&text), compiled.is_match(&text), "{pattern} of {text:?}");
        }
        assert_eq!(function(""), compiled.is_match(""), "{pattern} of nothing");
    }
}

#[test]
fn long_texts_are_no_trouble() {
    let long = "a".repeat(1 << 20);
    for text in [
        long.clone(),
        format!("{long}@"),
        format!("a:{long}"),
        "a.".repeat(1 << 19),
        ":".repeat(1 << 20),
        "%25".repeat(1 << 18),
        "//[".repeat(1 << 18),
    ] {
        let _ = (is_email(&text), is_hostname(&text), is_ip(&text, 0), is_ip_prefix(&text, 0, true));
        let _ = (is_uri(&text), is_uri_ref(&text), is_host_and_port(&text, false), is_protobuf_fqn(&text));
    }
    assert!(is_uri(&format!("http://{}/", "%25".repeat(1 << 18))));
}

proptest! {
    #[test]
    fn email_is_what_the_html_standards_pattern_matches(text in r"[ab.!-]{0,3}(@[a.1-]{0,5}){0,2}|\PC{0,8}") {
        let pattern = Pattern::new(
            r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$",
        );
        prop_assert_eq!(Ok(is_email(&text)), pattern.map(|pattern| pattern.is_match(&text)));
    }

    #[test]
    fn uris_are_what_the_grammar_of_rfc_3986_derives(text in uri_like()) {
        let uri = Pattern::new(&format!("^{}$", grammar::uri()));
        prop_assert_eq!(Ok(is_uri(&text)), uri.map(|uri| uri.is_match(&text) && hosts_encode_utf8(&text)), "{:?}", text);
        let reference = Pattern::new(&format!("^(?:{}|{})$", grammar::uri(), grammar::relative_reference()));
        prop_assert_eq!(
            Ok(is_uri_ref(&text)),
            reference.map(|reference| reference.is_match(&text) && hosts_encode_utf8(&text)),
            "{:?}",
            text
        );
    }

    #[test]
    fn addresses_are_those_of_the_standard_library(text in r"[0-9a-f:.]{0,20}|::([0-9a-f]{1,4}:){0,7}[0-9a-f]{0,4}|([0-9a-f]{1,4}:){0,6}:?([0-9a-f]{1,4}:){0,6}([0-9]{1,3}\.){3}[0-9]{1,3}|([0-9a-f]{0,4}:){0,8}[0-9a-f]{0,4}|([0-9]{1,3}\.){3}[0-9]{1,3}") {
        prop_assert_eq!(is_ip(&text, 0), text.parse::<std::net::IpAddr>().is_ok());
        let zoned = format!("{text}%z");
        prop_assert_eq!(is_ip(&zoned, 0), text.parse::<std::net::Ipv6Addr>().is_ok());
    }

    #[test]
    fn printed_addresses_and_their_networks_are_valid(bits: u128, length in 0u32..=128) {
        let address = std::net::Ipv6Addr::from_bits(bits);
        let network = std::net::Ipv6Addr::from_bits(if length == 0 { 0 } else { bits >> (128 - length) << (128 - length) });
        prop_assert!(is_ip(&address.to_string(), 6));
        let is_strict = is_ip_prefix(&format!("{network}/{length}"), 6, true);
        prop_assert!(is_strict);
        prop_assert_eq!(is_ip_prefix(&format!("{address}/{length}"), 6, true), address == network);
    }
}

fn uri_like() -> impl Strategy<Value = String> {
    let parts = vec![
        "http",
        "a",
        "1",
        ":",
        "//",
        "/",
        "?",
        "#",
        "@",
        "[",
        "]",
        "[::1]",
        "[v1.a]",
        "[::1%25z]",
        "%20",
        "%c3%b6",
        "%c3",
        "%",
        "-._~",
        "!$&'",
        "^",
        " ",
        "\u{f6}",
        "80",
        "http://",
        "//",
    ];
    prop::collection::vec(prop::sample::select(parts), 0..9).prop_map(|parts| parts.concat())
}

/// Whether no authority's host encodes bytes that are no UTF-8.
fn hosts_encode_utf8(text: &str) -> bool {
    let Some((before, after)) = text.split_once("//") else {
        return true;
    };
    if !before.is_empty() && (!before.ends_with(':') || before.contains(['/', '?', '#'])) {
        return true;
    }
    let authority = after.split(['/', '?', '#']).next().unwrap_or(after);
    let host = authority.split_once('@').map_or(authority, |(_, host)| host);
    let mut parts = host.split('%');
    let mut decoded = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).unwrap_or_default();
        decoded.extend(u8::from_str_radix(digits, 16));
        decoded.extend_from_slice(part.get(2..).unwrap_or_default().as_bytes());
    }
    std::str::from_utf8(&decoded).is_ok()
}

/// Appendix A of RFC 3986, as patterns.
mod grammar {
    const UNRESERVED: &str = r"A-Za-z0-9\-._~";
    const SUB_DELIMITERS: &str = r"!$&'()*+,;=";
    const ENCODED: &str = "%[0-9A-Fa-f]{2}";

    fn characters(more: &str) -> String {
        format!("(?:[{UNRESERVED}{SUB_DELIMITERS}{more}]|{ENCODED})")
    }

    fn authority() -> String {
        let literal = format!(
            r"\[(?:::1|::1%25(?:[{UNRESERVED}]|{ENCODED})+|[vV][0-9A-Fa-f]+\.[{UNRESERVED}{SUB_DELIMITERS}:]+)\]"
        );
        format!("(?:{}*@)?(?:{literal}|{}*)(?::[0-9]*)?", characters(":"), characters(""))
    }

    fn after_path() -> String {
        let characters = characters(":@/?");
        format!(r"(?:\?{characters}*)?(?:#{characters}*)?")
    }

    fn paths(first: &str) -> String {
        let segment = characters(":@");
        format!(
            "(?://{}(?:/{segment}*)*|/(?:{segment}+(?:/{segment}*)*)?|{first}(?:/{segment}*)*|)",
            authority()
        )
    }

    pub(super) fn uri() -> String {
        format!(r"[A-Za-z][A-Za-z0-9+\-.]*:{}{}", paths(&format!("{}+", characters(":@"))), after_path())
    }

    pub(super) fn relative_reference() -> String {
        format!("{}{}", paths(&format!("{}+", characters("@"))), after_path())
    }
}

//! The static table (RFC 7541 Appendix A), and the way from a field to its index.

use super::NameKind;

/// The number of entries; index 62 is the newest of the dynamic table.
pub(super) const LEN: usize = 61;

/// An entry, with what HTTP/2 makes of its name. All its values are valid.
pub(super) struct StaticEntry {
    pub(super) name: &'static [u8],
    pub(super) value: &'static [u8],
    pub(super) kind: NameKind,
}

const fn entry(name: &'static [u8], value: &'static [u8]) -> StaticEntry {
    StaticEntry { name, value, kind: NameKind::of(name) }
}

/// The entries; that of index 1 comes first.
pub(super) static ENTRIES: [StaticEntry; LEN] = TABLE;

const TABLE: [StaticEntry; LEN] = [
    entry(b":authority", b""),
    entry(b":method", b"GET"),
    entry(b":method", b"POST"),
    entry(b":path", b"/"),
    entry(b":path", b"/index.html"),
    entry(b":scheme", b"http"),
    entry(b":scheme", b"https"),
    entry(b":status", b"200"),
    entry(b":status", b"204"),
    entry(b":status", b"206"),
    entry(b":status", b"304"),
    entry(b":status", b"400"),
    entry(b":status", b"404"),
    entry(b":status", b"500"),
    entry(b"accept-charset", b""),
    entry(b"accept-encoding", b"gzip, deflate"),
    entry(b"accept-language", b""),
    entry(b"accept-ranges", b""),
    entry(b"accept", b""),
    entry(b"access-control-allow-origin", b""),
    entry(b"age", b""),
    entry(b"allow", b""),
    entry(b"authorization", b""),
    entry(b"cache-control", b""),
    entry(b"content-disposition", b""),
    entry(b"content-encoding", b""),
    entry(b"content-language", b""),
    entry(b"content-length", b""),
    entry(b"content-location", b""),
    entry(b"content-range", b""),
    entry(b"content-type", b""),
    entry(b"cookie", b""),
    entry(b"date", b""),
    entry(b"etag", b""),
    entry(b"expect", b""),
    entry(b"expires", b""),
    entry(b"from", b""),
    entry(b"host", b""),
    entry(b"if-match", b""),
    entry(b"if-modified-since", b""),
    entry(b"if-none-match", b""),
    entry(b"if-range", b""),
    entry(b"if-unmodified-since", b""),
    entry(b"last-modified", b""),
    entry(b"link", b""),
    entry(b"location", b""),
    entry(b"max-forwards", b""),
    entry(b"proxy-authenticate", b""),
    entry(b"proxy-authorization", b""),
    entry(b"range", b""),
    entry(b"referer", b""),
    entry(b"refresh", b""),
    entry(b"retry-after", b""),
    entry(b"server", b""),
    entry(b"set-cookie", b""),
    entry(b"strict-transport-security", b""),
    entry(b"transfer-encoding", b""),
    entry(b"user-agent", b""),
    entry(b"vary", b""),
    entry(b"via", b""),
    entry(b"www-authenticate", b""),
];

/// What the static table knows of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StaticMatch {
    /// Name and value, at this index.
    Field(usize),
    /// The name alone, first at this index.
    Name(usize),
    /// Nothing.
    None,
}

/// Looks a field up.
pub(super) fn find(name: &[u8], value: &[u8]) -> StaticMatch {
    let mut slot = slot_of(name);
    loop {
        let first = usize::from(SLOTS[slot]);
        let Some(entry) = first.checked_sub(1).and_then(|at| ENTRIES.get(at)) else {
            return StaticMatch::None;
        };
        if entry.name == name {
            let same_name = ENTRIES[first - 1..].iter().take_while(|entry| entry.name == name);
            return match same_name.enumerate().find(|(_, entry)| entry.value == value) {
                Some((ahead, _)) => StaticMatch::Field(first + ahead),
                None => StaticMatch::Name(first),
            };
        }
        slot = (slot + 1) % SLOTS.len();
    }
}

/// Where the search for a name starts: a hash of its length and of octets in which the names of the table differ.
const fn slot_of(name: &[u8]) -> usize {
    let [.., last] = name else { return 0 };
    let middle = name[name.len() / 2] as usize;
    (name.len() * 7 + *last as usize * 31 + middle * 5) % SLOT_COUNT
}

const SLOT_COUNT: usize = 256;

/// A hash table with linear probing: the first index of each name, or 0 where nothing is.
static SLOTS: [u8; SLOT_COUNT] = {
    let mut slots = [0; SLOT_COUNT];
    let mut at = 0;
    while at < LEN {
        if at == 0 || !same(TABLE[at - 1].name, TABLE[at].name) {
            let mut slot = slot_of(TABLE[at].name);
            while slots[slot] != 0 {
                slot = (slot + 1) % SLOT_COUNT;
            }
            slots[slot] = at as u8 + 1;
        }
        at += 1;
    }
    slots
};

const fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found_by_field_and_by_name() {
        for (at, entry) in ENTRIES.iter().enumerate() {
            assert_eq!(find(entry.name, entry.value), StaticMatch::Field(at + 1));
            let first = ENTRIES.iter().position(|other| other.name == entry.name).unwrap() + 1;
            assert_eq!(find(entry.name, b"no such value"), StaticMatch::Name(first));
        }
    }

    #[test]
    fn other_names_are_not_found() {
        for name in [&b""[..], b"x", b":paths", b":authoritx", b"grpc-timeout", &[0xff; 300]] {
            assert_eq!(find(name, b""), StaticMatch::None);
        }
    }

    #[test]
    fn chosen_entries_stand_where_appendix_a_has_them() {
        for (index, name, value) in [
            (1, &b":authority"[..], &b""[..]),
            (3, b":method", b"POST"),
            (8, b":status", b"200"),
            (16, b"accept-encoding", b"gzip, deflate"),
            (28, b"content-length", b""),
            (31, b"content-type", b""),
            (58, b"user-agent", b""),
            (61, b"www-authenticate", b""),
        ] {
            assert_eq!((ENTRIES[index - 1].name, ENTRIES[index - 1].value), (name, value));
        }
    }
}

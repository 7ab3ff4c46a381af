//! Metadata: the key-value pairs that go along with requests, responses and statuses
//! (PROTOCOL-HTTP2.md, "Custom-Metadata").
//!
//! Not here: header fields that gRPC or HTTP define for themselves; transports write and read those.

mod entries;
mod error;
mod packed;
mod rules;

pub use entries::{MetadataEntry, MetadataIter, MetadataValue};
pub use error::InvalidMetadata;

use bytes::Bytes;

use self::packed::Packed;
use crate::wire::base64;

/// Key-value pairs beside the messages of a call.
///
/// Keys are lower-case ASCII, and are compared without case. Values are printable ASCII; those of keys that end in
/// `-bin` are any bytes. A key may have several values, whose order is kept. 24 bytes on 64-bit systems; without entries
/// there is no allocation, and with any number of them there is one.
///
/// ```
/// use gannet_core::Metadata;
///
/// let mut metadata = Metadata::new();
/// metadata.insert("tenant", "blue").unwrap();
/// metadata.insert_bin("session-bin", [0, 255]).unwrap();
/// metadata.append("tag", "a").unwrap();
/// metadata.append("tag", "b").unwrap();
///
/// assert_eq!(metadata.get("Tenant"), Some("blue"));
/// assert_eq!(metadata.get_bin("session-bin").unwrap(), &[0, 255][..]);
/// assert_eq!(metadata.get_all("tag").collect::<Vec<_>>(), ["a", "b"]);
///
/// let refused = metadata.insert("grpc-status", "0").unwrap_err();
/// assert!(refused.to_string().contains("grpc-status"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    packed: Packed,
}

impl Metadata {
    /// No metadata.
    #[inline]
    pub const fn new() -> Self {
        Self { packed: Packed::new() }
    }

    /// Whether there are no entries.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// How many entries there are; they are counted.
    pub fn len(&self) -> usize {
        self.packed.iter().count()
    }

    /// The first value of `key`; `None` if there is none, or if the key is one of binary values.
    pub fn get(&self, key: &str) -> Option<&str> {
        if rules::is_binary(key.as_bytes()) {
            return None;
        }
        let mut entries = self.packed.iter();
        entries
            .find(|(name, _)| name.eq_ignore_ascii_case(key.as_bytes()))
            .map(|(_, value)| entries::ascii(value))
    }

    /// The values of `key`, in order; none if the key is one of binary values.
    pub fn get_all<'a, 'k>(&'a self, key: &'k str) -> impl Iterator<Item = &'a str> + use<'a, 'k> {
        let wanted = !rules::is_binary(key.as_bytes());
        self.raw_values(key).filter(move |_| wanted).map(entries::ascii)
    }

    /// The first value of `key`, a key that ends in `-bin`.
    pub fn get_bin(&self, key: &str) -> Option<Bytes> {
        self.get_all_bin(key).next()
    }

    /// The values of `key`, a key that ends in `-bin`, in order.
    ///
    /// A received value that is not base64 is left out.
    pub fn get_all_bin(&self, key: &str) -> impl Iterator<Item = Bytes> {
        let wanted = rules::is_binary(key.as_bytes());
        self.raw_values(key)
            .filter(move |_| wanted)
            // A peer may have joined the values of a key.
            .flat_map(|values| values.split(|&byte| byte == b','))
            .filter_map(|value| base64::decode(value.trim_ascii()))
    }

    fn raw_values<'a, 'k>(&'a self, key: &'k str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'k> {
        self.packed
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(key.as_bytes()))
            .map(|(_, value)| value)
    }

    /// Whether `key` has a value.
    pub fn contains_key(&self, key: &str) -> bool {
        self.raw_values(key).next().is_some()
    }

    /// Whether values of `key` are secrets by its name, such as `authorization` and `password`: `Debug` does not show
    /// them, and transports keep them out of the tables of compression.
    ///
    /// ```
    /// use gannet_core::Metadata;
    ///
    /// assert!(Metadata::is_secret("Authorization") && !Metadata::is_secret("user"));
    /// ```
    pub fn is_secret(key: impl AsRef<[u8]>) -> bool {
        rules::is_credential(key.as_ref())
    }

    /// All entries, in order.
    pub fn iter(&self) -> MetadataIter<'_> {
        MetadataIter::new(self.packed.iter())
    }

    /// Sets the only value of `key`. Spaces around the value are left out, as gRPC has it.
    ///
    /// # Errors
    ///
    /// If the key is reserved for gRPC or HTTP, is no key at all, or is one of binary values; or if the value is not
    /// printable ASCII. Nothing is changed then.
    pub fn insert(&mut self, key: &str, value: impl AsRef<str>) -> Result<(), InvalidMetadata> {
        let value = rules::check_ascii(key, value.as_ref())?;
        self.put(key, value.as_bytes(), true);
        Ok(())
    }

    /// Adds a value of `key` behind those it has. Spaces around the value are left out, as gRPC has it.
    ///
    /// # Errors
    ///
    /// As [`Metadata::insert`].
    pub fn append(&mut self, key: &str, value: impl AsRef<str>) -> Result<(), InvalidMetadata> {
        let value = rules::check_ascii(key, value.as_ref())?;
        self.put(key, value.as_bytes(), false);
        Ok(())
    }

    /// Sets the only value of `key`, a key that ends in `-bin`.
    ///
    /// # Errors
    ///
    /// If the key is reserved for gRPC or HTTP, is no key at all, or does not end in `-bin`. Nothing is changed then.
    pub fn insert_bin(&mut self, key: &str, value: impl AsRef<[u8]>) -> Result<(), InvalidMetadata> {
        rules::check_binary(key, value.as_ref())?;
        self.put(key, base64::encode(value.as_ref()).as_bytes(), true);
        Ok(())
    }

    /// Adds a value of `key`, a key that ends in `-bin`, behind those it has.
    ///
    /// # Errors
    ///
    /// As [`Metadata::insert_bin`].
    pub fn append_bin(&mut self, key: &str, value: impl AsRef<[u8]>) -> Result<(), InvalidMetadata> {
        rules::check_binary(key, value.as_ref())?;
        self.put(key, base64::encode(value.as_ref()).as_bytes(), false);
        Ok(())
    }

    /// Stores what was checked.
    fn put(&mut self, key: &str, value: &[u8], replace: bool) {
        let mut name = key.as_bytes();
        let lower;
        if name.iter().any(u8::is_ascii_uppercase) {
            lower = name.to_ascii_lowercase();
            name = &lower;
        }
        if replace {
            self.packed.remove(name);
        }
        self.packed.push(name, value);
    }

    /// Removes all values of `key`; `false` if there are none.
    pub fn remove(&mut self, key: &str) -> bool {
        self.packed.remove(key.as_bytes())
    }

    /// Adds all entries of `other` behind those there are.
    ///
    /// ```
    /// use gannet_core::Metadata;
    ///
    /// let mut metadata = Metadata::new();
    /// metadata.insert("tag", "a").unwrap();
    /// metadata.append_all(&metadata.clone());
    /// assert_eq!(metadata.get_all("tag").collect::<Vec<_>>(), ["a", "a"]);
    /// ```
    pub fn append_all(&mut self, other: &Self) {
        self.packed.append(&other.packed);
    }

    /// Adds a header field as it was received; for transports.
    ///
    /// `false` if the field was dropped because it cannot be metadata: its name is not one of gRPC's, or its value is
    /// not printable ASCII, which gRPC leaves to the receiver. Values of `-bin` keys are kept as they are and decoded
    /// when they are asked for. Which fields are metadata at all is the transport's to decide: reserved names are not
    /// refused here.
    ///
    /// ```
    /// use gannet_core::Metadata;
    ///
    /// let mut metadata = Metadata::new();
    /// assert!(metadata.append_wire(b"session-bin", b"AP8="));
    /// assert!(!metadata.append_wire(b"not a name", b"value"));
    /// assert_eq!(metadata.get_bin("session-bin").unwrap(), &[0, 255][..]);
    /// ```
    #[inline]
    pub fn append_wire(&mut self, name: &[u8], value: &[u8]) -> bool {
        let value = rules::trim_spaces(value);
        if !rules::is_wire_name(name) || !rules::is_value(value) || !rules::fits(name, value) {
            return false;
        }
        self.packed.push(name, value);
        true
    }

    /// The entries as header fields; for transports. Values of `-bin` keys are base64 without padding.
    #[inline]
    pub fn iter_wire(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.packed.iter().map(|(name, value)| (name, rules::wire_value(name, value)))
    }
}

impl<'a> IntoIterator for &'a Metadata {
    type Item = MetadataEntry<'a>;
    type IntoIter = MetadataIter<'a>;

    fn into_iter(self) -> MetadataIter<'a> {
        self.iter()
    }
}

impl std::fmt::Debug for Metadata {
    /// All entries, but of credentials the lengths only.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_map().entries(self.iter().map(|entry| (entry.key, entries::shown(&entry)))).finish()
    }
}

#[cfg(test)]
mod tests;

//! Messages in protobuf's text form on one line, as golang/protobuf 1.3 prints them, which go-proto-validators was made for.
//!
//! A message is printed where a list or map that holds it has too few or too many elements. Generated code names the fields.

use super::Value;

/// The text form of a message, as far as it has been written.
#[derive(Debug, Default)]
pub struct MessageText(String);

impl MessageText {
    /// That of a message without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field that is there.
    pub fn field(&mut self, name: &str, value: &impl Value) {
        self.0.push_str(name);
        self.0.push(':');
        value.write_text(&mut self.0);
        self.0.push(' ');
    }

    /// Adds a field without presence, unless it has its zero value.
    pub fn field_unless_zero(&mut self, name: &str, value: &impl Value) {
        if !value.is_zero() {
            self.field(name, value);
        }
    }

    /// Adds a map's entries, by their keys.
    pub fn map<K: Value + Ord, V: Value>(&mut self, name: &str, entries: impl Iterator<Item = (K, V)>) {
        let mut entries: Vec<(K, V)> = entries.collect();
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (key, value) in entries {
            let mut entry = Self::new();
            entry.field("key", &key);
            entry.field("value", &value);
            self.field(name, &entry);
        }
    }
}

impl Value for MessageText {
    fn write(&self, out: &mut String) {
        out.push_str(&self.0);
    }

    fn write_text(&self, out: &mut String) {
        out.push('<');
        out.push_str(&self.0);
        out.push('>');
    }

    /// A message that is there is printed, whatever it holds.
    fn is_zero(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_written_on_one_line() {
        let mut inner = MessageText::new();
        inner.field_unless_zero("name", &"");
        inner.field("number", &0_i32);
        let mut text = MessageText::new();
        text.field("inner", &inner);
        text.field("empty", &MessageText::new());
        text.map("labels", [("b", 2_i32), ("a", 1)].into_iter());
        let mut written = String::new();
        text.write(&mut written);
        assert_eq!(
            written,
            r#"inner:<number:0 > empty:<> labels:<key:"a" value:1 > labels:<key:"b" value:2 > "#
        );
    }
}

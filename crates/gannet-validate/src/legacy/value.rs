//! Values as Go prints them: by `%v` where a rule is broken, in protobuf's text form within a message.

use std::fmt::Write as _;

use gannet_cel::go::Float;

/// A value of a field.
pub trait Value {
    /// Adds what Go's `%v` prints.
    fn write(&self, out: &mut String);

    /// Adds what the text form of a message that holds the value has.
    fn write_text(&self, out: &mut String) {
        self.write(out);
    }

    /// Whether it is the zero value, which the text form leaves out of fields without presence.
    fn is_zero(&self) -> bool;
}

macro_rules! displayed {
    ($($number:ty => $zero:literal),*) => {$(
        impl Value for $number {
            fn write(&self, out: &mut String) {
                let _ = write!(out, "{self}");
            }

            fn is_zero(&self) -> bool {
                *self == $zero
            }
        }
    )*};
}

displayed!(i32 => 0, i64 => 0, u32 => 0, u64 => 0, bool => false);

macro_rules! floats {
    ($($float:ty),*) => {$(
        impl Value for $float {
            fn write(&self, out: &mut String) {
                let _ = write!(out, "{}", Float(*self));
            }

            fn write_text(&self, out: &mut String) {
                if self.is_nan() {
                    out.push_str("nan");
                } else if self.is_infinite() {
                    out.push_str(if self.is_sign_positive() { "inf" } else { "-inf" });
                } else {
                    self.write(out);
                }
            }

            fn is_zero(&self) -> bool {
                *self == 0.0
            }
        }
    )*};
}

floats!(f32, f64);

impl Value for &str {
    fn write(&self, out: &mut String) {
        out.push_str(self);
    }

    fn write_text(&self, out: &mut String) {
        write_escaped(self.as_bytes(), out);
    }

    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

impl Value for &[u8] {
    fn write(&self, out: &mut String) {
        out.push('[');
        for (index, byte) in self.iter().enumerate() {
            let space = if index > 0 { " " } else { "" };
            let _ = write!(out, "{space}{byte}");
        }
        out.push(']');
    }

    fn write_text(&self, out: &mut String) {
        write_escaped(self, out);
    }

    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

/// A value of an enum: its name, or its number if it has none.
#[derive(Debug, Clone, Copy)]
pub struct Enum {
    /// The number.
    pub number: i32,
    /// The enum's values; of several names for a number, the first.
    pub names: &'static [(i32, &'static str)],
}

impl Value for Enum {
    fn write(&self, out: &mut String) {
        match self.names.iter().find(|(number, _)| *number == self.number) {
            Some((_, name)) => out.push_str(name),
            None => self.number.write(out),
        }
    }

    fn is_zero(&self) -> bool {
        self.number == 0
    }
}

/// Strings and bytes in the text form: bytes that are no printable ASCII in octal.
fn write_escaped(bytes: &[u8], out: &mut String) {
    out.push('"');
    for byte in bytes {
        match byte {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b' '..=b'~' => out.push(char::from(*byte)),
            _ => {
                let _ = write!(out, "\\{byte:03o}");
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: impl Value + Copy) -> String {
        let mut out = String::new();
        value.write(&mut out);
        out
    }

    fn text(value: impl Value + Copy) -> String {
        let mut out = String::new();
        value.write_text(&mut out);
        out
    }

    #[test]
    fn values_are_written_as_go_prints_them() {
        assert_eq!(written(-5_i32), "-5");
        assert_eq!(written(u64::MAX), "18446744073709551615");
        assert_eq!(written(true), "true");
        assert_eq!(written(1e21_f64), "1e+21");
        assert_eq!(written(f32::NEG_INFINITY), "-Inf");
        assert_eq!(written("a\n'%v"), "a\n'%v");
        assert_eq!(written(&[1_u8, 2][..]), "[1 2]");
    }

    #[test]
    fn an_enum_is_written_by_its_first_name_or_its_number() {
        const NAMES: &[(i32, &str)] = &[(0, "NONE"), (1, "FIRST"), (1, "SECOND")];
        assert_eq!(written(Enum { number: 1, names: NAMES }), "FIRST");
        assert_eq!(written(Enum { number: -7, names: NAMES }), "-7");
    }

    #[test]
    fn within_a_message_strings_are_escaped_and_floats_spelled_otherwise() {
        assert_eq!(text("a\"\\\n\té\u{7f}'"), r#""a\"\\\n\t\303\251\177'""#);
        assert_eq!(text(&b"\0\xff"[..]), r#""\000\377""#);
        assert_eq!((text(f64::INFINITY), text(f32::NAN)), ("inf".to_owned(), "nan".to_owned()));
        assert_eq!(text(1e21_f64), "1e+21");
    }
}

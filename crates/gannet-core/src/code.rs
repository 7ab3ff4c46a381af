//! The status codes of gRPC: one table of numbers, names and meanings.
//!
//! Not here: errors that carry a code ([`crate::Status`]), and the codes that HTTP statuses and HTTP/2 errors stand for
//! ([`crate::wire::status_mapping`]).

use std::fmt;

macro_rules! codes {
    ($($variant:ident = $value:literal, $name:literal, $description:literal;)*) => {
        /// How a call ended: one of the seventeen codes of gRPC (grpc/doc/statuscodes.md).
        ///
        /// ```
        /// use gannet_core::Code;
        ///
        /// assert_eq!(Code::from_i32(5), Code::NotFound);
        /// assert_eq!(Code::NotFound.as_i32(), 5);
        /// assert_eq!(Code::NotFound.to_string(), "NOT_FOUND");
        /// assert_eq!(Code::from_i32(99), Code::Unknown);
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Code {
            $(
                #[doc = $description]
                $variant = $value,
            )*
        }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: [Self; 17] = [$(Self::$variant),*];

            /// The code with this number; [`Code::Unknown`] for a number that gRPC does not define.
            #[inline]
            pub const fn from_i32(value: i32) -> Self {
                match value {
                    $($value => Self::$variant,)*
                    _ => Self::Unknown,
                }
            }

            /// The name in gRPC's documents, such as `NOT_FOUND`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The code with this name, such as `NOT_FOUND`.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// What the code says, in a sentence.
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => $description,)*
                }
            }

            /// The number as it stands in `grpc-status`.
            pub const fn digits(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($value),)*
                }
            }
        }
    };
}

codes! {
    Ok = 0, "OK", "The call succeeded.";
    Cancelled = 1, "CANCELLED", "The call was given up, usually by its caller.";
    Unknown = 2, "UNKNOWN", "The call failed, and nothing says how.";
    InvalidArgument = 3, "INVALID_ARGUMENT", "The request is wrong in itself, whatever the state of the system.";
    DeadlineExceeded = 4, "DEADLINE_EXCEEDED", "The deadline passed before the call was done.";
    NotFound = 5, "NOT_FOUND", "What the request asks for does not exist.";
    AlreadyExists = 6, "ALREADY_EXISTS", "What the request is to create exists.";
    PermissionDenied = 7, "PERMISSION_DENIED", "The caller is known and may not do this.";
    ResourceExhausted = 8, "RESOURCE_EXHAUSTED", "A quota or a limit is used up.";
    FailedPrecondition = 9, "FAILED_PRECONDITION", "The system is not in the state that the call needs.";
    Aborted = 10, "ABORTED", "The call lost against a concurrent one; the whole of it may be tried again.";
    OutOfRange = 11, "OUT_OF_RANGE", "The call went past the end of what there is.";
    Unimplemented = 12, "UNIMPLEMENTED", "The server does not have this method, or does not support what is asked of it.";
    Internal = 13, "INTERNAL", "Something that must hold in the system does not.";
    Unavailable = 14, "UNAVAILABLE", "The service cannot be reached at present; it is usually safe to try again.";
    DataLoss = 15, "DATA_LOSS", "Data is lost or damaged beyond repair.";
    Unauthenticated = 16, "UNAUTHENTICATED", "The caller did not prove who it is.";
}

impl Code {
    /// The number in gRPC's documents.
    #[inline]
    pub const fn as_i32(self) -> i32 {
        self as i32
    }

    /// The code in the value of a `grpc-status` field; [`Code::Unknown`] for anything that is not the decimal number
    /// of a code (statuscodes.md: an answer whose status cannot be parsed counts as UNKNOWN).
    ///
    /// ```
    /// use gannet_core::Code;
    ///
    /// assert_eq!(Code::from_digits(b"16"), Code::Unauthenticated);
    /// assert_eq!(Code::from_digits(b"one"), Code::Unknown);
    /// ```
    #[inline]
    pub fn from_digits(digits: &[u8]) -> Self {
        let number = match *digits {
            [ones @ b'0'..=b'9'] => ones - b'0',
            [b'1', ones @ b'0'..=b'9'] => 10 + (ones - b'0'),
            _ => return Self::Unknown,
        };
        Self::from_i32(i32::from(number))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_names_and_digits_lead_back_to_their_code() {
        for (number, code) in Code::ALL.into_iter().enumerate() {
            assert_eq!(code.as_i32(), i32::try_from(number).unwrap());
            assert_eq!(Code::from_i32(code.as_i32()), code);
            assert_eq!(Code::from_name(code.name()), Some(code));
            assert_eq!(code.digits(), number.to_string());
            assert_eq!(Code::from_digits(code.digits().as_bytes()), code);
        }
    }

    #[test]
    fn what_is_no_code_is_unknown() {
        assert_eq!(Code::from_i32(-1), Code::Unknown);
        assert_eq!(Code::from_i32(17), Code::Unknown);
        for digits in [&b""[..], b"17", b"20", b"-1", b"+1", b"1 ", b"00", b"016", b"ok", b"\xff"] {
            assert_eq!(Code::from_digits(digits), Code::Unknown, "{digits:?}");
        }
        assert_eq!(Code::from_name("not_found"), None);
    }
}

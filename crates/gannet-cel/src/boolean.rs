//! CEL's `bool`.

use crate::Error;

/// `bool(text)`: `true` and `false`, also as `t`, `T`, `TRUE`, `True`, `1`, and likewise for false.
///
/// ```
/// use gannet_cel::boolean;
///
/// assert_eq!(boolean::from_string("True"), Ok(true));
/// assert!(boolean::from_string("yes").is_err());
/// ```
///
/// # Errors
/// The text is none of these.
pub fn from_string(text: &str) -> Result<bool, Error> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(Error::new("type conversion error from 'string' to 'bool'")),
    }
}

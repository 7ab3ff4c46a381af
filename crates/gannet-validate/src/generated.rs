//! Small functions that generated validators call, and nobody else.

use gannet_cel::re2::Pattern;

/// A pattern that was checked when the code was generated.
///
/// # Panics
/// It is no RE2 pattern; the generator does not let such code come to be.
#[doc(hidden)]
pub fn built_pattern(re2: &str) -> Pattern {
    match Pattern::new(re2) {
        Ok(pattern) => pattern,
        Err(error) => panic!("a pattern that the generator let pass is none: {error}"),
    }
}

/// Whether two messages are equal, where an absent one equals one without content, as CEL has it.
#[doc(hidden)]
pub fn messages_equal<M: Default + PartialEq>(left: Option<&M>, right: Option<&M>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => left == right,
        (None, None) => true,
        (Some(one), None) | (None, Some(one)) => *one == M::default(),
    }
}

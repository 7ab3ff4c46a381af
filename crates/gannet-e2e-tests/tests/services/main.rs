//! Reflection and health as clients see them: generated clients against servers that have them switched on.
//!
//! Not here: what is answered to which question, which is tested beside the code (`gannet-services`), and what the
//! tools of others make of it (`conformance`).

#![allow(clippy::unwrap_used, reason = "all of it is tests; a panic is the report")]

mod around;
mod health;
mod reflection;
#[allow(dead_code, reason = "made for all end-to-end tests")]
#[path = "../end_to_end/support.rs"]
mod support;

//! The chapters of the tour, one file each.

mod another_language;
mod calls;
mod contract;
mod deadlines;
mod errors;
mod interceptors;
mod mutual_tls;
mod reflection;
mod shutdown;
mod streams;
mod tls;
mod tokens;
mod validators;

pub(super) use another_language::another_language;
pub(super) use calls::calls;
pub(super) use contract::contract;
pub(super) use deadlines::deadlines;
pub(super) use errors::errors;
pub(super) use interceptors::interceptors;
pub(super) use mutual_tls::mutual_tls;
pub(super) use reflection::reflection;
pub(super) use shutdown::shutdown;
pub(super) use streams::streams;
pub(super) use tls::tls;
pub(super) use tokens::tokens;
pub(super) use validators::validators;

use super::services::protos;
use super::{Notes, Outcome, certificates, log, services};

//! The chapters of the tour, one file each.

mod calls;
mod contract;
mod deadlines;
mod errors;
mod shutdown;
mod streams;

pub(super) use calls::calls;
pub(super) use contract::contract;
pub(super) use deadlines::deadlines;
pub(super) use errors::errors;
pub(super) use shutdown::shutdown;
pub(super) use streams::streams;

use super::services::protos;
use super::{Notes, Outcome, services};

//! CEL's times: points in time and spans of it, what is calculated with them, and how they are read and printed.
//!
//! Not here: the wall clock of a server or deadlines of calls; the one clock read is [`Timestamp::now`], for the variable
//! `now` of rules.

mod calendar;
mod duration;
mod timestamp;
mod zone;

pub use calendar::Calendar;
pub use duration::Duration;
pub use timestamp::Timestamp;

const NANOS_PER_SECOND: i128 = 1_000_000_000;

#[cfg(test)]
mod tests;

//! The prost message codec for Gannet.

//! The buffa message codec for Gannet.

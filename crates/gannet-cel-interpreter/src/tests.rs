//! Tests of expressions over messages.

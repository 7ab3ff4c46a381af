//! What reflection and health answer: their messages and their logic, without a server around them.
//!
//! Users depend on `gannet`. Not here: the methods as a server has them (`gannet-server`).

#![forbid(unsafe_code)]

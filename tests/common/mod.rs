//! What several integration tests share.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod generators;
pub(crate) mod https;
pub(crate) mod program;
pub(crate) mod review;
pub(crate) mod server;
pub(crate) mod webhook;

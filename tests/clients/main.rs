//! Clients that are slow, many, silent or rude, and what an ordinary client notices of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail so")]

#[path = "../common/mod.rs"]
mod common;
mod crowd;
mod deadlines;
mod idle;
mod key_swap;
mod places;
mod raw;
mod requests;

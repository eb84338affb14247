//! The project's own certificates on a real API server: `controller` beside `serve --tls-secret`, with
//! `failurePolicy: Fail`, so that every call that is lost is an error.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail so")]

#[path = "../cluster/harness/mod.rs"]
mod harness;
mod scene;
mod vigil;

mod clocks;
mod contested;
mod installed;
mod kills;
mod leaders;
mod mended;
mod rotation;

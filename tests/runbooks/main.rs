//! The runbooks of `docs/operations.md`, followed word by word: each command that the page gives is run as it
//! stands, by a shell, in a situation in which the page sends a reader there. The API server, kubectl, helm and the
//! processes are real; only a kubelet, which `kubectl logs` asks, is played, see `kubelet.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail so")]

#[path = "../cluster/harness/mod.rs"]
mod harness;

mod followed;
mod kubelet;
mod page;
mod reader;

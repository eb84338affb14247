//! Clients that are slow, many, silent or rude, and what an ordinary client notices of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail so")]

mod authority;
mod certificates;
#[path = "../common/mod.rs"]
mod common;
mod crowd;
mod deadlines;
mod ending;
mod flood;
mod hostile;
#[path = "../hostile/requests.rs"]
mod hostile_requests;
mod idle;
mod key_swap;
mod overload;
mod places;
mod raw;
mod requests;

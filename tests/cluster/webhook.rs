//! The webhook on a real API server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail so")]

#[path = "../common/mod.rs"]
mod common;
mod harness;
#[path = "../common/hostile.rs"]
mod hostile_spawners;

mod certificates;
mod clients;
mod example;
mod feedback;
mod hostile;
mod keys;
mod neighbours;
mod outages;
mod races;
mod random;
mod repair;
mod rights;
mod schemas;
mod switches;

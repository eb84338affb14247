//! The chart `charts/kelos-metadata`: what it renders, and what becomes of that on a real API server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail so")]

#[path = "../cluster/harness/mod.rs"]
mod harness;
mod support;

mod accepted;
mod controller;
mod effects;
mod lifecycle;
mod order;
mod page;
mod refusals;
mod renderings;
mod rights;
mod schema;
mod shape;
mod switches;
mod trust;
mod versions;

//! Whatever needs a control plane: the webhook, its controller, the chart and the runbooks on a real API server.
//!
//! These tests wait for clocks more than they compute, so `make test` runs more of them at once than there are
//! CPUs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail so")]
#![allow(clippy::print_stdout, reason = "figures, for who asks with --nocapture")]

mod harness;

mod backfill;
mod certs;
mod chart;
mod check;
mod explain;
mod lint;
mod load;
mod measured;
mod monitoring;
mod readme;
mod release;
mod report;
mod runbooks;
mod sessions;
mod uses;
mod webhook;

//! What runs in this process, or against the program that was built: no cluster.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail so")]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "figures, for who asks with --nocapture"
)]

mod support;

mod alerts;
mod certs;
mod cli;
mod clients;
mod docs;
mod eval;
mod examples;
mod explain;
mod facts;
mod go_templates;
mod helpers;
mod house;
mod image;
mod inference;
mod layers;
mod lint;
mod lint_command;
mod lint_findings;
mod manners;
mod monitoring;
mod pages;
mod preview;
mod properties;
mod recorded;
mod reference;
mod release;
mod report;
mod repository;
mod secrets;
mod serve;
mod simulate;
mod templates;
mod tls;
mod webhook;
mod workflows;

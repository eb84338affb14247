//! kelos-metadata: a mutating admission webhook that gives Kelos Tasks the labels and annotations
//! their TaskSpawner asks for.
//!
//! One flow, inward and out again:
//!
//! ```text
//! server → webhook::router → webhook::review (bytes → request)
//!        → spawners (owner → rules)
//!        → engine [variables → candidates (templates) → merge → patch]
//!        → webhook::review (answer → bytes)
//! ```
//!
//! | room | one job |
//! | --- | --- |
//! | [`cli`], [`settings`] | what was typed → what is meant |
//! | [`commands`] | one file a subcommand |
//! | [`engine`] | Task and rules → decision; pure |
//! | [`apimachinery`] | which keys and values the API server takes |
//! | [`templates`] | source → compiled template → text, within bounds; knows nothing of Kubernetes but what a label value is (`helpers/label.rs`) |
//! | [`webhook`] | bytes → request → answer |
//! | [`spawners`] | the cache of what the rules need |
//! | [`manifests`], [`watch`] | files → objects; seeing files change |
//! | [`cluster`] | the API server → objects |
//! | [`certs`] | a CA and a serving certificate of its own: issued, published, rotated |
//! | [`monitoring`] | label keys → what shows Tasks by them in Prometheus and Grafana; pure |
//! | [`registration`] | whether the API server asks us about a Task; pure |
//! | [`server`], [`tls`], [`admin`] | accept, deadlines, drain; the serving key; metrics and health |
//! | [`metrics`], [`telemetry`] | how the rooms count, and how it is written down; how they log |
//! | [`readiness`], [`unix_seconds`] | whether requests may come; a moment |

pub mod admin;
pub mod apimachinery;
mod boxed;
pub mod certs;
pub mod cli;
mod clock;
pub mod cluster;
pub mod commands;
pub mod engine;
mod fair;
mod hex;
mod json_text;
mod keyed_semaphore;
pub mod manifests;
pub mod metrics;
pub mod monitoring;
pub mod readiness;
pub mod registration;
pub mod server;
pub mod settings;
pub mod spawners;
pub mod telemetry;
pub mod templates;
pub mod tls;
pub mod unix_seconds;
pub mod watch;
pub mod webhook;
mod words;

//! The runbooks of `docs/operations.md`, followed word by word: each command that the page gives is run as it stands,
//! on a real API server, by somebody who is in the situation that the page is about.

mod coverage;
pub(crate) mod fixture;
mod log_claims;
mod page;
mod shell;

mod certificates;
mod defaults;
mod pods;
mod registration;
mod tasks;
mod templates;

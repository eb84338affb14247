//! An answer on its way out.

use super::AdmissionOutcome;
use super::router::Reply;

/// An answer, and what it counts as.
#[derive(Debug)]
pub struct Answered {
    /// What is sent.
    pub reply: Reply,
    /// What it counts as.
    pub outcome: AdmissionOutcome,
}

//! The webhook: bytes → request → answer.
//!
//! The [`router`] decides which requests are let in, [`review`] reads and writes AdmissionReviews,
//! [`mutate_task`] takes a request through whatever it needs, and through the engine, and
//! [`validate_spawner`] says what is wrong with a spawner that is written.

mod answered;
mod case;
mod metrics;
pub mod mutate_task;
mod outcome;
mod pool;
mod reader;
mod report;
mod resource;
pub mod review;
pub mod router;
mod time_budget;
pub mod validate_spawner;

pub use self::answered::Answered;
pub use self::metrics::{AdmissionTimer, Metrics};
pub use self::outcome::{AdmissionOutcome, KeyOutcomeLabel};
pub use self::resource::Resource;

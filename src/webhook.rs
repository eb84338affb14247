//! The webhook: bytes → request → answer.
//!
//! The [`router`] decides which requests are let in, [`review`] reads and writes AdmissionReviews,
//! [`mutate_task`] takes a request through the engine.

pub mod mutate_task;
mod pool;
pub mod review;
pub mod router;

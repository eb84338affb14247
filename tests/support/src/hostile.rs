//! What somebody may write to take all memory or all time.

pub mod bomb;
pub mod requests;
pub mod spawners;
pub mod tasks;
pub mod templates;
pub mod variables;

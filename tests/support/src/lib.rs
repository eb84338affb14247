//! What several test binaries, the benches and the fuzz targets share.
//!
//! What only one of them needs belongs into it: there the compiler sees what nobody uses. Here
//! `tests/it/house.rs` does.

pub mod console;
pub mod fuzz;
pub mod generators;
pub mod helpers;
pub mod hostile;
pub mod inference;
pub mod many_tasks;
pub mod measure;
pub mod memory;
pub mod review;
pub mod tools;

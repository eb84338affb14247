//! What benches share: the program as a process of its own that is measured, and clients that call it.

pub mod child;
pub mod client;
pub mod figures;
pub mod fixtures;
pub mod noop;
pub mod servers;

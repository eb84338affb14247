//! What is held of memory, as the allocator counts it: a binary of its own, because the allocator that counts is
//! that of a whole program. It counts each thread by itself, so tests run side by side.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail so")]
#![allow(clippy::print_stderr, reason = "figures, for who asks with --nocapture")]

mod answers;
mod bombs;
mod fuzz;
mod kept;
mod lint;
mod requests;
mod work;

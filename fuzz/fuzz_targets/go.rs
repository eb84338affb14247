//! See `testing::fuzz::go`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testing::fuzz::go(data));

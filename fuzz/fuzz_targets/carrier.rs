//! See `testing::fuzz::carrier`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testing::fuzz::carrier(data));

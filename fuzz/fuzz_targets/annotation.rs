//! See `testing::fuzz::annotation`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testing::fuzz::annotation(data));

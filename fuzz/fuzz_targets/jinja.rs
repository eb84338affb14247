//! See `testing::fuzz::jinja`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| testing::fuzz::jinja(data));

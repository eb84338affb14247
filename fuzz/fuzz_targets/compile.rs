//! See `testing::fuzz::compile`.
#![no_main]

use allocation_counter::measure;
use testing::fuzz::Held;

fn held(run: &mut dyn FnMut()) -> Held {
    let held = measure(run);
    Held { peak: held.bytes_max, kept: held.bytes_current }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| testing::fuzz::compile(data, held));

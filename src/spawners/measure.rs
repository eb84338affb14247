//! How large an object is, and whether it is the one that was seen before.

use std::hash::{DefaultHasher, Hash, Hasher};

/// An object in two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measure {
    /// About how many bytes it takes.
    pub(super) bytes: u64,
    /// The same for the same object. Who makes another one with the same fingerprint harms only that.
    pub(super) fingerprint: u64,
}

impl Measure {
    /// Measures all that the fields of an object hold.
    pub(super) fn of<T: Hash>(object: &T) -> Measure {
        let bytes = (size_of::<T>() + KEPT_BYTES) as u64;
        let mut meter = Meter { bytes, hasher: DefaultHasher::new() };
        object.hash(&mut meter);
        Measure { bytes: meter.bytes, fingerprint: meter.finish() }
    }
}

/// What an object takes beside itself: its name and namespace in the maps that it is found in.
const KEPT_BYTES: usize = 256;

struct Meter {
    bytes: u64,
    hasher: DefaultHasher,
}

/// What a field takes beside what it holds, with what the allocator adds.
const FIELD_BYTES: usize = 16;

impl Hasher for Meter {
    fn write(&mut self, bytes: &[u8]) {
        self.bytes += (bytes.len() + FIELD_BYTES) as u64;
        self.hasher.write(bytes);
    }

    fn finish(&self) -> u64 {
        self.hasher.finish()
    }
}

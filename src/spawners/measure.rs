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
    pub(super) fn of(object: &impl Hash) -> Measure {
        let mut meter = Meter { bytes: 0, hasher: DefaultHasher::new() };
        object.hash(&mut meter);
        Measure { bytes: meter.bytes, fingerprint: meter.finish() }
    }
}

struct Meter {
    bytes: u64,
    hasher: DefaultHasher,
}

/// What a field takes beside what it holds: an empty text, for one.
const FIELD_BYTES: usize = 8;

impl Hasher for Meter {
    fn write(&mut self, bytes: &[u8]) {
        self.bytes += (bytes.len() + FIELD_BYTES) as u64;
        self.hasher.write(bytes);
    }

    fn finish(&self) -> u64 {
        self.hasher.finish()
    }
}

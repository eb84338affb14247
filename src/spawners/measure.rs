//! How large an object is, and whether it is the one that was seen before.

use std::fmt::{Debug, Write};
use std::hash::{DefaultHasher, Hasher};

/// An object in two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measure {
    /// About how many bytes its texts have.
    pub(super) bytes: u64,
    /// The same for the same object. Who makes another one with the same fingerprint harms only that.
    pub(super) fingerprint: u64,
}

impl Measure {
    /// Measures what [`Debug`] shows of an object, which is all that its fields hold; the text itself is
    /// never made.
    pub(super) fn of(object: &impl Debug) -> Measure {
        let mut meter = Meter { bytes: 0, hasher: DefaultHasher::new() };
        // It takes every write.
        let _ = write!(meter, "{object:?}");
        Measure { bytes: meter.bytes, fingerprint: meter.hasher.finish() }
    }
}

struct Meter {
    bytes: u64,
    hasher: DefaultHasher,
}

impl Write for Meter {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.bytes += text.len() as u64;
        self.hasher.write(text.as_bytes());
        Ok(())
    }
}

//! How large a Task is, and may become.

use crate::engine::kelos::{Kind, Task};
use crate::engine::patch::Place;
use crate::engine::validate::ANNOTATIONS_BYTES;

/// What a Task may grow to, as JSON: etcd refuses objects of 1.5 MiB. One that is larger already is
/// refused with us or without us, or etcd takes more here.
const OBJECT_BYTES: usize = 1408 << 10;

/// What a Task takes, in bytes, as far as it is bounded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// All keys and values of its annotations.
    annotations: usize,
    /// The object as JSON, at the most.
    object: usize,
    /// What the object may take.
    object_limit: usize,
}

impl Size {
    /// The size of a Task that comes with so many bytes of JSON.
    pub(super) fn of(task: &Task<'_>, object: usize) -> Size {
        let annotations = task.entries(Kind::Annotation).into_iter().flatten();
        Size {
            annotations: annotations.map(|(key, value)| key.len() + value.len()).sum(),
            object,
            object_limit: if object > OBJECT_BYTES { usize::MAX } else { OBJECT_BYTES },
        }
    }

    /// The size without a key that has this value now.
    pub(super) fn without(mut self, place: Place<'_>, value: &str) -> Size {
        if place.kind == Kind::Annotation {
            self.annotations -= place.key.len() + value.len();
        }
        self
    }

    /// The size with a key that is not there yet.
    pub(super) fn with(mut self, place: Place<'_>, value: &str) -> Size {
        if place.kind == Kind::Annotation {
            self.annotations += place.key.len() + value.len();
        }
        self.object += growth(place.key, value);
        self
    }

    /// Whether the API server takes the Task with all its annotations.
    pub(super) fn annotations_fit(self) -> bool {
        self.annotations <= ANNOTATIONS_BYTES
    }

    /// Whether etcd takes the Task, as far as that depends on us.
    pub(super) fn fits_etcd(self) -> bool {
        self.object <= self.object_limit
    }
}

/// How many bytes of JSON an entry takes at the most, with its place in the managed fields: a second
/// pass must not find less room than is left after the first.
fn growth(key: &str, value: &str) -> usize {
    3 * key.len()
        + value.bytes().map(|b| usize::from(ESCAPED_BYTES[usize::from(b)])).sum::<usize>()
        + 128
}

/// What each byte of a text takes in JSON, escaped as the API server does it, or worse.
static ESCAPED_BYTES: [u8; 256] = {
    let mut bytes = [1; 256];
    let mut b = 0;
    while b < bytes.len() {
        match b as u8 {
            b'<' | b'>' | b'&' | 0..0x20 | 0x7f => bytes[b] = 6,
            b'"' | b'\\' | 0x80.. => bytes[b] = 2,
            _ => {}
        }
        b += 1;
    }
    bytes
};

//! Texts that are not copied where that can be avoided.

use std::borrow::{Borrow, Cow};
use std::ops::Deref;

use serde::Deserialize;

/// A text borrowed from the request where it has no escapes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Str<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl Str<'_> {
    /// The bytes that it takes beside the request, with what the allocator keeps for itself.
    pub fn heap_bytes(&self) -> usize {
        /// The smallest piece that the C library gives, and what it keeps of each.
        const ALLOCATION: usize = 32;
        match &self.0 {
            Cow::Borrowed(_) => 0,
            Cow::Owned(text) => text.capacity() + ALLOCATION,
        }
    }
}

impl Deref for Str<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Str<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Str<'a> {
    fn from(text: &'a str) -> Str<'a> {
        Str(Cow::Borrowed(text))
    }
}

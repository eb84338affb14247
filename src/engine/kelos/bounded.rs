//! Texts and lists out of JSON that never become larger than their bound.
//!
//! The bound is kept while the JSON is read, not afterwards: whatever an object says, reading it takes no
//! more memory than the objects that anybody writes on purpose.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use sha2::{Digest, Sha256};

/// The most items of a list in `spec.when`. GitHub has some 70 events.
const MOST_ITEMS: usize = 256;

/// How a text that is too long reads: no template parses so, and no URL.
pub(super) const STAND_IN: &str = "{{://";

/// A text of at most so many bytes. Of a longer one nothing is left but that it was there: it reads as a
/// text out of which nothing can be made, neither a template nor a URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bounded<const MOST: usize>(Result<Box<str>, TooLong>);

/// What is known of a text that was too long to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TooLong {
    /// How long it was.
    pub bytes: usize,
    /// The beginning of its SHA-256, so that a change of it is seen.
    pub hash: [u8; 8],
}

impl TooLong {
    /// What is known of a text.
    pub fn of(text: &str) -> TooLong {
        let mut hash = [0; 8];
        hash.iter_mut().zip(Sha256::digest(text)).for_each(|(to, from)| *to = from);
        TooLong { bytes: text.len(), hash }
    }
}

impl<const MOST: usize> Bounded<MOST> {
    /// The longest text that is kept, in bytes.
    pub const MOST: usize = MOST;

    /// What is known of the text, if it was too long.
    pub fn too_long(&self) -> Option<TooLong> {
        self.0.as_ref().err().copied()
    }

    /// Whether the text is there as it was written.
    pub fn is_whole(&self) -> bool {
        self.0.is_ok()
    }
}

impl<const MOST: usize> Default for Bounded<MOST> {
    fn default() -> Bounded<MOST> {
        Bounded(Ok(Box::default()))
    }
}

impl<const MOST: usize> Deref for Bounded<MOST> {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.as_deref().unwrap_or(STAND_IN)
    }
}

impl<const MOST: usize> From<&str> for Bounded<MOST> {
    fn from(text: &str) -> Bounded<MOST> {
        Bounded(if text.len() <= MOST { Ok(text.into()) } else { Err(TooLong::of(text)) })
    }
}

impl<'de, const MOST: usize> Deserialize<'de> for Bounded<MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bounded<MOST>, D::Error> {
        struct Text<const MOST: usize>;

        impl<const MOST: usize> Visitor<'_> for Text<MOST> {
            type Value = Bounded<MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Bounded<MOST>, E> {
                Ok(text.into())
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// A list of at most [`MOST_ITEMS`] items.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct List<T> {
    items: Vec<T>,
    is_cut: bool,
}

impl<T> List<T> {
    /// Whether all items are there.
    pub fn is_whole(&self) -> bool {
        !self.is_cut
    }
}

impl<T> Default for List<T> {
    fn default() -> List<T> {
        List { items: Vec::new(), is_cut: false }
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> List<T> {
        let mut items = items.into_iter();
        let kept = items.by_ref().take(MOST_ITEMS).collect();
        List { items: kept, is_cut: items.next().is_some() }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<List<T>, D::Error> {
        struct Items<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
                let mut list = List::default();
                while list.items.len() < MOST_ITEMS {
                    let Some(item) = seq.next_element()? else { return Ok(list) };
                    list.items.push(item);
                }
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    list.is_cut = true;
                }
                Ok(list)
            }
        }

        deserializer.deserialize_seq(Items(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::repository::{Repository, without_secrets};
    use crate::templates::go::outline;
    use crate::templates::purse::Purse;

    #[test]
    fn a_text_that_is_too_long_leaves_its_length_and_its_hash() {
        let read = |text: &str| serde_json::from_str::<Bounded<4>>(text).unwrap();
        assert_eq!(&*read(r#""abcd""#), "abcd");
        assert!(read(r#""abcd""#).is_whole());
        let long = read(r#""abcde""#);
        assert_eq!(long.too_long().map(|long| long.bytes), Some(5));
        assert_ne!(long, read(r#""abcdf""#), "a change is seen");
        assert!(!long.is_empty());
        assert!(serde_json::from_str::<Bounded<4>>("5").is_err());
    }

    #[test]
    fn a_text_that_is_too_long_tells_nothing() {
        assert_eq!(outline(STAND_IN, 8, &mut Purse::default()), None);
        assert_eq!(without_secrets(STAND_IN), None);
        assert_eq!(Repository::parse(STAND_IN), None);
    }

    #[test]
    fn a_list_that_is_too_long_is_cut_and_says_so() {
        let list = |count: usize| {
            let json = format!("[{}]", vec!["\"x\""; count].join(","));
            serde_json::from_str::<List<Bounded<4>>>(&json).unwrap()
        };
        assert!(list(0).is_whole() && list(MOST_ITEMS).is_whole());
        let long = list(MOST_ITEMS + 1);
        assert_eq!((long.len(), long.is_whole()), (MOST_ITEMS, false));
        assert!(!(0..=MOST_ITEMS).collect::<List<usize>>().is_whole());
    }
}

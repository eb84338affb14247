//! Labels, annotations or node selectors of a Task: a sorted list that is counted while it is read.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::Str;

/// The most labels and annotations that a Task may have together. The API server writes each of them
/// into the managed fields, too, so that one takes at least 20 bytes where it is stored (`"abc":"",`
/// and `"f:abc":{},`), and the 1.5 MiB that etcd takes have room for 78,643. Only a client that has
/// its managed fields reset could come further.
pub(super) const ENTRIES: usize = 80 << 10;
/// The most bytes that they may take together: the API server reads no larger object. The 256 KiB
/// that it takes of annotations are no bound here: those that the Kelos field declares can be shed.
pub(super) const ENTRY_BYTES: usize = 3 << 20;

/// The entries that a list may have room for and not have.
const SPARE: usize = 64;

/// Of so many a key is found sooner by its length, which most others do not have, than by halving: what Kelos records
/// begins with one prefix.
const FEW: usize = 32;

/// Labels, annotations or node selectors, in key order.
#[derive(Clone, Debug, Default)]
pub struct Entries<'a>(Vec<(Str<'a>, Str<'a>)>);

/// What there is room for yet.
pub(super) struct Room {
    pub(super) entries: usize,
    pub(super) bytes: usize,
    /// Whether there was more than that.
    pub(super) is_exceeded: bool,
}

impl<'a> Entries<'a> {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Str<'a>> {
        let found = if self.0.len() <= FEW {
            self.0.iter().find(|(candidate, _)| **candidate == *key)
        } else {
            let found = self.0.binary_search_by(|(candidate, _)| (**candidate).cmp(key));
            found.ok().and_then(|found| self.0.get(found))
        };
        found.map(|(_, value)| value)
    }

    /// How many there are.
    #[allow(clippy::len_without_is_empty, reason = "nobody asks")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Those whose keys begin so.
    pub fn beginning_with<'e>(
        &'e self,
        prefix: &str,
    ) -> impl Iterator<Item = (&'e Str<'a>, &'e Str<'a>)> + use<'e, 'a> {
        let first = self.0.partition_point(|(key, _)| **key < *prefix);
        let rest = &self.0[first..];
        let count = rest.partition_point(|(key, _)| key.starts_with(prefix));
        Iter(rest[..count].iter())
    }

    /// The bytes that they take beside the request.
    pub(super) fn heap_bytes(&self) -> usize {
        let copied: usize =
            self.0.iter().map(|(key, value)| key.heap_bytes() + value.heap_bytes()).sum();
        self.0.capacity() * size_of::<(Str<'_>, Str<'_>)>() + copied
    }

    /// Sorts what was read. Of a key that comes several times the last value counts, as it does
    /// wherever else the JSON is read.
    fn sorted(mut entries: Vec<(Str<'a>, Str<'a>)>) -> Entries<'a> {
        // Keeps the order of equal keys. What Go writes is sorted already, which costs nothing then.
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        entries.dedup_by(|later, earlier| {
            let is_same = later.0 == earlier.0;
            if is_same {
                std::mem::swap(&mut earlier.1, &mut later.1);
            }
            is_same
        });
        // A request may wait with them for seconds.
        if entries.capacity() - entries.len() > SPARE {
            entries.shrink_to_fit();
        }
        Entries(entries)
    }
}

/// The entries of a map, by reference.
pub struct Iter<'e, 'a>(std::slice::Iter<'e, (Str<'a>, Str<'a>)>);

impl<'e, 'a> Iterator for Iter<'e, 'a> {
    type Item = (&'e Str<'a>, &'e Str<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<'e, 'a> IntoIterator for &'e Entries<'a> {
    type Item = (&'e Str<'a>, &'e Str<'a>);
    type IntoIter = Iter<'e, 'a>;

    fn into_iter(self) -> Iter<'e, 'a> {
        Iter(self.0.iter())
    }
}

impl Room {
    pub(super) fn new() -> Room {
        Room { entries: ENTRIES, bytes: ENTRY_BYTES, is_exceeded: false }
    }

    /// Takes room for an entry of so many bytes, if there is some.
    fn take(&mut self, bytes: usize) -> bool {
        match (self.entries.checked_sub(1), self.bytes.checked_sub(bytes)) {
            (Some(entries), Some(bytes)) if !self.is_exceeded => {
                (self.entries, self.bytes) = (entries, bytes);
            }
            _ => self.is_exceeded = true,
        }
        !self.is_exceeded
    }
}

/// Reads a map, or `null`, into what room there is. What comes behind it is read over, and of what
/// came before nothing is kept.
impl<'de> DeserializeSeed<'de> for &mut Room {
    type Value = Option<Entries<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for &mut Room {
    type Value = Option<Entries<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of texts")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<Str<'_>, Str<'_>>()? {
            if self.take(key.len() + value.len()) {
                entries.push((key, value));
            } else {
                entries = Vec::new();
            }
        }
        Ok(Some(Entries::sorted(entries)))
    }
}

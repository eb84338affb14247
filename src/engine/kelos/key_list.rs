//! Many keys in little memory.

use std::cmp::Ordering;

/// Keys, sorted, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyList {
    text: Box<str>,
    /// Where each key ends.
    ends: Box<[u32]>,
}

impl KeyList {
    /// The keys, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).map(|number| self.get(number))
    }

    /// Whether it is one of them.
    pub fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// The key as it stands here, if it is one of them.
    pub fn find(&self, key: &str) -> Option<&str> {
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let found = self.get(middle);
            match found.cmp(key) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Some(found),
            }
        }
        None
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// What it takes in memory, in bytes.
    pub fn bytes(&self) -> usize {
        self.text.len() + 4 * self.ends.len()
    }

    fn get(&self, number: usize) -> &str {
        let end = |number: usize| self.ends.get(number).map_or(0, |end| *end as usize);
        let start = number.checked_sub(1).map_or(0, end);
        self.text.get(start..end(number)).unwrap_or_default()
    }
}

impl<'k> FromIterator<&'k str> for KeyList {
    /// Makes a list of keys that are sorted already.
    fn from_iter<I: IntoIterator<Item = &'k str>>(keys: I) -> KeyList {
        let (mut text, mut ends) = (String::new(), Vec::new());
        for key in keys {
            text.push_str(key);
            ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        }
        KeyList { text: text.into(), ends: ends.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_as_they_stand() {
        let list: KeyList = ["a", "ab", "b/c", "é"].into_iter().collect();
        assert_eq!(list.iter().collect::<Vec<_>>(), ["a", "ab", "b/c", "é"]);
        assert_eq!((list.find("ab"), list.len(), list.bytes()), (Some("ab"), 4, 8 + 16));
        for absent in ["", "aa", "abc", "b", "z"] {
            assert!(!list.has(absent), "{absent}");
        }
        assert!(KeyList::default().is_empty() && !KeyList::default().has(""));
    }
}

//! Maps out of JSON of which only the smallest keys are kept: as many as their bound takes, in key order,
//! whatever order they come in.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::bounded::{Bounded, STAND_IN, TooLong};
use super::meta::NotKept;
use super::{
    ANNOTATIONS_RULES, INFER_SETTING, INJECTION_SETTING, KeyList, LABELS_RULES, LINT_ALLOW_SETTING,
    NAME_TEMPLATE_ANNOTATION, NODE_SELECTOR_RULES, ON_INVALID_SETTING, OWN_PREFIX,
    POD_LABELS_FROM_TASK_SETTING, POD_LABELS_RULES, SYNTAX_SETTING, StringMap,
};
use crate::templates::value::Text;

/// The most keys of a map of templates; those behind them in key order are not rendered.
pub const MOST_KEYS: usize = 64;
/// The longest rules annotation, and the most that the keys and templates of a map of the Kelos field may
/// have together, in bytes: a quarter of what all annotations of an object may have.
pub const MAP_BYTES: usize = 64 << 10;
/// The most that the names of the keys behind those may take in memory, with 4 bytes each for its place.
const BEYOND_BYTES: usize = 64 << 10;
/// What the labels, and the annotations, of an object may have together so that templates can read them;
/// those behind that in key order, and single ones over [`ENTRY_BYTES`], are not kept.
const METADATA_BYTES: usize = 64 << 10;
/// The longest label or annotation of an object that templates can read, with its key.
const ENTRY_BYTES: usize = 16 << 10;
/// What is kept of a setting. No value that means something is as long; the rest shows what was wrong.
const SETTING_BYTES: usize = 64;
/// The longest list of labels that Pods get, too, and of rules of lint that are not told.
pub const COPIES_BYTES: usize = 4 << 10;
/// The longest `nameTemplate`; Kubernetes names have 253 bytes.
pub const NAME_TEMPLATE_BYTES: usize = 4 << 10;
/// What kubectl keeps of the last manifest: all of the object once more, and nothing that is new.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The smallest keys that fit into a bound. All that are kept are smaller than any that is not.
struct Smallest<V> {
    kept: BTreeMap<String, V>,
    bytes: usize,
    most_keys: usize,
    most_bytes: usize,
    /// The smallest key that did not fit.
    first_out: Option<String>,
}

impl<V> Smallest<V> {
    fn new(most_keys: usize, most_bytes: usize) -> Smallest<V> {
        Smallest { kept: BTreeMap::new(), bytes: 0, most_keys, most_bytes, first_out: None }
    }

    /// Whether a key has a chance.
    fn takes(&self, key: &str) -> bool {
        self.first_out.as_deref().is_none_or(|first_out| key < first_out)
    }

    /// Puts an entry in its place, and those that do not fit any more into `out`, the largest first.
    fn insert(
        &mut self,
        key: String,
        value: V,
        size: fn(&str, &V) -> usize,
        out: &mut Vec<String>,
    ) {
        if !self.takes(&key) {
            out.push(key);
            return;
        }
        self.bytes += size(&key, &value);
        // A key that is there twice: the last one counts, as the API server has it.
        if let Some((key, old)) = self.kept.remove_entry(&key) {
            self.bytes -= size(&key, &old);
        }
        self.kept.insert(key, value);
        while self.bytes > self.most_bytes || self.kept.len() > self.most_keys {
            let Some((key, value)) = self.kept.pop_last() else { break };
            self.bytes -= size(&key, &value);
            self.first_out = Some(key.clone());
            out.push(key);
        }
    }

    /// Keeps nothing from this key on.
    fn end_at(&mut self, end: String, size: fn(&str, &V) -> usize, out: &mut Vec<String>) {
        if self.takes(&end) {
            for (key, value) in self.kept.split_off(&end) {
                self.bytes -= size(&key, &value);
                if key != end {
                    out.push(key);
                }
            }
            self.first_out = Some(end.clone());
        }
        out.push(end);
    }
}

/// The map of these entries, with no more room than they take: it is kept as long as its object.
fn map_of(entries: impl Iterator<Item = (Text, String)>) -> StringMap {
    let mut map = StringMap::with_capacity(entries.size_hint().0);
    for (key, value) in entries {
        map.insert(key, value);
    }
    map
}

/// A map of the Kelos field: templates by key, as far as its limits go, and the keys behind them.
#[derive(Debug, Default)]
pub(in crate::engine) struct FieldMap {
    pub(in crate::engine) templates: StringMap,
    pub(super) beyond: KeyList,
    /// Whether there were more keys behind those.
    pub(super) is_cut: bool,
}

impl FieldMap {
    /// Whether it has a key; of one that is cut nobody knows, and it may.
    pub(in crate::engine) fn may_have(&self, key: &str) -> bool {
        self.is_cut || self.templates.contains_key(key) || self.beyond.has(key)
    }
}

impl<'de> Deserialize<'de> for FieldMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FieldMap, D::Error> {
        struct Templates;

        impl<'de> Visitor<'de> for Templates {
            type Value = FieldMap;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FieldMap, A::Error> {
                let mut within = Smallest::<Bounded<MAP_BYTES>>::new(MOST_KEYS, MAP_BYTES);
                let mut beyond = Smallest::<()>::new(usize::MAX, BEYOND_BYTES);
                let (mut out, mut lost) = (Vec::new(), Vec::new());
                let template = |key: &str, value: &Bounded<MAP_BYTES>| key.len() + value.len();
                let name = |key: &str, (): &()| key.len() + 4;
                while let Some(key) = map.next_key::<String>()? {
                    if within.takes(&key) {
                        let value: Bounded<MAP_BYTES> = map.next_value()?;
                        match value.is_whole() {
                            true => within.insert(key, value, template, &mut out),
                            false => within.end_at(key, template, &mut out),
                        }
                    } else {
                        map.next_value::<IgnoredAny>()?;
                        out.push(key);
                    }
                    for key in out.drain(..) {
                        beyond.insert(key, (), name, &mut lost);
                    }
                    lost.clear();
                }
                let is_kept =
                    |(key, value): (String, Bounded<MAP_BYTES>)| (key.into(), (*value).into());
                Ok(FieldMap {
                    templates: map_of(within.kept.into_iter().map(is_kept)),
                    is_cut: beyond.first_out.is_some(),
                    beyond: beyond.kept.keys().map(String::as_str).collect(),
                })
            }
        }

        deserializer.deserialize_map(Templates)
    }
}

/// The labels or annotations of an object.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) kept: StringMap,
    pub(super) not_kept: Option<Box<NotKept>>,
}

/// How many keys that mean nothing are kept, and how long each may be: longer ones are nobody's typing error.
const MOST_UNREAD: usize = 16;
const UNREAD_BYTES: usize = OWN_PREFIX.len() + 64;

/// The keys of ours that mean something on an object, and how long their values may be.
const OWN: [(&str, usize); 11] = [
    (LABELS_RULES, MAP_BYTES),
    (ANNOTATIONS_RULES, MAP_BYTES),
    (POD_LABELS_RULES, MAP_BYTES),
    (NODE_SELECTOR_RULES, MAP_BYTES),
    (POD_LABELS_FROM_TASK_SETTING, COPIES_BYTES),
    (LINT_ALLOW_SETTING, COPIES_BYTES),
    (SYNTAX_SETTING, SETTING_BYTES),
    (ON_INVALID_SETTING, SETTING_BYTES),
    (INFER_SETTING, SETTING_BYTES),
    (INJECTION_SETTING, SETTING_BYTES),
    (NAME_TEMPLATE_ANNOTATION, NAME_TEMPLATE_BYTES),
];

/// A key of ours that means something on an object, as a text that takes no memory, and how long its value may be.
fn own(key: &str) -> Option<(Text, usize)> {
    let known = OWN.iter().find(|(name, _)| *name == key);
    known.map(|(name, most)| (Text::new_static(name), *most))
}

/// Whether nobody ever reads it.
fn is_unread(key: &str) -> bool {
    key == LAST_APPLIED || key.starts_with(OWN_PREFIX) && own(key).is_none()
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entries, D::Error> {
        struct Strings;

        impl<'de> Visitor<'de> for Strings {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut others = Smallest::<String>::new(usize::MAX, METADATA_BYTES);
                let (mut own_ones, mut not_kept) = (BTreeMap::new(), NotKept::default());
                let NotKept { too_long, unread } = &mut not_kept;
                // Counted as it lies in memory, so that many small ones are not many bytes either.
                let size = |key: &str, value: &String| 64 + key.len() + value.len();
                let mut out = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    if let Some((name, most)) = own(&key) {
                        let value: Bounded<MAP_BYTES> = map.next_value()?;
                        let long = value
                            .too_long()
                            .or_else(|| (value.len() > most).then(|| TooLong::of(&value)));
                        match long {
                            None => drop(own_ones.insert(name, (*value).into())),
                            Some(long) => {
                                // The beginning of a template may read as another one.
                                let cut = match most {
                                    SETTING_BYTES => value.floor_char_boundary(SETTING_BYTES),
                                    _ => 0,
                                };
                                let shown = if cut > 0 { &value[..cut] } else { STAND_IN };
                                own_ones.insert(name, shown.into());
                                too_long.insert(key, long);
                            }
                        }
                    } else if is_unread(&key) || !others.takes(&key) {
                        map.next_value::<IgnoredAny>()?;
                        if key.starts_with(OWN_PREFIX) && key.len() <= UNREAD_BYTES {
                            unread.insert(key);
                            if unread.len() > MOST_UNREAD {
                                unread.pop_last();
                            }
                        }
                    } else {
                        let value: Bounded<ENTRY_BYTES> = map.next_value()?;
                        if value.is_whole() && key.len() + value.len() <= ENTRY_BYTES {
                            others.insert(key, (*value).into(), size, &mut out);
                            out.clear();
                        }
                    }
                }
                let kept = map_of(
                    own_ones
                        .into_iter()
                        .chain(others.kept.into_iter().map(|(key, value)| (key.into(), value))),
                );
                let not_kept = (not_kept != NotKept::default()).then(|| Box::new(not_kept));
                Ok(Entries { kept, not_kept })
            }
        }

        deserializer.deserialize_map(Strings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(entries: &[(String, String)]) -> FieldMap {
        let json: Vec<_> =
            entries.iter().map(|(key, value)| format!("{key:?}:{value:?}")).collect();
        serde_json::from_str(&format!("{{{}}}", json.join(","))).unwrap()
    }

    fn numbered(count: usize, value: &str) -> Vec<(String, String)> {
        (0..count).map(|n| (format!("k{n:06}"), value.to_owned())).collect()
    }

    #[test]
    fn the_smallest_keys_are_kept_in_whatever_order_they_come() {
        let mut entries = numbered(200, "x");
        let ascending = field(&entries);
        entries.reverse();
        let descending = field(&entries);
        entries.rotate_left(77);
        let mixed = field(&entries);
        for map in [&ascending, &descending, &mixed] {
            let last = map.templates.last().map(|(key, _)| &**key);
            assert_eq!((map.templates.len(), last), (MOST_KEYS, Some("k000063")));
            assert_eq!((map.beyond.len(), map.is_cut), (200 - MOST_KEYS, false));
            assert_eq!(map.beyond, ascending.beyond);
            assert!(map.beyond.has("k000064") && map.beyond.has("k000199"));
            assert!(!map.beyond.has("k000063") && !map.beyond.has("k0000640"));
        }
    }

    #[test]
    fn a_template_that_does_not_fit_ends_what_is_read() {
        let long = "x".repeat(MAP_BYTES);
        let half = "x".repeat(MAP_BYTES / 2);
        for (b, c) in [(&*long, "y"), (&*half, &*half)] {
            let mut entries = [("a", &*half), ("b", b), ("c", c), ("d", "z")];
            for _ in 0..entries.len() {
                entries.rotate_left(1);
                let owned: Vec<_> =
                    entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
                let map = field(&owned);
                assert_eq!(map.templates.keys().collect::<Vec<_>>(), ["a"], "{:?}", owned[0].0);
                assert_eq!(map.beyond.iter().collect::<Vec<_>>(), ["b", "c", "d"]);
            }
        }
    }

    #[test]
    fn the_keys_behind_are_one_list_with_an_end() {
        let map = field(&numbered(50_000, "x"));
        assert!(map.is_cut && map.beyond.bytes() <= BEYOND_BYTES);
        assert!(map.beyond.len() > 5_000);
        assert!(map.beyond.iter().is_sorted());
    }

    #[test]
    fn a_key_that_is_there_twice_counts_once() {
        let map = field(&[("a".into(), "x".into()), ("a".into(), "y".into())]);
        assert_eq!(map.templates.get("a").unwrap(), "y");
        assert!(map.beyond.is_empty());
    }

    #[test]
    fn annotations_are_kept_as_far_as_somebody_reads_them() {
        let long = "x".repeat(MAP_BYTES + 1);
        let json = serde_json::json!({
            LABELS_RULES: long, ANNOTATIONS_RULES: "a: b", SYNTAX_SETTING: "y".repeat(100),
            LAST_APPLIED: "x", "metadata.kelos.dev/rendered-from": "x", "team": "red", "long": long,
            NAME_TEMPLATE_ANNOTATION: "x".repeat(NAME_TEMPLATE_BYTES + 1),
        });
        let entries: Entries = serde_json::from_value(json).unwrap();
        let kept: Vec<_> = entries.kept.keys().map(|key| &**key).collect();
        assert!(
            entries
                .not_kept
                .as_ref()
                .unwrap()
                .unread
                .iter()
                .eq(["metadata.kelos.dev/rendered-from"])
        );
        let expected =
            [NAME_TEMPLATE_ANNOTATION, ANNOTATIONS_RULES, LABELS_RULES, SYNTAX_SETTING, "team"];
        assert_eq!(kept, expected);
        assert_eq!(entries.not_kept.as_ref().unwrap().too_long[LABELS_RULES].bytes, MAP_BYTES + 1);
        assert_eq!(entries.kept.get(SYNTAX_SETTING).unwrap().len(), SETTING_BYTES);
        assert!(entries.not_kept.as_ref().unwrap().too_long.contains_key(NAME_TEMPLATE_ANNOTATION));
        let many: serde_json::Map<_, _> =
            (0..50_000).map(|n| (format!("k{n:06}"), "x".into())).collect();
        let entries: Entries = serde_json::from_value(many.into()).unwrap();
        assert_eq!(entries.kept.len(), METADATA_BYTES / (64 + 8));
        let many: serde_json::Map<_, _> =
            (0..100).rev().map(|n| (format!("{OWN_PREFIX}{n:02}"), "x".into())).collect();
        let entries: Entries = serde_json::from_value(many.into()).unwrap();
        assert_eq!(entries.not_kept.as_ref().unwrap().unread.len(), MOST_UNREAD);
        assert_eq!(
            entries.not_kept.as_ref().unwrap().unread.last().unwrap(),
            "metadata.kelos.dev/15"
        );
    }
}

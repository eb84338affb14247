//! How many objects to ask for at once.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::body::OBJECT_BYTES;

/// How many objects are asked for at first, when nothing is known of their size.
const FIRST_LIMIT: u32 = 16;
/// The most that are asked for: more would spare no time worth having.
const LARGEST_LIMIT: u32 = 500;
/// How much larger a page may be than the one before: small objects say little of those to come.
const GROWTH: u32 = 8;
/// What a page is to have. Objects of a few KiB come some hundred at once.
const TARGET_BYTES: usize = 2 << 20;
/// What a page of several objects may have. One that has more is dropped, and asked for in parts.
const PAGE_BYTES: usize = 4 << 20;
/// How many objects to ask for, learnt from the pages so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageSize(u32);

impl Default for PageSize {
    fn default() -> PageSize {
        PageSize(FIRST_LIMIT)
    }
}

impl PageSize {
    /// How many objects to ask for.
    pub(super) fn limit(self) -> u32 {
        self.0
    }

    /// How many bytes the answer may have: one object can't be had in parts.
    pub(super) fn bytes(self) -> usize {
        if self.0 > 1 { PAGE_BYTES } else { OBJECT_BYTES }
    }

    /// The page after one of so many objects and bytes.
    pub(super) fn after(self, objects: usize, bytes: usize) -> PageSize {
        if objects == 0 {
            return self;
        }
        let fitting = TARGET_BYTES.saturating_mul(objects) / bytes.max(1);
        let fitting = u32::try_from(fitting).unwrap_or(u32::MAX);
        PageSize(fitting.min(self.0.saturating_mul(GROWTH)).clamp(1, LARGEST_LIMIT))
    }

    /// The page in place of one that was too large; nothing if there is no smaller one.
    pub(super) fn smaller(self) -> Option<PageSize> {
        (self.0 > 1).then_some(PageSize((self.0 / 4).max(1)))
    }
}

/// A page of a list. Its objects stay the text that they are, until each is read by itself.
#[derive(Deserialize)]
pub(super) struct Page<'j> {
    pub(super) metadata: PageMeta,
    #[serde(default, borrow, deserialize_with = "null_as_none")]
    pub(super) items: Vec<&'j RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageMeta {
    #[serde(default)]
    pub(super) resource_version: String,
    #[serde(default, rename = "continue")]
    pub(super) next: String,
    #[serde(default)]
    pub(super) remaining_item_count: Option<u64>,
}

/// Go writes a list that was never filled as `null`.
fn null_as_none<'j, D: Deserializer<'j>>(deserializer: D) -> Result<Vec<&'j RawValue>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_grow_to_the_target_and_shrink_to_one() {
        let mut size = PageSize::default();
        let mut limits = vec![size.limit()];
        for _ in 0..3 {
            size = size.after(size.limit() as usize, size.limit() as usize * 8 * 1024);
            limits.push(size.limit());
        }
        assert_eq!(limits, [16, 128, 256, 256], "2 MiB of 8 KiB each");
        assert_eq!(size.after(256, 256).limit(), 500);
        assert_eq!(size.after(1, 1_300_000).limit(), 1);
        assert_eq!(size.after(1, 3 * TARGET_BYTES).limit(), 1);
        assert_eq!(size.after(0, 90), size, "an empty page says nothing");
        let mut smaller = vec![];
        while let Some(next) = size.smaller() {
            smaller.push(next.limit());
            size = next;
        }
        assert_eq!(smaller, [64, 16, 4, 1]);
        assert_eq!(size.bytes(), OBJECT_BYTES);
    }

    #[test]
    fn a_list_without_items_is_empty() {
        for text in [r#"{"metadata": {}, "items": null}"#, r#"{"metadata": {}}"#] {
            let page: Page<'_> = serde_json::from_str(text).unwrap();
            assert_eq!((page.items.len(), page.metadata.next.as_str()), (0, ""));
        }
    }
}

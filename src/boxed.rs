//! Lists that are kept.

/// A list with no more room than its items take, and no free rest of a larger one behind it.
pub(crate) fn exact<T>(items: impl ExactSizeIterator<Item = T>) -> Box<[T]> {
    let mut list = Vec::with_capacity(items.len());
    list.extend(items);
    list.into()
}

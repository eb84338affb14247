//! How many there are of something, in words.

/// `1 Task`, `2 Tasks`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", by_count(count, "", "s"))
}

/// The word that goes with one, or the one that goes with any other number.
pub(super) fn by_count<'w>(count: usize, one: &'w str, other: &'w str) -> &'w str {
    if count == 1 { one } else { other }
}

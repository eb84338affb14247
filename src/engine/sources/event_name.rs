//! The names of Tasks that events make: `<spawner>-<event>-<12 hex digits>`, cut to 63 characters.

/// How many hex digits of the delivery's hash a name ends with.
const HASH_DIGITS: usize = 12;

/// What it costs to look at an event, a filter or a type that the source names.
pub(super) const SAID_PARTS: usize = 32;

/// `issue-comment` of `issue-comment-0a1b2c3d4e5f`.
pub(super) fn before_the_hash(suffix: &str) -> Option<&str> {
    let (event, hash) = suffix.rsplit_once('-')?;
    let is_hash =
        hash.len() == HASH_DIGITS && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (is_hash && !event.is_empty()).then_some(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_stands_before_the_hash() {
        assert_eq!(before_the_hash("issue-comment-0a1b2c3d4e5f"), Some("issue-comment"));
        for bad in ["", "issues", "issues-0a1b", "issues-0A1B2C3D4E5F", "-0a1b2c3d4e5f"] {
            assert_eq!(before_the_hash(bad), None, "{bad:?}");
        }
    }
}

//! The names of Tasks that events make: `<spawner>-<event>-<12 hex digits>`, cut to 63 characters.

/// How many hex digits of the delivery's hash a name ends with.
const HASH_DIGITS: usize = 12;

/// What it costs to look at an event, a filter or a type that the source names.
pub(super) const SAID_PARTS: usize = 64;

/// `issue-comment` of `issue-comment-0a1b2c3d4e5f`.
pub(super) fn before_the_hash(suffix: &str) -> Option<&str> {
    let (event, hash) = suffix.rsplit_once('-')?;
    let is_hash =
        hash.len() == HASH_DIGITS && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (is_hash && !event.is_empty()).then_some(event)
}

/// The longest name that Kelos gives to an event.
const MOST_BYTES: usize = 63;

/// Whether a suffix of a name can be that of an event, with so many bytes of the name before it: what is
/// longer is cut off, and then loses the dashes at its end.
pub(super) fn fits(suffix: &str, event: &str, before: usize) -> bool {
    // Events of GitHub have no dashes, so each dash was an underscore.
    let dashed = |byte: u8| if byte == b'_' { b'-' } else { byte };
    let whole = event.len() + 1;
    let begins = |length: usize| {
        let event = event.bytes().map(dashed).chain([b'-']);
        length <= suffix.len() && suffix.bytes().take(length).eq(event.take(length))
    };
    let room = MOST_BYTES.saturating_sub(before);
    if room > whole {
        let hash = suffix.get(whole..).unwrap_or_default();
        return begins(whole)
            && hash.len() == HASH_DIGITS.min(room - whole)
            && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    }
    // Nothing is left of the hash, nor of dashes before it.
    let cut = event.bytes().map(dashed).chain([b'-']).take(room);
    let dropped = cut.clone().skip(suffix.len());
    suffix.len() <= room && begins(suffix.len()) && dropped.into_iter().all(|byte| byte == b'-')
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

    #[test]
    fn an_event_fits_a_name_that_is_cut() {
        for (suffix, event, before, does) in [
            ("issue-comment-0a1b2c3d4e5f", "issue_comment", 10, true),
            ("issue-comment-0a1b2c3d4e", "issue_comment", 10, false),
            ("issue-comment-0a1b2c3d4e", "issue_comment", 39, true),
            ("issue-comment-0a1b2c3d4e5f", "issue", 10, false),
            ("issue-comment", "issue_comment", 50, true),
            ("issue-comment", "issue_comment", 49, true),
            ("issue-comment", "issue_comment", 48, false),
            ("issue-com", "issue_comment", 54, true),
            ("issue", "issue_comment", 57, true),
            ("issue", "issues", 58, true),
            ("issues", "issues", 58, false),
            ("issue-comment-0a1b2c3d4e5x", "issue_comment", 10, false),
            ("", "issues", 63, true),
        ] {
            assert_eq!(fits(suffix, event, before), does, "{suffix} {event} {before}");
        }
    }
}

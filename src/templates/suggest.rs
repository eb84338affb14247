//! What somebody probably meant who wrote a name that is not there.

/// Longer names are nobody's typing error.
const MAX_NAME: usize = 64;

/// The candidate that was probably meant, if one is close. Case and `_` do not count.
pub(crate) fn closest<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let plain = |s: &str| s.replace('_', "").to_ascii_lowercase();
    let wanted = plain(name);
    if wanted.len() > MAX_NAME {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&wanted, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len() / 3)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters are to be changed, left out, put in or swapped to make one name of another. Case, `_` and `-` do
/// not count; a name that is too long for a typing error is far from any.
pub(crate) fn distance(name: &str, other: &str) -> usize {
    let plain = |s: &str| s.replace(['_', '-'], "").to_ascii_lowercase();
    if name.len() > MAX_NAME {
        return usize::MAX;
    }
    strsim::osa_distance(&plain(name), &plain(other))
}

/// A hint for a name that is not there: the candidate that was probably meant.
pub(crate) fn meant<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<String> {
    closest(name, candidates).map(|meant| format!("did you mean `{meant}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_find_what_was_meant() {
        let names = ["trimPrefix", "trimSuffix", "upper", "lower"];
        assert_eq!(closest("trim_prefix", names), Some("trimPrefix"));
        assert_eq!(closest("uper", names), Some("upper"));
        assert_eq!(closest("base64", names), None);
        assert_eq!(closest(&"upper".repeat(100), names), None);
    }
}

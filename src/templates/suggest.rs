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
        .filter(|candidate| candidate.len() <= MAX_NAME)
        .map(|candidate| (strsim::osa_distance(&wanted, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len() / 3)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters are to be changed, left out, put in or swapped to make one name of another. Case, `_` and `-` do
/// not count; a name that is too long for a typing error is far from any.
pub(crate) fn distance(name: &str, other: &str) -> usize {
    let plain = |s: &str| s.replace(['_', '-'], "").to_ascii_lowercase();
    if name.len().max(other.len()) > MAX_NAME {
        return usize::MAX;
    }
    strsim::osa_distance(&plain(name), &plain(other))
}

/// The candidate that was probably meant, and whether it is the only one that is as near: nothing else can have been
/// meant then.
pub(crate) fn slip<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str> + Clone,
) -> Option<(&'c str, bool)> {
    let meant = closest(name, candidates.clone())?;
    let is_near = |it: &str| it != meant && distance(name, it) <= 1;
    let is_exact = match distance(name, meant) {
        0 => true,
        1 => !candidates.into_iter().any(is_near),
        _ => false,
    };
    Some((meant, is_exact))
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
        assert_eq!(closest("upper", [&*"u".repeat(1 << 20)]), None);
    }

    #[test]
    fn a_slip_is_exact_where_no_other_name_is_as_near() {
        let names = ["pull_request", "push", "puck", "release"];
        assert_eq!(slip("pull-request", names), Some(("pull_request", true)));
        assert_eq!(slip("relase", names), Some(("release", true)));
        assert_eq!(slip("puch", names).map(|(_, is_exact)| is_exact), Some(false));
        assert_eq!(slip("fork", names), None);
    }
}

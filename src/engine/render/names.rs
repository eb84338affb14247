//! What somebody probably meant who wrote a name that is not there.

/// The variables that Kelos or we give a name to; `docs/variables.md` explains them.
pub const VARIABLES: [&str; 31] = [
    "Action",
    "Annotations",
    "Body",
    "Branch",
    "Comments",
    "Event",
    "HeadSHA",
    "ID",
    "IssueID",
    "Kind",
    "Labels",
    "Namespace",
    "Number",
    "Ref",
    "Repository",
    "RepositoryName",
    "RepositoryOwner",
    "ReviewComments",
    "ReviewState",
    "Schedule",
    "Sender",
    "Source",
    "Spawner",
    "State",
    "Task",
    "Time",
    "Title",
    "Type",
    "URL",
    "User",
    "Workspace",
];

/// Longer names are nobody's typing error.
const MAX_NAME: usize = 64;

/// The candidate that was probably meant, if one is close. Case and `_` do not count.
pub(in crate::engine) fn closest<'c>(
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

/// A hint for a name that is not there: the candidate that was probably meant.
pub(in crate::engine) fn meant<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<String> {
    closest(name, candidates).map(|meant| format!("did you mean `{meant}`?"))
}

/// A hint for a variable that is not there, written as in `.Titel`, `$.Titel.x` or `titel`: the one
/// that was meant, if there is no such variable at all.
pub(super) fn variable_hint(written: &str) -> Option<String> {
    let path = written.trim_start_matches(['$', '.']);
    let name = path.split('.').next().unwrap_or_default();
    if VARIABLES.contains(&name) {
        return None;
    }
    let plain = name.replace('_', "");
    if VARIABLES.iter().any(|variable| variable.eq_ignore_ascii_case(&plain)) {
        return None;
    }
    let meant = closest(name, VARIABLES)?;
    let start = &written[..written.len() - path.len()];
    let rest = &path[name.len()..];
    Some(format!("did you mean `{start}{meant}{rest}`?"))
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

    #[test]
    fn a_variable_that_does_not_exist_has_a_hint_and_one_that_is_only_missing_has_none() {
        for (written, hint) in [
            (".Titel", Some("did you mean `.Title`?")),
            ("$.Labls.x", Some("did you mean `$.Labels.x`?")),
            ("titel", Some("did you mean `Title`?")),
            (".Title", None),
            ("review_state", None),
            (".Task.Nmae", None),
            (".Payload", None),
        ] {
            assert_eq!(variable_hint(written).as_deref(), hint, "{written}");
        }
    }
}

//! Texts that filters look into.

use super::Judged;
use crate::templates::purse::Purse;
use crate::templates::regexp;

/// Whether a text has a regular expression in it.
///
/// # Errors
///
/// Why it can't be told, in a clause.
pub(super) fn finds(
    field: &str,
    pattern: &str,
    text: &str,
    purse: &mut Purse,
) -> Result<bool, String> {
    regexp::finds(pattern, text, purse).map_err(|error| format!("{field}: {error}"))
}

/// What a body must and must not say.
pub(super) struct Body<'f> {
    pub(super) contains: &'f str,
    pub(super) pattern: &'f str,
    pub(super) excluded: &'f [String],
}

impl Body<'_> {
    /// Bodies that have what they must, the likeliest first; none if anything will do.
    pub(super) fn examples(&self, purse: &mut Purse) -> Vec<String> {
        let Body { contains, pattern, .. } = self;
        let found = if pattern.is_empty() { None } else { regexp::example(pattern, purse) };
        match (*contains, found) {
            ("", None) => Vec::new(),
            ("", Some(found)) => vec![found],
            (contains, None) => vec![contains.to_owned()],
            (contains, Some(found)) => {
                vec![found.clone(), format!("{found}\n{contains}"), format!("{contains}\n{found}")]
            }
        }
    }

    /// Whether it lets a body pass.
    pub(super) fn judged(&self, body: &str, purse: &mut Purse) -> Judged {
        let Body { contains, pattern, excluded } = self;
        if !body.contains(contains) {
            return Judged::Stops(format!("a body without `{contains}`"));
        }
        if !pattern.is_empty() {
            match finds("bodyPattern", pattern, body, purse) {
                Err(why) => return Judged::Untold(why),
                Ok(false) => {
                    return Judged::Stops(format!("a body without a match of `{pattern}`"));
                }
                Ok(true) => {}
            }
        }
        for pattern in *excluded {
            match finds("excludeBodyPatterns", pattern, body, purse) {
                Err(why) => return Judged::Untold(why),
                Ok(true) => return Judged::Stops(format!("a body with a match of `{pattern}`")),
                Ok(false) => {}
            }
        }
        Judged::Passes
    }
}

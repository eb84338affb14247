//! Names of branches, tags and checks that filters ask for by a pattern.

use super::glob::{self, NotGlob};
use super::{Judged, text};
use crate::templates::purse::Purse;
use crate::templates::regexp;

/// What the examples usually have.
pub(super) fn usual(name: &str) -> &'static str {
    match name {
        "Branch" => "main",
        "Tag" => "v1.2.0",
        _ => "tests",
    }
}

/// A name that a pattern matches, the usual one if it does.
pub(super) fn like(pattern: &str, usual: &str, purse: &mut Purse) -> Option<String> {
    let regex = glob::of_name(pattern, purse).ok()?;
    if regexp::finds(&regex, usual, purse).is_ok_and(|it| it) {
        return Some(usual.to_owned());
    }
    // What a star stands for may be empty, but reads badly so.
    let filled = pattern.replace('*', "x");
    let is_like = regexp::finds(&regex, &filled, purse).is_ok_and(|it| it);
    if is_like { Some(filled) } else { regexp::example(&regex, purse) }
}

/// Whether a name is one of a pattern; an empty pattern takes all.
pub(super) fn named(what: &str, pattern: &str, name: &str, purse: &mut Purse) -> Judged {
    if pattern.is_empty() {
        return Judged::Passes;
    }
    if name.is_empty() {
        return Judged::Stops(format!("what has no {what}"));
    }
    let regex = match glob::of_name(pattern, purse) {
        Ok(regex) => regex,
        Err(NotGlob::Wrong) => {
            return Judged::Stops(format!("any {what}, as `{pattern}` is no pattern,"));
        }
        Err(error) => return Judged::Untold(format!("{what}: {error}")),
    };
    match text::finds(what, &regex, name, purse) {
        Ok(is_it) => Judged::only_if(is_it, || format!("{what} `{name}`")),
        Err(why) => Judged::Untold(why),
    }
}

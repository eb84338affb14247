//! What to write where somebody took Go's templates for another language.

use crate::templates::error::TemplateError;

/// The error of a template that does not parse, with what was probably meant.
pub(super) fn explained(source: &str, error: TemplateError) -> TemplateError {
    let at = error.position.map(|position| position.offset);
    let (None, Some(at)) = (&error.hint, at) else { return error };
    match meant(source, at) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

fn meant(source: &str, at: usize) -> Option<String> {
    let (before, rest) = source.split_at_checked(at)?;
    let hint = |text: &str| Some(text.to_owned());
    if rest.starts_with("||") || (rest.starts_with('|') && before.ends_with('|')) {
        return hint("`or` stands in front, as in `or .Title \"none\"`");
    }
    if rest.starts_with("&&") {
        return hint("`and` stands in front, as in `and .Title .Branch`");
    }
    if rest.starts_with("==") || rest.starts_with('=') {
        return hint("a comparison stands in front, as in `eq .Kind \"PR\"`");
    }
    if rest.starts_with('}') && !rest.starts_with("}}") {
        return hint("an action ends in `}}`");
    }
    if rest.starts_with('[') {
        return element(before, rest);
    }
    None
}

/// `.Labels[0]` as Go has it.
fn element(before: &str, rest: &str) -> Option<String> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
    let start = before.trim_end_matches(is_name).len();
    let (of, at) = (&before[start..], &rest[1..rest.find(']')?]);
    let is_key = !at.is_empty() && at.len() <= 64 && !at.contains(['{', '}', '\n']);
    (is_key && !of.is_empty()).then(|| format!("an element is `index {of} {}`", at.trim()))
}

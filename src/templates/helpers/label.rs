//! Helpers for labels, which Sprig does not have: `labelValue`, `labelHash`, `slug`,
//! `stripScope`, `scoped`.

use std::borrow::Cow;

use super::Caller;
use super::args;
use super::ascii;
use super::hash;
use super::print;
use super::text::part;
use crate::templates::error::TemplateError;
use crate::templates::value::{Text, Value};

/// The longest label value of Kubernetes, in bytes.
const NAME_BYTES: usize = 63;

/// How many digits of a hash stand at the end of a name that was cut.
const HASH_BYTES: usize = 8;

/// `labelValue X`: a valid label value made of a text or a number, empty if nothing is left of it.
pub(super) fn label_value(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let text = name("labelValue", meter, args, 0)?;
    meter.take_steps(text.len() as u64 / 64)?;
    meter.take_bytes(text.len().min(NAME_BYTES))?;
    Ok(match sanitize(&text) {
        Cow::Borrowed(_) => Value::Str(text),
        Cow::Owned(clean) => Value::from(clean),
    })
}

/// `labelHash LENGTH X`: as [`label_value`], but a name that is longer than LENGTH, or of which
/// nothing would be left, ends in eight digits of its hash: so two long names stay two.
pub(super) fn label_hash(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let length = args::int("labelHash", args, 0)?;
    let length = usize::try_from(length)
        .ok()
        .filter(|length| (HASH_BYTES..=NAME_BYTES).contains(length))
        .ok_or_else(|| TemplateError::render("labelHash: the length must be 8 to 63"))?;
    let text = name("labelHash", meter, args, 1)?;
    meter.take_steps(text.len() as u64 / 16)?;
    meter.take_bytes(text.len())?;
    let clean = cleaned(&text, fits, usize::MAX);
    if clean.len() <= length && (!clean.is_empty() || text.is_empty()) {
        return Ok(Value::from(clean));
    }
    let hash = hash::short(meter, &text)?;
    let room = length.saturating_sub(HASH_BYTES + 1).min(clean.len());
    let kept = clean[..room].trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    Ok(match kept.is_empty() {
        true => Value::from(hash),
        false => Value::from(format!("{kept}-{hash}")),
    })
}

/// `stripScope X`: what a scoped label says about its scope: `critical` for `priority/critical`,
/// `x` for `area: x`, `bug` for `kind::bug`.
///
/// The scope ends at the first `/` or `:` (or run of it), so that `area/ui/forms` is `ui/forms`;
/// white space around the rest is trimmed. A text without a scope, or with nothing behind it, is
/// given back as it is: `:bug:`, `wip:`, `bug`.
pub(super) fn strip_scope(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let text = args::text("stripScope", args, 0)?;
    meter.take_steps(text.len() as u64 / 64)?;
    part(meter, text, scope(text).map_or(text, |(_, rest)| rest))
}

/// `scoped LIST SCOPE`, or `scoped SCOPE LIST`: what the first label with that scope says about it,
/// as [`strip_scope`]; an empty text if there is none. Scopes are compared without case.
pub(super) fn scoped(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let list_first = args.first().is_some_and(|first| first.as_list().is_some());
    let (list, wanted) = if list_first { (0, 1) } else { (1, 0) };
    let labels = args::list("scoped", args, list)?;
    let wanted = args::text("scoped", args, wanted)?.trim().trim_end_matches(['/', ':']);
    for label in labels {
        let Some(label) = label.as_text() else { continue };
        meter.take_steps(1 + label.len() as u64 / 64)?;
        if let Some((_, rest)) =
            scope(label).filter(|(scope, _)| scope.eq_ignore_ascii_case(wanted))
        {
            return part(meter, label, rest);
        }
    }
    Ok(Value::from(""))
}

/// `slug X`: a DNS label made of a text or a number: lower-case letters, digits and single `-`, at most 63
/// bytes; empty if nothing is left of it.
pub(super) fn slug(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let text = name("slug", meter, args, 0)?;
    meter.take_steps(text.len() as u64 / 16)?;
    meter.take_bytes(NAME_BYTES)?;
    let slug = cleaned(&text, |c| c.is_ascii_alphanumeric(), NAME_BYTES);
    Ok(Value::from(slug.to_ascii_lowercase()))
}

/// A label value out of any text: letters beyond ASCII are transliterated, each run of other characters
/// becomes one `-`, then it is cut to 63 bytes and its ends are trimmed to letters and digits. A valid
/// value is not altered; a text without a letter or digit gives an empty one.
///
/// ```
/// use kelos_metadata::templates::helpers::label::sanitize;
///
/// assert_eq!(sanitize("priority/critical"), "priority-critical");
/// assert_eq!(sanitize("already-valid_1.0"), "already-valid_1.0");
/// assert_eq!(sanitize("Ünïcode"), "Unicode");
/// ```
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if is_clean(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(cleaned(text, fits, NAME_BYTES))
}

/// Whether a text is a label value already.
fn is_clean(text: &str) -> bool {
    let has_ends = || {
        text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    text.len() <= NAME_BYTES && text.chars().all(fits) && (text.is_empty() || has_ends())
}

fn fits(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// A text in ASCII in which each run of characters that don't fit is one `-`, cut to so many bytes, with
/// letters and digits at both ends.
fn cleaned(text: &str, fits: fn(char) -> bool, most: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(most));
    let mut in_run = false;
    // What is trimmed at the front does not count for the cut's place: the cut comes first.
    for c in ascii::letters(text) {
        if fits(c) || !in_run {
            clean.push(if fits(c) { c } else { '-' });
        }
        in_run = !fits(c);
        if clean.len() == most {
            break;
        }
    }
    clean.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned()
}

/// The scope of a label, and what follows it.
fn scope(label: &str) -> Option<(&str, &str)> {
    let (scope, rest) = label.split_at(label.find(['/', ':'])?);
    let separator = rest.chars().next()?;
    let (scope, rest) = (scope.trim(), rest.trim_start_matches(separator).trim());
    (!scope.is_empty() && !rest.is_empty()).then_some((scope, rest))
}

/// The text, or the printed number, at `index`.
fn name(
    helper: &str,
    meter: &mut dyn Caller,
    args: &[Value],
    index: usize,
) -> Result<Text, TemplateError> {
    match args::get(helper, args, index)? {
        value @ (Value::Bool(_) | Value::Int(_) | Value::Byte(_) | Value::Float(_)) => {
            print::value(meter, value).map(Text::from)
        }
        _ => args::text(helper, args, index).cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sanitizing_keeps_what_can_be_kept() {
        for (text, expected) in [
            ("priority/critical", "priority-critical"),
            ("Fix the login page", "Fix-the-login-page"),
            ("already.valid_1", "already.valid_1"),
            ("a -- b", "a----b"),
            ("-a-", "a"),
            ("!!!", ""),
            ("", ""),
            ("[bug] crash!", "bug-crash"),
            ("Ünïcode ✓ long", "Unicode-long"),
            ("U\u{308}ni\u{308}code", "Unicode"),
            ("Straße Łódź Ærø ﬁn", "Strasse-Lodz-AEro-fin"),
            ("日本語 v1.2", "Ri-Ben-Yu-v1.2"),
            ("Москва: объект, альбом", "Moskva-obekt-albom"),
            ("Ελλάδα 한국 हिन्दी", "Ellada-hangug-hindii"),
            ("½ ٣ Ⅳ ①", "1-2-3-IV-1"),
            ("🐛 ✓ →", ""),
            ("a- /-b", "a---b"),
        ] {
            assert_eq!(sanitize(text), expected, "{text:?}");
        }
        // The cut comes before the trim.
        assert_eq!(sanitize(&format!("/{}", "a".repeat(63))), "a".repeat(62));
        assert_eq!(sanitize(&format!("{}.", "a".repeat(63))), "a".repeat(63));
        assert_eq!(sanitize(&format!("{}!!b", "a".repeat(62))), "a".repeat(62));
    }
}

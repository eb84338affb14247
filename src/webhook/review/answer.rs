//! Answer → bytes.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use json_patch::Patch;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::apimachinery::Kind;
use crate::engine::{Decision, KeyOutcome, Outcome, skipped_list};

/// The most warnings one answer carries, and the most characters of one (the API server cuts at 256, and
/// takes 4096 in all).
const WARNINGS: usize = 8;
const WARNING_CHARS: usize = 200;
/// What stands for text that was cut: warnings travel in headers, and not every client takes `…` there.
const ELLIPSIS: &str = "...";
/// The longest audit annotation of skipped keys, in bytes.
const SKIPPED_AUDIT_BYTES: usize = 4 << 10;
/// Room for most answers, and for the patches in them, so that they need not be moved as they grow.
const ANSWER_BYTES: usize = 2 << 10;
const PATCH_BYTES: usize = 1 << 10;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReviewAnswer<'r> {
    api_version: &'static str,
    kind: &'static str,
    response: Response<'r>,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Response<'r> {
    uid: &'r str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audit_annotations: Option<AuditAnnotations<'r>>,
}

#[derive(Serialize)]
struct AuditAnnotations<'r> {
    spawner: &'r str,
    #[serde(skip_serializing_if = "String::is_empty")]
    applied: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    skipped: String,
}

impl<'r> AuditAnnotations<'r> {
    fn of(spawner: &'r str, decision: &Decision<'_>) -> AuditAnnotations<'r> {
        AuditAnnotations {
            spawner,
            applied: applied_list(&decision.keys),
            skipped: skipped_list(&decision.keys, SKIPPED_AUDIT_BYTES),
        }
    }
}

/// The answer that allows the Task as it is.
pub fn allow(uid: &str) -> Vec<u8> {
    encode(Response { uid, ..Response::default() })
}

/// The answer that allows the Task as it is and tells the client why nothing was added.
pub fn allow_with_warning(uid: &str, message: &str) -> Vec<u8> {
    let warnings = vec![warning(format!("kelos-metadata: nothing was added: {message}"))];
    encode(Response { uid, warnings, ..Response::default() })
}

/// The answer for a decision about a Task of `spawner`.
pub fn decided(uid: &str, spawner: &str, decision: &Decision<'_>) -> Vec<u8> {
    let is_first = !decision.was_marked && !decision.is_exempt;
    encode(Response {
        uid,
        patch_type: (!decision.patch.0.is_empty()).then_some("JSONPatch"),
        patch: encode_patch(&decision.patch),
        warnings: if is_first { warnings(&decision.keys) } else { Vec::new() },
        audit_annotations: is_first.then(|| AuditAnnotations::of(spawner, decision)),
        ..Response::default()
    })
}

/// The answer for a decision that is only written down, in the audit log of the API server.
pub fn audited(uid: &str, spawner: &str, decision: &Decision<'_>) -> Vec<u8> {
    let is_first = !decision.was_marked && !decision.is_exempt;
    let audit_annotations = is_first.then(|| AuditAnnotations::of(spawner, decision));
    encode(Response { uid, audit_annotations, ..Response::default() })
}

fn encode(response: Response<'_>) -> Vec<u8> {
    let response = Response { allowed: true, ..response };
    let review =
        ReviewAnswer { api_version: "admission.k8s.io/v1", kind: "AdmissionReview", response };
    to_json(&review, ANSWER_BYTES).unwrap_or_default()
}

/// The patch as a JSON text in base64. Nothing in it needs an escape, so it is no `String`, which
/// would be searched for one byte by byte.
fn encode_patch(patch: &Patch) -> Option<Box<RawValue>> {
    if patch.0.is_empty() {
        return None;
    }
    let operations = to_json(patch, PATCH_BYTES).ok()?;
    let mut text = String::with_capacity(operations.len().div_ceil(3) * 4 + 2);
    text.push('"');
    BASE64.encode_string(operations, &mut text);
    text.push('"');
    RawValue::from_string(text).ok()
}

fn to_json(value: &impl Serialize, usual_bytes: usize) -> serde_json::Result<Vec<u8>> {
    let mut json = Vec::with_capacity(usual_bytes);
    serde_json::to_writer(&mut json, value)?;
    Ok(json)
}

/// `annotation:KEY,label:KEY` of all that was written, sorted: the keys of a kind come in order.
fn applied_list(keys: &[KeyOutcome<'_>]) -> String {
    let mut list = String::new();
    for kind in [Kind::Annotation, Kind::Label] {
        let is_applied = |key: &&KeyOutcome<'_>| {
            key.kind == kind && matches!(key.outcome, Outcome::Applied(_) | Outcome::Repaired(_))
        };
        for key in keys.iter().filter(is_applied) {
            let comma = if list.is_empty() { "" } else { "," };
            list.extend([comma, kind.as_str(), ":", key.key]);
        }
    }
    list
}

fn warnings(keys: &[KeyOutcome<'_>]) -> Vec<String> {
    let news = keys.iter().filter(|key| key.is_news_skip());
    let count = news.clone().count();
    let listed = if count > WARNINGS { WARNINGS - 1 } else { count };
    let mut lines: Vec<String> = news.take(listed).filter_map(key_warning).collect();
    if count > listed {
        lines.push(format!("kelos-metadata: {} more keys were skipped", count - listed));
    }
    lines
}

fn key_warning(key: &KeyOutcome<'_>) -> Option<String> {
    let Outcome::Skipped(skip) = &key.outcome else { return None };
    let name = shorten_middle(key.key, 40);
    let (kind, reason) = (key.kind.as_str(), skip.reason.as_str());
    let mut text = String::with_capacity(2 * WARNING_CHARS);
    text.extend(["kelos-metadata: ", kind, " ", &name, ": ", reason, ": ", &skip.message]);
    // The place is worth more than the end of the message, and a part of a hint is worth nothing.
    let place = skip.position.map(|position| format!(" ({position})")).unwrap_or_default();
    let mut line = warning_with(text, &place);
    if let Some(hint) = &skip.hint
        && line.chars().count() + "; ".len() + hint.chars().count() <= WARNING_CHARS
    {
        line.extend(["; ", &one_line(hint)]);
    }
    Some(line)
}

/// One line of at most [`WARNING_CHARS`] characters, without control characters.
fn warning(text: String) -> String {
    warning_with(text, "")
}

/// A warning that ends with all of `end`, however long the text before it is.
fn warning_with(text: String, end: &str) -> String {
    let mut line = match one_line(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(line) => line,
    };
    let (length, most) = (line.chars().count(), WARNING_CHARS.saturating_sub(end.len()));
    if length > most {
        for _ in most.saturating_sub(ELLIPSIS.len())..length {
            line.pop();
        }
        line.push_str(ELLIPSIS);
    }
    line.push_str(end);
    line
}

/// The text without control characters.
fn one_line(text: &str) -> Cow<'_, str> {
    // Nearly all texts are plain, and looking at bytes is much faster than at characters.
    match text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        true => text.into(),
        false => text.replace(char::is_control, " ").into(),
    }
}

/// The text, or its two ends around an ellipsis if it has more than `most` characters.
fn shorten_middle(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return text.into();
    }
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= most {
        return text.into();
    }
    let head = most / 2;
    let tail = most - head - ELLIPSIS.len();
    let (head, tail) = (&chars[..head], &chars[chars.len() - tail..]);
    head.iter().copied().chain(ELLIPSIS.chars()).chain(tail.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Skip;
    use crate::engine::reason::Reason;
    use crate::templates::{Position, TemplateError};

    fn warned(error: Skip) -> String {
        let outcome = Outcome::Skipped(error);
        let key = KeyOutcome {
            kind: Kind::Annotation,
            key: "team.example.com/k",
            declared_in: None,
            outcome,
        };
        key_warning(&key).unwrap()
    }

    #[test]
    fn a_warning_keeps_its_place_and_tells_what_was_meant() {
        let at = Position::at("a\nb c", 2, 3);
        let error = Skip::from(TemplateError::missing(".Titel")).at(at);
        let head = "kelos-metadata: annotation team.example.com/k: ";
        assert_eq!(
            warned(error),
            format!(
                "{head}missing_variable: `.Titel` is not known for this Task (line 2, column 3); did you mean `.Title`?"
            )
        );
        let long = warned(Skip::parse("é".repeat(150)).at(at).hint("y".repeat(50)));
        assert_eq!(long.chars().count(), WARNING_CHARS);
        assert!(long.ends_with("é... (line 2, column 3)"), "{long}");
        let hint = warned(Skip::new(Reason::RenderError, "x").hint("a\nb\u{1b}"));
        assert!(hint.ends_with("render_error: x; a b "), "{hint:?}");
    }
}

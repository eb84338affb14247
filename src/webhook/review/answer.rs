//! Answer → bytes.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::PAD;
use base64::engine::simd::Simd;

use super::warning::{WARNING_CHARS, finding_warning, shorten_middle, warning, warning_with};
use crate::apimachinery::Kind;
use crate::engine::lint::Finding;
use crate::engine::patch::Operation;
use crate::engine::{Decision, KeyDecision, Skip, defaulted_list, skipped_list};
use crate::json_text;

/// The most warnings one answer carries: the API server takes 4096 characters in all.
const WARNINGS: usize = 8;
/// The longest audit annotation of skipped or defaulted keys, in bytes.
const LIST_AUDIT_BYTES: usize = 4 << 10;
/// Room for most answers, and for the patches in them, so that they need not be moved as they grow.
const ANSWER_BYTES: usize = 2 << 10;
const PATCH_BYTES: usize = 1 << 10;
/// Room for most lists of keys.
const LIST_BYTES: usize = 256;

/// What an answer says; that the Task is allowed is always said.
#[derive(Default)]
struct Response<'r> {
    uid: &'r str,
    /// What the patch does; it is left out if that is nothing.
    operations: &'r [Operation<'r>],
    warnings: Vec<String>,
    audit_annotations: Option<AuditAnnotations<'r>>,
}

struct AuditAnnotations<'r> {
    spawner: &'r str,
    applied: String,
    skipped: String,
    defaulted: String,
}

impl<'r> AuditAnnotations<'r> {
    fn of(spawner: &'r str, decision: &Decision<'_>) -> AuditAnnotations<'r> {
        AuditAnnotations {
            spawner,
            applied: applied_list(&decision.keys),
            skipped: skipped_list(&decision.keys, LIST_AUDIT_BYTES),
            defaulted: defaulted_list(&decision.keys, LIST_AUDIT_BYTES),
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

/// The answer that allows a spawner and tells the client why nobody looked at it.
pub(in crate::webhook) fn unchecked(uid: &str, message: &str) -> Vec<u8> {
    let warnings = vec![warning(format!("kelos-metadata: the spawner was not checked: {message}"))];
    encode(Response { uid, warnings, ..Response::default() })
}

/// The answer that allows a spawner and tells the client what is wrong with it, the first findings first.
pub(in crate::webhook) fn warned(uid: &str, findings: &[Finding]) -> Vec<u8> {
    let listed = if findings.len() > WARNINGS { WARNINGS - 1 } else { findings.len() };
    let mut warnings: Vec<String> = findings.iter().take(listed).map(finding_warning).collect();
    let more = findings.len() - listed;
    if more > 0 {
        warnings.push(format!("{more} more findings: kelos-metadata lint shows them all"));
    }
    encode(Response { uid, warnings, ..Response::default() })
}

/// The answer for a decision about a Task of `spawner`, which has no name if there is none; and `more` to
/// warn of.
pub fn decided(uid: &str, spawner: &str, decision: &Decision<'_>, more: Vec<String>) -> Vec<u8> {
    let is_first = !decision.was_marked && !decision.is_exempt;
    encode(Response {
        uid,
        operations: &decision.operations,
        warnings: if is_first { warnings(&decision.keys, more) } else { Vec::new() },
        audit_annotations: is_first.then(|| AuditAnnotations::of(spawner, decision)),
    })
}

/// The answer for a decision that is only written down: in warnings, and in the audit log of the API server.
pub fn audited(uid: &str, spawner: &str, decision: &Decision<'_>, more: Vec<String>) -> Vec<u8> {
    let is_first = !decision.was_marked && !decision.is_exempt;
    encode(Response {
        uid,
        operations: &[],
        warnings: if is_first { audit_warnings(&decision.keys, more) } else { Vec::new() },
        audit_annotations: is_first.then(|| AuditAnnotations::of(spawner, decision)),
    })
}

/// What would be written, and the warnings that there would be.
fn audit_warnings(keys: &[KeyDecision<'_>], more: Vec<String>) -> Vec<String> {
    let applied = applied_list(keys);
    let would_set = (!applied.is_empty()).then(|| format!("would set {applied}"));
    let lines = would_set.into_iter().chain(warnings(keys, more)).take(WARNINGS);
    lines.map(|line| warning(format!("audit: {line}"))).collect()
}

/// The answer as JSON. Its frame is always the same, so that it is copied, and not written word by word.
fn encode(response: Response<'_>) -> Vec<u8> {
    let mut json = String::with_capacity(ANSWER_BYTES);
    json.push_str(
        r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":""#,
    );
    put_text(&mut json, response.uid);
    json.push_str(r#"","allowed":true"#);
    if !response.operations.is_empty() {
        json.push_str(r#","patchType":"JSONPatch","patch":""#);
        base64().encode_string(patch_json(response.operations), &mut json);
        json.push('"');
    }
    for (number, warning) in response.warnings.iter().enumerate() {
        json.push_str(if number == 0 { r#","warnings":[""# } else { r#"",""# });
        put_text(&mut json, warning);
    }
    if !response.warnings.is_empty() {
        json.push_str(r#""]"#);
    }
    if let Some(AuditAnnotations { spawner, applied, skipped, defaulted }) =
        &response.audit_annotations
    {
        let mut before = r#","auditAnnotations":{"#;
        for (key, text) in [
            (r#""spawner":""#, *spawner),
            (r#""applied":""#, applied),
            (r#""skipped":""#, skipped),
            (r#""defaulted":""#, defaulted),
        ] {
            if !text.is_empty() {
                json.extend([std::mem::replace(&mut before, ","), key]);
                put_text(&mut json, text);
                json.push('"');
            }
        }
        if before == "," {
            json.push('}');
        }
    }
    json.push_str("}}");
    json.into_bytes()
}

/// Looks once at what the CPU can do.
fn base64() -> &'static Simd {
    static BASE64: LazyLock<Simd> = LazyLock::new(|| Simd::standard(PAD));
    &BASE64
}

fn patch_json(operations: &[Operation<'_>]) -> String {
    let mut json = String::with_capacity(PATCH_BYTES);
    json.push('[');
    for (number, operation) in operations.iter().enumerate() {
        if number > 0 {
            json.push(',');
        }
        let (head, path, value) = match operation {
            Operation::Add(path, value) => (r#"{"op":"add","path":""#, path, value.as_deref()),
            Operation::Replace(path, value) => {
                (r#"{"op":"replace","path":""#, path, Some(&**value))
            }
            Operation::Remove(path) => (r#"{"op":"remove","path":""#, path, None),
        };
        json.push_str(head);
        put_text(&mut json, path.pointer().as_str());
        match value {
            Some(text) => {
                json.push_str(r#"","value":""#);
                put_text(&mut json, text);
                json.push_str(r#""}"#);
            }
            None if matches!(operation, Operation::Add(..)) => json.push_str(r#"","value":{}}"#),
            None => json.push_str(r#""}"#),
        }
    }
    json.push(']');
    json
}

/// A text between the quotes of JSON.
fn put_text(json: &mut String, text: &str) {
    if json_text::is_plain(text) {
        json.push_str(text);
    } else {
        let quoted = serde_json::to_string(text).unwrap_or_default();
        let unquoted = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        json.push_str(unquoted.unwrap_or_default());
    }
}

/// `annotation:KEY,label:KEY` of all that was written, sorted.
fn applied_list(keys: &[KeyDecision<'_>]) -> String {
    let mut list = String::with_capacity(if keys.is_empty() { 0 } else { LIST_BYTES });
    for kind in [Kind::Annotation, Kind::Label, Kind::NodeSelector, Kind::PodLabel] {
        let is_applied = |key: &&KeyDecision<'_>| key.kind == kind && key.written().is_some();
        let applied = keys.iter().filter(is_applied).map(|it| it.key);
        let mut put = |key: &str| {
            let comma = if list.is_empty() { "" } else { "," };
            list.extend([comma, kind.as_str(), ":", key]);
        };
        // They come in order, but that copies stand behind what was rendered.
        match kind {
            Kind::PodLabel => applied.collect::<BTreeSet<_>>().into_iter().for_each(&mut put),
            Kind::Label | Kind::Annotation | Kind::NodeSelector => applied.for_each(&mut put),
        }
    }
    list
}

/// What a client is told: `more` first, so that it is told however many keys were skipped.
fn warnings(keys: &[KeyDecision<'_>], more: Vec<String>) -> Vec<String> {
    let most = WARNINGS.saturating_sub(more.len()).max(1);
    let news = keys.iter().filter_map(|key| Some((key.key, key.news_skip()?)));
    let count = news.clone().count();
    let listed = if count > most { most - 1 } else { count };
    let mut lines: Vec<String> = more.into_iter().map(warning).collect();
    lines.extend(news.take(listed).map(|(key, skip)| key_warning(key, skip)));
    if count > listed {
        lines.push(format!("{} more keys skipped", count - listed));
    }
    lines
}

/// ``team.example.com/priority skipped: `.Labels` is not known (1:4)``
fn key_warning(key: &str, skip: &Skip) -> String {
    let name = shorten_middle(key, 80);
    let mut text = String::with_capacity(2 * WARNING_CHARS);
    text.extend([&*name, " skipped: ", &skip.message]);
    // The place is worth more than the end of the message, and a part of a hint is worth nothing.
    let place = skip.position.map(|at| format!(" ({}:{})", at.line, at.column)).unwrap_or_default();
    if let Some(hint) = &skip.hint
        && [&*text, "; ", hint, &place].iter().map(|it| it.chars().count()).sum::<usize>()
            <= WARNING_CHARS
    {
        text.extend(["; ", hint]);
    }
    warning_with(text, &place)
}

#[cfg(test)]
mod tests {
    use json_patch::PatchOperation;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::Skip;
    use crate::engine::patch::{Path, Place, map_of, path};
    use crate::engine::reason::Reason;
    use crate::templates::{Position, TemplateError};

    fn warned(error: Skip) -> String {
        key_warning("team.example.com/k", &error)
    }

    #[test]
    fn a_warning_keeps_its_place_and_says_what_was_meant() {
        let at = Position::at("a\nb c", 2, 3);
        let error = Skip::from(TemplateError::missing(".Titel")).at(at);
        assert_eq!(
            warned(error),
            "team.example.com/k skipped: `.Titel` is not known; did you mean `.Title`? (2:3)"
        );
        let long = warned(Skip::parse("é".repeat(200)).at(at).hint("y".repeat(50)));
        assert_eq!(long.chars().count(), WARNING_CHARS);
        assert!(long.ends_with("é... (2:3)"), "{long}");
        let hint = warned(Skip::new(Reason::RenderError, "x").hint("a\nb\u{1b}"));
        assert!(hint.ends_with(" skipped: x; a b "), "{hint:?}");
    }

    #[test]
    fn a_patch_is_written_as_its_own_crate_writes_it() {
        let text = "\u{7f}\u{1}\"\\\n<é>";
        let map = map_of(Kind::Label, false);
        let key = |key| Path::Key(map, Place { kind: Kind::Label, key, path: None });
        let made = path(Kind::Annotation, "~a~/b/");
        let place = Place { kind: Kind::Annotation, key: "~a~/b/", path: made.as_deref() };
        let operations = [
            Operation::Add(Path::Map(map), None),
            Operation::Add(key("a/b~c"), Some(text.into())),
            Operation::Replace(key(text), "x".into()),
            Operation::Replace(Path::Key(map_of(Kind::Annotation, false), place), "".into()),
            Operation::Remove(key("c")),
        ];
        let patch: Vec<PatchOperation> = operations.iter().map(PatchOperation::from).collect();
        assert_eq!(patch_json(&operations), serde_json::to_string(&patch).unwrap());
    }

    #[test]
    fn an_answer_is_the_json_that_it_says() {
        let place = Place { kind: Kind::Label, key: "a", path: None };
        let remove = Operation::Remove(Path::Key(map_of(Kind::Label, false), place));
        let answer = encode(Response {
            uid: "1\"",
            operations: &[remove],
            warnings: vec!["a\n".to_owned(), "b".to_owned()],
            audit_annotations: Some(AuditAnnotations {
                spawner: "w",
                applied: "label:a".to_owned(),
                skipped: String::new(),
                defaulted: String::new(),
            }),
        });
        let read: Value = serde_json::from_slice(&answer).unwrap();
        let patch = base64().encode(r#"[{"op":"remove","path":"/metadata/labels/a"}]"#);
        let response = json!({
            "uid": "1\"", "allowed": true, "patchType": "JSONPatch", "patch": patch,
            "warnings": ["a\n", "b"], "auditAnnotations": {"spawner": "w", "applied": "label:a"},
        });
        let expected = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response,
        });
        assert_eq!(read, expected);
        let bare: Value = serde_json::from_slice(&allow("1")).unwrap();
        assert_eq!(bare["response"], json!({"uid": "1", "allowed": true}));
    }

    proptest! {
        #[test]
        fn any_text_is_written_as_json(text in any::<String>()) {
            let mut json = String::new();
            put_text(&mut json, &text);
            prop_assert_eq!(format!("\"{json}\""), serde_json::to_string(&text).unwrap());
        }
    }
}

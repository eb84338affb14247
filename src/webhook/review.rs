//! AdmissionReview `admission.k8s.io/v1`: bytes → request, answer → bytes.
//!
//! This is the only place where something that went wrong becomes text on the wire. Only the fields
//! that are needed are read, and the Task's spec is never built into a tree.

mod uid;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use json_patch::Patch;
use serde::{Deserialize, Serialize};

use crate::engine::kelos::{GROUP, Str, Task};
use crate::engine::variables::User;
use crate::engine::{Decision, KeyOutcome, Outcome, skipped_list};

/// The most warnings one answer carries, and the most characters of one (the API server cuts at 256).
const WARNINGS: usize = 8;
const WARNING_CHARS: usize = 120;
/// The longest audit annotation of skipped keys, in bytes.
const SKIPPED_AUDIT_BYTES: usize = 4 << 10;

/// A request for admission, as far as it matters here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// What the answer must repeat.
    #[serde(borrow)]
    pub uid: Str<'a>,
    #[serde(borrow, default)]
    resource: Resource<'a>,
    #[serde(borrow, default)]
    sub_resource: Str<'a>,
    #[serde(borrow, default)]
    operation: Str<'a>,
    /// The namespace that the Task is to be made in.
    #[serde(borrow, default)]
    pub namespace: Str<'a>,
    #[serde(borrow, default)]
    user_info: UserInfo<'a>,
    #[serde(borrow, default)]
    object: Option<Task<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Resource<'a> {
    #[serde(borrow, default)]
    group: Str<'a>,
    #[serde(borrow, default)]
    resource: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct UserInfo<'a> {
    #[serde(borrow, default)]
    username: Str<'a>,
    #[serde(borrow, default)]
    groups: Option<Vec<Str<'a>>>,
}

#[derive(Deserialize)]
struct Review<'a> {
    #[serde(borrow, default)]
    kind: Str<'a>,
    #[serde(borrow)]
    request: Request<'a>,
}

/// Why a body is no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It has a uid, so it can be answered: the Task is allowed as it is.
    Answerable {
        /// The uid.
        uid: String,
        /// What is wrong, without anything of the body.
        message: String,
    },
    /// It has no uid, so no answer would be taken.
    NoUid {
        /// What is wrong, without anything of the body.
        message: String,
    },
}

impl<'a> Request<'a> {
    /// Reads the body of an AdmissionReview.
    ///
    /// # Errors
    ///
    /// [`Unreadable`], with the uid wherever one can be found, even in broken JSON.
    pub fn parse(body: &'a [u8]) -> Result<Request<'a>, Unreadable> {
        let message = match serde_json::from_slice::<Review<'a>>(body) {
            Ok(review) if review.request.uid.is_empty() => "the request has no uid".to_owned(),
            Ok(review) if review.kind.is_empty() || &*review.kind == "AdmissionReview" => {
                return Ok(review.request);
            }
            Ok(_) => "the body is no AdmissionReview: send `kind: AdmissionReview`".to_owned(),
            Err(error) => describe(&error, body),
        };
        Err(match uid::find(body) {
            Some(uid) => Unreadable::Answerable { uid, message },
            None => Unreadable::NoUid { message },
        })
    }

    /// The Task that is to be made: of any version of Kelos's group, and not a subresource of it.
    pub fn new_task(&self) -> Option<&Task<'a>> {
        let is_creation = &*self.operation == "CREATE"
            && &*self.resource.group == GROUP
            && &*self.resource.resource == "tasks"
            && self.sub_resource.is_empty();
        self.object.as_ref().filter(|_| is_creation)
    }

    /// Who makes the request.
    pub fn user(&self) -> User {
        User {
            name: self.user_info.username.to_string(),
            groups: self.user_info.groups.iter().flatten().map(|group| group.to_string()).collect(),
        }
    }
}

/// What is wrong with a body, in words that hold nothing of it.
fn describe(error: &serde_json::Error, body: &[u8]) -> String {
    if body.iter().all(u8::is_ascii_whitespace) {
        return "the body is empty: send an AdmissionReview as JSON".to_owned();
    }
    let what = match error.classify() {
        serde_json::error::Category::Eof => "the JSON ends too early",
        serde_json::error::Category::Syntax => "the body is no JSON",
        _ => "the body is no AdmissionReview of a Task with the usual types",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

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
    patch: Option<String>,
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
    serde_json::to_vec(&review).unwrap_or_default()
}

fn encode_patch(patch: &Patch) -> Option<String> {
    let operations = (!patch.0.is_empty()).then(|| serde_json::to_vec(patch).ok())??;
    Some(BASE64.encode(operations))
}

/// `label:KEY,annotation:KEY` of all that was written, sorted.
fn applied_list(keys: &[KeyOutcome<'_>]) -> String {
    let mut applied: Vec<String> = keys
        .iter()
        .filter(|key| matches!(key.outcome, Outcome::Applied(_) | Outcome::Repaired(_)))
        .map(|key| format!("{}:{}", key.kind, key.key))
        .collect();
    applied.sort_unstable();
    applied.join(",")
}

fn warnings(keys: &[KeyOutcome<'_>]) -> Vec<String> {
    let news: Vec<&KeyOutcome<'_>> = keys.iter().filter(|key| key.is_news_skip()).collect();
    let listed = if news.len() > WARNINGS { WARNINGS - 1 } else { news.len() };
    let mut lines: Vec<String> = news[..listed].iter().filter_map(|key| key_warning(key)).collect();
    if news.len() > listed {
        lines.push(format!("kelos-metadata: {} more keys were skipped", news.len() - listed));
    }
    lines
}

fn key_warning(key: &KeyOutcome<'_>) -> Option<String> {
    let Outcome::Skipped(skip) = &key.outcome else { return None };
    let name = shorten_middle(key.key, 40);
    let place = skip.position.map(|at| format!(" ({at})")).unwrap_or_default();
    let (kind, reason, message) = (key.kind, skip.reason, &skip.message);
    Some(warning(format!("kelos-metadata: {kind} {name}: {reason}: {message}{place}")))
}

/// One line of at most [`WARNING_CHARS`] characters, without control characters.
fn warning(text: String) -> String {
    if text.len() <= WARNING_CHARS && !text.contains(char::is_control) {
        return text;
    }
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let line: String = clean.collect();
    match line.char_indices().nth(WARNING_CHARS) {
        None => line,
        Some(_) => line.chars().take(WARNING_CHARS - 1).chain(['…']).collect(),
    }
}

/// The text, or its two ends around `…` if it has more than `most` characters.
fn shorten_middle(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= most {
        return text.to_owned();
    }
    let (head, tail) = (most / 2, most - most / 2 - 1);
    chars[..head].iter().chain(&['…']).chain(&chars[chars.len() - tail..]).collect()
}

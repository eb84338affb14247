//! Requests that whoever reaches the webhook can forge: what they hold of memory, counted by the
//! allocator, and what becomes of them.

use std::sync::Arc;

use allocation_counter::measure;
use bytes::Bytes;
use kelos_metadata::engine::Limits;
use kelos_metadata::engine::kelos::Shape;
use kelos_metadata::engine::rules::Policy;
use kelos_metadata::spawners::{Objects, Snapshot, Spawners};
use kelos_metadata::webhook::mutate_task::answer_review;
use kelos_metadata::webhook::review::ParsedReview;
use kelos_metadata::webhook::router::{MAX_BODY_BYTES, MAX_SPAWNER_BODY_BYTES};
use kelos_metadata::webhook::validate_spawner::answer_spawner_review;
use kelos_metadata::webhook::{AdmissionOutcome, Answered, Metrics};
use serde_json::{Value, json};
use testing::fuzz::MOST_SPAWNER_BYTES;
use testing::hostile::requests::{
    Part, SpawnerPart, escaped_entries, repeated, review, spawner_review, tiny_entries,
};

/// What reading a request and deciding it may hold beside its body, whatever it says.
const MOST_BYTES: u64 = 24 << 20;
/// What a small request may hold for each of its bytes, and beside that: an entry of six bytes takes 48
/// where it is kept, and three times as many while the list grows.
const SMALL_FACTOR: u64 = 24;
const SMALL_BYTES: u64 = 64 << 10;

/// Rules that read who asks, and rules that read nothing.
fn known() -> Arc<Snapshot> {
    let spawner = |name: &str, label: &str| {
        let labels = json!({"a": label}).to_string();
        let spawner = json!({"metadata": {"name": name, "namespace": "default",
            "annotations": {"metadata.kelos.dev/labels": labels}}});
        Arc::new(serde_json::from_value(spawner).unwrap())
    };
    let spawners = Spawners::new(Policy::default());
    spawners.replace(Objects {
        spawners: vec![spawner("plain", "b"), spawner("user", "{{ .User.Name | upper }}")],
        ..Objects::default()
    });
    spawners.snapshot()
}

/// Answers a request; gives what that held at the most, beside the body.
fn answer(body: &str, known: &Arc<Snapshot>) -> (Answered, u64) {
    let (metrics, mut answered) = (Metrics::new(), None);
    let held = measure(|| {
        answered =
            Some(answer_review(Shape::Task, body.as_bytes(), known, &Limits::default(), &metrics));
    });
    (answered.unwrap(), held.bytes_max)
}

/// That the Task is allowed; how many warnings there are, and whether it is patched.
fn allowed(answered: &Answered) -> (usize, bool) {
    let answer: Value = serde_json::from_slice(answered.reply.body()).unwrap();
    let response = &answer["response"];
    assert_eq!(response["allowed"], true);
    (response["warnings"].as_array().map_or(0, Vec::len), response.get("patch").is_some())
}

/// The request with one piece as often as the largest body has room for it.
fn filled(spawner: &str, part: Part, piece: &str) -> String {
    let room = MAX_BODY_BYTES - review(spawner, part, "").len() - 2;
    review(spawner, part, &repeated(piece, room / (piece.len() + 1)))
}

#[test]
fn what_an_api_server_could_not_store_is_allowed_as_it_is_and_never_kept() {
    let known = known();
    for (name, body) in [
        ("owner references", filled("plain", Part::Owners, "{}")),
        ("groups", filled("user", Part::Groups, "\"\"")),
        ("one label", filled("plain", Part::Labels, "\"\":\"\"")),
        ("one annotation", filled("plain", Part::Annotations, "\"a\":\"\\n\"")),
        ("labels", review("plain", Part::Labels, &tiny_entries(270_000))),
        ("annotations", review("plain", Part::Annotations, &tiny_entries(270_000))),
        ("escaped annotations", review("plain", Part::Annotations, &escaped_entries(270_000))),
        (
            "bytes of annotations",
            review("plain", Part::Annotations, &format!("\"a\":\"{}\"", "x".repeat((3 << 20) + 1))),
        ),
    ] {
        let (answered, held) = answer(&body, &known);
        eprintln!("{name:22} {:>8} bytes of body held {held:>9}", body.len());
        assert_eq!(answered.outcome, AdmissionOutcome::Oversized, "{name}");
        assert_eq!(allowed(&answered), (1, false), "{name}");
        assert!(held <= MOST_BYTES, "{name}: held {held} bytes");
    }
}

#[test]
fn what_it_could_store_is_decided_within_the_same_memory() {
    let known = known();
    let long = |value: &str| format!("\"a\":\"{}\"", value.repeat(6 << 20));
    for (name, outcome, body) in [
        ("labels", AdmissionOutcome::Patched, review("plain", Part::Labels, &tiny_entries(80_000))),
        (
            "escaped annotations",
            AdmissionOutcome::Patched,
            review("plain", Part::Annotations, &escaped_entries(80_000)),
        ),
        (
            "owner references",
            AdmissionOutcome::Patched,
            review("plain", Part::Owners, &repeated("{}", 32_000)),
        ),
        (
            "groups",
            AdmissionOutcome::Patched,
            review("user", Part::Groups, &repeated("\"g\"", 16_000)),
        ),
        (
            "groups that nobody reads",
            AdmissionOutcome::Patched,
            filled("plain", Part::Groups, "\"\""),
        ),
        (
            "a long prompt",
            AdmissionOutcome::Skipped,
            review("plain", Part::Spec, &long("x").replace("\"a\"", "\"prompt\"")),
        ),
        (
            "a long branch",
            AdmissionOutcome::Skipped,
            review("plain", Part::Spec, &long("x").replace("\"a\"", "\"branch\"")),
        ),
        (
            "an escaped model",
            AdmissionOutcome::Skipped,
            review("plain", Part::Spec, &format!("\"model\":\"{}\"", "\\n".repeat(3 << 20))),
        ),
        (
            "a long key in front",
            AdmissionOutcome::Skipped,
            review("plain", Part::Front, &long("x")),
        ),
    ] {
        let (answered, held) = answer(&body, &known);
        eprintln!("{name:24} {:>8} bytes of body held {held:>9}", body.len());
        // What etcd would not take as it is does not grow.
        assert_eq!(answered.outcome, outcome, "{name}");
        let is_patched = outcome == AdmissionOutcome::Patched;
        assert_eq!(allowed(&answered), (usize::from(!is_patched), is_patched), "{name}");
        assert!(held <= MOST_BYTES, "{name}: held {held} bytes");
    }
}

#[test]
fn a_small_request_holds_a_small_multiple_of_its_bytes() {
    const SMALL: usize = 48 << 10;
    let known = known();
    let fill = |part: Part, piece: &str| {
        review("plain", part, &repeated(piece, SMALL / (piece.len() + 1)))
    };
    for (name, body) in [
        ("nothing", review("plain", Part::Labels, "")),
        ("one label", fill(Part::Labels, "\"\":\"\"")),
        ("labels", review("plain", Part::Labels, &tiny_entries(SMALL / 11))),
        ("escaped labels", review("plain", Part::Labels, &escaped_entries(SMALL / 15))),
        ("owner references", fill(Part::Owners, "{}")),
        ("groups", fill(Part::Groups, "\"\"")),
        ("specs", fill(Part::Spec, "\"x\":[]")),
    ] {
        let (answered, held) = answer(&body, &known);
        let most = SMALL_FACTOR * body.len() as u64 + SMALL_BYTES;
        eprintln!("{name:18} {:>8} bytes of body held {held:>9}", body.len());
        allowed(&answered);
        assert!(held <= most, "{name}: held {held} of {most} bytes");
    }
}

#[test]
fn a_request_says_what_it_takes_beside_its_body() {
    /// What it takes without anything in it.
    const OF_ITSELF: i64 = 1 << 10;
    for (name, more) in [("tiny", tiny_entries(80_000)), ("escaped", escaped_entries(80_000))] {
        let body = Bytes::from(review("plain", Part::Annotations, &more));
        let mut parsed = None;
        let held = measure(|| parsed = Some(ParsedReview::parse(Shape::Task, body).unwrap()))
            .bytes_current;
        let claimed = parsed.unwrap().request().heap_bytes() as i64;
        // What the allocator adds to a small text is charged, and not counted here.
        assert!(held <= claimed + OF_ITSELF, "{name}: {claimed} claimed, {held} held");
        assert!(claimed <= 3 * held, "{name}: {claimed} claimed, {held} held");
    }
}

#[test]
fn of_a_key_that_comes_twice_the_last_value_counts() {
    let body = review("nobody", Part::Labels, r#""kelos.dev/taskspawner":"plain""#);
    assert_eq!(answer(&body, &known()).0.outcome, AdmissionOutcome::Patched);
    let body = review("plain", Part::Labels, r#""kelos.dev/taskspawner":"nobody""#);
    assert_eq!(answer(&body, &known()).0.outcome, AdmissionOutcome::UnknownOwner);
}

#[test]
fn a_uid_that_no_api_server_makes_is_not_repeated() {
    let body = review("plain", Part::Front, "\"x\":1").replace("6ea4f1f5", &"6".repeat(1 << 20));
    let (answered, _) = answer(&body, &known());
    assert_eq!(answered.outcome, AdmissionOutcome::BadRequest);
    assert!(answered.reply.body().len() < 1 << 10);
}

#[test]
fn a_spawner_is_judged_within_its_own_memory_whatever_is_sent() {
    use SpawnerPart::{Annotations, Front, OldAnnotations, Template, When};
    /// The largest spawner that is looked at, without its frame.
    const JUDGED: usize = (3 << 19) - 300;
    /// What is left of the largest body.
    const LEFT: usize = MAX_SPAWNER_BODY_BYTES - JUDGED - 1000;
    let known = Spawners::new(Policy::default()).snapshot();
    let text =
        |bytes: usize, piece: &str| format!("\"a\":\"{}\"", piece.repeat(bytes / piece.len()));
    let list = |bytes: usize, piece: &str| repeated(piece, bytes / (piece.len() + 1));
    let items = |name: &str, piece: &str| {
        format!("\"githubWebhook\":{{\"{name}\":[{}]}}", list(JUDGED - 40, piece))
    };
    let ours = (0..JUDGED / 36).map(|it| format!("\"metadata.kelos.dev/{it:06}\":\"a\\n\""));
    let (many, old) = (tiny_entries(JUDGED / 14), tiny_entries(LEFT / 14));
    let escaped = escaped_entries(JUDGED / 18);
    let oversized = tiny_entries(MAX_SPAWNER_BODY_BYTES / 14 - 100);
    let template = text(JUDGED - 20, "{{.X}}").replace("\"a\"", "\"promptTemplate\"");
    for (name, body) in [
        ("annotations", spawner_review(&[(Annotations, &many)])),
        (
            "annotations, and before",
            spawner_review(&[(Annotations, &many), (OldAnnotations, &old)]),
        ),
        ("escaped annotations", spawner_review(&[(Annotations, &escaped)])),
        (
            "annotations of ours",
            spawner_review(&[(Annotations, &ours.collect::<Vec<_>>().join(","))]),
        ),
        ("oversized", spawner_review(&[(Annotations, &oversized)])),
        ("oversized before", spawner_review(&[(OldAnnotations, &oversized)])),
        ("one escaped text", spawner_review(&[(Annotations, &text(JUDGED - 20, "\\n"))])),
        (
            "one escaped text before",
            spawner_review(&[(OldAnnotations, &text(LEFT + JUDGED - 20, "\\n"))]),
        ),
        ("filters", spawner_review(&[(When, &items("filters", "{}")), (OldAnnotations, &old)])),
        ("events", spawner_review(&[(When, &items("events", "\"\""))])),
        ("a template", spawner_review(&[(Template, &template), (OldAnnotations, &old)])),
        ("in front", spawner_review(&[(Front, &text(LEFT + JUDGED - 20, "\\n"))])),
    ] {
        assert!(body.len() <= MAX_SPAWNER_BODY_BYTES, "{name}: {}", body.len());
        let (body, mut answered) = (Bytes::from(body), None);
        let held = measure(|| answered = Some(answer_spawner_review(&body, &known))).bytes_max;
        let answered = answered.unwrap();
        eprintln!("{name:24} {:>8} bytes of body held {held:>9}: {}", body.len(), answered.outcome);
        let is_oversized = answered.outcome == AdmissionOutcome::Oversized;
        assert_eq!(is_oversized, name == "oversized", "{name}");
        assert!(!allowed(&answered).1, "{name}");
        assert!(held <= MOST_SPAWNER_BYTES, "{name}: held {held} bytes");
    }
}

//! What is fuzzed, and what must hold whatever comes in. `make fuzz` looks for input that breaks it;
//! `tests/allocations/fuzz.rs` gives it all that ever did, and the seeds.
//!
//! Two of the targets count what is held of memory. The allocator that counts belongs to a whole program, so it is
//! they who bring it.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use kelos_metadata::engine::Limits;
use kelos_metadata::engine::decide;
use kelos_metadata::engine::kelos::{Shape, Task, TaskSpawner};
use kelos_metadata::engine::rules::{Policy, Rules, Shared};
use kelos_metadata::engine::variables::Facts;
use kelos_metadata::spawners::{Objects, Snapshot, Spawners};
use kelos_metadata::templates::budget::{Budget, VALUE_BYTES};
use kelos_metadata::templates::purse::{COMPILING_BYTES, COMPILING_STEPS};
use kelos_metadata::templates::value::{Map, Text, Value};
use kelos_metadata::templates::{Syntax, Template};
use kelos_metadata::webhook::mutate_task::answer_review;
use kelos_metadata::webhook::validate_spawner::answer_spawner_review;
use kelos_metadata::webhook::{Answered, Metrics};

use crate::hostile::requests;

/// What judging a spawner may hold beside its body, as the table of `router.rs` has it.
pub const MOST_SPAWNER_BYTES: u64 = 16 << 20;

/// Bytes that running something held, as the allocator counts them.
#[derive(Clone, Copy)]
pub struct Held {
    /// At the most.
    pub peak: u64,
    /// Still, when it has ended.
    pub kept: i64,
}

/// Runs something, and counts what it holds.
pub type Measure = fn(&mut dyn FnMut()) -> Held;

/// A Go template, and after a zero byte its variables as JSON.
pub fn go(data: &[u8]) {
    template(data, Syntax::Go);
}

/// A Jinja template, and after a zero byte its variables as JSON.
pub fn jinja(data: &[u8]) {
    template(data, Syntax::Jinja);
}

/// It renders or says why not, twice the same, within its bounds, and what it says is one line.
fn template(data: &[u8], syntax: Syntax) {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let source = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let vars = Arc::new(parts.next().map_or_else(usual_vars, vars));
    drop(Template::compile(&source, Syntax::Auto));
    let Ok(compiled) = Template::compile(&source, syntax) else { return };
    let render = || {
        let mut budget = Budget::task();
        let result = compiled.render(&vars, &mut budget);
        (result, budget)
    };
    let (result, budget) = render();
    assert_eq!((&result, budget), (&render().0, render().1), "it is deterministic");
    match result {
        Ok(text) => assert!(text.len() <= VALUE_BYTES),
        Err(error) => assert!(!error.message.is_empty()),
    }
}

fn vars(json: &[u8]) -> Map {
    match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(json) {
        Ok(map) => {
            map.into_iter().map(|(key, json)| (Text::from(key), Value::from(json))).collect()
        }
        Err(_) => usual_vars(),
    }
}

fn usual_vars() -> Map {
    let text = |text: &str| Value::from(text);
    Map::from([
        ("Title".into(), text("Fix {{ the }} login")),
        ("Number".into(), Value::Int(42)),
        ("Labels".into(), Value::labels(&["priority/critical", "area:ui", "size/XL"])),
        ("Body".into(), text("line\nline\r\n\u{0} é 日")),
        ("Ratio".into(), Value::Float(0.5)),
        ("Items".into(), Value::from(vec![Value::Nil, Value::Bool(true), Value::Int(-1)])),
        ("Source".into(), Value::from(Map::from([("kind".into(), text("issue"))]))),
    ])
}

/// What a request may hold beside its body: so much for each of its bytes and beside that, and in all.
const HELD_FACTOR: u64 = 24;
const HELD_BYTES: u64 = 256 << 10;
const MOST_HELD_BYTES: u64 = 24 << 20;

/// The body of a request, or what to fill one with: it is answered, no Task and no spawner is ever denied, and what
/// that holds is bounded: of a Task by its bytes, of a spawner by what judging one may take. Whoever reads it, our own
/// reader or serde_json, a Task gets the same.
pub fn review(data: &[u8], measure: Measure) {
    answer_alike(data, measure);
    answer_spawner(data, measure);
    if let Some(body) = requests::grown(data) {
        answer_alike(body.as_bytes(), measure);
    }
    if let Some(body) = requests::grown_spawner(data) {
        answer_spawner(body.as_bytes(), measure);
    }
}

fn answer_spawner(data: &[u8], measure: Measure) {
    static KNOWN: LazyLock<Arc<Snapshot>> =
        LazyLock::new(|| Spawners::new(Policy::default()).snapshot());
    let (body, mut answered) = (Bytes::copy_from_slice(data), None);
    let _ = LazyLock::force(&KNOWN);
    let held = measure(&mut || answered = Some(answer_spawner_review(&body, &KNOWN)));
    let most = MOST_SPAWNER_BYTES;
    assert!(held.peak <= most, "{} bytes of a spawner held {}", data.len(), held.peak);
    is_allowed(&answered.expect("an answer"));
}

/// Answers a body, and the same with a number in front that our own reader leaves to serde_json, with all behind it.
fn answer_alike(data: &[u8], measure: Measure) {
    let answered = answer(data, measure);
    let text =
        str::from_utf8(data).ok().map(|text| text.trim_start_matches([' ', '\n', '\r', '\t']));
    let Some(rest) = text.and_then(|text| text.strip_prefix('{')) else { return };
    let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
    let twin = answer(format!("{{\"\":0.5{comma}{rest}").as_bytes(), measure);
    assert_eq!(answered.reply.code(), twin.reply.code());
    assert_eq!(answered.outcome, twin.outcome);
    // What is wrong stands at another column there.
    let names_a_column = String::from_utf8_lossy(answered.reply.body()).contains(", column ");
    if answered.reply.code() == 200 && !names_a_column {
        assert_eq!(answered.reply.body(), twin.reply.body());
    }
}

fn answer(data: &[u8], measure: Measure) -> Answered {
    static KNOWN: LazyLock<Arc<Snapshot>> = LazyLock::new(|| {
        let spawners = Spawners::new(Policy::default());
        let spawner =
            spawner("a: '{{ .Number }}'\nb: '{{ title | upper }}'\nc: {value: x, allowed: [y]}");
        spawners.replace(Objects { spawners: vec![Arc::new(spawner)], ..Objects::default() });
        spawners.snapshot()
    });
    let (metrics, mut answered) = (Metrics::new(), None);
    let _ = LazyLock::force(&KNOWN);
    let held = measure(&mut || {
        answered = Some(answer_review(Shape::Task, data, &KNOWN, &Limits::default(), &metrics));
    });
    let most = (HELD_FACTOR * data.len() as u64 + HELD_BYTES).min(MOST_HELD_BYTES);
    assert!(held.peak <= most, "{} bytes held {}", data.len(), held.peak);
    let answered = answered.expect("an answer");
    is_allowed(&answered);
    answered
}

fn is_allowed(answered: &Answered) {
    let code = answered.reply.code().as_u16();
    assert!(code == 200 || code == 400, "{code}");
    if code == 200 {
        let answer: serde_json::Value =
            serde_json::from_slice(answered.reply.body()).expect("JSON");
        assert_eq!(answer["response"]["allowed"], true);
        assert!(answer["response"]["uid"].as_str().is_some_and(|uid| !uid.is_empty()));
    }
}

/// The annotation with the templates: it is read, or said to be broken, and a Task is decided.
pub fn annotation(data: &[u8]) {
    let spawner = spawner(&String::from_utf8_lossy(data));
    let rules = Rules::compile(Arc::new(spawner), &Policy::default(), &mut Shared::default());
    let json = r#"{"metadata": {"name": "t-1", "annotations": {"kelos.dev/source-number": "42",
        "kelos.dev/source-kind": "issue", "kelos.dev/source-labels": "a,b"}}}"#;
    let task = Task::parse(json).expect("a Task");
    let decision = decide(&task, &rules, &Facts::default(), &Limits::default());
    assert_eq!(decision.keys.len(), rules.keys.len() + rules.broken_annotations.len());
}

/// A TaskSpawner: as JSON, or its rules annotations, a template of the Kelos field, its prompt template and
/// the language, with zero bytes between them. Reading and compiling it stays within its budget, and holds no
/// more than it is charged for.
pub fn compile(data: &[u8], measure: Measure) {
    let text = String::from_utf8_lossy(data);
    let json = if text.starts_with('{') { text.into_owned() } else { of_parts(&text) };
    // Unicode's sets are made once in a process.
    drop(read_and_compile(&json));
    let mut rules = None;
    let held = measure(&mut || rules = read_and_compile(&json));
    let Some(rules) = rules else { return };
    let cost = rules.cost;
    assert!(cost.steps <= COMPILING_STEPS && cost.bytes <= COMPILING_BYTES, "{cost:?}");
    let kept = u64::try_from(held.kept).unwrap_or_default();
    assert!(kept <= cost.bytes + INTERNED, "{kept} bytes are kept, and charged is {cost:?}");
    let most = COMPILING_BYTES + 4 * json.len() as u64 + INTERNED;
    assert!(held.peak <= most, "{} bytes were held, and charged is {cost:?}", held.peak);
    let task =
        Task::parse(r#"{"metadata": {"name": "w-1"}, "spec": {"prompt": "x"}}"#).expect("a Task");
    decide(&task, &rules, &Facts::default(), &Limits::default());
}

/// What is kept of what others may have, too.
const INTERNED: u64 = 16 << 10;

fn read_and_compile(json: &str) -> Option<Rules> {
    let spawner: TaskSpawner = serde_json::from_str(json).ok()?;
    Some(Rules::compile(spawner, &Policy::default(), &mut Shared::default()))
}

fn of_parts(text: &str) -> String {
    let mut parts = text.split('\0');
    let mut part = || parts.next().unwrap_or_default();
    serde_json::json!({
        "metadata": {"name": "w", "annotations": {"metadata.kelos.dev/labels": part(),
            "metadata.kelos.dev/annotations": part()}},
        "spec": {"when": {"githubIssues": {}}, "taskTemplate": {
            "metadata": {"labels": {"a": part(), "b": "{{.Title}}"}}, "promptTemplate": part()}},
    })
    .to_string()
}

fn spawner(labels: &str) -> TaskSpawner {
    let json = serde_json::json!({"metadata": {"name": "w", "namespace": "ns",
        "annotations": {"metadata.kelos.dev/labels": labels}}, "spec": {"when": {"githubIssues": {}}}});
    serde_json::from_value(json).expect("a TaskSpawner")
}

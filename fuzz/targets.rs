//! What is fuzzed, and what must hold whatever comes in. `make fuzz` looks for input that breaks it;
//! `tests/fuzz.rs` gives it all that ever did, and the seeds.

#![allow(dead_code, reason = "each target is one of them")]

#[path = "../tests/hostile/requests.rs"]
mod requests;

use std::sync::{Arc, LazyLock};

use allocation_counter::measure;
use kelos_metadata::engine::Limits;
use kelos_metadata::engine::decide;
use kelos_metadata::engine::kelos::{Task, TaskSpawner};
use kelos_metadata::engine::render::budget::{Budget, VALUE_BYTES};
use kelos_metadata::engine::render::value::{Map, Text, Value};
use kelos_metadata::engine::render::{Syntax, Template, Templates};
use kelos_metadata::engine::rules::{Policy, Rules};
use kelos_metadata::engine::variables::Facts;
use kelos_metadata::metrics::Metrics;
use kelos_metadata::spawners::{Objects, Snapshot, Spawners};
use kelos_metadata::webhook::mutate_task::answer_review;

/// A Go template, and after a zero byte its variables as JSON.
pub(crate) fn go(data: &[u8]) {
    template(data, Syntax::Go);
}

/// A Jinja template, and after a zero byte its variables as JSON.
pub(crate) fn jinja(data: &[u8]) {
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

/// The body of a request, or what to fill one with: it is answered, the Task is never denied, and what
/// that holds is bounded by its bytes.
pub(crate) fn review(data: &[u8]) {
    answer(data);
    if let Some(body) = requests::grown(data) {
        answer(body.as_bytes());
    }
}

fn answer(data: &[u8]) {
    static KNOWN: LazyLock<Arc<Snapshot>> = LazyLock::new(|| {
        let spawners = Spawners::new(Policy::default());
        let spawner =
            spawner("a: '{{ .Number }}'\nb: '{{ title | upper }}'\nc: {value: x, allowed: [y]}");
        spawners.replace(Objects { spawners: vec![Arc::new(spawner)], ..Objects::default() });
        spawners.snapshot()
    });
    let (metrics, mut answered) = (Metrics::new(), None);
    let _ = LazyLock::force(&KNOWN);
    let held = measure(|| {
        answered = Some(answer_review(data, &KNOWN, &Limits::default(), &metrics));
    });
    let most = (HELD_FACTOR * data.len() as u64 + HELD_BYTES).min(MOST_HELD_BYTES);
    assert!(held.bytes_max <= most, "{} bytes held {}", data.len(), held.bytes_max);
    let answered = answered.expect("an answer");
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
pub(crate) fn carrier(data: &[u8]) {
    let spawner = spawner(&String::from_utf8_lossy(data));
    let rules = Rules::compile(Arc::new(spawner), &Policy::default(), &mut Templates::default());
    let json = r#"{"metadata": {"name": "t-1", "annotations": {"kelos.dev/source-number": "42",
        "kelos.dev/source-kind": "issue", "kelos.dev/source-labels": "a,b"}}}"#;
    let task = Task::parse(json).expect("a Task");
    let decision = decide(&task, &rules, &Facts::default(), &Limits::default());
    assert_eq!(decision.keys.len(), rules.keys.len() + rules.broken_carriers.len());
}

fn spawner(labels: &str) -> TaskSpawner {
    let json = serde_json::json!({"metadata": {"name": "w", "namespace": "ns",
        "annotations": {"metadata.kelos.dev/labels": labels}}, "spec": {"when": {"githubIssues": {}}}});
    serde_json::from_value(json).expect("a TaskSpawner")
}

//! TaskSpawners that people write stay far from what compiling may cost.

use std::fs;
use std::path::Path;

use kelos_metadata::engine::kelos::TaskSpawner;
use kelos_metadata::engine::reason::Reason;
use kelos_metadata::engine::rules::{Policy, Rules, Shared};
use kelos_metadata::manifests;
use kelos_metadata::templates::purse::{COMPILING_BYTES, COMPILING_STEPS};
use serde_json::{Map, Value, json};

/// What one may take: a share of the steps and of the bytes.
struct Share {
    steps: u64,
    bytes: u64,
}

fn check(name: &str, spawner: &str, share: &Share) {
    let spawner: TaskSpawner = serde_json::from_str(spawner).unwrap();
    let rules = Rules::compile(spawner, &Policy::default(), &mut Shared::default());
    eprintln!("{name:40} {:?} for {} keys", rules.cost, rules.keys.len());
    let is_over = |reason| reason == Reason::LimitExceeded;
    assert!(!rules.problems.iter().any(|problem| is_over(problem.reason)), "{name}");
    assert!(rules.cost.steps <= COMPILING_STEPS / share.steps, "{name}: {:?}", rules.cost);
    assert!(rules.cost.bytes <= COMPILING_BYTES / share.bytes, "{name}: {:?}", rules.cost);
}

/// 64 labels and 64 annotations, out of these templates in turn.
fn spawner(syntax: &str, templates: &[String], prompt: &str) -> String {
    let map = |first: usize| -> String {
        let keys = (0..64).map(|i| {
            let template = templates.get((first + i) % templates.len()).unwrap();
            (format!("team.example.com/key-{i}"), json!(template))
        });
        Value::from(keys.collect::<Map<_, _>>()).to_string()
    };
    json!({
        "metadata": {"name": "honest", "namespace": "ns", "annotations": {
            "metadata.kelos.dev/syntax": syntax,
            "metadata.kelos.dev/labels": map(0), "metadata.kelos.dev/annotations": map(64),
        }},
        "spec": {"when": {"githubIssues": {}}, "taskTemplate": {"promptTemplate": prompt}},
    })
    .to_string()
}

#[test]
fn the_examples_take_a_hundredth() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut spawners = Vec::new();
    manifests::read(&folder, |found| spawners.extend(found));
    spawners.retain(|it| &*it.kind == "TaskSpawner");
    assert!(spawners.len() >= 4, "{} examples", spawners.len());
    for found in spawners {
        check(&found.path.display().to_string(), &found.json, &Share { steps: 100, bytes: 20 });
    }
}

/// Five thousand of these have to fit into the 80 MiB of the cache, and some more: what is counted for a
/// TaskSpawner must not be much more than it takes.
#[test]
fn an_ordinary_one_counts_little_more_than_it_takes() {
    let labels = json!({"kelos.dev/source-kind": "{{.Kind}}-1", "team.example.com/area": "backend",
                        "kelos.dev/priority": "{{index .Labels 0}}-1"});
    let annotations =
        json!({"kelos.dev/source-url": "{{.URL}}-1", "kelos.dev/source-title": "{{.Title}}-1"});
    let spawner = json!({
        "metadata": {"name": "worker", "namespace": "ns", "annotations": {
            "metadata.kelos.dev/labels": labels.to_string(),
            "metadata.kelos.dev/annotations": annotations.to_string()}},
        "spec": {"when": {"githubIssues": {}}, "taskTemplate": {
            "branch": "kelos-task-{{.Number}}", "promptTemplate": "Fix: {{.Title}}\n{{.Body}}\n"}},
    })
    .to_string();
    let mut shared = Shared::default();
    let mut rules = None;
    let made = allocation_counter::measure(|| {
        let spawner: TaskSpawner = serde_json::from_str(&spawner).unwrap();
        rules = Some(Rules::compile(spawner, &Policy::default(), &mut shared));
    });
    let (kept, counted) = (u64::try_from(made.bytes_current).unwrap(), rules.unwrap().cost.bytes);
    eprintln!("{kept} bytes are kept, and {counted} are counted");
    assert!(counted <= 12 << 10 && counted <= 3 * kept, "{counted} of {kept} bytes");
}

#[test]
fn a_full_one_of_the_templates_that_go_is_asked_about_takes_a_tenth() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/go_templates/cases.json");
    let cases: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let groups = cases["groups"].as_object().unwrap().values();
    let texts = groups.flat_map(|group| group.as_array().unwrap()).map(|case| &case["template"]);
    let texts: Vec<String> = texts.filter_map(Value::as_str).map(str::to_owned).collect();
    assert!(texts.len() > 900, "{} templates", texts.len());
    for (number, templates) in texts.chunks(128).enumerate() {
        let templates: Vec<String> =
            templates.iter().filter(|text| text.len() <= 400).cloned().collect();
        let spawner = spawner("go", &templates, "");
        check(&format!("Go templates {number}"), &spawner, &Share { steps: 10, bytes: 6 });
    }
}

#[test]
fn a_full_one_with_long_templates_patterns_and_a_long_prompt_fits() {
    let prompt =
        format!("Issue #{{{{.Number}}}}: {{{{.Title}}}}\n{}\n{{{{.Body}}}}", "x".repeat(20 << 10));
    let go = |i: usize| {
        format!(
            "{{{{if .Title}}}}{{{{index .Labels 0 | trimPrefix \"priority/\" | default \"none\" | lower | trunc 63}}}}\
             {{{{else}}}}{{{{regexReplaceAll \"[^\\\\p{{L}}0-9{i}]+\" .Title \"-\" | trunc 60}}}}{{{{end}}}}-{{{{.Number}}}}"
        )
    };
    let templates: Vec<String> = (0..128).map(go).collect();
    assert!(templates.iter().all(|template| template.len() > 170));
    check("long Go templates", &spawner("go", &templates, &prompt), &Share { steps: 4, bytes: 2 });
    let jinja = |i: usize| {
        format!(
            "{{% if title %}}{{{{ labels | first | default('none') | trimPrefix('priority/') | lower }}}}\
             {{% else %}}{{{{ title | replace('x{i}', '-') | trunc(60) }}}}{{% endif %}}-{{{{ number }}}}"
        )
    };
    let templates: Vec<String> = (0..128).map(jinja).collect();
    check(
        "long Jinja templates",
        &spawner("jinja", &templates, &prompt),
        &Share { steps: 4, bytes: 1 },
    );
}

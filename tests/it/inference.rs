//! Reading variables back out of what Kelos rendered: what is found is what went in, always.
//!
//! `prompts.yaml` holds prompts as teams write them, `table.yaml` the rules one by one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail so")]

mod random;
mod scene;
mod worlds;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use scene::{Scene, rendered};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prompt {
    name: String,
    source: String,
    template: String,
    values: BTreeMap<String, Value>,
    #[serde(default)]
    missing: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    #[serde(flatten)]
    scene: Scene,
    reads: BTreeMap<String, Value>,
}

fn read<T: DeserializeOwned>(file: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inference").join(file);
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn prompts_as_teams_write_them_are_read_back() {
    let prompts: Vec<Prompt> = read("prompts.yaml");
    assert!(prompts.len() >= 30, "{}", prompts.len());
    let mut both = 0;
    for prompt in &prompts {
        let text = rendered(&prompt.template, &prompt.values);
        let mut scene = Scene::of_prompt(&prompt.source, &prompt.template, &text);
        if let Some(schedule) = prompt.values.get("Schedule") {
            scene.when.insert("schedule".to_owned(), schedule.clone());
        }
        let known = scene.known();
        for (name, value) in &prompt.values {
            match known.get(name) {
                Some((found, _)) if name == "URL" => {
                    // What may be secret in a URL is no variable.
                    let end = value.as_str().and_then(|url| url.split(['?', '#']).next());
                    assert_eq!(found.as_str(), end, "{}: {name}", prompt.name);
                }
                Some((found, _)) => assert_eq!(found, value, "{}: {name}", prompt.name),
                None => {
                    assert!(prompt.missing.contains(name), "{}: {name} is missing", prompt.name)
                }
            }
        }
        let is_inferred =
            |name| known.get(name).is_some_and(|(_, from)| from.starts_with("inferred"));
        both += usize::from(is_inferred("Title") && is_inferred("Number"));
    }
    println!("{both} of {} give title and number", prompts.len());
    assert!(both >= 21, "{both} of {} give title and number", prompts.len());
}

#[test]
fn the_table_holds() {
    let rows: Vec<Row> = read("table.yaml");
    assert!(rows.len() >= 80, "{}", rows.len());
    for Row { name, scene, reads } in rows {
        let inferred: BTreeMap<_, _> = scene
            .known()
            .into_iter()
            .filter(|(_, (_, from))| from.starts_with("inferred from"))
            .map(|(name, (value, _))| (name, value))
            .collect();
        assert_eq!(inferred, reads, "{name}");
    }
}

#[test]
fn nothing_is_read_where_it_is_switched_off() {
    let text = "Issue #42: Fix";
    let mut scene = Scene::of_prompt("githubIssues", "Issue #{{.Number}}: {{.Title}}", text);
    assert_eq!(scene.known()["Title"].1, "inferred from promptTemplate");
    scene.infer = Some("off".to_owned());
    assert!(!scene.known().contains_key("Title"));
}

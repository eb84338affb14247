//! The documentation names what the code has, and nothing else, where that can be told.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use kelos_metadata::apimachinery::Kind;
use kelos_metadata::certs::{ControllerMetrics, StepKind, StepResult};
use kelos_metadata::engine::kelos::{Protection, Shape};
use kelos_metadata::engine::reason::Reason;
use kelos_metadata::engine::rules::{Defaults, Policy};
use kelos_metadata::metrics::Exposition;
use kelos_metadata::registration::Asks;
use kelos_metadata::spawners::{LookupOutcome, WatchedKind};
use kelos_metadata::templates::ErrorKind;
use kelos_metadata::templates::budget::Budget;
use kelos_metadata::templates::value::{Map, Value};
use kelos_metadata::templates::{Language, Syntax, Template};
use kelos_metadata::webhook::{AdmissionOutcome, KeyOutcomeLabel, Metrics};
use serde::Deserialize;

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text under a heading, up to the next one.
fn section(page: &str, heading: &str) -> String {
    let lines = page.lines().skip_while(|line| line.trim_start_matches('#').trim() != heading);
    let body: Vec<&str> = lines.skip(1).take_while(|line| !line.starts_with('#')).collect();
    assert!(!body.is_empty(), "no section {heading:?}");
    body.join("\n")
}

/// The words in backticks in the first column of the tables.
fn first_column(text: &str) -> BTreeSet<String> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> BTreeSet<String> {
    words.into_iter().map(str::to_owned).collect()
}

#[test]
fn every_metric_is_documented_and_no_other() {
    let metrics = Metrics::new();
    WatchedKind::ALL.into_iter().for_each(|kind| metrics.spawners().watch_is_alive(kind));
    let encoded = metrics.encode().unwrap() + &ControllerMetrics::new().encode().unwrap();
    let families = encoded.lines().filter_map(|line| line.strip_prefix("# TYPE ")).map(|line| {
        let (name, kind) = line.split_once(' ').unwrap();
        if kind == "counter" { format!("{name}_total {kind}") } else { format!("{name} {kind}") }
    });
    let metrics = page("metrics.md");
    let rows = metrics.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `kelos_metadata_")?.split(" | ");
        let name = cells.next()?.strip_suffix('`')?;
        Some(format!("kelos_metadata_{name} {}", cells.next()?))
    });
    assert_eq!(rows.collect::<BTreeSet<_>>(), families.collect::<BTreeSet<_>>());
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for (at, _) in metrics.match_indices("kelos_metadata_") {
        let name: String = metrics[at..].chars().take_while(|c| is_name(*c)).collect();
        assert!(encoded.contains(&format!("\n{name}")), "{name} is no metric");
    }
}

#[test]
fn every_outcome_is_documented_and_no_other() {
    let metrics = page("metrics.md");
    assert_eq!(
        first_column(&section(&metrics, "Outcomes of a request")),
        words(AdmissionOutcome::ALL.map(AdmissionOutcome::as_str))
    );
    assert_eq!(
        first_column(&section(&metrics, "Outcomes of a key")),
        words(KeyOutcomeLabel::ALL.map(KeyOutcomeLabel::as_str))
    );
    assert_eq!(
        first_column(&section(&metrics, "Results of a look-up")),
        words(LookupOutcome::ALL.map(LookupOutcome::as_str))
    );
    assert_eq!(
        first_column(&section(&metrics, "Steps of certificates")),
        words(StepKind::ALL.map(StepKind::as_str))
    );
    assert_eq!(
        first_column(&section(&metrics, "Results of a step")),
        words(StepResult::ALL.map(StepResult::as_str))
    );
}

#[test]
fn every_word_of_explain_for_programs_is_documented_and_no_other() {
    let words_of_page = first_column(&section(&page("explain.md"), "For programs"));
    let head = ["asks"];
    assert_eq!(words_of_page, words(Asks::ALL.map(Asks::as_str).into_iter().chain(head)));
}

#[test]
fn every_reason_is_documented_and_no_other() {
    let rules = page("rules.md");
    let reasons = section(&rules, "Reasons");
    assert_eq!(first_column(&reasons), words(Reason::ALL.map(Reason::as_str)));
    for reason in Reason::ALL {
        let row = reasons.lines().find(|line| line.contains(&format!("| `{reason}` |"))).unwrap();
        assert_eq!(row.contains("no warning"), !reason.is_news(), "{row}");
    }
}

#[test]
fn every_control_key_of_the_list_is_one() {
    let list = section(&page("rules.md"), "Control keys");
    let protection = Protection::default();
    let mut named = 0;
    for line in list.split("\n- ").skip(1) {
        let (kinds, words) = match line.split_once(':') {
            Some(("labels", rest)) => (vec![Kind::Label], rest),
            Some(("annotations", rest)) => (vec![Kind::Annotation], rest),
            // Those of Pods have a list of their own.
            _ => (vec![Kind::Label, Kind::Annotation], line),
        };
        let words = words.split("\n\n").next().unwrap();
        for word in words.split('`').skip(1).step_by(2) {
            for kind in &kinds {
                assert!(protection.covers(*kind, &format!("kelos.dev/{word}")), "{kind} {word}");
            }
            named += kinds.len();
        }
    }
    assert_eq!(named, 4 + 37 + 2, "as many as the code has");
}

#[test]
fn every_protected_key_of_pods_of_the_list_is_one() {
    let section = section(&page("rules.md"), "Labels and nodes of Pods");
    let list = section.split("\n- ").find(|it| it.starts_with("**Protected keys of Pods**"));
    let words: Vec<&str> = list.unwrap().split('`').skip(1).step_by(2).collect();
    let protection = Protection::default();
    let covers = |key: &str| protection.covers(Kind::PodLabel, key);
    let (mut prefix, mut named) = (String::new(), 0);
    for word in words {
        match word {
            "kubernetes.io/hostname" => assert!(protection.covers(Kind::NodeSelector, word)),
            "kueue.x-k8s.io/" => assert!(covers("kueue.x-k8s.io/x")),
            "kubernetes.io/" | "k8s.io/" => {
                assert!(covers(&format!("{word}x")) && covers(&format!("a.{word}x")), "{word}");
            }
            "kelos.dev/" | "app.kubernetes.io/" => {
                prefix = word.to_owned();
                assert!(!covers(&format!("{word}x")), "{word}");
            }
            "job-name" | "controller-uid" | "controller-revision-hash" => {
                assert!(covers(word), "{word}")
            }
            name => assert!(covers(&format!("{prefix}{name}")), "{prefix}{name}"),
        }
        named += 1;
    }
    assert_eq!(named, 1 + 9 + 3 + 2 + 1 + 2 + 1 + 1, "as many as the code has");
}

#[test]
fn the_defaults_of_the_page_can_be_read() {
    let section = section(&page("rules.md"), "Defaults of the cluster");
    let read = Defaults::read(blocks(&format!("{section}\n"), "yaml")[0], &Policy::default());
    assert!(!read.unwrap().is_empty(Shape::Task));
}

/// The code blocks of a page in this language.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[derive(Deserialize)]
struct Recipe {
    go: String,
    jinja: String,
    gives: String,
}

#[test]
fn every_recipe_gives_what_it_says_in_both_languages() {
    let page = page("templates.md");
    let (_, recipes) = page.split_once("## Recipes").unwrap();
    let vars: serde_json::Value = serde_json::from_str(blocks(recipes, "json")[0]).unwrap();
    let serde_json::Value::Object(vars) = vars else { panic!("{vars}") };
    let labels: Vec<String> = serde_json::from_value(vars["Labels"].clone()).unwrap();
    let mut root: Map = vars.into_iter().map(|(key, json)| (key.into(), json.into())).collect();
    root.insert("Labels".into(), Value::labels(&labels));
    let root = Arc::new(root);
    let recipes = blocks(recipes, "yaml");
    assert!(recipes.len() >= 20, "{} recipes", recipes.len());
    for text in recipes {
        let recipe: Recipe = serde_saphyr::from_str(text).unwrap();
        for (source, language) in [(&recipe.go, Language::Go), (&recipe.jinja, Language::Jinja)] {
            let template = Template::compile(source, Syntax::Auto);
            let template = template.unwrap_or_else(|error| panic!("{source}: {error:?}"));
            assert_eq!(template.language(), Some(language), "{source}");
            let gives = match template.render(&root, &mut Budget::task()) {
                Ok(text) => text,
                Err(error) if error.kind == ErrorKind::Dropped => "nothing".into(),
                Err(error) => panic!("{source}: {error:?}"),
            };
            assert_eq!(gives, recipe.gives, "{source}");
        }
    }
}

#[test]
fn what_jinja_does_not_take_is_refused_and_what_stands_beside_it_is_not() {
    let page = page("templates.md");
    let text = section(&page, "What Jinja does not take").replace("\\|", "|");
    let rows: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.strip_suffix("` |")?.split_once("` | `"))
        .collect();
    assert!(rows.len() > 5, "{rows:?}");
    let root = Map::from([
        ("Title".into(), Value::from("Fix it")),
        ("Number".into(), Value::Int(42)),
        ("Labels".into(), Value::labels(&["a", "b"])),
    ]);
    let root = Arc::new(root);
    for (refused, taken) in rows {
        let render = |template: Template| template.render(&root, &mut Budget::task());
        let error = Template::compile(refused, Syntax::Jinja).and_then(render).expect_err(refused);
        assert!(matches!(error.kind, ErrorKind::Parse | ErrorKind::Render), "{refused}");
        let template = Template::compile(taken, Syntax::Jinja);
        let template = template.unwrap_or_else(|error| panic!("{taken}: {error:?}"));
        let result = render(template);
        assert!(result.is_ok(), "{taken}: {result:?}");
    }
}

//! The rules of lint: each finds its bad example and nothing in the good one, and the examples are clean.
//!
//! `BLESS=1 cargo test --profile checked --test it lint` writes what is said of the bad examples: read the diff.

mod agreement;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use kelos_metadata::engine::kelos::{GROUP, Shape};
use kelos_metadata::engine::lint::{
    BudgetSelector, Field, Finding, Rule, Severity, Step, Surroundings, lint,
};
use kelos_metadata::engine::rules::Policy;
use kelos_metadata::manifests::{self, Manifest};
use serde_json::Value;

/// What each kind of object in a file is.
fn objects(file: &Path) -> Vec<Manifest> {
    let mut all = Vec::new();
    manifests::read(file, |found| all.extend(found.ok()));
    assert!(!all.is_empty(), "{} can be read", file.display());
    all
}

/// The findings of all spawners in a file, and their names.
fn findings(file: &Path) -> Vec<(String, Finding)> {
    findings_of(&objects(file))
}

fn findings_of(objects: &[Manifest]) -> Vec<(String, Finding)> {
    let kind = |it: &Manifest| it.object()["kind"].as_str().unwrap_or_default().to_owned();
    let budgets: Vec<BudgetSelector> = objects
        .iter()
        .filter(|it| kind(it) == "TaskBudget")
        .map(|it| serde_json::from_value(it.object()["spec"]["taskSelector"].clone()).unwrap())
        .collect();
    let policy = Policy::default();
    let budgets = (!budgets.is_empty()).then_some(&*budgets);
    let around = Surroundings { budgets, ..Surroundings::new(&policy) };
    let mut all = Vec::new();
    for object in objects {
        let Some(makes) = Shape::of_spawner(GROUP, &kind(object)) else { continue };
        let name = object.object()["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let found = lint(makes, &object.json, &around).unwrap();
        all.extend(found.into_iter().map(|finding| (name.clone(), finding)));
    }
    all
}

/// A finding as a line of `expected.yaml`.
fn line(name: &str, finding: &Finding) -> String {
    let Finding { rule, severity, field, text, .. } = finding;
    let at = finding.at.map(|at| format!(":{}:{}", at.line, at.column)).unwrap_or_default();
    let key = if finding.is_about_key { " (key)" } else { "" };
    let mut line = format!("- {severity} {rule} {name} {field}{at}{key}\n  {text}\n");
    if let Some(help) = &finding.help {
        let _ = writeln!(line, "  help: {help}");
    }
    if let Some(fix) = &finding.fix {
        let _ = writeln!(line, "  fix: {}..{} {:?}", fix.range.start, fix.range.end, fix.with);
    }
    line
}

fn folder(rule: Rule) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/lint").join(rule.as_str())
}

#[test]
fn each_rule_finds_its_bad_example_and_nothing_in_the_good_one() {
    let mut wrong = String::new();
    for rule in Rule::ALL {
        let folder = folder(rule);
        let found = findings(&folder.join("bad.yaml"));
        let names: Vec<String> = objects(&folder.join("bad.yaml"))
            .iter()
            .map(Manifest::object)
            .filter(|it| it["kind"].as_str().is_some_and(|kind| kind.ends_with("Spawner")))
            .map(|it| it["metadata"]["name"].as_str().unwrap_or_default().to_owned())
            .collect();
        for name in names {
            if !found.iter().any(|(of, it)| *of == name && it.rule == rule) {
                let _ = writeln!(wrong, "{rule}: nothing is found in {name}");
            }
        }
        for (name, finding) in found.iter().filter(|(_, it)| it.rule != rule) {
            let _ = writeln!(wrong, "{rule}: more is found: {}", line(name, finding));
        }
        for (name, finding) in findings(&folder.join("good.yaml")) {
            let _ = writeln!(wrong, "{rule}, good: {}", line(&name, &finding));
        }
        let said: String = found.iter().map(|(name, finding)| line(name, finding)).collect();
        let expected = folder.join("expected.txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, &said).unwrap();
        }
        if fs::read_to_string(&expected).unwrap_or_default() != said {
            let _ = writeln!(wrong, "{rule} says something else:\n{said}");
        }
        let why = fs::read_to_string(folder.join("why.md")).unwrap_or_default();
        if why.trim().is_empty() {
            let _ = writeln!(wrong, "{rule} does not say why");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_examples_are_clean() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for folder in fs::read_dir(examples).unwrap().map(|entry| entry.unwrap().path()) {
        let file = folder.join("taskspawner.yaml");
        if !file.exists() {
            continue;
        }
        for (name, finding) in findings(&file) {
            let is_known = finding.severity == Severity::Info;
            println!("{}: {}", file.display(), line(&name, &finding));
            assert!(is_known, "{}: {}", file.display(), line(&name, &finding));
        }
    }
}

/// A slip: what is there, what somebody writes instead, and the rule that finds it.
const SLIPS: &[(&str, &str, Rule)] = &[
    ("issue: {{.Title}}", "issue: {{.title}}", Rule::NeverThere),
    ("issue: {{.Title}}", "issue: {{.Titel}}", Rule::NeverThere),
    ("issue: {{.Title}}", "issue: {{.Author}}", Rule::NeverThere),
    ("issue: {{.Title}}", "issue: {{.Title}", Rule::TemplateSyntax),
    ("issue: {{.Title}}", "issue: {{ .Title | trim }}", Rule::NotForKelos),
    ("-{{.Number}}", "-{{ number }}", Rule::NotForKelos),
    ("issue: {{.Title}}", "issue: {{.Spawner.Name}}", Rule::NotForKelos),
    ("issue: {{.Title}}", "issue: {{.Context.title}}", Rule::ContextUnknown),
    ("issue: {{.Title}}", "issue: {{slice .Title 0 60}}", Rule::SliceMayFail),
    ("issue: {{.Title}}", "issue: {{.Title.Text}}", Rule::RenderFails),
    ("issue: {{.Title}}", "issue: {{index . \"Titel\"}}", Rule::PrintsNoValue),
    ("issue: {{.Title}}", "issue: {{if .Title eq \"x\"}}x{{end}}", Rule::RenderFails),
    ("issue: {{.Title}}", "issue: {{template \"title\" .}}", Rule::RenderFails),
    ("issue: {{.Title}}", "issue: {{slice .Number 0 1}}", Rule::RenderFails),
    ("issue: {{.Title}}", "issue: {{block \"t\" .}}{{.Titel}}{{end}}", Rule::NeverThere),
    ("issue: {{.Title}}", "issue: {{if eq .Title true}}x{{end}}", Rule::TypesDiffer),
    ("{{.Body}}", "{{range .Labels}}{{.}}{{end}}", Rule::LabelsAreText),
    ("{{.Body}}", "{{if eq .Number \"1\"}}{{.Body}}{{end}}", Rule::TypesDiffer),
    ("com/url: \"{{.URL}}\"", "com/url: \"{{.Body}}\"", Rule::SometimesThere),
    ("com/url: \"{{.URL}}\"", "com/url: \"{{if .Body}}{{.Body}}{{end}}\"", Rule::GuardFails),
    ("events: [issues]", "events: [issues, push]", Rule::PayloadField),
    (
        "{{.Payload.GetIssue.GetUser.GetLogin}}",
        "{{.Payload.Issue.Assignee.Login}}",
        Rule::PayloadField,
    ),
    (
        "{{.Payload.GetIssue.GetUser.GetLogin}}",
        "{{.Payload.GetIssue.GetUser.GetLogins}}",
        Rule::PayloadField,
    ),
    ("source-kind: \"{{.Kind}}\"", "source-kind: \"{{.URL}}\"", Rule::LabelValue),
    ("source-kind: \"{{.Kind}}\"", "source-kind: \"{{.Kind}}-\"", Rule::LabelValue),
    ("source-kind: \"{{.Kind}}\"", "source kind: \"{{.Kind}}\"", Rule::MetadataKey),
    ("kelos.dev/source-kind:", "kelos.dev/taskspawner:", Rule::ProtectedKey),
    ("metadata.kelos.dev/labels", "metadata.kelos.dev/lables", Rule::UnknownAnnotation),
    ("on-invalid: sanitize", "on-invalid: sanitise", Rule::UnknownSetting),
    ("dev/labels: |\n", "dev/labels: |\n      a: b: c\n", Rule::RulesAnnotation),
    ("default: none", "default: no thing", Rule::RulesTemplate),
    ("| trimPrefix", "| trimPrfix", Rule::RulesTemplate),
    ("scoped \"priority\" .Labels", "scoped \"priority\" .Label", Rule::DefaultAlways),
    ("labelValue .Author", "labelValue .Autor", Rule::NeverWritten),
    ("        allowed: [large, small]\n", "", Rule::FreeChoice),
    ("githubIssues: {}", "githubIssues: {}\n    cron: {schedule: 0 9 * * 1}", Rule::SeveralSources),
    ("    branch: kelos", "    nameTemplate: fix\n    branch: kelos", Rule::ConstantName),
    (
        "    promptTemplate: |",
        "    dependsOn: [plan]\n    promptTemplate: |",
        Rule::PromptParsedTwice,
    ),
    ("githubIssues: {}", "githubissues: {}", Rule::NoSource),
    ("githubIssues: {}", "githubissues: {}", Rule::UnknownField),
    ("promptTemplate:", "promptTemplat:", Rule::UnknownField),
    ("    branch: kelos", "    brnach: kelos", Rule::UnknownField),
    ("events: [issues]", "event: [issues]", Rule::UnknownField),
    ("events: [issues]", "events: [issue]", Rule::UnknownEvent),
    ("events: [issues]", "events: [issues]\n      filters: [{event: issue}]", Rule::UnmatchedEvent),
    (
        "events: [issues]",
        "events: [issues]\n      filters: [{event: issues, branch: main}]",
        Rule::UnmatchedEvent,
    ),
    ("  when:\n", "  whn:\n", Rule::UnknownField),
    ("kelos.dev/source-labels: \"{{.Labels}}\"", "x: y", Rule::NotRecorded),
    ("apiVersion: kelos.dev/", "apiVersion: kelos.io/", Rule::ObjectType),
    ("area: backend\n      annotations", "area: back end\n      annotations", Rule::LabelValue),
];

/// The findings that matter in a TaskSpawner as it is written.
fn serious(text: &str) -> Vec<(String, Finding)> {
    let mut all = Vec::new();
    manifests::read_from("-", text.as_bytes(), |found| all.extend(found.ok()));
    let mut found = findings_of(&all);
    found.retain(|(_, it)| it.severity != Severity::Info);
    found
}

#[test]
fn the_examples_with_one_slip_each_are_found_and_without_it_are_clean() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let folders = fs::read_dir(examples).unwrap().map(|entry| entry.unwrap().path());
    let files = folders.map(|it| it.join("taskspawner.yaml")).filter(|it| it.exists());
    let texts: Vec<(PathBuf, String)> =
        files.map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect();
    let (mut wrong, mut tried) = (String::new(), 0);
    for (file, text) in &texts {
        assert_eq!(serious(text), [], "{}", file.display());
        assert!(SLIPS.iter().any(|(there, ..)| text.contains(there)), "{}", file.display());
    }
    for (there, slip, rule) in SLIPS {
        let mut fitting = texts.iter().filter(|(_, text)| text.contains(there)).peekable();
        assert!(fitting.peek().is_some(), "{there} is in some example");
        for (file, text) in fitting {
            tried += 1;
            let found = serious(&text.replacen(there, slip, 1));
            // `{{ .Label }}` has no default in all of them.
            let is_it = |it: &Finding| {
                it.rule == *rule || (*rule == Rule::DefaultAlways && it.rule == Rule::NeverWritten)
            };
            if !found.iter().any(|(_, it)| is_it(it)) {
                let _ = writeln!(wrong, "{rule} does not find {slip} in {}", file.display());
                found.iter().for_each(|(name, it)| wrong += &line(name, it));
            }
        }
    }
    println!("{tried} slips");
    assert!(wrong.is_empty(), "{wrong}");
}

/// The object with a replacement in it, and the way to its field then; nothing if the replacement does not fit.
fn replaced(object: &Value, finding: &Finding) -> Option<(Value, Field)> {
    let (fix, mut object) = (finding.fix.as_ref()?, object.clone());
    let mut field = finding.field.clone();
    let last = field.0.pop()?;
    let mut above = &mut object;
    for step in &field.0 {
        above = match step {
            Step::Key(key) => above.get_mut(&**key)?,
            Step::Item(item) => above.get_mut(*item)?,
        };
    }
    let in_text = |text: &str| {
        text.get(fix.range.clone())?;
        let mut text = text.to_owned();
        text.replace_range(fix.range.clone(), &fix.with);
        Some(text)
    };
    let step = match last {
        Step::Key(key) if finding.is_about_key => {
            let value = above.as_object_mut()?.remove(&*key)?;
            let renamed = in_text(&key)?;
            assert!(above.get(&renamed).is_none(), "{renamed} is there twice");
            above[&renamed] = value;
            Step::Key(renamed.into())
        }
        Step::Key(key) => {
            above[&*key] = in_text(above[&*key].as_str()?)?.into();
            Step::Key(key)
        }
        Step::Item(item) => {
            above[item] = in_text(above[item].as_str()?)?.into();
            Step::Item(item)
        }
    };
    field.0.push(step);
    Some((object, field))
}

/// Makes each replacement that is offered for these objects, alone, and gives how many it were: each changes the
/// object, and the finding is gone.
fn replacements_mend(objects: &[Manifest], wrong: &mut String) -> usize {
    let policy = Policy::default();
    let mut made = 0;
    for manifest in objects {
        let Some(makes) = Shape::of_spawner(GROUP, &manifest.kind) else { continue };
        let around = Surroundings::new(&policy);
        let found = lint(makes, &manifest.json, &around).unwrap();
        let object = manifest.object();
        for finding in found.iter().filter(|it| it.fix.is_some()) {
            made += 1;
            let of = |all: &[Finding], field: &Field| {
                let is_it = |it: &&Finding| {
                    it.rule == finding.rule && it.field == *field && it.text == finding.text
                };
                all.iter().filter(is_it).count()
            };
            let Some((after, field)) = replaced(&object, finding) else {
                *wrong += &format!("it does not fit: {}", line("", finding));
                continue;
            };
            let left = lint(makes, &after.to_string(), &around).unwrap();
            if after == object || of(&left, &field) >= of(&found, &finding.field) {
                *wrong += &format!("it mends nothing: {}", line("", finding));
            }
        }
    }
    made
}

#[test]
fn a_replacement_changes_something_and_its_finding_is_gone() {
    let (mut wrong, mut made) = (String::new(), 0);
    for rule in Rule::ALL {
        made += replacements_mend(&objects(&folder(rule).join("bad.yaml")), &mut wrong);
    }
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let folders = fs::read_dir(examples).unwrap().map(|entry| entry.unwrap().path());
    for file in folders.map(|it| it.join("taskspawner.yaml")).filter(|it| it.exists()) {
        let text = fs::read_to_string(file).unwrap();
        for (there, slip, _) in SLIPS.iter().filter(|(there, ..)| text.contains(there)) {
            let mut all = Vec::new();
            let text = text.replacen(there, slip, 1);
            manifests::read_from("-", text.as_bytes(), |found| all.extend(found.ok()));
            made += replacements_mend(&all, &mut wrong);
        }
    }
    println!("{made} replacements");
    assert!(made >= 30, "{made}");
    assert!(wrong.is_empty(), "{wrong}");
}

//! The rules of lint: each finds its bad example and nothing in the good one, and the examples are clean.
//!
//! `BLESS=1 cargo test --profile checked --test it lint` writes what is said of the bad examples: read the diff.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use kelos_metadata::engine::lint::{
    BudgetSelector, Finding, Rule, Severity, SpawnerKind, Surroundings, lint,
};
use kelos_metadata::engine::rules::Policy;
use kelos_metadata::engine::simulate::{Item, KelosVersion, SourceKind, Spawner, Why};
use kelos_metadata::manifests::{self, Manifest};

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
        let Ok(kind) = kind(object).parse::<SpawnerKind>() else { continue };
        let name = object.object()["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let found = lint(kind, &object.json, &around).unwrap();
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
    ("source-kind: \"{{.Kind}}\"", "source-kind: \"{{.URL}}\"", Rule::LabelValue),
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

/// What an item need not have, by its source.
fn optional(source: SourceKind, item: &Item) -> &'static [&'static str] {
    match source {
        SourceKind::GithubIssues => &["Body", "Labels", "Comments"],
        SourceKind::GithubPullRequests => {
            &["Body", "Labels", "Comments", "ReviewState", "ReviewComments"]
        }
        SourceKind::Jira => &["Labels", "Comments"],
        SourceKind::LinearWebhook => &["Title", "State", "Labels"],
        SourceKind::GithubWebhook => match item["Event"].as_str().unwrap() {
            "issues" | "pull_request" | "issue_comment" => &["Body"],
            "pull_request_review" => &["Body", "CommentBody"],
            "pull_request_review_comment" => &["Body"],
            "release" => &["Title", "Body"],
            "check_run" => &["Number", "Branch", "Conclusion"],
            _ => &[],
        },
        SourceKind::Cron | SourceKind::GenericWebhook | SourceKind::Slack => &[],
    }
}

/// The samples of a spawner, each also without what it need not have: one by one, and all.
fn items(spawner: &Spawner) -> Vec<Item> {
    let Some(source) = spawner.source() else { return Vec::new() };
    let mut all = Vec::new();
    for sample in spawner.samples() {
        let names: Vec<&str> = optional(source, &sample)
            .iter()
            .copied()
            .filter(|it| sample.contains_key(*it))
            .collect();
        let without = |names: &[&str]| {
            let mut item = sample.clone();
            item.extend(names.iter().map(|it| ((*it).to_owned(), serde_json::Value::Null)));
            item
        };
        all.extend(names.iter().map(|name| without(&[name])));
        all.push(without(&names));
        all.push(sample);
    }
    all
}

/// Whether Kelos makes no Task of one of the items that the simulation knows, and whether all could be told.
fn simulated(object: &Manifest, version: KelosVersion) -> (Option<String>, bool) {
    let spawner = Spawner::parse(&object.json).unwrap();
    let (mut fails, mut is_told) = (None, true);
    for item in items(&spawner) {
        match spawner.task(&item, version) {
            Err(error) if error.why == Why::Kelos => {
                fails = fails.or_else(|| Some(format!("{item:?}: {error}")));
            }
            Err(error) if error.why == Why::NotSimulated => is_told = false,
            _ => {}
        }
    }
    (fails, is_told)
}

/// Whether a Kelos of this version has the spawner.
fn has(version: KelosVersion, object: &Manifest) -> bool {
    let source = Spawner::parse(&object.json).unwrap().source();
    version == KelosVersion::V0_52
        || (object.api_version.ends_with("/v1alpha1") && source.is_some_and(SourceKind::is_polled))
}

/// Where Kelos fails for certain, as lint says: for every item, or for every item of one of the events.
const CERTAIN: [Rule; 8] = [
    Rule::TemplateSyntax,
    Rule::NotForKelos,
    Rule::NeverThere,
    Rule::LabelsAreText,
    Rule::TypesDiffer,
    Rule::ContextUnknown,
    Rule::RenderFails,
    Rule::PayloadField,
];

/// Two that know Kelos by other ways: lint by what is known of each variable, the simulation by making Tasks.
#[test]
fn lint_and_the_simulation_agree() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    for rule in Rule::ALL {
        for name in ["bad.yaml", "good.yaml"] {
            texts.push((
                format!("{rule}/{name}"),
                fs::read_to_string(folder(rule).join(name)).unwrap(),
            ));
        }
    }
    for folder in fs::read_dir(root.join("examples")).unwrap().map(|entry| entry.unwrap().path()) {
        let Ok(text) = fs::read_to_string(folder.join("taskspawner.yaml")) else { continue };
        let slips = SLIPS.iter().filter(|(there, ..)| text.contains(there));
        texts.extend(slips.map(|(there, slip, _)| {
            (format!("{} with {slip}", folder.display()), text.replacen(there, slip, 1))
        }));
        texts.push((folder.display().to_string(), text));
    }
    let (mut wrong, mut failing, mut working) = (String::new(), 0, 0);
    for (name, text) in &texts {
        let mut all = Vec::new();
        manifests::read_from("-", text.as_bytes(), |found| all.extend(found.ok()));
        all.retain(|it| &*it.kind == "TaskSpawner");
        for object in &all {
            let found: Vec<Finding> =
                findings_of(std::slice::from_ref(object)).into_iter().map(|(_, it)| it).collect();
            let is_silent = found.iter().all(|it| it.severity == Severity::Info);
            let is_certain = found.iter().any(|it| {
                it.severity == Severity::Error
                    && CERTAIN.contains(&it.rule)
                    && it.field.to_string().starts_with("spec.taskTemplate")
            });
            for version in KelosVersion::ALL.into_iter().filter(|it| has(*it, object)) {
                let (fails, is_told) = simulated(object, version);
                match fails {
                    Some(error) if is_silent => {
                        let _ = writeln!(
                            wrong,
                            "{name}, {version}: lint is silent, and Kelos fails: {error}"
                        );
                    }
                    None if is_certain && is_told => {
                        let _ = writeln!(
                            wrong,
                            "{name}, {version}: Kelos makes Tasks of all items, and lint says:"
                        );
                        found.iter().for_each(|it| wrong += &line(name, it));
                    }
                    Some(_) => failing += 1,
                    None => working += 1,
                }
            }
        }
    }
    println!("{failing} fail, {working} work");
    assert!(failing > 40 && working > 40, "{failing} fail, {working} work");
    assert!(wrong.is_empty(), "{wrong}");
}

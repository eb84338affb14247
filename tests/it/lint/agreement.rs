//! Lint and the simulation of Kelos, which know Kelos by two ways, do not contradict each other.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use kelos_metadata::engine::lint::{Finding, Rule, Severity};
use kelos_metadata::engine::simulate::{Item, KelosVersion, SourceKind, Spawner, Why};
use kelos_metadata::manifests::{self, Manifest};

use super::{SLIPS, findings_of, folder, line};

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
///
/// Of a spawner that takes none of the items that are known, nothing can be.
fn simulated(object: &Manifest, version: KelosVersion) -> (Option<String>, bool) {
    let spawner = Spawner::parse(&object.json).unwrap();
    let items = items(&spawner);
    let (mut fails, mut is_told) = (None, !items.is_empty());
    for item in items {
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

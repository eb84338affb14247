//! The label keys that rules declare, and which of them have too many values.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::super::harmless;
use super::super::known::Listed;
use super::super::reach::{Reach, lacking};
use super::super::stdio::{complain, warn};
use super::super::{Loaded, load, read_manifests};
use super::values::Values;
use crate::apimachinery::Kind;
use crate::cli::MonitoringArgs;
use crate::cluster::{Error, Resource, Selection};
use crate::engine::kelos::Shape;
use crate::engine::lint::one_each;
use crate::engine::rules::{DeclaredIn, Policy, Rules};
use crate::spawners::{ReadObjects, Spawners};

/// The version of Kelos's API that the series are made of.
const VERSION: &str = "v1alpha2";

/// The keys that Tasks could be shown by.
pub(super) struct Declared {
    /// In the order in which they are taken: see [`ordered`].
    pub(super) candidates: Vec<Candidate>,
    /// Whether not all could be asked.
    pub(super) is_partial: bool,
}

/// A key that Tasks could be shown by.
pub(super) struct Candidate {
    pub(super) key: String,
    /// Why not.
    pub(super) refused: Option<String>,
}

/// What is known of a key.
#[derive(Default)]
pub(super) struct Found {
    /// Whether the defaults of the cluster declare it.
    is_of_all: bool,
    /// The namespaces whose rules declare it, each with the place that it has among their keys.
    namespaces: BTreeMap<String, usize>,
    /// Why it has too many values, by namespace. In that of the defaults, which has no name, that is a reason for all.
    refused: BTreeMap<String, String>,
}

impl Found {
    /// Whether a namespace has Tasks for which it is declared.
    pub(super) fn is_asked_in(&self, namespace: &str) -> bool {
        self.is_of_all || self.namespaces.contains_key(namespace)
    }

    #[cfg(test)]
    pub(super) fn declared_in(namespace: &str) -> Found {
        Found { namespaces: [(namespace.to_owned(), 0)].into(), ..Found::default() }
    }

    /// Why Tasks can't be shown by it: what a few namespaces do is no reason for the others.
    fn refusal(&self) -> Option<String> {
        if let Some(reason) = self.refused.get("") {
            return Some(reason.clone());
        }
        let (_, first) = self.refused.first_key_value()?;
        let is_of_most = !self.is_of_all && self.refused.len() * 2 > self.namespaces.len();
        let others = match self.refused.len() - 1 {
            0 => String::new(),
            1 => " (and so does another namespace)".to_owned(),
            count => format!(" (and so do {count} other namespaces)"),
        };
        is_of_most.then(|| format!("{first}{others}"))
    }
}

/// The keys of files.
///
/// # Errors
///
/// When a file can't be used.
pub(super) fn in_files(
    files: &[PathBuf],
    defaults: Option<&Path>,
    policy: Policy,
) -> anyhow::Result<Declared> {
    let mut read = ReadObjects::in_namespace("default");
    for path in files {
        read_manifests(path, defaults, |found| read.take(found));
    }
    let Loaded { spawners, problems, is_whole } = load(read, policy);
    // A key of which the rule can't be read is none of the candidates.
    problems.iter().for_each(complain);
    if !is_whole {
        bail!("what -f names can't be used as it is");
    }
    Ok(Declared { candidates: ordered(keys(&spawners)), is_partial: false })
}

/// The keys of a namespace of the cluster, or of all.
///
/// # Errors
///
/// When there is no way to the cluster, its TaskSpawners can't be read, or its Kelos is too old.
pub(super) async fn in_cluster(args: &MonitoringArgs, policy: Policy) -> anyhow::Result<Declared> {
    let reach = Reach::connect(&args.connection, "or --by KEY to name the keys").await?;
    let namespace = args.within(&reach.namespace);
    let selection = Selection { namespace: namespace.as_deref(), ..Selection::default() };
    let objects = Listed::spawners(&reach, selection.namespace).await?;
    let version = Resource::TASKS.served_version(&reach.client).await?;
    if version.as_deref() != Some(VERSION) {
        bail!("the cluster does not serve kelos.dev/{VERSION}, as Kelos v0.40 and later do");
    }
    if args.policy.defaults.is_none() {
        warn("the defaults of the cluster are not read: --defaults FILE takes their keys, too");
    }
    let spawners = Spawners::new(policy);
    spawners.replace(objects);
    let mut found = keys(&spawners);
    let mut values = Values::of(&found, args.max_values);
    let mut is_partial = false;
    for resource in [Resource::TASKS, Resource::TASK_RECORDS] {
        match reach.each(&resource, selection, |json| values.add(json)).await {
            Ok(()) | Err(Error::KindNotServed) => {}
            Err(error) => {
                is_partial = true;
                let right = lacking("list", &resource, selection.namespace, &error);
                warn(format_args!("{right}; how many values keys have there is not known"));
            }
        }
    }
    for (key, namespace) in values.too_many() {
        let most = args.max_values;
        let reason = format!(
            "in namespace {} Tasks and TaskRecords have more than {most} values of it, each a series of its own in \
             Prometheus; --max-values NUMBER allows more",
            shown(&namespace)
        );
        found.entry(key).or_default().refused.entry(namespace).or_insert(reason);
    }
    Ok(Declared { candidates: ordered(found), is_partial })
}

/// The labels that rules write, each with the namespaces that ask for it.
fn keys(spawners: &Spawners) -> BTreeMap<String, Found> {
    let snapshot = spawners.snapshot();
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    let of_nobody = Rules::of_nobody(Shape::Task, snapshot.policy());
    let is_of_tasks = |rules: &Rules| rules.spawner.makes == Shape::Task && !rules.is_disabled;
    let of_all = snapshot.all_rules().filter(|(_, rules)| is_of_tasks(rules));
    for (namespace, rules) in of_all.chain([("", &of_nobody)]) {
        let labels = rules.keys.iter().filter(|it| it.kind == Kind::Label && it.plan.is_ok());
        for rule in labels {
            let is_of_all = rule.declared_in == DeclaredIn::Defaults;
            if is_of_all != namespace.is_empty() {
                continue;
            }
            let key = found.entry(rule.key().to_string()).or_default();
            key.is_of_all |= is_of_all;
            if !is_of_all {
                key.namespaces.insert(namespace.to_owned(), 0);
            }
            if let Some(variable) = one_each(rule) {
                let by = match is_of_all {
                    true => "the defaults make".to_owned(),
                    false => {
                        format!(
                            "TaskSpawner {}/{} makes",
                            shown(namespace),
                            shown(&rules.spawner.metadata.name)
                        )
                    }
                };
                let reason = format!(
                    "{by} it of `.{variable}`, which is another one for nearly every Task: each is a series of its \
                     own in Prometheus"
                );
                key.refused.entry(namespace.to_owned()).or_insert(reason);
            }
        }
    }
    number(&mut found);
    found
}

/// A name as a part of a line: that of a file may have any characters.
fn shown(name: &str) -> String {
    harmless::line(&harmless::name(name)).into_owned()
}

/// Numbers the keys of each namespace.
fn number(found: &mut BTreeMap<String, Found>) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for key in found.values_mut() {
        for (namespace, place) in &mut key.namespaces {
            let count = counts.entry(namespace.clone()).or_default();
            *place = *count;
            *count += 1;
        }
    }
}

/// Those of the defaults, then the first one of each namespace, the second one of each, and so on; of these, those that
/// most namespaces ask for come first. So a namespace with many keys leaves room for others.
fn ordered(found: BTreeMap<String, Found>) -> Vec<Candidate> {
    let mut all: Vec<(String, Found)> = found.into_iter().collect();
    let turn = |it: &Found| it.namespaces.values().min().copied().unwrap_or_default();
    all.sort_by_key(|(_, it)| (!it.is_of_all, turn(it), std::cmp::Reverse(it.namespaces.len())));
    let candidate = |(key, found): (String, Found)| Candidate { key, refused: found.refusal() };
    all.into_iter().map(candidate).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn candidates(text: &str) -> Vec<(String, Option<String>)> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("spawners.yaml");
        fs::write(&file, text).unwrap();
        let found = in_files(&[file], None, Policy::default()).unwrap();
        found.candidates.into_iter().map(|it| (it.key, it.refused)).collect()
    }

    fn spawner(namespace: &str, labels: &str) -> String {
        format!(
            "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata:\n  name: s\n  namespace: {namespace}\n  \
             annotations:\n    metadata.kelos.dev/labels: '{labels}'\nspec: {{when: {{githubIssues: {{}}}}}}\n---\n"
        )
    }

    #[test]
    fn a_namespace_with_many_keys_leaves_room_for_others() {
        let many: Vec<String> = (0..60).map(|number| format!("\"{number:03}\": x")).collect();
        let text = spawner("one", &format!("{{{}}}", many.join(", ")))
            + &spawner("two", "{\"priority\": a, \"team\": b}")
            + &spawner("three", "{\"team\": c}");
        let found = candidates(&text);
        let first: Vec<&str> = found.iter().take(5).map(|(key, _)| &**key).collect();
        assert_eq!(first, ["team", "000", "priority", "001", "002"]);
    }

    #[test]
    fn what_one_namespace_does_is_no_reason_for_others() {
        let bad = "{\"team\": \"{{ .Number }}\"}";
        let good = spawner("one", "{\"team\": b}") + &spawner("two", "{\"team\": c}");
        assert_eq!(candidates(&(spawner("bad", bad) + &good)), [("team".to_owned(), None)]);
        let most = spawner("bad", bad) + &spawner("worse", bad) + &spawner("one", "{\"team\": b}");
        let why = candidates(&most)[0].1.clone().unwrap();
        assert!(why.starts_with("TaskSpawner bad/s makes it of `.Number`"), "{why}");
        assert!(why.ends_with("(and so does another namespace)"), "{why}");
    }

    #[test]
    fn a_name_of_several_lines_is_shown_in_one() {
        let text = spawner("one", r#"{"n": "{{ .Number }}"}"#)
            .replace("name: s\n", "name: \"s\\nkelos-metadata: all is well\"\n");
        let why = candidates(&text)[0].1.clone().unwrap();
        assert!(why.starts_with("TaskSpawner one/s\\nkelos-metadata: all is well makes"), "{why}");
    }

    #[test]
    fn a_key_of_what_is_another_one_for_every_task_is_refused_unless_its_values_are_listed() {
        let text = spawner(
            "one",
            r#"{"number": "n-{{ .Number }}", "small": {"value": "{{ .Number }}", "allowed": ["1", "2"]},
                "size": "{{ if gt .Number 9 }}big{{ else }}small{{ end }}", "kind": "{{ .Kind }}"}"#,
        );
        let found = candidates(&text);
        let refused: Vec<&str> =
            found.iter().filter(|(_, why)| why.is_some()).map(|(key, _)| &**key).collect();
        assert_eq!((found.len(), refused), (4, vec!["number"]), "{found:?}");
        let why = found.iter().find_map(|(_, why)| why.as_ref()).unwrap();
        assert!(why.starts_with("TaskSpawner one/s makes it of `.Number`"), "{why}");
    }
}

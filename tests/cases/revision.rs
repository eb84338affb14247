//! What `preview` says of a stored Task is what a new one gets, key by key: over the golden cases, each with the rules
//! that made it and with edited ones, before an edit is applied and afterwards, when nobody knows what was before.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kelos_metadata::apimachinery::Kind;
use kelos_metadata::engine::comparison::{Change, Ruled};
use kelos_metadata::engine::kelos::{GROUP, MARKS, RENDERED_FROM_MARK, Shape, Task};
use kelos_metadata::engine::revision::{Revision, renewed};
use kelos_metadata::engine::variables::Facts;
use kelos_metadata::engine::{Limits, decide};
use kelos_metadata::manifests;
use kelos_metadata::spawners::{Lookup, ReadObjects, Snapshot};
use kelos_metadata::unix_seconds::UnixSeconds;
use libtest_mimic::Trial;
use serde_json::{Map, Value, json};
use testing::review::shape_of;

use super::golden::{self, Settings};
use crate::{row, test};

/// An edit of the rules annotations of a TaskSpawner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edit {
    /// They stay as they are.
    None,
    /// The first key goes.
    Remove,
    /// The last key has another template, and there is a new one.
    Change,
    /// There are none any more.
    Clear,
    /// There is a new label, and nothing else is edited.
    Add,
    /// No annotation is declared any more, and a new label reads what the first one was.
    Read,
}

const EDITS: [Edit; 6] =
    [Edit::None, Edit::Remove, Edit::Change, Edit::Clear, Edit::Add, Edit::Read];

/// Whether the rules that made a Task are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// They are those of the cluster, and a file has others.
    Known,
    /// The cluster has others by now.
    Unknown,
}

const KNOWN: [Before; 2] = [Before::Known, Before::Unknown];

/// The rules annotations.
const ANNOTATIONS: [&str; 4] = ["labels", "annotations", "pod-labels", "node-selector"];

/// A test for each case.
pub(crate) fn tests() -> Vec<Trial> {
    let cases = golden::folders().into_iter().map(|case| {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        row(format!("revision::{name}"), move || {
            let edits = EDITS.into_iter().flat_map(|edit| KNOWN.map(|known| (edit, known)));
            edits.map(|(edit, known)| run(&case, edit, known)).try_for_each(|run| run.map(|_| ()))
        })
    });
    cases.chain([test("revision::the_cases_show_each_change", each_change_is_shown)]).collect()
}

/// The property would hold of nothing, too.
fn each_change_is_shown() {
    for known in KNOWN {
        let mut found: BTreeMap<(Change, bool), usize> = BTreeMap::new();
        let mut marks = 0;
        for case in golden::folders() {
            for edit in EDITS {
                let compared = run(&case, edit, known).unwrap();
                marks += compared.marks;
                for (change, is_edited) in compared.keys {
                    *found.entry((change, is_edited)).or_default() += 1;
                }
            }
        }
        assert!(marks >= 100, "{marks}");
        let count = |change| found.get(&(change, true)).copied().unwrap_or_default();
        assert!(Change::ALL.into_iter().all(|change| count(change) >= 40), "{found:?}");
    }
}

/// What of a case was compared.
#[derive(Default)]
struct Compared {
    /// What became of each key, and whether the rules were edited.
    keys: Vec<(Change, bool)>,
    /// How many marks were to change.
    marks: usize,
}

/// Compares what was previewed for a case with what a new Task gets; gives what was compared.
fn run(case: &Path, edit: Edit, known: Before) -> Result<Compared, String> {
    let settings = golden::settings(case)?;
    if settings.operation.is_some() {
        return Ok(Compared::default());
    }
    let before = golden::spawners(case, &settings);
    let today = golden::spawners_of(case, &settings, edited(case, edit));
    let sent = golden::one_task(case);
    let had = golden::answer(&before, &settings, &sent).apply(&sent);
    // What was changed and could not be marked looks as if somebody else had written it.
    let mark = &had["metadata"]["annotations"][RENDERED_FROM_MARK];
    if mark.is_null() && had != sent {
        return Ok(Compared::default());
    }
    let wanted = golden::answer(&today, &settings, &sent).apply(&sent);
    let stored = stored(&had, &sent);
    let (before, today) = (before.snapshot(), today.snapshot());
    let before = Some(&*before).filter(|_| known == Before::Known);
    let Some(revision) = revision(&stored, &settings, before, &today) else {
        return Ok(Compared::default());
    };
    let of_before = entries(&had);
    let (new, kelos) = (entries(&wanted), entries(&sent));
    let mut compared = Compared::default();
    for (kind, key) in of_before.keys().chain(new.keys()) {
        let name = (*kind, key.clone());
        let (has, gives) = (of_before.get(&name), new.get(&name));
        // What Kelos or somebody else wrote and the answer replaced, nobody knows any more.
        let is_forgotten = kelos.get(&name).is_some_and(|sent| has != Some(sent));
        if MARKS.contains(&&**key) || is_forgotten {
            continue;
        }
        let found = revision.keys.iter().find(|it| (it.kind, &it.key) == (*kind, key));
        let change = Change::between(has.map(String::as_str), gives.map(String::as_str));
        let said = found.map_or(Change::Same, |it| it.change());
        if said != change || found.is_some_and(|it| it.gives.as_ref() != gives) {
            return Err(format!(
                "{edit:?} {known:?} {kind} {key}: {has:?} → {gives:?}, previewed {found:?}"
            ));
        }
        compared.keys.push((change, edit != Edit::None));
    }
    let is_repaired = kelos.iter().any(|(name, sent)| of_before.get(name) != Some(sent));
    // A mark is never written alone.
    let is_written = revision.keys.iter().any(|key| key.change() != Change::Same);
    let is_compared = is_written && !is_repaired;
    for (mark, value) in revision.marks(|_| true).iter().filter(|_| is_compared) {
        let wanted = wanted["metadata"]["annotations"][*mark].as_str();
        let is_same_before = had["metadata"]["annotations"][*mark].as_str() == wanted;
        // A key of the Kelos field that Kelos did not render and the answer did stays, and nothing is left to mark.
        let is_left = value.is_none() && has_filled_field(&of_before, &kelos, &new);
        if is_same_before || is_left {
            continue;
        }
        if value.as_deref() != wanted {
            return Err(format!("{edit:?} {known:?} {mark}: {wanted:?}, previewed {value:?}"));
        }
        compared.marks += 1;
    }
    Ok(compared)
}

/// Whether an answer wrote something that is there to stay.
fn has_filled_field(
    had: &BTreeMap<(Kind, String), String>,
    sent: &BTreeMap<(Kind, String), String>,
    wanted: &BTreeMap<(Kind, String), String>,
) -> bool {
    let is_ours = |name: &(Kind, String)| !sent.contains_key(name) && !MARKS.contains(&&*name.1);
    had.iter().any(|(name, has)| is_ours(name) && wanted.get(name) == Some(has))
}

fn revision(
    stored: &Value,
    settings: &Settings,
    before: Option<&Snapshot>,
    today: &Snapshot,
) -> Option<Revision> {
    let json = stored.to_string();
    let shape = shape_of(stored);
    let task = Task::parse_as(shape, &json).unwrap();
    let of_task = stored["metadata"]["namespace"].as_str();
    let namespace = settings.namespace.as_deref().or(of_task).unwrap_or("default");
    let facts = today.facts(namespace, &task, json.len(), UnixSeconds(1_900_000_000));
    let spawner = |known: &Snapshot| match task.owner() {
        None => known.of_nobody(shape).map(Arc::clone),
        Some(owner) => match known.rules(namespace, &owner) {
            Lookup::Found(spawner) => Some(spawner),
            Lookup::Pending | Lookup::Unknown => None,
        },
    };
    let today = spawner(today)?;
    let before = before.map(spawner);
    if before.as_ref().is_some_and(Option::is_none) {
        return None;
    }
    let before = before.flatten();
    let rules = Ruled { today: &today.rules, before: before.as_deref().map(|it| &it.rules) };
    let renewed = renewed(stored, &json, &task, rules);
    let new = Task::parse_as(shape, &renewed.json).unwrap();
    let facts = Facts { task_bytes: renewed.json.len(), ..facts };
    let decision = decide(&new, rules.today, &facts, &Limits::default());
    let revision = renewed.revision((stored, &task), rules, (&new, &decision));
    (!revision.is_exempt).then_some(revision)
}

/// The Task as the API server keeps it: it notes which fields came with the request.
fn stored(had: &Value, sent: &Value) -> Value {
    let mut stored = had.clone();
    let fields = json!({"f:metadata": fields(&sent["metadata"]), "f:spec": fields(&sent["spec"])});
    stored["metadata"]["managedFields"] =
        json!([{"manager": "kelos-spawner", "operation": "Update", "fieldsV1": fields}]);
    stored
}

fn fields(value: &Value) -> Value {
    let Some(map) = value.as_object() else { return json!({}) };
    map.iter().map(|(key, value)| (format!("f:{key}"), fields(value))).collect::<Map<_, _>>().into()
}

/// The keys of a Task and their values.
fn entries(task: &Value) -> BTreeMap<(Kind, String), String> {
    let json = task.to_string();
    let task = Task::parse_as(shape_of(task), &json).unwrap();
    let mut all = BTreeMap::new();
    for kind in Kind::ALL {
        for (key, value) in task.entries(kind).into_iter().flatten() {
            all.insert((kind, key.to_string()), value.to_string());
        }
    }
    all
}

/// The objects of a case with edited TaskSpawners.
fn edited(case: &Path, edit: Edit) -> ReadObjects {
    let mut read = ReadObjects::default();
    let mut text = Vec::new();
    manifests::read(&case.join("rules.yaml"), |found| {
        let mut object = found.unwrap().object();
        if Shape::of_spawner(GROUP, object["kind"].as_str().unwrap()).is_some() {
            change(&mut object, edit);
        }
        text.push(object.to_string());
    });
    manifests::read_from("rules.yaml", text.join("\n---\n").as_bytes(), |found| read.take(found));
    read
}

/// Adds a label to the rules annotation of a TaskSpawner.
fn add_label(spawner: &mut Value, key: &str, value: Value) {
    let name = "metadata.kelos.dev/labels";
    let rules = spawner["metadata"]["annotations"][name].as_str().unwrap_or("{}");
    let Ok(mut rules) = serde_saphyr::from_str::<Map<String, Value>>(rules) else { return };
    rules.insert(key.to_owned(), value);
    spawner["metadata"]["annotations"][name] = json!(Value::Object(rules).to_string());
}

/// Takes the annotations from the rules, and has a label read what the first of them was.
fn read_first(spawner: &mut Value) {
    let name = "metadata.kelos.dev/annotations";
    let annotations = spawner["metadata"]["annotations"].as_object_mut();
    let rules = annotations.and_then(|it| it.remove(name));
    let rules = rules.as_ref().and_then(Value::as_str).unwrap_or_default();
    let Ok(rules) = serde_saphyr::from_str::<Map<String, Value>>(rules) else { return };
    let Some(first) = rules.keys().next() else { return };
    let value = format!("{{{{ index .Annotations {first:?} }}}}");
    let value = json!({"value": value, "default": "none", "onInvalid": "sanitize"});
    add_label(spawner, "preview.example.com/read", value);
}

fn change(spawner: &mut Value, edit: Edit) {
    match edit {
        Edit::Add => return add_label(spawner, "preview.example.com/new", json!("new")),
        Edit::Read => return read_first(spawner),
        Edit::None | Edit::Remove | Edit::Change | Edit::Clear => {}
    }
    let annotations = spawner["metadata"].as_object_mut().and_then(|it| it.get_mut("annotations"));
    let Some(annotations) = annotations.and_then(Value::as_object_mut) else { return };
    for name in ANNOTATIONS.map(|name| format!("metadata.kelos.dev/{name}")) {
        let Some(rules) = annotations.get(&name).and_then(Value::as_str) else { continue };
        let Ok(mut rules) = serde_saphyr::from_str::<Map<String, Value>>(rules) else { continue };
        match edit {
            Edit::None | Edit::Add | Edit::Read => continue,
            Edit::Remove => {
                let first = rules.keys().next().cloned();
                first.and_then(|first| rules.remove(&first));
            }
            Edit::Change => {
                if let Some(last) = rules.values_mut().next_back() {
                    *last = json!("edited");
                }
                rules.insert("preview.example.com/new".to_owned(), json!("new"));
            }
            Edit::Clear => {
                annotations.remove(&name);
                continue;
            }
        }
        annotations.insert(name, json!(Value::Object(rules).to_string()));
    }
}

//! Golden cases: one folder a case in `tests/data/cases`, each a test of its name.
//!
//! | file | holds |
//! | --- | --- |
//! | `rules.yaml` | TaskSpawners, SessionSpawners, Workspaces, Namespaces |
//! | `task.yaml` | the Task or Session that is created |
//! | `defaults.yaml` | optional: the defaults of the cluster |
//! | `request.yaml` | optional: what differs from an ordinary request, and the admin's settings |
//! | `expected.yaml` | the labels and annotations of the Task afterwards, what it says of its Pod if that is new, the skipped keys and the warnings |
//!
//! Whatever a case is about, the uid is echoed, the Task is allowed, the patch applies and nothing
//! but labels and annotations, and those and the node selectors of the Pod, changes, and a second pass over the result changes nothing.
//! `BLESS=1 cargo test --profile checked --test cases golden` writes what came out into `expected.yaml`: read the diff.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kelos_metadata::engine::Limits;
use kelos_metadata::engine::kelos::{Protection, RENDERED_FROM_MARK};
use kelos_metadata::engine::rules::{Defaults, Infer, Policy};
use kelos_metadata::manifests;
use kelos_metadata::spawners::{FileObjects, ReadObjects, Spawners};
use kelos_metadata::webhook::Metrics;
use kelos_metadata::webhook::mutate_task::answer_review;
use libtest_mimic::Trial;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use testing::review::{self, Answer};

use crate::{row, test};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Settings {
    on_invalid: Option<String>,
    infer: Option<String>,
    protect: Vec<String>,
    pub(crate) operation: Option<String>,
    dry_run: bool,
    user: Option<String>,
    groups: Vec<String>,
    pub(crate) namespace: Option<String>,
}

#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    /// Where the Task says something new of its Pod, and all that it says there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pods: BTreeMap<String, Value>,
    warnings: Vec<String>,
    audit: BTreeMap<String, String>,
}

/// A test for each folder.
pub(crate) fn tests() -> Vec<Trial> {
    let folders = folders().into_iter().map(|case| {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        row(format!("golden::{name}"), move || run(&case))
    });
    folders.chain([test("golden::no_case_is_missing", no_case_is_missing)]).collect()
}

/// The folders of the cases.
pub(crate) fn folders() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cases");
    let mut folders: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

fn no_case_is_missing() {
    assert!(folders().len() >= 110, "cases are missing: {}", folders().len());
}

fn run(case: &Path) -> Result<(), String> {
    let settings = settings(case)?;
    let known = spawners(case, &settings);
    let task = one_task(case);
    let first = answer(&known, &settings, &task);
    let patched = first.apply(&task);
    let mut untouched = patched.clone();
    for at in POD_OVERRIDES {
        take_back(&mut untouched, &task, at);
    }
    for field in ["apiVersion", "kind", "spec"] {
        assert_eq!(untouched.get(field), task.get(field), "{field} is untouched");
    }
    let second = answer(&known, &settings, &patched);
    if let Some(patch) = &second.patch {
        return Err(format!("a second pass changes {patch}"));
    }
    // Without a mark (there is no room, or Kelos could have written it) nothing says that this was told.
    let is_marked = patched["metadata"]["annotations"].get(RENDERED_FROM_MARK).is_some();
    let told = if is_marked { &[][..] } else { &first.warnings };
    let is_told = |warning: &String| told.contains(warning);
    assert!(second.warnings.iter().all(is_told), "a second pass says {:?}", second.warnings);
    compare(case, &first, &task, &patched)
}

/// What differs from an ordinary request.
pub(crate) fn settings(case: &Path) -> Result<Settings, String> {
    match fs::read_to_string(case.join("request.yaml")) {
        Ok(text) => serde_saphyr::from_str(&text).map_err(|error| error.to_string()),
        Err(_) => Ok(Settings::default()),
    }
}

/// Where a Task can say what its Pod is like.
const POD_OVERRIDES: [&str; 2] = ["/spec/podOverrides", "/spec/worker/podOverrides"];

/// Takes back what an answer may add there.
fn take_back(patched: &mut Value, task: &Value, at: &str) {
    let (parent, name) = at.rsplit_once('/').unwrap();
    let Some(parent) = patched.pointer_mut(parent).and_then(Value::as_object_mut) else { return };
    match (task.pointer(at), parent.get_mut(name).and_then(Value::as_object_mut)) {
        (None, _) => drop(parent.remove(name)),
        (Some(before), Some(overrides)) => {
            for field in ["labels", "nodeSelector"] {
                match before.get(field) {
                    Some(map) => drop(overrides.insert(field.to_owned(), map.clone())),
                    None => drop(overrides.remove(field)),
                }
            }
        }
        (Some(_), None) => {}
    }
}

/// What a case knows.
pub(crate) fn spawners(case: &Path, settings: &Settings) -> Spawners {
    spawners_of(case, settings, ReadObjects::of(&case.join("rules.yaml")))
}

/// The same with other objects.
pub(crate) fn spawners_of(case: &Path, settings: &Settings, read: ReadObjects) -> Spawners {
    let on_invalid = settings.on_invalid.as_deref().map(|text| text.parse().unwrap());
    let mut policy = Policy {
        on_invalid: on_invalid.unwrap_or_default(),
        protection: Arc::new(Protection::new(&settings.protect).unwrap()),
        infer: settings.infer.as_deref().map_or(Ok(Infer::On), str::parse).unwrap(),
        ..Policy::default()
    };
    if let Ok(text) = fs::read_to_string(case.join("defaults.yaml")) {
        policy.defaults = Arc::new(Defaults::read(&text, &policy).unwrap());
    }
    let spawners = Spawners::new(policy);
    let (objects, unusable) = FileObjects::default().update(read);
    assert!(unusable.is_empty(), "{}: {unusable:?}", case.display());
    spawners.replace(objects);
    spawners
}

/// The Task of a case.
pub(crate) fn one_task(case: &Path) -> Value {
    let mut read = Vec::new();
    manifests::read(&case.join("task.yaml"), |found| read.push(found));
    let [Ok(manifest)] = &read[..] else { panic!("{}: {read:?}", case.display()) };
    let mut task = manifest.object();
    fill(&mut task);
    task
}

/// Puts long texts where a case asks for them: `{"$repeat": ["x", 1000]}`.
fn fill(value: &mut Value) {
    if let Some([text, times]) = value.get("$repeat").and_then(Value::as_array).map(Vec::as_slice) {
        let times = usize::try_from(times.as_u64().unwrap()).unwrap();
        *value = Value::from(text.as_str().unwrap().repeat(times));
    } else if let Some(map) = value.as_object_mut() {
        map.values_mut().for_each(fill);
    }
}

/// What the webhook answers.
pub(crate) fn answer(known: &Spawners, settings: &Settings, task: &Value) -> Answer {
    let mut review = review::creation(task);
    let request = &mut review["request"];
    request["dryRun"] = json!(settings.dry_run);
    if let Some(operation) = &settings.operation {
        request["operation"] = json!(operation);
    }
    if let Some(user) = &settings.user {
        request["userInfo"] = json!({"username": user, "groups": settings.groups});
    }
    if let Some(namespace) = &settings.namespace {
        request["namespace"] = json!(namespace);
    }
    let body = review.to_string();
    let shape = review::shape_of(task);
    let answered = answer_review(
        shape,
        body.as_bytes(),
        &known.snapshot(),
        &Limits::default(),
        &Metrics::new(),
    );
    Answer::read(&review, answered.reply.body())
}

fn compare(case: &Path, answer: &Answer, task: &Value, patched: &Value) -> Result<(), String> {
    let map = |field: &str| {
        let map = patched["metadata"].get(field)?;
        let map: BTreeMap<String, String> = serde_json::from_value(map.clone()).unwrap();
        Some(map.into_iter().map(|(key, value)| (key, plain(&value))).collect())
    };
    let found = Expected {
        labels: map("labels"),
        annotations: map("annotations"),
        pods: POD_OVERRIDES
            .into_iter()
            .filter(|at| patched.pointer(at) != task.pointer(at))
            .filter_map(|at| Some((at.to_owned(), patched.pointer(at)?.clone())))
            .collect(),
        warnings: answer.warnings.clone(),
        audit: answer.audit.clone(),
    };
    let file = case.join("expected.yaml");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, serde_saphyr::to_string(&found).unwrap()).unwrap();
        return Ok(());
    }
    let text = fs::read_to_string(&file).map_err(|error| format!("expected.yaml: {error}"))?;
    let expected: Expected =
        serde_saphyr::from_str(&text).map_err(|error| format!("expected.yaml: {error}"))?;
    if found == expected {
        Ok(())
    } else {
        Err(format!("expected {expected:?}\nfound    {found:?}"))
    }
}

/// The text with the hash of the rules as `HASH`, and a long one cut.
fn plain(value: &str) -> String {
    if value.len() > 4096 {
        return format!("{}… {} bytes", &value[..8], value.len());
    }
    match value.rsplit_once('@') {
        Some((name, hash)) if hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            format!("{name}@HASH")
        }
        _ => value.to_owned(),
    }
}

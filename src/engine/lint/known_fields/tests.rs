//! The table of fields against Kelos's own schemas.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::*;

/// The ways to all fields of a schema that the table may have, and those of them that it asks for.
fn of_schema(schema: &Value, way: &str, all: &mut BTreeSet<(String, bool)>) {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    for (name, below) in schema["properties"].as_object().into_iter().flatten() {
        let here = format!("{way}.{name}");
        all.insert((here.clone(), required.contains(&Value::from(name.as_str()))));
        of_schema(below, &here, all);
        of_schema(&below["items"], &format!("{here}[]"), all);
    }
}

fn of_table(
    fields: &[Known],
    way: &str,
    has: &dyn Fn(&Known) -> bool,
    all: &mut Vec<(String, bool, bool)>,
) {
    for field in fields.iter().filter(|it| has(it)) {
        let here = format!("{way}.{}", field.name);
        all.push((here.clone(), field.is_required, matches!(field.below, Below::Anything)));
        match field.below {
            Below::Anything => {}
            Below::Fields(fields) => of_table(fields, &here, has, all),
            Below::List(fields) => of_table(fields, &format!("{here}[]"), has, all),
        }
    }
}

/// The folder with Kelos's own schemas, if it is there.
fn schemas() -> Option<PathBuf> {
    let folder = std::env::var_os("KELOS_CRDS").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/kelos-crds");
    Some(folder.unwrap_or(beside)).filter(|it| it.is_dir())
}

#[test]
fn the_fields_are_those_of_the_schemas() {
    let Some(folder) = schemas() else {
        println!("Kelos's own schemas are not there: nothing is compared");
        return;
    };
    let mut compared = 0;
    for (version, minor, file, root) in [
        ("v0.24", 24, "taskspawner.yaml", TASK_SPAWNER),
        ("v0.52", 52, "taskspawner.yaml", TASK_SPAWNER),
        ("v0.52", 52, "sessionspawner.yaml", SESSION_SPAWNER),
    ] {
        let text = fs::read_to_string(folder.join(version).join(file)).unwrap();
        let crd: Value = serde_saphyr::from_str(&text).unwrap();
        for served in crd["spec"]["versions"].as_array().unwrap() {
            let api = match served["name"].as_str() {
                Some("v1alpha1") => Api::V1alpha1,
                _ => Api::V1alpha2,
            };
            let mut theirs = BTreeSet::new();
            of_schema(&served["schema"]["openAPIV3Schema"], "", &mut theirs);
            let has = |field: &Known| field.since <= minor && field.only.is_none_or(|it| it == api);
            let mut ours = Vec::new();
            of_table(root, "", &has, &mut ours);
            for (way, is_required, _) in &ours {
                let is_there = theirs.contains(&(way.clone(), *is_required));
                // Not all that a schema asks for is asked for here; the one source of SessionSpawners is asked for by a
                // rule of the schema (CEL).
                let is_by_rule = way == ".spec.when.githubWebhook" && file == "sessionspawner.yaml";
                let is_known = is_by_rule
                    || is_there
                    || (!is_required && theirs.contains(&(way.clone(), true)));
                assert!(is_known, "{version} {file} {api:?}: {way} {is_required}");
                compared += 1;
            }
            for (way, _) in &theirs {
                let is_ours = ours.iter().any(|(it, _, is_end)| {
                    way == it
                        || (*is_end
                            && (way.starts_with(&format!("{it}."))
                                || way.starts_with(&format!("{it}["))))
                });
                assert!(is_ours, "{version} {file} {api:?} has {way}");
            }
        }
    }
    assert!(compared > 300, "{compared}");
}

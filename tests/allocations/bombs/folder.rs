//! Folders of large objects: what reading them holds at once.

use std::fs;
use std::path::Path;

use allocation_counter::measure;
use kelos_metadata::spawners::{FileObjects, Objects, ReadObjects};
use serde_json::{Value, json};

use testing::hostile::spawners::ALL;

/// What an object holds of text: as much as etcd takes, nearly.
const TEXT_BYTES: usize = 1_300_000;
/// What one document may hold at once: its bytes, its tree and its text, each with room to grow.
const DOCUMENT: u64 = 12 << 20;
/// What is kept of all objects, none of whose texts is.
const KEPT: i64 = 256 << 10;

/// So many objects full of text, TaskSpawners and Workspaces in turn.
fn objects(count: usize) -> impl Iterator<Item = Value> {
    let prompt = ALL.iter().find(|hostile| hostile.name == "a prompt of text").unwrap();
    let mut spawner: Value = serde_json::from_str(&prompt.json(TEXT_BYTES)).unwrap();
    spawner["kind"] = json!("TaskSpawner");
    let repo = format!("https://github.com/acme/{}", "x".repeat(TEXT_BYTES));
    let workspace = json!({"kind": "Workspace", "metadata": {}, "spec": {"repo": repo}});
    (0..count).map(move |number| {
        let mut object = if number % 2 == 0 { spawner.clone() } else { workspace.clone() };
        object["apiVersion"] = json!("kelos.dev/v1alpha2");
        object["metadata"]["name"] = json!(format!("text-{number}"));
        object
    })
}

/// Reads a folder as `serve` does, twice: what there was stays until the second reading is done.
fn check(folder: &Path, count: usize, most: u64) {
    let mut files = FileObjects::default();
    let mut all = Objects::default();
    let held = measure(|| {
        for _ in 0..2 {
            let (objects, unusable) = files.update(ReadObjects::of(folder));
            assert!(unusable.is_empty(), "{unusable:?}");
            all = objects;
        }
    });
    eprintln!("{count} objects: peak {}, kept {}", held.bytes_max, held.bytes_current);
    assert_eq!(all.spawners.len() + all.workspaces.len(), count);
    assert!(held.bytes_max <= most, "held {} bytes at once", held.bytes_max);
    assert!(held.bytes_current <= KEPT, "keeps {} bytes", held.bytes_current);
}

#[test]
fn a_folder_of_large_objects_is_never_in_memory_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    for (number, object) in objects(100).enumerate() {
        fs::write(folder.path().join(format!("{number}.json")), object.to_string()).unwrap();
    }
    check(folder.path(), 100, DOCUMENT);
}

#[test]
fn of_a_file_of_large_documents_one_at_a_time_is_in_memory_beside_its_bytes() {
    for name in ["all.json", "all.yaml"] {
        let folder = tempfile::tempdir().unwrap();
        let documents: Vec<_> = objects(20).map(|object| object.to_string()).collect();
        let text = documents.join("\n---\n");
        let text = if name.ends_with("json") { text.replace("\n---", "") } else { text };
        fs::write(folder.path().join(name), &text).unwrap();
        check(folder.path(), 20, text.len() as u64 + DOCUMENT);
    }
}

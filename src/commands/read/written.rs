//! Where the TaskSpawners are written.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::namespace_of;
use crate::engine::kelos::{GROUP, group_of};
use crate::manifests::Manifest;

/// Name and namespace.
type Name = (String, String);

/// The file, and the line on which the document begins.
pub(in crate::commands) type Place = (Arc<Path>, usize);

/// Where each TaskSpawner is written.
pub(in crate::commands) type Written = BTreeMap<Name, Place>;

/// The name and the namespace of a TaskSpawner, and where it is written.
pub(in crate::commands) fn spawner(manifest: &Manifest, default: &str) -> Option<(Name, Place)> {
    if group_of(&manifest.api_version) != GROUP || &*manifest.kind != "TaskSpawner" {
        return None;
    }
    let object = manifest.object();
    let name = object.get("metadata")?.get("name")?.as_str()?.to_owned();
    let namespace = namespace_of(&object, default).to_owned();
    Some(((name, namespace), (Arc::clone(&manifest.path), manifest.line)))
}

/// What is said where only other namespaces have a TaskSpawner of this name.
pub(in crate::commands) fn elsewhere(spawners: &Written, namespace: &str, name: &str) -> String {
    let has = |namespace: &str| spawners.contains_key(&(name.to_owned(), namespace.to_owned()));
    match spawners.keys().find(|(named, _)| named == name) {
        Some((_, other)) if !has(namespace) => format!(
            ": the one of that name is in namespace {other}, and a Task belongs to its own namespace \
                 (give it `metadata.namespace`, or -n for all that name none)"
        ),
        _ => String::new(),
    }
}

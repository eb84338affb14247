//! Where the spawners are written.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::namespace_of;
use crate::engine::kelos::{Owner, Shape, group_of};
use crate::manifests::Manifest;

/// What it makes, name and namespace.
type Name = (Shape, String, String);

/// The file, and the line on which the document begins.
pub(in crate::commands) type Place = (Arc<Path>, usize);

/// Where each TaskSpawner and SessionSpawner is written.
pub(in crate::commands) type Written = BTreeMap<Name, Place>;

/// The name and the namespace of a spawner, and where it is written.
pub(in crate::commands) fn spawner(manifest: &Manifest, default: &str) -> Option<(Name, Place)> {
    let makes = Shape::of_spawner(group_of(&manifest.api_version), &manifest.kind)?;
    let object = manifest.object();
    let name = object.get("metadata")?.get("name")?.as_str()?.to_owned();
    let namespace = namespace_of(&object, default).to_owned();
    Some(((makes, name, namespace), (Arc::clone(&manifest.path), manifest.line)))
}

/// What is said where only other namespaces have a spawner of this name.
pub(in crate::commands) fn elsewhere(
    spawners: &Written,
    namespace: &str,
    owner: &Owner<'_>,
) -> String {
    let Owner { shape, name, .. } = *owner;
    let has =
        |namespace: &str| spawners.contains_key(&(shape, name.to_owned(), namespace.to_owned()));
    match spawners.keys().find(|(makes, named, _)| *makes == shape && named == name) {
        Some((_, _, other)) if !has(namespace) => format!(
            ": the one of that name is in namespace {other}, and a {shape} belongs to its own namespace \
                 (give it `metadata.namespace`, or -n for all that name none)"
        ),
        _ => String::new(),
    }
}

//! Objects of files in the place of those of the cluster that have the same names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;

use super::super::read_manifests;
use super::super::stdio::complain;
use crate::engine::kelos::{ObjectMeta, Shape, TaskSpawner};
use crate::spawners::{FileObjects, Objects, ReadObjects};

/// The objects of the cluster with those of the files over them, and whether none of its TaskSpawners is among these.
/// Those that name no namespace are in `own`.
///
/// # Errors
///
/// When a file can't be used, or none has a TaskSpawner of the namespace that is asked for.
pub(super) fn read(
    (makes, files): (Shape, &[PathBuf]),
    own: &str,
    within: Option<&str>,
    defaults: Option<&Path>,
    cluster: &Objects,
) -> anyhow::Result<(Objects, bool)> {
    let mut read = ReadObjects::in_namespace(own);
    for path in files {
        read_manifests(path, defaults, |found| read.take(found));
    }
    let (mut found, unusable) = FileObjects::default().update(read);
    if !unusable.is_empty() {
        unusable.iter().for_each(complain);
        bail!("what -f names can't be used as it is: nothing is looked at");
    }
    found.spawners.retain(|it| it.makes == makes);
    let (kind, no) = (makes.spawner(), makes);
    let is_meant = |meta: &ObjectMeta| within.is_none_or(|within| within == meta.namespace);
    if !found.spawners.iter().any(|it| is_meant(&it.metadata)) {
        let place = within.map_or_else(String::new, |it| format!(" of namespace {it}"));
        bail!("there is no {kind}{place} in what -f names");
    }
    found.spawners.retain(|it| {
        let meta = &it.metadata;
        if !is_meant(meta) {
            let (namespace, name) = (&meta.namespace, &meta.name);
            complain(format_args!(
                "{kind} {namespace}/{name} is in another namespace, and not looked at"
            ));
        }
        is_meant(meta)
    });
    let mut is_of_none = true;
    for TaskSpawner { metadata, .. } in found.spawners.iter().map(AsRef::as_ref) {
        if cluster.spawners.iter().any(|it| is_same(&it.metadata, metadata)) {
            is_of_none = false;
        } else {
            complain(format_args!(
                "{kind} {} of what -f names takes the place of none in the cluster: no {no} is its own",
                metadata.name
            ));
        }
    }
    let mut all = cluster.clone();
    found.spawners = found.spawners.into_iter().map(|it| as_stored(it, &all.spawners)).collect();
    put(&mut all.spawners, found.spawners, |it| &it.metadata);
    put(&mut all.workspaces, found.workspaces, |it| &it.metadata);
    put(&mut all.pools, found.pools, |it| &it.metadata);
    put(&mut all.namespaces, found.namespaces, |it| &it.metadata);
    Ok((all, is_of_none))
}

/// A TaskSpawner as the API server would have it after `kubectl apply`: the same object with the same uid.
fn as_stored(spawner: Arc<TaskSpawner>, stored: &[Arc<TaskSpawner>]) -> Arc<TaskSpawner> {
    let Some(stored) = stored.iter().find(|it| is_same(&it.metadata, &spawner.metadata)) else {
        return spawner;
    };
    let mut spawner = TaskSpawner::clone(&spawner);
    spawner.metadata.uid.clone_from(&stored.metadata.uid);
    spawner.metadata.creation_timestamp.clone_from(&stored.metadata.creation_timestamp);
    Arc::new(spawner)
}

fn put<T>(all: &mut Vec<T>, new: Vec<T>, meta: impl Fn(&T) -> &ObjectMeta) {
    all.retain(|old| !new.iter().any(|new| is_same(meta(old), meta(new))));
    all.extend(new);
}

fn is_same(one: &ObjectMeta, other: &ObjectMeta) -> bool {
    (&one.namespace, &one.name) == (&other.namespace, &other.name)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_that_are_about_none_of_the_cluster_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("spawners.yaml");
        let spawner = |name: &str| {
            format!(
                "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata: {{name: {name}, namespace: ns}}\n---\n"
            )
        };
        let mut cluster = Objects::default();
        let mut there = TaskSpawner::default();
        (there.metadata.name, there.metadata.namespace) = ("priority".into(), "ns".into());
        cluster.spawners.push(Arc::new(there));
        for (names, is_of_none) in
            [(&["pri0"][..], true), (&["priority"], false), (&["pri0", "priority"], false)]
        {
            let text: String = names.iter().map(|name| spawner(name)).collect();
            fs::write(&file, text).unwrap();
            let read =
                read((Shape::Task, std::slice::from_ref(&file)), "ns", Some("ns"), None, &cluster)
                    .unwrap();
            assert_eq!(read.1, is_of_none, "{names:?}");
        }
    }
}

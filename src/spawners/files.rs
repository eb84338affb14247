//! Objects out of manifests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use thiserror::Error;

use super::Objects;
use crate::engine::kelos::{GROUP, Namespace, ObjectMeta, TaskSpawner, Workspace, group_of};
use crate::manifests::{Manifest, ManifestError, Manifests};

/// The namespace of objects that name none, as for `kubectl apply`.
const DEFAULT_NAMESPACE: &str = "default";

/// A document that can't be used. It costs nothing but itself.
#[derive(Debug, Error)]
pub enum Unusable {
    /// It can't be read.
    #[error(transparent)]
    Unreadable(#[from] ManifestError),
    /// Its fields have other types than Kelos gives them.
    #[error("{}, line {line}: this is no {kind} as Kelos has it: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where the document begins.
        line: usize,
        /// Its kind.
        kind: String,
        /// What is wrong.
        message: String,
    },
    /// Two documents stand for one object.
    #[error("{}, line {line}: {kind} {namespace}/{name} is there twice; this one counts", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// Where the document begins.
        line: usize,
        /// Its kind.
        kind: String,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

/// The last good documents of each file.
#[derive(Debug, Default)]
pub struct FileObjects {
    good: BTreeMap<Arc<Path>, Vec<Manifest>>,
}

impl FileObjects {
    /// Takes what was read this time. A file with a document that can't be read keeps its last good
    /// documents, if it had some; a file that is gone is forgotten.
    pub fn update(&mut self, read: Manifests) -> (Objects, Vec<Unusable>) {
        let mut files: BTreeMap<Arc<Path>, Vec<Manifest>> = BTreeMap::new();
        for manifest in read.objects {
            files.entry(manifest.path.clone()).or_default().push(manifest);
        }
        for error in &read.errors {
            if let Some(last) = self.good.remove(&error.path) {
                files.insert(error.path.clone(), last);
            }
        }
        self.good = files;
        let mut unusable: Vec<Unusable> = read.errors.into_iter().map(Unusable::from).collect();
        let mut sorter = Sorter::default();
        for manifest in self.good.values().flatten() {
            if let Err(error) = sorter.take(manifest) {
                unusable.push(error);
            }
        }
        (sorter.objects(), unusable)
    }
}

/// Objects by kind, namespace and name.
#[derive(Default)]
struct Sorter {
    spawners: BTreeMap<(String, String), TaskSpawner>,
    workspaces: BTreeMap<(String, String), Workspace>,
    namespaces: BTreeMap<(String, String), Namespace>,
}

impl Sorter {
    fn take(&mut self, manifest: &Manifest) -> Result<(), Unusable> {
        let field = |name: &str| {
            manifest.object.get(name).and_then(|value| value.as_str()).unwrap_or_default()
        };
        match (group_of(field("apiVersion")), field("kind")) {
            (GROUP, kind @ "TaskSpawner") => {
                put(manifest, kind, &mut self.spawners, |o| &mut o.metadata)
            }
            (GROUP, kind @ "Workspace") => {
                put(manifest, kind, &mut self.workspaces, |o| &mut o.metadata)
            }
            ("", kind @ "Namespace") => {
                put(manifest, kind, &mut self.namespaces, |o| &mut o.metadata)
            }
            _ => Ok(()),
        }
    }

    fn objects(self) -> Objects {
        Objects {
            spawners: self.spawners.into_values().collect(),
            workspaces: self.workspaces.into_values().collect(),
            namespaces: self.namespaces.into_values().collect(),
        }
    }
}

fn put<T: DeserializeOwned>(
    manifest: &Manifest,
    kind: &str,
    into: &mut BTreeMap<(String, String), T>,
    meta: impl Fn(&mut T) -> &mut ObjectMeta,
) -> Result<(), Unusable> {
    let (path, line) = (Path::to_path_buf(&manifest.path), manifest.line);
    let malformed = |message: String| Unusable::Malformed {
        path: path.clone(),
        line,
        kind: kind.to_owned(),
        message,
    };
    let mut object: T = serde_json::from_value(manifest.object.clone())
        .map_err(|error| malformed(error.to_string()))?;
    let of_object = meta(&mut object);
    if of_object.name.is_empty() {
        return Err(malformed("`metadata.name` is missing".to_owned()));
    }
    if of_object.namespace.is_empty() {
        of_object.namespace = DEFAULT_NAMESPACE.to_owned();
    }
    let (namespace, name) = (of_object.namespace.clone(), of_object.name.clone());
    match into.insert((namespace.clone(), name.clone()), object) {
        None => Ok(()),
        Some(_) => Err(Unusable::Twice { path, line, kind: kind.to_owned(), namespace, name }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests;

    fn read(text: &str) -> Manifests {
        manifests::read_from("rules.yaml", text.as_bytes())
    }

    fn names(objects: &Objects) -> Vec<String> {
        let names = objects.spawners.iter().map(|spawner| &spawner.metadata);
        names.map(|meta| format!("{}/{}", meta.namespace, meta.name)).collect()
    }

    const ONE: &str = "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata: {name: a}\n";

    #[test]
    fn objects_of_no_namespace_are_in_the_default_one_and_other_kinds_are_left_out() {
        let text = format!(
            "{ONE}---\napiVersion: kelos.dev/v1alpha1\nkind: TaskSpawner\nmetadata: {{name: b, namespace: ns}}\n\
             ---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n\
             ---\napiVersion: example.com/v1\nkind: TaskSpawner\nmetadata: {{name: c}}\n"
        );
        let (objects, unusable) = FileObjects::default().update(read(&text));
        assert!(unusable.is_empty(), "{unusable:?}");
        assert_eq!(names(&objects), ["default/a", "ns/b"]);
    }

    #[test]
    fn a_document_that_can_not_be_used_is_told_with_its_line() {
        for (document, said) in [
            (
                "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata: {}\n",
                "`metadata.name` is missing",
            ),
            (
                "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata: {name: [x]}\n",
                "no TaskSpawner as Kelos has it",
            ),
            (ONE, "TaskSpawner default/a is there twice"),
        ] {
            let (objects, unusable) =
                FileObjects::default().update(read(&format!("{ONE}---\n{document}")));
            assert_eq!(names(&objects), ["default/a"]);
            let message = unusable[0].to_string();
            assert!(
                message.contains(said) && message.starts_with("rules.yaml, line "),
                "{message}"
            );
        }
    }

    #[test]
    fn the_last_good_documents_of_a_broken_file_stay() {
        let mut files = FileObjects::default();
        assert_eq!(names(&files.update(read(ONE)).0), ["default/a"]);
        let (objects, unusable) = files.update(read("apiVersion: [\n"));
        assert_eq!((names(&objects), unusable.len()), (vec!["default/a".to_owned()], 1));
        assert_eq!(names(&files.update(read("")).0), [] as [&str; 0]);
    }
}

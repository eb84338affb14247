//! Objects out of manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use thiserror::Error;

use super::Objects;
use crate::engine::kelos::{
    GROUP, Namespace, ObjectMeta, TaskSpawner, WorkerPool, Workspace, group_of,
};
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
        kind: &'static str,
        /// What is wrong.
        message: String,
    },
    /// Two documents stand for one object.
    #[error("{}, line {line}: {kind} {namespace}/{name} is there already; the first one counts", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// Where the document begins.
        line: usize,
        /// Its kind.
        kind: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

/// The last good objects of each file.
#[derive(Debug, Default)]
pub struct FileObjects {
    good: BTreeMap<Arc<Path>, Vec<Found>>,
}

/// An object, and the line on which its document begins.
#[derive(Clone, Debug)]
struct Found {
    line: usize,
    object: Object,
}

#[derive(Clone, Debug)]
enum Object {
    Spawner(Arc<TaskSpawner>),
    Workspace(Box<Workspace>),
    WorkerPool(Box<WorkerPool>),
    Namespace(Box<Namespace>),
}

impl FileObjects {
    /// Takes what was read this time. A file with a document that can't be used keeps its last good
    /// objects, if it had some; a file that is gone is forgotten.
    pub fn update(&mut self, read: Manifests) -> (Objects, Vec<Unusable>) {
        let mut broken: Vec<Arc<Path>> = read.errors.iter().map(|e| Arc::clone(&e.path)).collect();
        let mut unusable: Vec<Unusable> = read.errors.into_iter().map(Unusable::from).collect();
        let mut files: BTreeMap<Arc<Path>, Vec<Found>> = BTreeMap::new();
        for manifest in read.objects {
            let read = Object::read(&manifest);
            let Manifest { path, line, .. } = manifest;
            match read {
                Ok(Some(object)) => files.entry(path).or_default().push(Found { line, object }),
                Ok(None) => {}
                Err(error) => {
                    unusable.push(error);
                    broken.push(path);
                }
            }
        }
        // A folder that can't be listed counts for all that was in it.
        for (path, last) in std::mem::take(&mut self.good) {
            if broken.iter().any(|broken| path.starts_with(broken)) {
                files.insert(path, last);
            }
        }
        self.good = files;
        let mut objects = Objects::default();
        let mut seen = BTreeSet::new();
        for (path, found) in &self.good {
            for Found { line, object } in found {
                let (kind, meta) = object.meta();
                let (namespace, name) = (meta.namespace.clone(), meta.name.clone());
                if seen.insert((kind, namespace.clone(), name.clone())) {
                    object.clone().put(&mut objects);
                } else {
                    let (path, line) = (path.to_path_buf(), *line);
                    unusable.push(Unusable::Twice { path, line, kind, namespace, name });
                }
            }
        }
        (objects, unusable)
    }
}

impl Object {
    /// The object of a document, if it is of a kind that the rules need.
    fn read(manifest: &Manifest) -> Result<Option<Object>, Unusable> {
        let json = &manifest.json;
        let (kind, read) = match (group_of(&manifest.api_version), &*manifest.kind) {
            (GROUP, "TaskSpawner") => {
                let read = typed(json, |spawner: &mut TaskSpawner| &mut spawner.metadata);
                ("TaskSpawner", read.map(|spawner| Object::Spawner(Arc::new(spawner))))
            }
            (GROUP, "Workspace") => {
                let read = typed(json, |workspace: &mut Workspace| &mut workspace.metadata);
                ("Workspace", read.map(|workspace| Object::Workspace(Box::new(workspace))))
            }
            (GROUP, "WorkerPool") => {
                let read = typed(json, |pool: &mut WorkerPool| &mut pool.metadata);
                ("WorkerPool", read.map(|pool| Object::WorkerPool(Box::new(pool))))
            }
            ("", "Namespace") => {
                let read = typed(json, |namespace: &mut Namespace| &mut namespace.metadata);
                let outside_all = |mut namespace: Namespace| {
                    namespace.metadata.namespace.clear();
                    Object::Namespace(Box::new(namespace))
                };
                ("Namespace", read.map(outside_all))
            }
            _ => return Ok(None),
        };
        let (path, line) = (manifest.path.to_path_buf(), manifest.line);
        let malformed = |message| Unusable::Malformed { path, line, kind, message };
        read.map(Some).map_err(malformed)
    }

    fn meta(&self) -> (&'static str, &ObjectMeta) {
        match self {
            Object::Spawner(spawner) => ("TaskSpawner", &spawner.metadata),
            Object::Workspace(workspace) => ("Workspace", &workspace.metadata),
            Object::WorkerPool(pool) => ("WorkerPool", &pool.metadata),
            Object::Namespace(namespace) => ("Namespace", &namespace.metadata),
        }
    }

    fn put(self, objects: &mut Objects) {
        match self {
            Object::Spawner(spawner) => objects.spawners.push(spawner),
            Object::Workspace(workspace) => objects.workspaces.push(*workspace),
            Object::WorkerPool(pool) => objects.pools.push(*pool),
            Object::Namespace(namespace) => objects.namespaces.push(*namespace),
        }
    }
}

/// An object with a name and a namespace.
fn typed<T: DeserializeOwned>(
    json: &str,
    meta: impl Fn(&mut T) -> &mut ObjectMeta,
) -> Result<T, String> {
    let mut object: T = serde_json::from_str(json).map_err(|error| without_value(&error))?;
    let meta = meta(&mut object);
    if meta.name.is_empty() {
        return Err("`metadata.name` is missing".to_owned());
    }
    if meta.namespace.is_empty() {
        meta.namespace = DEFAULT_NAMESPACE.to_owned();
    }
    Ok(object)
}

/// What is wrong, without the value that is: it may be a credential. Nor is the place told, which is one
/// in the JSON that was made of the document.
fn without_value(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(&*text, |(what, _)| what);
    match what.rsplit_once(", expected ") {
        Some((_, expected)) => format!("a field is of another type than {expected}"),
        None => what.to_owned(),
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
            (
                "apiVersion: kelos.dev/v1alpha2\nkind: Workspace\nmetadata: {name: w}\nspec: 'u:p, expected x'\n",
                "no Workspace as Kelos has it: a field is of another type than struct WorkspaceSpec",
            ),
            (ONE, "TaskSpawner default/a is there already"),
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
        let folder = Manifests {
            errors: vec![ManifestError {
                path: Path::new("").into(),
                place: None,
                message: String::new(),
            }],
            ..Manifests::default()
        };
        assert_eq!(names(&files.update(folder).0), ["default/a"]);
        let malformed =
            "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata: {name: [x]}\n";
        assert_eq!(names(&files.update(read(malformed)).0), ["default/a"]);
        assert_eq!(names(&files.update(read("")).0), [] as [&str; 0]);
    }
}

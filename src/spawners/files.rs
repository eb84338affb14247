//! Objects out of manifests.

mod near_miss;
mod read;
mod type_slip;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use self::read::ReadObject;
pub use self::read::ReadObjects;
pub use self::type_slip::{text_slip, type_slip};
use super::Objects;
use crate::manifests::ManifestError;

/// A document that can't be used. It costs nothing but itself.
#[derive(Debug, Error)]
pub enum Unusable {
    /// It can't be read.
    #[error(transparent)]
    Unreadable(#[from] ManifestError),
    /// Its fields have other types than Kelos gives them.
    #[error("{}:{line}:1: this is no {kind} as Kelos has it: {message}", path.display())]
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
    /// It is of no kind that is read, and close to one that is.
    #[error("{}:{line}:1: {message}", path.display())]
    NearMiss {
        /// The file.
        path: PathBuf,
        /// Where the document begins.
        line: usize,
        /// What was probably meant.
        message: String,
    },
    /// Two documents stand for one object.
    #[error("{}:{line}:1: {kind} {namespace}/{name} is there already; the first one counts", path.display())]
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
    good: BTreeMap<Arc<Path>, Vec<ReadObject>>,
}

impl FileObjects {
    /// Takes what was read this time. A file with a document that can't be used keeps its last good
    /// objects, if it had some; a file that is gone is forgotten.
    pub fn update(&mut self, read: ReadObjects) -> (Objects, Vec<Unusable>) {
        let ReadObjects { mut files, broken, mut unusable, .. } = read;
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
            for ReadObject { line, object } in found {
                let (kind, meta) = object.meta();
                let (namespace, name) = (meta.namespace.clone(), meta.name.clone());
                if seen.insert((kind, namespace.clone(), name.clone())) {
                    object.clone().put(&mut objects);
                } else {
                    let (path, line) = (path.to_path_buf(), *line);
                    let (namespace, name) = (namespace.into(), name.into());
                    unusable.push(Unusable::Twice { path, line, kind, namespace, name });
                }
            }
        }
        (objects, unusable)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::manifests;

    fn read(text: &str) -> ReadObjects {
        let mut read = ReadObjects::default();
        manifests::read_from("rules.yaml", text.as_bytes(), |found| read.take(found));
        read
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
                "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata: {name: sessionspawners/a}\n",
                "`metadata.name` has a `/`: no object can be called so",
            ),
            (
                "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata: {name: [x]}\n",
                "no TaskSpawner as Kelos has it",
            ),
            (
                "apiVersion: kelos.dev/v1alpha2\nkind: Workspace\nmetadata: {name: w}\nspec: 'u:p, expected x'\n",
                "no Workspace as Kelos has it: a field is of another type than struct WorkspaceSpec",
            ),
            (
                "apiVersion: kelos.dev/v1alpha2\nkind: Workspace\nmetadata: {name: w}\nspec: 's3cret at line 5'\n",
                "no Workspace as Kelos has it: a field is of another type than struct WorkspaceSpec",
            ),
            (
                "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata: {name: s}\nspec: {when: {slack: [1]}}\n",
                "no TaskSpawner as Kelos has it: a list stands where a mapping belongs",
            ),
            (ONE, "TaskSpawner default/a is there already"),
        ] {
            let text = format!("{ONE}---\n{document}");
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("rules.yaml"), &text).unwrap();
            // As a command reads it, of its text, and as `serve` does, of its tree.
            for (read, file) in [
                (read(&text), "rules.yaml:".to_owned()),
                (
                    ReadObjects::of(folder.path()),
                    format!("{}/rules.yaml:", folder.path().display()),
                ),
            ] {
                let (objects, unusable) = FileObjects::default().update(read);
                assert_eq!(names(&objects), ["default/a"]);
                let message = unusable[0].to_string();
                assert!(message.contains(said) && message.starts_with(&file), "{message}");
                assert!(!message.contains("s3cret"), "{message}");
            }
        }
    }

    #[test]
    fn the_last_good_documents_of_a_broken_file_stay() {
        let mut files = FileObjects::default();
        assert_eq!(names(&files.update(read(ONE)).0), ["default/a"]);
        let (objects, unusable) = files.update(read("apiVersion: [\n"));
        assert_eq!((names(&objects), unusable.len()), (vec!["default/a".to_owned()], 1));
        let mut folder = ReadObjects::default();
        folder.take(Err(ManifestError {
            path: Path::new("").into(),
            place: None,
            message: String::new(),
            is_something_else: false,
        }));
        assert_eq!(names(&files.update(folder).0), ["default/a"]);
        let malformed =
            "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata: {name: [x]}\n";
        assert_eq!(names(&files.update(read(malformed)).0), ["default/a"]);
        assert_eq!(names(&files.update(read("")).0), [] as [&str; 0]);
    }
}

//! One reading of manifests: each object is typed as soon as it is found.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::Objects;
use super::Unusable;
use super::near_miss::near_miss;
use super::type_slip::slip_at;
use crate::engine::kelos::{
    GROUP, Namespace, ObjectMeta, SessionSpawner, TaskSpawner, WorkerPool, Workspace, group_of,
};
use crate::manifests::{self, Found, Manifest, ManifestError, Parsed};
use crate::templates::value::Text;

/// The namespace of objects that name none, as for `kubectl apply`.
const DEFAULT_NAMESPACE: &str = "default";

/// What one reading found, as [`FileObjects`](super::FileObjects) takes it. Of a document nothing is left
/// but the bounded object that the rules need.
#[derive(Debug)]
pub struct ReadObjects {
    /// The namespace of objects that name none.
    namespace: String,
    pub(super) files: BTreeMap<Arc<Path>, Vec<ReadObject>>,
    /// Files with a document that can't be used, and folders that can't be listed.
    pub(super) broken: Vec<Arc<Path>>,
    pub(super) unusable: Vec<Unusable>,
}

/// An object, and the line on which its document begins.
#[derive(Clone, Debug)]
pub(super) struct ReadObject {
    pub(super) line: usize,
    pub(super) object: Object,
}

/// An object as the rules need it: bounded, whatever its document says.
#[derive(Clone, Debug)]
pub(super) enum Object {
    Spawner(Arc<TaskSpawner>),
    Workspace(Box<Workspace>),
    WorkerPool(Box<WorkerPool>),
    Namespace(Box<Namespace>),
}

impl Default for ReadObjects {
    fn default() -> ReadObjects {
        ReadObjects::in_namespace(DEFAULT_NAMESPACE)
    }
}

impl ReadObjects {
    /// Nothing yet; objects that name no namespace will be in this one.
    pub fn in_namespace(namespace: &str) -> ReadObjects {
        ReadObjects {
            namespace: namespace.to_owned(),
            files: BTreeMap::new(),
            broken: Vec::new(),
            unusable: Vec::new(),
        }
    }

    /// Reads a folder with its subfolders, or a single file.
    pub fn of(path: &Path) -> ReadObjects {
        ReadObjects::but(path, None)
    }

    /// The same without a file that may lie there and is something else.
    pub fn but(path: &Path, other: Option<&Path>) -> ReadObjects {
        let mut read = ReadObjects::default();
        manifests::read_parsed(path, other, |found| match found {
            Ok(parsed) => {
                let Parsed { path, line, api_version, kind, object, .. } = parsed;
                read.put(&Given { path, line, api_version, kind, object: Json::Tree(&object) });
            }
            Err(error) => read.cannot_read(error),
        });
        read
    }

    /// Takes what was found. Objects of kinds that the rules don't need are left out.
    pub fn take(&mut self, found: Found) {
        match found {
            Ok(manifest) => {
                let Manifest { path, line, api_version, kind, json, .. } = manifest;
                self.put(&Given { path, line, api_version, kind, object: Json::Text(&json) });
            }
            Err(error) => self.cannot_read(error),
        }
    }

    fn put(&mut self, given: &Given<'_>) {
        let path = Arc::clone(&given.path);
        match given.read(&self.namespace) {
            Ok(Some(object)) => {
                self.files.entry(path).or_default().push(ReadObject { line: given.line, object });
            }
            Ok(None) => {}
            Err(error) => {
                self.broken.push(path);
                self.unusable.push(error);
            }
        }
    }

    fn cannot_read(&mut self, error: ManifestError) {
        self.broken.push(Arc::clone(&error.path));
        self.unusable.push(error.into());
    }
}

/// An object before its type is known.
struct Given<'g> {
    path: Arc<Path>,
    line: usize,
    api_version: Box<str>,
    kind: Box<str>,
    object: Json<'g>,
}

/// An object as it is there.
#[derive(Clone, Copy)]
enum Json<'g> {
    Text(&'g str),
    Tree(&'g Value),
}

impl Given<'_> {
    /// The object, if it is of a kind that the rules need.
    fn read(&self, namespace: &str) -> Result<Option<Object>, Unusable> {
        let json = self.object;
        let (kind, read) = match (group_of(&self.api_version), &*self.kind) {
            (GROUP, "TaskSpawner") => {
                let read =
                    typed(json, namespace, |spawner: &mut TaskSpawner| &mut spawner.metadata);
                ("TaskSpawner", read.map(|spawner| Object::Spawner(Arc::new(spawner))))
            }
            (GROUP, "SessionSpawner") => {
                let read =
                    typed(json, namespace, |spawner: &mut SessionSpawner| &mut spawner.metadata);
                ("SessionSpawner", read.map(|spawner| Object::Spawner(Arc::new(spawner.into()))))
            }
            (GROUP, "Workspace") => {
                let read =
                    typed(json, namespace, |workspace: &mut Workspace| &mut workspace.metadata);
                ("Workspace", read.map(|workspace| Object::Workspace(Box::new(workspace))))
            }
            (GROUP, "WorkerPool") => {
                let read = typed(json, namespace, |pool: &mut WorkerPool| &mut pool.metadata);
                ("WorkerPool", read.map(|pool| Object::WorkerPool(Box::new(pool))))
            }
            ("", "Namespace") => {
                let read =
                    typed(json, namespace, |namespace: &mut Namespace| &mut namespace.metadata);
                let outside_all = |mut namespace: Namespace| {
                    namespace.metadata.namespace = Text::default();
                    Object::Namespace(Box::new(namespace))
                };
                ("Namespace", read.map(outside_all))
            }
            _ => {
                let (path, line) = (self.path.to_path_buf(), self.line);
                return match near_miss(&self.api_version, &self.kind) {
                    Some(message) => Err(Unusable::NearMiss { path, line, message }),
                    None => Ok(None),
                };
            }
        };
        let (path, line) = (self.path.to_path_buf(), self.line);
        let malformed = |message| {
            let slip = slip_at(&self.path, line, &json.tree());
            Unusable::Malformed { path, line, kind, message: slip.unwrap_or(message) }
        };
        read.map(Some).map_err(malformed)
    }
}

impl<'g> Json<'g> {
    fn typed<T: DeserializeOwned>(self) -> serde_json::Result<T> {
        match self {
            Json::Text(text) => serde_json::from_str(text),
            Json::Tree(tree) => T::deserialize(tree),
        }
    }

    fn tree(self) -> Cow<'g, Value> {
        match self {
            Json::Text(text) => Cow::Owned(serde_json::from_str(text).unwrap_or_default()),
            Json::Tree(tree) => Cow::Borrowed(tree),
        }
    }
}

impl Object {
    pub(super) fn meta(&self) -> (&'static str, &ObjectMeta) {
        match self {
            Object::Spawner(spawner) => (spawner.makes.spawner(), &spawner.metadata),
            Object::Workspace(workspace) => ("Workspace", &workspace.metadata),
            Object::WorkerPool(pool) => ("WorkerPool", &pool.metadata),
            Object::Namespace(namespace) => ("Namespace", &namespace.metadata),
        }
    }

    pub(super) fn put(self, objects: &mut Objects) {
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
    json: Json<'_>,
    namespace: &str,
    meta: impl Fn(&mut T) -> &mut ObjectMeta,
) -> Result<T, String> {
    let mut object: T = json.typed().map_err(|error| without_value(&error))?;
    let meta = meta(&mut object);
    if meta.name.is_empty() {
        return Err("`metadata.name` is missing".to_owned());
    }
    // The cache tells the kinds of spawners apart by a slash.
    if meta.name.contains('/') {
        return Err("`metadata.name` has a `/`: no object can be called so".to_owned());
    }
    if meta.namespace.is_empty() {
        meta.namespace = namespace.into();
    }
    Ok(object)
}

/// What is wrong, without the value that is: it may be a credential. Nor is the place told, which is one
/// in the JSON that was made of the document.
fn without_value(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // Of a tree no line is told: what looks like one is of the value.
    let place = (error.line() > 0).then(|| text.rsplit_once(" at line ")).flatten();
    let what = place.map_or(&*text, |(what, _)| what);
    // serde takes a list for the fields of a mapping in their order.
    if what == "trailing characters" || what.starts_with("invalid length ") {
        return "a list stands where a mapping belongs".to_owned();
    }
    match what.rsplit_once(", expected ") {
        Some((_, expected)) => format!("a field is of another type than {expected}"),
        None => what.to_owned(),
    }
}

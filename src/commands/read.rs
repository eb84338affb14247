//! What the files of one call say.

mod booleans;
pub(super) mod written;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use self::written::{Written, spawner};
use super::read_manifests;
use crate::engine::kelos::{Shape, group_of};
use crate::manifests::{Found, Manifest};
use crate::spawners::ReadObjects;

/// What the files say.
pub(super) struct Read {
    pub(super) objects: ReadObjects,
    pub(super) written: Written,
    /// The files with something in them that can't be read.
    pub(super) unreadable: Vec<Arc<Path>>,
    /// The Tasks and Sessions.
    pub(super) tasks: Vec<Manifest>,
    /// The TaskSpawners and SessionSpawners, where they are wanted as they are written.
    pub(super) spawners: Vec<Manifest>,
    /// The MutatingWebhookConfigurations.
    pub(super) registrations: Vec<Manifest>,
    /// Whether something could not be read.
    pub(super) failed: bool,
}

/// What to read.
pub(super) struct Files<'f> {
    pub(super) paths: &'f [PathBuf],
    /// The namespace of objects that name none.
    pub(super) namespace: &'f str,
    /// A file of defaults, which is no manifest and may lie among them.
    pub(super) defaults: Option<&'f Path>,
    /// Whether TaskSpawners are wanted as they are written.
    pub(super) keeps_spawners: bool,
}

impl Files<'_> {
    /// Reads all of them.
    pub(super) fn read(&self) -> Read {
        let mut read = Read {
            objects: ReadObjects::in_namespace(self.namespace),
            written: BTreeMap::new(),
            unreadable: Vec::new(),
            tasks: Vec::new(),
            spawners: Vec::new(),
            registrations: Vec::new(),
            failed: false,
        };
        for path in self.paths {
            read_manifests(path, self.defaults, |found| {
                if let Ok(manifest) = &found {
                    booleans::tell(manifest);
                }
                self.take(found, &mut read);
            });
        }
        read
    }

    fn take(&self, found: Found, read: &mut Read) {
        match found {
            Ok(manifest) if is_made(&manifest) => read.tasks.push(manifest),
            Ok(manifest) if is_registration(&manifest) => read.registrations.push(manifest),
            found => {
                read.failed |= found.is_err();
                read.unreadable.extend(found.as_ref().err().map(|it| it.path.clone()));
                let spawner = found.as_ref().ok().and_then(|it| spawner(it, self.namespace));
                read.written.extend(spawner);
                if let Ok(manifest) = &found
                    && self.keeps_spawners
                    && Shape::of_spawner(group_of(&manifest.api_version), &manifest.kind).is_some()
                {
                    read.spawners.push(manifest.clone());
                }
                read.objects.take(found);
            }
        }
    }
}

/// The namespace that an object says, or the one of all that say none.
pub(super) fn namespace_of<'o>(object: &'o Value, default: &'o str) -> &'o str {
    let metadata = object.get("metadata");
    let said = metadata.and_then(|meta| meta.get("namespace")?.as_str());
    said.filter(|namespace| !namespace.is_empty()).unwrap_or(default)
}

/// Whether it is a Task or a Session.
fn is_made(manifest: &Manifest) -> bool {
    Shape::of_kind(group_of(&manifest.api_version), &manifest.kind).is_some()
}

fn is_registration(manifest: &Manifest) -> bool {
    group_of(&manifest.api_version) == "admissionregistration.k8s.io"
        && &*manifest.kind == "MutatingWebhookConfiguration"
}

//! What the files of one call say.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::super::read_manifests;
use super::super::stdio::complain;
use super::booleans;
use super::written::{Written, spawner};
use crate::cli::RenderArgs;
use crate::engine::kelos::{GROUP, group_of};
use crate::manifests::Manifest;
use crate::spawners::ReadObjects;

/// What the files say.
pub(super) struct Read {
    pub(super) objects: ReadObjects,
    pub(super) written: Written,
    /// The files with something in them that can't be read.
    pub(super) unreadable: Vec<Arc<Path>>,
    pub(super) tasks: Vec<Manifest>,
    /// The TaskSpawners, where Tasks are made of them or one is chosen.
    pub(super) spawners: Vec<Manifest>,
    /// Whether something could not be read.
    pub(super) failed: bool,
}

impl Read {
    /// Reads all of them.
    pub(super) fn all(args: &RenderArgs) -> Read {
        let mut read = Read {
            objects: ReadObjects::in_namespace(&args.namespace),
            written: BTreeMap::new(),
            unreadable: Vec::new(),
            tasks: Vec::new(),
            spawners: Vec::new(),
            failed: false,
        };
        let is_made = args.makes_tasks();
        let mut others = 0;
        for path in &args.filename {
            read_manifests(path, args.policy.defaults.as_deref(), |found| {
                if let Ok(manifest) = &found {
                    booleans::tell(manifest);
                    others += usize::from(is_of_kelos(manifest, "SessionSpawner"));
                }
                match found {
                    Ok(manifest) if is_of_kelos(&manifest, "Task") => {
                        read.tasks.extend((!is_made).then_some(manifest));
                    }
                    found => {
                        read.failed |= found.is_err();
                        read.unreadable.extend(found.as_ref().err().map(|it| it.path.clone()));
                        let spawner =
                            found.as_ref().ok().and_then(|it| spawner(it, &args.namespace));
                        read.written.extend(spawner);
                        if let Ok(manifest) = &found
                            && (is_made || args.spawner.is_some())
                            && is_of_kelos(manifest, "TaskSpawner")
                        {
                            read.spawners.push(manifest.clone());
                        }
                        read.objects.take(found);
                    }
                }
            });
        }
        if others > 0 {
            complain(format_args!(
                "{others} SessionSpawner{} passed over: Tasks of TaskSpawners are shown",
                if others == 1 { " is" } else { "s are" }
            ));
        }
        read
    }
}

fn is_of_kelos(manifest: &Manifest, kind: &str) -> bool {
    group_of(&manifest.api_version) == GROUP && &*manifest.kind == kind
}

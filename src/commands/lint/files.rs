//! The files of one call: their texts, and the objects in them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::object::{Object, Read, Written, makes_of};
use super::unread::Unread;
use crate::engine::kelos::{GROUP, Shape, group_of};
use crate::manifests::{self, BYTE_ORDER_MARK, Found, Manifest, ManifestError};
use crate::templates::suggest::closest;

/// What stands for the path of standard input.
const STREAM: &str = "<stdin>";

/// The files that were read.
#[derive(Default)]
pub(super) struct Files {
    pub(super) all: Vec<SourceFile>,
    /// Files and folders that can't be read.
    unread: Vec<Unread>,
}

/// A file and its text.
pub(super) struct SourceFile {
    pub(super) path: Arc<Path>,
    /// What it says, behind a byte-order mark.
    pub(super) text: String,
    pub(super) has_mark: bool,
    /// Whether it is standard input.
    pub(super) is_stream: bool,
    /// Whether all its documents can be read.
    pub(super) is_sound: bool,
    /// Whether it was to be written and could not be.
    pub(super) is_unwritable: bool,
}

impl Files {
    /// Reads all files that these paths stand for, each once.
    pub(super) fn read(paths: &[&PathBuf], defaults: Option<&Path>) -> Files {
        let mut files = Files::default();
        for path in paths {
            if path.as_path() == Path::new("-") {
                let path = Arc::from(Path::new(STREAM));
                let text = manifests::stream_text(&path, io::stdin().lock());
                files.take(path, text, true);
                continue;
            }
            for file in manifests::files(path, defaults) {
                match file {
                    Ok(path) if files.all.iter().any(|it| it.path == path) => {}
                    Ok(path) => files.take(Arc::clone(&path), manifests::text(&path), false),
                    Err(error) => files.unread.push(error.into()),
                }
            }
        }
        files
    }

    /// One file, of which the text is known.
    #[cfg(test)]
    pub(super) fn of(path: &Path, text: &str) -> Files {
        let mut files = Files::default();
        files.take(path.into(), Ok(text.to_owned()), false);
        files
    }

    fn take(&mut self, path: Arc<Path>, text: Result<String, ManifestError>, is_stream: bool) {
        match text {
            Ok(mut text) => {
                let has_mark = text.starts_with(BYTE_ORDER_MARK);
                if has_mark {
                    text.drain(..BYTE_ORDER_MARK.len_utf8());
                }
                self.all.push(SourceFile {
                    path,
                    text,
                    has_mark,
                    is_stream,
                    is_sound: true,
                    is_unwritable: false,
                });
            }
            Err(error) => self.unread.push(error.into()),
        }
    }

    pub(super) fn has_stream(&self) -> bool {
        self.all.iter().any(|file| file.is_stream)
    }

    /// The objects in the files, and what can't be read of them. What stands beside them, other kinds and what is no
    /// manifest, is passed over.
    pub(super) fn objects(&mut self, namespace: &str) -> Read {
        let mut read = Read { unread: self.unread.clone(), ..Read::default() };
        for (number, file) in self.all.iter_mut().enumerate() {
            let mut errors = Vec::new();
            // Whoever lints a repository lints the sources of its charts, too: they are no YAML yet.
            let is_passed_over = |error: &ManifestError| match file.is_stream {
                true => error.is_something_else,
                false => error.is_passed_over(&file.text, GROUP),
            };
            let mut is_sound = true;
            manifests::parse(&file.path, &file.text, |found| match found {
                Ok(manifest) => read.take_manifest(manifest, number, namespace),
                Err(error) => {
                    is_sound &= error.is_something_else;
                    errors.extend((!is_passed_over(&error)).then_some(error));
                }
            });
            for error in &mut errors {
                error.message += hint(&file.text);
            }
            file.is_sound = is_sound;
            read.unread.extend(errors.into_iter().map(Unread::from));
        }
        read
    }
}

/// What helps where a file is a template of Helm.
fn hint(text: &str) -> &'static str {
    let is_helm = [".Values", ".Release", "include \"", "{{-"].iter().any(|it| text.contains(it));
    if is_helm {
        " (a template of Helm? lint what it gives: `helm template … | kelos-metadata lint -f -`)"
    } else {
        ""
    }
}

/// Which spawner is meant by this type: also where a letter of it is wrong, so that no spawner is passed over in
/// silence. What the type should be is told when it is linted.
fn meant(api_version: &str, kind: &str) -> Option<Shape> {
    let group = group_of(api_version);
    let is_near_group = group == GROUP
        || group.ends_with(".kelos.dev")
        || group.is_empty()
        || closest(group, [GROUP]).is_some();
    if let Some(exact) = makes_of(kind) {
        return Some(exact).filter(|_| is_near_group);
    }
    let near = closest(kind, Shape::ALL.map(Shape::spawner))?;
    makes_of(near).filter(|_| group == GROUP)
}

impl Read {
    fn take_manifest(&mut self, manifest: Manifest, file: usize, namespace: &str) {
        if let Some(makes) = meant(&manifest.api_version, &manifest.kind) {
            let Manifest { line, document, items, json, .. } = manifest;
            let written = Written { file, line, document, items };
            self.objects.push(Object::new(makes, json, namespace, Some(written)));
        } else if group_of(&manifest.api_version) == GROUP && &*manifest.kind == "TaskBudget" {
            self.take_budget(&manifest.json, namespace);
        }
    }
}

/// What the documents of a text say: each object as JSON, or what is wrong.
pub(super) fn contents(path: &Arc<Path>, text: &str) -> Vec<Result<Manifest, String>> {
    let mut all = Vec::new();
    let mut take = |found: Found| all.push(found.map_err(|error| error.message));
    manifests::parse(path, text, &mut take);
    all
}

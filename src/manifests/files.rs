//! Which files a path stands for, and whether they have changed.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Format, cannot_read};
use crate::watch::Stamp;

/// How many folders deep a tree is followed.
const MAX_DEPTH: usize = 32;

/// A file that holds manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) path: PathBuf,
    stamp: Stamp,
}

/// What is in the way of finding files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unlisted {
    pub(super) path: PathBuf,
    pub(super) message: String,
}

/// The files of a path, in the order of their names, and what is in the way of finding more where it
/// would be.
///
/// Two listings are equal when nothing has changed in between, as far as the file system tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) files: Vec<Result<Listed, Unlisted>>,
    folders: HashSet<(u64, u64)>,
}

/// Lists the files that `root` stands for.
pub(super) fn list(root: &Path) -> Listing {
    let mut listing = Listing::default();
    match fs::metadata(root) {
        Ok(metadata) if metadata.is_dir() => listing.folder(root, &metadata, 0),
        // A pipe is fine where somebody names it: `-f <(generate)`.
        Ok(metadata) => listing.file(root.to_owned(), &metadata),
        Err(error) => listing.error(root, cannot_read(&error)),
    }
    listing
}

impl Listing {
    fn file(&mut self, path: PathBuf, metadata: &Metadata) {
        self.files.push(Ok(Listed { path, stamp: Stamp::of(metadata) }));
    }

    fn error(&mut self, path: &Path, message: String) {
        self.files.push(Err(Unlisted { path: path.to_owned(), message }));
    }

    /// Adds the files of a folder that was not visited yet: links can lead in circles.
    fn folder(&mut self, path: &Path, metadata: &Metadata, depth: usize) {
        if !self.folders.insert((metadata.dev(), metadata.ino())) {
            return;
        }
        if depth > MAX_DEPTH {
            return self.error(path, format!("more than {MAX_DEPTH} folders deep: not read"));
        }
        let names = fs::read_dir(path)
            .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
        let mut names: Vec<_> = match names {
            Ok(names) => names,
            Err(error) => return self.error(path, cannot_read(&error)),
        };
        names.sort_unstable();
        for name in names {
            if !name.as_encoded_bytes().starts_with(b".") {
                self.entry(path.join(name), depth);
            }
        }
    }

    fn entry(&mut self, path: PathBuf, depth: usize) {
        let is_manifest = Format::of(&path).is_some();
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => self.folder(&path, &metadata, depth + 1),
            Ok(metadata) if is_manifest && metadata.is_file() => self.file(path, &metadata),
            Ok(_) if is_manifest => self.error(&path, "not a regular file".to_owned()),
            Err(error) if is_manifest => self.error(&path, cannot_read(&error)),
            _ => (),
        }
    }
}

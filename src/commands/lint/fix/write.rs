//! Writes a file so that it is the old one or the new one, whenever somebody looks.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use super::super::files::SourceFile;
use crate::manifests::BYTE_ORDER_MARK;

/// How many names are tried for the file that becomes the new one.
const MOST_NAMES: u32 = 100;

/// Until the new file is whole and has the mode of the old one, nobody else reads it.
const OWN: u32 = 0o600;

/// Writes the text of a file in its place, with its mode, owner and group, if it still says what it did `before`.
/// Where the path is a link, what it leads to is written.
///
/// # Errors
///
/// What is in the way. Then nothing was changed.
pub(super) fn replace(file: &SourceFile, before: &str) -> io::Result<()> {
    let path = fs::canonicalize(&file.path)?;
    let metadata = fs::metadata(&path)?;
    if metadata.permissions().readonly() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let (mut new, beside) = create_beside(&path)?;
    let written = (|| {
        new.write_all(&bytes(file, &file.text))?;
        keep_owner(&new, &metadata)?;
        new.set_permissions(Permissions::clone(&metadata.permissions()))?;
        new.sync_all()?;
        if fs::read(&path)? != bytes(file, before) {
            let why = "it was changed meanwhile, and stays so: call it again";
            return Err(io::Error::other(why));
        }
        fs::rename(&beside, &path)
    })();
    if written.is_err() {
        // It is in the way of nobody; what went wrong is told.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// A text as it stands in the file.
fn bytes(file: &SourceFile, text: &str) -> Vec<u8> {
    let mark = if file.has_mark { BYTE_ORDER_MARK.to_string() } else { String::new() };
    (mark + text).into_bytes()
}

/// Gives a new file the owner and the group of the old one, where they are not its own anyway.
fn keep_owner(new: &File, old: &Metadata) -> io::Result<()> {
    let own = new.metadata()?;
    let differs = |old: u32, own: u32| (old != own).then_some(old);
    let (user, group) = (differs(old.uid(), own.uid()), differs(old.gid(), own.gid()));
    if user.is_none() && group.is_none() {
        return Ok(());
    }
    fchown(new, user, group).map_err(|_| {
        io::Error::other("it is another user's or group's, and only they can write it as theirs")
    })
}

/// A new file in the folder of another one: only within a file system can it take its place.
fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for number in 0..MOST_NAMES {
        let beside = path.with_file_name(format!(".{name}.{}-{number}", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).mode(OWN).open(&beside) {
            Ok(file) => return Ok((file, beside)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(path: &Path, text: &str) -> SourceFile {
        SourceFile {
            path: path.into(),
            text: text.to_owned(),
            has_mark: false,
            is_stream: false,
            is_sound: true,
            is_unwritable: false,
        }
    }

    #[test]
    fn what_was_written_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.yaml");
        fs::write(&path, "b").unwrap();
        let error = replace(&file(&path, "c"), "a").unwrap_err();
        assert!(error.to_string().contains("changed meanwhile"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "b");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left there");
        replace(&file(&path, "c"), "b").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "c");
    }

    #[test]
    fn until_it_is_whole_nobody_else_reads_the_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let (new, beside) = create_beside(&folder.path().join("w.yaml")).unwrap();
        assert_eq!(new.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(beside.exists());
    }

    /// Only a superuser gives files away; elsewhere the group of a process is one of few.
    #[test]
    fn the_owner_and_the_group_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.yaml");
        fs::write(&path, "a").unwrap();
        let is_given = std::os::unix::fs::chown(&path, Some(12_345), Some(54_321)).is_ok();
        let owner = |it: &Metadata| (it.uid(), it.gid(), it.mode());
        let before = owner(&fs::metadata(&path).unwrap());
        assert!(!is_given || before.0 == 12_345);
        replace(&file(&path, "b"), "a").unwrap();
        assert_eq!(owner(&fs::metadata(&path).unwrap()), before);
        assert_eq!(fs::read_to_string(&path).unwrap(), "b");
    }
}

//! Writes a file so that it is the old one or the new one, whenever somebody looks.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::path::Path;

use super::super::files::SourceFile;
use crate::manifests::BYTE_ORDER_MARK;

/// How many names are tried for the file that becomes the new one.
const MOST_NAMES: u32 = 100;

/// Writes the text of a file in its place, with its mode. Where the path is a link, what it leads to is written.
pub(super) fn replace(file: &SourceFile) -> io::Result<()> {
    let path = fs::canonicalize(&file.path)?;
    let metadata = fs::metadata(&path)?;
    if metadata.permissions().readonly() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let (mut new, beside) = create_beside(&path)?;
    let written = (|| {
        if file.has_mark {
            new.write_all(BYTE_ORDER_MARK.encode_utf8(&mut [0; 4]).as_bytes())?;
        }
        new.write_all(file.text.as_bytes())?;
        new.set_permissions(Permissions::clone(&metadata.permissions()))?;
        new.sync_all()?;
        fs::rename(&beside, &path)
    })();
    if written.is_err() {
        // It is in the way of nobody; what went wrong is told.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// A new file in the folder of another one: only within a file system can it take its place.
fn create_beside(path: &Path) -> io::Result<(File, std::path::PathBuf)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for number in 0..MOST_NAMES {
        let beside = path.with_file_name(format!(".{name}.{}-{number}", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&beside) {
            Ok(file) => return Ok((file, beside)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

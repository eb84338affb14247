//! Kubernetes manifests from a folder, a file or a reader.
//!
//! YAML and JSON, several documents a file, lists flattened. What can't be read is reported with
//! file and line, and costs nothing but itself. Whoever reads is given one object at a time, so that a
//! folder takes no more memory than its largest file and what is kept of the rest.

mod documents;
mod files;
mod locate;
mod watch;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use self::documents::read_documents;
pub use self::locate::Located;
pub use self::watch::watch;

/// The largest file that is read.
pub const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;

/// One object, and where it was found.
///
/// It comes as text: a tree of it would take six times as much.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The file, as it was reached from the path that was given.
    pub path: Arc<Path>,
    /// The line on which its document begins, from 1; for an item of a list, the list's line.
    pub line: usize,
    /// Its `apiVersion`.
    pub api_version: Box<str>,
    /// Its `kind`.
    pub kind: Box<str>,
    /// The object as JSON.
    pub json: Box<str>,
}

impl Manifest {
    /// The object as a tree.
    pub fn object(&self) -> Value {
        serde_json::from_str(&self.json).unwrap_or_default()
    }
}

/// A place in a file; both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// What could not be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestError {
    /// The file or folder.
    pub path: Arc<Path>,
    /// Where in the file; `None` when the file as a whole is meant.
    pub place: Option<Place>,
    /// What is wrong, in a clause without a full stop.
    pub message: String,
}

impl fmt::Display for ManifestError {
    /// Writes `path:line:column: message`, which editors and terminals can follow.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(Place { line, column }) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ManifestError {}

/// What is found in a file: an object, or what could not be read.
pub type Found = Result<Manifest, ManifestError>;

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Yaml,
    Json,
}

impl Format {
    /// The format that the name of a file stands for.
    fn of(path: &Path) -> Option<Format> {
        let extension = path.extension()?;
        if extension.eq_ignore_ascii_case("json") {
            Some(Format::Json)
        } else if ["yaml", "yml"].iter().any(|yaml| extension.eq_ignore_ascii_case(yaml)) {
            Some(Format::Yaml)
        } else {
            None
        }
    }
}

/// Reads a folder with its subfolders, or a single file.
///
/// In a folder, `.yaml`, `.yml` and `.json` files count; names that begin with a dot do not, which
/// also makes sure that a mounted ConfigMap is read once, through the links that its keys are.
/// Links are followed. A single file is read whatever its name. A folder that is changed meanwhile
/// may be seen half in its old, half in its new state: [`watch`] reads it again then.
///
/// `found` is called with what is there by file in the order of their names, then in the order of the
/// file.
pub fn read(path: &Path, found: impl FnMut(Found)) {
    read_but(path, None, found);
}

/// The same without a file that may lie there and is something else.
pub fn read_but(path: &Path, other: Option<&Path>, mut found: impl FnMut(Found)) {
    let other = other.and_then(|other| other.canonicalize().ok());
    let is_other = |path: &Path| other.is_some() && path.canonicalize().ok() == other;
    let mut reading = Reading { found: &mut found };
    for listed in files::list(path).files {
        match listed {
            Ok(file) if is_other(&file.path) => {}
            Ok(file) => reading.read_file(&file.path),
            Err(unlisted) => reading.error(&unlisted.path.into(), None, unlisted.message),
        }
    }
}

/// Reads from a stream, such as standard input, as [`read`] does; `name` stands for the path in what is
/// reported.
///
/// JSON is told from YAML by its first character.
pub fn read_from(name: &str, reader: impl Read, mut found: impl FnMut(Found)) {
    let path = Arc::from(PathBuf::from(name));
    Reading { found: &mut found }.read_stream(&path, reader, None, Vec::new());
}

/// One reading, and who is given what it finds.
struct Reading<'f> {
    found: &'f mut dyn FnMut(Found),
}

impl Reading<'_> {
    fn read_file(&mut self, path: &Path) {
        let shared = Arc::from(path);
        match File::open(path) {
            Ok(file) => {
                // A buffer that has to grow holds its bytes twice while they are copied.
                let bytes = file.metadata().map_or(0, |metadata| metadata.len());
                let bytes = Vec::with_capacity(bytes.min(MAX_FILE_BYTES) as usize);
                self.read_stream(&shared, file, Format::of(path), bytes);
            }
            Err(error) => self.error(&shared, None, cannot_read(&error)),
        }
    }

    /// Reads a stream into `bytes`, which are empty, and what they say.
    fn read_stream(
        &mut self,
        path: &Arc<Path>,
        reader: impl Read,
        format: Option<Format>,
        mut bytes: Vec<u8>,
    ) {
        if let Err(error) = reader.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes) {
            return self.error(path, None, cannot_read(&error));
        }
        if bytes.len() as u64 > MAX_FILE_BYTES {
            let mebibytes = MAX_FILE_BYTES / (1024 * 1024);
            return self.error(path, None, format!("larger than {mebibytes} MiB: split it"));
        }
        match str::from_utf8(&bytes) {
            Ok(text) => {
                let text = text.strip_prefix('\u{feff}').unwrap_or(text);
                read_documents(self, path, text, format);
            }
            Err(error) => {
                let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
                let place = documents::end_of(&valid);
                self.error(path, Some(place), "not UTF-8 text".to_owned());
            }
        }
    }

    fn error(&mut self, path: &Arc<Path>, place: Option<Place>, message: String) {
        (self.found)(Err(ManifestError { path: Arc::clone(path), place, message }));
    }
}

fn cannot_read(error: &io::Error) -> String {
    format!("cannot be read: {error}")
}

#[cfg(test)]
mod tests;

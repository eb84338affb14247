//! Kubernetes manifests from a folder, a file or a reader.
//!
//! YAML and JSON, several documents a file, lists flattened. What can't be read is reported with
//! file and line, and costs nothing but itself. Whoever reads is given one object at a time, so that a
//! folder takes no more memory than its largest file and what is kept of the rest.

mod documents;
mod files;
mod locate;
mod scalar;
mod spelling;
mod watch;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use self::documents::read_documents;
pub use self::locate::Located;
pub use self::scalar::{Scalar, Style};
pub use self::spelling::Spelling;
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
    /// The bytes of its document in the text of the file, behind a byte-order mark.
    pub document: Range<usize>,
    /// Its number in the list that the document is, from 0, and in the list that this is an item of; empty for an
    /// object that is the document.
    pub items: Box<[usize]>,
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

/// One object as it was read, and where: a [`Manifest`] for whoever keeps it.
#[derive(Debug)]
pub struct Parsed {
    /// As that of a [`Manifest`].
    pub path: Arc<Path>,
    /// As that of a [`Manifest`].
    pub line: usize,
    document: Range<usize>,
    items: Box<[usize]>,
    /// Its `apiVersion`.
    pub api_version: Box<str>,
    /// Its `kind`.
    pub kind: Box<str>,
    /// The object.
    pub object: Value,
}

impl From<Parsed> for Manifest {
    fn from(parsed: Parsed) -> Manifest {
        let Parsed { path, line, document, items, api_version, kind, object } = parsed;
        // It never fails: the keys of a tree are texts.
        let json = serde_json::to_string(&object).unwrap_or_default().into();
        Manifest { path, line, document, items, api_version, kind, json }
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
    /// Whether it can be read, and is no manifest: something else lies there.
    pub is_something_else: bool,
}

impl ManifestError {
    /// Whether it is nothing to whoever looks for objects of a group: something else lies there, or the text of the
    /// file, which can't be read, does not name the group.
    pub fn is_passed_over(&self, text: &str, group: &str) -> bool {
        self.is_something_else || !text.contains(group)
    }
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

/// What editors of another system may begin a file with.
pub const BYTE_ORDER_MARK: char = '\u{feff}';

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

/// Reads manifests for a group of APIs where other things lie, too: in a repository, which has Kustomizations, values
/// and the sources of charts.
///
/// What can be read and is no manifest is passed over, and so is what can't be read and does not name the group. A
/// single file that is meant is told of: see [`read_but`].
pub fn read_among_others(
    path: &Path,
    other: Option<&Path>,
    group: &str,
    mut found: impl FnMut(Found),
) {
    if !path.is_dir() {
        return read_but(path, other, found);
    }
    for file in files(path, other) {
        match file.and_then(|path| Ok((text(&path)?, path))) {
            Ok((text, path)) => parse(&path, &text, |it| match it {
                Err(error) if error.is_passed_over(&text, group) => {}
                it => found(it),
            }),
            Err(error) => found(Err(error)),
        }
    }
}

/// Reads as [`read`] does, without a file that may lie there and is something else.
pub fn read_but(path: &Path, other: Option<&Path>, mut found: impl FnMut(Found)) {
    read_parsed(path, other, |parsed| found(parsed.map(Manifest::from)));
}

/// Reads as [`read_but`] does, for whoever keeps no object.
pub fn read_parsed(
    path: &Path,
    other: Option<&Path>,
    mut found: impl FnMut(Result<Parsed, ManifestError>),
) {
    for file in files(path, other) {
        match file.and_then(|path| Ok((text(&path)?, path))) {
            Ok((text, path)) => parse_with(&path, &text, &mut found),
            Err(error) => found(Err(error)),
        }
    }
}

/// The files that a path stands for, as [`read_but`] reads them.
pub fn files(
    path: &Path,
    other: Option<&Path>,
) -> impl Iterator<Item = Result<Arc<Path>, ManifestError>> {
    let other = other.and_then(|other| other.canonicalize().ok());
    let is_other = move |path: &Path| other.is_some() && path.canonicalize().ok() == other;
    files::list(path).files.into_iter().filter_map(move |listed| match listed {
        Ok(file) if is_other(&file.path) => None,
        Ok(file) => Some(Ok(file.path.into())),
        Err(unlisted) => Some(Err(error(&unlisted.path.into(), None, unlisted.message))),
    })
}

/// The text of a file.
///
/// # Errors
///
/// When it can't be read, has more than [`MAX_FILE_BYTES`], or is no text.
pub fn text(path: &Arc<Path>) -> Result<String, ManifestError> {
    let file = File::open(path).map_err(|cause| error(path, None, cannot_read(&cause)))?;
    // A buffer that has to grow holds its bytes twice while they are copied.
    let bytes = file.metadata().map_or(0, |metadata| metadata.len());
    let bytes = Vec::with_capacity(bytes.min(MAX_FILE_BYTES) as usize);
    text_from(path, file, bytes)
}

/// The text of a stream, such as standard input; `path` stands for it in what is reported.
///
/// # Errors
///
/// As [`text`].
pub fn stream_text(path: &Arc<Path>, reader: impl Read) -> Result<String, ManifestError> {
    text_from(path, reader, Vec::new())
}

/// Reads a stream into `bytes`, which are empty.
fn text_from(
    path: &Arc<Path>,
    reader: impl Read,
    mut bytes: Vec<u8>,
) -> Result<String, ManifestError> {
    if let Err(cause) = reader.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes) {
        return Err(error(path, None, cannot_read(&cause)));
    }
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let mebibytes = MAX_FILE_BYTES / (1024 * 1024);
        return Err(error(path, None, format!("larger than {mebibytes} MiB: split it")));
    }
    String::from_utf8(bytes).map_err(|cause| {
        let valid = cause.utf8_error().valid_up_to();
        let valid = String::from_utf8_lossy(&cause.as_bytes()[..valid]);
        error(path, Some(documents::end_of(&valid)), "not UTF-8 text".to_owned())
    })
}

/// Reads the documents of a text, as [`read`] does those of a file of this name: JSON is told from YAML by the
/// extension, without one by the first character.
pub fn parse(path: &Arc<Path>, text: &str, mut found: impl FnMut(Found)) {
    parse_with(path, text, &mut |parsed| found(parsed.map(Manifest::from)));
}

fn parse_with(path: &Arc<Path>, text: &str, found: &mut dyn FnMut(Result<Parsed, ManifestError>)) {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    read_documents(&mut Reading { found }, path, text, Format::of(path));
}

/// Reads from a stream, such as standard input, as [`read`] does; `name` stands for the path in what is
/// reported.
///
/// JSON is told from YAML by its first character.
pub fn read_from(name: &str, reader: impl Read, mut found: impl FnMut(Found)) {
    let path = Arc::from(PathBuf::from(name));
    match stream_text(&path, reader) {
        Ok(text) => parse(&path, &text, found),
        Err(error) => found(Err(error)),
    }
}

/// One reading, and who is given what it finds.
struct Reading<'f> {
    found: &'f mut dyn FnMut(Result<Parsed, ManifestError>),
}

impl Reading<'_> {
    fn error(&mut self, path: &Arc<Path>, place: Option<Place>, message: String) {
        (self.found)(Err(error(path, place, message)));
    }
}

fn error(path: &Arc<Path>, place: Option<Place>, message: String) -> ManifestError {
    ManifestError { path: Arc::clone(path), place, message, is_something_else: false }
}

fn cannot_read(error: &io::Error) -> String {
    format!("cannot be read: {error}")
}

#[cfg(test)]
mod tests;

//! What can't be linted: what can't be read, and what the API server would refuse.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::files::Files;
use super::object::Object;
use crate::engine::lint::Field;
use crate::manifests::{ManifestError, Place, Spelling};
use crate::spawners::text_slip;
use crate::templates::Position;

/// Something that can't be linted, and why.
#[derive(Clone, Debug)]
pub(super) struct Unread {
    /// The file or folder; nothing for what is in the cluster.
    pub(super) file: Option<Arc<Path>>,
    pub(super) place: Option<Place>,
    /// What is wrong, in a clause.
    pub(super) text: String,
}

impl From<ManifestError> for Unread {
    fn from(error: ManifestError) -> Unread {
        let ManifestError { path, place, message, .. } = error;
        Unread { file: Some(path), place, text: message }
    }
}

impl Unread {
    /// Something of the cluster.
    pub(super) fn in_cluster(text: String) -> Unread {
        Unread { file: None, place: None, text }
    }

    /// An object that is none of its kind: the API server would refuse it, too. `why` is what serde says.
    pub(super) fn refused(object: &Object, why: &str, files: &Files) -> Unread {
        let json = serde_json::from_str(&object.json).unwrap_or_default();
        let slip = text_slip(&json);
        let title = object.title();
        let text = match &slip {
            Some(slip) => {
                let way: Vec<&str> = slip.path.iter().map(String::as_str).collect();
                let field = Field::of(&way);
                format!("{title}: the API server would refuse it: {field}: {}", slip.mend)
            }
            None => format!("{title}: the API server would refuse it: {why}"),
        };
        let Some(written) = &object.written else { return Unread::in_cluster(text) };
        let file = &files.all[written.file];
        let place = slip.and_then(|slip| {
            let way: Vec<&str> = slip.path.iter().map(String::as_str).collect();
            let field = Field::of(&way);
            let fields = [(&*written.items, &field)];
            let spelling = Spelling::find(&file.text, &written.document, &fields).pop()??;
            let Position { line, column, .. } = Position::of(&file.text, spelling.key.start);
            spelling.is_whole.then_some(Place { line, column })
        });
        let place = place.unwrap_or(Place { line: written.line, column: 1 });
        Unread { file: Some(Arc::clone(&file.path)), place: Some(place), text }
    }
}

impl fmt::Display for Unread {
    /// Writes `path:line:column: text`, which editors and terminals can follow.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{}", file.display())?,
            None => f.write_str("kelos-metadata")?,
        }
        if let Some(Place { line, column }) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.text)
    }
}

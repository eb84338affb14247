//! What is said of one key.

use std::borrow::Cow;

use granit_parser::Marker;

use super::reader::Node;
use super::{AnnotationError, Entry, shown};
use crate::engine::rules::On;
use crate::templates::suggest::meant;
use crate::words::UnknownWord;

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum File {
    /// A rules annotation of a TaskSpawner.
    Annotation,
    /// The defaults of the cluster.
    Defaults,
}

/// The fields of an entry.
pub(super) const FIELDS: [&str; 4] = ["value", "default", "allowed", "onInvalid"];

/// The meaning of a key's value; an error that is about all of it stands where the key does.
pub(super) fn entry(node: Node, key: Marker, file: File) -> Result<Entry, AnnotationError> {
    let not_a_value = |what: &str| {
        AnnotationError::new(key, format!("an entry is a template or a mapping, not {what}"))
    };
    let fields = match node {
        Node::Scalar(template) => {
            return Ok(Entry { template, line: key.line(), ..Entry::default() });
        }
        Node::Map(fields) => fields,
        Node::List(_) => return Err(not_a_value("a list")),
        Node::Misplaced(what) => return Err(not_a_value(what)),
    };
    let mut entry = Entry { line: key.line(), ..Entry::default() };
    let mut has_template = false;
    for (name, at, node) in fields {
        let refused = |message: &str| AnnotationError::new(at, message);
        match (name.as_str(), node) {
            ("value", Node::Scalar(template)) => {
                entry.template = template;
                has_template = true;
            }
            ("default", Node::Scalar(text)) => entry.default = Some(text),
            ("allowed", Node::List(items)) => entry.allowed = Some(items),
            ("onInvalid", Node::Scalar(text)) => {
                let on_invalid = shown(&text).parse();
                let on_invalid =
                    on_invalid.map_err(|error| refused(&format!("`onInvalid`: {error}")))?;
                entry.on_invalid = Some(on_invalid);
            }
            ("value", _) => {
                return Err(refused("`value` is a text; quote a template that begins with `{`"));
            }
            ("default", _) => return Err(refused("`default` is a text")),
            ("onInvalid", _) => return Err(refused("`onInvalid` is `skip` or `sanitize`")),
            ("allowed", _) => return Err(refused("`allowed` is a list of texts")),
            ("on", node) => entry.on = Some(on(node, file).map_err(|message| refused(&message))?),
            _ => {
                let fields = "it has `value`, `default`, `allowed` and `onInvalid`";
                let message = format!("`{}` is no field of an entry: {fields}", shown(&name));
                let hint = meant(&name, FIELDS).map(Cow::Owned);
                return Err(AnnotationError { hint, ..refused(&message) });
            }
        }
    }
    if has_template {
        Ok(entry)
    } else {
        Err(AnnotationError::new(key, "the field `value` with the template is missing"))
    }
}

/// Which objects get a default.
fn on(node: Node, file: File) -> Result<Vec<On>, String> {
    match node {
        _ if file == File::Annotation => {
            Err("`on` belongs to the defaults of the cluster, not to a spawner".to_owned())
        }
        Node::List(items) if items.is_empty() => Err("`on` lists nothing".to_owned()),
        Node::List(items) => {
            let on = items.iter().map(|item| shown(item).parse()).collect::<Result<_, _>>();
            on.map_err(|error: UnknownWord| format!("`on`: {error}"))
        }
        Node::Scalar(_) | Node::Map(_) | Node::Misplaced(_) => {
            Err("`on` is a list of `tasks` and `sessions`".to_owned())
        }
    }
}

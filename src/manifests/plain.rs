//! JSON documents as kubectl and programs write them: their objects are found without a tree.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::documents::line_breaks;
use super::{Manifest, Reading};

/// What says what an object is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow)]
    api_version: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

/// A document: an object, or a list of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(borrow)]
    api_version: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

/// An object where it stands in a text.
struct Found<'a> {
    line: usize,
    document: Range<usize>,
    item: Option<usize>,
    head: Head<'a>,
    json: &'a str,
}

/// Gives all objects of a text as they are written there, and says so; none if there is anything in it that a tree is
/// needed for: it tells what is wrong, or what an object is that does not say it itself.
pub(super) fn read(reading: &mut Reading<'_>, path: &Arc<Path>, text: &str) -> bool {
    let Some(found) = objects(text) else { return false };
    for Found { line, document, item, head, json } in found {
        (reading.found)(Ok(Manifest {
            path: Arc::clone(path),
            line,
            document,
            items: item.into_iter().collect(),
            api_version: head.api_version.into(),
            kind: head.kind.into(),
            json: json.into(),
        }));
    }
    true
}

fn objects(text: &str) -> Option<Vec<Found<'_>>> {
    let mut found = Vec::new();
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<Document<'_>>();
    let (mut end, mut line) = (0, 1);
    while let Some(read) = documents.next() {
        let Document { api_version, kind, items } = read.ok()?;
        let head = Head { api_version, kind };
        let before = text.get(end..documents.byte_offset())?;
        let json = before.trim_ascii_start();
        line += line_breaks(&before[..before.len() - json.len()]);
        end = documents.byte_offset();
        let document = end - json.len()..end;
        match (head.kind.ends_with("List"), items) {
            (true, Some(items)) => {
                for (number, item) in items.into_iter().enumerate() {
                    let head: Head<'_> = serde_json::from_str(item.get()).ok()?;
                    let says_all = !head.kind.ends_with("List") && says_what_it_is(&head);
                    let (item, json) = (Some(number), says_all.then(|| item.get())?);
                    found.push(Found { line, document: document.clone(), item, head, json });
                }
            }
            (false, _) if says_what_it_is(&head) => {
                found.push(Found { line, document, item: None, head, json });
            }
            _ => return None,
        }
        line += line_breaks(json);
    }
    Some(found)
}

fn says_what_it_is(head: &Head<'_>) -> bool {
    !head.api_version.is_empty() && !head.kind.is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::{Found, parse_all};
    use super::*;

    /// All that is found but the texts of objects, and those as trees.
    fn found(text: &str, as_written: bool) -> Vec<(Found, Option<serde_json::Value>)> {
        let mut all = Vec::new();
        parse_all(&Path::new("rules.json").into(), text, as_written, |found| {
            let object = found.as_ref().ok().map(Manifest::object);
            let without_text = |manifest| Manifest { json: "".into(), ..manifest };
            all.push((found.map(without_text), object));
        });
        all
    }

    #[test]
    fn what_is_found_is_what_is_found_in_a_tree() {
        let a = r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}"#;
        let b = r#"{"kind": "Task", "spec": {"x": [1, {}]}, "apiVersion": "kelos.dev/v1alpha2"}"#;
        let list =
            |items: &str| format!(r#"{{"apiVersion":"v1","kind":"List","items":[{items}]}}"#);
        let typed = format!(
            r#"{{"kind": "TaskList", "apiVersion": "kelos.dev/v1alpha2", "items": [{{"spec": {{}}}}, {b}]}}"#
        );
        for (text, is_plain) in [
            (String::new(), true),
            ("\n ".to_owned(), true),
            (a.to_owned(), true),
            (format!("\n\n {a}\n{b}{a}\n\n"), true),
            (list(""), true),
            (format!("{}\n{a}", list(&format!("\n{a},\n{b}\n"))), true),
            (list(&list(a)), false),
            (typed, false),
            (format!("{a} null {b}"), false),
            (format!("{a} {{\"kind\": 5}}"), false),
            (format!("{a} {{\"kind\": \"Task\", \"apiVersion\": \"\"}}"), false),
            (r#"{"kind": "Task", "kind": "Pod", "apiVersion": "v1"}"#.to_owned(), false),
            (r#"{"kind": "TaskList", "apiVersion": "v1"}"#.to_owned(), false),
            (r#"{"kind": "List", "apiVersion": "v1", "items": null}"#.to_owned(), false),
            (r#"{"kind": "Task", "apiVersion": "v1", "items": "x"}"#.to_owned(), false),
            (r#"{"kind": "Task", "apiVersion": "v1", "items": [1]}"#.to_owned(), true),
            (format!("{a}\n{{"), false),
            (format!("{a} x"), false),
            ("[]".to_owned(), false),
        ] {
            assert_eq!(found(&text, true), found(&text, false), "{text}");
            assert_eq!(objects(&text).is_some(), is_plain, "{text}");
        }
    }
}

//! A field is found through documents, lists, anchors and JSON.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::manifests;

/// What is found of a field: the key, whether the way is whole, and the text.
type Shown = Option<(String, bool, Option<String>)>;

/// What is found of a field of the last object.
fn find(text: &str, field: &[Step]) -> Shown {
    let mut last = None;
    manifests::parse(&Arc::from(Path::new("x")), text, |found| last = Some(found.unwrap()));
    let text = text.trim_start_matches(manifests::BYTE_ORDER_MARK);
    let last = last.unwrap();
    let field = Field(field.to_vec());
    let spelling = Spelling::find(text, &last.document, &[(&last.items, &field)]).pop()??;
    let scalar = spelling.scalar.map(|scalar| {
        let whole = scalar.in_file(&(0..scalar.text.len()));
        whole.map_or("?".to_owned(), |whole| text[whole].to_owned())
    });
    Some((text[spelling.key].to_owned(), spelling.is_whole, scalar))
}

fn key(name: &str) -> Step {
    Step::Key(name.into())
}

fn found(key: &str, is_whole: bool, text: Option<&str>) -> Shown {
    Some((key.to_owned(), is_whole, text.map(str::to_owned)))
}

#[test]
fn a_field_is_found_in_documents_lists_and_json() {
    let head = "apiVersion: v1\nkind: X\n";
    let spec = [key("spec"), key("a/b"), Step::Item(1)];
    let expected = || found("y", true, Some("y"));
    let document =
        format!("\u{feff}{head}---\n# Source: chart/x.yaml\n{head}spec:\n  a/b: [x, y]\n");
    assert_eq!(find(&document, &spec), expected());
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: X\n- apiVersion: v1\n  kind: X\n  spec:\n    a/b:\n    - x\n    - y\n";
    assert_eq!(find(list, &spec), expected());
    let json = "{\"apiVersion\":\"v1\",\"kind\":\"X\"}\n{\"apiVersion\":\"v1\",\"kind\":\"X\",\"spec\":{\"a/b\":[\"x\",\"y\"]}}";
    assert_eq!(find(json, &spec), found("\"y\"", true, Some("y")));
}

#[test]
fn what_is_not_there_is_its_nearest_key() {
    let text = "apiVersion: v1\nkind: X\nspec:\n  a: {b: x}\n";
    assert_eq!(find(text, &[key("spec"), key("a"), key("c")]), found("a", false, None));
    assert_eq!(find(text, &[key("spec"), key("a")]), found("a", true, None));
    assert_eq!(find(text, &[key("metadata")]), None);
    assert_eq!(find(text, &[key("kind"), key("x")]), found("kind", false, None));
}

#[test]
fn an_alias_is_its_key_and_an_anchor_is_shared() {
    let text = "apiVersion: v1\nkind: X\na: &x text\nb: *x\n";
    assert_eq!(find(text, &[key("b")]), found("b", true, None));
    assert_eq!(find(text, &[key("a")]), found("a", true, Some("text")));
}

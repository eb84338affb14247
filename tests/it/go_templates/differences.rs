//! What `docs/templates.md` says of Go templates that Go itself, or Kelos, renders otherwise.

use std::fs;
use std::path::Path;

use kelos_metadata::templates::Template;
use serde_json::json;

use super::*;

/// The rows of the table with these columns, without the backticks around a whole cell.
fn rows(columns: &str) -> Vec<[String; 3]> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/templates.md");
    let page = fs::read_to_string(path).unwrap();
    let (_, table) = page.split_once(&format!("\n{columns}\n")).expect("the page has the table");
    let rows = table.lines().skip(1).map_while(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = |row: &str| {
        let cells: Vec<String> = row
            .split(" | ")
            .map(|cell| {
                cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`')).unwrap_or(cell)
            })
            .map(|cell| cell.replace("\\|", "|"))
            .collect();
        cells.try_into().expect("a row has three cells")
    };
    rows.map(cells).collect()
}

/// What becomes of a template here.
fn ours(source: &str, labels: &[&str]) -> Result<String, String> {
    let root = Arc::new(Map::from([
        ("Labels".into(), Value::labels(labels)),
        ("Title".into(), Value::from("Fix it")),
    ]));
    let render = |template: Template| template.render(&root, &mut Budget::template());
    let rendered = Template::compile(source, Syntax::Go).and_then(render);
    rendered.map(String::from).map_err(|error| error.to_string())
}

#[test]
fn what_go_templates_do_not_take_is_taken_by_go() {
    let rows = rows("| instead of | because | write |");
    assert!(rows.len() > 5, "{rows:?}");
    let refused: Vec<&str> = rows.iter().map(|[refused, ..]| refused.as_str()).collect();
    for ([refused, _, taken], (go, message)) in rows.iter().zip(ask_go(&refused, &json!({}))) {
        assert!(!matches!(go, Outcome::Error(_)), "Go on {refused}: {message}");
        assert!(ours(refused, &[]).is_err(), "{refused}: {:?}", ours(refused, &[]));
        assert!(ours(taken, &[]).is_ok(), "{taken}: {:?}", ours(taken, &[]));
    }
}

#[test]
fn what_differs_from_kelos_differs_as_the_page_says() {
    let rows = rows("| template | in Kelos | here |");
    assert!(rows.len() > 2, "{rows:?}");
    let labels = ["priority/critical", "bug"];
    // Kelos knows labels as one text.
    let vars = json!({"Labels": labels.join(", "), "Title": "Fix it"});
    let templates: Vec<&str> = rows.iter().map(|[template, ..]| template.as_str()).collect();
    for ([template, kelos, here], (go, message)) in rows.iter().zip(ask_go(&templates, &vars)) {
        match go {
            Outcome::Output(text) => assert_eq!(text, *kelos, "Kelos on {template}"),
            _ => assert_eq!("an error", kelos, "Kelos on {template}: {message}"),
        }
        assert_eq!(ours(template, &labels).as_ref(), Ok(here), "{template}");
    }
}

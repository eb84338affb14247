//! Random templates and values: whatever is read back is what went in.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use testing::inference::{Sample, rendered};

/// Fixed texts of a template. Values are made of the same pieces, so that they imitate it.
const TEXTS: [&str; 20] = [
    "Issue #",
    ": ",
    "\n",
    "\n\n",
    " ",
    "#",
    "",
    "Title: ",
    "\r\n",
    "---",
    "(",
    ")",
    "é",
    "0",
    "1",
    ", ",
    "a",
    "aa",
    "https://x.example/",
    ".",
];

/// Variables of a polled source, and those of which there are any in a line or a word.
const VARIABLES: [&str; 9] =
    ["Number", "Title", "Body", "URL", "Labels", "Comments", "ID", "ReviewState", "Branch"];

fn pieces(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(TEXTS.to_vec()), 0..most)
        .prop_map(|pieces| pieces.concat())
}

fn template() -> impl Strategy<Value = String> {
    let variable = prop::sample::select(VARIABLES.to_vec());
    let action = prop_oneof![
        12 => variable.clone().prop_map(|name| format!("{{{{.{name}}}}}")),
        1 => variable.clone().prop_map(|name| format!("{{{{if .{name}}}}}x{{{{.{name}}}}}{{{{end}}}}")),
        1 => variable.prop_map(|name| format!("{{{{printf \"%v\" .{name}}}}}")),
    ];
    prop::collection::vec((pieces(3), action), 1..5).prop_flat_map(|parts| {
        pieces(3).prop_map(move |end| {
            let parts = parts.iter().map(|(text, action)| [text.as_str(), action].concat());
            parts.collect::<String>() + &end
        })
    })
}

fn word() -> impl Strategy<Value = String> {
    pieces(4).prop_map(|text| text.replace(|c: char| c.is_ascii_whitespace(), ""))
}

/// Values that the source can have.
fn values() -> impl Strategy<Value = BTreeMap<String, Value>> {
    let line = || pieces(6).prop_map(|text| text.replace('\n', ""));
    let label = word().prop_map(|text| text.replace(',', "") + "x");
    (
        0_i64..200,
        line(),
        pieces(8),
        prop::collection::vec(label, 0..3),
        pieces(8),
        word(),
        word(),
        word(),
    )
        .prop_map(|(number, title, body, labels, comments, id, state, branch)| {
            BTreeMap::from([
                ("Number".to_owned(), json!(number)),
                ("Title".to_owned(), json!(title)),
                ("Body".to_owned(), json!(body)),
                ("URL".to_owned(), json!(format!("https://x.example/{number}"))),
                ("Labels".to_owned(), json!(labels)),
                ("Comments".to_owned(), json!(comments)),
                ("ID".to_owned(), json!(id)),
                ("ReviewState".to_owned(), json!(state)),
                ("Branch".to_owned(), json!(branch)),
            ])
        })
}

/// Texts that are URLs as a whole lose what is secret when they become variables.
fn is_a_url(value: &Value) -> bool {
    let may_be = |text: &str| text.contains("://") && text.contains(['@', '?', '#']);
    let is_one = |value: &Value| value.as_str().is_some_and(may_be);
    is_one(value) || value.as_array().is_some_and(|labels| labels.iter().any(is_one))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, max_shrink_iters: 5_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_back_is_what_went_in(template in template(), values in values()) {
        let text = rendered(&template, &values);
        let sample = Sample::of_prompt("githubPullRequests", &template, &text);
        for (name, (found, from)) in sample.known() {
            if from.starts_with("inferred") && (name == "URL" || !is_a_url(&values[&name])) {
                prop_assert_eq!(&found, &values[&name], "{} in {:?} of {:?}", name, text, template);
            }
        }
    }

    #[test]
    fn a_known_number_misleads_nobody(template in template(), mut values in values()) {
        // Of an issue the identifier is the number.
        values.insert("ID".to_owned(), json!(values["Number"].to_string()));
        let text = rendered(&template, &values);
        let mut sample = Sample::of_prompt("githubPullRequests", &template, &text);
        sample.on.insert("kelos.dev/source-number".to_owned(), values["Number"].to_string());
        for (name, (found, from)) in sample.known() {
            if from.starts_with("inferred") && (name == "URL" || !is_a_url(&values[&name])) {
                prop_assert_eq!(&found, &values[&name], "{} in {:?} of {:?}", name, text, template);
            }
        }
    }
}

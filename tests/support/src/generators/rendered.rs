//! What Kelos renders: templates of a TaskSpawner, and what they give for one issue.
//!
//! The issue has the number 42, the title `Fix it` and the labels `p/critical` and `b`. Now and then a text is
//! none that its template gives.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// A template, and what Kelos makes of it.
type Pair = (&'static str, &'static str);

const PROMPTS: [Pair; 12] = [
    ("", "Fix it"),
    ("", "Issue #42: Fix it\n\nIt is broken."),
    ("Do it.", "Do it."),
    ("#{{.Number}}: {{.Title}}", "#42: Fix it"),
    ("{{.Title}}\n{{.Body}}", "Fix it\nIt is broken.\n{{ .Title }}"),
    ("{{.Title}}\n{{.Labels}}\n{{.URL}}", "Fix it\np/critical, b\nhttps://u:p@x.example/42?t=s"),
    ("{{.Labels}}{{if .Body}}\n{{.Body}}{{end}}", "p/critical, b"),
    ("{{.Body}}{{.Comments}}{{.Title}}", "x"),
    (
        "{{.Kind}} {{.ID}} {{.Event}} {{.Action}} by {{.Author}}",
        "Issue 42 issues opened by somebody",
    ),
    ("{{.Context.build}}: {{.severity}}", "red: high"),
    ("{{.Title", "{{.Title"),
    ("{{.Labels}}", ""),
];

const BRANCHES: [Pair; 5] = [
    ("", ""),
    ("{{.Branch}}", "feature/x"),
    ("kelos-task-{{.Number}}", "kelos-task-42"),
    ("fix/{{.Title}}", "fix/Fix it"),
    ("{{.Branch}}", ""),
];

const NAMES: [Pair; 9] = [
    ("", "worker-42"),
    ("", "worker-eng-42"),
    ("", "worker-20260207-0900"),
    ("", "worker-issue-comment-0a1b2c3d4e5f"),
    ("", "worker-manual-x1y2z"),
    ("", ""),
    ("Fix {{.Number}}!", "fix-42"),
    ("{{.ID}}-{{.Title}}", "20260207-0900-fix-it"),
    ("{{.Time}}", "2026-02-07t09-00-00z"),
];

/// Of labels and annotations; a number is the number of a byte of the labels.
const VALUES: [Pair; 8] = [
    ("{{index .Labels 0}}", "112"),
    ("{{index .Labels 1}}", "47"),
    ("{{index .Labels 0}} {{len .Labels}}", "112 13"),
    ("{{.Labels}}", "p/critical, b"),
    ("{{.Title}}", "Fix it"),
    ("n{{.Number}}", "n42"),
    ("{{.Kind}}-{{.Number}}", "Issue-42"),
    ("backend", "backend"),
];

/// What was rendered for one Task.
#[derive(Clone, Debug)]
pub(super) struct Rendered {
    prompt: (String, String),
    branch: (String, String),
    name: (String, String),
    labels: BTreeMap<String, (String, String)>,
    annotations: BTreeMap<String, (String, String)>,
}

/// A pair as it is, or with a text of another.
fn pair(pairs: &'static [Pair]) -> impl Strategy<Value = (String, String)> {
    let own = |(template, text): Pair| (template.to_owned(), text.to_owned());
    prop_oneof![
        5 => select(pairs).prop_map(own),
        1 => (select(pairs), select(pairs)).prop_map(move |(one, other)| own((one.0, other.1))),
    ]
}

prop_compose! {
    pub(super) fn rendered()(
        prompt in pair(&PROMPTS), branch in pair(&BRANCHES), name in pair(&NAMES),
        labels in prop::collection::btree_map("[e-h]", pair(&VALUES), 0..3),
        annotations in prop::collection::btree_map("[e-h]", pair(&VALUES), 0..3),
    ) -> Rendered {
        Rendered { prompt, branch, name, labels, annotations }
    }
}

fn put(object: &mut Value, entries: impl Iterator<Item = (String, String)>) {
    if object.is_null() {
        *object = json!({});
    }
    entries.for_each(|(key, value)| object[key] = json!(value));
}

impl Rendered {
    /// Gives a TaskSpawner the templates.
    pub(super) fn ask(&self, spawner: &mut Value) {
        let template = &mut spawner["spec"]["taskTemplate"];
        template["promptTemplate"] = json!(self.prompt.0);
        template["branch"] = json!(self.branch.0);
        template["nameTemplate"] = json!(self.name.0);
        for (kind, pairs) in [("labels", &self.labels), ("annotations", &self.annotations)] {
            let templates =
                pairs.iter().map(|(key, (template, _))| (key.clone(), template.clone()));
            put(&mut template["metadata"][kind], templates);
        }
    }

    /// Gives a Task what came out.
    pub(super) fn give(&self, task: &mut Value) {
        task["spec"]["prompt"] = json!(self.prompt.1);
        task["spec"]["branch"] = json!(self.branch.1);
        task["metadata"]["name"] = json!(self.name.1);
        for (kind, pairs) in [("labels", &self.labels), ("annotations", &self.annotations)] {
            let texts = pairs.iter().map(|(key, (_, text))| (key.clone(), text.clone()));
            put(&mut task["metadata"][kind], texts);
        }
    }
}

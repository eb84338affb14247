//! What is recorded on the Task about its source: the annotations `kelos.dev/source-*`.

use std::collections::BTreeMap;

use super::known::{Known, Origin};
use super::{GROUPS, camel_case, text};
use crate::engine::kelos::SOURCE_PREFIX;
use crate::engine::render::value::{Map, Value};
use crate::engine::repository::without_secrets;

/// In Kelos's own annotations, where a name is not the variable's name in kebab case.
const RENAMED: [(&str, &str); 8] = [
    ("comment-url", "CommentURL"),
    ("check-run-url", "CheckRunURL"),
    ("id", "ID"),
    ("url", "URL"),
    ("issue-id", "IssueID"),
    ("owner", "RepositoryOwner"),
    ("repo", "RepositoryName"),
    ("sha", "HeadSHA"),
];

/// The `kelos.dev/source-*` annotations by the rest of their name.
#[derive(Default)]
pub(super) struct Recorded<'t>(BTreeMap<&'t str, &'t str>);

impl<'t> Recorded<'t> {
    /// Reads them, and what each says by itself.
    pub(super) fn read(
        annotations: impl Iterator<Item = (&'t str, &'t str)>,
        known: &mut Known<'_>,
    ) -> Recorded<'t> {
        let mut recorded = Recorded::default();
        for (key, value) in annotations {
            if let Some(name) = key.strip_prefix(SOURCE_PREFIX).filter(|name| !name.is_empty()) {
                recorded.0.insert(name, value);
                read_one(name, value, known);
            }
        }
        recorded.into_group(known)
    }

    /// The value of one, as in `number`.
    pub(super) fn get(&self, name: &str) -> Option<&'t str> {
        self.0.get(name).copied()
    }

    /// Makes them the variable `.Source`, by their names in camelCase.
    fn into_group(self, known: &mut Known<'_>) -> Recorded<'t> {
        known.put(Origin::Task, "Source", || {
            let named =
                |(name, value): (&&str, &&str)| (camel_case(name, false).into(), text(value));
            Value::from(self.0.iter().map(named).collect::<Map>())
        });
        self
    }
}

fn read_one(name: &str, value: &str, known: &mut Known<'_>) {
    let mut put = |name: &str, value: &dyn Fn() -> Value| known.put(Origin::Task, name, value);
    let variable = match name {
        // The text of `Kind` is another one.
        "kind" => return,
        "number" => {
            put("ID", &|| Value::from(value));
            if let Ok(number) = value.parse() {
                put("Number", &|| Value::Int(number));
            }
            return;
        }
        _ => RENAMED
            .iter()
            .find(|(kebab, _)| *kebab == name)
            .map_or_else(|| camel_case(name, true), |(_, name)| (*name).into()),
    };
    if variable == "Source" || GROUPS.contains(&&*variable) {
        return;
    }
    match &*variable {
        "Labels" => put("Labels", &|| Value::labels(&label_list(value))),
        "URL" => {
            if let Some(url) = without_secrets(value) {
                put("URL", &|| Value::from(&*url));
            }
        }
        name => put(name, &|| text(value)),
    }
}

/// The names in `source-labels`: a JSON list or a comma list.
fn label_list(text: &str) -> Vec<String> {
    if let Ok(names) = serde_json::from_str::<Vec<String>>(text) {
        return names;
    }
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::render::Uses;

    #[test]
    fn labels_come_as_a_json_list_or_a_comma_list() {
        assert_eq!(label_list(r#"["a, b", "c"]"#), ["a, b", "c"]);
        assert_eq!(label_list("priority/critical, bug,,"), ["priority/critical", "bug"]);
        assert_eq!(label_list(""), Vec::<String>::new());
    }

    #[test]
    fn an_unknown_annotation_becomes_a_variable() {
        let all = Uses { all: true, ..Uses::default() };
        let mut known = Known::new(&all);
        let annotations = [
            ("kelos.dev/source-author", "octocat"),
            ("kelos.dev/source-review-state", "approved"),
            ("team", "x"),
        ];
        Recorded::read(annotations.into_iter(), &mut known);
        let (root, _) = known.into_parts();
        assert_eq!(root["Author"], Value::from("octocat"));
        assert_eq!(root["ReviewState"], Value::from("approved"));
        assert_eq!(root["Source"].as_map().unwrap()["reviewState"], Value::from("approved"));
        assert_eq!(root.len(), 3);
    }
}

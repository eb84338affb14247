//! Match conditions: CEL that the API server evaluates before it asks.

use serde::Deserialize;
use serde_json::Value;

use crate::engine::kelos::{CREATED_FROM_ANNOTATION, Shape, TASKSPAWNER_LABEL, group_of};

/// The expression of the chart: whether the Task names a TaskSpawner as its owner.
const HAS_TASKSPAWNER: &str = "\
has(object.metadata.ownerReferences) \
&& object.metadata.ownerReferences.exists(owner, has(owner.controller) && owner.controller) \
? object.metadata.ownerReferences.exists(owner, has(owner.controller) && owner.controller \
&& owner.kind == 'TaskSpawner' && owner.apiVersion.startsWith('kelos.dev/')) \
: has(object.metadata.labels) && 'kelos.dev/taskspawner' in object.metadata.labels \
|| has(object.metadata.annotations) \
&& 'kelos.dev/created-from-taskspawner' in object.metadata.annotations";

/// The same of a Session and its SessionSpawner.
const HAS_SESSIONSPAWNER: &str = "\
has(object.metadata.ownerReferences) \
&& object.metadata.ownerReferences.exists(owner, has(owner.controller) && owner.controller \
&& owner.kind == 'SessionSpawner' && owner.apiVersion.startsWith('kelos.dev/'))";

/// The most bytes of an expression that are shown.
const SHOWN_BYTES: usize = 200;

/// A match condition.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MatchCondition {
    pub(super) name: String,
    expression: String,
}

impl MatchCondition {
    /// Whether it holds for a new Task; nothing if it is none of the chart's, and no mere `true` or `false`. What it
    /// says is compared letter by letter: a CEL of our own, or one that knows less than the API server's, would be
    /// wrong where it matters.
    pub(super) fn holds(&self, object: &Value) -> Option<bool> {
        match &*self.words() {
            HAS_TASKSPAWNER => Some(has_taskspawner(object)),
            HAS_SESSIONSPAWNER => Some(controllers(object).any(|it| is_of(it, Shape::Session))),
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// For which Tasks it holds, of one that is judged.
    pub(super) fn what_for(&self) -> &'static str {
        match &*self.words() {
            "false" => "for none: it is `false`",
            HAS_SESSIONSPAWNER => "only for Sessions that name a SessionSpawner as their owner",
            _ => "only for Tasks that name a TaskSpawner as their owner",
        }
    }

    /// Line breaks and indents mean nothing in CEL but within texts, and the chart's has none there.
    fn words(&self) -> String {
        self.expression.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The expression, or its beginning.
    pub(super) fn in_one_line(&self) -> String {
        let words = self.words();
        match words.floor_char_boundary(SHOWN_BYTES) {
            all if all == words.len() => words,
            cut => format!("{}…", &words[..cut]),
        }
    }
}

fn controllers(object: &Value) -> impl Iterator<Item = &Value> {
    let references = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    references.into_iter().flatten().filter(|it| it["controller"] == true)
}

/// Whether an owner reference names what makes this.
fn is_of(reference: &Value, makes: Shape) -> bool {
    let text = |field: &str| reference[field].as_str().unwrap_or_default();
    Shape::of_spawner(group_of(text("apiVersion")), text("kind")) == Some(makes)
}

/// What the expression of the chart for Tasks says.
fn has_taskspawner(object: &Value) -> bool {
    if controllers(object).next().is_some() {
        return controllers(object).any(|it| is_of(it, Shape::Task));
    }
    let has = |map: &str, key: &str| object["metadata"][map].get(key).is_some();
    has("labels", TASKSPAWNER_LABEL) || has("annotations", CREATED_FROM_ANNOTATION)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The chart's own expressions, as Helm writes them: of Tasks, and of Sessions.
    fn of_chart() -> [String; 2] {
        // Not compiled in: the image is built without the chart.
        let template = "/charts/kelos-metadata/templates/mutatingwebhookconfiguration.yaml";
        let path = env!("CARGO_MANIFEST_DIR").to_owned() + template;
        let chart = std::fs::read_to_string(path).unwrap();
        let all = chart.split("expression: >-\n").skip(1);
        let all = all.map(|it| it.split("\n    {{").next().unwrap().to_owned());
        all.collect::<Vec<_>>().try_into().unwrap()
    }

    #[test]
    fn the_condition_of_the_chart_for_sessions_is_known() {
        let [_, expression] = of_chart();
        let condition = MatchCondition { name: "x".to_owned(), expression };
        assert_eq!(condition.words(), HAS_SESSIONSPAWNER);
        let owner = |kind: &str, group: &str, controller: bool| {
            let owner = json!({"kind": kind, "apiVersion": format!("{group}/v1alpha2"), "controller": controller});
            json!({"metadata": {"ownerReferences": [owner]}})
        };
        for (object, holds) in [
            (owner("SessionSpawner", "kelos.dev", true), true),
            (owner("SessionSpawner", "kelos.dev", false), false),
            (owner("SessionSpawner", "example.com", true), false),
            (owner("TaskSpawner", "kelos.dev", true), false),
            (json!({"metadata": {"labels": {"kelos.dev/sessionspawner": "u"}}}), false),
        ] {
            assert_eq!(condition.holds(&object), Some(holds), "{object}");
        }
    }

    #[test]
    fn the_condition_of_the_chart_is_known() {
        let [expression, _] = of_chart();
        let condition = MatchCondition { name: "x".to_owned(), expression };
        assert_eq!(condition.words(), HAS_TASKSPAWNER);
        for (metadata, holds) in [
            (json!({}), false),
            (json!({"labels": {"kelos.dev/taskspawner": ""}}), true),
            (
                json!({"labels": null, "annotations": {"kelos.dev/created-from-taskspawner": "w"}}),
                true,
            ),
            (
                json!({"labels": {"kelos.dev/taskspawner": "w"}, "ownerReferences": [{"kind": "X"}]}),
                true,
            ),
            (
                json!({"labels": {"kelos.dev/taskspawner": "w"}, "ownerReferences": [
                    {"kind": "Job", "apiVersion": "batch/v1", "controller": true}]}),
                false,
            ),
            (
                json!({"ownerReferences": [
                    {"kind": "TaskSpawner", "apiVersion": "kelos.dev/v1", "controller": true}]}),
                true,
            ),
            (
                json!({"ownerReferences": [
                    {"kind": "TaskSpawner", "apiVersion": "kelos.dev/v1", "controller": false}]}),
                false,
            ),
            (
                json!({"ownerReferences": [
                    {"kind": "TaskSpawner", "apiVersion": "kelos.devil/v1", "controller": true}]}),
                false,
            ),
        ] {
            assert_eq!(
                condition.holds(&json!({ "metadata": metadata })),
                Some(holds),
                "{metadata}"
            );
        }
    }

    #[test]
    fn another_condition_is_not_judged() {
        let expression = format!("!({HAS_TASKSPAWNER})");
        let condition = MatchCondition { name: "x".to_owned(), expression };
        assert_eq!(condition.holds(&json!({})), None);
        assert!(condition.in_one_line().ends_with('…'));
    }
}

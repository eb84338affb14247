//! Who has a key of a stored Task, by its managed fields.

use serde_json::Value;

use crate::apimachinery::Kind;
use crate::commands::created::created_text;
use crate::engine::stored::BACKFILL_MANAGER;

/// Who has a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// A backfill of ours.
    Backfill,
    /// No field manager: a webhook wrote it, for the API server notes what a client sends before it calls webhooks.
    Webhook,
    /// Field managers of others.
    Others {
        /// Their names, for a sentence.
        names: String,
        /// Whether one of them came to it after the Task was created.
        is_later: bool,
    },
    /// The Task does not say.
    Unknown,
}

/// Who has a label or an annotation of a Task.
pub(super) fn holder(object: &Value, kind: Kind, key: &str) -> Holder {
    let map = match kind {
        Kind::Label => "f:labels",
        Kind::Annotation => "f:annotations",
        // The spec of a Task stays as it was made.
        Kind::PodLabel | Kind::NodeSelector => return Holder::Unknown,
    };
    let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array);
    let Some(entries) = entries.filter(|it| !it.is_empty()) else { return Holder::Unknown };
    let field = format!("f:{key}");
    let has = |entry: &&Value| entry["fieldsV1"]["f:metadata"][map].get(&field).is_some();
    let manager = |entry: &Value| entry["manager"].as_str().unwrap_or_default().to_owned();
    let all: Vec<&Value> = entries.iter().filter(has).collect();
    let others: Vec<&Value> =
        all.iter().copied().filter(|it| manager(it) != BACKFILL_MANAGER).collect();
    let mut names: Vec<String> = others.iter().map(|it| manager(it)).collect();
    names.dedup();
    match (all.is_empty(), names.is_empty()) {
        (true, _) => Holder::Webhook,
        (false, true) => Holder::Backfill,
        (false, false) => Holder::Others {
            names: names.join(" and "),
            is_later: others.iter().any(|it| is_later(it, created_text(object))),
        },
    }
}

/// Whether an entry is of somebody who did not create the Task, or of a later moment.
fn is_later(entry: &Value, created: Option<&str>) -> bool {
    let is_creator = entry.pointer("/fieldsV1/f:spec").is_some();
    let at = entry["time"].as_str();
    !is_creator || at.zip(created).is_some_and(|(at, created)| at > created)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(manager: &str, key: &str, has_spec: bool) -> Value {
        let field = format!("f:{key}");
        let mut fields = json!({"f:metadata": {"f:labels": {field: {}}}});
        if has_spec {
            fields["f:spec"] = json!({"f:prompt": {}});
        }
        json!({"manager": manager, "time": "2026-05-04T09:30:00Z", "fieldsV1": fields})
    }

    fn held_by(entries: &[Value], kind: Kind) -> Holder {
        let object = json!({"metadata": {"creationTimestamp": "2026-05-04T09:30:00Z", "managedFields": entries}});
        holder(&object, kind, "a/b")
    }

    #[test]
    fn a_key_is_held_by_whoever_sent_it() {
        let others = |names: &str, is_later| Holder::Others { names: names.to_owned(), is_later };
        let created = entry("kelos", "a/b", true);
        let labelled = entry("kubectl-label", "a/b", false);
        let ours = entry(BACKFILL_MANAGER, "a/b", false);
        let elsewhere = entry("kelos", "other", true);
        for (entries, expected) in [
            (vec![], Holder::Unknown),
            (vec![elsewhere.clone()], Holder::Webhook),
            (vec![ours.clone()], Holder::Backfill),
            (vec![created.clone()], others("kelos", false)),
            (vec![elsewhere, labelled.clone()], others("kubectl-label", true)),
            (vec![created, labelled.clone()], others("kelos and kubectl-label", true)),
            (vec![ours, labelled], others("kubectl-label", true)),
        ] {
            assert_eq!(held_by(&entries, Kind::Label), expected, "{entries:?}");
            assert_eq!(held_by(&entries, Kind::PodLabel), Holder::Unknown);
        }
    }

    #[test]
    fn whoever_created_a_task_may_come_to_a_key_later() {
        let mut edited = entry("kubectl", "a/b", true);
        edited["time"] = json!("2026-05-04T09:31:00Z");
        let later = Holder::Others { names: "kubectl".to_owned(), is_later: true };
        assert_eq!(held_by(&[edited], Kind::Label), later);
    }
}

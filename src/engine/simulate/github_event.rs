//! Events of GitHub: which variables each has.

use super::Item;
use super::no_task::NoTask;
use super::variables::{text_of, whole};
use super::{payload, payload_sample};
use crate::templates::value::{Map, Text, Value};

/// The events of which Kelos reads more than sender and action.
pub const EVENTS: [&str; 9] = [
    "issues",
    "issue_comment",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "push",
    "create",
    "release",
    "check_run",
];

/// What every event has, be it empty.
const ALWAYS: [&str; 10] = [
    "Event",
    "Action",
    "Sender",
    "Ref",
    "Repository",
    "RepositoryOwner",
    "RepositoryName",
    "ID",
    "Title",
    "Kind",
];

/// The variables that an event has beside those, where they are not empty.
fn sometimes(event: &str) -> &'static [&'static str] {
    match event {
        "issues" => &["Number", "Body", "URL"],
        "issue_comment" | "pull_request_review" | "pull_request_review_comment" => {
            &["Number", "Body", "URL", "Branch", "CommentBody", "CommentURL"]
        }
        "pull_request" => &["Number", "Body", "URL", "Branch"],
        "push" => &["Branch"],
        "create" => &["Branch", "Tag", "RefType"],
        "release" => &["Tag", "Body", "URL"],
        "check_run" => &[
            "Number",
            "URL",
            "Branch",
            "CheckName",
            "Conclusion",
            "CheckRunURL",
            "HeadSHA",
            "CheckApp",
        ],
        _ => &[],
    }
}

/// The variables of an item that says all.
pub(super) fn variables(item: &Item) -> Result<Map, NoTask> {
    let none = serde_json::Value::Null;
    let event = text_of("Event", item.get("Event").unwrap_or(&none))?;
    let mut map = Map::new();
    for name in ALWAYS {
        map.insert(name.into(), Value::from(text_of(name, item.get(name).unwrap_or(&none))?));
    }
    let json = payload_sample::payload(&event, item);
    map.insert("Payload".into(), payload::payload(&event, &json)?);
    map.insert("ChangedFiles".into(), changed_files(item.get("ChangedFiles").unwrap_or(&none))?);
    for name in sometimes(&event) {
        let given = item.get(*name).unwrap_or(&none);
        if *name == "Number" {
            let number = whole(name, given)?;
            if number > 0 {
                map.insert(Text::from(*name), Value::Int(number));
            }
            continue;
        }
        let text = text_of(name, given)?;
        if !text.is_empty() {
            map.insert(Text::from(*name), Value::from(text));
        }
    }
    Ok(map)
}

/// Whether an event can have a variable, or a fact, of this name.
pub(super) fn has(event: &str, name: &str) -> bool {
    let is_of_pull_request = event.starts_with("pull_request");
    ALWAYS.contains(&name)
        || sometimes(event).contains(&name)
        || matches!(name, "Payload" | "ChangedFiles" | "Context" | "DeliveryID")
        || (name == "HeadSHA" && is_of_pull_request)
}

fn changed_files(given: &serde_json::Value) -> Result<Value, NoTask> {
    match given {
        serde_json::Value::Null => Ok(Value::from(Vec::new())),
        serde_json::Value::Array(files) => {
            let files = files.iter().map(|file| Ok(Value::from(text_of("ChangedFiles", file)?)));
            Ok(Value::List(files.collect::<Result<_, NoTask>>()?))
        }
        _ => Err(NoTask::item("`ChangedFiles` is a list")),
    }
}

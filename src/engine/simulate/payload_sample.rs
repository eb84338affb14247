//! The payload of an event that an item does not give in full: as GitHub would send it about what the item says.

use serde_json::{Value, json};

use super::Item;
use super::filters;
use super::samples::LABELS;
use super::variables::{text_of, whole};
use crate::engine::sources::is_of_issue;

/// The payload about an item, with what the item gives of it over that.
pub(super) fn payload(event: &str, item: &Item) -> Value {
    let said = |name: &str| match item.get(name) {
        None | Some(Value::Null) => Value::Null,
        Some(given) if name == "Number" => whole(name, given).map_or(Value::Null, Value::from),
        Some(given) => text_of(name, given).map_or(Value::Null, Value::from),
    };
    let mut payload = about(event, &said, filters::is_on_pull_request(item));
    if !matches!(event, "push" | "create") {
        payload["action"] = said("Action");
    }
    payload["sender"] = user(said("Sender"));
    payload["repository"] = json!({
        "full_name": said("Repository"),
        "name": said("RepositoryName"),
        "owner": {"login": said("RepositoryOwner")},
    });
    if let Some(given) = item.get("Payload") {
        put_over(&mut payload, given);
    }
    payload
}

fn user(login: Value) -> Value {
    json!({"login": login, "type": "User"})
}

/// What an event of its kind says beside who sent it, and where.
fn about(event: &str, said: &dyn Fn(&str) -> Value, is_on_pull: bool) -> Value {
    let sender = user(said("Sender"));
    let labels: Value = LABELS.into_iter().map(|name| json!({"name": name})).collect();
    let about = json!({
        "number": said("Number"),
        "title": said("Title"),
        "body": said("Body"),
        "html_url": said("URL"),
        "state": if said("Action") == "closed" { "closed" } else { "open" },
        "labels": labels,
        "user": sender,
        "assignee": null,
        "assignees": [],
        "milestone": null,
    });
    let comment =
        json!({"body": said("CommentBody"), "html_url": said("CommentURL"), "user": sender});
    let pull = |mut about: Value| {
        about["head"] = json!({"ref": said("Branch"), "sha": said("HeadSHA")});
        about["base"] = json!({"ref": "main"});
        about["draft"] = json!(false);
        about
    };
    match event {
        "issues" => json!({"issue": about}),
        "issue_comment" => {
            let mut about = about;
            if is_on_pull {
                about["pull_request"] = json!({"html_url": said("URL")});
            }
            json!({"issue": about, "comment": comment})
        }
        "pull_request" => json!({"pull_request": pull(about), "number": said("Number")}),
        "pull_request_review" => json!({"pull_request": pull(about), "review": comment}),
        "pull_request_review_comment" => json!({"pull_request": pull(about), "comment": comment}),
        "push" => json!({
            "ref": said("Ref"),
            "head_commit": {"id": said("ID"), "message": "Fix the login page"},
            "pusher": user(said("Sender")),
        }),
        "create" => json!({"ref": said("Ref"), "ref_type": said("RefType")}),
        "release" => json!({"release": {
            "tag_name": said("Tag"),
            "name": said("Title"),
            "body": said("Body"),
            "html_url": said("URL"),
        }}),
        "check_run" => json!({"check_run": {
            "name": said("CheckName"),
            "conclusion": said("Conclusion"),
            "html_url": said("CheckRunURL"),
            "head_sha": said("HeadSHA"),
            "app": {"name": said("CheckApp")},
        }}),
        _ => json!({}),
    }
}

/// Puts what is given over what is there, mapping by mapping.
pub(super) fn put_over(there: &mut Value, given: &Value) {
    match (there, given) {
        (Value::Object(there), Value::Object(given)) => {
            for (key, value) in given {
                put_over(there.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (there, given) => *there = given.clone(),
    }
}

/// What a payload says of the variables that an item does not say itself. What it says is nothing has no value in
/// Kelos, either; of what it leaves out it says nothing.
pub(super) fn told(event: &str, payload: &Value) -> Item {
    let mut item = Item::new();
    let mut tell = |name: &str, value: Value| item.insert(name.to_owned(), value);
    for (name, at) in [("Sender", "/sender/login")].iter().chain(places(event)) {
        match said(payload, at) {
            Said::Value(value) if *name == "ID" && value.is_i64() => {
                tell(name, value.to_string().into())
            }
            Said::Value(value) => tell(name, value.clone()),
            // A struct that is there has a number, which is 0 where it says none.
            Said::Nothing { is_last: true } if *name == "ID" && has_number(event) => {
                tell(name, "0".into())
            }
            Said::Nothing { .. } => tell(name, Value::Null),
            Said::No => None,
        };
    }
    match event {
        "push" => {
            if let Some(commits) = payload.get("commits") {
                tell("ChangedFiles", changed_files(commits));
            }
        }
        "check_run" => {
            if let Some(pulls) = payload.pointer("/check_run/pull_requests") {
                let pull = pulls.as_array().into_iter().flatten().find(|it| it["head"].is_object());
                let of = |at| pull.and_then(|it| it.pointer(at)).cloned().unwrap_or(Value::Null);
                tell("Number", of("/number"));
                tell("Branch", of("/head/ref"));
            }
        }
        event if is_of_issue(event) => {
            let about = if event.starts_with("issue") { "issue" } else { "pull_request" };
            if payload.get(about).is_some_and(Value::is_null) {
                tell("ID", Value::Null);
            }
        }
        _ => {}
    }
    item
}

/// What a payload says at a place.
enum Said<'p> {
    Value(&'p Value),
    /// That there is nothing: there, or, if it is not the last name, already before.
    Nothing {
        is_last: bool,
    },
    No,
}

fn said<'p>(payload: &'p Value, at: &str) -> Said<'p> {
    let mut here = payload;
    for name in at.split('/').skip(1) {
        match here.get(name) {
            Some(next) => here = next,
            None if here.is_null() => return Said::Nothing { is_last: false },
            None => return Said::No,
        }
    }
    if here.is_null() { Said::Nothing { is_last: true } } else { Said::Value(here) }
}

/// Whether the ID of an event is a number that its payload says.
fn has_number(event: &str) -> bool {
    matches!(event, "release" | "check_run")
}

/// The files of a push, each once: those that its commits add, remove and change.
fn changed_files(commits: &Value) -> Value {
    let mut files: Vec<Value> = Vec::new();
    for commit in commits.as_array().into_iter().flatten() {
        for batch in ["added", "removed", "modified"] {
            for file in commit[batch].as_array().into_iter().flatten() {
                if !files.contains(file) {
                    files.push(file.clone());
                }
            }
        }
    }
    files.into()
}

/// Where Kelos reads the variables of an event.
fn places(event: &str) -> &'static [(&'static str, &'static str)] {
    match event {
        "issues" => &[
            ("Action", "/action"),
            ("Number", "/issue/number"),
            ("Title", "/issue/title"),
            ("Body", "/issue/body"),
            ("URL", "/issue/html_url"),
            REPOSITORY,
        ],
        "issue_comment" => &[
            ("Action", "/action"),
            ("Number", "/issue/number"),
            ("Title", "/issue/title"),
            ("Body", "/issue/body"),
            ("URL", "/issue/html_url"),
            ("CommentBody", "/comment/body"),
            ("CommentURL", "/comment/html_url"),
            REPOSITORY,
        ],
        "pull_request" => &PULL_REQUEST,
        "pull_request_review" => &PULL_REQUEST_REVIEW,
        "pull_request_review_comment" => &PULL_REQUEST_COMMENT,
        "push" => &[("Ref", "/ref"), ("ID", "/head_commit/id"), REPOSITORY],
        "create" => &[("Ref", "/ref"), ("RefType", "/ref_type"), REPOSITORY],
        "release" => &[
            ("Action", "/action"),
            ("ID", "/release/id"),
            ("Tag", "/release/tag_name"),
            ("Title", "/release/name"),
            ("Body", "/release/body"),
            ("URL", "/release/html_url"),
            REPOSITORY,
        ],
        "check_run" => &[
            ("Action", "/action"),
            ("ID", "/check_run/id"),
            ("CheckName", "/check_run/name"),
            ("Conclusion", "/check_run/conclusion"),
            ("CheckRunURL", "/check_run/html_url"),
            ("URL", "/check_run/html_url"),
            ("HeadSHA", "/check_run/head_sha"),
            ("CheckApp", "/check_run/app/name"),
            REPOSITORY,
        ],
        // Of others Kelos reads what they do, and by whom.
        _ => &[("Action", "/action")],
    }
}

const REPOSITORY: (&str, &str) = ("Repository", "/repository/full_name");

const PULL_REQUEST: [(&str, &str); 8] = [
    REPOSITORY,
    ("Action", "/action"),
    ("Number", "/pull_request/number"),
    ("Title", "/pull_request/title"),
    ("Body", "/pull_request/body"),
    ("URL", "/pull_request/html_url"),
    ("Branch", "/pull_request/head/ref"),
    ("HeadSHA", "/pull_request/head/sha"),
];

/// The same with what a comment says.
const fn with_comment(
    body: &'static str,
    page: &'static str,
) -> [(&'static str, &'static str); 10] {
    let [repository, action, number, title, text, url, branch, commit] = PULL_REQUEST;
    let comment = ("CommentBody", body);
    [repository, action, number, title, text, url, branch, commit, comment, ("CommentURL", page)]
}

const PULL_REQUEST_REVIEW: [(&str, &str); 10] = with_comment("/review/body", "/review/html_url");
const PULL_REQUEST_COMMENT: [(&str, &str); 10] = with_comment("/comment/body", "/comment/html_url");

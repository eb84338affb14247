//! The payload of an event that an item does not give in full: as GitHub would send it about what the item says.

use serde_json::{Value, json};

use super::Item;
use super::filters;
use super::samples::LABELS;
use super::variables::{text_of, whole};

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

/// What a payload says of the variables that an item does not say itself.
pub(super) fn told(event: &str, payload: &Value) -> Item {
    let common: &[(&str, &str)] =
        &[("Sender", "/sender/login"), ("Repository", "/repository/full_name")];
    let mut item = Item::new();
    for (name, at) in common.iter().chain(places(event)) {
        let Some(value) = payload.pointer(at).filter(|it| !it.is_null()) else { continue };
        let value = match value.as_i64() {
            Some(id) if *name == "ID" => id.to_string().into(),
            _ => value.clone(),
        };
        item.insert((*name).to_owned(), value);
    }
    item
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
        ],
        "issue_comment" => &[
            ("Action", "/action"),
            ("Number", "/issue/number"),
            ("Title", "/issue/title"),
            ("Body", "/issue/body"),
            ("URL", "/issue/html_url"),
            ("CommentBody", "/comment/body"),
            ("CommentURL", "/comment/html_url"),
        ],
        "pull_request" => &PULL_REQUEST,
        "pull_request_review" => &PULL_REQUEST_REVIEW,
        "pull_request_review_comment" => &PULL_REQUEST_COMMENT,
        "push" => &[("Ref", "/ref"), ("ID", "/head_commit/id")],
        "create" => &[("Ref", "/ref"), ("RefType", "/ref_type")],
        "release" => &[
            ("Action", "/action"),
            ("ID", "/release/id"),
            ("Tag", "/release/tag_name"),
            ("Title", "/release/name"),
            ("Body", "/release/body"),
            ("URL", "/release/html_url"),
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
            ("Number", "/check_run/pull_requests/0/number"),
            ("Branch", "/check_run/pull_requests/0/head/ref"),
        ],
        _ => &[],
    }
}

const PULL_REQUEST: [(&str, &str); 7] = [
    ("Action", "/action"),
    ("Number", "/pull_request/number"),
    ("Title", "/pull_request/title"),
    ("Body", "/pull_request/body"),
    ("URL", "/pull_request/html_url"),
    ("Branch", "/pull_request/head/ref"),
    ("HeadSHA", "/pull_request/head/sha"),
];

/// The same with what a comment says.
const fn with_comment(body: &'static str, page: &'static str) -> [(&'static str, &'static str); 9] {
    let [action, number, title, text, url, branch, commit] = PULL_REQUEST;
    let comment = ("CommentBody", body);
    [action, number, title, text, url, branch, commit, comment, ("CommentURL", page)]
}

const PULL_REQUEST_REVIEW: [(&str, &str); 9] = with_comment("/review/body", "/review/html_url");
const PULL_REQUEST_COMMENT: [(&str, &str); 9] = with_comment("/comment/body", "/comment/html_url");

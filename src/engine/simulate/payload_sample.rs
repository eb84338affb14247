//! The payload of an event that an item does not give in full: as GitHub would send it about what the item says.

use serde_json::{Value, json};

use super::Item;

/// The payload about an item, with what the item gives of it over that.
pub(super) fn payload(event: &str, item: &Item) -> Value {
    let text = |name: &str| item.get(name).filter(|it| !it.is_null()).cloned();
    let said = |name: &str| text(name).unwrap_or(Value::Null);
    let user = |login: Value| json!({"login": login, "type": "User"});
    let sender = user(said("Sender"));
    let labels = json!([{"name": "bug"}, {"name": "priority/high"}]);
    let about = json!({
        "number": said("Number"),
        "title": said("Title"),
        "body": said("Body"),
        "html_url": said("URL"),
        "state": "open",
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
    let mut payload = match event {
        "issues" => json!({"issue": about}),
        "issue_comment" => json!({"issue": about, "comment": comment}),
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
    };
    if !matches!(event, "push" | "create") {
        payload["action"] = said("Action");
    }
    payload["sender"] = sender;
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

/// Puts what is given over what is there, mapping by mapping.
fn put_over(there: &mut Value, given: &Value) {
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
    let mut item = Item::new();
    let mut take = |name: &str, pointer: &str| {
        if let Some(value) = payload.pointer(pointer).filter(|it| !it.is_null()) {
            let value = if name == "ID" {
                value.as_i64().map_or(value.clone(), |id| id.to_string().into())
            } else {
                value.clone()
            };
            item.insert(name.to_owned(), value);
        }
    };
    let of = if event.starts_with("pull_request") { "/pull_request" } else { "/issue" };
    for (name, at) in
        [("Number", "number"), ("Title", "title"), ("Body", "body"), ("URL", "html_url")]
    {
        take(name, &format!("{of}/{at}"));
    }
    take("Sender", "/sender/login");
    take("Repository", "/repository/full_name");
    if !matches!(event, "push" | "create") {
        take("Action", "/action");
    }
    if event.starts_with("pull_request") {
        take("Branch", "/pull_request/head/ref");
        take("HeadSHA", "/pull_request/head/sha");
    }
    let comment = if event == "pull_request_review" { "/review" } else { "/comment" };
    take("CommentBody", &format!("{comment}/body"));
    take("CommentURL", &format!("{comment}/html_url"));
    match event {
        "push" => {
            take("Ref", "/ref");
            take("ID", "/head_commit/id");
        }
        "create" => {
            take("Ref", "/ref");
            take("RefType", "/ref_type");
        }
        "release" => {
            for (name, at) in [
                ("ID", "id"),
                ("Tag", "tag_name"),
                ("Title", "name"),
                ("Body", "body"),
                ("URL", "html_url"),
            ] {
                take(name, &format!("/release/{at}"));
            }
        }
        "check_run" => {
            for (name, at) in [
                ("ID", "id"),
                ("CheckName", "name"),
                ("Conclusion", "conclusion"),
                ("CheckRunURL", "html_url"),
                ("URL", "html_url"),
                ("HeadSHA", "head_sha"),
                ("CheckApp", "app/name"),
                ("Number", "pull_requests/0/number"),
                ("Branch", "pull_requests/0/head/ref"),
            ] {
                take(name, &format!("/check_run/{at}"));
            }
        }
        _ => {}
    }
    item
}

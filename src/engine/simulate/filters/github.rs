//! `githubWebhook`: a filter is for one event.

use std::rc::Rc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::glob::NotGlob;
use super::name::{like, named, usual};
use super::text::Body;
use super::{
    Filters, Judged, glob, has_filters, is_equal, labels, of_labels, said, texts, written,
};
use crate::engine::simulate::no_task::NoTask;
use crate::engine::simulate::spawner::Spawner;
use crate::engine::simulate::{Item, SourceKind, github_event, payload_sample};
use crate::templates::purse::Purse;
use crate::templates::regexp;

/// Who may have sent the examples, the usual one first.
const SENDERS: [&str; 3] = ["octocat", "hubot", "mona"];

/// A filter as it is written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Said {
    event: Option<String>,
    action: Option<String>,
    body_contains: Option<String>,
    body_pattern: Option<String>,
    exclude_body_patterns: Option<Vec<String>>,
    labels: Option<Vec<String>>,
    exclude_labels: Option<Vec<String>>,
    state: Option<String>,
    branch: Option<String>,
    tag: Option<String>,
    draft: Option<bool>,
    comment_on: Option<String>,
    author: Option<String>,
    exclude_authors: Option<Vec<String>>,
    file_patterns: Option<FilePatterns>,
    conclusion: Option<String>,
    check_name: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct FilePatterns {
    include: Option<Vec<String>>,
    exclude: Option<Vec<String>>,
}

/// A filter, with what the TaskSpawner asks of every event.
#[derive(Debug)]
struct Filter {
    event: String,
    repository: String,
    excluded: Rc<[String]>,
    said: Said,
}

/// The filters of the event of an item.
pub(super) fn filters(spawner: &Spawner, given: &Item) -> Result<Filters, NoTask> {
    let source = SourceKind::GithubWebhook;
    let event = spawner.event_of(given)?;
    let excluded = texts(spawner, source, "excludeAuthors");
    let filter = |said: Said| Filter {
        event: event.clone(),
        repository: spawner.text_of_source(source, "repository").to_owned(),
        excluded: Rc::clone(&excluded),
        said,
    };
    if !has_filters(spawner, source) {
        return Ok(Filters::one(source, filter(Said::default())));
    }
    let of_event = written(spawner, source, "filters", |it| it["event"].as_str() == Some(&*event))?
        .into_iter();
    Ok(Filters {
        none: format!("no filter of `{event}`"),
        field: "githubWebhook",
        is_list: true,
        all: of_event.map(|(number, it)| (number, Box::new(filter(it)) as Box<_>)).collect(),
    })
}

/// Whether the issue of a comment is a pull request.
pub(in crate::engine::simulate) fn is_on_pull_request(item: &Item) -> bool {
    match item.get("Payload").and_then(|it| it.pointer("/issue/pull_request")) {
        Some(said) => !said.is_null(),
        None => {
            said(item, "URL").contains("/pull/")
                || (said(item, "URL").is_empty() && item.contains_key("Branch"))
        }
    }
}

fn text(said: Option<&String>) -> &str {
    said.map_or("", String::as_str)
}

fn list(said: Option<&Vec<String>>) -> &[String] {
    said.map_or(&[], Vec::as_slice)
}

impl super::Filter for Filter {
    fn ways(&self, given: &Item, purse: &mut Purse) -> Vec<Item> {
        let mut item = self.plain_way(given, purse);
        let about = self.of_page(&item);
        if self.event == "issue_comment" && self.said.comment_on.as_deref() == Some("PullRequest") {
            // Who has a branch is a pull request.
            item.insert("Branch".to_owned(), "fix-login".into());
        }
        if let Some(of) = self.page().filter(|_| about.as_object().is_some_and(|it| !it.is_empty()))
        {
            item.insert("Payload".to_owned(), json!({ of: about }));
        }
        let bodies = self.body().examples(purse);
        let with_body = |body: String| {
            let mut item = item.clone();
            item.insert(self.body_name().to_owned(), body.into());
            item
        };
        if bodies.is_empty() || self.page().is_none() {
            vec![item]
        } else {
            bodies.into_iter().map(with_body).collect()
        }
    }

    fn judged(&self, item: &Item, purse: &mut Purse) -> Judged {
        let Filter { event, said: filter, .. } = self;
        let action = said(item, "Action");
        let (wanted, author) = (text(filter.action.as_ref()), text(filter.author.as_ref()));
        let sender = said(item, "Sender");
        let repository = said(item, "Repository");
        Judged::only_if(self.repository.is_empty() || self.repository == repository, || {
            match repository {
                "" => format!("`{event}`, of which Kelos knows no repository,"),
                name => format!("repository `{name}`"),
            }
        })
        .and(|| {
            Judged::only_if(wanted.is_empty() || wanted == action, || match action {
                "" => format!("`{event}` without an action"),
                action => format!("action `{action}`"),
            })
        })
        .and(|| {
            let is_wanted = author.is_empty() || author == sender;
            let is_excluded = self.excluded().any(|it| it == sender);
            Judged::only_if(is_wanted && !is_excluded, || format!("sender `{sender}`"))
        })
        .and(|| named("branch", text(filter.branch.as_ref()), said(item, "Branch"), purse))
        .and(|| named("tag", text(filter.tag.as_ref()), said(item, "Tag"), purse))
        .and(|| self.of_payload(item, purse))
        .and(|| self.of_files(item, purse))
    }
}

impl Filter {
    fn excluded(&self) -> impl Iterator<Item = &str> {
        self.excluded.iter().chain(list(self.said.exclude_authors.as_ref())).map(String::as_str)
    }

    fn body(&self) -> Body<'_> {
        Body {
            contains: text(self.said.body_contains.as_ref()),
            pattern: text(self.said.body_pattern.as_ref()),
            excluded: list(self.said.exclude_body_patterns.as_ref()),
        }
    }

    /// The variable that Kelos looks for a body in.
    fn body_name(&self) -> &'static str {
        if matches!(&*self.event, "issues" | "pull_request") { "Body" } else { "CommentBody" }
    }

    /// What of the payload the event is about: an issue or a pull request.
    fn page(&self) -> Option<&'static str> {
        match &*self.event {
            "issues" | "issue_comment" => Some("issue"),
            "pull_request" | "pull_request_review" | "pull_request_review_comment" => {
                Some("pull_request")
            }
            _ => None,
        }
    }

    /// What it asks for beside the payload and the body.
    fn plain_way(&self, given: &Item, purse: &mut Purse) -> Item {
        let filter = &self.said;
        let mut item = Item::new();
        let mut put = |name: &str, value: Value| {
            if github_event::has(&self.event, name) {
                item.insert(name.to_owned(), value);
            }
        };
        let author = Some(text(filter.author.as_ref())).filter(|it| !it.is_empty());
        let sender =
            author.or_else(|| SENDERS.into_iter().find(|it| self.excluded().all(|not| not != *it)));
        put("Sender", sender.unwrap_or(SENDERS[0]).into());
        for (name, wanted) in [("Action", &filter.action), ("Conclusion", &filter.conclusion)] {
            if let Some(wanted) = wanted.as_ref().filter(|it| !it.is_empty()) {
                put(name, wanted.as_str().into());
            }
        }
        let patterns =
            [("Branch", &filter.branch), ("Tag", &filter.tag), ("CheckName", &filter.check_name)];
        for (name, pattern) in patterns {
            let Some(pattern) = pattern.as_ref().filter(|it| !it.is_empty()) else { continue };
            // What is created is a branch or a tag.
            if self.event == "create"
                && matches!((said(given, "RefType"), name), ("branch", "Tag") | ("tag", "Branch"))
            {
                continue;
            }
            if let Some(example) = like(pattern, usual(name), purse) {
                put(name, example.into());
            }
        }
        if self.event == "create" && !given.contains_key("RefType") {
            let of_branch =
                !text(filter.branch.as_ref()).is_empty() || given.contains_key("Branch");
            put("RefType", if of_branch { "branch" } else { "tag" }.into());
        }
        if let Some(files) = self.files(purse) {
            put("ChangedFiles", files);
        }
        item
    }

    /// A list of files that it lets pass, if it asks for files.
    fn files(&self, purse: &mut Purse) -> Option<Value> {
        let include = list(self.said.file_patterns.as_ref()?.include.as_ref());
        let of_pattern = |it: &String| regexp::example(&glob::of_path(it, purse).ok()?, purse);
        let first = include.iter().find_map(of_pattern).filter(|it| !it.is_empty());
        Some(json!([first.unwrap_or_else(|| "README.md".to_owned())]))
    }

    /// What it asks of the issue or the pull request.
    fn of_page(&self, item: &Item) -> Value {
        let filter = &self.said;
        let mut about = json!({});
        let is_closed = matches!(said(item, "Action"), "closed");
        match text(filter.state.as_ref()) {
            "" if is_closed => about["state"] = json!("closed"),
            "" => {}
            state => about["state"] = json!(state),
        }
        if let Some(draft) = filter.draft.filter(|_| self.page() == Some("pull_request")) {
            about["draft"] = json!(draft);
        }
        let (wanted, unwanted) =
            (list(filter.labels.as_ref()), list(filter.exclude_labels.as_ref()));
        if !wanted.is_empty() || !unwanted.is_empty() {
            let names = labels(wanted, unwanted, is_equal);
            about["labels"] = names.into_iter().map(|name| json!({"name": name})).collect();
        }
        about
    }

    fn of_payload(&self, item: &Item, purse: &mut Purse) -> Judged {
        let payload = payload_sample::payload(&self.event, item);
        let filter = &self.said;
        if self.event == "check_run" {
            let wanted = text(filter.conclusion.as_ref());
            let conclusion = of(&payload, "/check_run/conclusion");
            return Judged::only_if(wanted.is_empty() || wanted == conclusion, || {
                format!("conclusion `{conclusion}`")
            })
            .and(|| {
                let name = of(&payload, "/check_run/name");
                named("check", text(filter.check_name.as_ref()), name, purse)
            });
        }
        let Some(page) = self.page().and_then(|it| payload.get(it)) else { return Judged::Passes };
        let state = of(page, "/state");
        let wanted = text(filter.state.as_ref());
        self.of_comment(page)
            .and(|| {
                Judged::only_if(wanted.is_empty() || wanted == state, || format!("state `{state}`"))
            })
            .and(|| {
                let is_draft = page["draft"].as_bool() == Some(true);
                let wanted = filter.draft.filter(|_| self.page() == Some("pull_request"));
                Judged::only_if(wanted.is_none_or(|it| it == is_draft), || {
                    if is_draft { "a draft" } else { "what is no draft" }.to_owned()
                })
            })
            .and(|| {
                let there = page["labels"].as_array().into_iter().flatten();
                let there: Vec<String> =
                    there.filter_map(|it| Some(it["name"].as_str()?.to_owned())).collect();
                let (wanted, unwanted) =
                    (list(filter.labels.as_ref()), list(filter.exclude_labels.as_ref()));
                of_labels(&there, wanted, unwanted, is_equal)
            })
            .and(|| {
                let at = match &*self.event {
                    "issues" | "pull_request" => "/body",
                    "pull_request_review" => "/review/body",
                    _ => "/comment/body",
                };
                let whole = if at == "/body" { page } else { &payload };
                self.body().judged(of(whole, at), purse)
            })
    }

    /// Whether it takes comments on such a thing.
    fn of_comment(&self, page: &Value) -> Judged {
        if self.event != "issue_comment" {
            return Judged::Passes;
        }
        let is_pull = page.get("pull_request").is_some_and(|it| !it.is_null());
        let is_wanted = match text(self.said.comment_on.as_ref()) {
            "Issue" => !is_pull,
            "PullRequest" => is_pull,
            _ => true,
        };
        Judged::only_if(is_wanted, || {
            let on = if is_pull { "a pull request" } else { "an issue" };
            format!("a comment on {on}")
        })
    }

    fn of_files(&self, item: &Item, purse: &mut Purse) -> Judged {
        let Some(patterns) = &self.said.file_patterns else { return Judged::Passes };
        let (include, exclude) = (list(patterns.include.as_ref()), list(patterns.exclude.as_ref()));
        if include.is_empty() && exclude.is_empty() {
            return Judged::Passes;
        }
        let files = item.get("ChangedFiles").and_then(Value::as_array);
        let files = files.into_iter().flatten().filter_map(Value::as_str);
        // What is no pattern matches nothing.
        let mut any = |patterns: &[String], file: &str| -> Result<bool, String> {
            for pattern in patterns {
                let regex = match glob::of_path(pattern, purse) {
                    Ok(regex) => regex,
                    Err(NotGlob::Wrong) => continue,
                    Err(error) => return Err(format!("filePatterns: {error}")),
                };
                if super::text::finds("filePatterns", &regex, file, purse)? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        for file in files {
            let passes = any(exclude, file)
                .and_then(|is_out| Ok(!is_out && (include.is_empty() || any(include, file)?)));
            match passes {
                Ok(true) => return Judged::Passes,
                Ok(false) => {}
                Err(why) => return Judged::Untold(why),
            }
        }
        Judged::Stops("what changes none of these files".to_owned())
    }
}

fn of<'p>(payload: &'p Value, at: &str) -> &'p str {
    payload.pointer(at).and_then(Value::as_str).unwrap_or_default()
}

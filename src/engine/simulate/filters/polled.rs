//! `githubIssues` and `githubPullRequests`: what the spawner asks of what it polls, as far as items say it.
//!
//! Author, assignee, state, draft and changed files are no variables: an item is taken for one that has them right.
//! So is whoever wrote a comment taken for one who may.

use serde::Deserialize;
use serde_json::json;

use super::{Judged, is_equal, labels, names, of_labels, read, said};
use crate::engine::simulate::no_task::NoTask;
use crate::engine::simulate::spawner::Spawner;
use crate::engine::simulate::{Item, SourceKind};
use crate::templates::purse::Purse;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Said {
    types: Option<Vec<String>>,
    labels: Option<Vec<String>>,
    exclude_labels: Option<Vec<String>>,
    review_state: Option<String>,
    /// Of v1alpha1.
    trigger_comment: Option<String>,
    exclude_comments: Option<Vec<String>>,
    comment_policy: Option<CommentPolicy>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CommentPolicy {
    trigger_comment: Option<String>,
    exclude_comments: Option<Vec<String>>,
}

pub(super) struct Polled {
    is_issues: bool,
    types: Vec<String>,
    labels: Vec<String>,
    unwanted: Vec<String>,
    /// In small letters; empty if any will do.
    review_state: String,
    trigger: String,
    stops: Vec<String>,
}

impl Polled {
    pub(super) fn of(spawner: &Spawner, source: SourceKind) -> Result<Polled, NoTask> {
        let said: Said = read(spawner, source)?;
        let policy = said.comment_policy.unwrap_or_default();
        let review_state = said.review_state.unwrap_or_default().to_lowercase();
        Ok(Polled {
            is_issues: source == SourceKind::GithubIssues,
            types: said.types.filter(|it| !it.is_empty()).unwrap_or(vec!["issues".to_owned()]),
            labels: said.labels.unwrap_or_default(),
            unwanted: said.exclude_labels.unwrap_or_default(),
            review_state: if review_state == "any" { String::new() } else { review_state },
            trigger: policy.trigger_comment.or(said.trigger_comment).unwrap_or_default(),
            stops: policy.exclude_comments.or(said.exclude_comments).unwrap_or_default(),
        })
    }

    fn takes(&self, what: &str) -> bool {
        self.types.iter().any(|it| it == what)
    }

    /// What comments make of it. Which of two is the later one, the item tells by their order.
    fn of_comments(&self, item: &Item) -> Judged {
        if self.trigger.is_empty() && self.stops.is_empty() {
            return Judged::Passes;
        }
        let last = |name: &str, is_it: &dyn Fn(&str) -> bool| {
            said(item, name).split('\n').enumerate().filter(|(_, it)| is_it(it.trim())).last()
        };
        let is_trigger = |line: &str| !self.trigger.is_empty() && line == self.trigger;
        let is_stop = |line: &str| self.stops.iter().any(|it| it == line);
        let stopped = || Judged::Stops("what a comment excludes".to_owned());
        let missing = || Judged::Stops(format!("what has no comment `{}`", self.trigger));
        let order = |name| {
            let (go, stop) = (last(name, &is_trigger), last(name, &is_stop));
            (go.map(|it| it.0), stop.map(|it| it.0))
        };
        match order("Comments") {
            (Some(go), Some(stop)) if stop > go => return stopped(),
            (None, Some(_)) => return stopped(),
            (Some(_), _) => return Judged::Passes,
            (None, None) => {}
        }
        match order("Body") {
            (_, Some(_)) => stopped(),
            (None, None) if !self.trigger.is_empty() => missing(),
            _ => Judged::Passes,
        }
    }
}

impl super::Filter for Polled {
    fn ways(&self, given: &Item, _: &mut Purse) -> Vec<Item> {
        let mut item = Item::new();
        let is_pull = self.is_issues && !self.takes("issues") && self.takes("pulls");
        if is_pull && !given.contains_key("Kind") {
            item.insert("Kind".to_owned(), "PR".into());
        }
        if !self.labels.is_empty() || !self.unwanted.is_empty() {
            let names = labels(&self.labels, &self.unwanted, is_equal);
            item.insert("Labels".to_owned(), json!(names));
        }
        let has = |name: &str| said(given, name).lines().any(|it| it.trim() == self.trigger);
        if !self.trigger.is_empty() && !has("Body") {
            item.insert("Comments".to_owned(), self.trigger.as_str().into());
        }
        vec![item]
    }

    fn judged(&self, item: &Item, _: &mut Purse) -> Judged {
        let is_pull = said(item, "Kind") == "PR";
        let wanted = if is_pull { "pulls" } else { "issues" };
        Judged::only_if(!self.is_issues || self.takes(wanted), || {
            if is_pull { "a pull request" } else { "an issue" }.to_owned()
        })
        .and(|| of_labels(&names(item.get("Labels")), &self.labels, &self.unwanted, is_equal))
        .and(|| {
            let state = said(item, "ReviewState");
            let is_wanted = self.review_state.is_empty() || self.review_state == state;
            Judged::only_if(self.is_issues || is_wanted, || match state {
                "" => "what nobody has reviewed".to_owned(),
                state => format!("review state `{state}`"),
            })
        })
        .and(|| self.of_comments(item))
    }
}

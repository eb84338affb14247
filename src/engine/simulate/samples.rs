//! Built-in examples of items, for what an item does not say.

use serde_json::{Value, json};

use super::filters;
use super::github_event::{self, EVENTS};
use super::no_task::NoTask;
use super::payload_sample;
use super::spawner::Spawner;
use super::variables::{text_of, whole};
use super::{Item, SourceKind};

/// The commit of the examples.
const COMMIT: &str = "6dcb09b5b57875f334f61aebed695e2e4193db5e";
/// The delivery of the examples, which the name of the Task is made of.
const DELIVERY: &str = "72d3162e-cc78-11e3-81ab-4c9367dc0958";

/// The most events or types that examples are made of.
const MOST_EVENTS: usize = 20;

/// The labels of the examples.
pub(super) const LABELS: [&str; 2] = ["bug", "priority/high"];

impl Spawner {
    /// Examples of items of its source that it takes; of `githubWebhook` at least one for each event that it takes, of
    /// `linearWebhook` one for each type.
    ///
    /// Each has all variables that such an item can have. None for a source that is not known, and none that
    /// its filters do not let through.
    pub fn samples(&self) -> Vec<Item> {
        let Some(source) = self.source() else { return Vec::new() };
        let of = |given: &[(&str, &str)]| {
            let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
            self.completed(source, &given.collect()).ok()
        };
        match source {
            SourceKind::GithubWebhook => {
                let mut events: Vec<&str> = self.events().collect();
                if events.is_empty() {
                    events.extend(EVENTS);
                }
                // As many as Kelos's schema takes.
                events.truncate(MOST_EVENTS);
                let of_event = |event| variants(event).iter().map(move |more| (event, *more));
                let all = events.into_iter().flat_map(of_event);
                all.filter_map(|(event, more)| of(&[&[("Event", event)], more].concat())).collect()
            }
            SourceKind::LinearWebhook => {
                let types = self.of_source(source, "types").and_then(Value::as_array);
                let types = types.into_iter().flatten().filter_map(Value::as_str);
                let types = types.take(MOST_EVENTS);
                let mut all: Vec<Item> = types.filter_map(|it| of(&[("Type", it)])).collect();
                if all.is_empty() {
                    all.extend(of(&[]));
                }
                all
            }
            _ => of(&[]).into_iter().collect(),
        }
    }

    /// The payload of an event of GitHub: what the item says of it, and what follows from the rest of the item.
    ///
    /// # Errors
    ///
    /// The item can't be one of the source.
    pub fn payload(&self, item: &Item) -> Result<Value, NoTask> {
        let item = self.completed(SourceKind::GithubWebhook, item)?;
        let event = self.event_of(&item)?;
        Ok(payload_sample::payload(&event, &item))
    }

    /// An item that the filters let pass, with an example's values for what is not given. What follows from others
    /// follows from those that are.
    pub(super) fn completed(&self, source: SourceKind, given: &Item) -> Result<Item, NoTask> {
        let told;
        let mut given = given;
        if source == SourceKind::GithubWebhook {
            let event = self.event_of(given)?;
            self.fits(&event, given)?;
            if let Some(payload) = given.get("Payload") {
                let mut all = payload_sample::told(&event, payload);
                all.extend(given.clone());
                told = all;
                given = &told;
            }
        }
        let filters = self.filters(source, given)?;
        let purse = &mut *self.purse.borrow_mut();
        filters.let_pass(given, purse, |given| self.with_example(source, given))
    }

    /// The same without a look at the filters.
    fn with_example(&self, source: SourceKind, given: Item) -> Result<Item, NoTask> {
        let given = Given(&given);
        let sample = match source {
            SourceKind::GithubIssues => self.issue(source, &given, false)?,
            SourceKind::GithubPullRequests => self.issue(source, &given, true)?,
            SourceKind::Jira => self.jira(&given)?,
            SourceKind::Cron => self.cron(&given)?,
            SourceKind::GithubWebhook => self.event(&given)?,
            SourceKind::LinearWebhook => linear(&given)?,
            SourceKind::GenericWebhook => json!({"DeliveryID": DELIVERY}),
            SourceKind::Slack => slack(&given)?,
        };
        let Value::Object(mut item) = sample else { return Ok(given.0.clone()) };
        item.extend(given.0.clone());
        Ok(item)
    }

    fn issue(&self, source: SourceKind, given: &Given<'_>, is_pull: bool) -> Result<Value, NoTask> {
        let number = given.number(42)?;
        let is_pull = is_pull || given.0.get("Kind").and_then(Value::as_str) == Some("PR");
        let page = if is_pull { "pull" } else { "issues" };
        let repository = match self.text_of_source(source, "repo") {
            "" => "acme/widgets".to_owned(),
            repo => super::reporting::repository_name(repo),
        };
        let mut item = json!({
            "ID": number.to_string(),
            "Number": number,
            "Title": "Fix the login page",
            "Body": "It is broken.",
            "URL": format!("https://github.com/{repository}/{page}/{number}"),
            "Labels": LABELS,
            "Comments": "I see it, too.",
            "Kind": if is_pull { "PR" } else { "Issue" },
        });
        if source == SourceKind::GithubPullRequests {
            item["Branch"] = json!("fix-login");
            item["HeadSHA"] = json!(COMMIT);
            item["ReviewState"] = match self.text_of_source(source, "reviewState") {
                "" | "any" => json!("changes_requested"),
                state => json!(state),
            };
            item["ReviewComments"] = json!("src/login.rs:7\nThis needs a test.");
        }
        Ok(item)
    }

    fn jira(&self, given: &Given<'_>) -> Result<Value, NoTask> {
        let project = match self.text_of_source(SourceKind::Jira, "project") {
            "" => "ENG",
            project => project,
        };
        let id = given.text("ID", &format!("{project}-{}", given.number(42)?))?;
        let number = id.rsplit_once('-').and_then(|(_, number)| number.parse::<i64>().ok());
        let site = match self.text_of_source(SourceKind::Jira, "baseUrl").trim_end_matches('/') {
            "" => "https://acme.atlassian.net",
            site => site,
        };
        Ok(json!({
            "ID": id,
            "Number": number.unwrap_or(0),
            "Title": "Fix the login page",
            "URL": format!("{site}/browse/{id}"),
            "Labels": ["bug", "urgent"],
            "Comments": "I see it, too.",
            "Kind": "Bug",
        }))
    }

    fn cron(&self, given: &Given<'_>) -> Result<Value, NoTask> {
        let time = given.text("Time", "2026-02-07T09:00:00Z")?;
        let digits = |range: std::ops::Range<usize>| time.get(range).unwrap_or_default();
        let id = [0..4, 5..7, 8..10].map(digits).concat() + "-" + digits(11..13) + digits(14..16);
        let is_time = id.len() == 13 && id.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        if !is_time || !time.ends_with('Z') {
            return Err(NoTask::item("`Time` is a moment in UTC, such as 2026-02-07T09:00:00Z"));
        }
        let schedule = match self.text_of_source(SourceKind::Cron, "schedule") {
            "" => "0 9 * * *",
            schedule => schedule,
        };
        Ok(json!({"ID": id, "Title": time, "Time": time, "Schedule": schedule}))
    }

    /// The event that an item is: without a word of it the first that the TaskSpawner takes.
    pub(super) fn event_of(&self, given: &Item) -> Result<String, NoTask> {
        let filters =
            self.of_source(SourceKind::GithubWebhook, "filters").and_then(Value::as_array);
        let filters = filters.filter(|it| !it.is_empty());
        let is_taken = |event: &&str| {
            filters.is_none_or(|all| all.iter().any(|it| it["event"].as_str() == Some(event)))
        };
        let first = self.events().find(is_taken).or_else(|| self.events().next());
        Given(given).text("Event", first.unwrap_or("issues"))
    }

    /// Whether an item can be of this event, and the TaskSpawner takes such.
    fn fits(&self, event: &str, given: &Item) -> Result<(), NoTask> {
        let events: Vec<&str> = self.events().collect();
        if !events.is_empty() && !events.contains(&event) {
            return Err(NoTask::filtered(format!(
                "spec.when.githubWebhook.events has no `{event}`: it has {}",
                events.join(", ")
            )));
        }
        match given.keys().find(|name| !github_event::has(event, name)) {
            Some(name) => Err(NoTask::item(format!("the event `{event}` has no `{name}`"))),
            None => Ok(()),
        }
    }

    fn event(&self, given: &Given<'_>) -> Result<Value, NoTask> {
        let event = self.event_of(given.0)?;
        let bound = self.text_of_source(SourceKind::GithubWebhook, "repository");
        let is_known = EVENTS.contains(&&*event);
        let repository = match bound {
            _ if !is_known => "",
            "" => "acme/widgets",
            bound => bound,
        };
        let repository = given.text("Repository", repository)?;
        let (owner, name) = repository.split_once('/').unwrap_or_default();
        let mut item = json!({
            "Event": event,
            "Sender": "octocat",
            "Repository": repository,
            "RepositoryOwner": owner,
            "RepositoryName": name,
            "Kind": "webhook",
            "DeliveryID": DELIVERY,
        });
        let special = event_item(&event, &format!("https://github.com/{repository}"), given)?;
        if let (Value::Object(item), Value::Object(special)) = (&mut item, special) {
            item.extend(special);
        }
        Ok(item)
    }
}

/// What tells the examples of an event apart, where there are several kinds of them.
fn variants(event: &str) -> &'static [&'static [(&'static str, &'static str)]] {
    match event {
        "issue_comment" => &[&[], &[("Branch", "fix-login")]],
        "create" => &[&[("RefType", "tag")], &[("RefType", "branch")]],
        _ => &[&[]],
    }
}

/// What the event `create` says: of a branch, a tag, or a repository, which has neither.
fn created(given: &Given<'_>) -> Result<Value, NoTask> {
    Ok(match &*given.text("RefType", "tag")? {
        "branch" => {
            let name = given.text("Ref", &given.text("Branch", "fix-login")?)?;
            json!({"ID": name, "Ref": name, "RefType": "branch", "Branch": name, "Title": format!("Branch created: {name}")})
        }
        "tag" => {
            let name = given.text("Ref", &given.text("Tag", "v1.2.0")?)?;
            json!({"ID": name, "Ref": name, "RefType": "tag", "Tag": name, "Title": format!("Tag created: {name}")})
        }
        _ => {
            let name = given.text("Ref", "")?;
            json!({"ID": name, "Ref": name})
        }
    })
}

/// What an event of its kind says.
fn event_item(event: &str, repository: &str, given: &Given<'_>) -> Result<Value, NoTask> {
    let number = given.number(42)?;
    let title = "Fix the login page";
    let page = |of: &str| format!("{repository}/{of}/{number}");
    let about = |of: &str| json!({"ID": number.to_string(), "Number": number, "Title": title, "Body": "It is broken.", "URL": page(of)});
    let with = |mut item: Value, more: Value| {
        if let (Value::Object(item), Value::Object(more)) = (&mut item, more) {
            item.extend(more);
        }
        item
    };
    let of_pull = json!({"Branch": "fix-login", "HeadSHA": COMMIT});
    Ok(match event {
        "issues" => with(about("issues"), json!({"Action": "opened"})),
        "issue_comment" => {
            // One on a pull request has the branch of that.
            let of = if filters::is_on_pull_request(given.0) { "pull" } else { "issues" };
            let url = given.text("URL", &page(of))?;
            let comment = json!({"Action": "created", "CommentBody": "/fix", "CommentURL": format!("{url}#issuecomment-1")});
            with(about(of), comment)
        }
        "pull_request" => with(with(about("pull"), of_pull), json!({"Action": "opened"})),
        "pull_request_review" => {
            let url = format!("{}#pullrequestreview-1", page("pull"));
            let review = json!({"Action": "submitted", "CommentBody": "Please add a test.", "CommentURL": url});
            with(with(about("pull"), of_pull), review)
        }
        "pull_request_review_comment" => {
            let url = format!("{}#discussion_r1", page("pull"));
            let comment = json!({"Action": "created", "CommentBody": "This needs a test.", "CommentURL": url});
            with(with(about("pull"), of_pull), comment)
        }
        "push" => {
            let reference = given.text("Ref", "")?;
            let branch = match given.0.contains_key("Ref") {
                true => reference.strip_prefix("refs/heads/").unwrap_or_default().to_owned(),
                false => given.text("Branch", "main")?,
            };
            json!({"ID": COMMIT, "Ref": format!("refs/heads/{branch}"), "Branch": branch, "Title": format!("Push to {branch}"), "ChangedFiles": ["README.md"]})
        }
        "create" => created(given)?,
        "release" => {
            let tag = given.text("Tag", "v1.2.0")?;
            json!({"ID": "178000042", "Action": "published", "Tag": tag, "Title": "Version 1.2", "Body": "It can log in.", "URL": format!("{repository}/releases/tag/{tag}")})
        }
        "check_run" => {
            let name = given.text("CheckName", "tests")?;
            let id = given.text("ID", "31000042")?;
            let url = given.text("URL", &format!("{repository}/runs/{id}"))?;
            json!({"ID": id, "Action": "completed", "Title": name, "CheckName": name, "Conclusion": "failure", "URL": url, "CheckRunURL": url, "CheckApp": "GitHub Actions", "HeadSHA": COMMIT, "Number": number, "Branch": "fix-login"})
        }
        _ => json!({}),
    })
}

fn linear(given: &Given<'_>) -> Result<Value, NoTask> {
    let of = given.text("Type", "Issue")?;
    Ok(json!({
        "ID": "2a1f0c9e-8f4e-4f5c-9d53-3a0c0b1e0042",
        "Title": "Fix the login page",
        "Kind": "LinearWebhook",
        "Type": of,
        "Action": "create",
        "State": "Todo",
        "Labels": ["bug", "urgent"],
        "IssueID": if of == "Comment" { "5b7d6a7e-1c0d-4a55-8a43-7f7f0b1e0042" } else { "" },
        "DeliveryID": DELIVERY,
    }))
}

fn slack(given: &Given<'_>) -> Result<Value, NoTask> {
    let text = given.text("Body", "Fix the login page")?;
    let id = given.text("ID", "1715000000.000100")?;
    Ok(json!({
        "ID": id,
        "Title": text.lines().next().unwrap_or_default(),
        "Body": text,
        "URL": format!("https://acme.slack.com/archives/C0000042/p{}", id.replace('.', "")),
        "Kind": "SlackMessage",
        "ChannelID": "C0000042",
        "UserID": "U0000042",
    }))
}

/// What an item says.
struct Given<'g>(&'g Item);

impl Given<'_> {
    fn number(&self, otherwise: i64) -> Result<i64, NoTask> {
        self.0.get("Number").map_or(Ok(otherwise), |number| whole("Number", number))
    }

    fn text(&self, name: &str, otherwise: &str) -> Result<String, NoTask> {
        self.0.get(name).map_or_else(|| Ok(otherwise.to_owned()), |text| text_of(name, text))
    }
}

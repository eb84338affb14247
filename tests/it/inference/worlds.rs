//! Worlds in which what follows from the Workspace, or from what a team has typed, is not what Kelos
//! printed: and a stranger who knows the template and all that follows.
//!
//! Whatever the stranger writes into title, body, labels and comments: a variable that comes out is the
//! true one, or missing.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use testing::inference::{Sample, rendered};

/// Where Tasks come from, and what is true there.
#[derive(Clone, Debug)]
struct World {
    source: &'static str,
    when: BTreeMap<String, Value>,
    on: BTreeMap<String, String>,
    workspace: Option<String>,
    name_of_task: Option<String>,
    /// What Kelos prints, beside what a stranger writes.
    truth: BTreeMap<String, Value>,
    /// The URL without what may be secret in it.
    url: String,
    /// What a stranger may take for a fixed text.
    imitations: Vec<String>,
}

/// Everything that a stranger writes.
const STRANGERS: [&str; 4] = ["Title", "Body", "Labels", "Comments"];
/// What may stand in for what GitHub says, as people have typed it.
const TYPED: [&str; 4] = ["URL", "Repository", "RepositoryOwner", "RepositoryName"];

fn texts<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(name, text)| (name.to_owned(), text.to_owned())).into()
}

fn values<const N: usize>(pairs: [(&str, Value); N]) -> BTreeMap<String, Value> {
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Issues and pull requests that are polled, of a repository that a team types in many ways.
fn polled(number: u64) -> impl Strategy<Value = World> {
    let workspaces = [
        "https://github.com/acme/widgets.git",
        "https://github.com/Acme/Widgets.git",
        "https://github.com/acme/gadgets",
        "https://www.github.com/acme/widgets",
        "ssh://git@ssh.github.com:443/acme/widgets.git",
        "git@github.com:ACME/widgets.git",
        "https://u:p@github.com/acme/widgets",
        "https://ghe.example.com/tools_corp/hammer.git",
        "http://ghe.example.com:8080/Tools_corp/hammer.git",
    ];
    let sites = [
        ("https://github.com/acme/widgets", "acme/widgets"),
        ("http://ghe.example.com:8080/tools_corp/hammer", "tools_corp/hammer"),
    ];
    let sources =
        [("githubIssues", "issue", "issues"), ("githubPullRequests", "pull-request", "pull")];
    let parts = (
        prop::option::of(select(workspaces.to_vec())),
        select(sites.to_vec()),
        select(sources.to_vec()),
    );
    parts.prop_map(move |(workspace, (site, _), (source, kind, page))| {
        let url = format!("{site}/{page}/{number}");
        let number = number.to_string();
        let kind_text = if kind == "issue" { "Issue" } else { "PR" };
        let mut imitations =
            vec![url.clone(), format!("{site}/{page}/7"), format!("http://a/b/c/pull/{number}")];
        for typed in [
            "https://github.com/Acme/Widgets",
            "https://github.com/acme/gadgets",
            "http://ghe.example.com:8080/Tools_corp/hammer",
        ] {
            imitations.push(format!("{typed}/{page}/{number}"));
        }
        World {
            source,
            when: BTreeMap::new(),
            on: texts([("kelos.dev/source-kind", kind), ("kelos.dev/source-number", &number)]),
            workspace: workspace.map(str::to_owned),
            name_of_task: None,
            truth: values([
                ("Number", json!(number.parse::<u64>().unwrap())),
                ("ID", json!(number)),
                ("URL", json!(url)),
                ("Kind", json!(kind_text)),
            ]),
            url,
            imitations,
        }
    })
}

/// Events of GitHub, with and without reporting; a check run is about something else than its number.
fn event(number: u64) -> impl Strategy<Value = World> {
    // Kelos takes no event of a repository that a team types in another way than GitHub.
    let repositories = [None, Some("acme/widgets")];
    let events =
        [vec!["issues"], vec!["pull_request"], vec!["check_run"], vec!["issues", "check_run"]];
    (select(repositories.to_vec()), select(events.to_vec()), any::<bool>(), any::<bool>()).prop_map(
        move |(repository, events, is_reported, is_last)| {
            let event = if is_last { events[events.len() - 1] } else { events[0] };
            let base = "https://github.com/acme/widgets";
            let (url, id) = match event {
                "issues" => (format!("{base}/issues/{number}"), number.to_string()),
                "pull_request" => (format!("{base}/pull/{number}"), number.to_string()),
                _ => (format!("{base}/runs/7"), "7".to_owned()),
            };
            let kind = if event == "issues" { "issue" } else { "pull-request" };
            let mut when = values([("events", json!(events))]);
            when.extend(repository.map(|repository| ("repository".to_owned(), json!(repository))));
            let on = texts([
                ("kelos.dev/source-kind", kind),
                ("kelos.dev/source-number", &number.to_string()),
                ("kelos.dev/source-owner", "acme"),
                ("kelos.dev/source-repo", "widgets"),
            ]);
            let hash = format!("worker-{}-0a1b2c3d4e5f", event.replace('_', "-"));
            World {
                source: "githubWebhook",
                when,
                on: if is_reported { on } else { BTreeMap::new() },
                workspace: Some("https://github.com/Acme/Widgets".to_owned()),
                name_of_task: is_last.then_some(hash),
                truth: values([
                    ("Number", json!(number)),
                    ("ID", json!(id)),
                    ("URL", json!(url)),
                    ("Kind", json!("webhook")),
                    ("Event", json!(event)),
                    ("Sender", json!("octocat")),
                    ("Repository", json!("acme/widgets")),
                    ("RepositoryOwner", json!("acme")),
                    ("RepositoryName", json!("widgets")),
                ]),
                imitations: [
                    url.as_str(),
                    "acme/widgets",
                    "Acme/Widgets",
                    "Acme",
                    "acme",
                    "octocat",
                    "check_run",
                    "issues",
                    "https://github.com/Acme/Widgets/issues/",
                    &number.to_string(),
                ]
                .map(str::to_owned)
                .into(),
                url,
            }
        },
    )
}

/// Tickets of an address that a team types with a credential, and with slashes to spare.
fn ticket(number: u64) -> impl Strategy<Value = World> {
    let addresses = [
        "https://jira.example.com",
        "https://bot:secret@jira.example.com/",
        "https://JIRA.example.com//",
    ];
    select(addresses.to_vec()).prop_map(move |address| {
        let id = format!("ENG-{number}");
        let printed = format!("{}/browse/{id}", address.trim_end_matches('/'));
        let url = format!("https://jira.example.com/browse/{id}");
        World {
            source: "jira",
            when: values([("baseUrl", json!(address)), ("project", json!("ENG"))]),
            on: BTreeMap::new(),
            workspace: None,
            name_of_task: Some(format!("worker-{}", id.to_lowercase())),
            truth: values([
                ("Number", json!(number)),
                ("ID", json!(id)),
                ("URL", json!(printed)),
                ("Kind", json!("Bug")),
            ]),
            imitations: vec![url.clone(), printed, id, "Bug".to_owned()],
            url,
        }
    })
}

fn world() -> impl Strategy<Value = World> {
    (1_u64..300).prop_flat_map(|number| {
        prop_oneof![3 => polled(number).boxed(), 2 => event(number).boxed(), 1 => ticket(number).boxed()]
    })
}

/// A world, a template in pieces, and what the stranger writes.
#[derive(Clone, Debug)]
struct Attack {
    world: World,
    template: String,
    text: String,
    values: BTreeMap<String, Value>,
}

/// Fixed texts of a template.
const TEXTS: [&str; 14] =
    ["Fix ", " (", ")", "), labels ", ": ", "\n", "\n\n", " ", "#", "", "by ", ", ", "/", "1"];

/// A fixed text and a variable, as a template has them.
#[derive(Clone, Debug)]
struct Part {
    text: String,
    name: String,
    /// Another text, and another variable that a condition is about.
    other: String,
    about: String,
    shape: usize,
}

impl Part {
    fn written(&self) -> String {
        let Part { text, name, other, about, shape } = self;
        match shape {
            0 => format!("{{{{if .{about}}}}}{text}{{{{.{name}}}}}{{{{end}}}}"),
            1 => format!("{{{{if .{about}}}}}{text}{{{{.{name}}}}}{{{{else}}}}{other}{{{{end}}}}"),
            2 => format!("{text}{{{{with .{name}}}}}{{{{.}}}}{{{{else}}}}{other}{{{{end}}}}"),
            3 => format!(
                "{text}{{{{with index . \"{name}\"}}}}{{{{.}}}}{{{{else}}}}{other}{{{{end}}}}"
            ),
            4 => format!("{text}{{{{index . \"{name}\"}}}}"),
            5 => format!(
                "{{{{if .{about}}}}}{text}{{{{.{name}}}}}{{{{else}}}}{other}{{{{.{name}}}}}{{{{end}}}}"
            ),
            6 if about != "Number" => format!(
                "{{{{if eq .{about} {other:?}}}}}{text}{{{{else}}}}{{{{.{name}}}}}{{{{end}}}}"
            ),
            7 if about != "Number" => format!(
                "{{{{if ne .{about} {other:?}}}}}{text}{{{{.{name}}}}}{{{{else}}}}{text}{{{{end}}}}"
            ),
            _ => format!("{text}{{{{.{name}}}}}"),
        }
    }
}

fn template(names: Vec<String>) -> impl Strategy<Value = Vec<Part>> {
    let text =
        || prop::collection::vec(select(TEXTS.to_vec()), 0..3).prop_map(|texts| texts.concat());
    let part = (text(), select(names.clone()), text(), select(names), 0_usize..14);
    let part =
        part.prop_map(|(text, name, other, about, shape)| Part { text, name, other, about, shape });
    prop::collection::vec(part, 1..6)
}

/// What somebody writes who knows the pieces of the template and what they would be.
fn written(known: Vec<String>, breaks: bool) -> impl Strategy<Value = String> {
    prop::collection::vec(select(known), 0..7).prop_map(move |pieces| {
        let text = pieces.concat();
        if breaks { text } else { text.replace('\n', "") }
    })
}

fn attack() -> impl Strategy<Value = Attack> {
    world().prop_flat_map(|world| {
        // What a source has, or its templates fail.
        let lacks: &[&str] = match world.source {
            "githubWebhook" => &["Labels", "Comments"],
            "jira" => &["Body"],
            _ => &[],
        };
        let stranger = STRANGERS.into_iter().filter(|name| !lacks.contains(name));
        let names = world.truth.keys().cloned().chain(stranger.map(str::to_owned)).collect();
        (Just(world), template(names)).prop_flat_map(|(world, parts)| {
            let texts = parts.iter().flat_map(|part| [part.text.clone(), part.other.clone()]);
            let mut known: Vec<String> = texts.chain(["<no value>".to_owned()]).collect();
            known.extend(world.imitations.iter().cloned());
            known.extend(["x", "priority/critical", "42", "\n"].map(str::to_owned));
            let label = "[a-c]/?[a-c]";
            (
                written(known.clone(), false),
                written(known.clone(), true),
                written(known, true),
                prop::collection::vec(label, 0..3),
            )
                .prop_map(move |(title, body, comments, labels)| {
                    let mut values = world.truth.clone();
                    values.insert("Title".to_owned(), json!(title));
                    values.insert("Body".to_owned(), json!(body));
                    values.insert("Comments".to_owned(), json!(comments));
                    values.insert("Labels".to_owned(), json!(labels));
                    if world.source == "jira" {
                        values.insert("Body".to_owned(), json!(""));
                    }
                    let template: String = parts.iter().map(Part::written).collect();
                    let text = rendered(&template, &values);
                    Attack { world: world.clone(), template, text, values }
                })
        })
    })
}

impl Attack {
    fn known(&self) -> BTreeMap<String, (Value, String)> {
        let mut sample = Sample::of_prompt(self.world.source, &self.template, &self.text);
        sample.when = self.world.when.clone();
        sample.on = self.world.on.clone();
        sample.workspace = self.world.workspace.clone();
        sample.name_of_task = self.world.name_of_task.clone();
        sample.known()
    }

    /// Whether a text is cleaned when it becomes a variable.
    fn is_cleaned(&self, name: &str) -> bool {
        let text = self.values[name].as_str();
        text.is_some_and(|text| text.contains("://") && text.contains(['@', '?', '#']))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, max_shrink_iters: 5_000, ..ProptestConfig::default() })]

    #[test]
    fn who_knows_the_template_chooses_nothing(attack in attack()) {
        for (name, (found, from)) in attack.known() {
            let Some(truth) = attack.values.get(&name) else { continue };
            let is_typed = from == "derived" && TYPED.contains(&&*name);
            if name == "URL" && !is_typed && attack.is_cleaned(&name) {
                prop_assert_eq!(&found, &json!(attack.world.url), "URL {} of {:#?}", from, &attack);
            } else if !is_typed && !attack.is_cleaned(&name) {
                prop_assert_eq!(&found, truth, "{} {} of {:#?}", name, from, &attack);
            }
        }
    }
}

#[test]
fn honest_texts_are_read_and_attacks_are_made() {
    let mut runner = TestRunner::deterministic();
    let (mut titles, mut pages, mut missing) = (0, 0, 0);
    for _ in 0..1000 {
        let attack = attack().new_tree(&mut runner).unwrap().current();
        let known = attack.known();
        let is_inferred =
            |name: &str| known.get(name).is_some_and(|(_, from)| from.starts_with("inferred"));
        titles += usize::from(is_inferred("Title"));
        pages += usize::from(is_inferred("URL"));
        missing += usize::from(attack.template.contains(".Title") && !is_inferred("Title"));
    }
    assert!(titles > 100, "{titles} of 1000 give a title");
    assert!(pages > 100, "{pages} of 1000 give a page");
    assert!(missing > 50, "{missing} of 1000 titles can be read in two ways");
}

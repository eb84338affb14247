//! Each line is written into the TaskSpawner, Kelos makes a Task of it, and then the variable is known.

mod texts;
mod world;

use serde_json::{Value as Json, json};

use self::world::{
    Kelos, World, cron, generic, issue, jira, linear, polled, pull, push, rules, slack, write,
};
use super::*;

/// Takes each way of the remedy, in the order in which they are named; gives how many it were.
fn takes_every_way(world: &World, variable: &str, more: &Json, kelos: Kelos, value: &str) -> usize {
    let spawner = world.spawner(variable, more);
    let remedy = match world.known(variable, &spawner, kelos) {
        Ok(known) => {
            assert_eq!(known, value, "{variable} was known");
            return 0;
        }
        Err(remedy) => remedy,
    };
    assert!(!remedy.ways.is_empty(), "{variable}: {remedy}");
    let mut worked = 0;
    for way in &remedy.ways {
        let better = write(&spawner, &way.lines);
        if kelos == Kelos::V024 && way.versions.contains("v0.25") {
            continue;
        }
        let known = world.known(variable, &better, kelos);
        assert_eq!(known.as_deref().ok(), Some(value), "{variable}: {way}\n{known:?}\n{better:#}");
        worked += 1;
    }
    assert!(worked > 0, "{variable}: {remedy}");
    worked
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The variables that are texts or numbers, and that these vars have.
fn printed(vars: &Json) -> Vec<(String, String)> {
    let is_text = |value: &Json| value.is_string() || value.is_number();
    let vars = vars.as_object().unwrap().iter().filter(|(_, value)| is_text(value));
    vars.map(|(name, value)| (name.clone(), text(value))).collect()
}

fn worlds() -> Vec<World> {
    let mixed = &["issues", "pull_request", "push"];
    vec![
        polled("githubIssues", ""),
        polled("githubPullRequests", "feature/login"),
        jira(),
        cron(),
        issue(&["issues"]),
        pull(&["pull_request"]),
        push(&["push"]),
        issue(mixed),
        pull(mixed),
        push(mixed),
        linear(),
        generic(),
        slack(),
    ]
}

#[test]
fn a_variable_of_the_source_is_known_once_the_line_is_there() {
    let mut taken = 0;
    for world in worlds() {
        for (name, value) in printed(&world.vars) {
            let empty = json!({"spec": {"taskTemplate": {"promptTemplate": null}}});
            let off = json!({"metadata": {"annotations": {"metadata.kelos.dev/infer": "off"}}});
            for more in [json!({}), empty, off] {
                taken += takes_every_way(&world, &name, &more, Kelos::Newer, &value);
            }
        }
    }
    assert!(taken >= 150, "{taken} lines were tried");
}

#[test]
fn kelos_0_24_is_told_a_line_of_the_prompt() {
    let mut taken = 0;
    for world in [polled("githubIssues", ""), polled("githubPullRequests", "feature/login"), jira()]
    {
        for (name, value) in printed(&world.vars) {
            let empty = json!({"spec": {"taskTemplate": {"promptTemplate": null}}});
            for more in [json!({}), empty] {
                taken += takes_every_way(&world, &name, &more, Kelos::V024, &value);
            }
        }
    }
    assert!(taken >= 20, "{taken} lines were tried");
}

/// The remedy for a variable, as a template spells it, of a TaskSpawner with this source.
fn said(when: &Json, variable: &str) -> Remedy {
    let spawner = json!({"metadata": {"name": "worker"}, "spec": {"when": when, "taskTemplate": {"promptTemplate": "x"}}});
    said_of(&spawner, variable)
}

fn said_of(spawner: &Json, variable: &str) -> Remedy {
    let rules = rules(spawner);
    let (is_manual, has_workspace, has_field) = (false, false, true);
    let blank = &[];
    remedy(&Missed { rules: &rules, variable, is_manual, has_workspace, blank, has_field })
}

#[test]
fn what_a_payload_has_is_known_under_every_event_that_the_source_takes() {
    let (issues, pulls): (&[&str], &[&str]) =
        (&["issues", "issue_comment"], &["pull_request", "pull_request_review"]);
    let mixed = &["issues", "pull_request", "push"];
    let worlds = [issue(issues), pull(pulls), issue(mixed), pull(mixed)];
    for world in &worlds {
        for (name, value) in [
            ("Labels", "bug, priority/high"),
            ("Author", "octocat"),
            ("Milestone", "v1.2"),
            ("State", "open"),
        ] {
            let off = json!({"metadata": {"annotations": {"metadata.kelos.dev/infer": "off"}}});
            for more in [json!({}), off] {
                assert!(takes_every_way(world, name, &more, Kelos::Newer, value) > 0);
            }
            // Under another event Kelos still makes its Task.
            let world = push(mixed);
            let spawner = world.spawner(name, &json!({}));
            let better = write(&spawner, &said_of(&spawner, &format!(".{name}")).ways[0].lines);
            assert_eq!(world.known(name, &better, Kelos::Newer).as_deref(), Ok(""), "{name}");
        }
    }
    let none = said(&json!({"githubWebhook": {"events": ["push", "release"]}}), ".Author");
    assert_eq!(
        none.to_string(),
        "githubWebhook has no Author, and Kelos can't be made to print it; the nearest is `.Sender`; a context \
         source can fetch it, as `.Context.NAME` (docs/facts.md)"
    );
}

#[test]
fn a_key_that_a_rules_annotation_declares_moves_to_the_field() {
    let world = issue(&["issues"]);
    let rules = json!({"asked": "{{.Author}}", "kelos.dev/source-author": "by {{.Author}}"});
    let more =
        json!({"metadata": {"annotations": {"metadata.kelos.dev/annotations": rules.to_string()}}});
    assert!(takes_every_way(&world, "Author", &more, Kelos::Newer, "octocat") > 0);
    let field = json!({"kelos.dev/source-author": "{{.Sender}}!"});
    let more = json!({"spec": {"taskTemplate": {"metadata": {"annotations": field}}}});
    let spawner = world.spawner("Author", &more);
    assert_eq!(world.known("Author", &spawner, Kelos::Newer).as_deref(), Ok("octocat!"));
    // What is read back takes any key that is free.
    let rules = json!({"asked": "{{.Labels}}", "kelos.dev/source-labels": "{{.Labels | lower}}"});
    let more =
        json!({"metadata": {"annotations": {"metadata.kelos.dev/annotations": rules.to_string()}}});
    assert!(
        takes_every_way(
            &polled("githubIssues", ""),
            "Labels",
            &more,
            Kelos::Newer,
            "bug, priority/high"
        ) > 0
    );
}

#[test]
fn a_field_of_any_webhook_is_mapped_and_printed() {
    for (variable, value) in [("severity", "mapped severity"), ("Author", "mapped Author")] {
        assert!(takes_every_way(&generic(), variable, &json!({}), Kelos::Newer, value) > 0);
    }
    let labels = said(&json!({"webhook": {}}), ".Labels");
    assert!(labels.ways.is_empty() && labels.note.contains("map one label"), "{labels}");
    let number = said(&json!({"webhook": {}}), ".Number");
    assert!(number.ways.is_empty() && number.note.contains("the nearest is `.ID`"), "{number}");
}

#[test]
fn what_a_context_source_gives_is_printed_in_the_prompt() {
    for world in [polled("githubIssues", ""), issue(&["issues"]), linear(), generic()] {
        assert!(takes_every_way(&world, "Context.build", &json!({}), Kelos::Newer, "red") > 0);
    }
    let slack = said(&json!({"slack": {}}), ".Context.build");
    assert_eq!(slack.to_string(), "Kelos asks no context sources for slack");
}

#[test]
fn an_annotation_that_is_named_after_a_variable_holds_it() {
    for (world, variable, value) in [
        (polled("githubIssues", ""), "Source.title", "Fix the login page"),
        (pull(&["pull_request"]), "Source.branch", "feature/login"),
        (issue(&["issues"]), "Source.author", "octocat"),
    ] {
        assert!(takes_every_way(&world, variable, &json!({}), Kelos::Newer, value) > 0);
    }
    let page = "https://linear.app/acme/issue/ENG-42";
    assert!(takes_every_way(&linear(), "URL", &json!({}), Kelos::Newer, page) > 0);
    let other = said(&json!({"slack": {}}), ".Source.team");
    assert!(
        other.ways.is_empty() && other.note.contains("annotation kelos.dev/source-team"),
        "{other}"
    );
}

#[test]
fn the_repository_of_what_is_polled_follows_from_its_page() {
    for (variable, value) in
        [("Repository", "acme/widgets"), ("RepositoryOwner", "acme"), ("RepositoryName", "widgets")]
    {
        assert!(
            takes_every_way(&polled("githubIssues", ""), variable, &json!({}), Kelos::Newer, value)
                > 0
        );
    }
    let spawner = |repo: &str| rules(&json!({"spec": {"when": {"githubIssues": {"repo": repo}}}}));
    assert!(follows_from_workspace(&spawner(""), ".Repository"));
    assert!(follows_from_workspace(&spawner(""), "repository_owner"), "as Jinja spells it");
    assert!(!follows_from_workspace(&spawner("acme/widgets"), ".Repository"));
    assert!(!follows_from_workspace(&spawner(""), ".Title"));
}

#[test]
fn of_several_sources_a_line_asks_whether_the_variable_is_there() {
    let mut world = issue(&["issues"]);
    world.when["slack"] = json!({});
    for variable in ["Title", "Body", "Branch"] {
        let spawner = world.spawner(variable, &json!({}));
        let better = write(&spawner, &said_of(&spawner, &format!(".{variable}")).ways[0].lines);
        assert!(world.task(&better, Kelos::Newer).is_ok(), "{variable}");
    }
    assert!(takes_every_way(&world, "Body", &json!({}), Kelos::Newer, "It is broken.") > 0);
}

#[test]
fn what_is_there_already_is_not_asked_for_again() {
    let field = json!({"annotations": {"x/labels": "{{.Labels}}"}});
    let mut spawner = json!({"metadata": {"annotations": {}}, "spec": {
        "when": {"githubIssues": {}}, "taskTemplate": {"metadata": field},
    }});
    assert_eq!(
        said_of(&spawner, ".Labels").to_string(),
        "`x/labels` under spec.taskTemplate.metadata prints it already, and this Task was made before that: new Tasks \
         have it; to see what they get, write `x/labels: \"bug, priority/high\"` on the Task in the file"
    );
    spawner["metadata"]["annotations"]["metadata.kelos.dev/infer"] = json!("off");
    assert_eq!(
        said_of(&spawner, "labels").to_string(),
        "nothing is read back here, since `infer` is off; add to the TaskSpawner: `metadata.kelos.dev/infer: \"on\"` \
         under metadata.annotations"
    );
}

#[test]
fn a_line_that_gives_no_task_anything_is_written_anew_and_one_that_printed_nothing_is_not_old() {
    for wrong in ["{{.labels}}", "{{.Labels | upper}}", "{{.Labels"] {
        let field = json!({"annotations": {"kelos.dev/source-labels": wrong}});
        let spawner = json!({"spec": {"when": {"jira": {}}, "taskTemplate": {"metadata": field}}});
        assert_eq!(
            said_of(&spawner, ".Labels").to_string(),
            "add to the TaskSpawner: `kelos.dev/source-labels: \"{{.Labels}}\"` under \
             spec.taskTemplate.metadata.annotations in place of what is there",
            "{wrong}"
        );
    }
    let field = json!({"annotations": {"x/branch": "{{with index . \"Branch\"}}{{.}}{{end}}"}});
    let spawner =
        json!({"spec": {"when": {"githubWebhook": {}}, "taskTemplate": {"metadata": field}}});
    let rules = rules(&spawner);
    let missed = Missed {
        rules: &rules,
        variable: ".Branch",
        is_manual: false,
        has_workspace: false,
        blank: &["x/branch"],
        has_field: true,
    };
    let said = remedy(&missed).to_string();
    assert!(said.contains("printed nothing for this Task: it has no Branch"), "{said}");
}

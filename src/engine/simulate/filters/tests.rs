//! Items that filters let pass, and others.

use serde_json::{Value, json};

use super::super::tests::{item, prompt, spawner};
use super::super::{Item, KelosVersion, Why};

/// Each item is stopped, with this in the message.
fn are_stopped(when: &Value, items: &[(Value, &str)]) {
    let spawner = spawner(when.clone(), json!({"promptTemplate": "x"}));
    for (given, message) in items {
        let made = spawner.task(&item(given.clone()), KelosVersion::V0_52);
        let error = made.expect_err(&given.to_string());
        assert_eq!(error.why, Why::Filtered, "{given}: {error}");
        assert!(error.to_string().starts_with("Kelos makes no Task of it: "), "{error}");
        assert!(error.to_string().contains(message), "{given}: {error}");
    }
    let samples = spawner.samples();
    assert!(!samples.is_empty(), "{when}");
    for sample in samples.into_iter().chain([Item::new()]) {
        spawner.task(&sample, KelosVersion::V0_52).unwrap_or_else(|it| panic!("{when}: {it}"));
    }
}

#[test]
fn comments_of_an_issue_or_a_pull_request_are_told_apart_and_read() {
    let when = json!({"githubWebhook": {
        "events": ["issue_comment", "push"],
        "repository": "acme/widgets",
        "excludeAuthors": ["bot"],
        "filters": [
            {"event": "issue_comment", "action": "created", "commentOn": "PullRequest",
             "bodyPattern": "(?m)^/fix\\b", "excludeBodyPatterns": ["wip"], "labels": ["go"],
             "excludeLabels": ["bug"], "state": "open", "author": "mona"},
        ],
    }});
    are_stopped(
        &when,
        &[
            (
                json!({"Event": "issue_comment", "Action": "edited"}),
                "no filter of `issue_comment` lets action `edited` pass",
            ),
            (
                json!({"Event": "issue_comment", "CommentBody": "fix"}),
                "no filter of `issue_comment` lets a body without a match of `(?m)^/fix\\b` pass",
            ),
            (
                json!({"Event": "issue_comment", "CommentBody": "/fix wip"}),
                "no filter of `issue_comment` lets a body with a match of `wip` pass",
            ),
            (
                json!({"Event": "issue_comment", "Sender": "octocat"}),
                "no filter of `issue_comment` lets sender `octocat` pass",
            ),
            (
                json!({"Event": "issue_comment", "URL": "https://github.com/acme/widgets/issues/1"}),
                "no filter of `issue_comment` lets a comment on an issue pass",
            ),
            (
                json!({"Event": "issue_comment", "Payload": {"issue": {"labels": []}}}),
                "no filter of `issue_comment` lets what has no label `go` pass",
            ),
            (
                json!({"Event": "issue_comment", "Payload": {"issue": {"labels": [{"name": "go"}, {"name": "bug"}]}}}),
                "no filter of `issue_comment` lets label `bug` pass",
            ),
            (
                json!({"Event": "issue_comment", "Payload": {"issue": {"state": "closed"}}}),
                "no filter of `issue_comment` lets state `closed` pass",
            ),
            (
                json!({"Event": "issue_comment", "Repository": "acme/gears"}),
                "no filter of `issue_comment` lets repository `acme/gears` pass",
            ),
            (
                json!({"Event": "push"}),
                "no filter of `push` is there, and Kelos takes only what a filter lets pass",
            ),
            (json!({"Event": "release"}), "events has no `release`: it has issue_comment, push"),
        ],
    );
}

#[test]
fn pull_requests_are_told_by_branch_draft_and_files() {
    let when = json!({"githubWebhook": {"events": ["pull_request"], "filters": [
        {"event": "pull_request", "action": "opened", "draft": false, "branch": "team/*"},
        {"event": "pull_request", "action": "labeled", "filePatterns": {"include": ["src/**"], "exclude": ["**/*.md"]}},
    ]}});
    are_stopped(
        &when,
        &[
            (json!({"Action": "closed"}), "no filter of `pull_request` lets action `closed` pass"),
            (
                json!({"Action": "opened", "Branch": "fix"}),
                "no filter of `pull_request` lets it pass: filters[0] stops branch `fix`, filters[1] stops action `opened`",
            ),
            (
                json!({"Action": "opened", "Payload": {"pull_request": {"draft": true}}}),
                "filters[0] stops a draft",
            ),
            (
                json!({"Action": "labeled", "ChangedFiles": ["src/README.md", "Cargo.toml"]}),
                "filters[1] stops what changes none of these files",
            ),
        ],
    );
}

#[test]
fn check_runs_are_told_by_conclusion_and_name() {
    let when = json!({"githubWebhook": {"events": ["check_run"], "filters": [{"event": "check_run", "conclusion": "timed_out", "checkName": "e2e-*"}]}});
    are_stopped(
        &when,
        &[
            (
                json!({"Conclusion": "success"}),
                "no filter of `check_run` lets conclusion `success` pass",
            ),
            (json!({"CheckName": "unit"}), "check `unit`"),
        ],
    );
}

#[test]
fn what_is_created_is_a_branch_or_a_tag() {
    let when = json!({"githubWebhook": {"events": ["create"], "filters": [{"event": "create", "tag": "v[0-9]*"}]}});
    are_stopped(
        &when,
        &[
            (json!({"RefType": "branch"}), "what has no tag"),
            (json!({"Tag": "nightly"}), "tag `nightly`"),
        ],
    );
}

#[test]
fn linear_is_read_without_regard_to_letter_case() {
    let when = json!({"linearWebhook": {"types": ["Issue"], "filters": [{"action": "update", "states": ["Todo"], "labels": ["Agent"]}]}});
    are_stopped(
        &when,
        &[
            (json!({"Type": "Comment"}), "no filter of `Comment` lets type `Comment` pass"),
            (json!({"Labels": ["bug"]}), "what has no label `Agent`"),
            (json!({"State": "Done"}), "state `Done`"),
        ],
    );
}

#[test]
fn a_webhook_is_judged_by_its_payload_or_by_what_is_mapped() {
    let when = json!({"webhook": {"source": "x", "fieldMapping": {"level": "$.level"}, "filters": [{"field": "$.level", "pattern": "^(high|low)$"}]}});
    are_stopped(
        &when,
        &[
            (
                json!({"Payload": {"level": "none"}}),
                "spec.when.webhook does not let `none` at `$.level` pass",
            ),
            (json!({"level": "none"}), "`none` at `$.level`"),
        ],
    );
}

#[test]
fn a_webhook_takes_nothing_that_an_exclude_filter_matches() {
    let filters = json!([{"field": "$.level", "pattern": "^(high|low)$"}]);
    let excluded =
        json!([{"field": "$.env", "value": "test"}, {"field": "$.level", "pattern": "h"}]);
    let mapping = json!({"level": "$.level", "env": "$.env"});
    let when = json!({"webhook": {"source": "x", "fieldMapping": mapping, "filters": filters, "excludeFilters": excluded}});
    are_stopped(
        &when,
        &[
            (
                json!({"Payload": {"level": "low", "env": "test"}}),
                "spec.when.webhook does not let `test` at `$.env` pass",
            ),
            (json!({"Payload": {"level": "high"}}), "`high` at `$.level`"),
            (json!({"Payload": {"env": "prod"}}), "what has no `$.level`"),
            (json!({"env": "test"}), "`test` at `$.env`"),
        ],
    );
    let spawner = spawner(when, json!({}));
    let passes = json!({"Payload": {"level": "low"}});
    spawner.task(&item(passes), KelosVersion::V0_52).unwrap();
}

#[test]
fn issues_are_told_by_labels_kind_and_commands() {
    let when = json!({"githubIssues": {"labels": ["agent"], "excludeLabels": ["bug"], "commentPolicy": {"triggerComment": "/go", "excludeComments": ["/stop"]}}});
    are_stopped(
        &when,
        &[
            (
                json!({"Labels": ["agent", "bug"]}),
                "spec.when.githubIssues does not let label `bug` pass",
            ),
            (json!({"Comments": "no"}), "what has no comment `/go`"),
            (json!({"Comments": "/go\n/stop"}), "what a comment excludes"),
            (json!({"Kind": "PR"}), "a pull request"),
        ],
    );
}

#[test]
fn reviews_have_to_be_as_wanted() {
    let when = json!({"githubPullRequests": {"reviewState": "approved"}});
    are_stopped(
        &when,
        &[(json!({"ReviewState": "changes_requested"}), "review state `changes_requested`")],
    );
}

#[test]
fn messages_have_to_be_in_a_channel_and_match() {
    let when = json!({"slack": {"channels": ["C1"], "triggers": [{"pattern": "^deploy"}], "excludePatterns": ["dry"]}});
    are_stopped(
        &when,
        &[
            (json!({"ChannelID": "C2"}), "channel `C2`"),
            (json!({"Body": "<@U1> please deploy"}), "a message that no trigger matches"),
            (json!({"Body": "<@U1> deploy dry"}), "a message with a match of `dry`"),
        ],
    );
}

#[test]
fn what_filters_let_pass_has_what_they_ask_for() {
    let template = json!({"promptTemplate": "{{.Branch}} {{.CommentBody}} {{.Sender}} {{range .Payload.Issue.Labels}}{{.Name}} {{end}}"});
    let filter = json!({"event": "issue_comment", "commentOn": "PullRequest", "bodyPattern": "^/fix( now)?", "labels": ["go"], "excludeAuthors": ["octocat"]});
    let when = json!({"githubWebhook": {"events": ["issue_comment"], "filters": [filter]}});
    let printed = prompt(&spawner(when, template), json!({}), KelosVersion::V0_52);
    assert_eq!(printed.as_deref(), Ok("fix-login /fix hubot go bug priority/high "));
}

#[test]
fn whether_a_filter_lets_it_pass_is_not_guessed() {
    let long = "x?".repeat(200);
    let filters = json!([{"event": "issues", "bodyPattern": long}]);
    let when = json!({"githubWebhook": {"events": ["issues"], "filters": filters}});
    let odd = json!({"webhook": {"source": "x", "fieldMapping": {}, "filters": [{"field": "$..x", "value": "y"}]}});
    for (when, given, message) in [
        (
            when,
            json!({}),
            "filters[0] lets it pass can't be told: bodyPattern: the regular expression is longer",
        ),
        (
            odd.clone(),
            json!({"Payload": {}}),
            "spec.when.webhook lets it pass can't be told: the JSONPath `$..x`",
        ),
    ] {
        let error = spawner(when, json!({})).task(&item(given), KelosVersion::V0_52).unwrap_err();
        assert_eq!(error.why, Why::NotSimulated, "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }
    spawner(odd, json!({})).task(&Item::new(), KelosVersion::V0_52).unwrap();
}

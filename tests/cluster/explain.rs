//! `explain` on a real cluster: the chart, its programs, and users with rights of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::access::Account;
use crate::harness::ca;
use crate::harness::kubectl::Kubectl;
use crate::harness::objects::{LABELS, NewTask, Spawner};
use crate::harness::spawner;
use crate::harness::wait::eventually;
use crate::runbooks::fixture::{Fixture, TEAM, configuration, on_installation};

const KEY: &str = "kelos.dev/priority";
const SWITCH: &str = "metadata.kelos.dev/injection";

/// Somebody who calls `explain`.
struct User {
    folder: TempDir,
}

impl User {
    fn new(kubeconfig: &str) -> User {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config"), kubeconfig).unwrap();
        User { folder }
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// Somebody with these rules in the team's namespace, and no others.
    async fn with_role(fixture: &Fixture<'_>, name: &str, rules: Value) -> User {
        let account = Account::with_role(&fixture.cluster.admin, TEAM, name, rules).await;
        User::new(&account.kubeconfig(fixture.cluster.control_plane.address()))
    }

    /// Status, and what is printed and complained of.
    fn explains(&self, args: &[&str]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kelos-metadata"));
        command.args(["explain", "-n", TEAM, "--kubeconfig"]).arg(self.kubeconfig()).args(args);
        let output = command.current_dir(Path::new("/")).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    }

    /// Says that the explanation of a Task has this status and these texts.
    #[track_caller]
    fn hears(&self, args: &[&str], status: i32, texts: &[&str]) {
        let said = self.explains(args);
        assert_eq!(said.0, status, "{args:?}: {}", said.1);
        for text in texts {
            assert!(said.1.contains(text), "{args:?}: {text} is not in\n{}", said.1);
        }
    }

    fn walk(&self, args: &[&str]) -> Value {
        let (_, said) = self.explains(&[args, &["-o", "json"]].concat());
        serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"))
    }
}

#[test]
fn each_break_of_the_chain_is_found_by_whoever_may_read_it() {
    on_installation("explain", &json!({}), &[], async |fixture| {
        let (controller, serving) = fixture.both().await;
        let worker = fixture.labelled().await;
        fixture.team.accepts(worker.issue(1)).await;
        let admin = User::new(&fixture.cluster.control_plane.admin_kubeconfig());
        users_hear_what_they_may_read(fixture, &admin).await;
        writers_are_told(fixture, &admin, &worker).await;
        remedies_work(fixture, &admin, &worker).await;
        owners_are_compared(fixture, &admin).await;
        switches_and_selectors_are_judged(fixture, &admin, &worker).await;
        a_path_that_is_not_served_is_told(fixture, &admin, &worker).await;

        // The webhook is away.
        drop(serving);
        fixture.team.accepts(worker.issue(30)).await.is_untouched(worker.issue(30));
        admin.hears(
            &["task/worker-30", "area"],
            1,
            &[
                "✗ Rules",
                "it has no mark of the webhook",
                "area is absent because the webhook has not written it: perhaps the webhook was not there, or not trusted",
                "`kelos-metadata check` looks for the cause",
            ],
        );
        // Somebody writes another caBundle, and nobody repairs it.
        drop(controller);
        let mut registered = fixture.cluster.admin.get(&configuration()).await.ok();
        registered["webhooks"][0]["clientConfig"]["caBundle"] =
            json!(BASE64.encode(ca::certificate()));
        fixture.cluster.admin.replace(&configuration(), &registered).await.ok();
        let distrust = "what is served is signed by a CA of `kelos-metadata controller`";
        admin.hears(
            &["task/worker-30", "area"],
            1,
            &["✗ Registration", "it does not trust the answer", distrust],
        );
    });
}

/// What each may read is told, and each right that is missing is named.
async fn users_hear_what_they_may_read(fixture: &Fixture<'_>, admin: &User) {
    admin.hears(
        &["task/worker-1"],
        0,
        &[
            "✓ Owner         TaskSpawner worker, named by the controller owner reference",
            "✓ Registration  MutatingWebhookConfiguration kelos-metadata has the API server ask",
            "✓ Policy        the policy of the cluster is that of Deployment kelos-system/kelos-metadata",
            "✓ label area is \"backend\" (applied)",
            "All is well",
        ],
    );
    let read = json!([{"apiGroups": ["kelos.dev"], "resources": ["tasks", "taskspawners"], "verbs": ["get", "list"]}]);
    let member = User::with_role(fixture, "member", read).await;
    eventually("the rights of the member", async || {
        (member.explains(&["worker-1"]).0 == 0).then_some(())
    })
    .await;
    member.hears(
        &["worker-1"],
        0,
        &[
            "? Registration",
            "✓ Policy        the flags that are assumed are those of the server",
            "you lack the right to list mutatingwebhookconfigurations.admissionregistration.k8s.io of the cluster",
            "you lack the right to get namespaces in namespace team",
            "✓ Rules         it was rendered from worker@",
            "✓ label area is \"backend\" (applied)",
        ],
    );
    member.hears(
        &["worker-11"],
        2,
        &["there is no Task worker-11 in namespace team: did you mean task/worker-1?"],
    );
    let tasks = json!([{"apiGroups": ["kelos.dev"], "resources": ["tasks"], "verbs": ["get"]}]);
    let reader = User::with_role(fixture, "reader", tasks).await;
    eventually("the rights of the reader", async || {
        reader.explains(&["worker-1"]).1.contains("? Owner").then_some(())
    })
    .await;
    let lacking = "you lack the right to get taskspawners.kelos.dev in namespace team";
    reader.hears(
        &["worker-1"],
        2,
        &["? Owner", lacking, "The rules of this Task could not be read"],
    );
    let nobody = User::with_role(fixture, "nobody", json!([])).await;
    nobody.hears(
        &["worker-1"],
        2,
        &["you lack the right to get tasks.kelos.dev in namespace team"],
    );
}

/// Who wrote a value is told by the managed fields: a person, or the webhook whose rules are gone.
async fn writers_are_told(fixture: &Fixture<'_>, admin: &User, worker: &Spawner) {
    let team = &fixture.team;
    let kubectl = Kubectl::new(&fixture.cluster.control_plane.admin_kubeconfig());
    team.accepts(worker.issue(5)).await;
    let overwritten = ["label", "task", "worker-5", "-n", TEAM, "area=low", "--overwrite"];
    kubectl.run(&overwritten, "").ok();
    let told = "label area is \"low\" from kubectl-label; today's rules give \"backend\", and a value that is there stays";
    admin.hears(&["task/worker-5"], 1, &[&format!("! {told}"), &format!("The {told}.")]);

    let gone = spawner("gone").labels(json!({"area": "backend"}));
    let gone = team.creates(gone).await;
    fixture.labels(&gone).await;
    team.accepts(gone.issue(1)).await;
    team.deletes(&gone).await;
    admin.hears(
        &["task/gone-1", "area"],
        1,
        &["is \"backend\", written by kelos-metadata from gone@"],
    );
    admin.hears(
        &["task/gone-1"],
        1,
        &["! Rules         it was rendered from gone@", "label area is \"backend\""],
    );
}

/// The rules ask for what is not known; gives the explanation of a Task that was made so.
async fn rules_ask_for_more(fixture: &Fixture<'_>, admin: &User, worker: &Spawner) -> Value {
    let team = &fixture.team;
    let rules = json!({"area": "backend", KEY: "{{index .Labels 0}}", "comment": "{{.Comments}}", "team": "{{.Spawner.Labels.team}}"});
    let change = json!({"metadata": {"annotations": {LABELS: rules.to_string()}}});
    team.changes(worker, change).await;
    let skipped = "label:comment=missing_variable(.Comments),label:kelos.dev/priority=missing_variable(.Labels),label:team=missing_variable(.Spawner.Labels.team)";
    team.will_annotate(worker.issue(0), "metadata.kelos.dev/skipped", skipped).await;
    admin.hears(
        &["task/worker-1", KEY],
        1,
        &[
            "! Rules",
            "the rules have changed since",
            "The label kelos.dev/priority is absent",
            "`.Labels` is not known",
        ],
    );
    team.accepts(worker.issue(2)).await;
    let walk = admin.walk(&["task/worker-2"]);
    assert_eq!(walk["rules"]["mark"], walk["rules"]["today"], "{walk}");
    walk
}

/// What is printed to be written makes the next Task right.
async fn remedies_work(fixture: &Fixture<'_>, admin: &User, worker: &Spawner) {
    let walk = rules_ask_for_more(fixture, admin, worker).await;
    let team = &fixture.team;
    let hint = |key: &str| {
        let keys = walk["keys"].as_array().unwrap();
        let key = keys.iter().find(|it| it["key"] == key).unwrap();
        assert_eq!(key["mark"]["reason"], "missing_variable", "{key}");
        key["hint"].as_str().unwrap().to_owned()
    };
    let in_code = |text: &str| text.split('`').nth(1).unwrap().to_owned();
    let pasted = |text: &str| -> (String, String) {
        let (key, value) = text.split_once(": ").unwrap();
        (key.to_owned(), value.trim_matches(['"', '\'']).to_owned())
    };

    let labels = hint(KEY);
    assert!(labels.contains("under spec.taskTemplate.metadata.annotations"), "{labels}");
    let (field, template) = pasted(&in_code(&labels));
    let comment = hint("comment");
    let prompt = comment.split("a line `").nth(1).unwrap().split('`').next().unwrap();
    let of_spawner = hint("team");
    assert!(of_spawner.contains("`team` under metadata.labels"), "{of_spawner}");
    team.changes(
        worker,
        json!({
            "metadata": {"labels": {in_code(&of_spawner): "payments"}},
            "spec": {"taskTemplate": {
                "metadata": {"annotations": {&*field: template}},
                "promptTemplate": format!("Fix this: {{{{.Title}}}}\n{prompt}"),
            }},
        }),
    )
    .await;
    // As Kelos renders it now.
    let line = prompt.replace("{{.Comments}}", "looks-good");
    let next = |number: u32| -> NewTask {
        let task = worker.issue(number).annotated(&field, "high, bug");
        task.says(json!({"prompt": format!("Fix this: Fix the login page\n{line}")}))
    };
    team.will_label(next(0), "comment", "looks-good").await;
    let made = team.accepts(next(3)).await;
    assert_eq!((made.label(KEY), made.label("team")), (Some("high"), Some("payments")));
    admin.hears(&["task/worker-3"], 0, &["All is well"]);
    admin.hears(&["task/worker-3", KEY], 0, &[".Labels is [\"high\",\"bug\"]"]);
}

/// A TaskSpawner that was deleted and made again is another one; one that is gone is told as such.
async fn owners_are_compared(fixture: &Fixture<'_>, admin: &User) {
    let team = &fixture.team;
    let old = team.creates(spawner("again")).await;
    team.deletes(&old).await;
    team.accepts(old.issue(1)).await;
    admin.hears(
        &["task/again-1"],
        1,
        &["✗ Owner", "namespace team has none of that name: it was deleted, or never there"],
    );
    let new = team.creates(spawner("again")).await;
    let uids = format!("with the uid {}, and the one that is there has {}", old.uid, new.uid);
    admin.hears(&["task/again-1"], 1, &["✗ Owner", &uids, "it was deleted and made again"]);
    team.accepts(new.issue(2).without_owner_reference()).await;
    admin.hears(
        &["task/again-2"],
        0,
        &["named by the label kelos.dev/taskspawner: there is one of this name"],
    );
}

/// Switches, and what the API server does not ask about; the command that is printed opens the way.
async fn switches_and_selectors_are_judged(fixture: &Fixture<'_>, admin: &User, worker: &Spawner) {
    let (team, api) = (&fixture.team, &fixture.cluster.admin);
    let untouched = async |number: u32| {
        eventually("Tasks are left alone", async || {
            team.accepts_dry_run(worker.issue(0)).await.label("area").is_none().then_some(())
        })
        .await;
        team.accepts(worker.issue(number)).await.is_untouched(worker.issue(number));
    };
    let namespace = format!("/api/v1/namespaces/{TEAM}");
    let switch = async |word: Value| {
        api.merge(&namespace, &json!({"metadata": {"labels": {SWITCH: word}}})).await.ok();
    };
    switch(json!("disabled")).await;
    untouched(20).await;
    let selector = "its namespaceSelector wants `metadata.kelos.dev/injection notin (disabled)`";
    admin.hears(
        &["task/worker-20", "area"],
        1,
        &[
            "✗ Registration",
            selector,
            "✗ Switches",
            "area is absent because Namespace team is switched off",
        ],
    );
    switch(Value::Null).await;

    // Namespaces opt in.
    let mut registered = api.get(&configuration()).await.ok();
    let chart = registered["webhooks"][0]["namespaceSelector"].clone();
    registered["webhooks"][0]["namespaceSelector"] = json!({"matchExpressions": [
        {"key": SWITCH, "operator": "In", "values": ["enabled", "audit"]}]});
    api.replace(&configuration(), &registered).await.ok();
    untouched(21).await;
    let why = "the API server does not ask about this Task: MutatingWebhookConfiguration kelos-metadata: its \
               namespaceSelector wants `metadata.kelos.dev/injection in (enabled, audit)`, and Namespace team has no such label";
    let command = "kubectl label namespace team metadata.kelos.dev/injection=enabled --overwrite";
    admin.hears(&["task/worker-21", "area"], 1, &[why, command]);
    let kubectl = Kubectl::new(&fixture.cluster.control_plane.admin_kubeconfig());
    kubectl.run(&command.split(' ').skip(1).collect::<Vec<_>>(), "").ok();
    fixture.labels(worker).await;
    team.accepts(worker.issue(22)).await;
    admin.hears(&["task/worker-22", "area"], 0, &["✓ Registration", "All is well"]);
    let mut registered = api.get(&configuration()).await.ok();
    registered["webhooks"][0]["namespaceSelector"] = chart;
    api.replace(&configuration(), &registered).await.ok();
    switch(Value::Null).await;
    fixture.labels(worker).await;
}

/// The API server asks, gets no answer, and creates Tasks as they are.
async fn a_path_that_is_not_served_is_told(fixture: &Fixture<'_>, admin: &User, worker: &Spawner) {
    let (team, api) = (&fixture.team, &fixture.cluster.admin);
    let called = async |path: &str| {
        let place = "/webhooks/0/clientConfig/service/path";
        let change = json!([{"op": "replace", "path": place, "value": path}]);
        api.json_patch(&configuration(), &change).await.ok();
    };
    called("/mutate").await;
    eventually("Tasks are left alone", async || {
        team.accepts_dry_run(worker.issue(0)).await.label("area").is_none().then_some(())
    })
    .await;
    team.accepts(worker.issue(23)).await.is_untouched(worker.issue(23));
    let why = "MutatingWebhookConfiguration kelos-metadata has the API server ask about this Task, and nobody answers: it \
               has path /mutate, and only /mutate-task is served";
    let then = "Tasks are created without an answer meanwhile (failurePolicy Ignore)";
    let absent = format!("The label area is absent because {why}; new Tasks get nothing either");
    admin.hears(
        &["task/worker-23", "area"],
        1,
        &[&format!("✗ Registration  {why}"), then, &absent],
    );
    called("/mutate-task").await;
    fixture.labels(worker).await;
}

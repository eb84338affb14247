//! A Task does not have its label, and somebody wants to know why.

use serde_json::json;

use crate::harness::objects::Spawner;
use crate::harness::spawner;
use crate::harness::wait::eventually;
use crate::runbooks::fixture::{Fixture, TEAM, on_installation};

pub(crate) const COMMANDS: [&str; 5] = [
    EXPLAIN,
    "kubectl label task NAME KEY=VALUE",
    "kubectl label namespace NAME metadata.kelos.dev/injection=disabled",
    TASKS,
    SPAWNERS,
];

const EXPLAIN: &str = "kelos-metadata explain task/NAME KEY";
const TASKS: &str = "kubectl get tasks -A -o custom-columns='NAMESPACE:.metadata.namespace,TASK:.metadata.name,OWNER:.metadata.ownerReferences[*].name,UID:.metadata.ownerReferences[*].uid'";
const SPAWNERS: &str = "kubectl get taskspawners -A -o custom-columns='NAMESPACE:.metadata.namespace,NAME:.metadata.name,UID:.metadata.uid'";

/// The key that Tasks lack, and its template: an issue of which no labels are known.
const KEY: &str = "kelos.dev/priority";
const TEMPLATE: &str = "{{index .Labels 0}}";

#[test]
fn the_task_says_why_it_has_no_label() {
    on_installation("runbook-tasks", &json!({}), &COMMANDS, async |fixture| {
        let _pods = fixture.both().await;
        let (shell, team) = (&fixture.shell, &fixture.team);
        let explains =
            |task: &str, key: &str| shell.follows(EXPLAIN, &[("NAME", task), ("KEY", key)]);
        let worker = fixture.labelled().await;

        // No rule declares the key.
        team.accepts(worker.issue(1)).await.labels_are(json!({
            "kelos.dev/taskspawner": "worker", "area": "backend",
        }));
        let last = |said: &str| said.lines().last().unwrap().to_owned();
        let before = explains("worker-1", KEY).printed_in_vain();
        let nobody = format!("{KEY} is absent because no rule of TaskSpawner worker declares it.");
        assert_eq!(last(&before), nobody);
        assert!(last(&explains("worker-1", "area").ok()).starts_with("All is well"));

        // A rule does, and gives nothing.
        let labels = json!({"area": "backend", KEY: TEMPLATE}).to_string();
        let change = json!({"metadata": {"annotations": {"metadata.kelos.dev/labels": labels}}});
        team.changes(&worker, change).await;
        let skipped = format!("label:{KEY}=missing_variable(.Labels)");
        team.will_annotate(worker.issue(0), "metadata.kelos.dev/skipped", &skipped).await;
        team.accepts(worker.issue(2)).await;
        let after = explains("worker-2", KEY).printed_in_vain();
        for text in [TEMPLATE, "skipped: missing_variable (.Labels)", "add to the TaskSpawner"] {
            assert!(after.contains(text), "{text}: {after}");
        }
        assert_eq!(
            last(&after),
            format!("The label {KEY} is absent because `.Labels` is not known.")
        );

        // By hand.
        let label = [("NAME", "worker-2"), ("KEY=VALUE", "kelos.dev/priority=high")];
        shell.follows(COMMANDS[1], &label).ok();
        assert_eq!(team.tasks().await[1]["metadata"]["labels"][KEY], "high");

        owners_are_compared(fixture, &worker).await;
        switches_are_looked_at(fixture, &worker).await;
    });
}

/// Tasks of a TaskSpawner that was deleted and made again say another uid than it has.
async fn owners_are_compared(fixture: &Fixture<'_>, worker: &Spawner) {
    let shell = &fixture.shell;
    let old = fixture.team.creates(spawner("again")).await;
    fixture.team.deletes(&old).await;
    let new = fixture.team.creates(spawner("again")).await;
    fixture.team.accepts(old.issue(1)).await;
    let tasks = shell.follows(TASKS, &[]).ok();
    let spawners = shell.follows(SPAWNERS, &[]).ok();
    assert_eq!(cells(&tasks, "again-1"), [TEAM, "again-1", "again", &old.uid], "{tasks}");
    assert_eq!(cells(&tasks, "worker-1"), [TEAM, "worker-1", "worker", &worker.uid], "{tasks}");
    assert_eq!(cells(&spawners, "again"), [TEAM, "again", &new.uid], "{spawners}");
    assert!(!spawners.contains(&old.uid), "{spawners}");
}

/// The line of a table about an object of this name, as the words of it.
fn cells<'t>(table: &'t str, name: &str) -> Vec<&'t str> {
    let mut lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines.find(|cells| cells.get(1) == Some(&name)).unwrap_or_else(|| panic!("{name}: {table}"))
}

/// A namespace and a Task that are switched off are told as such.
async fn switches_are_looked_at(fixture: &Fixture<'_>, worker: &Spawner) {
    let (shell, team) = (&fixture.shell, &fixture.team);
    let switch = "metadata.kelos.dev/injection";
    let explains =
        |task: &str| shell.follows(EXPLAIN, &[("NAME", task), ("KEY", "area")]).printed_in_vain();
    team.accepts(worker.issue(3).labelled(switch, "disabled")).await;
    let task = explains("worker-3");
    let on = "`kubectl label task worker-3 -n team metadata.kelos.dev/injection-` switches it on";
    assert!(task.contains(&format!("because the Task is switched off; {on}")), "{task}");

    shell.follows(COMMANDS[2], &[("NAME", TEAM)]).ok();
    eventually("Tasks are left alone", async || {
        team.accepts_dry_run(worker.issue(0)).await.label("area").is_none().then_some(())
    })
    .await;
    team.accepts(worker.issue(4)).await.is_untouched(worker.issue(4));
    let task = explains("worker-4");
    assert!(task.contains("because Namespace team is switched off"), "{task}");
    assert!(task.contains("kubectl label namespace team metadata.kelos.dev/injection"), "{task}");
}

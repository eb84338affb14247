//! A Task does not have its label, and somebody wants to know why.

use serde_json::json;

use crate::harness::objects::Spawner;
use crate::harness::spawner;
use crate::harness::wait::eventually;
use crate::runbooks::fixture::{Fixture, TEAM, on_installation};

pub(crate) const COMMANDS: [&str; 12] = [
    LOOK,
    "kubectl get namespaces -L metadata.kelos.dev/injection",
    "kubectl get task NAME -L metadata.kelos.dev/injection",
    "kubectl get taskspawner NAME -o yaml | grep metadata.kelos.dev/",
    "kubectl get taskspawner NAME -o yaml > spawner.yaml",
    "kubectl get task NAME -o yaml > task.yaml",
    "kubectl get namespace NAME -o yaml > namespace.yaml",
    "kelos-metadata render -f spawner.yaml -f task.yaml -f namespace.yaml",
    "kubectl label task NAME KEY=VALUE",
    "kubectl label namespace NAME metadata.kelos.dev/injection=disabled",
    TASKS,
    SPAWNERS,
];

const LOOK: &str = "kubectl get task NAME -o yaml | grep metadata.kelos.dev/";
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
        let look = |task: &str| shell.follows(LOOK, &[("NAME", task)]);
        let worker = fixture.labelled().await;

        // No rule declares the key.
        team.accepts(worker.issue(1)).await.labels_are(json!({
            "kelos.dev/taskspawner": "worker", "area": "backend",
        }));
        let before = look("worker-1").ok();
        let mark = before.trim().strip_prefix("metadata.kelos.dev/rendered-from: worker@").unwrap();
        assert_eq!(mark.len(), 8, "{before}");

        // A rule does, and gives nothing.
        let labels = json!({"area": "backend", KEY: TEMPLATE}).to_string();
        let change = json!({"metadata": {"annotations": {"metadata.kelos.dev/labels": labels}}});
        team.changes(&worker, change).await;
        let skipped = format!("label:{KEY}=missing_variable(.Labels)");
        team.will_annotate(worker.issue(0), "metadata.kelos.dev/skipped", &skipped).await;
        team.accepts(worker.issue(2)).await;
        let after = look("worker-2").ok();
        assert!(after.contains(&format!("metadata.kelos.dev/skipped: {skipped}\n")), "{after}");
        assert!(after.contains("metadata.kelos.dev/rendered-from: worker@"), "{after}");
        assert!(!after.contains(mark), "the rules changed, and so their hash: {before}{after}");

        // Without the cluster.
        shell.follows(COMMANDS[4], &[("NAME", "worker")]).ok();
        shell.follows(COMMANDS[5], &[("NAME", "worker-2")]).ok();
        shell.follows(COMMANDS[6], &[("NAME", TEAM)]).ok();
        let rendered = shell.follows(COMMANDS[7], &[]).ok();
        for text in ["Task team/worker-2 from TaskSpawner worker", "missing_variable", TEMPLATE] {
            assert!(rendered.contains(text), "{text}: {rendered}");
        }

        // By hand.
        let label = [("NAME", "worker-2"), ("KEY=VALUE", "kelos.dev/priority=high")];
        shell.follows(COMMANDS[8], &label).ok();
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

/// A namespace, a Task and a TaskSpawner that are switched off show it.
async fn switches_are_looked_at(fixture: &Fixture<'_>, worker: &Spawner) {
    let (shell, team) = (&fixture.shell, &fixture.team);
    let switch = "metadata.kelos.dev/injection";
    team.accepts(worker.issue(3).labelled(switch, "disabled")).await;
    let task = shell.follows(COMMANDS[2], &[("NAME", "worker-3")]).ok();
    assert!(task.contains("INJECTION") && task.contains("disabled"), "{task}");
    assert_eq!(
        shell.follows(LOOK, &[("NAME", "worker-3")]).ok().trim(),
        format!("{switch}: disabled")
    );
    let off = team.creates(spawner("off").annotated(switch, "disabled")).await;
    let found = shell.follows(COMMANDS[3], &[("NAME", &off.name)]).ok();
    assert_eq!(found.trim(), format!("{switch}: disabled"));

    let namespaces = || shell.follows(COMMANDS[1], &[]).ok();
    let of_team =
        |table: &str| table.lines().find(|line| line.starts_with(TEAM)).unwrap().to_owned();
    assert!(!of_team(&namespaces()).contains("disabled"));
    shell.follows(COMMANDS[9], &[("NAME", TEAM)]).ok();
    assert!(of_team(&namespaces()).contains("disabled"));
    eventually("Tasks are left alone", async || {
        team.accepts_dry_run(worker.issue(0)).await.label("area").is_none().then_some(())
    })
    .await;
    team.accepts(worker.issue(4)).await.is_untouched(worker.issue(4));
    // There is nothing of ours on it, and grep says so.
    shell.follows(LOOK, &[("NAME", "worker-4")]).refusal();
}

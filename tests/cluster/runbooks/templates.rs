//! Templates that do not parse, and templates that give nothing.

use serde_json::{Value, json};

use crate::harness::spawner;
use crate::harness::wait::eventually;
use crate::runbooks::fixture::on_installation;

pub(crate) const COMMANDS: [&str; 4] = [
    "kubectl -n kelos-system logs deployment/kelos-metadata | grep 'has invalid rules'",
    COUNT,
    "kubectl get tasks -A -o custom-columns='NAMESPACE:.metadata.namespace,TASK:.metadata.name,SKIPPED:.metadata.annotations.metadata\\.kelos\\.dev/skipped' | grep =",
    "kelos-metadata explain task/NAME KEY",
];

const COUNT: &str = "kubectl get tasks -A -o json | grep -c '\"metadata.kelos.dev/skipped\":'";

/// One that does not parse: it has no end.
const BROKEN: &str = "{{ .Title";

#[test]
fn what_has_to_be_fixed_is_found() {
    on_installation("runbook-templates", &json!({}), &COMMANDS, async |fixture| {
        let (_controller, serving) = fixture.both().await;
        let (shell, team) = (&fixture.shell, &fixture.team);
        let worker = fixture.labelled().await;

        // It does not parse: the log says where, and only that key is missing.
        let labels = json!({"area": "backend", "title": BROKEN});
        let broken = team.creates(spawner("broken").labels(labels)).await;
        // As long as nothing is found, grep fails.
        serving.pod.log.line("it is logged", |line| line["spawner"] == "broken").await;
        let lines = shell.follows(COMMANDS[0], &[]).ok();
        let logged: Vec<Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [logged] = logged.as_slice() else { panic!("one line, once: {lines}") };
        assert_eq!(logged["message"], "A TaskSpawner has invalid rules");
        assert_eq!((&logged["namespace"], &logged["key"]), (&json!("team"), &json!("title")));
        let problem = logged["problem"].as_str().unwrap();
        assert!(problem.contains("line 1, column 1"), "{problem}");
        assert_eq!(team.accepts(broken.issue(1)).await.label("area"), Some("backend"));

        // The same error, below the line of the template.
        let names = [("NAME", "broken-1"), ("KEY", "title")];
        let explained = shell.follows(COMMANDS[3], &names).printed_in_vain();
        let (error, _) = problem.split_once(" (line").unwrap();
        assert!(explained.contains(error) && explained.contains(BROKEN), "{explained}");

        // It gives nothing. A Task that has none of ours, and talks of it, is not counted.
        let labels = json!({"number": "{{index .Labels 0}}"});
        let empty = team.creates(spawner("empty").labels(labels)).await;
        // Before the watch has shown it, it is looked up, and then its first Task is another one.
        eventually("the watch shows the third TaskSpawner", async || {
            let metrics = serving.pod.metrics().await;
            let known = "kelos_metadata_spawners{kind=\"taskspawners\"} 3";
            metrics.lines().any(|line| line == known).then_some(())
        })
        .await;
        let skipped = "label:number=missing_variable(.Labels)";
        team.will_annotate(empty.issue(0), "metadata.kelos.dev/skipped", skipped).await;
        team.accepts(empty.issue(1)).await;
        let mut talks: Value = worker.issue(5).into();
        talks["spec"]["prompt"] =
            json!("Why is there \"metadata.kelos.dev/skipped\": x?\nmetadata.kelos.dev/skipped");
        team.accepts(talks).await;
        let tasks = team.tasks().await;
        assert_eq!(tasks.len(), 3);
        assert_eq!(shell.follows(COUNT, &[]).ok(), "2\n");
        let named = shell.follows(COMMANDS[2], &[]).ok();
        let named: Vec<Vec<&str>> =
            named.lines().map(|line| line.split_whitespace().collect()).collect();
        let expected =
            [["team", "broken-1", "label:title=parse_error"], ["team", "empty-1", skipped]];
        assert_eq!(named, expected);

        // The first Task of each key is in the log.
        let is_it = |line: &Value| line["message"] == "Skipped a key" && line["key"] == "number";
        let line = serving.pod.log.line("the first Task", is_it).await;
        assert_eq!(line["level"], "INFO");
        assert_eq!(serving.pod.log.lines(is_it).len(), 1);
    });
}

//! `report` on a real API server: what it counts is what the Tasks and TaskRecords make by counting.

use serde_json::{Value, json};

use crate::check::said::Caller;
use crate::harness::Cluster;
use crate::harness::access::Account;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::Schemas;
use crate::harness::namespace::Namespace;

/// A Task: labels, status.
async fn task(namespace: &Namespace, name: &str, labels: Value, status: Value) -> Value {
    let task = json!({
        "kind": "Task",
        "metadata": {"name": name, "labels": labels},
        "spec": {"prompt": "p", "type": "claude-code", "credentials": {"type": "none"}},
        "status": status,
    });
    namespace.accepts(task).await.object
}

/// The TaskRecord of a Task that took so many minutes and cents.
async fn record(namespace: &Namespace, uid: &str, labels: Value, minutes: u32, cost: &str) {
    let record = json!({
        "apiVersion": "kelos.dev/v1alpha2",
        "kind": "TaskRecord",
        "metadata": {"name": uid, "labels": labels},
        "spec": {
            "taskRef": {"name": format!("of-{uid}"), "uid": uid},
            "phase": "Succeeded",
            "startTime": "2030-01-01T00:00:00Z",
            "completionTime": format!("2030-01-01T00:{minutes:02}:00Z"),
            "usage": {"costUSD": cost, "inputTokens": 100, "outputTokens": 1},
        },
    });
    namespace.post("taskrecords", "", record).await.ok();
}

fn ended(phase: &str, minutes: u32) -> Value {
    json!({
        "phase": phase,
        "startTime": "2030-01-01T01:00:00Z",
        "completionTime": format!("2030-01-01T01:{minutes:02}:00Z"),
        "results": {"cost-usd": "0.5"},
    })
}

/// The line of a team, or of nobody.
fn line<'r>(report: &'r Value, team: &Value) -> &'r Value {
    let mut lines = report["lines"].as_array().unwrap().iter();
    lines.find(|it| it["values"]["team"] == *team).unwrap_or_else(|| panic!("{team}: {report}"))
}

fn json_of(caller: &Caller, words: &[&str]) -> Value {
    let said = caller.runs(&[&["report", "--by", "team", "-o", "json"], words].concat());
    assert_eq!((said.status, &*said.errors), (0, ""), "{said:?}");
    serde_json::from_str(&said.output).unwrap()
}

#[test]
fn what_it_counts_is_what_is_there() {
    on_own_cluster("report", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let one = cluster.bare_namespace("one", json!({})).await;
        let two = cluster.bare_namespace("two", json!({})).await;
        let _empty = cluster.bare_namespace("empty", json!({})).await;
        let payments = json!({"team": "payments"});
        task(&one, "a", payments.clone(), json!({"phase": "Running"})).await;
        task(&one, "b", payments.clone(), json!({"phase": "Waiting"})).await;
        task(&one, "c", json!({}), json!({})).await;
        let failed = task(&one, "d", payments.clone(), ended("Failed", 9)).await;
        task(&two, "a", payments.clone(), json!({"phase": "Running"})).await;
        // Its Task is there, and is counted as it is.
        let uid = failed["metadata"]["uid"].as_str().unwrap();
        record(&one, uid, json!({"team": "checkout"}), 9, "5").await;
        for (uid, minutes, cost) in [("u-1", 1, "1250m"), ("u-2", 2, "32100u"), ("u-3", 3, "2")] {
            record(&one, uid, payments.clone(), minutes, cost).await;
        }
        record(&one, "u-4", json!({}), 30, "1").await;

        let admin = Caller::admin(cluster);
        let report = json_of(&admin, &["-n", "one"]);
        assert_eq!((&report["tasks"], &report["gone"]), (&json!(4), &json!(4)), "{report}");
        let team = line(&report, &json!("payments"));
        let states = ["tasks", "running", "waiting", "succeeded", "failed", "no_phase"];
        assert_eq!(states.map(|state| team[state].as_u64().unwrap()), [6, 1, 1, 3, 1, 0]);
        assert_eq!(team["success_rate"], 0.75);
        // 60, 120, 180 and 540 seconds.
        assert_eq!((&team["p50_seconds"], &team["p90_seconds"]), (&json!(150.0), &json!(432.0)));
        assert_eq!((&team["cost_usd"], &team["tasks_with_cost"]), (&json!(3.7821), &json!(4)));
        assert_eq!((&team["input_tokens"], &team["output_tokens"]), (&json!(300), &json!(3)));
        let nobody = line(&report, &Value::Null);
        assert_eq!((&nobody["tasks"], &nobody["no_phase"]), (&json!(2), &json!(1)));
        assert_eq!(
            (&report["total"]["tasks"], &report["total"]["cost_usd"]),
            (&json!(8), &json!(4.7821))
        );

        let all = json_of(&admin, &["-A"]);
        assert_eq!(line(&all, &json!("payments"))["running"], 2);
        let selected = json_of(&admin, &["-n", "one", "-l", "team=payments"]);
        assert_eq!(selected["total"]["tasks"], 6);
        // u-2 and u-3 ended then; nothing that has not ended did.
        let window = ["--since", "2030-01-01T00:02:00Z", "--until", "2030-01-01T00:30:00Z"];
        let then = json_of(&admin, &[&["-n", "one"][..], &window].concat());
        assert_eq!((&then["total"]["tasks"], &then["tasks"]), (&json!(2), &json!(0)), "{then}");
        is_shown(&admin);
        needs_rights(cluster).await;
    });
}

fn is_shown(admin: &Caller) {
    let said = admin.runs(&["report", "--by", "team", "-n", "one", "-o", "csv"]);
    let lines: Vec<&str> = said.output.lines().collect();
    assert!(lines[0].starts_with("team,tasks,no_phase,pending,"), "{said:?}");
    assert!(
        lines[1].starts_with("payments,6,0,0,1,1,3,1,0,0.75,150,432,300,3,3.7821,4"),
        "{said:?}"
    );
    assert!(lines[2].starts_with(",2,1,0,0,0,1,0,0,1,1800,") && lines.len() == 3, "{said:?}");
    let said = admin.runs(&["report", "--by", "team,size", "-n", "one"]);
    assert_eq!((said.status, &*said.errors), (0, ""));
    for text in [
        " team ",
        " size ",
        "(no label)",
        "NO PHASE",
        "2m 30s",
        "3.78",
        "4 Tasks in namespace one, and 4 TaskRecords of Tasks that are gone",
        "5 of 8 Tasks say what they cost",
    ] {
        assert!(said.output.contains(text), "{text} is not in\n{}", said.output);
    }
    let said = admin.runs(&["report", "--by", "team", "-n", "empty"]);
    assert_eq!((said.status, &*said.output), (0, "No Task in namespace empty\n"), "{said:?}");
    let said = admin.runs(&["report", "--by", "team", "-n", "nope"]);
    assert_eq!((said.status, &*said.output), (2, ""), "{said:?}");
    assert!(said.errors.contains("the cluster has no namespace nope"), "{said:?}");
    for (words, why) in [
        (["--by", "no key"], "a name has letters, digits"),
        (["--by=team", "--since=soon"], "--since \"soon\": a duration such as 168h"),
        (["--by=team", "--until=-1h"], "--until"),
    ] {
        let said = admin.runs(&[&["report"], &words[..]].concat());
        assert!(said.status == 2 && said.errors.contains(why), "{said:?}");
    }
    let said = admin.runs(&["report", "--by=team", "--since=1h", "--until=2h"]);
    assert!(said.status == 2 && said.errors.contains("no later than --since"), "{said:?}");
}

/// A right that is missing costs its part alone, and is named.
async fn needs_rights(cluster: &Cluster) {
    let address = cluster.control_plane.address();
    let rights = [("kelos.dev", "tasks", "list")];
    let account = Account::in_namespace(&cluster.admin, address, "one", "reader", &rights).await;
    let reader = Caller::with(&account.kubeconfig(address));
    let said = reader.runs(&["report", "--by", "team", "-n", "one", "-o", "json"]);
    let lack = "you lack the right to list taskrecords.kelos.dev in namespace one";
    assert!(said.status == 2 && said.errors.contains(lack), "{said:?}");
    let report: Value = serde_json::from_str(&said.output).unwrap();
    assert_eq!(report["total"]["tasks"], 4);
    let said = reader.runs(&["report", "--by", "team", "-n", "two"]);
    let lack = "you lack the right to list tasks.kelos.dev in namespace two";
    assert!(said.status == 2 && said.output.is_empty() && said.errors.contains(lack), "{said:?}");
}

#[test]
fn a_kelos_without_records_is_told_apart_from_one_that_may_not_be_asked() {
    on_own_cluster("report-old", async |cluster| {
        cluster.install(Schemas::V1alpha1).await;
        let one = cluster.bare_namespace("one", json!({})).await;
        task(&one, "a", json!({"team": "payments"}), ended("Succeeded", 5)).await;
        let said = Caller::admin(cluster).runs(&["report", "--by", "team", "-n", "one"]);
        assert_eq!((said.status, &*said.errors), (0, ""), "{said:?}");
        let none = "This Kelos keeps no TaskRecords (v0.44 and later do)";
        assert!(said.output.contains(none) && said.output.contains(" 0.50"), "{}", said.output);
    });
}

//! A registration after each change, and what is said of a Task.

use serde_json::{Value, json};

use super::*;
use crate::engine::kelos::INJECTION_SETTING;

/// A configuration as the chart has it, after a change.
fn configuration(change: impl FnOnce(&mut Value)) -> Configuration {
    let mut webhook = json!({
        "name": "mtask.metadata.kelos.dev",
        "clientConfig": {"service": {"namespace": "kelos-system", "name": "kelos-metadata", "path": "/mutate-task"}, "caBundle": "eA=="},
        "rules": [{"apiGroups": ["kelos.dev"], "apiVersions": ["*"], "resources": ["tasks"], "operations": ["CREATE"], "scope": "Namespaced"}],
        "matchPolicy": "Exact",
        "namespaceSelector": {"matchExpressions": [{"key": INJECTION_SETTING, "operator": "NotIn", "values": ["disabled"]}]},
        "objectSelector": {"matchExpressions": [{"key": INJECTION_SETTING, "operator": "NotIn", "values": ["disabled"]}]},
    });
    change(&mut webhook);
    let other = json!({"name": "other.example.com", "clientConfig": {"url": "https://x/y"}});
    let object = json!({"metadata": {"name": "kelos-metadata"}, "webhooks": [other, webhook]});
    serde_json::from_value(object).unwrap()
}

fn task(labels: &Value) -> Value {
    json!({"apiVersion": "kelos.dev/v1alpha2", "kind": "Task", "metadata": {"name": "w-1", "labels": labels}})
}

/// What is said of a Task with these labels in a Namespace with these, if they are known.
fn judged(
    configuration: &Configuration,
    labels: &Value,
    namespace: Option<&Value>,
) -> Vec<Registration> {
    let object = task(labels);
    let known: Option<StringMap> =
        namespace.map(|labels| serde_json::from_value(labels.clone()).unwrap());
    let task = NewTask {
        shape: Shape::Task,
        object: &object,
        namespace: "team",
        namespace_labels: known.as_ref(),
    };
    configuration.judge(task).collect()
}

type Row = (&'static str, fn(&mut Value), Value, Option<Value>, Asks, &'static str);

/// Says of a Task with these labels, in a Namespace with these, what the API server does.
fn check(table: Vec<Row>) {
    for (name, change, labels, namespace, asks, because) in table {
        let found = judged(&configuration(change), &labels, namespace.as_ref());
        assert_eq!(found.len(), 1, "{name}");
        assert_eq!((found[0].asks, &*found[0].because.join("; ")), (asks, because), "{name}");
    }
}

fn switched(word: &str) -> Value {
    json!({ INJECTION_SETTING: word })
}

fn opts_in(webhook: &mut Value) {
    webhook["namespaceSelector"]["matchExpressions"][0] =
        json!({"key": INJECTION_SETTING, "operator": "In", "values": ["enabled", "audit"]});
}

fn excludes(webhook: &mut Value) {
    let requirement =
        json!({"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["team"]});
    webhook["namespaceSelector"]["matchExpressions"].as_array_mut().unwrap().push(requirement);
}

#[test]
fn the_switch_of_the_namespace_is_judged_by_the_selector_of_the_chart() {
    const OFF: &str = "its namespaceSelector wants `metadata.kelos.dev/injection notin (disabled)`, and Namespace team has `metadata.kelos.dev/injection: disabled`";
    const IN: &str = "its namespaceSelector wants `metadata.kelos.dev/injection in (enabled, audit)`, and Namespace team has no such label";
    const UNKNOWN: &str = "its namespaceSelector wants `metadata.kelos.dev/injection notin (disabled)`, and the labels of Namespace team are not known";
    const EXCLUDED: &str = "its namespaceSelector wants `kubernetes.io/metadata.name notin (team)`, and Namespace team has `kubernetes.io/metadata.name: team`";
    const TASK: &str = "its objectSelector wants `metadata.kelos.dev/injection notin (disabled)`, and the Task has `metadata.kelos.dev/injection: disabled`";
    let none = || Some(json!({}));
    check(vec![
        ("the chart", |_| {}, json!({}), none(), Asks::Yes, ""),
        ("audit", |_| {}, json!({}), Some(switched("audit")), Asks::Yes, ""),
        ("off", |_| {}, json!({}), Some(switched("disabled")), Asks::No, OFF),
        ("opt-in", opts_in, json!({}), none(), Asks::No, IN),
        ("opted in", opts_in, json!({}), Some(switched("enabled")), Asks::Yes, ""),
        ("labels unknown", |_| {}, json!({}), None, Asks::Unknown, UNKNOWN),
        ("excluded, whatever its labels", excludes, json!({}), None, Asks::No, EXCLUDED),
        ("a Task that is off", |_| {}, switched("disabled"), none(), Asks::No, TASK),
    ]);
}

#[test]
fn every_operator_of_a_selector_is_judged_as_kubernetes_does_it() {
    fn selects(webhook: &mut Value, operator: &str, values: &[&str]) {
        webhook["namespaceSelector"] = json!({"matchExpressions": [
            {"key": "a", "operator": operator, "values": values}]});
    }
    let has = |value: &str| Some(json!({ "a": value }));
    let wants = "its namespaceSelector wants ";
    let of = |rest: &str| -> &'static str { Box::leak(format!("{wants}{rest}").into_boxed_str()) };
    check(vec![
        (
            "match labels",
            |it| it["namespaceSelector"] = json!({"matchLabels": {"a": "b"}}),
            json!({}),
            has("c"),
            Asks::No,
            of("`a in (b)`, and Namespace team has `a: c`"),
        ),
        (
            "exists",
            |it| selects(it, "Exists", &[]),
            json!({}),
            Some(json!({})),
            Asks::No,
            of("`a`, and Namespace team has no such label"),
        ),
        (
            "does not exist",
            |it| selects(it, "DoesNotExist", &[]),
            json!({}),
            has(""),
            Asks::No,
            of("`!a`, and Namespace team has `a: `"),
        ),
        (
            "an operator to come",
            |it| selects(it, "Gt", &["1"]),
            json!({}),
            has("2"),
            Asks::Unknown,
            of("`a Gt (1)`, and the labels of Namespace team are not known"),
        ),
    ]);
}

#[test]
fn rules_and_conditions_are_judged_as_the_api_server_does_it() {
    const NONE: &str = "none of its rules is for CREATE of tasks in kelos.dev";
    const VERSION: &str = "its rules are for Tasks that are written as v1alpha1 alone, and how this one was written is not known";
    const MINE: &str = "its matchCondition mine is not the chart's, and is not judged: `a == 1`";
    fn all(webhook: &mut Value) {
        webhook["rules"][0] = json!({"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"], "operations": ["*"]});
    }
    fn converts(webhook: &mut Value) {
        webhook["rules"][0]["apiVersions"] = json!(["v1alpha1"]);
        webhook["matchPolicy"] = json!("Equivalent");
    }
    fn mine(webhook: &mut Value) {
        webhook["matchConditions"] = json!([{"name": "mine", "expression": "a\n  == 1"}]);
    }
    fn never(webhook: &mut Value) {
        webhook["matchConditions"] = json!([{"name": "off", "expression": "false"}]);
    }
    const OFF: &str = "its matchCondition off holds for none: it is `false`";
    const ASTRAY: &str = "it has path /mutate, and only /mutate-task is served";
    const PERHAPS: &str = "its matchCondition mine is not the chart's, and is not judged: `a == 1`; and if it asks, nobody answers: it has path /mutate, and only /mutate-task is served";
    const BOTH: &str = "its matchCondition off holds for none: it is `false`; besides, it has path /mutate, and only /mutate-task is served";
    let rule = |change: fn(&mut Value), asks, because| -> Row {
        ("a rule", change, json!({}), Some(json!({})), asks, because)
    };
    check(vec![
        rule(|it| it["rules"][0]["operations"] = json!(["UPDATE"]), Asks::No, NONE),
        rule(|it| it["rules"] = json!(null), Asks::No, NONE),
        rule(|it| it["rules"][0]["scope"] = json!("Cluster"), Asks::No, NONE),
        rule(|it| it["rules"][0]["resources"] = json!(["sessions"]), Asks::No, NONE),
        rule(all, Asks::Yes, ""),
        rule(|it| it["rules"][0]["apiVersions"] = json!(["v1alpha1"]), Asks::Unknown, VERSION),
        rule(converts, Asks::Yes, ""),
        rule(mine, Asks::Unknown, MINE),
        rule(never, Asks::No, OFF),
        rule(astray, Asks::Astray, ASTRAY),
        rule(|it| (mine(it), astray(it)).1, Asks::Unknown, PERHAPS),
        rule(|it| (never(it), astray(it)).1, Asks::No, BOTH),
    ]);
}

fn astray(webhook: &mut Value) {
    webhook["clientConfig"]["service"]["path"] = json!("/mutate");
}

#[test]
fn what_refuses_every_task_decides_whatever_stands_beside_it() {
    let labels = json!({});
    let of = |change: fn(&mut Value)| judged(&configuration(change), &json!({}), Some(&labels));
    let fails = |webhook: &mut Value| {
        astray(webhook);
        webhook["failurePolicy"] = json!("Fail");
    };
    let ignores = |webhook: &mut Value| {
        astray(webhook);
        webhook["failurePolicy"] = json!("Ignore");
    };
    for (change, decides) in
        [(fails as fn(&mut Value), Asks::Astray), (ignores as fn(&mut Value), Asks::Yes)]
    {
        let all = [of(|_| ()), of(change)].concat();
        assert_eq!(deciding(&all).unwrap().asks, decides);
    }
}

#[test]
fn what_decides_is_told_and_not_what_is_unknown_beside_it() {
    let configuration = configuration(|webhook| {
        webhook["matchConditions"] = json!([{"name": "mine", "expression": "a == 1"}]);
        webhook["rules"] = json!([]);
    });
    let found = judged(&configuration, &json!({}), None);
    assert_eq!(found[0].because, ["none of its rules is for CREATE of tasks in kelos.dev"]);
}

#[test]
fn a_switch_that_keeps_the_namespace_out_has_its_command() {
    let opts_in = configuration(|webhook| {
        webhook["namespaceSelector"]["matchExpressions"][0] =
            json!({"key": INJECTION_SETTING, "operator": "In", "values": ["enabled"]});
    });
    let found = judged(&opts_in, &json!({}), Some(&json!({})));
    let command = "kubectl label namespace team metadata.kelos.dev/injection=enabled --overwrite";
    assert_eq!(found[0].hint.as_deref(), Some(command));
    let chart = configuration(|_| {});
    let found = judged(&chart, &json!({}), Some(&json!({INJECTION_SETTING: "disabled"})));
    let command = "kubectl label namespace team metadata.kelos.dev/injection- --overwrite";
    assert_eq!(found[0].hint.as_deref(), Some(command));
}

#[test]
fn what_a_switch_leaves_out_is_of_the_switch_unless_something_else_does_too() {
    let off = switched("disabled");
    let of_switch = |change: fn(&mut Value), labels: &Value, namespace: &Value| {
        let found = judged(&configuration(change), labels, Some(namespace));
        (found[0].is_of_switch, found[0].hint.is_some())
    };
    let none = json!({});
    assert_eq!(of_switch(|_| {}, &none, &off), (true, true));
    assert_eq!(of_switch(|_| {}, &off, &none), (true, false));
    assert_eq!(of_switch(|_| {}, &off, &off), (true, true));
    assert_eq!(of_switch(|_| {}, &none, &none), (false, false), "it is asked");
    assert_eq!(of_switch(astray, &none, &off), (false, false), "no command is enough");
    assert_eq!(of_switch(|it| it["rules"] = json!([]), &none, &off), (false, false));
    // A text of a team that has the name of the switch is none.
    let mention = |it: &mut Value| {
        it["namespaceSelector"] = json!({"matchLabels": {"a": "metadata.kelos.dev/injection"}});
    };
    assert_eq!(of_switch(mention, &none, &none), (false, false));
}

#[test]
fn of_several_that_are_not_asked_the_one_that_is_called_where_nobody_answers_decides() {
    let ignored = |webhook: &mut Value| {
        astray(webhook);
        webhook["failurePolicy"] = json!("Ignore");
    };
    let mut all = judged(&configuration(|it| it["rules"] = json!([])), &json!({}), None);
    all.extend(judged(&configuration(ignored), &json!({}), Some(&json!({}))));
    assert_eq!(deciding(&all).map(|it| it.asks), Some(Asks::Astray));
    all.extend(judged(&configuration(|_| {}), &json!({}), Some(&json!({}))));
    assert_eq!(deciding(&all).map(|it| it.asks), Some(Asks::Yes));
}

#[test]
fn a_webhook_of_another_name_is_known_by_its_path() {
    let renamed = configuration(|webhook| webhook["name"] = json!("labels.example.com"));
    let found = judged(&renamed, &json!({}), Some(&json!({})));
    assert_eq!((found.len(), &*found[0].webhook), (1, "labels.example.com"));
    let by_url = configuration(|webhook| {
        webhook["name"] = json!("labels.example.com");
        webhook["clientConfig"] = json!({"url": "https://h:9443/mutate-task"});
    });
    assert_eq!(judged(&by_url, &json!({}), Some(&json!({}))).len(), 1);
    let gone = configuration(|webhook| {
        webhook["name"] = json!("labels.example.com");
        webhook["clientConfig"] = json!({"url": "https://h:9443/x"});
    });
    assert_eq!(judged(&gone, &json!({}), Some(&json!({}))).len(), 0);
}

#[test]
fn a_session_is_asked_about_by_the_webhook_for_sessions_alone() {
    let webhook = |name: &str, path: &str, plural: &str| {
        json!({
            "name": name,
            "clientConfig": {"service": {"namespace": "ns", "name": "n", "path": path}},
            "rules": [{"apiGroups": ["kelos.dev"], "apiVersions": ["*"], "resources": [plural], "operations": ["CREATE"]}],
        })
    };
    let of_tasks = webhook("mtask.metadata.kelos.dev", "/mutate-task", "tasks");
    let of_sessions = webhook("msession.metadata.kelos.dev", "/mutate-session", "sessions");
    let asks = |webhooks: &[&Value], shape| {
        let object = json!({"metadata": {"name": "kelos-metadata"}, "webhooks": webhooks});
        let configuration: Configuration = serde_json::from_value(object).unwrap();
        let object = json!({"apiVersion": "kelos.dev/v1alpha2", "metadata": {"name": "x"}});
        let made = NewTask { shape, object: &object, namespace: "team", namespace_labels: None };
        configuration.judge(made).map(|it| (it.webhook, it.asks)).collect::<Vec<_>>()
    };
    let yes = |name: &str| vec![(name.to_owned(), Asks::Yes)];
    let both = [&of_tasks, &of_sessions];
    assert_eq!(asks(&both, Shape::Task), yes("mtask.metadata.kelos.dev"));
    assert_eq!(asks(&both, Shape::Session), yes("msession.metadata.kelos.dev"));
    assert_eq!(asks(&[&of_tasks], Shape::Session), []);
    let astray = webhook("msession.metadata.kelos.dev", "/mutate-task", "sessions");
    let found = asks(&[&astray], Shape::Session);
    assert_eq!(found, [("msession.metadata.kelos.dev".to_owned(), Asks::Astray)]);
}

use serde_json::{Value, json};

use super::*;

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
    let task = NewTask { object: &object, namespace: "team", namespace_labels: known.as_ref() };
    configuration.judge(task).collect()
}

type Row = (&'static str, fn(&mut Value), Value, Option<Value>, Asks, &'static str);

#[test]
fn a_registration_is_judged_as_the_api_server_does_it() {
    fn opts_in(webhook: &mut Value) {
        webhook["namespaceSelector"]["matchExpressions"][0] =
            json!({"key": INJECTION_SETTING, "operator": "In", "values": ["enabled", "audit"]});
    }
    fn excludes(webhook: &mut Value) {
        let requirement =
            json!({"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["team"]});
        webhook["namespaceSelector"]["matchExpressions"].as_array_mut().unwrap().push(requirement);
    }
    let switched = |word: &str| json!({ INJECTION_SETTING: word });
    let table: Vec<Row> = vec![
        ("the chart", |_| {}, json!({}), Some(json!({})), Asks::Yes, ""),
        ("audit", |_| {}, json!({}), Some(switched("audit")), Asks::Yes, ""),
        (
            "off",
            |_| {},
            json!({}),
            Some(switched("disabled")),
            Asks::No,
            "its namespaceSelector wants `metadata.kelos.dev/injection notin (disabled)`, and Namespace team has `metadata.kelos.dev/injection: disabled`",
        ),
        (
            "opt-in",
            opts_in,
            json!({}),
            Some(json!({})),
            Asks::No,
            "its namespaceSelector wants `metadata.kelos.dev/injection in (enabled, audit)`, and Namespace team has no such label",
        ),
        ("opted in", opts_in, json!({}), Some(switched("enabled")), Asks::Yes, ""),
        (
            "labels unknown",
            |_| {},
            json!({}),
            None,
            Asks::Unknown,
            "its namespaceSelector wants `metadata.kelos.dev/injection notin (disabled)`, and the labels of Namespace team are not known",
        ),
        (
            "excluded, whatever its labels",
            excludes,
            json!({}),
            None,
            Asks::No,
            "its namespaceSelector wants `kubernetes.io/metadata.name notin (team)`, and Namespace team has `kubernetes.io/metadata.name: team`",
        ),
        (
            "match labels",
            |it| it["namespaceSelector"] = json!({"matchLabels": {"a": "b"}}),
            json!({}),
            Some(json!({"a": "c"})),
            Asks::No,
            "its namespaceSelector wants `a in (b)`, and Namespace team has `a: c`",
        ),
        (
            "exists",
            |it| {
                it["namespaceSelector"] =
                    json!({"matchExpressions": [{"key": "a", "operator": "Exists"}]})
            },
            json!({}),
            Some(json!({})),
            Asks::No,
            "its namespaceSelector wants `a`, and Namespace team has no such label",
        ),
        (
            "does not exist",
            |it| {
                it["namespaceSelector"] =
                    json!({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]})
            },
            json!({}),
            Some(json!({"a": ""})),
            Asks::No,
            "its namespaceSelector wants `!a`, and Namespace team has `a: `",
        ),
        (
            "an operator to come",
            |it| {
                it["namespaceSelector"] =
                    json!({"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]})
            },
            json!({}),
            Some(json!({"a": "2"})),
            Asks::Unknown,
            "its namespaceSelector wants `a Gt (1)`, and the labels of Namespace team are not known",
        ),
        (
            "a Task that is off",
            |_| {},
            switched("disabled"),
            Some(json!({})),
            Asks::No,
            "its objectSelector wants `metadata.kelos.dev/injection notin (disabled)`, and the Task has `metadata.kelos.dev/injection: disabled`",
        ),
        (
            "no rule",
            |it| it["rules"][0]["operations"] = json!(["UPDATE"]),
            json!({}),
            Some(json!({})),
            Asks::No,
            "none of its rules is for CREATE of tasks in kelos.dev",
        ),
        (
            "null",
            |it| it["rules"] = json!(null),
            json!({}),
            Some(json!({})),
            Asks::No,
            "none of its rules is for CREATE of tasks in kelos.dev",
        ),
        (
            "all",
            |it| it["rules"][0] = json!({"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"], "operations": ["*"]}),
            json!({}),
            Some(json!({})),
            Asks::Yes,
            "",
        ),
        (
            "of clusters",
            |it| it["rules"][0]["scope"] = json!("Cluster"),
            json!({}),
            Some(json!({})),
            Asks::No,
            "none of its rules is for CREATE of tasks in kelos.dev",
        ),
        (
            "a version",
            |it| it["rules"][0]["apiVersions"] = json!(["v1alpha1"]),
            json!({}),
            Some(json!({})),
            Asks::Unknown,
            "its rules are for Tasks that are written as v1alpha1 alone, and how this one was written is not known",
        ),
        (
            "a version, converted",
            |it| {
                it["rules"][0]["apiVersions"] = json!(["v1alpha1"]);
                it["matchPolicy"] = json!("Equivalent");
            },
            json!({}),
            Some(json!({})),
            Asks::Yes,
            "",
        ),
        (
            "a condition that is not ours",
            |it| it["matchConditions"] = json!([{"name": "mine", "expression": "a\n  == 1"}]),
            json!({}),
            Some(json!({})),
            Asks::Unknown,
            "its matchCondition mine is not the chart's, and is not judged: `a == 1`",
        ),
    ];
    for (name, change, labels, namespace, asks, because) in table {
        let found = judged(&configuration(change), &labels, namespace.as_ref());
        assert_eq!(found.len(), 1, "{name}");
        assert_eq!((found[0].asks, &*found[0].because.join("; ")), (asks, because), "{name}");
    }
}

#[test]
fn what_decides_is_told_and_not_what_is_unknown_beside_it() {
    let configuration = configuration(|webhook| {
        webhook["matchConditions"] = json!([{"name": "mine", "expression": "true"}]);
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

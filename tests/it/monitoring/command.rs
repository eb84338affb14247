//! Which keys are taken, where they come from, and where the documents go.

use std::fs;

use serde_json::Value;

use super::{run, texts};

fn printed(words: &[&str]) -> (i32, String, String) {
    let output = run(words);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The names in Prometheus that Tasks have in the configuration of kube-state-metrics.
fn labels(config: &str) -> Vec<String> {
    let config: Value = serde_saphyr::from_str(config).unwrap();
    let paths = &config["spec"]["resources"][0]["metrics"][0]["each"]["info"]["labelsFromPath"];
    let names = paths.as_object().unwrap().keys().filter(|name| name.starts_with("label_"));
    names.cloned().collect()
}

#[test]
fn keys_come_from_the_rules_of_files() {
    let flags = ["-f", "examples/cost", "-f", "examples/priority", "-o", "kube-state-metrics"];
    let (status, config, errors) = printed(&flags);
    assert_eq!((status, &*errors), (0, ""));
    assert_eq!(labels(&config), ["label_team", "label_team_example_com_priority"]);
}

#[test]
fn keys_with_too_many_values_are_left_out_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("spawner.yaml");
    let rules = r#"{"team": "x", "te.am": "y", "te_am": "z", "sha": "{{ .HeadSHA }}"}"#;
    let spawner = format!(
        "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata: {{name: s, annotations: \
         {{metadata.kelos.dev/labels: '{rules}'}}}}\nspec: {{when: {{githubWebhook: {{events: [push]}}}}}}\n"
    );
    fs::write(&file, spawner).unwrap();
    let file = file.to_str().unwrap();
    let (status, config, errors) = printed(&["-f", file, "-o", "kube-state-metrics"]);
    assert_eq!(status, 0, "{errors}");
    assert_eq!(labels(&config), ["label_te_am", "label_team"]);
    for said in [
        "kelos-metadata: sha is left out: TaskSpawner default/s makes it of `.HeadSHA`, which is another one for \
         nearly every Task: each is a series of its own in Prometheus\n",
        "kelos-metadata: te_am is left out: in Prometheus it is `label_te_am`, as `te.am` is: choose one",
    ] {
        assert!(errors.contains(said), "{said} is not in\n{errors}");
    }
    assert_eq!(errors.lines().count(), 2, "{errors}");
}

#[test]
fn rules_that_can_not_be_read_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("spawner.yaml");
    let spawner = "apiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata: {name: s, annotations: \
                   {metadata.kelos.dev/labels: 'team: {{ .Nope'}}\nspec: {when: {githubIssues: {}}}\n";
    fs::write(&file, spawner).unwrap();
    let (status, output, errors) = printed(&["-f", file.to_str().unwrap()]);
    assert_eq!((status, &*output), (2, ""), "{errors}");
    let why = "TaskSpawner default/s: label team: parse_error: the action has no closing `}}`";
    assert!(errors.contains(why), "{errors}");
    assert!(errors.contains("no rule declares a label"), "{errors}");
}

#[test]
fn what_can_not_be_is_said_and_nothing_is_printed() {
    let empty = tempfile::tempdir().unwrap();
    let folder = empty.path().to_str().unwrap();
    for (flags, why) in [
        (&["--by", "a-b,a_b"][..], "--by a_b: in Prometheus it is `label_a_b`, as `a-b` is"),
        (&["--by", "no key"], "a name has letters, digits"),
        (&["-f", folder], "no rule declares a label: name the keys, as --by team,priority"),
        (&["-f", "/not/there"], "/not/there"),
        (&["--by", "a", "-A"], "cannot be used with"),
        (&["--by", "a", "--max-values", "3"], "cannot be used with"),
        (&["--by", "a", "--rule-label", "a"], "a label is KEY=VALUE"),
        (&["--by", "a", "--service-account", "ksm"], "a ServiceAccount is NAMESPACE/NAME"),
        (&["--by", "a", "--write-to", "/dev/null/x"], "can't be made a folder"),
    ] {
        let (status, output, errors) = printed(flags);
        assert_eq!((status, &*output), (2, ""), "{flags:?}");
        assert!(errors.contains(why), "{flags:?}: {errors}");
    }
}

#[test]
fn objects_are_those_that_kubectl_takes_and_files_those_that_programs_read() {
    let account = ["--service-account", "monitoring/ksm"];
    let (status, printed_objects, errors) = printed(&[&["--by", "team"], &account[..]].concat());
    assert_eq!((status, &*errors), (0, ""));
    let objects: Vec<Value> = serde_saphyr::from_multiple(&printed_objects).unwrap();
    let kinds: Vec<&str> = objects.iter().map(|it| it["kind"].as_str().unwrap()).collect();
    let expected =
        ["ConfigMap", "ClusterRole", "ClusterRoleBinding", "PrometheusRule", "ConfigMap"];
    assert_eq!(kinds, expected);
    let labelled = ["--rule-label", "release=stack"];
    let (_, labelled, _) = printed(&[&["--by", "team"], &labelled[..]].concat());
    assert!(labelled.contains("\n    release: stack\n"), "{labelled:.0}");
    let namespaces = objects.iter().map(|it| it["metadata"]["namespace"].as_str());
    let expected = [Some("monitoring"), None, None, None, None];
    assert!(namespaces.eq(expected), "kubectl's -n says, but for what is mounted");
    assert_eq!(objects[2]["subjects"][0]["namespace"], "monitoring");
    let (_, without_account, errors) = printed(&["--by", "team"]);
    assert!(!without_account.contains("ClusterRoleBinding"));
    assert!(errors.contains("bound to nobody: --service-account NAMESPACE/NAME"), "{errors}");

    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("new");
    let (status, output, errors) =
        printed(&[&["--by", "team", "--write-to", into.to_str().unwrap()], &account[..]].concat());
    assert_eq!((status, &*output, errors.lines().count()), (0, "", 4), "{errors}");
    let read = |name: &str| fs::read_to_string(into.join(name)).unwrap();
    let yaml = |text: &str| serde_saphyr::from_str::<Value>(text).unwrap();
    for (name, object, field) in [
        ("kube-state-metrics.yaml", &objects[0]["data"]["config.yaml"], None),
        ("prometheus-rules.yaml", &objects[3], Some("spec")),
        ("grafana-dashboard.json", &objects[4]["data"]["kelos-metadata.json"], None),
    ] {
        let said = field.map_or_else(|| yaml(object.as_str().unwrap()), |it| object[it].clone());
        assert_eq!(yaml(&read(name)), said, "{name}");
    }
    let access: Vec<Value> =
        serde_saphyr::from_multiple(&read("kube-state-metrics-rbac.yaml")).unwrap();
    assert_eq!(access, objects[1..3]);
    assert_eq!(texts(&access[0]["rules"][0]["verbs"]), ["list", "watch"]);
}

//! What all objects have in common: labels, annotations, and the accounts that Pods run as.

use serde_json::{Value, json};

use crate::chart::renderings::{KEPT, monitored, values};
use crate::chart::support::files::{beside, text};
use crate::chart::support::rendering::Rendering;
use crate::harness::helm::Helm;

/// A key that no value and no template of the chart has.
const KEY: &str = "example.com/everywhere";

/// All that the chart can render, where some values are set besides.
fn all(more: &Value) -> Vec<Rendering> {
    let sets = KEPT.map(values).into_iter().chain([monitored()]);
    let sets = sets.map(|mut values| {
        // Those are what they are.
        values["extraObjects"] = json!([]);
        for (name, map) in more.as_object().unwrap() {
            for (key, value) in map.as_object().unwrap() {
                values[name][key] = value.clone();
            }
        }
        values
    });
    sets.flat_map(|values| [Rendering::of(&values), Rendering::of_tests(&values)]).collect()
}

/// All objects, with the names that they have in their renderings.
fn objects(renderings: &[Rendering]) -> impl Iterator<Item = (&String, &Value)> {
    renderings.iter().flat_map(|rendering| &rendering.objects)
}

/// Calls for each map under one of these names, at any depth.
fn each_named<'v>(value: &'v Value, names: &[&str], call: &mut impl FnMut(&'v Value)) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if names.contains(&key.as_str()) {
                    call(value);
                }
                each_named(value, names, call);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each_named(item, names, call)),
        _ => {}
    }
}

#[test]
fn labels_of_all_objects_are_on_each_and_in_no_selector() {
    let renderings = all(&json!({"commonLabels": {KEY: "yes"}}));
    for (name, object) in objects(&renderings) {
        assert_eq!(object["metadata"]["labels"][KEY], "yes", "{name}");
        if object["kind"] == "Deployment" {
            assert_eq!(object["spec"]["template"]["metadata"]["labels"][KEY], "yes", "{name}");
        }
        let selectors = ["selector", "labelSelector", "podSelector", "from"];
        each_named(&object["spec"], &selectors, &mut |selector| {
            assert!(!selector.to_string().contains(KEY), "{name}: {selector}");
        });
    }
}

#[test]
fn annotations_of_all_objects_are_on_each_and_more_specific_ones_go_before() {
    let renderings = all(&json!({"commonAnnotations": {KEY: "yes"}}));
    for (name, object) in objects(&renderings) {
        assert_eq!(object["metadata"]["annotations"][KEY], "yes", "{name}");
    }
    let everything = Rendering::of(&values("everything"));
    for (name, note) in [
        ("ClusterRole/kelos-metadata", "all"),
        ("Deployment/kelos-metadata-controller", "deployment"),
        ("Service/kelos-metadata", "service"),
        ("PodMonitor/kelos-metadata", "monitor"),
        ("MutatingWebhookConfiguration/kelos-metadata", "webhook"),
    ] {
        let found = &everything.object(name)["metadata"]["annotations"]["example.com/note"];
        assert_eq!(found, note, "{name}");
    }
}

/// Nor does anybody take the chart's own away, by which Helm and cert-manager go.
#[test]
fn annotations_of_the_chart_stay_what_they_are() {
    let hook = "helm.sh/hook";
    let values = json!({"test": {"serviceAccount": {"annotations": {hook: "post-install"}}}});
    for object in Rendering::of_tests(&values).objects.values() {
        assert_eq!(object["metadata"]["annotations"][hook], "test");
    }
    let inject = "cert-manager.io/inject-ca-from";
    let values = json!({
        "certificates": {"mode": "certManager"},
        "webhook": {"annotations": {inject: "elsewhere/other"}},
    });
    let rendering = Rendering::of(&values);
    for kind in ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"] {
        let annotations = &rendering.the(kind)["metadata"]["annotations"];
        assert_eq!(annotations[inject], "kelos-system/kelos-metadata", "{kind}");
    }
}

/// A binding that names another account than the Pods have grants nothing to them.
#[test]
fn pods_run_as_the_accounts_that_are_bound_whoever_creates_these() {
    let account =
        |name: &str, create: bool| json!({"serviceAccount": {"name": name, "create": create}});
    for create in [true, false] {
        let mut values = account("labeller", create);
        values["controller"] = account("issuer", create);
        values["test"] = account("tester", create);
        let (installed, tests) = (Rendering::of(&values), Rendering::of_tests(&values));
        for (component, name) in [("", "labeller"), ("-controller", "issuer"), ("-test", "tester")]
        {
            let rendering = if component == "-test" { &tests } else { &installed };
            let of_component =
                |kind: &str| rendering.object(&format!("{kind}/kelos-metadata{component}"));
            let pod = match component {
                "-test" => &of_component("Pod")["spec"],
                _ => &of_component("Deployment")["spec"]["template"]["spec"],
            };
            assert_eq!(pod["serviceAccountName"], name);
            for kind in ["RoleBinding", "ClusterRoleBinding"] {
                let subject = json!({
                    "kind": "ServiceAccount", "name": name, "namespace": "kelos-system",
                });
                assert_eq!(of_component(kind)["subjects"], json!([subject]), "{kind} of {name}");
            }
            let is_there = rendering.objects.contains_key(&format!("ServiceAccount/{name}"));
            assert_eq!(is_there, create, "{name}");
        }
        let accounts = installed.names().into_iter().chain(tests.names());
        let accounts = accounts.filter(|name| name.starts_with("ServiceAccount/")).count();
        assert_eq!(accounts, if create { 3 } else { 0 });
    }
}

/// Whether an object, of this `Kind/name`, grants rights.
fn is_rbac(name: &&str) -> bool {
    let kinds = ["Role/", "RoleBinding/", "ClusterRole/", "ClusterRoleBinding/"];
    kinds.iter().any(|kind| name.starts_with(kind))
}

#[test]
fn what_somebody_else_has_to_grant_is_what_the_page_has_them_print() {
    let page = text(&beside("../../../docs/install.md")).replace("\\\n", "");
    let command = page.lines().find(|line| line.contains("--set rbac.create=true"));
    let (command, _) = command.unwrap().split_once(" | kubectl apply -f -").unwrap();
    let words = command.split_whitespace().skip(1);
    let args: Vec<&str> = words.map(|word| if word == "FILE" { "-" } else { word }).collect();
    let more = ["--set", "image.repository=kelos-metadata", "--kube-version", "1.36"];
    let args = [&args[..], &more].concat();
    let values = json!({"rbac": {"create": false}});
    let printed = Rendering::read(&Helm::offline().run(&args, &values).ok());
    let all = Rendering::of(&json!({}));
    let expected: Vec<&str> = all.names().into_iter().filter(is_rbac).collect();
    assert_eq!(printed.names(), expected);
}

#[test]
fn without_rights_the_rest_stays_what_it_is() {
    for name in KEPT {
        let mut values = values(name);
        let with = Rendering::of(&values);
        values["rbac"] = json!({"create": false});
        let without = Rendering::of(&values);
        let expected: Vec<&str> = with.names().into_iter().filter(|it| !is_rbac(it)).collect();
        assert_eq!(without.names(), expected, "{name}");
        let tests = Rendering::of_tests(&values);
        assert_eq!(tests.names().into_iter().filter(is_rbac).count(), 0, "{name}");
    }
}

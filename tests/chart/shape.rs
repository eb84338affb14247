//! What must hold of every rendering, whatever the values.

use clap::Parser;
use kelos_metadata::cli::{Cli, Command};
use kelos_metadata::settings::ServeSettings;
use serde_json::{Value, json};

use crate::renderings::values;
use crate::support::files::chart;
use crate::support::helm::Helm;
use crate::support::rendering::Rendering;

/// Runs a check on the defaults, and on everything switched on.
fn each(check: impl Fn(&Rendering)) {
    for name in ["default", "everything"] {
        check(&Rendering::of(&values(name)));
    }
}

fn pod(rendering: &Rendering) -> &Value {
    &rendering.the("Deployment")["spec"]["template"]
}

fn container(rendering: &Rendering) -> &Value {
    &pod(rendering)["spec"]["containers"][0]
}

/// The number of a named port of the container.
fn port(rendering: &Rendering, name: &Value) -> i64 {
    let ports = container(rendering)["ports"].as_array().unwrap();
    let port = ports.iter().find(|port| port["name"] == *name);
    port.unwrap_or_else(|| panic!("no port {name}"))["containerPort"].as_i64().unwrap()
}

#[test]
fn the_program_takes_what_it_is_started_with() {
    each(|rendering| {
        let args = container(rendering)["args"].as_array().unwrap();
        let args = args.iter().map(|arg| arg.as_str().unwrap());
        let typed = Cli::try_parse_from(["kelos-metadata"].into_iter().chain(args)).unwrap();
        let Command::Serve(serve) = typed.command else { panic!("{typed:?}") };
        ServeSettings::try_from(&serve).unwrap();
    });
}

#[test]
fn the_ports_of_all_objects_meet() {
    each(|rendering| {
        let args = container(rendering)["args"].as_array().unwrap();
        for (flag, name, number) in [
            ("--bind-address", "webhook", 9443),
            ("--metrics-bind-address", "metrics", 8080),
            ("--health-probe-bind-address", "health", 8081),
        ] {
            let start = format!("{flag}=");
            let address = args.iter().find_map(|arg| arg.as_str()?.strip_prefix(&start)).unwrap();
            assert!(address.ends_with(&format!(":{number}")), "{flag}={address}");
            assert_eq!(port(rendering, &json!(name)), number);
        }
        for probe in ["livenessProbe", "readinessProbe"] {
            assert_eq!(container(rendering)[probe]["httpGet"]["port"], "health");
        }
        let webhook = &rendering.the("MutatingWebhookConfiguration")["webhooks"][0];
        let called = &webhook["clientConfig"]["service"];
        let service = rendering.the("Service");
        assert_eq!(called["name"], service["metadata"]["name"]);
        assert_eq!(called["namespace"], service["metadata"]["namespace"]);
        let ports = service["spec"]["ports"].as_array().unwrap();
        let of_service = ports.iter().find(|port| port["port"] == called["port"]).unwrap();
        assert_eq!(port(rendering, &of_service["targetPort"]), 9443);
    });
}

#[test]
fn whatever_selects_pods_selects_ours_and_no_service_of_kelos_does() {
    each(|rendering| {
        let labels = pod(rendering)["metadata"]["labels"].as_object().unwrap();
        let selectors = [
            ("Deployment", "/spec/selector/matchLabels"),
            ("Service", "/spec/selector"),
            ("PodDisruptionBudget", "/spec/selector/matchLabels"),
            ("NetworkPolicy", "/spec/podSelector/matchLabels"),
            ("PodMonitor", "/spec/selector/matchLabels"),
        ];
        for (kind, selector) in selectors {
            let Some(object) = rendering.objects.get(&format!("{kind}/kelos-metadata")) else {
                continue;
            };
            let wanted = object.pointer(selector).unwrap().as_object().unwrap();
            assert!(!wanted.is_empty());
            for (key, value) in wanted {
                assert_eq!(labels.get(key), Some(value), "{kind}: {key}");
            }
        }
        assert_ne!(labels["app.kubernetes.io/name"], "kelos");
        assert!(labels.keys().all(|key| !key.starts_with("kelos.dev/")), "{labels:?}");
    });
}

#[test]
fn every_name_follows_the_namespace_of_the_release() {
    let chart = chart();
    let chart = chart.to_str().unwrap();
    let args = ["template", "r", chart, "--kube-version", "1.36", "--namespace", "platform"];
    let text = Helm::offline().run(&args, &Value::Null).ok();
    assert!(!text.contains("kelos-system"), "{text}");
    let rendering = Rendering::read(&text);
    let names = &rendering.the("Certificate")["spec"]["dnsNames"];
    assert_eq!(*names, json!(["kelos-metadata.platform.svc"]));
    let subject = &rendering.the("ClusterRoleBinding")["subjects"][0];
    assert_eq!(subject["namespace"], "platform");
}

#[test]
fn every_container_has_resources() {
    each(|rendering| {
        let spec = &pod(rendering)["spec"];
        for kind in ["containers", "initContainers"] {
            for container in spec[kind].as_array().into_iter().flatten() {
                let resources = &container["resources"];
                assert!(resources["requests"]["cpu"].is_string(), "{container:#}");
                assert!(resources["requests"]["memory"].is_string(), "{container:#}");
                assert!(resources["limits"]["memory"].is_string(), "{container:#}");
            }
        }
    });
}

#[test]
fn every_object_says_where_it_belongs() {
    let cluster_wide = ["ClusterRole", "ClusterRoleBinding", "MutatingWebhookConfiguration"];
    each(|rendering| {
        for (name, object) in &rendering.objects {
            let kind = object["kind"].as_str().unwrap();
            let namespace = object["metadata"]["namespace"].as_str();
            let expected = (!cluster_wide.contains(&kind)).then_some("kelos-system");
            assert_eq!(namespace, expected, "{name}");
            let labels = &object["metadata"]["labels"];
            assert_eq!(labels["app.kubernetes.io/name"], "kelos-metadata", "{name}");
            assert_eq!(labels["app.kubernetes.io/version"], env!("CARGO_PKG_VERSION"), "{name}");
        }
    });
}

//! What the chart renders is kept, and every change of it is seen.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use crate::chart::support::files::{beside, is_kept, read};
use crate::chart::support::rendering::Rendering;
use crate::harness::helm::{Helm, chart};

/// The names of values to render with: defaults, and files in `values/`.
pub(crate) const KEPT: [&str; 4] = ["default", "everything", "cert-manager", "provided"];

/// Values by their name.
pub(crate) fn values(name: &str) -> Value {
    if name == "default" { json!({}) } else { read(&beside(&format!("values/{name}.yaml"))) }
}

/// What else shows how the cluster does: one of the two monitors excludes the other, and what is made of the files in
/// `monitoring/` is not kept once more.
pub(crate) fn monitored() -> Value {
    let account = json!({"namespace": "monitoring", "name": "kube-state-metrics"});
    json!({
        "serviceMonitor": {"enabled": true},
        "monitoring": {
            "keys": ["team", "kelos.dev/costCenter"],
            "prometheusRule": {"enabled": true},
            "dashboards": {"enabled": true},
            "kubeStateMetrics": {"enabled": true, "serviceAccount": account},
        },
    })
}

#[test]
fn what_is_rendered_is_what_is_kept() {
    for name in KEPT {
        let rendered = Helm::offline().template(&values(name)).ok();
        is_kept(&beside(&format!("renderings/{name}.yaml")), &rendered);
    }
}

#[test]
fn what_helm_test_creates_is_what_is_kept() {
    let rendered = Helm::offline().template_tests(&values("everything")).ok();
    is_kept(&beside("renderings/tests.yaml"), &rendered);
}

#[test]
fn helm_finds_nothing_to_complain_of() {
    for name in KEPT {
        let output = Helm::offline().lint(&values(name)).ok();
        assert!(output.contains("0 chart(s) failed"), "{name}: {output}");
    }
}

#[test]
fn every_template_is_rendered_by_one_of_these() {
    let rendered: Vec<String> = KEPT
        .into_iter()
        .map(values)
        .chain([monitored()])
        .map(|values| Helm::offline().template(&values).ok())
        .collect();
    for file in fs::read_dir(chart().join("templates")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".yaml") {
            let source = format!("# Source: kelos-metadata/templates/{name}\n");
            assert!(rendered.iter().any(|text| text.contains(&source)), "{name}");
        }
    }
}

#[test]
fn an_older_kubernetes_is_refused() {
    let chart = chart();
    let chart = chart.to_str().unwrap();
    let args = ["template", "r", chart, "--kube-version", "1.29.9"];
    let output = Helm::offline().run(&args, &Value::Null).refusal();
    assert!(output.contains("chart requires kubeVersion: >=1.30.0-0"), "{output}");
    let image = "image.repository=kelos-metadata";
    let args = ["template", "r", chart, "--set", image, "--kube-version", "v1.30.0-gke.100"];
    Helm::offline().run(&args, &Value::Null).ok();
}

#[test]
fn it_can_be_part_of_another_chart() {
    let folder = tempfile::tempdir().unwrap();
    let path = |path: &str| folder.path().join(path);
    fs::create_dir_all(path("charts")).unwrap();
    fs::write(path("Chart.yaml"), "apiVersion: v2\nname: platform\nversion: 1.0.0\n").unwrap();
    symlink(chart(), path("charts/kelos-metadata")).unwrap();
    let values = json!({
        "global": {"team": "platform", "imageRegistry": "registry.example.com"},
        "kelos-metadata": {"replicas": 3, "image": {"repository": "kelos-metadata"}},
    });
    let umbrella = folder.path().to_str().unwrap();
    let args = ["template", "r", umbrella, "--kube-version", "1.36", "-f", "-"];
    let rendering = Rendering::read(&Helm::offline().run(&args, &values).ok());
    let deployment = rendering.the("Deployment");
    assert_eq!(deployment["spec"]["replicas"], 3);
    let image = &deployment["spec"]["template"]["spec"]["containers"][0]["image"];
    assert!(image.as_str().unwrap().starts_with("registry.example.com/kelos-metadata:"), "{image}");
}

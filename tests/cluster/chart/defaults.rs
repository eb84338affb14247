//! The defaults of the cluster: the file that the chart makes of them, who reads it, and whom the API server asks
//! about then.

use std::sync::Arc;

use kelos_metadata::cli::Command;
use kelos_metadata::engine::kelos::Shape;
use kelos_metadata::engine::rules::{Defaults, Policy, Rules};
use kelos_metadata::settings::ServeSettings;
use serde_json::{Value, json};

use crate::chart::renderings::{KEPT, values};
use crate::chart::shape::typed;
use crate::chart::support::installation::{backend_spawner, install};
use crate::chart::support::rendering::Rendering;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::Schemas;
use crate::harness::helm::Helm;
use crate::harness::pod::Pod;
use crate::harness::wait::eventually;

/// The file of a rendering.
fn file(rendering: &Rendering) -> &str {
    rendering.the("ConfigMap")["data"]["defaults.yaml"].as_str().unwrap()
}

/// The rules that the program makes of the file, with the flags that it has there: key and template of each.
fn rules(rendering: &Rendering) -> Vec<(String, String)> {
    let Command::Serve(serve) = typed(rendering.the("Deployment")).unwrap().command else {
        panic!("the Deployment serves");
    };
    let policy = ServeSettings::try_from(&*serve).unwrap().policy;
    let file = file(rendering);
    let defaults = Defaults::read(file, &policy);
    let defaults = defaults.unwrap_or_else(|errors| panic!("{errors:#?}\n{file}"));
    let policy = Policy { defaults: Arc::new(defaults), ..policy };
    let rules = Rules::of_nobody(Shape::Task, &policy);
    let rules = rules.keys.iter();
    rules.map(|rule| (rule.key().to_string(), rule.source().unwrap().to_owned())).collect()
}

#[test]
fn the_program_reads_out_of_the_file_what_the_values_say() {
    let mut said = values("everything")["defaults"].take();
    let rendering = Rendering::of(&values("everything"));
    let found: Value = serde_saphyr::from_str(file(&rendering)).unwrap();
    assert_eq!(found, said);
    let rules = rules(&rendering);
    assert_eq!(rules.len(), 7);
    for (key, template) in rules {
        let mut places = said.as_object_mut().unwrap().values_mut();
        let value = places.find_map(|it| it.get_mut(&key).map(Value::take)).unwrap();
        let value = if value.is_string() { &value } else { &value["value"] };
        // The last line break of a block only ends its line.
        assert_eq!(template, value.as_str().unwrap().trim_end_matches('\n'), "{key}");
    }
}

/// Helm reads `on` without quotes as `true`.
#[test]
fn on_needs_no_quotes() {
    let with = |on: &str| json!({"defaults": {"labels": {"a": {"value": "x", on: ["tasks"]}}}});
    let [quoted, bare] = ["on", "true"].map(|on| Rendering::of(&with(on)));
    assert_eq!(file(&quoted), file(&bare));
    let found: Value = serde_saphyr::from_str(file(&bare)).unwrap();
    assert_eq!(found["labels"]["a"], json!({"value": "x", "on": ["tasks"]}));
}

#[test]
fn without_a_key_nothing_is_rendered_otherwise() {
    let without = Helm::offline().template(&json!({})).ok();
    for defaults in [
        json!({}),
        json!(null),
        json!({"labels": {}, "podLabelsFromTask": ""}),
        json!({"labels": null, "syntax": "go", "onInvalid": "skip"}),
        json!({"labels": {"team": null}, "podLabels": {"team": null}}),
    ] {
        let rendered = Helm::offline().template(&json!({"defaults": defaults})).ok();
        assert_eq!(rendered, without, "{defaults}");
    }
}

#[test]
fn other_defaults_change_the_config_map_and_restart_no_pod() {
    let with = |team: &str| Rendering::of(&json!({"defaults": {"labels": {"team": team}}}));
    let (mut one, mut other) = (with("a"), with("b"));
    let [removed, _] =
        [&mut one, &mut other].map(|it| it.objects.remove("ConfigMap/kelos-metadata"));
    assert!(removed.is_some());
    assert_eq!(one.objects, other.objects);
}

#[test]
fn only_the_pods_that_serve_read_them() {
    let rendering = Rendering::of(&values("everything"));
    let pod = |name: &str| rendering.object(name)["spec"]["template"]["spec"].to_string();
    assert!(!pod("Deployment/kelos-metadata-controller").contains("defaults"));
    let serving = rendering.the("Deployment");
    let mounts = &serving["spec"]["template"]["spec"]["containers"][0]["volumeMounts"];
    let mount = mounts.as_array().unwrap().iter().find(|mount| mount["name"] == "defaults");
    // With a `subPath` a change would never arrive.
    let expected = json!({
        "name": "defaults", "mountPath": "/etc/kelos-metadata/defaults", "readOnly": true,
    });
    assert_eq!(mount, Some(&expected));
}

#[test]
fn no_flag_that_the_chart_sets_is_taken_a_second_time() {
    let mut flags = Vec::new();
    for name in KEPT {
        let rendering = Rendering::of(&values(name));
        let args =
            &rendering.the("Deployment")["spec"]["template"]["spec"]["containers"][0]["args"];
        let args = args.as_array().unwrap().iter().filter_map(Value::as_str);
        flags.extend(args.filter_map(|arg| Some(arg.split_once('=')?.0.to_owned())));
    }
    // And one without a value.
    flags.push("--sessions".to_owned());
    flags.sort();
    flags.dedup();
    assert!(flags.contains(&"--defaults".to_owned()), "{flags:?}");
    for flag in flags {
        let output =
            Helm::offline().template(&json!({"extraArgs": [format!("{flag}=x")]})).refusal();
        let says = format!("extraArgs: {flag} is a flag that the chart sets: use the value ");
        assert!(output.contains(&says), "{output}");
    }
}

#[test]
fn a_task_without_a_taskspawner_is_asked_about_with_defaults_and_only_then() {
    on_own_cluster("defaults", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let (helm, mut values, pod) = install(cluster).await;
        let labels = json!({"team": "payments"});
        let team = cluster.bare_namespace("payments", labels).await;
        let worker = backend_spawner(&team).await;
        team.will_label(worker.issue(0), "area", "backend").await;
        let bare = |number: u32| -> Value {
            let mut task: Value = worker.issue(number).into();
            let name = task["metadata"]["name"].take();
            task["metadata"] = json!({"name": name});
            task
        };
        let before = pod.calls().await;
        team.accepts(bare(1)).await.is_untouched(bare(1));
        assert_eq!(pod.calls().await, before, "the API server asked");

        let team_label = json!({"team": "{{ index .Namespace.Labels \"team\" }}"});
        values["defaults"] = json!({ "labels": team_label });
        helm.upgrade(&values).ok();
        drop(pod);
        let pod = Pod::start(cluster).await;
        pod.is_ready().await;
        team.will_label(bare(0), "team", "payments").await;
        let before = pod.calls().await;
        let task = team.accepts(bare(2)).await;
        assert_eq!(pod.calls().await, before + 1.0);
        task.labels_are(json!({"team": "payments"}));
        let of_worker = json!({
            "team": "payments", "area": "backend", "kelos.dev/taskspawner": "worker",
        });
        team.accepts(worker.issue(3)).await.labels_are(of_worker);

        values["defaults"] = json!({});
        helm.upgrade(&values).ok();
        eventually("the API server asks no more", async || {
            let before = pod.calls().await;
            team.accepts_dry_run(bare(0)).await;
            (pod.calls().await == before).then_some(())
        })
        .await;
        team.accepts(bare(4)).await.is_untouched(bare(4));
        assert_eq!(pod.warnings(), Vec::<Value>::new());
    });
}

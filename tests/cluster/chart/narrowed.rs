//! What selectors and conditions of the values leave out is not asked about, and all else still is.

use serde_json::{Value, json};

use crate::chart::support::installation::{
    are_labelled, are_left_alone, backend_spawner, helm, provide_certificate,
};
use crate::check::said::Caller;
use crate::harness::Cluster;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::Schemas;
use crate::harness::pod::Pod;

/// The values, with this of the webhook.
fn with(values: &Value, webhook: &Value) -> Value {
    let mut values = values.clone();
    values["webhook"] = webhook.clone();
    values
}

/// None of it is a fault to `check`, nor to `helm test`; what a condition of somebody's says is not judged.
fn is_no_fault(cluster: &Cluster) {
    let said = Caller::admin(cluster).runs(&["check", "--skip-task", "-o", "json"]);
    let of = |verdict| {
        let lines = said.lines(verdict).into_iter();
        lines.filter(|(topic, _)| ["registration", "switches"].contains(&&**topic))
    };
    assert_eq!(of("bad").collect::<Vec<_>>(), [], "{}", said.output);
    let not_judged: Vec<(String, String)> = of("not_judged").collect();
    assert_eq!(not_judged.len(), 2, "{}", said.output);
    for (_, text) in not_judged {
        assert!(
            text.contains("has a matchCondition has-a-prompt that is not the chart's"),
            "{text}"
        );
    }
}

#[test]
fn what_the_values_leave_out_is_not_asked_about() {
    on_own_cluster("narrowed", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let (helm, values) = (helm(cluster), provide_certificate(cluster).await);
        let webhook = json!({
            // The shortest: an answer still comes in time.
            "timeoutSeconds": 1,
            "namespaceSelector": {
                "matchLabels": {"tenant": "true"},
                "matchExpressions": [{"key": "legacy", "operator": "DoesNotExist"}],
            },
            "objectSelector": {
                "matchExpressions": [{"key": "stage", "operator": "NotIn", "values": ["trial"]}],
            },
            "matchConditions": [{"name": "has-a-prompt", "expression": "object.spec.prompt != 'none'"}],
        });
        helm.install(&with(&values, &webhook)).ok();
        let pod = Pod::start(cluster).await;
        pod.is_ready().await;
        let tenant = cluster.bare_namespace("tenant", json!({"tenant": "true"})).await;
        let spawner = backend_spawner(&tenant).await;
        are_labelled(&tenant, &spawner).await;

        let before = pod.calls().await;
        let trial = spawner.issue(1).labelled("stage", "trial");
        assert_eq!(tenant.accepts(trial).await.label("area"), None);
        let mut bare: Value = spawner.issue(2).into();
        bare["spec"]["prompt"] = json!("none");
        assert_eq!(tenant.accepts(bare).await.label("area"), None);
        // The chart's own condition holds beside it: nobody's Task stays inside the API server.
        let mut nobodys: Value = spawner.issue(3).into();
        let name = nobodys["metadata"]["name"].take();
        nobodys["metadata"] = json!({"name": name});
        assert_eq!(tenant.accepts(nobodys).await.label("area"), None);
        // And so does its switch.
        let exempt = spawner.issue(4).labelled("metadata.kelos.dev/injection", "disabled");
        assert_eq!(tenant.accepts(exempt).await.label("area"), None);
        assert_eq!(pod.calls().await, before, "the API server asked");
        let kept = spawner.issue(5).labelled("stage", "prod");
        assert_eq!(tenant.accepts(kept).await.label("area"), Some("backend"));

        is_no_fault(cluster);

        for (name, labels) in [
            ("plain", json!({})),
            ("old", json!({"tenant": "true", "legacy": "yes"})),
            ("off", json!({"tenant": "true", "metadata.kelos.dev/injection": "disabled"})),
        ] {
            let namespace = cluster.bare_namespace(name, labels).await;
            let spawner = backend_spawner(&namespace).await;
            are_left_alone(&namespace, &spawner).await;
        }
        assert_eq!(pod.warnings(), Vec::<Value>::new());
        assert!(pod.stop().success());
    });
}

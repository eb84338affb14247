//! The keys that `monitoring` finds in a cluster, and the rights that it takes.

use kelos_metadata::monitoring::{Documents, Keys};
use serde_json::{Value, json};

use crate::check::said::{Caller, Said};
use crate::harness::Cluster;
use crate::harness::access::Account;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::Schemas;
use crate::harness::objects::spawner;

const COMMAND: [&str; 3] = ["monitoring", "-o", "kube-state-metrics"];

fn asked(caller: &Caller, words: &[&str]) -> Said {
    caller.runs(&[&COMMAND[..], words].concat())
}

/// That just these keys were printed.
#[track_caller]
fn are(said: &Said, keys: &[&str]) {
    let mut all = Keys::default();
    keys.iter().for_each(|key| all.add(key).unwrap());
    let printed: Value =
        serde_saphyr::from_str(&said.output).unwrap_or_else(|_| panic!("{said:?}"));
    assert_eq!(printed, Documents::of(&all).unwrap().kube_state_metrics, "{said:?}");
}

#[test]
fn keys_come_from_the_rules_of_the_cluster() {
    on_own_cluster("monitoring-keys", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        let one = cluster.bare_namespace("one", json!({})).await;
        let two = cluster.bare_namespace("two", json!({})).await;
        cluster.bare_namespace("empty", json!({})).await;
        let rules = json!({"team": "a", "size": "{{ .Metadata.size }}", "number": "{{ .Number }}"});
        one.creates(spawner("worker").labels(rules)).await;
        let rules = json!({"team": "b", "cost-center": "c"});
        let disabled = ("metadata.kelos.dev/injection", "disabled");
        two.creates(spawner("worker").labels(rules)).await;
        let off = spawner("off").labels(json!({"off": "x"})).annotated(disabled.0, disabled.1);
        two.creates(off).await;
        for (namespace, count) in [(&one, 4), (&two, 1)] {
            for number in 0..count {
                let labels = json!({"size": format!("s-{number}"), "team": "a"});
                let task = json!({
                    "kind": "Task", "metadata": {"name": format!("t-{number}"), "labels": labels},
                    "spec": {"prompt": "p", "type": "claude-code", "credentials": {"type": "none"}},
                });
                namespace.accepts(task).await;
            }
        }
        let admin = Caller::admin(cluster);
        let said = asked(&admin, &["-A"]);
        are(&said, &["cost-center", "team", "size"]);
        assert_eq!((said.status, said.errors.lines().count()), (0, 2), "{said:?}");
        assert!(said.errors.contains("the defaults of the cluster are not read"), "{said:?}");
        let why = "number is left out: TaskSpawner one/worker makes it of `.Number`";
        assert!(said.errors.contains(why), "{said:?}");
        let said = asked(&admin, &["-A", "--max-values", "3"]);
        are(&said, &["team", "cost-center"]);
        let why = "size is left out: in namespace one Tasks and TaskRecords have more than 3 values of it";
        assert!(said.errors.contains(why), "{said:?}");
        are(&asked(&admin, &["-n", "two", "--max-values", "3"]), &["cost-center", "team"]);
        let said = asked(&admin, &["-n", "empty"]);
        assert_eq!((said.status, &*said.output), (2, ""), "{said:?}");
        assert!(said.errors.contains("no rule declares a label: name the keys"), "{said:?}");
        takes_rights(cluster).await;
    });
}

/// A right that is missing costs its part alone, and is named.
async fn takes_rights(cluster: &Cluster) {
    let address = cluster.control_plane.address();
    let rights = [("kelos.dev", "taskspawners", "list")];
    let account = Account::in_namespace(&cluster.admin, address, "two", "reader", &rights).await;
    let reader = Caller::with(&account.kubeconfig(address));
    let said = asked(&reader, &["-n", "two"]);
    are(&said, &["cost-center", "team"]);
    let lack = "you lack the right to list tasks.kelos.dev in namespace two";
    assert!(said.status == 2 && said.errors.contains(lack), "{said:?}");
    for (caller, words, why) in [
        (
            &reader,
            &["-A"][..],
            "you lack the right to list taskspawners.kelos.dev in all namespaces",
        ),
        (&Caller::nobody(cluster), &["-n", "two"], "Unauthorized"),
    ] {
        let said = asked(caller, words);
        assert_eq!((said.status, &*said.output), (2, ""), "{said:?}");
        assert!(said.errors.contains(why), "{said:?}");
    }
}

#[test]
fn an_older_kelos_is_told_and_nothing_is_printed() {
    on_own_cluster("monitoring-old", async |cluster| {
        cluster.install(Schemas::V1alpha1).await;
        cluster.bare_namespace("one", json!({})).await;
        let said = asked(&Caller::admin(cluster), &["-n", "one"]);
        assert_eq!((said.status, &*said.output), (2, ""), "{said:?}");
        assert!(
            said.errors.contains("does not serve kelos.dev/v1alpha2, as Kelos v0.40"),
            "{said:?}"
        );
    });
}

//! What the chart's ServiceAccounts may do, and that they may do nothing else.

use std::collections::BTreeSet;

use serde_json::json;

use crate::chart::support::can_i::{self, Rule, VERBS};
use crate::chart::support::installation::{grant_what_tests_take, helm, provide_certificate};
use crate::harness::Cluster;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::Schemas;
use crate::harness::helm::{Helm, NAMESPACE};
use crate::harness::pod::CONTROLLER;

/// What looks, and what may also change what is there.
const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 4] = ["get", "list", "watch", "patch"];

/// Rights of a ServiceAccount on a resource: verbs, API group, resource, and the one object that they are bound to.
type Granted = (&'static [&'static str], &'static str, &'static str, Option<&'static str>);

/// What serving takes, in every namespace.
const SERVING: [Granted; 5] = [
    (&READ, "kelos.dev", "taskspawners", None),
    (&READ, "kelos.dev", "sessionspawners", None),
    (&READ, "kelos.dev", "workspaces", None),
    (&READ, "kelos.dev", "workerpools", None),
    (&READ, "", "namespaces", None),
];

const SECRET: &str = "kelos-metadata-tls";
const CONFIGURATION: &str = "kelos-metadata";

/// What serving takes in the namespace of the release, if the controller makes the certificate.
const SERVING_THE_SECRET: [Granted; 1] = [(&READ, "", "secrets", Some(SECRET))];

/// What the controller takes in the namespace of the release.
const WRITING: [Granted; 4] = [
    (&WRITE, "", "secrets", Some(SECRET)),
    (&["get", "patch"], "coordination.k8s.io", "leases", Some(CONTROLLER)),
    (&["create"], "", "secrets", None),
    (&["create"], "coordination.k8s.io", "leases", None),
];

/// What it takes beside that.
const PUBLISHING: [Granted; 2] = [
    (&WRITE, REGISTRATION, "mutatingwebhookconfigurations", Some(CONFIGURATION)),
    (&WRITE, REGISTRATION, "validatingwebhookconfigurations", Some(CONFIGURATION)),
];
const REGISTRATION: &str = "admissionregistration.k8s.io";

/// The ServiceAccount of `helm test`.
const TEST: &str = "kelos-metadata-test";

/// What it takes to look at an installation, in every namespace.
const LOOKING: [Granted; 4] = [
    (&["list"], REGISTRATION, "mutatingwebhookconfigurations", None),
    (&["list"], REGISTRATION, "validatingwebhookconfigurations", None),
    (&["list"], "", "namespaces", None),
    (&["create"], "authorization.k8s.io", "subjectaccessreviews", None),
];

/// And in the namespace of the release.
const LOOKING_THERE: [Granted; 3] = [
    (&["get"], "", "services", Some("kelos-metadata")),
    (&["list"], "discovery.k8s.io", "endpointslices", None),
    (&["list"], "apps", "deployments", None),
];

/// The same, if there is a controller.
const LOOKING_AT_THE_LEASE: [Granted; 1] =
    [(&["get"], "coordination.k8s.io", "leases", Some(CONTROLLER))];

/// What it takes to try a Task, in the namespace where that is asked for.
const TRYING: [Granted; 3] = [
    (&["create"], "kelos.dev", "tasks", None),
    (&["list"], "kelos.dev", "taskspawners", None),
    (&["get"], "", "namespaces", Some(TRIED)),
];

/// That namespace.
const TRIED: &str = "team";

/// Another namespace than the release's.
const ELSEWHERE: &str = "default";

/// Installs the chart beside a ServiceAccount that nobody gave a right.
async fn install(cluster: &Cluster) -> Helm {
    cluster.install(Schemas::V1alpha2).await;
    let helm = helm(cluster);
    helm.install(&json!({})).ok();
    create_account(cluster, "nobody").await;
    helm
}

async fn create_account(cluster: &Cluster, name: &str) {
    let accounts = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts");
    cluster.admin.create(&accounts, &json!({"metadata": {"name": name}})).await.ok();
}

fn rules(granted: &[&[Granted]]) -> BTreeSet<Rule> {
    let rule = |verb: &str, group: &str, resource: &str, name: Option<&str>| Rule {
        verb: verb.to_owned(),
        group: group.to_owned(),
        resource: resource.to_owned(),
        name: name.unwrap_or("*").to_owned(),
    };
    let granted = granted.iter().copied().flatten();
    granted
        .flat_map(|(verbs, group, resource, name)| {
            verbs.iter().map(move |verb| rule(verb, group, resource, *name))
        })
        .collect()
}

/// The rules of an account in a namespace are these, as the API server lists them, and no others.
async fn has(cluster: &Cluster, account: &str, namespace: &str, granted: &[&[Granted]]) {
    let of_everybody = can_i::list(cluster, "nobody", namespace).await;
    let found = can_i::list(cluster, account, namespace).await;
    let reviews = ["authentication.k8s.io", "authorization.k8s.io"];
    assert!(of_everybody.iter().all(|rule| reviews.contains(&rule.group.as_str())));
    let found: BTreeSet<Rule> = found.difference(&of_everybody).cloned().collect();
    assert_eq!(found, rules(granted), "{account} in {namespace}");
}

#[test]
fn each_account_has_the_rules_that_security_lists_and_no_others() {
    on_own_cluster("rules", async |cluster| {
        let helm = install(cluster).await;
        let all_that_serving_takes: [&[Granted]; 2] = [&SERVING, &SERVING_THE_SECRET];
        has(cluster, "kelos-metadata", NAMESPACE, &all_that_serving_takes).await;
        has(cluster, "kelos-metadata", ELSEWHERE, &[&SERVING]).await;
        has(cluster, CONTROLLER, NAMESPACE, &[&WRITING, &PUBLISHING]).await;
        has(cluster, CONTROLLER, ELSEWHERE, &[&PUBLISHING]).await;

        let trying = json!({"test": {"namespace": TRIED}});
        cluster.bare_namespace(TRIED, json!({})).await;
        grant_what_tests_take(cluster, &trying).await;
        let there: [&[Granted]; 3] = [&LOOKING, &LOOKING_THERE, &LOOKING_AT_THE_LEASE];
        has(cluster, TEST, NAMESPACE, &there).await;
        has(cluster, TEST, TRIED, &[&LOOKING, &TRYING]).await;
        has(cluster, TEST, ELSEWHERE, &[&LOOKING]).await;

        // With a certificate that somebody else makes, nobody has the right to write, or to read a Secret.
        let provided = provide_certificate(cluster).await;
        helm.upgrade(&provided).ok();
        has(cluster, "kelos-metadata", NAMESPACE, &[&SERVING]).await;
        create_account(cluster, CONTROLLER).await;
        has(cluster, CONTROLLER, NAMESPACE, &[]).await;
        grant_what_tests_take(cluster, &provided).await;
        has(cluster, TEST, NAMESPACE, &[&LOOKING, &LOOKING_THERE]).await;
    });
}

/// Resources that this API server need not have, or does not list.
const MORE: [(&str, &str); 8] = [
    ("kelos.dev", "*"),
    ("kelos.dev", "agentconfigs"),
    ("kelos.dev", "sessions"),
    ("kelos.dev", "taskbudgets"),
    ("kelos.dev", "workerpools"),
    ("kelos.dev", "workerpools/status"),
    ("cert-manager.io", "certificates"),
    ("*", "*"),
];

/// An account may do these things to objects of any name, and nothing else to any resource there is.
async fn may_only(
    cluster: &Cluster,
    account: &str,
    resources: &BTreeSet<(String, String)>,
    granted: &[&[Granted]],
) {
    let mut found = BTreeSet::new();
    for (group, resource) in resources {
        for verb in VERBS {
            let right = Rule::on_any(verb, group, resource);
            let allowed = can_i::may(cluster, account, NAMESPACE, &right).await;
            let everybody = allowed && can_i::may(cluster, "nobody", NAMESPACE, &right).await;
            if allowed && !everybody {
                found.insert(right);
            }
        }
    }
    let mut expected = rules(granted);
    expected.retain(|rule| rule.name == "*");
    assert_eq!(found, expected, "{account}");
}

#[test]
fn each_account_can_do_that_and_nothing_else() {
    on_own_cluster("can-i", async |cluster| {
        install(cluster).await;
        let mut resources = can_i::resources(cluster).await;
        for needed in ["secrets", "pods", "pods/exec", "configmaps", "events"] {
            assert!(resources.contains(&(String::new(), needed.to_owned())), "{needed}");
        }
        resources.extend(MORE.map(|(group, name)| (group.to_owned(), name.to_owned())));
        may_only(cluster, "kelos-metadata", &resources, &[&SERVING]).await;
        may_only(cluster, CONTROLLER, &resources, &[&WRITING]).await;
        grant_what_tests_take(cluster, &json!({})).await;
        may_only(cluster, TEST, &resources, &[&LOOKING, &LOOKING_THERE]).await;

        // What is bound to one object, is so to that one in that namespace.
        for (account, granted) in [
            ("kelos-metadata", &[&SERVING_THE_SECRET[..]][..]),
            (CONTROLLER, &[&WRITING[..], &PUBLISHING]),
        ] {
            let granted = rules(granted);
            for rule in rules(&[&SERVING_THE_SECRET, &WRITING, &PUBLISHING]) {
                for verb in VERBS {
                    for name in [rule.name.as_str(), "another"] {
                        let asked =
                            Rule { verb: verb.to_owned(), name: name.to_owned(), ..rule.clone() };
                        let on_any = Rule { name: "*".to_owned(), ..asked.clone() };
                        let expected = granted.contains(&asked) || granted.contains(&on_any);
                        let found = can_i::may(cluster, account, NAMESPACE, &asked).await;
                        assert_eq!(found, expected, "{account}: {asked:?}");
                        let is_cluster_wide = rule.resource.ends_with("webhookconfigurations");
                        let found = can_i::may(cluster, account, ELSEWHERE, &asked).await;
                        assert_eq!(found, expected && is_cluster_wide, "{account}: {asked:?}");
                    }
                }
            }
        }
    });
}

#[test]
fn what_it_reads_it_may_read_in_every_namespace() {
    on_own_cluster("everywhere", async |cluster| {
        install(cluster).await;
        for (verbs, group, resource, _) in SERVING {
            for verb in verbs {
                let right = Rule::on_any(verb, group, resource);
                assert!(can_i::may(cluster, "kelos-metadata", "", &right).await, "{right:?}");
            }
        }
    });
}

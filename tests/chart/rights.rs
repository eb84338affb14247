//! What the chart's ServiceAccount may do, and that it may do nothing else.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::Cluster;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::Schemas;
use crate::support::helm::NAMESPACE;
use crate::support::installation::{helm, provide_certificate};

const VERBS: [&str; 8] =
    ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

/// What it reads: group and resource.
const READ: [(&str, &str); 4] = [
    ("kelos.dev", "taskspawners"),
    ("kelos.dev", "workspaces"),
    ("kelos.dev", "workerpools"),
    ("", "namespaces"),
];

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

type Right = (String, String, &'static str);

#[test]
fn it_may_do_what_the_readme_lists_and_nothing_else() {
    on_own_cluster("rights", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        helm(cluster).install(&provide_certificate(cluster).await).ok();
        let nobody = json!({"metadata": {"name": "nobody"}});
        let accounts = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts");
        cluster.admin.create(&accounts, &nobody).await.ok();

        let resources = resources(cluster).await;
        for needed in ["secrets", "pods", "pods/exec", "configmaps", "events"] {
            assert!(resources.contains(&(String::new(), needed.to_owned())), "{needed}");
        }
        // What everybody may do is not the chart's.
        let everybody = rights(cluster, "nobody", &resources).await;
        let found = rights(cluster, "kelos-metadata", &resources).await;
        let granted: BTreeSet<Right> = found.difference(&everybody).cloned().collect();
        let expected: BTreeSet<Right> = READ
            .into_iter()
            .flat_map(|(group, resource)| {
                let right = move |verb| (group.to_owned(), resource.to_owned(), verb);
                ["get", "list", "watch"].map(right)
            })
            .collect();
        assert_eq!(granted, expected);
        let of_everybody: BTreeSet<&str> =
            everybody.iter().map(|(group, _, _)| group.as_str()).collect();
        let reviews = ["authentication.k8s.io", "authorization.k8s.io"];
        assert_eq!(of_everybody, BTreeSet::from(reviews), "{everybody:?}");

        // In every namespace, for the watches are on all of them.
        for (group, resource) in READ {
            let allowed = may(cluster, "kelos-metadata", "", group, resource, "watch").await;
            assert!(allowed, "{group} {resource}");
        }
    });
}

/// Every resource and subresource that the API server lists, and some more.
async fn resources(cluster: &Cluster) -> BTreeSet<(String, String)> {
    let mut found: BTreeSet<(String, String)> =
        MORE.into_iter().map(|(group, name)| (group.to_owned(), name.to_owned())).collect();
    let groups = cluster.admin.get("/apis").await.ok();
    let groups = groups["groups"].as_array().unwrap().iter().map(|group| {
        let version = group["preferredVersion"]["groupVersion"].as_str().unwrap();
        (group["name"].as_str().unwrap().to_owned(), format!("/apis/{version}"))
    });
    for (group, path) in groups.chain([(String::new(), "/api/v1".to_owned())]) {
        let list = cluster.admin.get(&path).await.ok();
        for resource in list["resources"].as_array().unwrap() {
            found.insert((group.clone(), resource["name"].as_str().unwrap().to_owned()));
        }
    }
    found
}

/// All that a ServiceAccount may do in the namespace of the release.
async fn rights(
    cluster: &Cluster,
    account: &str,
    resources: &BTreeSet<(String, String)>,
) -> BTreeSet<Right> {
    let mut rights = BTreeSet::new();
    for (group, resource) in resources {
        for verb in VERBS {
            if may(cluster, account, NAMESPACE, group, resource, verb).await {
                rights.insert((group.clone(), resource.clone(), verb));
            }
        }
    }
    rights
}

/// Asks the API server, as `kubectl auth can-i --as` does.
async fn may(
    cluster: &Cluster,
    account: &str,
    namespace: &str,
    group: &str,
    resource: &str,
    verb: &str,
) -> bool {
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let review = json!({"spec": {
        "user": format!("system:serviceaccount:{NAMESPACE}:{account}"),
        "groups": [
            "system:serviceaccounts",
            format!("system:serviceaccounts:{NAMESPACE}"),
            "system:authenticated",
        ],
        "resourceAttributes": {
            "namespace": namespace, "group": group, "resource": resource,
            "subresource": subresource, "verb": verb,
        },
    }});
    let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    let status: Value = cluster.admin.create(path, &review).await.ok()["status"].take();
    assert!(status["evaluationError"].is_null(), "{status}");
    status["allowed"] == true
}

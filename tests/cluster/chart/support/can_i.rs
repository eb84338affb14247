//! What a ServiceAccount may do, asked of the API server.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::Cluster;
use crate::harness::access::Account;
use crate::harness::helm::NAMESPACE;

/// Every verb that an object of the API knows.
pub(crate) const VERBS: [&str; 8] =
    ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

/// One right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rule {
    pub(crate) verb: String,
    pub(crate) group: String,
    pub(crate) resource: String,
    /// The object that it is bound to; `*` for any.
    pub(crate) name: String,
}

impl Rule {
    /// The right to do this to objects of any name.
    pub(crate) fn on_any(verb: &str, group: &str, resource: &str) -> Rule {
        let [verb, group, resource, name] = [verb, group, resource, "*"].map(str::to_owned);
        Rule { verb, group, resource, name }
    }
}

/// Every resource and subresource that the API server lists.
pub(crate) async fn resources(cluster: &Cluster) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
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

/// Asks whether an account has a right in a namespace, as `kubectl auth can-i --as` does.
pub(crate) async fn may(cluster: &Cluster, account: &str, namespace: &str, right: &Rule) -> bool {
    let (resource, subresource) = right.resource.split_once('/').unwrap_or((&right.resource, ""));
    let name = if right.name == "*" { "" } else { &right.name };
    let review = json!({"spec": {
        "user": format!("system:serviceaccount:{NAMESPACE}:{account}"),
        "groups": [
            "system:serviceaccounts",
            format!("system:serviceaccounts:{NAMESPACE}"),
            "system:authenticated",
        ],
        "resourceAttributes": {
            "namespace": namespace, "group": right.group, "resource": resource,
            "subresource": subresource, "name": name, "verb": right.verb,
        },
    }});
    let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    let status: Value = cluster.admin.create(path, &review).await.ok()["status"].take();
    assert!(status["evaluationError"].is_null(), "{status}");
    status["allowed"] == true
}

/// Has the API server list all rights of an account in a namespace, as `kubectl auth can-i --list` does.
pub(crate) async fn list(cluster: &Cluster, account: &str, namespace: &str) -> BTreeSet<Rule> {
    let own = Account::existing(&cluster.admin, account).await;
    let own = own.api(cluster.control_plane.address());
    let path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    let review = json!({"spec": {"namespace": namespace}});
    let status: Value = own.create(path, &review).await.ok()["status"].take();
    assert_eq!(status["incomplete"], false, "{status}");
    assert!(status["evaluationError"].is_null(), "{status}");
    let texts = |list: &Value| -> Vec<String> {
        let list = list.as_array().into_iter().flatten();
        list.map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let mut found = BTreeSet::new();
    for rule in status["resourceRules"].as_array().unwrap() {
        let mut names = texts(&rule["resourceNames"]);
        if names.is_empty() {
            names.push("*".to_owned());
        }
        for (verb, group) in product(&texts(&rule["verbs"]), &texts(&rule["apiGroups"])) {
            for (resource, name) in product(&texts(&rule["resources"]), &names) {
                found.insert(Rule { verb: verb.clone(), group: group.clone(), resource, name });
            }
        }
    }
    found
}

fn product(these: &[String], those: &[String]) -> Vec<(String, String)> {
    let pairs = |this: &String| those.iter().map(|that| (this.clone(), that.clone())).collect();
    these.iter().flat_map(|this| -> Vec<_> { pairs(this) }).collect()
}

//! Who the webhook is: a ServiceAccount, its rights, its kubeconfig.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::api::Api;
use super::ca;
use super::wait::eventually;

/// The namespace of the webhook.
pub(crate) const SYSTEM: &str = "kelos-system";

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

/// A kind of object that serving reads: API group, resource.
const READ: [(&str, &str); 5] = [
    ("kelos.dev", "taskspawners"),
    ("kelos.dev", "sessionspawners"),
    ("kelos.dev", "workspaces"),
    ("kelos.dev", "workerpools"),
    ("", "namespaces"),
];

/// A ServiceAccount with a token.
#[derive(Clone)]
pub(crate) struct Account {
    token: String,
}

impl Account {
    /// A ServiceAccount with just the rights that serving needs.
    pub(crate) async fn serving(admin: &Api, address: SocketAddr) -> Account {
        Account::with_rights(admin, address, "kelos-metadata", &READ).await
    }

    /// One that lacks the rights for one resource.
    pub(crate) async fn without(admin: &Api, address: SocketAddr, resource: &str) -> Account {
        let rights: Vec<_> = READ.into_iter().filter(|(_, right)| *right != resource).collect();
        let name = format!("kelos-metadata-without-{resource}");
        Account::with_rights(admin, address, &name, &rights).await
    }

    /// One that may also read one Secret of its namespace.
    pub(crate) async fn with_secret(admin: &Api, address: SocketAddr, secret: &str) -> Account {
        let name = format!("kelos-metadata-with-{secret}");
        let roles = format!("{RBAC}/namespaces/{SYSTEM}");
        let role = json!({"metadata": {"name": name}, "rules": [{
            "apiGroups": [""], "resources": ["secrets"], "resourceNames": [secret],
            "verbs": ["get", "list", "watch"],
        }]});
        admin.create(&format!("{roles}/roles"), &role).await.ok();
        bind(admin, &format!("{roles}/rolebindings"), "Role", &name).await;
        Account::with_rights(admin, address, &name, &READ).await
    }

    /// One with just the rights that a controller of these objects needs.
    pub(crate) async fn controlling(admin: &Api, address: SocketAddr, name: &str) -> Account {
        let roles = format!("{RBAC}/namespaces/{SYSTEM}");
        let verbs = ["get", "list", "watch", "update", "patch"];
        let one = |group: &str, resource: &str| json!({"apiGroups": [group], "resources": [resource], "resourceNames": [name], "verbs": verbs});
        let make = |group: &str, resource: &str| json!({"apiGroups": [group], "resources": [resource], "verbs": ["create"]});
        let leases = "coordination.k8s.io";
        let rules = [
            one("", "secrets"),
            make("", "secrets"),
            one(leases, "leases"),
            make(leases, "leases"),
        ];
        let role = json!({"metadata": {"name": name}, "rules": rules});
        admin.create(&format!("{roles}/roles"), &role).await.ok();
        let webhooks = "admissionregistration.k8s.io";
        let rules = ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"];
        let rules = rules.map(|resource| one(webhooks, resource));
        let role = json!({"metadata": {"name": name}, "rules": rules});
        admin.create(&format!("{RBAC}/clusterroles"), &role).await.ok();
        for (path, kind) in [
            (format!("{roles}/rolebindings"), "Role"),
            (format!("{RBAC}/clusterrolebindings"), "ClusterRole"),
        ] {
            bind(admin, &path, kind, name).await;
        }
        let accounts = format!("/api/v1/namespaces/{SYSTEM}/serviceaccounts");
        admin.create(&accounts, &json!({"metadata": {"name": name}})).await.ok();
        let account = Account::existing(admin, name).await;
        account.may(address, json!({"group": "", "resource": "secrets", "verb": "watch", "name": name, "namespace": SYSTEM})).await;
        account.may(address, json!({"group": webhooks, "resource": "mutatingwebhookconfigurations", "verb": "patch", "name": name})).await;
        account
    }

    /// A person who has these rights in one namespace, and none elsewhere: API group, resource, verb.
    pub(crate) async fn in_namespace(
        admin: &Api,
        address: SocketAddr,
        namespace: &str,
        name: &str,
        rights: &[(&str, &str, &str)],
    ) -> Account {
        let rules = rights.iter().map(|(group, resource, verb)| {
            json!({"apiGroups": [group], "resources": [resource], "verbs": [verb]})
        });
        let account = Account::with_role(admin, namespace, name, rules.collect()).await;
        for (group, resource, verb) in rights {
            let right =
                json!({"group": group, "resource": resource, "verb": verb, "namespace": namespace});
            account.may(address, right).await;
        }
        account
    }

    /// A person whose Role of one namespace has these rules; the API server learns of it a moment later.
    pub(crate) async fn with_role(
        admin: &Api,
        namespace: &str,
        name: &str,
        rules: Value,
    ) -> Account {
        let roles = format!("{RBAC}/namespaces/{namespace}");
        let role = json!({"metadata": {"name": name}, "rules": rules});
        admin.create(&format!("{roles}/roles"), &role).await.ok();
        bind(admin, &format!("{roles}/rolebindings"), "Role", name).await;
        let accounts = format!("/api/v1/namespaces/{SYSTEM}/serviceaccounts");
        admin.create(&accounts, &json!({"metadata": {"name": name}})).await.ok();
        Account::existing(admin, name).await
    }

    /// One that has the rights of this ClusterRole and no other, and its name.
    pub(crate) async fn with_cluster_role(
        admin: &Api,
        address: SocketAddr,
        role: &Value,
    ) -> Account {
        let name = role["metadata"]["name"].as_str().unwrap();
        admin.create(&format!("{RBAC}/clusterroles"), role).await.ok();
        bind(admin, &format!("{RBAC}/clusterrolebindings"), "ClusterRole", name).await;
        let accounts = format!("/api/v1/namespaces/{SYSTEM}/serviceaccounts");
        admin.create(&accounts, &json!({"metadata": {"name": name}})).await.ok();
        let account = Account::existing(admin, name).await;
        let first = &role["rules"][0];
        let (group, resource) = (&first["apiGroups"][0], &first["resources"][0]);
        let right = json!({"group": group, "resource": resource, "verb": first["verbs"][0]});
        account.may(address, right).await;
        account
    }

    /// One that is there, with the rights that it has.
    pub(crate) async fn existing(admin: &Api, name: &str) -> Account {
        let path = format!("/api/v1/namespaces/{SYSTEM}/serviceaccounts/{name}/token");
        let request = json!({"spec": {"audiences": [], "expirationSeconds": 3600}});
        let answer = admin.create(&path, &request).await.ok();
        Account { token: answer["status"]["token"].as_str().unwrap().to_owned() }
    }

    /// A client that is this account.
    pub(crate) fn api(&self, address: SocketAddr) -> Api {
        Api::new(address, &self.token)
    }

    async fn with_rights(
        admin: &Api,
        address: SocketAddr,
        name: &str,
        rights: &[(&str, &str)],
    ) -> Account {
        let rules: Vec<Value> = rights
            .iter()
            .map(|(group, resource)| {
                json!({"apiGroups": [group], "resources": [resource], "verbs": ["get", "list", "watch"]})
            })
            .collect();
        let role = json!({"metadata": {"name": name}, "rules": rules});
        let account = Account::with_cluster_role(admin, address, &role).await;
        for (group, resource) in rights {
            let right = json!({"group": group, "resource": resource, "verb": "watch"});
            account.may(address, right).await;
        }
        account
    }

    /// Waits for a right: the API server learns of a role a moment after it is written.
    async fn may(&self, address: SocketAddr, right: Value) {
        let own = self.api(address);
        let review = json!({"spec": {"resourceAttributes": right}});
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        eventually("the rights of the ServiceAccount", async || {
            let answer = own.create(path, &review).await;
            (answer.body["status"]["allowed"] == true).then_some(())
        })
        .await;
    }

    /// A kubeconfig that reaches the API server at this address.
    pub(crate) fn kubeconfig(&self, address: SocketAddr) -> String {
        kubeconfig(address, &self.token)
    }
}

/// Gives the ServiceAccount of this name the role of its name.
async fn bind(admin: &Api, bindings: &str, kind: &str, name: &str) {
    let binding = json!({
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": SYSTEM}],
    });
    admin.create(bindings, &binding).await.ok();
}

/// A kubeconfig that reaches the API server at this address with a token.
pub(crate) fn kubeconfig(address: SocketAddr, token: &str) -> String {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": {
            "server": format!("https://{address}"),
            "certificate-authority-data": BASE64.encode(ca::certificate()),
        }}],
        "users": [{"name": "test", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    })
    .to_string()
}

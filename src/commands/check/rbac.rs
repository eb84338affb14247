//! What the objects of RBAC grant, for who may not have the API server judge it.

use serde_json::Value;

use super::asking::{list, text};

/// A right of a ServiceAccount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Right<'r> {
    pub(super) verb: &'static str,
    pub(super) group: &'static str,
    pub(super) resource: &'static str,
    /// The one object that it is needed for; without it, all.
    pub(super) name: Option<&'r str>,
    /// The namespace that it is needed in; without it, everywhere.
    pub(super) namespace: Option<&'r str>,
}

/// The objects of RBAC of some namespaces, and of the cluster.
#[derive(Debug, Default)]
pub(super) struct Granted {
    pub(super) cluster_roles: Vec<Value>,
    pub(super) cluster_bindings: Vec<Value>,
    /// Of the namespaces.
    pub(super) roles: Vec<Value>,
    /// Of the namespaces.
    pub(super) bindings: Vec<Value>,
}

impl Granted {
    /// Whether an account of a namespace has a right, as far as these objects say: another authorizer may grant more.
    pub(super) fn grants(&self, namespace: &str, account: &str, right: Right<'_>) -> bool {
        let is_there = |it: &&Value| Some(text(it, "/metadata/namespace")) == right.namespace;
        let bindings = self.bindings.iter().filter(is_there).chain(&self.cluster_bindings);
        let mut mine = bindings.filter(|binding| {
            list(binding, "/subjects").iter().any(|it| is_subject(it, namespace, account))
        });
        mine.any(|binding| {
            let name = text(binding, "/roleRef/name");
            let is_local = text(binding, "/roleRef/kind") == "Role";
            let roles = if is_local { &self.roles } else { &self.cluster_roles };
            let mut meant = roles.iter().filter(|role| {
                text(role, "/metadata/name") == name && (!is_local || is_there(role))
            });
            meant.any(|role| list(role, "/rules").iter().any(|rule| allows(rule, right)))
        })
    }
}

fn is_subject(subject: &Value, namespace: &str, account: &str) -> bool {
    let name = text(subject, "/name");
    match text(subject, "/kind") {
        "ServiceAccount" => name == account && text(subject, "/namespace") == namespace,
        "User" => name == user(namespace, account),
        "Group" => groups(namespace).contains(&name.to_owned()),
        _ => false,
    }
}

fn allows(rule: &Value, right: Right<'_>) -> bool {
    let has = |field: &str, word: &str| list(rule, field).iter().any(|it| it == word || it == "*");
    let names = list(rule, "/resourceNames");
    let is_named =
        names.is_empty() || right.name.is_some_and(|name| names.iter().any(|it| it == name));
    has("/apiGroups", right.group)
        && has("/resources", right.resource)
        && has("/verbs", right.verb)
        && is_named
}

/// The name of a ServiceAccount as a user.
pub(super) fn user(namespace: &str, account: &str) -> String {
    format!("system:serviceaccount:{namespace}:{account}")
}

/// The groups that a ServiceAccount is in.
pub(super) fn groups(namespace: &str) -> [String; 3] {
    [
        "system:serviceaccounts".to_owned(),
        format!("system:serviceaccounts:{namespace}"),
        "system:authenticated".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn role(rules: Value) -> Value {
        json!({"metadata": {"name": "r", "namespace": "ns"}, "rules": rules})
    }

    fn binding(kind: &str, subject: Value) -> Value {
        json!({"metadata": {"namespace": "ns"}, "roleRef": {"kind": kind, "name": "r"}, "subjects": [subject]})
    }

    const ALL: Right<'_> =
        Right { verb: "list", group: "", resource: "secrets", name: None, namespace: None };

    #[test]
    fn a_right_is_granted_by_a_role_that_is_bound_where_it_is_needed() {
        let me = json!({"kind": "ServiceAccount", "name": "a", "namespace": "ns"});
        let rule = json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]});
        let mut named = rule.clone();
        named["resourceNames"] = json!(["tls"]);
        let everywhere = Granted {
            cluster_roles: vec![role(json!([rule]))],
            cluster_bindings: vec![binding("ClusterRole", me.clone())],
            ..Granted::default()
        };
        let within = |rule: &Value, subject: Value| Granted {
            roles: vec![role(json!([rule]))],
            bindings: vec![binding("Role", subject)],
            ..Granted::default()
        };
        let here = Right { namespace: Some("ns"), ..ALL };
        let one = Right { name: Some("tls"), ..here };
        assert!(everywhere.grants("ns", "a", ALL) && everywhere.grants("ns", "a", one));
        assert!(!everywhere.grants("ns", "b", ALL) && !everywhere.grants("other", "a", ALL));
        assert!(!everywhere.grants("ns", "a", Right { verb: "watch", ..ALL }));
        assert!(!everywhere.grants("ns", "a", Right { group: "apps", ..ALL }));
        let role = within(&rule, me.clone());
        assert!(role.grants("ns", "a", here) && !role.grants("ns", "a", ALL));
        let elsewhere = Right { namespace: Some("other"), ..ALL };
        assert!(!role.grants("ns", "a", elsewhere), "what is bound in a namespace holds there");
        assert!(everywhere.grants("ns", "a", elsewhere));
        let bound = within(&named, me);
        assert!(bound.grants("ns", "a", one) && !bound.grants("ns", "a", here));
        let any = json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]});
        for subject in [
            json!({"kind": "User", "name": "system:serviceaccount:ns:a"}),
            json!({"kind": "Group", "name": "system:serviceaccounts:ns"}),
        ] {
            assert!(within(&any, subject).grants("ns", "a", one));
        }
        let other = json!({"kind": "Group", "name": "system:masters"});
        assert!(!within(&any, other).grants("ns", "a", one));
    }
}

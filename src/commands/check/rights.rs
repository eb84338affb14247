//! The rights that the ServiceAccounts of ours need.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use serde_json::json;

use super::asking::{Asking, lacking};
use super::program::Program;
use super::rbac::{Granted, Right, groups, user};
use super::versions::Kelos;
use super::{Report, Topic, full_name};
use crate::certs::ConfigurationKind;
use crate::cluster::{Resource, question};

const REVIEWS: Resource = Resource {
    group: "authorization.k8s.io",
    versions: &["v1"],
    plural: "subjectaccessreviews",
    metadata_only: false,
};

const READ: [&str; 3] = ["get", "list", "watch"];
const LEASES: &str = "coordination.k8s.io";

/// Judges the rights of each account.
pub(super) async fn judge(
    asking: &Asking,
    kelos: Option<&Kelos>,
    programs: &[Program],
    report: &mut Report,
) {
    for program in programs {
        let needed = match program.is_controller {
            true => of_controller(program),
            false => of_webhook(program, kelos),
        };
        let title = format!("ServiceAccount {}", full_name(&program.namespace, &program.account));
        match missing(asking, program, &needed).await {
            Ok((missing, source)) if missing.is_empty() => {
                let count = needed.len();
                report.good(
                    Topic::Rights,
                    format!("{title} has the {count} rights that it needs{source}"),
                );
            }
            Ok((missing, source)) => {
                let missing: Vec<String> = missing.into_iter().map(words).collect();
                let text = format!("{title} may not {}{source}", missing.join(", nor "));
                let hint = "install the chart again: `helm upgrade` grants what is needed";
                report.bad(Topic::Rights, text, hint);
            }
            Err(why) => report.refused(Topic::Rights, &format!("the rights of {title}"), &why),
        }
    }
}

/// What the webhook reads.
fn of_webhook<'p>(program: &'p Program, kelos: Option<&Kelos>) -> Vec<Right<'p>> {
    let all = |group, resource| {
        READ.map(|verb| Right { verb, group, resource, name: None, namespace: None })
    };
    let mut needed = all("", "namespaces").to_vec();
    let of_sessions = program.answers_sessions().then_some("sessionspawners");
    for resource in ["taskspawners", "workspaces", "workerpools"].into_iter().chain(of_sessions) {
        // Kelos has had WorkerPools and SessionSpawners for some time only.
        if kelos.is_none_or(|kelos| !kelos.lacks(resource)) {
            needed.extend(all("kelos.dev", resource));
        }
    }
    if let Some((namespace, secret, true)) = program.secret() {
        needed.extend(READ.map(|verb| one(verb, "", "secrets", secret, Some(namespace))));
    }
    needed
}

/// What the controller writes.
fn of_controller(program: &Program) -> Vec<Right<'_>> {
    let namespace = program.own_namespace();
    let mut needed = Vec::new();
    if let Some((_, secret, _)) = program.secret() {
        let verbs = ["get", "list", "watch", "patch"];
        needed.extend(verbs.map(|verb| one(verb, "", "secrets", secret, Some(namespace))));
    }
    let lease = program.lease();
    needed.extend(["get", "patch"].map(|verb| one(verb, LEASES, "leases", lease, Some(namespace))));
    for (group, resource) in [("", "secrets"), (LEASES, "leases")] {
        let verb = "create";
        needed.push(Right { verb, group, resource, name: None, namespace: Some(namespace) });
    }
    let configuration = program.webhook_configuration();
    for Resource { group, plural, .. } in ConfigurationKind::ALL.map(ConfigurationKind::resource) {
        let verbs = ["get", "list", "watch", "patch"];
        needed.extend(verbs.map(|verb| one(verb, group, plural, configuration, None)));
    }
    needed
}

fn one<'n>(
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    name: &'n str,
    namespace: Option<&'n str>,
) -> Right<'n> {
    Right { verb, group, resource, name: Some(name), namespace }
}

/// A right in words.
fn words(right: Right<'_>) -> String {
    let Right { verb, group, resource, name, namespace } = right;
    let dot = if group.is_empty() { "" } else { "." };
    let name = name.map(|it| format!("/{it}")).unwrap_or_default();
    let place = namespace.map(|it| format!(" in namespace {it}")).unwrap_or_default();
    format!("{verb} {resource}{dot}{group}{name}{place}")
}

/// The rights that an account lacks, and who says so: the API server or else the objects of RBAC.
async fn missing<'r>(
    asking: &Asking,
    program: &Program,
    needed: &[Right<'r>],
) -> Result<(Vec<Right<'r>>, &'static str), String> {
    let account = &program.account;
    let reviews = needed.iter().map(|right| review(asking, &program.namespace, account, *right));
    let of_reviews = match try_join_all(reviews).await {
        Ok(allowed) => {
            let lacking = needed.iter().zip(allowed).filter(|(_, allowed)| !allowed);
            return Ok((lacking.map(|(right, _)| *right).collect(), ""));
        }
        Err(why) => why,
    };
    // Whoever may read RBAC can tell all the same.
    let Ok(granted) = granted(asking, needed).await else { return Err(of_reviews) };
    let is_lacking = |right: &&Right<'_>| !granted.grants(&program.namespace, account, **right);
    let lacking = needed.iter().filter(is_lacking).copied().collect();
    Ok((lacking, ", as the objects of RBAC say"))
}

async fn review(
    asking: &Asking,
    namespace: &str,
    account: &str,
    right: Right<'_>,
) -> Result<bool, String> {
    let review = json!({"spec": {
        "user": user(namespace, account),
        "groups": groups(namespace),
        "resourceAttributes": {
            "verb": right.verb,
            "group": right.group,
            "resource": right.resource,
            "name": right.name.unwrap_or_default(),
            "namespace": right.namespace.unwrap_or_default(),
        },
    }});
    let answer = question::ask(&asking.client, &REVIEWS.path("v1", None), &review).await;
    let answer = answer.map_err(|error| lacking("create", &REVIEWS, None, &error))?;
    Ok(answer.object["status"]["allowed"] == true)
}

/// What RBAC grants everywhere, and in each namespace in which something is needed.
async fn granted(asking: &Asking, needed: &[Right<'_>]) -> Result<Granted, String> {
    let mut granted = Granted {
        cluster_roles: asking.list(&Resource::CLUSTER_ROLES, None, None).await?,
        cluster_bindings: asking.list(&Resource::CLUSTER_ROLE_BINDINGS, None, None).await?,
        ..Granted::default()
    };
    let namespaces: BTreeSet<&str> = needed.iter().filter_map(|it| it.namespace).collect();
    for namespace in namespaces {
        granted.roles.extend(asking.list(&Resource::ROLES, Some(namespace), None).await?);
        granted
            .bindings
            .extend(asking.list(&Resource::ROLE_BINDINGS, Some(namespace), None).await?);
    }
    Ok(granted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scripted::{
        ScriptedResponse as Scripted, api_with_bodies, status, versions,
    };

    /// What is said of a webhook that reads a Secret: where the API server says of each right whether it is there, or
    /// that it may not be asked, and RBAC grants these rules to it, or may not be read.
    async fn judged(may: fn(&str) -> Option<bool>, rules: Option<serde_json::Value>) -> String {
        judged_of(&["serve", "--tls-secret=s"], may, rules).await
    }

    /// The same of one that was started with these arguments.
    async fn judged_of(
        args: &[&str],
        may: fn(&str) -> Option<bool>,
        rules: Option<serde_json::Value>,
    ) -> String {
        let (client, _) = api_with_bodies(move |method, path, body| match (method, path) {
            ("POST", path) => {
                assert_eq!(path.split('?').next(), Some(&*REVIEWS.path("v1", None)));
                assert_eq!(body["spec"]["user"], "system:serviceaccount:ns:a");
                let asked = &body["spec"]["resourceAttributes"];
                let text = |field: &str| asked[field].as_str().unwrap();
                match may(&format!("{} {}", text("verb"), text("resource"))) {
                    Some(allowed) => Scripted::Json(201, json!({"status": {"allowed": allowed}})),
                    None => Scripted::Json(403, status(403, "Forbidden", "no")),
                }
            }
            (_, "/apis/rbac.authorization.k8s.io") => versions(&["v1"]),
            (_, "/apis/rbac.authorization.k8s.io/v1") => {
                let names = ["roles", "rolebindings", "clusterroles", "clusterrolebindings"];
                Scripted::Json(200, json!({"resources": names.map(|it| json!({"name": it}))}))
            }
            (_, path) => {
                let Some(rules) = &rules else {
                    return Scripted::Json(403, status(403, "Forbidden", "no"));
                };
                let metadata = json!({"name": "r", "namespace": "ns"});
                let items = match path {
                    path if path.contains("/clusterroles?") => {
                        json!([{"metadata": metadata, "rules": rules}])
                    }
                    path if path.contains("/clusterrolebindings?") => json!([{
                        "metadata": metadata,
                        "roleRef": {"kind": "ClusterRole", "name": "r"},
                        "subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "ns"}],
                    }]),
                    _ => json!([]),
                };
                Scripted::Json(200, json!({"metadata": {}, "items": items}))
            }
        });
        let asking = Asking { client, ..Asking::scripted(|path| panic!("{path}")) };
        let container = json!({"image": "x:1", "args": args});
        let program = Program::read(&json!({
            "metadata": {"namespace": "ns", "name": "n"},
            "spec": {"template": {"spec": {"serviceAccountName": "a", "containers": [container]}}},
        }));
        let mut report = Report::default();
        judge(&asking, None, &[program], &mut report).await;
        report.to_string()
    }

    /// All that a webhook needs, but for these verbs on Secrets.
    fn granted_but(verbs: &[&str]) -> serde_json::Value {
        let left: Vec<&str> = READ.into_iter().filter(|verb| !verbs.contains(verb)).collect();
        json!([
            {"apiGroups": [""], "resources": ["namespaces"], "verbs": READ},
            {"apiGroups": ["kelos.dev"], "resources": ["*"], "verbs": ["*"]},
            {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["s"], "verbs": left},
        ])
    }

    const TITLE: &str = "ServiceAccount ns/a";

    #[tokio::test]
    async fn a_right_that_an_account_lacks_is_named_as_the_api_server_says() {
        let all = judged(|_| Some(true), None).await;
        assert!(all.starts_with(&format!("✓ rights: {TITLE} has the 15 rights that it needs\n")));
        let some = judged(|right| Some(!right.starts_with("watch w")), None).await;
        let lacks = "may not watch workspaces.kelos.dev, nor watch workerpools.kelos.dev\n  → install the chart";
        assert!(some.starts_with(&format!("✗ rights: {TITLE} {lacks}")), "{some}");
    }

    #[tokio::test]
    async fn one_that_answers_sessions_reads_session_spawners_too() {
        let args = ["serve", "--sessions", "--tls-secret=s"];
        let all = judged_of(&args, |_| Some(true), None).await;
        assert!(all.starts_with(&format!("✓ rights: {TITLE} has the 18 rights that it needs\n")));
        let some = judged_of(&args, |right| Some(right != "list sessionspawners"), None).await;
        assert!(
            some.starts_with(&format!("✗ rights: {TITLE} may not list sessionspawners")),
            "{some}"
        );
    }

    #[tokio::test]
    async fn who_may_not_ask_the_api_server_is_told_what_rbac_says() {
        let said = ", as the objects of RBAC say\n";
        let all = judged(|_| None, Some(granted_but(&[]))).await;
        let has = format!("✓ rights: {TITLE} has the 15 rights that it needs{said}");
        assert!(all.starts_with(&has), "{all}");
        let some = judged(|_| None, Some(granted_but(&["get", "watch"]))).await;
        let lacks = "may not get secrets/s in namespace ns, nor watch secrets/s in namespace ns";
        assert!(some.starts_with(&format!("✗ rights: {TITLE} {lacks}{said}")), "{some}");
    }

    #[tokio::test]
    async fn who_may_neither_ask_nor_read_rbac_is_told_which_right_is_missing() {
        let nothing = judged(|_| None, None).await;
        let lacking = "you lack the right to create subjectaccessreviews.authorization.k8s.io";
        let line =
            format!("? rights: the rights of {TITLE}: {lacking}\n  → ask as somebody who may\n");
        assert!(nothing.starts_with(&line), "{nothing}");
    }
}

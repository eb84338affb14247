//! The Pod of `helm test` without one of its rights.

use serde_json::{Value, json};

use super::faults::while_changed;
use super::said::Caller;
use crate::harness::Cluster;
use crate::harness::wait::eventually;

const EVERYWHERE: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles/kelos-metadata-test";
const SYSTEM: &str =
    "/apis/rbac.authorization.k8s.io/v1/namespaces/kelos-system/roles/kelos-metadata-test";
const TEAM: &str =
    "/apis/rbac.authorization.k8s.io/v1/namespaces/team/roles/kelos-metadata-test-task";

/// A role, which of its rules is taken away, all that is left of that rule's resources, and what is said then.
type Lacking = (&'static str, usize, Option<&'static str>, &'static str);

const LACKING: [Lacking; 9] = [
    (
        EVERYWHERE,
        0,
        Some("validatingwebhookconfigurations"),
        "registration: each MutatingWebhookConfiguration: you lack the right to list \
         mutatingwebhookconfigurations.admissionregistration.k8s.io",
    ),
    (
        EVERYWHERE,
        0,
        Some("mutatingwebhookconfigurations"),
        "registration: each ValidatingWebhookConfiguration: you lack the right to list \
         validatingwebhookconfigurations.admissionregistration.k8s.io",
    ),
    (
        EVERYWHERE,
        1,
        None,
        "switches: the switches of Namespaces: you lack the right to list namespaces",
    ),
    (
        EVERYWHERE,
        2,
        None,
        "rights: the rights of ServiceAccount kelos-system/kelos-metadata: you lack the right to create \
         subjectaccessreviews.authorization.k8s.io",
    ),
    (
        SYSTEM,
        0,
        None,
        "endpoints: Service kelos-system/kelos-metadata: you lack the right to get services in namespace kelos-system",
    ),
    (
        SYSTEM,
        1,
        None,
        "endpoints: where Service kelos-system/kelos-metadata leads: you lack the right to list \
         endpointslices.discovery.k8s.io in namespace kelos-system",
    ),
    (
        SYSTEM,
        2,
        None,
        "program: the Deployments behind Service kelos-system/kelos-metadata: you lack the right to list \
         deployments.apps in namespace kelos-system",
    ),
    (
        SYSTEM,
        3,
        None,
        "lease: Lease kelos-system/kelos-metadata-controller: you lack the right to get \
         leases.coordination.k8s.io in namespace kelos-system",
    ),
    (
        TEAM,
        0,
        None,
        "task: a Task by dry run: you lack the right to create tasks.kelos.dev in namespace team",
    ),
];

/// Whoever lacks one of the rights is told which, in the line that it is for, and all else is judged as before.
pub(super) async fn each_right_that_is_missing_costs_its_line(
    cluster: &Cluster,
    caller: &Caller,
    args: &[&str],
) {
    for (role, rule, left, line) in LACKING {
        let change: Value = match left {
            None => json!([{"op": "remove", "path": format!("/rules/{rule}")}]),
            Some(left) => json!([
                {"op": "replace", "path": format!("/rules/{rule}/resources"), "value": [left]}]),
        };
        while_changed(cluster, role, &change, async || {
            let said = eventually("the right that is missing is named", async || {
                let said = caller.runs(args);
                said.output.contains(&format!("? {line}")).then_some(said)
            })
            .await;
            assert!(said.status == 2 && !said.output.contains('✗'), "{line}: {said:?}");
        })
        .await;
    }
    eventually("all rights are back", async || (caller.runs(args).status == 0).then_some(())).await;
}

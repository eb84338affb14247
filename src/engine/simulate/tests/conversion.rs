//! What Kelos keeps in annotations of a TaskSpawner that is read as v1alpha1.

use serde_json::{Value, json};

use crate::engine::simulate::{Item, KelosVersion, Spawner};

#[test]
fn what_kelos_keeps_of_newer_fields_is_restored_only_where_it_still_fits() {
    let kept = |enabled: bool, secret: &str| {
        let comments = json!({"githubIssues": {"comments": {"mode": "Sticky"}}}).to_string();
        let pool = json!([
            {"name": "b", "type": "oauth", "secretRef": {"name": "s2"}},
            {"name": "a", "type": "oauth", "secretRef": {"name": "s1"}},
        ]);
        let spawner = json!({
            "apiVersion": "kelos.dev/v1alpha1",
            "metadata": {"name": "worker", "annotations": {
                "kelos.dev/v1alpha2-github-comments-reporting": comments,
                "kelos.dev/v1alpha2-taskspawner-credentials": pool.to_string(),
            }},
            "spec": {
                "when": {"githubIssues": {"reporting": {"enabled": enabled}}},
                "taskTemplate": {"credentials": {"type": "oauth", "secretRef": {"name": secret}}},
            },
        });
        let spawner = Spawner::parse(&spawner.to_string()).unwrap();
        spawner.task(&Item::new(), KelosVersion::V0_52).unwrap()
    };
    let mode =
        |task: &Value| task["metadata"]["annotations"]["kelos.dev/github-comment-mode"].clone();
    let credential =
        |task: &Value| task["metadata"]["labels"]["kelos.dev/spawner-credential"].clone();
    let same = kept(true, "s1");
    assert_eq!(mode(&same), "Sticky");
    assert_eq!(credential(&same), "b");
    assert_eq!(same["spec"]["credentials"]["secretRef"]["name"], "s2");
    let changed = kept(false, "s2");
    assert_eq!(mode(&changed), Value::Null);
    assert_eq!(credential(&changed), Value::Null);
    assert_eq!(changed["spec"]["credentials"]["secretRef"]["name"], "s2");
}

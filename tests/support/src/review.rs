//! AdmissionReviews as the API server sends them, and what an answer to one says.
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kelos_metadata::engine::kelos::Shape;
use serde_json::{Value, json};

/// The AdmissionReview of the creation of `task`.
pub fn creation(task: &Value) -> Value {
    let (metadata, shape) = (&task["metadata"], shape_of(task));
    let api_version = task["apiVersion"].as_str().unwrap_or("kelos.dev/v1alpha2");
    let (group, version) = api_version.split_once('/').unwrap();
    let mut object = task.clone();
    object["metadata"]["namespace"] =
        metadata.get("namespace").cloned().unwrap_or(json!("default"));
    json!({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "6ea4f1f5-0c7b-4a2c-9d9e-1b8d4d2a7f10",
            "kind": {"group": group, "version": version, "kind": shape.as_str()},
            "resource": {"group": group, "version": version, "resource": shape.plural()},
            "requestKind": {"group": group, "version": version, "kind": shape.as_str()},
            "requestResource": {"group": group, "version": version, "resource": shape.plural()},
            "name": metadata["name"].as_str().unwrap_or_default(),
            "namespace": object["metadata"]["namespace"],
            "operation": "CREATE",
            "userInfo": {"username": "system:serviceaccount:default:kelos-spawner",
                         "groups": ["system:serviceaccounts", "system:authenticated"]},
            "object": object,
            "oldObject": null,
            "dryRun": false,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}
        }
    })
}

/// What an object is: a Task, where it does not say.
pub fn shape_of(object: &Value) -> Shape {
    object["kind"].as_str().and_then(|kind| kind.parse().ok()).unwrap_or_default()
}

/// JSON as Go's `encoding/json` writes it, and so the API server.
pub fn as_go_writes_it(json: &Value) -> String {
    let mut text = json.to_string();
    for (raw, escaped) in [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ] {
        if text.contains(raw) {
            text = text.replace(raw, escaped);
        }
    }
    text
}

/// An answer, checked for what every answer has.
#[derive(Debug)]
pub struct Answer {
    pub patch: Option<Value>,
    pub warnings: Vec<String>,
    pub audit: BTreeMap<String, String>,
}

impl Answer {
    /// Reads the answer to `review`: its uid is echoed, the Task allowed, and warnings and audit
    /// annotations are as the API server takes them.
    pub fn read(review: &Value, body: &[u8]) -> Answer {
        let answer: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(answer["apiVersion"], "admission.k8s.io/v1");
        assert_eq!(answer["kind"], "AdmissionReview");
        let response = &answer["response"];
        assert_eq!(response["uid"], review["request"]["uid"]);
        assert_eq!(response["allowed"], true);
        assert_eq!(response.get("patch").is_some(), response.get("patchType").is_some());
        let patch = response.get("patch").map(|patch| {
            assert_eq!(response["patchType"], "JSONPatch");
            let bytes = BASE64.decode(patch.as_str().unwrap()).unwrap();
            let patch: Value = serde_json::from_slice(&bytes).unwrap();
            assert!(patch.as_array().is_some_and(|operations| !operations.is_empty()));
            patch
        });
        let read = |field: &str| response.get(field).cloned().unwrap_or(Value::Null);
        let warnings: Option<Vec<String>> = serde_json::from_value(read("warnings")).unwrap();
        let warnings = warnings.unwrap_or_default();
        assert!(warnings.len() <= 8);
        for warning in &warnings {
            assert!(warning.chars().count() <= 200, "{warning}");
            assert!(!warning.chars().any(char::is_control), "{warning:?}");
        }
        let audit: Option<BTreeMap<String, String>> =
            serde_json::from_value(read("auditAnnotations")).unwrap();
        let audit = audit.unwrap_or_default();
        assert!(audit.keys().all(|key| !key.contains('/')));
        Answer { patch, warnings, audit }
    }

    /// The Task after the patch.
    pub fn apply(&self, task: &Value) -> Value {
        let mut task = task.clone();
        if let Some(patch) = &self.patch {
            let patch: json_patch::Patch = serde_json::from_value(patch.clone()).unwrap();
            json_patch::patch(&mut task, &patch).unwrap();
        }
        task
    }
}

//! The requests that make a step: patches that say which version they were made for, and touch
//! nothing but what is ours.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::ca_bundle::CaBundle;
use super::configurations::{Configuration, ConfigurationKind};
use super::issue::Issued;
use super::state::{BUNDLE, CERTIFICATE, KEY, NEXT_CERTIFICATE, NEXT_KEY, Secret, TRUSTED_SINCE};

/// The Secret when there is none: nothing serves yet, which servers take as no reason to change.
pub(super) fn new_secret(name: &str, issued: &Issued, others: &CaBundle) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {
            "name": name,
            "labels": {"app.kubernetes.io/name": "kelos-metadata", "app.kubernetes.io/component": "controller"},
        },
        "data": {
            CERTIFICATE: "",
            KEY: "",
            NEXT_CERTIFICATE: BASE64.encode(&issued.certificate),
            NEXT_KEY: BASE64.encode(&issued.key),
            BUNDLE: encoded(&with(issued, others)),
        },
    })
}

/// Puts a new certificate beside the one that serves, or that should. Empty fields serve nothing,
/// which servers take as no reason to change.
pub(super) fn issue(
    secret: &Secret,
    issued: &Issued,
    others: &CaBundle,
    forget_pair: bool,
) -> Value {
    let mut data = json!({
        NEXT_CERTIFICATE: BASE64.encode(&issued.certificate),
        NEXT_KEY: BASE64.encode(&issued.key),
        BUNDLE: encoded(&with(issued, others)),
    });
    if forget_pair {
        data[CERTIFICATE] = json!("");
        data[KEY] = json!("");
    }
    patch(secret, data, Some(Value::Null))
}

/// Writes the bundle, and forgets what is left of a next certificate.
pub(super) fn mend(secret: &Secret, bundle: &CaBundle, forget_next: bool) -> Value {
    let bundle = encoded(bundle);
    if forget_next {
        let data = json!({BUNDLE: bundle, NEXT_CERTIFICATE: null, NEXT_KEY: null});
        return patch(secret, data, Some(Value::Null));
    }
    patch(secret, json!({ BUNDLE: bundle }), None)
}

/// Writes down since when the next certificate is trusted.
pub(super) fn mark(secret: &Secret, mark: &str) -> Value {
    patch(secret, json!({}), Some(json!(mark)))
}

/// Takes that back.
pub(super) fn unmark(secret: &Secret) -> Value {
    patch(secret, json!({}), Some(Value::Null))
}

/// The same patch, which also takes away the fields that are not ours; `None` if there are none.
pub(super) fn without_strangers(secret: &Secret, mut patch: Value) -> Option<Value> {
    let mut strangers = secret.strangers().peekable();
    strangers.peek()?;
    for field in strangers {
        patch["data"][field] = Value::Null;
    }
    Some(patch)
}

/// Makes the next certificate the one that serves.
pub(super) fn promote(secret: &Secret) -> Value {
    let data = json!({
        CERTIFICATE: BASE64.encode(secret.field(NEXT_CERTIFICATE)),
        KEY: BASE64.encode(secret.field(NEXT_KEY)),
        NEXT_CERTIFICATE: null,
        NEXT_KEY: null,
    });
    patch(secret, data, Some(Value::Null))
}

/// Writes the caBundle of our webhooks that are there: a strategic merge, which knows webhooks by their names,
/// and would add one that is not.
pub(super) fn publish(
    kind: ConfigurationKind,
    configuration: &Configuration,
    bundle: &CaBundle,
) -> Value {
    let bundle = encoded(bundle);
    let ours = configuration.ca_bundles(kind);
    let webhooks: Vec<Value> =
        ours.map(|(name, _)| json!({"name": name, "clientConfig": {"caBundle": bundle}})).collect();
    json!({
        "metadata": {"resourceVersion": configuration.metadata.resource_version},
        "webhooks": webhooks,
    })
}

/// A merge patch of the Secret that the API server refuses if it has changed.
fn patch(secret: &Secret, data: Value, mark: Option<Value>) -> Value {
    let mut patch = json!({
        "metadata": {"resourceVersion": secret.metadata.resource_version},
        "data": data,
    });
    if let Some(mark) = mark {
        patch["metadata"]["annotations"] = json!({ TRUSTED_SINCE: mark });
    }
    patch
}

fn with(issued: &Issued, others: &CaBundle) -> CaBundle {
    CaBundle::read(issued.ca.as_bytes()).union(others)
}

fn encoded(bundle: &CaBundle) -> String {
    BASE64.encode(bundle.pem())
}

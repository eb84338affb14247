//! Whether whoever calls has a right.

use kube::Client;
use kube::core::Request;
use kube::core::params::PostParams;
use serde::Deserialize;
use serde_json::json;

use super::object::send;
use super::{Error, Resource};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Review {
    status: ReviewStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReviewStatus {
    allowed: bool,
}

/// Whether whoever calls may do this with objects of a kind, in a namespace or in all.
///
/// # Errors
///
/// [`Error`] when the API server can't say.
pub async fn may(
    client: &Client,
    verb: &str,
    resource: &Resource,
    namespace: Option<&str>,
) -> Result<bool, Error> {
    let attributes = json!({
        "verb": verb, "group": resource.group, "resource": resource.plural, "namespace": namespace,
    });
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    });
    let requests = Request::new("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
    let request = requests.create(&PostParams::default(), review.to_string().into_bytes())?;
    let answer = send::<Review>(client, request).await?;
    Ok(answer.object.status.allowed)
}

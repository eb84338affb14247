//! The versions alone, for `version`.

use kube::Client;
use serde::Serialize;

use super::endpoints::look;
use super::{Report, program, registered, versions};

/// The versions of what is installed.
#[derive(Debug, Default, Serialize)]
pub(in crate::commands) struct Installed {
    /// Of the webhook: the tag or the digest of its image.
    pub(in crate::commands) version: Option<String>,
    /// Of Kelos, likewise.
    pub(in crate::commands) kelos: Option<String>,
    /// Of the API server.
    pub(in crate::commands) kubernetes: String,
    /// What could not be read.
    #[serde(skip)]
    pub(in crate::commands) lacking: Vec<String>,
    /// Why something else is not known.
    #[serde(skip)]
    pub(in crate::commands) absent: Vec<String>,
}

/// Reads them.
///
/// # Errors
///
/// When the API server does not answer. A right that is missing is told with what is there.
pub(in crate::commands) async fn installed(client: Client) -> anyhow::Result<Installed> {
    let mut report = Report::default();
    let asking = versions::kubernetes(client, &mut report).await?;
    let mut installed = Installed { kubernetes: asking.kubernetes.clone(), ..Installed::default() };
    match versions::image(&asking).await {
        Ok(Some((_, image))) => installed.kelos = Some(image.version().to_owned()),
        Ok(None) => {
            let why = "the version of Kelos: no Deployment has the labels of its chart";
            installed.absent.push(why.to_owned());
        }
        Err(why) => installed.lacking.push(format!("the version of Kelos: {why}")),
    }
    // Whichever of them leads to a Service tells where the program is.
    let found = registered::find(&asking, &[], &mut report).await;
    let mut services = Vec::new();
    for one in found.all.iter().take(1) {
        services.push(look(&asking, &one.target, &mut report).await);
    }
    let programs = program::find(&asking, &found.all, &services, &mut report).await;
    let serving = programs.iter().find(|it| !it.is_controller);
    installed.version = serving.map(|it| it.image.version().to_owned());
    if installed.version.is_none() {
        let before = installed.lacking.len();
        installed.lacking.extend(report.refusals().map(str::to_owned));
        if installed.lacking.len() == before {
            let why = match services.first() {
                Some(first) => program::why_unknown(first),
                None => "no webhook configuration registers kelos-metadata".to_owned(),
            };
            installed.absent.push(format!("the version of the server: {why}"));
        }
    }
    Ok(installed)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::scripted::{ScriptedResponse as Scripted, api, status, versions};

    const KELOS: &str = "/apis/apps/v1/deployments?";
    const SYSTEM: &str = "/apis/apps/v1/namespaces/kelos-system/deployments?";
    const OURS: &str = "/apis/apps/v1/namespaces/ns/deployments?";
    const MUTATING: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations?";
    const VALIDATING: &str =
        "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations?";
    const SERVICE: &str = "/api/v1/namespaces/ns/services/n";
    /// One without a selector.
    const BARE: &str = "/api/v1/namespaces/ns/services/bare";
    const GONE: &str = "/api/v1/namespaces/ns/services/gone";

    /// What is known where this is registered, these Deployments are there, and what begins so may not be read.
    async fn known(
        client_config: Option<Value>,
        image: Option<&str>,
        refused: &[&str],
    ) -> Installed {
        let refused: Vec<String> = refused.iter().map(|it| (*it).to_owned()).collect();
        let labels = json!({"app": "n"});
        let ours = image.map(|image| {
            json!({
                "metadata": {"namespace": "ns", "name": "n"},
                "spec": {"template": {"metadata": {"labels": labels}, "spec": {
                    "containers": [{"image": image, "args": ["serve"]}]}}},
            })
        });
        let webhook = client_config.map(|config| {
            json!({"metadata": {"name": "c"}, "webhooks": [
                {"name": "mtask.metadata.kelos.dev", "clientConfig": config}]})
        });
        let list = |items: Option<Value>| {
            let items: Vec<Value> = items.into_iter().collect();
            Scripted::Json(200, json!({"metadata": {}, "items": items}))
        };
        let (client, _) = api(move |path| match path {
            path if refused.iter().any(|it| path.starts_with(&**it)) => {
                Scripted::Json(403, status(403, "Forbidden", "no"))
            }
            "/version" => {
                let version = json!({"major": "1", "minor": "36", "gitVersion": "v1.36.0"});
                Scripted::Json(200, version)
            }
            "/apis/apps" | "/apis/admissionregistration.k8s.io" | "/apis/discovery.k8s.io" => {
                versions(&["v1"])
            }
            // Which kinds these groups have: whoever may not list one may ask.
            "/apis/apps/v1" | "/apis/admissionregistration.k8s.io/v1" => {
                let names = ["deployments", "mutatingwebhookconfigurations"];
                let names = [&names[..], &["validatingwebhookconfigurations"]].concat();
                let kinds: Vec<Value> = names.iter().map(|it| json!({ "name": it })).collect();
                Scripted::Json(200, json!({ "resources": kinds }))
            }
            SERVICE => {
                let port = json!({"name": "webhook", "port": 443});
                Scripted::Json(200, json!({"spec": {"selector": labels, "ports": [port]}}))
            }
            BARE => Scripted::Json(200, json!({"spec": {"ports": [{"port": 443}]}})),
            GONE => Scripted::Json(404, status(404, "NotFound", "no")),
            path if path.starts_with(MUTATING) => list(webhook.clone()),
            path if path.starts_with(OURS) => list(ours.clone()),
            _ => list(None),
        });
        installed(client).await.unwrap()
    }

    fn service() -> Option<Value> {
        Some(json!({"service": {"namespace": "ns", "name": "n", "path": "/mutate-task"}}))
    }

    const NO_KELOS: &str = "the version of Kelos: no Deployment has the labels of its chart";

    #[tokio::test]
    async fn where_nothing_is_installed_that_is_the_reason() {
        let url = json!({"url": "https://h.example.com/mutate-task"});
        let called = |name: &str| Some(json!({"service": {"namespace": "ns", "name": name}}));
        for (config, why) in [
            (None, "no webhook configuration registers kelos-metadata"),
            (service(), "no Deployment has the labels that Service ns/n selects"),
            (called("bare"), "Service ns/bare selects no Pods"),
            (called("gone"), "Service ns/gone is not there"),
            (Some(url), "https://h.example.com/mutate-task is called, and no Service"),
        ] {
            let installed = known(config, None, &[]).await;
            assert_eq!((installed.version, installed.kelos), (None, None));
            let why = format!("the version of the server: {why}");
            assert_eq!(installed.absent, [NO_KELOS.to_owned(), why]);
            assert!(installed.lacking.is_empty(), "{:?}", installed.lacking);
        }
        let installed = known(service(), Some("x/kelos-metadata:1.2.3"), &[]).await;
        assert_eq!(installed.version.as_deref(), Some("1.2.3"));
        assert_eq!((installed.kubernetes.as_str(), installed.absent.len()), ("v1.36.0", 1));
    }

    #[tokio::test]
    async fn each_right_that_is_missing_is_named() {
        let image = Some("x/kelos-metadata:1.2.3");
        let configurations = "configurations.admissionregistration.k8s.io";
        for (refused, lacking) in [
            (
                &[KELOS, SYSTEM][..],
                vec![
                    "the version of Kelos: you lack the right to list deployments.apps in namespace kelos-system"
                        .to_owned(),
                ],
            ),
            (
                &[MUTATING, VALIDATING],
                vec![
                    format!(
                        "each MutatingWebhookConfiguration: you lack the right to list mutatingwebhook{configurations}"
                    ),
                    format!(
                        "each ValidatingWebhookConfiguration: you lack the right to list validatingwebhook{configurations}"
                    ),
                ],
            ),
            (
                &[SERVICE],
                vec!["Service ns/n: you lack the right to get services in namespace ns".to_owned()],
            ),
            (
                &[OURS],
                vec![
                    "the Deployments behind Service ns/n: you lack the right to list deployments.apps in namespace ns"
                        .to_owned(),
                ],
            ),
            // One of the two tells where the program is.
            (&[VALIDATING], vec![]),
        ] {
            let installed = known(service(), image, refused).await;
            assert_eq!(installed.lacking, lacking, "{refused:?}");
        }
    }
}

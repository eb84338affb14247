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
        Ok(found) => installed.kelos = found.map(|(_, image)| image.version().to_owned()),
        Err(why) => installed.lacking.push(format!("the version of Kelos: {why}")),
    }
    let registered = registered::find(&asking, &mut report).await.unwrap_or_default();
    let mut services = Vec::new();
    for one in registered.iter().take(1) {
        services.push(look(&asking, &one.target, &mut report).await);
    }
    let programs = program::find(&asking, &registered, &services, &mut report).await;
    let serving = programs.iter().find(|it| !it.is_controller);
    installed.version = serving.map(|it| it.image.version().to_owned());
    if installed.version.is_none() {
        installed.lacking.extend(report.refusals().map(str::to_owned));
    }
    Ok(installed)
}

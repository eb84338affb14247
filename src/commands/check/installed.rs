//! The versions alone, for `version`.

use kube::Client;
use serde::Serialize;

use super::endpoints::look;
use super::registered::{Found, Target};
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
            installed.absent.push(format!("the version of the server: {}", why(&found)));
        }
    }
    Ok(installed)
}

/// Why the program was not found, where all could be read.
fn why(found: &Found) -> String {
    match found.all.first().map(|it| &it.target) {
        None => "no webhook configuration registers kelos-metadata".to_owned(),
        Some(target @ Target::Service { .. }) => {
            format!("no Deployment has the labels that {} selects", target.title())
        }
        Some(Target::Url(url)) => format!("{url} is called, and no Service"),
    }
}

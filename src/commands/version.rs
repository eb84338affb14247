//! `version`: what this program is, and what is installed in the cluster.

use std::process::ExitCode;

use serde::Serialize;

use super::check::{Installed, installed};
use super::reach::{Reach, block_on};
use super::stdio::{print, print_json, warn};
use crate::cli::{ReportFormat, VersionArgs};

/// The version of this program.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that it was built from, with `-dirty` where that is not all: who makes a release says so. Other builds
/// do not know: a program that asked git would be compiled anew with each commit, and what it said be wrong as soon
/// as a file changed.
const COMMIT: Option<&str> = option_env!("KELOS_METADATA_COMMIT");

#[derive(Serialize)]
struct Versions {
    client: Client,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<Installed>,
}

#[derive(Serialize)]
struct Client {
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'static str>,
}

pub(super) fn run(args: &VersionArgs) -> anyhow::Result<ExitCode> {
    let server = match args.client {
        true => None,
        false => Some(block_on(ask(args))?),
    };
    let (server, failed) = match server {
        Some(Err(why)) => (None, Some(why)),
        Some(Ok(server)) => (Some(server), None),
        None => (None, None),
    };
    let commit = COMMIT.filter(|it| !it.is_empty());
    let versions = Versions { client: Client { version: VERSION, commit }, server };
    match args.output {
        ReportFormat::Text => print(text(&versions))?,
        ReportFormat::Json => print_json(&versions)?,
    }
    // What can be said is said first.
    match failed {
        Some(why) => Err(why),
        None => Ok(ExitCode::SUCCESS),
    }
}

async fn ask(args: &VersionArgs) -> anyhow::Result<Installed> {
    let reach = Reach::connect(&args.connection, "or --client to ask none").await?;
    let installed = installed(reach.client).await?;
    for why in &installed.lacking {
        warn(why);
    }
    Ok(installed)
}

fn text(versions: &Versions) -> String {
    let commit = versions.client.commit.map(|it| format!(" (commit {it})")).unwrap_or_default();
    let mut lines = vec![format!("Client: {}{commit}", versions.client.version)];
    if let Some(server) = &versions.server {
        let word = |version: &Option<String>| version.clone().unwrap_or("not known".to_owned());
        lines.push(format!("Server: {}", word(&server.version)));
        lines.push(format!("Kelos: {}", word(&server.kelos)));
        lines.push(format!("Kubernetes: {}", server.kubernetes));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_said_so() {
        let server = Installed { kubernetes: "v1.36.0".to_owned(), ..Installed::default() };
        let client = Client { version: "1.2.3", commit: Some("abc") };
        let versions = Versions { client, server: Some(server) };
        assert_eq!(
            text(&versions),
            "Client: 1.2.3 (commit abc)\nServer: not known\nKelos: not known\nKubernetes: v1.36.0"
        );
        let json = serde_json::to_value(&versions).unwrap();
        assert_eq!(json["server"]["kubernetes"], "v1.36.0");
        assert_eq!(json["client"], serde_json::json!({"version": "1.2.3", "commit": "abc"}));
    }
}

//! `check`: whether the installation works, seen from outside with the rights of whoever calls.
//!
//! Each part looks at one thing and puts lines into the [`Report`]. What follows from a fault that is told already is
//! not told again: where no endpoint is ready, it is no news that a Task is not answered.

mod asking;
mod certificate;
mod endpoints;
mod handshake;
mod installed;
mod program;
mod rbac;
mod registered;
mod report;
mod rights;
mod served;
mod sessions;
mod switches;
mod trial;
mod upkeep;
mod versions;

use std::process::ExitCode;

use self::asking::Asking;
use self::endpoints::{Behind, Endpoints};
pub(super) use self::installed::{Installed, installed};
use self::registered::{Found, Registered, Target};
use self::report::{Report, Topic};
use self::trial::Trial;
use self::versions::Kelos;
use super::reach::{Reach, block_on};
use super::stdio::{print, print_json};
use crate::cli::{CheckArgs, ReportFormat};

/// What is found by what is registered.
const BEHIND: [Topic; 6] = [
    Topic::Endpoints,
    Topic::Program,
    Topic::Certificate,
    Topic::Lease,
    Topic::Rotation,
    Topic::Rights,
];

/// What to do where what is registered could not be read.
const UNREAD_HINT: &str = "ask as somebody who may list MutatingWebhookConfigurations";

pub(super) fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let report = block_on(check(args))??;
    match args.output {
        ReportFormat::Text => print(&report)?,
        ReportFormat::Json => print_json(&report)?,
    }
    Ok(report.status())
}

async fn check(args: &CheckArgs) -> anyhow::Result<Report> {
    let reach = Reach::connect(&args.connection, "or set KUBECONFIG").await?;
    let namespace = args.namespace().map_or(reach.namespace, str::to_owned);
    let mut report = Report::default();
    let asking = versions::kubernetes(reach.client, &mut report).await?;
    let kelos = versions::kelos(&asking, &mut report).await;
    let served = kelos.as_ref().map(|it| &it.served[..]).unwrap_or_default();
    let found = registered::find(&asking, served, &mut report).await;
    behind(&asking, kelos.as_ref(), &found, &mut report).await;
    let namespaces = switches::judge(&asking, &found, &mut report).await;
    // Where none is registered, that is told.
    if !args.skip_task
        && let Some(kelos) = &kelos
        && (found.tasks().is_some() || found.is_unread)
    {
        let (asking, namespace, namespaces) = (&asking, &*namespace, namespaces.as_deref());
        let tasks = found.tasks();
        Trial { asking, kelos, tasks, namespace, namespaces }.run(&mut report).await;
    }
    Ok(report)
}

/// Looks at what stands behind the webhooks that are registered.
async fn behind(asking: &Asking, kelos: Option<&Kelos>, found: &Found, report: &mut Report) {
    if found.all.is_empty() && found.is_unread {
        for topic in BEHIND {
            let text = "not looked at, for what is registered is not known";
            report.not_judged(topic, text, UNREAD_HINT);
        }
        return;
    }
    let registered = &found.all;
    let mut services: Vec<Endpoints> = Vec::new();
    for target in registered.iter().map(|it| &it.target) {
        if !services.iter().any(|it| it.target == *target) {
            services.push(endpoints::look(asking, target, report).await);
        }
    }
    let programs = program::find(asking, registered, &services, report).await;
    for one in registered {
        let service = services.iter().find(|it| it.target == one.target);
        served::judge(asking, one, service, &programs, report).await;
    }
    upkeep::judge(asking, registered, &programs, report).await;
    rights::judge(asking, kelos, &programs, report).await;
    sessions::judge(registered, &programs, report);
}

/// A name with its namespace.
fn full_name(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

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
mod switches;
mod trial;
mod upkeep;
mod versions;

use std::process::ExitCode;

use self::endpoints::Endpoints;
pub(super) use self::installed::{Installed, installed};
use self::registered::{Registered, Target};
use self::report::{Report, Topic};
use self::trial::Trial;
use super::reach::{Reach, block_on};
use super::stdio::{print, print_json};
use crate::certs::ConfigurationKind;
use crate::cli::{CheckArgs, ReportFormat};

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
    let namespace = args.namespace.clone().unwrap_or(reach.namespace);
    let mut report = Report::default();
    let asking = versions::kubernetes(reach.client, &mut report).await?;
    let kelos = versions::kelos(&asking, &mut report).await;
    let registered = registered::find(&asking, &mut report).await;
    let Some(registered) = registered else {
        return Ok(report);
    };
    let mut services: Vec<Endpoints> = Vec::new();
    for target in registered.iter().map(|it| &it.target) {
        if !services.iter().any(|it| it.target == *target) {
            services.push(endpoints::look(&asking, target, &mut report).await);
        }
    }
    let programs = program::find(&asking, &registered, &services, &mut report).await;
    for one in &registered {
        let service = services.iter().find(|it| it.target == one.target);
        served::judge(&asking, one, service, &programs, &mut report).await;
    }
    upkeep::judge(&asking, &registered, &programs, &mut report).await;
    rights::judge(&asking, kelos.as_ref(), &programs, &mut report).await;
    let tasks = registered.iter().find(|it| it.kind == ConfigurationKind::Mutating);
    let namespaces = switches::judge(&asking, tasks, &mut report).await;
    if !args.skip_task
        && let (Some(kelos), Some(tasks)) = (&kelos, tasks)
    {
        let (asking, namespace, namespaces) = (&asking, &*namespace, namespaces.as_deref());
        Trial { asking, kelos, tasks, namespace, namespaces }.run(&mut report).await;
    }
    Ok(report)
}

/// A name with its namespace.
fn full_name(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

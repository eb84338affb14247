//! `monitoring`: what shows Tasks by their labels in Prometheus and Grafana.

mod declared;
mod values;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::Value;

use self::declared::Declared;
use super::reach::block_on;
use super::stdio::{complain, print, warn};
use super::{defaults, not_asked};
use crate::cli::{MonitoringArgs, MonitoringFormat};
use crate::monitoring::{Documents, Keys, ServiceAccount, access, objects};

/// The most keys of which it is said why they are left out: a namespace can declare any number.
const MOST_TOLD: usize = 20;

pub(super) fn run(args: &MonitoringArgs) -> anyhow::Result<ExitCode> {
    let (keys, is_partial) = if args.by.is_empty() { declared(args)? } else { given(&args.by)? };
    let documents = Documents::of(&keys)?;
    let is_for_cluster = args.write_to.is_some() || args.output == MonitoringFormat::Yaml;
    if args.service_account.is_none() && is_for_cluster {
        warn(
            "the rights that kube-state-metrics needs are bound to nobody: --service-account NAMESPACE/NAME names its \
             ServiceAccount",
        );
    }
    match &args.write_to {
        Some(folder) => write(folder, &documents, args.service_account.as_ref())?,
        None => print(shown(args, &documents)?.trim_end())?,
    }
    Ok(if is_partial { not_asked() } else { ExitCode::SUCCESS })
}

/// The keys that were typed.
fn given(by: &[String]) -> anyhow::Result<(Keys, bool)> {
    let mut keys = Keys::default();
    for key in by {
        keys.add(key).with_context(|| format!("--by {key}"))?;
    }
    Ok((keys, false))
}

/// The keys that rules declare, in a fair order; whether not all could be asked.
fn declared(args: &MonitoringArgs) -> anyhow::Result<(Keys, bool)> {
    let policy = defaults::policy(&args.policy)?;
    let Declared { candidates, is_partial } = match args.filename.is_empty() {
        true => block_on(declared::in_cluster(args, policy))??,
        false => declared::in_files(&args.filename, args.policy.defaults.as_deref(), policy)?,
    };
    if candidates.is_empty() {
        bail!("no rule declares a label: name the keys, as --by team,priority");
    }
    let (mut keys, mut left_out) = (Keys::default(), 0);
    for candidate in candidates {
        let taken = match candidate.refused {
            Some(reason) => Err(reason),
            None => keys.add(&candidate.key).map_err(|refused| refused.to_string()),
        };
        if let Err(reason) = taken {
            left_out += 1;
            if left_out <= MOST_TOLD {
                warn(format_args!("{} is left out: {reason}", candidate.key));
            }
        }
    }
    if left_out > MOST_TOLD {
        warn(format_args!("{} more keys are left out", left_out - MOST_TOLD));
    }
    if keys.is_empty() {
        bail!("no key is left: name keys with fewer values, as --by team,priority");
    }
    Ok((keys, is_partial))
}

fn shown(args: &MonitoringArgs, documents: &Documents) -> anyhow::Result<String> {
    Ok(match args.output {
        MonitoringFormat::Yaml => {
            yaml(&objects(documents, args.service_account.as_ref(), &args.rule_label)?)?
        }
        MonitoringFormat::KubeStateMetrics => {
            serde_saphyr::to_string(&documents.kube_state_metrics)?
        }
        MonitoringFormat::PrometheusRules => serde_saphyr::to_string(&documents.rules)?,
        MonitoringFormat::GrafanaDashboard => format!("{:#}", documents.dashboard),
    })
}

fn yaml(objects: &[Value]) -> anyhow::Result<String> {
    let all: Result<Vec<String>, _> = objects.iter().map(serde_saphyr::to_string).collect();
    Ok(all?.join("---\n"))
}

/// Writes each document as its program reads it; what is there of the same name is written over.
fn write(
    folder: &Path,
    documents: &Documents,
    account: Option<&ServiceAccount>,
) -> anyhow::Result<()> {
    fs::create_dir_all(folder)
        .with_context(|| format!("{} can't be made a folder", folder.display()))?;
    for (name, text) in [
        ("kube-state-metrics.yaml", serde_saphyr::to_string(&documents.kube_state_metrics)?),
        ("kube-state-metrics-rbac.yaml", yaml(&access(documents, account))?),
        ("prometheus-rules.yaml", serde_saphyr::to_string(&documents.rules)?),
        ("grafana-dashboard.json", format!("{:#}\n", documents.dashboard)),
    ] {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("{} can't be written", path.display()))?;
        complain(format_args!("{}", path.display()));
    }
    Ok(())
}

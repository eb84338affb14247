//! `controller`: certificates, by the one process that may write.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use kube::Client;

use super::listen::listen;
use crate::admin;
use crate::certs::ControllerMetrics;
use crate::certs::{ManagedObjects, Reconciler, RotationPolicy};
use crate::cli::ControllerArgs;
use crate::cluster::{self, Election, Leadership, ObjectPath};
use crate::readiness::Readiness;
use crate::server::{Server, Shutdown, Signals};
use crate::settings::ControllerSettings;
use crate::telemetry::{self, DroppedLines};
use crate::tls;

/// Where a Pod finds the name of its namespace.
const OWN_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
/// The namespace where nobody says another one.
const USUAL_NAMESPACE: &str = "kelos-system";

pub(super) fn run(args: &ControllerArgs) -> anyhow::Result<ExitCode> {
    let log = telemetry::init(args.log_format, args.log_level.as_str())?;
    let settings = ControllerSettings::try_from(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(control(settings, log.dropped_lines()))
}

async fn control(
    settings: ControllerSettings,
    dropped_lines: DroppedLines,
) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::catch().context("signals can't be caught")?;
    let readiness = Readiness::unready("the Secret and the configurations have not been read yet");
    let metrics = Arc::new(ControllerMetrics::new());
    metrics.count_dropped_lines(move || dropped_lines.count());
    let client = cluster::connect(settings.kubeconfig.as_deref()).await?;
    let namespace = match settings.namespace.clone() {
        Some(namespace) => namespace,
        None => own_namespace(Path::new(OWN_NAMESPACE)),
    };
    let (mut election, leadership) = election(&client, &settings, &namespace)?;
    let reconciler = reconciler(&client, &settings, namespace, leadership, &metrics, &readiness);

    let shutdown = Shutdown::new();
    let beside = |app| Server::new(app, shutdown.clone()).with_limits(admin::limits());
    let listeners = (
        beside(admin::metrics_router(Arc::clone(&metrics))),
        listen(&settings.metrics, "metrics").await?,
        beside(admin::health_router(readiness.clone())),
        listen(&settings.health, "health").await?,
    );
    let beside = async {
        let (metrics, metrics_listener, health, health_listener) = listeners;
        tokio::join!(metrics.serve_plain(metrics_listener), health.serve_plain(health_listener));
    };
    let ends = async {
        tokio::select! {
            () = signals.next() => (),
            () = reconciler.run() => (),
            () = election.run(|leads| metrics.set_leads(leads)) => (),
        }
        tracing::info!("Ending: the Lease is let go");
        readiness.set_unready("ending");
        tokio::select! {
            () = election.release() => (),
            () = signals.next() => (),
        }
    };
    tokio::select! {
        () = ends => shutdown.abort(),
        () = beside => (),
    }
    tracing::info!("Stopped");
    Ok(ExitCode::SUCCESS)
}

fn election(
    client: &Client,
    settings: &ControllerSettings,
    namespace: &str,
) -> anyhow::Result<(Election, Leadership)> {
    let collection = format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases");
    let lease = ObjectPath { collection, name: settings.lease.clone() };
    Ok(Election::new(client.clone(), lease, identity()?, settings.timing))
}

fn reconciler(
    client: &Client,
    settings: &ControllerSettings,
    namespace: String,
    leadership: Leadership,
    metrics: &Arc<ControllerMetrics>,
    readiness: &Readiness,
) -> Reconciler {
    let policy = RotationPolicy {
        name: format!("{}.{namespace}.svc", settings.service),
        lifetime: settings.lifetime,
        settle: settings.settle,
    };
    tracing::info!(name = policy.name, "Keeping the certificate");
    let secret = settings.secret.clone();
    let configuration = settings.configuration.clone();
    let managed = ManagedObjects { namespace, secret, configuration };
    let (metrics, readiness) = (Arc::clone(metrics), readiness.clone());
    Reconciler::new(client.clone(), policy, managed, leadership, metrics, readiness)
}

/// The namespace that the Pod runs in, if this is one.
fn own_namespace(file: &Path) -> String {
    let read = std::fs::read_to_string(file).unwrap_or_default();
    let name = read.trim();
    if name.is_empty() { USUAL_NAMESPACE } else { name }.to_owned()
}

/// A name that no other process has: that of the Pod, and something by chance, for a container that
/// is started again.
fn identity() -> anyhow::Result<String> {
    let host = std::env::var("HOSTNAME").unwrap_or_default();
    let host = if host.is_empty() { "controller" } else { &host };
    let mut chance = [0; 4];
    let random = tls::provider().secure_random.fill(&mut chance);
    random.map_err(|_| anyhow::anyhow!("the system gives no randomness"))?;
    Ok(format!("{host}_{:08x}", u32::from_be_bytes(chance)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_namespace_is_that_of_the_pod_or_the_usual_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("namespace");
        assert_eq!(own_namespace(&file), "kelos-system");
        for (text, expected) in [("", "kelos-system"), ("team\n", "team"), ("team", "team")] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(own_namespace(&file), expected);
        }
    }

    #[test]
    fn no_two_processes_have_one_name() {
        assert_ne!(identity().unwrap(), identity().unwrap());
    }
}

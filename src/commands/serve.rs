//! `serve`: the HTTPS webhook, with metrics and health beside it.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;

use crate::admin::{self, Readiness};
use crate::cli::ServeArgs;
use crate::engine::Limits;
use crate::manifests::{self, Manifests, Watch};
use crate::metrics::Metrics;
use crate::server::{Drained, Server, Shutdown, Signals};
use crate::settings::{Address, KeySource, ServeSettings};
use crate::spawners::{FileObjects, Spawners};
use crate::telemetry;
use crate::tls::{self, KeyPair, SelfMade, ServingKey};
use crate::webhook::mutate_task::MutateTask;
use crate::webhook::router;

pub(super) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    telemetry::init(args.log_format, &args.log_level)?;
    let settings = ServeSettings::try_from(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(settings))
}

async fn serve(settings: ServeSettings) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::catch().context("signals can't be caught")?;
    let readiness = Readiness::unready("starting");
    let metrics = Arc::new(Metrics::new());
    let pair = serving_pair(&settings.key)?;
    metrics.set_certificate_expiry(pair.expires());
    let tls = tls::server_config(ServingKey::new(pair))?;
    let spawners = Arc::new(Spawners::new(settings.policy));
    let _watch = follow(&settings.manifests, &spawners, &metrics)?;

    let shutdown = Shutdown::new();
    let answer = MutateTask::new(spawners, Arc::clone(&metrics), Limits::default());
    let webhook = Server::new(router::router(answer, Arc::clone(&metrics)), shutdown.clone());
    let beside = |app| Server::new(app, shutdown.clone()).with_limits(admin::limits());
    let metrics = beside(admin::metrics_router(metrics));
    let health = beside(admin::health_router(readiness.clone()));
    let listeners = (
        listen(&settings.webhook, "webhook").await?,
        listen(&settings.metrics, "metrics").await?,
        listen(&settings.health, "health").await?,
    );
    readiness.set_ready();
    let all = async {
        tokio::join!(
            webhook.serve_tls(listeners.0, tls),
            metrics.serve_plain(listeners.1),
            health.serve_plain(listeners.2),
        )
    };
    let stop = async {
        signals.next().await;
        tracing::info!("Draining: no new connections, requests in flight are finished");
        readiness.set_unready("draining");
        shutdown.drain();
        signals.next().await;
        tracing::warn!("Aborting: requests in flight are dropped");
        shutdown.abort();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        (webhook, ..) = all => {
            match webhook {
                Drained::Complete => tracing::info!("Stopped"),
                Drained::Cut(connections) => tracing::warn!(connections, "Stopped with connections open"),
            }
            Ok(ExitCode::SUCCESS)
        }
        () = stop => Ok(ExitCode::SUCCESS),
    }
}

fn serving_pair(source: &KeySource) -> anyhow::Result<KeyPair> {
    match source {
        KeySource::Files { cert, key } => Ok(KeyPair::from_files(cert, key)?),
        KeySource::SelfMade => {
            let made = SelfMade::new()?;
            tracing::info!("Made a certificate for this run: no client trusts it by itself");
            Ok(made.pair)
        }
    }
}

async fn listen(address: &Address, what: &'static str) -> anyhow::Result<TcpListener> {
    let Address { flag, host, port } = address;
    let listener = TcpListener::bind((host.as_str(), *port))
        .await
        .with_context(|| format!("{flag} {host}:{port} can't be listened on"))?;
    tracing::info!(listener = what, address = %listener.local_addr()?, "Listening");
    Ok(listener)
}

/// Loads the manifests, and loads them again whenever they change, until the watch is dropped.
fn follow(path: &Path, spawners: &Arc<Spawners>, metrics: &Arc<Metrics>) -> anyhow::Result<Watch> {
    let mut files = FileObjects::default();
    let (spawners, metrics) = (Arc::clone(spawners), Arc::clone(metrics));
    let mut load = move |read: Manifests| {
        let (objects, unusable) = files.update(read);
        for problem in unusable {
            tracing::error!(%problem, "A manifest needs mending; if it was good before, that stays");
        }
        for found in spawners.replace(objects) {
            tracing::warn!(
                namespace = found.namespace,
                spawner = found.spawner,
                kind = found.problem.kind.as_str(),
                key = found.problem.key,
                reason = found.problem.reason.as_str(),
                problem = found.problem.message,
                "A TaskSpawner needs mending"
            );
        }
        let known = spawners.snapshot();
        metrics.set_rules(known.spawner_count(), known.invalid_templates());
        tracing::info!(spawners = known.spawner_count(), "Loaded manifests");
    };
    let context = || format!("--manifests {} can't be watched", path.display());
    path.metadata().with_context(|| format!("--manifests {} can't be read", path.display()))?;
    let (changes, changed) = std::sync::mpsc::channel();
    let (first, watch) =
        manifests::watch(path, move |read| drop(changes.send(read))).with_context(context)?;
    load(first);
    std::thread::Builder::new()
        .name("rules".to_owned())
        .spawn(move || changed.into_iter().for_each(load))
        .with_context(context)?;
    Ok(watch)
}

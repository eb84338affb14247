//! `serve`: the HTTPS webhook, with metrics and health beside it.

mod key;
mod rules;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::key::Key;
use self::rules::Rules;
use crate::admin::{self, Readiness};
use crate::cli::ServeArgs;
use crate::cluster;
use crate::engine::Limits;
use crate::metrics::Metrics;
use crate::server::{Drained, Server, Shutdown, Signals};
use crate::settings::{Address, RulesSource, ServeSettings};
use crate::spawners::{LiveLookup, Spawners};
use crate::telemetry;
use crate::tls;
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
    let client = match &settings.rules {
        RulesSource::Cluster { kubeconfig } => Some(cluster::connect(kubeconfig.as_deref()).await?),
        RulesSource::Manifests(_) => None,
    };
    let key = Key::start(&settings.key, client.as_ref(), &metrics)?;
    let tls = tls::server_config(Arc::clone(&key.serving))?;
    let spawners = Arc::new(Spawners::new(settings.policy));
    let answer = MutateTask::new(Arc::clone(&spawners), Arc::clone(&metrics), Limits::default());
    let (answer, rules) = match (&settings.rules, client) {
        (RulesSource::Manifests(folder), _) => {
            (answer, Rules::from_manifests(folder, &spawners, &metrics)?)
        }
        (RulesSource::Cluster { .. }, client) => {
            let client = client.context("rules from a cluster need a client")?;
            let live = LiveLookup::new(client.clone(), Arc::clone(&spawners), Arc::clone(&metrics));
            let live = Arc::new(live);
            let rules = Rules::from_cluster(&client, &spawners, &live, &metrics)?;
            (answer.with_live_lookup(live), rules)
        }
    };

    let shutdown = Shutdown::new();
    let webhook = Server::new(router::router(answer, Arc::clone(&metrics)), shutdown.clone());
    let beside = |app| Server::new(app, shutdown.clone()).with_limits(admin::limits());
    let metrics = beside(admin::metrics_router(metrics));
    let health = beside(admin::health_router(readiness.clone()));
    let listeners = (
        listen(&settings.webhook, "webhook").await?,
        listen(&settings.metrics, "metrics").await?,
        listen(&settings.health, "health").await?,
    );
    let ready = async {
        readiness.set_unready("waiting for the serving key");
        until(key.loaded.clone()).await;
        readiness.set_unready(
            "waiting for the first list of TaskSpawners, Workspaces, WorkerPools and Namespaces",
        );
        until(rules.loaded.clone()).await;
        readiness.set_ready();
        tracing::info!("Ready");
        std::future::pending::<()>().await;
    };
    let all = async {
        tokio::join!(
            webhook.serve_tls(listeners.0, tls),
            metrics.serve_plain(listeners.1),
            health.serve_plain(listeners.2),
        )
    };
    let stop = async {
        // From the first signal on nothing makes the process ready again.
        tokio::select! {
            () = signals.next() => (),
            () = ready => (),
        }
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

/// Returns once it is so; never, if whoever would say so is gone.
async fn until(mut is_so: watch::Receiver<bool>) {
    if is_so.wait_for(|is_so| *is_so).await.is_err() {
        std::future::pending().await
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

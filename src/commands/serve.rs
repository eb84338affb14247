//! `serve`: the HTTPS webhook, with metrics and health beside it.

mod beside;
mod clients;
mod key;
mod life_cycle;
mod rule_feed;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use kube::Client;

use self::beside::Beside;
use self::clients::Clients;
use self::key::Key;
use self::life_cycle::LifeCycle;
use self::rule_feed::RuleFeed;
use super::defaults::DefaultsFile;
use super::listen::listen;
use crate::cli::ServeArgs;
use crate::cluster;
use crate::engine::Limits;
use crate::engine::kelos::Shape;
use crate::readiness::Readiness;
use crate::server::{Drained, Server, Shutdown, Signals};
use crate::settings::{RulesSource, ServeSettings};
use crate::spawners::{LiveLookup, Spawners};
use crate::telemetry::{self, DroppedLines};
use crate::tls::{self, ClientRejection};
use crate::webhook::Metrics;
use crate::webhook::mutate_task::MutateTask;
use crate::webhook::router;
use crate::webhook::validate_spawner::ValidateSpawner;

pub(super) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let log = telemetry::init(args.log_format, args.log_level.as_str())?;
    let settings = ServeSettings::try_from(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(settings, log.dropped_lines()))
}

async fn serve(settings: ServeSettings, dropped_lines: DroppedLines) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::catch().context("signals can't be caught")?;
    let readiness = Readiness::unready("starting");
    let metrics = Arc::new(Metrics::new());
    metrics.count_dropped_lines(move || dropped_lines.count());
    let client = match &settings.rules {
        RulesSource::Cluster { kubeconfig } => Some(cluster::connect(kubeconfig.as_deref()).await?),
        RulesSource::Manifests(_) => None,
    };
    let key = Key::start(&settings.key, client.as_ref(), &metrics)?;
    let clients = settings.clients.as_ref().map(Clients::start).transpose()?;
    let trusted = clients.as_ref().map(|clients| Arc::clone(&clients.trusted));
    let tls = tls::server_config_for(Arc::clone(&key.serving), trusted)?;
    let (Answers { mutate_task, validate_spawner }, rules) = follow(&settings, client, &metrics)?;
    let mutate_session =
        settings.shapes.contains(&Shape::Session).then(|| mutate_task.of_sessions());

    let shutdown = Shutdown::new();
    let webhook = Server::new(
        router::paths(mutate_task, mutate_session, validate_spawner, Arc::clone(&metrics)),
        shutdown.clone(),
    )
    .with_rejections(|error| ClientRejection::of(error).map(ClientRejection::message));
    let listener = listen(&settings.webhook, "webhook").await?;
    let beside = Beside::start(&settings, &metrics, &readiness).await?;
    let mut webhook = tokio::spawn(webhook.serve_tls(listener, tls));

    let life = LifeCycle { readiness, shutdown, delay: settings.shutdown_delay };
    let cause = tokio::select! {
        cause = life.until_the_end(&mut signals, key.loaded.clone(), rules.loaded.clone()) => cause,
        ended = &mut webhook => bail!("nobody accepts connections any more: {ended:?}"),
    };
    match life.end(&mut signals, webhook).await? {
        Drained::Complete => tracing::info!("Stopped"),
        Drained::Cut(connections) => {
            tracing::warn!(connections, "Stopped with connections open");
        }
    }
    // They are asked until the end: whether it is alive, and how the last calls went.
    beside.end();
    Ok(cause.exit_code())
}

/// What answers requests.
struct Answers {
    mutate_task: MutateTask,
    validate_spawner: ValidateSpawner,
}

/// Begins to follow the rules; gives what answers with them.
fn follow(
    settings: &ServeSettings,
    client: Option<Client>,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<(Answers, RuleFeed)> {
    let mut policy = settings.policy.clone();
    let path = settings.defaults.as_deref();
    let file =
        path.map(|path| DefaultsFile::open(path, &policy, metrics.spawners())).transpose()?;
    let (file, first) = file.unzip();
    if let Some(defaults) = first.flatten() {
        policy.defaults = defaults;
    }
    let spawners = Arc::new(Spawners::new(policy));
    let mutate_task =
        MutateTask::new(Arc::clone(&spawners), Arc::clone(metrics), Limits::default());
    let validate_spawner = ValidateSpawner::new(Arc::clone(&spawners), Arc::clone(metrics));
    let (mutate_task, rules) = match (&settings.rules, client) {
        (RulesSource::Manifests(folder), _) => (
            mutate_task,
            RuleFeed::from_manifests(folder, &settings.shapes, file, &spawners, metrics)?,
        ),
        (RulesSource::Cluster { .. }, client) => {
            let client = client.context("rules from a cluster need a client")?;
            let live = LiveLookup::new(
                client.clone(),
                Arc::clone(&spawners),
                Arc::clone(metrics.spawners()),
            );
            let live = Arc::new(live);
            let rules =
                RuleFeed::from_cluster(&client, &settings.shapes, file, &spawners, &live, metrics)?;
            (mutate_task.with_live_lookup(live), rules)
        }
    };
    Ok((Answers { mutate_task, validate_spawner }, rules))
}

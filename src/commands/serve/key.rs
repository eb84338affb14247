//! Where the serving key comes from, and how it is changed.

use std::sync::Arc;

use anyhow::Context;
use kube::Client;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::sync::watch;

use crate::cluster::{Change, Reflector, Resource, Scope};
use crate::metrics::Metrics;
use crate::settings::KeySource;
use crate::tls::{self, CERT_FLAG, KeyPair, Secret, SelfMade, ServingKey, TlsError};
use crate::watch::Watch;

/// Secrets.
const SECRETS: Resource =
    Resource { group: "", versions: &["v1"], plural: "secrets", metadata_only: false };

/// The serving key, which follows its source for as long as this is kept.
pub(super) struct Key {
    /// What new connections are served with.
    pub(super) serving: Arc<ServingKey>,
    /// Whether there is one.
    pub(super) loaded: watch::Receiver<bool>,
    _files: Option<Watch>,
}

/// Puts pairs in their place.
struct Keeper {
    serving: Arc<ServingKey>,
    metrics: Arc<Metrics>,
    loaded: watch::Sender<bool>,
}

impl Key {
    /// Loads the key, and again whenever its source changes. One in files must be there; a Secret is
    /// waited for.
    pub(super) fn start(
        source: &KeySource,
        client: Option<&Client>,
        metrics: &Arc<Metrics>,
    ) -> anyhow::Result<Key> {
        let (loaded, is_loaded) = watch::channel(false);
        let keeper =
            Keeper { serving: ServingKey::awaited(), metrics: Arc::clone(metrics), loaded };
        let serving = Arc::clone(&keeper.serving);
        let mut files = None;
        match source {
            KeySource::SelfMade => {
                keeper.take(SelfMade::new()?.pair);
                tracing::info!("Made a certificate for this run: no client trusts it by itself");
            }
            KeySource::Files { cert, key: key_file } => {
                keeper.take(KeyPair::from_files(cert, key_file)?);
                let metrics = Arc::clone(metrics);
                let on_swap = move |pair: &KeyPair| metrics.set_certificate_expiry(pair.expires());
                let watch = tls::follow_files(cert, key_file, Arc::clone(&serving), on_swap)
                    .with_context(|| format!("{CERT_FLAG} {} can't be watched", cert.display()))?;
                files = Some(watch);
            }
            KeySource::Secret { namespace, name } => {
                let client = client.context("--tls-secret needs a cluster")?.clone();
                let (changes, changed) = channel(1);
                let scope = Scope::One { namespace: namespace.clone(), name: name.clone() };
                let origin = format!("--tls-secret {namespace}/{name}");
                let reflector =
                    Reflector::new(client, SECRETS, scope, changes, std::convert::identity, || ());
                tokio::spawn(reflector.run());
                tokio::spawn(keeper.follow(changed, origin));
            }
        }
        Ok(Key { serving, loaded: is_loaded, _files: files })
    }
}

impl Keeper {
    fn take(&self, pair: KeyPair) {
        self.metrics.set_certificate_expiry(pair.expires());
        self.serving.replace(pair);
        self.loaded.send_replace(true);
    }

    /// Takes each good pair of a Secret; a bad one is told, and the last good one serves on.
    async fn follow(self, mut changes: Receiver<Change<Secret>>, origin: String) {
        let mut told = None;
        while let Some(change) = changes.recv().await {
            let found = match change {
                Change::All(secrets) => secrets.into_iter().next(),
                Change::One(secret) => Some(secret),
                Change::Gone { .. } => None,
            };
            let problem = match found.map(|secret| secret.key_pair(&origin)) {
                Some(Ok(pair)) => {
                    self.take(pair);
                    None
                }
                Some(Err(error)) => Some(in_full(&error)),
                None => Some(format!("{origin}: there is no such Secret")),
            };
            if told != problem
                && let Some(problem) = &problem
            {
                tracing::error!(
                    problem,
                    "The serving key needs mending; if there was one, it stays"
                );
            }
            told = problem;
        }
    }
}

fn in_full(error: &TlsError) -> String {
    let source = std::error::Error::source(error).map(|source| format!(": {source}"));
    format!("{error}{}", source.unwrap_or_default())
}

//! Where the serving key comes from, and how it is changed.

use std::sync::Arc;

use anyhow::Context;
use kube::Client;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::sync::watch;

use crate::clock;
use crate::cluster::{Change, Reflector, Resource, Scope};
use crate::metrics::Metrics;
use crate::settings::KeySource;
use crate::tls::{self, CERT_FLAG, KeyPair, Secret, SelfMade, ServingKey, TlsError};
use crate::watch::Watch;

/// The serving key, which follows its source for as long as this is kept.
pub(super) struct Key {
    /// What new connections are served with.
    pub(super) serving: Arc<ServingKey>,
    /// Whether there is one. The sender is gone when nobody follows the source any more.
    pub(super) loaded: watch::Receiver<bool>,
    _files: Option<Watch>,
    /// Whoever has nothing to follow.
    _kept: Option<Keeper>,
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
        let (mut files, mut kept) = (None, None);
        match source {
            KeySource::SelfMade => {
                keeper.take(SelfMade::new()?.pair)?;
                tracing::info!("Made a certificate for this run: no client trusts it by itself");
                kept = Some(keeper);
            }
            KeySource::Files { cert, key: key_file } => {
                keeper.take(KeyPair::from_files(cert, key_file)?)?;
                // It goes with whoever follows the files.
                let on_swap = move |pair: &KeyPair| keeper.has_taken(pair.expires());
                let watch = tls::follow_files(cert, key_file, Arc::clone(&serving), on_swap)
                    .with_context(|| format!("{CERT_FLAG} {} can't be watched", cert.display()))?;
                files = Some(watch);
            }
            KeySource::Secret { namespace, name } => {
                let client = client.context("--tls-secret needs a cluster")?.clone();
                let (changes, changed) = channel(1);
                let scope = Scope::One { namespace: namespace.clone(), name: name.clone() };
                let origin = format!("--tls-secret {namespace}/{name}");
                let reflector = Reflector::new(client, Resource::SECRETS, scope, changes, Some);
                tokio::spawn(reflector.run());
                tokio::spawn(keeper.follow(changed, origin));
            }
        }
        Ok(Key { serving, loaded: is_loaded, _files: files, _kept: kept })
    }
}

impl Keeper {
    fn take(&self, pair: KeyPair) -> Result<(), TlsError> {
        let expires = pair.expires();
        self.serving.offer(pair, clock::seconds())?;
        self.has_taken(expires);
        Ok(())
    }

    fn has_taken(&self, expires: i64) {
        self.metrics.set_certificate_expiry(expires);
        self.loaded.send_replace(true);
    }

    /// Takes each good pair of a Secret; a bad one is told, and the last good one serves on. A Secret
    /// that is not there yet, or has no pair yet, is waited for: at first a controller is at work.
    async fn follow(self, mut changes: Receiver<Change<Secret>>, origin: String) {
        let (mut told, mut listed) = (None, None);
        while let Some(change) = changes.recv().await {
            let found = match change {
                Change::Listing | Change::Alive => continue,
                Change::Page(secrets) => {
                    listed = secrets.into_iter().next().or(listed);
                    continue;
                }
                Change::Listed => listed.take(),
                Change::One(secret) => Some(secret),
                Change::Gone { .. } => None,
            };
            let is_empty = found.as_ref().is_none_or(Secret::is_empty);
            let pair = found.map(|secret| secret.key_pair(&origin, clock::seconds()));
            let problem = match pair.map(|pair| self.take(pair?)) {
                Some(Ok(())) => None,
                Some(Err(error)) => Some(in_full(&error)),
                None => Some(format!("{origin}: there is no such Secret")),
            };
            let is_awaited = is_empty && !*self.loaded.borrow();
            if told != problem
                && let Some(problem) = &problem
            {
                if is_awaited {
                    tracing::info!(problem, "Waiting for the Secret with the serving key");
                } else {
                    tracing::error!(
                        problem,
                        "The serving key needs mending; if there was one, it stays"
                    );
                }
            }
            told = problem;
        }
    }
}

fn in_full(error: &TlsError) -> String {
    let source = std::error::Error::source(error).map(|source| format!(": {source}"));
    format!("{error}{}", source.unwrap_or_default())
}

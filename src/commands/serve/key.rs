//! Where the serving key comes from: what is followed, and who hears of it.

use std::sync::Arc;

use anyhow::Context;
use kube::Client;
use tokio::sync::mpsc::channel;
use tokio::sync::watch;

use crate::cluster::{Reflector, Resource, Scope};
use crate::settings::KeySource;
use crate::tls::{self, CERT_FLAG, KeyPair, SelfSigned, ServingKey};
use crate::watch::Watch;
use crate::webhook::Metrics;

/// The serving key, which follows its source for as long as this is kept.
pub(super) struct Key {
    /// What new connections are served with.
    pub(super) serving: Arc<ServingKey>,
    /// Whether there is one. The sender is gone when nobody follows the source any more.
    pub(super) loaded: watch::Receiver<bool>,
    _files: Option<Watch>,
    /// Whoever has nothing to follow.
    _kept: Option<watch::Sender<bool>>,
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
        let serving = ServingKey::awaited();
        let expiry = Arc::clone(metrics);
        let on_swap = move |pair: &KeyPair, loaded: &watch::Sender<bool>| {
            expiry.set_certificate_expiry(pair.expires());
            loaded.send_replace(true);
        };
        let (mut files, mut kept) = (None, None);
        match source {
            KeySource::SelfSigned => {
                let pair = SelfSigned::new()?.pair;
                serving.replace(pair.clone());
                on_swap(&pair, &loaded);
                tracing::info!("Made a certificate for this run: no client trusts it by itself");
                kept = Some(loaded);
            }
            KeySource::Files { cert, key: key_file } => {
                let pair = KeyPair::from_files(cert, key_file)?;
                serving.replace(pair.clone());
                on_swap(&pair, &loaded);
                // The sender goes with whoever follows the files.
                let on_swap = move |pair: &KeyPair| on_swap(pair, &loaded);
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
                let on_swap = move |pair: &KeyPair| on_swap(pair, &loaded);
                tokio::spawn(tls::follow_secret(changed, origin, Arc::clone(&serving), on_swap));
            }
        }
        Ok(Key { serving, loaded: is_loaded, _files: files, _kept: kept })
    }
}

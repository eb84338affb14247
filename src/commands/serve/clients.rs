//! Which clients the webhook answers.

use std::sync::Arc;

use anyhow::Context;

use crate::settings::ClientSettings;
use crate::tls::{self, CLIENT_CA_FLAG, TrustedClients};
use crate::watch::Watch;

/// The clients that are answered; their CA follows its file for as long as this is kept.
pub(super) struct Clients {
    /// What asks them for a certificate.
    pub(super) trusted: Arc<TrustedClients>,
    _file: Watch,
}

impl Clients {
    /// Reads the CA, which must be there, and again whenever it changes.
    pub(super) fn start(settings: &ClientSettings) -> anyhow::Result<Clients> {
        let ClientSettings { ca_file, names } = settings;
        let trusted = TrustedClients::from_file(ca_file, names.clone())?;
        let file = tls::follow_client_ca(ca_file, Arc::clone(&trusted))
            .with_context(|| format!("{CLIENT_CA_FLAG} {} can't be watched", ca_file.display()))?;
        tracing::info!(file = %ca_file.display(), names = ?names, "Only clients with a certificate are answered");
        Ok(Clients { trusted, _file: file })
    }
}

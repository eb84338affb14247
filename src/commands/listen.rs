//! Where a command that serves listens.

use anyhow::Context;
use tokio::net::TcpListener;

use crate::settings::Address;

/// Listens, and says where; `what` names the listener in the log.
///
/// # Errors
/// What keeps it from that, with the flag that the address came from.
pub(super) async fn listen(address: &Address, what: &'static str) -> anyhow::Result<TcpListener> {
    let Address { flag, host, port } = address;
    let listener = TcpListener::bind((host.as_str(), *port))
        .await
        .with_context(|| format!("{flag} {host}:{port} can't be listened on"))?;
    tracing::info!(listener = what, address = %listener.local_addr()?, "Listening");
    Ok(listener)
}

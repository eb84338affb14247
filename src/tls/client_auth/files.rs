//! The CAs of clients, which follow their file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{CLIENT_CA_FLAG, ClientCas, TrustedClients};
use crate::tls::reload::Reload;
use crate::tls::{PemPart, TlsError};
use crate::watch::{FileWatcher, Stamp, Watch, WatchTarget};

/// The file with the CAs.
#[derive(Clone, Debug)]
struct CaFile(PathBuf);

impl WatchTarget for CaFile {
    type Fingerprint = Option<Stamp>;

    fn paths(&self) -> Vec<&Path> {
        vec![&self.0]
    }

    fn fingerprint(&self) -> Self::Fingerprint {
        Stamp::of_path(&self.0)
    }
}

/// Reads the CAs from a file.
pub(super) fn load(file: &Path) -> Result<ClientCas, TlsError> {
    parse(file, &read(file)?)
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|source| TlsError::Read { origin: origin(file), source })
}

fn parse(file: &Path, pem: &[u8]) -> Result<ClientCas, TlsError> {
    ClientCas::from_pem(PemPart { origin: &origin(file), pem })
}

fn origin(file: &Path) -> String {
    format!("{CLIENT_CA_FLAG} {}", file.display())
}

/// Trusts what this file holds whenever it changes, until the watch is dropped.
///
/// A file that holds no CA is logged, once, and the last good one stays trusted. The file is read
/// once more at once, so that nothing is missed since it was read to start with.
///
/// # Errors
/// When the system gives no thread.
pub fn follow_client_ca(file: &Path, clients: Arc<TrustedClients>) -> io::Result<Watch> {
    let watcher = FileWatcher::open(CaFile(file.to_owned()));
    let (mut reload, file) = (Reload::default(), file.to_owned());
    let mut is_first = true;
    let mut follow = move || {
        let problem = reload.take(read(&file), |pem| {
            clients.replace(parse(&file, pem)?);
            if !is_first {
                tracing::info!(file = %file.display(), "Rotated the client CA");
            }
            Ok(())
        });
        is_first = false;
        if let Some(problem) = problem {
            tracing::error!(problem, "Rejected the new client CA; keeping the previous one");
        }
    };
    follow();
    watcher.follow("client-ca", follow)
}

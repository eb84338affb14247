//! An authority that follows its file.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Authority, CLIENT_CA_FLAG, TrustedClients};
use crate::tls::{PemPart, TlsError};
use crate::watch::{Eye, Stamp, Subject, Watch};

/// The file of the authority.
#[derive(Clone, Debug)]
struct CaFile(PathBuf);

impl Subject for CaFile {
    type Seen = Option<Stamp>;

    fn paths(&self) -> Vec<&Path> {
        vec![&self.0]
    }

    fn look(&self) -> Self::Seen {
        Stamp::of_path(&self.0)
    }
}

/// Reads the authority from a file.
pub(super) fn load(file: &Path) -> Result<Authority, TlsError> {
    parse(file, &read(file)?)
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|source| TlsError::Read { origin: origin(file), source })
}

fn parse(file: &Path, pem: &[u8]) -> Result<Authority, TlsError> {
    Authority::from_pem(PemPart { origin: &origin(file), pem })
}

fn origin(file: &Path) -> String {
    format!("{CLIENT_CA_FLAG} {}", file.display())
}

/// Trusts what this file holds whenever it changes, until the watch is dropped.
///
/// A file that holds no authority is logged, once a change, and the last good one counts on. The
/// file is read once more at once, so that nothing is missed since it was read to start with.
///
/// # Errors
/// When the system gives no thread.
pub fn follow_client_ca(file: &Path, clients: Arc<TrustedClients>) -> io::Result<Watch> {
    let eye = Eye::open(CaFile(file.to_owned()));
    let mut follower = Follower { file: file.to_owned(), clients, last: None };
    follower.reload();
    eye.follow("client-ca", move || follower.reload())
}

struct Follower {
    file: PathBuf,
    clients: Arc<TrustedClients>,
    /// What was found the last time, or what was said instead.
    last: Option<Result<Vec<u8>, String>>,
}

impl Follower {
    fn reload(&mut self) {
        let found = read(&self.file);
        let is_first = self.last.is_none();
        let seen = found.as_ref().map(Vec::clone).map_err(ToString::to_string);
        let seen = Some(seen);
        if std::mem::replace(&mut self.last, seen.clone()) == seen {
            return;
        }
        match found.and_then(|pem| parse(&self.file, &pem)) {
            Ok(authority) => {
                self.clients.replace(authority);
                if !is_first {
                    tracing::info!(file = %self.file.display(), "Trusting clients of a new authority");
                }
            }
            Err(error) => {
                let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
                tracing::error!(
                    problem = %format_args!("{error}{cause}"),
                    "The authority of clients needs mending; the last good one counts on"
                );
            }
        }
    }
}

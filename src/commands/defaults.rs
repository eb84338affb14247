//! The file of `--defaults`: read once, or followed.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use super::complain;
use crate::cli::PolicyArgs;
use crate::engine::rules::{DEFAULTS_BYTES, Defaults, DefaultsError, Policy};
use crate::hex::hex;
use crate::settings;
use crate::spawners::SpawnerMetrics;
use crate::telemetry::LogOnce;
use crate::watch::{FileWatcher, Stamp, Watch, WatchTarget};

/// How many mistakes of one version of the file are logged.
const LOGGED_ERRORS: usize = 8;

/// The policy of a command that runs once.
pub(super) fn policy(args: &PolicyArgs) -> anyhow::Result<Policy> {
    let policy = settings::policy(args)?;
    let Some(path) = &args.defaults else { return Ok(policy) };
    let text = read(path).with_context(|| unreadable(path))?;
    match Defaults::read(&text, &policy) {
        Ok(defaults) => Ok(Policy { defaults: Arc::new(defaults), ..policy }),
        Err(errors) => {
            for DefaultsError { line, message } in errors {
                complain(format_args!("{}:{line}: {message}", path.display()));
            }
            bail!("--defaults {} is invalid: none of it counts", path.display())
        }
    }
}

/// The defaults in a file, unless there is something wrong with it: who is offered words is told of no mistake.
pub(super) fn in_file(path: &Path) -> Option<Defaults> {
    Defaults::read(&read(path).ok()?, &Policy::default()).ok()
}

/// The file that `serve` follows.
pub(super) struct DefaultsFile {
    /// Sees each change from before the first reading on.
    watcher: FileWatcher<Target>,
    reader: Reader,
}

/// Reads the file, and tells what became of that.
struct Reader {
    path: PathBuf,
    /// What the file leaves open.
    policy: Policy,
    metrics: Arc<SpawnerMetrics>,
    /// What was logged last.
    told: LogOnce<String>,
    /// The digest of the last good version, if there was one.
    good: Option<[u8; 32]>,
}

impl DefaultsFile {
    /// Reads the file for the first time. An invalid one counts as none until it is mended.
    ///
    /// # Errors
    ///
    /// When there is no such file, or it can't be read.
    pub(super) fn open(
        path: &Path,
        policy: &Policy,
        metrics: &Arc<SpawnerMetrics>,
    ) -> anyhow::Result<(DefaultsFile, Option<Arc<Defaults>>)> {
        read(path).with_context(|| unreadable(path))?;
        let watcher = FileWatcher::open(Target(path.to_owned()));
        let mut reader = Reader::new(path, policy, metrics);
        let first = reader.load();
        Ok((DefaultsFile { watcher, reader }, first))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.watcher.target().0
    }

    /// Reads the file whenever it changes, and gives what it holds to `on_change` if that is valid and new.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub(super) fn follow(
        self,
        on_change: impl FnMut(Arc<Defaults>) + Send + 'static,
    ) -> io::Result<Watch> {
        let (mut reader, mut on_change) = (self.reader, on_change);
        self.watcher.follow("defaults", move || reader.load().into_iter().for_each(&mut on_change))
    }
}

impl Reader {
    fn new(path: &Path, policy: &Policy, metrics: &Arc<SpawnerMetrics>) -> Reader {
        Reader {
            path: path.to_owned(),
            policy: policy.clone(),
            metrics: Arc::clone(metrics),
            told: LogOnce::default(),
            good: None,
        }
    }

    /// What the file holds; nothing if it is invalid, which is told once, or says what the last good version
    /// said.
    fn load(&mut self) -> Option<Arc<Defaults>> {
        let text = match read(&self.path) {
            Ok(text) => text,
            Err(error) => {
                self.metrics.set_defaults_valid(false);
                if self.told.is_news(error.to_string()) {
                    let holds = self.what_holds();
                    tracing::error!(%error, "The file of defaults can't be read; {holds}");
                }
                return None;
            }
        };
        let digest: [u8; 32] = Sha256::digest(&text).into();
        let read = Defaults::read(&text, &self.policy);
        self.metrics.set_defaults_valid(read.is_ok());
        if !self.told.is_news(text) {
            return None;
        }
        match read {
            Ok(defaults) => {
                tracing::info!(sha256 = hex(&digest), "Loaded defaults");
                let is_new = self.good.replace(digest) != Some(digest);
                is_new.then(|| Arc::new(defaults))
            }
            Err(errors) => {
                let holds = self.what_holds();
                for DefaultsError { line, message } in errors.iter().take(LOGGED_ERRORS) {
                    let problem = message;
                    tracing::error!(line, problem, "The file of defaults is invalid; {holds}");
                }
                None
            }
        }
    }

    /// What holds while the file is no good.
    fn what_holds(&self) -> &'static str {
        match self.good {
            Some(_) => "the last good version stays",
            None => "there are no defaults until it is mended",
        }
    }
}

fn unreadable(path: &Path) -> String {
    format!("--defaults {} can't be read", path.display())
}

/// Reads the file as far as one can be valid, and a byte more.
fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(DEFAULTS_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > DEFAULTS_BYTES {
        // The cut may be within a letter; that it is too long is told by who reads it.
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    let no_text = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    String::from_utf8(bytes).map_err(no_text)
}

/// The file, to be watched.
struct Target(PathBuf);

impl WatchTarget for Target {
    type Fingerprint = Option<Stamp>;

    fn paths(&self) -> Vec<&Path> {
        vec![&self.0]
    }

    fn fingerprint(&self) -> Self::Fingerprint {
        Stamp::of_path(&self.0)
    }
}

#[cfg(test)]
mod tests;

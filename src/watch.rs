//! Seeing files change, whoever changes them and however.
//!
//! Whoever reads files again when they change brings a [`WatchTarget`]; a [`FileWatcher`] sees its
//! changes, by events where there are any, and by polling where there are none.

mod stamp;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

pub use self::stamp::Stamp;

/// A burst of changes is over when nothing came for this long.
const QUIET: Duration = Duration::from_millis(200);
/// A burst that does not end is read this often all the same.
const LONGEST_BURST: Duration = Duration::from_secs(2);
/// How often it is looked without an event: inotify has blind spots, such as network file systems,
/// a folder that is replaced as a whole, and links that lead out of it.
const POLL: Duration = Duration::from_secs(5);

/// What is watched.
pub trait WatchTarget: Send + 'static {
    /// What tells one state from another without reading what is in the files.
    type Fingerprint: PartialEq + Send;

    /// The files or folders. A folder is watched with its subfolders, a file by the folder it is in.
    fn paths(&self) -> Vec<&Path>;

    /// What is there now.
    fn fingerprint(&self) -> Self::Fingerprint;
}

/// A watch that lasts until it is dropped.
#[derive(Debug)]
pub struct Watch {
    stopped: Arc<AtomicBool>,
    wake: SyncSender<()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // A full channel means that the thread is about to look anyway.
        let _ = self.wake.try_send(());
    }
}

/// Sees every change of its target from the moment it is opened.
pub struct FileWatcher<T: WatchTarget> {
    target: T,
    wake: SyncSender<()>,
    woken: Receiver<()>,
    poll: Duration,
    events: Option<RecommendedWatcher>,
    identity: Vec<Option<(u64, u64)>>,
    fingerprint: T::Fingerprint,
}

impl<T: WatchTarget> FileWatcher<T> {
    /// Begins to see. What is read from now on is never older than what will be told.
    ///
    /// When the system gives no inotify watch, that is logged, and it looks every few seconds
    /// instead. A path that does not exist yet is watched too.
    pub fn open(target: T) -> FileWatcher<T> {
        FileWatcher::open_with(POLL, target)
    }

    /// Looks so often without an event.
    pub(crate) fn open_with(poll: Duration, target: T) -> FileWatcher<T> {
        let (wake, woken) = sync_channel(1);
        let fingerprint = target.fingerprint();
        let mut watcher = FileWatcher {
            target,
            wake,
            woken,
            poll,
            events: None,
            identity: Vec::new(),
            fingerprint,
        };
        watcher.watch();
        watcher
    }

    /// What is watched.
    pub fn target(&self) -> &T {
        &self.target
    }

    /// Calls `on_change` whenever something may have changed, on a thread of this name.
    ///
    /// Changes are told about 200 ms after the last of a burst, those that raise no event after
    /// some seconds.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn follow(
        self,
        thread_name: &str,
        on_change: impl FnMut() + Send + 'static,
    ) -> io::Result<Watch> {
        let stopped = Arc::new(AtomicBool::new(false));
        let watch = Watch { stopped: Arc::clone(&stopped), wake: self.wake.clone() };
        thread::Builder::new()
            .name(thread_name.to_owned())
            .spawn(move || self.run(&stopped, on_change))?;
        Ok(watch)
    }

    /// Asks for events of what is at the paths now.
    fn watch(&mut self) {
        self.events = None;
        self.identity = self.identities();
        let wake = self.wake.clone();
        let opened = notify::recommended_watcher(move |event| {
            if is_change(&event) {
                let _ = wake.try_send(());
            }
        })
        .and_then(|mut watcher| {
            for (target, mode) in self.targets() {
                watcher.watch(&target, mode)?;
            }
            Ok(watcher)
        });
        match opened {
            Ok(watcher) => self.events = Some(watcher),
            Err(error) => tracing::warn!(
                paths = ?self.target.paths(), %error,
                "No change events for files (inotify failed); polling them every {} s instead",
                self.poll.as_secs()
            ),
        }
    }

    /// What is to be watched for the paths that exist, each once.
    fn targets(&self) -> Vec<(PathBuf, RecursiveMode)> {
        let mut targets = Vec::new();
        for path in self.target.paths() {
            if identity(path).is_none() {
                continue;
            }
            // Whoever replaces a file leaves a watch on the old one behind: its folder tells.
            let (target, mode) = match path.parent() {
                Some(parent) if !path.is_dir() => (parent, RecursiveMode::NonRecursive),
                _ => (path, RecursiveMode::Recursive),
            };
            let target = if target.as_os_str().is_empty() { Path::new(".") } else { target };
            let target = (target.to_owned(), mode);
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        targets
    }

    fn identities(&self) -> Vec<Option<(u64, u64)>> {
        self.target.paths().into_iter().map(identity).collect()
    }

    /// Looks again; says whether something differs from the last time.
    fn has_changed(&mut self) -> bool {
        let now = self.target.fingerprint();
        let differs = now != self.fingerprint;
        self.fingerprint = now;
        differs
    }

    fn run(mut self, stopped: &AtomicBool, mut on_change: impl FnMut()) {
        loop {
            let by_event = match self.woken.recv_timeout(self.poll) {
                Ok(()) => {
                    self.wait_for_quiet(stopped);
                    true
                }
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if stopped.load(Ordering::Acquire) {
                return;
            }
            let replaced = self.identities() != self.identity;
            // Looked at before it is read: what changes in between is seen the next time.
            let differs = self.has_changed();
            if !by_event && !differs {
                continue;
            }
            // What no event told of lies outside of what is watched: watch anew.
            if replaced || !by_event {
                self.watch();
                self.has_changed();
            }
            // A fault in one reading must not end the watch; the panic hook has reported it.
            let _ = catch_unwind(AssertUnwindSafe(&mut on_change));
        }
    }

    fn wait_for_quiet(&self, stopped: &AtomicBool) {
        let begun = Instant::now();
        while begun.elapsed() < LONGEST_BURST
            && !stopped.load(Ordering::Acquire)
            && self.woken.recv_timeout(QUIET).is_ok()
        {}
    }
}

/// What is at a path at the moment, behind all links; `None` when there is nothing.
fn identity(path: &Path) -> Option<(u64, u64)> {
    Stamp::of_path(path).map(Stamp::identity)
}

/// Whether an event speaks of a change. Reading raises events too, which must not lead to reading.
fn is_change(event: &notify::Result<Event>) -> bool {
    match event.as_ref().map(|event| event.kind) {
        Ok(EventKind::Access(access)) => access == AccessKind::Close(AccessMode::Write),
        Ok(_) | Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_is_no_change() {
        let opened = Event::new(EventKind::Access(AccessKind::Open(AccessMode::Any)));
        assert!(!is_change(&Ok(opened)));
        let written = Event::new(EventKind::Access(AccessKind::Close(AccessMode::Write)));
        assert!(is_change(&Ok(written)));
    }
}

//! Reading a folder again whenever it changes.

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

use super::files::{self, Listing};
use super::{Manifests, read};

/// A burst of changes is over when nothing came for this long.
const QUIET: Duration = Duration::from_millis(200);
/// A burst that does not end is read this often all the same.
const LONGEST_BURST: Duration = Duration::from_secs(2);
/// How often the folder is looked at without an event: inotify has blind spots, such as network
/// file systems, a folder that is replaced as a whole, and links that lead out of it.
const POLL: Duration = Duration::from_secs(5);

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

/// Reads a folder or file now, and again whenever it has changed.
///
/// `on_change` is called on a thread of its own with what each later reading found; it may be
/// called although nothing has changed. Changes are seen about 200 ms after the last of a burst,
/// those that raise no event after some seconds. Nothing is missed between the first reading and
/// the start of the watch. A path that does not exist yet is watched too.
///
/// # Errors
/// When the system gives no thread. When it gives no inotify watch, that is logged, and the folder
/// is looked at every few seconds instead.
pub fn watch(
    path: &Path,
    on_change: impl FnMut(Manifests) + Send + 'static,
) -> io::Result<(Manifests, Watch)> {
    watch_every(POLL, path, on_change)
}

fn watch_every(
    poll: Duration,
    path: &Path,
    on_change: impl FnMut(Manifests) + Send + 'static,
) -> io::Result<(Manifests, Watch)> {
    let (wake, woken) = sync_channel(1);
    let stopped = Arc::new(AtomicBool::new(false));
    let mut eye = Eye::new(path.to_owned(), wake.clone());
    eye.look();
    let first = read(path);
    let watcher = Loop { eye, woken, stopped: Arc::clone(&stopped), poll };
    thread::Builder::new().name("manifests".to_owned()).spawn(move || watcher.run(on_change))?;
    Ok((first, Watch { stopped, wake }))
}

/// Sees changes of a path: by events where there are any, by comparing listings where not.
struct Eye {
    path: PathBuf,
    wake: SyncSender<()>,
    events: Option<RecommendedWatcher>,
    identity: Option<(u64, u64)>,
    seen: Listing,
}

impl Eye {
    fn new(path: PathBuf, wake: SyncSender<()>) -> Eye {
        let mut eye = Eye { path, wake, events: None, identity: None, seen: Listing::default() };
        eye.open();
        eye
    }

    /// Watches what is at the path now.
    fn open(&mut self) {
        self.events = None;
        self.identity = files::identity(&self.path);
        if self.identity.is_none() {
            return;
        }
        let wake = self.wake.clone();
        let opened = notify::recommended_watcher(move |event| {
            if is_change(&event) {
                let _ = wake.try_send(());
            }
        })
        .and_then(|mut watcher| {
            // Whoever replaces a file leaves a watch on the old one behind: its folder tells.
            let (target, mode) = match self.path.parent() {
                Some(parent) if !self.path.is_dir() => (parent, RecursiveMode::NonRecursive),
                _ => (self.path.as_path(), RecursiveMode::Recursive),
            };
            let target = if target.as_os_str().is_empty() { Path::new(".") } else { target };
            watcher.watch(target, mode)?;
            Ok(watcher)
        });
        match opened {
            Ok(watcher) => self.events = Some(watcher),
            Err(error) => tracing::warn!(
                path = %self.path.display(), %error,
                "no change events for the manifests; looking at them every {} s instead",
                POLL.as_secs()
            ),
        }
    }

    /// Takes a new listing; says whether it differs from the last one.
    fn look(&mut self) -> bool {
        let now = files::list(&self.path);
        let differs = now != self.seen;
        self.seen = now;
        differs
    }
}

/// Whether an event speaks of a change. Reading raises events too, which must not lead to reading.
fn is_change(event: &notify::Result<Event>) -> bool {
    match event.as_ref().map(|event| event.kind) {
        Ok(EventKind::Access(access)) => access == AccessKind::Close(AccessMode::Write),
        Ok(_) | Err(_) => true,
    }
}

/// The thread behind a [`Watch`].
struct Loop {
    eye: Eye,
    woken: Receiver<()>,
    stopped: Arc<AtomicBool>,
    poll: Duration,
}

impl Loop {
    fn run(mut self, mut on_change: impl FnMut(Manifests)) {
        loop {
            let by_event = match self.woken.recv_timeout(self.poll) {
                Ok(()) => {
                    self.wait_for_quiet();
                    true
                }
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if self.stopped.load(Ordering::Acquire) {
                return;
            }
            let replaced = files::identity(&self.eye.path) != self.eye.identity;
            // Looked at before it is read: what changes in between is seen the next time.
            let differs = self.eye.look();
            if !by_event && !differs {
                continue;
            }
            // What no event told of lies outside of what is watched: watch anew.
            if replaced || !by_event {
                self.eye.open();
                self.eye.look();
            }
            let found = read(&self.eye.path);
            // A fault in one reading must not end the watch; the panic hook has reported it.
            let _ = catch_unwind(AssertUnwindSafe(|| on_change(found)));
        }
    }

    fn wait_for_quiet(&self) {
        let begun = Instant::now();
        while begun.elapsed() < LONGEST_BURST
            && !self.stopped.load(Ordering::Acquire)
            && self.woken.recv_timeout(QUIET).is_ok()
        {}
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    /// Far longer than any change takes to be seen.
    const PATIENCE: Duration = Duration::from_secs(20);

    use crate::manifests::Manifest;

    struct Watched {
        _watch: Watch,
        changes: Receiver<Manifests>,
    }

    fn names(found: &Manifests) -> Vec<String> {
        let name = |m: &Manifest| m.object()["metadata"]["name"].as_str().unwrap().to_owned();
        found.objects.iter().map(name).collect()
    }

    fn manifest(name: &str) -> String {
        format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n")
    }

    /// Watches with a poll so slow that only events can be seen in time, or a quick one.
    fn watched(path: &Path, poll: Duration, expected: &[&str]) -> Watched {
        let (send, changes) = channel();
        let on_change = move |found| {
            let _ = send.send(found);
        };
        let (first, watch) = watch_every(poll, path, on_change).unwrap();
        assert_eq!(names(&first), expected);
        Watched { _watch: watch, changes }
    }

    impl Watched {
        /// Waits for a reading that finds just these names.
        fn becomes(&self, expected: &[&str]) {
            let deadline = Instant::now() + PATIENCE;
            let mut last = None;
            while let Ok(found) =
                self.changes.recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                if names(&found) == expected {
                    return;
                }
                last = Some(found);
            }
            panic!("{expected:?} not seen; last: {last:?}");
        }
    }

    const EVENTS_ONLY: Duration = Duration::from_secs(3600);
    const QUICK: Duration = Duration::from_millis(50);

    #[test]
    fn files_that_come_change_and_go_are_seen() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.yaml"), manifest("a")).unwrap();
        let watched = watched(dir.path(), EVENTS_ONLY, &["a"]);
        fs::write(dir.path().join("b.yaml"), manifest("b")).unwrap();
        watched.becomes(&["a", "b"]);
        // As editors do it: a new file takes the place of the old one.
        fs::write(dir.path().join(".a.swp"), manifest("x")).unwrap();
        fs::rename(dir.path().join(".a.swp"), dir.path().join("a.yaml")).unwrap();
        watched.becomes(&["x", "b"]);
        fs::remove_file(dir.path().join("b.yaml")).unwrap();
        watched.becomes(&["x"]);
        let sub = dir.path().join("sub");
        fs::create_dir(&sub).unwrap();
        fs::write(sub.join("c.yaml"), manifest("c")).unwrap();
        watched.becomes(&["x", "c"]);
    }

    /// Lays a ConfigMap mount out as the kubelet does, or changes it by its swap of links.
    fn project(dir: &Path, version: &str, name: &str) {
        let data = dir.join(format!("..{version}"));
        fs::create_dir(&data).unwrap();
        fs::write(data.join("rules.yaml"), manifest(name)).unwrap();
        symlink(format!("..{version}"), dir.join("..data_tmp")).unwrap();
        fs::rename(dir.join("..data_tmp"), dir.join("..data")).unwrap();
    }

    #[test]
    fn a_config_map_is_read_once_and_its_swap_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        project(dir.path(), "2026_01", "old");
        symlink("..data/rules.yaml", dir.path().join("rules.yaml")).unwrap();
        let watched = watched(dir.path(), EVENTS_ONLY, &["old"]);
        project(dir.path(), "2026_02", "new");
        fs::remove_dir_all(dir.path().join("..2026_01")).unwrap();
        watched.becomes(&["new"]);
    }

    #[test]
    fn a_folder_that_is_replaced_is_found_again_and_watched_again() {
        let dir = tempfile::tempdir().unwrap();
        let (rules, aside) = (dir.path().join("rules"), dir.path().join("aside"));
        fs::create_dir(&rules).unwrap();
        fs::write(rules.join("a.yaml"), manifest("a")).unwrap();
        let watched = watched(&rules, QUICK, &["a"]);
        fs::rename(&rules, &aside).unwrap();
        watched.becomes(&[]);
        fs::create_dir(&rules).unwrap();
        fs::write(rules.join("b.yaml"), manifest("b")).unwrap();
        watched.becomes(&["b"]);
        fs::write(rules.join("c.yaml"), manifest("c")).unwrap();
        watched.becomes(&["b", "c"]);
    }

    #[test]
    fn a_single_file_and_a_link_out_of_the_folder_are_watched() {
        let dir = tempfile::tempdir().unwrap();
        let (outside, rules) = (dir.path().join("outside.yaml"), dir.path().join("rules"));
        fs::create_dir(&rules).unwrap();
        fs::write(&outside, manifest("a")).unwrap();
        symlink(&outside, rules.join("link.yaml")).unwrap();
        let folder = watched(&rules, QUICK, &["a"]);
        let file = watched(&outside, EVENTS_ONLY, &["a"]);
        fs::write(dir.path().join("new"), manifest("changed")).unwrap();
        fs::rename(dir.path().join("new"), &outside).unwrap();
        file.becomes(&["changed"]);
        folder.becomes(&["changed"]);
    }

    #[test]
    fn reading_is_no_change_and_a_panic_is_not_the_end() {
        let opened = Event::new(EventKind::Access(AccessKind::Open(AccessMode::Any)));
        assert!(!is_change(&Ok(opened)));
        let written = Event::new(EventKind::Access(AccessKind::Close(AccessMode::Write)));
        assert!(is_change(&Ok(written)));

        let dir = tempfile::tempdir().unwrap();
        let (send, changes) = channel();
        let mut calls = 0;
        let on_change = move |_| {
            calls += 1;
            let _ = send.send(calls);
            assert!(calls > 1, "on purpose");
        };
        let (_, _watch) = watch_every(EVENTS_ONLY, dir.path(), on_change).unwrap();
        fs::write(dir.path().join("a.yaml"), manifest("a")).unwrap();
        assert_eq!(changes.recv_timeout(PATIENCE), Ok(1));
        fs::write(dir.path().join("a.yaml"), manifest("b")).unwrap();
        assert_eq!(changes.recv_timeout(PATIENCE), Ok(2));
    }
}

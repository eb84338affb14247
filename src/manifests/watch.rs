//! Reading a folder again whenever it changes.

use std::io;
use std::path::{Path, PathBuf};

use super::files::{self, Listing};
use crate::watch::{FileWatcher, Watch, WatchTarget};

/// A folder or file of manifests.
struct Folder(PathBuf);

impl WatchTarget for Folder {
    type Fingerprint = Listing;

    fn paths(&self) -> Vec<&Path> {
        vec![&self.0]
    }

    fn fingerprint(&self) -> Listing {
        files::list(&self.0)
    }
}

/// Reads a folder or file now, and again whenever it has changed; `read` does it, of that path.
///
/// `on_change` is called with what each later reading gave, both on a thread of its own; it may be
/// called although nothing has changed. Changes are seen about 200 ms after the last of a burst,
/// those that raise no event after some seconds. Nothing is missed between the first reading and
/// the start of the watch. A path that does not exist yet is watched too.
///
/// # Errors
/// When the system gives no thread. When it gives no inotify watch, that is logged, and the folder
/// is looked at every few seconds instead.
pub fn watch<R>(
    path: &Path,
    read: impl Fn(&Path) -> R + Send + 'static,
    on_change: impl FnMut(R) + Send + 'static,
) -> io::Result<(R, Watch)> {
    follow(FileWatcher::open(Folder(path.to_owned())), read, on_change)
}

fn follow<R>(
    eye: FileWatcher<Folder>,
    read: impl Fn(&Path) -> R + Send + 'static,
    mut on_change: impl FnMut(R) + Send + 'static,
) -> io::Result<(R, Watch)> {
    let path = eye.target().0.clone();
    let first = read(&path);
    let watch = eye.follow("manifests", move || on_change(read(&path)))?;
    Ok((first, watch))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::{Duration, Instant};

    use super::*;

    /// Far longer than any change takes to be seen.
    const PATIENCE: Duration = Duration::from_secs(20);

    use crate::manifests;

    struct Watched {
        _watch: Watch,
        changes: Receiver<Vec<String>>,
    }

    /// Reads the names of the objects.
    fn names(path: &Path) -> Vec<String> {
        let mut names = Vec::new();
        manifests::read(path, |found| {
            names.extend(found.map(|m| m.object()["metadata"]["name"].as_str().unwrap().to_owned()))
        });
        names
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
        let (first, watch) =
            follow(FileWatcher::open_with(poll, Folder(path.to_owned())), names, on_change)
                .unwrap();
        assert_eq!(first, expected);
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
                if found == expected {
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
    fn a_panic_is_not_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let (send, changes) = channel();
        let mut calls = 0;
        let on_change = move |_| {
            calls += 1;
            let _ = send.send(calls);
            assert!(calls > 1, "on purpose");
        };
        let (_, _watch) = follow(
            FileWatcher::open_with(EVENTS_ONLY, Folder(dir.path().to_owned())),
            names,
            on_change,
        )
        .unwrap();
        fs::write(dir.path().join("a.yaml"), manifest("a")).unwrap();
        assert_eq!(changes.recv_timeout(PATIENCE), Ok(1));
        fs::write(dir.path().join("a.yaml"), manifest("b")).unwrap();
        assert_eq!(changes.recv_timeout(PATIENCE), Ok(2));
    }
}

//! Folders for what the programs of one run write.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The folder of this run, locked for as long as the process lives.
///
/// What a run leaves behind can be read until the next one starts, which removes it.
static RUN: LazyLock<(PathBuf, File)> = LazyLock::new(|| {
    let runs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cluster");
    let mine = runs.join(std::process::id().to_string());
    fs::create_dir_all(&runs).unwrap();
    // Two processes that start at once must not remove each other's folder before its lock is taken.
    let starting = File::create(runs.with_extension("lock")).unwrap();
    starting.lock().unwrap();
    for left in fs::read_dir(&runs).unwrap().map_while(Result::ok) {
        let lock = File::open(left.path().join("lock"));
        let is_in_use =
            lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
        if !is_in_use {
            let _ = fs::remove_dir_all(left.path());
        }
    }
    fs::create_dir_all(&mine).unwrap();
    let lock = File::create(mine.join("lock")).unwrap();
    lock.lock().unwrap();
    (mine, lock)
});

/// Makes a folder of its own for a program.
pub(crate) fn folder(name: &str) -> PathBuf {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let folder = RUN.0.join(format!("{number:02}-{name}"));
    fs::create_dir_all(&folder).unwrap();
    folder
}

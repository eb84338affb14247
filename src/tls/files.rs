//! A serving key that follows its two files.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::reload::Reload;
use super::{CERT_FLAG, KEY_FLAG, KeyPair, PemPart, ServingKey, TlsError};
use crate::watch::{FileWatcher, Stamp, Watch, WatchTarget};

/// The two files of a pair.
#[derive(Clone, Debug)]
pub(super) struct KeyFiles {
    cert: PathBuf,
    key: PathBuf,
}

/// What was found in the two files.
#[derive(Hash)]
struct PemFiles {
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl KeyFiles {
    pub(super) fn new(cert: &Path, key: &Path) -> KeyFiles {
        KeyFiles { cert: cert.to_owned(), key: key.to_owned() }
    }

    pub(super) fn load(&self) -> Result<KeyPair, TlsError> {
        self.pair(&self.read()?)
    }

    fn read(&self) -> Result<PemFiles, TlsError> {
        let read = |file: &Path, origin: String| {
            std::fs::read(file).map_err(|source| TlsError::Read { origin, source })
        };
        let cert = read(&self.cert, self.cert_origin())?;
        Ok(PemFiles { cert, key: read(&self.key, self.key_origin())? })
    }

    fn pair(&self, found: &PemFiles) -> Result<KeyPair, TlsError> {
        KeyPair::from_pem(
            PemPart { origin: &self.cert_origin(), pem: &found.cert },
            PemPart { origin: &self.key_origin(), pem: &found.key },
        )
    }

    fn cert_origin(&self) -> String {
        format!("{CERT_FLAG} {}", self.cert.display())
    }

    fn key_origin(&self) -> String {
        format!("{KEY_FLAG} {}", self.key.display())
    }
}

impl WatchTarget for KeyFiles {
    type Fingerprint = [Option<Stamp>; 2];

    fn paths(&self) -> Vec<&Path> {
        vec![&self.cert, &self.key]
    }

    fn fingerprint(&self) -> Self::Fingerprint {
        [&self.cert, &self.key].map(|file| Stamp::of_path(file))
    }
}

/// Serves with the pair of these files whenever they change, until the watch is dropped.
///
/// `on_swap` is called with each pair that takes the place of another. Files that do not make a
/// pair are logged, once, and the last good one serves on. The files are read once more at once, so
/// that nothing is missed since they were read to start with.
///
/// # Errors
/// When the system gives no thread.
pub fn follow_files(
    cert_file: &Path,
    key_file: &Path,
    serving: Arc<ServingKey>,
    on_swap: impl FnMut(&KeyPair) + Send + 'static,
) -> io::Result<Watch> {
    let files = KeyFiles::new(cert_file, key_file);
    let watcher = FileWatcher::open(files.clone());
    let mut follower = FileFollower { files, serving, reload: Reload::default(), on_swap };
    follower.reload();
    watcher.follow("serving-key", move || follower.reload())
}

struct FileFollower<F> {
    files: KeyFiles,
    serving: Arc<ServingKey>,
    reload: Reload,
    on_swap: F,
}

impl<F: FnMut(&KeyPair)> FileFollower<F> {
    /// Reads the files, and serves with what they hold if that is new and valid.
    fn reload(&mut self) {
        let FileFollower { files, serving, reload, on_swap } = self;
        let problem = reload.take(files.read(), |found| serving.take(files.pair(found)?, on_swap));
        if let Some(problem) = problem {
            serving.log_rejection(&problem);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::tls::tests::{Files, pems};

    #[test]
    fn only_a_new_and_whole_pair_takes_the_place_of_the_last() {
        let dir = Files::new();
        let ((first, first_key), (second, second_key)) = (pems(), pems());
        let write = |cert: &str, key: &str| (dir.write("tls.crt", cert), dir.write("tls.key", key));
        let (cert, key) = write(&first, &first_key);
        let files = KeyFiles::new(&cert, &key);
        let serving = ServingKey::new(files.load().unwrap());
        let swaps = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&swaps);
        let on_swap = move |_: &KeyPair| {
            counted.fetch_add(1, Ordering::Relaxed);
        };
        let serves = |cert: &str, key: &str, swapped: usize| {
            let part = |pem| PemPart { origin: "test", pem };
            let pair = KeyPair::from_pem(part(str::as_bytes(cert)), part(key.as_bytes())).unwrap();
            assert!(serving.is(&pair));
            assert_eq!(swaps.load(Ordering::Relaxed), swapped);
        };
        let reload = Reload::default();
        let mut follower = FileFollower { files, serving: Arc::clone(&serving), reload, on_swap };

        follower.reload();
        serves(&first, &first_key, 0);
        for (cert, key) in [(&*second, &*first_key), (&second, ""), ("", ""), (&first, &second_key)]
        {
            write(cert, key);
            follower.reload();
            serves(&first, &first_key, 0);
        }
        fs::remove_file(&key).unwrap();
        follower.reload();
        serves(&first, &first_key, 0);
        write(&second, &second_key);
        follower.reload();
        follower.reload();
        serves(&second, &second_key, 1);
        write(&first, &first_key);
        follower.reload();
        serves(&first, &first_key, 2);
    }
}

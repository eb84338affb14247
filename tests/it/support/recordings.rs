//! What a real API server sent for Tasks that real Kelos spawners made, v0.24 and v0.52.
//!
//! The recordings lie beside the project, in `../shared/recorded`. Where they are not, there is nothing to compare, and
//! the tests say so. Cases of the same shapes are in `tests/cases`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The recordings of this name, such as those of a version; nothing if there are none, which is said on the terminal,
/// also of a test that passes.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/recorded").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    // CI has none: unlike a program that can be installed, they are no reason to fail there.
    let _ = writeln!(std::io::stderr(), "skipped: there are no recordings at {}", folder.display());
    None
}

/// The recorded requests in a folder: the name of the TaskSpawner, and the review as it was sent.
pub(crate) fn reviews(folder: &Path) -> Vec<(String, String)> {
    let mut reviews = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if let Some(spawner) = name.strip_prefix("reviews-").and_then(|n| n.strip_suffix(".jsonl"))
        {
            let text = fs::read_to_string(&path).unwrap();
            reviews.extend(text.lines().map(|line| (spawner.to_owned(), line.to_owned())));
        }
    }
    reviews
}

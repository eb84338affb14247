//! What fuzzing starts from and what it ever found: see `make fuzz`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail so")]

#[path = "../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;

#[test]
fn what_was_found_does_not_come_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for (name, target) in [
        ("go", targets::go as fn(&[u8])),
        ("jinja", targets::jinja),
        ("review", targets::review),
        ("carrier", targets::carrier),
        ("compile", targets::compile),
    ] {
        let seeds = fs::read_dir(root.join("seeds").join(name)).unwrap();
        let found = fs::read_dir(root.join("regressions").join(name));
        let files: Vec<_> = seeds.chain(found.into_iter().flatten()).map(Result::unwrap).collect();
        assert!(!files.is_empty(), "{name} has no seeds");
        for file in files {
            eprintln!("{}", file.path().display());
            target(&fs::read(file.path()).unwrap());
        }
    }
}

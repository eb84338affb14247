//! What fuzzing starts from and what it ever found: see `make fuzz`.

use std::fs;
use std::path::Path;

use allocation_counter::measure;
use testing::fuzz::{self, Held};

fn held(run: &mut dyn FnMut()) -> Held {
    let held = measure(run);
    Held { peak: held.bytes_max, kept: held.bytes_current }
}

#[test]
fn what_was_found_does_not_come_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for (name, target) in [
        ("go", fuzz::go as fn(&[u8])),
        ("jinja", fuzz::jinja),
        ("review", |data| fuzz::review(data, held)),
        ("annotation", fuzz::annotation),
        ("compile", |data| fuzz::compile(data, held)),
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

//! The files of cases that a path stands for.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;

use super::cases::Cases;
use crate::manifests;

/// A file, and the cases in it or why they can't be read.
pub(super) struct CaseFile {
    pub(super) path: Arc<Path>,
    pub(super) cases: anyhow::Result<Cases>,
}

/// The file of a path, or those of a folder: all that have `cases`. What else lies in a folder, manifests for one, is
/// passed over.
pub(super) fn cases(path: &Path) -> Vec<CaseFile> {
    if !path.is_dir() {
        return vec![CaseFile { path: path.into(), cases: Cases::read(path) }];
    }
    let files = manifests::files(path, None).filter_map(|file| match file {
        Ok(path) if Cases::has_cases(&path) => {
            let cases = Cases::read(&path);
            Some(CaseFile { path, cases })
        }
        Ok(_) => None,
        Err(error) => Some(CaseFile { path: error.path.clone(), cases: Err(anyhow!("{error}")) }),
    });
    let all: Vec<CaseFile> = files.collect();
    if all.is_empty() {
        let error = anyhow!("{}: no file in it has `cases`", path.display());
        return vec![CaseFile { path: path.into(), cases: Err(error) }];
    }
    all
}

/// The path without steps that lead back, as people write it, if that is the same file.
pub(super) fn normalised(path: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(short.components().next_back(), Some(Component::Normal(_))) =>
            {
                short.pop();
            }
            other => short.push(other),
        }
    }
    if short.as_os_str().is_empty() {
        short.push(".");
    }
    // Behind a link, `..` leads elsewhere.
    let is_same = match (short.canonicalize(), path.canonicalize()) {
        (Ok(short), Ok(long)) => short == long,
        (Err(_), Err(_)) => true,
        _ => false,
    };
    if is_same { short } else { path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_back_are_taken_out_where_they_lead_to_the_same_file() {
        for (long, short) in [
            ("tests/../src/lib.rs", "src/lib.rs"),
            ("./src/./lib.rs", "src/lib.rs"),
            ("../x", "../x"),
            ("src/..", "."),
            ("/none/../etc", "/etc"),
        ] {
            let found = normalised(Path::new(long));
            assert!(found == Path::new(short) || !Path::new(long).exists(), "{long}: {found:?}");
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("a/b")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("a/b"), folder.path().join("link")).unwrap();
        let through = folder.path().join("link/..");
        assert_eq!(normalised(&through), through);
    }
}

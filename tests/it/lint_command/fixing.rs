//! `--fix` writes what is exact, and leaves every other byte.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::{lint_in, spawner};

/// A label that ends in a line break, as a block does: the API server refuses it.
const LABELS: &str = "    metadata:\n      labels:  # ü\n        'a' :   \"x\"\n        team: |  # whose\n          payments\n        b: y\n";
const FIXED: &str = "    metadata:\n      labels:  # ü\n        'a' :   \"x\"\n        team: |-  # whose\n          payments\n        b: y\n";

#[test]
fn all_other_bytes_and_the_mode_stay() {
    let folder = tempfile::tempdir().unwrap();
    let text = |labels: &str| {
        let one = format!("{}{labels}", spawner("x"));
        format!("\u{feff}# first\r\na: b\r\n---\n{one}# last").replace("a: b", "{}")
    };
    let path = folder.path().join("w.yaml");
    fs::write(&path, text(LABELS)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("w.yaml", folder.path().join("link.yaml")).unwrap();
    let before = lint_in(folder.path(), &["w.yaml"], "");
    assert!(before.output.ends_with("; --fix mends 1\n"), "{}", before.output);
    assert_eq!(before.status, 1);
    let said = lint_in(folder.path(), &["--fix", "link.yaml"], "");
    assert_eq!((said.status, &*said.output), (0, "1 object: nothing found; 1 fixed\n"));
    assert_eq!(fs::read_to_string(&path).unwrap(), text(FIXED));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(folder.path().join("link.yaml").is_symlink());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left there");
    let again = lint_in(folder.path(), &["--fix", "w.yaml"], "");
    assert_eq!((again.status, &*again.output), (0, "1 object: nothing found; 0 fixed\n"));
}

#[test]
fn a_file_that_cannot_be_read_as_a_whole_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{}{LABELS}---\na: {{{{ .Values.x }}}}\n", spawner("x"));
    fs::write(folder.path().join("w.yaml"), &text).unwrap();
    let said = lint_in(folder.path(), &["--fix", "w.yaml"], "");
    assert_eq!(said.status, 2);
    let why = "  not fixed: the file has something in it that can't be read\n";
    assert!(said.output.contains(why), "{}", said.output);
    assert_eq!(fs::read_to_string(folder.path().join("w.yaml")).unwrap(), text);
}

#[test]
fn only_files_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let said = lint_in(folder.path(), &["--fix", "-f", "-"], &spawner("x"));
    assert_eq!(said.status, 2);
    assert!(said.errors.contains("--fix writes files: standard input is none"), "{}", said.errors);
    let said = lint_in(folder.path(), &["--fix"], "");
    assert_eq!(said.status, 2);
    assert!(said.errors.contains("--fix writes files: name them with -f"), "{}", said.errors);
}

#[test]
fn a_key_is_written_anew_as_it_is_quoted_and_what_is_below_it_stays() {
    let folder = tempfile::tempdir().unwrap();
    let good = spawner("x").replace("    promptTemplate:", "    'promptTemplate' :");
    let bad =
        good.replace("githubIssues", "githubissues").replace("promptTemplate", "promptTemplat");
    fs::write(folder.path().join("w.yaml"), &bad).unwrap();
    let said = lint_in(folder.path(), &["--fix", "w.yaml"], "");
    assert_eq!((said.status, &*said.output), (0, "1 object: nothing found; 2 fixed\n"));
    assert_eq!(fs::read_to_string(folder.path().join("w.yaml")).unwrap(), good);
}

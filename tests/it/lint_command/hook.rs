//! `.pre-commit-hooks.yaml`, run by the real pre-commit in a repository of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{PROGRAM, spawner};
use crate::support::skipped;

/// A repository, as somebody has it who uses the hooks, and beside it one that has nothing but their file.
struct Repository {
    folder: tempfile::TempDir,
}

/// Where `make pre-commit` puts it.
fn pre_commit() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/pre-commit");
    here.join("pre_commit").exists().then_some(here)
}

impl Repository {
    fn new(hook: &str) -> Repository {
        let repository = Repository { folder: tempfile::tempdir().unwrap() };
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        fs::create_dir(repository.path("hooks")).unwrap();
        let file = ".pre-commit-hooks.yaml";
        fs::copy(root.join(file), repository.path("hooks").join(file)).unwrap();
        repository.commit("hooks");
        let revision = repository.git("hooks", &["rev-parse", "HEAD"]);
        fs::create_dir(repository.path("used")).unwrap();
        let config = format!(
            "repos:\n- repo: {}\n  rev: {revision}  hooks:\n  - id: {hook}\n",
            repository.path("hooks").display()
        );
        fs::write(repository.path("used/.pre-commit-config.yaml"), config).unwrap();
        repository
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs git as somebody whose own settings do not count.
    fn git(&self, name: &str, args: &[&str]) -> String {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=t", "-c", "user.email=t@example.com"]);
        git.args(args).current_dir(self.path(name)).env("HOME", self.folder.path());
        let output = git.env_remove("GIT_DIR").output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn commit(&self, name: &str) {
        self.git(name, &["init", "--quiet"]);
        self.git(name, &["add", "--all"]);
        self.git(name, &["commit", "--quiet", "--message", "all"]);
    }

    fn runs_hook(&self, pre_commit: &Path) -> Output {
        self.commit("used");
        let programs = Path::new(PROGRAM).parent().unwrap().to_owned();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(programs).chain(std::env::split_paths(&path));
        Command::new("python3")
            .args(["-m", "pre_commit", "run", "--all-files", "--color", "never"])
            .current_dir(self.path("used"))
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("PYTHONPATH", pre_commit)
            .env("PRE_COMMIT_HOME", self.path("cache"))
            .env("HOME", self.folder.path())
            .env_remove("GIT_DIR")
            .output()
            .unwrap()
    }
}

#[test]
fn pre_commit_runs_the_hook_on_the_files_of_a_commit() {
    let Some(pre_commit) = pre_commit() else {
        return skipped("there is no pre-commit; `make pre-commit` installs it");
    };
    for (branch, is_good) in [("'x-{{.Nope}}'", false), ("'x-{{.ID}}'", true)] {
        let repository = Repository::new("kelos-metadata-lint");
        fs::write(repository.path("used/w.yaml"), spawner(branch)).unwrap();
        fs::write(repository.path("used/values.yaml"), "a: b\n").unwrap();
        fs::write(repository.path("used/README.md"), "{{\n").unwrap();
        let output = repository.runs_hook(&pre_commit);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.success(), is_good, "{said}");
        assert_eq!(said.contains("w.yaml:11:18: error["), !is_good, "{said}");
        assert!(said.contains("\nkelos-metadata lint...."), "{said}");
    }
}

#[test]
fn the_testing_hook_runs_all_cases_whatever_has_changed() {
    let Some(pre_commit) = pre_commit() else {
        return skipped("there is no pre-commit; `make pre-commit` installs it");
    };
    for (expected, is_good) in [("n-1", true), ("n-2", false)] {
        let repository = Repository::new("kelos-metadata-test\n    args: [tests]");
        let rules = "metadata:\n  annotations: {metadata.kelos.dev/labels: \"a: n-{{.Number}}\"}\n";
        let text = spawner("x").replacen("metadata:\n", rules, 1);
        fs::write(repository.path("used/w.yaml"), text).unwrap();
        fs::create_dir(repository.path("used/tests")).unwrap();
        let case = format!(
            "spawner: ../w.yaml\ncases:\n- {{name: x, set: {{Number: 1}}, labels: {{a: {expected}}}}}\n"
        );
        fs::write(repository.path("used/tests/cases.yaml"), case).unwrap();
        let output = repository.runs_hook(&pre_commit);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.success(), is_good, "{said}");
        assert_eq!(said.contains("FAIL x"), !is_good, "{said}");
    }
}

#[test]
fn the_strict_hook_shows_warnings_that_the_plain_one_hides() {
    let Some(pre_commit) = pre_commit() else {
        return skipped("there is no pre-commit; `make pre-commit` installs it");
    };
    let labels = "    metadata:\n      annotations:\n        team: '{{index . \"Team\"}}'\n";
    for (hook, is_shown) in [
        ("kelos-metadata-lint", false),
        ("kelos-metadata-lint\n    args: [--strict]", true),
        ("kelos-metadata-lint\n    verbose: true", true),
    ] {
        let repository = Repository::new(hook);
        fs::write(repository.path("used/w.yaml"), format!("{}{labels}", spawner("x"))).unwrap();
        let output = repository.runs_hook(&pre_commit);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said.contains("warning["), is_shown, "{hook}: {said}");
    }
}

#[test]
fn the_fixing_hook_writes_what_is_exact() {
    let Some(pre_commit) = pre_commit() else {
        return skipped("there is no pre-commit; `make pre-commit` installs it");
    };
    let repository = Repository::new("kelos-metadata-lint-fix");
    let labels = "    metadata:\n      labels:\n        team: |\n          payments\n";
    let text = format!("{}{labels}", spawner("x"));
    fs::write(repository.path("used/w.yaml"), &text).unwrap();
    let output = repository.runs_hook(&pre_commit);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        !output.status.success() && said.contains("files were modified by this hook"),
        "{said}"
    );
    let fixed = fs::read_to_string(repository.path("used/w.yaml")).unwrap();
    assert_eq!(fixed, text.replace("team: |\n", "team: |-\n"));
}

//! Somebody who reads the page, with a shell.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::harness::binaries;
use crate::harness::said::Said;
use crate::page;

/// A reader with a folder to work in, and the programs of the page.
pub(crate) struct Reader {
    folder: TempDir,
    left: RefCell<BTreeSet<String>>,
}

impl Reader {
    /// One who administers a cluster with this kubeconfig, and works in this namespace.
    pub(crate) fn new(kubeconfig: &str, namespace: &str) -> Reader {
        let folder = tempfile::tempdir().unwrap();
        let programs = folder.path().join("bin");
        fs::create_dir(&programs).unwrap();
        let ours = Path::new(env!("CARGO_BIN_EXE_kelos-metadata"));
        symlink(ours, programs.join("kelos-metadata")).unwrap();
        symlink(binaries::kubectl(), programs.join("kubectl")).unwrap();
        fs::write(folder.path().join("kubeconfig"), kubeconfig).unwrap();
        let reader = Reader { folder, left: RefCell::new(page::commands()) };
        reader.run(&format!("kubectl config set-context --current --namespace={namespace}")).ok();
        reader
    }

    /// Runs a command of the page.
    pub(crate) fn follows(&self, command: &str) -> Said {
        self.follows_with(command, &[])
    }

    /// Runs a command of the page, with names in place of what stands for them there.
    #[track_caller]
    pub(crate) fn follows_with(&self, command: &str, names: &[(&str, &str)]) -> Said {
        assert!(page::commands().contains(command), "docs/operations.md has no `{command}`");
        self.left.borrow_mut().remove(command);
        let command = names.iter().fold(command.to_owned(), |command, (placeholder, name)| {
            assert!(command.contains(placeholder), "`{command}` has no {placeholder}");
            command.replace(placeholder, name)
        });
        self.run(&command)
    }

    fn run(&self, command: &str) -> Said {
        let mut shell = Command::new("/bin/sh");
        let path = format!("{}/bin:/usr/bin:/bin", self.folder.path().display());
        shell.args(["-c", command]).current_dir(&self.folder).env_clear();
        shell.env("PATH", path).env("HOME", self.folder.path());
        shell.env("KUBECONFIG", self.folder.path().join("kubeconfig"));
        tokio::task::block_in_place(|| Said::of(shell, b""))
    }

    /// That no command of the page was left out.
    pub(crate) fn has_followed_all(self) {
        let left = self.left.into_inner();
        assert!(left.is_empty(), "commands of docs/operations.md that nobody follows: {left:#?}");
    }
}

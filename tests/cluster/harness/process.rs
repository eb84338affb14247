//! A program that runs beside the tests and never outlives them.

use std::fs;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

use super::binaries::binary;

/// A running program; it is killed when this is dropped, or when the test process ends.
pub(crate) struct Process {
    tether: Child,
    line: Option<ChildStdin>,
}

impl Process {
    /// Starts a program. `prepare` adds arguments and environment and says where its output goes.
    pub(crate) fn start(program: &Path, prepare: impl FnOnce(&mut Command)) -> Process {
        let mut command = Command::new(binary("tether"));
        command.arg(program);
        prepare(&mut command);
        let mut tether = command.stdin(Stdio::piped()).spawn().unwrap();
        let line = tether.stdin.take();
        Process { tether, line }
    }

    /// What the program writes to its standard error, if `prepare` piped it.
    pub(crate) fn take_stderr(&mut self) -> Option<std::process::ChildStderr> {
        self.tether.stderr.take()
    }

    /// The number of the program's process.
    pub(crate) fn pid(&self) -> u32 {
        let tether = self.tether.id();
        // tether starts it from any of its threads.
        let threads = fs::read_dir(format!("/proc/{tether}/task")).unwrap();
        let of_threads = threads.map(|thread| thread.unwrap().path().join("children"));
        let numbers: String = of_threads.filter_map(|path| fs::read_to_string(path).ok()).collect();
        numbers.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.tether.try_wait().unwrap()
    }

    /// Sends SIGTERM, and waits for the end.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let pid = self.tether.id().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success());
        self.tether.wait().unwrap()
    }

    /// Sends a signal to the program itself.
    pub(crate) fn signal(&self, name: &str) {
        // Any thread of tether may be its parent.
        let tasks = format!("/proc/{}/task", self.tether.id());
        let children = fs::read_dir(tasks)
            .unwrap()
            .filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok());
        let children: String = children.collect();
        let program = children.split_whitespace().next().unwrap();
        assert!(Command::new("kill").args(["-s", name, program]).status().unwrap().success());
    }

    /// Kills it as `kill -9` does, and waits for the end.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The end of its standard input is what makes tether kill the program.
        drop(self.line.take());
        let _ = self.tether.wait();
    }
}

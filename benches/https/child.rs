//! A server as a child process: pinned, watched, and gone when its handle is.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// How long a server may take to say where it listens.
const START_DEADLINE: Duration = Duration::from_secs(30);

/// How many of a server's last log lines are kept for an error message.
const KEPT_LINES: usize = 10;

/// The cores that client and server keep to, where the machine can do that.
#[derive(Clone, Copy)]
pub(crate) struct Cores {
    server: Option<usize>,
    kill_with_parent: bool,
}

impl Cores {
    /// Keeps this process to the first core and leaves the last one to the servers.
    pub(crate) fn share() -> Self {
        let works = |tool: &str| {
            let mut command = Command::new(tool);
            command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let me = std::process::id().to_string();
        let pinned = cores > 1
            && works("taskset")
            && Command::new("taskset")
                .args(["--all-tasks", "--cpu-list", "--pid", "0", &me])
                .stdout(Stdio::null())
                .status()
                .is_ok_and(|status| status.success());
        Self { server: pinned.then(|| cores - 1), kill_with_parent: works("setpriv") }
    }

    /// Says in words what was possible.
    pub(crate) fn describe(self) -> String {
        match self.server {
            Some(core) => format!("server on core {core}, client on core 0"),
            None => "not pinned to cores (taskset or a second core is missing)".to_owned(),
        }
    }

    /// Wraps a command so that it runs on the server's core and dies with this process.
    fn wrap(self, command: &[String]) -> Vec<String> {
        let mut wrapped = Vec::new();
        if let Some(core) = self.server {
            wrapped.extend(["taskset".to_owned(), "--cpu-list".to_owned(), core.to_string()]);
        }
        if self.kill_with_parent {
            wrapped.extend(["setpriv", "--pdeathsig", "KILL"].map(str::to_owned));
        }
        wrapped.extend_from_slice(command);
        wrapped
    }
}

/// A running server; dropping it ends the process, on a panic too.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    cpu_of_threads: BTreeMap<String, u64>,
}

impl Server {
    /// Starts a server and waits until it says where it listens.
    pub(crate) fn start(command: &[String], cores: Cores) -> Result<Self> {
        let wrapped = cores.wrap(command);
        let (program, arguments) = wrapped.split_first().context("no command")?;
        let mut child = Command::new(program)
            .args(arguments)
            .env("TOKIO_WORKER_THREADS", "1")
            .env("GOMAXPROCS", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{program} does not start"))?;
        let stderr = child.stderr.take().context("stderr was not captured")?;
        let mut server = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            cpu_of_threads: BTreeMap::new(),
        };
        server.address = wait_for_address(stderr)?;
        Ok(server)
    }

    /// CPU time that the server used since it was started, user and system, in nanoseconds.
    ///
    /// Summed over its threads from the scheduler's own account, which is exact while they sleep.
    pub(crate) fn cpu_nanoseconds(&mut self) -> Result<u64> {
        let tasks = format!("/proc/{}/task", self.child.id());
        for task in fs::read_dir(&tasks).with_context(|| tasks.clone())? {
            let task = task?;
            let used = cpu_nanoseconds(&task.path())?;
            // A thread that has ended keeps what it was last seen with.
            self.cpu_of_threads.insert(task.file_name().to_string_lossy().into_owned(), used);
        }
        Ok(self.cpu_of_threads.values().sum())
    }

    /// A memory figure of `/proc/PID/status`, such as VmRSS, in KiB.
    pub(crate) fn memory_kib(&self, name: &str) -> Result<u64> {
        memory_kib(self.child.id(), name)
    }
}

/// CPU time of one thread by its folder in `/proc`, in nanoseconds; exact while the thread sleeps.
pub(crate) fn cpu_nanoseconds(thread: &Path) -> Result<u64> {
    let account = fs::read_to_string(thread.join("schedstat"))
        .context("CPU time can't be read (this benchmark needs Linux)")?;
    Ok(account.split(' ').next().context("an empty schedstat")?.parse()?)
}

/// A memory figure of `/proc/PID/status`, such as VmRSS, in KiB.
pub(crate) fn memory_kib(process: u32, name: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .with_context(|| format!("/proc has no {name}"))?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only for a process that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a server's log to its end in a thread of its own, so that the server never blocks on it.
fn wait_for_address(stderr: ChildStderr) -> Result<SocketAddr> {
    let (found, address) = channel();
    let last_lines = Arc::new(Mutex::new(VecDeque::new()));
    let kept = last_lines.clone();
    thread::spawn(move || drain(stderr, &found, &kept));
    let problem = match address.recv_timeout(START_DEADLINE) {
        Ok(address) => return Ok(address),
        Err(RecvTimeoutError::Timeout) => "does not say where it listens",
        Err(RecvTimeoutError::Disconnected) => "ended before it said where it listens",
    };
    let lines = last_lines.lock().map(|lines| Vec::from(lines.clone())).unwrap_or_default();
    if lines.is_empty() {
        bail!("the server {problem}, and logged nothing");
    }
    bail!("the server {problem}; it logged:\n{}", lines.join("\n"))
}

fn drain(stderr: ChildStderr, found: &Sender<SocketAddr>, kept: &Mutex<VecDeque<String>>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        if let Some(address) = listening_address(&line) {
            // The receiver is gone after the first address; later lines are only drained.
            let _ = found.send(address);
        }
        if let Ok(mut kept) = kept.lock() {
            kept.push_back(line);
            if kept.len() > KEPT_LINES {
                kept.pop_front();
            }
        }
    }
}

/// Finds the webhook's address in a log line: the first loopback one after the word "webhook".
fn listening_address(line: &str) -> Option<SocketAddr> {
    let (_, after) = line.split_once("webhook")?;
    let text = &after[after.find("127.0.0.1:")?..];
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '.' | ':')).unwrap_or(text.len());
    text[..end].parse().ok()
}

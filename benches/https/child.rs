//! A server as a child process: pinned, watched, and gone when its handle is.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// How long a server may take to say where it listens.
const START_DEADLINE: Duration = Duration::from_secs(30);

/// How long to wait before its log is looked at again.
const PAUSE: Duration = Duration::from_millis(2);

/// The listeners whose addresses a server's log is searched for.
const LISTENERS: [&str; 2] = [WEBHOOK, HEALTH];
const WEBHOOK: &str = "webhook";
const HEALTH: &str = "health";

/// How many of a server's last log lines are kept for an error message.
const KEPT_LINES: usize = 10;

/// The cores that client and server keep to, where the machine can do that.
#[derive(Clone, Copy)]
pub(crate) struct Cores {
    server: Option<usize>,
    are_shared: bool,
    kill_with_parent: bool,
}

impl Cores {
    /// Keeps this process to the first core and leaves the last one to the servers.
    pub(crate) fn share() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let server = keep_this_process_to("0").then(|| cores - 1);
        Self { server, are_shared: false, kill_with_parent: works("setpriv") }
    }

    /// Keeps this process and its servers to the same two cores.
    pub(crate) fn both() -> Self {
        let are_shared = keep_this_process_to("0,1");
        Self { server: None, are_shared, kill_with_parent: works("setpriv") }
    }

    /// Says in words what was possible.
    pub(crate) fn describe(self) -> String {
        match self.server {
            Some(core) => format!("server on core {core}, client on core 0"),
            None if self.are_shared => "server and clients on cores 0 and 1".to_owned(),
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

/// Whether a tool is there.
fn works(tool: &str) -> bool {
    let mut command = Command::new(tool);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Keeps this process, and what it starts, to these cores; says whether the machine can do that.
fn keep_this_process_to(cores: &str) -> bool {
    let mut taskset = Command::new("taskset");
    taskset.args(["--all-tasks", "--cpu-list", "--pid", cores]);
    taskset.arg(std::process::id().to_string()).stdout(Stdio::null());
    let has_more_than_one = thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
    has_more_than_one && works("taskset") && taskset.status().is_ok_and(|status| status.success())
}

/// A running server; dropping it ends the process, on a panic too.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Log,
    cpu_of_threads: BTreeMap<String, u64>,
}

impl Server {
    /// Starts a server with so many worker threads, and waits until it says where it listens.
    pub(crate) fn start(command: &[String], cores: Cores, workers: u8) -> Result<Self> {
        let wrapped = cores.wrap(command);
        let (program, arguments) = wrapped.split_first().context("no command")?;
        let mut child = Command::new(program)
            .args(arguments)
            .env("TOKIO_WORKER_THREADS", workers.to_string())
            .env("GOMAXPROCS", workers.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{program} does not start"))?;
        let stderr = child.stderr.take().context("stderr was not captured")?;
        let mut server = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            log: Log::read(stderr),
            cpu_of_threads: BTreeMap::new(),
        };
        server.address = server.log.wait_for(WEBHOOK)?;
        Ok(server)
    }

    /// Where it answers for its health.
    pub(crate) fn health_address(&self) -> Result<SocketAddr> {
        self.log.wait_for(HEALTH)
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

    /// Tells it to end, and waits until it has.
    pub(crate) fn end(mut self) -> Result<()> {
        let told = Command::new("kill").arg(self.child.id().to_string()).status()?;
        ensure!(told.success(), "the server has ended already");
        // Whether it ends with an error is its own matter: a server that does nothing knows no signals.
        self.child.wait()?;
        Ok(())
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

/// A server's log, read to its end in a thread of its own, so that the server never blocks on it.
struct Log {
    seen: Arc<Mutex<Seen>>,
    reader: JoinHandle<()>,
}

/// What was read of a log.
#[derive(Default)]
struct Seen {
    addresses: BTreeMap<&'static str, SocketAddr>,
    last_lines: VecDeque<String>,
}

impl Log {
    fn read(stderr: ChildStderr) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let reading = Arc::clone(&seen);
        Self { seen, reader: thread::spawn(move || drain(stderr, &reading)) }
    }

    /// The address of a listener, once the log tells it.
    fn wait_for(&self, listener: &str) -> Result<SocketAddr> {
        let begun = Instant::now();
        let problem = loop {
            // Asked first: what was read before the end counts.
            let has_ended = self.reader.is_finished();
            if let Some(address) = lock(&self.seen).addresses.get(listener) {
                return Ok(*address);
            }
            match has_ended {
                true => break "ended before it said where it listens",
                false if begun.elapsed() > START_DEADLINE => break "does not say where it listens",
                false => thread::sleep(PAUSE),
            }
        };
        let lines = Vec::from(lock(&self.seen).last_lines.clone());
        if lines.is_empty() {
            bail!("the server {problem} ({listener}), and logged nothing");
        }
        bail!("the server {problem} ({listener}); it logged:\n{}", lines.join("\n"))
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn drain(stderr: ChildStderr, seen: &Mutex<Seen>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        let mut seen = lock(seen);
        for listener in LISTENERS {
            if let Some(address) = listening_address(&line, listener) {
                seen.addresses.entry(listener).or_insert(address);
            }
        }
        seen.last_lines.push_back(line);
        if seen.last_lines.len() > KEPT_LINES {
            seen.last_lines.pop_front();
        }
    }
}

/// Finds a listener's address in a log line that names it: the first loopback one.
fn listening_address(line: &str, listener: &str) -> Option<SocketAddr> {
    let text = &line[line.find("127.0.0.1:").filter(|_| line.contains(listener))?..];
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '.' | ':')).unwrap_or(text.len());
    text[..end].parse().ok()
}

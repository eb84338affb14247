//! An API server with many Tasks or TaskRecords, which are made as they are asked for, and what a command takes that
//! reads them.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::memory::peak_memory;

/// How long a prompt is: that of an issue with a stack trace.
const PROMPT_BYTES: usize = 4 << 10;

/// How often somebody looks at what the command takes.
const LOOKS_APART: Duration = Duration::from_millis(5);

/// How often somebody has looked.
static LOOKS: AtomicUsize = AtomicUsize::new(0);

/// What a command has taken.
#[derive(Debug)]
pub struct Taken {
    /// The most memory that it had, in bytes.
    pub peak: usize,
    /// The time that it had of a CPU.
    pub cpu: Duration,
    /// What it has printed.
    pub output: String,
}

/// What there is.
#[derive(Clone, Copy, Debug, Default)]
struct Stored {
    tasks: usize,
    records: usize,
}

/// What `preview -o json` takes for so many Tasks.
///
/// # Panics
///
/// When it says that it was not done, or ends before anybody has looked.
pub fn preview(program: &str, count: usize) -> Taken {
    taken(program, &["preview"], Stored { tasks: count, records: 0 })
}

/// What `report -o json` by team takes for so many TaskRecords: the Tasks of the first ones are there, of the others
/// they are gone.
///
/// # Panics
///
/// When it says that it was not done.
pub fn report(program: &str, tasks: usize, records: usize) -> Taken {
    taken(program, &["report", "--by", "team"], Stored { tasks, records })
}

fn taken(program: &str, words: &[&str], stored: Stored) -> Taken {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // It ends with the process.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(&stream, stored));
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": format!("http://{address}")}}],
        "users": [{"name": "it", "user": {}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it", "namespace": "ns"}}],
    });
    fs::write(&kubeconfig, config.to_string()).unwrap();
    run(program, words, &kubeconfig)
}

/// Runs it, and looks at what it takes until it ends: its peak only grows, and at the end it prints little.
fn run(program: &str, words: &[&str], kubeconfig: &Path) -> Taken {
    let mut command = Command::new(program);
    command.args(words).args(["-o", "json", "--kubeconfig"]).arg(kubeconfig);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let (pid, mut stdout) = (child.id(), child.stdout.take().unwrap());
    let reading = thread::spawn(move || std::io::read_to_string(&mut stdout).unwrap());
    let (mut peak, mut cpu) = (0, Duration::ZERO);
    while child.try_wait().unwrap().is_none() {
        // A process that has ended and was not waited for has no memory any more.
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        if status.contains("VmHWM:") {
            peak = peak_memory(pid);
        }
        cpu = cpu_time(pid).unwrap_or(cpu);
        LOOKS.fetch_add(1, Ordering::SeqCst);
        thread::sleep(LOOKS_APART);
    }
    let status = child.wait().unwrap();
    assert_ne!(status.code(), Some(2), "it could not be asked");
    assert!(peak > 0, "nobody has looked at it");
    Taken { peak, cpu, output: reading.join().unwrap() }
}

/// The time of a CPU that a process has had, in ticks of a hundredth of a second.
fn cpu_time(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Behind the name, which may hold anything, come the state and ten numbers.
    let behind = stat.rsplit_once(") ")?.1;
    let ticks = behind.split(' ').skip(11).take(2).map(|it| it.parse::<u64>());
    Some(Duration::from_millis(ticks.sum::<Result<u64, _>>().ok()? * 10))
}

/// Waits until somebody has begun to look, and looked: a command on a fast machine, or one that is looked at on a slow
/// one, would be gone before that.
fn wait_for_a_look() {
    let before = LOOKS.load(Ordering::SeqCst);
    while LOOKS.load(Ordering::SeqCst) < before + 2 {
        thread::sleep(LOOKS_APART);
    }
}

fn serve(stream: &TcpStream, stored: Stored) {
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(request)) = lines.next() {
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        let path = request.split(' ').nth(1).unwrap_or_default();
        let body = answer(path, stored);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut out = stream;
        // A client that leaves is nobody's trouble.
        if out.write_all(head.as_bytes()).and_then(|()| out.write_all(body.as_bytes())).is_err() {
            return;
        }
    }
}

fn answer(path: &str, stored: Stored) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let number = |name: &str| {
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        value.and_then(|value| value.parse::<usize>().ok())
    };
    let page = |count: usize, object: fn(usize) -> Value| {
        let first = number("continue").unwrap_or_default();
        let end = count.min(first + number("limit").unwrap_or(count));
        let next = if end < count { end.to_string() } else { String::new() };
        if next.is_empty() && count > 0 {
            wait_for_a_look();
        }
        let items: Vec<Value> = (first..end).map(object).collect();
        let metadata = json!({"continue": next, "remainingItemCount": count - end});
        json!({"metadata": metadata, "items": items}).to_string()
    };
    match path.rsplit('/').next().unwrap_or_default() {
        "kelos.dev" => json!({"versions": [{"version": "v1alpha2"}]}).to_string(),
        "ns" => json!({"metadata": {"name": "ns"}}).to_string(),
        "taskspawners" => json!({"metadata": {}, "items": [spawner()]}).to_string(),
        "tasks" => page(stored.tasks, task),
        "taskrecords" => page(stored.records, record),
        _ => json!({"metadata": {}, "items": []}).to_string(),
    }
}

fn spawner() -> Value {
    let labels = json!({
        "number": "{{ .Number }}", "team": "backend", "kind": "{{ .Kind | lower }}",
        "priority": {"value": "{{ scoped \"priority\" .Labels }}", "default": "none"},
        "missing": "{{ .Author }}",
    });
    let annotations = json!({"title": "{{ .Title }}", "url": "{{ .URL }}"});
    json!({
        "apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner",
        "metadata": {"name": "worker", "namespace": "ns", "uid": "s", "annotations": {
            "metadata.kelos.dev/labels": labels.to_string(),
            "metadata.kelos.dev/annotations": annotations.to_string(),
        }},
        "spec": {"when": {"githubIssues": {"repo": "acme/widgets"}}, "taskTemplate": {
            "promptTemplate": "Fix this: {{.Title}}\nLabels: {{.Labels}}\n{{.Body}}",
        }},
    })
}

/// Every second one was answered, with other rules.
fn task(number: usize) -> Value {
    let name = format!("worker-{number:06}");
    let mut annotations =
        json!({"kelos.dev/source-kind": "issue", "kelos.dev/source-number": number.to_string()});
    let mut labels = json!({"kelos.dev/taskspawner": "worker"});
    if number.is_multiple_of(2) {
        annotations["metadata.kelos.dev/rendered-from"] = json!("worker@00000000");
        labels["team"] = json!("old");
        labels["number"] = json!(number.to_string());
    }
    let body = "at frame 7 of the stack\n".repeat(PROMPT_BYTES / 24);
    let fields = json!({"f:metadata": {
        "f:annotations": {"f:kelos.dev/source-kind": {}, "f:kelos.dev/source-number": {}},
        "f:labels": {"f:kelos.dev/taskspawner": {}},
    }, "f:spec": {"f:prompt": {}}});
    json!({
        "apiVersion": "kelos.dev/v1alpha2", "kind": "Task",
        "metadata": {
            "name": name, "namespace": "ns", "uid": format!("uid-{number}"), "resourceVersion": "1",
            "creationTimestamp": "2026-01-01T00:00:00Z", "labels": labels, "annotations": annotations,
            "managedFields": [{"manager": "kelos", "operation": "Update", "fieldsV1": fields}],
        },
        "spec": {"prompt": format!("Fix this: Crash number {number}\nLabels: priority/high, bug\n{body}")},
        "status": {"phase": "Succeeded"},
    })
}

/// What is left of a Task: three teams, and each fourth has none. Each one cost a cent more than the one before.
fn record(number: usize) -> Value {
    let mut labels = json!({"kelos.dev/taskspawner": "worker"});
    if !number.is_multiple_of(4) {
        labels["team"] = json!(format!("team-{}", number % 4));
    }
    let took = number % 5_000;
    let end = format!("2026-01-01T{:02}:{:02}:{:02}Z", took / 3_600, took / 60 % 60, took % 60);
    json!({
        "apiVersion": "kelos.dev/v1alpha2", "kind": "TaskRecord",
        "metadata": {"name": format!("uid-{number}"), "namespace": "ns", "labels": labels},
        "spec": {
            "taskRef": {"name": format!("worker-{number:06}"), "uid": format!("uid-{number}")},
            "type": "claude-code", "phase": if number.is_multiple_of(5) { "Failed" } else { "Succeeded" },
            "startTime": "2026-01-01T00:00:00Z", "completionTime": end,
            "usage": {"costUSD": format!("{}m", number * 10), "inputTokens": 1_000, "outputTokens": 10},
        },
    })
}

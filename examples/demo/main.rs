//! `make demo`: starts the real server on each use in `examples/`, sends it the creation of its Tasks and
//! Sessions over TLS as the API server would, and shows what becomes of them.

mod client;
mod server;
mod show;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use json_patch::Patch;
use kelos_metadata::engine::kelos::Shape;
use kelos_metadata::manifests;
use kelos_metadata::webhook::router::{MUTATE_SESSION_PATH, MUTATE_TASK_PATH};
use serde_json::{Value, json};

use client::Client;
use server::Server;
use show::Shown;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The use that is shown first: the one that the README begins with.
const FIRST: &str = "priority";
/// The defaults of the cluster, where a use has some.
const DEFAULTS: &str = "defaults.yaml";

#[tokio::main(flavor = "current_thread")]
async fn run() -> anyhow::Result<()> {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("examples/ is in no folder")?;
    show::started();
    let (mut answered, mut stopped) = (0, Vec::new());
    for use_case in uses(&root.join("examples"))? {
        let (tasks, messages) = show_use(root, &use_case).await?;
        answered += tasks;
        stopped = messages;
    }
    show::answered(answered);
    show::stopped(&stopped);
    Ok(())
}

/// The folders with a spawner, the first one first.
fn uses(examples: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(examples)?;
    let mut uses = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    let files = ["taskspawner.yaml", "sessionspawner.yaml"];
    uses.retain(|folder| files.iter().any(|file| folder.join(file).exists()));
    uses.sort_by_key(|folder| (!folder.ends_with(FIRST), folder.clone()));
    ensure!(!uses.is_empty(), "there is no use in {}", examples.display());
    Ok(uses)
}

/// Shows what becomes of the Tasks and Sessions of a use; gives how many there are, and what the server said at its end.
async fn show_use(root: &Path, folder: &Path) -> anyhow::Result<(usize, Vec<String>)> {
    let defaults = folder.join(DEFAULTS);
    let server = Server::start(folder, Some(&*defaults).filter(|file| file.exists()))?;
    let mut client = Client::connect(server.address, &server.certificate_pem).await?;
    let mut tasks = Vec::new();
    manifests::read(folder, |found| {
        tasks.extend(found.ok().filter(|manifest| manifest.kind.parse::<Shape>().is_ok()));
    });
    ensure!(!tasks.is_empty(), "there is no Task and no Session in {}", folder.display());
    for manifest in &tasks {
        let file = manifest.path.strip_prefix(root).unwrap_or(&manifest.path);
        let context = || format!("{}", file.display());
        let about = first_comment(&manifest.path).with_context(context)?;
        let before = &manifest.object();
        let answer = admit(&mut client, before).await.with_context(context)?;
        let mut after = before.clone();
        json_patch::patch(&mut after, &answer.patch).context("the patch does not apply")?;
        show::task(&Shown { file, about: &about, before, after: &after, answer: &answer });
        let again = admit(&mut client, &after).await.with_context(context)?;
        ensure!(again.patch.0.is_empty(), "{}: a second pass changes it again", file.display());
    }
    drop(client);
    Ok((tasks.len(), server.stop()?))
}

/// What the server said about one Task.
struct Answer {
    patch: Patch,
    warnings: Vec<String>,
}

/// Asks for the admission of a Task or Session, and checks what every answer must have.
async fn admit(client: &mut Client, task: &Value) -> anyhow::Result<Answer> {
    let review = review(task);
    let path = match shape_of(task) {
        Shape::Task => MUTATE_TASK_PATH,
        Shape::Session => MUTATE_SESSION_PATH,
    };
    let answer = client.post(&format!("{path}?timeout=3s"), &review).await?;
    let response = &answer["response"];
    ensure!(response["uid"] == review["request"]["uid"], "the answer has another uid");
    ensure!(response["allowed"] == true, "it is not allowed");
    let patch = match response["patch"].as_str() {
        Some(patch) => serde_json::from_slice(&BASE64.decode(patch)?)?,
        None => Patch::default(),
    };
    let warnings = match response.get("warnings") {
        Some(warnings) => serde_json::from_value(warnings.clone())?,
        None => Vec::new(),
    };
    Ok(Answer { patch, warnings })
}

/// What is to be admitted.
fn shape_of(object: &Value) -> Shape {
    object["kind"].as_str().and_then(|kind| kind.parse().ok()).unwrap_or_default()
}

/// The AdmissionReview of the creation of `task`.
fn review(task: &Value) -> Value {
    let (metadata, shape) = (&task["metadata"], shape_of(task));
    let api_version = task["apiVersion"].as_str().unwrap_or_default();
    let version = api_version.rsplit('/').next();
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": "kelos.dev", "version": version, "kind": shape.as_str()},
            "resource": {"group": "kelos.dev", "version": version, "resource": shape.plural()},
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "operation": "CREATE",
            "userInfo": {"username": "system:serviceaccount:default:kelos-spawner"},
            "object": task,
            "oldObject": null,
            "dryRun": false,
        },
    })
}

/// The comment that a file begins with.
fn first_comment(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path)?;
    let lines = text.lines().map_while(|line| line.strip_prefix('#'));
    Ok(lines.map(str::trim).collect::<Vec<_>>().join(" "))
}

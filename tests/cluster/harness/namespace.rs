//! A namespace of its own for a test, and what it says about Tasks.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};

use super::api::Reply;
use super::cluster::Parts;
use super::created::Created;
use super::objects::Spawner;
use super::sessions::SessionSpawner;
use super::wait::{TIMEOUT, eventually, within};

/// A namespace that a test made for itself.
pub(crate) struct Namespace {
    cluster: Arc<Parts>,
    name: String,
}

impl Namespace {
    /// Creates it.
    pub(crate) async fn create(cluster: Arc<Parts>, name: &str, labels: Value) -> Namespace {
        let object = json!({"metadata": {"name": name, "labels": labels}});
        cluster.admin.create("/api/v1/namespaces", &object).await.ok();
        Namespace::existing(cluster, name)
    }

    /// One that is there.
    pub(crate) fn existing(cluster: Arc<Parts>, name: &str) -> Namespace {
        Namespace { cluster, name: name.to_owned() }
    }

    /// Creates a TaskSpawner.
    pub(crate) async fn creates(&self, spawner: impl Into<Value>) -> Spawner {
        Spawner::created(&self.post("taskspawners", "", spawner.into()).await.ok())
    }

    /// Creates a SessionSpawner.
    pub(crate) async fn creates_session_spawner(&self, spawner: Value) -> SessionSpawner {
        SessionSpawner::created(&self.post("sessionspawners", "", spawner).await.ok())
    }

    /// Creates the Workspace `my-repo`.
    pub(crate) async fn creates_workspace(&self, repo: &str) {
        let workspace =
            json!({"kind": "Workspace", "metadata": {"name": "my-repo"}, "spec": {"repo": repo}});
        self.post("workspaces", "", workspace).await.ok();
    }

    /// Creates a WorkerPool that works in the Workspace `my-repo`.
    pub(crate) async fn creates_worker_pool(&self, name: &str) {
        let claim = json!({
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
        });
        let worker = json!({
            "type": "claude-code",
            "credentials": {"type": "none"},
            "workspaceRef": {"name": "my-repo"},
        });
        let pool = json!({
            "kind": "WorkerPool",
            "metadata": {"name": name},
            "spec": {"worker": worker, "volumeClaimTemplate": claim},
        });
        self.post("workerpools", "", pool).await.ok();
    }

    /// Changes a TaskSpawner.
    pub(crate) async fn changes(&self, spawner: &Spawner, change: Value) {
        self.cluster.admin.merge(&self.path_of(spawner), &change).await.ok();
    }

    /// Deletes a TaskSpawner.
    pub(crate) async fn deletes(&self, spawner: &Spawner) {
        self.cluster.admin.delete(&self.path_of(spawner)).await.ok();
    }

    /// Creates a Task, and reads it back.
    pub(crate) async fn accepts(&self, task: impl Into<Value>) -> Created {
        let reply = self.post("tasks", "", task.into()).await;
        assert!(reply.status.is_success(), "the Task should be accepted: {reply:#?}");
        let (warnings, name) = (reply.warnings, reply.body["metadata"]["name"].as_str().unwrap());
        let object = self.cluster.admin.get(&format!("{}/{name}", self.path("tasks"))).await.ok();
        Created { object, warnings }
    }

    /// Creates a Session, and reads it back.
    pub(crate) async fn accepts_session(&self, session: Value) -> Created {
        let reply = self.post("sessions", "", session).await;
        assert!(reply.status.is_success(), "the Session should be accepted: {reply:#?}");
        let (warnings, name) = (reply.warnings, reply.body["metadata"]["name"].as_str().unwrap());
        Created { object: self.read("sessions", name).await, warnings }
    }

    /// Asks what would become of a Session.
    pub(crate) async fn accepts_session_dry_run(&self, session: Value) -> Created {
        let reply = self.post("sessions", "?dryRun=All", session).await;
        assert!(reply.status.is_success(), "the Session should be accepted: {reply:#?}");
        Created { object: reply.body, warnings: reply.warnings }
    }

    /// An object of Kelos, as it is kept.
    pub(crate) async fn read(&self, plural: &str, name: &str) -> Value {
        self.cluster.admin.get(&format!("{}/{name}", self.path(plural))).await.ok()
    }

    /// Changes an object of Kelos; gives what it is then.
    pub(crate) async fn merges(&self, plural: &str, name: &str, change: Value) -> Value {
        let path = format!("{}/{name}", self.path(plural));
        self.cluster.admin.merge(&path, &change).await.ok()
    }

    /// Asks what would become of a Task.
    pub(crate) async fn accepts_dry_run(&self, task: impl Into<Value>) -> Created {
        let reply = self.post("tasks", "?dryRun=All", task.into()).await;
        assert!(reply.status.is_success(), "the Task should be accepted: {reply:#?}");
        Created { object: reply.body, warnings: reply.warnings }
    }

    /// Creates a Task that can't be; gives what the API server says.
    pub(crate) async fn refuses(&self, task: impl Into<Value>) -> String {
        let reply = self.post("tasks", "", task.into()).await;
        assert!(reply.status.is_client_error(), "the Task should be refused: {reply:#?}");
        reply.message().to_owned()
    }

    /// Waits until such a Task would get this label.
    pub(crate) async fn will_label(&self, task: impl Into<Value>, key: &str, value: &str) {
        self.will_label_within(TIMEOUT, task, key, value).await;
    }

    /// Waits for that, for this long.
    pub(crate) async fn will_label_within(
        &self,
        time: Duration,
        task: impl Into<Value>,
        key: &str,
        value: &str,
    ) {
        let task = task.into();
        within(time, &format!("label {key}={value}"), async || {
            (self.accepts_dry_run(task.clone()).await.label(key) == Some(value)).then_some(())
        })
        .await;
    }

    /// Waits until such a Task would get this annotation.
    pub(crate) async fn will_annotate(&self, task: impl Into<Value>, key: &str, value: &str) {
        let task = task.into();
        eventually(&format!("annotation {key}={value}"), async || {
            (self.accepts_dry_run(task.clone()).await.annotation(key) == Some(value)).then_some(())
        })
        .await;
    }

    /// The audit event of the creation of a Task.
    pub(crate) async fn audit_event(&self, task: &str) -> Value {
        let (at, text) = (&self.cluster.control_plane, format!("\"name\":\"{task}\""));
        eventually(&format!("the audit event of {task}"), async || {
            at.audit_events(&text).into_iter().find(|event| {
                let about = &event["objectRef"];
                let is_dry_run = event["requestURI"].as_str().unwrap().contains("dryRun");
                event["verb"] == "create"
                    && !is_dry_run
                    && about["resource"] == "tasks"
                    && about["namespace"] == self.name
                    && about["name"] == task
            })
        })
        .await
    }

    /// Whether a Task of this name exists.
    pub(crate) async fn has_task(&self, name: &str) -> bool {
        self.cluster.admin.get(&format!("{}/{name}", self.path("tasks"))).await.status.is_success()
    }

    /// All its Tasks.
    pub(crate) async fn tasks(&self) -> Vec<Value> {
        let list = self.cluster.admin.get(&self.path("tasks")).await.ok();
        list["items"].as_array().unwrap().clone()
    }

    /// Creates an object, and gives what the API server says.
    pub(crate) async fn post(&self, plural: &str, query: &str, mut object: Value) -> Reply {
        if object["apiVersion"].is_null() {
            object["apiVersion"] = json!(format!("kelos.dev/{}", self.cluster.version()));
        }
        let path = self.path_in(object["apiVersion"].as_str().unwrap(), plural);
        self.cluster.admin.create(&format!("{path}{query}"), &object).await
    }

    /// Says how an object is, as Kelos's controllers do: in its subresource, where the schema has one.
    pub(crate) async fn reports(&self, plural: &str, name: &str, status: Value) {
        let (path, change) = (format!("{}/{name}", self.path(plural)), json!({"status": status}));
        let reply = self.cluster.admin.merge(&format!("{path}/status"), &change).await;
        if reply.status == StatusCode::NOT_FOUND {
            self.cluster.admin.merge(&path, &change).await.ok();
        } else {
            reply.ok();
        }
    }

    fn path(&self, plural: &str) -> String {
        self.path_in(&format!("kelos.dev/{}", self.cluster.version()), plural)
    }

    fn path_in(&self, api_version: &str, plural: &str) -> String {
        format!("/apis/{api_version}/namespaces/{}/{plural}", self.name)
    }

    fn path_of(&self, spawner: &Spawner) -> String {
        format!("{}/{}", self.path("taskspawners"), spawner.name)
    }
}

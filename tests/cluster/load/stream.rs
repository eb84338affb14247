//! A standing load of new Tasks, and what became of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::harness::namespace::Namespace;
use crate::harness::objects::Spawner;
use crate::harness::spawner;

/// How many clients create Tasks at once.
const CLIENTS: u32 = 4;
/// How long each of them waits from one Task to the next, if nobody says otherwise.
const PACE: Duration = Duration::from_millis(50);
/// The label that each Task should have.
const AREA: &str = "area";

/// Tasks that are being created.
pub(crate) struct Stream {
    namespace: Arc<Namespace>,
    is_over: Arc<AtomicBool>,
    clients: JoinSet<Vec<String>>,
    created: Arc<AtomicU32>,
    step: watch::Sender<String>,
}

/// What became of the Tasks of a [`Stream`].
#[derive(Debug)]
pub(crate) struct Tally {
    /// How many were asked for.
    pub(crate) asked: usize,
    /// What the API server said about those that it refused, and what was going on.
    pub(crate) refused: Vec<String>,
    /// How many exist.
    pub(crate) existing: usize,
    /// How many of those have their label.
    pub(crate) labelled: usize,
}

impl Stream {
    /// Begins to create Tasks.
    pub(crate) async fn start(namespace: Namespace) -> Stream {
        Stream::at_pace(namespace, PACE).await
    }

    /// Begins to create Tasks; each client waits so long from one to the next.
    pub(crate) async fn at_pace(namespace: Namespace, pace: Duration) -> Stream {
        let manifest = spawner("worker").labels(json!({AREA: "backend"}));
        let worker = namespace.creates(manifest).await;
        namespace.will_label(worker.issue(0), AREA, "backend").await;
        let (namespace, is_over) = (Arc::new(namespace), Arc::new(AtomicBool::new(false)));
        let (created, step) = (Arc::new(AtomicU32::new(0)), watch::Sender::new("start".to_owned()));
        let client = Client { namespace, worker, pace, is_over, created, step: step.subscribe() };
        let (namespace, is_over) = (Arc::clone(&client.namespace), Arc::clone(&client.is_over));
        let created = Arc::clone(&client.created);
        let clients = (0..CLIENTS).map(|_| client.clone().create()).collect();
        Stream { namespace, is_over, clients, created, step }
    }

    /// Says what is going on from now on.
    pub(crate) fn step(&self, step: String) {
        self.step.send_replace(step);
    }

    /// Waits until so many more Tasks were asked for.
    pub(crate) async fn flows(&self, tasks: u32) {
        let from = self.created.load(Ordering::Relaxed);
        crate::harness::wait::eventually("the stream flows", async || {
            (self.created.load(Ordering::Relaxed) >= from + tasks).then_some(())
        })
        .await;
    }

    /// Stops, and counts.
    pub(crate) async fn end(self) -> Tally {
        self.is_over.store(true, Ordering::Relaxed);
        let refused = self.clients.join_all().await.concat();
        let tasks = self.namespace.tasks().await;
        let is_labelled = |task: &&serde_json::Value| task["metadata"]["labels"][AREA] == "backend";
        Tally {
            asked: self.created.load(Ordering::Relaxed) as usize,
            refused,
            existing: tasks.len(),
            labelled: tasks.iter().filter(is_labelled).count(),
        }
    }
}

/// Somebody who creates Tasks.
#[derive(Clone)]
struct Client {
    namespace: Arc<Namespace>,
    worker: Spawner,
    pace: Duration,
    is_over: Arc<AtomicBool>,
    created: Arc<AtomicU32>,
    step: watch::Receiver<String>,
}

impl Client {
    async fn create(self) -> Vec<String> {
        let mut refused = Vec::new();
        let mut pace = interval(self.pace);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.is_over.load(Ordering::Relaxed) {
            pace.tick().await;
            let number = 1 + self.created.fetch_add(1, Ordering::Relaxed);
            let began = self.step.borrow().clone();
            let reply = self.namespace.post("tasks", "", self.worker.issue(number).into()).await;
            if !reply.status.is_success() {
                refused.push(format!("{began}: {}", reply.message()));
            }
        }
        refused
    }
}

impl Tally {
    /// That no Task was refused, and none lost.
    #[track_caller]
    pub(crate) fn all_exist(&self) {
        let refused = &self.refused;
        assert!(
            refused.is_empty(),
            "{} refused: {:#?}",
            refused.len(),
            &refused[..refused.len().min(9)]
        );
        assert_eq!(self.existing, self.asked, "{self:?}");
        assert!(self.asked > 0);
    }

    /// That each has its label, too.
    #[track_caller]
    pub(crate) fn all_are_labelled(&self) {
        self.all_exist();
        assert_eq!(self.labelled, self.asked, "{self:?}");
    }
}

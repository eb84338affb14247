//! A standing load of new Tasks, and what became of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::harness::namespace::Namespace;
use crate::harness::objects::Spawner;
use crate::harness::spawner;

/// How many clients create Tasks at once.
const CLIENTS: u32 = 4;
/// How long each of them waits from one Task to the next.
const PACE: Duration = Duration::from_millis(50);
/// The label that each Task should have.
const AREA: &str = "area";

/// Tasks that are being created.
pub(crate) struct Stream {
    namespace: Arc<Namespace>,
    is_over: Arc<AtomicBool>,
    clients: JoinSet<Vec<String>>,
    created: Arc<AtomicU32>,
}

/// What became of the Tasks of a [`Stream`].
#[derive(Debug)]
pub(crate) struct Tally {
    /// How many were asked for.
    pub(crate) asked: usize,
    /// What the API server said about those that it refused.
    pub(crate) refused: Vec<String>,
    /// How many exist.
    pub(crate) existing: usize,
    /// How many of those have their label.
    pub(crate) labelled: usize,
}

impl Stream {
    /// Begins to create Tasks.
    pub(crate) async fn start(namespace: Namespace) -> Stream {
        let manifest = spawner("worker").labels(json!({AREA: "backend"}));
        let worker = namespace.creates(manifest).await;
        namespace.will_label(worker.issue(0), AREA, "backend").await;
        let (namespace, is_over) = (Arc::new(namespace), Arc::new(AtomicBool::new(false)));
        let (created, mut clients) = (Arc::new(AtomicU32::new(0)), JoinSet::new());
        for _ in 0..CLIENTS {
            let (namespace, is_over) = (Arc::clone(&namespace), Arc::clone(&is_over));
            clients.spawn(client(namespace, worker.clone(), is_over, Arc::clone(&created)));
        }
        Stream { namespace, is_over, clients, created }
    }

    /// Waits until so many more Tasks were asked for.
    pub(crate) async fn flows(&self, tasks: u32) {
        let from = self.created.load(Ordering::Relaxed);
        crate::harness::patience::eventually("the stream flows", async || {
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

async fn client(
    namespace: Arc<Namespace>,
    worker: Spawner,
    is_over: Arc<AtomicBool>,
    created: Arc<AtomicU32>,
) -> Vec<String> {
    let mut refused = Vec::new();
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !is_over.load(Ordering::Relaxed) {
        pace.tick().await;
        let number = 1 + created.fetch_add(1, Ordering::Relaxed);
        let reply = namespace.post("tasks", "", worker.issue(number).into()).await;
        if !reply.status.is_success() {
            refused.push(reply.message().to_owned());
        }
    }
    refused
}

impl Tally {
    /// That no Task was refused, and none lost.
    #[track_caller]
    pub(crate) fn all_exist(&self) {
        assert!(
            self.refused.is_empty(),
            "{} refused, such as {:?}",
            self.refused.len(),
            self.refused.first()
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

//! No downtime: while certificates change, each one that is served is trusted, and each Task is created.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::harness::certificate_watch::{CertificateWatch, Certificates};
use crate::harness::namespace::Namespace;

/// How long it rests between two Tasks.
const PAUSE: Duration = Duration::from_millis(50);

/// It goes on until it is ended.
pub(crate) struct NoDowntime {
    certificates: CertificateWatch,
    end: watch::Sender<bool>,
    tasks: JoinHandle<(usize, Vec<String>)>,
}

impl NoDowntime {
    /// Creates Tasks beside a watch over certificates.
    pub(crate) fn begin(
        certificates: CertificateWatch,
        namespace: Arc<Namespace>,
        task: Value,
    ) -> NoDowntime {
        let (end, ended) = watch::channel(false);
        let tasks = tokio::spawn(async move {
            let (mut created, mut lost) = (0, Vec::new());
            while !*ended.borrow() {
                let reply = namespace.post("tasks", "?dryRun=All", task.clone()).await;
                match reply.body["metadata"]["labels"]["area"].as_str() {
                    Some("backend") => created += 1,
                    _ => lost.push(format!("{reply:?}")),
                }
                sleep(PAUSE).await;
            }
            (created, lost)
        });
        NoDowntime { certificates, end, tasks }
    }

    /// Ends it: nothing was amiss. Gives what was served.
    pub(crate) async fn end(self) -> Certificates {
        self.end.send_replace(true);
        let certificates = self.certificates.end().await;
        let (created, lost) = self.tasks.await.unwrap();
        assert!(lost.is_empty(), "{} of {}: {:#?}", lost.len(), created + lost.len(), lost[0]);
        assert!(created > 10, "{created}");
        certificates
    }
}

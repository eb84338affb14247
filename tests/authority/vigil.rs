//! A vigil: while certificates change, each one that is served is trusted, and each Task is created.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::harness::api::Api;
use crate::harness::namespace::Namespace;
use crate::harness::served::{Served, authorities, distrust, served};
use crate::scene::live;

/// How long it rests between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// A vigil that goes on.
pub(crate) struct Vigil {
    end: watch::Sender<bool>,
    certificates: JoinHandle<Certificates>,
    tasks: JoinHandle<(usize, Vec<String>)>,
}

/// What was served.
#[derive(Debug, Default)]
pub(crate) struct Certificates {
    /// How many looks were taken.
    pub(crate) looks: usize,
    /// Each certificate, once.
    pub(crate) served: BTreeSet<Served>,
    /// How many authorities the caBundle had at the most.
    pub(crate) most_authorities: usize,
    distrusted: Vec<String>,
}

impl Vigil {
    pub(crate) fn begin(
        admin: Api,
        configuration: String,
        address: SocketAddr,
        namespace: Arc<Namespace>,
        task: Value,
    ) -> Vigil {
        let (end, ended) = watch::channel(false);
        let until = ended.clone();
        let certificates = tokio::spawn(async move {
            let mut seen = Certificates::default();
            loop {
                // What is served in the end is seen, too.
                let is_last = *until.borrow();
                seen.look(&admin, &configuration, address).await;
                if is_last {
                    return seen;
                }
                sleep(PAUSE).await;
            }
        });
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
        Vigil { end, certificates, tasks }
    }

    /// Ends it: nothing was amiss. Gives what was served.
    pub(crate) async fn end(self) -> Certificates {
        self.end.send_replace(true);
        let certificates = self.certificates.await.unwrap();
        let (created, lost) = self.tasks.await.unwrap();
        assert!(certificates.distrusted.is_empty(), "{:#?}", certificates.distrusted);
        assert!(lost.is_empty(), "{} of {}: {:#?}", lost.len(), created + lost.len(), lost[0]);
        assert!(certificates.looks > 10 && created > 10, "{} {created}", certificates.looks);
        certificates
    }
}

impl Certificates {
    async fn look(&mut self, admin: &Api, configuration: &str, address: SocketAddr) {
        self.looks += 1;
        // The certificate first: its authority is published before and after it is served.
        let Some(leaf) = served(address).await else {
            self.distrusted.push("nothing was served".to_owned());
            return;
        };
        let bundle = live(admin, configuration).await;
        if let Err(why) = distrust(&leaf, &bundle) {
            self.distrusted.push(format!("look {}: {why}", self.looks));
        }
        self.most_authorities = self.most_authorities.max(authorities(&bundle).len());
        self.served.insert(leaf);
    }
}

//! A watch over certificates: while they change, each one that is served is trusted by the API server.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::api::Api;
use super::served::{Served, ca_certificates, distrust, served};

/// How long it rests between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Whoever is watched over.
#[derive(Clone, Default)]
pub(crate) struct Watched(Arc<Mutex<BTreeMap<SocketAddr, Duty>>>);

/// What is expected of somebody who is watched over. Whatever is served has to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Duty {
    /// It serves.
    Serves,
    /// It may be gone at any moment.
    Leaves,
}

impl Watched {
    /// From now on it serves.
    pub(crate) fn serves(&self, address: SocketAddr) {
        self.0.lock().unwrap().insert(address, Duty::Serves);
    }

    /// From now on it may be gone.
    pub(crate) fn leaves(&self, address: SocketAddr) {
        self.0.lock().unwrap().insert(address, Duty::Leaves);
    }

    /// It is gone: another one may get its address.
    pub(crate) fn is_gone(&self, address: SocketAddr) {
        self.0.lock().unwrap().remove(&address);
    }

    fn all(&self) -> Vec<SocketAddr> {
        self.0.lock().unwrap().keys().copied().collect()
    }

    fn has_to_serve(&self, address: SocketAddr) -> bool {
        self.0.lock().unwrap().get(&address) == Some(&Duty::Serves)
    }
}

/// A watch that goes on.
pub(crate) struct CertificateWatch {
    end: watch::Sender<bool>,
    certificates: JoinHandle<Certificates>,
}

/// What was served.
#[derive(Debug, Default)]
pub(crate) struct Certificates {
    /// How many looks were taken.
    pub(crate) looks: usize,
    /// Each certificate, once.
    pub(crate) served: BTreeSet<Served>,
    /// How many CAs the caBundle had at the most.
    pub(crate) most_cas: usize,
    distrusted: Vec<String>,
}

impl CertificateWatch {
    /// Looks at what is served, and at the caBundle of a configuration, again and again.
    pub(crate) fn begin(admin: Api, configuration: String, watched: Watched) -> CertificateWatch {
        let (end, ended) = watch::channel(false);
        let certificates = tokio::spawn(async move {
            let mut seen = Certificates::default();
            loop {
                // What is served in the end is seen, too.
                let is_last = *ended.borrow();
                for address in watched.all() {
                    seen.look(&admin, &configuration, address, &watched).await;
                }
                if is_last {
                    return seen;
                }
                sleep(PAUSE).await;
            }
        });
        CertificateWatch { end, certificates }
    }

    /// Ends it: nothing was amiss. Gives what was served.
    pub(crate) async fn end(self) -> Certificates {
        self.end.send_replace(true);
        let certificates = self.certificates.await.unwrap();
        assert!(certificates.distrusted.is_empty(), "{:#?}", certificates.distrusted);
        assert!(certificates.looks > 10, "{}", certificates.looks);
        certificates
    }
}

impl Certificates {
    async fn look(
        &mut self,
        admin: &Api,
        configuration: &str,
        address: SocketAddr,
        watched: &Watched,
    ) {
        self.looks += 1;
        // Its CA is published before it is served, and after.
        let before = live(admin, configuration).await;
        let Some(leaf) = served(address).await else {
            if watched.has_to_serve(address) {
                self.distrusted.push(format!("look {}: nothing was served", self.looks));
            }
            return;
        };
        for bundle in [before, live(admin, configuration).await] {
            if let Err(why) = distrust(&leaf, &bundle) {
                self.distrusted.push(format!("look {}: {why}", self.looks));
            }
            self.most_cas = self.most_cas.max(ca_certificates(&bundle).len());
        }
        self.served.insert(leaf);
    }
}

/// The caBundle of a configuration; empty if there is none.
pub(crate) async fn live(admin: &Api, path: &str) -> Vec<u8> {
    let configuration = admin.get(path).await.body;
    let bundle = configuration["webhooks"][0]["clientConfig"]["caBundle"].as_str();
    BASE64.decode(bundle.unwrap_or_default()).unwrap()
}

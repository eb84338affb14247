//! Webhooks behind one Service, as a Deployment keeps them.

use std::time::Duration;

use tokio::time::sleep;

use crate::harness::cluster::Cluster;
use crate::harness::namespace::Namespace;
use crate::harness::webhook::{Setup, Webhook};
use crate::load::endpoints::Endpoints;

/// Webhooks that share a port of the Service.
pub(crate) struct Fleet<'c> {
    cluster: &'c Cluster,
    name: String,
    failure_policy: &'static str,
    args: Vec<String>,
    port: u16,
    members: Vec<Webhook>,
    endpoints: Endpoints,
}

impl<'c> Fleet<'c> {
    /// Starts so many webhooks, started with these arguments besides, and registers them.
    pub(crate) async fn start(
        cluster: &'c Cluster,
        name: &str,
        count: usize,
        failure_policy: &'static str,
        args: &[&str],
    ) -> Fleet<'c> {
        let port = cluster.next_port();
        let endpoints = Endpoints::follow(cluster.parts(), Setup::service(port));
        let mut fleet = Fleet {
            cluster,
            name: name.to_owned(),
            failure_policy,
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            port,
            members: Vec::new(),
            endpoints,
        };
        for _ in 0..count {
            fleet.add().await;
        }
        Webhook::register_all(&fleet.members.iter().collect::<Vec<_>>()).await;
        fleet
    }

    /// A namespace that the webhooks serve.
    pub(crate) async fn namespace(&self, name: &str) -> Namespace {
        self.members[0].namespace(name).await
    }

    /// Starts one more, and waits until the Service leads to it.
    pub(crate) async fn add(&mut self) {
        let policy = self.failure_policy;
        let setup = self.cluster.webhook_on(&self.name, self.port);
        let setup = setup.with_flags(self.args.clone()).registered(|it| it.failure_policy = policy);
        let webhook = setup.launch().await;
        self.endpoints.lead_to(webhook.health(), webhook.address).await;
        self.members.push(webhook);
    }

    /// Replaces the oldest one as a Deployment does: a new one is ready, then the old one gets SIGTERM,
    /// and at the same time the Service begins to forget it.
    pub(crate) async fn replace_oldest(&mut self) {
        self.add().await;
        let mut old = self.members.remove(0);
        let health = old.health();
        let status = tokio::task::spawn_blocking(move || old.stop()).await.unwrap();
        assert!(status.success(), "{status}");
        self.endpoints.forget(health);
    }

    /// Kills one as the kernel does, and starts it again after a while.
    pub(crate) async fn kill_and_restart(&mut self, which: usize, after: Duration) {
        let mut killed = self.members.remove(which);
        killed.kill();
        self.endpoints.forget(killed.health());
        sleep(after).await;
        self.add().await;
    }

    /// Kills all of them.
    pub(crate) fn kill_all(&mut self) {
        self.members.drain(..).for_each(|mut webhook| webhook.kill());
    }
}

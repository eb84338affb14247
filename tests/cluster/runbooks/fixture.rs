//! An installation of the chart, its programs, and somebody who looks after it.

use serde_json::{Value, json};

use crate::harness::Cluster;
use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::{Schemas, install_other_crds};
use crate::harness::helm::Helm;
use crate::harness::kubelet::Kubelet;
use crate::harness::namespace::Namespace;
use crate::harness::objects::Spawner;
use crate::harness::pod::{CONFIGURATIONS, Pod};
use crate::harness::spawner;
use crate::harness::wait::eventually;
use crate::runbooks::shell::Shell;

/// The team whose Tasks these are, which is also the current namespace of the shell.
pub(crate) const TEAM: &str = "team";

/// The path of the configuration.
pub(crate) fn configuration() -> String {
    format!("{CONFIGURATIONS}/kelos-metadata")
}

/// An installation on a cluster of its own.
pub(crate) struct Fixture<'c> {
    pub(crate) cluster: &'c Cluster,
    pub(crate) helm: Helm,
    pub(crate) kubelet: Kubelet,
    pub(crate) shell: Shell,
    pub(crate) team: Namespace,
}

/// A Pod, and its name.
pub(crate) struct Running {
    pub(crate) pod: Pod,
    pub(crate) name: String,
}

/// Installs the chart with these values, and gives the test a shell that has to run all of these commands.
pub(crate) fn on_installation(
    name: &str,
    values: &Value,
    commands: &'static [&'static str],
    test: impl AsyncFnOnce(&Fixture<'_>),
) {
    on_own_cluster(name, async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        install_other_crds(&cluster.admin, "cert-manager").await;
        let helm = Helm::with_kubeconfig(&cluster.control_plane.admin_kubeconfig());
        helm.install(values).ok();
        let kubelet = Kubelet::start(cluster).await;
        let shell = Shell::new(cluster, TEAM, commands);
        let team = cluster.bare_namespace(TEAM, json!({})).await;
        let fixture = Fixture { cluster, helm, kubelet, shell, team };
        test(&fixture).await;
        fixture.shell.ends();
    });
}

impl Fixture<'_> {
    /// Starts a Pod of the controller.
    pub(crate) async fn controller(&self) -> Running {
        self.known(Pod::controller(self.cluster).await).await
    }

    /// Starts a Pod that serves, and leads the Service to it.
    pub(crate) async fn serving(&self) -> Running {
        self.known(Pod::start(self.cluster).await).await
    }

    /// Starts both, and waits until they are ready.
    pub(crate) async fn both(&self) -> (Running, Running) {
        let (controller, serving) = (self.controller().await, self.serving().await);
        controller.pod.is_ready().await;
        serving.pod.is_ready().await;
        (controller, serving)
    }

    async fn known(&self, pod: Pod) -> Running {
        let name = self.kubelet.runs(&pod).await;
        Running { pod, name }
    }

    /// Creates a TaskSpawner whose Tasks get `area: backend`, and waits until they do.
    pub(crate) async fn labelled(&self) -> Spawner {
        let worker = spawner("worker").labels(json!({"area": "backend"}));
        let worker = self.team.creates(worker).await;
        self.labels(&worker).await;
        worker
    }

    /// Waits until its Tasks are labelled. Its issue 0 is never created.
    pub(crate) async fn labels(&self, worker: &Spawner) {
        self.team.will_label(worker.issue(0), "area", "backend").await;
    }

    /// Follows a command until its output has this text; gives the output.
    pub(crate) async fn shows(&self, command: &str, text: &str) -> String {
        eventually(&format!("{command} shows {text}"), async || {
            let output = self.shell.follows(command, &[]).ok();
            output.contains(text).then_some(output)
        })
        .await
    }

    /// What the configuration has for a caBundle.
    pub(crate) async fn bundle(&self) -> Value {
        let found = self.cluster.admin.get(&configuration()).await.body;
        found["webhooks"][0]["clientConfig"]["caBundle"].clone()
    }

    /// Takes the caBundle away, as `kubectl replace` with a rendered chart does.
    pub(crate) async fn wipes_bundle(&self) {
        let mut found = self.cluster.admin.get(&configuration()).await.ok();
        for webhook in found["webhooks"].as_array_mut().unwrap() {
            webhook["clientConfig"]["caBundle"].take();
        }
        self.cluster.admin.replace(&configuration(), &found).await.ok();
    }
}

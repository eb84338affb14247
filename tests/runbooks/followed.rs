//! The situations of the runbooks, and what their commands show there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::harness::cluster::on_own_cluster;
use crate::harness::crds::{Schemas, install_neighbours};
use crate::harness::helm::{Helm, NAMESPACE, RELEASE};
use crate::harness::namespace::Namespace;
use crate::harness::objects::Spawner;
use crate::harness::patience::eventually;
use crate::harness::pod::{CONFIGURATIONS, CONTROLLER, Pod};
use crate::harness::spawner;
use crate::harness::{Cluster, authority};
use crate::kubelet::Kubelet;
use crate::reader::Reader;

const LOGS: &str = "kubectl -n kelos-system logs deployment/kelos-metadata";
const CONTROLLER_LOGS: &str = "kubectl -n kelos-system logs deployment/kelos-metadata-controller";
const CONFIGURATION: &str = "kubectl get mutatingwebhookconfiguration kelos-metadata -o yaml";

/// A cluster with an installation, a team, and somebody who reads the page.
struct Scene<'c> {
    cluster: &'c Cluster,
    helm: Helm,
    reader: Reader,
    team: Namespace,
    worker: Spawner,
}

impl Scene<'_> {
    /// Waits until a command of the page shows this.
    async fn shows(&self, command: &str, expected: &str) {
        eventually(&format!("`{command}` shows {expected}"), async || {
            self.reader.follows(command).ok().contains(expected).then_some(())
        })
        .await;
    }

    /// Waits until Tasks are labelled.
    async fn labels(&self) {
        self.team.will_label(self.worker.issue(0), "area", "backend").await;
    }

    fn configuration(&self) -> String {
        format!("{CONFIGURATIONS}/{RELEASE}")
    }

    async fn bundle_is_there(&self) {
        eventually("the caBundle", async || {
            let found = self.cluster.admin.get(&self.configuration()).await.body;
            found["webhooks"][0]["clientConfig"]["caBundle"].is_string().then_some(())
        })
        .await;
    }
}

#[test]
fn each_command_of_the_page_does_what_the_page_says() {
    on_own_cluster("runbooks", async |cluster| {
        cluster.install(Schemas::V1alpha2).await;
        install_neighbours(&cluster.admin, "cert-manager").await;
        let kubeconfig = cluster.control_plane.admin_kubeconfig();
        let helm = Helm::with_kubeconfig(&kubeconfig);
        helm.install(&values()).ok();
        let (controller, serving) = (Pod::controller(cluster).await, Pod::start(cluster).await);
        let kubelet = Kubelet::start(&cluster.admin).await;
        kubelet.runs(CONTROLLER, controller.log_file()).await;
        kubelet.runs(RELEASE, serving.log_file()).await;
        let team = cluster.bare_namespace("team", json!({})).await;
        let manifest =
            spawner("worker").labels(json!({"area": "backend", "who": "{{.Title | labelValue}}"}));
        let worker = team.creates(manifest).await;
        let reader = Reader::new(&kubeconfig, "team");
        let scene = Scene { cluster, helm, reader, team, worker };
        scene.labels().await;

        a_label_is_missing(&scene).await;
        nobody_is_scraped(&scene);
        the_bundle_is_contested(&scene).await;
        certificates_have_trouble(&scene).await;
        templates_have_trouble(&scene).await;
        owners_are_unknown(&scene).await;
        it_is_in_the_way(&scene).await;
        scene.reader.has_followed_all();
    });
}

/// As they are installed, but for what a test can't wait for.
fn values() -> Value {
    json!({"certificates": {"selfManaged": {"caSettle": "1s"}}})
}

/// Why does this Task not have its label?
async fn a_label_is_missing(scene: &Scene<'_>) {
    // The title is not known for a Task whose prompt is another one than the template gives.
    let mut task: Value = scene.worker.issue(1).into();
    task["spec"]["prompt"] = json!("Something else.");
    scene.team.accepts(task).await;
    let (reader, name) = (&scene.reader, ("NAME", "worker-1"));
    let marks = "kubectl get task NAME -o yaml | grep metadata.kelos.dev/";
    let said = reader.follows_with(marks, &[name]).ok();
    assert!(said.contains("metadata.kelos.dev/skipped: label:who=missing_variable"), "{said}");
    assert!(said.contains("metadata.kelos.dev/rendered-from: worker@"), "{said}");

    let spawner = "kubectl get taskspawner NAME -o yaml > spawner.yaml";
    reader.follows_with(spawner, &[("NAME", "worker")]).ok();
    reader.follows_with("kubectl get task NAME -o yaml > task.yaml", &[name]).ok();
    let said = reader.follows("kelos-metadata render -f spawner.yaml -f task.yaml").ok();
    assert!(said.contains("missing_variable") && said.contains("area"), "{said}");

    reader.follows_with("kubectl label task NAME KEY=VALUE", &[name, ("KEY=VALUE", "who=me")]).ok();
    let tasks = scene.team.tasks().await;
    assert_eq!(tasks[0]["metadata"]["labels"]["who"], "me");

    let count = "kubectl get tasks -A -o json | grep -c metadata.kelos.dev/skipped";
    assert_eq!(reader.follows(count).ok().trim(), "1");
    scene.team.accepts(scene.worker.issue(2)).await;
    assert_eq!(reader.follows(count).ok().trim(), "1", "a Task with both labels");
}

/// KelosMetadataDown.
fn nobody_is_scraped(scene: &Scene<'_>) {
    let pods =
        "kubectl -n kelos-system get deployment,pods -l app.kubernetes.io/name=kelos-metadata";
    let said = scene.reader.follows(pods).ok();
    for object in ["deployment.apps/kelos-metadata ", "pod/kelos-metadata-1 ", CONTROLLER] {
        assert!(said.contains(object), "{said}");
    }
    let said = scene.reader.follows(LOGS).ok();
    assert!(said.contains("\"message\":\"Ready\""), "{said}");
}

/// KelosMetadataFailOpen and KelosMetadataBundleContested.
async fn the_bundle_is_contested(scene: &Scene<'_>) {
    let foreign = BASE64.encode(authority::certificate());
    let bundle =
        json!([{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": foreign}]);
    // Once is an accident: it is mended.
    let manager = format!("{}?fieldManager=gitops", scene.configuration());
    scene.cluster.admin.json_patch(&manager, &bundle).await.ok();
    scene.bundle_is_there().await;
    scene.labels().await;
    scene.shows(CONFIGURATION, "caBundle: ").await;
    scene.shows(CONTROLLER_LOGS, "Published the caBundle").await;

    let contested = "Somebody else keeps writing the caBundle";
    eventually(contested, async || {
        scene.cluster.admin.json_patch(&manager, &bundle).await.ok();
        scene.reader.follows(CONTROLLER_LOGS).ok().contains(contested).then_some(())
    })
    .await;
    let managers = format!("{CONFIGURATION} --show-managed-fields");
    // Who wrote last is named: the controller, or the one that it is at odds with.
    eventually("the other writer is named", async || {
        scene.cluster.admin.json_patch(&manager, &bundle).await.ok();
        scene.reader.follows(&managers).ok().contains("manager: gitops").then_some(())
    })
    .await;
    scene.bundle_is_there().await;
    scene.labels().await;
}

/// KelosMetadataCertificateExpires, KelosMetadataNoLeader, KelosMetadataRotationFails.
async fn certificates_have_trouble(scene: &Scene<'_>) {
    let said = scene.reader.follows("kubectl -n kelos-system get pods,lease").ok();
    let lease = said.lines().find(|line| line.starts_with("lease.coordination.k8s.io/")).unwrap();
    assert!(
        lease.contains(CONTROLLER) && lease.split_whitespace().count() == 3,
        "a holder: {lease}"
    );

    let secret = format!("/api/v1/namespaces/{NAMESPACE}/secrets/kelos-metadata-tls");
    let spoilt = json!({"immutable": true, "data": {"tls.crt": "", "tls.key": ""}});
    scene.cluster.admin.merge(&secret, &spoilt).await.ok();
    scene.shows(CONTROLLER_LOGS, "The certificates can't be looked after").await;
    scene.labels().await;
    scene.reader.follows("kubectl -n kelos-system delete secret kelos-metadata-tls").ok();
    eventually("a new Secret", async || {
        let found = scene.cluster.admin.get(&secret).await.body;
        (found["data"]["tls.crt"].as_str()?.len() > 100).then_some(())
    })
    .await;
    scene.labels().await;

    // What the chart asks of cert-manager, in its mode.
    let certificates = format!("/apis/cert-manager.io/v1/namespaces/{NAMESPACE}/certificates");
    let spec = json!({"secretName": "kelos-metadata-tls", "issuerRef": {"name": RELEASE}});
    let certificate = json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate",
                             "metadata": {"name": RELEASE}, "spec": spec});
    scene.cluster.admin.create(&certificates, &certificate).await.ok();
    let said = scene.reader.follows("kubectl -n kelos-system describe certificate").ok();
    assert!(said.contains("kelos-metadata-tls"), "{said}");
}

/// KelosMetadataInvalidTemplates and KelosMetadataKeysSkipped.
async fn templates_have_trouble(scene: &Scene<'_>) {
    scene.team.creates(spawner("broken").labels(json!({"area": "{{.Title"}))).await;
    let mending = "kubectl -n kelos-system logs deployment/kelos-metadata | grep 'needs mending'";
    let said = eventually("the log names it", async || {
        let said = scene.reader.follows(mending);
        // grep fails while there is no such line.
        said.output.contains("broken").then_some(said.output)
    })
    .await;
    assert!(said.contains("team") && said.contains("area"), "{said}");
    scene.shows(LOGS, "Skipped a key").await;
}

/// KelosMetadataUnknownOwners.
async fn owners_are_unknown(scene: &Scene<'_>) {
    let mut task: Value = scene.worker.issue(3).into();
    let stranger = "11111111-2222-3333-4444-555555555555";
    task["metadata"]["ownerReferences"][0]["uid"] = json!(stranger);
    scene.team.accepts(task).await;
    let of = |columns| format!("kubectl get {columns}'");
    let tasks = of(
        "tasks -A -o 'custom-columns=:.metadata.namespace,:.metadata.name,:.metadata.ownerReferences[*].uid",
    );
    let said = scene.reader.follows(&tasks).ok();
    let known = of(
        "taskspawners -A -o 'custom-columns=:.metadata.namespace,:.metadata.name,:.metadata.uid",
    );
    let spawners = scene.reader.follows(&known).ok();
    let is_known = |line: &&str| spawners.contains(line.split_whitespace().last().unwrap());
    let unknown: Vec<&str> =
        said.lines().filter(|line| !line.trim().is_empty() && !is_known(line)).collect();
    assert!(unknown.len() == 1 && unknown[0].contains("worker-3"), "{said}\n{spawners}");
    assert!(unknown[0].contains(stranger));
}

/// Maintenance.
async fn it_is_in_the_way(scene: &Scene<'_>) {
    let off = "kubectl label namespace NAME metadata.kelos.dev/injection=disabled";
    scene.reader.follows_with(off, &[("NAME", "team")]).ok();
    let is_left_alone = async || {
        let task = scene.team.accepts_dry_run(scene.worker.issue(0)).await;
        task.label("area").is_none().then_some(())
    };
    eventually("the namespace is left alone", is_left_alone).await;
    let namespace = "/api/v1/namespaces/team";
    let on = json!({"metadata": {"labels": {"metadata.kelos.dev/injection": null}}});
    scene.cluster.admin.merge(namespace, &on).await.ok();
    scene.labels().await;

    scene.reader.follows("kubectl delete mutatingwebhookconfiguration kelos-metadata").ok();
    eventually("Tasks are created as if it were not there", is_left_alone).await;
    scene.helm.upgrade(&values()).ok();
    scene.bundle_is_there().await;
    scene.labels().await;
}

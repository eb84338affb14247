//! The schemas that a cluster can have.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::api::Api;
use super::wait::eventually;

const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// A set of CustomResourceDefinitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schemas {
    /// Ours, as an early Kelos has them: v1alpha1 only.
    V1alpha1,
    /// Ours, as a late Kelos has them: v1alpha1 served, v1alpha2 stored.
    V1alpha2,
    /// Those that Kelos v0.24 ships.
    Kelos024,
    /// Those that Kelos v0.52 ships.
    Kelos052,
}

impl Schemas {
    /// The version that clients of that Kelos use.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Schemas::V1alpha1 | Schemas::Kelos024 => "v1alpha1",
            Schemas::V1alpha2 | Schemas::Kelos052 => "v1alpha2",
        }
    }

    /// Whether a TaskSpawner has Kelos's own field for labels and annotations.
    pub(crate) fn has_metadata_field(self) -> bool {
        self.version() == "v1alpha2"
    }

    /// Whether there are WorkerPools.
    pub(crate) fn has_worker_pools(self) -> bool {
        self.version() == "v1alpha2"
    }

    /// Whether there are Sessions.
    pub(crate) fn has_sessions(self) -> bool {
        self.version() == "v1alpha2"
    }

    /// Whether a Task can say labels of its Pod; node selectors it always can.
    pub(crate) fn has_pod_labels(self) -> bool {
        self.version() == "v1alpha2"
    }

    /// Where they are. Those that Kelos ships lie beside the project, where they lie at all.
    pub(crate) fn folder(self) -> Option<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = match self {
            Schemas::V1alpha1 => root.join("tests/data/crds/v1alpha1"),
            Schemas::V1alpha2 => root.join("tests/data/crds/v1alpha2"),
            Schemas::Kelos024 => root.join("../shared/kelos-crds/v0.24"),
            Schemas::Kelos052 => root.join("../shared/kelos-crds/v0.52"),
        };
        folder.is_dir().then_some(folder)
    }

    /// Installs them, over others if there are, and waits until their kinds are served.
    pub(crate) async fn install(self, api: &Api) {
        install(api, &self.folder().unwrap(), self.version()).await;
    }
}

/// Installs our own small schemas of another project, from a folder of `tests/crds`.
pub(crate) async fn install_other_crds(api: &Api, folder: &str) {
    install(api, &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/crds").join(folder), "v1")
        .await;
}

/// Installs the schemas of a folder, over others if there are, and waits until this version of them is served.
async fn install(api: &Api, folder: &Path, version: &str) {
    for path in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(path.unwrap().path()).unwrap();
        let mut crd = read(&text);
        let name = crd["metadata"]["name"].as_str().unwrap().to_owned();
        let path = format!("{CRDS}/{name}");
        let old = api.get(&path).await;
        if old.status.is_success() {
            crd["metadata"]["resourceVersion"] = old.body["metadata"]["resourceVersion"].clone();
            api.replace(&path, &crd).await.ok();
        } else {
            api.create(CRDS, &crd).await.ok();
        }
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (group, plural) = (text(&crd["spec"]["group"]), text(&crd["spec"]["names"]["plural"]));
        let list = format!("/apis/{group}/{version}/{plural}");
        eventually(&list, async || api.get(&list).await.status.is_success().then_some(())).await;
    }
}

fn read(yaml: &str) -> Value {
    // Real schemas are larger than what a stranger may send.
    let options = serde_saphyr::options! { budget: None };
    serde_saphyr::from_str_with_options(yaml, options).unwrap()
}

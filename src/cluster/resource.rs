//! Which objects are meant, and under which path the API server has them.

use kube::Client;
use kube::core::Request;
use kube::core::params::GetParams;
use serde::Deserialize;

use super::Error;

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its API group; empty for the core group.
    pub group: &'static str,
    /// The versions that can be read, the best one first.
    pub versions: &'static [&'static str],
    /// Its name in paths and in roles, such as `taskspawners`.
    pub plural: &'static str,
    /// Whether only names, labels and annotations are asked for.
    pub metadata_only: bool,
}

/// The versions of Kelos's kinds: v0.40 and later store v1alpha2, older ones know v1alpha1 only.
const KELOS_VERSIONS: &[&str] = &["v1alpha2", "v1alpha1"];

impl Resource {
    /// Secrets.
    pub const SECRETS: Resource = Resource::core("secrets");
    /// Namespaces: their names, labels and annotations.
    pub const NAMESPACES: Resource =
        Resource { metadata_only: true, ..Resource::core("namespaces") };
    /// Tasks.
    pub const TASKS: Resource = Resource::kelos("tasks");
    /// TaskSpawners.
    pub const TASK_SPAWNERS: Resource = Resource::kelos("taskspawners");
    /// SessionSpawners; older versions of Kelos have none.
    pub const SESSION_SPAWNERS: Resource = Resource::kelos("sessionspawners");
    /// TaskBudgets; older versions of Kelos have none.
    pub const TASK_BUDGETS: Resource = Resource::kelos("taskbudgets");
    /// TaskRecords: what Tasks have cost; older versions of Kelos have none.
    pub const TASK_RECORDS: Resource = Resource::kelos("taskrecords");
    /// Workspaces.
    pub const WORKSPACES: Resource = Resource::kelos("workspaces");
    /// WorkerPools; older versions of Kelos have none.
    pub const WORKER_POOLS: Resource = Resource::kelos("workerpools");

    /// MutatingWebhookConfigurations.
    pub const MUTATING_WEBHOOK_CONFIGURATIONS: Resource = Resource {
        group: "admissionregistration.k8s.io",
        ..Resource::core("mutatingwebhookconfigurations")
    };
    /// Deployments.
    pub const DEPLOYMENTS: Resource = Resource { group: "apps", ..Resource::core("deployments") };
    /// ConfigMaps.
    pub const CONFIG_MAPS: Resource = Resource::core("configmaps");

    const fn core(plural: &'static str) -> Resource {
        Resource { group: "", versions: &["v1"], plural, metadata_only: false }
    }

    const fn kelos(plural: &'static str) -> Resource {
        Resource { group: "kelos.dev", versions: KELOS_VERSIONS, plural, metadata_only: false }
    }
}

/// Which objects of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them, in all namespaces.
    Cluster,
    /// One.
    One {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// One of a kind that has no namespaces.
    Named(String),
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    versions: Vec<GroupVersion>,
}

#[derive(Deserialize)]
struct GroupVersion {
    version: String,
}

impl Resource {
    /// The version to ask for: the best of those that the cluster serves, or else the first that it
    /// serves; none if it does not have the group.
    ///
    /// # Errors
    ///
    /// [`Error`] when the API server can't say.
    pub async fn served_version(&self, client: &Client) -> Result<Option<String>, Error> {
        if self.group.is_empty() {
            return Ok(self.versions.first().map(|version| (*version).to_owned()));
        }
        let request = Request::new("/apis").get(self.group, &GetParams::default())?;
        let text = match Error::in_time(client.request_text(request)).await {
            Err(error) if error.is_not_found() => return Ok(None),
            text => text?,
        };
        let group: Group = serde_json::from_str(&text).map_err(|_| Error::InvalidResponse)?;
        let served = || group.versions.iter().map(|found| found.version.as_str());
        let best = self.versions.iter().copied().find(|wanted| served().any(|it| it == *wanted));
        Ok(best.or_else(|| served().next()).map(str::to_owned))
    }

    /// Whether its objects are in namespaces.
    pub fn has_namespaces(&self) -> bool {
        *self != Resource::NAMESPACES && *self != Resource::MUTATING_WEBHOOK_CONFIGURATIONS
    }

    /// Requests for all objects of a version, or for those of a namespace.
    pub fn requests(&self, version: &str, namespace: Option<&str>) -> Request {
        Request::new(self.path(version, namespace))
    }

    /// The path of these.
    pub fn path(&self, version: &str, namespace: Option<&str>) -> String {
        let root = match self.group {
            "" => format!("/api/{version}"),
            group => format!("/apis/{group}/{version}"),
        };
        let plural = self.plural;
        match namespace {
            None => format!("{root}/{plural}"),
            Some(namespace) => format!("{root}/namespaces/{namespace}/{plural}"),
        }
    }
}

impl Scope {
    /// The namespace that requests are bound to.
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Scope::Cluster | Scope::Named(_) => None,
            Scope::One { namespace, .. } => Some(namespace),
        }
    }

    /// What the API server is to leave out, if anything.
    pub fn field_selector(&self) -> Option<String> {
        match self {
            Scope::Cluster => None,
            Scope::One { name, .. } | Scope::Named(name) => Some(format!("metadata.name={name}")),
        }
    }
}

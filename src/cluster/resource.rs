//! Which objects are meant, and under which path the API server has them.

use kube::Client;
use kube::core::Request;
use kube::core::params::GetParams;
use serde::Deserialize;

use super::body::ANSWER_BYTES;
use super::{Error, body};

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
    /// MutatingWebhookConfigurations.
    pub const MUTATING_WEBHOOK_CONFIGURATIONS: Resource =
        Resource::built_in("admissionregistration.k8s.io", "mutatingwebhookconfigurations");
    /// ValidatingWebhookConfigurations.
    pub const VALIDATING_WEBHOOK_CONFIGURATIONS: Resource =
        Resource::built_in("admissionregistration.k8s.io", "validatingwebhookconfigurations");
    /// MutatingAdmissionPolicies.
    pub const MUTATING_ADMISSION_POLICIES: Resource =
        Resource::built_in("admissionregistration.k8s.io", "mutatingadmissionpolicies");
    /// Services.
    pub const SERVICES: Resource = Resource::core("services");
    /// EndpointSlices: where Services lead.
    pub const ENDPOINT_SLICES: Resource = Resource::built_in("discovery.k8s.io", "endpointslices");
    /// Deployments.
    pub const DEPLOYMENTS: Resource = Resource::built_in("apps", "deployments");
    /// Leases.
    pub const LEASES: Resource = Resource::built_in("coordination.k8s.io", "leases");
    /// Roles, of a namespace.
    pub const ROLES: Resource = Resource::built_in("rbac.authorization.k8s.io", "roles");
    /// Who has a Role, or a ClusterRole within a namespace.
    pub const ROLE_BINDINGS: Resource =
        Resource::built_in("rbac.authorization.k8s.io", "rolebindings");
    /// ClusterRoles.
    pub const CLUSTER_ROLES: Resource =
        Resource::built_in("rbac.authorization.k8s.io", "clusterroles");
    /// Who has a ClusterRole everywhere.
    pub const CLUSTER_ROLE_BINDINGS: Resource =
        Resource::built_in("rbac.authorization.k8s.io", "clusterrolebindings");
    /// Tasks.
    pub const TASKS: Resource = Resource::kelos("tasks");
    /// Sessions; older versions of Kelos have none.
    pub const SESSIONS: Resource = Resource::kelos("sessions");
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
    /// ConfigMaps.
    pub const CONFIG_MAPS: Resource = Resource::core("configmaps");

    const fn core(plural: &'static str) -> Resource {
        Resource { group: "", versions: &["v1"], plural, metadata_only: false }
    }

    const fn built_in(group: &'static str, plural: &'static str) -> Resource {
        Resource { group, versions: &["v1"], plural, metadata_only: false }
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
        let (_, text) = match body::exchange(client, request, ANSWER_BYTES).await {
            Err(error) if error.is_not_found() => return Ok(None),
            answer => answer?,
        };
        let group: Group = serde_json::from_slice(&text).map_err(|_| Error::InvalidResponse)?;
        let served: Vec<String> = group.versions.into_iter().map(|found| found.version).collect();
        Ok(self.best_of(&served).map(str::to_owned))
    }

    /// The best of the versions that are served, or else the first.
    pub fn best_of<'s>(&self, served: &'s [String]) -> Option<&'s str> {
        let served = || served.iter().map(String::as_str);
        let best = self.versions.iter().find_map(|wanted| served().find(|it| it == wanted));
        best.or_else(|| served().next())
    }

    /// Whether its objects are in namespaces.
    pub fn has_namespaces(&self) -> bool {
        let of_the_cluster = [
            Resource::NAMESPACES,
            Resource::MUTATING_WEBHOOK_CONFIGURATIONS,
            Resource::VALIDATING_WEBHOOK_CONFIGURATIONS,
            Resource::MUTATING_ADMISSION_POLICIES,
            Resource::CLUSTER_ROLES,
            Resource::CLUSTER_ROLE_BINDINGS,
        ];
        !of_the_cluster.contains(self)
    }

    /// Its plural with its group, as `kubectl auth can-i` takes it.
    pub fn full_name(&self) -> String {
        match self.group {
            "" => self.plural.to_owned(),
            group => format!("{}.{group}", self.plural),
        }
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

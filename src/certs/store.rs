//! The two objects: reading them, and taking a step.

use kube::Client;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use super::ca_bundle::CaBundle;
use super::state::{Configuration, Secret};
use super::{RotationPolicy, RotationStep, issue, patches};
use crate::clock;
use crate::cluster::{self, ObjectPath, ObjectResponse, Patch, Resource, Scope};
use crate::unix_seconds::UnixSeconds;

const CONFIGURATIONS: Resource = Resource {
    group: "admissionregistration.k8s.io",
    versions: &["v1"],
    plural: "mutatingwebhookconfigurations",
    metadata_only: false,
};

/// Which objects are managed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedObjects {
    /// The namespace of the Secret.
    pub namespace: String,
    /// The name of the Secret.
    pub secret: String,
    /// The name of the MutatingWebhookConfiguration.
    pub configuration: String,
}

impl ManagedObjects {
    /// What is to be watched.
    pub(super) fn watched(&self) -> [(Resource, Scope); 2] {
        let (namespace, name) = (self.namespace.clone(), self.secret.clone());
        let configuration = Scope::Named(self.configuration.clone());
        [(Resource::SECRETS, Scope::One { namespace, name }), (CONFIGURATIONS, configuration)]
    }
}

/// Why a step was not taken.
#[derive(Debug, Error)]
pub(super) enum StepError {
    /// The API server did not do it.
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
    /// There is no certificate to write.
    #[error("a certificate could not be made")]
    Issue(#[from] rcgen::Error),
    /// Another process may lead by now.
    #[error("this process leads no more, and gave up what it was writing")]
    Deposed,
}

impl StepError {
    /// Whether somebody else wrote the object meanwhile.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, StepError::Cluster(error) if error.is_conflict())
    }
}

/// What was read, and when, by the clock of the API server.
pub(super) struct ClusterState {
    pub(super) secret: Option<Secret>,
    pub(super) configuration: Option<Configuration>,
    pub(super) now: UnixSeconds,
}

/// The Secret and the configuration in the cluster.
pub(super) struct Store {
    client: Client,
    secret: ObjectPath,
    configuration: ObjectPath,
    /// How far the clock of the API server is ahead of ours, in seconds.
    clock_ahead: i64,
}

impl Store {
    pub(super) fn new(client: Client, managed: &ManagedObjects) -> Store {
        let path = |resource: Resource, namespace: Option<&str>, name: &str| ObjectPath {
            collection: resource.path("v1", namespace),
            name: name.to_owned(),
        };
        Store {
            client,
            secret: path(Resource::SECRETS, Some(&managed.namespace), &managed.secret),
            configuration: path(CONFIGURATIONS, None, &managed.configuration),
            clock_ahead: 0,
        }
    }

    /// Reads both, the configuration first: [`super::next_step`] relies on that.
    pub(super) async fn read(&mut self) -> Result<ClusterState, cluster::Error> {
        let configuration = self.configuration.read(&self.client).await;
        let configuration = self.found(configuration)?;
        let secret = self.secret.read(&self.client).await;
        let secret = self.found(secret)?;
        // The API server judges certificates: its clock counts. If ours differs, that makes no
        // difference; without a time in its answers ours has to do.
        let now = clock::now() + self.clock_ahead;
        Ok(ClusterState { secret, configuration, now })
    }

    fn found<T: DeserializeOwned>(
        &mut self,
        answer: Result<ObjectResponse<T>, cluster::Error>,
    ) -> Result<Option<T>, cluster::Error> {
        match answer {
            Ok(ObjectResponse { object, time }) => {
                let ahead = time.map(|time| time - clock::now());
                self.clock_ahead = ahead.unwrap_or(self.clock_ahead);
                Ok(Some(object))
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes one step from what was found.
    ///
    /// # Errors
    /// [`StepError`]; a conflict if an object is not as it was found.
    pub(super) async fn take(
        &self,
        policy: &RotationPolicy,
        step: RotationStep,
        found: ClusterState,
    ) -> Result<(), StepError> {
        let (secret, patch) = match (step, found.secret) {
            (RotationStep::Wait(_), _) => return Ok(()),
            (RotationStep::Publish { bundle, settles_anew }, secret) => {
                let Some(configuration) = found.configuration else { return Ok(()) };
                let settled = secret.filter(|_| settles_anew);
                return self.publish(&configuration, &bundle, settled.as_ref()).await;
            }
            (RotationStep::Issue { others, forget_pair }, secret) => {
                let issued = issue(&policy.name, policy.lifetime, found.now)?;
                tracing::info!("Issued a new CA and a certificate");
                let Some(secret) = secret else {
                    let secret = patches::new_secret(&self.secret.name, &issued, &others);
                    return Ok(self.secret.create(&self.client, &secret).await?);
                };
                let patch = patches::issue(&secret, &issued, &others, forget_pair);
                (secret, patch)
            }
            // Without a Secret the step is to issue, and nothing else.
            (_, None) => return Ok(()),
            (RotationStep::Mend { bundle, forget_next }, Some(secret)) => {
                tracing::info!(cas = bundle.len(), "Repairing the CA bundle of the Secret");
                let patch = patches::mend(&secret, &bundle, forget_next);
                (secret, patch)
            }
            (RotationStep::Mark(mark), Some(secret)) => {
                tracing::info!(
                    seconds = policy.settle.as_secs(),
                    "Waiting until every API server has the caBundle"
                );
                let patch = patches::mark(&secret, &mark);
                (secret, patch)
            }
            (RotationStep::Promote, Some(secret)) => {
                tracing::info!("Rotated the serving certificate");
                let patch = patches::promote(&secret);
                (secret, patch)
            }
        };
        self.write(&secret, patch).await
    }

    /// Writes the caBundle. Where it had settled for a next certificate, the mark in that Secret
    /// goes first: whoever comes later lets it settle anew.
    async fn publish(
        &self,
        configuration: &Configuration,
        bundle: &CaBundle,
        settled: Option<&Secret>,
    ) -> Result<(), StepError> {
        let unmarked = match settled {
            Some(secret) => {
                tracing::warn!("Somebody else wrote the caBundle while it settled: waiting again");
                self.secret.patch(&self.client, Patch::Merge(patches::unmark(secret))).await
            }
            None => Ok(()),
        };
        // A Secret that can't be written is no reason to leave the caBundle as it is.
        if let Err(conflict) = &unmarked
            && conflict.is_conflict()
        {
            return Ok(unmarked?);
        }
        let patch = Patch::Strategic(patches::publish(configuration, bundle));
        self.configuration.patch(&self.client, patch).await?;
        tracing::info!(cas = bundle.len(), "Published the caBundle");
        Ok(unmarked?)
    }

    /// Writes the Secret; without what others put there, if that leaves no room.
    async fn write(&self, secret: &Secret, patch: Value) -> Result<(), StepError> {
        let refused = match self.secret.patch(&self.client, Patch::Merge(patch.clone())).await {
            Err(error) if is_too_long(&error) => error,
            result => return Ok(result?),
        };
        let Some(patch) = patches::without_strangers(secret, patch) else {
            return Err(refused.into());
        };
        tracing::warn!(
            secret = self.secret.name,
            "The Secret is full: taking out the fields that are not of kelos-metadata"
        );
        Ok(self.secret.patch(&self.client, Patch::Merge(patch)).await?)
    }
}

/// Whether the API server refuses a Secret because its fields are larger than a Secret may be.
fn is_too_long(error: &cluster::Error) -> bool {
    let cluster::Error::Api(status) = error else { return false };
    let causes = status.details.iter().flat_map(|details| &details.causes);
    status.code == 422
        && causes.into_iter().any(|it| it.reason == "FieldValueTooLong" && it.field == "data")
}

//! The Secret and the configurations: reading them, and taking a step.

use std::iter;

use kube::Client;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use super::ca_bundle::CaBundle;
use super::configurations::{ConfigurationKind, Configurations};
use super::state::Secret;
use super::{RotationPolicy, RotationStep, issue, patches};
use crate::clock;
use crate::cluster::{self, ObjectPath, ObjectResponse, Patch, Resource, Scope};
use crate::unix_seconds::UnixSeconds;

/// Which objects are managed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedObjects {
    /// The namespace of the Secret.
    pub namespace: String,
    /// The name of the Secret.
    pub secret: String,
    /// The name of the MutatingWebhookConfiguration, and of the ValidatingWebhookConfiguration.
    pub configuration: String,
}

impl ManagedObjects {
    /// What is to be watched.
    pub(super) fn watched(&self) -> impl Iterator<Item = (Resource, Scope)> {
        let (namespace, name) = (self.namespace.clone(), self.secret.clone());
        let configuration = self.configuration.clone();
        let secret = (Resource::SECRETS, Scope::One { namespace, name });
        let named =
            move |kind: ConfigurationKind| (kind.resource(), Scope::Named(configuration.clone()));
        iter::once(secret).chain(ConfigurationKind::ALL.map(named))
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
    /// A configuration can't be written; the other one was, if it was to be.
    #[error("the {kind} can't be written")]
    Unwritable {
        /// Which.
        kind: ConfigurationKind,
        /// Why.
        #[source]
        source: cluster::Error,
    },
    /// Another process may lead by now.
    #[error("this process leads no more, and gave up what it was writing")]
    Deposed,
}

impl StepError {
    /// Whether somebody else wrote the object meanwhile.
    pub(super) fn is_conflict(&self) -> bool {
        match self {
            StepError::Cluster(error) | StepError::Unwritable { source: error, .. } => {
                error.is_conflict()
            }
            StepError::Issue(_) | StepError::Deposed => false,
        }
    }
}

/// What was read, and when, by the clock of the API server.
pub(super) struct ClusterState {
    pub(super) secret: Option<Secret>,
    pub(super) configurations: Configurations,
    pub(super) now: UnixSeconds,
}

/// The Secret and the configurations in the cluster.
pub(super) struct Store {
    client: Client,
    secret: ObjectPath,
    configurations: [ObjectPath; ConfigurationKind::ALL.len()],
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
            configurations: ConfigurationKind::ALL
                .map(|kind| path(kind.resource(), None, &managed.configuration)),
            clock_ahead: 0,
        }
    }

    /// Reads all, the configurations first: [`super::next_step`] relies on that.
    pub(super) async fn read(&mut self) -> Result<ClusterState, cluster::Error> {
        let mut configurations = Configurations::default();
        for kind in ConfigurationKind::ALL {
            let read = self.configurations[kind as usize].read(&self.client).await;
            let found = match self.found(read) {
                // Rights that are older than the registration of spawners: Tasks do not need it, and the watch
                // says which right is missing.
                Err(error) if kind == ConfigurationKind::Validating && error.is_forbidden() => None,
                found => found?,
            };
            configurations.set(kind, found);
        }
        let secret = self.secret.read(&self.client).await;
        let secret = self.found(secret)?;
        // The API server judges certificates: its clock counts. If ours differs, that makes no
        // difference; without a time in its answers ours has to do.
        let now = clock::now() + self.clock_ahead;
        Ok(ClusterState { secret, configurations, now })
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
            (RotationStep::Publish { into, bundle, settles_anew }, secret) => {
                let settled = secret.filter(|_| settles_anew);
                let unmarked = self.unmark(settled.as_ref()).await;
                // A Secret that can't be written is no reason to leave the caBundle as it is.
                if let Err(conflict) = &unmarked
                    && conflict.is_conflict()
                {
                    return Ok(unmarked?);
                }
                self.publish(&into, &found.configurations, &bundle).await?;
                return Ok(unmarked?);
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

    /// Takes the mark out of a Secret whose bundle had settled for a next certificate, before the caBundle is
    /// written: whoever comes later lets it settle anew.
    async fn unmark(&self, settled: Option<&Secret>) -> Result<(), cluster::Error> {
        let Some(secret) = settled else { return Ok(()) };
        tracing::warn!("Somebody else wrote the caBundle while it settled: waiting again");
        self.secret.patch(&self.client, Patch::Merge(patches::unmark(secret))).await
    }

    /// Writes the caBundle into these configurations: one that can't be written keeps no other from it. The
    /// error is that of the first one; what only conflicts is read again, and no news.
    async fn publish(
        &self,
        into: &[ConfigurationKind],
        found: &Configurations,
        bundle: &CaBundle,
    ) -> Result<(), StepError> {
        let mut errors = Vec::new();
        for kind in into.iter().copied() {
            let Some(configuration) = found.of(kind) else { continue };
            let patch = Patch::Strategic(patches::publish(kind, configuration, bundle));
            match self.configurations[kind as usize].patch(&self.client, patch).await {
                Ok(()) => tracing::info!(
                    configuration = kind.as_str(),
                    cas = bundle.len(),
                    "Published the caBundle"
                ),
                Err(source) => errors.push(StepError::Unwritable { kind, source }),
            }
        }
        errors.sort_by_key(StepError::is_conflict);
        errors.into_iter().next().map_or(Ok(()), Err)
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

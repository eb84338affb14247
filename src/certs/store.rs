//! The two objects: reading them, and taking a step.

use kube::Client;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use super::bundle::Bundle;
use super::observed::{Configuration, Secret};
use super::{Plan, Step, change, issue};
use crate::clock;
use crate::cluster::{Answer, ObjectPath, Patch, Resource, Scope, Trouble};

const CONFIGURATIONS: Resource = Resource {
    group: "admissionregistration.k8s.io",
    versions: &["v1"],
    plural: "mutatingwebhookconfigurations",
    metadata_only: false,
};

/// Which objects are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The namespace of the Secret.
    pub namespace: String,
    /// The name of the Secret.
    pub secret: String,
    /// The name of the MutatingWebhookConfiguration.
    pub configuration: String,
}

impl Places {
    /// What is to be watched.
    pub(super) fn watched(&self) -> [(Resource, Scope); 2] {
        let (namespace, name) = (self.namespace.clone(), self.secret.clone());
        let configuration = Scope::Named(self.configuration.clone());
        [(Resource::SECRETS, Scope::One { namespace, name }), (CONFIGURATIONS, configuration)]
    }
}

/// Why a step was not taken.
#[derive(Debug, Error)]
pub(super) enum Setback {
    /// The API server did not do it.
    #[error(transparent)]
    Cluster(#[from] Trouble),
    /// There is no certificate to write.
    #[error("a certificate could not be made: {0}")]
    Issue(#[from] rcgen::Error),
    /// Another process may lead by now.
    #[error("this process leads no more, and gave up what it was writing")]
    Deposed,
}

impl Setback {
    /// Whether somebody else wrote the object meanwhile.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Setback::Cluster(trouble) if trouble.is_conflict())
    }

    /// All that is known of it, on one line.
    pub(super) fn in_full(&self) -> String {
        match self {
            Setback::Cluster(trouble) => trouble.in_full(),
            other => other.to_string(),
        }
    }
}

/// What was read, and when, by the clock of the API server.
pub(super) struct Found {
    pub(super) secret: Option<Secret>,
    pub(super) configuration: Option<Configuration>,
    /// In seconds since 1970.
    pub(super) now: i64,
}

/// The Secret and the configuration in the cluster.
pub(super) struct Objects {
    client: Client,
    secret: ObjectPath,
    configuration: ObjectPath,
    /// How far the clock of the API server is ahead of ours, in seconds.
    clock_ahead: i64,
}

impl Objects {
    pub(super) fn new(client: Client, places: &Places) -> Objects {
        let path = |resource: Resource, namespace: Option<&str>, name: &str| ObjectPath {
            collection: resource.path("v1", namespace),
            name: name.to_owned(),
        };
        Objects {
            client,
            secret: path(Resource::SECRETS, Some(&places.namespace), &places.secret),
            configuration: path(CONFIGURATIONS, None, &places.configuration),
            clock_ahead: 0,
        }
    }

    /// Reads both, the configuration first: the plan relies on that.
    pub(super) async fn read(&mut self) -> Result<Found, Trouble> {
        let configuration = self.configuration.read(&self.client).await;
        let configuration = self.found(configuration)?;
        let secret = self.secret.read(&self.client).await;
        let secret = self.found(secret)?;
        // The API server judges certificates: its clock counts. If ours differs, that makes no
        // difference; without a time in its answers ours has to do.
        let now = clock::seconds().saturating_add(self.clock_ahead);
        Ok(Found { secret, configuration, now })
    }

    fn found<T: DeserializeOwned>(
        &mut self,
        answer: Result<Answer<T>, Trouble>,
    ) -> Result<Option<T>, Trouble> {
        match answer {
            Ok(Answer { object, time }) => {
                let ahead = time.map(|time| time.saturating_sub(clock::seconds()));
                self.clock_ahead = ahead.unwrap_or(self.clock_ahead);
                Ok(Some(object))
            }
            Err(trouble) if trouble.is_not_found() => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// Takes one step from what was found.
    ///
    /// # Errors
    /// [`Setback`]; a conflict if an object is not as it was found.
    pub(super) async fn take(&self, plan: &Plan, step: Step, found: Found) -> Result<(), Setback> {
        let (secret, patch) = match (step, found.secret) {
            (Step::Wait(_), _) => return Ok(()),
            (Step::Publish { bundle, settles_anew }, secret) => {
                let Some(configuration) = found.configuration else { return Ok(()) };
                let settled = secret.filter(|_| settles_anew);
                return self.publish(&configuration, &bundle, settled.as_ref()).await;
            }
            (Step::Issue { others, forget_pair }, secret) => {
                let issued = issue(&plan.name, plan.lifetime, found.now)?;
                tracing::info!("Made a new authority and a certificate");
                let Some(secret) = secret else {
                    let secret = change::new_secret(&self.secret.name, &issued, &others);
                    return Ok(self.secret.create(&self.client, &secret).await?);
                };
                let patch = change::issue(&secret, &issued, &others, forget_pair);
                (secret, patch)
            }
            // Without a Secret the plan is to issue, and nothing else.
            (_, None) => return Ok(()),
            (Step::Mend { bundle, forget_next }, Some(secret)) => {
                tracing::info!(authorities = bundle.len(), "Writing the bundle of the Secret");
                let patch = change::mend(&secret, &bundle, forget_next);
                (secret, patch)
            }
            (Step::Mark(mark), Some(secret)) => {
                tracing::info!(seconds = plan.settle.as_secs(), "The caBundle settles");
                let patch = change::mark(&secret, &mark);
                (secret, patch)
            }
            (Step::Promote, Some(secret)) => {
                tracing::info!("The new certificate serves from now on");
                let patch = change::promote(&secret);
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
        bundle: &Bundle,
        settled: Option<&Secret>,
    ) -> Result<(), Setback> {
        let unmarked = match settled {
            Some(secret) => {
                tracing::warn!(
                    "Somebody else wrote the caBundle while it settled: it settles anew"
                );
                self.secret.patch(&self.client, Patch::Merge(change::unmark(secret))).await
            }
            None => Ok(()),
        };
        // A Secret that can't be written is no reason to leave the caBundle as it is.
        if let Err(conflict) = &unmarked
            && conflict.is_conflict()
        {
            return Ok(unmarked?);
        }
        let patch = Patch::Strategic(change::publish(configuration, bundle));
        self.configuration.patch(&self.client, patch).await?;
        tracing::info!(authorities = bundle.len(), "Published the caBundle");
        Ok(unmarked?)
    }

    /// Writes the Secret; without what others put there, if that leaves no room.
    async fn write(&self, secret: &Secret, patch: Value) -> Result<(), Setback> {
        let refused = match self.secret.patch(&self.client, Patch::Merge(patch.clone())).await {
            Err(trouble) if is_too_long(&trouble) => trouble,
            result => return Ok(result?),
        };
        let Some(patch) = change::without_strangers(secret, patch) else {
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
fn is_too_long(trouble: &Trouble) -> bool {
    let Trouble::Refused(status) = trouble else { return false };
    let causes = status.details.iter().flat_map(|details| &details.causes);
    status.code == 422
        && causes.into_iter().any(|it| it.reason == "FieldValueTooLong" && it.field == "data")
}

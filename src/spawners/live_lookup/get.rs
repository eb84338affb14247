//! Reading one object from the API server.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use kube::Client;
use kube::core::params::GetParams;
use serde::de::DeserializeOwned;

use super::answers::Question;
use crate::cluster::{Resource, Trouble};
use crate::engine::kelos::GROUP;

/// What reads objects.
pub(super) struct Get {
    client: Client,
    /// The version of Kelos's kinds that the cluster served last.
    pub(super) version: ArcSwapOption<String>,
}

/// An object, and the bytes of JSON that it was.
pub(super) type Got<T> = Option<(T, u64)>;

impl Get {
    pub(super) fn new(client: Client) -> Get {
        Get { client, version: ArcSwapOption::empty() }
    }

    /// Reads an object; nothing if there is none of that name.
    pub(super) async fn object<T: DeserializeOwned>(
        &self,
        resource: Resource,
        question: &Question<'_>,
    ) -> Result<Got<T>, Trouble> {
        let is_kelos = resource.group == GROUP;
        if let Some(version) = self.version.load_full().filter(|_| is_kelos) {
            match self.get(resource, &version, question).await {
                Err(trouble) if trouble.is_missing_object() => return Ok(None),
                // The version may be gone since Kelos was upgraded.
                Err(trouble) if trouble.is_not_found() => {}
                answer => return answer.map(Some),
            }
        }
        let Some(version) = resource.served_version(&self.client).await? else {
            return Ok(None);
        };
        let answer = self.get(resource, &version, question).await;
        if is_kelos {
            self.version.store(Some(Arc::new(version)));
        }
        match answer {
            Err(trouble) if trouble.is_not_found() => Ok(None),
            answer => answer.map(Some),
        }
    }

    async fn get<T: DeserializeOwned>(
        &self,
        resource: Resource,
        version: &str,
        question: &Question<'_>,
    ) -> Result<(T, u64), Trouble> {
        // Namespaces, which have none, are the only ones of the core group.
        let namespace = (!resource.group.is_empty()).then_some(question.namespace);
        let requests = resource.requests(version, namespace);
        let params = GetParams::default();
        let request = if resource.metadata_only {
            requests.get_metadata(question.name, &params)?
        } else {
            requests.get(question.name, &params)?
        };
        let text = self.client.request_text(request).await?;
        let object = serde_json::from_str(&text).map_err(|_| Trouble::Unreadable)?;
        Ok((object, text.len() as u64))
    }
}

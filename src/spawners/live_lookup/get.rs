//! Reading one object from the API server.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use kube::Client;
use kube::core::params::GetParams;
use serde::de::DeserializeOwned;

use super::cache::LookupQuery;
use crate::cluster::{self, Resource};
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
        query: &LookupQuery<'_>,
    ) -> Result<Got<T>, cluster::Error> {
        let is_kelos = resource.group == GROUP;
        if let Some(version) = self.version.load_full().filter(|_| is_kelos) {
            match self.get(resource, &version, query).await {
                Err(error) if error.is_missing_object() => return Ok(None),
                // The version may be gone since Kelos was upgraded.
                Err(error) if error.is_not_found() => {}
                answer => return answer.map(Some),
            }
        }
        let Some(version) = resource.served_version(&self.client).await? else {
            return Ok(None);
        };
        let answer = self.get(resource, &version, query).await;
        if is_kelos {
            self.version.store(Some(Arc::new(version)));
        }
        match answer {
            Err(error) if error.is_not_found() => Ok(None),
            answer => answer.map(Some),
        }
    }

    async fn get<T: DeserializeOwned>(
        &self,
        resource: Resource,
        version: &str,
        query: &LookupQuery<'_>,
    ) -> Result<(T, u64), cluster::Error> {
        // Namespaces, which have none, are the only ones of the core group.
        let namespace = (!resource.group.is_empty()).then_some(query.namespace);
        let requests = resource.requests(version, namespace);
        let params = GetParams::default();
        let request = if resource.metadata_only {
            requests.get_metadata(query.name, &params)?
        } else {
            requests.get(query.name, &params)?
        };
        let text = self.client.request_text(request).await?;
        let object = serde_json::from_str(&text).map_err(|_| cluster::Error::InvalidResponse)?;
        Ok((object, text.len() as u64))
    }
}

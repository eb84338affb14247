//! The list of a reflector.

use kube::core::Request;
use kube::core::params::ListParams;
use serde::de::DeserializeOwned;

use super::{Change, End, Error, Reflector};
use crate::cluster::body;
use crate::cluster::page::Page;

impl<T: DeserializeOwned, M> Reflector<T, M> {
    /// Reads all objects, page by page, and passes them on; gives the version to watch from.
    pub(super) async fn list(&mut self, requests: &Request) -> Result<String, End> {
        self.relist.is_served();
        self.send(Change::Listing).await?;
        let mut next = None;
        loop {
            let Some(text) = self.page(requests, next.clone()).await? else {
                self.page_size = self.page_size.smaller().ok_or(Error::InvalidResponse)?;
                continue;
            };
            let page: Page<'_> =
                serde_json::from_slice(&text).map_err(|_| Error::InvalidResponse)?;
            self.page_size = self.page_size.after(page.items.len(), text.len());
            let objects: Vec<T> = page.items.iter().filter_map(|json| self.read(*json)).collect();
            let meta = page.metadata;
            drop(text);
            self.send(Change::Page(objects)).await?;
            if meta.next.is_empty() {
                self.is_synced = true;
                self.send(Change::Listed).await?;
                return Ok(meta.resource_version);
            }
            next = Some(meta.next);
        }
    }

    /// Reads the page after `token`, or the first one; nothing if it was too large.
    async fn page(
        &self,
        requests: &Request,
        token: Option<String>,
    ) -> Result<Option<Vec<u8>>, End> {
        let params = ListParams {
            limit: Some(self.page_size.limit()),
            continue_token: token,
            field_selector: self.scope.field_selector(),
            ..ListParams::default()
        };
        let request = if self.resource.metadata_only {
            requests.list_metadata(&params)
        } else {
            requests.list(&params)
        };
        let request = request.map_err(Error::from)?;
        let answer = async {
            let mut answer = body::ask(&self.client, request).await?;
            body::read(&mut answer, self.page_size.bytes()).await
        };
        match Error::within_timeout(answer).await {
            // The pages are too old to be gone on with: from the start.
            Err(error) if error.is_expired() => Err(End::Relist),
            Err(error) if error.is_not_found() => Err(Error::KindNotServed.into()),
            text => Ok(text?),
        }
    }
}

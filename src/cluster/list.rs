//! All objects of a kind as they are now, read once.

use kube::Client;
use kube::core::Request;
use kube::core::params::{GetParams, ListParams};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::page::{Page, PageSize};
use super::{Error, Resource, body};

/// How often a list is begun again because its pages grew too old meanwhile.
const MOST_STARTS: usize = 3;

/// Which objects to read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Selection<'s> {
    /// Those of one namespace.
    pub namespace: Option<&'s str>,
    /// Those with these labels, as kubectl's `--selector` has them.
    pub labels: Option<&'s str>,
}

/// The kinds of a version.
#[derive(Deserialize)]
struct Served {
    #[serde(default)]
    resources: Vec<ServedResource>,
}

#[derive(Deserialize)]
struct ServedResource {
    name: String,
}

impl Resource {
    /// Reads all objects of a selection as JSON, as they were at one moment.
    ///
    /// # Errors
    ///
    /// [`Error`]: `KindNotServed` where the cluster has no such kind.
    pub async fn read_all(
        &self,
        client: &Client,
        selection: Selection<'_>,
    ) -> Result<Vec<Box<RawValue>>, Error> {
        let mut all = Vec::new();
        for _ in 1..MOST_STARTS {
            let add = |page: &[&RawValue]| all.extend(page.iter().map(|it| (*it).to_owned()));
            match self.read_pages(client, selection, add).await {
                Err(error) if error.is_expired() => all.clear(),
                done => return done.map(|()| all),
            }
        }
        let add = |page: &[&RawValue]| all.extend(page.iter().map(|it| (*it).to_owned()));
        self.read_pages(client, selection, add).await?;
        Ok(all)
    }

    /// Reads all objects of a selection, and gives each page to `take` before the next one is asked for.
    ///
    /// # Errors
    ///
    /// [`Error`]: `KindNotServed` where the cluster has no such kind; one that [is expired](Error::is_expired) where
    /// it took so long that the API server no longer has the list that was begun.
    pub async fn read_pages(
        &self,
        client: &Client,
        selection: Selection<'_>,
        take: impl FnMut(&[&RawValue]),
    ) -> Result<(), Error> {
        let version = self.served_version(client).await?.ok_or(Error::KindNotServed)?;
        self.pages(client, &version, selection, take).await
    }

    /// Whether the cluster has this kind at all: whoever lacks the right to it is told 403 either way.
    ///
    /// # Errors
    ///
    /// [`Error`] when the API server can't say.
    pub async fn is_served(&self, client: &Client) -> Result<bool, Error> {
        let Some(version) = self.served_version(client).await? else { return Ok(false) };
        let path = format!("/apis/{}", self.group);
        let request = Request::new(path).get(&version, &GetParams::default())?;
        let text = Error::in_time(client.request_text(request)).await?;
        let served: Served = serde_json::from_str(&text).map_err(|_| Error::InvalidResponse)?;
        Ok(served.resources.iter().any(|it| it.name == self.plural))
    }

    async fn pages(
        &self,
        client: &Client,
        version: &str,
        selection: Selection<'_>,
        mut take: impl FnMut(&[&RawValue]),
    ) -> Result<(), Error> {
        let requests = self.requests(version, selection.namespace);
        let (mut size, mut next) = (PageSize::default(), None);
        loop {
            let params = ListParams {
                limit: Some(size.limit()),
                continue_token: next.clone(),
                label_selector: selection.labels.map(str::to_owned),
                ..ListParams::default()
            };
            let request = requests.list(&params)?;
            let answer = async {
                let mut answer = body::ask(client, request).await?;
                body::read(&mut answer, size.bytes()).await
            };
            let text = match Error::within_timeout(answer).await {
                Err(error) if error.is_not_found() => return Err(Error::KindNotServed),
                text => text?,
            };
            let Some(text) = text else {
                size = size.smaller().ok_or(Error::InvalidResponse)?;
                continue;
            };
            let page: Page<'_> =
                serde_json::from_slice(&text).map_err(|_| Error::InvalidResponse)?;
            size = size.after(page.items.len(), text.len());
            take(&page.items);
            if page.metadata.next.is_empty() {
                return Ok(());
            }
            next = Some(page.metadata.next);
        }
    }
}

//! All objects of a kind as they are now, read once: page by page, or at one go.

use std::ops::Range;

use kube::Client;
use kube::core::Request;
use kube::core::params::{GetParams, ListParams};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::body::ANSWER_BYTES;
use super::page::{Page, PageSize};
use super::patience::patiently;
use super::{Error, Resource, body};

/// How often a list is begun again because its pages grew too old meanwhile, and nothing says how to go on.
const MOST_STARTS: usize = 3;

/// Which objects to read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Selection<'s> {
    /// Those of one namespace.
    pub namespace: Option<&'s str>,
    /// Those with these labels, as kubectl's `--selector` has them.
    pub labels: Option<&'s str>,
    /// The one of this name.
    pub name: Option<&'s str>,
}

/// A list that is read page by page.
pub struct Pages<'c> {
    client: &'c Client,
    resource: Resource,
    requests: Request,
    labels: Option<String>,
    name: Option<String>,
    size: PageSize,
    /// How to go on; nothing at the end.
    next: Option<Token>,
}

/// Where a list goes on.
enum Token {
    Start,
    Behind(String),
}

/// A page of a list.
pub struct Batch {
    text: String,
    items: Vec<Range<usize>>,
    /// How many objects are left behind it, if the API server says so: it does not where labels are selected.
    pub left: Option<u64>,
}

impl Batch {
    /// Its objects as JSON.
    pub fn objects(&self) -> impl Iterator<Item = &str> {
        self.items.iter().filter_map(|item| self.text.get(item.clone()))
    }
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

#[derive(Deserialize)]
struct Named {
    metadata: NamedMetadata,
}

#[derive(Deserialize)]
struct NamedMetadata {
    name: String,
}

impl Resource {
    /// Reads all objects of a selection as JSON.
    ///
    /// # Errors
    ///
    /// [`Error`]: `KindNotServed` where the cluster has no such kind.
    pub async fn read_all(
        &self,
        client: &Client,
        selection: Selection<'_>,
    ) -> Result<Vec<Box<RawValue>>, Error> {
        let mut starts = 0;
        loop {
            starts += 1;
            match self.collect(client, selection).await {
                Err(error) if error.is_expired() && starts < MOST_STARTS => {}
                done => return done,
            }
        }
    }

    async fn collect(
        &self,
        client: &Client,
        selection: Selection<'_>,
    ) -> Result<Vec<Box<RawValue>>, Error> {
        let mut pages = self.pages(client, selection).await?;
        let mut all = Vec::new();
        while let Some(page) = pages.next().await? {
            for json in page.objects() {
                let object = RawValue::from_string(json.to_owned());
                all.push(object.map_err(|_| Error::InvalidResponse)?);
            }
        }
        Ok(all)
    }

    /// Begins to read the objects of a selection page by page.
    ///
    /// # Errors
    ///
    /// [`Error`]: `KindNotServed` where the cluster does not have the group.
    pub async fn pages<'c>(
        &self,
        client: &'c Client,
        selection: Selection<'_>,
    ) -> Result<Pages<'c>, Error> {
        let version = self.served_version(client).await?.ok_or(Error::KindNotServed)?;
        Ok(Pages {
            client,
            resource: *self,
            requests: self.requests(&version, selection.namespace),
            labels: selection.labels.map(str::to_owned),
            name: selection.name.map(str::to_owned),
            size: PageSize::default(),
            next: Some(Token::Start),
        })
    }

    /// The names of the objects of a selection, as far as they can be read and `most` at the most.
    pub async fn names(
        &self,
        client: &Client,
        selection: Selection<'_>,
        most: usize,
    ) -> Vec<String> {
        let mut names = Vec::new();
        let resource = Resource { metadata_only: true, ..*self };
        let Ok(mut pages) = resource.pages(client, selection).await else { return names };
        while names.len() < most
            && let Ok(Some(page)) = pages.next().await
        {
            let read = page.objects().filter_map(|json| serde_json::from_str(json).ok());
            names.extend(read.map(|Named { metadata }| metadata.name));
        }
        names.truncate(most);
        names
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
        let (_, text) = body::exchange(client, request, ANSWER_BYTES).await?;
        let served: Served = serde_json::from_slice(&text).map_err(|_| Error::InvalidResponse)?;
        Ok(served.resources.iter().any(|it| it.name == self.plural))
    }
}

impl Pages<'_> {
    /// The next page; nothing behind the last one. It may be asked for minutes later: where the API server no longer
    /// has the list as it was when it began, it goes on behind the last object, with those of the present.
    ///
    /// # Errors
    ///
    /// [`Error`]: `KindNotServed` where the cluster has no such kind; one that [is expired](Error::is_expired) where
    /// the API server does not say how to go on.
    pub async fn next(&mut self) -> Result<Option<Batch>, Error> {
        while let Some(token) = &self.next {
            let token = match token {
                Token::Start => None,
                Token::Behind(token) => Some(token.clone()),
            };
            let text = match patiently(async || self.page(token.clone()).await).await {
                Err(error) if error.is_not_found() => return Err(Error::KindNotServed),
                Err(error) if token.is_none() && self.is_unknown(&error).await => {
                    return Err(Error::KindNotServed);
                }
                Err(error) => match error.continue_token() {
                    // The same one would be answered so for ever.
                    Some(fresh) if token.as_deref() != Some(fresh) => {
                        self.next = Some(Token::Behind(fresh.to_owned()));
                        continue;
                    }
                    _ => return Err(error),
                },
                Ok(text) => text,
            };
            let Some(text) = text else {
                self.size = self.size.smaller().ok_or(Error::InvalidResponse)?;
                continue;
            };
            let (batch, next) = batch(text)?;
            self.size = self.size.after(batch.items.len(), batch.text.len());
            self.next = (!next.is_empty()).then_some(Token::Behind(next));
            return Ok(Some(batch));
        }
        Ok(None)
    }

    /// Whether what was forbidden is a kind that is not there: of one that nobody grants, nobody has the right either.
    async fn is_unknown(&self, error: &Error) -> bool {
        error.is_forbidden()
            && !self.resource.group.is_empty()
            && !self.resource.is_served(self.client).await.unwrap_or(true)
    }

    /// Reads a page; nothing if it was too large.
    async fn page(&self, token: Option<String>) -> Result<Option<Vec<u8>>, Error> {
        let params = ListParams {
            limit: Some(self.size.limit()),
            continue_token: token,
            label_selector: self.labels.clone(),
            field_selector: self.name.as_ref().map(|name| format!("metadata.name={name}")),
            ..ListParams::default()
        };
        let request = match self.resource.metadata_only {
            true => self.requests.list_metadata(&params),
            false => self.requests.list(&params),
        }?;
        let answer = async {
            let mut answer = body::ask(self.client, request).await?;
            body::read(&mut answer, self.size.bytes()).await
        };
        Error::within_timeout(answer).await
    }
}

fn batch(text: Vec<u8>) -> Result<(Batch, String), Error> {
    let text = String::from_utf8(text).map_err(|_| Error::InvalidResponse)?;
    let page: Page<'_> = serde_json::from_str(&text).map_err(|_| Error::InvalidResponse)?;
    let items = page.items.iter().map(|item| {
        let start = item.get().as_ptr().addr() - text.as_ptr().addr();
        start..start + item.get().len()
    });
    let items = items.collect();
    let (next, left) = (page.metadata.next, page.metadata.remaining_item_count);
    Ok((Batch { text, items, left }, next))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::scripted::{Asked, ScriptedResponse as Scripted, api, status, versions};

    fn page(names: &[&str], next: &str) -> Scripted {
        let items: Vec<Value> =
            names.iter().map(|name| json!({"metadata": {"name": name}, "text": "ä}"})).collect();
        let metadata = json!({"continue": next, "remainingItemCount": 7});
        Scripted::Json(200, json!({"metadata": metadata, "items": items}))
    }

    /// The names of all objects, or the error, and what was asked.
    async fn names(
        answer: impl Fn(&str) -> Scripted + Clone + Send + 'static,
    ) -> (Result<Vec<String>, Error>, Asked) {
        let (client, asked) = api(move |path| match path {
            "/apis/kelos.dev" => versions(&["v1alpha2"]),
            path => answer(path),
        });
        let read = async {
            let mut pages = Resource::TASKS.pages(&client, Selection::default()).await?;
            let mut names = Vec::new();
            while let Some(page) = pages.next().await? {
                assert_eq!(page.left, Some(7));
                for json in page.objects() {
                    let object: Value = serde_json::from_str(json).unwrap();
                    names.push(object["metadata"]["name"].as_str().unwrap().to_owned());
                }
            }
            Ok(names)
        };
        (read.await, asked)
    }

    #[tokio::test]
    async fn a_list_that_has_grown_too_old_goes_on_where_it_was() {
        let (read, asked) = names(|path| match path {
            path if path.contains("continue=old") => {
                let mut gone = status(410, "Expired", "too old");
                gone["metadata"] = json!({"continue": "fresh"});
                Scripted::Json(410, gone)
            }
            path if path.contains("continue=fresh") => page(&["c"], ""),
            _ => page(&["a", "b"], "old"),
        })
        .await;
        assert_eq!(read.unwrap(), ["a", "b", "c"], "none twice, none lost");
        assert_eq!(asked.count("/tasks"), 3);
    }

    #[tokio::test]
    async fn a_list_that_can_not_be_gone_on_with_is_an_error() {
        for gone in [json!({}), json!({"continue": "old"})] {
            let (read, asked) = names(move |path| match path {
                path if path.contains("continue=") => {
                    let mut status = status(410, "Expired", "too old");
                    status["metadata"] = gone.clone();
                    Scripted::Json(410, status)
                }
                _ => page(&["a"], "old"),
            })
            .await;
            assert!(read.unwrap_err().is_expired());
            assert_eq!(asked.count("/tasks"), 2);
        }
    }

    #[tokio::test]
    async fn a_kind_that_is_not_there_is_not_served_whoever_may_list_it() {
        for (resources, is_there) in [(json!([{"name": "tasks"}]), true), (json!([]), false)] {
            let (read, _) = names(move |path| match path {
                "/apis/kelos.dev/v1alpha2" => Scripted::Json(200, json!({"resources": resources})),
                _ => Scripted::Json(403, status(403, "Forbidden", "no")),
            })
            .await;
            let error = read.unwrap_err();
            assert_eq!(error.is_forbidden(), is_there, "{error}");
            assert_eq!(matches!(error, Error::KindNotServed), !is_there, "{error}");
        }
    }

    #[tokio::test]
    async fn names_are_read_as_far_as_they_can_be_and_no_further_than_they_are_wanted() {
        let (client, asked) = api(|path| match path {
            "/apis/kelos.dev" => versions(&["v1alpha2"]),
            path if path.contains("continue=") => {
                Scripted::Json(500, status(500, "InternalError", "etcd"))
            }
            _ => page(&["a", "b"], "next"),
        });
        let names = async |most| Resource::TASKS.names(&client, Selection::default(), most).await;
        assert_eq!(names(2).await, ["a", "b"]);
        assert_eq!(asked.count("/tasks"), 1, "not a page too many");
        assert_eq!(names(3).await, ["a", "b"], "what came before an error is kept");
        assert_eq!(names(1).await, ["a"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_is_to_be_asked_for_later_is() {
        let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let (read, _) =
            names(move |_| match count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => Scripted::RetryAfter(429, 2),
                _ => page(&["a"], ""),
            })
            .await;
        assert_eq!(read.unwrap(), ["a"]);
    }
}

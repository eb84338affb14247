//! The way to the cluster, for commands that read it with the rights of whoever calls.

use std::future::Future;

use anyhow::{Context, anyhow};
use kube::Client;

use super::progress::Progress;
use crate::cli::ConnectionArgs;
use crate::cluster::{ConnectError, Error, Resource, Selection, connect_to};
use crate::engine::kelos::Shape;

/// A cluster that can be asked.
pub(super) struct Reach {
    pub(super) client: Client,
    /// The namespace of the context.
    pub(super) namespace: String,
}

impl Reach {
    /// Finds the cluster; it is not asked yet. `instead` is what to type for whoever has none, such as `or -f FILE`.
    ///
    /// # Errors
    ///
    /// When no cluster is known, or what is known of it can't be used.
    pub(super) async fn connect(args: &ConnectionArgs, instead: &str) -> anyhow::Result<Reach> {
        let found = connect_to(args.kubeconfig.as_deref(), args.context.as_deref()).await;
        let (client, namespace) = found.map_err(|error| match error {
            // Its own words name flags of `serve`.
            ConnectError::Inference(cause) => anyhow!(
                "no cluster is known: this is no Pod, and there is no kubeconfig; give --kubeconfig FILE, {instead} \
                 ({cause})"
            ),
            error => error.into(),
        })?;
        Ok(Reach { client, namespace })
    }

    /// Gives each object to `take`, page by page, and shows on a terminal how many are left.
    ///
    /// # Errors
    ///
    /// When they can't be read, or not to the end.
    pub(super) async fn each(
        &self,
        resource: &Resource,
        selection: Selection<'_>,
        mut take: impl FnMut(&str),
    ) -> Result<(), Error> {
        let mut pages = resource.pages(&self.client, selection).await?;
        let mut progress = Progress::of(resource.plural);
        while let Some(page) = pages.next().await? {
            if let Some(left) = page.left {
                progress.left(Some(left.saturating_add(page.objects().count() as u64)));
            }
            for json in page.objects() {
                progress.step();
                take(json);
            }
        }
        Ok(())
    }
}

/// That objects can't be read without which there is nothing to do; `kind` is what they are called.
pub(super) fn unreadable(
    kind: &str,
    resource: &Resource,
    namespace: Option<&str>,
    error: &Error,
) -> anyhow::Error {
    match error {
        Error::KindNotServed => anyhow!("the cluster has no {kind}: is Kelos installed there?"),
        error => anyhow!(lacking("list", resource, namespace, error)),
    }
}

/// The kind of what has this shape.
pub(super) const fn resource_of(shape: Shape) -> Resource {
    match shape {
        Shape::Task => Resource::TASKS,
        Shape::Session => Resource::SESSIONS,
    }
}

/// The kind of what makes it.
pub(super) const fn spawners_of(makes: Shape) -> Resource {
    match makes {
        Shape::Task => Resource::TASK_SPAWNERS,
        Shape::Session => Resource::SESSION_SPAWNERS,
    }
}

/// Waits for what is asked of a cluster.
///
/// # Errors
///
/// When the system gives no way to the network.
pub(super) fn block_on<F: Future>(asked: F) -> anyhow::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.context("the system gives no way to the network")?.block_on(asked))
}

/// The right that is missing, or what else keeps objects from being read: those of a namespace, or of all.
pub(super) fn lacking(
    verb: &str,
    resource: &Resource,
    namespace: Option<&str>,
    error: &Error,
) -> String {
    if !error.is_forbidden() {
        return format!("{} can't be read: {error}", resource.plural);
    }
    format!("{}: {error}", right(verb, resource, namespace))
}

/// That a right is missing.
pub(super) fn right(verb: &str, resource: &Resource, namespace: Option<&str>) -> String {
    let place = match namespace {
        Some(namespace) => format!("in namespace {namespace}"),
        None if !resource.has_namespaces() => "of the cluster".to_owned(),
        None => "in all namespaces (-n asks for one)".to_owned(),
    };
    format!("you lack the right to {verb} {} {place}", resource.full_name())
}

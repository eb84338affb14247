//! The objects of the cluster, with the rights of whoever calls.

use anyhow::{Context, anyhow, bail};
use kube::Client;
use serde_json::value::RawValue;

use super::super::stdio::complain;
use super::object::{Object, Read};
use super::unread::Unread;
use crate::cli::LintArgs;
use crate::cluster::{ConnectError, Error, Resource, Selection, connect_to};
use crate::engine::kelos::GROUP;
use crate::engine::lint::SpawnerKind;

/// The versions that are read, the best one first.
const VERSIONS: &[&str] = &["v1alpha2", "v1alpha1"];

const fn kelos(plural: &'static str) -> Resource {
    Resource { group: GROUP, versions: VERSIONS, plural, metadata_only: false }
}

/// Reads the TaskSpawners, SessionSpawners and TaskBudgets of a namespace, or of all.
///
/// # Errors
///
/// When there is no way to the cluster, or it has no TaskSpawners. A right that is missing is told, and what can be
/// read all the same is.
pub(super) fn read(args: &LintArgs) -> anyhow::Result<Read> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("the system gives no way to the network")?.block_on(ask(args))
}

async fn ask(args: &LintArgs) -> anyhow::Result<Read> {
    let (client, namespace) = connect_to(args.kubeconfig.as_deref(), args.context.as_deref())
        .await
        .map_err(without_serve)?;
    let namespace = args.namespace.clone().unwrap_or(namespace);
    let within = (!args.all_namespaces).then_some(&*namespace);
    let labels = args.selector.as_deref();
    let mut reading = Reading {
        client: &client,
        selection: Selection { namespace: within, labels },
        read: Read { is_cluster: true, ..Read::default() },
    };
    reading.spawners(SpawnerKind::TaskSpawner, &kelos("taskspawners")).await?;
    reading.spawners(SpawnerKind::SessionSpawner, &kelos("sessionspawners")).await?;
    reading.budgets().await;
    Ok(reading.read)
}

/// What is in the way, without the flags of `serve`.
fn without_serve(error: ConnectError) -> anyhow::Error {
    match error {
        ConnectError::Inference(cause) => anyhow!(
            "no cluster is known: this is no Pod, and there is no kubeconfig; give --kubeconfig FILE, or -f FILE to \
             lint files ({cause})"
        ),
        error => error.into(),
    }
}

/// One reading of the cluster.
struct Reading<'r> {
    client: &'r Client,
    selection: Selection<'r>,
    read: Read,
}

impl Reading<'_> {
    async fn spawners(&mut self, kind: SpawnerKind, resource: &Resource) -> anyhow::Result<()> {
        match resource.read_all(self.client, self.selection).await {
            Ok(all) => self.read.objects.extend(all.into_iter().map(|json| {
                let namespace = self.selection.namespace.unwrap_or_default();
                Object::new(kind, Box::<str>::from(json), namespace, None)
            })),
            // A Kelos before v0.40 has no SessionSpawners.
            Err(Error::KindNotServed) if kind == SpawnerKind::SessionSpawner => {}
            Err(Error::KindNotServed) => {
                bail!("the cluster has no TaskSpawners: is Kelos installed there?")
            }
            Err(error) if error.is_forbidden() => {
                // A kind that is not there is forbidden, too.
                if kind == SpawnerKind::SessionSpawner
                    && !resource.is_served(self.client).await.unwrap_or(true)
                {
                    return Ok(());
                }
                let why = self.lacking(resource, &error);
                self.read.unread.push(Unread::in_cluster(why));
            }
            Err(error) => {
                return Err(error).with_context(|| format!("{} can't be read", resource.plural));
            }
        }
        Ok(())
    }

    /// TaskBudgets only help to see more: without them all else is told.
    async fn budgets(&mut self) {
        let resource = kelos("taskbudgets");
        let selection = Selection { labels: None, ..self.selection };
        match resource.read_all(self.client, selection).await {
            Ok(all) => {
                self.read.budgets = Some(Default::default());
                for json in all {
                    let json: &RawValue = &json;
                    self.read.take_budget(json.get(), selection.namespace.unwrap_or_default());
                }
            }
            Err(Error::KindNotServed) => {}
            Err(error) => {
                let why = self.lacking(&resource, &error);
                complain(format_args!("kelos-metadata: keys of budgets are not looked at: {why}"));
            }
        }
    }

    /// The right that is missing, or what else is in the way.
    fn lacking(&self, resource: &Resource, error: &Error) -> String {
        if !error.is_forbidden() {
            return format!("{} can't be read: {error}", resource.plural);
        }
        let place = match self.selection.namespace {
            Some(namespace) => format!("in namespace {namespace}"),
            None => "in all namespaces (-n asks for one)".to_owned(),
        };
        let (plural, group) = (resource.plural, resource.group);
        format!("you lack the right to list {plural}.{group} {place}: {error}")
    }
}

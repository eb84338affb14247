//! The objects of the cluster, with the rights of whoever calls.

use anyhow::{Context, bail};
use kube::Client;
use serde_json::value::RawValue;

use super::super::reach::{self, Reach};
use super::super::stdio::warn;
use super::object::{Object, Read};
use super::unread::Unread;
use crate::cli::LintArgs;
use crate::cluster::{Error, Resource, Selection};
use crate::engine::kelos::Shape;

/// Reads the TaskSpawners, SessionSpawners and TaskBudgets of a namespace, or of all.
///
/// # Errors
///
/// When there is no way to the cluster, or it has no TaskSpawners. A right that is missing is told, and what can be
/// read all the same is.
pub(super) fn read(args: &LintArgs) -> anyhow::Result<Read> {
    reach::block_on(ask(args))?
}

async fn ask(args: &LintArgs) -> anyhow::Result<Read> {
    let Reach { client, namespace } =
        Reach::connect(&args.connection, "or -f FILE to lint files").await?;
    let namespace = args.namespace().map_or(namespace, str::to_owned);
    let within = (!args.all_namespaces).then_some(&*namespace);
    let labels = args.selector.as_deref();
    let mut reading = Reading {
        client: &client,
        selection: Selection { namespace: within, labels, name: None },
        read: Read { is_cluster: true, ..Read::default() },
    };
    reading.spawners(Shape::Task, &Resource::TASK_SPAWNERS).await?;
    reading.spawners(Shape::Session, &Resource::SESSION_SPAWNERS).await?;
    // Without spawners, nobody misses what budgets would tell of them.
    if reading.read.unread.is_empty() {
        reading.budgets().await;
    }
    Ok(reading.read)
}

/// One reading of the cluster.
struct Reading<'r> {
    client: &'r Client,
    selection: Selection<'r>,
    read: Read,
}

impl Reading<'_> {
    async fn spawners(&mut self, makes: Shape, resource: &Resource) -> anyhow::Result<()> {
        match resource.read_all(self.client, self.selection).await {
            Ok(all) => self.read.objects.extend(all.into_iter().map(|json| {
                let namespace = self.selection.namespace.unwrap_or_default();
                Object::new(makes, Box::<str>::from(json), namespace, None)
            })),
            // A Kelos before v0.40 has no SessionSpawners.
            Err(Error::KindNotServed) if makes == Shape::Session => {}
            Err(Error::KindNotServed) => {
                bail!("the cluster has no TaskSpawners: is Kelos installed there?")
            }
            Err(error) if error.is_forbidden() => {
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
        let resource = Resource::TASK_BUDGETS;
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
                warn(format_args!("keys of budgets are not looked at: {why}"));
            }
        }
    }

    /// The right that is missing, or what else is in the way.
    fn lacking(&self, resource: &Resource, error: &Error) -> String {
        reach::lacking("list", resource, self.selection.namespace, error)
    }
}

//! The Tasks of a cluster, one after another, and what the rules would change in each.

mod admission;
mod frequent;
pub(super) mod json;
mod overlay;
mod report;
pub(super) mod shown;
pub(super) mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::Value;

pub(super) use self::report::Report;
use super::created::created;
use super::known::{Known, Listed};
use super::progress::Progress;
use super::reach::{Reach, resource_of, unreadable};
use super::registrations;
use super::stdio::{complain, warn};
use crate::cli::SurveyArgs;
use crate::clock;
use crate::cluster::{Error, Resource, Selection};
use crate::engine::comparison::Ruled;
use crate::engine::kelos::{Injection, Shape, StringMap, Task};
use crate::engine::revision::{Renewed, Revision, renewed, renewed_with_traceless};
use crate::engine::rules::{Policy, Rules};
use crate::engine::variables::{Facts, need_workspace};
use crate::engine::{Limits, decide};
use crate::registration::Configuration;
use crate::settings;
use crate::spawners::{CompiledSpawner, Lookup, Snapshot, Spawners};
use crate::unix_seconds::UnixSeconds;
use crate::words::words;

words! {
    /// Why a Task is passed over.
    pub(super) enum PassedOver {
        /// It is being deleted.
        Deleting = "deleting",
        /// The switch of its Namespace, its TaskSpawner or itself is off.
        SwitchedOff = "switched_off",
        /// The webhook is registered for other Namespaces: those that opt in, or all but some.
        NotSelected = "not_selected",
        /// It has no TaskSpawner, and there are no defaults.
        NoSpawner = "no_spawner",
        /// The TaskSpawner that it names is not there any more: nobody knows what it asked for.
        UnknownSpawner = "unknown_spawner",
        /// It has not the fields that Kelos gives a Task.
        NoTask = "no_task",
    }
}

/// The Tasks, or Sessions, that are asked for, and the rules that they are looked at with.
pub(super) struct Survey {
    /// What is looked at.
    pub(super) shape: Shape,
    pub(super) reach: Reach,
    /// Nothing for all namespaces.
    pub(super) namespace: Option<String>,
    /// What the cluster has registered of the webhook, or why that is not known.
    pub(super) registrations: Result<Vec<Configuration>, String>,
    policy: Policy,
    labels: Option<String>,
    /// The moment after which they were made.
    since: Option<UnixSeconds>,
    limit: usize,
    today: Arc<Snapshot>,
    /// What the cluster has, where files take the place of some of it.
    before: Option<Arc<Snapshot>>,
    /// Who may have written to a Task when it was created, beside the webhook.
    pub(super) others: Option<String>,
    /// What could not be read of the cluster beside its Tasks, in words.
    pub(super) lacking: Vec<String>,
    unread: Vec<Resource>,
    /// Whether no TaskSpawner of a file takes the place of one of the cluster.
    is_of_none: bool,
    /// Whether the defaults stand in for a spawner that is not there, as they do for the webhook.
    has_stand_ins: bool,
}

/// A Task of the cluster, and what the rules change in it.
pub(super) struct Surveyed {
    /// The Task as a tree.
    pub(super) object: Value,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) verdict: Result<Revision, PassedOver>,
    /// Whether the Namespace is switched to `audit`: new Tasks get nothing, and are told what they would get.
    pub(super) is_audited: bool,
}

impl Surveyed {
    /// The name with its namespace, as kubectl users say it.
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

impl Survey {
    /// Reads what the rules depend on.
    ///
    /// # Errors
    ///
    /// When there is no way to the cluster, its TaskSpawners can't be read, or a file or a flag is no good.
    pub(super) async fn begin(
        shape: Shape,
        args: &SurveyArgs,
        files: &[PathBuf],
        policy: Policy,
    ) -> anyhow::Result<Survey> {
        let reach = Reach::connect(&args.connection, "or --context NAME").await?;
        Survey::of(shape, reach, args, files, policy).await
    }

    /// The same of a cluster that is known.
    pub(super) async fn of(
        shape: Shape,
        reach: Reach,
        args: &SurveyArgs,
        files: &[PathBuf],
        policy: Policy,
    ) -> anyhow::Result<Survey> {
        let (tasks, defaults) = (&args.tasks, args.policy.defaults.as_deref());
        let since = tasks.since.as_deref().map(settings::since).transpose()?;
        let since =
            since.map(|age| clock::now() - i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
        let namespace = tasks.selection.within(&reach.namespace);
        let own = namespace.clone().unwrap_or_else(|| reach.namespace.clone());
        let within = namespace.as_deref();
        let mut is_of_none = false;
        let (cluster, today) = if files.is_empty() {
            (Known::read(&reach, shape, within, policy.clone()).await?, None)
        } else {
            let listed = Listed::read(&reach, shape, within).await?;
            let (objects, is_alone) =
                overlay::read((shape, files), &own, within, defaults, &listed.objects)?;
            is_of_none = is_alone;
            let today = Spawners::new(policy.clone());
            let problems = today.replace(objects);
            let cluster = listed.known(policy.clone());
            problems.iter().filter(|it| !cluster.problems.contains(it)).for_each(complain);
            (cluster, Some(today.snapshot()))
        };
        let Known { spawners, lacking, unread, .. } = cluster;
        for right in &lacking {
            warn(right);
        }
        let (today, before) = match today {
            Some(today) => (today, Some(spawners.snapshot())),
            None => (spawners.snapshot(), None),
        };
        let is_unknown = |it: &&str| today.namespace(it).is_none();
        if let Some(name) = within.filter(is_unknown)
            && !unread.contains(&Resource::NAMESPACES)
        {
            bail!("the cluster has no namespace {name}");
        }
        let registrations = registrations::read(&reach).await;
        let others = admission::others(shape, &reach, &registrations).await;
        Ok(Survey {
            shape,
            registrations,
            others,
            reach,
            namespace,
            policy,
            labels: tasks.selection.selector.clone(),
            since,
            limit: tasks.limit.unwrap_or(usize::MAX),
            today,
            before,
            lacking,
            unread,
            is_of_none,
            has_stand_ins: false,
        })
    }

    /// The same where the defaults stand in for a spawner that is not there: what names it gets them when it is made.
    pub(super) fn with_stand_ins(self) -> Survey {
        Survey { has_stand_ins: true, ..self }
    }

    /// Gives each Task to `take`, until that says that it is enough.
    ///
    /// # Errors
    ///
    /// When the Tasks can't be read, in words for who lacks the right; what `take` says.
    pub(super) async fn each(
        &self,
        mut take: impl AsyncFnMut(Surveyed, &mut Progress) -> anyhow::Result<ControlFlow<()>>,
    ) -> anyhow::Result<()> {
        let namespace = self.namespace.as_deref();
        let resource = resource_of(self.shape);
        let plural = self.shape.several();
        let unreadable = |error: Error| unreadable(plural, &resource, namespace, &error);
        let selection = Selection { namespace, labels: self.labels.as_deref(), name: None };
        let pages = resource.pages(&self.reach.client, selection).await;
        let mut pages = pages.map_err(unreadable)?;
        let (mut progress, mut count) = (Progress::of(plural), 0);
        while let Some(page) = pages.next().await.map_err(unreadable)? {
            if let Some(left) = page.left {
                progress.left(Some(left.saturating_add(page.objects().count() as u64)));
            }
            for json in page.objects() {
                progress.step();
                let Some(surveyed) = self.survey(json)? else { continue };
                if count == self.limit {
                    return Ok(());
                }
                count += 1;
                if take(surveyed, &mut progress).await?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Looks at a Task; nothing if it is older than asked for.
    ///
    /// # Errors
    ///
    /// When it is no JSON object.
    pub(super) fn survey(&self, json: &str) -> anyhow::Result<Option<Surveyed>> {
        let object: Value = serde_json::from_str(json)
            .with_context(|| format!("the API server sent no {}", self.shape))?;
        let metadata = &object["metadata"];
        let text = |field: &str| metadata[field].as_str().unwrap_or_default().to_owned();
        let (namespace, name) = (text("namespace"), text("name"));
        let made = created(&object);
        if made.zip(self.since).is_some_and(|(made, since)| made < since) {
            return Ok(None);
        }
        let verdict = if metadata["deletionTimestamp"].is_string() {
            Err(PassedOver::Deleting)
        } else {
            self.verdict(&object, json, &namespace, made.unwrap_or_else(clock::now))
        };
        let injection = self.today.namespace(&namespace).map(|it| it.injection());
        let is_audited = injection == Some(Injection::Audit);
        Ok(Some(Surveyed { object, namespace, name, verdict, is_audited }))
    }

    /// What the rules change; what depends on the time does on that of its creation.
    fn verdict(
        &self,
        object: &Value,
        json: &str,
        namespace: &str,
        made: UnixSeconds,
    ) -> Result<Revision, PassedOver> {
        let task = Task::parse_as(self.shape, json).map_err(|_| PassedOver::NoTask)?;
        let today = spawner(&self.today, namespace, &task);
        let today = today.or_else(|why| self.stand_in(why).ok_or(why))?;
        let before = self.before.as_deref().and_then(|it| spawner(it, namespace, &task).ok());
        let rules = Ruled { today: &today.rules, before: before.as_deref().map(|it| &it.rules) };
        let facts = self.today.facts(namespace, &task, json.len(), made);
        let renewed = renewed(object, json, &task, rules);
        let new = Task::parse_as(self.shape, &renewed.json).map_err(|_| PassedOver::NoTask)?;
        let revised = |renewed: &Renewed<'_>, new: &Task<'_>| {
            let facts = Facts { task_bytes: renewed.json.len(), ..facts };
            let decision = decide(new, rules.today, &facts, &Limits::default());
            renewed.revision((object, &task), rules, (new, &decision))
        };
        let mut revision = revised(&renewed, &new);
        if revision.is_exempt {
            return Err(PassedOver::SwitchedOff);
        }
        let labels = self.today.namespace(namespace).map(|it| &it.metadata.labels);
        admission::is_asked(&self.registrations, (namespace, labels), &new)?;
        if self.others.is_some() && revision.leave_traceless() {
            let renewed = renewed_with_traceless(object, json, &task, rules);
            let new = Task::parse_as(self.shape, &renewed.json).map_err(|_| PassedOver::NoTask)?;
            revision.leave_open(&revised(&renewed, &new));
        }
        Ok(revision)
    }

    /// What is given in place of the rules of a spawner that is not there.
    fn stand_in(&self, why: PassedOver) -> Option<Arc<CompiledSpawner>> {
        let is_given = self.has_stand_ins && why == PassedOver::UnknownSpawner;
        self.today.of_nobody(self.shape).filter(|_| is_given).map(Arc::clone)
    }

    /// The Task as it is by now; nothing if it is gone, or has not the labels any more that are asked for.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub(super) async fn again(&self, task: &Surveyed) -> anyhow::Result<Option<Value>> {
        let selection = Selection {
            namespace: Some(&task.namespace),
            labels: self.labels.as_deref(),
            name: Some(&task.name),
        };
        let found = resource_of(self.shape).read_all(&self.reach.client, selection).await;
        let found =
            found.with_context(|| format!("{} {} can't be read", self.shape, task.full_name()))?;
        let first = found.first().map(|json| serde_json::from_str(json.get()));
        first.transpose().with_context(|| format!("the API server sent no {}", self.shape))
    }

    /// Fails where the rules or the switches are others by now than those that Tasks were looked at with: what was
    /// shown, and agreed to, was about these.
    ///
    /// # Errors
    ///
    /// That, or that they can't be read again.
    pub(super) async fn is_unchanged(&self) -> anyhow::Result<()> {
        let known =
            Known::read(&self.reach, self.shape, self.namespace.as_deref(), self.policy.clone())
                .await?;
        if state(&known.spawners.snapshot()) != state(&self.today) {
            bail!(
                "nothing is written: rules or switches have changed meanwhile; run the same command again"
            );
        }
        Ok(())
    }

    /// Whether something is not known, for lack of a right, that the rules or the switches depend on, or the files are
    /// about nothing that the cluster has.
    pub(super) fn is_partial(&self) -> bool {
        let reads = |needs: fn(&Rules) -> bool| self.today.all_rules().any(|(_, it)| needs(it));
        self.is_of_none
            || self.lacks_switches()
            || (!self.unread.is_empty() && reads(|rules| need_workspace(&rules.uses)))
    }

    /// Whether it is not known which Namespaces are switched off.
    pub(super) fn lacks_switches(&self) -> bool {
        self.unread.contains(&Resource::NAMESPACES)
    }

    /// Fails where anything of the cluster is not known: who writes has to know the switches, too.
    ///
    /// # Errors
    ///
    /// That, in words for who lacks the rights.
    pub(super) fn knows_all(&self) -> anyhow::Result<()> {
        if self.lacking.is_empty() {
            return Ok(());
        }
        bail!(
            "not all is known that the rules and the switches depend on, and nothing is written until then"
        )
    }
}

/// What of a snapshot says what is written: the rules of each TaskSpawner and its switch, and the labels of each
/// Namespace.
fn state(known: &Snapshot) -> (BTreeSet<String>, BTreeMap<&str, &StringMap>) {
    let rules = known.all_rules().map(|(namespace, rules)| {
        let meta = &rules.spawner.metadata;
        let uid = meta.uid.as_deref().unwrap_or_default();
        format!("{namespace}/{} {uid} {} {}", meta.name, rules.hash, rules.is_disabled)
    });
    let namespaces = known.namespaces().map(|it| (&*it.metadata.name, &it.metadata.labels));
    (rules.collect(), namespaces.collect())
}

/// The rules of a Task: those of its TaskSpawner, or the defaults where it has none.
fn spawner(
    known: &Snapshot,
    namespace: &str,
    task: &Task<'_>,
) -> Result<Arc<CompiledSpawner>, PassedOver> {
    let Some(owner) = task.owner() else {
        return known.of_nobody(task.shape()).map(Arc::clone).ok_or(PassedOver::NoSpawner);
    };
    match known.rules(namespace, &owner) {
        Lookup::Found(spawner) => Ok(spawner),
        Lookup::Pending | Lookup::Unknown => Err(PassedOver::UnknownSpawner),
    }
}

//! `report`: what the Tasks of a cluster come to, by their labels.

mod durations;
mod entry;
mod figures;
mod machine;
mod quantity;
mod table;

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;

use serde::de::IgnoredAny;

use self::entry::Entry;
use self::figures::Groups;
use super::not_asked;
use super::reach::{Reach, block_on, lacking, unreadable};
use super::stdio::warn;
use crate::cli::{FiguresFormat, ReportArgs};
use crate::clock;
use crate::cluster::{Error, ObjectPath, Resource, Selection};
use crate::settings;
use crate::unix_seconds::UnixSeconds;

pub(super) fn run(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let window = Window::of(args, clock::now())?;
    block_on(report(args, window))?
}

async fn report(args: &ReportArgs, window: Window) -> anyhow::Result<ExitCode> {
    let reach = Reach::connect(&args.connection, "or --context NAME").await?;
    let namespace = args.selection.within(&reach.namespace);
    let mut ledger = Ledger::new(Groups::by(&args.by), window);
    let selection = Selection {
        namespace: namespace.as_deref(),
        labels: args.selection.selector.as_deref(),
        ..Selection::default()
    };
    let read = reach.each(&Resource::TASKS, selection, |json| ledger.add_task(json)).await;
    read.map_err(|error| unreadable("Tasks", &Resource::TASKS, selection.namespace, &error))?;
    let mut is_partial = false;
    match reach.each(&Resource::TASK_RECORDS, selection, |json| ledger.add_record(json)).await {
        Ok(()) => {}
        Err(Error::KindNotServed) => ledger.has_records = false,
        Err(error) => {
            is_partial = true;
            let right = lacking("list", &Resource::TASK_RECORDS, selection.namespace, &error);
            warn(format_args!("{right}; Tasks that were deleted are not counted"));
        }
    }
    if let Some(name) = selection.namespace.filter(|_| ledger.is_empty()) {
        is_there(&reach, name).await?;
    }
    match args.output {
        FiguresFormat::Table => table::table(&ledger, selection.namespace)?,
        FiguresFormat::Csv => machine::csv(&ledger.groups)?,
        FiguresFormat::Json => machine::json(&ledger)?,
    }
    Ok(if is_partial { not_asked() } else { ExitCode::SUCCESS })
}

/// Fails where there is no such namespace. One who may not know it counts none of its Tasks all the same.
async fn is_there(reach: &Reach, namespace: &str) -> anyhow::Result<()> {
    let collection = Resource::NAMESPACES.path("v1", None);
    let namespace = ObjectPath { collection, name: namespace.to_owned() };
    match namespace.read::<IgnoredAny>(&reach.client).await {
        Err(error) if error.is_not_found() => {
            anyhow::bail!("the cluster has no namespace {}", namespace.name)
        }
        _ => Ok(()),
    }
}

/// From when to when; what has not ended is of the present.
#[derive(Clone, Copy, Debug)]
struct Window {
    now: UnixSeconds,
    /// It belongs to it.
    since: Option<UnixSeconds>,
    /// It does not belong to it.
    until: Option<UnixSeconds>,
}

impl Window {
    fn of(args: &ReportArgs, now: UnixSeconds) -> anyhow::Result<Window> {
        let moment = |flag, value: &Option<String>| {
            value.as_deref().map(|value| settings::moment(flag, value, now)).transpose()
        };
        let since = moment("--since", &args.since)?;
        let until = moment("--until", &args.until)?;
        if since.zip(until).is_some_and(|(since, until)| until <= since) {
            anyhow::bail!("--until is no later than --since: no Task can have ended between them");
        }
        Ok(Window { now, since, until })
    }

    fn has(&self, ended: Option<UnixSeconds>) -> bool {
        let at = ended.unwrap_or(self.now);
        self.since.is_none_or(|since| since <= at) && self.until.is_none_or(|until| at < until)
    }
}

/// The Tasks that are there, and those that only their TaskRecords tell of.
struct Ledger {
    groups: Groups,
    window: Window,
    /// The Tasks that were read, by a hash of their UIDs: they are counted as they are, and their TaskRecords are not.
    /// It is all that grows with the number of Tasks, by some bytes for each that is there.
    read: HashSet<u64>,
    hasher: RandomState,
    /// How many Tasks are counted that are there, and how many that are gone.
    tasks: usize,
    gone: usize,
    /// How many objects have not the fields of their kind.
    unreadable: usize,
    /// Whether the cluster keeps TaskRecords.
    has_records: bool,
}

impl Ledger {
    fn new(groups: Groups, window: Window) -> Ledger {
        Ledger {
            groups,
            window,
            read: HashSet::new(),
            hasher: RandomState::new(),
            tasks: 0,
            gone: 0,
            unreadable: 0,
            has_records: true,
        }
    }

    /// Whether nothing at all was read.
    fn is_empty(&self) -> bool {
        self.read.is_empty() && self.gone == 0
    }

    fn add_task(&mut self, json: &str) {
        let Ok(task) = Entry::of_task(json) else {
            self.unreadable += 1;
            return;
        };
        self.read.insert(self.hasher.hash_one(&*task.uid));
        if self.window.has(task.ended) {
            self.groups.add(&task);
            self.tasks += 1;
        }
    }

    fn add_record(&mut self, json: &str) {
        let Ok(record) = Entry::of_record(json) else {
            self.unreadable += 1;
            return;
        };
        let is_read = self.read.contains(&self.hasher.hash_one(&*record.uid));
        if !is_read && self.window.has(record.ended) {
            self.groups.add(&record);
            self.gone += 1;
        }
    }
}

//! What the cases of a file are run on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail, ensure};

use super::cases::{Case, Cases, GivenItem};
use super::expected::{Got, compared};
use crate::apimachinery::Kind;
use crate::clock;
use crate::commands::wanted::{kind_and_name, makes};
use crate::commands::{Loaded, load, simulated, vars};
use crate::engine::kelos::{GROUP, Shape, Task, group_of};
use crate::engine::rules::Policy;
use crate::engine::simulate::{Item, NoTask, Why};
use crate::engine::{Limits, decide};
use crate::manifests::{self, Manifest, ManifestError};
use crate::spawners::{Lookup, ReadObjects, Snapshot};

/// The manifests that cases name, each set of them read once.
pub(super) struct Worlds<'w> {
    policy: Policy,
    namespace: &'w str,
    known: BTreeMap<Vec<PathBuf>, World>,
}

/// The objects of some files.
struct World {
    spawners: Vec<Manifest>,
    known: Arc<Snapshot>,
}

impl<'w> Worlds<'w> {
    /// No manifests yet.
    pub(super) fn new(policy: Policy, namespace: &'w str) -> Worlds<'w> {
        Worlds { policy, namespace, known: BTreeMap::new() }
    }

    /// Runs a case; gives what is wrong, if something is.
    ///
    /// # Errors
    ///
    /// The case can't be run: its files, its item or its TaskSpawner are in the way.
    pub(super) fn run(&mut self, cases: &Cases, case: &Case) -> anyhow::Result<Option<String>> {
        if case.expects_nothing() {
            bail!(
                "it expects nothing: say labels, annotations, podLabels, nodeSelector, skipped (`[]` for none) or error"
            );
        }
        if let Some(entry) = case.odd_skip() {
            bail!(
                "skipped: `{entry}` is none of KIND:KEY=REASON, such as label:team.example.com/area=missing_variable; \
                 KIND is one of {}",
                Kind::ALL.map(Kind::as_str).join(", ")
            );
        }
        let wanted = case.spawner.as_deref().or(cases.spawner.as_deref()).context(
            "it names no TaskSpawner and no SessionSpawner: write `spawner:` with a file, or with a name that is in `files`",
        )?;
        let of_file = is_file(wanted).then(|| cases.beside(Path::new(wanted)));
        let mut files: Vec<PathBuf> = cases.files.iter().map(|it| cases.beside(it)).collect();
        files.extend(of_file.clone());
        let item = item(cases, case)?;
        let namespace = self.namespace;
        let world = self.world(files)?;
        let spawner = world.spawner(wanted, of_file.as_deref())?;
        let made = simulated::task(spawner, &item, case.kelos).with_context(|| {
            let kind = makes(spawner).spawner();
            format!("{} has no {kind} as Kelos has it", spawner.path.display())
        })?;
        let task = match made {
            Ok(task) => task,
            Err((spawned, error)) => match error.why {
                Why::Item | Why::NotSimulated => return Err(Slip::of(&error, &item).into()),
                Why::Kelos | Why::Filtered | Why::Refused => {
                    let told = simulated::explained(spawner, &spawned, &error);
                    let told = anstream::adapter::strip_str(&told).to_string();
                    let (shape, why) = (spawned.makes(), error.why);
                    let error = error.to_string().replacen(why.as_str(), &why.of(shape), 1);
                    return Ok(compared(shape, case, &Got::NoTask { error: &error, told }));
                }
            },
        };
        world.decided(case, &task, namespace)
    }

    fn world(&mut self, files: Vec<PathBuf>) -> anyhow::Result<&World> {
        if !self.known.contains_key(&files) {
            let world = World::read(&files, self.policy.clone(), self.namespace)?;
            self.known.insert(files.clone(), world);
        }
        self.known.get(&files).ok_or_else(|| anyhow!("these files were just read"))
    }
}

impl World {
    fn read(files: &[PathBuf], policy: Policy, namespace: &str) -> anyhow::Result<World> {
        let mut objects = ReadObjects::in_namespace(namespace);
        let (mut spawners, mut errors) = (Vec::new(), Vec::new());
        let mut known: BTreeSet<Arc<Path>> = BTreeSet::new();
        for file in files {
            let mut new = BTreeSet::new();
            manifests::read_among_others(file, None, GROUP, |found| match found {
                // A case may name a file of a folder that is in `files`, too.
                Ok(Manifest { ref path, .. }) | Err(ManifestError { ref path, .. })
                    if known.contains(path) => {}
                Ok(manifest) => {
                    new.insert(Arc::clone(&manifest.path));
                    let group = group_of(&manifest.api_version);
                    if Shape::of_spawner(group, &manifest.kind).is_some() {
                        spawners.push(manifest.clone());
                    }
                    objects.take(Ok(manifest));
                }
                Err(error) => errors.push(error.to_string()),
            });
            known.extend(new);
        }
        ensure!(errors.is_empty(), "{}", errors.join("\n"));
        let Loaded { spawners: known, is_whole, .. } = load(objects, policy);
        ensure!(is_whole, "a file that it names can't be used");
        Ok(World { spawners, known: known.snapshot() })
    }

    /// The TaskSpawner of a case: by its file, which has one, or by its name.
    fn spawner(&self, wanted: &str, file: Option<&Path>) -> anyhow::Result<&Manifest> {
        let (kind, name) = kind_and_name(wanted);
        let is_it = |it: &&Manifest| match file {
            Some(file) => &*it.path == file,
            None => {
                it.object()["metadata"]["name"].as_str() == Some(name)
                    && kind.is_none_or(|kind| kind == makes(it))
            }
        };
        let mut found = self.spawners.iter().filter(is_it);
        match (found.next(), found.next(), file) {
            (Some(one), None, _) => Ok(one),
            (None, ..) => {
                let kinds = kind.map_or("SessionSpawner and no TaskSpawner", Shape::spawner);
                bail!(
                    "there is no {kinds} in `{wanted}`, and none of that name in `files`{}",
                    self.meant(wanted)
                )
            }
            (Some(_), Some(_), Some(_)) => {
                bail!(
                    "{wanted} has several spawners: list it in `files`, and give the name of one{}",
                    self.names()
                )
            }
            (Some(_), Some(_), None) => {
                bail!(
                    "several spawners in `files` are called {wanted}: write taskspawner/{wanted} or sessionspawner/{wanted}"
                )
            }
        }
    }

    /// The names of all TaskSpawners.
    fn names(&self) -> String {
        let named = self
            .spawners
            .iter()
            .filter_map(|it| it.object()["metadata"]["name"].as_str().map(str::to_owned));
        let names: Vec<String> = named.collect();
        if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) }
    }

    /// The TaskSpawners that may be meant.
    fn meant(&self, wanted: &str) -> String {
        if is_file(wanted) { String::new() } else { self.names() }
    }

    fn decided(
        &self,
        case: &Case,
        made: &Manifest,
        default: &str,
    ) -> anyhow::Result<Option<String>> {
        let mut object = made.object();
        let shape: Shape = made.kind.parse()?;
        let no_such = || format!("the {shape} can't be read");
        let task = Task::parse_as(shape, &made.json).with_context(no_such)?;
        let said = object["metadata"]["namespace"].as_str().unwrap_or(default).to_owned();
        let owner = task.owner().with_context(|| format!("the {shape} has no owner"))?;
        let Lookup::Found(spawner) = self.known.rules(&said, &owner) else {
            bail!("the {} can't be used", shape.spawner());
        };
        let facts = self.known.facts(&said, &task, made.json.len(), clock::now());
        let decision = decide(&task, &spawner.rules, &facts, &Limits::default());
        json_patch::patch(&mut object, &decision.patch()).context("the patch does not apply")?;
        Ok(compared(shape, case, &Got::Task { object: &object, decision: &decision }))
    }
}

/// An item that does not fit, or of which it can't be told what Kelos does.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Slip {
    message: String,
    /// The name in the item that is meant.
    pub(super) name: Option<String>,
}

impl Slip {
    fn of(error: &NoTask, item: &Item) -> Slip {
        let hint = error.error.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        let quoted = error.error.message.split('`').skip(1).step_by(2);
        let name = quoted.into_iter().find(|it| item.contains_key(*it)).map(str::to_owned);
        Slip { message: format!("{error}{hint}"), name }
    }
}

fn is_file(spawner: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| spawner.ends_with(end))
}

/// The item of a case, with what is set over it.
fn item(cases: &Cases, case: &Case) -> anyhow::Result<Item> {
    let mut item = match &case.item {
        GivenItem::Here(item) => item.clone(),
        GivenItem::File(file) => vars::read("item", &cases.beside(file))?,
    };
    item.extend(case.set.clone());
    Ok(item)
}

//! The file of cases.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};
use serde::{Deserialize, Deserializer};
use serde_saphyr::{MessageFormatter, UserMessageFormatter};

use super::files::normalised;
use crate::apimachinery::Kind;
use crate::engine::reason::Reason;
use crate::engine::simulate::{Item, KelosVersion};
use crate::templates::suggest;

/// A file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cases {
    #[serde(skip)]
    pub(super) path: PathBuf,
    /// What the file says, behind a byte-order mark.
    #[serde(skip)]
    pub(super) text: String,
    /// The TaskSpawner of the cases that name none.
    #[serde(default)]
    pub(super) spawner: Option<String>,
    /// Manifests of TaskSpawners, Workspaces, WorkerPools and Namespaces: files or folders beside this one.
    #[serde(default)]
    pub(super) files: Vec<PathBuf>,
    /// The cases.
    pub(super) cases: Vec<Case>,
}

/// A case: what comes in, and what is expected of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Case {
    pub(super) name: String,
    /// A file beside this one with one TaskSpawner, or the name of one that is in `files`.
    #[serde(default)]
    pub(super) spawner: Option<String>,
    /// The item: a mapping, or a file with one.
    #[serde(default)]
    pub(super) item: GivenItem,
    /// Variables over those of the item.
    #[serde(default)]
    pub(super) set: Item,
    /// The version of Kelos.
    #[serde(default, deserialize_with = "version")]
    pub(super) kelos: KelosVersion,
    /// Labels that the Task has; null for those that it does not have. So are the others.
    #[serde(default)]
    pub(super) labels: Entries,
    #[serde(default)]
    pub(super) annotations: Entries,
    #[serde(default)]
    pub(super) pod_labels: Entries,
    #[serde(default)]
    pub(super) node_selector: Entries,
    /// All keys that are not written for a reason that their team should hear of, as `KIND:KEY=REASON`; without it
    /// none is asked for.
    #[serde(default)]
    pub(super) skipped: Option<Vec<String>>,
    /// A part of the text that says why there is no Task.
    #[serde(default)]
    pub(super) error: Option<String>,
}

/// Keys and values; null for a key that is not there.
pub(super) type Entries = BTreeMap<String, Option<String>>;

/// The item of a case.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum GivenItem {
    /// As it stands in the case.
    Here(Item),
    /// A file beside that of the cases.
    File(PathBuf),
}

impl Default for GivenItem {
    fn default() -> GivenItem {
        GivenItem::Here(Item::new())
    }
}

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<KelosVersion, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

impl Cases {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> anyhow::Result<Cases> {
        let name = path.display();
        let text = fs::read_to_string(path).with_context(|| format!("{name} can't be read"))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
        let cases = serde_saphyr::from_str_with_options::<Cases>(text, options);
        let mut cases = cases.map_err(|error| {
            let error = error.without_snippet();
            let at = error.location().map(|at| format!(":{}:{}", at.line(), at.column()));
            let message = UserMessageFormatter.format_message(error);
            let hint = meant(&message).map(|hint| format!(" ({hint})")).unwrap_or_default();
            anyhow!("{name}{}: {message}{hint}", at.unwrap_or_default())
        })?;
        ensure!(!cases.cases.is_empty(), "{name}: there is no case in it");
        cases.path = path.to_owned();
        cases.text = text.to_owned();
        Ok(cases)
    }

    /// Whether a file, which may be anything, is one of cases.
    pub(super) fn has_cases(path: &Path) -> bool {
        let text = fs::read_to_string(path).unwrap_or_default();
        let starts = |line: &str| {
            let line = line.trim_start_matches(['\u{feff}', '{', ' ']);
            ["cases:", "\"cases\":", "'cases':"].iter().any(|key| line.starts_with(key))
        };
        text.lines().any(|line| starts(line) && !line.starts_with(' '))
    }

    /// A path as the file means it: beside the file itself.
    pub(super) fn beside(&self, path: &Path) -> PathBuf {
        normalised(&self.path.parent().unwrap_or(Path::new("")).join(path))
    }
}

impl Case {
    /// Whether it says what is to come out.
    pub(super) fn expects_nothing(&self) -> bool {
        let all = [&self.labels, &self.annotations, &self.pod_labels, &self.node_selector];
        all.into_iter().all(BTreeMap::is_empty) && self.skipped.is_none() && self.error.is_none()
    }

    /// The first entry of `skipped` that no key can ever be.
    pub(super) fn odd_skip(&self) -> Option<&str> {
        let is_one = |entry: &str| {
            let (kind, rest) = entry.split_once(':')?;
            let (key, reason) = rest.rsplit_once('=')?;
            let is_reason = reason.parse::<Reason>().is_ok();
            (kind.parse::<Kind>().is_ok() && is_reason && !key.is_empty()).then_some(())
        };
        let all = self.skipped.iter().flatten().map(String::as_str);
        all.into_iter().find(|entry| is_one(entry).is_none())
    }
}

/// What was probably meant where serde tells of a name that it does not know: ``unknown field `x`, expected …``.
fn meant(message: &str) -> Option<String> {
    let (name, known) = message.split_once("unknown field `")?.1.split_once('`')?;
    let known = known.split_once("expected one of ")?.1;
    suggest::meant(name, known.split(", ").map(|it| it.trim_matches('`')))
}

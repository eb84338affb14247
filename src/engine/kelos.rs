//! Kelos as the engine sees it: names, and thin views of its objects.
//!
//! Read from Kelos v0.24 to v0.52. The views hold what templates can ask for and nothing else.

use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

use litemap::LiteMap;
use serde::Deserialize;

use super::repository::Repository;
use crate::apimachinery::Kind;
use crate::templates::value::Text;
use crate::words::words;

mod bounded;
mod entries;
mod generic_webhook;
mod key_list;
mod meta;
mod protect;
mod session_spawner;
mod shape;
mod source;
mod spawner;
mod task;

pub use bounded::{Bounded, List, TooLong};
pub(in crate::engine) use entries::FieldMap;
pub use entries::{COPIES_BYTES, MAP_BYTES, MOST_KEYS, NAME_TEMPLATE_BYTES};
pub use generic_webhook::{FieldMapping, GenericWebhook};
pub use key_list::KeyList;
pub use meta::ObjectMeta;
use meta::{NAME_BYTES, names_only, no_rules_annotations};
pub(in crate::engine) use protect::KUEUE;
pub use protect::{Protection, ProtectionError};
pub use session_spawner::SessionSpawner;
pub(in crate::engine) use shape::is_shown_line;
pub use shape::{DISPLAY_NAME_ANNOTATION, SECTION_ANNOTATION, Shape};
pub use source::Source;
pub use spawner::{
    Beyond, Cron, GithubFilter, GithubIssues, GithubPullRequests, GithubWebhook, Jira,
    LinearFilter, LinearWebhook, TaskSpawner, TaskSpawnerSpec, TaskTemplate, TemplateMetadata,
    Unread, When,
};
pub use task::{
    Entries, Excess, Filling, NoPodPlace, Owner, PodPlace, Session, Str, Task, TaskSpec,
};

/// Up to which Kelos it is known to be as it is said.
pub const KNOWN: &str = "up to Kelos v0.52";
/// The API group of Kelos.
pub const GROUP: &str = "kelos.dev";
/// The label by which a Task names its TaskSpawner.
pub const TASKSPAWNER_LABEL: &str = "kelos.dev/taskspawner";
/// The label by which a Session names its SessionSpawner: its uid.
pub const SESSION_SPAWNER_LABEL: &str = "kelos.dev/sessionspawner";
/// The name of the SessionSpawner, on its Sessions.
pub const SESSION_SPAWNER_NAME_ANNOTATION: &str = "kelos.dev/sessionspawner-name";
/// Set by a manual run of the Kelos CLI (v0.45 and later) instead of the label.
pub const CREATED_FROM_ANNOTATION: &str = "kelos.dev/created-from-taskspawner";
/// Who or what started a manual run: `manual`.
pub const TRIGGER_TYPE_ANNOTATION: &str = "kelos.dev/trigger-type";
/// When a manual run was started, in RFC 3339.
pub const TRIGGER_TIME_ANNOTATION: &str = "kelos.dev/trigger-time";
/// Where Kelos keeps the `nameTemplate` of a TaskSpawner that is read as v1alpha1.
pub const NAME_TEMPLATE_ANNOTATION: &str = "kelos.dev/v1alpha2-name-template";
/// What the annotations about a Task's source begin with.
pub const SOURCE_PREFIX: &str = "kelos.dev/source-";

/// The rules annotation of label templates on a TaskSpawner.
pub const LABELS_RULES: &str = "metadata.kelos.dev/labels";
/// The rules annotation of annotation templates on a TaskSpawner.
pub const ANNOTATIONS_RULES: &str = "metadata.kelos.dev/annotations";
/// The rules annotation of templates for labels of Pods.
pub const POD_LABELS_RULES: &str = "metadata.kelos.dev/pod-labels";
/// The rules annotation of templates for node selectors of Pods.
pub const NODE_SELECTOR_RULES: &str = "metadata.kelos.dev/node-selector";
/// The setting that names the labels of Tasks which their Pods get, too: keys, and `PREFIX/*`.
pub const POD_LABELS_FROM_TASK_SETTING: &str = "metadata.kelos.dev/pod-labels-from-task";
/// The setting that names the template language: `auto`, `go` or `jinja`.
pub const SYNTAX_SETTING: &str = "metadata.kelos.dev/syntax";
/// The setting for label values that are not valid: `skip` or `sanitize`.
pub const ON_INVALID_SETTING: &str = "metadata.kelos.dev/on-invalid";
/// The setting that says whether variables are read back out of rendered fields: `on` or `off`.
pub const INFER_SETTING: &str = "metadata.kelos.dev/infer";
/// The setting that names the rules of lint that are not told of this object, separated by commas.
pub const LINT_ALLOW_SETTING: &str = "metadata.kelos.dev/lint-allow";
/// The switch: `disabled` as an annotation of a TaskSpawner or a label of a Task; `enabled`,
/// `disabled` or `audit` as a label of a Namespace.
pub const INJECTION_SETTING: &str = "metadata.kelos.dev/injection";
/// The mark that says which rules a Task was rendered from.
pub const RENDERED_FROM_MARK: &str = "metadata.kelos.dev/rendered-from";
/// The mark that says which keys were skipped, and why.
pub const SKIPPED_MARK: &str = "metadata.kelos.dev/skipped";
/// The annotation of a Task that lists the keys that have their `default` because something went wrong.
pub const DEFAULTED_MARK: &str = "metadata.kelos.dev/defaulted";

/// The marks that an answer leaves on a Task.
pub const MARKS: [&str; 3] = [RENDERED_FROM_MARK, SKIPPED_MARK, DEFAULTED_MARK];

/// What our own settings and marks begin with.
pub const OWN_PREFIX: &str = "metadata.kelos.dev/";

/// The rules annotation with the templates of a kind.
pub const fn rules_annotation(kind: Kind) -> &'static str {
    match kind {
        Kind::Label => LABELS_RULES,
        Kind::Annotation => ANNOTATIONS_RULES,
        Kind::PodLabel => POD_LABELS_RULES,
        Kind::NodeSelector => NODE_SELECTOR_RULES,
    }
}

/// Whether a key is one of our own: a setting, a switch or a mark.
pub fn is_ours(key: &str) -> bool {
    key.starts_with(OWN_PREFIX)
}

/// Labels or annotations: keys to values, in key order. A list of them, because they are kept for each spawner, and a tree
/// of two has room for eleven.
pub type StringMap = LiteMap<Text, String>;

/// A Workspace.
#[derive(Clone, Debug, Default, Eq, Deserialize)]
#[serde(default)]
pub struct Workspace {
    /// Name and namespace.
    #[serde(deserialize_with = "names_only")]
    pub metadata: ObjectMeta,
    /// Its spec.
    pub spec: WorkspaceSpec,
    #[serde(skip)]
    repository: OnceLock<Option<Repository>>,
}

// What was read of its URL before makes it no other one.
impl PartialEq for Workspace {
    fn eq(&self, other: &Workspace) -> bool {
        (&self.metadata, &self.spec) == (&other.metadata, &other.spec)
    }
}

impl Hash for Workspace {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (&self.metadata, &self.spec).hash(hasher);
    }
}

impl Workspace {
    /// Its repository, if its URL can be read; read once.
    pub(in crate::engine) fn repository(&self) -> Option<&Repository> {
        self.repository.get_or_init(|| Repository::parse(&self.spec.repo)).as_ref()
    }
}

/// The longest URL of a repository or a site.
const URL_BYTES: usize = 2 << 10;

/// The part of a Workspace's spec that templates can ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct WorkspaceSpec {
    /// The URL of its repository, as the team wrote it.
    pub repo: Bounded<URL_BYTES>,
}

/// A WorkerPool (v0.43 and later): agents that wait for Tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct WorkerPool {
    /// Name and namespace.
    #[serde(deserialize_with = "names_only")]
    pub metadata: ObjectMeta,
    /// Its spec.
    pub spec: WorkerPoolSpec,
}

/// The part of a WorkerPool's spec that templates depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct WorkerPoolSpec {
    /// What its agents are like.
    #[serde(deserialize_with = "null_as_default")]
    pub worker: PoolWorker,
}

/// `spec.worker` of a WorkerPool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PoolWorker {
    /// The Workspace that its agents work in.
    #[serde(deserialize_with = "null_as_default")]
    pub workspace_ref: ObjectName,
}

/// A reference to an object of the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct ObjectName {
    /// Its name.
    pub name: Bounded<NAME_BYTES>,
}

impl WorkerPool {
    /// The name of the Workspace that its agents work in, if they have one.
    pub fn workspace(&self) -> Option<&str> {
        Some(&*self.spec.worker.workspace_ref.name).filter(|name| !name.is_empty())
    }
}

/// A Namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Namespace {
    /// Name, labels and annotations.
    #[serde(deserialize_with = "no_rules_annotations")]
    pub metadata: ObjectMeta,
}

words! {
    /// What a Namespace is switched to.
    #[derive(Default)]
    pub enum Injection {
        /// Its Tasks get what their TaskSpawners ask for.
        #[default]
        Enabled = "enabled",
        /// Nothing is done for its Tasks.
        Disabled = "disabled",
        /// All is worked out, logged and counted, and nothing is changed.
        Audit = "audit",
    }
}

impl Namespace {
    /// What its label [`INJECTION_SETTING`] says. A word that is not known counts as `audit`: who wrote it
    /// wanted something else than the default.
    pub fn injection(&self) -> Injection {
        let word = self.injection_word();
        word.map_or(Injection::Enabled, |word| word.parse().unwrap_or(Injection::Audit))
    }

    /// Whether the label [`INJECTION_SETTING`] has a word that is not known.
    pub fn has_unknown_switch(&self) -> bool {
        self.injection_word().is_some_and(|word| word.parse::<Injection>().is_err())
    }

    /// The label [`INJECTION_SETTING`], if it has one.
    pub fn injection_word(&self) -> Option<&str> {
        self.metadata.labels.get(INJECTION_SETTING).map(String::as_str)
    }
}

/// The group of an `apiVersion`: `kelos.dev` of `kelos.dev/v1alpha2`.
pub fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Reads `null` as the empty value: the API server takes `labels: null` for no labels.
fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

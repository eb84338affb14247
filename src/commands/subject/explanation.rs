//! Why a key was not written, or why Kelos fails on a template, where that stands, and what to do.

use std::sync::Arc;

use super::{ObjectOrigin, ShownFailing, ShownPlace, Subject};
use crate::apimachinery::Kind;
use crate::commands::cells::field;
use crate::commands::simulated::path_of;
use crate::commands::snippet::{Explained, explain};
use crate::engine::kelos::{NAME_TEMPLATE_ANNOTATION, Source};
use crate::engine::reason::Reason;
use crate::engine::remedy::{InsteadOf, Line, Missed, Remedy, follows_from_workspace, remedy};
use crate::engine::rules::{DeclaredIn, Failing, KeyRule};
use crate::engine::{KeyDecision, Rendered, Skip};
use crate::manifests::Located;
use crate::templates::Position;

/// Why a key is protected.
const PROTECTED: &str = "Kelos, Kubernetes or another controller acts on it, or the cluster admin keeps it \
                         (docs/rules.md#control-keys)";

/// How many bytes of a list of values are shown, a last value left out.
const LISTED_BYTES: usize = 200;

/// Where an error stands in the file of the TaskSpawner.
struct InFile {
    located: Located,
    position: Position,
    /// How long it is, if it is a key and not a place in a template.
    length: Option<usize>,
}

impl Subject<'_, '_> {
    /// Why a key was skipped, or has its default, as a compiler shows it.
    pub(in crate::commands) fn explanation(&self, key: &KeyDecision<'_>) -> Option<String> {
        let skip = key.news_skip().or(key.news_default())?;
        self.explained(key, skip, self.hint(key, skip).as_deref())
    }

    /// The same, with these words in place of what to do.
    pub(in crate::commands) fn explanation_with(
        &self,
        key: &KeyDecision<'_>,
        hint: &str,
    ) -> Option<String> {
        self.explained(key, key.news_skip().or(key.news_default())?, Some(hint))
    }

    fn explained(&self, key: &KeyDecision<'_>, skip: &Skip, hint: Option<&str>) -> Option<String> {
        let annotation = self.annotation_of(key, skip);
        let name = match annotation {
            Some(annotation) => format!("annotation {annotation}"),
            None => format!("{} {}", key.kind, key.key),
        };
        let reason = skip.reason;
        let explained = |source: &str, origin: &str, message: &str, position, length| {
            explain(&Explained { source, origin, reason, message, position, length, hint })
        };
        let message = format!("{name}: {}", skip.message);
        if let Some(InFile { located, position, length }) = self.in_file(key, skip) {
            let (file, _) = self.written?;
            let file = file.display().to_string();
            return Some(explained(&located.text, &file, &message, Some(position), length));
        }
        let template = self.rule(key).and_then(KeyRule::source);
        let (source, origin) = match (annotation, template) {
            (Some(annotation), _) => {
                let text = self.rules.spawner.metadata.annotations.get(annotation);
                (text.map_or("", String::as_str), annotation.to_owned())
            }
            (None, Some(template)) if skip.position.is_some() => (template, name),
            (None, Some(_)) => ("", format!("the template of {name}")),
            (None, None) => ("", format!("{name} of {}", field(key))),
        };
        Some(explained(source, &origin, &skip.message, skip.position, None))
    }

    /// Why Kelos fails on a template, as a compiler shows it.
    pub(in crate::commands) fn failing(&self, failing: &Failing) -> String {
        let Failing { rendered, error } = failing;
        let message = format!("{rendered}: {}", error.message);
        let hint = self.failing_hint(error);
        let in_file = self.failing_in_file(failing);
        let file = self.written.map(|(file, _)| file.display().to_string()).unwrap_or_default();
        let origin = format!("{rendered} of the {}", self.rules.spawner.makes.spawner());
        let (source, origin, position) = match &in_file {
            Some(InFile { located, position, .. }) => (&*located.text, file, Some(*position)),
            None => (self.template_of(rendered).unwrap_or_default(), origin, error.position),
        };
        explain(&Explained {
            source,
            origin: &origin,
            reason: error.reason,
            message: &message,
            position,
            length: None,
            hint: hint.as_deref(),
        })
    }

    /// What to do about a template that Kelos fails on.
    fn failing_hint(&self, error: &Skip) -> Option<String> {
        error.hint.clone().or_else(|| self.to_be_known(error.variable.as_deref()?))
    }

    /// A template that Kelos fails on, for JSON.
    pub(in crate::commands) fn shown_failing<'f>(&self, failing: &'f Failing) -> ShownFailing<'f> {
        let error = &failing.error;
        ShownFailing {
            template: failing.rendered.to_string(),
            reason: error.reason.as_str(),
            message: &error.message,
            line: error.position.map(|it| it.line),
            column: error.position.map(|it| it.column),
            place: self.failing_in_file(failing).and_then(|it| self.shown_place(&it)),
            hint: self.failing_hint(error),
        }
    }

    fn failing_in_file(&self, failing: &Failing) -> Option<InFile> {
        let (file, line) = self.written?;
        let template = self.template_of(&failing.rendered)?;
        let path = path_of(&failing.rendered);
        let located = Located::find(file, *line, &path)?;
        let offset = located.offset_in_template(None, template, failing.error.position?)?;
        let position = Position::of(&located.text, offset);
        Some(InFile { located, position, length: None })
    }

    fn template_of(&self, rendered: &Rendered) -> Option<&str> {
        let template = &self.rules.spawner.spec.task_template;
        Some(match rendered {
            Rendered::Prompt(_) => &template.prompt_template,
            Rendered::Branch(_) => &template.branch,
            Rendered::Name => &template.name_template,
            Rendered::Metadata(kind, key) => {
                let field = template.metadata.as_ref()?;
                let map = if *kind == Kind::Label { &field.labels } else { &field.annotations };
                map.get(&**key)?
            }
        })
    }

    /// What to do: of a variable that is missing, what makes it known; of a value that is not allowed, what is.
    pub(in crate::commands) fn hint(&self, key: &KeyDecision<'_>, skip: &Skip) -> Option<String> {
        // A webhook of any kind has its own names, which may be as near to one of Kelos's as they like.
        let source = self.rules.spawner.spec.when.source();
        let has_own_names =
            matches!(source, Source::GenericWebhook(_)) && skip.reason == Reason::MissingVariable;
        if skip.hint.is_some() && !has_own_names {
            return skip.hint.clone();
        }
        match skip.reason {
            // There is nobody who could be told.
            Reason::MissingVariable if self.rules.spawner.metadata.name.is_empty() => None,
            Reason::MissingVariable => self.to_be_known(skip.variable.as_deref()?),
            Reason::NotAllowed => self.allowed(key),
            Reason::Protected => Some(PROTECTED.to_owned()),
            _ => None,
        }
    }

    /// The values that a key may have: the team has listed them itself.
    fn allowed(&self, key: &KeyDecision<'_>) -> Option<String> {
        let rule = self.rule(key)?;
        let allowed = rule.allowed()?;
        let mut listed = String::new();
        for (index, value) in allowed.iter().enumerate() {
            if listed.len() > LISTED_BYTES {
                listed += ", …";
                break;
            }
            listed += if index == 0 { "" } else { ", " };
            listed += value;
        }
        let or = if rule.default().is_some() { "" } else { ", or give the entry a `default`" };
        Some(format!("`allowed` has {listed}: add the value there{or}"))
    }

    /// What makes a variable known, by the name that a template has for it.
    pub(in crate::commands) fn to_be_known(&self, variable: &str) -> Option<String> {
        if let Some(absent) = self.absent(variable) {
            return Some(match self.origin {
                ObjectOrigin::Files => {
                    format!("{absent} is not among the files: name its file, too, with -f")
                }
                ObjectOrigin::Cluster => {
                    format!(
                        "{absent} is not there, or you may not read it: it takes the right to get it"
                    )
                }
            });
        }
        let mut remedy = self.remedy(variable);
        if self.origin == ObjectOrigin::Cluster {
            remedy.to_try.clear();
        }
        let lines = remedy.ways.iter().flat_map(|way| &way.lines);
        let replaced = lines.filter_map(|line| match line {
            Line::KelosField { key, instead_of: Some(InsteadOf::Field), .. } => self.line_of(key),
            _ => None,
        });
        let at = replaced.map(|place| format!(" ({place})")).next().unwrap_or_default();
        Some(format!("{}{remedy}{at}", self.odd_name(variable).unwrap_or_default()))
    }

    fn remedy(&self, variable: &str) -> Remedy {
        remedy(&Missed {
            rules: self.rules,
            variable,
            is_manual: self.task.is_manual(),
            has_workspace: self.has_workspace,
            blank: &self.blank(),
            // Owner references came after the field, v0.26.
            has_field: self.task.has_controller(),
        })
    }

    /// Whether a variable is missing because the Task is older than the line of its TaskSpawner that prints it.
    pub(in crate::commands) fn is_older(&self, variable: &str) -> bool {
        self.absent(variable).is_none() && !self.remedy(variable).to_try.is_empty()
    }

    /// That the Task of a schedule is not called as Kelos calls it, where a variable follows from the name.
    fn odd_name(&self, variable: &str) -> Option<String> {
        let spawner = &self.rules.spawner;
        let is_of_name = ["ID", "Time", "Title"]
            .iter()
            .any(|it| it.eq_ignore_ascii_case(variable.trim_start_matches(['.', '$'])));
        let has_name = spawner.spec.task_template.name_template.is_empty()
            && !spawner.metadata.annotations.contains_key(NAME_TEMPLATE_ANNOTATION);
        let is_cron =
            matches!(spawner.spec.when.source(), Source::Cron(_)) && !self.task.is_manual();
        (is_cron && is_of_name && has_name).then(|| {
            format!(
                "Kelos calls the Tasks of this schedule `{}-YYYYMMDD-HHMM`, and this one is called `{}`; ",
                spawner.metadata.name,
                self.task.name()
            )
        })
    }

    /// The keys of the Kelos field that are on the Task with an empty text.
    fn blank(&self) -> Vec<&str> {
        let in_field = self.rules.keys.iter().filter(|rule| rule.in_field);
        let is_blank = |rule: &&Arc<KeyRule>| self.task.get(rule.kind, rule.key()) == Some("");
        in_field.filter(is_blank).map(|rule| rule.key()).collect()
    }

    /// Where an annotation of the Kelos field stands in the file.
    fn line_of(&self, key: &str) -> Option<String> {
        let (file, line) = self.written?;
        let path = ["spec", "taskTemplate", "metadata", "annotations", key];
        let located = Located::find(file, *line, &path)?;
        let position = Position::of(&located.text, located.offset_of_key(key, false)?);
        Some(format!("{}:{}:{}", file.display(), position.line, position.column))
    }

    /// The object that a variable follows from, if no file has it.
    fn absent(&self, variable: &str) -> Option<String> {
        let namespace = self.namespace;
        if variable.trim_start_matches(['.', '$']).to_ascii_lowercase().starts_with("namespace.") {
            return (!self.has_namespace).then(|| format!("Namespace {namespace}"));
        }
        if self.has_workspace || !follows_from_workspace(self.rules, variable) {
            return None;
        }
        let spec = self.task.spec()?;
        let of_pool =
            || Some(format!("the Workspace of WorkerPool {namespace}/{}", spec.worker_pool()?));
        spec.workspace().map(|name| format!("Workspace {namespace}/{name}")).or_else(of_pool)
    }

    /// Where an error stands in the file of the TaskSpawner, for JSON.
    pub(in crate::commands) fn place(
        &self,
        key: &KeyDecision<'_>,
        skip: &Skip,
    ) -> Option<ShownPlace> {
        self.shown_place(&self.in_file(key, skip)?)
    }

    fn shown_place(&self, InFile { position, .. }: &InFile) -> Option<ShownPlace> {
        let file = Arc::clone(&self.written?.0).display().to_string();
        Some(ShownPlace { file, line: position.line, column: position.column })
    }

    /// Where a key is declared in the file of the TaskSpawner.
    pub(in crate::commands) fn place_of_key(&self, key: &KeyDecision<'_>) -> Option<ShownPlace> {
        self.shown_place(&self.key_in_file(key)?)
    }

    /// Finds an error in an annotation of ours, or in a template, in the file of the TaskSpawner.
    fn in_file(&self, key: &KeyDecision<'_>, skip: &Skip) -> Option<InFile> {
        let (file, line) = self.written?;
        let Some(at) = skip.position else { return self.key_in_file(key) };
        let find = |path: &[&str]| Located::find(file, *line, path);
        let (located, offset) = match (self.annotation_of(key, skip), key.declared_in) {
            (Some(annotation), _) => {
                let text = self.rules.spawner.metadata.annotations.get(annotation)?;
                let located = find(&["metadata", "annotations", annotation])?;
                let offset = located.offset_of(text, at.line, at.column)?;
                (located, offset)
            }
            (None, _) => {
                let template = self.rule(key)?.source()?;
                let (located, is_in_block) = self.declaration(key)?;
                let name = is_in_block.then_some(key.key);
                let offset = located.offset_in_template(name, template, at)?;
                (located, offset)
            }
        };
        let position = Position::of(&located.text, offset);
        Some(InFile { located, position, length: None })
    }

    /// Finds the key itself, of an error that is about no place in its template.
    fn key_in_file(&self, key: &KeyDecision<'_>) -> Option<InFile> {
        let (located, is_in_block) = self.declaration(key)?;
        // The setting that asks for copies is told as a whole.
        let name = if key.declared_in == Some(DeclaredIn::Task) { field(key) } else { key.key };
        let offset = located.offset_of_key(name, is_in_block)?;
        let position = Position::of(&located.text, offset);
        Some(InFile { located, position, length: Some(name.len()) })
    }

    /// Where the TaskSpawner declares a key, and whether that is in a block of keys; nothing of what stands in
    /// a file of the cluster admin.
    fn declaration(&self, key: &KeyDecision<'_>) -> Option<(Located, bool)> {
        let (file, line) = self.written?;
        let find = |path: &[&str]| Located::find(file, *line, path);
        let declared_in = key.declared_in?;
        let located = match declared_in {
            DeclaredIn::RulesAnnotation | DeclaredIn::Task => {
                find(&["metadata", "annotations", field(key)])
            }
            DeclaredIn::KelosField => {
                find(&["spec", "taskTemplate", "metadata", key.kind.field(), key.key])
            }
            DeclaredIn::Defaults => None,
        };
        Some((located?, declared_in == DeclaredIn::RulesAnnotation))
    }

    /// The annotation that an error is about and has its place in, if it is not about a template.
    pub(in crate::commands) fn annotation_of<'k>(
        &self,
        key: &'k KeyDecision<'_>,
        skip: &Skip,
    ) -> Option<&'k str> {
        match key.declared_in {
            None => Some(key.key),
            Some(DeclaredIn::RulesAnnotation)
                if skip.position.is_some() && self.rule(key)?.source().is_none() =>
            {
                Some(field(key))
            }
            Some(_) => None,
        }
    }

    fn rule(&self, key: &KeyDecision<'_>) -> Option<&KeyRule> {
        self.rules.rule(key.kind, key.key)
    }
}

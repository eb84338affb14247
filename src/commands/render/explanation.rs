//! Why a key was not written, where that stands, and what to do.

use std::sync::Arc;

use super::Shown;
use super::cells::field;
use super::shapes::ShownPlace;
use crate::commands::explain::{Explained, explain};
use crate::engine::reason::Reason;
use crate::engine::remedy::{Missed, follows_from_workspace, remedy};
use crate::engine::rules::{DeclaredIn, KeyRule};
use crate::engine::{KeyDecision, Skip};
use crate::manifests::Located;
use crate::templates::Position;

/// Where an error stands in the file of the TaskSpawner.
struct InFile {
    located: Located,
    position: Position,
}

impl Shown<'_, '_> {
    /// Why a key was skipped, or has its default, as a compiler shows it.
    pub(super) fn explanation(&self, key: &KeyDecision<'_>) -> Option<String> {
        let skip = key.news_skip().or(key.news_default())?;
        let hint = self.hint(skip);
        let annotation = self.annotation_of(key, skip);
        let name = match annotation {
            Some(annotation) => format!("annotation {annotation}"),
            None => format!("{} {}", key.kind, key.key),
        };
        let explained = |source: &str, origin: &str, message: &str, position| {
            explain(&Explained {
                source,
                origin,
                reason: skip.reason,
                message,
                position,
                hint: hint.as_deref(),
            })
        };
        if let Some(InFile { located, position }) = self.in_file(key, skip) {
            let (file, _) = self.written?;
            let message = format!("{name}: {}", skip.message);
            let file = file.display().to_string();
            return Some(explained(&located.text, &file, &message, Some(position)));
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
        Some(explained(source, &origin, &skip.message, skip.position))
    }

    /// What to do: of a variable that is missing, what makes it known.
    pub(super) fn hint(&self, skip: &Skip) -> Option<String> {
        let missing = skip.variable.as_deref().filter(|_| skip.reason == Reason::MissingVariable);
        let (None, Some(variable)) = (&skip.hint, missing) else { return skip.hint.clone() };
        if let Some(absent) = self.absent(variable) {
            return Some(format!("{absent} is not among the files: name its file, too, with -f"));
        }
        let missed = Missed {
            rules: self.rules,
            variable,
            is_manual: self.task.is_manual(),
            has_workspace: self.has_workspace,
            // Owner references came after the field, v0.26.
            has_field: self.task.has_controller(),
        };
        Some(remedy(&missed).to_string())
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
    pub(super) fn place(&self, key: &KeyDecision<'_>, skip: &Skip) -> Option<ShownPlace> {
        let InFile { position, .. } = self.in_file(key, skip)?;
        let file = Arc::clone(&self.written?.0).display().to_string();
        Some(ShownPlace { file, line: position.line, column: position.column })
    }

    /// Finds an error in an annotation of ours, or in a template, in the file of the TaskSpawner.
    fn in_file(&self, key: &KeyDecision<'_>, skip: &Skip) -> Option<InFile> {
        let (file, line) = self.written?;
        let at = skip.position?;
        let find = |path: &[&str]| Located::find(file, *line, path);
        let (located, offset) = match (self.annotation_of(key, skip), key.declared_in) {
            (Some(annotation), _) => {
                let text = self.rules.spawner.metadata.annotations.get(annotation)?;
                let located = find(&["metadata", "annotations", annotation])?;
                let offset = located.offset_of(text, at.line, at.column)?;
                (located, offset)
            }
            (None, None) => return None,
            (None, Some(declared_in)) => {
                let template = self.rule(key)?.source()?;
                let (located, name) = match declared_in {
                    DeclaredIn::RulesAnnotation => {
                        (find(&["metadata", "annotations", field(key)])?, Some(key.key))
                    }
                    DeclaredIn::KelosField => {
                        let kind = format!("{}s", key.kind);
                        (find(&["spec", "taskTemplate", "metadata", &kind, key.key])?, None)
                    }
                    // They stand in a file of the cluster admin, or are no templates.
                    DeclaredIn::Defaults | DeclaredIn::Task => return None,
                };
                let offset = located.offset_in_template(name, template, at)?;
                (located, offset)
            }
        };
        let position = Position::of(&located.text, offset);
        Some(InFile { located, position })
    }

    /// The annotation that an error is about and has its place in, if it is not about a template.
    pub(super) fn annotation_of<'k>(
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

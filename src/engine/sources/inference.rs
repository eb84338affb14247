//! Reading variables back out of the fields that Kelos rendered.
//!
//! The TaskSpawner has a template, and the Task has what Kelos made of it: the prompt, the branch, the
//! name, the labels and annotations. What stands between the fixed texts of a template is the value
//! of a variable, if there is only one way to read it. Where there are two, or the text is none that
//! the template gives, the variable stays missing: a stranger who writes an issue can make a variable
//! missing, and can't make it wrong.
//!
//! What is known already is fixed text, too, but only if it is known letter by letter: a URL made of
//! what a team has typed is not what Kelos printed, and a stranger could print it.

mod interval_set;
mod layout;
mod matcher;
mod name;
mod page;
mod pair;
mod pattern;
mod printed;
mod scan;
mod segment;

use std::sync::Arc;

use smallvec::SmallVec;
use smol_str::format_smolstr;

pub(super) use self::pair::pay_for_a_prompt;
use self::pair::{Found, Pair};
use self::pattern::{MOST_PIECES, PIECE_BYTES, Pattern};
pub(super) use self::printed::{SEPARATOR, labels_of, may_be_no_text};
use super::variable::Table;
use super::variable_set::{Letters, Origin, Rendered, VariableSet};
use crate::apimachinery::Kind;
use crate::boxed::exact;
use crate::engine::kelos::{NAME_TEMPLATE_ANNOTATION, Protection, Task, TaskSpawner};
use crate::templates::Uses;
use crate::templates::budget::Exhausted;
use crate::templates::purse::{ALLOCATION, Purse};
use crate::templates::value::{Map, Text, Value};

/// What Kelos made prompts from before v0.26, where a TaskSpawner has no template.
const FIRST_PROMPT: &str = "{{.Kind}} #{{.Number}}: {{.Title}}\n\n{{.Body}}\
    {{if .Comments}}\n\nComments:\n{{.Comments}}{{end}}";

/// The templates of a TaskSpawner whose renderings tell a variable that somebody wants.
#[derive(Debug, Default)]
pub struct Inference {
    pairs: Box<[Pair]>,
    /// What is wanted: what the templates use, and what that follows from.
    wanted: Arc<Uses>,
}

/// What a pair takes that is neither what its pattern holds nor its key; the list of them grows by doubling.
const PAIR_BYTES: usize = 3 * size_of::<Pair>() + size_of::<Pattern>() + 2 * ALLOCATION + 64;

/// Why a variable could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRead {
    /// There is more than one way to read it.
    NotUnique(Rendered),
    /// The text on the Task is none that the template gives with what is known.
    NoRendering(Rendered),
    /// The text is too long to be read.
    TooCostly(Rendered),
    /// Two fields say different things.
    Disagree(Rendered, Rendered),
}

impl Inference {
    /// Compiles what can be read of the Tasks of a TaskSpawner, at the cost of the purse: nothing, if
    /// that is not enough.
    pub fn compile(
        spawner: &TaskSpawner,
        protection: &Protection,
        uses: &Uses,
        purse: &mut Purse,
    ) -> Inference {
        let template = &spawner.spec.task_template;
        let source = spawner.spec.when.source();
        let table = Table::of(source);
        let wanted = purse.shared(uses.clone().with(table.prerequisites(uses)));
        if !wanted.all && wanted.names().is_empty() {
            return Inference::default();
        }
        let is_useful = |pattern: &Pattern| {
            pattern.variables.iter().any(|variable| wanted.has(root_of(&variable.name)))
        };
        let mut pairs: SmallVec<[Pair; 2]> = SmallVec::new();
        let mut pair = |rendered: Rendered, template: &str, is_first_prompt| {
            let key_bytes = match &rendered {
                Rendered::Metadata(_, key) => key.len(),
                _ => 0,
            };
            let pattern = purse.keeping(
                |purse| {
                    let pieces = 3 * template.len() + MOST_PIECES * PIECE_BYTES;
                    purse.take_bytes(PAIR_BYTES + key_bytes + pieces)?;
                    Ok(Pattern::compile(template, source, purse).filter(is_useful))
                },
                |it: &Option<Pattern>| {
                    it.as_ref().map_or(0, |it| PAIR_BYTES + key_bytes + it.bytes())
                },
            );
            if let Ok::<_, Exhausted>(Some(pattern)) = pattern {
                pairs.push(Pair { rendered, pattern: purse.shared(pattern), is_first_prompt });
            }
        };
        let is_first_prompt = template.prompt_template.is_empty() && table.has_first_prompt;
        let prompt = if is_first_prompt { FIRST_PROMPT } else { &template.prompt_template };
        pair(Rendered::Prompt(spawner.makes), prompt, is_first_prompt);
        pair(Rendered::Branch(spawner.makes), &template.branch, false);
        let kept = spawner.metadata.annotations.get(NAME_TEMPLATE_ANNOTATION);
        let name = Some(&*template.name_template).filter(|name| !name.is_empty());
        if let Some(name) = name.or(kept.map(String::as_str)) {
            pair(Rendered::Name, name, false);
        }
        if let Some(metadata) = &template.metadata {
            let (labels, annotations) = (&metadata.labels, &metadata.annotations);
            for (kind, templates) in [(Kind::Label, labels), (Kind::Annotation, annotations)] {
                for (key, template) in templates {
                    if !protection.covers(kind, key) {
                        pair(Rendered::Metadata(kind, key.as_str().into()), template, false);
                    }
                }
            }
        }
        if purse.is_empty() {
            pairs.clear();
        }
        Inference { pairs: exact(pairs.into_iter()), wanted }
    }

    /// Whether anything is read back.
    pub fn is_needed(&self) -> bool {
        !self.pairs.is_empty()
    }

    /// Whether what Kelos made of this template is read back.
    pub fn reads(&self, rendered: &Rendered) -> bool {
        self.pairs.iter().any(|pair| pair.rendered == *rendered)
    }

    /// Whether labels and annotations tell something. They tell it once: when the Task is answered
    /// again, some of them are ours.
    pub fn reads_metadata(&self) -> bool {
        self.pairs.iter().any(|pair| matches!(pair.rendered, Rendered::Metadata(..)))
    }

    /// The variables that help to read: what is known of them need not be read.
    pub fn helpful(&self) -> impl Iterator<Item = Text> {
        let variables = self.pairs.iter().flat_map(|pair| &pair.pattern.variables);
        variables
            .map(|variable| root_of(&variable.name).into())
            .chain(self.wanted.names().iter().cloned())
    }

    /// Whether a variable is asked for by a template, or helps to read a field of this Task. Others are
    /// wanted only because they help with Tasks of another kind.
    pub(super) fn asks_for(&self, name: &str, task: &Task<'_>, metadata: bool) -> bool {
        let has_it = |pair: &Pair| {
            let mut variables = pair.pattern.variables.iter();
            variables.any(|variable| root_of(&variable.name) == name)
        };
        self.pairs.is_empty()
            || self.wanted.has(name)
            || self.pairs.iter().any(|pair| has_it(pair) && pair.is_of(task, metadata))
    }

    /// Reads what is wanted and not known yet, if asked out of labels and annotations, too; says why
    /// what could not be read was not. `number` is that of the issue or pull request whose page `.URL`
    /// is, if it is known.
    pub(super) fn read(
        &self,
        task: &Task<'_>,
        metadata: bool,
        number: Option<i64>,
        known: &mut VariableSet<'_>,
    ) -> Vec<(Text, NotRead)> {
        if self.pairs.is_empty() {
            return Vec::new();
        }
        let page = number.map(|number| format_smolstr!("/{number}"));
        let mut found = Found { page: page.as_deref(), ..Found::default() };
        for pair in &self.pairs {
            let is_missing = |name: &str| {
                let root = root_of(name);
                self.wanted.has(root) && (known.get(root).is_none() || root == "Context")
            };
            if pair.pattern.variables.iter().any(|variable| is_missing(&variable.name))
                && pair.is_of(task, metadata)
            {
                pair.read(task, known, &is_missing, &mut found);
            }
        }
        let Found { values, mut not_read, .. } = found;
        let (mut context, mut told_by) = (Map::new(), None);
        for (name, read) in values {
            match read {
                Ok((rendered, value)) => match name.strip_prefix(CONTEXT) {
                    Some(part) => {
                        context.insert(part.into(), value);
                        told_by.get_or_insert(rendered);
                    }
                    None => {
                        known.put(Origin::Inferred(rendered), Letters::Exact, &name, |_| Ok(value));
                    }
                },
                Err(disagreement) => {
                    known.contest(&name);
                    not_read.push((name, disagreement));
                }
            }
        }
        // Of several fields, the first one is named.
        if let Some(rendered) = told_by {
            let origin = Origin::Inferred(rendered);
            known.put(origin, Letters::Exact, "Context", |_| Ok(Value::from(context)));
        }
        not_read
    }
}

/// What the names of the texts that context sources gave begin with.
const CONTEXT: &str = "Context.";

/// The variable that a name belongs to: `Context` for `Context.build`.
fn root_of(name: &str) -> &str {
    name.split_once('.').map_or(name, |(root, _)| root)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::rules::Policy;
    use crate::templates::Templates;

    #[test]
    fn those_that_say_the_same_have_one_pattern_and_pay_for_it() {
        let (uses, policy) = (Uses::of(["Title".into()]), Policy::default());
        let mut templates = Templates::default();
        let mut compile = |prompt: &str| {
            let when = json!({"githubIssues": {}});
            let spec = json!({"when": when, "taskTemplate": {"promptTemplate": prompt}});
            let spawner: TaskSpawner = serde_json::from_value(json!({"spec": spec})).unwrap();
            let mut purse = Purse::default();
            let compiled = templates.sharing(&mut purse, |purse| {
                Inference::compile(&spawner, &policy.protection, &uses, purse)
            });
            let [pair] = <[Pair; 1]>::try_from(compiled.pairs.into_vec()).unwrap();
            (pair.pattern, purse.spent())
        };
        let (first, cost) = compile("Fix {{.Title}}");
        let (same, same_cost) = compile("Fix {{.Title}}");
        let (other, _) = compile("Fix: {{.Title}}");
        assert!(Arc::ptr_eq(&first, &same) && !Arc::ptr_eq(&first, &other));
        assert_eq!(cost, same_cost);
    }
}

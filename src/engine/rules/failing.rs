//! Templates that Kelos fails on, whatever comes: of such a TaskSpawner there is never a Task, so no Task can
//! tell.

use super::compile::Compiler;
use super::weight;
use crate::apimachinery::Kind;
use crate::engine::kelos::{KNOWN, Shape, TaskSpawner, rules_annotation};
use crate::engine::reason::Reason;
use crate::engine::skip::Skip;
use crate::engine::sources::{Inference, Rendered, Table, is_group};
use crate::templates::go::{certain_variable, why_not_plain_go};
use crate::templates::suggest::closest;

/// A template that Kelos fails on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// What Kelos renders from it.
    pub rendered: Rendered,
    /// Why, and where in the template.
    pub error: Skip,
}

impl Compiler<'_> {
    /// Tells which of the templates that Kelos renders it fails on; those that do not parse in the Kelos field are
    /// told with their keys.
    pub(super) fn failing(&mut self, spawner: &TaskSpawner, inference: &Inference) -> Vec<Failing> {
        let mut failing = Vec::new();
        let (makes, template) = (spawner.makes, &spawner.spec.task_template);
        let (prompt, branch, name) =
            (&template.prompt_template, &template.branch, &template.name_template);
        for (rendered, name, source, is_whole) in [
            (Rendered::Prompt(makes), makes.prompt_field(), &**prompt, prompt.is_whole()),
            (Rendered::Branch(makes), makes.branch_field(), &**branch, branch.is_whole()),
            (Rendered::Name, "spec.taskTemplate.nameTemplate", &**name, name.is_whole()),
        ] {
            // What is cut may end in the middle of an action.
            if !is_whole || !source.contains("{{") {
                continue;
            }
            // What is read back was parsed so already.
            let is_read = inference.reads(&rendered);
            let broken = if is_read { None } else { why_not_plain_go(source, &mut self.purse) };
            let error = broken.map(|error| {
                let message = format!("Kelos makes no {makes} of this template: {}", error.message);
                Skip { message, ..Skip::from(error) }
            });
            let error = error.or_else(|| self.lacks(spawner, &rendered, source));
            if let Some(error) = error {
                self.fails(&mut failing, (Kind::Annotation, name), rendered, error);
            }
        }
        let Some(field) = &template.metadata else { return failing };
        for (kind, map) in [(Kind::Label, &field.labels), (Kind::Annotation, &field.annotations)] {
            for (key, source) in map.iter().filter(|(_, source)| source.contains("{{")) {
                let rendered = Rendered::Metadata(kind, key.as_str().into());
                if failing.len() < TOLD
                    && let Some(error) = self.lacks(spawner, &rendered, source)
                {
                    self.fails(&mut failing, (kind, key), rendered, error);
                }
            }
        }
        failing
    }

    fn fails(
        &mut self,
        failing: &mut Vec<Failing>,
        (kind, key): (Kind, &str),
        rendered: Rendered,
        error: Skip,
    ) {
        let most = weight::refusal(key) + 2 * size_of::<Failing>();
        if self.purse.take_bytes(most).is_ok() {
            self.problem(kind, key, &error);
            failing.push(Failing { rendered, error });
        }
    }

    /// That a template asks in any case for what Kelos has of no Task of the source.
    fn lacks(&mut self, spawner: &TaskSpawner, of: &Rendered, source: &str) -> Option<Skip> {
        let table = Table::of(spawner.spec.when.source());
        let is_lacking = |name: &str| table.fails_on(name);
        let (name, at) = certain_variable(source, &is_lacking, &mut self.purse)?;
        let message = format!(
            "Kelos makes no {} of this template: {} has no `.{name}` ({KNOWN})",
            spawner.makes, table.name
        );
        let mut error = Skip::new(Reason::MissingVariable, message).at(at);
        error.variable = (name.len() <= VARIABLE_BYTES).then(|| format!(".{name}").into());
        Some(match hint(spawner.makes, table, of, &name) {
            Some(hint) => error.hint(hint),
            None => error,
        })
    }
}

/// Of how many templates it is told: whoever mends some of them mends them all.
const TOLD: usize = 16;

/// The longest name that is told as a variable.
const VARIABLE_BYTES: usize = 64;

/// What was probably meant, or where the variable is known.
fn hint(makes: Shape, table: &Table, of: &Rendered, name: &str) -> Option<String> {
    let is_ours = is_group(makes, name) || name == "Source";
    match of {
        Rendered::Metadata(kind, _) if is_ours => Some(format!(
            "only rules annotations know `.{name}`: move the key to the annotation `{}`",
            rules_annotation(*kind)
        )),
        _ if is_ours => Some(format!("only rules annotations know `.{name}`")),
        _ => closest(name, table.printed()).map(|meant| format!("did you mean `.{meant}`?")),
    }
}

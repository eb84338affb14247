//! A template of a TaskSpawner, and the field of a Task that came out of it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;

use super::NotRead;
use super::name;
use super::pattern::{FEW_VARIABLES, Flavour, Given, Pattern};
use super::printed::value;
use super::scan::Unread;
use crate::engine::kelos::{Task, TaskSpec};
use crate::engine::meter::Meter;
use crate::engine::sources::variable_set::{Rendered, VariableSet};
use crate::templates::budget::Exhausted;
use crate::templates::value::{Text, Value};

/// A template, and the field that was rendered from it.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) rendered: Rendered,
    /// That of other TaskSpawners, too, if they say the same.
    pub(super) pattern: Arc<Pattern>,
    /// The prompt of a TaskSpawner without a template, before v0.26.
    pub(super) is_first_prompt: bool,
}

/// What the fields have told so far.
#[derive(Default)]
pub(super) struct Found<'f> {
    /// What a page of the number that is known ends with.
    pub(super) page: Option<&'f str>,
    pub(super) values: BTreeMap<Text, Result<(Rendered, Value), NotRead>>,
    pub(super) not_read: Vec<(Text, NotRead)>,
}

impl Found<'_> {
    fn tell(&mut self, name: &Text, rendered: &Rendered, value: Value, meter: &Meter) {
        match self.values.get_mut(name) {
            None => {
                self.values.insert(Text::clone(name), Ok((rendered.clone(), value)));
            }
            Some(told) => {
                if let Ok((other, said)) = told {
                    // Two texts are compared.
                    let is_paid = meter.take(value.as_text().map_or(0, |text| text.len())).is_ok();
                    if !is_paid || *said != value {
                        *told = Err(NotRead::Disagree(other.clone(), rendered.clone()));
                    }
                }
            }
        }
    }

    fn miss(&mut self, name: &Text, rendered: &Rendered, unread: Unread) {
        let rendered = rendered.clone();
        let why = match unread {
            Unread::NoRendering => NotRead::NoRendering(rendered),
            Unread::TooCostly => NotRead::TooCostly(rendered),
        };
        self.not_read.push((Text::clone(name), why));
    }
}

impl Pair {
    /// Whether the field of this Task came out of this template.
    pub(super) fn is_of(&self, task: &Task<'_>, metadata: bool) -> bool {
        match self.rendered {
            Rendered::Prompt(_) if self.is_first_prompt => {
                !task.has_controller() && !task.is_manual()
            }
            // By hand no template makes the name.
            Rendered::Name => !task.is_manual() && task.name().len() <= name::MOST_BYTES,
            Rendered::Metadata(..) => metadata,
            Rendered::Prompt(_) | Rendered::Branch(_) => true,
        }
    }

    /// Reads what is missing, and tells it, or why it can't be.
    pub(super) fn read(
        &self,
        task: &Task<'_>,
        known: &VariableSet<'_>,
        is_missing: &dyn Fn(&str) -> bool,
        found: &mut Found<'_>,
    ) {
        let variables = &self.pattern.variables;
        let missing = variables.iter().enumerate().filter(|(_, it)| is_missing(&it.name));
        let text = match self.text(task, known.meter) {
            Ok(Some(text)) => text,
            Ok(None) => return,
            Err(_) => {
                missing.for_each(|(_, it)| found.miss(&it.name, &self.rendered, Unread::TooCostly));
                return;
            }
        };
        let flavour = match self.rendered {
            Rendered::Name => Flavour::Name,
            _ if task.is_manual() => Flavour::ByHand,
            _ => Flavour::Plain,
        };
        let letters = variables.iter().map(|it| known.letters(&it.name));
        let letters: SmallVec<[_; FEW_VARIABLES]> = letters.collect();
        let given = Given { text: &text, flavour, letters: &letters, page: found.page };
        let readings = match self.pattern.read(&given, known.meter) {
            Ok(readings) => readings,
            Err(unread) => {
                missing.for_each(|(_, it)| found.miss(&it.name, &self.rendered, unread));
                return;
            }
        };
        for (number, variable) in missing {
            let name = &variable.name;
            let value = match readings.get(number).copied().flatten() {
                Some(read) => value(name, variable.in_name, flavour, read, known.meter),
                None => Ok(None),
            };
            match value {
                Ok(Some(value)) => found.tell(name, &self.rendered, value, known.meter),
                Ok(None) => {
                    let why = NotRead::NotUnique(self.rendered.clone());
                    found.not_read.push((Text::clone(name), why));
                }
                Err(_) => found.miss(name, &self.rendered, Unread::TooCostly),
            }
        }
    }

    /// What Kelos made of the template.
    fn text<'t>(
        &self,
        task: &'t Task<'_>,
        meter: &Meter,
    ) -> Result<Option<Cow<'t, str>>, Exhausted> {
        Ok(match &self.rendered {
            Rendered::Prompt(_) => {
                let Some(spec) = task.spec() else { return Ok(None) };
                pay_for_a_prompt(spec, meter)?;
                spec.prompt().map(|prompt| prompt.0)
            }
            // An empty one is left out.
            Rendered::Branch(_) => {
                let branch = task.spec().map(|spec| spec.branch.as_deref().unwrap_or_default());
                branch.map(Cow::Borrowed)
            }
            Rendered::Name => Some(task.name()).filter(|name| !name.is_empty()).map(Cow::Borrowed),
            Rendered::Metadata(kind, key) => task.get(*kind, key).map(Cow::Borrowed),
        })
    }
}

/// What an escape in the JSON of a prompt costs beside its bytes, in parts of a step.
const ESCAPE_PARTS: usize = 9;
/// How many bytes a search for escapes looks at for a part.
const SEARCHED_BYTES_A_PART: usize = 8;

/// Pays for reading a prompt out of its JSON, which may be a megabyte.
pub(in crate::engine::sources) fn pay_for_a_prompt(
    spec: &TaskSpec<'_>,
    meter: &Meter,
) -> Result<(), Exhausted> {
    let json = spec.prompt_json().as_bytes();
    meter.take(json.len() / SEARCHED_BYTES_A_PART)?;
    let escapes = memchr::memchr_iter(b'\\', json).count();
    meter.take(escapes.saturating_mul(ESCAPE_PARTS).saturating_add(json.len()))?;
    // It is put together in a place of its own, or read where it stands.
    if escapes == 0 { Ok(()) } else { meter.take_room(json.len().saturating_mul(3)) }
}

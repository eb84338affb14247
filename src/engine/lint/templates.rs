//! The templates that Kelos renders: each is run in every world, and what is met there is told once.

use super::Lint;
use super::faults::told;
use super::finding::{Field, Finding, Rule, Severity};
use super::labels;
use super::view::View;
use super::world::KelosWorld;
use crate::apimachinery::Kind;
use crate::engine::kelos::rules_annotation;
use crate::engine::simulate::KelosVersion;
use crate::engine::sources::name_hint;
use crate::templates::go::forecast::{Fault, Forecast, Plain, Trouble};
use crate::templates::purse::{COMPILING_BYTES, COMPILING_STEPS, Purse};
use crate::templates::{ErrorKind, Language, Syntax, TemplateError, Templates};

/// Where a template stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Prompt,
    Branch,
    Name,
    Label,
    Annotation,
    /// What a context source is asked with.
    Fetch,
}

/// A template that Kelos renders.
pub(super) struct Rendered<'v> {
    pub(super) place: Place,
    pub(super) field: Field,
    pub(super) source: &'v str,
    /// The context source that it is of, if Kelos goes on where it fails.
    pub(super) ignored: Option<&'v str>,
}

/// What is met at one place of a template, in all worlds.
pub(super) struct Met<'v> {
    pub(super) fault: Fault,
    /// The events under which it is so for certain; without events one empty name.
    pub(super) always: Vec<&'v str>,
    /// The events under which it may be so.
    pub(super) perhaps: Vec<&'v str>,
    /// Whether it is reached in any case, in some world.
    pub(super) is_certain: bool,
}

/// What the worlds of a spawner make of a template.
pub(super) struct Outlook<'v> {
    pub(super) met: Vec<Met<'v>>,
    pub(super) forecasts: Vec<(KelosWorld<'v>, Forecast)>,
}

/// Steps that all templates of a spawner may take together: as many as two that each take the most. So have those of
/// its rules annotations.
const ALL_STEPS: u64 = 2 * COMPILING_STEPS;

/// What is left for looking at templates. Each has steps of its own, so that a costly one hides nothing of the others.
pub(super) struct Shares {
    left: u64,
}

impl Default for Shares {
    fn default() -> Shares {
        Shares { left: ALL_STEPS }
    }
}

impl Shares {
    /// What the next template may cost.
    pub(super) fn next(&self) -> Purse {
        Purse::new(self.left.min(COMPILING_STEPS), COMPILING_BYTES)
    }

    /// Takes off what it cost.
    pub(super) fn settle(&mut self, purse: &Purse) {
        self.left = self.left.saturating_sub(purse.spent().steps.into());
    }
}

/// Looks at all templates that Kelos renders.
pub(super) fn look(lint: &mut Lint<'_>) {
    let mut shares = Shares::default();
    for rendered in all(lint) {
        lint.fetched = rendered.ignored.map(str::to_owned);
        if !rendered.source.contains("{{") {
            if rendered.place == Place::Label {
                labels::constant(lint, &rendered);
            }
            continue;
        }
        let kept = std::mem::replace(&mut lint.purse, shares.next());
        template(lint, &rendered);
        let purse = std::mem::replace(&mut lint.purse, kept);
        shares.settle(&purse);
        if purse.is_empty() {
            lint.too_costly(rendered.field, "this template is");
        }
    }
    lint.fetched = None;
}

/// Looks at one; nothing is said of it if that costs more than there is.
fn template<'v>(lint: &mut Lint<'v>, rendered: &Rendered<'v>) {
    let plain = match Plain::parse(rendered.source, &mut lint.purse) {
        Ok(plain) => plain,
        Err(error) => return broken(lint, rendered, error),
    };
    let Some(outlook) = outlook(lint, rendered, &plain) else { return };
    for met in &outlook.met {
        if let Some(finding) = told(lint, rendered, met) {
            lint.add(softened(finding, rendered));
        }
    }
    match rendered.place {
        Place::Label => labels::printed(lint, rendered, &outlook),
        Place::Name => super::names::template(lint, rendered, &outlook),
        Place::Prompt => super::source::prompt(lint, rendered, &outlook),
        Place::Branch | Place::Annotation | Place::Fetch => {}
    }
}

/// The same finding, as grave as it is where Kelos may go on without what the template is for.
fn softened(finding: Finding, rendered: &Rendered<'_>) -> Finding {
    let severity = match rendered.ignored {
        Some(_) => finding.severity.max(Severity::Warning),
        None => finding.severity,
    };
    Finding { severity, ..finding }
}

/// The templates of a TaskSpawner, or of a SessionSpawner.
fn all<'v>(lint: &Lint<'v>) -> Vec<Rendered<'v>> {
    let spec = &lint.view.spec;
    let mut all = Vec::new();
    let mut push = |place, field, source: &'v str| {
        all.push(Rendered { place, field, source, ignored: None });
    };
    if lint.is_session() {
        let field = |name| Field::of(&["spec", "sessionTemplate", name]);
        push(Place::Prompt, field("initialPrompt"), &spec.session_template.initial_prompt);
        push(Place::Branch, field("initialBranch"), &spec.session_template.initial_branch);
        return all;
    }
    let template = &spec.task_template;
    let field = |name| Field::of(&["spec", "taskTemplate", name]);
    push(Place::Prompt, field("promptTemplate"), &template.prompt_template);
    push(Place::Branch, field("branch"), &template.branch);
    // What the first version does not have it does not render.
    if lint.around.kelos == KelosVersion::V0_24 {
        return all;
    }
    let (way, name) = lint.view.name_template();
    push(Place::Name, Field::of(way), name);
    for (place, map, entries) in [
        (Place::Label, "labels", &template.metadata.labels),
        (Place::Annotation, "annotations", &template.metadata.annotations),
    ] {
        for (key, source) in entries {
            push(place, field("metadata").key(map).key(key), source);
        }
    }
    if lint.table.has_context() {
        all.extend(fetched(lint.view));
    }
    all
}

/// What context sources are asked with.
fn fetched(view: &View) -> Vec<Rendered<'_>> {
    let sources = &view.spec.task_template.context_sources;
    let mut all = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let Some(http) = &source.http else { continue };
        let is_ignored = source.failure_policy.as_deref() == Some("Ignore");
        let ignored = is_ignored.then_some(&*source.name);
        let field = Field::of(&["spec", "taskTemplate", "contextSources"]).item(index).key("http");
        let place = Place::Fetch;
        all.push(Rendered { place, field: field.clone().key("url"), source: &http.url, ignored });
        all.push(Rendered { place, field: field.clone().key("body"), source: &http.body, ignored });
        let headers = field.key("headers");
        for (name, source) in &http.headers.templates {
            all.push(Rendered { place, field: headers.clone().key(name), source, ignored });
        }
    }
    all
}

/// Runs a template in all worlds; nothing if that costs more than is left.
fn outlook<'v>(
    lint: &mut Lint<'v>,
    rendered: &Rendered<'v>,
    plain: &Plain<'_>,
) -> Option<Outlook<'v>> {
    let mut outlook = Outlook { met: Vec::new(), forecasts: Vec::new() };
    for world in lint.worlds.clone() {
        // Kelos makes names without what it has fetched, and fetches before it has any of it.
        let is_without = matches!(rendered.place, Place::Name | Place::Fetch);
        let world = if is_without { world.without_context() } else { world };
        let forecast = plain.run(&world, &mut lint.purse).ok()?;
        let event = world.event.unwrap_or_default();
        for fault in &forecast.faults {
            note(&mut outlook.met, fault, event);
        }
        outlook.forecasts.push((world, forecast));
    }
    Some(outlook)
}

/// The most places of a template at which something is met; whoever mends some of them sees the others then.
const MOST_MET: usize = 256;

/// Puts what is met with what was met at the same place.
fn note<'v>(all: &mut Vec<Met<'v>>, fault: &Fault, event: &'v str) {
    let kind = |trouble: &Trouble| match trouble {
        Trouble::MayBeAbsent => Trouble::Absent,
        Trouble::MayBeNoValue => Trouble::NoValue,
        trouble => trouble.clone(),
    };
    let is_perhaps = matches!(fault.trouble, Trouble::MayBeAbsent | Trouble::MayBeNoValue);
    let place = all.iter().position(|met| {
        met.fault.at == fault.at
            && met.fault.path == fault.path
            && kind(&met.fault.trouble) == kind(&fault.trouble)
    });
    if place.is_none() && all.len() == MOST_MET {
        return;
    }
    let place = place.unwrap_or_else(|| {
        all.push(Met {
            fault: Fault { trouble: kind(&fault.trouble), ..fault.clone() },
            always: Vec::new(),
            perhaps: Vec::new(),
            is_certain: false,
        });
        all.len() - 1
    });
    let Some(met) = all.get_mut(place) else { return };
    let events = if is_perhaps { &mut met.perhaps } else { &mut met.always };
    if !events.contains(&event) {
        events.push(event);
    }
    met.is_certain |= fault.is_certain;
}

/// A template that Kelos can't parse: what belongs into rules annotations, or a mistake.
fn broken(lint: &mut Lint<'_>, rendered: &Rendered<'_>, error: TemplateError) {
    if lint.purse.is_empty() {
        return;
    }
    let Rendered { place, field, source, .. } = rendered;
    let compiled = Templates::default().compile(source, Syntax::Auto, &mut lint.purse);
    let kind = if *place == Place::Label { Kind::Label } else { Kind::Annotation };
    let helper = compiled.as_ref().ok().and_then(|template| template.helper());
    let language = compiled.as_ref().ok().and_then(|template| template.language());
    let is_metadata = matches!(place, Place::Label | Place::Annotation);
    let (text, position) = match (helper, language) {
        (Some((name, at)), _) => {
            let text = format!("Kelos has no function `{name}`: it {}", lint.makes_none(""));
            (text, Some(at))
        }
        (None, Some(Language::Jinja)) => {
            let text = format!("Kelos knows no Jinja: it {}", lint.makes_none(""));
            (text, error.position)
        }
        _ => {
            let text = format!("Kelos {}: {}", lint.makes_none(" of this template"), error.message);
            let finding = Finding::new(Rule::TemplateSyntax, Severity::Error, field.clone(), text);
            let finding = finding.placed(error.position);
            let function = error.message.strip_prefix("function `");
            let function = function.and_then(|rest| rest.split('`').next());
            // What is called like a variable is one, without its dot.
            let dotless = function.and_then(|name| name_hint(ErrorKind::Render, name));
            let finding = softened(finding, rendered);
            return lint.add(finding.maybe_help(dotless.or(error.hint)));
        }
    };
    let finding = Finding::new(Rule::NotForKelos, Severity::Error, field.clone(), text);
    let help = match is_metadata {
        true => format!("move the key to the annotation `{}`", rules_annotation(kind)),
        false => {
            "only rules annotations know helpers and Jinja; Kelos has Go's text/template alone"
                .to_owned()
        }
    };
    lint.add(softened(finding.placed(position), rendered).help(help));
}

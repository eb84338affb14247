//! What is said of one key → its rule.

use std::sync::Arc;

use super::annotation::{self, Entry};
use super::compile::Compiler;
use super::declared::{self, Declared};
use super::guards::{Allowed, Guards};
use super::settings::is_setting;
use super::{DeclaredIn, KeyRule, OnInvalid, Problem, Refusal, weight};
use crate::apimachinery;
use crate::apimachinery::Kind;
use crate::engine::kelos::{is_ours, is_shown_line, rules_annotation};
use crate::engine::line;
use crate::engine::pods;
use crate::engine::reason::Reason;
use crate::engine::skip::Skip;
use crate::templates::budget::Exhausted;
use crate::templates::suggest::closest;
use crate::templates::value::Text;
use crate::templates::{Position, Syntax, Template};

/// What to do about rules that are too costly.
const TOO_COSTLY_HINT: &str = "the keys from here on are not rendered: make templates and regular expressions shorter, or have fewer";

impl Compiler<'_> {
    /// The rule of one key, at the cost of the purse.
    pub(super) fn rule(
        &mut self,
        kind: Kind,
        key: Box<str>,
        said: Declared<'_>,
        declared_in: DeclaredIn,
    ) -> KeyRule {
        let in_field = declared_in == DeclaredIn::KelosField;
        let most = weight::refusal(&key);
        let has_room = self.purse.take_bytes(most).is_ok();
        let told = self.problems.len();
        let Declared { annotation, field, is_beyond } = said;
        let cluster = self.policy.defaults.rule(self.makes, kind, &key).map(Arc::clone);
        let is_asked = annotation.is_some() || is_ours(&key);
        let in_annotation = annotation.is_some() && declared_in != DeclaredIn::Defaults;
        let entry = match annotation {
            Some(Ok(entry)) => Ok(Some(entry)),
            Some(Err(error)) if !in_field => Err(error),
            // The annotation's entry is not rendered, but it may have held a guard: say so.
            Some(Err(error)) => {
                self.problem(kind, &key, &error);
                Ok(None)
            }
            None => Ok(None),
        };
        let said = entry.as_ref().ok().and_then(Option::as_ref);
        let Bounds { mut guards, on_invalid, sound_default } =
            self.bounds(kind, &key, said, cluster.as_deref());
        if declared_in == DeclaredIn::Defaults {
            guards.own_allowed = None;
        }
        let refusal = self.refusal(kind, &key, is_beyond);
        let plan = refusal.map_or(Ok(()), Err).and_then(|()| {
            let entry = entry?.unwrap_or_default();
            sound_default?;
            let (source, syntax) = match field {
                Some(template) => (template, Syntax::Go),
                None => (&*entry.template, self.settings.syntax),
            };
            let compiled = self.shared.templates.compile(source, syntax, &mut self.purse);
            let compiled = compiled.map_err(Skip::from);
            let is_free = guards.allowed.is_none() && pods::needs_choice(kind, &key);
            let compiled = compiled.and_then(|it| fitting(kind, it, field.is_some(), is_free));
            compiled.map_err(|error| self.refused(source, error))
        });
        let is_shown_line = is_shown_line(kind, &key);
        if let Err(refusal) = &plan
            && (is_asked || refusal.error.reason != Reason::Protected)
        {
            self.tell(kind, &key, &refusal.error);
        }
        if has_room && plan.is_ok() && self.problems.len() == told {
            self.purse.give_back(most);
        }
        KeyRule {
            kind,
            output: self.shared.output_key(kind, key),
            declared_in,
            plan,
            guards: guards.kept(),
            on_invalid: on_invalid.or(self.settings.on_invalid).unwrap_or(self.policy.on_invalid),
            is_shown_line,
            in_field,
            in_annotation,
        }
    }

    /// What an entry says beside its template, and the defaults of the cluster for its key. Where there is
    /// no room for it, the template is not compiled either.
    fn bounds(
        &mut self,
        kind: Kind,
        key: &str,
        said: Option<&Entry>,
        cluster: Option<&KeyRule>,
    ) -> Bounds {
        let (default, own, on_invalid) = self.said_guards(said);
        // As the value of the template is made to fit, so are those that it is compared with.
        let is_line = is_shown_line(kind, key);
        let fitting =
            |value: &str| if is_line { line::shown(value).into() } else { Text::from(value) };
        let own: Option<Allowed> =
            own.map(|values| values.iter().map(|value| (&*fitting(value)).into()).collect());
        let default = default.map(fitting).filter(|default| !is_line || !default.is_empty());
        let sound_default = check_default(kind, key, default.as_deref(), own.as_ref());
        let default = default.filter(|_| sound_default.is_ok());
        let cluster = cluster.and_then(|rule| rule.guards.as_deref());
        let of_cluster = cluster.and_then(|guards| guards.allowed.as_ref());
        let own_allowed = own.map(Arc::new);
        let allowed = match (&own_allowed, of_cluster) {
            (Some(own), Some(of_cluster)) => {
                Some(Arc::new(own.intersection(of_cluster).cloned().collect()))
            }
            (own, of_cluster) => own.as_ref().or(of_cluster).map(Arc::clone),
        };
        let is_allowed = |value: &str| {
            allowed.as_ref().is_none_or(|allowed: &Arc<Allowed>| allowed.contains(value))
        };
        if let Some(default) = default.as_ref().filter(|it| !is_allowed(it)) {
            let message = format!(
                "`default: {}` counts as absent: the defaults of the cluster do not allow it",
                annotation::shown(default)
            );
            self.problem(kind, key, &Skip::new(Reason::NotAllowed, message));
        }
        let default_of_cluster = cluster.and_then(|guards| guards.default.clone());
        let default =
            default.filter(|it| is_allowed(it)).or(default_of_cluster.filter(|it| is_allowed(it)));
        let is_narrowed = of_cluster.is_some();
        let guards = Guards { default, allowed, own_allowed, is_narrowed };
        Bounds { guards, on_invalid, sound_default }
    }

    fn said_guards<'e>(
        &mut self,
        entry: Option<&'e Entry>,
    ) -> (Option<&'e str>, Option<&'e [String]>, Option<OnInvalid>) {
        let Some(entry) = entry else { return Default::default() };
        let (default, allowed) = (entry.default.as_deref(), entry.allowed.as_deref());
        match self.purse.take_bytes(weight::guards(default, allowed.unwrap_or_default())) {
            Ok(()) => (default, allowed, entry.on_invalid),
            Err(_) => Default::default(),
        }
    }

    /// Why the key is never rendered, whatever its template says.
    fn refusal(&self, kind: Kind, key: &str, is_beyond: bool) -> Option<Box<Refusal>> {
        let error = if self.policy.protection.covers(kind, key) {
            let message = "this key is not for templates; choose another";
            let error = Skip::new(Reason::Protected, message);
            match is_setting(key) {
                true => error.hint(format!(
                    "it belongs under metadata.annotations of the {} itself",
                    self.makes.spawner()
                )),
                false => error,
            }
        } else if let Err(error) = apimachinery::key(kind, key) {
            Skip::new(Reason::InvalidKey, error.to_string())
        } else if is_beyond {
            let message =
                "in `spec.taskTemplate.metadata` it is over the limit of 64 keys and 64 KiB";
            Skip::new(Reason::LimitExceeded, message).hint(declared::FEWER_KEYS)
        } else if self.purse.is_empty() {
            Exhausted::Compiling.into()
        } else {
            return None;
        };
        Some(error.into())
    }

    /// A template that does not compile, with its source if there is room for it.
    fn refused(&mut self, source: &str, error: Skip) -> Box<Refusal> {
        let has_room = self.purse.take_bytes(source.len()).is_ok();
        Box::new(Refusal { error, source: has_room.then(|| source.into()) })
    }

    /// Tells why a key is not rendered. That it costs too much is told once, not for thousands of keys.
    fn tell(&mut self, kind: Kind, key: &str, error: &Skip) {
        let is_costly = error.message == Exhausted::Compiling.to_string();
        if !is_costly {
            return self.problem(kind, key, error);
        }
        if !std::mem::replace(&mut self.has_told, true) {
            self.problem(kind, key, &error.clone().hint(TOO_COSTLY_HINT));
        }
    }

    pub(super) fn problem(&mut self, kind: Kind, key: &str, error: &Skip) {
        self.problems.push(Problem::new(kind, key, error));
    }
}

/// What binds the values of a key, as its entry and the defaults of the cluster have it.
struct Bounds {
    guards: Guards,
    on_invalid: Option<OnInvalid>,
    /// Whether the entry's `default` can be written at all.
    sound_default: Result<(), Skip>,
}

/// The template, if it fits its place: Kelos renders what stands in its field, and where something is to be
/// chosen, no free template does it.
fn fitting(
    kind: Kind,
    template: Arc<Template>,
    is_in_field: bool,
    is_free: bool,
) -> Result<Arc<Template>, Skip> {
    match template.helper().filter(|_| is_in_field) {
        Some((name, at)) => Err(helper_in_field(kind, name, at)),
        None if is_free && template.language().is_some() => Err(pods::not_chosen(kind)),
        None => Ok(template),
    }
}

impl From<Skip> for Box<Refusal> {
    fn from(error: Skip) -> Box<Refusal> {
        Box::new(Refusal { error, source: None })
    }
}

/// A helper in the Kelos field: Kelos does not know it.
fn helper_in_field(kind: Kind, name: &str, at: Position) -> Skip {
    let annotation = rules_annotation(kind);
    let message = format!("Kelos has no function `{name}`: it would make no Task at all");
    let hint = format!("move the key to the annotation `{annotation}`, where helpers are");
    Skip::parse(message).at(at).hint(hint)
}

/// How many values of `allowed` a hint names.
const MOST_NAMED: usize = 5;

/// What makes a `default` one of the values that are allowed.
fn within(default: &str, allowed: &Allowed) -> String {
    if let Some(meant) = closest(default, allowed.iter().map(|it| &**it)) {
        return format!("did you mean `{meant}`? Else add `{default}` to `allowed`");
    }
    let named: Vec<&str> = allowed.iter().take(MOST_NAMED).map(|it| &**it).collect();
    let more = if allowed.len() > MOST_NAMED { " and others" } else { "" };
    format!("add `{default}` to `allowed`, or make it one of `{}`{more}", named.join("`, `"))
}

/// A default is literal, so it can be judged before any Task comes.
fn check_default(
    kind: Kind,
    key: &str,
    default: Option<&str>,
    allowed: Option<&Allowed>,
) -> Result<(), Skip> {
    let Some(default) = default else { return Ok(()) };
    if let Err(error) = pods::check_value(kind, key, default) {
        return Err(Skip::parse(format!("`default` can't be written: {}", error.message)));
    }
    match allowed.filter(|allowed| !allowed.contains(default)) {
        Some(allowed) => {
            Err(Skip::parse("`default` is not in `allowed`").hint(within(default, allowed)))
        }
        None => Ok(()),
    }
}

//! What the rules annotations and settings of a spawner say, and what of it is never written.

use super::Lint;
use super::finding::{Field, Finding, Rule, Severity};
use super::labels::{Written, shown, skipped_value};
use super::templates::Shares;
use super::view::View;
use crate::apimachinery::Kind;
use crate::engine::candidate::judge;
use crate::engine::kelos::{
    self, DISPLAY_NAME_ANNOTATION, INFER_SETTING, INJECTION_SETTING, NAME_TEMPLATE_ANNOTATION,
    ON_INVALID_SETTING, OWN_PREFIX, POD_LABELS_FROM_TASK_SETTING, SECTION_ANNOTATION,
    SOURCE_PREFIX, SYNTAX_SETTING, rules_annotation,
};
use crate::engine::reason::Reason;
use crate::engine::rules::{DeclaredIn, KeyRule, OnInvalid, Problem, Refusal, Rules};
use crate::engine::skip::Skip;
use crate::engine::sources::{Table, is_group, name_hint};
use crate::templates::go::forecast::{Forecast, Known, Plain, Shape, Trouble, World};
use crate::templates::suggest::distance;
use crate::templates::value::Text;
use crate::templates::{ErrorKind, Language, Position, Template, camel_case};

/// The settings of a spawner.
const SETTINGS: [&str; 5] = [
    SYNTAX_SETTING,
    ON_INVALID_SETTING,
    INFER_SETTING,
    INJECTION_SETTING,
    POD_LABELS_FROM_TASK_SETTING,
];

pub(super) fn look(lint: &mut Lint<'_>) {
    let rules = lint.rules;
    if rules.is_disabled {
        return;
    }
    for broken in &rules.broken_annotations {
        let field = annotation(broken.name);
        let rule = match broken.error.reason {
            Reason::LimitExceeded => Rule::OverLimit,
            _ => Rule::RulesAnnotation,
        };
        let text = format!("none of its keys is written: {}", broken.error.message);
        let text = if rule == Rule::OverLimit { broken.error.message.clone() } else { text };
        lint.add(with_skip(Finding::new(rule, Severity::Warning, field, text), &broken.error));
    }
    let mut shares = Shares::default();
    for rule in rules.keys.iter().filter(|rule| rule.declared_in != DeclaredIn::Defaults) {
        match &rule.plan {
            Err(refusal) => refused(lint, rule, refusal),
            Ok(template) if rule.declared_in == DeclaredIn::RulesAnnotation => {
                written(lint, rule, template, &mut shares);
            }
            Ok(_) => {}
        }
    }
    comments(lint);
    misplaced(lint);
    for problem in &rules.problems {
        if !is_told(rules, problem) {
            other(lint, problem);
        }
    }
}

/// What was meant for a template, and is a comment of YAML: then the template is what stands before it.
fn comments(lint: &mut Lint<'_>) {
    const HASH: &str = " #{{";
    for kind in Kind::ALL {
        let name = rules_annotation(kind);
        let text = lint.view.metadata.annotations.get(name).map_or("", String::as_str);
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let key = line.trim_start().split_once(": ").map_or("", |(key, _)| key);
            if let Some(at) = line.find(HASH)
                && let Some(source) = lint.rules.rule(kind, key).and_then(KeyRule::source)
                && !source.contains(HASH.trim_start())
            {
                let said =
                    "what stands behind ` #` is a comment of YAML, and no part of the template";
                let field = annotation(name);
                let finding =
                    Finding::new(Rule::RulesTemplate, Severity::Warning, field, said.to_owned());
                let position = Position::of(text, start + at + 1);
                lint.add(finding.at(position).help("put the value in quotes"));
            }
            start += line.len();
        }
    }
}

/// Annotations that the Console reads of Sessions, on the spawner itself: there they are none of its Sessions.
fn misplaced(lint: &mut Lint<'_>) {
    let shown = [DISPLAY_NAME_ANNOTATION, SECTION_ANNOTATION].into_iter();
    let annotations = &lint.view.metadata.annotations;
    let found = shown.filter(|name| lint.is_session() && annotations.contains_key(*name));
    for name in found.collect::<Vec<_>>() {
        let text = "it is the SessionSpawner's own: its Sessions do not get it".to_owned();
        let finding =
            Finding::new(Rule::UnknownAnnotation, Severity::Warning, annotation(name), text);
        let help = format!("write it in {}", rules_annotation(Kind::Annotation));
        lint.add(finding.about_key().help(help));
    }
}

fn annotation(name: &str) -> Field {
    Field::of(&["metadata", "annotations", name])
}

/// The field of a key: in the Kelos field, or the rules annotation that it stands in.
pub(super) fn field_of(rule: &KeyRule) -> Field {
    if rule.declared_in == DeclaredIn::KelosField {
        let map = if rule.kind == Kind::Label { "labels" } else { "annotations" };
        return Field::of(&["spec", "taskTemplate", "metadata", map, rule.key()]);
    }
    annotation(rules_annotation(rule.kind))
}

/// A finding about the key of a rule, where it stands.
pub(super) fn about(lint: &Lint<'_>, rule: &KeyRule, finding: Finding) -> Finding {
    if rule.declared_in == DeclaredIn::KelosField {
        return finding.about_key();
    }
    finding.placed(lint.places.key(rule))
}

fn with_skip(finding: Finding, skip: &Skip) -> Finding {
    finding.placed(skip.position).maybe_help(skip.hint.clone())
}

/// A key that is never rendered.
fn refused(lint: &mut Lint<'_>, rule: &KeyRule, refusal: &Refusal) {
    let is_field = rule.declared_in == DeclaredIn::KelosField;
    let error = &refusal.error;
    let (of, severity) = match error.reason {
        Reason::Protected => (Rule::ProtectedKey, Severity::Warning),
        Reason::InvalidKey if is_field => (Rule::MetadataKey, Severity::Error),
        Reason::InvalidKey => (Rule::MetadataKey, Severity::Warning),
        Reason::NotAllowed => (Rule::FreeChoice, Severity::Warning),
        Reason::LimitExceeded => (Rule::OverLimit, Severity::Warning),
        // What Kelos can't parse was told of the template.
        _ if is_field => return,
        _ => (Rule::RulesTemplate, Severity::Warning),
    };
    let has_action = rule.key().contains("{{");
    let text = match of {
        Rule::MetadataKey if has_action => "a key is no template: it is taken as it is".to_owned(),
        Rule::MetadataKey if is_field => {
            format!("{}: the API server refuses the {}", error.message, lint.product())
        }
        Rule::FreeChoice | Rule::RulesTemplate => {
            format!("`{}` is never written: {}", rule.key(), error.message)
        }
        _ => format!("`{}`: {}", rule.key(), error.message),
    };
    let finding = Finding::new(of, severity, field_of(rule), text);
    let is_about_template = refusal.source.is_some();
    let finding = match error.position {
        Some(position) if is_about_template => {
            finding.placed(lint.places.template(rule, position.offset))
        }
        Some(position) => finding.at(position),
        None => match lint.places.default(rule) {
            Some(position) if error.message.starts_with("`default`") => finding.at(position),
            _ => about(lint, rule, finding),
        },
    };
    lint.add(finding.maybe_help(error.hint.clone()));
}

/// A key that is rendered.
fn written(lint: &mut Lint<'_>, rule: &KeyRule, template: &Template, shares: &mut Shares) {
    not_shown(lint, rule);
    let source = template.source();
    match template.language() {
        Some(Language::Go) => {}
        Some(Language::Jinja) => return,
        None => return constant(lint, rule, source),
    }
    let world = RulesWorld { makes: lint.makes, table: lint.table, view: lint.view };
    let mut purse = shares.next();
    let plain = Plain::with_helpers(source, &mut purse).ok();
    let forecast = plain.and_then(|plain| plain.run(&world, &mut purse).ok());
    shares.settle(&purse);
    match forecast {
        Some(forecast) => foreseen(lint, rule, &forecast),
        None if purse.is_empty() => {
            lint.too_costly(field_of(rule), &format!("the template of `{}` is", rule.key()));
        }
        None => {}
    }
}

/// A key that is nearly one that the Console shows, or that is one as a label: the Console reads neither.
fn not_shown(lint: &mut Lint<'_>, rule: &KeyRule) {
    let near = |name: &&str| distance(name, rule.key()) <= 2;
    let shown = [DISPLAY_NAME_ANNOTATION, SECTION_ANNOTATION];
    let meant = shown.into_iter().find(near).filter(|_| lint.is_session());
    let Some(meant) = meant.filter(|_| !rule.is_shown_line) else { return };
    let text = format!("the Console reads no {} `{}`", rule.kind.as_str(), rule.key());
    let help = format!("write `{meant}` in {}", rules_annotation(Kind::Annotation));
    let finding = Finding::new(Rule::UnknownAnnotation, Severity::Warning, field_of(rule), text);
    lint.add(about(lint, rule, finding).help(help));
}

/// What a template does whatever the item.
fn foreseen(lint: &mut Lint<'_>, rule: &KeyRule, forecast: &Forecast) {
    let absent = forecast.faults.iter().find(|fault| {
        fault.is_certain && fault.trouble == Trouble::Absent && fault.path.len() == 1
    });
    if let Some(fault) = absent {
        let name = fault.path.first().map(|name| &**name).unwrap_or_default();
        let (of, text) = match rule.default() {
            Some(default) => (
                Rule::DefaultAlways,
                format!(
                    "`{}` is always `{default}`: {} has no `.{name}`",
                    rule.key(),
                    lint.table.name
                ),
            ),
            None => (
                Rule::NeverWritten,
                format!("`{}` is never written: {} has no `.{name}`", rule.key(), lint.table.name),
            ),
        };
        let finding = Finding::new(of, Severity::Warning, field_of(rule), text);
        let finding = finding.placed(lint.places.template(rule, fault.at.start));
        let variable = format!(".{name}");
        let help =
            name_hint(ErrorKind::Missing, &variable).or_else(|| Some(lint.line_for(&variable)));
        return lint.add(finding.maybe_help(help.filter(|help| !help.is_empty())));
    }
    let is_told = lint.unwritten.contains(&(rule.kind, rule.key().into()));
    if rule.kind == Kind::Annotation || is_told {
        return;
    }
    if let Some((why, at)) = skipped_value(rule, forecast, lint.table.name) {
        let text = format!("`{}` is skipped: {why}", rule.key());
        let finding = Finding::new(Rule::LabelValue, Severity::Warning, field_of(rule), text)
            .help("`slug` makes a value of a text, as does `onInvalid: sanitize`");
        return lint.add(finding.placed(lint.places.template(rule, at)));
    }
    if rule.allowed().is_none() {
        let places = lint.places;
        let written =
            Written { kind: rule.kind, key: rule.key(), field: field_of(rule), is_field: false };
        let pieces = forecast.printed.iter().collect();
        shown(lint, &written, pieces, &|at| places.template(rule, at));
    }
}

/// A text without an action, which is written as it is.
fn constant(lint: &mut Lint<'_>, rule: &KeyRule, source: &str) {
    let sanitizes = rule.on_invalid == OnInvalid::Sanitize;
    if let Err(error) = judge(rule, rule.trimmed(source), sanitizes) {
        let (of, text) = match (rule.default(), error.reason) {
            (Some(default), _) => (
                Rule::DefaultAlways,
                format!("`{}` is always `{default}`: {}", rule.key(), error.message),
            ),
            (None, Reason::NotAllowed) => (
                Rule::NeverWritten,
                format!("`{}` is never written: {}", rule.key(), error.message),
            ),
            (None, _) => {
                (Rule::LabelValue, format!("`{}` is skipped: {}", rule.key(), error.message))
            }
        };
        let finding = Finding::new(of, Severity::Warning, field_of(rule), text);
        let finding = about(lint, rule, finding);
        lint.add(finding.maybe_help(error.hint));
    }
}

/// What rules annotations know.
struct RulesWorld<'v> {
    makes: kelos::Shape,
    table: &'static Table,
    view: &'v View,
}

impl World for RulesWorld<'_> {
    fn known(&self, path: &[Text]) -> Known {
        let there = Known::There(Shape::Unknown);
        let [name] = path else { return there };
        let is_ours = match &**name {
            "Context" => self.makes.has_context(),
            "Source" | "TriggerType" | "TriggerTime" => self.makes.has_source_annotations(),
            _ => is_group(self.makes, name),
        };
        let spec = &self.view.spec;
        let is_mapped = spec.when.webhook.iter().any(|it| it.field_mapping.may_have(name));
        let is_recorded = spec.task_template.metadata.annotations.keys().any(|key| {
            let of = key.strip_prefix(SOURCE_PREFIX);
            of.is_some_and(|of| *camel_case::variable(of) == **name)
        });
        let is_of_source = self.table.may_have_anything() || self.table.find(name).is_some();
        if is_ours || is_mapped || is_recorded || is_of_source { there } else { Known::Absent }
    }
}

/// Whether a problem of the rules is told elsewhere.
fn is_told(rules: &Rules, problem: &Problem) -> bool {
    let is_refused = rules.rule(problem.kind, &problem.key).is_some_and(|rule| rule.plan.is_err());
    let is_broken = rules.broken_annotations.iter().any(|broken| *broken.name == *problem.key);
    let is_failing =
        rules.failing.iter().any(|failing| problem.message.starts_with(&failing.error.message));
    is_refused || is_broken || is_failing
}

/// What else is wrong: settings, names of annotations, lengths, and what stands beside a template.
fn other(lint: &mut Lint<'_>, problem: &Problem) {
    let Problem { kind, key, reason, message } = problem;
    let is_setting = SETTINGS.contains(&key.as_str());
    let is_field = key.starts_with("spec.") || *key == NAME_TEMPLATE_ANNOTATION;
    let is_key = lint.rules.rule(*kind, key);
    let (text, help) = match message.split_once("; ") {
        Some((text, help)) => (text.to_owned(), Some(help.to_owned())),
        None => (message.clone(), None),
    };
    let place = match kind {
        Kind::Label => Field::of(&["metadata", "labels", key]),
        _ => annotation(key),
    };
    let finding = if is_field && *key != NAME_TEMPLATE_ANNOTATION {
        let way: Vec<&str> = key.split('.').collect();
        Finding::new(Rule::OverLimit, Severity::Info, Field::of(&way), text)
    } else if *reason == Reason::LimitExceeded {
        // What is not looked at may have any mistake; what is not read back is none.
        let is_left_out = text.contains("`spec.taskTemplate.metadata`");
        let severity = if is_left_out { Severity::Warning } else { Severity::Info };
        Finding::new(Rule::OverLimit, severity, place, text)
    } else if is_setting {
        Finding::new(Rule::UnknownSetting, Severity::Warning, place, text)
    } else if let Some(rule) = is_key {
        let text = format!("`{key}`: {text}");
        let finding = Finding::new(
            Rule::RulesTemplate,
            Severity::Warning,
            annotation(rules_annotation(*kind)),
            text,
        );
        finding.placed(lint.places.key(rule))
    } else if key.starts_with(OWN_PREFIX) || message.contains("of this name is read") {
        Finding::new(Rule::UnknownAnnotation, Severity::Warning, place, text).about_key()
    } else {
        Finding::new(Rule::RulesTemplate, Severity::Warning, place, text)
    };
    lint.add(finding.maybe_help(help));
}

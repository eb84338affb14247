//! What those stumble over who read labels: Prometheus, Argo CD and TaskBudgets.

use std::collections::BTreeMap;

use super::Lint;
use super::annotations::{about, field_of};
use super::finding::{Field, Finding, Rule, Severity};
use crate::apimachinery::Kind;
use crate::engine::rules::{DeclaredIn, KeyRule};

/// By this label Argo CD knows what it deploys, unless it is told otherwise.
const ARGOCD: &str = "app.kubernetes.io/instance";

pub(super) fn look(lint: &mut Lint<'_>) {
    if !lint.rules.is_disabled {
        prometheus(lint);
        budgets(lint);
    }
    argocd(lint);
}

/// The keys that are written as labels of a kind.
fn keys<'l>(lint: &Lint<'l>, kind: Kind) -> impl Iterator<Item = &'l KeyRule> + use<'l> {
    let rules = lint.rules;
    rules.keys.iter().map(|rule| &**rule).filter(move |rule| rule.kind == kind && rule.plan.is_ok())
}

fn prometheus(lint: &mut Lint<'_>) {
    for kind in [Kind::Label, Kind::PodLabel] {
        let mut known: BTreeMap<String, &KeyRule> = BTreeMap::new();
        for rule in keys(lint, kind) {
            let is_name = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
            let name: String = rule.key().chars().map(is_name).collect();
            let Some(first) = known.get(&name).copied() else {
                known.insert(name, rule);
                continue;
            };
            // What the defaults say is not the team's to change.
            let of_defaults = rule.declared_in == DeclaredIn::Defaults;
            let (rule, other) = if of_defaults { (first, rule) } else { (rule, first) };
            if rule.declared_in == DeclaredIn::Defaults {
                continue;
            }
            let text = format!(
                "`{}` and `{}` are one label in Prometheus, `label_{name}`: one of them is lost",
                rule.key(),
                other.key()
            );
            let finding =
                Finding::new(Rule::PrometheusCollision, Severity::Warning, field_of(rule), text);
            let finding = about(lint, rule, finding);
            lint.add(finding.help("have keys that differ in letters or digits"));
        }
    }
}

fn argocd(lint: &mut Lint<'_>) {
    let text = "Argo CD takes what has this label for a part of an application, and may delete it";
    let help = "choose another key, such as `app.kubernetes.io/part-of`";
    let mut found = Vec::new();
    for kind in [Kind::Label, Kind::PodLabel] {
        for rule in keys(lint, kind).filter(|rule| rule.declared_in != DeclaredIn::Defaults) {
            if rule.key() == ARGOCD {
                let finding = Finding::new(
                    Rule::ArgocdInstance,
                    Severity::Warning,
                    field_of(rule),
                    text.to_owned(),
                );
                found.push(about(lint, rule, finding).help(help));
            }
        }
    }
    let spec = &lint.view.spec;
    let task = &spec.task_template;
    let of_worker = task.worker.as_ref().and_then(|worker| worker.pod_overrides.as_ref());
    let of_session = spec.session_template.worker.as_ref();
    for (way, overrides) in [
        (&["spec", "taskTemplate", "podOverrides", "labels"][..], task.pod_overrides.as_ref()),
        (&["spec", "taskTemplate", "worker", "podOverrides", "labels"], of_worker),
        (
            &["spec", "sessionTemplate", "worker", "podOverrides", "labels"],
            of_session.and_then(|worker| worker.pod_overrides.as_ref()),
        ),
    ] {
        if overrides.is_some_and(|it| it.labels.templates.contains_key(ARGOCD)) {
            let field = Field::of(way).key(ARGOCD);
            let finding =
                Finding::new(Rule::ArgocdInstance, Severity::Warning, field, text.to_owned());
            found.push(finding.about_key().help(help));
        }
    }
    found.into_iter().for_each(|finding| lint.add(finding));
}

/// A Task without the key of a budget counts in none.
fn budgets(lint: &mut Lint<'_>) {
    let Some(budgets) = lint.around.budgets else { return };
    for rule in keys(lint, Kind::Label) {
        let is_asked = budgets.iter().any(|it| it.keys().any(|key| *key == *rule.key()));
        let is_caught = budgets.iter().any(|it| it.catches_without(rule.key()));
        let is_constant = rule.plan.as_ref().is_ok_and(|template| template.language().is_none());
        let is_ours = rule.declared_in == DeclaredIn::RulesAnnotation;
        if !is_asked || is_caught || is_constant || !is_ours || rule.default().is_some() {
            continue;
        }
        let text = format!(
            "a TaskBudget counts by `{}`: a Task without it, as where the template fails, counts in none",
            rule.key()
        );
        let finding = Finding::new(Rule::BudgetKey, Severity::Warning, field_of(rule), text);
        let finding = about(lint, rule, finding);
        lint.add(finding.help(
            "give it a `default`, or have a TaskBudget for what is without: `{key: KEY, operator: DoesNotExist}`",
        ));
    }
}

//! What of a webhook of ours differs from what the chart registers, so that objects which Kelos makes pass it by.

use serde_json::{Value, json};

use super::{Rule, Verdict, Webhook, has};
use crate::certs::OurWebhook;
use crate::engine::kelos::{GROUP, SESSION_SPAWNER_LABEL, Shape, StringMap, TASKSPAWNER_LABEL};

/// The owner of the Task that selectors are judged with. No requirement of the chart is about its name.
const ANY_OWNER: &str = "any";

/// What was found. Each says what the webhook has: words that follow its name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// What keeps the webhook from being asked, or from answering.
    pub wrong: Vec<String>,
    /// What may keep it, and can't be judged.
    pub unknown: Vec<String>,
}

/// Where a webhook is called that we may not answer.
pub(super) enum Astray {
    /// We don't answer there.
    Surely(String),
    /// What stands there is not known.
    Perhaps(String),
}

impl Webhook {
    /// What differs of it, as this one of ours, where Kelos's kinds are served in these versions: none if that is
    /// not known. Which Namespaces it is about is left to whoever knows them.
    pub fn faults(&self, ours: OurWebhook, served: &[String]) -> Faults {
        let mut faults = Faults::default();
        match self.astray(ours) {
            Some(Astray::Surely(text)) => faults.wrong.push(text),
            Some(Astray::Perhaps(text)) => faults.unknown.push(text),
            None => {}
        }
        let rules = self.rules.as_deref().unwrap_or_default();
        let for_it: Vec<&Rule> = rules.iter().filter(|rule| rule.is_for(ours)).collect();
        if for_it.is_empty() {
            faults.wrong.push(no_rule(ours, rules));
        } else {
            faults.versions(ours, self.match_policy.as_deref(), &for_it, served);
        }
        faults.object_selector(ours, self);
        faults.conditions(ours, self);
        faults
    }

    /// Whether it is called where we don't answer.
    pub(super) fn astray(&self, ours: OurWebhook) -> Option<Astray> {
        let served = ours.path();
        if let Some(service) = self.service() {
            // Without a path the API server calls the root.
            let path = service.path.as_deref().unwrap_or("/");
            let text = format!("has path {path}, and only {served} is served");
            return (path != served).then_some(Astray::Surely(text));
        }
        let url = self.url()?;
        let path = url::Url::parse(url).ok().map(|it| it.path().to_owned());
        // What stands before us may call us by another path.
        let text = format!("has url {url}, and whether that leads to {served} is not known");
        (path.as_deref() != Some(served)).then_some(Astray::Perhaps(text))
    }
}

impl Faults {
    /// Whether objects are asked about in whichever version they are written.
    fn versions(
        &mut self,
        ours: OurWebhook,
        policy: Option<&str>,
        rules: &[&Rule],
        served: &[String],
    ) {
        let has_version = |version: &str| rules.iter().any(|rule| has(&rule.api_versions, version));
        let named: Vec<&str> =
            rules.iter().flat_map(|rule| &rule.api_versions).map(String::as_str).collect();
        if named.contains(&"*") {
            return;
        }
        let (_, plural) = ours.asked_about();
        let named = named.join(", ");
        // Without a word it is Equivalent: objects of other versions are converted.
        let is_exact = policy == Some("Exact");
        let served: Vec<&str> =
            served.iter().map(String::as_str).filter(|it| ours.may_be_in(it)).collect();
        let left_out: Vec<&str> = served.iter().copied().filter(|it| !has_version(it)).collect();
        if served.is_empty() {
            self.unknown.push(format!(
                "has apiVersions [{named}], and in which ones {GROUP} is served is not known"
            ));
        } else if left_out.len() == served.len() {
            self.wrong.push(format!(
                "has apiVersions [{named}], and {GROUP} is served as {}: the API server never asks",
                served.join(" and ")
            ));
        } else if is_exact && !left_out.is_empty() {
            self.wrong.push(format!(
                "has apiVersions [{named}] with matchPolicy Exact: the API server does not ask about {plural} that are \
                 written as {}",
                left_out.join(" or ")
            ));
        }
    }

    /// Whether an object is selected that has the labels alone which Kelos gives each.
    fn object_selector(&mut self, ours: OurWebhook, webhook: &Webhook) {
        let labels: StringMap = ordinary_labels(ours)
            .into_iter()
            .map(|(key, value)| (key.into(), value.to_owned()))
            .collect();
        let Some(selector) = &webhook.object_selector else { return };
        let (operation, plural) = ours.asked_about();
        match selector.of(&labels) {
            Verdict::Selects => {}
            Verdict::Misses { requirement, .. } => self.wrong.push(format!(
                "has an objectSelector that wants `{requirement}`, which the chart's does not: the API server does not \
                 ask at {operation} of {plural} that are otherwise"
            )),
            Verdict::Unknown(requirement) => self.unknown.push(format!(
                "has an objectSelector that wants `{requirement}`, which is not judged"
            )),
        }
    }

    fn conditions(&mut self, ours: OurWebhook, webhook: &Webhook) {
        let labels: Value = ordinary_labels(ours).into_iter().collect();
        let object =
            json!({"metadata": {"labels": labels, "ownerReferences": ordinary_owners(ours)}});
        for condition in webhook.match_conditions.iter().flatten() {
            match condition.holds(&object) {
                Some(true) => {}
                Some(false) => self.wrong.push(format!(
                    "has a matchCondition {} that never holds: `{}`",
                    condition.name,
                    condition.in_one_line()
                )),
                None => self.unknown.push(format!(
                    "has a matchCondition {} that is not the chart's, and is not judged: `{}`",
                    condition.name,
                    condition.in_one_line()
                )),
            }
        }
    }
}

/// The labels that each object has which this webhook is for.
fn ordinary_labels(ours: OurWebhook) -> Vec<(&'static str, &'static str)> {
    match ours {
        OurWebhook::Task => vec![(TASKSPAWNER_LABEL, ANY_OWNER)],
        OurWebhook::Session => vec![(SESSION_SPAWNER_LABEL, ANY_OWNER)],
        OurWebhook::Spawner => Vec::new(),
    }
}

/// What owns each object that this webhook is for; a Task may have its label alone.
fn ordinary_owners(ours: OurWebhook) -> Vec<Value> {
    match ours {
        OurWebhook::Session => vec![json!({
            "apiVersion": format!("{GROUP}/v1alpha2"), "kind": Shape::Session.spawner(), "controller": true,
        })],
        OurWebhook::Task | OurWebhook::Spawner => Vec::new(),
    }
}

/// That no rule is for this one of ours, and what the nearest one lacks.
fn no_rule(ours: OurWebhook, rules: &[Rule]) -> String {
    let (operation, plural) = ours.asked_about();
    let nearest = rules.iter().map(|rule| rule.lacks(ours)).min_by_key(Vec::len);
    let why = match nearest {
        None => "it has no rules".to_owned(),
        Some(lacks) => format!(
            "{} {}",
            if rules.len() == 1 { "its rule has" } else { "its nearest rule has" },
            lacks.join(" and ")
        ),
    };
    format!("has no rule for {operation} of {plural}.{GROUP}: the API server never asks ({why})")
}

impl Rule {
    /// What keeps it from being for this kind: none if it is.
    pub(super) fn lacks(&self, ours: OurWebhook) -> Vec<String> {
        let (operation, plural) = ours.asked_about();
        let mut lacks = Vec::new();
        let mut list = |field: &str, list: &[String], is_in: bool| {
            if !is_in {
                lacks.push(format!("{field} [{}]", list.join(", ")));
            }
        };
        list("apiGroups", &self.api_groups, has(&self.api_groups, GROUP));
        let has_resource = self.resources.iter().any(|it| [plural, "*", "*/*"].contains(&&**it));
        list("resources", &self.resources, has_resource);
        list("operations", &self.operations, has(&self.operations, operation));
        if let Some(scope) = self.scope.as_deref().filter(|it| !["*", "Namespaced"].contains(it)) {
            lacks.push(format!("scope {scope}"));
        }
        lacks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut Value);

    /// What is found of what the chart registers for this one of ours, after a change, where two versions are served.
    fn faults(ours: OurWebhook, change: Change) -> Faults {
        let (operation, plural) = ours.asked_about();
        let mut webhook = json!({
            "name": ours.as_str(),
            "clientConfig": {"service": {"namespace": "ns", "name": "n", "path": ours.path()}},
            "rules": [{"apiGroups": [GROUP], "apiVersions": ["*"], "resources": [plural], "operations": [operation], "scope": "Namespaced"}],
            "matchPolicy": "Exact",
        });
        change(&mut webhook);
        let webhook: Webhook = serde_json::from_value(webhook).unwrap();
        webhook.faults(ours, &["v1alpha2".to_owned(), "v1alpha1".to_owned()])
    }

    fn assert_told(table: &[(Change, &str)]) {
        for &(change, said) in table {
            let Faults { wrong, unknown } = faults(OurWebhook::Task, change);
            let is_unknown = said.ends_with("not known") || said.contains("not judged");
            let (told, others) = if is_unknown { (unknown, wrong) } else { (wrong, unknown) };
            assert_eq!((told, others), (vec![said.to_owned()], Vec::<String>::new()));
        }
    }

    #[test]
    fn a_path_or_rules_by_which_nothing_is_answered_are_told_exactly() {
        let table: [(Change, &str); 8] = [
            (
                |it| it["clientConfig"]["service"]["path"] = json!("/mutate"),
                "has path /mutate, and only /mutate-task is served",
            ),
            (
                |it| it["clientConfig"]["service"]["path"] = json!(null),
                "has path /, and only /mutate-task is served",
            ),
            (
                |it| it["rules"][0]["operations"] = json!(["UPDATE"]),
                "has no rule for CREATE of tasks.kelos.dev: the API server never asks (its rule has operations [UPDATE])",
            ),
            (
                |it| it["rules"] = json!(null),
                "has no rule for CREATE of tasks.kelos.dev: the API server never asks (it has no rules)",
            ),
            (
                |it| it["rules"][0]["scope"] = json!("Cluster"),
                "has no rule for CREATE of tasks.kelos.dev: the API server never asks (its rule has scope Cluster)",
            ),
            (
                |it| {
                    it["rules"] = json!([
                {"apiGroups": ["apps"], "resources": ["deployments"], "operations": ["CREATE"]},
                {"apiGroups": ["kelos.dev"], "resources": ["sessions"], "operations": ["CREATE"]}])
                },
                "has no rule for CREATE of tasks.kelos.dev: the API server never asks (its nearest rule has resources [sessions])",
            ),
            (
                |it| it["rules"][0]["apiVersions"] = json!(["v1alpha1"]),
                "has apiVersions [v1alpha1] with matchPolicy Exact: the API server does not ask about tasks that are written as v1alpha2",
            ),
            (
                |it| {
                    it["rules"][0]["apiVersions"] = json!(["v1"]);
                    it["matchPolicy"] = json!("Equivalent");
                },
                "has apiVersions [v1], and kelos.dev is served as v1alpha2 and v1alpha1: the API server never asks",
            ),
        ];
        assert_told(&table);
    }

    #[test]
    fn selectors_and_conditions_that_leave_objects_out_are_told_exactly() {
        fn requires(webhook: &mut Value, requirement: Value) {
            webhook["objectSelector"] = json!({"matchExpressions": [requirement]});
        }
        fn condition(webhook: &mut Value, expression: &str) {
            webhook["matchConditions"] = json!([{"name": "mine", "expression": expression}]);
        }
        let table: [(Change, &str); 7] = [
            (
                |it| {
                    requires(
                        it,
                        json!({"key": "kelos.dev/taskspawner", "operator": "DoesNotExist"}),
                    )
                },
                "has an objectSelector that wants `!kelos.dev/taskspawner`, which the chart's does not: the API server does not ask at CREATE of tasks that are otherwise",
            ),
            (
                |it| it["objectSelector"] = json!({"matchLabels": {"team": "x"}}),
                "has an objectSelector that wants `team in (x)`, which the chart's does not: the API server does not ask at CREATE of tasks that are otherwise",
            ),
            (|it| condition(it, " false\n"), "has a matchCondition mine that never holds: `false`"),
            (
                |it| condition(it, "a ==\n 1"),
                "has a matchCondition mine that is not the chart's, and is not judged: `a == 1`",
            ),
            (
                |it| requires(it, json!({"key": "a", "operator": "Gt", "values": ["1"]})),
                "has an objectSelector that wants `a Gt (1)`, which is not judged",
            ),
            (
                |it| it["clientConfig"] = json!({"url": "https://h:9443/x"}),
                "has url https://h:9443/x, and whether that leads to /mutate-task is not known",
            ),
            (
                |it| it["clientConfig"] = json!({"url": "no url"}),
                "has url no url, and whether that leads to /mutate-task is not known",
            ),
        ];
        assert_told(&table);
    }

    #[test]
    fn what_differs_and_leaves_nothing_out_is_no_fault() {
        let changes: [Change; 6] = [
            |_| {},
            |it| it["rules"][0] = json!({"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"], "operations": ["*"]}),
            |it| it["rules"][0]["apiVersions"] = json!(["v1alpha1", "v1alpha2"]),
            |it| it["matchConditions"] = json!([{"name": "all", "expression": "true"}]),
            |it| it["objectSelector"] = json!({"matchExpressions": [{"key": "metadata.kelos.dev/injection", "operator": "NotIn", "values": ["disabled"]}]}),
            |it| {
                let ours: OurWebhook = it["name"].as_str().unwrap().parse().unwrap();
                let path = ours.path();
                it["clientConfig"] = json!({"url": format!("https://h:9443{path}")});
            },
        ];
        for ours in OurWebhook::ALL {
            for change in changes {
                assert_eq!(faults(ours, change), Faults::default());
            }
        }
        // Objects of other versions are converted; there are no Sessions in this one.
        let of_one: Change = |it| {
            it["rules"][0]["apiVersions"] = json!(["v1alpha1"]);
            it["matchPolicy"] = json!(null);
        };
        for (ours, is_wrong) in
            [(OurWebhook::Task, false), (OurWebhook::Spawner, false), (OurWebhook::Session, true)]
        {
            assert_eq!(!faults(ours, of_one).wrong.is_empty(), is_wrong, "{ours}");
        }
        let of_sessions: Change = |it| it["rules"][0]["apiVersions"] = json!(["v1alpha2"]);
        assert_eq!(faults(OurWebhook::Session, of_sessions), Faults::default());
    }

    #[test]
    fn versions_are_not_judged_where_nobody_knows_which_are_served() {
        let rules = json!([{"apiGroups": ["*"], "apiVersions": ["v1alpha1"], "resources": ["tasks"], "operations": ["*"]}]);
        let service = json!({"path": "/mutate-task"});
        let webhook = json!({"clientConfig": {"service": service}, "rules": rules});
        let webhook: Webhook = serde_json::from_value(webhook).unwrap();
        let found = webhook.faults(OurWebhook::Task, &[]);
        let said = "has apiVersions [v1alpha1], and in which ones kelos.dev is served is not known";
        assert_eq!((found.wrong.len(), &*found.unknown), (0, &[said.to_owned()][..]));
    }
}

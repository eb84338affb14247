//! The switches of Namespaces.

use super::asking::Asking;
use super::{Found, Report, Topic, UNREAD_HINT};
use crate::cluster::Resource;
use crate::commands::counted::counted;
use crate::commands::registrations::again;
use crate::engine::kelos::{INJECTION_SETTING, Injection, Namespace, StringMap};
use crate::registration::{Requirement, Selector, Verdict};

/// The most Namespaces that are named in a line.
const MOST_NAMED: usize = 5;

/// What the switches of the cluster say.
#[derive(Debug)]
struct Switches<'s> {
    /// Which Namespaces the registration is about; nothing for all.
    selector: Option<&'s Selector>,
    /// Whether the registration could not be read.
    is_unread: bool,
    /// Whether the registration is the chart's.
    is_of_chart: bool,
    namespaces: &'s [Namespace],
}

impl Switches<'_> {
    /// What the registration makes of a Namespace with these labels.
    fn verdict(&self, name: &str, labels: &StringMap) -> Verdict {
        self.selector.map_or(Verdict::Selects, |it| it.of_namespace(name, Some(labels)))
    }

    /// What a Namespace gets: what the API server does not ask about is as good as off.
    fn injection(&self, namespace: &Namespace) -> Injection {
        let metadata = &namespace.metadata;
        match self.verdict(&metadata.name, &metadata.labels) {
            Verdict::Misses { .. } => Injection::Disabled,
            Verdict::Selects | Verdict::Unknown(_) => namespace.injection(),
        }
    }

    fn count(&self, injection: Injection) -> usize {
        self.namespaces.iter().filter(|it| self.injection(it) == injection).count()
    }

    /// Which Namespaces are served, as the registration says it: by what it makes of one without labels.
    fn rule(&self) -> String {
        if self.is_unread {
            return "which Namespaces are served is not known, and by their labels alone"
                .to_owned();
        }
        match self.verdict("", &StringMap::default()) {
            Verdict::Misses { requirement, .. } if requirement.key == INJECTION_SETTING => {
                "only Namespaces that say so are served".to_owned()
            }
            Verdict::Misses { requirement, .. } => {
                format!("only Namespaces with `{requirement}` are served")
            }
            Verdict::Selects | Verdict::Unknown(_) => {
                "all Namespaces are served that do not say otherwise".to_owned()
            }
        }
    }

    /// What the registration wants of Namespaces, not as the chart, and none has; nothing if there is no such thing.
    fn unmet(&self) -> Option<Requirement> {
        let beyond = self.selector?.beyond_the_chart();
        let mut missed = self.namespaces.iter().map(|it| {
            match beyond.of_namespace(&it.metadata.name, Some(&it.metadata.labels)) {
                Verdict::Misses { requirement, .. } => Some(requirement),
                Verdict::Selects | Verdict::Unknown(_) => None,
            }
        });
        let first = missed.next()??;
        missed.all(|it| it.is_some()).then_some(first)
    }

    fn judge(&self, report: &mut Report) {
        let unknown: Vec<&Namespace> =
            self.namespaces.iter().filter(|it| it.has_unknown_switch()).collect();
        if let Some(first) = unknown.first() {
            let shown = unknown.iter().take(MOST_NAMED).map(|it| {
                format!("{} (`{}`)", it.metadata.name, it.injection_word().unwrap_or_default())
            });
            let mut names = shown.collect::<Vec<_>>().join(", ");
            if unknown.len() > MOST_NAMED {
                names.push_str(&format!(" and {} more", unknown.len() - MOST_NAMED));
            }
            let counts = match self.injection(first) {
                _ if self.is_unread => "`audit`, or as off where Namespaces opt in",
                Injection::Disabled => "off",
                _ => "`audit`",
            };
            let text = format!(
                "{} with a value of {INJECTION_SETTING} that is not known, which counts as {counts}: {names}",
                counted(unknown.len(), "Namespace")
            );
            let name = &first.metadata.name;
            let hint = format!(
                "kubectl label namespace {name} {INJECTION_SETTING}=enabled --overwrite (or disabled, or audit)"
            );
            report.bad(Topic::Switches, text, hint);
            return;
        }
        let [on, off, audit] =
            [Injection::Enabled, Injection::Disabled, Injection::Audit].map(|it| self.count(it));
        let text = format!("{}: on in {on}, off in {off}, audit in {audit}", self.rule());
        if self.is_unread {
            report.not_judged(Topic::Switches, text, UNREAD_HINT);
        } else if on + audit > 0 {
            report.good(Topic::Switches, text);
        } else if let Some(unmet) = self.unmet() {
            let text = format!(
                "{text}: the namespaceSelector of the registration wants `{unmet}`, which the chart's does not, and no \
                 Namespace has it: no Task is asked about"
            );
            report.bad(Topic::Switches, text, again(self.is_of_chart));
        } else {
            let hint =
                format!("kubectl label namespace NAME {INJECTION_SETTING}=enabled --overwrite");
            report.not_judged(Topic::Switches, format!("{text}: no Task is asked about"), hint);
        }
    }
}

/// Judges the switches of all Namespaces; gives these, if they could be read.
pub(super) async fn judge(
    asking: &Asking,
    found: &Found,
    report: &mut Report,
) -> Option<Vec<Namespace>> {
    let (tasks, is_unread) = (found.tasks(), found.is_unread);
    if tasks.is_none() && !is_unread {
        return None;
    }
    let selector = tasks.and_then(|it| it.webhook.namespace_selector());
    match asking.list(&Resource::NAMESPACES, None, None).await {
        Ok(all) => {
            let namespaces = all.into_iter().filter_map(|it| serde_json::from_value(it).ok());
            let namespaces: Vec<Namespace> = namespaces.collect();
            let is_of_chart = tasks.is_some_and(|it| it.is_of_chart);
            Switches { selector, is_unread, is_of_chart, namespaces: &namespaces }.judge(report);
            Some(namespaces)
        }
        Err(why) => {
            report.refused(Topic::Switches, "the switches of Namespaces", &why);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// What is said of these Namespaces, by their words, where the registration has this selector.
    fn judged(selector: Value, words: &[(&str, Option<&str>)]) -> String {
        let namespaces = words.iter().map(|(name, word)| {
            let labels = word.map(|word| json!({ INJECTION_SETTING: word }));
            serde_json::from_value(json!({"metadata": {"name": name, "labels": labels}})).unwrap()
        });
        let namespaces: Vec<Namespace> = namespaces.collect();
        let selector: Option<Selector> = serde_json::from_value(selector).unwrap();
        let mut report = Report::default();
        let selector = selector.as_ref();
        let (is_unread, is_of_chart, namespaces) = (false, true, &namespaces[..]);
        Switches { selector, is_unread, is_of_chart, namespaces }.judge(&mut report);
        report.to_string()
    }

    const NAMESPACES: [(&str, Option<&str>); 5] = [
        ("a", None),
        ("b", Some("enabled")),
        ("c", Some("disabled")),
        ("d", Some("audit")),
        ("kube-system", None),
    ];

    const NAME: &str = "kubernetes.io/metadata.name";

    #[test]
    fn namespaces_are_counted_as_the_registration_selects_them() {
        let excluded = json!({"key": NAME, "operator": "NotIn", "values": ["kube-system"]});
        let out = json!({"matchExpressions": [
            {"key": INJECTION_SETTING, "operator": "NotIn", "values": ["disabled"]}, excluded]});
        let opt_out = judged(out, &NAMESPACES);
        assert!(opt_out.contains("otherwise: on in 2, off in 2, audit in 1"), "{opt_out}");
        let into = json!({"matchExpressions": [
            {"key": INJECTION_SETTING, "operator": "In", "values": ["enabled", "audit"]}]});
        let opt_in = judged(into, &NAMESPACES);
        assert!(opt_in.contains("say so are served: on in 1, off in 3, audit in 1"), "{opt_in}");
        let named = json!({"matchLabels": {NAME: "b"}});
        let named = judged(named, &NAMESPACES);
        let only = "only Namespaces with `kubernetes.io/metadata.name in (b)` are served: on in 1, off in 4, audit in 0";
        assert!(named.contains(only), "{named}");
        let all = judged(Value::Null, &NAMESPACES);
        assert!(all.contains("on in 3, off in 1, audit in 1"), "{all}");
    }

    #[test]
    fn that_no_namespace_is_served_is_bad_only_where_it_is_not_by_their_switches() {
        let wants = |requirement: Value| json!({ "matchExpressions": [requirement] });
        let into = wants(
            json!({"key": INJECTION_SETTING, "operator": "In", "values": ["enabled", "audit"]}),
        );
        let nobody = judged(into, &[("a", None), ("b", Some("disabled"))]);
        assert!(nobody.starts_with("? switches: only Namespaces that say so are served: on in 0"));
        assert!(nobody.contains(": no Task is asked about\n  → kubectl label namespace NAME "));
        for (selector, requirement) in [
            (json!({"matchLabels": {"team": "x"}}), "team in (x)"),
            (wants(json!({"key": NAME, "operator": "In", "values": ["gone"]})), "in (gone)"),
            (
                wants(json!({"key": INJECTION_SETTING, "operator": "In", "values": ["on"]})),
                "injection in (on)",
            ),
            (wants(json!({"key": NAME, "operator": "DoesNotExist"})), "`!kubernetes.io/"),
        ] {
            let none = judged(selector, &NAMESPACES);
            assert!(none.starts_with("✗ switches: ") && none.contains(requirement), "{none}");
            assert!(none.contains("no Namespace has it: no Task is asked about"), "{none}");
        }
    }

    #[test]
    fn where_the_registration_is_not_known_the_words_of_namespaces_are_told_and_no_more() {
        let judged = |word: &str| {
            let labels = json!({ INJECTION_SETTING: word });
            let namespace = json!({"metadata": {"name": "a", "labels": labels}});
            let namespaces = [serde_json::from_value(namespace).unwrap()];
            let mut report = Report::default();
            let (selector, is_unread, is_of_chart) = (None, true, false);
            let switches = Switches { selector, is_unread, is_of_chart, namespaces: &namespaces };
            switches.judge(&mut report);
            report.to_string()
        };
        let known = judged("audit");
        assert!(known.starts_with("? switches: which Namespaces are served is not known, "));
        assert!(known.contains("alone: on in 0, off in 0, audit in 1\n  → ask as "), "{known}");
        let unknown = judged("x");
        assert!(unknown.contains("counts as `audit`, or as off where Namespaces opt in: a (`x`)"));
    }

    #[test]
    fn a_value_that_is_not_known_is_bad_and_named() {
        let report = judged(Value::Null, &[("a", Some("Disabled")), ("b", None)]);
        assert!(report.starts_with("✗ switches: 1 Namespace with a value"), "{report}");
        assert!(
            report.contains("counts as `audit`: a (`Disabled`)\n  → kubectl label namespace a ")
        );
        let many = ["1", "2", "3", "4", "5", "6", "7"].map(|name| (name, Some("x")));
        assert!(judged(Value::Null, &many).contains("5 (`x`) and 2 more"));
    }
}

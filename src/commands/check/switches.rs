//! The switches of Namespaces.

use super::asking::Asking;
use super::{Registered, Report, Topic};
use crate::cluster::Resource;
use crate::commands::counted::counted;
use crate::engine::kelos::{INJECTION_SETTING, Injection, Namespace, StringMap};
use crate::registration::{Selector, Verdict};

/// The most Namespaces that are named in a line.
const MOST_NAMED: usize = 5;

/// What the switches of the cluster say.
#[derive(Debug)]
struct Switches<'s> {
    /// Which Namespaces the registration is about; nothing for all.
    selector: Option<&'s Selector>,
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
            let is_off = self.injection(first) == Injection::Disabled;
            let counts = if is_off { "off" } else { "`audit`" };
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
        let rule = self.rule();
        report.good(Topic::Switches, format!("{rule}: on in {on}, off in {off}, audit in {audit}"));
    }
}

/// Judges the switches of all Namespaces; gives these, if they could be read.
pub(super) async fn judge(
    asking: &Asking,
    tasks: Option<&Registered>,
    report: &mut Report,
) -> Option<Vec<Namespace>> {
    let selector = tasks.and_then(|it| it.webhook.namespace_selector());
    match asking.list(&Resource::NAMESPACES, None, None).await {
        Ok(all) => {
            let namespaces = all.into_iter().filter_map(|it| serde_json::from_value(it).ok());
            let namespaces: Vec<Namespace> = namespaces.collect();
            Switches { selector, namespaces: &namespaces }.judge(report);
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
        Switches { selector: selector.as_ref(), namespaces: &namespaces }.judge(&mut report);
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

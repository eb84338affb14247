//! The switches of Namespaces.

use serde_json::Value;

use super::asking::{Asking, list, text};
use super::{Registered, Report, Topic, count};
use crate::cluster::Resource;
use crate::engine::kelos::INJECTION_SETTING;

/// The most Namespaces that are named in a line.
const MOST_NAMED: usize = 5;

/// The label by which a selector names a Namespace.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// What the switches of the cluster say.
#[derive(Debug, Default)]
struct Switches {
    /// Whether only Namespaces that say so are served.
    is_opt_in: bool,
    /// Namespaces that are never served.
    excluded: Vec<String>,
    /// The value of each Namespace that is known; no value where it has none.
    values: Vec<(String, Option<String>)>,
}

/// What a Namespace gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Switch {
    On,
    Off,
    Audit,
    /// The value is none that there is.
    Unknown,
}

impl Switches {
    /// How the selector of a registration reads.
    fn of_selector(selector: &Value) -> Switches {
        let mut switches = Switches::default();
        for requirement in list(selector, "/matchExpressions") {
            match (text(requirement, "/key"), text(requirement, "/operator")) {
                (INJECTION_SETTING, "In" | "Exists") => switches.is_opt_in = true,
                (NAME_LABEL, "NotIn") => {
                    let names = list(requirement, "/values").iter().filter_map(Value::as_str);
                    switches.excluded.extend(names.map(str::to_owned));
                }
                _ => {}
            }
        }
        switches
    }

    fn switch(&self, name: &str, value: Option<&str>) -> Switch {
        match value {
            Some("disabled") => Switch::Off,
            Some("enabled" | "audit") | None if self.excluded.iter().any(|it| it == name) => {
                Switch::Off
            }
            Some("enabled") => Switch::On,
            Some("audit") => Switch::Audit,
            Some(_) => Switch::Unknown,
            None if self.is_opt_in => Switch::Off,
            None => Switch::On,
        }
    }

    fn count(&self, switch: Switch) -> usize {
        self.values.iter().filter(|(name, it)| self.switch(name, it.as_deref()) == switch).count()
    }

    /// The Namespaces with a value that is none, with it.
    fn unknown(&self) -> impl Iterator<Item = String> + '_ {
        let unknown = |(name, value): &&(String, Option<String>)| {
            self.switch(name, value.as_deref()) == Switch::Unknown
        };
        let named = self.values.iter().filter(unknown);
        named.map(|(name, value)| format!("{name} (`{}`)", value.as_deref().unwrap_or_default()))
    }

    fn judge(&self, report: &mut Report) {
        let unknown: Vec<String> = self.unknown().collect();
        if let Some(first) = unknown.first() {
            let shown = unknown.iter().take(MOST_NAMED).map(String::as_str);
            let mut names = shown.collect::<Vec<_>>().join(", ");
            if unknown.len() > MOST_NAMED {
                names.push_str(&format!(" and {} more", unknown.len() - MOST_NAMED));
            }
            let counts = if self.is_opt_in { "off" } else { "`audit`" };
            let text = format!(
                "{} with a value of {INJECTION_SETTING} that is not known, which counts as {counts}: {names}",
                count(unknown.len(), "Namespace")
            );
            let name = first.split(' ').next().unwrap_or_default();
            let hint = format!(
                "kubectl label namespace {name} {INJECTION_SETTING}=enabled --overwrite (or disabled, or audit)"
            );
            report.bad(Topic::Switches, text, hint);
            return;
        }
        let [on, off, audit] = [Switch::On, Switch::Off, Switch::Audit].map(|it| self.count(it));
        let rule = match self.is_opt_in {
            true => "only Namespaces that say so are served",
            false => "all Namespaces are served that do not say otherwise",
        };
        report.good(Topic::Switches, format!("{rule}: on in {on}, off in {off}, audit in {audit}"));
    }
}

/// Judges the switches of all Namespaces.
pub(super) async fn judge(asking: &Asking, tasks: Option<&Registered>, report: &mut Report) {
    let selector = tasks.map(|it| &it.namespace_selector).unwrap_or(&Value::Null);
    match asking.list(&Resource::NAMESPACES, None, None).await {
        Ok(all) => {
            let values = all.iter().map(value).collect();
            Switches { values, ..Switches::of_selector(selector) }.judge(report);
        }
        Err(why) => report.refused(Topic::Switches, "the switches of Namespaces", &why),
    }
}

fn value(namespace: &Value) -> (String, Option<String>) {
    let labels = namespace.pointer("/metadata/labels");
    let value = labels.and_then(|it| it.get(INJECTION_SETTING)).and_then(Value::as_str);
    (text(namespace, "/metadata/name").to_owned(), value.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn switches(selector: Value, values: &[(&str, Option<&str>)]) -> Switches {
        let values = values.iter().map(|(name, it)| ((*name).to_owned(), it.map(str::to_owned)));
        Switches { values: values.collect(), ..Switches::of_selector(&selector) }
    }

    fn judged(switches: &Switches) -> String {
        let mut report = Report::default();
        switches.judge(&mut report);
        report.to_string()
    }

    const NAMESPACES: [(&str, Option<&str>); 5] = [
        ("a", None),
        ("b", Some("enabled")),
        ("c", Some("disabled")),
        ("d", Some("audit")),
        ("kube-system", None),
    ];

    #[test]
    fn namespaces_are_counted_as_the_registration_selects_them() {
        let excluded = json!({"key": NAME_LABEL, "operator": "NotIn", "values": ["kube-system"]});
        let out = json!({"matchExpressions": [
            {"key": INJECTION_SETTING, "operator": "NotIn", "values": ["disabled"]}, excluded]});
        let opt_out = switches(out, &NAMESPACES);
        assert!(judged(&opt_out).contains(": on in 2, off in 2, audit in 1"), "{opt_out:?}");
        let into = json!({"matchExpressions": [
            {"key": INJECTION_SETTING, "operator": "In", "values": ["enabled", "audit"]}]});
        let opt_in = switches(into, &NAMESPACES);
        assert!(judged(&opt_in).contains("say so are served: on in 1, off in 3, audit in 1"));
    }

    #[test]
    fn a_value_that_is_not_known_is_bad_and_named() {
        let report = judged(&switches(Value::Null, &[("a", Some("Disabled")), ("b", None)]));
        assert!(report.starts_with("✗ switches: 1 Namespace with a value"), "{report}");
        assert!(
            report.contains("counts as `audit`: a (`Disabled`)\n  → kubectl label namespace a ")
        );
        let many = ["1", "2", "3", "4", "5", "6", "7"].map(|name| (name, Some("x")));
        assert!(judged(&switches(Value::Null, &many)).contains("5 (`x`) and 2 more"));
    }
}

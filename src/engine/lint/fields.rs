//! Fields that Kelos does not have, or that are not there: what the API server drops or refuses, told before it is
//! asked.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Lint;
use super::finding::{Field, Finding, Rule, Severity, Step, shortened};
use super::known_fields::{
    Api, Below, Known, SESSION_SPAWNER, TASK_SPAWNER, WHEN, WHEN_OF_SESSIONS,
};
use crate::engine::kelos::Shape;
use crate::engine::kelos::{GROUP, KNOWN, group_of};
use crate::engine::simulate::KelosVersion;
use crate::templates::suggest::{closest, slip};

/// The most fields that are told; more nobody misspells in one object.
const MOST: usize = 32;

/// The versions of the API, the best one first.
const VERSIONS: [&str; 2] = ["v1alpha2", "v1alpha1"];

pub(super) fn look(lint: &mut Lint<'_>, json: &str) {
    let head: Head = serde_json::from_str(json).unwrap_or_default();
    object_type(lint, &head);
    let api = match head.api_version.as_deref().and_then(|it| it.split('/').nth(1)) {
        Some("v1alpha1") => Api::V1alpha1,
        _ if lint.around.kelos == KelosVersion::V0_24 => Api::V1alpha1,
        _ => Api::V1alpha2,
    };
    let root = match lint.makes {
        Shape::Task => TASK_SPAWNER,
        Shape::Session => SESSION_SPAWNER,
    };
    let (kelos, silent) = (lint.around.kelos, lint.silent.clone());
    let mut search = Search {
        kelos,
        api,
        root,
        silent,
        way: Vec::new(),
        findings: Vec::new(),
        lacks_fields: false,
    };
    let mut json = serde_json::Deserializer::from_str(json);
    // What is no object was told when it was read.
    let _ = Node { fields: root, search: &mut search }.deserialize(&mut json);
    search.findings.into_iter().for_each(|finding| lint.add(finding));
    if !search.lacks_fields {
        no_source(lint);
    }
}

/// What an object says that it is.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Head<'h> {
    #[serde(borrow)]
    api_version: Option<Cow<'h, str>>,
    #[serde(borrow)]
    kind: Option<Cow<'h, str>>,
}

/// Whether some Kelos serves objects of this type.
fn object_type(lint: &mut Lint<'_>, head: &Head<'_>) {
    let is_first = lint.around.kelos == KelosVersion::V0_24;
    let wrong = |field: &str, written: &str, meant: &str, text: String| {
        Finding::new(Rule::ObjectType, Severity::Error, Field::of(&[field]), text)
            .help(format!("write `{meant}`"))
            .fix(0..written.len(), meant)
    };
    if let Some(kind) = head.kind.as_deref().filter(|kind| **kind != *lint.makes.spawner()) {
        let text = format!("there is no kind `{kind}`: the API server refuses it");
        lint.add(wrong("kind", kind, lint.makes.spawner(), text));
    }
    let Some(written) = head.api_version.as_deref() else { return };
    let version = written.split_once('/').map_or("", |(_, version)| version);
    let served: &[&str] = match (is_first, lint.is_session()) {
        (true, true) => &[],
        (true, false) => &VERSIONS[1..],
        (false, true) => &VERSIONS[..1],
        (false, false) => &VERSIONS,
    };
    let Some(best) = served.first() else {
        let text = "Kelos v0.24 has no SessionSpawners".to_owned();
        let field = Field::of(&["kind"]);
        return lint.add(
            Finding::new(Rule::ObjectType, Severity::Error, field, text)
                .help("they came with Kelos v0.48"),
        );
    };
    if group_of(written) == GROUP && served.contains(&version) {
        return;
    }
    let meant = if served.contains(&version) { version } else { best };
    let whose = if is_first { "Kelos v0.24" } else { "Kelos" };
    let text = format!(
        "{whose} serves no {} as `{written}`: the API server refuses it",
        lint.makes.spawner()
    );
    lint.add(wrong("apiVersion", written, &format!("{GROUP}/{meant}"), text));
}

/// Whether there is a source at all.
fn no_source(lint: &mut Lint<'_>) {
    let when = &lint.view.spec.when;
    let is_first = lint.around.kelos == KelosVersion::V0_24;
    if when.has_polled() || (when.has_served() && !is_first) {
        return;
    }
    let sources = match lint.makes {
        Shape::Task => WHEN,
        // That v0.24 has none of them was told of the kind.
        Shape::Session if is_first => return,
        Shape::Session => WHEN_OF_SESSIONS,
    };
    let names = sources.iter().filter(|it| !is_first || it.since <= 24).map(|it| it.name);
    let help = match names.collect::<Vec<_>>().as_slice() {
        [only] => format!("write {only}"),
        names => format!("write one of {}", names.join(", ")),
    };
    let text = format!("it has no source: Kelos makes no {}", lint.product());
    let field = Field::of(&["spec", "when"]);
    let finding = Finding::new(Rule::NoSource, Severity::Error, field, text);
    lint.add(finding.about_key().help(help));
}

/// A search for fields that are not known, or not there.
struct Search {
    kelos: KelosVersion,
    api: Api,
    root: &'static [Known],
    /// The rules that nothing is told of.
    silent: BTreeSet<Rule>,
    way: Vec<Step>,
    findings: Vec<Finding>,
    /// Whether a field is not there that has to be.
    lacks_fields: bool,
}

/// An object with these fields, or a list of such.
struct Node<'s> {
    fields: &'static [Known],
    search: &'s mut Search,
}

impl Search {
    /// Whether this Kelos, in this version of its API, has the field.
    fn has(&self, field: &Known) -> bool {
        let is_there = self.kelos != KelosVersion::V0_24 || field.since <= 24;
        is_there && field.only.is_none_or(|only| only == self.api)
    }

    fn here(&self) -> Field {
        Field(self.way.clone())
    }

    /// Whether another finding of a rule would be told.
    fn tells(&self, rule: Rule) -> bool {
        self.findings.len() < MOST && !self.silent.contains(&rule)
    }

    /// Tells of a key that is no field here. `others` are the keys beside it.
    fn unknown(&mut self, key: &str, fields: &'static [Known], others: &BTreeSet<String>) {
        let rule = Rule::UnknownField;
        if !self.tells(rule) {
            return;
        }
        let field = self.here().key(key);
        if let Some(known) = fields.iter().find(|it| it.name == key) {
            let (text, help) = self.not_in_this_version(known);
            let finding = Finding::new(rule, Severity::Warning, field, text);
            return self.findings.push(finding.about_key().help(help));
        }
        let names = fields.iter().filter(|it| self.has(it)).map(|it| it.name);
        let names: Vec<&str> = names.collect();
        let Some((meant, is_exact)) = slip(key, names.iter().copied()) else {
            let text = format!(
                "there is no field `{}` ({KNOWN}): the API server drops or refuses it",
                shortened(key)
            );
            // It may be one of a later Kelos, unless it is known to stand elsewhere.
            let (severity, help) = match elsewhere(self.root, key) {
                Some(way) => (Severity::Warning, format!("it belongs to {way}")),
                None => (Severity::Info, format!("there are {}", names.join(", "))),
            };
            let finding = Finding::new(rule, severity, field, text);
            return self.findings.push(finding.about_key().help(help));
        };
        let known = fields.iter().find(|it| it.name == meant);
        let is_there = others.contains(meant);
        let is_refused = !is_there && known.is_some_and(|it| it.is_required);
        let severity = if is_refused { Severity::Error } else { Severity::Warning };
        let text = format!("there is no field `{key}`: the API server drops or refuses it");
        let help = match is_there {
            true => format!("`{meant}` is there, too: take this one out"),
            false => format!("did you mean `{meant}`?"),
        };
        let finding = Finding::new(rule, severity, field, text).about_key().help(help);
        self.findings.push(match is_exact && !is_there {
            true => finding.fix(0..key.len(), meant),
            false => finding,
        });
    }

    /// Why a field of another version is none here, and what to do.
    fn not_in_this_version(&self, known: &Known) -> (String, String) {
        let name = known.name;
        if self.kelos == KelosVersion::V0_24 && known.since > 24 {
            let text = format!("Kelos v0.24 has no field `{name}`: the API server drops it");
            return (text, format!("Kelos v0.{} and later have it", known.since));
        }
        let (this, other) = match self.api {
            Api::V1alpha1 => ("v1alpha1", "v1alpha2"),
            Api::V1alpha2 => ("v1alpha2", "v1alpha1"),
        };
        let text = format!("{this} has no field `{name}`: the API server drops or refuses it");
        let help = match (self.api, name) {
            (Api::V1alpha2, "agentConfigRef") => "write a list, `agentConfigRefs`".to_owned(),
            (Api::V1alpha2, "triggerComment" | "excludeComments") => {
                format!("write it below `commentPolicy`, as `commentPolicy.{name}`")
            }
            (Api::V1alpha2, "pollInterval") => {
                "write it below the source, as in `githubIssues.pollInterval`".to_owned()
            }
            _ => format!("only {GROUP}/{other} has it"),
        };
        (text, help)
    }

    /// Tells of what has to be there and is not. What was misspelled was told.
    fn missing(&mut self, fields: &'static [Known], there: &BTreeSet<String>) {
        if self.lacks_fields && !self.tells(Rule::MissingField) {
            return;
        }
        for field in fields.iter().filter(|it| it.is_required && !there.contains(it.name)) {
            let is_misspelled = there.iter().any(|key| {
                let is_known = fields.iter().any(|it| it.name == *key);
                !is_known && closest(key, fields.iter().map(|it| it.name)) == Some(field.name)
            });
            if is_misspelled {
                continue;
            }
            self.lacks_fields = true;
            if !self.tells(Rule::MissingField) {
                return;
            }
            let text = format!("`{}` is missing: the API server refuses the object", field.name);
            let finding =
                Finding::new(Rule::MissingField, Severity::Error, self.here(), text).about_key();
            self.findings.push(finding.help(format!("add `{}`", field.name)));
        }
    }
}

/// The field in which a name stands elsewhere.
fn elsewhere(root: &'static [Known], name: &str) -> Option<String> {
    let mut open: Vec<(String, &'static [Known])> = vec![(String::new(), root)];
    let mut found = Vec::new();
    while let Some((way, fields)) = open.pop() {
        for field in fields {
            let below =
                if way.is_empty() { field.name.into() } else { format!("{way}.{}", field.name) };
            if field.name == name && !way.is_empty() {
                found.push(way.clone());
            }
            if let Below::Fields(fields) = field.below {
                open.push((below, fields));
            }
        }
    }
    // Of a name that many have nobody knows which one was meant.
    let [only] = found.as_slice() else { return None };
    Some(only.clone())
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Node { fields, search } = self;
        let mut there = BTreeSet::new();
        let mut unknown = Vec::new();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let known = fields.iter().find(|it| *it.name == *key);
            let Some(known) = known.filter(|it| search.has(it)) else {
                map.next_value::<IgnoredAny>()?;
                if unknown.len() < MOST {
                    there.insert(shortened(&key).into_owned());
                    unknown.push(shortened(&key).into_owned());
                }
                continue;
            };
            there.insert(known.name.to_owned());
            let (Below::Fields(below) | Below::List(below)) = known.below else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            search.way.push(Step::Key(known.name.into()));
            map.next_value_seed(Node { fields: below, search: &mut *search })?;
            search.way.pop();
        }
        for key in unknown {
            search.unknown(&key, fields, &there);
        }
        search.missing(fields, &there);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Node { fields, search } = self;
        for index in 0.. {
            search.way.push(Step::Item(index));
            let item = items.next_element_seed(Node { fields, search: &mut *search });
            search.way.pop();
            if item?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

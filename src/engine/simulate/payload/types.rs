//! The types of go-github that payloads are made of, and what a chain of fields and methods gives in them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::templates::go::forecast::ELEMENT;

/// The types that events are made of; `tests/go/oracles/githubtypes` prints them.
const TYPES: &str = include_str!("types.txt");

/// The type of an event; nothing for one that Kelos does not read.
pub(super) fn type_of(event: &str) -> Option<&'static str> {
    Some(match event {
        "issues" => "IssuesEvent",
        "issue_comment" => "IssueCommentEvent",
        "pull_request" => "PullRequestEvent",
        "pull_request_review" => "PullRequestReviewEvent",
        "pull_request_review_comment" => "PullRequestReviewCommentEvent",
        "push" => "PushEvent",
        "create" => "CreateEvent",
        "release" => "ReleaseEvent",
        "check_run" => "CheckRunEvent",
        _ => return None,
    })
}

/// A struct of go-github.
pub(super) struct Type {
    pub(super) fields: BTreeMap<&'static str, Field>,
    /// Its methods without arguments, but those that get a field.
    pub(super) methods: Vec<&'static str>,
}

#[derive(Clone, Copy)]
pub(super) struct Field {
    pub(super) json: &'static str,
    pub(super) type_name: &'static str,
    pub(super) has_getter: bool,
}

/// All of them, by their names.
pub(super) fn types() -> &'static BTreeMap<&'static str, Type> {
    static ALL: OnceLock<BTreeMap<&'static str, Type>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = BTreeMap::new();
        let mut name = "";
        for line in TYPES.lines() {
            let mut words = line.split(' ');
            match (words.next(), words.next(), words.next()) {
                (Some(field), Some(json), Some(type_name)) => {
                    let has_getter = words.next().is_some();
                    let of: &mut Type = all.entry(name).or_insert_with(Type::new);
                    of.fields.insert(field, Field { json, type_name, has_getter });
                }
                (Some(one), ..) => match one.strip_prefix('!') {
                    Some(method) => {
                        all.entry(name).or_insert_with(Type::new).methods.push(method);
                    }
                    None => name = one,
                },
                _ => {}
            }
        }
        all
    })
}

impl Type {
    fn new() -> Type {
        Type { fields: BTreeMap::new(), methods: Vec::new() }
    }

    /// The field that a method of this name gets.
    pub(super) fn got_by(&self, name: &str) -> Option<(&'static str, Field)> {
        let (of, field) = self.fields.get_key_value(name.strip_prefix("Get")?)?;
        field.has_getter.then_some((of, *field))
    }
}

/// What a chain of fields and methods gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum PayloadPart {
    /// A pointer to a struct, which has fields and methods.
    Struct,
    /// A pointer to what has none that are known.
    Pointer(Basic),
    /// That itself.
    Value(Basic),
    /// There is no field and no method of the last name.
    Missing,
    /// Nobody knows.
    Unknown,
}

/// What has no fields that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Basic {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// True or false.
    Switch,
    /// A list.
    List,
    /// A map by texts.
    Map,
    /// A moment.
    Moment,
}

/// A step of a chain, by its type in Go.
#[derive(Clone, Copy)]
struct Step {
    type_name: &'static str,
    is_method: bool,
}

/// What the payload of an event gives for a chain of names, and how many of the last ones are methods: they are also
/// there where what they are of is nothing.
pub(in crate::engine) fn payload_part(event: &str, path: &[&str]) -> (PayloadPart, usize) {
    let name = type_of(event).and_then(|it| types().get_key_value(it));
    let Some((name, _)) = name else { return (PayloadPart::Unknown, 0) };
    let mut here = Step { type_name: name, is_method: false };
    let mut methods = 0;
    for name in path {
        here = match step(here.type_name, name) {
            Ok(next) => next,
            Err(part) => return (part, 0),
        };
        methods = if here.is_method { methods + 1 } else { 0 };
    }
    (basic(here), methods)
}

/// What a field or a method of something gives, or an element of it.
fn step(of: &'static str, name: &str) -> Result<Step, PayloadPart> {
    let plain = of.trim_start_matches('*');
    if name == ELEMENT {
        let element = plain.strip_prefix("[]").ok_or(PayloadPart::Unknown)?;
        return Ok(Step { type_name: element, is_method: false });
    }
    let known = match plain.strip_prefix("github.").unwrap_or(plain) {
        "Timestamp" => None,
        name => types().get(name),
    };
    let Some(known) = known else {
        let is_plain = matches!(plain, "string" | "int" | "int64" | "bool");
        return Err(if is_plain || plain.starts_with("[]") {
            PayloadPart::Missing
        } else {
            PayloadPart::Unknown
        });
    };
    if let Some((_, field)) = known.got_by(name) {
        let plain = field.type_name.trim_start_matches('*');
        let is_struct = plain.starts_with("github.") && plain != "github.Timestamp";
        // A struct stays behind its pointer.
        let type_name = if is_struct { field.type_name } else { plain };
        return Ok(Step { type_name, is_method: true });
    }
    match known.fields.get(name) {
        Some(field) => Ok(Step { type_name: field.type_name, is_method: false }),
        None if known.methods.contains(&name) => match name {
            "String" => Ok(Step { type_name: "string", is_method: true }),
            "IsPullRequest" => Ok(Step { type_name: "bool", is_method: true }),
            _ => Err(PayloadPart::Unknown),
        },
        None => Err(PayloadPart::Missing),
    }
}

fn basic(of: Step) -> PayloadPart {
    let plain = of.type_name.trim_start_matches('*');
    let basic = match plain {
        "string" => Basic::Text,
        "int" | "int64" => Basic::Number,
        "bool" => Basic::Switch,
        "github.Timestamp" => Basic::Moment,
        _ if plain.starts_with("[]") => Basic::List,
        _ if plain.starts_with("map[") => Basic::Map,
        _ if types().contains_key(plain.strip_prefix("github.").unwrap_or(plain)) => {
            return PayloadPart::Struct;
        }
        _ => return PayloadPart::Unknown,
    };
    if of.type_name.starts_with('*') {
        PayloadPart::Pointer(basic)
    } else {
        PayloadPart::Value(basic)
    }
}

/// The same chain by methods, if the payload has them all: they don't fail on nothing.
pub(in crate::engine) fn payload_getters(event: &str, path: &[&str]) -> Option<Vec<String>> {
    let mut here = type_of(event)?;
    let mut all = Vec::new();
    for name in path {
        let known = types().get(here.trim_start_matches('*').trim_start_matches("github."))?;
        let getter = match known.got_by(name) {
            Some(_) => (*name).to_owned(),
            None => format!("Get{name}"),
        };
        here = known.got_by(&getter)?.1.type_name;
        all.push(getter);
    }
    Some(all)
}

/// The names of fields that what a chain leads to has.
pub(in crate::engine) fn payload_fields(event: &str, path: &[&str]) -> Vec<&'static str> {
    let mut here = type_of(event).unwrap_or_default();
    for name in path {
        match step(here, name) {
            Ok(next) => here = next.type_name,
            Err(_) => return Vec::new(),
        }
    }
    let known = types().get(here.trim_start_matches('*').trim_start_matches("github."));
    known.map(|it| it.fields.keys().copied().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_gives_what_its_types_say() {
        let methods = |given, count| (given, count);
        let field = |given| (given, 0);
        for (event, chain, expected) in [
            ("issues", "Issue", field(PayloadPart::Struct)),
            ("issues", "GetIssue", methods(PayloadPart::Struct, 1)),
            ("issues", "Issue.State", field(PayloadPart::Pointer(Basic::Text))),
            ("issues", "Issue.GetState", methods(PayloadPart::Value(Basic::Text), 1)),
            ("issues", "Issue.Labels", field(PayloadPart::Value(Basic::List))),
            ("issues", "Issue.Labels.[].Name", field(PayloadPart::Pointer(Basic::Text))),
            ("issues", "Issue.Labels.Name", field(PayloadPart::Missing)),
            ("issues", "Issue.title", field(PayloadPart::Missing)),
            ("issues", "Issue.IsPullRequest", methods(PayloadPart::Value(Basic::Switch), 1)),
            ("issues", "Issue.CreatedAt", field(PayloadPart::Pointer(Basic::Moment))),
            ("issues", "Issue.CreatedAt.Year", field(PayloadPart::Unknown)),
            ("issues", "GetIssue.GetTitle.Foo", field(PayloadPart::Missing)),
            ("push", "HeadCommit.GetModified", field(PayloadPart::Missing)),
            ("push", "HeadCommit.Modified.[]", field(PayloadPart::Value(Basic::Text))),
            ("deployment", "Deployment", field(PayloadPart::Unknown)),
        ] {
            let names: Vec<&str> = chain.split('.').collect();
            assert_eq!(payload_part(event, &names), expected, "{chain}");
        }
    }

    #[test]
    fn a_chain_of_methods_is_told_only_where_all_of_them_are_there() {
        let chain = |event, chain: &str| {
            let names: Vec<&str> = chain.split('.').collect();
            payload_getters(event, &names).map(|it| it.join("."))
        };
        let milestone = chain("issues", "Issue.GetMilestone.Title");
        assert_eq!(milestone.as_deref(), Some("GetIssue.GetMilestone.GetTitle"));
        assert_eq!(chain("push", "HeadCommit.Modified"), None);
        assert_eq!(chain("push", "HeadCommit.Timestamp.Year"), None);
        assert_eq!(chain("deployment", "Deployment"), None);
    }
}

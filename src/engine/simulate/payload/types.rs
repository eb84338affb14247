//! The types of go-github that payloads are made of, and what a chain of fields and methods gives in them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use crate::templates::go::forecast::ELEMENT;

/// The types that events are made of; `tests/go/oracles/githubtypes` prints them.
const TYPES: &str = include_str!("types.txt");

/// The type of an event; nothing for one that Kelos does not read.
pub(super) fn type_of(event: &str) -> Option<&'static Of> {
    Some(match event {
        "issues" => &Of::Struct("IssuesEvent"),
        "issue_comment" => &Of::Struct("IssueCommentEvent"),
        "pull_request" => &Of::Struct("PullRequestEvent"),
        "pull_request_review" => &Of::Struct("PullRequestReviewEvent"),
        "pull_request_review_comment" => &Of::Struct("PullRequestReviewCommentEvent"),
        "push" => &Of::Struct("PushEvent"),
        "create" => &Of::Struct("CreateEvent"),
        "release" => &Of::Struct("ReleaseEvent"),
        "check_run" => &Of::Struct("CheckRunEvent"),
        _ => return None,
    })
}

/// A struct of go-github.
#[derive(Debug)]
pub(super) struct Type {
    pub(super) fields: BTreeMap<&'static str, Field>,
    /// Its methods without arguments, but those that get a field.
    pub(super) methods: Vec<&'static str>,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) json: &'static str,
    pub(super) of: GoType,
    pub(super) has_getter: bool,
}

/// A type of Go, or a pointer to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct GoType {
    pub(super) is_pointer: bool,
    pub(super) of: Of,
}

/// A type of Go that is no pointer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Of {
    Text,
    Number,
    Switch,
    Moment,
    List(Box<GoType>),
    /// A map by texts.
    Map(Box<GoType>),
    /// A struct of go-github, by its name.
    Struct(&'static str),
    /// Whatever JSON says.
    Any,
}

impl GoType {
    /// Reads a type as Go writes it.
    fn of(name: &'static str) -> GoType {
        let plain = name.trim_start_matches('*');
        let of = match plain {
            "string" => Of::Text,
            "int" | "int64" => Of::Number,
            "bool" => Of::Switch,
            "github.Timestamp" => Of::Moment,
            _ => {
                let list = plain.strip_prefix("[]").map(|of| Of::List(Box::new(GoType::of(of))));
                let map =
                    || Some(Of::Map(Box::new(GoType::of(plain.strip_prefix("map[string]")?))));
                let of_github = || plain.strip_prefix("github.").map(Of::Struct);
                list.or_else(map).or_else(of_github).unwrap_or(Of::Any)
            }
        };
        GoType { is_pointer: plain.len() < name.len(), of }
    }
}

impl fmt::Display for Of {
    /// As Go writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Of::Text => f.write_str("string"),
            Of::Number => f.write_str("int"),
            Of::Switch => f.write_str("bool"),
            Of::Moment => f.write_str("github.Timestamp"),
            Of::List(of) => write!(f, "[]{}", of.of),
            Of::Map(of) => write!(f, "map[string]{}", of.of),
            Of::Struct(name) => write!(f, "github.{name}"),
            Of::Any => f.write_str("any"),
        }
    }
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
                    let field_type = GoType::of(type_name);
                    of.fields.insert(field, Field { json, of: field_type, has_getter });
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
    pub(super) fn got_by(&self, name: &str) -> Option<(&'static str, &Field)> {
        let (of, field) = self.fields.get_key_value(name.strip_prefix("Get")?)?;
        field.has_getter.then_some((of, field))
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
    is_pointer: bool,
    of: &'static Of,
    is_method: bool,
}

impl Step {
    fn field(of: &'static GoType) -> Step {
        Step { is_pointer: of.is_pointer, of: &of.of, is_method: false }
    }

    fn method(of: &'static Of) -> Step {
        // A struct stays behind its pointer.
        Step { is_pointer: matches!(of, Of::Struct(_)), of, is_method: true }
    }
}

/// What the payload of an event gives for a chain of names, and how many of the last ones are methods: they are also
/// there where what they are of is nothing.
pub(in crate::engine) fn payload_part(event: &str, path: &[&str]) -> (PayloadPart, usize) {
    let Some(whole) = type_of(event) else { return (PayloadPart::Unknown, 0) };
    let mut here = Step { is_pointer: false, of: whole, is_method: false };
    let mut methods = 0;
    for name in path {
        here = match step(here.of, name) {
            Ok(next) => next,
            Err(part) => return (part, 0),
        };
        methods = if here.is_method { methods + 1 } else { 0 };
    }
    (part(here), methods)
}

/// What a field or a method of something gives, or an element of it.
fn step(of: &'static Of, name: &str) -> Result<Step, PayloadPart> {
    let known = match of {
        Of::List(element) if name == ELEMENT => return Ok(Step::field(element)),
        _ if name == ELEMENT => return Err(PayloadPart::Unknown),
        Of::Text | Of::Number | Of::Switch | Of::List(_) => return Err(PayloadPart::Missing),
        Of::Moment | Of::Map(_) | Of::Any => return Err(PayloadPart::Unknown),
        Of::Struct(struct_name) => types().get(struct_name).ok_or(PayloadPart::Unknown)?,
    };
    if let Some((_, field)) = known.got_by(name) {
        return Ok(Step::method(&field.of.of));
    }
    match known.fields.get(name) {
        Some(field) => Ok(Step::field(&field.of)),
        None if known.methods.contains(&name) => match name {
            "String" => Ok(Step::method(&Of::Text)),
            "IsPullRequest" => Ok(Step::method(&Of::Switch)),
            _ => Err(PayloadPart::Unknown),
        },
        None => Err(PayloadPart::Missing),
    }
}

fn part(Step { is_pointer, of, .. }: Step) -> PayloadPart {
    let basic = match of {
        Of::Text => Basic::Text,
        Of::Number => Basic::Number,
        Of::Switch => Basic::Switch,
        Of::Moment => Basic::Moment,
        Of::List(_) => Basic::List,
        Of::Map(_) => Basic::Map,
        Of::Struct(name) if types().contains_key(name) => return PayloadPart::Struct,
        Of::Struct(_) | Of::Any => return PayloadPart::Unknown,
    };
    if is_pointer { PayloadPart::Pointer(basic) } else { PayloadPart::Value(basic) }
}

/// The same chain by methods, if the payload has them all: they don't fail on nothing.
pub(in crate::engine) fn payload_getters(event: &str, path: &[&str]) -> Option<Vec<String>> {
    let mut here = type_of(event)?;
    let mut all = Vec::new();
    for name in path {
        let Of::Struct(struct_name) = here else { return None };
        let known = types().get(struct_name)?;
        let getter = match known.got_by(name) {
            Some(_) => (*name).to_owned(),
            None => format!("Get{name}"),
        };
        here = &known.got_by(&getter)?.1.of.of;
        all.push(getter);
    }
    Some(all)
}

/// The names of fields that what a chain leads to has.
pub(in crate::engine) fn payload_fields(event: &str, path: &[&str]) -> Vec<&'static str> {
    let Some(mut here) = type_of(event) else { return Vec::new() };
    for name in path {
        match step(here, name) {
            Ok(next) => here = next.of,
            Err(_) => return Vec::new(),
        }
    }
    let Of::Struct(name) = here else { return Vec::new() };
    types().get(name).map(|it| it.fields.keys().copied().collect()).unwrap_or_default()
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

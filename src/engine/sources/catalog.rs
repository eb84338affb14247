//! All sources of Kelos: which variables their Tasks have, and what else has a name.

use super::variable::{Class, Others, Table, Variable};
use super::{
    cron, generic_webhook, github_issues, github_pull_requests, github_webhook, jira,
    linear_webhook, manual, slack,
};
use crate::engine::kelos::{Shape, Source};
use crate::templates::ErrorKind;
use crate::templates::suggest::closest;

/// Of a source that came later, or of several in one TaskSpawner, nothing is taken for granted.
const UNKNOWN: Table = Table {
    name: "this source",
    variables: &[],
    others: Others::Anything,
    has_first_prompt: false,
};

/// All tables of Kelos's own sources, and that of a manual run.
const ALL: [&Table; 9] = [
    &github_issues::TABLE,
    &github_pull_requests::TABLE,
    &jira::TABLE,
    &cron::TABLE,
    &github_webhook::TABLE,
    &linear_webhook::TABLE,
    &generic_webhook::TABLE,
    &slack::TABLE,
    &manual::TABLE,
];

/// The variables that do not come from the source, beside that of the object itself.
const GROUPS: [&str; 5] = ["Annotations", "Spawner", "Workspace", "Namespace", "User"];
/// What `.Task` or `.Session` may have.
pub(in crate::engine) const TASK_FIELDS: [&str; 9] = [
    "Name",
    "GenerateName",
    "Namespace",
    "Type",
    "Model",
    "Effort",
    "Branch",
    "Labels",
    "Annotations",
];
/// Whether a variable of this name does not come from the source: `.Task` is a name as any other of a Session, and the
/// other way round.
pub(in crate::engine) fn is_group(shape: Shape, name: &str) -> bool {
    name == shape.group() || GROUPS.contains(&name)
}

/// What the annotations `kelos.dev/source-*` say, and what `contextSources` gave.
const COLLECTIONS: [&str; 2] = ["Source", "Context"];

impl Table {
    /// The table of a source.
    pub(in crate::engine) fn of(source: Source<'_>) -> &'static Table {
        match source {
            Source::GithubIssues(_) => &github_issues::TABLE,
            Source::GithubPullRequests(_) => &github_pull_requests::TABLE,
            Source::Jira(_) => &jira::TABLE,
            Source::Cron(_) => &cron::TABLE,
            Source::GithubWebhook(source) if !source.makes.has_context() => {
                &github_webhook::WITHOUT_CONTEXT
            }
            Source::GithubWebhook(_) => &github_webhook::TABLE,
            Source::LinearWebhook(_) => &linear_webhook::TABLE,
            Source::GenericWebhook(_) => &generic_webhook::TABLE,
            Source::Slack => &slack::TABLE,
            Source::Unknown | Source::Several => &UNKNOWN,
        }
    }

    /// The table of the source that is called so in `spec.when`; of another name, that of which nothing is known.
    pub(in crate::engine) fn named(name: &str) -> &'static Table {
        ALL.into_iter().find(|table| table.name == name).unwrap_or(&UNKNOWN)
    }

    /// The table of a Task of a source, which a person may have started.
    pub(in crate::engine) fn of_task(source: Source<'_>, is_manual: bool) -> &'static Table {
        match source {
            Source::Cron(_) if is_manual => &manual::SCHEDULE,
            _ if is_manual => &manual::TABLE,
            source => Table::of(source),
        }
    }

    /// Whether Tasks of the source can have a variable of this name.
    pub(in crate::engine) fn has(&self, name: &str) -> bool {
        let is_of_kelos = || ALL.iter().any(|table| table.find(name).is_some());
        self.find(name).is_some()
            || match self.others {
                Others::Context => name == "Context",
                Others::Nothing => false,
                Others::NewNames => !is_of_kelos(),
                Others::Anything => true,
            }
    }

    /// Whether a template of Kelos that asks for this name fails for every Task of the source. Of fields of any
    /// JSON, and of sources of which too little is known, nobody can tell; and what asks for a variable of a run by
    /// hand is meant for such runs.
    pub(in crate::engine) fn fails_on(&self, name: &str) -> bool {
        match self.others {
            Others::NewNames | Others::Anything => false,
            Others::Context if name == "Context" => false,
            Others::Context | Others::Nothing => {
                !self.find(name).is_some_and(|it| it.is_printed)
                    && manual::TABLE.find(name).is_none()
            }
        }
    }

    /// What a variable can be, written as `.Title` or `.Context.NAME`; nothing if the source has it not as
    /// a text or a number.
    pub(super) fn class(&self, name: &[&str]) -> Option<Class> {
        let name = match name {
            // What a context source gives is a text.
            ["Context", _] => return Some(Class::Anything),
            [name] => *name,
            _ => return None,
        };
        let is_structure = |variable: &Variable| variable.class.is_none();
        let of_any = || ALL.iter().find_map(|table| table.find(name));
        match self.find(name).or_else(of_any) {
            _ if name == "Context" => None,
            Some(variable) if is_structure(variable) => None,
            // Fields of any JSON, and sources of which too little is known.
            _ if matches!(self.others, Others::NewNames | Others::Anything) => {
                Some(Class::Anything)
            }
            Some(variable) => variable.class,
            None => Some(Class::Anything),
        }
    }
}

/// What a variable of this name can be, whatever the source; nothing if it is no text and no number, or no
/// source of Kelos has it.
pub(super) fn class_of_any(name: &str) -> Option<Class> {
    let tables = ALL.into_iter().chain([&manual::SCHEDULE]);
    tables.flat_map(Table::all).find(|variable| variable.name == name)?.class
}

/// Whether a variable may be as long as a page.
pub(in crate::engine) fn is_long(name: &str) -> bool {
    class_of_any(name) == Some(Class::Anything)
}

/// The sources that always have a variable of this name as a text or a number that Kelos prints, as they are
/// called in `spec.when`.
pub(in crate::engine) fn sources_with(name: &str) -> Vec<&'static str> {
    let of_kelos = ALL.into_iter().filter(|table| table.others != Others::Anything);
    let have = of_kelos.filter(|table| table.always_has(name) && table.class(&[name]).is_some());
    have.map(|table| table.name).collect()
}

/// Every name that Kelos or we give to a variable; `docs/variables.md` explains them.
fn vocabulary() -> impl Iterator<Item = &'static str> {
    let of_sources = ALL.into_iter().flat_map(|table| table.all()).map(|it| it.name);
    of_sources
        .chain(manual::SCHEDULE.all().map(|it| it.name))
        .chain(GROUPS)
        .chain(Shape::ALL.map(Shape::group))
        .chain(COLLECTIONS)
}

/// What was probably meant by a name in a template for which there is nothing: `.Titel`, `$.Titel.x`,
/// `titel`, or a function `title` that was called with nothing.
pub(in crate::engine) fn name_hint(kind: ErrorKind, written: &str) -> Option<String> {
    let path = written.trim_start_matches(['$', '.']);
    let name = path.split('.').next().unwrap_or_default();
    let rest = &path[name.len()..];
    let group = Shape::ALL.map(Shape::group).into_iter().find(|it| name.eq_ignore_ascii_case(it));
    if let Some(group) = group.filter(|_| kind == ErrorKind::Missing) {
        return field_of(group, rest);
    }
    if kind == ErrorKind::Missing && vocabulary().any(|variable| variable == name) {
        return None;
    }
    let plain = name.replace('_', "");
    let same = vocabulary().find(|variable| variable.eq_ignore_ascii_case(&plain));
    if kind != ErrorKind::Missing {
        return same.map(|known| format!("the variable is written with a dot: `.{known}`"));
    }
    let start = &written[..written.len() - path.len()];
    // In Jinja, which writes no dot in front, `review_state` is the variable itself.
    let meant = match same {
        Some(known) if !start.is_empty() => known,
        Some(_) => return None,
        None => match within(name, rest) {
            Some(field) => return Some(format!("did you mean `{start}{field}`?")),
            None => closest(name, vocabulary())?,
        },
    };
    Some(format!("did you mean `{start}{meant}{rest}`?"))
}

/// The variable that is written as a field of something: `.Issue.Title`.
fn within(thing: &str, rest: &str) -> Option<&'static str> {
    let field = rest.strip_prefix('.')?.split('.').next()?;
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    if !thing.chars().all(is_name) {
        return None;
    }
    vocabulary().find(|variable| variable.eq_ignore_ascii_case(field))
}

/// What `.Task` or `.Session` has, if it is asked for something else.
fn field_of(group: &str, rest: &str) -> Option<String> {
    let field = rest.strip_prefix('.')?.split(['.', '[']).next()?.replace('_', "");
    let is_known = TASK_FIELDS.iter().any(|known| known.eq_ignore_ascii_case(&field));
    (!is_known).then(|| format!("`.{group}` has {}", TASK_FIELDS.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn each_source_with_a_column_in_the_documentation_is_in_the_list() {
        let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/variables");
        let files = fs::read_dir(files).unwrap().map(|entry| entry.unwrap().path());
        let documented = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
        let manual = |name| if name == manual::TABLE.name { "manual" } else { name };
        let listed = ALL.map(|table| manual(table.name).to_owned());
        assert_eq!(BTreeSet::from(listed), documented.collect());
    }

    #[test]
    fn a_variable_that_does_not_exist_has_a_hint_and_one_that_is_only_missing_has_none() {
        for (written, hint) in [
            (".Titel", Some("did you mean `.Title`?")),
            ("$.Labls.x", Some("did you mean `$.Labels.x`?")),
            ("titel", Some("did you mean `Title`?")),
            (".CommentBdy", Some("did you mean `.CommentBody`?")),
            (".TriggerTim", Some("did you mean `.TriggerTime`?")),
            (".RefTyp", Some("did you mean `.RefType`?")),
            (".Contxt.build", Some("did you mean `.Context.build`?")),
            (".Title", None),
            (".branch", Some("did you mean `.Branch`?")),
            (".Url", Some("did you mean `.URL`?")),
            ("review_state", None),
            (".Issue.Title", Some("did you mean `.Title`?")),
            (".Pull.title.x", Some("did you mean `.Title`?")),
            ("index .Task.Labels \"team\"", None),
            (".Task.Model", None),
            ("task.generate_name", None),
            (
                ".Task.Spec.Prompt",
                Some(
                    "`.Task` has Name, GenerateName, Namespace, Type, Model, Effort, Branch, Labels, Annotations",
                ),
            ),
            (".Payload", None),
        ] {
            assert_eq!(name_hint(ErrorKind::Missing, written).as_deref(), hint, "{written}");
        }
        let hint = name_hint(ErrorKind::Render, "title");
        assert_eq!(hint.as_deref(), Some("the variable is written with a dot: `.Title`"));
        assert_eq!(name_hint(ErrorKind::Render, "trimPrefix"), None);
    }

    #[test]
    fn a_variable_stands_once_in_a_table_and_is_the_same_thing_in_all() {
        for table in ALL {
            for variable in table.all() {
                let name = variable.name;
                let times = table.all().filter(|it| it.name == name).count();
                assert_eq!(times, 1, "{} has {name} twice", table.name);
                for other in ALL.into_iter().filter_map(|table| table.find(name)) {
                    assert_eq!(other.class, variable.class, "{name}");
                }
            }
        }
    }
}

//! What is said where it is not known which source is meant.

use super::lines::{key_of, plain, quoted};
use super::payload;
use crate::engine::sources::{is_long, is_own_record, sources_with};
use crate::templates::camel_case;

/// What to write in a TaskSpawner of the sources that have the variable, as the template spells it; nothing
/// if none has.
pub fn without_source(variable: &str) -> Option<String> {
    let path = variable.trim_start_matches(['$', '.']);
    let (written, rest) = path.split_once('.').unwrap_or((path, ""));
    let camel = camel_case::variable(written);
    let name = if variable.starts_with(['.', '$']) { written } else { &camel };
    if name == "Context" {
        let rest = if rest.is_empty() { "NAME" } else { rest };
        return Some(format!(
            "add to the TaskSpawner: an entry `name: {rest}` in spec.taskTemplate.contextSources, and a line \
             `{rest}: {{{{.Context.{rest}}}}}` in spec.taskTemplate.promptTemplate"
        ));
    }
    let mut sources = sources_with(name);
    // What does not follow from its tick is always empty there.
    sources.retain(|source| *source != "cron" || matches!(name, "ID" | "Title" | "Time"));
    let ways = "docs/facts.md";
    let line = match sources.as_slice() {
        [] => None,
        all if is_long(name) || is_own_record(&key_of(name)) => Some(format!(
            "a line `{name}: {}` in spec.taskTemplate.promptTemplate ({})",
            plain(name),
            all.join(", ")
        )),
        all => Some(format!(
            "`{}: {}` under spec.taskTemplate.metadata.annotations ({})",
            key_of(name),
            quoted(&plain(name)),
            all.join(", ")
        )),
    };
    let of_payload =
        payload::has(name).then(|| format!("a line over the payload (githubWebhook, {ways})"));
    let lines: Vec<String> = line.into_iter().chain(of_payload).collect();
    (!lines.is_empty()).then(|| format!("add to the TaskSpawner: {}", lines.join(", or ")))
}

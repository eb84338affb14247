//! The name that Kelos gives a Task.

use sha2::{Digest, Sha256};

use super::KelosVersion;
use super::SourceKind;
use super::no_task::NoTask;
use super::spawner::Spawner;
use super::template::render;
use super::variables::Variables;
use crate::apimachinery::{NAME_BYTES, is_object_name};
use crate::engine::kelos::Shape;
use crate::engine::sources::Rendered;
use crate::hex::hex;
use crate::templates::go::NO_VALUE;

/// How many hexadecimal digits of a hash stand in a name.
const HASH_DIGITS: usize = 12;
/// What the name of a Task of Slack has behind that of its TaskSpawner.
const SLACK: &str = "-slack-";

impl Spawner {
    /// The name of the Task.
    pub(super) fn task_name(
        &self,
        source: SourceKind,
        facts: &Facts<'_>,
        variables: &Variables,
        version: KelosVersion,
    ) -> Result<String, NoTask> {
        let is_templated = self.makes == Shape::Task && !self.text("nameTemplate").is_empty();
        if version != KelosVersion::V0_24 && is_templated {
            return self.templated_name(variables);
        }
        let name = &self.name;
        Ok(match source {
            _ if version == KelosVersion::V0_24 => format!("{name}-{}", facts.id),
            _ if source.is_polled() => format!("{name}-{}", facts.id).to_lowercase(),
            SourceKind::GithubWebhook => hashed(name, facts.event, facts.delivery),
            SourceKind::LinearWebhook if facts.event.is_empty() => {
                hashed(name, "linear", facts.delivery)
            }
            SourceKind::LinearWebhook => hashed(name, &facts.event.to_lowercase(), facts.delivery),
            SourceKind::Slack => {
                let room = NAME_BYTES - SLACK.len() - HASH_DIGITS;
                let start = if name.chars().count() > room {
                    let cut: String = name.chars().take(room).collect();
                    cut.trim_end_matches(['-', '.']).to_owned()
                } else {
                    name.clone()
                };
                format!("{start}{SLACK}{}", hash(facts.delivery))
            }
            _ => hashed(name, self.text_of_source(source, "source"), facts.delivery),
        })
    }

    fn templated_name(&self, variables: &Variables) -> Result<String, NoTask> {
        let template = self.text("nameTemplate");
        let fails = |error| NoTask::of_template(Rendered::Name, error);
        let fail = |message: &str| NoTask::kelos(message).at(Rendered::Name);
        let program = self.programs.of(template).map_err(fails)?;
        if program.mentions("Context") {
            return Err(fail(
                "a name may not depend on context sources: `Context` is refused here",
            ));
        }
        let text = render(&program, &variables.without_context()).map_err(fails)?;
        if text.contains(NO_VALUE) {
            return Err(fail(
                "it prints `<no value>`: something that is not there is no part of a name",
            ));
        }
        let name = sanitized(&text);
        if name.is_empty() {
            return Err(fail("no letter and no digit is left of the text as a name"));
        }
        if !is_object_name(&name) {
            return Err(fail("what comes out is no name of an object"));
        }
        Ok(name)
    }
}

/// What the name of a Task is made of, without a template.
pub(super) struct Facts<'f> {
    /// `.ID`
    pub(super) id: &'f str,
    /// The event of GitHub, or the type of Linear.
    pub(super) event: &'f str,
    /// What the hash is made of.
    pub(super) delivery: &'f str,
}

/// `<spawner>-<part>-<hash>`, as the webhook servers name Tasks: cut as a whole.
fn hashed(spawner: &str, part: &str, delivery: &str) -> String {
    let name = format!("{spawner}-{}-{}", part.replace('_', "-"), hash(delivery));
    match name.get(..NAME_BYTES) {
        Some(cut) if name.len() > NAME_BYTES => cut.trim_end_matches(['-', '.']).to_owned(),
        _ => name,
    }
}

fn hash(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))[..HASH_DIGITS].to_owned()
}

/// A text as a name: small letters, digits, `-` and `.`, at most 63 of them, and no part that is empty or ends in `-`.
fn sanitized(text: &str) -> String {
    let clean = |c: char| {
        // Go takes one letter for one; of the two that Rust has for `İ` the first is Go's.
        let lower = c.to_lowercase().next().unwrap_or(c);
        let is_kept =
            lower.is_ascii_lowercase() || lower.is_ascii_digit() || matches!(lower, '-' | '.');
        if is_kept { lower } else { '-' }
    };
    let name: String = text.chars().take(NAME_BYTES).map(clean).collect();
    let labels = name.split('.').map(|label| label.trim_matches('-'));
    labels.filter(|label| !label.is_empty()).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_a_name_as_kelos_makes_it() {
        for (text, name) in [
            ("Fix/The Login_Page", "fix-the-login-page"),
            ("a..b.-c-.", "a.b.c"),
            ("--", ""),
            ("İx\u{212a}", "ixk"),
            ("Größe", "gr--e"),
            (&"x".repeat(70), &"x".repeat(63)),
            (&format!("{}-y", "x".repeat(62)), &"x".repeat(62)),
        ] {
            assert_eq!(sanitized(text), name, "{text}");
        }
    }

    #[test]
    fn a_long_name_of_a_webhook_is_cut_as_a_whole() {
        let long = "a".repeat(50);
        let name = hashed(&long, "pull_request", "x");
        assert_eq!(name, format!("{long}-pull-request"));
        assert_eq!(hashed("a", "issues", "x"), "a-issues-2d711642b726");
    }
}

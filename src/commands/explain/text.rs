//! The walk as people read it, from top to bottom.

use std::fmt;

use super::key::{KeyStep, quoted};
use super::step::{Sign, Step};
use super::variable::ReadVariable;
use super::walk::Walk;
use crate::clock;
use crate::commands::harmless;

/// How many characters of a template or a value are shown where not one key alone is asked for.
const SHORT_CHARS: usize = 100;

/// How many characters what is told under another key may have to be told again: so short it is said as fast as where
/// it stands.
const AGAIN_CHARS: usize = 60;

/// A walk to be printed.
pub(super) struct Text<'t, 'w> {
    pub(super) walk: &'t Walk<'w>,
    /// Whether texts are shown to their ends.
    pub(super) is_whole: bool,
}

impl fmt::Display for Text<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let walk = self.walk;
        self.title(f)?;
        step(f, "Owner", &walk.spawner.step)?;
        if let Some(registration) = &walk.registration {
            step(f, "Registration", &registration.step)?;
        }
        step(f, "Switches", &walk.switches.step)?;
        if let Some(policy) = &walk.policy {
            step(f, "Policy", policy)?;
        }
        if let Some(rules) = &walk.rules {
            step(f, "Rules", &rules.step)?;
        }
        for lacking in walk.lacking {
            step(f, "Not read", &Step::new(Sign::Unknown, lacking.clone()))?;
        }
        for key in &walk.keys {
            writeln!(f)?;
            self.key(f, key)?;
        }
        for failing in &walk.failing_snippets {
            writeln!(f, "\n{failing}")?;
        }
        write!(f, "\n{}", harmless::line(&walk.verdict))
    }
}

impl Text<'_, '_> {
    fn title(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let walk = self.walk;
        write!(
            f,
            "{} {}/{}",
            walk.shape,
            harmless::line(walk.namespace),
            harmless::line(walk.name)
        )?;
        let created = walk.created.map(|at| match age(at) {
            Some(age) => format!("created {at} ({age} ago)"),
            None => format!("created {at}"),
        });
        let uid = walk.uid.map(|uid| format!("uid {uid}"));
        let known: Vec<String> =
            [walk.phase.map(str::to_owned), created, uid].into_iter().flatten().collect();
        if !known.is_empty() {
            write!(f, ": {}", harmless::line(&known.join(", ")))?;
        }
        writeln!(f, "\n")
    }

    fn key(&self, f: &mut fmt::Formatter<'_>, key: &KeyStep<'_>) -> fmt::Result {
        // What is told of whose a value is has been cut where it is long.
        let state = match key.told_state() {
            Some(_) => harmless::line(&key.state()).into_owned(),
            None => self.short(&harmless::line(&key.state())),
        };
        writeln!(f, "{} {} {state}", glyph(key.result), harmless::line(&key.title()))?;
        if let Some(place) = key.place() {
            let from = key.from();
            let said = if from == place { place } else { format!("{from}, {place}") };
            line(f, "from", &said)?;
        }
        if let Some(template) = key.template {
            self.template(f, template)?;
        }
        if let Some(default) = key.default {
            line(f, "default", &self.short(&quoted(default)))?;
        }
        if let Some(allowed) = &key.allowed {
            line(f, "allowed", &self.short(&allowed.join(", ")))?;
        }
        if let Some(mark) = &key.mark {
            let variable = mark.variable.as_ref().map(|it| format!(" ({it})")).unwrap_or_default();
            line(f, "then", &format!("{}: {}{variable}", mark.told, mark.reason))?;
        }
        for variable in self.variables(key) {
            self.variable(f, key, variable)?;
        }
        let told = key.help().and_then(|help| self.help_above(key, help));
        match key.snippet(told.as_deref()) {
            Some(snippet) => snippet.lines().try_for_each(|it| writeln!(f, "    {it}")),
            None => Ok(()),
        }
    }

    /// The variables that are shown of a key.
    fn variables<'v>(&self, key: &'v KeyStep<'_>) -> &'v [ReadVariable<'v>] {
        if self.is_whole || key.result == Sign::No { &key.variables } else { &[] }
    }

    fn variable(
        &self,
        f: &mut fmt::Formatter<'_>,
        key: &KeyStep<'_>,
        ReadVariable { shown, hint }: &ReadVariable<'_>,
    ) -> fmt::Result {
        let missing = shown.missing.as_ref();
        let told = missing.and_then(|missing| self.missing_above(key, shown.name, missing));
        let said = match (&shown.value, &shown.from, &shown.missing) {
            (Some(value), Some(from), _) => {
                format!(".{} is {} ({from})", shown.name, self.short(&value.to_string()))
            }
            (.., Some(missing)) => match &told {
                Some(told) => format!(".{} is missing, {told}", shown.name),
                None => format!(".{} is missing: {missing}", shown.name),
            },
            _ => return Ok(()),
        };
        line(f, "reads", &said)?;
        let Some(hint) = hint else { return Ok(()) };
        match self.help_above(key, hint) {
            // It stands there, too.
            Some(above) if told == Some(above.clone()) => Ok(()),
            above => line(f, "", above.as_deref().unwrap_or(hint)),
        }
    }

    /// Where what is to be done stands already, above this key: as the one help of another key, which nobody can take for
    /// another one.
    fn help_above(&self, key: &KeyStep<'_>, help: &str) -> Option<String> {
        self.above(key, help, |above| above.help() == Some(help))
    }

    /// Where it stands already why a variable is missing, above this key.
    fn missing_above(&self, key: &KeyStep<'_>, name: &str, why: &str) -> Option<String> {
        let is_it = |it: &ReadVariable<'_>| it.shown.name == name;
        self.above(key, why, |above| self.variables(above).iter().any(is_it))
    }

    /// The first key above this one that tells a text, if that is long.
    fn above(
        &self,
        key: &KeyStep<'_>,
        text: &str,
        tells: impl Fn(&KeyStep<'_>) -> bool,
    ) -> Option<String> {
        if text.chars().count() <= AGAIN_CHARS {
            return None;
        }
        let mut above = self.walk.keys.iter().take_while(|it| !std::ptr::eq(*it, key));
        above.find(|it| tells(it)).map(|it| format!("as for {}", it.title()))
    }

    /// The template: its first line, or all of them.
    fn template(&self, f: &mut fmt::Formatter<'_>, template: &str) -> fmt::Result {
        let mut lines = template.trim_end().lines();
        let first = lines.next().unwrap_or_default();
        if !self.is_whole {
            let more = if lines.next().is_some() { " …" } else { "" };
            return line(f, "template", &(self.short(first) + more));
        }
        line(f, "template", first)?;
        lines.try_for_each(|it| line(f, "", it))
    }

    fn short(&self, text: &str) -> String {
        match text.char_indices().nth(SHORT_CHARS) {
            Some((end, _)) if !self.is_whole => {
                format!("{}…", text.get(..end).unwrap_or_default())
            }
            _ => text.to_owned(),
        }
    }
}

/// A line about a key.
fn line(f: &mut fmt::Formatter<'_>, title: &str, text: &str) -> fmt::Result {
    writeln!(f, "    {title:<9} {}", harmless::line(text))
}

fn step(f: &mut fmt::Formatter<'_>, title: &str, step: &Step) -> fmt::Result {
    writeln!(f, "{} {title:<13} {}", glyph(step.result), harmless::line(&step.text))?;
    step.details.iter().try_for_each(|it| writeln!(f, "{:17}{}", "", harmless::line(it)))
}

/// The sign with its colour, which is taken out where nobody looks.
fn glyph(sign: Sign) -> &'static str {
    match sign {
        Sign::Ok => "\u{1b}[32m✓\u{1b}[0m",
        Sign::Note => "\u{1b}[33m!\u{1b}[0m",
        Sign::Unknown => "\u{1b}[33m?\u{1b}[0m",
        Sign::No => "\u{1b}[31m✗\u{1b}[0m",
    }
}

/// How long ago a moment in RFC 3339 was, as kubectl says it; nothing of what is no such moment, or still to come.
fn age(at: &str) -> Option<String> {
    let at: jiff::Timestamp = at.parse().ok()?;
    let seconds = u64::try_from(clock::now().0 - at.as_second()).ok()?;
    Some(humane(seconds))
}

/// A number of seconds in its largest unit.
fn humane(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / MINUTE),
        7200..172_800 => format!("{}h", seconds / HOUR),
        _ => format!("{}d", seconds / DAY),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{AGAIN_CHARS, humane};

    #[test]
    fn the_page_says_what_is_told_again() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/explain.md");
        let page = std::fs::read_to_string(page).unwrap();
        let rule = format!("but for what is no longer than {AGAIN_CHARS} characters");
        assert!(page.contains(&rule), "{rule}");
    }

    #[test]
    fn an_age_is_in_its_largest_unit() {
        for (seconds, age) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (7199, "119m"),
            (7200, "2h"),
            (172_799, "47h"),
            (172_800, "2d"),
        ] {
            assert_eq!(humane(seconds), age);
        }
    }
}

//! A text that a regular expression finds itself in.

use super::class::Class;
use super::parser::{self, Node};
use super::{Pattern, PatternError, compile_shared};
use crate::templates::budget::{Budget, Exhausted};
use crate::templates::purse::Purse;

/// The longest example that is made, in bytes: it is for people to read.
const MOST_BYTES: usize = 1024;

/// How many instructions looked at are worth a step.
const LOOKS_PER_STEP: u64 = 8;

/// Whether a regular expression finds itself in a text.
///
/// # Errors
///
/// That it is none of Go's, or too long or too large, or costs more than is left.
pub fn finds(source: &str, text: &str, purse: &mut Purse) -> Result<bool, PatternError> {
    let pattern = compile_shared(source, purse)?;
    // At the most each instruction is looked at for each character.
    purse.take_steps(pattern.cost().saturating_mul(text.len() as u64 / LOOKS_PER_STEP + 1))?;
    let (mut budget, mut is_found) = (Budget::template(), false);
    let found = pattern.each_match(&mut budget, text, 1, false, |_, _| {
        is_found = true;
        Ok::<(), Exhausted>(())
    });
    Ok(found.map(|()| is_found)?)
}

/// A short text that the regular expression finds itself in; nothing if none was found that easily.
pub fn example(source: &str, purse: &mut Purse) -> Option<String> {
    // That it is one, and neither too long nor too large.
    Pattern::compile_within(source, purse).ok()?;
    let parsed = parser::parse(source, purse).ok()?;
    let mut text = String::new();
    write(&parsed.root, &parsed.classes, &mut text)?;
    finds(source, &text, purse).ok()?.then_some(text)
}

fn write(node: &Node, classes: &[Class], text: &mut String) -> Option<()> {
    match node {
        Node::Char(c) => text.push(*c),
        Node::Class(number) => text.push(classes.get(*number)?.example()?),
        Node::Any { .. } => text.push('x'),
        // Whether it holds is seen when the whole is searched.
        Node::Look(_) => {}
        Node::Group(_, inner) => write(inner, classes, text)?,
        Node::Concat(parts) => {
            parts.iter().try_for_each(|part| write(part, classes, text))?;
        }
        Node::Either(parts) => write(parts.first()?, classes, text)?,
        Node::Repeat(inner, times) => {
            (0..times.min).try_for_each(|_| write(inner, classes, text))?;
        }
    }
    (text.len() <= MOST_BYTES).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_found_by_its_expression() {
        for (source, text) in [
            ("^/fix", Some("/fix")),
            ("(?i)(deploy|run) +[0-9]{2}", Some("DEPLOY 00")),
            ("^[a-z]+/.*$", Some("a/")),
            ("(?m)^/ok\\s*$", Some("/ok")),
            ("a\\Bb", Some("ab")),
            ("", Some("")),
            ("[^\\x00-\\x{10FFFF}]", None),
            ("a\\bb", None),
            ("(", None),
            ("(?:a{1000}){1000}", None),
        ] {
            let found = example(source, &mut Purse::default());
            assert_eq!(found.as_ref().map(|it| it.to_lowercase()), text.map(str::to_lowercase));
        }
        let purse = &mut Purse::default();
        assert!(finds("^/fix", "/fix it", purse).unwrap());
        assert!(!finds("^/fix", "please /fix", purse).unwrap());
        let poor = &mut Purse::new(100, 1 << 20);
        assert!(finds("x+y", &"x".repeat(10_000), poor).is_err(), "who has little left is told");
    }
}

//! The walk of a Session in its own words: what was found is said of a Task, and holds of a Session alike.

use super::step::Step;
use super::walk::Walk;
use crate::engine::kelos::Shape;

/// What separates what is quoted from what is said.
const QUOTES: [char; 2] = ['`', '"'];

/// What a name of a cluster, a key or a path may hold beside letters and digits.
const OF_NAMES: [char; 5] = ['-', '_', '.', '/', '@'];

/// What a key follows.
const KINDS: [&str; 3] = ["label", "annotation", "selector"];

/// A sentence about Tasks as one about what has this shape. What is quoted stays as it is, and so do keys, and names of
/// which the word is a part.
pub(super) fn retold(shape: Shape, text: &str) -> String {
    if shape == Shape::Task {
        return text.to_owned();
    }
    let mut told = String::with_capacity(text.len() + 16);
    let (mut quote, mut last) = (None, "");
    for piece in text.split_inclusive(|c: char| !is_of_word(c)) {
        let word = piece.trim_end_matches(|c: char| !is_of_word(c));
        // A full stop ends a sentence, and belongs to no name.
        let name = word.trim_end_matches('.');
        let is_data = quote.is_some() || KINDS.contains(&last);
        told += if is_data { name } else { in_place_of(shape, name) };
        told += &piece[name.len()..];
        for c in piece[word.len()..].chars().filter(|c| QUOTES.contains(c)) {
            match quote {
                Some(open) if open == c => quote = None,
                None => quote = Some(c),
                Some(_) => {}
            }
        }
        if !word.is_empty() {
            last = name;
        }
    }
    told
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || OF_NAMES.contains(&c)
}

fn in_place_of(shape: Shape, word: &str) -> &str {
    match word {
        "Task" => shape.as_str(),
        "Tasks" => shape.several(),
        "TaskSpawner" => shape.spawner(),
        "TaskSpawners" => "SessionSpawners",
        _ => word,
    }
}

impl Walk<'_> {
    /// Says all of it of what has this shape.
    pub(super) fn retell(&mut self, shape: Shape) {
        let rules = self.rules.as_mut().map(|it| &mut it.step);
        let registration = self.registration.as_mut().map(|it| &mut it.step);
        let first = [&mut self.spawner.step, &mut self.switches.step];
        let steps = first.into_iter().chain(registration).chain(self.policy.as_mut()).chain(rules);
        for Step { text, details, .. } in steps {
            for said in [text].into_iter().chain(details) {
                *said = retold(shape, said);
            }
        }
        for switch in &mut self.switches.switches {
            switch.on = retold(shape, &switch.on);
        }
        self.verdict = retold(shape, &self.verdict);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_stay() {
        for text in [
            "The label Task is absent",
            "the annotation a.example.com/Task of my-Task-1, and Tasks.example.com",
        ] {
            assert_eq!(retold(Shape::Session, text), text);
        }
        let text = "the label Task: Tasks have it. It is a Task.";
        let told = "the label Task: Sessions have it. It is a Session.";
        assert_eq!(retold(Shape::Session, text), told);
    }

    #[test]
    fn what_is_quoted_stays() {
        let text = "TaskSpawner tasks, named by a Task: label a is \"Task\"; `kubectl get Task` (Tasks of TaskSpawners)";
        assert_eq!(retold(Shape::Task, text), text);
        assert_eq!(
            retold(Shape::Session, text),
            "SessionSpawner tasks, named by a Session: label a is \"Task\"; `kubectl get Task` (Sessions of \
             SessionSpawners)"
        );
    }
}

//! The walk of a Session in its own words: what was found is said of a Task, and holds of a Session alike.

use super::step::Step;
use super::walk::Walk;
use crate::engine::kelos::Shape;

/// What separates what is quoted from what is said.
const QUOTES: [char; 2] = ['`', '"'];

/// A sentence about Tasks as one about what has this shape. What is quoted stays as it is.
pub(super) fn retold(shape: Shape, text: &str) -> String {
    if shape == Shape::Task {
        return text.to_owned();
    }
    let mut told = String::with_capacity(text.len() + 16);
    let mut quote = None;
    let mut word = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() {
            word.push(c);
            continue;
        }
        told += in_place_of(shape, &word, quote.is_some());
        word.clear();
        match quote {
            Some(open) if open == c => quote = None,
            None if QUOTES.contains(&c) => quote = Some(c),
            _ => {}
        }
        told.push(c);
    }
    told += in_place_of(shape, &word, quote.is_some());
    told
}

fn in_place_of(shape: Shape, word: &str, is_quoted: bool) -> &str {
    match word {
        _ if is_quoted => word,
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

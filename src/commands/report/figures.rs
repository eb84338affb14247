//! The figures of Tasks that have something in common, and of all.

use std::collections::BTreeMap;

use bigdecimal::BigDecimal;

use super::durations::Durations;
use super::entry::{Entry, State};

/// How many lines there are, at the most: who has more values than these looks for another key. What comes after them
/// is counted together.
pub(super) const MOST_LINES: usize = 1_000;

/// What some Tasks have in common: a value for each key, or nothing where they have not the label.
pub(super) type Values = Vec<Option<String>>;

/// What is counted of some Tasks.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Figures {
    pub(super) tasks: usize,
    states: [usize; State::ALL.len()],
    pub(super) durations: Durations,
    pub(super) input_tokens: u64,
    pub(super) output_tokens: u64,
    /// In US dollars.
    pub(super) cost: BigDecimal,
    /// How many of the Tasks say what they cost, and how many tokens they took.
    pub(super) with_cost: usize,
    pub(super) with_tokens: usize,
}

impl Figures {
    /// How many of the Tasks are in this state.
    pub(super) fn of(&self, state: State) -> usize {
        self.states[state as usize]
    }

    /// The part of the Tasks that ended that succeeded; nothing while none has ended.
    #[allow(clippy::cast_precision_loss, reason = "the objects of a cluster are fewer than 2^52")]
    pub(super) fn success(&self) -> Option<f64> {
        let (good, bad) = (self.of(State::Succeeded), self.of(State::Failed));
        (good + bad > 0).then(|| good as f64 / (good + bad) as f64)
    }

    fn add(&mut self, entry: &Entry<'_>) {
        self.tasks += 1;
        self.states[entry.state as usize] += 1;
        if let Some(seconds) = entry.seconds {
            self.durations.add(seconds);
        }
        let usage = &entry.usage;
        if let Some(cost) = &usage.cost {
            self.cost += cost;
            self.with_cost += 1;
        }
        let tokens = [usage.input_tokens, usage.output_tokens];
        self.with_tokens += usize::from(tokens.iter().any(Option::is_some));
        for (sum, tokens) in
            [&mut self.input_tokens, &mut self.output_tokens].into_iter().zip(tokens)
        {
            *sum = sum.saturating_add(tokens.unwrap_or_default());
        }
    }
}

/// The figures by the values of label keys.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) by: Vec<String>,
    lines: BTreeMap<Values, Figures>,
    /// Those that there was no line for.
    pub(super) others: Figures,
    pub(super) total: Figures,
}

impl Groups {
    /// Nothing is counted yet.
    pub(super) fn by(keys: &[String]) -> Groups {
        let mut by: Vec<String> = vec![];
        for key in keys {
            if !by.contains(key) {
                by.push(key.clone());
            }
        }
        let (lines, others, total) = Default::default();
        Groups { by, lines, others, total }
    }

    /// Counts a Task.
    pub(super) fn add(&mut self, entry: &Entry<'_>) {
        self.total.add(entry);
        let value = |key: &String| entry.labels.get(key.as_str()).map(|value| value.to_string());
        let values: Values = self.by.iter().map(value).collect();
        let has_room = self.lines.len() < MOST_LINES;
        match self.lines.get_mut(&values) {
            Some(figures) => figures.add(entry),
            None if has_room => self.lines.entry(values).or_default().add(entry),
            None => self.others.add(entry),
        }
    }

    /// The lines: those with most Tasks first, and last those of Tasks that lack a label.
    pub(super) fn sorted(&self) -> Vec<(&Values, &Figures)> {
        let mut lines: Vec<(&Values, &Figures)> = self.lines.iter().collect();
        let lacks = |values: &Values| values.iter().any(Option::is_none);
        lines.sort_by_key(|(values, figures)| (lacks(values), std::cmp::Reverse(figures.tasks)));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(labels: &[(&str, &str)], state: State, cost: i64) -> Entry<'static> {
        let labels =
            labels.iter().map(|(key, value)| (key.to_string().into(), value.to_string().into()));
        let usage = super::super::entry::Usage {
            cost: (cost > 0).then(|| BigDecimal::from(cost)),
            input_tokens: (cost > 0).then_some(10),
            output_tokens: None,
        };
        let labels = labels.collect();
        let seconds = state.is_end().then_some(60);
        Entry { uid: "".into(), labels, state, ended: None, seconds, usage }
    }

    #[test]
    fn each_combination_of_values_has_a_line_and_what_lacks_one_is_last() {
        let mut groups = Groups::by(&["team".to_owned(), "size".to_owned(), "team".to_owned()]);
        assert_eq!(groups.by, ["team", "size"], "a key twice says nothing more");
        for _ in 0..3 {
            groups.add(&task(&[("size", "xl")], State::Running, 0));
        }
        groups.add(&task(&[("team", "a"), ("size", "s")], State::Succeeded, 2));
        for state in [State::Succeeded, State::Failed] {
            groups.add(&task(&[("team", "b"), ("size", ""), ("x", "y")], state, 3));
        }
        let value = |text: &str| Some(text.to_owned());
        let sorted = groups.sorted();
        let values: Vec<&Values> = sorted.iter().map(|(values, _)| *values).collect();
        let expected =
            [&vec![value("b"), value("")], &vec![value("a"), value("s")], &vec![None, value("xl")]];
        assert_eq!(values, expected);
        let b = sorted[0].1;
        assert_eq!(
            (b.tasks, b.success(), b.cost.clone(), b.with_cost),
            (2, Some(0.5), 6.into(), 2)
        );
        assert_eq!((b.input_tokens, b.output_tokens, b.with_tokens), (20, 0, 2));
        let none = sorted[2].1;
        assert_eq!((none.of(State::Running), none.success(), none.with_cost), (3, None, 0));
        assert_eq!((groups.total.tasks, groups.total.cost.clone()), (6, 8.into()));
        assert_eq!(groups.others, Figures::default());
    }

    #[test]
    fn what_there_is_no_line_for_is_counted_together() {
        let mut groups = Groups::by(&["number".to_owned()]);
        for number in 0..MOST_LINES + 7 {
            groups.add(&task(&[("number", &number.to_string())], State::Failed, 1));
        }
        groups.add(&task(&[("number", "5")], State::Failed, 1));
        assert_eq!((groups.sorted().len(), groups.others.tasks), (MOST_LINES, 7));
        assert_eq!(groups.sorted()[0].1.tasks, 2, "what has a line keeps it");
        assert_eq!(groups.total.tasks, MOST_LINES + 8);
    }
}

//! Reading a template back out of its text: the one reading or none, and what looking for it costs.

use super::*;
use crate::templates::budget::Budget;

/// What reading back may cost: what the engine gives it.
fn meter() -> Meter {
    Meter::new(Budget::variables())
}

fn spent(meter: &Meter) -> u64 {
    Budget::variables().steps() - meter.left().steps()
}

/// What a stranger may send: each is about a mebibyte, and imitates the texts of the template.
fn hostile() -> Vec<String> {
    let mebibyte = |piece: &str| piece.repeat((1 << 20) / piece.len());
    [
        "a",
        "\n",
        "\n\n",
        "1",
        "1 ",
        "\n---\n",
        "#1: a\n",
        "\n---\n1",
        "é",
        " ",
        "---\n",
        "http://",
        "https://a/b/c/issues/4",
        "https://a/b/c/issues/42",
        "https://a/b/c/issues/42\n",
        "/issues/42",
        "/42",
        "://",
    ]
    .map(mebibyte)
    .into()
}

/// How many pieces there are, those of choices included.
fn count(steps: &[Step<'_>]) -> usize {
    let of = |step: &Step<'_>| match step {
        Step::Choice(all) => 1 + all.iter().map(|steps| count(steps)).sum::<usize>(),
        _ => 1,
    };
    steps.iter().map(of).sum()
}

fn templates() -> Vec<Vec<Step<'static>>> {
    use Class::{Anything, Line, Number, Word};
    let (text, any, filled, page) = (Step::Text, Step::Any, Step::Filled, Step::Page("/42"));
    let choice =
        |all: &[&[Step<'static>]]| Step::Choice(all.iter().map(|it| it.to_vec()).collect());
    vec![
        vec![any(Line), text("\n"), any(Anything)],
        vec![text("#"), any(Number), text(": "), any(Line), text("\n"), any(Anything), text("\n")],
        vec![any(Anything), text("\n---\n"), any(Anything), text("\n---\n"), any(Anything)],
        vec![any(Anything), any(Number), any(Anything), any(Number), any(Anything), any(Number)],
        vec![any(Anything), text("\n"), any(Word), text("\n"), any(Line), text("\n"), any(Word)],
        vec![
            any(Anything),
            page.clone(),
            any(Anything),
            page.clone(),
            any(Line),
            text("\n"),
            page.clone(),
        ],
        vec![
            any(Anything),
            page.clone(),
            page.clone(),
            text("/"),
            any(Word),
            any(Number),
            any(Word),
        ],
        vec![vec![any(Anything), text("1"), any(Number), text("\n")]; 30].concat(),
        vec![
            any(Line),
            choice(&[&[text("\n"), any(Anything)], &[]]),
            text("\n---\n"),
            any(Anything),
        ],
        vec![
            choice(&[&[filled(Anything)], &[text("1")], &[page, any(Word)], &[any(Number)]]),
            text("\n"),
            choice(&[&[choice(&[&[text("---")], &[any(Anything), text("1")]])], &[any(Line)]]),
            any(Anything),
        ],
    ]
}

#[test]
fn a_mebibyte_costs_a_bounded_number_of_steps() {
    for text in hostile() {
        for steps in templates() {
            let meter = meter();
            let read = read(&text, &steps, &meter);
            let each = spent(&meter) as f64 / count(&steps) as f64;
            // A byte is looked at a few times for each piece, from either end, in windows that grow.
            let most = 8.0 * text.len() as f64 / 64.0;
            assert!(each <= most, "{each} steps for each piece of {steps:?} in {:?}", &text[..9]);
            let is_short = count(&steps) <= 7;
            assert!(
                read != Err(Unread::TooCostly) || !is_short,
                "{each} {steps:?} {:?}",
                &text[..9]
            );
        }
    }
}

#[test]
fn the_first_line_is_read_whatever_stands_below() {
    for text in hostile() {
        let text = ["#7: Fix it\n", &text].concat();
        let steps = [
            Step::Text("#"),
            Step::Any(Class::Number),
            Step::Text(": "),
            Step::Any(Class::Line),
            Step::Text("\n"),
            Step::Any(Class::Anything),
        ];
        let places = read(&text, &steps, &meter()).unwrap();
        let read = |number: usize| match places.get(number) {
            Some(Place::At(place)) => text.get(place.clone()),
            _ => None,
        };
        assert_eq!((read(1), read(3)), (Some("7"), Some("Fix it")));
    }
}

#[test]
fn what_cannot_be_paid_is_not_looked_at() {
    let text = "a".repeat(1 << 20);
    let steps = [Step::Any(Class::Anything), Step::Text("b"), Step::Any(Class::Anything)];
    let meter = Meter::new(Budget::new(2000, 1 << 20));
    assert_eq!(read(&text, &steps, &meter), Err(Unread::TooCostly));
    assert_eq!(meter.left().steps(), 0);
}

/// A piece, and where it stands among the others: the number of a piece, of one in a choice with those of
/// the choice and of what was chosen before it.
type Placed<'s> = (Vec<usize>, &'s Step<'s>);

/// The most ways to choose that are tried, and the most pieces that are tried in a text. A case with more is
/// another case's: each choice multiplies them.
const MOST_WAYS: usize = 1_000;
const MOST_TRIES: usize = 3_000_000;

/// The pieces without choices that a text can be put together from, each with what was chosen; nothing if there
/// are too many.
fn flat<'s>(steps: &'s [Step<'s>], path: &[usize]) -> Option<Vec<Vec<Placed<'s>>>> {
    let mut all: Vec<Vec<Placed<'s>>> = vec![Vec::new()];
    for (number, step) in steps.iter().enumerate() {
        let path = [path, &[number]].concat();
        let mut ways = Vec::new();
        match step {
            Step::Choice(choices) => {
                for (chosen, steps) in choices.iter().enumerate() {
                    let path = [&*path, &[chosen]].concat();
                    for mut way in flat(steps, &path)? {
                        // What is chosen leaves a trace, though it prints nothing.
                        way.insert(0, (path.clone(), &Step::Text("")));
                        ways.push(way);
                    }
                }
            }
            step => ways.push(vec![(path, step)]),
        }
        if all.len() * ways.len() > MOST_WAYS {
            return None;
        }
        let with = |before: &Vec<Placed<'s>>| {
            ways.iter().map(|way| [before.clone(), way.clone()].concat()).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with).collect();
    }
    Some(all)
}

/// A reading: where each piece stands.
type Reading = Vec<(Vec<usize>, Range<usize>)>;

/// Tries all readings of a text: `Class::Anything` and the like as they are meant. None is kept.
struct Readings<'r> {
    text: &'r str,
    so_far: Reading,
    tries: usize,
    each: &'r mut dyn FnMut(&Reading),
}

impl Readings<'_> {
    /// Says whether all were tried.
    fn of(text: &str, steps: &[Step<'_>], each: &mut dyn FnMut(&Reading)) -> bool {
        let Some(ways) = flat(steps, &[]) else { return false };
        let mut readings = Readings { text, so_far: Vec::new(), tries: 0, each };
        ways.iter().for_each(|steps| readings.go(0, steps));
        readings.tries <= MOST_TRIES
    }

    fn go(&mut self, at: usize, steps: &[Placed<'_>]) {
        let text = self.text;
        let Some(((path, step), rest)) = steps.split_first() else {
            if at == text.len() {
                (self.each)(&self.so_far);
            }
            return;
        };
        // The last piece ends with the text.
        let first = if rest.is_empty() { text.len() } else { at };
        for end in first..=text.len() {
            self.tries += 1;
            if self.tries > MOST_TRIES {
                return;
            }
            if fits(&text.as_bytes()[at..end], step) {
                self.so_far.push((path.clone(), at..end));
                self.go(end, rest);
                self.so_far.pop();
            }
        }
    }
}

fn fits(piece: &[u8], step: &Step<'_>) -> bool {
    match step {
        Step::Text(text) => piece == text.as_bytes(),
        Step::Any(Class::Number) | Step::Filled(Class::Number) => {
            !piece.is_empty() && piece.iter().all(u8::is_ascii_digit)
        }
        Step::Any(class) => piece.iter().all(|byte| class.takes(*byte)),
        Step::Filled(class) => !piece.is_empty() && piece.iter().all(|byte| class.takes(*byte)),
        Step::Page(number) => is_page(piece, number.as_bytes()),
        Step::Choice(_) => false,
    }
}

/// What was found: where pieces stand, and which choices hold, at any place.
fn found(places: &[Place], path: &[usize]) -> Vec<(Vec<usize>, Option<Range<usize>>)> {
    let mut all = Vec::new();
    for (number, place) in places.iter().enumerate() {
        let path = [path, &[number]].concat();
        match place {
            Place::Open => {}
            Place::At(place) => all.push((path, Some(place.clone()))),
            Place::Chosen(chosen, places) => {
                let path = [&*path, &[*chosen]].concat();
                all.extend(found(places, &path));
                all.push((path, None));
            }
        }
    }
    all
}

fn is_page(piece: &[u8], number: &[u8]) -> bool {
    let rest = piece.strip_prefix(b"http").map(|rest| rest.strip_prefix(b"s").unwrap_or(rest));
    let Some(rest) = rest.and_then(|rest| rest.strip_prefix(b"://")) else { return false };
    let parts: Vec<&[u8]> = rest.split(|byte| *byte == b'/').collect();
    let [host, owner, name, kind, digits] = parts[..] else { return false };
    let is_plain = |part: &[u8]| !part.is_empty() && !part.iter().any(u8::is_ascii_whitespace);
    [host, owner, name].into_iter().all(is_plain)
        && matches!(kind, b"issues" | b"pull")
        && digits == &number[1..]
}

mod against_all_readings {
    use proptest::prelude::*;

    use super::*;

    fn step() -> impl Strategy<Value = Step<'static>> {
        use Class::{Anything, Line, Number, Word};
        prop_oneof![
            3 => prop::sample::select(vec!["", "a", "aa", "1", "\n", "/", ": ", "http", "/1"]).prop_map(Step::Text),
            4 => prop::sample::select(vec![Number, Word, Line, Anything]).prop_map(Step::Any),
            2 => prop::sample::select(vec![Number, Word, Line, Anything]).prop_map(Step::Filled),
            1 => Just(Step::Page("/1")),
        ]
    }

    /// Pieces, some of them choices, which may stand in each other.
    fn steps(most: usize) -> impl Strategy<Value = Vec<Step<'static>>> {
        let some =
            |inner: BoxedStrategy<Step<'static>>, most| prop::collection::vec(inner, 0..most);
        let choice =
            move |inner| prop::collection::vec(some(inner, 3), 1..4).prop_map(Step::Choice).boxed();
        let inner = prop_oneof![5 => step(), 1 => choice(step().boxed())].boxed();
        let outer = prop_oneof![3 => step(), 1 => choice(inner)].boxed();
        prop::collection::vec(outer, 1..most)
    }

    /// What is found is what all readings have; where there is none, nothing is found.
    fn check(text: &str, steps: &[Step<'_>]) -> Result<(), TestCaseError> {
        let read = read(text, steps, &meter());
        let found = read.as_ref().map(|places| found(places, &[])).unwrap_or_default();
        let (mut any, mut without) = (false, None);
        let all_were_tried = Readings::of(text, steps, &mut |reading| {
            any = true;
            let has = |(path, place): &(Vec<usize>, Option<Range<usize>>)| {
                let here = reading.iter().find(|(of, _)| of == path);
                here.is_some_and(|(_, at)| place.as_ref().is_none_or(|place| at == place))
            };
            if without.is_none() && !found.iter().all(has) {
                without = Some(reading.clone());
            }
        });
        prop_assert_eq!(&without, &None, "{:?} is not in all readings", found);
        if let Err(unread) = read {
            prop_assert_eq!(unread, Unread::NoRendering);
            prop_assert!(!any, "{:?} has readings", text);
        }
        // What was tried is right so far; a whole case counts.
        prop_assume!(all_were_tried);
        Ok(())
    }

    fn text(pieces: Range<usize>) -> impl Strategy<Value = String> {
        let all = [
            "a",
            "1",
            "\n",
            " ",
            "/",
            ":",
            "http://h/o/r/issues/1",
            "https://h/o/r/pull/1",
            "http",
            "aa",
            "://",
        ];
        prop::collection::vec(prop::sample::select(all.to_vec()), pieces)
            .prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5000, max_global_rejects: 5000, ..ProptestConfig::default() })]

        #[test]
        fn one_reading_is_found_and_of_two_none_is_taken(
            steps in steps(6), text in text(0..5),
        ) {
            check(&text, &steps)?;
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, max_global_rejects: 500, ..ProptestConfig::default() })]

        /// More places than are told apart.
        #[test]
        fn one_reading_is_found_in_many_places(
            steps in prop::collection::vec(step(), 1..4), text in text(40..80),
        ) {
            check(&text, &steps)?;
        }
    }
}

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

/// The pieces without choices that a text can be put together from, each with what was chosen.
fn flat<'s>(steps: &'s [Step<'s>], path: &[usize]) -> Vec<Vec<Placed<'s>>> {
    let mut all: Vec<Vec<Placed<'s>>> = vec![Vec::new()];
    for (number, step) in steps.iter().enumerate() {
        let path = [path, &[number]].concat();
        let ways = match step {
            Step::Choice(choices) => (choices.iter().enumerate())
                .flat_map(|(chosen, steps)| {
                    let path = [&*path, &[chosen]].concat();
                    let mut ways = flat(steps, &path);
                    // What is chosen leaves a trace, though it prints nothing.
                    ways.iter_mut().for_each(|way| way.insert(0, (path.clone(), &Step::Text(""))));
                    ways
                })
                .collect(),
            step => vec![vec![(path, step)]],
        };
        let with = |before: &Vec<Placed<'s>>| {
            ways.iter().map(|way| [before.clone(), way.clone()].concat()).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with).collect();
    }
    all
}

/// A reading: where each piece stands.
type Reading = Vec<(Vec<usize>, Range<usize>)>;

/// All readings of a text, by trying each: `Class::Anything` and the like as they are meant.
fn readings(text: &str, steps: &[Step<'_>]) -> Vec<Reading> {
    fn go(
        text: &str,
        at: usize,
        steps: &[Placed<'_>],
        so_far: &mut Reading,
        all: &mut Vec<Reading>,
    ) {
        let Some(((path, step), rest)) = steps.split_first() else {
            if at == text.len() {
                all.push(so_far.clone());
            }
            return;
        };
        // The last piece ends with the text.
        let first = if rest.is_empty() { text.len() } else { at };
        for end in first..=text.len() {
            let piece = &text.as_bytes()[at..end];
            let fits = match step {
                Step::Text(text) => piece == text.as_bytes(),
                Step::Any(Class::Number) | Step::Filled(Class::Number) => {
                    !piece.is_empty() && piece.iter().all(u8::is_ascii_digit)
                }
                Step::Any(class) => piece.iter().all(|byte| class.takes(*byte)),
                Step::Filled(class) => {
                    !piece.is_empty() && piece.iter().all(|byte| class.takes(*byte))
                }
                Step::Page(number) => is_page(piece, number.as_bytes()),
                Step::Choice(_) => false,
            };
            if fits {
                so_far.push((path.clone(), at..end));
                go(text, end, rest, so_far, all);
                so_far.pop();
            }
        }
    }
    let mut all = Vec::new();
    flat(steps, &[]).iter().for_each(|steps| go(text, 0, steps, &mut Vec::new(), &mut all));
    all
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
        let all = readings(text, steps);
        match read(text, steps, &meter()) {
            Err(unread) => {
                prop_assert_eq!(unread, Unread::NoRendering);
                prop_assert!(all.is_empty(), "{:?} has readings", text);
            }
            Ok(places) => {
                for (path, place) in found(&places, &[]) {
                    let has = |reading: &Reading| {
                        let here = reading.iter().find(|(of, _)| *of == path);
                        here.is_some_and(|(_, at)| place.as_ref().is_none_or(|place| at == place))
                    };
                    prop_assert!(all.iter().all(has), "{:?} {:?}", path, all);
                }
            }
        }
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
        #![proptest_config(ProptestConfig { cases: 5000, ..ProptestConfig::default() })]

        #[test]
        fn one_reading_is_found_and_of_two_none_is_taken(
            steps in steps(6), text in text(0..5),
        ) {
            check(&text, &steps)?;
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

        /// More places than are told apart.
        #[test]
        fn one_reading_is_found_in_many_places(
            steps in prop::collection::vec(step(), 1..4), text in text(40..80),
        ) {
            check(&text, &steps)?;
        }
    }
}

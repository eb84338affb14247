//! Where the values at paths stand in a file, and how they are spelled there.

use std::ops::Range;

use granit_parser::{Event, Span};

use super::locate::Walk;
use super::scalar::{Parsed, Scalar, Style};
use crate::engine::lint::{Field, Step};

/// What a file has of the way to a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// The bytes of the key, or of the beginning of the item, that the way leads to: the last one that is there.
    pub key: Range<usize>,
    /// Whether that is the field.
    pub is_whole: bool,
    /// The field's text, if it has one.
    pub scalar: Option<Scalar>,
}

impl Spelling {
    /// Finds fields of the objects of one document, in one walk: each by the number of its object in the list that
    /// the document is (`items` of [`Manifest`](super::Manifest)). `text` is what the document was read from, behind a
    /// byte-order mark. Nothing for a field of which not even the first step is there.
    pub fn find(
        text: &str,
        document: &Range<usize>,
        fields: &[(&[usize], &Field)],
    ) -> Vec<Option<Spelling>> {
        let Some(within) = text.get(document.clone()) else { return vec![None; fields.len()] };
        let ways: Vec<Vec<Step>> = fields.iter().map(|(items, field)| way(items, field)).collect();
        let found = ways.iter().map(|_| Found::default()).collect();
        let mut search = Search { text: within, walk: Walk::of(within), found };
        let wanted = ways.iter().map(Vec::as_slice).enumerate().collect();
        // What stands behind a mistake in the document is not found.
        let _ = search.run(wanted);
        let moved = |key: &Range<usize>| key.start + document.start..key.end + document.start;
        let all = search.found.into_iter().zip(&ways).zip(fields);
        all.map(|((found, way), (items, _))| {
            (found.steps > 2 * items.len()).then(|| Spelling {
                key: moved(&found.key),
                is_whole: found.steps == way.len(),
                scalar: found.scalar.map(|scalar| scalar.moved(document.start)),
            })
        })
        .collect()
    }
}

/// The way from the root of the document.
fn way(items: &[usize], field: &Field) -> Vec<Step> {
    let in_list = items.iter().flat_map(|item| [Step::Key("items".into()), Step::Item(*item)]);
    in_list.chain(field.0.iter().cloned()).collect()
}

/// How far one way led.
#[derive(Default)]
struct Found {
    steps: usize,
    key: Range<usize>,
    scalar: Option<Scalar>,
}

/// A walk that looks for several ways at once.
struct Search<'t> {
    text: &'t str,
    walk: Walk<'t>,
    found: Vec<Found>,
}

/// What is left of the ways that lead through a node, each with its number.
type Wanted<'w> = Vec<(usize, &'w [Step])>;

impl<'t> Search<'t> {
    fn run(&mut self, wanted: Wanted<'_>) -> Option<()> {
        let (event, span) = loop {
            let next = self.walk.next()?;
            if !matches!(next.0, Event::StreamStart | Event::DocumentStart(..)) {
                break next;
            }
        };
        self.node(&event, &span, wanted)
    }

    /// Goes through a node that has just begun, no deeper than a way leads.
    fn node(&mut self, event: &Event<'t>, span: &Span, wanted: Wanted<'_>) -> Option<()> {
        for (way, rest) in &wanted {
            if rest.is_empty() {
                self.found[*way].scalar = self.scalar(event, span);
            }
        }
        match event {
            _ if wanted.is_empty() => self.walk.skip(event),
            Event::MappingStart(..) => self.entries(&wanted),
            Event::SequenceStart(..) => self.items(&wanted),
            _ => Some(()),
        }
    }

    fn entries(&mut self, wanted: &Wanted<'_>) -> Option<()> {
        loop {
            let (key, span) = self.walk.next()?;
            let below = match &key {
                Event::MappingEnd => return Some(()),
                Event::Scalar(text, ..) => self.step(wanted, &Step::Key((**text).into()), &span)?,
                other => {
                    self.walk.skip(other)?;
                    Vec::new()
                }
            };
            let (value, span) = self.walk.next()?;
            self.node(&value, &span, below)?;
        }
    }

    fn items(&mut self, wanted: &Wanted<'_>) -> Option<()> {
        for index in 0.. {
            let (item, span) = self.walk.next()?;
            if item == Event::SequenceEnd {
                break;
            }
            let below = self.step(wanted, &Step::Item(index), &span)?;
            self.node(&item, &span, below)?;
        }
        Some(())
    }

    /// The ways that take this step.
    fn step<'w>(&mut self, wanted: &Wanted<'w>, step: &Step, span: &Span) -> Option<Wanted<'w>> {
        let key = bytes(span)?;
        let taken = wanted.iter().filter_map(|(way, rest)| {
            let (first, rest) = rest.split_first()?;
            (first == step).then_some((*way, rest))
        });
        let taken: Wanted<'w> = taken.collect();
        for (way, _) in &taken {
            let found = &mut self.found[*way];
            (found.steps, found.key) = (found.steps + 1, key.clone());
        }
        Some(taken)
    }

    fn scalar(&self, event: &Event<'t>, span: &Span) -> Option<Scalar> {
        let Event::Scalar(text, style, anchor, _) = event else { return None };
        let parsed = Parsed {
            text,
            style: Style::of(*style),
            range: bytes(span)?,
            indent: span.indent.unwrap_or_default(),
            is_shared: *anchor != 0,
        };
        Some(Scalar::read(self.text, &parsed))
    }
}

fn bytes(span: &Span) -> Option<Range<usize>> {
    Some(span.start.byte_offset()?..span.end.byte_offset()?)
}

#[cfg(test)]
mod tests;

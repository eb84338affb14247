//! Sets of places in a text.

use smallvec::{SmallVec, smallvec};

/// How many separate spans are told apart. Beyond it the last one grows over what lies between:
/// a set may hold more places than it should, never fewer.
const MOST_SPANS: usize = 32;

/// How many need no memory of their own. Most sets have one.
const FEW_SPANS: usize = 2;

/// Places in a text, in bytes from its beginning: spans with both ends in them, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct IntervalSet(SmallVec<[(usize, usize); FEW_SPANS]>);

impl IntervalSet {
    /// One place.
    pub(super) fn at(spot: usize) -> IntervalSet {
        IntervalSet(smallvec![(spot, spot)])
    }

    /// The spans.
    pub(super) fn spans(&self) -> &[(usize, usize)] {
        &self.0
    }

    /// The only place, if there is just one.
    pub(super) fn only(&self) -> Option<usize> {
        match *self.spans() {
            [(from, to)] if from == to => Some(from),
            _ => None,
        }
    }

    /// Whether there is no place.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether no more spans are told apart.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= MOST_SPANS
    }

    /// Adds a span that does not begin before the last one.
    pub(super) fn push(&mut self, from: usize, to: usize) {
        let is_full = self.is_full();
        match self.0.last_mut() {
            Some(last) if is_full || from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
            _ => self.0.push((from, to)),
        }
    }

    /// The same places so many bytes further on.
    pub(super) fn moved(&self, by: usize) -> IntervalSet {
        IntervalSet(self.0.iter().map(|(from, to)| (from + by, to.saturating_add(by))).collect())
    }

    /// The places that one of them has.
    pub(super) fn join(&self, other: &IntervalSet) -> IntervalSet {
        let (mut ours, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut either = IntervalSet::default();
        loop {
            let is_ours = match (ours.peek(), theirs.peek()) {
                (Some(a), Some(b)) => a.0 <= b.0,
                (None, None) => return either,
                (found, _) => found.is_some(),
            };
            let next = if is_ours { ours.next() } else { theirs.next() };
            next.into_iter().for_each(|(from, to)| either.push(*from, *to));
        }
    }

    /// The places that both have.
    pub(super) fn meet(&self, other: &IntervalSet) -> IntervalSet {
        let (mut ours, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut both = IntervalSet::default();
        while let (Some(a), Some(b)) = (ours.peek(), theirs.peek()) {
            let (from, to) = (a.0.max(b.0), a.1.min(b.1));
            if from <= to {
                both.push(from, to);
            }
            if a.1 < b.1 {
                ours.next()
            } else {
                theirs.next()
            };
        }
        both
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(spans: &[(usize, usize)]) -> IntervalSet {
        let mut set = IntervalSet::default();
        spans.iter().for_each(|(from, to)| set.push(*from, *to));
        set
    }

    #[test]
    fn spans_that_touch_are_one() {
        assert_eq!(of(&[(0, 2), (3, 4), (6, 6), (6, 9)]).spans(), [(0, 4), (6, 9)]);
        assert_eq!(of(&[(5, 5)]).only(), Some(5));
        assert_eq!(of(&[(5, 6)]).only(), None);
        assert_eq!(of(&[(1, 1), (5, 5)]).only(), None);
    }

    #[test]
    fn what_both_have_is_kept() {
        let met = of(&[(0, 4), (8, 9), (20, 30)]).meet(&of(&[(3, 8), (25, 25), (29, 40)]));
        assert_eq!(met.spans(), [(3, 4), (8, 8), (25, 25), (29, 30)]);
        assert!(of(&[(0, 1)]).meet(&of(&[(3, 4)])).is_empty());
    }

    #[test]
    fn what_either_has_is_joined() {
        let joined = of(&[(0, 4), (20, 30)]).join(&of(&[(3, 8), (10, 10), (31, 40), (50, 50)]));
        assert_eq!(joined.spans(), [(0, 8), (10, 10), (20, 40), (50, 50)]);
        assert_eq!(of(&[]).join(&of(&[(1, 2)])).spans(), [(1, 2)]);
    }

    #[test]
    fn too_many_spans_become_more_places_never_fewer() {
        let many: Vec<_> = (0..100).map(|i| (i * 10, i * 10)).collect();
        let set = of(&many);
        assert_eq!(set.spans().len(), MOST_SPANS);
        let holds = |spot| set.spans().iter().any(|(from, to)| (*from..=*to).contains(&spot));
        assert!(many.iter().all(|(spot, _)| holds(*spot)));
    }
}

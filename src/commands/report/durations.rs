//! How long Tasks took: counted, so that any quantile can be told, in a memory that their number does not fill.

use std::collections::BTreeMap;

/// Up to here every second counts, in seconds: nearly three hours.
const EXACT_SECONDS: u64 = 10_000;

/// Durations, in seconds; longer ones than [`EXACT_SECONDS`] to their first four digits.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Durations {
    counts: BTreeMap<u64, usize>,
    all: usize,
}

impl Durations {
    /// Counts one.
    pub(super) fn add(&mut self, seconds: u64) {
        *self.counts.entry(rounded(seconds)).or_default() += 1;
        self.all += 1;
    }

    /// The quantile of these, in seconds to a thousandth, as `quantile` of PromQL has it: between two of them in
    /// proportion. Nothing of none.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a position among objects of a cluster: far below 2^52"
    )]
    pub(super) fn quantile(&self, part: f64) -> Option<f64> {
        let last = self.all.checked_sub(1)?;
        let rank = part.clamp(0.0, 1.0) * last as f64;
        let below = rank.floor();
        let (low, high) = (self.at(below as usize)?, self.at(rank.ceil() as usize)?);
        let seconds = (rank - below).mul_add(high as f64 - low as f64, low as f64);
        Some((seconds * 1_000.0).round() / 1_000.0)
    }

    /// The one at a position in their order.
    fn at(&self, position: usize) -> Option<u64> {
        let mut before = 0;
        let mut counts = self.counts.iter();
        counts.find_map(|(seconds, count)| {
            before += count;
            (position < before).then_some(*seconds)
        })
    }
}

/// The nearest duration that is told apart.
fn rounded(seconds: u64) -> u64 {
    let mut step = 1;
    while seconds / step >= EXACT_SECONDS {
        step *= 10;
    }
    seconds.saturating_add(step / 2) / step * step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(all: impl IntoIterator<Item = u64>) -> Durations {
        let mut durations = Durations::default();
        all.into_iter().for_each(|it| durations.add(it));
        durations
    }

    #[test]
    fn quantiles_lie_between_two_as_promql_has_them() {
        let some = of([10, 20, 30, 40]);
        assert_eq!(some.quantile(0.5), Some(25.0));
        assert_eq!(some.quantile(0.9), Some(37.0));
        assert_eq!((some.quantile(0.0), some.quantile(1.0)), (Some(10.0), Some(40.0)));
        assert_eq!(of([7]).quantile(0.9), Some(7.0));
        assert_eq!(of([]).quantile(0.5), None);
        assert_eq!(of([3, 3, 3, 9]).quantile(0.5), Some(3.0));
    }

    #[test]
    fn any_number_of_them_takes_a_bounded_room() {
        let many = of((0..1_000_000).map(|number| number * 97));
        assert!(many.counts.len() < 100_000, "{}", many.counts.len());
        let median = many.quantile(0.5).unwrap();
        assert!((median - 48_499_951.5).abs() / 48_499_951.5 < 0.001, "{median}");
        assert_eq!(rounded(9_999), 9_999);
        assert_eq!((rounded(10_004), rounded(10_005)), (10_000, 10_010));
        let longest = of([u64::MAX]).quantile(0.5);
        assert!(longest.is_some_and(|it| it > 1e19), "{longest:?}");
    }
}

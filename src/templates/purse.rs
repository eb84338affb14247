//! What compiling the rules of one TaskSpawner may cost: counted in steps and bytes, as rendering is, so
//! that every replica refuses the same.

use std::any::Any;
use std::hash::Hash;
use std::sync::Arc;

use super::budget::Exhausted;
use super::interner::Parts;
use super::value::Text;

/// Steps that compiling one TaskSpawner may take: at 100 ns at the most (docs/decisions/003) the worst one
/// keeps a thread for 50 ms.
pub const COMPILING_STEPS: u64 = 500_000;
/// Bytes that the rules of one TaskSpawner may hold, and what is needed to make them: 4 MiB. minijinja
/// takes 13 KiB for the shortest template, and a TaskSpawner may have 128 of them: 40 % of it.
pub const COMPILING_BYTES: u64 = 4 << 20;

/// One step pays for this many bytes that are looked at one by one.
const BYTES_PER_STEP: u64 = 16;

/// What an allocation takes beside its bytes.
pub(crate) const ALLOCATION: usize = 16;

/// What is left of what compiling may cost.
///
/// Bytes are taken before the memory is, and given back when it is free again, so that it is also the
/// peak that is bounded. Whoever asks for more than is left empties the purse: what comes later has to
/// go without, whether it would be cheap or not.
#[derive(Debug)]
pub struct Purse {
    steps: u64,
    bytes: u64,
    /// The fewest bytes that were left at any time.
    fewest_bytes: u64,
    is_empty: bool,
    start: Amount,
    /// What is compiled already, such as regular expressions: equal ones are shared.
    pub(super) parts: Parts,
}

#[derive(Debug)]
struct Amount {
    steps: u64,
    bytes: u64,
}

/// What compiling something took. It is kept with each template, and [`COMPILING_BYTES`] fit in 32 bits many times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// The steps.
    pub steps: u32,
    /// The bytes that it holds for as long as it is kept.
    pub bytes: u32,
    /// The bytes that it held at the most while it was compiled.
    pub peak: u32,
}

impl Spent {
    fn new(steps: u64, bytes: u64, peak: u64) -> Spent {
        let [steps, bytes, peak] =
            [steps, bytes, peak].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        Spent { steps, bytes, peak }
    }
}

impl Default for Purse {
    /// What the rules of one TaskSpawner may cost.
    fn default() -> Purse {
        Purse::new(COMPILING_STEPS, COMPILING_BYTES)
    }
}

impl Purse {
    /// A purse with so many steps and bytes.
    pub fn new(steps: u64, bytes: u64) -> Purse {
        Purse {
            steps,
            bytes,
            fewest_bytes: bytes,
            is_empty: false,
            start: Amount { steps, bytes },
            parts: Parts::default(),
        }
    }

    /// More than any test needs that is about something else.
    #[cfg(test)]
    pub(super) fn ample() -> Purse {
        Purse::new(1 << 40, 1 << 40)
    }

    /// This, or what is equal to it and somebody has already.
    pub fn shared<T: Any + Send + Sync + Hash + Eq>(&mut self, made: T) -> Arc<T> {
        let is_same = |known: &(dyn Any + Send + Sync)| known.downcast_ref() == Some(&made);
        let hash = self.parts.hash(&made);
        let known = self.parts.find(hash, is_same);
        if let Some(Ok(known)) = known.map(Arc::downcast) {
            return known;
        }
        let made = Arc::new(made);
        let part: Arc<dyn Any + Send + Sync> = Arc::clone(&made) as _;
        self.parts.insert(hash, &part);
        made
    }

    /// What was taken so far. Of an empty purse, all steps.
    pub fn spent(&self) -> Spent {
        let Amount { steps, bytes } = self.start;
        Spent::new(steps - self.steps, bytes - self.bytes, bytes - self.fewest_bytes)
    }

    /// Whether more was asked for than there was.
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Takes `n` steps.
    ///
    /// # Errors
    ///
    /// [`Exhausted::Compiling`] when fewer are left; the purse is empty from then on.
    pub fn take_steps(&mut self, n: u64) -> Result<(), Exhausted> {
        match self.steps.checked_sub(n) {
            Some(left) if !self.is_empty => {
                self.steps = left;
                Ok(())
            }
            _ => Err(self.empty()),
        }
    }

    /// Takes the steps that looking at `n` bytes one by one costs.
    ///
    /// # Errors
    ///
    /// As [`Purse::take_steps`].
    pub fn take_reading(&mut self, n: usize) -> Result<(), Exhausted> {
        self.take_steps(n as u64 / BYTES_PER_STEP)
    }

    /// Takes `n` bytes that are about to be allocated.
    ///
    /// # Errors
    ///
    /// [`Exhausted::Compiling`] when fewer are left; the purse is empty from then on.
    pub fn take_bytes(&mut self, n: usize) -> Result<(), Exhausted> {
        match self.bytes.checked_sub(n as u64) {
            Some(left) if !self.is_empty => {
                self.bytes = left;
                self.fewest_bytes = self.fewest_bytes.min(left);
                Ok(())
            }
            _ => Err(self.empty()),
        }
    }

    /// Lets `work` take bytes while it works. When it is done, what `weigh` says of the result stays
    /// taken, and nothing if there is none.
    ///
    /// # Errors
    ///
    /// Those of `work`.
    pub(crate) fn keeping<T, E>(
        &mut self,
        work: impl FnOnce(&mut Purse) -> Result<T, E>,
        weigh: impl FnOnce(&T) -> usize,
    ) -> Result<T, E> {
        let before = self.bytes;
        let made = work(self);
        let taken = before - self.bytes;
        let kept = made.as_ref().map_or(0, weigh) as u64;
        debug_assert!(kept <= taken, "{kept} bytes are kept, and {taken} were taken");
        self.bytes = before - kept.min(taken);
        made
    }

    /// As [`Purse::keeping`], and tells what it took: the same whatever was taken before.
    pub(super) fn measured<T, E>(
        &mut self,
        work: impl FnOnce(&mut Purse) -> Result<T, E>,
        weigh: impl FnOnce(&T) -> usize,
    ) -> Result<(T, Spent), E> {
        let (steps, bytes, fewest) = (self.steps, self.bytes, self.fewest_bytes);
        self.fewest_bytes = bytes;
        let made = self.keeping(work, weigh);
        let peak = bytes - self.fewest_bytes;
        self.fewest_bytes = self.fewest_bytes.min(fewest);
        let spent = Spent::new(steps - self.steps, bytes - self.bytes, peak);
        made.map(|made| (made, spent))
    }

    /// Takes what something took when it was compiled for somebody else.
    pub(super) fn pay(&mut self, spent: Spent) -> Result<(), Exhausted> {
        self.take_steps(spent.steps.into())?;
        self.take_bytes(spent.peak as usize)?;
        self.bytes += u64::from(spent.peak - spent.bytes);
        Ok(())
    }

    /// Gives back bytes that were taken.
    pub(crate) fn give_back(&mut self, n: usize) {
        self.bytes = self.start.bytes.min(self.bytes + n as u64);
    }

    fn empty(&mut self) -> Exhausted {
        self.is_empty = true;
        self.steps = 0;
        Exhausted::Compiling
    }
}

/// What the entries of a B-tree take, each of so many bytes.
pub(crate) fn tree_bytes(entries: usize, entry: usize) -> usize {
    // Nodes have room for 11, and are at least half full but for the first.
    if entries == 0 { 0 } else { (entries / 5 + 1) * (11 * entry + 48 + ALLOCATION) + entries * 20 }
}

/// The bytes of the names in a set.
pub(super) fn names_bytes<'n>(names: impl ExactSizeIterator<Item = &'n Text>) -> usize {
    tree_bytes(names.len(), size_of::<Text>()) + names.map(text_bytes).sum::<usize>()
}

/// The bytes of a text that it has not in its place, with its counts.
pub(crate) fn text_bytes(text: &Text) -> usize {
    if text.is_heap_allocated() { text.len() + 2 * size_of::<usize>() + ALLOCATION } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_purse_stays_empty() {
        let mut purse = Purse::new(10, 100);
        assert_eq!(purse.take_steps(4).and(purse.take_bytes(40)), Ok(()));
        assert_eq!(purse.spent(), Spent { steps: 4, bytes: 40, peak: 40 });
        assert_eq!(purse.take_bytes(61), Err(Exhausted::Compiling));
        assert_eq!(purse.take_bytes(1), Err(Exhausted::Compiling));
        assert_eq!(purse.take_steps(0), Err(Exhausted::Compiling));
        assert!(purse.is_empty());
        assert_eq!(purse.spent(), Spent { steps: 10, bytes: 40, peak: 40 });
    }

    #[test]
    fn who_comes_second_pays_the_same() {
        let work = |purse: &mut Purse| purse.take_steps(3).and(purse.take_bytes(60)).map(|()| 20);
        let mut first = Purse::new(10, 100);
        first.take_bytes(40).unwrap();
        let (_, spent) = first.measured(work, |kept| *kept).unwrap();
        assert_eq!(spent, Spent { steps: 3, bytes: 20, peak: 60 });
        let mut second = Purse::new(10, 100);
        assert_eq!(second.take_bytes(40).and(second.pay(spent)), Ok(()));
        assert_eq!(first.spent(), second.spent());
        assert!(second.pay(spent).is_err() && first.measured(work, |kept| *kept).is_err());
        assert_eq!(first.spent(), second.spent());
    }
}

//! What a template reads.

use super::purse::{ALLOCATION, names_bytes};
use super::value::Text;

/// Which top-level variables a template may read, so that only those are built.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Uses {
    /// It may read any of them: it takes the whole root, as in `{{ . }}`.
    pub all: bool,
    /// In order, each once; a list, because it is kept as long as the template, and a tree of one name has room for
    /// eleven.
    names: Box<[Text]>,
    /// As a template wrote names that have another spelling among the names: it means a variable of the
    /// written name first. In order, too.
    spellings: Box<[Text]>,
    /// A bit for the length and the ends that a name has. Most names that are asked for are not there, which a bit
    /// says faster than a search.
    bits: u64,
}

/// What is read by templates, in any order.
#[derive(Default)]
pub(super) struct Read {
    all: bool,
    pub(super) names: Vec<Text>,
    spellings: Vec<Text>,
}

impl Read {
    pub(super) fn add(&mut self, uses: &Uses) {
        self.all |= uses.all;
        self.names.extend_from_slice(&uses.names);
        self.spellings.extend_from_slice(&uses.spellings);
    }

    pub(super) fn together(self) -> Uses {
        Uses::new(self.all, self.names, self.spellings)
    }
}

impl Uses {
    fn new(all: bool, mut names: Vec<Text>, mut spellings: Vec<Text>) -> Uses {
        for names in [&mut names, &mut spellings] {
            names.sort_unstable();
            names.dedup();
        }
        let bits = names.iter().chain(&spellings).fold(0, |bits, name| bits | bit_of(name));
        Uses { all, names: names.into(), spellings: spellings.into(), bits }
    }

    /// Those that have these names, as the template wrote them.
    pub fn of(names: impl IntoIterator<Item = Text>) -> Uses {
        Uses::new(false, names.into_iter().collect(), Vec::new())
    }

    /// The same, with names as the template wrote them.
    #[must_use]
    pub(super) fn written_as(self, spellings: impl IntoIterator<Item = Text>) -> Uses {
        Uses::new(self.all, self.names.into(), spellings.into_iter().collect())
    }

    /// All of them.
    pub fn everything() -> Uses {
        Uses { all: true, ..Uses::default() }
    }

    /// The same, and these names.
    #[must_use]
    pub fn with(self, names: impl IntoIterator<Item = Text>) -> Uses {
        let mut all_names = self.names.into_vec();
        all_names.extend(names);
        Uses::new(self.all, all_names, self.spellings.into())
    }

    /// The names it reads, as Kelos spells them, in order.
    pub fn names(&self) -> &[Text] {
        &self.names
    }

    /// The names as the template wrote them, where [`names`](Uses::names) has another spelling.
    pub fn spellings(&self) -> impl ExactSizeIterator<Item = &Text> {
        self.spellings.iter()
    }

    /// Whether the variable `name` is read by its name.
    #[inline]
    pub fn names_it(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    /// The place of a name among [all](Uses::places) that are read.
    #[inline]
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        if self.bits & bit_of(name) == 0 { None } else { self.search(name) }
    }

    fn search(&self, name: &str) -> Option<usize> {
        let find = |names: &[Text]| names.binary_search_by(|it| (**it).cmp(name)).ok();
        find(&self.names).or_else(|| Some(self.names.len() + find(&self.spellings)?))
    }

    /// All names that are read, those as a template wrote them behind the others.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Text> {
        self.names.iter().chain(&self.spellings)
    }

    /// Whether the variable `name` may be read.
    #[inline]
    pub fn has(&self, name: &str) -> bool {
        self.all || self.names_it(name)
    }

    /// What its lists take, in bytes, where the names in them are texts of somebody else, too.
    pub(super) fn list_bytes(&self) -> usize {
        size_of_val(&*self.names) + size_of_val(&*self.spellings) + 2 * ALLOCATION
    }

    /// What its names take at the most, in bytes, while they are put together.
    pub(crate) fn bytes(&self) -> usize {
        names_bytes(self.names.iter()) + names_bytes(self.spellings.iter())
    }
}

#[inline]
fn bit_of(name: &str) -> u64 {
    let ends = [name.as_bytes().first(), name.as_bytes().last()];
    let [first, last] = ends.map(|byte| byte.copied().map_or(0, u32::from));
    1_u64.rotate_left(name.len() as u32 + 5 * first + 11 * last)
}

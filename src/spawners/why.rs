//! Why there is no room, in words for the team that reads them.

use std::fmt;

/// Which bound was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// The bytes of one namespace.
    NamespaceBytes,
    /// The steps of one namespace.
    NamespaceSteps,
    /// The bytes of all namespaces together.
    CacheBytes,
}

/// Why the rules of a TaskSpawner are not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Why {
    /// The bound.
    pub(super) limit: Limit,
    /// What the namespace may have of it.
    pub(super) share: u64,
    /// What its TaskSpawners take, as far as they were weighed.
    pub(super) wanted: u64,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Why { limit, share, wanted } = *self;
        let (of, bytes) = (Mebibytes(wanted), Mebibytes(share));
        // All of it has to fit into a warning, which begins with the name of an annotation.
        f.write_str("no room for these rules: the namespace wants ")?;
        match limit {
            Limit::NamespaceSteps => write!(f, "{wanted} or more of its {share} steps to compile")?,
            Limit::NamespaceBytes => write!(f, "{of} or more of its {bytes}")?,
            Limit::CacheBytes => write!(f, "{of} or more of its share of the cache, {bytes}")?,
        }
        f.write_str("; have fewer keys or TaskSpawners")
    }
}

struct Mebibytes(u64);

impl fmt::Display for Mebibytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded up, so that what does not fit never looks as if it did.
        let tenths = self.0.saturating_mul(10).div_ceil(1 << 20);
        write!(f, "{}.{} MiB", tenths / 10, tenths % 10)
    }
}

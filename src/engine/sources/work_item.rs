//! What everything has that Kelos polls: it fills one struct for all of these sources.

use super::variable::Variable as V;

/// Those of its variables that follow from nothing else, whatever the source is.
pub(super) const WORK_ITEM: &[V] = &[
    V::text("Body"),
    V::line("Labels"),
    V::text("Comments"),
    V::line("Kind"),
    V::word("Branch"),
    V::word("ReviewState"),
    V::text("ReviewComments"),
];

//! The two marks that an answer leaves on a Task: which rules it was rendered from, and what was skipped.

use json_patch::jsonptr::Pointer;

use super::kelos::{Kind, RENDERED_FROM_MARK, SKIPPED_MARK, Task};
use super::patch::Place;
use super::rules::Rules;
use super::size::Size;

/// Where the mark stands that says which rules a Task was rendered from.
pub(super) const RENDERED_FROM: Place<'static> = Place {
    kind: Kind::Annotation,
    key: RENDERED_FROM_MARK,
    path: Pointer::from_static("/metadata/annotations/metadata.kelos.dev~1rendered-from"),
};
/// Where the mark stands that says which keys were skipped.
pub(super) const SKIPPED: Place<'static> = Place {
    kind: Kind::Annotation,
    key: SKIPPED_MARK,
    path: Pointer::from_static("/metadata/annotations/metadata.kelos.dev~1skipped"),
};

/// What the first mark says.
pub(super) fn rendered_from(rules: &Rules) -> String {
    [&*rules.spawner.metadata.name, &*rules.hash].join("@")
}

/// Whether a Task of so many bytes can be marked. One that can't be looks new whenever it comes again.
pub(super) fn has_room(task: &Task<'_>, rules: &Rules, task_bytes: usize) -> bool {
    let size = Size::of(task, task_bytes).with(RENDERED_FROM, &rendered_from(rules));
    size.annotations_fit() && size.fits_etcd()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::patch::path;

    #[test]
    fn the_marks_have_the_paths_of_their_keys() {
        for mark in [RENDERED_FROM, SKIPPED] {
            assert_eq!(*mark.path, *path(mark.kind, mark.key));
        }
    }
}

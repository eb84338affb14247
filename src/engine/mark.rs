//! The marks that an answer leaves on a Task: which rules it was rendered from, what was skipped, and what
//! has its `default` because something went wrong.

mod told;

use json_patch::jsonptr::Pointer;
use smol_str::SmolStrBuilder;

pub use self::told::{Told, ToldAs, ToldKey, told};

use super::kelos::{DEFAULTED_MARK, RENDERED_FROM_MARK, SKIPPED_MARK, Task};
use super::patch::Place;
use super::rules::Rules;
use super::size::Size;
use crate::apimachinery::Kind;
use crate::templates::value::Text;

/// Where the mark stands that says which rules a Task was rendered from.
pub(super) const RENDERED_FROM: Place<'static> = Place {
    kind: Kind::Annotation,
    key: RENDERED_FROM_MARK,
    path: Some(Pointer::from_static("/metadata/annotations/metadata.kelos.dev~1rendered-from")),
};
/// Where the mark stands that says which keys were skipped.
pub(super) const SKIPPED: Place<'static> = Place {
    kind: Kind::Annotation,
    key: SKIPPED_MARK,
    path: Some(Pointer::from_static("/metadata/annotations/metadata.kelos.dev~1skipped")),
};
/// Where the mark stands that says which keys have their `default` because something went wrong.
pub(super) const DEFAULTED: Place<'static> = Place {
    kind: Kind::Annotation,
    key: DEFAULTED_MARK,
    path: Some(Pointer::from_static("/metadata/annotations/metadata.kelos.dev~1defaulted")),
};
/// All marks.
pub(super) const MARKS: [Place<'static>; 3] = [RENDERED_FROM, SKIPPED, DEFAULTED];

/// What the first mark says.
pub(super) fn rendered_from(rules: &Rules) -> Text {
    let mut mark = SmolStrBuilder::new();
    mark.extend([&*rules.spawner.metadata.name, "@", &*rules.hash]);
    mark.finish()
}

/// Whether the Task carries a mark that we can have written: then it was answered before.
///
/// Whoever makes a Task can write such a mark, and chooses no more by it than that his own Task keeps what
/// it has. A TaskSpawner that has Kelos write keys of ours could mark all its Tasks, or let a stranger's
/// text do so: then no mark says anything.
pub fn is_marked(task: &Task<'_>, rules: &Rules) -> bool {
    let mark = task.get(Kind::Annotation, RENDERED_FROM_MARK).and_then(|it| it.rsplit_once('@'));
    mark.is_some_and(|(spawner, hash)| {
        spawner == rules.spawner.metadata.name && is_hash(hash) && !rules.field_declares_ours
    })
}

fn is_hash(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a Task of this size can be marked. One that can't be looks new whenever it comes again.
pub(super) fn has_room(task: &Task<'_>, rules: &Rules, task_bytes: usize) -> bool {
    let mut size = Size::of(task, task_bytes);
    for mark in MARKS {
        if let Some(value) = task.get(mark.kind, mark.key) {
            size = size.without(mark, value);
        }
    }
    let size = size.with(RENDERED_FROM, &rendered_from(rules));
    !rules.field_declares_ours && size.annotations_fit() && size.fits_etcd()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::patch::path;

    #[test]
    fn the_marks_have_the_paths_of_their_keys() {
        for mark in MARKS {
            assert_eq!(mark.path, path(mark.kind, mark.key).as_deref());
        }
    }
}

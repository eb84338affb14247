//! A spawner as somebody names it: `NAME`, or with its kind in front where one of the other kind has the same name.

use crate::engine::kelos::{Shape, group_of};
use crate::manifests::Manifest;

/// The kind that is named, if it is, and the rest.
pub(super) fn kind_and_name(wanted: &str) -> (Option<Shape>, &str) {
    let named = wanted.split_once('/').and_then(|(kind, name)| {
        let is_it = |makes: &Shape| makes.spawner().eq_ignore_ascii_case(kind);
        Some((Shape::ALL.into_iter().find(is_it)?, name))
    });
    named.map_or((None, wanted), |(makes, name)| (Some(makes), name))
}

/// What the spawner of a document makes.
pub(super) fn makes(manifest: &Manifest) -> Shape {
    Shape::of_spawner(group_of(&manifest.api_version), &manifest.kind).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_in_front_is_no_namespace() {
        for (wanted, named) in [
            ("w", (None, "w")),
            ("ns/w", (None, "ns/w")),
            ("sessionspawner/w", (Some(Shape::Session), "w")),
            ("TaskSpawner/ns/w", (Some(Shape::Task), "ns/w")),
        ] {
            assert_eq!(kind_and_name(wanted), named);
        }
    }
}

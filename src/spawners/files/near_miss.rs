//! Documents that were probably meant for us and are of no kind that is read.

use crate::engine::kelos::{GROUP, group_of};
use crate::templates::suggest::closest;

/// What Kelos called its group before it was Kelos.
const FORMER_GROUP: &str = "axon.io";

/// The kinds of Kelos that are read, or that `render` shows.
const KINDS: [&str; 4] = ["TaskSpawner", "Task", "Workspace", "WorkerPool"];

/// What was probably meant by this type of a document, in a clause, if it is close to one that is read.
pub(super) fn near_miss(api_version: &str, kind: &str) -> Option<String> {
    let group = group_of(api_version);
    if group == GROUP || (group.is_empty() && KINDS.contains(&kind)) {
        let meant = closest(kind, KINDS).filter(|meant| *meant != kind);
        if let Some(meant) = meant {
            return Some(format!("there is no kind `{kind}`: did you mean `{meant}`?"));
        }
    }
    if group.is_empty() && kind != "Namespace" && kind.eq_ignore_ascii_case("namespace") {
        return Some(format!("there is no kind `{kind}`: did you mean `Namespace`?"));
    }
    let is_near = group == FORMER_GROUP
        || group.ends_with(".kelos.dev")
        || group.is_empty()
        || closest(group, [GROUP]).is_some();
    (group != GROUP && is_near && KINDS.contains(&kind)).then(|| {
        format!("`{api_version}` has no {kind} that is read: did you mean `{GROUP}/v1alpha2`?")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_close_to_a_type_is_named_and_what_is_another_one_is_not() {
        for (api_version, kind, meant) in [
            ("kelos.dev/v1alpha2", "taskspawner", Some("`TaskSpawner`")),
            ("kelos.dev/v1alpha2", "task", Some("`Task`")),
            ("kelos.dev/v1alpha2", "Workspaces", Some("`Workspace`")),
            ("axon.io/v1alpha1", "TaskSpawner", Some("`kelos.dev/v1alpha2`")),
            ("kelos.io/v1alpha1", "TaskSpawner", Some("`kelos.dev/v1alpha2`")),
            ("v1alpha2", "TaskSpawner", Some("`kelos.dev/v1alpha2`")),
            ("v1", "namespace", Some("`Namespace`")),
            ("kelos.dev/v1alpha2", "TaskSpawner", None),
            ("kelos.dev/v1alpha2", "Task", None),
            ("kelos.dev/v1alpha2", "TaskBudget", None),
            ("kelos.dev/v1alpha2", "TaskRecord", None),
            ("kelos.dev/v1alpha2", "SessionSpawner", None),
            ("kelos.dev/v1alpha2", "AgentConfig", None),
            ("example.com/v1", "TaskSpawner", None),
            ("tekton.dev/v1", "Task", None),
            ("v1", "Secret", None),
            ("v1", "Namespace", None),
            ("apps/v1", "Deployment", None),
        ] {
            let found = near_miss(api_version, kind);
            assert_eq!(found.is_some(), meant.is_some(), "{api_version} {kind}: {found:?}");
            let found = found.unwrap_or_default();
            assert!(found.contains(meant.unwrap_or_default()), "{api_version} {kind}: {found}");
        }
    }
}

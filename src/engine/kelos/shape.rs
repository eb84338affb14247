//! The two shapes of what runs an agent: a Task, which ends, and a Session, which stays (Kelos has had these since v0.46,
//! and SessionSpawners since v0.48). All that Kelos has otherwise for the one than for the other is said here, and in the
//! views of their JSON.

use super::{GROUP, TASKSPAWNER_LABEL};
use crate::apimachinery::Kind;
use crate::words::words;

words! {
    /// What a spawner makes.
    #[derive(Default)]
    pub enum Shape {
        /// Work that ends: a TaskSpawner makes it.
        #[default]
        Task = "Task",
        /// An agent that people talk to: a SessionSpawner makes it.
        Session = "Session",
    }
}

/// How the Console calls a Session, in place of its name (v0.52 and later).
pub const DISPLAY_NAME_ANNOTATION: &str = "kelos.dev/session-display-name";
/// The section of the Console that a Session is listed in (v0.49 and later).
pub const SECTION_ANNOTATION: &str = "kelos.dev/session-section";

impl Shape {
    /// The shape of this kind of Kelos's own, such as `Task`.
    pub fn of_kind(group: &str, kind: &str) -> Option<Shape> {
        Shape::ALL.into_iter().find(|shape| group == GROUP && kind == shape.as_str())
    }

    /// What this kind of Kelos's own makes, such as `TaskSpawner`.
    pub fn of_spawner(group: &str, kind: &str) -> Option<Shape> {
        Shape::ALL.into_iter().find(|shape| group == GROUP && kind == shape.spawner())
    }

    /// The kind of what makes it.
    pub const fn spawner(self) -> &'static str {
        match self {
            Shape::Task => "TaskSpawner",
            Shape::Session => "SessionSpawner",
        }
    }

    /// Its name in paths of the API server.
    pub const fn plural(self) -> &'static str {
        match self {
            Shape::Task => "tasks",
            Shape::Session => "sessions",
        }
    }

    /// What one that is known is called in a sentence.
    pub const fn with_article(self) -> &'static str {
        match self {
            Shape::Task => "the Task",
            Shape::Session => "the Session",
        }
    }

    /// What several are called.
    pub const fn several(self) -> &'static str {
        match self {
            Shape::Task => "Tasks",
            Shape::Session => "Sessions",
        }
    }

    /// What Kelos calls its Pod in the label `kelos.dev/component`.
    pub const fn component(self) -> &'static str {
        match self {
            Shape::Task => "task",
            Shape::Session => "session",
        }
    }

    /// The label of its Pod that has its name.
    pub const fn name_label(self) -> &'static str {
        match self {
            Shape::Task => "kelos.dev/task",
            Shape::Session => "kelos.dev/session",
        }
    }

    /// The label by which it can name its spawner where no owner reference does.
    pub const fn owner_label(self) -> Option<&'static str> {
        match self {
            Shape::Task => Some(TASKSPAWNER_LABEL),
            Shape::Session => None,
        }
    }

    /// What the kind that makes it is called in paths of the API server.
    pub const fn spawner_plural(self) -> &'static str {
        match self {
            Shape::Task => "taskspawners",
            Shape::Session => "sessionspawners",
        }
    }

    /// The variable that holds what the object itself says.
    pub const fn group(self) -> &'static str {
        self.as_str()
    }

    /// The field of a spawner's template that the prompt is made of.
    pub const fn prompt_name(self) -> &'static str {
        match self {
            Shape::Task => "promptTemplate",
            Shape::Session => "initialPrompt",
        }
    }

    /// The field of a spawner's template that the branch is made of.
    pub const fn branch_name(self) -> &'static str {
        match self {
            Shape::Task => "branch",
            Shape::Session => "initialBranch",
        }
    }

    /// Where its spawner has the template of the prompt.
    pub const fn prompt_field(self) -> &'static str {
        match self {
            Shape::Task => "spec.taskTemplate.promptTemplate",
            Shape::Session => "spec.sessionTemplate.initialPrompt",
        }
    }

    /// Where its spawner has the template of the branch.
    pub const fn branch_field(self) -> &'static str {
        match self {
            Shape::Task => "spec.taskTemplate.branch",
            Shape::Session => "spec.sessionTemplate.initialBranch",
        }
    }

    /// Where its spawner names the Workspace.
    pub const fn workspace_field(self) -> &'static str {
        match self {
            Shape::Task => "spec.taskTemplate",
            Shape::Session => "spec.sessionTemplate.worker",
        }
    }

    /// Whether its spawner can have the Kelos field, so that Kelos itself renders labels and annotations.
    pub const fn has_kelos_field(self) -> bool {
        matches!(self, Shape::Task)
    }

    /// Whether Kelos itself writes on it what it comes from: the annotations `kelos.dev/source-*`.
    pub const fn has_source_annotations(self) -> bool {
        matches!(self, Shape::Task)
    }

    /// Whether Kelos makes a Job of it, which has its name. A Session has a StatefulSet, for which Kelos shortens it.
    pub const fn has_job(self) -> bool {
        matches!(self, Shape::Task)
    }

    /// Whether Kelos makes a prompt where its spawner has no template for one.
    pub const fn has_own_prompt(self) -> bool {
        matches!(self, Shape::Task)
    }

    /// Whether Kelos asks the context sources of its spawner.
    pub const fn has_context(self) -> bool {
        matches!(self, Shape::Task)
    }
}

/// Whether the Console shows this annotation of a Session in a line of its own.
pub(in crate::engine) fn is_shown_line(kind: Kind, key: &str) -> bool {
    kind == Kind::Annotation && matches!(key, DISPLAY_NAME_ANNOTATION | SECTION_ANNOTATION)
}

//! The words for what a request is about.

use crate::engine::lint::SpawnerKind;
use crate::words::words;

words! {
    /// What a request is about.
    pub enum Resource {
        /// The creation of a Task.
        Task = "task",
        /// The creation or change of a TaskSpawner; and what is sent to where spawners are, and can't be
        /// read.
        TaskSpawner = "taskspawner",
        /// The creation or change of a SessionSpawner.
        SessionSpawner = "sessionspawner",
    }
}

impl From<SpawnerKind> for Resource {
    fn from(kind: SpawnerKind) -> Resource {
        match kind {
            SpawnerKind::TaskSpawner => Resource::TaskSpawner,
            SpawnerKind::SessionSpawner => Resource::SessionSpawner,
        }
    }
}

//! The words for what a request is about.

use crate::engine::kelos::Shape;
use crate::words::words;

words! {
    /// What a request is about.
    pub enum Resource {
        /// The creation of a Task.
        Task = "task",
        /// The creation of a Session.
        Session = "session",
        /// The creation or change of a TaskSpawner; and what is sent to where spawners are, and can't be
        /// read.
        TaskSpawner = "taskspawner",
        /// The creation or change of a SessionSpawner.
        SessionSpawner = "sessionspawner",
    }
}

impl Resource {
    /// What is made.
    pub fn made(shape: Shape) -> Resource {
        match shape {
            Shape::Task => Resource::Task,
            Shape::Session => Resource::Session,
        }
    }

    /// What makes it.
    pub fn spawner(makes: Shape) -> Resource {
        match makes {
            Shape::Task => Resource::TaskSpawner,
            Shape::Session => Resource::SessionSpawner,
        }
    }
}

//! What a cluster has in any case: the TaskSpawners of teams that mean no harm.

use anyhow::Result;
use serde_json::Value;

use testing::measure::fixtures::{self, Templates};
use testing::measure::servers::Running;

/// How many; they are of one namespace.
pub(crate) const COUNT: usize = 100;

/// These TaskSpawners, each with templates of its own, and their Workspace.
pub(crate) fn objects() -> Vec<Value> {
    let spawner = |index| fixtures::spawner(index, Templates::Different);
    (0..COUNT).map(spawner).chain([fixtures::workspace(0)]).collect()
}

/// Checks that their Tasks get what they should.
pub(crate) fn check(server: &Running) -> Result<()> {
    [0, COUNT - 1].into_iter().try_for_each(|index| server.check(index, 1, Templates::Different))
}

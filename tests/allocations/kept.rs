//! In how many pieces a TaskSpawner with its rules is kept.
//!
//! It is counted exactly, and asserted so, as [answers](super::answers) are: the allocator adds up to 24 bytes to each, ten
//! thousand times over.

use allocation_counter::measure;
use kelos_metadata::engine::kelos::TaskSpawner;
use kelos_metadata::engine::rules::{Policy, Rules, Shared};
use testing::measure::fixtures::{self, Templates};

/// The pieces that one more takes where there are some that share what they can.
fn pieces(templates: Templates) -> i64 {
    let (policy, mut shared) = (Policy::default(), Shared::default());
    let mut kept: Vec<Rules> = Vec::with_capacity(4);
    let mut counted = 0;
    for index in 0..4 {
        let json = fixtures::spawner(index, templates).to_string();
        let keep = || {
            let spawner: TaskSpawner = serde_json::from_str(&json).unwrap();
            kept.push(Rules::compile(spawner, &policy, &mut shared));
        };
        counted = measure(keep).count_current;
    }
    counted
}

#[test]
fn a_task_spawner_is_kept_in_so_many_pieces_and_not_more() {
    let counted = [pieces(Templates::Shared), pieces(Templates::Different)];
    assert_eq!(counted, [9, 29]);
}

//! What is wrong with a TaskSpawner or SessionSpawner, told while it is written: before it costs a Task.
//!
//! [`lint`] is pure: the object as JSON and what is known around it → [findings](Finding). What can't be told
//! for certain from the object is not said.

mod budget;
mod finding;

pub use self::budget::{BudgetSelector, Expression};
pub use self::finding::{Field, Finding, Fix, Rule, Severity, Step};

use super::kelos::TaskSpawner;
use super::rules::{Policy, Rules};
use crate::templates::Templates;
use crate::words::words;

words! {
    /// What is linted.
    pub enum SpawnerKind {
        /// A TaskSpawner, v1alpha1 or v1alpha2.
        TaskSpawner = "TaskSpawner",
        /// A SessionSpawner.
        SessionSpawner = "SessionSpawner",
    }
}

/// What is known around an object that is linted.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'s> {
    /// What the cluster admin decides for all TaskSpawners.
    pub policy: &'s Policy,
    /// The selectors of the TaskBudgets of its namespace, if they are known.
    pub budgets: Option<&'s [BudgetSelector]>,
}

impl<'s> Surroundings<'s> {
    /// Where nothing is known but what the cluster admin decides.
    pub fn new(policy: &'s Policy) -> Surroundings<'s> {
        Surroundings { policy, budgets: None }
    }
}

/// Tells what is wrong with a TaskSpawner or SessionSpawner: errors first, then in the order of its fields.
///
/// # Errors
///
/// When the JSON is no such object: what the API server would refuse, too.
pub fn lint(
    kind: SpawnerKind,
    json: &str,
    around: &Surroundings<'_>,
) -> Result<Vec<Finding>, serde_json::Error> {
    let mut findings = Vec::new();
    if kind == SpawnerKind::TaskSpawner {
        let spawner: TaskSpawner = serde_json::from_str(json)?;
        let rules = Rules::compile(spawner, around.policy, &mut Templates::default());
        for failing in &rules.failing {
            findings.push(Finding::failing(failing));
        }
    }
    Ok(findings)
}

//! What is wrong with a TaskSpawner or SessionSpawner, told while it is written: before it costs a Task.
//!
//! [`lint`] is pure: the object as JSON and what is known around it → [findings](Finding). What can't be told
//! for certain from the object is not said.

mod absent;
mod annotations;
mod budget;
mod consumers;
mod cron;
mod events;
mod faults;
mod fields;
mod filters;
mod finding;
mod known_fields;
mod labels;
mod names;
mod payload;
mod places;
mod recorded;
mod silence;
mod source;
mod templates;
mod view;
mod world;

use std::collections::BTreeSet;

pub use self::budget::{BudgetSelector, Expression};
pub use self::finding::{Field, Finding, Fix, Rule, Severity, Step};
pub use self::labels::one_each;

use self::places::Places;
use self::view::View;
use self::world::{KelosWorld, worlds};
use super::kelos::{Shape, TaskSpawner};
use super::remedy::{Missed, Remedy, remedy};
use super::rules::{Policy, Rules, Shared};
use super::simulate::KelosVersion;
use super::sources::Table;
use crate::apimachinery::Kind;
use crate::templates::purse::Purse;

/// The most findings that are told: whoever mends some of them sees the others then.
const MOST_FINDINGS: usize = 100;

/// What is known around an object that is linted.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'s> {
    /// What the cluster admin decides for all TaskSpawners.
    pub policy: &'s Policy,
    /// The selectors of the TaskBudgets of its namespace, if they are known.
    pub budgets: Option<&'s [BudgetSelector]>,
    /// The version of Kelos that it is for.
    pub kelos: KelosVersion,
    /// The rules that nothing is told of.
    pub allowed: &'s [Rule],
}

impl<'s> Surroundings<'s> {
    /// Where nothing is known but what the cluster admin decides.
    pub fn new(policy: &'s Policy) -> Surroundings<'s> {
        Surroundings { policy, budgets: None, kelos: KelosVersion::default(), allowed: &[] }
    }
}

/// Tells what is wrong with a TaskSpawner or SessionSpawner: errors first, then in the order of its fields. At most
/// a hundred findings; that there are more is one of its own.
///
/// # Errors
///
/// When the JSON is no such object: what the API server would refuse, too.
pub fn lint(
    makes: Shape,
    json: &str,
    around: &Surroundings<'_>,
) -> Result<Vec<Finding>, serde_json::Error> {
    let view: View = serde_json::from_str(json)?;
    let spawner = TaskSpawner::parse_as(makes, json)?;
    let rules = Rules::compile(spawner, around.policy, &mut Shared::default());
    let mut purse = Purse::default();
    let mut worlds = worlds(&view, &rules.spawner, &mut purse);
    if !makes.has_context() {
        worlds.iter_mut().for_each(|world| world.has_context = false);
    }
    let places = Places::of(&rules);
    let mut lint = Lint {
        makes,
        silent: silence::silent(around, &view),
        view: &view,
        table: Table::of(rules.spawner.spec.when.source()),
        rules: &rules,
        places: &places,
        around,
        worlds,
        purse,
        findings: Vec::new(),
        unwritten: BTreeSet::new(),
        fetched: None,
        left_out: 0,
    };
    fields::look(&mut lint, json);
    events::look(&mut lint);
    cron::look(&mut lint);
    templates::look(&mut lint);
    recorded::look(&mut lint, json);
    annotations::look(&mut lint);
    names::spawner(&mut lint);
    consumers::look(&mut lint);
    if makes == Shape::Task {
        names::constant(&mut lint);
        source::look(&mut lint);
    }
    silence::look(&mut lint);
    Ok(lint.finish())
}

/// What is looked at, and what was found.
struct Lint<'l> {
    /// What the spawner makes.
    makes: Shape,
    /// The rules that nothing is told of.
    silent: BTreeSet<Rule>,
    view: &'l View,
    rules: &'l Rules,
    places: &'l Places<'l>,
    around: &'l Surroundings<'l>,
    table: &'static Table,
    worlds: Vec<KelosWorld<'l>>,
    /// What running templates may cost, beside what compiling them costs.
    purse: Purse,
    findings: Vec<Finding>,
    /// The keys of rules annotations that are never written, whatever the item: they were told, and nothing else is
    /// said of their values.
    unwritten: BTreeSet<(Kind, Box<str>)>,
    /// The context source whose templates are looked at, where Kelos goes on without it.
    fetched: Option<String>,
    /// How many more there are.
    left_out: usize,
}

impl Lint<'_> {
    fn is_session(&self) -> bool {
        self.makes == Shape::Session
    }

    /// What Kelos makes of an item.
    fn product(&self) -> &'static str {
        self.makes.as_str()
    }

    /// That Kelos does not make it where a template fails: the clause behind `Kelos`. `of` says of what, or when.
    fn makes_none(&self, of: &str) -> String {
        match &self.fetched {
            Some(name) => format!("makes no request{of}, and `.Context.{name}` is empty"),
            None => format!("makes no {}{of}", self.product()),
        }
    }

    fn add(&mut self, finding: Finding) {
        if self.silent.contains(&finding.rule) {
            return;
        }
        if self.findings.len() < MOST_FINDINGS {
            return self.findings.push(finding);
        }
        self.left_out += 1;
        // What matters more is not left out for what matters less.
        let least = self.findings.iter_mut().max_by_key(|it| it.severity);
        if let Some(least) = least.filter(|it| it.severity > finding.severity) {
            *least = finding;
        }
    }

    /// Tells that something was not looked at to its end: what else is wrong with it nobody knows.
    fn too_costly(&mut self, field: Field, what: &str) {
        let text = format!("{what} too costly to be looked at to the end");
        let finding = Finding::new(Rule::OverLimit, Severity::Warning, field, text);
        self.add(finding.help("make it shorter, with fewer conditions"));
    }

    /// What makes a variable known to rules annotations.
    fn remedy(&self, variable: &str) -> Remedy {
        remedy(&Missed {
            rules: self.rules,
            variable,
            is_manual: false,
            has_workspace: false,
            blank: &[],
            has_field: self.around.kelos != KelosVersion::V0_24,
        })
    }

    /// The same as a help, which is about the TaskSpawner anyway.
    fn line_for(&self, variable: &str) -> String {
        self.remedy(variable).to_string().replacen("add to the TaskSpawner: ", "add ", 1)
    }

    fn finish(mut self) -> Vec<Finding> {
        let key =
            |it: &Finding| (it.severity, it.field.clone(), it.at.map(|at| at.offset), it.rule);
        self.findings.sort_by_cached_key(key);
        self.findings.dedup();
        if self.left_out > 0 {
            let text = format!("{} more findings are not told", self.left_out);
            let whole = Field::of(&["spec"]);
            self.findings.push(Finding::new(Rule::OverLimit, Severity::Info, whole, text));
        }
        self.findings
    }
}

//! Numbers of Tasks and TaskRecords, by counting the objects that the API server has.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::harness::api::Api;
use crate::harness::prometheus::Labels;

/// A number for each combination of values of some labels; one that is missing is empty.
pub(super) type Table = BTreeMap<Vec<String>, f64>;

/// What a query gave, by these labels. Sums may come in any order, so the last digits of a number say nothing.
pub(super) fn table(samples: Vec<(Labels, f64)>, by: &[&str]) -> Table {
    let mut table = Table::new();
    for (labels, value) in samples {
        let value_of = |label: &&str| labels.get(*label).cloned().unwrap_or_default();
        let old = table.insert(by.iter().map(value_of).collect(), rounded(value));
        assert!(old.is_none(), "two series with the same {by:?}: {labels:?}");
    }
    table
}

/// The objects of all namespaces.
pub(super) struct Objects {
    pub(super) tasks: Vec<Value>,
    pub(super) records: Vec<Value>,
    pub(super) spawners: Vec<Value>,
    pub(super) budgets: Vec<Value>,
}

impl Objects {
    /// Those that are there now.
    pub(super) async fn read(admin: &Api) -> Objects {
        let list = async |plural: &str| {
            let list = admin.get(&format!("/apis/kelos.dev/v1alpha2/{plural}")).await.ok();
            list["items"].as_array().unwrap().clone()
        };
        Objects {
            tasks: list("tasks").await,
            records: list("taskrecords").await,
            spawners: list("taskspawners").await,
            budgets: list("taskbudgets").await,
        }
    }

    /// How many Tasks of each team are in each phase.
    pub(super) fn by_phase(&self) -> Table {
        let phase = |task: &Value| task["status"]["phase"].as_str().map(str::to_owned);
        let tasks = self.tasks.iter().filter_map(|task| {
            let [namespace, team] = owner(task);
            Some((vec![namespace, team, phase(task)?], 1.0))
        });
        sums(tasks)
    }

    /// How long Tasks of each team took that have ended, in seconds: this quantile.
    pub(super) fn duration(&self, quantile: f64) -> Table {
        let mut all: BTreeMap<Vec<String>, Vec<f64>> = BTreeMap::new();
        for task in &self.tasks {
            let status = &task["status"];
            if let (Some(start), Some(end)) =
                (seconds(&status["startTime"]), seconds(&status["completionTime"]))
            {
                all.entry(owner(task).to_vec()).or_default().push(end - start);
            }
        }
        all.into_iter().map(|(team, durations)| (team, at(quantile, durations))).collect()
    }

    /// What Tasks of each team cost that ended within a day.
    pub(super) fn cost_of_a_day(&self) -> Table {
        let records = self.records.iter().filter_map(|record| {
            let spec = &record["spec"];
            let ago = now() - seconds(&spec["completionTime"])?;
            (ago < 86_400.0).then_some(())?;
            Some((owner(record).to_vec(), dollars(&spec["usage"]["costUSD"])?))
        });
        sums(records)
    }

    /// How many Tasks lack the team.
    pub(super) fn without_team(&self) -> Table {
        let tasks = self.tasks.iter().map(owner).filter(|[_, team]| team.is_empty());
        sums(tasks.map(|[namespace, _]| (vec![namespace], 1.0)))
    }

    /// How many Tasks each TaskSpawner has.
    pub(super) fn by_spawner(&self) -> Table {
        sums(self.tasks.iter().map(|task| (spawner(task), 1.0)))
    }

    /// The part of them that have the team.
    pub(super) fn part_with_team(&self) -> Table {
        let tasks = self.tasks.iter().filter(|task| !owner(task)[1].is_empty());
        let with = sums(tasks.map(|task| (spawner(task), 1.0)));
        let all = self.by_spawner();
        let part = |(of, with): (Vec<String>, f64)| (of.clone(), rounded(with / all[&of]));
        with.into_iter().map(part).collect()
    }

    /// The Tasks that lack a phase.
    pub(super) fn without_phase(&self) -> Table {
        let tasks = self.tasks.iter().filter(|task| task["status"]["phase"].is_null());
        let name = |task: &Value| task["metadata"]["name"].as_str().unwrap().to_owned();
        sums(tasks.map(|task| {
            let [namespace, _] = owner(task);
            (vec![namespace, name(task)], 1.0)
        }))
    }

    /// How many Tasks the webhook has patched.
    pub(super) fn patched(&self) -> Table {
        let mark = "metadata.kelos.dev/rendered-from";
        let is_marked = |task: &&Value| task["metadata"]["annotations"][mark].is_string();
        sums(self.tasks.iter().filter(is_marked).map(|_| (vec![], 1.0)))
    }
}

/// Namespace and TaskSpawner.
fn spawner(task: &Value) -> Vec<String> {
    let metadata = &task["metadata"];
    [&metadata["namespace"], &metadata["labels"]["kelos.dev/taskspawner"]]
        .map(|value| value.as_str().unwrap_or_default().to_owned())
        .to_vec()
}

/// Namespace and team.
fn owner(object: &Value) -> [String; 2] {
    let metadata = &object["metadata"];
    [&metadata["namespace"], &metadata["labels"]["team"]]
        .map(|value| value.as_str().unwrap_or_default().to_owned())
}

pub(super) fn now() -> f64 {
    Timestamp::now().as_second() as f64
}

pub(super) fn seconds(time: &Value) -> Option<f64> {
    let time: Timestamp = time.as_str()?.parse().unwrap();
    Some(time.as_second() as f64)
}

/// A number, or text as the API server keeps quantities, as far as [`super::world`] has them.
pub(super) fn dollars(cost: &Value) -> Option<f64> {
    let Some(text) = cost.as_str() else { return cost.as_f64() };
    let (digits, unit) = match text.strip_suffix(['m', 'u']) {
        Some(digits) if text.ends_with('m') => (digits, 1e-3),
        Some(digits) => (digits, 1e-6),
        None => (text, 1.0),
    };
    Some(digits.parse::<f64>().unwrap() * unit)
}

/// A quantile between the two numbers that are next to it, as Prometheus has it.
pub(super) fn at(quantile: f64, mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let rank = quantile * (numbers.len() - 1) as f64;
    let (below, above) = (numbers[rank.floor() as usize], numbers[rank.ceil() as usize]);
    rounded(below + (above - below) * rank.fract())
}

pub(super) fn sums(numbers: impl Iterator<Item = (Vec<String>, f64)>) -> Table {
    let mut sums = Table::new();
    for (key, number) in numbers {
        *sums.entry(key).or_default() += number;
    }
    sums.values_mut().for_each(|sum| *sum = rounded(*sum));
    sums
}

/// To millionths.
pub(super) fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

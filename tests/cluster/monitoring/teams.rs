//! The same numbers as the panels of the dashboard have them: by team, of all namespaces.

use serde_json::Value;

use super::counting::{Objects, Table, at, dollars, now, seconds, sums};

/// What panels call those without the label.
pub(super) const NO_LABEL: &str = "(no label)";

fn team(object: &Value) -> Vec<String> {
    let team = object["metadata"]["labels"]["team"].as_str().filter(|team| !team.is_empty());
    vec![team.unwrap_or(NO_LABEL).to_owned()]
}

fn phase(task: &Value) -> &str {
    task["status"]["phase"].as_str().unwrap_or_default()
}

/// By team, this quantile of the numbers that some objects have.
fn quantiles<'o>(quantile: f64, objects: impl Iterator<Item = (&'o Value, Option<f64>)>) -> Table {
    let mut all = std::collections::BTreeMap::<_, Vec<f64>>::new();
    for (object, number) in objects {
        all.entry(team(object)).or_default().extend(number);
    }
    all.retain(|_, numbers| !numbers.is_empty());
    all.into_iter().map(|(team, numbers)| (team, at(quantile, numbers))).collect()
}

/// How long something took that ended within a day.
fn duration(run: &Value) -> Option<f64> {
    let end = seconds(&run["completionTime"]).filter(|end| now() - end < 86_400.0)?;
    Some(end - seconds(&run["startTime"])?)
}

impl Objects {
    /// How many Tasks are in one of these phases.
    pub(super) fn in_phases(&self, phases: &[&str]) -> f64 {
        self.tasks.iter().filter(|task| phases.contains(&phase(task))).count() as f64
    }

    /// The same by team.
    pub(super) fn teams_in(&self, phases: &[&str]) -> Table {
        let tasks = self.tasks.iter().filter(|task| phases.contains(&phase(task)));
        sums(tasks.map(|task| (team(task), 1.0)))
    }

    /// How many Tasks are in each phase.
    pub(super) fn phases(&self) -> Table {
        let tasks = self.tasks.iter().filter(|task| !phase(task).is_empty());
        sums(tasks.map(|task| (vec![phase(task).to_owned()], 1.0)))
    }

    /// How many Tasks each team has.
    pub(super) fn teams(&self) -> Table {
        sums(self.tasks.iter().map(|task| (team(task), 1.0)))
    }

    /// How long Tasks took that ended within a day.
    pub(super) fn durations(&self, quantile: f64) -> Table {
        quantiles(quantile, self.tasks.iter().map(|task| (task, duration(&task["status"]))))
    }

    /// The same with those of which only the TaskRecords are left: here all of these are of Tasks that are gone.
    pub(super) fn durations_with_gone(&self, quantile: f64) -> Table {
        let tasks = self.tasks.iter().map(|task| (task, duration(&task["status"])));
        let records = self.records.iter().map(|record| (record, duration(&record["spec"])));
        quantiles(quantile, tasks.chain(records))
    }

    /// How many Tasks have failed, those that are gone with them.
    pub(super) fn failed_with_gone(&self) -> Table {
        let tasks = self.tasks.iter().map(|task| (task, &task["status"]["phase"]));
        let records = self.records.iter().map(|record| (record, &record["spec"]["phase"]));
        let failed = tasks.chain(records).filter(|(_, phase)| **phase == "Failed");
        sums(failed.map(|(object, _)| (team(object), 1.0)))
    }

    /// How long Tasks waited from their creation on.
    pub(super) fn waits(&self, quantile: f64) -> Table {
        let wait = |task: &Value| {
            let start = seconds(&task["status"]["startTime"])?;
            Some(start - seconds(&task["metadata"]["creationTimestamp"])?)
        };
        quantiles(quantile, self.tasks.iter().map(|task| (task, wait(task))))
    }

    /// The part of those that ended that succeeded.
    pub(super) fn success(&self) -> Table {
        let succeeded = self.teams_in(&["Succeeded"]);
        let ended = self.teams_in(&["Succeeded", "Failed"]).into_iter();
        let rate = |(team, all): (Vec<String>, f64)| {
            let part = succeeded.get(&team).copied().unwrap_or_default() / all;
            (team, super::counting::rounded(part))
        };
        ended.map(rate).collect()
    }

    /// What Tasks cost that ended within so many seconds.
    pub(super) fn cost_within(&self, within: f64) -> Table {
        self.of_records(within, |usage| dollars(&usage["costUSD"]))
    }

    /// The tokens of Tasks that ended within a day.
    pub(super) fn tokens(&self) -> Table {
        self.of_records(86_400.0, |usage| {
            let [input, output] = ["inputTokens", "outputTokens"].map(|it| usage[it].as_f64());
            (input.is_some() || output.is_some())
                .then(|| input.unwrap_or_default() + output.unwrap_or_default())
        })
    }

    fn of_records(&self, within: f64, number: impl Fn(&Value) -> Option<f64>) -> Table {
        sums(self.records.iter().filter_map(|record| {
            let spec = &record["spec"];
            (now() - seconds(&spec["completionTime"])? < within).then_some(())?;
            Some((team(record), number(&spec["usage"])?))
        }))
    }

    /// The part of the Tasks of each namespace that lack the team.
    pub(super) fn part_without_team(&self) -> Table {
        let namespace = |task: &Value| task["metadata"]["namespace"].as_str().unwrap().to_owned();
        let all = sums(self.tasks.iter().map(|task| (vec![namespace(task)], 1.0)));
        let lacking = self.tasks.iter().filter(|task| team(task)[0] == NO_LABEL);
        let lacking = sums(lacking.map(|task| (vec![namespace(task)], 1.0)));
        let part = |(namespace, all): (Vec<String>, f64)| {
            let lacking = lacking.get(&namespace).copied().unwrap_or_default();
            (namespace, super::counting::rounded(lacking / all))
        };
        all.into_iter().map(part).collect()
    }

    /// The part of each TaskBudget that is used.
    pub(super) fn used(&self) -> Table {
        sums(self.budgets.iter().filter_map(|budget| {
            let text = |field: &str| budget["metadata"][field].as_str().unwrap();
            let name = format!("{}/{}", text("namespace"), text("name"));
            let used = dollars(&budget["status"]["used"]["costUSD"])?;
            Some((vec![name], used / dollars(&budget["spec"]["maxCostUSD"])?))
        }))
    }

    /// How many TaskSpawners have as many Tasks as may run.
    pub(super) fn at_their_limit(&self) -> f64 {
        let is_at_limit = |spawner: &&Value| {
            let most = spawner["spec"]["maxConcurrency"].as_u64().unwrap_or_default();
            most > 0 && spawner["status"]["activeTasks"].as_u64() >= Some(most)
        };
        self.spawners.iter().filter(is_at_limit).count() as f64
    }
}

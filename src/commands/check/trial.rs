//! A Task by server-side dry run, end to end: the API server asks the webhook, and stores nothing.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::asking::Asking;
use super::registered::Registered;
use super::versions::Kelos;
use super::{Report, Topic, UNREAD_HINT};
use crate::cluster::question::{self, Answer};
use crate::cluster::{Error, Resource};
use crate::engine::kelos::{
    INJECTION_SETTING, Namespace, RENDERED_FROM_MARK, Shape, StringMap, TASKSPAWNER_LABEL,
    TaskSpawner,
};
use crate::registration::{Asks, NewTask, Registration};

/// The name of the Task, and of the TaskSpawner that it names where no other one gives a mark: then the webhook answers
/// that there is no such TaskSpawner.
const NAME: &str = "kelos-metadata-check";

/// What to do where the cause is told above.
const MEND: &str = "mend what is bad above, and check again";

/// What the Task is tried with.
pub(super) struct Trial<'t> {
    pub(super) asking: &'t Asking,
    pub(super) kelos: &'t Kelos,
    /// The webhook that Tasks are answered by, if that is known.
    pub(super) tasks: Option<&'t Registered>,
    /// The namespace that the Task is created in.
    pub(super) namespace: &'t str,
    /// All Namespaces, if they could be read.
    pub(super) namespaces: Option<&'t [Namespace]>,
}

impl Trial<'_> {
    /// Creates the Task and judges the answer.
    pub(super) async fn run(&self, report: &mut Report) {
        let namespace = self.namespace;
        let is_known = |all: &[Namespace]| all.iter().any(|it| it.metadata.name == namespace);
        if self.namespaces.is_some_and(|all| !is_known(all)) {
            no_namespace(namespace, report);
            return;
        }
        let owner = self.owner().await;
        let labels = self.labels().await;
        let named = owner.as_deref().unwrap_or(NAME);
        let registration = self.tasks.map(|it| self.registration(it, named, labels.as_ref()));
        if let Some(Registration { asks: Asks::No | Asks::Astray, because, .. }) = &registration {
            self.untried(because, report);
            return;
        }
        match self.proof(owner.as_deref()).await {
            Ok(Some((proof, took))) => {
                let took = took.as_millis();
                let text = format!(
                    "a Task in namespace {namespace} was answered by dry run in {took} ms: {proof}"
                );
                report.good(Topic::Task, text);
            }
            Ok(None) => self.unanswered(registration.as_ref(), labels.is_some(), report),
            Err(error) => refused(&error, namespace, report),
        }
    }

    /// What shows that the webhook answered, and how long it took; nothing if nothing does.
    ///
    /// Rules that change nothing leave no mark. So the webhook is asked about a TaskSpawner that is not there, too.
    async fn proof(&self, owner: Option<&str>) -> Result<Option<(String, Duration)>, Error> {
        for owner in owner.map(Some).into_iter().chain([None]) {
            let path = Resource::TASKS.path(&self.kelos.version, Some(self.namespace));
            let task = task(&self.kelos.version, owner.unwrap_or(NAME));
            let begun = Instant::now();
            let answer =
                question::ask(&self.asking.client, &format!("{path}?dryRun=All"), &task).await?;
            if let Some(proof) = proof(&answer, owner) {
                return Ok(Some((proof, begun.elapsed())));
            }
        }
        Ok(None)
    }

    /// Whether the API server asks this webhook about a Task of this owner, in the Namespace with these labels.
    fn registration(
        &self,
        tasks: &Registered,
        owner: &str,
        namespace_labels: Option<&StringMap>,
    ) -> Registration {
        let object = task(&self.kelos.version, owner);
        let task = NewTask {
            shape: Shape::Task,
            object: &object,
            namespace: self.namespace,
            namespace_labels,
        };
        tasks.webhook.judge(&tasks.configuration, task)
    }

    /// The labels of the Namespace: as one of all, or as the one that some may get who may not list them.
    async fn labels(&self) -> Option<StringMap> {
        if let Some(all) = self.namespaces {
            let found = all.iter().find(|it| it.metadata.name == self.namespace);
            return found.map(|it| it.metadata.labels.clone());
        }
        let found = self.asking.get(&Resource::NAMESPACES, None, self.namespace).await.ok()??;
        let namespace: Namespace = serde_json::from_value(found).ok()?;
        Some(namespace.metadata.labels)
    }

    /// The first TaskSpawner of the namespace whose Tasks get something.
    async fn owner(&self) -> Option<String> {
        // Who may not read them can still have the other answer.
        let all = self.asking.list(&Resource::TASK_SPAWNERS, Some(self.namespace), None).await;
        let all = all.ok()?;
        let parsed = all.iter().filter_map(|it| serde_json::from_str(&it.to_string()).ok());
        let asks = |spawner: &TaskSpawner| {
            let switch = spawner.metadata.annotations.get(INJECTION_SETTING);
            spawner.asks_for_something() && switch.is_none_or(|it| it != "disabled")
        };
        parsed.filter(asks).map(|spawner| spawner.metadata.name.into()).next()
    }

    /// Says why the API server would not ask us about the Task.
    fn untried(&self, because: &[String], report: &mut Report) {
        let why = because.join("; ");
        let text = format!("no Task was tried in namespace {}: {why}", self.namespace);
        let faults = self.tasks.map(|it| it.webhook.faults(it.ours, &self.kelos.served));
        let is_wrong = faults.is_some_and(|it| !it.wrong.is_empty());
        let hint = match is_wrong || report.is_bad(Topic::Switches) {
            true => MEND,
            false => "name one that is served: -n NAMESPACE",
        };
        report.not_judged(Topic::Task, text, hint);
    }

    /// Says that nothing shows that the webhook answered.
    fn unanswered(
        &self,
        registration: Option<&Registration>,
        has_labels: bool,
        report: &mut Report,
    ) {
        let namespace = self.namespace;
        let text = format!(
            "a Task in namespace {namespace} was created by dry run, and the webhook did not answer"
        );
        let cause = [Topic::Registration, Topic::Endpoints, Topic::Certificate, Topic::Rights];
        if cause.into_iter().any(|topic| report.is_bad(topic)) {
            report.not_judged(Topic::Task, text, MEND);
            return;
        }
        let (Some(registration), Some(tasks)) = (registration, self.tasks) else {
            let text = format!(
                "{text}: whether it is asked is not known, for what is registered is not known"
            );
            report.not_judged(Topic::Task, text, UNREAD_HINT);
            return;
        };
        if registration.asks == Asks::Unknown {
            let why = registration.because.join("; ");
            let text = format!("{text}: whether it is asked is not known: {why}");
            let hint = match has_labels {
                true => "compare what is registered with what the chart registers",
                false => {
                    "ask as somebody who may get the Namespace, or try another one: -n NAMESPACE"
                }
            };
            report.not_judged(Topic::Task, text, hint);
            return;
        }
        let hint = format!(
            "its Pods may hang, or the network keep the API server from them (NetworkPolicy): look at their logs, and \
             at apiserver_admission_webhook_fail_open_count of {}",
            tasks.webhook.name()
        );
        report.bad(Topic::Task, text, hint);
    }
}

/// That the Task was to be tried where nothing can be.
fn no_namespace(namespace: &str, report: &mut Report) {
    let text = format!("no Task was tried: there is no namespace {namespace}");
    report.not_asked(Topic::Task, text, "name one that is there: -n NAMESPACE");
}

/// What every Kelos takes for a Task.
fn task(version: &str, owner: &str) -> Value {
    json!({
        "apiVersion": format!("kelos.dev/{version}"),
        "kind": "Task",
        "metadata": {"name": NAME, "labels": {TASKSPAWNER_LABEL: owner}},
        "spec": {
            "type": "claude-code",
            "prompt": "Nothing: `kelos-metadata check` creates this Task by dry run.",
            "credentials": {"type": "none"},
        },
    })
}

/// What shows that the webhook answered.
fn proof(answer: &Answer, owner: Option<&str>) -> Option<String> {
    let annotations = answer.object.pointer("/metadata/annotations");
    if let Some(mark) = annotations.and_then(|it| it.get(RENDERED_FROM_MARK)?.as_str()) {
        return Some(format!("it has the mark `{mark}`"));
    }
    let is_ours = |warning: &&String| {
        warning.starts_with("kelos-metadata: ")
            || warning.starts_with("audit: ")
            || warning.contains(&format!("no TaskSpawner {NAME}"))
    };
    answer.warnings.iter().find(is_ours)?;
    Some(match owner {
        Some(owner) => format!("there is a warning about TaskSpawner {owner}"),
        None => "it named a TaskSpawner that is not there, and the webhook said so".to_owned(),
    })
}

fn refused(error: &Error, namespace: &str, report: &mut Report) {
    let said = error.to_string();
    let is_of_rbac = error.is_forbidden() && said.contains("cannot create resource");
    if is_of_rbac {
        let why = format!(
            "you lack the right to create tasks.kelos.dev in namespace {namespace} (--skip-task tries none)"
        );
        report.refused(Topic::Task, "a Task by dry run", &why);
    } else if error.is_not_found() {
        no_namespace(namespace, report);
    } else if said.contains("failed calling webhook") && said.contains("metadata.kelos.dev") {
        let hint = "look at the Pods of the webhook, and set its failurePolicy to Ignore";
        report.bad(Topic::Task, format!("no Task can be created: {said}"), hint);
    } else {
        let hint = "another admission may refuse it; try another namespace: -n NAMESPACE";
        report.not_judged(Topic::Task, format!("a Task by dry run was refused: {said}"), hint);
    }
}

#[cfg(test)]
mod tests;

//! A Task by server-side dry run, end to end: the API server asks the webhook, and stores nothing.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::asking::Asking;
use super::registered::Registered;
use super::versions::Kelos;
use super::{Report, Topic};
use crate::cluster::question::{self, Answer};
use crate::cluster::{Error, Resource};
use crate::engine::kelos::{
    INJECTION_SETTING, RENDERED_FROM_MARK, StringMap, TASKSPAWNER_LABEL, TaskSpawner,
};
use crate::registration::{Asks, Configuration, NewTask};

/// The name of the Task, and of the TaskSpawner that it names where the namespace has none with rules: then the
/// webhook answers that there is no such TaskSpawner.
const NAME: &str = "kelos-metadata-check";

/// Creates the Task and judges the answer.
pub(super) async fn run(
    asking: &Asking,
    kelos: &Kelos,
    tasks: &Registered,
    namespace: &str,
    report: &mut Report,
) {
    let owner = owner(asking, namespace).await;
    let path = Resource::TASKS.path(&kelos.version, Some(namespace));
    let task = task(&kelos.version, owner.as_deref().unwrap_or(NAME));
    if let Some(why) = unasked(asking, tasks, &task, namespace).await {
        let text = format!("no Task was tried in namespace {namespace}: {why}");
        report.not_judged(Topic::Task, text, "name one that is served: -n NAMESPACE");
        return;
    }
    let begun = Instant::now();
    let answer = question::ask(&asking.client, &format!("{path}?dryRun=All"), &task).await;
    let outcome = Outcome { answer, took: begun.elapsed(), namespace, owner: owner.as_deref() };
    outcome.judge(tasks, report);
}

/// Why the API server does not ask the webhook about a Task; nothing where it does, or that can't be told.
async fn unasked(
    asking: &Asking,
    tasks: &Registered,
    task: &Value,
    namespace: &str,
) -> Option<String> {
    let configuration: Configuration = serde_json::from_value(tasks.whole.clone()).ok()?;
    let found = asking.get(&Resource::NAMESPACES, None, namespace).await.ok()??;
    let labels = found.pointer("/metadata/labels").cloned().unwrap_or_default();
    let labels: StringMap = serde_json::from_value(labels).unwrap_or_default();
    let task = NewTask { object: task, namespace, namespace_labels: Some(&labels) };
    let judged = configuration.judge(task).find(|it| it.webhook == tasks.webhook)?;
    (judged.asks == Asks::No).then(|| judged.because.join("; "))
}

/// The first TaskSpawner of a namespace whose Tasks get a mark.
async fn owner(asking: &Asking, namespace: &str) -> Option<String> {
    // Who may not read them can still have the other answer.
    let all = asking.list(&Resource::TASK_SPAWNERS, Some(namespace), None).await.ok()?;
    let parsed = all.iter().filter_map(|it| serde_json::from_str(&it.to_string()).ok());
    let marks = |spawner: &TaskSpawner| {
        let switch = spawner.metadata.annotations.get(INJECTION_SETTING);
        spawner.asks_for_something() && switch.is_none_or(|it| it != "disabled")
    };
    parsed.filter(marks).map(|spawner| spawner.metadata.name).next()
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

/// What became of the Task.
struct Outcome<'o> {
    answer: Result<Answer, Error>,
    took: Duration,
    namespace: &'o str,
    owner: Option<&'o str>,
}

impl Outcome<'_> {
    fn judge(self, tasks: &Registered, report: &mut Report) {
        let Outcome { answer, took, namespace, owner } = self;
        match answer {
            Ok(answer) => match proof(&answer, owner) {
                Some(proof) => {
                    let took = took.as_millis();
                    let text = format!(
                        "a Task in namespace {namespace} was answered by dry run in {took} ms: {proof}"
                    );
                    report.good(Topic::Task, text);
                }
                None => unanswered(namespace, tasks, report),
            },
            Err(error) => refused(&error, namespace, report),
        }
    }
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
        None => {
            "no TaskSpawner there has rules, and the webhook said so of the one that the Task names"
                .to_owned()
        }
    })
}

fn unanswered(namespace: &str, tasks: &Registered, report: &mut Report) {
    let text = format!(
        "a Task in namespace {namespace} was created by dry run, and the webhook did not answer"
    );
    let cause = [Topic::Registration, Topic::Endpoints, Topic::Certificate, Topic::Rights];
    if cause.into_iter().any(|topic| report.is_bad(topic)) {
        report.not_judged(Topic::Task, text, "mend what is bad above, and check again");
        return;
    }
    let hint = format!(
        "its Pods may hang, or the network keep the API server from them (NetworkPolicy): look at their logs, and at \
         apiserver_admission_webhook_fail_open_count of {}",
        tasks.webhook
    );
    report.bad(Topic::Task, text, hint);
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
        let text = format!("no Task was tried: there is no namespace {namespace}");
        report.not_judged(Topic::Task, text, "name one that is there: -n NAMESPACE");
    } else if said.contains("failed calling webhook") && said.contains("metadata.kelos.dev") {
        let hint = "look at the Pods of the webhook, and set its failurePolicy to Ignore";
        report.bad(Topic::Task, format!("no Task can be created: {said}"), hint);
    } else {
        let hint = "another admission may refuse it; try another namespace: -n NAMESPACE";
        report.not_judged(Topic::Task, format!("a Task by dry run was refused: {said}"), hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scripted::status;

    fn answer(annotations: Value, warnings: &[&str]) -> Answer {
        Answer {
            object: json!({"metadata": {"annotations": annotations}}),
            warnings: warnings.iter().map(|it| (*it).to_owned()).collect(),
            time: None,
        }
    }

    #[test]
    fn only_what_the_webhook_writes_proves_that_it_answered() {
        assert_eq!(proof(&answer(json!(null), &[]), Some("w")), None);
        assert_eq!(proof(&answer(json!({"a": "b"}), &["deprecated"]), None), None);
        let mark = json!({RENDERED_FROM_MARK: "w@0123abcd"});
        let proved = proof(&answer(mark, &[]), Some("w")).unwrap();
        assert_eq!(proved, "it has the mark `w@0123abcd`");
        for warning in [
            "kelos-metadata: nothing was added: x",
            "audit: label a=b",
            "there is no TaskSpawner kelos-metadata-check in this namespace",
        ] {
            assert!(proof(&answer(json!(null), &[warning]), None).is_some(), "{warning}");
        }
    }

    #[test]
    fn a_refusal_says_whose_it_is() {
        for (code, message, said) in [
            (
                403,
                "tasks is forbidden: User x cannot create resource tasks",
                "? task: a Task by dry run: you lack",
            ),
            (403, "denied by a policy", "? task: a Task by dry run was refused: "),
            (404, "namespaces not found", "? task: no Task was tried: there is no namespace ns"),
            (
                500,
                "failed calling webhook \"mtask.metadata.kelos.dev\": x",
                "✗ task: no Task can be created: ",
            ),
        ] {
            let status = serde_json::from_value(status(code, "", message)).unwrap();
            let mut report = Report::default();
            refused(&Error::Api(Box::new(status)), "ns", &mut report);
            assert!(report.to_string().starts_with(said), "{report}");
        }
    }
}

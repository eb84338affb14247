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
    INJECTION_SETTING, Namespace, RENDERED_FROM_MARK, StringMap, TASKSPAWNER_LABEL, TaskSpawner,
};
use crate::registration::{Asks, NewTask, Registration};

/// The name of the Task, and of the TaskSpawner that it names where no other one gives a mark: then the webhook answers
/// that there is no such TaskSpawner.
const NAME: &str = "kelos-metadata-check";

/// What the Task is tried with.
pub(super) struct Trial<'t> {
    pub(super) asking: &'t Asking,
    pub(super) kelos: &'t Kelos,
    /// The webhook that Tasks are answered by.
    pub(super) tasks: &'t Registered,
    /// The namespace that the Task is created in.
    pub(super) namespace: &'t str,
    /// All Namespaces, if they could be read.
    pub(super) namespaces: Option<&'t [Namespace]>,
}

impl Trial<'_> {
    /// Creates the Task and judges the answer.
    pub(super) async fn run(&self, report: &mut Report) {
        let namespace = self.namespace;
        let owner = self.owner().await;
        let named = owner.as_deref().unwrap_or(NAME);
        let registration = self.registration(named).await;
        if registration.asks == Asks::No {
            let why = registration.because.join("; ");
            let text = format!("no Task was tried in namespace {namespace}: {why}");
            report.not_judged(Topic::Task, text, "name one that is served: -n NAMESPACE");
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
            Ok(None) => self.unanswered(&registration, report),
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

    /// Whether the API server asks the webhook about a Task of this owner.
    async fn registration(&self, owner: &str) -> Registration {
        let labels = self.labels().await;
        let object = task(&self.kelos.version, owner);
        let task = NewTask {
            object: &object,
            namespace: self.namespace,
            namespace_labels: labels.as_ref(),
        };
        self.tasks.webhook.judge(&self.tasks.configuration, task)
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
        parsed.filter(asks).map(|spawner| spawner.metadata.name).next()
    }

    /// Says that nothing shows that the webhook answered.
    fn unanswered(&self, registration: &Registration, report: &mut Report) {
        let namespace = self.namespace;
        let text = format!(
            "a Task in namespace {namespace} was created by dry run, and the webhook did not answer"
        );
        let cause = [Topic::Registration, Topic::Endpoints, Topic::Certificate, Topic::Rights];
        if cause.into_iter().any(|topic| report.is_bad(topic)) {
            report.not_judged(Topic::Task, text, "mend what is bad above, and check again");
            return;
        }
        if registration.asks == Asks::Unknown {
            let why = registration.because.join("; ");
            let text = format!("{text}: whether it is asked is not known: {why}");
            let hint =
                "ask as somebody who may get the Namespace, or try another one: -n NAMESPACE";
            report.not_judged(Topic::Task, text, hint);
            return;
        }
        let hint = format!(
            "its Pods may hang, or the network keep the API server from them (NetworkPolicy): look at their logs, and \
             at apiserver_admission_webhook_fail_open_count of {}",
            self.tasks.webhook.name()
        );
        report.bad(Topic::Task, text, hint);
    }
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
    use crate::cluster::scripted::{
        ScriptedResponse as Scripted, api_with_bodies, status, versions,
    };

    const TASKS: &str = "/apis/kelos.dev/v1alpha2/namespaces/ns/tasks?dryRun=All";
    const SPAWNERS: &str = "/apis/kelos.dev/v1alpha2/namespaces/ns/taskspawners";

    /// What is said where the API server has this Namespace, and this one TaskSpawner, and answers each Task so by the
    /// TaskSpawner that it names.
    async fn tried(
        namespace: Option<Value>,
        spawner: Option<Value>,
        answered: fn(&str) -> Value,
    ) -> String {
        let (client, _) = api_with_bodies(move |_, path, body| match path {
            "/apis/kelos.dev" => versions(&["v1alpha2"]),
            "/api/v1/namespaces/ns" => match &namespace {
                Some(labels) => {
                    let metadata = json!({"name": "ns", "labels": labels});
                    Scripted::Json(200, json!({ "metadata": metadata }))
                }
                None => Scripted::Json(403, status(403, "Forbidden", "no")),
            },
            TASKS => {
                let owner = body["metadata"]["labels"][TASKSPAWNER_LABEL].as_str().unwrap();
                Scripted::Json(200, answered(owner))
            }
            path if path.starts_with(SPAWNERS) => {
                let items: Vec<&Value> = spawner.iter().collect();
                Scripted::Json(200, json!({"metadata": {}, "items": items}))
            }
            path => panic!("{path}"),
        });
        let asking = Asking { client, ..Asking::scripted(|path| panic!("{path}")) };
        let kelos = Kelos::serving("v1alpha2");
        let tasks = Registered::chart();
        let trial = Trial {
            asking: &asking,
            kelos: &kelos,
            tasks: &tasks,
            namespace: "ns",
            namespaces: None,
        };
        let mut report = Report::default();
        trial.run(&mut report).await;
        report.to_string()
    }

    fn untouched(_: &str) -> Value {
        json!({"metadata": {"name": NAME}})
    }

    #[tokio::test]
    async fn who_may_not_see_the_switch_of_the_namespace_is_not_told_that_nobody_answers() {
        let unknown = tried(None, None, untouched).await;
        assert!(unknown.starts_with("? task: a Task in namespace ns was created"), "{unknown}");
        assert!(unknown.contains("the labels of Namespace ns are not known"), "{unknown}");
        let on = tried(Some(json!({})), None, untouched).await;
        assert!(on.starts_with("✗ task: "), "{on}");
        let off = tried(Some(json!({INJECTION_SETTING: "disabled"})), None, untouched).await;
        assert!(off.starts_with("? task: no Task was tried in namespace ns: "), "{off}");
    }

    #[tokio::test]
    async fn rules_that_leave_no_mark_are_no_sign_that_nobody_answers() {
        let annotations = json!({"metadata.kelos.dev/pod-labels-from-task": "a"});
        let spawner = json!({"metadata": {"name": "w", "annotations": annotations}});
        let marked = |owner: &str| match owner {
            "w" => json!({"metadata": {"annotations": {RENDERED_FROM_MARK: "w@0123abcd"}}}),
            other => panic!("{other}"),
        };
        let said = tried(Some(json!({})), Some(spawner.clone()), marked).await;
        assert!(said.contains("it has the mark `w@0123abcd`"), "{said}");
        let said = tried(Some(json!({})), Some(spawner), untouched).await;
        assert!(said.starts_with("✗ task: "), "the webhook says nothing of another one: {said}");
    }

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

//! A cluster of a few objects, whose API server does what a test says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use clap::Parser;
use serde_json::{Map, Value, json};

use super::super::{Budgets, Lost, Summary, Writer, look, write};
use crate::cli::{BackfillArgs, Cli, Command};
use crate::cluster::scripted::{
    Asked, ScriptedResponse as Scripted, api_with_bodies, status, versions,
};
use crate::commands::reach::Reach;
use crate::commands::survey::{Report, Survey};
use crate::engine::kelos::Shape;
use crate::engine::rules::Policy;
use crate::server::Shutdown;

/// What a test has the API server do instead of a patch; nothing for what it does as a rule.
type Instead = Arc<dyn Fn(&mut Objects, &str, usize) -> Option<Scripted> + Send + Sync>;

/// Objects by the ends of their paths, such as `tasks/a`.
pub(super) type Objects = BTreeMap<String, Value>;

#[derive(Clone)]
pub(super) struct World {
    pub(super) objects: Arc<Mutex<Objects>>,
    /// The bodies of the patches.
    pub(super) patches: Arc<Mutex<Vec<Value>>>,
    instead: Instead,
    /// What ends a backfill of it.
    pub(super) shutdown: Shutdown,
}

/// A TaskSpawner with these label templates.
pub(super) fn spawner(labels: &Value) -> Value {
    json!({
        "apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner",
        "metadata": {"name": "worker", "namespace": "ns", "uid": "s",
                     "annotations": {"metadata.kelos.dev/labels": labels.to_string()}},
        "spec": {"when": {"githubIssues": {}}, "taskTemplate": {"promptTemplate": "{{.Title}}"}},
    })
}

/// A Task that Kelos made of an issue before there was a webhook.
pub(super) fn task(name: &str, phase: &str) -> Value {
    json!({
        "apiVersion": "kelos.dev/v1alpha2", "kind": "Task",
        "metadata": {
            "name": name, "namespace": "ns", "uid": format!("uid-{name}"), "resourceVersion": "1",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"kelos.dev/taskspawner": "worker", "theirs": "kept"},
            "annotations": {"kelos.dev/source-kind": "issue", "kelos.dev/source-number": "42"},
            "managedFields": [{"manager": "kelos", "fieldsV1": {"f:metadata": {"f:labels": {
                "f:kelos.dev/taskspawner": {}, "f:theirs": {}}}}}],
        },
        "spec": {"prompt": "Fix it"},
        "status": {"phase": phase, "completionTime": "2026-01-01T01:00:00Z", "usage": {}},
    })
}

/// The TaskRecord of a Task.
pub(super) fn record(task: &str, labels: Value) -> Value {
    json!({
        "metadata": {
            "name": format!("uid-{task}"), "namespace": "ns", "uid": format!("record-{task}"),
            "resourceVersion": "1", "labels": labels,
            "managedFields": [{"manager": "kelos", "fieldsV1": {
                "f:metadata": {"f:labels": {"f:team": {}, "f:priority": {}}}, "f:spec": {}}}],
        },
        "spec": {"taskRef": {"name": task}},
    })
}

impl World {
    /// One with these objects, by their plurals.
    pub(super) fn of(objects: impl IntoIterator<Item = (&'static str, Value)>) -> World {
        let named = objects.into_iter().map(|(plural, object)| {
            (format!("{plural}/{}", object["metadata"]["name"].as_str().unwrap()), object)
        });
        World {
            objects: Arc::new(Mutex::new(named.collect())),
            patches: Arc::default(),
            instead: Arc::new(|_, _, _| None),
            shutdown: Shutdown::new(),
        }
    }

    /// The same where something else becomes of patches: of each it is told where, and how many were before.
    pub(super) fn instead(
        self,
        instead: impl Fn(&mut Objects, &str, usize) -> Option<Scripted> + Send + Sync + 'static,
    ) -> World {
        World { instead: Arc::new(instead), ..self }
    }

    pub(super) fn get(&self, path: &str) -> Value {
        self.objects.lock().unwrap()[path].clone()
    }

    pub(super) fn set(&self, path: &str, object: Value) {
        self.objects.lock().unwrap().insert(path.to_owned(), object);
    }

    pub(super) fn patched(&self) -> usize {
        self.patches.lock().unwrap().len()
    }

    /// What `backfill` with these flags plans; with `--write`, what it then does.
    pub(super) async fn backfill(&self, flags: &[&str]) -> anyhow::Result<(Report, Summary)> {
        let words = ["kelos-metadata", "backfill", "-n", "ns", "--qps", "1000"];
        let cli = Cli::parse_from(words.iter().chain(flags));
        let Command::Backfill(args) = cli.command else { panic!("another command") };
        let (client, _) = self.client();
        let reach = Reach { client, namespace: "ns".to_owned() };
        let survey = Survey::of(Shape::Task, reach, &args.survey, &[], Policy::default()).await?;
        let budgets = Budgets::read(&survey.reach, survey.namespace.as_deref()).await;
        let mut writer = Writer {
            survey: &survey,
            budgets: &budgets,
            lost: if args.prune { Lost::Pruned } else { Lost::Kept },
            version: "v1alpha2".to_owned(),
            records: args.records,
            consents: args.yes,
            summary: Summary::default(),
        };
        run(&args, &mut writer, &self.shutdown).await
    }

    /// What is known of it now.
    pub(super) async fn survey(&self) -> anyhow::Result<Survey> {
        self.survey_with(Policy::default()).await
    }

    /// The same where the cluster admin has decided this.
    pub(super) async fn survey_with(&self, policy: Policy) -> anyhow::Result<Survey> {
        let cli = Cli::parse_from(["kelos-metadata", "backfill", "-n", "ns"]);
        let Command::Backfill(args) = cli.command else { panic!("another command") };
        let reach = Reach { client: self.client().0, namespace: "ns".to_owned() };
        Survey::of(Shape::Task, reach, &args.survey, &[], policy).await
    }

    fn client(&self) -> (kube::Client, Asked) {
        let world = self.clone();
        api_with_bodies(move |method, path, body| world.answer(method, path, body))
    }

    fn answer(&self, method: &str, path: &str, body: &Value) -> Scripted {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let named = query.split_once("metadata.name%3D").map(|(_, rest)| rest.split('&').next());
        let missing = || {
            let mut missing = status(404, "NotFound", "not found");
            missing["details"] = json!({"name": "it"});
            Scripted::Json(404, missing)
        };
        let mut objects = self.objects.lock().unwrap();
        match path {
            "/apis/kelos.dev" => versions(&["v1alpha2"]),
            "/api/v1/namespaces/ns" => {
                let namespace = objects.get("namespaces/ns").cloned();
                if namespace.as_ref().is_some_and(|it| it["forbidden"] == true) {
                    return Scripted::Json(403, status(403, "Forbidden", "no"));
                }
                if namespace.as_ref().is_some_and(|it| it["missing"] == true) {
                    return missing();
                }
                Scripted::Json(200, namespace.unwrap_or(json!({"metadata": {"name": "ns"}})))
            }
            "/apis/admissionregistration.k8s.io" => versions(&["v1"]),
            "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations" => {
                let of_kind = |(name, _): &(&String, &Value)| name.starts_with("registrations/");
                let items: Vec<_> = objects.iter().filter(of_kind).map(|(_, it)| it).collect();
                Scripted::Json(200, json!({"metadata": {}, "items": items}))
            }
            "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies" => {
                let of_kind = |(name, _): &(&String, &Value)| name.starts_with("policies/");
                let items: Vec<_> = objects.iter().filter(of_kind).map(|(_, it)| it).collect();
                Scripted::Json(200, json!({"metadata": {}, "items": items}))
            }
            path => {
                let end = path.strip_prefix("/apis/kelos.dev/v1alpha2/namespaces/ns/").unwrap();
                if !end.contains('/') {
                    let of_kind = |(name, it): &(&String, &Value)| {
                        let is_named =
                            named.is_none_or(|named| it["metadata"]["name"].as_str() == named);
                        name.starts_with(&format!("{end}/")) && is_named && is_selected(it, query)
                    };
                    let items: Vec<_> = objects.iter().filter(of_kind).map(|(_, it)| it).collect();
                    return Scripted::Json(200, json!({"metadata": {}, "items": items}));
                }
                if method == "PATCH" {
                    let mut patches = self.patches.lock().unwrap();
                    if let Some(instead) = (self.instead)(&mut objects, end, patches.len()) {
                        patches.push(Value::Null);
                        return instead;
                    }
                    patches.push(body.clone());
                }
                match objects.get_mut(end) {
                    None => missing(),
                    Some(object) if object["forbidden"] == true => {
                        Scripted::Json(403, status(403, "Forbidden", "no"))
                    }
                    Some(object) if method == "PATCH" => patch(object, body),
                    Some(object) => Scripted::Json(200, object.clone()),
                }
            }
        }
    }
}

/// Whether an object has the label that a query selects by, if it does: `labelSelector=KEY%3DVALUE`.
fn is_selected(object: &Value, query: &str) -> bool {
    let Some((_, rest)) = query.split_once("labelSelector=") else { return true };
    let (key, value) = rest.split('&').next().unwrap().split_once("%3D").unwrap();
    object["metadata"]["labels"][key] == value
}

async fn run(
    args: &BackfillArgs,
    writer: &mut Writer<'_>,
    shutdown: &Shutdown,
) -> anyhow::Result<(Report, Summary)> {
    let report = look(args, writer).await?;
    if args.write {
        writer.summary = Summary::default();
        write(args, writer, shutdown).await?;
    }
    Ok((report, std::mem::take(&mut writer.summary)))
}

/// A merge patch, as the API server applies it: of the version that it names, and noted as our manager's.
fn patch(object: &mut Value, body: &Value) -> Scripted {
    let read = |of: &Value, field: &str| of["metadata"][field].clone();
    if ["uid", "resourceVersion"].iter().any(|it| read(object, it) != read(body, it)) {
        return Scripted::Json(409, status(409, "Conflict", "changed"));
    }
    json_patch::merge(object, body);
    let version: u64 = object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
    object["metadata"]["resourceVersion"] = json!((version + 1).to_string());
    let mut fields = Map::new();
    for map in ["labels", "annotations"] {
        let keys = body["metadata"][map].as_object().into_iter().flatten();
        let keys: Map<_, _> = keys.map(|(key, _)| (format!("f:{key}"), json!({}))).collect();
        fields.insert(format!("f:{map}"), keys.into());
    }
    let entry = json!({"manager": "kelos-metadata-backfill", "fieldsV1": {"f:metadata": fields}});
    object["metadata"]["managedFields"].as_array_mut().unwrap().push(entry);
    Scripted::Json(200, object.clone())
}

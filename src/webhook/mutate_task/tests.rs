//! What a request is taken through, and what becomes of it when something can't be had.

use serde_json::{Value, json};

use super::super::pool::HUGE;
use super::super::router::LARGE_BYTES;
use super::*;
use crate::cluster::Change;
use crate::cluster::scripted::{self, Asked, api, status, versions};
use crate::engine::rules::Policy;
use crate::spawners::{ClusterChange, Objects};
use crate::unix_seconds::UnixSeconds;

/// The review of a new Task of the TaskSpawner `worker`, with this spec.
fn review(spec: &Value) -> Value {
    json!({
        "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "6ea4f1f5-0c7b-4a2c-9d9e-1b8d4d2a7f10",
            "resource": {"group": "kelos.dev", "version": "v1alpha2", "resource": "tasks"},
            "namespace": "ns", "operation": "CREATE",
            "object": {"metadata": {
                "name": "worker-1", "namespace": "ns",
                "labels": {"kelos.dev/taskspawner": "worker"}}, "spec": spec},
        },
    })
}

/// The TaskSpawner `worker` with this label template.
fn spawner(template: &str) -> Value {
    let labels = json!({"made": template}).to_string();
    json!({"metadata": {"name": "worker", "namespace": "ns", "annotations": {
        "metadata.kelos.dev/labels": labels}}})
}

/// A cache with a TaskSpawner and its Namespace.
fn cache(template: &str) -> Arc<Spawners> {
    let spawners = Spawners::new(Policy::default());
    spawners.replace(Objects {
        spawners: vec![Arc::new(serde_json::from_value(spawner(template)).unwrap())],
        namespaces: vec![serde_json::from_value(json!({"metadata": {"name": "ns"}})).unwrap()],
        ..Objects::default()
    });
    Arc::new(spawners)
}

/// How many keys were counted as applied, and in all.
fn counted(metrics: &Metrics) -> [u64; 2] {
    let encoded = metrics.encode().unwrap();
    let keys = encoded.lines().filter(|line| line.starts_with("kelos_metadata_keys_total{"));
    let number = |line: &str| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
    let applied = keys.clone().filter(|line| line.contains("\"applied\"")).map(number).sum();
    [applied, keys.map(number).sum()]
}

/// What is next for a Task of a TaskSpawner with this template, in line or apart.
fn next(template: &str, spec: &Value, place: Where) -> (Next, [u64; 2]) {
    let sight = Sight::new(cache(template).snapshot(), UnixSeconds(0), false);
    let (body, metrics, limits) = (review(spec).to_string(), Metrics::new(), Limits::default());
    let parsed = ParsedReview::parse(Shape::Task, body.into()).unwrap();
    let next = case::next(parsed.request(), parsed.len(), &sight, &limits, &metrics, place);
    (next, counted(&metrics))
}

#[test]
fn only_what_is_cheap_is_rendered_where_requests_are_read() {
    for (template, is_cheap) in [
        ("plain", true),
        ("{{ .Task.Name | upper }}", true),
        ("{{ len (until 1000) }}", true),
        ("{{ len (until 9000) }}", false),
        ("{{ 9000 | until | length }}", false),
        ("{{ repeat 1000000000 \"x\" }}", false),
        ("{{ 'x' * 1000000000 }}", false),
        ("{{ range .Task.Labels }}x{{ end }}", false),
    ] {
        let (in_line, [_, keys]) = next(template, &json!({}), Where::InLine);
        assert_eq!(matches!(in_line, Next::Render), !is_cheap, "{template}");
        assert_eq!(keys, u64::from(is_cheap), "a key is counted once: {template}");
        let (apart, [_, keys]) = next(template, &json!({}), Where::Apart);
        assert!(matches!(apart, Next::Reply(_)) && keys == 1, "{template}");
    }
}

#[test]
fn a_large_task_is_decided_apart_whatever_its_templates_are() {
    let spec = json!({"prompt": "x".repeat(case::IN_LINE_BYTES)});
    assert!(matches!(next("plain", &spec, Where::InLine).0, Next::Render));
    let (apart, [applied, _]) = next("plain", &spec, Where::Apart);
    assert!(matches!(apart, Next::Reply(_)) && applied == 1);
}

#[test]
fn what_is_too_much_in_line_has_all_of_its_budget_apart() {
    let (apart, [applied, _]) = next("{{ len (until 9000) }}", &json!({}), Where::Apart);
    let Next::Reply(answered) = apart else { panic!("{apart:?}") };
    assert_eq!((answered.outcome, applied), (AdmissionOutcome::Patched, 1));
}

/// A webhook whose cache has these objects, and whose API server answers so.
struct Scene {
    answer: MutateTask,
    spawners: Arc<Spawners>,
    asked: Asked,
}

impl Scene {
    fn new(
        api_server: impl Fn(&str) -> scripted::ScriptedResponse + Clone + Send + 'static,
    ) -> Scene {
        let (client, asked) = api(api_server);
        let spawners = Arc::new(Spawners::new(Policy::default()));
        let metrics = Arc::new(Metrics::new());
        let live = LiveLookup::new(client, Arc::clone(&spawners), Arc::clone(metrics.spawners()));
        let answer = MutateTask::new(Arc::clone(&spawners), metrics, Limits::default())
            .with_live_lookup(Arc::new(live));
        Scene { answer, spawners, asked }
    }

    /// All watches have begun, and shown this TaskSpawner, if any, and nothing else.
    fn warm(self, spawner: Option<Value>) -> Scene {
        let read = |json| Arc::new(serde_json::from_value(json).unwrap());
        let all = spawner.map(read).into_iter().collect();
        for change in Change::all(all) {
            self.spawners.apply(ClusterChange::Spawners(Shape::Task, change));
        }
        self
    }

    async fn ask(&self, spec: &Value, query: &str) -> Answered {
        self.answer.answered(review(spec).to_string().into(), Some(query)).await
    }

    /// The outcome and the HTTP status.
    async fn outcome(&self, spec: &Value, query: &str) -> (AdmissionOutcome, u16) {
        let answered = self.ask(spec, query).await;
        if answered.reply.code().as_u16() == 200 {
            let said: Value = serde_json::from_slice(answered.reply.body()).unwrap();
            assert_eq!(said["response"]["allowed"], true);
        }
        (answered.outcome, answered.reply.code().as_u16())
    }
}

fn away(_: &str) -> scripted::ScriptedResponse {
    scripted::ScriptedResponse::Json(500, status(500, "InternalError", "away"))
}

#[tokio::test]
async fn an_owner_that_can_not_be_asked_for_is_waited_for_until_the_last_try() {
    let again = (AdmissionOutcome::Unavailable, 503);
    for scene in [Scene::new(away), Scene::new(away).warm(None)] {
        assert_eq!(scene.outcome(&json!({}), "timeout=10s").await, again);
        assert_eq!(scene.outcome(&json!({}), "timeout=3s").await, again);
        let before = scene.asked.all().len();
        assert!(before > 0, "it has tried to ask");
        let last = (AdmissionOutcome::UnknownOwner, 200);
        assert_eq!(scene.outcome(&json!({}), "timeout=2s").await, last);
        assert!(scene.asked.all().len() > before, "it is asked at the last try, too");
        assert_eq!(scene.outcome(&json!({}), "timeout=1s").await, last);
    }
}

#[tokio::test]
async fn who_is_throttled_is_told_to_come_back_and_who_has_no_right_is_not() {
    let throttled = |_: &str| {
        let busy = status(429, "TooManyRequests", "too many requests, please try again later");
        scripted::ScriptedResponse::Json(429, busy)
    };
    let scene = Scene::new(throttled).warm(None);
    assert_eq!(scene.outcome(&json!({}), "timeout=3s").await, (AdmissionOutcome::Unavailable, 503));
    let forbidden = |path: &str| match path {
        "/apis/kelos.dev" => versions(&["v1alpha2"]),
        _ => scripted::ScriptedResponse::Json(403, status(403, "Forbidden", "no")),
    };
    let scene = Scene::new(forbidden).warm(None);
    assert_eq!(
        scene.outcome(&json!({}), "timeout=3s").await,
        (AdmissionOutcome::UnknownOwner, 200)
    );
}

/// An API server that has a Namespace with these labels, a WorkerPool and its Workspace.
fn has_around(
    labels: Value,
) -> impl Fn(&str) -> scripted::ScriptedResponse + Clone + Send + 'static {
    move |path| {
        let path = path.trim_end_matches('?');
        let found = |json| scripted::ScriptedResponse::Json(200, json);
        let named = |name| json!({"name": name, "namespace": "ns"});
        match path.rsplit_once('/') {
            Some((_, "ns")) => found(json!({"metadata": {"name": "ns", "labels": labels}})),
            Some((_, "kelos.dev")) => versions(&["v1alpha2"]),
            Some((_, "pool")) => found(json!({
                "metadata": named("pool"), "spec": {"worker": {"workspaceRef": {"name": "space"}}}})),
            Some((_, "space")) => found(json!({
                "metadata": named("space"), "spec": {"repo": "https://github.com/acme/widgets"}})),
            _ => away(path),
        }
    }
}

#[tokio::test]
async fn a_namespace_that_the_watch_has_not_shown_is_asked_for_its_switch_and_its_labels() {
    for (switch, outcome) in [
        ("enabled", AdmissionOutcome::Patched),
        ("disabled", AdmissionOutcome::Disabled),
        ("audit", AdmissionOutcome::Audited),
    ] {
        let labels = json!({"metadata.kelos.dev/injection": switch, "team": "blue"});
        let scene =
            Scene::new(has_around(labels)).warm(Some(spawner("{{ .Namespace.Labels.team }}")));
        assert_eq!(scene.outcome(&json!({}), "timeout=3s").await, (outcome, 200), "{switch}");
        assert_eq!(scene.outcome(&json!({}), "timeout=3s").await, (outcome, 200), "{switch}");
        assert_eq!(scene.asked.all().len(), 1, "and remembered: {:?}", scene.asked.all());
    }
    let scene = Scene::new(away).warm(Some(spawner("x")));
    assert_eq!(scene.outcome(&json!({}), "timeout=3s").await, (AdmissionOutcome::Unavailable, 503));
    assert_eq!(scene.outcome(&json!({}), "timeout=2s").await, (AdmissionOutcome::Patched, 200));
}

#[tokio::test]
async fn a_workspace_is_asked_for_where_rules_need_it_and_its_worker_pool_before() {
    let pool = json!({"workerPoolRef": {"name": "pool"}});
    let space = json!({"workspaceRef": {"name": "space"}});
    for (template, spec, asked) in [
        ("{{ .Workspace.RepoName }}", &pool, 4),
        ("{{ .Workspace.RepoName }}", &space, 3),
        ("x", &space, 1),
        ("{{ .Workspace.RepoName }}", &json!({}), 1),
    ] {
        let scene = Scene::new(has_around(json!({}))).warm(Some(spawner(template)));
        let answered = scene.ask(spec, "timeout=3s").await;
        assert_eq!(answered.reply.code().as_u16(), 200);
        assert_eq!(scene.asked.all().len(), asked, "{template} {spec}: {:?}", scene.asked.all());
        let said = String::from_utf8_lossy(answered.reply.body());
        let is_skipped = asked == 1 && template != "x";
        assert_eq!(said.contains("missing_variable"), is_skipped, "{template} {spec}: {said}");
    }
    let only_namespaces = |path: &str| match path.contains("/namespaces/ns?") {
        true => has_around(json!({}))(path),
        false => away(path),
    };
    let scene = Scene::new(only_namespaces).warm(Some(spawner("{{ .Workspace.Name }}")));
    assert_eq!(scene.outcome(&space, "timeout=3s").await, (AdmissionOutcome::Unavailable, 503));
    // It goes without: the key is skipped, and the mark says so.
    assert_eq!(scene.outcome(&space, "timeout=2s").await, (AdmissionOutcome::Patched, 200));
}

#[tokio::test]
async fn huge_tasks_take_one_place_whatever_their_namespaces_are() {
    let scene = Scene::new(away).warm(Some(spawner("x")));
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let (entered, has_entered) = tokio::sync::oneshot::channel();
    let pool = Arc::clone(&scene.answer.pool);
    let busy = tokio::spawn(async move {
        let work = move || {
            let _ = entered.send(());
            blocked.recv().is_ok()
        };
        pool.run(HUGE, std::time::Duration::from_secs(20), work).await
    });
    has_entered.await.unwrap();
    for (bytes, outcome) in
        [(LARGE_BYTES, AdmissionOutcome::Unavailable), (1 << 20, AdmissionOutcome::Patched)]
    {
        let body = review(&json!({"prompt": "x".repeat(bytes)})).to_string();
        let parsed = ParsedReview::parse(Shape::Task, body.into()).unwrap();
        let sight = Sight::new(scene.spawners.snapshot(), UnixSeconds(0), false);
        let time = TimeBudget::start(Some("timeout=2s"));
        assert_eq!(scene.answer.rendered(parsed, sight, (), &time).await.outcome, outcome);
    }
    release.send(()).unwrap();
    assert_eq!(busy.await.unwrap(), Some(true));
}

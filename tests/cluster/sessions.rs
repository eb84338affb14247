//! Sessions, on a real API server: names and sections for the Console, labels, and a StatefulSet that can be made of them.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::created::Created;
use crate::harness::namespace::Namespace;
use crate::harness::on_cluster;
use crate::harness::sessions::{
    DISPLAY_NAME, SECTION, SessionSpawner, pod_labels, session, session_spawner, stateful_set_of,
};
use crate::harness::wait::eventually;

const SKIPPED: &str = "metadata.kelos.dev/skipped";
/// The rules annotation for labels of Pods.
const POD_LABELS: &str = "pod-labels";

/// A SessionSpawner that names its Sessions, and labels them and their Pods.
async fn helpers(namespace: &Namespace) -> SessionSpawner {
    let name = "{{ .Repository }}#{{ .Number }} {{ .Title }}";
    let rules = json!({
        "annotations": {DISPLAY_NAME: name, SECTION: "{{ .RepositoryName }}"},
        "labels": {"example.com/repository": "{{ .RepositoryName }}", "number": "{{ .Number }}"},
        POD_LABELS: {"example.com/cost": "payments", "example.com/branch": "{{ .Session.Branch }}"},
    });
    namespace.creates_session_spawner(session_spawner("helpers", rules)).await
}

/// Creates a Session of a SessionSpawner, and says what it has then, and after it was changed.
pub(crate) async fn are_named_and_labelled(namespace: &Namespace) {
    let helpers = helpers(namespace).await;
    let created = namespace.accepts_session(helpers.issue(42, "Fix the login page")).await;
    created.warnings_are(&[]);
    created.labels_are(json!({
        "kelos.dev/sessionspawner": helpers.uid, "example.com/repository": "widgets", "number": "42",
    }));
    assert_eq!(created.annotation(DISPLAY_NAME), Some("acme/widgets#42 Fix the login page"));
    assert_eq!(created.annotation(SECTION), Some("widgets"));
    let labels = json!({"example.com/cost": "payments", "example.com/branch": "kelos-42"});
    assert_eq!(*pod_labels(&created.object), labels, "{:#}", created.object);
    is_made_into_a_stateful_set(namespace, &created.object).await;

    // Whatever is written afterwards, nothing is given again.
    let change = json!({
        "metadata": {
            "labels": {"number": null, "example.com/repository": "mine"},
            "annotations": {DISPLAY_NAME: null, SECTION: "My own"},
        },
        "spec": {"suspend": true, "worker": {"podOverrides": {"labels": {"example.com/cost": null}}}},
    });
    namespace.merges("sessions", created.name(), change).await;
    let mut changed =
        namespace.merges("sessions", created.name(), json!({"spec": {"suspend": false}})).await;
    let metadata = changed["metadata"].take();
    assert_eq!(
        metadata["labels"],
        json!({
            "kelos.dev/sessionspawner": helpers.uid, "example.com/repository": "mine",
        })
    );
    assert_eq!(metadata["annotations"].get(DISPLAY_NAME), None);
    assert_eq!(metadata["annotations"][SECTION], "My own");
    assert_eq!(*pod_labels(&changed), json!({"example.com/branch": "kelos-42"}));
}

/// The API server takes the StatefulSet that Kelos makes of it.
async fn is_made_into_a_stateful_set(namespace: &Namespace, session: &Value) {
    let set = stateful_set_of(session);
    let reply = namespace.post("statefulsets", "?dryRun=All", set.clone()).await;
    assert!(reply.status.is_success(), "{set:#}\n{reply:#?}");
}

#[test]
fn a_session_gets_what_its_session_spawner_declares_once() {
    on_cluster(async |cluster| {
        are_named_and_labelled(&cluster.namespace("sessions").await).await;
    });
}

#[test]
fn a_session_spawner_that_changes_is_followed() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("changed-sessions").await;
        let helpers = helpers(&namespace).await;
        let section = async |number| -> Created {
            namespace.accepts_session_dry_run(helpers.issue(number, "Fix it")).await
        };
        assert_eq!(section(1).await.annotation(SECTION), Some("widgets"));
        let rules = json!({ SECTION: "Issues" }).to_string();
        let change =
            json!({"metadata": {"annotations": {"metadata.kelos.dev/annotations": rules}}});
        namespace.merges("sessionspawners", &helpers.name, change).await;
        let created = eventually("the change is seen", async || {
            Some(section(2).await).filter(|it| it.annotation(SECTION) == Some("Issues"))
        })
        .await;
        assert_eq!(created.annotation(DISPLAY_NAME), None);
        assert_eq!(created.label("number"), Some("2"));
    });
}

/// What the commands say of a Session that was answered: why a key is absent, and what other rules would change.
#[test]
fn a_session_is_explained_and_previewed() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("explained-sessions").await;
        let rules = json!({"annotations": {SECTION: "{{ .RepositoryName }}", "example.com/by": "{{ .Sender }}"}});
        let helpers = namespace.creates_session_spawner(session_spawner("helpers", rules)).await;
        let created = namespace.accepts_session(helpers.issue(9, "Fix it")).await;
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("config");
        fs::write(&kubeconfig, cluster.control_plane.admin_kubeconfig()).unwrap();
        let says = |words: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_kelos-metadata"));
            command.args(words).args(["-n", "explained-sessions", "--kubeconfig"]).arg(&kubeconfig);
            let output = command.output().unwrap();
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
        };
        let named = format!("session/{}", created.name());
        let (status, said) = says(&["explain", &named]);
        assert_eq!(status, 1, "{said}");
        for part in [
            "SessionSpawner helpers, named by the controller owner reference: there is one with this uid",
            "add to the SessionSpawner: a line `Sender: {{.Sender}}` in spec.sessionTemplate.initialPrompt",
        ] {
            assert!(said.contains(part), "{part} is not in\n{said}");
        }
        assert!(!said.contains("Task"), "{said}");
        let (status, said) = says(&["explain", &named, SECTION]);
        assert_eq!(status, 0, "{said}");
        let (status, said) = says(&["preview", "--sessions"]);
        assert_eq!(status, 0, "{said}");
        assert!(
            said.contains("1 Session in namespace explained-sessions: nothing would change"),
            "{said}"
        );
        let rules = json!({ SECTION: "Issues" }).to_string();
        let change =
            json!({"metadata": {"annotations": {"metadata.kelos.dev/annotations": rules}}});
        namespace.merges("sessionspawners", &helpers.name, change).await;
        let (status, said) = says(&["preview", "--sessions", "-o", "diff"]);
        assert_eq!(status, 0, "{said}");
        for part in ["--- a/session/explained-sessions/", "+    kelos.dev/session-section: Issues"]
        {
            assert!(said.contains(part), "{part} is not in\n{said}");
        }
    });
}

/// The Console takes 64 characters, and shows none of a name that is longer.
#[test]
fn names_are_made_to_fit() {
    let rockets = |count: usize| "🚀".repeat(count);
    let family = "👨‍👩‍👧‍👦";
    assert_eq!(family.chars().count(), 7);
    let cases = [
        (format!("{} is done", rockets(56)), format!("{} is done", rockets(56))),
        (format!("{} is done", rockets(57)), format!("{} is", rockets(57))),
        (rockets(64), rockets(64)),
        (rockets(65), rockets(64)),
        (family.repeat(10), family.repeat(9)),
        ("Fix\t the   \u{202e}login\u{7} page".to_owned(), "Fix the login page".to_owned()),
    ];
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("long-names").await;
        let rules = json!({"annotations": {DISPLAY_NAME: "{{ .Title }}"}});
        let titled = namespace.creates_session_spawner(session_spawner("titled", rules)).await;
        for (number, (title, name)) in (1..).zip(cases) {
            let created = namespace.accepts_session(titled.issue(number, &title)).await;
            assert_eq!(created.annotation(DISPLAY_NAME), Some(&*name), "{title}");
            assert_eq!(created.annotation(SKIPPED), None);
        }
    });
}

/// What a Session of a person, and one whose SessionSpawner is gone, get.
#[test]
fn a_session_of_nobody_gets_the_defaults_for_sessions_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("defaults.yaml");
    let defaults = json!({
        "labels": {
            "of-tasks": "x",
            "of-sessions": {"value": "{{ .Namespace.Name }}", "on": ["sessions"]},
            "of-both": {"value": "x", "on": ["tasks", "sessions"]},
        },
        "annotations": {
            DISPLAY_NAME: {"value": "Somebody's", "on": ["sessions"]},
            SECTION: {"value": "People", "on": ["sessions"]},
        },
        "podLabels": {"cost": {"value": "x", "on": ["sessions"]}},
        "podLabelsFromTask": "of-both",
    });
    fs::write(&file, defaults.to_string()).unwrap();
    on_cluster(async |cluster| {
        let flags = [format!("--defaults={}", file.display())];
        let webhook = cluster.webhook("people").with_sessions().with_flags(flags).start().await;
        let namespace = webhook.namespace("people").await;
        let helpers = helpers(&namespace).await;
        let labels = json!({"of-sessions": "people", "of-both": "x"});

        let mut mine = session("mine");
        mine["metadata"]["annotations"][DISPLAY_NAME] = json!(" My own, as I wrote it ");
        let created = namespace.accepts_session(mine).await;
        created.labels_are(labels.clone());
        assert_eq!(created.annotation(DISPLAY_NAME), Some(" My own, as I wrote it "));
        assert_eq!(created.annotation(SECTION), Some("People"));
        assert_eq!(*pod_labels(&created.object), json!({"cost": "x"}));

        let mut orphan = helpers.issue(7, "Fix it");
        orphan["metadata"]["ownerReferences"][0]["uid"] = json!("another");
        let created = namespace.accepts_session(orphan).await;
        assert_eq!(created.annotation(DISPLAY_NAME), Some("Somebody's"));
        assert_eq!(created.label("number"), None);
        let unknown =
            "kelos_metadata_admissions_total{resource=\"session\",outcome=\"unknown_owner\"}";
        assert_eq!(webhook.metric(unknown).await, 1.0);

        // Its own rules go first.
        let created = namespace.accepts_session(helpers.issue(8, "Fix it")).await;
        assert_eq!(created.annotation(SECTION), Some("widgets"));
        assert_eq!(created.label("of-both"), Some("x"));
    });
}

/// Rules for labels of Pods that no Session could live with: what Kubernetes refuses, and what Kelos selects by.
fn refused() -> Value {
    json!({
        "example.com/title": "{{ .Title }}",
        "kelos.dev/component": "other",
        "kelos.dev/session": "other",
        "controller-revision-hash": "other",
        "statefulset.kubernetes.io/pod-name": "other",
        "example.com/cost": "payments",
    })
}

#[test]
fn no_label_of_a_pod_costs_a_session_its_stateful_set() {
    on_cluster(async |cluster| {
        let namespace = cluster.namespace("session-pods").await;
        let spawner = session_spawner("pods", json!({POD_LABELS: refused()}));
        let pods = namespace.creates_session_spawner(spawner).await;
        let created = namespace.accepts_session(pods.issue(1, "Fix the login page")).await;
        assert_eq!(*pod_labels(&created.object), json!({"example.com/cost": "payments"}));
        let skipped = created.annotation(SKIPPED).unwrap();
        assert!(skipped.contains("pod_label:example.com/title=invalid_value"), "{skipped}");
        for key in ["kelos.dev/component", "kelos.dev/session", "controller-revision-hash"] {
            assert!(skipped.contains(&format!("pod_label:{key}=protected")), "{skipped}");
        }
        is_made_into_a_stateful_set(&namespace, &created.object).await;
    });
}

/// The Session is taken with any text there; its StatefulSet is not.
#[test]
fn a_stateful_set_would_have_been_refused() {
    on_cluster(async |cluster| {
        let namespace = cluster.bare_namespace("refused-stateful-sets", json!({})).await;
        let mut sent = session("as-rendered");
        let labels = json!({"example.com/title": "Fix the login page"});
        sent["spec"]["worker"]["podOverrides"] = json!({ "labels": labels });
        let created = namespace.accepts_session(sent).await;
        assert_eq!(*pod_labels(&created.object), labels);
        let refused = async |set: Value| {
            let reply = namespace.post("statefulsets", "?dryRun=All", set.clone()).await;
            assert!(reply.status.is_client_error(), "{set:#} was taken: the test says nothing");
        };
        let set = stateful_set_of(&created.object);
        refused(set.clone()).await;
        // A label that it selects by: Kelos puts its own over it, and without that it would be refused, too.
        for key in ["kelos.dev/component", "kelos.dev/session"] {
            let mut set = set.clone();
            let labels = &mut set["spec"]["template"]["metadata"]["labels"];
            labels["example.com/title"] = json!("x");
            labels[key] = json!("other");
            refused(set).await;
        }
    });
}

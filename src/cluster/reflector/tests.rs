use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::sync::mpsc::{Receiver, channel};

use super::*;
use crate::cluster::scripted::{Answer, Asked, api, status, versions};
use crate::engine::kelos::{GROUP, Workspace};

const WORKSPACES: Resource = Resource {
    group: GROUP,
    versions: &["v1alpha2", "v1alpha1"],
    plural: "workspaces",
    metadata_only: false,
};

fn workspace(name: &str, version: u32) -> Value {
    json!({"metadata": {"name": name, "namespace": "ns", "resourceVersion": version.to_string()},
           "spec": {"repo": "https://example.com/a/b"}})
}

fn list(items: &[Value], version: u32, next: &str) -> Answer {
    let metadata = json!({"resourceVersion": version.to_string(), "continue": next});
    Answer::Json(200, json!({"kind": "List", "metadata": metadata, "items": items}))
}

fn event(kind: &str, object: Value) -> Value {
    json!({"type": kind, "object": object})
}

/// Follows Workspaces on an API server that answers so.
fn follow(
    answer: impl Fn(&str) -> Answer + Clone + Send + 'static,
) -> (Receiver<Change<Workspace>>, Asked) {
    let (client, asked) = api(answer);
    let (changes, changed) = channel(8);
    let reflector: Reflector<Workspace, _, _> =
        Reflector::new(client, WORKSPACES, Scope::Cluster, changes, std::convert::identity, || ());
    tokio::spawn(reflector.run());
    (changed, asked)
}

/// The next change, in short.
async fn next(changes: &mut Receiver<Change<Workspace>>) -> String {
    let names = |objects: &[Workspace]| {
        objects.iter().map(|object| object.metadata.name.clone()).collect::<Vec<_>>().join(",")
    };
    match changes.recv().await.unwrap() {
        Change::All(all) => format!("all {}", names(&all)),
        Change::One(one) => format!("one {}", names(&[one])),
        Change::Gone { namespace, name } => format!("gone {namespace}/{name}"),
    }
}

#[tokio::test(start_paused = true)]
async fn pages_are_put_together_and_events_follow() {
    let (mut changes, asked) = follow(|path| match path {
        "/apis/kelos.dev" => versions(&["v1alpha1", "v1alpha2"]),
        _ if path.contains("watch=true") => Answer::Events(
            vec![
                event("ADDED", workspace("c", 8)),
                event(
                    "BOOKMARK",
                    json!({"kind": "Workspace", "apiVersion": "kelos.dev/v1alpha2",
                                         "metadata": {"resourceVersion": "9"}}),
                ),
                event(
                    "MODIFIED",
                    json!({"metadata": {"name": "c", "namespace": "ns",
                                         "resourceVersion": "10"}, "spec": {"repo": ["x"]}}),
                ),
                event("DELETED", workspace("a", 11)),
            ],
            Some(Duration::from_secs(45)),
        ),
        _ if path.contains("continue=more") => list(&[workspace("b", 2)], 7, ""),
        _ => list(&[workspace("a", 1), json!({"metadata": {"name": 5}})], 7, "more"),
    });
    assert_eq!(next(&mut changes).await, "all a,b");
    assert_eq!(next(&mut changes).await, "one c");
    assert_eq!(next(&mut changes).await, "gone ns/c", "what can't be read is not known");
    assert_eq!(next(&mut changes).await, "gone ns/a");
    assert_eq!(next(&mut changes).await, "one c", "the next watch");
    let watches: Vec<String> =
        asked.all().into_iter().filter(|path| path.contains("watch=true")).collect();
    assert!(watches[0].starts_with("/apis/kelos.dev/v1alpha2/workspaces?"), "{watches:?}");
    assert!(watches[0].contains("allowWatchBookmarks=true"), "{watches:?}");
    assert!(watches[0].ends_with("resourceVersion=7"), "{watches:?}");
    assert!(watches[1].ends_with("resourceVersion=11"), "it goes on where it was: {watches:?}");
}

#[tokio::test(start_paused = true)]
async fn everything_is_listed_again_every_few_minutes_with_the_version_of_the_day() {
    let begun = Instant::now();
    let (mut changes, asked) = follow(move |path| match path {
        "/apis/kelos.dev" if begun.elapsed() < Duration::from_secs(10) => versions(&["v1alpha1"]),
        "/apis/kelos.dev" => versions(&["v1alpha1", "v1alpha2"]),
        _ if path.contains("watch=true") => {
            Answer::Events(Vec::new(), Some(Duration::from_secs(45)))
        }
        _ => list(&[], 1, ""),
    });
    assert_eq!(next(&mut changes).await, "all ");
    assert_eq!(next(&mut changes).await, "all ");
    assert!(begun.elapsed() <= RELIST + Duration::from_secs(45), "{:?}", begun.elapsed());
    assert_eq!(asked.count("/v1alpha1/workspaces?&limit"), 1, "{:?}", asked.all());
    assert_eq!(asked.count("/v1alpha2/workspaces?&limit"), 1, "{:?}", asked.all());
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_died_without_a_word_is_noticed_in_time() {
    let (mut changes, _) = follow(|path| match path {
        "/apis/kelos.dev" => versions(&["v1alpha2"]),
        _ if path.contains("watch=true") => Answer::Events(Vec::new(), None),
        _ => list(&[workspace("a", 1)], 1, ""),
    });
    assert_eq!(next(&mut changes).await, "all a");
    let begun = Instant::now();
    assert_eq!(next(&mut changes).await, "all a");
    assert!((SILENCE..Duration::from_secs(70)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn watches_that_are_cut_now_and_then_do_not_make_it_wait_ever_longer() {
    let (mut changes, _) = follow(|path| match path {
        "/apis/kelos.dev" => versions(&["v1alpha2"]),
        _ if path.contains("watch=true") => Answer::Events(Vec::new(), None),
        _ => list(&[workspace("a", 1)], 1, ""),
    });
    assert_eq!(next(&mut changes).await, "all a");
    for _ in 0..20 {
        let begun = Instant::now();
        assert_eq!(next(&mut changes).await, "all a");
        assert!(begun.elapsed() < SILENCE + FIRST_PAUSE * 3, "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_too_old_means_to_list_again() {
    for expired in [
        Answer::Json(410, status(410, "Expired", "too old resource version")),
        Answer::Events(vec![event("ERROR", status(410, "Expired", "too old"))], None),
    ] {
        let expired = Arc::new(Mutex::new(Some(expired)));
        let (mut changes, asked) = follow(move |path| match path {
            "/apis/kelos.dev" => versions(&["v1alpha2"]),
            _ if path.contains("watch=true") => match expired.lock().unwrap().take() {
                Some(expired) => expired,
                None => Answer::Events(vec![event("ADDED", workspace("b", 9))], None),
            },
            _ => list(&[workspace("a", 1)], 1, ""),
        });
        let begun = Instant::now();
        assert_eq!(next(&mut changes).await, "all a");
        assert_eq!(next(&mut changes).await, "all a");
        assert_eq!(next(&mut changes).await, "one b");
        assert!(begun.elapsed() < Duration::from_secs(1), "no trouble, no pause");
        assert_eq!(asked.count("/workspaces?&limit"), 2, "{:?}", asked.all());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_empty_until_it_comes() {
    for absent in [404, 200] {
        let begun = Instant::now();
        let (mut changes, _) = follow(move |path| match path {
            _ if begun.elapsed() > Duration::from_secs(60) && path == "/apis/kelos.dev" => {
                versions(&["v1alpha2"])
            }
            "/apis/kelos.dev" if absent == 404 => Answer::Text(404, "404 page not found\n"),
            "/apis/kelos.dev" => versions(&["v1"]),
            _ if path.contains("/v1/") => Answer::Text(404, "404 page not found\n"),
            _ if path.contains("watch=true") => Answer::Events(Vec::new(), None),
            _ => list(&[workspace("a", 1)], 1, ""),
        });
        assert_eq!(next(&mut changes).await, "all ", "at once");
        assert!(begun.elapsed() < Duration::from_secs(1));
        let found = loop {
            match next(&mut changes).await {
                empty if empty == "all " => {}
                found => break found,
            }
        };
        assert_eq!(found, "all a");
        assert!(begun.elapsed() < Duration::from_secs(60) + 2 * LONGEST_PAUSE);
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_right_is_waited_for_and_what_is_known_stays() {
    let begun = Instant::now();
    let forbidden = || Answer::Json(403, status(403, "Forbidden", "workspaces is forbidden"));
    let (mut changes, _) = follow(move |path| match (path, begun.elapsed().as_secs()) {
        ("/apis/kelos.dev", _) => versions(&["v1alpha2"]),
        (_, 0..30 | 60..90) => forbidden(),
        _ if path.contains("watch=true") => {
            Answer::Events(Vec::new(), Some(Duration::from_secs(20)))
        }
        _ => list(&[workspace("a", 1)], 1, ""),
    });
    assert_eq!(next(&mut changes).await, "all ", "nobody waits for it");
    assert_eq!(next(&mut changes).await, "all a");
    let granted = begun.elapsed();
    assert!((30..40).contains(&granted.as_secs()), "{granted:?}");
    assert_eq!(next(&mut changes).await, "all a", "when it was taken away, nothing was said");
    let again = begun.elapsed();
    assert!((90..100).contains(&again.as_secs()), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_does_not_answer_or_hangs_up_at_once_is_not_stormed() {
    let begun = Instant::now();
    let (mut changes, asked) = follow(move |path| match (path, begun.elapsed().as_secs()) {
        (_, 0..60) => Answer::Later(Duration::from_secs(600), Box::new(versions(&[]))),
        ("/apis/kelos.dev", _) => versions(&["v1alpha2"]),
        _ if path.contains("watch=true") => Answer::Events(Vec::new(), Some(Duration::ZERO)),
        _ => list(&[], 1, ""),
    });
    assert_eq!(next(&mut changes).await, "all ");
    assert!((60..80).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    let asked_before = asked.all().len();
    assert!(asked_before < 15, "{:?}", asked.all());
    tokio::spawn(async move { while changes.recv().await.is_some() {} });
    sleep(Duration::from_secs(60)).await;
    let asked = asked.all().len() - asked_before;
    assert!(asked < 3 * 60, "{asked} requests in a minute");
}

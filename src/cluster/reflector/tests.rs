//! What is told of objects, whatever becomes of watches and lists, by a scripted API server.

mod pages;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc::{Receiver, channel};

use super::watch::SILENCE;
use super::*;
use crate::cluster::pauses::FIRST_PAUSE;
use crate::cluster::scripted::{Asked, ScriptedResponse, api, status, versions};
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

fn list(items: &[Value], version: u32, next: &str) -> ScriptedResponse {
    let metadata = json!({"resourceVersion": version.to_string(), "continue": next});
    ScriptedResponse::Json(200, json!({"kind": "List", "metadata": metadata, "items": items}))
}

fn event(kind: &str, object: Value) -> Value {
    json!({"type": kind, "object": object})
}

/// Follows Workspaces on an API server that answers so.
fn follow(
    answer: impl Fn(&str) -> ScriptedResponse + Clone + Send + 'static,
) -> (Receiver<Change<Workspace>>, Asked) {
    let (client, asked) = api(answer);
    let (changes, changed) = channel(8);
    let reflector: Reflector<Workspace, _> =
        Reflector::new(client, WORKSPACES, Scope::Cluster, changes, Some);
    tokio::spawn(reflector.run());
    (changed, asked)
}

/// The next change, in short. Signs of life are left out.
async fn next(changes: &mut Receiver<Change<Workspace>>) -> String {
    let mut all = Vec::new();
    loop {
        match changes.recv().await.unwrap() {
            Change::Alive => (),
            Change::Listing => all.clear(),
            Change::Page(objects) => all.extend(objects.into_iter().map(|it| it.metadata.name)),
            Change::Listed => return format!("all {}", all.join(",")),
            Change::One(one) => return format!("one {}", one.metadata.name),
            Change::Gone { namespace, name } => return format!("gone {namespace}/{name}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pages_are_put_together_and_events_follow() {
    let (mut changes, asked) = follow(|path| match path {
        "/apis/kelos.dev" => versions(&["v1alpha1", "v1alpha2"]),
        _ if path.contains("watch=true") => ScriptedResponse::Events(
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
            ScriptedResponse::Events(Vec::new(), Some(Duration::from_secs(45)))
        }
        _ => list(&[], 1, ""),
    });
    assert_eq!(next(&mut changes).await, "all ");
    assert_eq!(next(&mut changes).await, "all ");
    let again = begun.elapsed();
    assert!((RELIST - RELIST_JITTER..RELIST + FIRST_SPREAD).contains(&again), "{again:?}");
    assert_eq!(asked.count("/v1alpha1/workspaces?&limit"), 1, "{:?}", asked.all());
    assert_eq!(asked.count("/v1alpha2/workspaces?&limit"), 1, "{:?}", asked.all());
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_died_without_a_word_goes_on_where_it_was() {
    let begun = Instant::now();
    let (mut changes, asked) = follow(|path| match path {
        "/apis/kelos.dev" => versions(&["v1alpha2"]),
        _ if path.contains("watch=true") => {
            let (_, from) = path.split_once("resourceVersion=").unwrap();
            let version = from.parse::<u32>().unwrap() + 1;
            ScriptedResponse::Events(
                vec![event("ADDED", workspace(&format!("w{version}"), version))],
                None,
            )
        }
        _ => list(&[workspace("a", 1)], 7, ""),
    });
    assert_eq!(next(&mut changes).await, "all a");
    for version in 8..12 {
        assert_eq!(next(&mut changes).await, format!("one w{version}"));
        let silences = version - 8;
        let latest = FIRST_SPREAD + (SILENCE + 2 * FIRST_PAUSE) * silences;
        assert!(begun.elapsed() <= latest, "{:?}", begun.elapsed());
    }
    assert_eq!(asked.count("workspaces?&limit"), 1, "{:?}", asked.all());
}

#[tokio::test(start_paused = true)]
async fn where_watches_are_silent_again_and_again_everything_is_listed() {
    let (mut changes, asked) = follow(|path| match path {
        "/apis/kelos.dev" => versions(&["v1alpha2"]),
        _ if path.contains("watch=true") => ScriptedResponse::Events(Vec::new(), None),
        _ => list(&[workspace("a", 1)], 7, ""),
    });
    assert_eq!(next(&mut changes).await, "all a");
    for round in 1..5 {
        let begun = Instant::now();
        assert_eq!(next(&mut changes).await, "all a");
        assert!(begun.elapsed() < SILENCE * 2 + FIRST_PAUSE * 8, "{:?}", begun.elapsed());
        // The next one may have begun.
        let watches = asked.count("watch=true");
        assert!((2 * round..=2 * round + 1).contains(&watches), "{:?}", asked.all());
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_within_an_event_loses_nothing() {
    let whole = event("ADDED", workspace("c", 8)).to_string() + "\n";
    let (mut changes, asked) = follow(move |path| match path {
        "/apis/kelos.dev" => versions(&["v1alpha2"]),
        _ if path.contains("watch=true") => {
            let broken = &whole[..whole.len() / 2];
            let is_again = path.contains("resourceVersion=8");
            let pieces = if is_again { vec![] } else { vec![whole.clone(), broken.to_owned()] };
            ScriptedResponse::Pieces(pieces.into_iter().map(Bytes::from).collect())
        }
        _ => list(&[], 7, ""),
    });
    assert_eq!(next(&mut changes).await, "all ");
    assert_eq!(next(&mut changes).await, "one c");
    tokio::spawn(async move { while changes.recv().await.is_some() {} });
    sleep(Duration::from_secs(30)).await;
    assert_eq!(asked.count("resourceVersion=7"), 1, "{:?}", asked.all());
    assert!(asked.count("resourceVersion=8") > 1, "{:?}", asked.all());
    assert_eq!(asked.count("workspaces?&limit"), 1, "{:?}", asked.all());
}

#[tokio::test(start_paused = true)]
async fn an_event_that_nobody_can_read_means_to_list_again() {
    let (mut changes, asked) = follow(|path| match path {
        "/apis/kelos.dev" => versions(&["v1alpha2"]),
        _ if path.contains("watch=true") => {
            ScriptedResponse::Pieces(vec![Bytes::from("{\"type\":\n")])
        }
        _ => list(&[workspace("a", 1)], 7, ""),
    });
    for _ in 0..3 {
        assert_eq!(next(&mut changes).await, "all a");
    }
    assert_eq!(asked.count("workspaces?&limit"), 3, "{:?}", asked.all());
}

#[tokio::test(start_paused = true)]
async fn bookmarks_and_quiet_watches_are_signs_of_life_in_their_turn() {
    let bookmark = json!({"metadata": {"resourceVersion": "9"}});
    let (mut changes, _) = follow(move |path| match path {
        "/apis/kelos.dev" => versions(&["v1alpha2"]),
        _ if path.contains("watch=true") => {
            let events =
                vec![event("ADDED", workspace("c", 8)), event("BOOKMARK", bookmark.clone())];
            ScriptedResponse::Events(events, Some(Duration::from_secs(45)))
        }
        _ => list(&[], 7, ""),
    });
    let mut told = Vec::new();
    while told.len() < 8 {
        told.push(match changes.recv().await.unwrap() {
            Change::One(_) => "one",
            Change::Alive => "alive",
            Change::Listing => "listing",
            Change::Page(_) => "page",
            Change::Listed => "listed",
            Change::Gone { .. } => "gone",
        });
    }
    let expected = ["listing", "page", "listed", "alive", "one", "alive", "alive", "one"];
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_asked_for_comes_soon_and_not_too_often() {
    let (client, asked) = api(|path| match path {
        "/apis/kelos.dev" => versions(&["v1alpha2"]),
        _ if path.contains("watch=true") => ScriptedResponse::Events(Vec::new(), None),
        _ => list(&[], 7, ""),
    });
    let (changes, mut changed) = channel(8);
    let relist = Relist::default();
    let reflector: Reflector<Workspace, _> =
        Reflector::new(client, WORKSPACES, Scope::Cluster, changes, Some);
    tokio::spawn(reflector.with_relist(relist.clone()).run());
    assert_eq!(next(&mut changed).await, "all ");
    let listed = Instant::now();
    relist.ask();
    relist.ask();
    assert_eq!(next(&mut changed).await, "all ");
    let again = listed.elapsed();
    assert!((ASKED_RELIST..ASKED_RELIST + ASKED_RELIST_JITTER * 2).contains(&again), "{again:?}");
    tokio::spawn(async move { while changed.recv().await.is_some() {} });
    sleep(Duration::from_secs(60)).await;
    assert_eq!(asked.count("workspaces?&limit"), 2, "asked twice, done once: {:?}", asked.all());
    for _ in 0..1000 {
        relist.ask();
        sleep(Duration::from_millis(60)).await;
    }
    let lists = asked.count("workspaces?&limit") - 2;
    assert!((3..=6).contains(&lists), "{lists} within a minute");
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_too_old_means_to_list_again() {
    for expired in [
        ScriptedResponse::Json(410, status(410, "Expired", "too old resource version")),
        ScriptedResponse::Events(vec![event("ERROR", status(410, "Expired", "too old"))], None),
    ] {
        let expired = Arc::new(Mutex::new(Some(expired)));
        let (mut changes, asked) = follow(move |path| match path {
            "/apis/kelos.dev" => versions(&["v1alpha2"]),
            _ if path.contains("watch=true") => match expired.lock().unwrap().take() {
                Some(expired) => expired,
                None => ScriptedResponse::Events(vec![event("ADDED", workspace("b", 9))], None),
            },
            _ => list(&[workspace("a", 1)], 1, ""),
        });
        let begun = Instant::now();
        assert_eq!(next(&mut changes).await, "all a");
        assert_eq!(next(&mut changes).await, "all a");
        assert_eq!(next(&mut changes).await, "one b");
        assert!(begun.elapsed() < Duration::from_secs(1), "no error, no pause");
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
            "/apis/kelos.dev" if absent == 404 => {
                ScriptedResponse::Text(404, "404 page not found\n")
            }
            "/apis/kelos.dev" => versions(&["v1"]),
            _ if path.contains("/v1/") => ScriptedResponse::Text(404, "404 page not found\n"),
            _ if path.contains("watch=true") => ScriptedResponse::Events(Vec::new(), None),
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
    let forbidden =
        || ScriptedResponse::Json(403, status(403, "Forbidden", "workspaces is forbidden"));
    let (mut changes, asked) = follow(move |path| match (path, begun.elapsed().as_secs()) {
        ("/apis/kelos.dev", _) => versions(&["v1alpha2"]),
        (_, 0..30 | 60..90) => forbidden(),
        _ if path.contains("watch=true") => {
            ScriptedResponse::Events(Vec::new(), Some(Duration::from_secs(20)))
        }
        _ => list(&[workspace("a", 1)], 1, ""),
    });
    assert_eq!(next(&mut changes).await, "all ", "nobody waits for it");
    assert_eq!(asked.count("workspaces?&limit"), 2, "but it was tried once more");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(next(&mut changes).await, "all a");
    let granted = begun.elapsed();
    assert!((30..40).contains(&granted.as_secs()), "{granted:?}");
    let lists = asked.count("workspaces?&limit");
    assert_eq!(next(&mut changes).await, "all a", "when it was taken away, nothing was said");
    assert!(begun.elapsed() > Duration::from_secs(260), "the watch went on: {:?}", begun.elapsed());
    assert_eq!(asked.count("workspaces?&limit"), lists + 1, "{:?}", asked.all());
}

#[tokio::test(start_paused = true)]
async fn a_right_that_is_there_at_the_second_look_was_never_missing() {
    let refused = Arc::new(Mutex::new(false));
    let (mut changes, _) = follow(move |path| match path {
        "/apis/kelos.dev" => versions(&["v1alpha2"]),
        _ if path.contains("watch=true") => ScriptedResponse::Events(Vec::new(), None),
        _ if !std::mem::replace(&mut *refused.lock().unwrap(), true) => {
            ScriptedResponse::Json(403, status(403, "Forbidden", "RBAC: not synced"))
        }
        _ => list(&[workspace("a", 1)], 1, ""),
    });
    assert_eq!(next(&mut changes).await, "all a");
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_does_not_answer_or_hangs_up_at_once_is_not_stormed() {
    let begun = Instant::now();
    let (mut changes, asked) = follow(move |path| match (path, begun.elapsed().as_secs()) {
        (_, 0..60) => ScriptedResponse::Later(Duration::from_secs(600), Box::new(versions(&[]))),
        ("/apis/kelos.dev", _) => versions(&["v1alpha2"]),
        _ if path.contains("watch=true") => {
            ScriptedResponse::Events(Vec::new(), Some(Duration::ZERO))
        }
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

//! Which requests are turned away, and how; no socket.

mod paths;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use http_body_util::BodyExt;
use hyper::body::Frame;
use tokio::sync::mpsc;

use super::*;
use crate::telemetry::{LogFormat, captured};

/// Answers with what it was given: the length of the body, and the query.
#[derive(Clone)]
struct Echo;

impl Answer for Echo {
    async fn answer(&self, body: Bytes, query: Option<&str>) -> Reply {
        Reply::ok(format!("{} {}", body.len(), query.unwrap_or("-")))
    }
}

/// Where requests go, what they count as there, and how large they may be.
const PATHS: [(&str, &str, usize); 3] = [
    (MUTATE_TASK_PATH, "task", MAX_BODY_BYTES),
    (MUTATE_SESSION_PATH, "session", MAX_BODY_BYTES),
    (VALIDATE_SPAWNER_PATH, "taskspawner", MAX_SPAWNER_BODY_BYTES),
];

/// The paths with so few places for Tasks.
fn with_places<A: Answer>(answer: A, metrics: Arc<Metrics>, places: usize) -> impl App {
    let gate = Gate::of_tasks(places, Arc::clone(&metrics));
    let mut paths = paths(answer, None, Echo, metrics);
    Arc::get_mut(&mut paths).unwrap().tasks.gate = gate;
    paths
}

/// Asks without waiting for the answer.
fn ask(app: &impl App, request: Request) -> Asked {
    let app = app.clone();
    tokio::spawn(async move { app.answer(request).await })
}

struct Answered {
    status: u16,
    headers: HeaderMap,
    body: String,
    metrics: Arc<Metrics>,
}

async fn send(request: Request) -> Answered {
    let metrics = Arc::new(Metrics::new());
    let paths = paths(Echo, Some(Echo), Echo, Arc::clone(&metrics));
    let response = paths.answer(request).await;
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answered {
        status: head.status.as_u16(),
        headers: head.headers,
        body: String::from_utf8(body.into()).unwrap(),
        metrics,
    }
}

impl Answered {
    /// Asserts a `Status` of this code whose message holds `message`, and that it was counted, and as what.
    fn is_refusal(&self, code: u16, message: &str, resource: &str, counted: &str) {
        assert_eq!(self.status, code, "{}", self.body);
        assert_eq!(self.headers[CONTENT_TYPE], "application/json");
        let status: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(status["kind"], "Status");
        assert_eq!(status["code"], code);
        assert!(status["message"].as_str().unwrap().contains(message), "{}", self.body);
        is_counted_once(&self.metrics, resource, counted);
    }
}

/// One request about such an object has ended like this.
fn is_counted_once(metrics: &Metrics, resource: &str, outcome: &str) {
    let labels = format!("{{resource=\"{resource}\",outcome=\"{outcome}\"}}");
    let series = format!("admissions_total{labels} 1\n");
    let text = metrics.encode().unwrap();
    assert!(text.contains(&series), "{series} in:\n{text}");
}

fn post_to(uri: &str, content_type: Option<&str>, body: Body) -> Request {
    let mut request = Request::post(uri);
    if let Some(content_type) = content_type {
        request = request.header(CONTENT_TYPE, content_type);
    }
    request.body(body).unwrap()
}

fn json_post(body: impl Into<Body>) -> Request {
    json_to(MUTATE_TASK_PATH, body)
}

fn json_to(path: &str, body: impl Into<Body>) -> Request {
    post_to(path, Some("application/json"), body.into())
}

/// A body of frames whose length is announced nowhere.
fn frames(sizes: &[usize]) -> Body {
    Body::new(Frames(sizes.to_vec().into()))
}

struct Frames(VecDeque<usize>);

impl HttpBody for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let size = self.0.pop_front();
        Poll::Ready(size.map(|size| Ok(Frame::data(Bytes::from(vec![b' '; size])))))
    }
}

#[tokio::test]
async fn body_and_query_reach_the_answer() {
    for (path, ..) in PATHS {
        let answered = send(json_to(&format!("{path}?timeout=3s"), "{}")).await;
        assert_eq!((answered.status, answered.body.as_str()), (200, "2 timeout=3s"));
        assert_eq!(answered.headers[CONTENT_TYPE], "application/json");
        assert_eq!(send(json_to(path, "")).await.body, "0 -");
    }
}

#[tokio::test]
async fn content_type_is_json_however_it_is_written() {
    for (path, resource, _) in PATHS {
        for good in ["application/json", "Application/JSON", "application/json ; charset=utf-8"] {
            let answered = send(post_to(path, Some(good), "{}".into())).await;
            assert_eq!(answered.status, 200, "{good}");
        }
        for bad in [None, Some("text/plain"), Some("application/yaml"), Some("application/jsonx")] {
            let answered = send(post_to(path, bad, "SECRET".into())).await;
            answered.is_refusal(415, "Content-Type: application/json", resource, "bad_request");
            assert!(!answered.body.contains("SECRET"));
        }
    }
}

#[tokio::test]
async fn other_methods_are_told_which_one() {
    for (path, resource, _) in PATHS {
        for method in ["GET", "PUT", "DELETE", "PATCH"] {
            let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
            let answered = send(request).await;
            answered.is_refusal(405, "POST", resource, "bad_request");
            assert_eq!(answered.headers[ALLOW], "POST");
        }
    }
}

#[tokio::test]
async fn the_largest_body_is_taken_and_one_byte_more_is_not() {
    for (path, resource, most) in PATHS {
        let answered = send(json_to(path, vec![b' '; most])).await;
        assert_eq!((answered.status, answered.body), (200, format!("{most} -")));
        let answered = send(json_to(path, vec![b' '; most + 1])).await;
        answered.is_refusal(413, "7 MiB, or of at most 4 MiB for", resource, "too_large");
        assert_eq!(answered.headers["connection"], "close");
    }
}

#[tokio::test]
async fn an_unannounced_body_is_cut_at_the_same_size() {
    const MIB: usize = 1024 * 1024;
    let answered = send(json_post(frames(&[1, 0, 3 * MIB, 4 * MIB - 1]))).await;
    assert_eq!((answered.status, answered.body), (200, format!("{MAX_BODY_BYTES} -")));
    for too_much in [&[7 * MIB, 1][..], &[8 * MIB], &[3 * MIB, 4 * MIB, 0, 1, 9]] {
        send(json_post(frames(too_much))).await.is_refusal(413, "7 MiB", "task", "too_large");
    }
    let answered = send(json_to(VALIDATE_SPAWNER_PATH, frames(&[4 * MIB, 1]))).await;
    answered.is_refusal(413, "4 MiB", "taskspawner", "too_large");
}

#[test]
fn an_unavailable_reply_asks_to_try_again_elsewhere() {
    let response = Reply::unavailable("not ready").into_response();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(response.headers()["connection"], "close");
}

/// Answers when it is told to, and says that it has begun.
#[derive(Clone)]
struct Slow {
    begun: mpsc::UnboundedSender<()>,
    go_on: Arc<Semaphore>,
}

impl Answer for Slow {
    async fn answer(&self, _: Bytes, _: Option<&str>) -> Reply {
        self.begun.send(()).unwrap();
        self.go_on.acquire().await.unwrap().forget();
        Reply::ok("done")
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_for_a_place_is_told_to_try_again() {
    let (begun, mut has_begun) = mpsc::unbounded_channel();
    let go_on = Arc::new(Semaphore::new(0));
    let metrics = Arc::new(Metrics::new());
    let paths = with_places(Slow { begun, go_on: Arc::clone(&go_on) }, Arc::clone(&metrics), 2);
    let ask = || ask(&paths, json_post("{}"));
    let first = [ask(), ask()];
    for _ in 0..2 {
        has_begun.recv().await.unwrap();
    }
    let queued = tokio::time::Instant::now();
    let turned_away = ask().await.unwrap();
    assert_eq!(queued.elapsed().as_millis() / 10, QUEUE_WAIT.as_millis() / 10);
    assert_eq!(turned_away.status(), 503);
    let headers = turned_away.headers();
    assert_eq!(
        (&headers["retry-after"], &headers["connection"]),
        (&HeaderValue::from_static("1"), &HeaderValue::from_static("close"))
    );
    is_counted_once(&metrics, "task", "overloaded");

    // One that waits gets the place of one that is done, and the places come back.
    let next = ask();
    go_on.add_permits(3);
    for asked in first.into_iter().chain([next]) {
        assert_eq!(asked.await.unwrap().status(), 200);
    }
    go_on.add_permits(1);
    assert_eq!(ask().await.unwrap().status(), 200);
    assert!(has_begun.recv().await.is_some());
}

/// Answers bodies that are not huge; keeps huge ones until it is told to go on.
#[derive(Clone)]
struct KeepsHuge(Slow);

impl Answer for KeepsHuge {
    async fn answer(&self, body: Bytes, query: Option<&str>) -> Reply {
        match body.len() > LARGE_BYTES {
            true => self.0.answer(body, query).await,
            false => Echo.answer(body, query).await,
        }
    }
}

/// A request that is under way.
type Asked = tokio::task::JoinHandle<Response>;

/// What came of a flood, as statuses, and that who was turned away is told when to come back.
async fn statuses(flood: Vec<Asked>) -> Vec<u16> {
    let mut statuses = Vec::new();
    for asked in flood {
        let response = asked.await.unwrap();
        let is_refused = response.status() == 503;
        assert_eq!(response.headers().contains_key("retry-after"), is_refused);
        statuses.push(response.status().as_u16());
    }
    statuses.sort_unstable();
    statuses
}

#[tokio::test(start_paused = true)]
async fn large_bodies_are_answered_while_huge_ones_fill_their_room() {
    let (begun, mut has_begun) = mpsc::unbounded_channel();
    let go_on = Arc::new(Semaphore::new(0));
    let answer = KeepsHuge(Slow { begun, go_on: Arc::clone(&go_on) });
    let paths = paths(answer, None, Echo, Arc::new(Metrics::new()));
    let ask = |body: Body| ask(&paths, json_post(body));
    let of = |size: usize| Body::from(vec![b' '; size]);
    let kept = vec![ask(of(MAX_BODY_BYTES))];
    has_begun.recv().await.unwrap();
    // What announces no length may become as large.
    let huge = [of(MAX_BODY_BYTES), of(LARGE_BYTES + 1), frames(&[64 * 1024, 1])];
    let turned_away = statuses(huge.into_iter().map(ask).collect()).await;
    assert_eq!(turned_away, [503; 3]);
    for size in [64 * 1024 + 1, 1 << 20, LARGE_BYTES] {
        let answered = statuses((0..4).map(|_| ask(of(size))).collect()).await;
        assert_eq!(answered, [200; 4], "{size}");
    }
    // Their own room is not larger, either.
    go_on.add_permits(1);
    assert_eq!(statuses(kept).await, [200]);
    let kept = (0..5).map(|_| ask(of(LARGE_BYTES + 1))).collect();
    for _ in 0..3 {
        has_begun.recv().await.unwrap();
    }
    tokio::time::sleep(2 * QUEUE_WAIT).await;
    go_on.add_permits(3);
    assert_eq!(statuses(kept).await, [200, 200, 200, 503, 503]);
}

/// Paths whose spawners are answered when it is told to go on, and which says when one has begun.
struct SlowSpawners {
    paths: Arc<Paths<Echo, Slow>>,
    metrics: Arc<Metrics>,
    has_begun: mpsc::UnboundedReceiver<()>,
    go_on: Arc<Semaphore>,
}

impl SlowSpawners {
    fn new() -> SlowSpawners {
        let (begun, has_begun) = mpsc::unbounded_channel();
        let (go_on, metrics) = (Arc::new(Semaphore::new(0)), Arc::new(Metrics::new()));
        let slow = Slow { begun, go_on: Arc::clone(&go_on) };
        let paths = paths(Echo, None, slow, Arc::clone(&metrics));
        SlowSpawners { paths, metrics, has_begun, go_on }
    }

    fn ask(&self, path: &str, size: usize) -> Asked {
        ask(&self.paths, json_to(path, vec![b' '; size]))
    }

    /// Sends spawners of these sizes, and waits until all of them are being answered.
    async fn keep(&mut self, sizes: &[usize]) -> Vec<Asked> {
        let kept = sizes.iter().map(|size| self.ask(VALIDATE_SPAWNER_PATH, *size)).collect();
        for _ in sizes {
            self.has_begun.recv().await.unwrap();
        }
        kept
    }

    /// What becomes of one more request.
    async fn status(&self, path: &str, size: usize) -> u16 {
        statuses(vec![self.ask(path, size)]).await[0]
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_writes_spawners_takes_no_place_from_tasks() {
    let mut slow = SlowSpawners::new();
    let kept = slow.keep(&[2; SPAWNERS_IN_FLIGHT]).await;
    assert_eq!(slow.status(VALIDATE_SPAWNER_PATH, 2).await, 503);
    is_counted_once(&slow.metrics, "taskspawner", "overloaded");
    for size in [2, LARGE_BYTES, MAX_BODY_BYTES] {
        assert_eq!(slow.status(MUTATE_TASK_PATH, size).await, 200, "{size}");
    }
    slow.go_on.add_permits(SPAWNERS_IN_FLIGHT + 1);
    assert_eq!(statuses(kept).await, [200; SPAWNERS_IN_FLIGHT]);
    assert_eq!(slow.status(VALIDATE_SPAWNER_PATH, 2).await, 200, "the places come back");
}

#[tokio::test(start_paused = true)]
async fn whoever_writes_large_spawners_takes_no_room_from_tasks() {
    let mut slow = SlowSpawners::new();
    // In each of the two rooms is one of the largest.
    let kept = slow.keep(&[MAX_SPAWNER_BODY_BYTES, LARGE_BYTES, LARGE_BYTES]).await;
    for size in [MAX_SPAWNER_BODY_BYTES, LARGE_BYTES + 1, LARGE_BYTES, 64 * 1024 + 1] {
        assert_eq!(slow.status(VALIDATE_SPAWNER_PATH, size).await, 503, "{size}");
        assert_eq!(slow.status(MUTATE_TASK_PATH, size).await, 200, "{size}");
    }
    let kept_small = slow.keep(&[64 * 1024]).await;
    slow.go_on.add_permits(5);
    assert_eq!(statuses(kept).await, [200; 3]);
    assert_eq!(statuses(kept_small).await, [200], "small ones need no room");
    assert_eq!(slow.status(VALIDATE_SPAWNER_PATH, MAX_SPAWNER_BODY_BYTES).await, 200);
}

#[tokio::test(start_paused = true)]
async fn as_many_tasks_as_can_be_keep_no_place_from_spawners() {
    let (begun, mut has_begun) = mpsc::unbounded_channel();
    let go_on = Arc::new(Semaphore::new(0));
    let slow = Slow { begun, go_on: Arc::clone(&go_on) };
    let paths = paths(slow, None, Echo, Arc::new(Metrics::new()));
    let ask = |path: &str| ask(&paths, json_to(path, "{}"));
    let kept = (0..MAX_IN_FLIGHT).map(|_| ask(MUTATE_TASK_PATH)).collect();
    for _ in 0..MAX_IN_FLIGHT {
        has_begun.recv().await.unwrap();
    }
    assert_eq!(statuses(vec![ask(MUTATE_TASK_PATH)]).await, [503]);
    assert_eq!(statuses(vec![ask(VALIDATE_SPAWNER_PATH)]).await, [200]);
    go_on.add_permits(MAX_IN_FLIGHT);
    assert_eq!(statuses(kept).await, [200; MAX_IN_FLIGHT]);
}

//! Which requests are turned away, and how; no socket.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use http_body_util::BodyExt;
use hyper::body::Frame;
use tokio::sync::mpsc;
use tower::ServiceExt;

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

/// A router with so few places for Tasks.
fn with_places<A: Answer>(answer: A, metrics: Arc<Metrics>, places: usize) -> MethodRouter {
    route(answer, Gate::of_tasks(places, metrics))
}

struct Answered {
    status: u16,
    headers: HeaderMap,
    body: String,
    metrics: Arc<Metrics>,
}

async fn send(request: Request) -> Answered {
    let metrics = Arc::new(Metrics::new());
    let response = router(Echo, Echo, Arc::clone(&metrics)).oneshot(request).await.unwrap();
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
    /// Asserts a `Status` of this code whose message holds `message`, and that it was counted.
    fn is_refusal(&self, code: u16, message: &str, counted: &str) {
        assert_eq!(self.status, code, "{}", self.body);
        assert_eq!(self.headers[CONTENT_TYPE], "application/json");
        let status: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(status["kind"], "Status");
        assert_eq!(status["code"], code);
        assert!(status["message"].as_str().unwrap().contains(message), "{}", self.body);
        let series = format!("admissions_total{{resource=\"task\",outcome=\"{counted}\"}} 1\n");
        let text = self.metrics.encode().unwrap();
        assert!(text.contains(&series), "{series} in:\n{text}");
    }
}

fn post_to(uri: &str, content_type: Option<&str>, body: Body) -> Request {
    let mut request = Request::post(uri);
    if let Some(content_type) = content_type {
        request = request.header(CONTENT_TYPE, content_type);
    }
    request.body(body).unwrap()
}

fn json_post(body: impl Into<Body>) -> Request {
    post_to(MUTATE_TASK_PATH, Some("application/json"), body.into())
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
    let request = post_to("/mutate-task?timeout=3s", Some("application/json"), "{}".into());
    let answered = send(request).await;
    assert_eq!((answered.status, answered.body.as_str()), (200, "2 timeout=3s"));
    assert_eq!(answered.headers[CONTENT_TYPE], "application/json");
    assert_eq!(send(json_post("")).await.body, "0 -");
}

#[tokio::test]
async fn content_type_is_json_however_it_is_written() {
    for good in ["application/json", "Application/JSON", "application/json ; charset=utf-8"] {
        let answered = send(post_to(MUTATE_TASK_PATH, Some(good), "{}".into())).await;
        assert_eq!(answered.status, 200, "{good}");
    }
    for bad in [None, Some("text/plain"), Some("application/yaml"), Some("application/jsonx")] {
        let answered = send(post_to(MUTATE_TASK_PATH, bad, "SECRET".into())).await;
        answered.is_refusal(415, "Content-Type: application/json", "bad_request");
        assert!(!answered.body.contains("SECRET"));
    }
}

#[tokio::test]
async fn other_methods_are_told_which_one() {
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        let request =
            Request::builder().method(method).uri(MUTATE_TASK_PATH).body(Body::empty()).unwrap();
        let answered = send(request).await;
        answered.is_refusal(405, "POST", "bad_request");
        assert_eq!(answered.headers[ALLOW], "POST");
    }
}

#[tokio::test]
async fn other_paths_are_told_where_the_webhook_is() {
    for path in ["/", "/mutate-task/", "/mutate", "/metrics"] {
        let answered = send(post_to(path, Some("application/json"), "{}".into())).await;
        answered.is_refusal(404, "/mutate-task", "bad_request");
    }
}

#[test]
fn a_wrong_path_is_told_once_with_what_to_mend_and_who_only_looks_is_not() {
    let send_all = || {
        let router = router(Echo, Echo, Arc::new(Metrics::new()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let looks = Request::get("/looks").body(Body::empty()).unwrap();
        let wrong = |_| post_to("/mutate?timeout=3s", Some("application/json"), "SECRET".into());
        for request in [looks].into_iter().chain((0..5).map(wrong)) {
            let response = runtime.block_on(router.clone().oneshot(request)).unwrap();
            assert_eq!(response.status(), 404);
        }
    };
    let text = captured(LogFormat::Text, "info", send_all);
    assert_eq!(text.lines().count(), 1, "{text}");
    for said in [" WARN ", "path=\"/mutate\"", "clientConfig.service.path", "/mutate-task"] {
        assert!(text.contains(said), "{said} in {text}");
    }
    assert!(!text.contains("SECRET"), "{text}");
}

#[tokio::test]
async fn seven_mebibytes_are_taken_and_one_byte_more_is_not() {
    let answered = send(json_post(vec![b' '; MAX_BODY_BYTES])).await;
    assert_eq!((answered.status, answered.body), (200, format!("{MAX_BODY_BYTES} -")));
    let answered = send(json_post(vec![b' '; MAX_BODY_BYTES + 1])).await;
    answered.is_refusal(413, "7 MiB", "too_large");
    assert_eq!(answered.headers["connection"], "close");
}

#[tokio::test]
async fn an_unannounced_body_is_cut_at_the_same_size() {
    const MIB: usize = 1024 * 1024;
    let answered = send(json_post(frames(&[1, 0, 3 * MIB, 4 * MIB - 1]))).await;
    assert_eq!((answered.status, answered.body), (200, format!("{MAX_BODY_BYTES} -")));
    for too_much in [&[7 * MIB, 1][..], &[8 * MIB], &[3 * MIB, 4 * MIB, 0, 1, 9]] {
        send(json_post(frames(too_much))).await.is_refusal(413, "7 MiB", "too_large");
    }
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
    let router = with_places(Slow { begun, go_on: Arc::clone(&go_on) }, Arc::clone(&metrics), 2);
    let ask = || tokio::spawn(router.clone().oneshot(json_post("{}")));
    let first = [ask(), ask()];
    for _ in 0..2 {
        has_begun.recv().await.unwrap();
    }
    let queued = tokio::time::Instant::now();
    let turned_away = ask().await.unwrap().unwrap();
    assert_eq!(queued.elapsed().as_millis() / 10, QUEUE_WAIT.as_millis() / 10);
    assert_eq!(turned_away.status(), 503);
    let headers = turned_away.headers();
    assert_eq!(
        (&headers["retry-after"], &headers["connection"]),
        (&HeaderValue::from_static("1"), &HeaderValue::from_static("close"))
    );
    let text = metrics.encode().unwrap();
    assert!(
        text.contains("admissions_total{resource=\"task\",outcome=\"overloaded\"} 1\n"),
        "{text}"
    );

    // One that waits gets the place of one that is done, and the places come back.
    let next = ask();
    go_on.add_permits(3);
    for asked in first.into_iter().chain([next]) {
        assert_eq!(asked.await.unwrap().unwrap().status(), 200);
    }
    go_on.add_permits(1);
    assert_eq!(ask().await.unwrap().unwrap().status(), 200);
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

/// What came of a flood, as statuses, and that who was turned away is told when to come back.
async fn statuses(flood: Vec<tokio::task::JoinHandle<Result<Response, Infallible>>>) -> Vec<u16> {
    let mut statuses = Vec::new();
    for asked in flood {
        let response = asked.await.unwrap().unwrap();
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
    let router = router(answer, Echo, Arc::new(Metrics::new()));
    let ask = |body: Body| tokio::spawn(router.clone().oneshot(json_post(body)));
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

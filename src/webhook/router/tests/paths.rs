//! Where requests are sent: what is served there, and what is said of other paths.

use super::*;

#[tokio::test]
async fn other_paths_are_told_where_the_webhook_is() {
    for path in ["/", "/mutate-task/", "/mutate", "/validate-spawner/", "/metrics"] {
        let answered = send(json_to(path, "{}")).await;
        answered.is_refusal(404, "/mutate-task", "task", "bad_request");
        answered.is_refusal(404, "/validate-spawner", "task", "bad_request");
    }
}

/// What is logged where Sessions are not answered, of somebody who looks around and of five calls of this path.
fn logged(path: &str) -> String {
    let text = captured(LogFormat::Text, "info", || {
        let paths = paths(Echo, None, Echo, Arc::new(Metrics::new()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let looks = Request::get("/looks").body(Body::empty()).unwrap();
        let wrong = |_| post_to(path, Some("application/json"), "SECRET".into());
        for request in [looks].into_iter().chain((0..5).map(wrong)) {
            let response = runtime.block_on(paths.answer(request));
            assert_eq!(response.status(), 404);
        }
    });
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn the_path_of_sessions_is_told_to_need_the_flag() {
    let text = logged("/mutate-session?timeout=3s");
    assert!(text.contains("until `serve` is started with --sessions"), "{text}");
    assert!(!text.contains("clientConfig"), "{text}");
}

#[test]
fn a_wrong_path_is_told_once_with_what_to_mend_and_who_only_looks_is_not() {
    let text = logged("/mutate?timeout=3s");
    for said in [" WARN ", "path=\"/mutate\"", "clientConfig.service.path", "/mutate-task"] {
        assert!(text.contains(said), "{said} in {text}");
    }
    assert!(!text.contains("SECRET"), "{text}");
}

#[tokio::test]
async fn sessions_are_answered_where_they_are_asked_for_alone() {
    let metrics = Arc::new(Metrics::new());
    let paths = paths(Echo, None, Echo, metrics);
    let response = paths.answer(json_to(MUTATE_SESSION_PATH, "{}")).await;
    assert_eq!(response.status(), 404);
    assert_eq!(send(json_to(MUTATE_SESSION_PATH, "{}")).await.status, 200);
}

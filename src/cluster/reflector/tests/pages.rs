//! Lists in pages: how many requests, how large, and how much memory.

use bytes::Bytes;

use super::*;

/// A list of so many objects with texts of so many bytes, in pages as they are asked for. Nothing is
/// made while it answers: the pieces are shared.
fn large(
    objects: usize,
    bytes: usize,
) -> impl Fn(&str) -> ScriptedResponse + Clone + Send + 'static {
    let text = Bytes::from("x".repeat(bytes));
    move |path| {
        let number = |name: &str| {
            let (_, rest) = path.split_once(name)?;
            rest.split('&').next()?.parse::<usize>().ok()
        };
        if path == "/apis/kelos.dev" {
            return versions(&["v1alpha2"]);
        }
        if path.contains("watch=true") {
            return ScriptedResponse::Events(Vec::new(), None);
        }
        let from = number("continue=").unwrap_or(0);
        let to = objects.min(from + number("limit=").unwrap());
        let mut pieces = vec![Bytes::from_static(b"{\"items\":[")];
        for object in from..to {
            let comma = if object == from { "" } else { "," };
            let head = format!(
                "{comma}{{\"metadata\":{{\"name\":\"w{object}\",\"namespace\":\"ns\"}},\
                 \"spec\":{{\"repo\":\"https://example.com/a/b\",\"unread\":\""
            );
            pieces.push(head.into());
            pieces.extend(
                (0..bytes).step_by(16 << 10).map(|at| text.slice(at..bytes.min(at + (16 << 10)))),
            );
            pieces.push(Bytes::from_static(b"\"}}"));
        }
        let next = if to < objects { to.to_string() } else { String::new() };
        let end = format!("],\"metadata\":{{\"resourceVersion\":\"9\",\"continue\":\"{next}\"}}}}");
        pieces.push(end.into());
        ScriptedResponse::Pieces(pieces)
    }
}

/// How many objects came, and the limits that were asked for.
async fn listed(
    answer: impl Fn(&str) -> ScriptedResponse + Clone + Send + 'static,
) -> (usize, Vec<u32>) {
    let (mut changes, asked) = follow(answer);
    let mut count = 0;
    loop {
        match changes.recv().await.unwrap() {
            Change::Page(objects) => count += objects.len(),
            Change::Listed => break,
            _ => (),
        }
    }
    let limits = asked
        .all()
        .into_iter()
        .filter_map(|path| path.split_once("limit=")?.1.split('&').next()?.parse().ok());
    (count, limits.collect())
}

#[tokio::test(start_paused = true)]
async fn large_objects_are_read_one_by_one_and_none_is_lost() {
    let (count, limits) = listed(large(100, 1_300_000)).await;
    assert_eq!(count, 100);
    assert_eq!(limits[..4], [16, 4, 1, 1], "what is too large is asked for in parts");
    assert_eq!(limits.len(), 102);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_ordinary_objects_take_some_tens_of_requests() {
    let (count, limits) = listed(large(10_000, 3_500)).await;
    assert_eq!((count, limits[0]), (10_000, 16));
    assert!(limits.len() < 25, "{limits:?}");
    let (count, limits) = listed(large(10_000, 10)).await;
    assert_eq!((count, limits.iter().max()), (10_000, Some(&500)));
}

#[test]
fn a_list_takes_the_memory_of_a_page_whatever_is_in_it() {
    for (objects, bytes) in [(100, 1_300_000), (2_000, 60_000), (20_000, 3_000)] {
        let runtime = || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder.enable_time().start_paused(true).build().unwrap()
        };
        let answer = large(objects, bytes);
        let mut count = 0;
        let used = allocation_counter::measure(|| {
            count = runtime().block_on(listed(answer)).0;
        });
        assert_eq!(count, objects);
        assert!(used.bytes_max < 8 << 20, "{objects} of {bytes}: {} at once", used.bytes_max);
    }
}

#[test]
fn an_event_takes_a_few_times_its_length_whatever_is_in_it() {
    let keys: String = (0..150_000).map(|key| format!("\"key{key}\":\"\",")).collect();
    let event = Bytes::from(format!(
        "{{\"type\":\"ADDED\",\"object\":{{\"metadata\":{{\"name\":\"w\",\"namespace\":\"ns\",\
         \"resourceVersion\":\"9\"}},\"spec\":{{\"repo\":\"x\",\"other\":{{{keys}\"z\":1}}}}}}}}\n"
    ));
    let length = event.len() as u64;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let used = allocation_counter::measure(|| {
        runtime.block_on(async {
            let (mut changes, _) = follow(move |path| match path {
                "/apis/kelos.dev" => versions(&["v1alpha2"]),
                _ if path.contains("watch=true") => ScriptedResponse::Pieces(vec![event.clone()]),
                _ => list(&[], 7, ""),
            });
            assert_eq!(next(&mut changes).await, "all ");
            assert_eq!(next(&mut changes).await, "one w");
        });
    });
    assert!(used.bytes_max < 3 * length + (1 << 20), "{} for {length}", used.bytes_max);
}

//! Who leads: candidates beside each other, on a Lease that is kept here and a clock that is stopped.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::{Method, Request, Response};

use super::*;

const TIMING: LeaseTiming = LeaseTiming { duration: Duration::from_secs(15) };

/// An API server with one Lease, which keeps versions as a real one does.
#[derive(Clone, Default)]
struct Leases(Arc<Mutex<Option<Value>>>);

impl Leases {
    /// A client, and a switch that keeps its requests from being answered.
    fn client(&self) -> (Client, Arc<AtomicBool>) {
        let held_up = Arc::new(AtomicBool::new(false));
        let (leases, switch) = (self.clone(), Arc::clone(&held_up));
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let (leases, switch) = (leases.clone(), Arc::clone(&switch));
            async move {
                if switch.load(Ordering::Relaxed) {
                    std::future::pending::<()>().await;
                }
                let (head, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                let (status, answer) = leases.answer(&head.method, &body);
                let answer = Body::from(answer.to_string());
                let response = Response::builder().status(status).body(answer).unwrap();
                Ok::<_, Infallible>(response)
            }
        });
        (Client::new(service, "default"), held_up)
    }

    fn answer(&self, method: &Method, body: &[u8]) -> (u16, Value) {
        let mut lease = self.0.lock().unwrap();
        let failure =
            |code: u16| (code, json!({"status": "Failure", "code": code, "message": "no"}));
        if *method == Method::GET {
            return lease.clone().map_or_else(|| failure(404), |lease| (200, lease));
        }
        let change: Value = serde_json::from_slice(body).unwrap();
        let version = match (&*lease, method) {
            (None, &Method::POST) => 0,
            (Some(found), &Method::PATCH) => {
                let version = &found["metadata"]["resourceVersion"];
                if change["metadata"]["resourceVersion"] != *version {
                    return failure(409);
                }
                version.as_str().unwrap().parse::<u32>().unwrap()
            }
            (None, _) => return failure(404),
            (Some(_), _) => return failure(409),
        };
        let lease = lease.get_or_insert_with(|| json!({}));
        json_patch::merge(lease, &change);
        lease["metadata"]["resourceVersion"] = json!((version + 1).to_string());
        (200, lease.clone())
    }

    fn holder(&self) -> Value {
        self.0.lock().unwrap().as_ref().unwrap()["spec"]["holderIdentity"].clone()
    }
}

/// A process that takes part.
struct Process {
    leadership: Leadership,
    held_up: Arc<AtomicBool>,
    running: tokio::task::JoinHandle<()>,
}

impl Process {
    fn start(leases: &Leases, identity: &str) -> Process {
        let (client, held_up) = leases.client();
        let collection = "/apis/coordination.k8s.io/v1/namespaces/ns/leases".to_owned();
        let lease = ObjectPath { collection, name: "lease".to_owned() };
        let (mut election, leadership) = Election::new(client, lease, identity.to_owned(), TIMING);
        let running = tokio::spawn(async move { election.run(|_| ()).await });
        Process { leadership, held_up, running }
    }

    fn leads(&self) -> bool {
        self.leadership.until().is_some()
    }
}

async fn seconds(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn one_leads_for_as_long_as_it_renews() {
    let leases = Leases::default();
    let one = Process::start(&leases, "one");
    seconds(1).await;
    let other = Process::start(&leases, "other");
    for _ in 0..600 {
        seconds(1).await;
        assert!(one.leads() && !other.leads());
    }
    assert_eq!(leases.holder(), "one");
}

#[tokio::test(start_paused = true)]
async fn the_lease_of_a_process_that_was_killed_is_taken_after_its_duration() {
    let leases = Leases::default();
    let one = Process::start(&leases, "one");
    seconds(1).await;
    let other = Process::start(&leases, "other");
    seconds(1).await;
    one.running.abort();
    seconds(12).await;
    assert!(!other.leads());
    seconds(6).await;
    assert!(other.leads());
    let spec = leases.0.lock().unwrap().clone().unwrap()["spec"].clone();
    assert_eq!((&spec["leaseTransitions"], &spec["leaseDurationSeconds"]), (&json!(1), &json!(15)));
}

#[tokio::test(start_paused = true)]
async fn who_can_not_renew_stops_before_another_one_leads() {
    let leases = Leases::default();
    let one = Process::start(&leases, "one");
    seconds(1).await;
    let other = Process::start(&leases, "other");
    seconds(5).await;
    one.held_up.store(true, Ordering::Relaxed);
    for _ in 0..300 {
        assert!(!(one.leads() && other.leads()));
        sleep(Duration::from_millis(100)).await;
    }
    assert!(other.leads());
    one.held_up.store(false, Ordering::Relaxed);
    seconds(30).await;
    assert!(other.leads() && !one.leads());
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_off_makes_no_difference() {
    let leases = Leases::default();
    let one = Process::start(&leases, "one");
    seconds(1).await;
    for renewed in ["2001-01-01T00:00:00.000000Z", "2101-01-01T00:00:00.000000Z", "garbage"] {
        one.running.abort();
        leases.0.lock().unwrap().as_mut().unwrap()["spec"] = json!({
            "holderIdentity": "gone", "renewTime": renewed, "leaseDurationSeconds": 15,
        });
        let other = Process::start(&leases, "other");
        seconds(14).await;
        assert!(!other.leads(), "{renewed}");
        seconds(4).await;
        assert!(other.leads(), "{renewed}");
        other.running.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_let_go_is_taken_at_once() {
    let leases = Leases::default();
    let (client, _) = leases.client();
    let collection = "/apis/coordination.k8s.io/v1/namespaces/ns/leases".to_owned();
    let lease = ObjectPath { collection, name: "lease".to_owned() };
    let (mut election, leadership) = Election::new(client, lease, "one".to_owned(), TIMING);
    let _ = timeout(Duration::from_secs(5), election.run(|_| ())).await;
    assert!(leadership.until().is_some());
    let other = Process::start(&leases, "other");
    seconds(3).await;
    assert!(!other.leads());
    election.release().await;
    assert!(leadership.until().is_none());
    assert_eq!(leases.holder(), "");
    seconds(3).await;
    assert!(other.leads());
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_somebody_else_takes_is_lost_at_once() {
    let leases = Leases::default();
    let one = Process::start(&leases, "one");
    seconds(3).await;
    let change = |lease: &mut Value| {
        lease["spec"]["holderIdentity"] = json!("other");
        lease["metadata"]["resourceVersion"] = json!("99");
    };
    change(leases.0.lock().unwrap().as_mut().unwrap());
    seconds(2).await;
    assert!(!one.leads());
}

//! Threads that do nothing but costly work.
//!
//! They stay for as long as the pool: the C library keeps what a thread has freed for that thread, so
//! that the same work on ever other threads would in the end be paid for by each of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, Builder};

use tokio::sync::oneshot;

/// The name of each thread.
const THREAD: &str = "pool";

type Job = Box<dyn FnOnce() + Send>;

/// So many threads, started with the first work.
#[derive(Debug)]
pub(super) struct Threads {
    count: usize,
    jobs: OnceLock<Option<Sender<Job>>>,
}

impl Threads {
    pub(super) fn new(count: usize) -> Threads {
        Threads { count, jobs: OnceLock::new() }
    }

    /// Has `work` done; nothing if there are no threads to be had. A panic of `work` is given back.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<thread::Result<T>> {
        let (result, done) = oneshot::channel();
        let job = move || {
            // What was half done is dropped with the job.
            let worked = catch_unwind(AssertUnwindSafe(work));
            // Whoever asked may have left.
            let _ = result.send(worked);
        };
        self.jobs.get_or_init(|| self.start()).as_ref()?.send(Box::new(job)).ok()?;
        done.await.ok()
    }

    fn start(&self) -> Option<Sender<Job>> {
        let (jobs, job) = channel();
        let job = Arc::new(Mutex::new(job));
        for _ in 0..self.count {
            let job = Arc::clone(&job);
            if let Err(error) = Builder::new().name(THREAD.to_owned()).spawn(move || work_on(&job))
            {
                tracing::error!(%error, "No thread can be started: costly Tasks are not answered");
                return None;
            }
        }
        Some(jobs)
    }
}

/// Does one job after the other, until nobody is left who could ask.
fn work_on(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

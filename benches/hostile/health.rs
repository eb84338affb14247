//! How soon a server's health is told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// How long a server may take to be ready, and for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How long to wait between two questions.
const PAUSE: Duration = Duration::from_millis(10);

/// Waits until the server is ready.
pub(crate) fn wait_until_ready(address: SocketAddr) -> Result<()> {
    let begun = Instant::now();
    while !is_ok(address, "/readyz")? {
        ensure!(begun.elapsed() < TIMEOUT, "the server is not ready after {TIMEOUT:?}");
        thread::sleep(PAUSE);
    }
    Ok(())
}

/// The longest that `/healthz` takes while some work is done, beside what the work gives.
pub(crate) fn during<T>(
    address: SocketAddr,
    work: impl FnOnce() -> Result<T>,
) -> Result<(T, Duration)> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let asking = scope.spawn(|| -> Result<Duration> {
            let mut longest = Duration::ZERO;
            while !is_over.load(Ordering::Relaxed) {
                let begun = Instant::now();
                ensure!(is_ok(address, "/healthz")?, "the server says that it is not healthy");
                longest = longest.max(begun.elapsed());
                thread::sleep(PAUSE);
            }
            Ok(longest)
        });
        let result = work();
        is_over.store(true, Ordering::Relaxed);
        match asking.join() {
            Ok(longest) => Ok((result?, longest?)),
            Err(_) => bail!("the thread that asks for health panicked"),
        }
    })
}

/// Asks once, on a connection of its own.
fn is_ok(address: SocketAddr, path: &str) -> Result<bool> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).with_context(|| format!("no answer to {path}"))?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}

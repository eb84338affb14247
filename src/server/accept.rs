//! Taking connections from the system, as many as it has files for.

use std::io;

use tokio::net::{TcpListener, TcpStream};

use super::slots::ConnectionSlots;
use crate::telemetry::LogLimiter;

/// Accepts the next connection, however long the system refuses to give one.
///
/// A client that is gone again is passed over at once. When files or memory are short, idle
/// connections are closed, and there is a pause, for trying again at once would
/// spin.
pub(super) async fn accept(
    listener: &TcpListener,
    slots: &ConnectionSlots,
    shortage: &mut LogLimiter,
) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                if shortage.is_due() {
                    tracing::warn!(
                        %error,
                        "Connections cannot be accepted for now; idle ones are closed instead"
                    );
                }
                slots.shrink().await;
            }
        }
    }
}

/// Whether an error of `accept` speaks of one connection only.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// How many connections the process has files for: three quarters of what it may open, so that
/// rules, keys and the API server can still be read when all slots are taken.
pub(super) fn connections_by_files() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    Some(soft_limit_of_files(&limits)? / 4 * 3)
}

/// Reads the number from a line such as `Max open files  1024  524288  files`.
fn soft_limit_of_files(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_of_one_client_are_passed_over_without_a_pause() {
        // Numbers of Linux, so that the test needs no crate for them.
        const ECONNABORTED: i32 = 103;
        const EMFILE: i32 = 24;
        const ENFILE: i32 = 23;
        for (errno, of_the_client) in [(ECONNABORTED, true), (EMFILE, false), (ENFILE, false)] {
            let error = io::Error::from_raw_os_error(errno);
            assert_eq!(is_of_the_client(&error), of_the_client, "{error}");
        }
    }

    #[test]
    fn the_limit_of_files_is_read_if_there_is_one() {
        let limits = "Limit  Soft Limit  Hard Limit  Units\n\
                      Max processes  10  20  processes\nMax open files  256  524288  files\n";
        assert_eq!(soft_limit_of_files(limits), Some(256));
        assert_eq!(soft_limit_of_files("Max open files  unlimited  unlimited  files\n"), None);
        assert_eq!(soft_limit_of_files(""), None);
        assert!(connections_by_files().is_none_or(|connections| connections > 0));
    }
}

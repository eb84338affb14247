//! What several of these tests share.

pub(crate) mod go;
pub(crate) mod https;
pub(crate) mod oracle;
pub(crate) mod program;
pub(crate) mod recordings;
pub(crate) mod server;
pub(crate) mod webhook;

/// Says on the terminal, also of a test that passes, that something is missing here and a test did
/// nothing. In CI that is a failure.
pub(crate) fn skipped(missing: &str) {
    use std::io::Write;
    assert!(std::env::var_os("CI").is_none(), "{missing}");
    let _ = writeln!(std::io::stderr(), "skipped: {missing}");
}

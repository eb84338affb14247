//! What several of these tests share.

pub(crate) mod go;
pub(crate) mod https;
pub(crate) mod oracle;
pub(crate) mod program;
pub(crate) mod recordings;
pub(crate) mod server;
pub(crate) mod webhook;

pub(crate) use testing::tools::skipped;

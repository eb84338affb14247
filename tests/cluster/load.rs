//! Several webhooks behind one Service of a real API server, under a standing load of new Tasks.
//!
//! With failurePolicy Fail each call that is lost is a Task that is refused: nothing hides behind Ignore.
//! `make test` runs a few rounds of what `make soak` runs many of.

mod endpoints;
mod fleet;
mod flood;
mod installation;
mod killed;
mod rolling;
mod stream;
mod upkeep;

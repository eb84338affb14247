//! The project's own certificates on a real API server: `controller` beside `serve --tls-secret`, with
//! `failurePolicy: Fail`, so that every call that is lost is an error.

mod fixture;
mod no_downtime;

mod clocks;
mod contested;
mod installed;
mod kills;
mod leaders;
mod repaired;
mod rotation;

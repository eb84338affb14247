//! The cluster as its API server shows it: a client, reflectors that follow one kind of object each,
//! single objects to read and write, and a Lease to tell who may write.
//!
//! kube's client is used, kube's `watcher` is not: it hides bookmarks, so that a quiet watch can't
//! be told from a dead one, and it stays with the version it was started with (decision 009).

mod access;
mod body;
mod change;
mod client;
mod error;
mod lease;
mod list;
mod object;
mod page;
mod patience;
mod pauses;
pub mod question;
mod reflector;
mod relist;
mod resource;
#[cfg(test)]
pub(crate) mod scripted;

pub use self::access::may;
pub use self::change::Change;
pub use self::client::{ConnectError, connect, connect_to};
pub use self::error::Error;
pub use self::lease::{Election, Leadership, LeaseTiming};
pub use self::list::{Batch, Pages, Selection};
pub use self::object::{ObjectPath, ObjectResponse, Patch};
pub use self::patience::patiently;
pub use self::reflector::Reflector;
pub use self::relist::Relist;
pub use self::resource::{Resource, Scope};

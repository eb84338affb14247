//! A real cluster for tests: etcd and kube-apiserver, the webhook behind its Service, and a language to say
//! what becomes of Tasks.
//!
//! A test begins with [`on_cluster`], makes a [`namespace::Namespace`] of its own, creates a TaskSpawner in it
//! and says of a Task that the namespace `accepts` it and that its `labels_are` such. Nothing needs to be taken
//! down: programs end with the test process, whatever ends it.

pub(crate) mod access;
pub(crate) mod api;
pub(crate) mod binaries;
pub(crate) mod ca;
pub(crate) mod certificate_watch;
pub(crate) mod cluster;
pub(crate) mod command_output;
pub(crate) mod control_plane;
pub(crate) mod controller;
pub(crate) mod crds;
pub(crate) mod created;
pub(crate) mod helm;
pub(crate) mod history;
pub(crate) mod http;
pub(crate) mod kube_state_metrics;
pub(crate) mod kubectl;
pub(crate) mod kubelet;
pub(crate) mod log;
pub(crate) mod namespace;
pub(crate) mod objects;
pub(crate) mod other_webhook;
pub(crate) mod pod;
pub(crate) mod process;
pub(crate) mod prometheus;
pub(crate) mod proxy;
pub(crate) mod registration;
pub(crate) mod run_folder;
pub(crate) mod served;
pub(crate) mod sessions;
pub(crate) mod traffic;
pub(crate) mod wait;
pub(crate) mod webhook;

pub(crate) use cluster::{Cluster, on_cluster};
pub(crate) use objects::spawner;

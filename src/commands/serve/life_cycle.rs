//! From the start to the end: when the process is ready, why it ends, and how.

use std::convert::Infallible;
use std::future::pending;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::readiness::Readiness;
use crate::server::{Drained, Shutdown, Signals};

/// What leads a server through its life.
pub(super) struct LifeCycle {
    /// What the kubelet is told.
    pub(super) readiness: Readiness,
    /// How the webhook is told to end.
    pub(super) shutdown: Shutdown,
    /// How long calls are served after the process is not ready any more: until all who call have
    /// learnt it.
    pub(super) delay: Duration,
}

/// Why a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// It was told to.
    Signal,
    /// Nobody keeps its rules up to date any more: the kubelet is to start it again.
    RulesLost,
    /// Nobody keeps its serving key up to date any more: the same.
    KeyLost,
}

impl Cause {
    /// What the process says when it is gone.
    pub(super) fn exit_code(self) -> ExitCode {
        match self {
            Cause::Signal => ExitCode::SUCCESS,
            Cause::RulesLost | Cause::KeyLost => ExitCode::FAILURE,
        }
    }
}

impl LifeCycle {
    /// Becomes ready when the key and the rules are there, and never again after it is time to end.
    pub(super) async fn until_the_end(
        &self,
        signals: &mut Signals,
        key: watch::Receiver<bool>,
        rules: watch::Receiver<bool>,
    ) -> Cause {
        let (rules_lost, key_lost) = (lost(rules.clone()), lost(key.clone()));
        let cause = tokio::select! {
            biased;
            () = signals.next() => Cause::Signal,
            () = rules_lost => Cause::RulesLost,
            () = key_lost => Cause::KeyLost,
            never = self.become_ready(key, rules) => match never {},
        };
        match cause {
            Cause::Signal => self.readiness.set_unready("ending"),
            Cause::RulesLost => {
                tracing::error!("The rules are not kept any more, because of a bug: ending");
                self.readiness.set_unready("ending: the rules are not kept any more");
            }
            Cause::KeyLost => {
                tracing::error!("The serving key is not kept any more, because of a bug: ending");
                self.readiness.set_unready("ending: the serving key is not kept any more");
            }
        }
        cause
    }

    async fn become_ready(
        &self,
        key: watch::Receiver<bool>,
        rules: watch::Receiver<bool>,
    ) -> Infallible {
        self.readiness.set_unready("waiting for the serving key");
        until(key).await;
        self.readiness.set_unready(
            "waiting for the first list of TaskSpawners, Workspaces, WorkerPools and Namespaces",
        );
        until(rules).await;
        self.readiness.set_ready();
        tracing::info!("Ready");
        pending().await
    }

    /// Serves until the delay is over, finishes what is in flight then, and cuts what is left at
    /// another signal.
    pub(super) async fn end(
        &self,
        signals: &mut Signals,
        webhook: JoinHandle<Drained>,
    ) -> anyhow::Result<Drained> {
        self.shutdown.retire();
        let abort = async {
            signals.next().await;
            tracing::warn!("Aborting: requests in flight are dropped");
            self.shutdown.abort();
            pending::<Infallible>().await
        };
        let drain = async {
            if !self.delay.is_zero() {
                tracing::info!(delay = ?self.delay, "Ending: not ready any more, but calls are still served");
                sleep(self.delay).await;
            }
            tracing::info!("Draining: no new connections, requests in flight are finished");
            self.shutdown.drain();
            pending::<Infallible>().await
        };
        let ended = tokio::select! {
            biased;
            ended = webhook => ended,
            never = abort => match never {},
            never = drain => match never {},
        };
        ended.context("the server ended by a bug")
    }
}

/// Returns when nobody keeps something up to date any more, which only a bug can do.
pub(super) async fn lost(mut kept: watch::Receiver<bool>) {
    while kept.changed().await.is_ok() {}
}

/// Returns once it is so; never, if whoever would say so is gone.
async fn until(mut is_so: watch::Receiver<bool>) {
    if is_so.wait_for(|is_so| *is_so).await.is_err() {
        pending().await
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn life() -> LifeCycle {
        let readiness = Readiness::unready("starting");
        LifeCycle { readiness, shutdown: Shutdown::new(), delay: Duration::ZERO }
    }

    fn reason(life: &LifeCycle) -> String {
        life.readiness.reason().map(|reason| reason.to_string()).unwrap_or_default()
    }

    #[tokio::test]
    async fn who_loses_the_key_is_not_ready_any_more_and_ends_badly() {
        let mut signals = Signals::catch().unwrap();
        let life = life();
        let (key, key_loaded) = watch::channel(true);
        let (_rules, rules_loaded) = watch::channel(true);
        drop(key);
        let ended = life.until_the_end(&mut signals, key_loaded, rules_loaded);
        let cause = timeout(PATIENCE, ended).await.expect("it ends");
        assert_eq!((cause, cause.exit_code()), (Cause::KeyLost, ExitCode::FAILURE));
        assert!(reason(&life).contains("serving key is not kept"), "{}", reason(&life));
    }

    #[tokio::test]
    async fn who_loses_the_rules_is_not_ready_any_more_and_ends_badly() {
        let mut signals = Signals::catch().unwrap();
        let life = life();
        let (_key, key_loaded) = watch::channel(true);
        let (rules, rules_loaded) = watch::channel(false);
        let mut ended = Box::pin(life.until_the_end(&mut signals, key_loaded, rules_loaded));
        assert!(timeout(Duration::from_millis(50), ended.as_mut()).await.is_err());
        assert!(reason(&life).contains("waiting for the first list"), "{}", reason(&life));
        rules.send_replace(true);
        assert!(timeout(Duration::from_millis(50), ended.as_mut()).await.is_err());
        assert_eq!(reason(&life), "");
        drop(rules);
        let cause = timeout(PATIENCE, ended).await.expect("it ends");
        assert_eq!((cause, cause.exit_code()), (Cause::RulesLost, ExitCode::FAILURE));
        assert!(reason(&life).contains("rules are not kept"), "{}", reason(&life));
    }

    #[tokio::test]
    async fn a_server_that_is_told_to_end_retires_drains_and_gives_what_became_of_it() {
        let mut signals = Signals::catch().unwrap();
        let life = life();
        let seen = life.shutdown.clone();
        let webhook = tokio::spawn(async move {
            seen.draining().await;
            assert!(seen.is_retiring());
            Drained::Cut(3)
        });
        let ended = timeout(PATIENCE, life.end(&mut signals, webhook)).await.expect("it ends");
        assert_eq!(ended.unwrap(), Drained::Cut(3));
    }
}

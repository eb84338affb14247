//! The whole HTTPS call: of the real binary, and of a server that does nothing.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::baseline::Counts;
use crate::callgrind::{Callgrind, total};
use crate::child::Cores;
use crate::client;
use crate::fixtures::{self, Templates};
use crate::servers::{NOOP, Running, Stage};

/// How many different Tasks the calls are made of.
const TASKS: usize = 16;
/// Two numbers of calls: what starting and ending takes is the same for both, and falls out.
const FEW: usize = 160;
const MANY: usize = 3_360;

/// The instructions of one call, of each server.
pub(crate) fn count(callgrind: &Callgrind) -> Result<Counts> {
    let stage = Stage::set(Cores::share())?;
    let nothing = a_call(Templates::Told, |calls| {
        let (wrapper, file) = callgrind.wrapper(&format!("noop-{calls}"));
        Ok((stage.noop_within(&wrapper)?, file))
    })?;
    let product = |name: &str, templates| {
        let manifest = stage.manifests(name, 1, templates)?;
        let folder = manifest.parent().context("no folder")?;
        a_call(templates, |calls| {
            let (wrapper, file) = callgrind.wrapper(&format!("{name}-{calls}"));
            Ok((stage.product_within(&wrapper, folder)?, file))
        })
    };
    let counts = [
        ("an HTTPS call: doing nothing", nothing),
        ("an HTTPS call", product("told", Templates::Told)?),
        ("an HTTPS call, with a title read back", product("read", Templates::Shared)?),
    ];
    Ok(counts.into_iter().map(|(name, counted)| (name.to_owned(), counted)).collect())
}

/// What one call takes: the difference of many and few.
fn a_call(
    templates: Templates,
    start: impl Fn(usize) -> Result<(Running, PathBuf)>,
) -> Result<u64> {
    let [few, many] = [FEW, MANY].map(|calls| -> Result<u64> {
        let (running, file) = start(calls)?;
        answer(&running, calls, templates)?;
        running.server.end()?;
        total(&file)
    });
    Ok((many? - few?) / (MANY - FEW) as u64)
}

/// Has a server answer so many calls, on one connection.
fn answer(running: &Running, calls: usize, templates: Templates) -> Result<()> {
    running.check(0, 1, templates)?;
    let reviews = (1..=TASKS).map(|number| Ok(client::post(&fixtures::review(0, number)?)));
    let requests = reviews.collect::<Result<Vec<_>>>()?;
    let must_hold: &[u8] = if running.name == NOOP { b"\"allowed\":true" } else { b"\"patch\":\"" };
    client::load(&mut running.connect(1)?, &requests, calls, must_hold)?;
    Ok(())
}

//! The chart `charts/kelos-metadata`: what it renders, and what becomes of that on a real API server.

pub(crate) mod support;

mod accepted;
mod clusters;
mod commands;
mod controller;
mod defaults;
mod effects;
mod lifecycle;
mod monitoring;
mod narrowed;
mod objects;
mod order;
mod page;
mod refusals;
mod renderings;
mod rights;
mod schema;
mod sessions;
mod shape;
mod switches;
mod tested;
mod trust;
mod versions;
mod warnings;

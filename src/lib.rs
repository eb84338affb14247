//! kelos-metadata: a mutating admission webhook that gives Kelos Tasks the labels and annotations
//! their TaskSpawner asks for.

pub mod engine;

//! What a template is compiled to.

use super::{go, jinja};

/// The code of a template, in either language.
#[derive(Debug)]
pub(super) enum Body {
    /// No action in it: its source is its value.
    Plain,
    Go(go::Program),
    /// Of Go, too, and simpler.
    Flat(go::Flat),
    Jinja(Box<jinja::Program>),
}

/// The code of a Go template, and the bytes that it takes.
pub(super) fn of_go(program: go::Program) -> (Body, usize) {
    match go::Flat::of(&program) {
        Some(flat) => {
            let bytes = flat.bytes();
            (Body::Flat(flat), bytes)
        }
        None => {
            let bytes = program.bytes();
            (Body::Go(program), bytes)
        }
    }
}

/// The code of a Jinja template, and the bytes that it takes.
pub(super) fn of_jinja(program: jinja::Program) -> (Body, usize) {
    let bytes = program.bytes();
    (Body::Jinja(Box::new(program)), bytes)
}

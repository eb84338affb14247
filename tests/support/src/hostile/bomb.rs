//! The bombs of both languages, in one row.

use anyhow::{Context, Result};
use kelos_metadata::templates::{Syntax, Template, TemplateError};

use super::templates as list;

/// A template that ends with `limit_exceeded`.
#[derive(Clone, Copy)]
pub struct Bomb {
    pub name: &'static str,
    pub syntax: Syntax,
    pub source: &'static str,
}

impl Bomb {
    /// All of them, always in this order.
    pub fn all() -> impl Iterator<Item = Bomb> {
        let of = |list: &'static [(&str, &str)], syntax| {
            list.iter().map(move |&(name, source)| Bomb { name, syntax, source })
        };
        of(list::GO, Syntax::Go).chain(of(list::JINJA, Syntax::Jinja))
    }

    /// The bomb at a place in [`Bomb::all`].
    pub fn at(index: usize) -> Result<Bomb> {
        Bomb::all().nth(index).with_context(|| format!("there is no bomb {index}"))
    }

    /// Compiles it.
    pub fn compile(self) -> Result<Template> {
        let explain = |error: TemplateError| anyhow::anyhow!("{}: {error}", self.name);
        Template::compile(self.source, self.syntax).map_err(explain)
    }
}

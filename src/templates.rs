//! Templates: source → compiled template → text.
//!
//! Two languages, one set of values, helpers, bounds and errors. A template is compiled when its
//! TaskSpawner changes and rendered for each Task.

mod body;
pub mod budget;
pub(crate) mod camel_case;
mod detect;
pub mod error;
pub mod go;
mod go_numbers;
mod gofmt;
pub mod helpers;
mod intern;
mod interner;
pub mod jinja;
pub mod meter;
pub mod purse;
pub mod regexp;
pub(crate) mod suggest;
mod syntax;
mod template;
mod uses;
pub mod value;

pub use self::error::{ErrorKind, Position, TemplateError};
pub use self::intern::Templates;
pub(crate) use self::interner::Interner;
pub use self::syntax::{Language, Syntax};
pub use self::template::Template;
pub use self::uses::Uses;

//! What a template may look like before it is parsed: minijinja's parser and compiler call
//! themselves for operators in a row, and would use up the stack for thousands of them.

use minijinja::machinery::{self, Token};

use super::{compile, errors};
use crate::engine::render::error::{Position, TemplateError};

/// The longest template, in bytes.
const MAX_SOURCE: usize = 64 << 10;

/// The most names, numbers, texts and operators in one `{{ … }}` or `{% … %}`.
const MAX_TOKENS: usize = 500;

/// The most `elif` tags.
const MAX_ELIFS: usize = 100;

/// Refuses what the parser could not take.
pub(super) fn check(source: &str) -> Result<(), TemplateError> {
    if source.len() > MAX_SOURCE {
        return Err(TemplateError::parse("the template is longer than 64 KiB"));
    }
    let (mut tokens, mut elifs) = (0, 0);
    for token in machinery::tokenize(source, false, compile::syntax()) {
        let (token, span) = token.map_err(|error| errors::parse(source, &error))?;
        match token {
            Token::VariableStart | Token::BlockStart => tokens = 0,
            Token::Ident("elif") if tokens == 0 => elifs += 1,
            _ => tokens += 1,
        }
        let position = || Position::of(source, span.start_offset as usize);
        if tokens > MAX_TOKENS {
            return Err(TemplateError::parse(format!(
                "an expression has more than {MAX_TOKENS} parts"
            ))
            .at(position())
            .hint("split it, with `{% set … %}`"));
        }
        if elifs > MAX_ELIFS {
            return Err(TemplateError::parse(format!("there are more than {MAX_ELIFS} `elif`"))
                .at(position())
                .hint("look the value up in a map: `{{ {\"a\": \"x\", …}[title] }}`"));
        }
    }
    Ok(())
}

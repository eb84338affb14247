//! What a template may look like before it is parsed: minijinja's parser and compiler call
//! themselves for operators in a row, and would use up the stack for thousands of them.

use minijinja::machinery::{self, Token};

use super::{compile, errors};
use crate::templates::error::{Position, TemplateError};
use crate::templates::purse::Purse;

/// The longest template, in bytes.
const MAX_SOURCE: usize = 64 << 10;

/// What a template costs however short it is: minijinja makes room for 256 instructions, twice.
const TEMPLATE_STEPS: u64 = 32;

/// The most names, numbers, texts and operators in one `{{ … }}` or `{% … %}`.
const MAX_TOKENS: usize = 500;

/// The most `elif` tags.
const MAX_ELIFS: usize = 100;

/// What a part costs, in steps and bytes: it is parsed twice into a tree of boxes, checked, compiled and
/// rewritten.
const PART: (u64, usize) = (16, 640);

/// Constants are worked out again at each level that they are nested: so many steps for all pairs of
/// parts in one `{{ … }}`, times 64.
const PAIR: u64 = 64;

/// Refuses what the parser could not take; gives the number of its parts.
pub(super) fn check(source: &str, purse: &mut Purse) -> Result<usize, TemplateError> {
    if source.len() > MAX_SOURCE {
        return Err(TemplateError::parse("the template is longer than 64 KiB"));
    }
    purse.take_reading(2 * source.len())?;
    purse.take_steps(TEMPLATE_STEPS)?;
    purse.take_bytes(compile::most_bytes())?;
    let (mut tokens, mut elifs, mut parts) = (0, 0, 0);
    for token in machinery::tokenize(source, false, compile::syntax()) {
        let (token, span) = token.map_err(|error| errors::parse(source, &error))?;
        parts += 1;
        purse.take_steps(PART.0 + tokens as u64 / PAIR)?;
        purse.take_bytes(PART.1)?;
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
    Ok(parts)
}

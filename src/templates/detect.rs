//! Which language a template is in, where its team does not say.

use super::body::{Body, of_go, of_jinja};
use super::error::TemplateError;
use super::purse::Purse;
use super::syntax::Syntax;
use super::value::Text;
use super::{go, helpers, jinja};

/// Whether the source has no action, so that it is its own value.
pub(super) fn is_plain(source: &str, syntax: Syntax) -> bool {
    let has_tags = || source.contains("{%") || source.contains("{#");
    !source.contains("{{") && (syntax == Syntax::Go || !has_tags())
}

/// Compiles a template in the language that it is written in.
///
/// Jinja's tags decide. Without them it is Go if Go takes it and every function in it gets a number
/// of arguments that it takes (`{{ title }}` is a variable, not a call of `title` with nothing),
/// else Jinja if Jinja takes it. What looks like Go and is none is no Jinja either: minijinja would
/// read `{{if .Title}}` as the field `Title` of a variable `if`.
///
/// # Errors
///
/// Go's `parse_error` if an action holds `.Name` or `$` or begins with a keyword, else Jinja's.
pub(super) fn compile(source: &Text, purse: &mut Purse) -> Result<(Body, usize), TemplateError> {
    if has_jinja_tags(source) {
        return jinja::Program::compile_within(source, purse).map(of_jinja);
    }
    // What a program that is not taken took is free again.
    let attempt = purse.keeping(
        |purse| {
            let program = go::Program::compile_within(source, purse)?;
            program.misfit().map_or(Ok(program), Err)
        },
        go::Program::bytes,
    );
    let refused = match attempt {
        Ok(program) => return Ok(of_go(program)),
        Err(error) => error,
    };
    if purse.is_empty() || looks_like_go(source) {
        return Err(refused);
    }
    // `{{ env "HOME" }}` is no Jinja, but what Go says about it is worth more.
    let names_absent = helpers::is_absent_error(&refused);
    jinja::Program::compile_within(source, purse)
        .map(of_jinja)
        .map_err(|error| if names_absent { refused } else { error })
}

/// Whether there is a `{% … %}` or `{# … #}` outside of `{{ … }}`.
fn has_jinja_tags(source: &str) -> bool {
    // Where the last of each begins, so that nobody looks for it again and again.
    let ends = ["%}", "#}"].map(|end| source.rfind(end));
    let mut rest = source;
    while let Some(at) = rest.find('{') {
        rest = &rest[at + 1..];
        let inside = source.len() - rest.len() + 1;
        match rest.as_bytes().first() {
            Some(b'{') => rest = after_action(&rest[1..]),
            Some(b'%') if ends[0].is_some_and(|end| end >= inside) => return true,
            Some(b'#') if ends[1].is_some_and(|end| end >= inside) => return true,
            _ => {}
        }
    }
    false
}

/// Whether an action begins with one of Go's keywords, or holds a field of the root (`.Name`) or a
/// variable (`$`) outside of quotes.
fn looks_like_go(source: &str) -> bool {
    const KEYWORDS: [&str; 10] =
        ["if", "else", "end", "range", "with", "define", "block", "template", "break", "continue"];
    let mut rest = source;
    while let Some(at) = rest.find("{{") {
        let action = &rest[at + 2..];
        rest = after_action(action);
        let action = &action[..action.len() - rest.len()];
        let word = action.trim_start_matches(['-', ' ', '\t', '\n', '\r']);
        let word = &word[..word.find(|c: char| !c.is_alphanumeric()).unwrap_or(word.len())];
        if KEYWORDS.contains(&word) || holds_field(action) {
            return true;
        }
    }
    false
}

fn holds_field(action: &str) -> bool {
    let mut quote = None;
    let mut before = ' ';
    let mut chars = action.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '$') => return true,
            (None, '.') => {
                let after_value = before.is_alphanumeric() || matches!(before, '_' | ')' | ']');
                let before_name = chars.peek().is_some_and(|c| c.is_alphabetic() || *c == '_');
                if !after_value && before_name {
                    return true;
                }
            }
            _ => {}
        }
        before = c;
    }
    false
}

/// What follows the `}}` that ends an action; texts in quotes do not end it.
fn after_action(action: &str) -> &str {
    let mut quote = None;
    let mut chars = action.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some('"' | '\''), '\\') => {
                chars.next();
            }
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '}') if action[at..].starts_with("}}") => return &action[at + 2..],
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::Language;
    use crate::templates::Template;

    fn language(source: &str) -> Result<Option<Language>, String> {
        Template::compile(source, Syntax::Auto)
            .map(|template| template.language())
            .map_err(|error| error.message)
    }

    #[test]
    fn a_template_says_which_language_it_is_in() {
        for (source, expected) in [
            ("backend", None),
            ("{# only a start", Some(Language::Go)),
            ("{{ .Title }}", Some(Language::Go)),
            ("{{ .Title | lower }}", Some(Language::Go)),
            ("{{ lower .Title }}", Some(Language::Go)),
            ("{{ \"x\" | upper }}", Some(Language::Go)),
            ("{{ len .Labels }}", Some(Language::Go)),
            ("{{ \"{% if %}\" }}", Some(Language::Go)),
            ("{{/* {# both #} */}}x", Some(Language::Go)),
            ("{{ title }}", Some(Language::Jinja)),
            ("{{ title | lower }}", Some(Language::Jinja)),
            ("{{ labels | first }}", Some(Language::Jinja)),
            ("{{ Task.Name }}", Some(Language::Jinja)),
            ("{{ first }}", Some(Language::Jinja)),
            ("{{ title | trimPrefix('x') }}", Some(Language::Jinja)),
            ("{{ title | replace('.Foo', '$') }}", Some(Language::Jinja)),
            ("{% if title %}a{% endif %}", Some(Language::Jinja)),
            ("{# {{ .Title }} #}", Some(Language::Jinja)),
        ] {
            assert_eq!(language(source), Ok(expected), "{source}");
        }
    }

    #[test]
    fn the_error_is_that_of_the_language_it_looks_like() {
        for (source, part) in [
            ("{{ .Title | frob }}", "`frob` is not defined"),
            ("{{ .Title | trimPrefix }}", "`trimPrefix` takes 2 arguments"),
            ("{{if .Title}}yes", ""),
            ("{{ end }}", "{{end}}"),
            ("{{ if title }}x{{ end }}", "`title` takes 1 argument"),
            ("{{ if body }}x{{ end }}", "`body` is not defined"),
            ("{{ $x }}", "$x"),
            ("{{ title | frob }}", "frob"),
            ("{{ env \"HOME\" }}", "`env` is not offered"),
            ("{{ env('HOME') }}", "`env` is not offered"),
            ("{% if title %}", ""),
        ] {
            let message = language(source).unwrap_err();
            assert!(message.contains(part), "{source}: {message}");
        }
        let error = Template::compile("{{ title | frob }}", Syntax::Auto).unwrap_err();
        assert!(error.message.contains("filter"), "Jinja's error: {error}");
    }
}

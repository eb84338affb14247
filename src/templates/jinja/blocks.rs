//! Which block of a template has no end, or which end no block: minijinja only says that something else
//! was expected at the end of all.

use crate::templates::error::{Position, TemplateError};

/// The statements that there are.
pub(super) const STATEMENTS: [&str; 23] = [
    "autoescape",
    "break",
    "call",
    "continue",
    "do",
    "elif",
    "else",
    "filter",
    "for",
    "if",
    "macro",
    "raw",
    "set",
    "with",
    "endautoescape",
    "endcall",
    "endfilter",
    "endfor",
    "endif",
    "endmacro",
    "endraw",
    "endset",
    "endwith",
];

/// Those of them that have an end.
const BLOCKS: [&str; 9] =
    ["autoescape", "call", "filter", "for", "if", "macro", "raw", "set", "with"];

/// A block that is open: its name, and where it begins.
type Open<'s> = (&'s str, usize);

/// The same error in other words, where it is about a block or an action without an end. `unknown` is the
/// statement that minijinja does not expect, `at` where the error is.
pub(super) fn explain(
    source: &str,
    message: &str,
    unknown: Option<&str>,
    at: usize,
) -> Option<TemplateError> {
    let error = |at: usize, message: String| {
        Some(TemplateError::parse(message).at(Position::of(source, at)))
    };
    let no_end =
        |(name, at): Open<'_>| error(at, format!("`{{% {name} %}}` has no `{{% end{name} %}}`"));
    match (unknown, message) {
        (Some(end), _) if end.strip_prefix("end").is_some_and(|name| BLOCKS.contains(&name)) => {
            match open_before(source, at).pop() {
                Some(open) => no_end(open),
                None => error(at, format!("`{{% {end} %}}` closes nothing")),
            }
        }
        (Some(name @ ("else" | "elif")), _) if open_before(source, at).is_empty() => {
            error(at, format!("`{{% {name} %}}` is in no `{{% if %}}`"))
        }
        (
            None,
            "unexpected end of input, expected end of block" | "unexpected end of raw block",
        ) => no_end(open_before(source, source.len()).pop()?),
        (None, "unexpected end of input, expected end of variable block") => {
            error(source.get(..at)?.rfind("{{")?, "`{{` has no `}}`".to_owned())
        }
        (None, "unexpected end of block") => {
            error(at, "something is missing before `%}`".to_owned())
        }
        _ => None,
    }
}

/// The blocks that are open at `end`, the innermost last.
fn open_before(source: &str, end: usize) -> Vec<Open<'_>> {
    let (mut open, mut at): (Vec<Open<'_>>, usize) = (Vec::new(), 0);
    while let Some(start) = source[at..].find(['{']).map(|found| at + found)
        && start < end
    {
        let rest = &source[start..];
        let close = match rest.as_bytes().get(1) {
            Some(b'%') => "%}",
            Some(b'{') => "}}",
            Some(b'#') => "#}",
            _ => {
                at = start + 1;
                continue;
            }
        };
        let length = length(rest, close);
        at = start + length;
        if close != "%}" || at > end {
            continue;
        }
        let inner = rest[2..length].trim_start_matches(['-', '+']).trim_start();
        let name = inner.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        match name.strip_prefix("end") {
            Some(ended) if open.last().is_some_and(|(name, _)| *name == ended) => drop(open.pop()),
            // `{% set x = 1 %}` is no block.
            None if BLOCKS.contains(&name) && (name != "set" || !inner.contains('=')) => {
                open.push((name, start));
                if name == "raw" {
                    match raw_end(source, at) {
                        Some(after) => {
                            open.pop();
                            at = after;
                        }
                        None => return open,
                    }
                }
            }
            _ => {}
        }
    }
    open
}

/// How long an action is that ends with `close`; to the end of the text if it has none.
fn length(action: &str, close: &str) -> usize {
    let (mut at, mut quote) = (2, None);
    while let Some(c) = action[at..].chars().next() {
        match quote {
            Some(_) if c == '\\' => at += action[at + 1..].chars().next().map_or(0, char::len_utf8),
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if action[at..].starts_with(close) => return at + close.len(),
            None if matches!(c, '"' | '\'') && close != "#}" => quote = Some(c),
            None => {}
        }
        at += c.len_utf8();
    }
    action.len()
}

/// Where what follows `{% raw %}` goes on behind its `{% endraw %}`.
fn raw_end(source: &str, from: usize) -> Option<usize> {
    let end = from + source[from..].find("endraw")?;
    Some(end + source[end..].find("%}")? + 2)
}

#[cfg(test)]
mod tests {
    use crate::templates::TemplateError;
    use crate::templates::jinja::Program;

    fn refusal(source: &str) -> TemplateError {
        Program::compile(source).expect_err(source)
    }

    #[test]
    fn a_block_without_its_end_is_named_where_it_begins() {
        for (source, message, line, column) in [
            ("a\n{% if title %}x", "`{% if %}` has no `{% endif %}`", 2, 1),
            ("{% if title %}{% if labels %}y{% endif %}", "`{% if %}` has no `{% endif %}`", 1, 1),
            ("{%- for x in labels -%}x", "`{% for %}` has no `{% endfor %}`", 1, 1),
            ("{% if title %}a{% endfor %}", "`{% if %}` has no `{% endif %}`", 1, 1),
            ("{% set a %}{% set b = 1 %}x", "`{% set %}` has no `{% endset %}`", 1, 1),
            ("{{ '{% if %}' }}{% raw %}x", "`{% raw %}` has no `{% endraw %}`", 1, 17),
            ("{# {% if %} #}{% with %}", "`{% with %}` has no `{% endwith %}`", 1, 15),
            (
                "{% raw %}{% for %}{% endraw %}{% if 'a%}' %}",
                "`{% if %}` has no `{% endif %}`",
                1,
                31,
            ),
            ("{% endif %}", "`{% endif %}` closes nothing", 1, 4),
            ("{% else %}", "`{% else %}` is in no `{% if %}`", 1, 4),
            ("{% if %}x{% endif %}", "something is missing before `%}`", 1, 7),
            ("x {{ title", "`{{` has no `}}`", 1, 3),
        ] {
            let error = refusal(source);
            let at = error.position.unwrap();
            assert_eq!((&*error.message, at.line, at.column), (message, line, column), "{source}");
        }
        let error = refusal("{% fro x in labels %}x{% endfor %}");
        assert_eq!(error.hint.as_deref(), Some("did you mean `for`?"), "{error}");
    }
}

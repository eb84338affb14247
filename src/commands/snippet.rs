//! An error in a template, shown as a compiler shows it: the line, a caret, the reason, a hint.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::plain::plain;
use crate::engine::reason::Reason;
use crate::templates::Position;

/// What is to be explained.
pub(super) struct Explained<'e> {
    /// The text that it is about: a template, or an annotation that holds several.
    pub(super) source: &'e str,
    /// What the text is, as in `label kelos.dev/priority`.
    pub(super) origin: &'e str,
    /// The word for what happened.
    pub(super) reason: Reason,
    /// What is wrong.
    pub(super) message: &'e str,
    /// Where.
    pub(super) position: Option<Position>,
    /// How many bytes of it are meant from there on, if it is no word.
    pub(super) length: Option<usize>,
    /// What to do.
    pub(super) hint: Option<&'e str>,
}

/// Writes the explanation, with colours in it; the writer takes them out where they are not wanted.
pub(super) fn explain(what: &Explained<'_>) -> String {
    // A template may put a stranger's text into the message of `fail`.
    let message = plain(what.message, true);
    let hint = what.hint.map(|hint| plain(hint, true));
    let origin = plain(what.origin, false);
    let group = Level::ERROR.primary_title(&*message).id(what.reason.as_str());
    let mut report = match what.position {
        Some(at) => {
            let word = word_at(what.source, at.offset);
            let span = what.length.map_or(word.clone(), |length| word.start..word.start + length);
            group.element(
                Snippet::source(what.source)
                    .path(&*origin)
                    .annotation(AnnotationKind::Primary.span(span)),
            )
        }
        None => group.element(Level::NOTE.message(format!("in {origin}"))),
    };
    if let Some(hint) = &hint {
        report = report.element(Level::HELP.message(&**hint));
    }
    Renderer::styled().render(&[report])
}

/// The piece of the template that begins at `offset`: a name, a field, a literal, or one character.
fn word_at(source: &str, offset: usize) -> std::ops::Range<usize> {
    let start = source.floor_char_boundary(offset.min(source.len()));
    let rest = &source[start..];
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
    let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let len = if word > 0 { word } else { rest.chars().next().map_or(0, char::len_utf8) };
    start..start + len
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_its_line_and_place() {
        let source = "a\n{{ .Titel | lower }}";
        let explained = Explained {
            source,
            origin: "label team",
            reason: Reason::MissingVariable,
            message: "`.Titel` is not known",
            position: Some(Position::of(source, 5)),
            length: None,
            hint: Some("did you mean `.Title`?"),
        };
        let text = anstream::adapter::strip_str(&explain(&explained)).to_string();
        assert_eq!(
            text,
            "error[missing_variable]: `.Titel` is not known\n \
             --> label team:2:4\n  |\n2 | {{ .Titel | lower }}\n  |    ^^^^^^\n  |\n  \
             = help: did you mean `.Title`?"
        );
    }
}

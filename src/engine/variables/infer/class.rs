//! What the text of a variable can be.

use crate::engine::kelos::Source;

/// The characters that a variable's text is made of. It may be more than the variable can be: then a
/// reading is found less often, and still no wrong one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A whole number: one digit or more.
    Number,
    /// No white space: an identifier, a branch, a URL.
    Word,
    /// No line break: a title.
    Line,
    /// Any text.
    Anything,
}

impl Class {
    /// What a variable of a source can be; nothing if the source has it not as a text or a number,
    /// so that a printed one says too little.
    pub(super) fn of(name: &[&str], source: Source<'_>) -> Option<Class> {
        let name = match name {
            // What a context source gives is a text.
            ["Context", _] => return Some(Class::Anything),
            [name] => *name,
            _ => return None,
        };
        if matches!(name, "Payload" | "ChangedFiles" | "Context") {
            return None;
        }
        // Fields of any JSON, and sources of which too little is known.
        if matches!(source, Source::GenericWebhook(_) | Source::Unknown | Source::Several) {
            return Some(Class::Anything);
        }
        Some(match name {
            "Number" => Class::Number,
            "ID" | "URL" | "Branch" | "ReviewState" | "Time" | "Event" | "Action" | "Sender"
            | "Ref" | "Repository" | "RepositoryOwner" | "RepositoryName" | "HeadSHA" | "Tag"
            | "RefType" | "CommentURL" | "CommentAuthor" | "CheckRunURL" | "Conclusion"
            | "IssueID" => Class::Word,
            "Title" | "Kind" | "Labels" | "Schedule" | "Type" | "State" | "CheckName"
            | "CheckApp" => Class::Line,
            _ => Class::Anything,
        })
    }

    /// Whether a byte can be part of it. Bytes of characters beyond ASCII can.
    pub(super) fn takes(self, byte: u8) -> bool {
        match self {
            Class::Number => byte.is_ascii_digit(),
            Class::Word => !byte.is_ascii_whitespace(),
            Class::Line => byte != b'\n',
            Class::Anything => true,
        }
    }
}

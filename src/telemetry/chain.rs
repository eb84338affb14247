//! An error with all its causes.

use std::error::Error;

/// All that is known of an error, on one line: its message, and those of its causes.
///
/// No message of ours repeats the one of its cause, so that nothing is said twice.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.extend([": ", &error.to_string()]);
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use thiserror::Error;

    #[derive(Debug, Error)]
    #[error("outer")]
    struct Outer(#[source] Middle);

    #[derive(Debug, Error)]
    #[error("middle")]
    struct Middle(#[source] std::fmt::Error);

    #[test]
    fn every_cause_is_named_in_its_order() {
        let text = chain(&Outer(Middle(std::fmt::Error)));
        assert_eq!(text, format!("outer: middle: {}", std::fmt::Error));
    }

    /// The messages of enums that repeat the message of their cause.
    fn repeating(code: &str) -> (usize, Vec<&str>) {
        let (mut checked, mut found) = (0, Vec::new());
        for variant in code.split("#[error(").skip(1) {
            let Some((message, fields)) = variant.split_once(")]\n") else { continue };
            let fields = fields.split("\n}").next().unwrap();
            let Some((_, field)) =
                ["#[source]", "#[from]"].iter().find_map(|mark| fields.split_once(mark))
            else {
                continue;
            };
            checked += 1;
            let name = field.trim_start().split(':').next().unwrap();
            let uses = [format!("{{{name}"), format!(".{name}"), "{0".into(), ".0".into()];
            if message != "transparent" && uses.iter().any(|it| message.contains(it)) {
                found.push(message);
            }
        }
        (checked, found)
    }

    #[test]
    fn no_message_of_ours_repeats_its_cause() {
        let (mut open, mut checked) = (vec![concat!(env!("CARGO_MANIFEST_DIR"), "/src").into()], 0);
        while let Some(path) = open.pop() {
            let path: std::path::PathBuf = path;
            if path.is_dir() {
                open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            } else if path.file_name().is_some_and(|name| name != "chain.rs") {
                let code = std::fs::read_to_string(&path).unwrap();
                let (here, found) = repeating(&code);
                assert!(found.is_empty(), "{}: {found:?}", path.display());
                checked += here;
            }
        }
        assert!(checked >= 12, "only {checked} messages with a cause were found");
    }

    #[test]
    fn the_check_sees_what_it_forbids() {
        let bad = "#[error(\"it: {0}\")]\nA(#[from] B),\n#[error(\"{x}: {source}\")]\n\
                   C {\n x: u8,\n #[source]\n source: D,\n}\n";
        assert_eq!(repeating(bad).1.len(), 2);
        let good = "#[error(\"it: {0}\")]\nA(u8),\n#[error(transparent)]\nB(#[from] C),\n\
                    #[error(\"it\")]\nD(#[source] E),\n";
        assert_eq!(repeating(good), (2, Vec::new()));
    }
}

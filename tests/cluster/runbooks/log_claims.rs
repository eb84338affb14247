//! What the page says is in a log, and whose words that is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::runbooks::page::{Code, operations};

/// Whose words something is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The program logs it: it stands in `src/`.
    Ours,
    /// The API server says it; a situation shows it where one can be made.
    ApiServers,
    /// It is no claim of a program: fields and expressions.
    Nobodys,
}
use Whose::{ApiServers, Nobodys, Ours};

/// Every text of more than one word that the page has in backticks, besides commands and flags.
pub(crate) const CLAIMS: [(&str, Whose); 45] = [
    ("sessions.enabled: false", Nobodys),
    ("spawnerWarnings.enabled: false", Nobodys),
    ("failurePolicy: Ignore", Nobodys),
    ("make bench", Nobodys),
    ("onInvalid: sanitize", Nobodys),
    ("failing open", ApiServers),
    ("service \"kelos-metadata\" not found", ApiServers),
    ("no endpoints available", ApiServers),
    ("connection refused", ApiServers),
    ("certificate required", ApiServers),
    ("bad certificate", ApiServers),
    ("connection reset by peer", ApiServers),
    ("broken pipe", ApiServers),
    ("use of closed network connection", ApiServers),
    ("context deadline exceeded", ApiServers),
    ("nothing is served here", ApiServers),
    ("Unsolicited response received on idle HTTP channel", ApiServers),
    ("Nothing is served at this path", Ours),
    ("A client was rejected", Ours),
    ("Rejected the new serving key", Ours),
    ("Failed to keep the Lease", Ours),
    ("Failed to reconcile the certificates", Ours),
    ("Somebody else keeps writing the caBundle", Ours),
    ("panic: this is a bug in kelos-metadata", Ours),
    ("A right is missing", Ours),
    ("the API server can't be reached", Ours),
    ("did not answer", Ours),
    ("An object has fields of other types", Ours),
    ("Skipped a key", Ours),
    ("Lines of the log were dropped", Ours),
    ("kelos-metadata is ending", Ours),
    ("The rules are not kept any more", Ours),
    ("The serving key is not kept any more", Ours),
    ("Somebody else keeps writing the Secret", Ours),
    ("The Secret is full", Ours),
    ("has invalid rules", Ours),
    ("no room for these rules", Ours),
    ("or more of its", Ours),
    ("steps to compile", Ours),
    ("of its share of the cache", Ours),
    ("Loaded defaults", Ours),
    ("The file of defaults is invalid", Ours),
    ("The file of defaults can't be read", Ours),
    ("the last good version stays", Ours),
    ("there are no defaults until it is mended", Ours),
];

/// The code of the program, without its comments.
fn program() -> String {
    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let texts = files.iter().map(|file| fs::read_to_string(file).unwrap());
    let code = texts.map(|text| text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned());
    let code = code.collect::<Vec<_>>().join("\n");
    let lines = code.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    // A text that goes on in the next line of the code is one.
    lines.collect::<Vec<_>>().join("\n").replace("\\\n", "")
}

#[test]
fn what_the_page_says_is_logged_is_what_the_program_logs() {
    let page = operations();
    let code = Code::of(&page);
    let known: BTreeSet<&str> = CLAIMS.iter().map(|(claim, _)| *claim).collect();
    let commands: Vec<&str> = code.commands().filter(|text| !known.contains(text)).collect();
    let claimed: BTreeSet<&str> = code.claims().filter(|text| !commands.contains(text)).collect();
    assert_eq!(claimed, known, "left: the page; right: whose words they are");
    let program = program();
    for (claim, whose) in CLAIMS {
        // The grep of a log finds it as it is written there, so the case counts.
        assert!(whose != Ours || program.contains(claim), "{claim:?} stands nowhere in src/");
    }
}

//! The name that the program is called by: its own, or that of a plugin of kubectl.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;
use std::sync::OnceLock;

use clap::{Command, CommandFactory, FromArgMatches};

use super::Cli;

/// What kubectl runs for `kubectl kelos-metadata`.
const PLUGIN: &str = "kubectl-kelos_metadata";
/// What kubectl runs to complete its words.
const COMPLETION: &str = "kubectl_complete-kelos_metadata";

/// What the program was called as.
static NOW: OnceLock<Called> = OnceLock::new();

/// How the program is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called {
    /// By its own name.
    Program,
    /// As a plugin of kubectl.
    Plugin,
    /// By kubectl, to complete the words of the plugin.
    Completion,
}

impl Called {
    /// By the first of the words that a process is started with.
    pub fn by(word: Option<&OsString>) -> Called {
        let name = word.and_then(|it| Path::new(it).file_name()).unwrap_or_default();
        let name = name.to_str().map(|it| it.strip_suffix(".exe").unwrap_or(it));
        match name {
            Some(PLUGIN) => Called::Plugin,
            Some(COMPLETION) => Called::Completion,
            _ => Called::Program,
        }
    }

    /// As this process was called.
    pub fn now() -> Called {
        *NOW.get_or_init(|| Called::by(std::env::args_os().next().as_ref()))
    }

    /// The commands, as help and errors name them.
    pub fn command(self) -> Command {
        let command = Cli::command();
        if self == Called::Program {
            return command;
        }
        // What clap takes from the file's name is no name that somebody types.
        let command = command.bin_name(self.to_string()).display_name(self.to_string());
        command.mut_subcommands(move |command| {
            let Some(help) = command.get_after_help().map(ToString::to_string) else {
                return command;
            };
            let own = Called::Program;
            command.after_help(help.replace(&format!(" {own} "), &format!(" {self} ")))
        })
    }

    /// Reads what was typed, of which the first word is the name.
    ///
    /// # Errors
    ///
    /// What is wrong with it, or that help was asked for.
    pub fn parse(self, words: impl IntoIterator<Item: AsRef<OsStr>>) -> Result<Cli, clap::Error> {
        let words = words.into_iter().map(|word| word.as_ref().to_owned());
        let mut command = self.command();
        let mut matches = command.try_get_matches_from_mut(words)?;
        Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
    }
}

/// What somebody types to call it.
impl fmt::Display for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Called::Program => "kelos-metadata",
            Called::Plugin | Called::Completion => "kubectl kelos-metadata",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_file_says_what_it_is() {
        for (word, called) in [
            ("kelos-metadata", Called::Program),
            ("/usr/bin/kubectl-kelos_metadata", Called::Plugin),
            ("kubectl-kelos_metadata.exe", Called::Plugin),
            ("./kubectl_complete-kelos_metadata", Called::Completion),
            ("", Called::Program),
        ] {
            assert_eq!(Called::by(Some(&word.into())), called, "{word}");
        }
        assert_eq!(Called::by(None), Called::Program);
    }

    #[test]
    fn a_plugin_calls_itself_as_it_is_typed() {
        let said = |words: &[&str]| Called::Plugin.parse(words).unwrap_err().to_string();
        let help = said(&["kubectl-kelos_metadata", "--help"]);
        assert!(help.contains("Usage: kubectl kelos-metadata <COMMAND>"), "{help}");
        let help = said(&["kubectl-kelos_metadata", "lint", "--help"]);
        assert!(help.contains("Usage: kubectl kelos-metadata lint ["), "{help}");
        assert!(help.contains("\n  kubectl kelos-metadata lint -f taskspawner.yaml"), "{help}");
        assert!(help.contains(" | kubectl kelos-metadata lint -f -"), "{help}");
        let wrong = said(&["kubectl-kelos_metadata", "render"]);
        assert!(wrong.contains("Usage: kubectl kelos-metadata render --filename"), "{wrong}");
        let version = said(&["kubectl-kelos_metadata", "--version"]);
        assert!(version.starts_with("kubectl kelos-metadata "), "{version}");
    }
}

//! Logs: one line an event on stderr, for people or for machines.

use std::io::{self, IsTerminal};
use std::panic::PanicHookInfo;

use clap::ValueEnum;
use thiserror::Error;
use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// What is left out unless `--log-level` names kube's modules: its client logs an error for each try
/// while the API server is away, and we say the same once, with what to do.
const WITHOUT_TRIES: &str = "kube_client::client::builder=off";

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people: time, level, module, message, fields.
    #[default]
    Text,
    /// For machines: one JSON object a line, fields beside the message.
    Json,
}

/// Why logging could not be set up.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// The level is no list of directives.
    #[error(
        "--log-level {directives:?} is not understood; it takes a level (error, warn, info, \
         debug, trace) or directives such as info,kelos_metadata=debug"
    )]
    Level {
        /// What was given.
        directives: String,
        /// What the parser says.
        #[source]
        source: ParseError,
    },
    /// Something else in this process took the place already.
    #[error("logging is already set up")]
    Taken(#[from] TryInitError),
}

/// Sends the logs of this process to stderr, and the place of a panic to the logs.
///
/// Call it once, early. The text of a panic is left out on purpose: it may quote what the code was
/// working on, and values of labels and annotations never appear in logs.
///
/// # Errors
/// When `directives` does not parse, or a subscriber is set already.
pub fn init(format: LogFormat, directives: &str) -> Result<(), TelemetryError> {
    let colour =
        io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    subscriber(format, directives, colour, io::stderr)?.try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Builds what [`init`] installs, over any writer.
///
/// # Errors
/// When `directives` does not parse.
pub fn subscriber<W>(
    format: LogFormat,
    directives: &str,
    colour: bool,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let all = match directives.contains("kube") {
        true => directives.to_owned(),
        false => format!("{directives},{WITHOUT_TRIES}"),
    };
    let filter = EnvFilter::builder()
        .parse(all)
        .map_err(|source| TelemetryError::Level { directives: directives.to_owned(), source })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    Ok(match format {
        LogFormat::Text => Box::new(builder.with_ansi(colour).finish()),
        LogFormat::Json => Box::new(builder.with_ansi(false).json().flatten_event(true).finish()),
    })
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(|| "?".to_owned(), ToString::to_string);
    tracing::error!(place, "panic: this is a bug in kelos-metadata, please report its place");
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, directives: &str) -> String {
        captured(format, directives, || {
            tracing::info!(spawner = "issue-worker", "rules loaded");
            tracing::debug!("not at info");
        })
    }

    fn captured(format: LogFormat, directives: &str, events: impl FnOnce()) -> String {
        let out = Captured::default();
        let writer = out.clone();
        let subscriber = subscriber(format, directives, false, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, events);
        String::from_utf8(out.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn text_is_one_line_an_event() {
        let text = logged(LogFormat::Text, "info");
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("rules loaded") && text.contains("issue-worker"), "{text}");
    }

    #[test]
    fn json_has_fields_beside_the_message() {
        let text = logged(LogFormat::Json, "debug");
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["message"], "rules loaded");
        assert_eq!(lines[0]["spawner"], "issue-worker");
        assert_eq!(lines[0]["level"], "INFO");
    }

    #[test]
    fn directives_choose_by_module() {
        assert_eq!(logged(LogFormat::Text, "info,kelos_metadata=warn"), "");
        assert_eq!(logged(LogFormat::Text, "off"), "");
    }

    #[test]
    fn the_tries_of_kubes_client_are_left_out_unless_they_are_asked_for() {
        for (directives, lines) in [
            ("info", 1),
            ("debug", 1),
            ("info,kelos_metadata=warn", 1),
            ("error,kube_client=error", 2),
            ("off,kube_client::client=error", 1),
            ("off", 0),
        ] {
            let text = captured(LogFormat::Text, directives, || {
                tracing::error!(target: "kube_client::client::builder", "failed with error");
                tracing::error!(target: "kube_client::config", "something else");
            });
            assert_eq!(text.lines().count(), lines, "{directives}: {text}");
        }
    }

    #[test]
    fn a_wrong_level_names_its_flag() {
        let error = subscriber(LogFormat::Text, "info,=lots", false, io::sink).err().unwrap();
        assert!(error.to_string().starts_with("--log-level \"info,=lots\""), "{error}");
    }
}

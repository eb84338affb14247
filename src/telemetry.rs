//! Logs: one line an event on stderr, for people or for machines.
//!
//! What strangers and teams write may stand in a field, so each is cut and escaped. Whoever logs never
//! waits for who reads: a thread of its own writes, and what comes too fast for it is dropped, counted and told
//! of.

#[cfg(test)]
mod captured;
mod chain;
mod dropped;
mod fields;
mod json;
mod level;
mod repeats;

use std::io::{self, IsTerminal};
use std::panic::PanicHookInfo;

use clap::ValueEnum;
use thiserror::Error;
use tracing::Subscriber;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

#[cfg(test)]
pub(crate) use self::captured::captured;
pub use self::chain::chain;
use self::dropped::Telling;
use self::fields::TextFields;
use self::json::JsonLines;
pub use self::level::{Directives, DirectivesError, LEVELS};
pub use self::repeats::{LogEachOnce, LogLimiter, LogOnce};

/// How many lines may wait to be written, at some hundred bytes each: those of a bad moment, and a few MiB
/// when all of them are as long as lines get.
const WAITING_LINES: usize = 1024;

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

/// The log of this process, for as long as this is kept: then what waits is written.
#[derive(Debug)]
pub struct Logging {
    dropped: ErrorCounter,
    _writer: WorkerGuard,
}

/// How many lines of the log were dropped, because they came faster than they could be written.
#[derive(Clone, Debug)]
pub struct DroppedLines(ErrorCounter);

impl Logging {
    /// How many lines were dropped so far, whenever it is asked.
    pub fn dropped_lines(&self) -> DroppedLines {
        DroppedLines(self.dropped.clone())
    }
}

impl DroppedLines {
    /// Their number.
    pub fn count(&self) -> u64 {
        u64::try_from(self.0.dropped_lines()).unwrap_or(u64::MAX)
    }
}

/// Sends the logs of this process to stderr, and the place of a panic to the logs.
///
/// Call it once, early, and keep what it gives. The text of a panic is left out on purpose: it may quote
/// what the code was working on, and values of labels and annotations never appear in logs.
///
/// # Errors
/// When `directives` does not parse, or a subscriber is set already.
pub fn init(format: LogFormat, directives: &str) -> Result<Logging, TelemetryError> {
    let colour =
        io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let builder = NonBlockingBuilder::default();
    let builder = builder.lossy(true).buffered_lines_limit(WAITING_LINES).thread_name("log");
    let (telling, count) = Telling::over(io::stderr(), dropped::log);
    let (writer, guard) = builder.finish(telling);
    let dropped = writer.error_counter();
    count.from(dropped.clone());
    subscriber(format, directives, colour, writer)?.try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(Logging { dropped, _writer: guard })
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
        LogFormat::Text => Box::new(builder.with_ansi(colour).fmt_fields(TextFields).finish()),
        LogFormat::Json => Box::new(builder.with_ansi(false).event_format(JsonLines).finish()),
    })
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(|| "?".to_owned(), ToString::to_string);
    tracing::error!(place, "panic: this is a bug in kelos-metadata, please report its place");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(format: LogFormat, directives: &str) -> String {
        captured(format, directives, || {
            tracing::info!(spawner = "issue-worker", "rules loaded");
            tracing::debug!("not at info");
        })
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
    fn a_field_is_cut_and_stays_on_its_line_whatever_stands_in_it() {
        let long = "x".repeat(1 << 20);
        let hostile = "a\nb\u{1b}[31m\"\\\u{202e}é";
        let events = || {
            tracing::info!(name = hostile, error = %hostile, debug = ?hostile, "{hostile}");
            tracing::info!(name = long, error = %long, debug = ?long, "{long}");
        };
        for format in [LogFormat::Text, LogFormat::Json] {
            let text = captured(format, "info", events);
            assert_eq!(text.lines().count(), 2, "{text}");
            let ends_line = |c: char| c.is_control() && c != '\n';
            assert!(!text.contains(ends_line), "{text:?}");
            assert!(text.contains('é') && text.len() < 2500, "{text}");
            let controls = "\u{1}\"\u{2028}".repeat(1 << 10);
            let text =
                captured(format, "info", || tracing::info!(name = controls, error = %controls));
            assert!(text.len() < 900, "escapes count: {text}");
        }
        let text = captured(LogFormat::Text, "info", events);
        assert!(text.contains(r#"name="a\nb\u{1b}[31m\"\\\u{202e}é""#), "{text}");
        assert!(text.contains(r#"error=a\nb\u{1b}[31m"\\u{202e}é"#), "{text}");
        let json = captured(LogFormat::Json, "info", events);
        let line: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
        assert_eq!((&line["name"], &line["error"]), (&hostile.into(), &hostile.into()));
        let line: serde_json::Value = serde_json::from_str(json.lines().nth(1).unwrap()).unwrap();
        let cut = line["name"].as_str().unwrap();
        assert_eq!((cut.chars().count(), cut.ends_with("x…")), (fields::FIELD_BYTES + 1, true));
        assert_eq!(line["error"], cut);
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

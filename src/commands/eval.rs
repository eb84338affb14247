//! `eval`: renders one template, or one a line.

use std::io::{self, BufRead, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::snippet::{Explained, explain};
use super::stdio::{UNWRITABLE, complain};
use super::vars;
use crate::cli::EvalArgs;
use crate::clock;
use crate::engine::reason::Reason;
use crate::engine::remedy::without_source;
use crate::engine::{Skip, given};
use crate::templates::budget::Budget;
use crate::templates::value::{Map, Text};
use crate::templates::{Syntax, Template};

pub(super) fn run(args: &EvalArgs) -> anyhow::Result<ExitCode> {
    if args.jsonl {
        return answer_lines(io::stdin().lock(), io::stdout().lock());
    }
    if args.template.is_none() && args.vars.as_deref() == Some(Path::new("-")) {
        bail!("standard input can't be both: give the template as an argument, or --vars a file");
    }
    let vars = variables(vars::given("--vars", args.vars.as_deref(), &args.set)?);
    let source = match &args.template {
        Some(template) => template.clone(),
        None => io::read_to_string(io::stdin()).context("standard input can't be read as text")?,
    };
    match evaluate(&source, args.syntax, &Arc::new(vars)) {
        Ok(output) => {
            let end = if output.ends_with('\n') { "" } else { "\n" };
            write!(io::stdout(), "{output}{end}").context(UNWRITABLE)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            let hint = hint(&error);
            let explained = Explained {
                source: &source,
                origin: "template",
                reason: error.reason,
                message: &error.message,
                position: error.position,
                length: None,
                hint: hint.as_deref(),
            };
            complain(explain(&explained));
            Ok(ExitCode::FAILURE)
        }
    }
}

fn evaluate(source: &str, syntax: Syntax, vars: &Arc<Map>) -> Result<Text, Skip> {
    let template = Template::compile(source, syntax)?;
    Ok(template.render(vars, &mut Budget::task().at(clock::now()))?)
}

/// What to do: of a variable that is missing, how it is given here, and what makes it known of Tasks.
fn hint(error: &Skip) -> Option<String> {
    let missing = error.variable.as_deref().filter(|_| error.reason == Reason::MissingVariable);
    let (None, Some(variable)) = (&error.hint, missing) else { return error.hint.clone() };
    let name = variable.trim_start_matches(['.', '$']);
    let here = format!("`--set {name}=…` gives it here");
    Some(match without_source(variable) {
        Some(there) => format!("{here}; {there}"),
        None => here,
    })
}

fn variables(vars: serde_json::Map<String, serde_json::Value>) -> Map {
    let known = |(name, json): (String, _)| Some((Text::from(&*name), given(&name, json)?));
    vars.into_iter().filter_map(known).collect()
}

#[derive(Deserialize)]
struct EvalRequest {
    template: String,
    #[serde(default)]
    vars: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    syntax: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum EvalResponse {
    Output {
        output: String,
    },
    Error {
        error: String,
        reason: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
}

fn answer_lines(input: impl BufRead, mut output: impl Write) -> anyhow::Result<ExitCode> {
    for line in input.split(b'\n') {
        let line = line.context("standard input can't be read")?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        serde_json::to_writer(&mut output, &answer(&line)).context(UNWRITABLE)?;
        output.write_all(b"\n").context(UNWRITABLE)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn answer(line: &[u8]) -> EvalResponse {
    let question = serde_json::from_slice::<EvalRequest>(line)
        .map_err(|error| error.to_string())
        .and_then(|question| {
            let syntax = question.syntax.as_deref().unwrap_or("auto").parse::<Syntax>();
            Ok((question, syntax.map_err(|error| error.to_string())?))
        });
    let result = question.map_err(Skip::parse).and_then(|(question, syntax)| {
        evaluate(&question.template, syntax, &Arc::new(variables(question.vars)))
    });
    match result {
        Ok(output) => EvalResponse::Output { output: output.into() },
        Err(error) => {
            let (reason, hint) = (error.reason.as_str(), hint(&error));
            EvalResponse::Error { error: error.to_string(), reason, hint }
        }
    }
}

//! `docs/helpers.md`, made of the table.

use std::fmt::Write;

use kelos_metadata::templates::{helpers, jinja};
use serde_json::Value as Json;

use testing::helpers::{Entry, Expected, Origin, Table, labels};

const INTRO: &str = r#"# Helpers

<!-- Made of tests/data/helpers/table.yaml by `BLESS=1 cargo test --profile checked --test it helpers`. -->

Both languages have the same helpers. Names, order of arguments and results are those of
[Sprig](https://masterminds.github.io/sprig/), which Helm has too; what differs is listed [below](#differences-from-sprig).

- In **Go templates** a helper is a function. The value comes last, so that it can be piped in:
  `{{ .Title | trunc 20 | lower }}`.
- In **Jinja** it is a filter, and the value comes first: `{{ title | trunc(20) | lower }}`. It is a function, too,
  with the arguments as in Go: `{{ trunc(20, title) }}`. Where Jinja has a filter of its own by that name, its own is
  taken, with Jinja's arguments and results; those are marked **J**, and the function is the helper.
- A variable named like a function is read by its name in CamelCase in Jinja: `{{ Date }}`, not `{{ date }}`.

They are pure: the same Task at the same moment gives the same result. Each pays for the steps and bytes that it takes,
so that no template can make one work for ever. A text is counted in bytes, and never cut within a character.
"#;

pub(crate) fn write(table: &Table) -> String {
    let mut page = INTRO.to_owned();
    for section in &table.sections {
        writeln!(page, "\n## {}\n", section.title).unwrap();
        if let Some(intro) = &section.intro {
            writeln!(page, "{intro}\n").unwrap();
        }
        page.push_str("| in Go | in Jinja | gives | for example |\n| --- | --- | --- | --- |\n");
        for entry in &section.helpers {
            let cells = [code(&entry.usage), in_jinja(entry), gives(entry), example(entry)];
            writeln!(page, "| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))
                .unwrap();
        }
    }
    differences(table, &mut page);
    not_offered(&mut page);
    page
}

fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// How it is written in Jinja.
fn in_jinja(entry: &Entry) -> String {
    let name = entry.name();
    let helper = helpers::find(name).unwrap();
    let mut args: Vec<&str> = entry.usage.split(' ').skip(1).collect();
    let function = format!("{name}({})", args.join(", "));
    match (jinja::has_own_filter(name), jinja::has_function(name)) {
        (true, true) => return format!("**J**; {}", code(&function)),
        (true, false) => return "**J**".to_owned(),
        _ => {}
    }
    if args.is_empty() || name == "dict" {
        return code(&function);
    }
    let value = args.remove(helper.value_at.unwrap_or(usize::MAX).min(args.len() - 1));
    let value = value.trim_end_matches('…');
    match args.is_empty() {
        true => code(&format!("{value} | {name}")),
        false => code(&format!("{value} | {name}({})", args.join(", "))),
    }
}

fn gives(entry: &Entry) -> String {
    match entry.from {
        Origin::Helm => format!("{} (Helm's)", entry.gives),
        Origin::Sprig | Origin::Ours => entry.gives.clone(),
    }
}

/// The first case.
fn example(entry: &Entry) -> String {
    let case = &entry.cases[0];
    let args: String = case.args.iter().map(|arg| format!(" {}", go(arg))).collect();
    let call = code(&format!("{}{args}", entry.name()));
    match (case.expected(), &case.gives) {
        (Expected::Gives(_), Some(Json::String(text))) => format!("{call} → {}", code(text)),
        (Expected::Gives(_), Some(value)) => {
            // A float prints without a fraction where it has none.
            format!("{call} → {}", code(value.to_string().trim_end_matches(".0")))
        }
        _ => call,
    }
}

/// An argument as a Go template has it.
fn go(arg: &Json) -> String {
    if let Some(names) = labels(arg) {
        assert!(!names.is_empty(), "an example of labels has some");
        return ".Labels".to_owned();
    }
    match arg {
        Json::Null => "nil".to_owned(),
        Json::String(text) if text.contains('\\') => format!("`{text}`"),
        Json::Array(items) => {
            format!(
                "(list{})",
                items.iter().map(|item| format!(" {}", go(item))).collect::<String>()
            )
        }
        Json::Object(map) => {
            let entry = |(key, item): (&String, &Json)| format!(" {key:?} {}", go(item));
            format!("(dict{})", map.iter().map(entry).collect::<String>())
        }
        plain => plain.to_string(),
    }
}

fn differences(table: &Table, page: &mut String) {
    page.push_str("\n## Differences from Sprig\n\n");
    for entry in table.entries() {
        let mut reasons: Vec<&str> =
            entry.cases.iter().filter_map(|case| case.because.as_deref()).collect();
        reasons.dedup();
        let sentences: Vec<String> = reasons
            .into_iter()
            .map(|reason| format!("{}.", capital(reason)))
            .chain(entry.note.clone())
            .collect();
        if !sentences.is_empty() {
            writeln!(page, "- `{}`: {}", entry.name(), sentences.join(" ")).unwrap();
        }
    }
    page.push_str(
        "- All: what Sprig does by panicking is an error that names the argument. `.Labels` is a list in \
         helpers for lists, and the text `a, b` in helpers for text.\n",
    );
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars.clone()).collect()
}

fn not_offered(page: &mut String) {
    page.push_str(
        "\n## Not offered\n\nA template that uses one of these is told so by name. So is one that uses another \
         function of Sprig's.\n\n| functions | why |\n| --- | --- |\n",
    );
    for (reason, names) in helpers::not_offered() {
        let names: Vec<String> = names.iter().map(|name| code(name)).collect();
        writeln!(page, "| {} | {reason} |", names.join(", ")).unwrap();
    }
}

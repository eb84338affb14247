//! The transcripts of `docs/check.md`: what is printed here, but for what is another each time. `BLESS=1` writes it.

use std::fs;
use std::path::Path;

use testing::console;

use super::said::Caller;

/// What stands for what is another each time: moments, durations, addresses, processes.
const ALIKE: [(&str, &str, &str); 6] = [
    ("does not trust what ", " serves: ", "10.0.0.7:9443"),
    ("until ", "", "2027-03-01T09:30:00Z"),
    ("renewed at ", "", "2027-01-30T09:30:00Z"),
    (" by dry run in ", " ms", "12"),
    ("Lease kelos-system/kelos-metadata-controller: ", " leads", "kelos-metadata-controller-7d9c"),
    (", and renewed it ", " ago", "1 second"),
];

/// Compares what these commands print with the page.
pub(crate) fn is_followed(caller: &Caller, commands: &[&str]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/check.md");
    let page = fs::read_to_string(&path).unwrap();
    let mut count = 0;
    let run = console::rerun(&page, |command| {
        let command = commands.iter().find(|it| **it == command)?;
        count += 1;
        let (typed, filter) = command.split_once(" | ").unwrap_or((command, ""));
        let args: Vec<&str> = typed.split(' ').skip(1).collect();
        let said = caller.runs(&args);
        let output = if filter.is_empty() { said.output } else { not_good(&said.output) };
        Some(alike(&console::printed(&output, &said.errors)))
    });
    assert_eq!(count, commands.len(), "docs/check.md has {commands:?}");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, run).unwrap();
    } else {
        assert_eq!(page, run, "docs/check.md: BLESS=1 writes what is printed");
    }
}

/// What `grep -A1 '^[✗?]'` leaves, but for its dashes between groups.
fn not_good(output: &str) -> String {
    let mut lines = output.lines().peekable();
    let mut left = String::new();
    while let Some(line) = lines.next() {
        if line.starts_with(['✗', '?']) {
            left.extend([line, "\n", lines.next().unwrap_or_default(), "\n"]);
        }
    }
    left
}

fn alike(text: &str) -> String {
    ALIKE.iter().fold(text.to_owned(), |text, (before, after, instead)| {
        let mut parts = text.split(before);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let ends = if after.is_empty() { &[' ', ';', '\n'][..] } else { &[] };
            let end = match ends {
                [] => part.find(after),
                ends => part.find(ends),
            };
            out.extend([before, instead, &part[end.unwrap_or_default()..]]);
        }
        out
    })
}

#[test]
fn what_differs_each_time_is_alike_on_the_page() {
    let text = "✓ certificate: trusted, until 2031-01-01T00:00:00Z\n\
                ✓ task: was answered by dry run in 345 ms: it has\n";
    let expected = "✓ certificate: trusted, until 2027-03-01T09:30:00Z\n\
                    ✓ task: was answered by dry run in 12 ms: it has\n";
    assert_eq!(alike(text), expected);
    assert_eq!(not_good("✓ a\n✗ b\n  → c\n? d\n  → e\n✓ f\n"), "✗ b\n  → c\n? d\n  → e\n");
}

//! What pages show of a terminal: blocks `console`, whose lines `$ …` are commands with what they print below.

/// The page with what its commands print: `run` gives it, or nothing where the page's own text stays.
pub fn rerun(page: &str, mut run: impl FnMut(&str) -> Option<String>) -> String {
    let (mut out, mut is_console, mut is_replaced) = (String::new(), false, false);
    for line in page.lines() {
        match line {
            "```console" => (is_console, is_replaced) = (true, false),
            "```" => (is_console, is_replaced) = (false, false),
            _ => {}
        }
        let command = line.strip_prefix("$ ").filter(|_| is_console);
        if command.is_some() || !is_replaced {
            out.push_str(line);
            out.push('\n');
        }
        if let Some(command) = command {
            let printed = run(command);
            is_replaced = printed.is_some();
            out.push_str(&printed.unwrap_or_default());
        }
    }
    out
}

/// What both streams of a command say, without spaces and empty lines at the ends.
pub fn printed(output: &str, errors: &str) -> String {
    let both = format!("{output}{errors}");
    let lines: String = both.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    match lines.trim_end() {
        "" => String::new(),
        lines => format!("{lines}\n"),
    }
}

//! What pages say of each other, of the chart and of the version: links that lead somewhere, values
//! that there are, decisions of one form.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every page of the project.
fn pages() -> Vec<PathBuf> {
    let folders = [".", "docs", "docs/decisions", "docs/uses", "certs", "charts/kelos-metadata"];
    let mut pages = Vec::new();
    for folder in folders {
        let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|e| panic!("{folder}: {e}"));
        let paths = entries.map(|entry| entry.unwrap().path());
        pages.extend(paths.filter(|path| path.extension().is_some_and(|end| end == "md")));
    }
    assert!(pages.len() >= 20, "{pages:?}");
    pages
}

/// The page without its blocks of code.
fn prose(page: &str) -> String {
    let mut is_code = false;
    let mut prose = String::new();
    for line in page.lines() {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        if !is_code && !is_fence {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    prose
}

/// What a browser looks for: the headings, in lower case, with dashes between words.
fn anchors(page: &str) -> BTreeSet<String> {
    let prose = prose(page);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| -> String {
        let words = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        words.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut links = 0;
    for page in pages() {
        let text = read(&page);
        for target in prose(&text).split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            if target.starts_with("https://") {
                continue;
            }
            links += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            assert!(path.exists(), "{}: {target}", page.display());
            if !anchor.is_empty() {
                let found = anchors(&read(&path));
                assert!(found.contains(anchor), "{}: {target}: {found:?}", page.display());
            }
        }
    }
    assert!(links > 100, "{links}");
}

/// Names of values in a text: behind `--set` of commands of helm, not of ours, and in backticks if they have a dot and
/// begin with the name of a value.
fn values_in(text: &str, top: &BTreeSet<String>) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let is_ours = |line: &str| {
        let line = line.trim_start().trim_start_matches("$ ");
        line.starts_with("kelos-metadata ") || line.starts_with("kubectl kelos-metadata ")
    };
    let of_helm: Vec<&str> = text.lines().filter(|line| !is_ours(line)).collect();
    let of_helm = of_helm.join("\n");
    let set = of_helm.split("--set ").skip(1);
    // What follows without a `=` is no name, but a sentence.
    let set = set
        .filter_map(|rest| Some(rest.trim_start().split_once('=')?.0))
        .filter(|name| !name.contains(char::is_whitespace));
    let quoted = text.split('`').skip(1).step_by(2).map(|code| {
        let end = code.find(|c| !is_name(c)).unwrap_or(code.len());
        &code[..end]
    });
    let quoted = quoted.filter(|name| {
        name.split_once('.').is_some_and(|(first, rest)| top.contains(first) && rest != "md")
    });
    set.filter(|name| !name.starts_with('<')).chain(quoted).map(str::to_owned).collect()
}

#[test]
fn every_value_of_the_chart_that_a_page_names_is_one() {
    let values = read(&root().join("charts/kelos-metadata/values.yaml"));
    let values: Value = serde_saphyr::from_str(&values).unwrap();
    let top: BTreeSet<String> = values.as_object().unwrap().keys().cloned().collect();
    let mut named = 0;
    let mut check = |page: &Path, name: &str| {
        let found = values.pointer(&format!("/{}", name.replace('.', "/")));
        assert!(found.is_some(), "{}: {name} is no value of the chart", page.display());
        named += 1;
    };
    for page in pages() {
        for name in values_in(&read(&page), &top) {
            check(&page, &name);
        }
    }
    // And those of the sample.
    let sample = root().join("certs/cert-manager/values.yaml");
    let read_sample: Value = serde_saphyr::from_str(&read(&sample)).unwrap();
    let mut open = vec![(String::new(), &read_sample)];
    while let Some((name, value)) = open.pop() {
        for (key, value) in value.as_object().into_iter().flatten() {
            open.push((format!("{name}.{key}"), value));
        }
        if !name.is_empty() {
            check(&sample, name.trim_start_matches('.'));
        }
    }
    assert!(named > 15, "{named}");
}

#[test]
fn the_changelog_has_this_version() {
    let changelog = read(&root().join("CHANGELOG.md"));
    let headings = changelog.lines().filter_map(|line| line.strip_prefix("## ["));
    let versions: Vec<&str> = headings.filter_map(|line| line.split(']').next()).collect();
    let newest = versions.iter().find(|version| **version != "Unreleased").unwrap();
    assert_eq!(*newest, env!("CARGO_PKG_VERSION"), "CHANGELOG.md and Cargo.toml");
}

/// What keeps a text from being a decision: its title, its date, and three headings in order.
fn form_of_decision(number: &str, text: &str) -> Result<(), String> {
    let mut lines = text.lines();
    if !lines.next().is_some_and(|title| title.starts_with(&format!("# {number}: "))) {
        return Err(format!("the title does not begin with `# {number}: `"));
    }
    let date = lines.nth(1).and_then(|line| line.strip_prefix("Decided ")?.strip_suffix('.'));
    if date.and_then(|date| date.parse::<jiff::civil::Date>().ok()).is_none() {
        return Err("no `Decided YYYY-MM-DD.` below the title".to_owned());
    }
    let is_known = |heading: &str| ["What", "Why", "Turned down"].contains(&heading);
    let headings = text.lines().filter_map(|line| line.strip_prefix("**")?.split_once(".**"));
    let found: Vec<&str> = headings.map(|(heading, _)| heading).filter(|h| is_known(h)).collect();
    if found != ["What", "Why", "Turned down"] {
        return Err(format!("What, Why, Turned down: {found:?}"));
    }
    Ok(())
}

#[test]
fn every_decision_has_one_form_and_its_line_in_the_list() {
    let folder = root().join("docs/decisions");
    let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names.retain(|name| name != "README.md");
    let mut expected = Vec::new();
    for name in &names {
        let text = read(&folder.join(name));
        form_of_decision(&name[..3], &text).unwrap_or_else(|why| panic!("{name}: {why}"));
        let title = text.lines().next().unwrap().trim_start_matches("# ");
        expected.push(format!("- [{title}]({name}): "));
    }
    let list = read(&folder.join("README.md"));
    let lines: Vec<&str> = list.lines().filter(|line| line.starts_with("- ")).collect();
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, begin) in lines.iter().zip(expected) {
        assert!(line.len() > begin.len() && line.starts_with(&begin), "{line}\nnot {begin}");
    }
}

#[test]
fn a_decision_of_another_form_is_noticed() {
    let whole =
        "# 007: a\n\nDecided 2026-11-22.\n\n**What.** b\n\n**Why.** c\n\n**Turned down.** d\n";
    assert_eq!(form_of_decision("007", whole), Ok(()));
    for (part, instead) in [
        ("007", "008"),
        ("2026-11-22", "2026-11-32"),
        ("Decided 2026-11-22.\n\n", ""),
        ("**Turned down.**", "**What was turned down.**"),
        ("**What.** b\n\n**Why.** c", "**Why.** c\n\n**What.** b"),
    ] {
        let broken = whole.replace(part, instead);
        assert!(form_of_decision("007", &broken).is_err(), "{broken}");
    }
}

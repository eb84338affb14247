//! What pages show of a file of the examples is the file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{pages, root, uses};

/// The blocks of YAML of a page, each with the file of the examples that is linked last above it.
fn blocks(page: &str) -> Vec<(Option<String>, String)> {
    let (mut blocks, mut file, mut block) = (Vec::new(), None, None::<String>);
    for line in page.lines() {
        match (line, &mut block) {
            ("```yaml", None) => block = Some(String::new()),
            ("```", Some(_)) => blocks.push((file.clone(), block.take().unwrap_or_default())),
            (line, Some(block)) => block.extend([line, "\n"]),
            (line, None) => {
                let links = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
                let of_examples =
                    links.filter_map(|link| link.find("examples/").map(|at| &link[at..]));
                file = of_examples.last().map(str::to_owned).or(file);
            }
        }
    }
    blocks
}

/// Whether a block is a file, or whole lines of it, one after the other.
fn is_pasted(block: &str, file: &str) -> bool {
    !block.is_empty() && format!("\n{file}").contains(&format!("\n{block}"))
}

/// Every page that shows examples: the pages of the uses show nothing else.
#[test]
fn what_a_page_shows_of_an_example_is_the_file() {
    let mut shown = 0;
    for path in pages() {
        let is_use = path.parent().is_some_and(|folder| folder.ends_with("uses"));
        if !is_use && !path.ends_with("README.md") {
            continue;
        }
        for (file, block) in blocks(&fs::read_to_string(&path).unwrap()) {
            let file = file.unwrap_or_else(|| panic!("{}: whose is\n{block}", path.display()));
            let text = fs::read_to_string(root().join(&file)).unwrap();
            assert!(is_pasted(&block, &text), "{}: {file} has not\n{block}", path.display());
            shown += 1;
        }
    }
    assert!(shown >= 8, "{shown} blocks");
}

#[test]
fn a_block_that_differs_is_noticed() {
    let file = "# a\nb:\n  c: d\n  e: f\n";
    for pasted in [file, "b:\n  c: d\n", "  e: f\n"] {
        assert!(is_pasted(pasted, file), "{pasted}");
    }
    for other in ["", "b:\n  e: f\n", "c: d\n", "  c: x\n"] {
        assert!(!is_pasted(other, file), "{other}");
    }
    let page = "[x](../examples/a.yaml), [y](b.md)\n```yaml\na: b\n```\n";
    assert_eq!(blocks(page), [(Some("examples/a.yaml".to_owned()), "a: b\n".to_owned())]);
}

/// Nothing lies in the folder of a use that no page and no Task needs: a file is linked, or read by the program.
#[test]
fn every_file_of_a_use_is_linked_or_read() {
    let pages = pages();
    let linked: BTreeSet<String> = pages
        .iter()
        .flat_map(|path| {
            let page = fs::read_to_string(path).unwrap();
            let words = page.split(['(', ')', ' ', '`', '\n']).map(str::to_owned);
            words.collect::<Vec<_>>()
        })
        .filter_map(|word| word.find("examples/").map(|at| word[at..].to_owned()))
        .collect();
    for folder in uses() {
        let name = |path: &Path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let has = |path: &Path| linked.contains(&name(path));
        let mut files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        assert!(has(&folder) || files.any(|file| has(&file)), "no page has {}", folder.display());
        for file in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let is_read = ["task", "session", "workspace", "namespace"].iter().any(|kind| {
                file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(kind))
            });
            assert!(is_read || has(&file), "no page has {}", file.display());
        }
    }
}

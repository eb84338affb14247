//! `--explain`: what docs/lint.md says of a rule.

use super::super::stdio::print as print_line;
use crate::engine::lint::Rule;

/// The page of all rules.
const PAGE: &str = include_str!("../../../docs/lint.md");

/// The entry of a rule, in Markdown, without its title.
pub(super) fn entry(rule: Rule) -> &'static str {
    let title = format!("\n## {rule}\n");
    let Some((_, entry)) = PAGE.split_once(&title) else { return rule.about() };
    entry.split("\n## ").next().unwrap_or_default().trim()
}

pub(super) fn print(rule: Rule) -> anyhow::Result<()> {
    print_line(format_args!("{rule}\n\n{}", entry(rule)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_has_an_entry_with_a_bad_and_a_good_example() {
        for rule in Rule::ALL {
            let entry = entry(rule);
            assert!(entry.contains("\nBad:\n") && entry.contains("\nGood:\n"), "{rule}: {entry}");
            assert_eq!(entry.matches("```yaml").count(), 2, "{rule}");
        }
    }
}

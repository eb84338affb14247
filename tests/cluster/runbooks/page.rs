//! What a page says in code: its blocks of commands, and its words in backticks.

use std::fs;
use std::path::Path;

/// The page that is followed.
pub(crate) fn operations() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md")).unwrap()
}

/// The programs whose commands the page gives.
const PROGRAMS: [&str; 3] = ["kubectl ", "helm ", "kelos-metadata "];

/// A page, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Code {
    /// The commands of its blocks `sh`. One that goes on in the next line is one.
    pub(crate) blocks: Vec<String>,
    /// What stands in backticks. Where it is cut at the end of a line, a space stands.
    pub(crate) spans: Vec<String>,
}

impl Code {
    /// Takes a page apart.
    pub(crate) fn of(page: &str) -> Code {
        let (mut code, mut text, mut begun) = (Code::default(), String::new(), String::new());
        let mut block = None;
        for line in page.lines() {
            match (line.trim().strip_prefix("```"), block) {
                (Some(language), None) => block = Some(language),
                (Some(_), Some(_)) => block = None,
                (None, None) => text.extend([line, "\n"]),
                (None, Some("sh")) => {
                    begun.push_str(line.trim());
                    match begun.strip_suffix('\\').map(str::to_owned) {
                        Some(rest) => begun = rest,
                        None => code.blocks.push(std::mem::take(&mut begun)),
                    }
                }
                (None, Some(_)) => {}
            }
        }
        // A stray backtick costs no more than its paragraph.
        for paragraph in text.split("\n\n") {
            assert_eq!(
                paragraph.matches('`').count() % 2,
                0,
                "a backtick without another: {paragraph}"
            );
            let spans = paragraph.split('`').skip(1).step_by(2);
            code.spans
                .extend(spans.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
        code.blocks.retain(|line| !line.is_empty() && !line.starts_with('#'));
        code
    }

    /// The commands, in blocks and in between.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &str> {
        let spans =
            self.spans.iter().filter(|span| PROGRAMS.iter().any(|name| span.starts_with(name)));
        self.blocks.iter().chain(spans).map(String::as_str)
    }

    /// The spans that are more than a word, and neither commands nor flags.
    pub(crate) fn claims(&self) -> impl Iterator<Item = &str> {
        let spans = self.spans.iter().map(String::as_str).filter(|span| span.contains(' '));
        spans.filter(|span| !span.starts_with("--"))
    }
}

#[test]
fn commands_are_found_wherever_they_stand() {
    let page = "\
Some `kubectl get pods
-o yaml` in a text, `one` and `two words`.

- in a list:

  ```sh
  # a comment
  helm upgrade it \\
    --again
  kubectl get pods | grep it
  ```

```yaml
kubectl: get pods
```
";
    let code = Code::of(page);
    assert_eq!(code.blocks, ["helm upgrade it --again", "kubectl get pods | grep it"]);
    assert_eq!(code.spans, ["kubectl get pods -o yaml", "one", "two words"]);
    assert_eq!(code.commands().count(), 3);
    assert_eq!(code.claims().count(), 2);
}

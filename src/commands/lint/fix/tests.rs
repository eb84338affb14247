//! Whatever is replaced, wherever it is written: the text becomes what it should, and all other bytes stay.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::engine::lint::{Fix, Rule, Severity};

fn finding(range: std::ops::Range<usize>, with: &str) -> Finding {
    Finding {
        rule: Rule::LabelValue,
        severity: Severity::Error,
        field: Field::of(&["spec", "taskTemplate", "branch"]),
        is_about_key: false,
        at: None,
        text: String::new(),
        help: None,
        fix: Some(Fix { range, with: with.to_owned() }),
    }
}

/// A TaskSpawner whose branch is spelled so.
fn document(branch: &str) -> String {
    format!(
        "# a\napiVersion: kelos.dev/v1alpha2\nkind: TaskSpawner\nmetadata: {{name: 'w'}} # b\nspec:\n  taskTemplate:\n    branch: {branch}\n    type: \"c\"\n"
    )
}

/// The edits that these findings of the branch give, and the text with them.
fn fixed(text: &str, findings: Vec<Finding>) -> (Vec<Edit>, Option<(String, usize)>) {
    let mut files = Files::of(Path::new("w.yaml"), text);
    let read = files.objects("default", true);
    let findings = findings.into_iter().map(|finding| (0, finding)).collect();
    let wanted = wanted(&read, place::all(&read, findings, &files), &files);
    let edits = wanted.iter().map(|it| it.edit.clone()).collect();
    (edits, edited(&files.all[0], wanted.iter().collect()))
}

/// The branch of the TaskSpawner in a text.
fn branch(text: &str) -> String {
    let object: Value = serde_saphyr::from_str(text).unwrap();
    object["spec"]["taskTemplate"]["branch"].as_str().unwrap().to_owned()
}

#[test]
fn what_a_style_can_not_say_is_left() {
    for (spelled, with) in [("x", "a: b"), ("x", " # c"), ("'x'", "a\nb"), (">-\n      x", "a\nb")]
    {
        let text = document(spelled);
        let (_, edited) = fixed(&text, vec![finding(0..1, with)]);
        assert_eq!(edited, None, "{spelled} {with}");
    }
}

#[test]
fn a_block_loses_its_end_by_its_header() {
    for (spelled, expected) in [
        ("|\n      x", "|-\n      x"),
        ("|+  # c\n      x\n", "|-  # c\n      x\n"),
        (">2\n      x", ">2-\n      x"),
    ] {
        let text = document(spelled);
        let value = branch(&text);
        let end = value.trim_end_matches('\n').len()..value.len();
        let (_, edited) = fixed(&text, vec![finding(end, "")]);
        assert_eq!(edited.map(|it| it.0), Some(document(expected)));
    }
}

#[test]
fn of_replacements_that_overlap_the_first_is_written() {
    let text = document("'abcdef'");
    let all = vec![finding(2..4, "X"), finding(0..3, "Y"), finding(5..6, "Z"), finding(0..3, "Y")];
    assert_eq!(fixed(&text, all).1, Some((document("'YdeZ'"), 2)));
}

#[test]
fn one_that_cannot_be_written_keeps_no_other_from_it() {
    let text = document("abc");
    let all = vec![finding(0..1, "x"), finding(2..3, ": y")];
    assert_eq!(fixed(&text, all).1, Some((document("xbc"), 1)));
}

proptest! {
    #[test]
    fn all_other_bytes_stay_and_the_text_is_the_replaced_one(
        lines in prop::collection::vec("[a-cü{}.' \"\\\\#:|-]{0,6}", 1..5),
        style in 0..6usize,
        cut in (0.0..1.0f64, 0.0..1.0f64),
        with in "[x{}.' \"\\\\#:\n-]{0,4}",
    ) {
        let joined = |set_in: &str| lines.join(&format!("\n{set_in}"));
        let text = document(&match style {
            0 => format!("|\n      {}", joined("      ")),
            1 => format!(">-\n      {}", joined("      ")),
            2 => format!("'{}'", joined("      ").replace('\'', "''")),
            3 => format!("\"{}\"", joined("      ").replace('\\', "\\\\").replace('"', "\\\"")),
            4 => format!("x{}", joined("      ")),
            _ => Value::from(lines.join("\n")).to_string(),
        });
        let is_sound = serde_saphyr::from_str::<Value>(&text)
            .is_ok_and(|it| it["spec"]["taskTemplate"]["branch"].is_string());
        prop_assume!(is_sound);
        let value = branch(&text);
        let at = |part: f64| value.floor_char_boundary((part * (value.len() + 1) as f64) as usize);
        let (start, end) = (at(cut.0.min(cut.1)), at(cut.0.max(cut.1)));
        let (edits, edited) = fixed(&text, vec![finding(start..end, &with)]);
        if let Some((new, count)) = edited {
            prop_assert_eq!(count, 1);
            let mut expected = value.clone();
            expected.replace_range(start..end, &with);
            prop_assert_eq!(branch(&new), expected, "{}", new);
            let Edit { range, with } = &edits[0];
            prop_assert_eq!(&new[..range.start], &text[..range.start]);
            prop_assert_eq!(&new[range.start + with.len()..], &text[range.end..]);
        } else {
            // What changes nothing is not written.
            let is_json = style == 5 && !value.is_empty() && value[start..end] != with;
            prop_assert!(!is_json, "double quotes say whatever there is: {text} {value:?} {with:?}");
        }
    }
}

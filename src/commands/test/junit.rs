//! The report that CI systems read: JUnit's XML.

use std::fmt::Write;

use super::{Outcome, Ran};

/// All cases, a suite for each file.
pub(super) fn report(ran: &[Ran]) -> String {
    let count = |of: &[&Ran], is_it: fn(&Outcome) -> bool| {
        of.iter().filter(|it| is_it(&it.outcome)).count()
    };
    let counts = |of: &[&Ran]| {
        format!(
            "tests=\"{}\" failures=\"{}\" errors=\"{}\"",
            of.len(),
            count(of, |it| matches!(it, Outcome::Failed(_))),
            count(of, |it| matches!(it, Outcome::Unasked(_)))
        )
    };
    let all: Vec<&Ran> = ran.iter().collect();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"kelos-metadata\" {}>\n",
        counts(&all)
    );
    for suite in all.chunk_by(|one, other| one.file == other.file) {
        let Some(Ran { file, .. }) = suite.first() else { continue };
        let file = escaped(file);
        // Writing into a String cannot fail.
        let _ = writeln!(xml, "  <testsuite name=\"{file}\" {}>", counts(suite));
        for case in suite {
            let name = escaped(&case.name);
            let (element, message, text) = match &case.outcome {
                Outcome::Passed => {
                    let _ = writeln!(xml, "    <testcase classname=\"{file}\" name=\"{name}\"/>");
                    continue;
                }
                Outcome::Failed(wrong) => ("failure", "it came out otherwise", wrong),
                Outcome::Unasked(why) => ("error", "it could not be asked", why),
            };
            let text = escaped(text);
            let _ = writeln!(
                xml,
                "    <testcase classname=\"{file}\" name=\"{name}\">\n      \
                 <{element} message=\"{message}\">{text}</{element}>\n    </testcase>"
            );
        }
        xml += "  </testsuite>\n";
    }
    xml + "</testsuites>"
}

/// A text in XML. What XML has no way to write is `?`.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\n' => escaped += "&#10;",
            '\t' => escaped += "&#9;",
            '\u{fffe}' | '\u{ffff}' => escaped.push('?'),
            c if c.is_control() => escaped.push('?'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_suite_for_each_file_and_no_loose_markup() {
        let case = |file: &str, name: &str, outcome: Outcome| Ran {
            file: file.to_owned(),
            name: name.to_owned(),
            outcome,
        };
        let failed = Outcome::Failed("- label a: \"x\"\n+ none\u{1b}".to_owned());
        let ran = [
            case("a.yaml", "one", Outcome::Passed),
            case("a.yaml", "<two> & \"more\"", failed),
            case("b.yaml", "b.yaml", Outcome::Unasked("b.yaml can't be read".to_owned())),
        ];
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"kelos-metadata\" tests=\"3\" failures=\"1\" errors=\"1\">
  <testsuite name=\"a.yaml\" tests=\"2\" failures=\"1\" errors=\"0\">
    <testcase classname=\"a.yaml\" name=\"one\"/>
    <testcase classname=\"a.yaml\" name=\"&lt;two&gt; &amp; &quot;more&quot;\">
      <failure message=\"it came out otherwise\">- label a: &quot;x&quot;&#10;+ none?</failure>
    </testcase>
  </testsuite>
  <testsuite name=\"b.yaml\" tests=\"1\" failures=\"0\" errors=\"1\">
    <testcase classname=\"b.yaml\" name=\"b.yaml\">
      <error message=\"it could not be asked\">b.yaml can't be read</error>
    </testcase>
  </testsuite>
</testsuites>";
        assert_eq!(report(&ran), expected);
    }
}

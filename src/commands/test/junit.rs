//! The report that CI systems read: JUnit's XML.

use std::fmt::Write;

use super::Ran;

/// All cases, a suite for each file.
pub(super) fn report(ran: &[Ran]) -> String {
    let bad = |of: &[&Ran]| of.iter().filter(|it| it.wrong.is_some()).count();
    let all: Vec<&Ran> = ran.iter().collect();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"kelos-metadata\" tests=\"{}\" failures=\"{}\">\n",
        all.len(),
        bad(&all)
    );
    for suite in all.chunk_by(|one, other| one.file == other.file) {
        let Some(Ran { file, .. }) = suite.first() else { continue };
        let file = escaped(file);
        // Writing into a String cannot fail.
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{file}\" tests=\"{}\" failures=\"{}\">",
            suite.len(),
            bad(suite)
        );
        for case in suite {
            let name = escaped(&case.name);
            let _ = match &case.wrong {
                None => writeln!(xml, "    <testcase classname=\"{file}\" name=\"{name}\"/>"),
                Some(wrong) => writeln!(
                    xml,
                    "    <testcase classname=\"{file}\" name=\"{name}\">\n      \
                     <failure message=\"it came out otherwise\">{}</failure>\n    </testcase>",
                    escaped(wrong)
                ),
            };
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
        let case = |file: &str, name: &str, wrong: Option<&str>| Ran {
            file: file.to_owned(),
            name: name.to_owned(),
            wrong: wrong.map(str::to_owned),
        };
        let ran = [
            case("a.yaml", "one", None),
            case("a.yaml", "<two> & \"more\"", Some("- label a: \"x\"\n+ none\u{1b}")),
            case("b.yaml", "three", None),
        ];
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"kelos-metadata\" tests=\"3\" failures=\"1\">
  <testsuite name=\"a.yaml\" tests=\"2\" failures=\"1\">
    <testcase classname=\"a.yaml\" name=\"one\"/>
    <testcase classname=\"a.yaml\" name=\"&lt;two&gt; &amp; &quot;more&quot;\">
      <failure message=\"it came out otherwise\">- label a: &quot;x&quot;&#10;+ none?</failure>
    </testcase>
  </testsuite>
  <testsuite name=\"b.yaml\" tests=\"1\" failures=\"0\">
    <testcase classname=\"b.yaml\" name=\"three\"/>
  </testsuite>
</testsuites>";
        assert_eq!(report(&ran), expected);
    }
}

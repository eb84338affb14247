//! Reading variables back out of what Kelos rendered: what is found is what went in, always. Prompts and rules of a
//! name each are in `tests/cases/inference.rs`.

mod random;
mod worlds;

use testing::inference::Sample;

#[test]
fn nothing_is_read_where_it_is_switched_off() {
    let text = "Issue #42: Fix";
    let mut sample = Sample::of_prompt("githubIssues", "Issue #{{.Number}}: {{.Title}}", text);
    assert_eq!(sample.known()["Title"].1, "inferred from promptTemplate");
    sample.infer = Some("off".to_owned());
    assert!(!sample.known().contains_key("Title"));
}

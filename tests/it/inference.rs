//! Reading variables back out of what Kelos rendered: what is found is what went in, always. Prompts and rules of a
//! name each are in `tests/cases/inference.rs`.

mod random;
mod worlds;

use testing::inference::Scene;

#[test]
fn nothing_is_read_where_it_is_switched_off() {
    let text = "Issue #42: Fix";
    let mut scene = Scene::of_prompt("githubIssues", "Issue #{{.Number}}: {{.Title}}", text);
    assert_eq!(scene.known()["Title"].1, "inferred from promptTemplate");
    scene.infer = Some("off".to_owned());
    assert!(!scene.known().contains_key("Title"));
}

//! What holds for both languages, whatever templates and variables say.

use std::sync::Arc;

use kelos_metadata::templates::ErrorKind;
use kelos_metadata::templates::budget::Budget;
use kelos_metadata::templates::value::{Map, Text, Value};
use kelos_metadata::templates::{Syntax, Template};
use proptest::prelude::*;

/// Helpers that Jinja has no filter of its own for: as a Go template pipes into them, and as a filter.
const HELPERS: &[(&str, &str)] = &[
    ("trunc 5", "trunc(5)"),
    ("trunc -3", "trunc(-3)"),
    ("abbrev 9", "abbrev(9)"),
    ("substr 1 4", "substr(1, 4)"),
    ("trimPrefix \"a\"", "trimPrefix(\"a\")"),
    ("trimSuffix \"/\"", "trimSuffix(\"/\")"),
    ("trimAll \"ab/\"", "trimAll(\"ab/\")"),
    ("nospace", "nospace"),
    ("kebabcase", "kebabcase"),
    ("snakecase", "snakecase"),
    ("camelcase", "camelcase"),
    ("quote", "quote"),
    ("repeat 2", "repeat(2)"),
    ("labelValue", "labelValue"),
    ("labelHash 12", "labelHash(12)"),
    ("stripScope", "stripScope"),
    ("alias \"a=b\"", "alias(\"a=b\")"),
    ("oneOf \"a,b\" \"c\"", "oneOf(\"a,b\", \"c\")"),
    ("base", "base"),
    ("dir", "dir"),
    ("ext", "ext"),
    ("sha256sum", "sha256sum"),
    ("b64enc", "b64enc"),
    ("splitList \"/\" | join \"+\"", "splitList(\"/\") | join(\"+\")"),
    ("contains \"a\" | ternary \"y\" \"n\"", "contains(\"a\") | ternary(\"y\", \"n\")"),
];

fn render(source: &str, syntax: Syntax, vars: &Arc<Map>) -> (Result<Text, ErrorKind>, Budget) {
    let template = Template::compile(source, syntax);
    let template = template.unwrap_or_else(|error| panic!("{source}: {error:?}"));
    let mut budget = Budget::task();
    let result = template.render(vars, &mut budget).map_err(|error| error.kind);
    (result, budget)
}

fn vars(title: &str) -> Arc<Map> {
    Arc::new(Map::from([("Title".into(), Value::from(title)), ("Nil".into(), Value::Nil)]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_same_expression_gives_the_same_in_both_languages(
        title in prop_oneof!["[a-d/:_ ]{0,20}", "\\PC{0,20}", any::<String>()],
        chain in prop::collection::vec(prop::sample::select(HELPERS), 0..4),
    ) {
        let go: String = chain.iter().map(|(go, _)| format!(" | {go}")).collect();
        let jinja: String = chain.iter().map(|(_, jinja)| format!(" | {jinja}")).collect();
        let vars = vars(&title);
        let (go, _) = render(&format!("{{{{ .Title{go} }}}}"), Syntax::Go, &vars);
        let (jinja, _) = render(&format!("{{{{ title{jinja} }}}}"), Syntax::Jinja, &vars);
        prop_assert_eq!(go, jinja);
    }

    #[test]
    fn rendering_is_deterministic_and_says_no_value_only_if_it_was_told_to(
        title in any::<String>(),
        parts in prop::collection::vec(prop::sample::select(vec![
            "{{.Title}}", "{{.Missing}}", "{{.Nil}}", "{{print .Nil}}", "{{index . \"Nope\"}}", "{{with .Nil}}{{.}}{{end}}",
            "{{$x := .Nil}}{{$x}}", "{{printf \"%v\" .Nil}}", "{{coalesce .Nil .Title}}", "{{list .Nil .Title}}", " x ",
            "{{range list .Nil}}{{.}}{{end}}", "{{dict \"a\" .Nil}}", "{{(dict).a}}", "{{first (list)}}",
        ]), 1..5),
    ) {
        let source = parts.concat();
        let vars = vars(&title);
        let (first, budget) = render(&source, Syntax::Go, &vars);
        let (second, again) = render(&source, Syntax::Go, &vars);
        prop_assert_eq!((&first, budget), (&second, again));
        if let Ok(text) = first {
            prop_assert!(!text.contains("<no value>") || title.contains("<no value>"), "{source}: {text}");
        }
    }
}

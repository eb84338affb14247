//! Spawners that whoever may write one can make as large as etcd takes them: what linting one holds, counted by the
//! allocator.

use allocation_counter::measure;
use kelos_metadata::engine::kelos::Shape;
use kelos_metadata::engine::lint::{Finding, Surroundings, lint};
use kelos_metadata::engine::rules::Policy;
use kelos_metadata::templates::purse::COMPILING_BYTES;
use testing::hostile::requests::{repeated, tiny_entries};

/// The largest spawner that is linted.
const LARGEST: usize = 3 << 19;

/// What linting may hold beside the object: a purse for compiling the rules, one for what lint looks at, and the
/// texts twice, for each of the two views.
const MOST_BYTES: u64 = 2 * COMPILING_BYTES + 2 * LARGEST as u64;

/// The largest spawner that is tried out, too.
const LARGEST_TRIED: usize = 64 << 10;

/// What lint may take beside that to make a Task of an example: what templates may build, and a Task for each.
const SIMULATED_BYTES: u64 = 8 << 20;

/// What linting one that is tried out may hold, as the table of `router.rs` has it: its own texts are small.
const MOST_TRIED_BYTES: u64 = 2 * COMPILING_BYTES + SIMULATED_BYTES;

/// The most findings of one spawner, and the one that says how many more there are.
const MOST_FINDINGS: usize = 100 + 1;

/// Lints a TaskSpawner, which holds at the most so many bytes.
fn linted(name: &str, json: &str, most: u64) -> Vec<Finding> {
    let policy = Policy::default();
    let around = Surroundings::new(&policy);
    let mut found = None;
    let held = measure(|| found = Some(lint(Shape::Task, json, &around))).bytes_max;
    let found = found.unwrap().unwrap_or_else(|error| panic!("{name}: {error}"));
    eprintln!("{name:18} {:>8} bytes: {:>3} findings, {held:>9} bytes", json.len(), found.len());
    assert!(held <= most, "{name}: held {held} of {most} bytes");
    assert!(found.len() <= MOST_FINDINGS, "{name}: {} findings", found.len());
    found
}

/// A TaskSpawner with something at a place of its spec.
fn with(when: &str, template: &str, annotations: &str) -> String {
    format!(
        r#"{{"metadata":{{"name":"a","annotations":{{{annotations}}}}},"spec":{{"when":{{{when}}},"taskTemplate":{{{template}}}}}}}"#
    )
}

/// What is done for a spawner again and again is counted, too, by what it allocates: nothing here waits.
#[test]
fn what_lint_looks_at_again_and_again_is_not_made_anew() {
    let issues = r#""githubWebhook":{"events":["issues"],"filters":[{"event":"issues","labels":["#;
    let wide: Vec<String> = (0..200).map(|it| format!(r#""{it:0200}""#)).collect();
    let loops = "{{range 20000}}{{$.Payload.Issue.Number}}{{end}}";
    let payload = with(
        &format!("{issues}{}]}}]}}", wide.join(",")),
        &format!(r#""branch":"{loops}""#),
        r#""metadata.kelos.dev/annotations":"a: '{{ .Body }}'""#,
    );
    assert!(payload.len() <= LARGEST_TRIED);
    let define = |it: usize| {
        let next = format!("{{{{template `t{}` .}}}}", it + 1).repeat(10);
        format!("{{{{define `t{it}`}}}}{next}{{{{end}}}}")
    };
    let calls: String = (0..6).map(define).collect::<String>() + "{{define `t6`}}{{end}}";
    let entries: Vec<String> =
        (0..30).map(|it| format!("a{it}: '{calls}{{{{template `t0` .}}}}'")).collect();
    let rules = format!(r#""metadata.kelos.dev/annotations":"{}""#, entries.join("\\n"));
    for (name, json, most) in [
        ("loops over a payload", payload, 16 << 20),
        ("calls in rules", with(r#""githubIssues":{}"#, "", &rules), 4 << 20),
    ] {
        let policy = Policy::default();
        let taken = measure(|| {
            lint(Shape::Task, &json, &Surroundings::new(&policy)).unwrap();
        });
        eprintln!("{name:20} {:>9} bytes in {:>7} pieces", taken.bytes_total, taken.count_total);
        assert!(taken.bytes_total <= most, "{name}: {} of {most} bytes", taken.bytes_total);
    }
}

/// Smaller spawners are also tried out with an example of each event: what their templates build then is bounded, too.
#[test]
fn a_spawner_that_is_tried_out_holds_no_more_than_its_templates_may_build() {
    let events =
        r#""githubWebhook":{"events":["issues","pull_request","push","release","check_run"]}"#;
    let rules = |template: &str| {
        let entries: Vec<String> = (0..60).map(|it| format!("a{it}: '{template}'")).collect();
        format!(r#""metadata.kelos.dev/annotations":"{}""#, entries.join("\\n"))
    };
    let webhook = |filters: &str| {
        format!(r#""githubWebhook":{{"events":["issues","issue_comment"],"filters":[{filters}]}}"#)
    };
    let plain = r#"{"event":"issues"},"#.repeat(2500);
    let patterns: Vec<String> = (0..300)
        .map(|it| format!(r#"{{"event":"issues","bodyPattern":"(?i)a{{1,90}}[b-z]{{2,90}}{it}","excludeBodyPatterns":["b{{900}}","{it}"]}}"#))
        .collect();
    let labels = format!(r#"{{"event":"issues","labels":[{}]}}"#, [r#""a""#; 7000].join(","));
    let braces = format!(
        r#"{{"event":"issues","filePatterns":{{"include":["{}{}"]}}}}"#,
        "{".repeat(20_000),
        "}".repeat(20_000)
    );
    let wide = r#"{{printf \"%60000s\" .Title}}"#;
    for (name, json) in [
        (
            "wide prompts",
            with(
                events,
                &format!(r#""promptTemplate":"{}""#, wide.repeat(40)),
                &rules("{{ .Body }}"),
            ),
        ),
        (
            "loops",
            with(events, r#""branch":"{{range 1000000}}{{.}}{{end}}""#, &rules("{{ .Title }}")),
        ),
        ("filters", with(&webhook(plain.trim_end_matches(',')), "", &rules("{{ .Body }}"))),
        ("patterns", with(&webhook(&patterns.join(",")), "", &rules("{{ .Body }}"))),
        ("braces", with(&webhook(&braces), "", &rules("{{ .Body }}"))),
        ("labels of a filter", with(&webhook(&labels), "", &rules("{{ .Body }}"))),
        ("wide rules", with(events, "", &rules(r#"{{ repeat 60000 .Title }}"#))),
        ("loops of rules", with(events, "", &rules(r#"{{ range until 60000 }}{{ . }}{{ end }}"#))),
        (
            "fields",
            with(
                events,
                &format!(r#""metadata":{{"annotations":{{{}}}}}"#, tiny_entries(3000)),
                &rules("{{ .Body }}"),
            ),
        ),
    ] {
        assert!(json.len() <= LARGEST_TRIED, "{name}: {}", json.len());
        linted(name, &json, MOST_TRIED_BYTES);
    }
}

#[test]
fn a_spawner_of_any_shape_is_linted_within_a_bound() {
    let items = |piece: &str| repeated(piece, (LARGEST - 300) / (piece.len() + 1));
    let entries = tiny_entries((LARGEST - 300) / 14);
    let issues = r#""githubIssues":{}"#;
    let in_webhook = |what: &str| with(&format!(r#""githubWebhook":{{{what}}}"#), "", "");
    let in_template = |what: &str| with(issues, what, "");
    let actions = |action: &str| action.repeat((LARGEST - 300) / action.len());
    for (name, json) in [
        ("context sources", in_template(&format!(r#""contextSources":[{}]"#, items("{}")))),
        ("depends on", in_template(&format!(r#""dependsOn":[{}]"#, items("\"\"")))),
        ("events", in_webhook(&format!(r#""events":[{}]"#, items("\"\"")))),
        ("filters", in_webhook(&format!(r#""filters":[{}]"#, items("{}")))),
        ("field mapping", with(&format!(r#""webhook":{{"fieldMapping":{{{entries}}}}}"#), "", "")),
        ("Pod labels", in_template(&format!(r#""podOverrides":{{"labels":{{{entries}}}}}"#))),
        ("labels", in_template(&format!(r#""metadata":{{"labels":{{{entries}}}}}"#))),
        ("annotations", with(issues, "", &entries)),
        ("a text", in_template(&format!(r#""promptTemplate":"{}""#, actions("x")))),
        ("actions", in_template(&format!(r#""promptTemplate":"{}""#, actions("{{.X}}")))),
        ("conditions", in_template(&format!(r#""branch":"{}""#, actions("{{if .X}}a{{end}}")))),
        ("parentheses", in_template(&format!(r#""promptTemplate":"{{{{{}""#, actions("(")))),
    ] {
        assert!(json.len() <= LARGEST, "{name}: {}", json.len());
        linted(name, &json, MOST_BYTES);
    }
}

/// What is known at a place of a template may be much, and is asked for at many places.
#[test]
fn what_is_known_in_a_template_is_not_copied_for_each_place() {
    let nested = |begin: &str| begin.repeat(45) + &"{{end}}".repeat(45);
    let variables: String = (0..2500).map(|it| format!("{{{{$a{it} := .Title}}}}")).collect();
    let templates: String = (0..40)
        .map(|it| format!("{{{{define `t{it}`}}}}{{{{template `t{}`}}}}{{{{end}}}}", it + 1))
        .collect();
    let path = format!("{{{{$a := $.Payload{}}}}}", ".b".repeat(500));
    for (name, prompt) in [
        ("itself, doubled", format!("{{{{$a := .Title}}}}{}", "{{$a := print $a $a}}".repeat(26))),
        ("long paths", path + &"{{$a}}".repeat(4000)),
        ("variables in blocks", format!("{variables}{}", nested("{{if .Title}}"))),
        ("variables in calls", format!("{templates}{variables}{{{{template `t0`}}}}")),
        ("long conditions", nested(&format!("{{{{if or {}}}}}", ".Title ".repeat(250)))),
    ] {
        let when = r#""linearWebhook":{"types":["Issue"]}"#;
        let found =
            linted(name, &with(when, &format!(r#""promptTemplate":"{prompt}""#), ""), MOST_BYTES);
        let is_whole = found.iter().all(|it| !it.text.contains("too costly"));
        assert!(is_whole, "{name} is not looked at to the end: {found:?}");
    }
}

//! Where Go templates do more than Go: labels, users, and what is absent.

use super::*;
use crate::templates::error::ErrorKind;

#[test]
fn labels_are_a_list_where_one_is_wanted() {
    assert_eq!(text("{{index .Labels 0}}"), "bug");
    assert_eq!(text("{{len .Labels}}"), "2");
    assert_eq!(text("{{range $i, $l := .Labels}}{{$i}}={{$l}};{{end}}"), "0=bug;1=area/ui;");
    assert_eq!(text("{{range .NoLabels}}x{{else}}none{{end}}"), "none");
    assert_eq!(text("{{list .Labels | len}}"), "1");
}

#[test]
fn labels_are_a_text_where_one_is_wanted() {
    assert_eq!(text("{{.Labels}}"), "bug, area/ui");
    assert_eq!(text("{{print .Labels 1}}"), "bug, area/ui1");
    assert_eq!(
        text("{{printf \"%s %q %.3v %T\" .Labels .Labels .Labels .Labels}}"),
        "bug, area/ui \"bug, area/ui\" bug string"
    );
    assert_eq!(text("{{printf .Labels}}"), "bug, area/ui");
    assert_eq!(text("{{eq .Labels \"bug, area/ui\"}} {{lt .Labels \"c\"}}"), "true true");
    assert_eq!(text("{{slice .Labels 0 3}}"), "bug");
    assert_eq!(
        text("{{html .Labels}} {{js .Labels}} {{urlquery .Labels}}"),
        "bug, area/ui bug, area/ui bug%2C+area%2Fui"
    );
    assert_eq!(text("{{if .Labels}}some{{end}}{{if .NoLabels}}none{{end}}"), "some");
    assert_eq!(text("{{with .NoLabels}}x{{else}}[{{.NoLabels}}]{{end}}"), "[]");
    assert_eq!(text("{{.Labels | upper}}"), "BUG, AREA/UI");
    assert_eq!(text("{{list .Labels}}"), "[bug, area/ui]");
}

#[test]
fn a_user_is_a_name_with_fields() {
    assert_eq!(text("{{.User}} {{.User.Name}} {{index .User \"Name\"}}"), "ada ada ada");
    assert_eq!(text("{{range $k, $v := .User}}{{$k}}={{$v}}{{end}}"), "Name=ada");
    assert_eq!(error("{{.User.Groups}}").kind, ErrorKind::Missing);
}

#[test]
fn what_is_absent_is_missing() {
    for (source, name, column) in [
        ("{{.Body}}", ".Body", 3),
        ("x {{ .Task.Branch }}", ".Task.Branch", 6),
        ("{{.Nope.Deep.Er}}", ".Nope.Deep.Er", 3),
        ("{{.Task.Nil}}", ".Task.Nil", 3),
        ("{{$.Body | upper}}", "$.Body", 3),
        ("{{(index . \"Task\").Branch}}", "(index . \"Task\").Branch", 3),
        ("{{index . \"Body\"}}", "index . \"Body\"", 3),
        ("{{$x := index . \"Body\"}}{{ $x }}", "$x", 28),
        ("{{print 1 .Body}}", ".Body", 11),
        ("{{if .Body}}x{{end}}", ".Body", 6),
    ] {
        let error = error(source);
        assert_eq!(error.kind, ErrorKind::Missing, "{source}");
        assert_eq!(error.message, format!("`{name}` is not known"));
        assert_eq!(error.position.map(|p| (p.line, p.column)), Some((1, column)), "{source}");
    }
    assert_eq!(error("{{html (index . \"Body\")}}").kind, ErrorKind::Missing);
    assert_eq!(error("{{index (index . \"Body\") 0}}").kind, ErrorKind::Missing);
}

#[test]
fn what_is_absent_can_be_asked_for() {
    assert_eq!(text("{{with index . \"Body\"}}{{.}}{{else}}none{{end}}"), "none");
    assert_eq!(text("{{printf \"%v\" (index . \"Body\")}}"), "<nil>");
    assert_eq!(text("{{default \"d\" .Body}}"), "d");
    assert_eq!(text("{{.Body | default \"d\"}}"), "d");
    assert_eq!(text("{{.Task.Branch | default .Task.Name}}"), "fix-7");
    assert_eq!(text("{{.Nope.Deep | default \"d\"}}"), "d");
    assert_eq!(text("{{$t := .Task}}{{$t.Branch | default \"d\"}}"), "d");
    assert_eq!(text("{{(.Nope).Deep | default \"d\"}}"), "d");
    assert_eq!(text("{{default \"d\" (.Body)}} {{(.Body) | default \"e\"}}"), "d e");
    assert_eq!(text("{{default (default \"d\" .Body) .Nope}}"), "d");
    assert_eq!(text("{{.Body | default \"d\" | upper}}"), "D");
    assert_eq!(text("{{default .Body .Title}}"), "Crash é");
    // Only what the function sees itself may be absent.
    assert_eq!(error("{{.Body | upper | default \"d\"}}").kind, ErrorKind::Missing);
    assert_eq!(error("{{default \"d\" (upper .Body)}}").kind, ErrorKind::Missing);
    assert_eq!(error("{{.Title.Deep | default \"d\"}}").kind, ErrorKind::Render);
}

#[test]
fn uses_are_the_variables_of_the_root() {
    let uses = |source: &str| compile(source).unwrap().uses().clone();
    let names =
        |source: &str| uses(source).names().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names("{{.Title}}{{.Task.Name}}{{$.Number}}"), ["Number", "Task", "Title"]);
    assert_eq!(
        names("{{with .Task}}{{.Name}}{{$.Title}}{{else}}{{.Body}}{{end}}"),
        ["Body", "Task", "Title"]
    );
    assert_eq!(
        names("{{range .Labels}}{{.x}}{{end}}{{define \"t\"}}{{.y}}{{$.z}}{{end}}"),
        ["Labels"]
    );
    assert!(!uses("{{with .Task}}{{.}}{{end}}{{range .Labels}}{{.}}{{end}}").all);
    for source in [
        "{{.}}",
        "{{$}}",
        "{{index . \"Body\"}}",
        "{{with .Task}}{{$}}{{end}}",
        "{{block \"t\" .}}{{end}}",
        "{{(.).Title}}",
        "{{if .Title}}{{len .}}{{end}}",
    ] {
        assert!(uses(source).all, "{source}");
    }
}

#[test]
fn straight_lines_have_no_loops_and_no_calls() {
    let is_straight = |source: &str| compile(source).unwrap().is_straight_line();
    assert!(is_straight("{{if .A}}{{with .B}}{{printf \"%d\" 1}}{{end}}{{end}}"));
    assert!(!is_straight("{{range .A}}{{end}}"));
    assert!(!is_straight("{{template \"t\"}}"));
    assert!(!is_straight("{{block \"t\" .}}{{end}}"));
}

#[test]
fn a_misfit_is_the_first_call_with_a_wrong_number_of_arguments() {
    let misfit = |source: &str| compile(source).unwrap().misfit().map(|error| error.message);
    for source in [
        "{{not .A}}",
        "{{.A | not}}",
        "{{default 1 .A}}",
        "{{.A | default 1}}",
        "{{print}}",
        "{{slice .A 1 2 3}}",
        "{{eq 1 2 3}}",
        "{{(len .A)}}",
    ] {
        assert_eq!(misfit(source), None, "{source}");
    }
    for (source, name) in [
        ("{{not}}", "not"),
        ("{{not .A .B}}", "not"),
        ("{{.A | not .B}}", "not"),
        ("{{.A | trunc}}", "trunc"),
        ("{{trunc 1 .A .B}}", "trunc"),
        ("{{eq .A}}", "eq"),
        ("{{slice .A 1 2 3 4}}", "slice"),
        ("{{print len}}", "len"),
        ("{{upper.x}}", "upper"),
        ("{{eq (not) | len 1 2}}", "eq"),
        ("{{if .A}}{{ne 1}}{{end}}{{not}}", "ne"),
    ] {
        let message = misfit(source).unwrap();
        assert!(message.starts_with(&format!("`{name}` takes ")), "{source}: {message}");
    }
}

#[test]
fn a_misfit_says_what_the_function_takes_and_where_it_stands() {
    let error = compile("{{ .A | trunc }}").unwrap().misfit().unwrap();
    assert_eq!(
        error.to_string(),
        "`trunc` takes 2 arguments, a piped one included, and gets 1 (line 1, column 9)"
    );
}

#[test]
fn programs_are_shared_between_threads() {
    fn check<T: Send + Sync + Clone>() {}
    check::<Program>();
}

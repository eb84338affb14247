//! The language: variables, filters, tests, loops, macros.

use super::{gives, issue, render};
use std::sync::Arc;

use crate::templates::ErrorKind;
use crate::templates::budget::Budget;
use crate::templates::jinja::Program;
use crate::templates::value::{Map, Value};

#[test]
fn variables_in_both_spellings() {
    gives("{{ Title }}|{{ title }}|{{ review_state }}", "Fix the Größe|Fix the Größe|approved");
    gives("{{ id }} {{ issue_id }} {{ url }}", "42 abc https://example.com/42");
    gives("{{ Task.Name }} {{ task.generate_name }}", "issue-worker-42 issue-worker-");
    gives("{{ task.labels.team }} {{ task.labels['app.kubernetes.io/name'] }}", "backend x");
    gives(
        "{{ number }} {{ number + 1 }} {{ ratio }} {{ draft }} {{ letter }}",
        "42 43 0.5 False 65",
    );
    gives("{{ files }} {{ files[-1] }} {{ files | length }}", "['b.rs', 'a.rs'] a.rs 2");
    gives("{% for key in task.labels %}{{ key }};{% endfor %}", "app.kubernetes.io/name;team;");
    gives(
        "{% for k, v in task.labels | items %}{{ k }}={{ v }};{% endfor %}",
        "app.kubernetes.io/name=x;team=backend;",
    );
    gives("{{ Namespace }} {{ Namespace.name }}", "prod prod");
    gives("{% set ns = namespace(x=1) %}{% set ns.x = ns.x + 1 %}{{ ns.x }}", "2");
}

#[test]
fn what_others_record_is_read_in_snake_case() {
    let render = |source: &str| {
        let recorded = serde_json::json!({"reviewState": "approved", "team": "ui", "a_b": "c"});
        let labels = serde_json::json!({"Labels": {"reviewState": "a label"}});
        let root = Map::from([
            ("Source".into(), Value::from(recorded)),
            ("Task".into(), Value::from(labels)),
        ]);
        let program = Program::compile(source).unwrap();
        assert!(program.uses().has("Source") || program.uses().has("Task"), "{source}");
        program.render(&Arc::new(root), &mut Budget::template())
    };
    for source in [
        "{{ source.review_state }}",
        "{{ source.reviewState }}",
        "{{ Source.review_state }}",
        "{{ source['review_state'] }}",
        "{% set s = source %}{{ s.review_state }}",
    ] {
        assert_eq!(render(source).as_deref(), Ok("approved"), "{source}");
    }
    assert_eq!(render("{{ source.team }}{{ source.a_b }}").as_deref(), Ok("uic"));
    // What others write has the names that they gave it.
    for source in ["{{ source.review }}", "{{ task.labels.review_state }}"] {
        assert_eq!(render(source).unwrap_err().kind, ErrorKind::Missing, "{source}");
    }
}

#[test]
fn what_an_argument_stands_for_by_default_is_read() {
    for (source, text, uses) in [
        (
            "{% macro f(x, y=labels) %}{{ x }}: {{ y }}{% endmacro %}{{ f('a') }}",
            "a: priority/critical, bug, area: ui",
            "Labels",
        ),
        ("{% macro f(y=labels | last) %}{{ y }}{% endmacro %}{{ f() }}", "area: ui", "Labels"),
        ("{% macro f(y=labels) %}{{ y }}{% endmacro %}{{ f('given') }}", "given", "Labels"),
        ("{% macro f(x=title, y=x) %}{{ x }}{% endmacro %}{{ f(y=1) }}", "Fix the Größe", "Title"),
        (
            "{% macro f(y=title) %}{{ y }}{% endmacro %}{% macro g(z=f()) %}{{ z }}{% endmacro %}{{ g() }}",
            "Fix the Größe",
            "Title",
        ),
        (
            "{% macro f(y) %}{{ caller() }}{% endmacro %}{% call(z=title) f(1) %}{{ z }}{% endcall %}",
            "Fix the Größe",
            "Title",
        ),
        (
            "{% macro f(y={'a': [review_state]}) %}{{ y.a[0] }}{% endmacro %}{{ f() }}",
            "approved",
            "ReviewState",
        ),
    ] {
        gives(source, text);
        let program = Program::compile(source).unwrap();
        assert_eq!(
            program.uses().names().iter().map(|it| &**it).collect::<Vec<_>>(),
            [uses],
            "{source}"
        );
    }
}

#[test]
fn labels_are_a_list_that_reads_as_text() {
    gives("{{ labels }}", "priority/critical, bug, area: ui");
    gives(
        "{{ labels[0] }} {{ labels | last }} {{ labels | length }}",
        "priority/critical area: ui 3",
    );
    gives("{{ labels[1:] | join('+') }}", "bug+area: ui");
    gives(
        "{% for label in labels %}{{ loop.index }}{{ label }} {% endfor %}",
        "1priority/critical 2bug 3area: ui ",
    );
    gives("{{ labels == 'priority/critical, bug, area: ui' }}", "True");
    gives("{{ 'x' > labels }} {{ labels != 'bug' }} {{ labels == labels }}", "True True True");
    gives("{{ labels == ['priority/critical', 'bug', 'area: ui'] }}", "True");
    gives("{{ 'bug' in labels }} {{ 'bu' in labels }} {{ 'x' not in labels }}", "True False True");
    gives("{{ labels ~ '!' }}", "priority/critical, bug, area: ui!");
    gives("{{ labels | upper }}", "PRIORITY/CRITICAL, BUG, AREA: UI");
    gives("{{ labels | replace('bug', 'x') }}", "priority/critical, x, area: ui");
    gives("{{ labels is startingwith('priority') }}", "True");
    gives("{{ labels is eq('bug') }} {{ labels is sequence }}", "False True");
    gives("{{ 'yes' if labels else 'no' }}", "yes");
    gives("{{ user }} {{ user.name }} {{ user.groups | join('/') }}", "alice alice dev/ops");
    gives("{{ user == 'alice' }} {{ user[:2] }}", "True al");
    gives("{{ labels | select('startingwith', 'area') | first }}", "area: ui");
    gives("{{ labels | reject('in', ['bug']) | map('stripScope') | join(',') }}", "critical,ui");
    gives("{{ labels | map('upper') | sort | join(',') }}", "AREA: UI,BUG,PRIORITY/CRITICAL");
}

#[test]
fn helpers_are_filters_and_functions() {
    gives("{{ labels | first | trimPrefix('priority/') }}", "critical");
    gives("{{ trimPrefix('priority/', labels | first) }}", "critical");
    gives(
        "{{ labels[0] | labelValue }} {{ labelValue(title) }}",
        "priority-critical Fix-the-Grosse",
    );
    gives("{{ title | trunc(3) }} {{ trunc(-3, 'abcdef') }}", "Fix def");
    gives("{{ 'a,b' | splitList(',') | last }}", "b");
    gives("{{ blank | default('x') }}|{{ default('x', blank) }}", "|x");
    gives("{{ missing | default('x') }} {{ default('x', missing) }}", "x x");
    gives("{{ coalesce(missing, '', title) }}", "Fix the Größe");
    gives("{{ missing | coalesce('x', 'y') }}", "x");
    gives("{{ empty(missing) }} {{ missing | empty }} {{ title | empty }}", "True True False");
    gives("{{ lower('ÄB') }} {{ join('+', labels) }}", "äb priority/critical+bug+area: ui");
    gives("{{ join(',', [1, 'a', true, 0.5]) }}", "1,a,true,0.5");
    gives(
        "{{ first(labels) }} {{ labels | first | upper | lower }}",
        "priority/critical priority/critical",
    );
    // Jinja's filters win over helpers: `title` is one, and `default` keeps an empty text.
    gives("{{ 'a b' | title }} {{ '' | default('x') }}.", "A B .");
}

#[test]
fn absent_variables() {
    gives("{{ 'a' if missing is defined else 'b' }}", "b");
    gives("{{ nothing is none }} {{ nothing | default('x', true) }}", "True x");
    gives("{{ task.missing is defined }} {{ task.missing | default('-') }}", "False -");
    gives("{{ 'never' if draft }}.", ".");
}

#[test]
fn the_rest_of_the_language() {
    gives("plain { text } with line break\n", "plain { text } with line break\n");
    gives("{{ \"{{ title }}\" }}", "{{ title }}");
    gives("{# no #}{% raw %}{{ title }}{% endraw %}", "{{ title }}");
    gives("a {%- if true %} b {%- endif %}", "a b");
    gives("{% set a, b = 'x', 'y' %}{{ b ~ a }}", "yx");
    gives("{% set x %}a{{ number }}{% endset %}{{ x | upper }}", "A42");
    gives("{% with n = number %}{{ n // 5 }}{% endwith %}", "8");
    gives("{% filter upper %}a{{ id }}{% endfilter %}", "A42");
    gives(
        "{% macro m(a, b='y') %}{{ a }}{{ b }}{% endmacro %}{{ m('x') }}{{ m(b='z', a=1) }}",
        "xy1z",
    );
    gives(
        "{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}{{ id }}{% endcall %}",
        "[42]",
    );
    gives("{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}!{% endmacro %}{{ a() }}", "!");
    gives("{% for i in range(2, 9, 3) %}{{ i }}{% if loop.last %}.{% endif %}{% endfor %}", "258.");
    gives("{% for i in range(5) if i is odd %}{{ i }}{% else %}none{% endfor %}", "13");
    gives("{% for i in [] %}{% else %}none{% endfor %}", "none");
    gives("{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}", "01");
    gives("{% for c in 'aé' %}{{ c }}.{% endfor %}", "a.é.");
    gives(
        "{% for k, v in [('a', id), ('b', title)] %}{{ k }}{{ v }} {% endfor %}",
        "a42 bFix the Größe ",
    );
    gives("{{ {'a': 'x', 'b': 'y'}['b'] }} {{ {'a': id}.a }}", "y 42");
    gives(
        "{% for x in [[1, [2]], 3] recursive %}{{ loop(x) if x is sequence else x }}{% endfor %}",
        "123",
    );
    gives("{% for i in range(3) %}{{ loop.cycle('a', 'b') }}{% endfor %}", "aba");
    gives("{% if number > 40 and not draft or false %}a{% elif true %}b{% endif %}", "a");
    gives(
        "{{ '%s-%03d' | format(id, number) }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ -7 % 3 }}",
        "42-042 3.5 1024 2",
    );
    gives("{{ 'ab' * 2 }} {{ 'a' + 'b' }} {{ 1 ~ 2 }}", "abab ab 12");
    gives("{{ range(3) }} {{ range(3, 0, -1) | list }} {{ range(0) }}", "[0, 1, 2] [3, 2, 1] []");
    gives("{{ 'b a' | split | reverse | join }} {{ body | lines | length }}", "ab 3");
    gives(
        "{{ [3, 1, 2] | max }} {{ ['b', 'A'] | sort }} {{ [1, 1, 2] | unique }}",
        "3 ['A', 'b'] [1, 2]",
    );
    gives("{{ labels | first | split('/') | last | capitalize }}", "Critical");
}

#[test]
fn slices_are_pythons() {
    for (slice, text) in [
        ("[1:3]", "bc"),
        ("[:-1]", "abcd"),
        ("[-2:]", "de"),
        ("[::2]", "ace"),
        ("[::-1]", "edcba"),
        ("[3:0:-2]", "db"),
        ("[9:]", ""),
        ("[-9:2]", "ab"),
        ("[-9::-1]", ""),
        ("[::-9223372036854775807]", "e"),
    ] {
        gives(&format!("{{{{ 'abcde'{slice} }}}}"), text);
        gives(&format!("{{{{ ['a', 'b', 'c', 'd', 'e']{slice} | join }}}}"), text);
    }
    gives("{{ title[-5:] }}", "Größe");
}

#[test]
fn uses_are_spelt_as_in_the_variables_map() {
    let names = |source: &str| {
        let program = Program::compile(source).unwrap();
        assert!(!program.uses().all);
        program.uses().names().iter().map(|name| name.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("plain"), "");
    assert_eq!(names("{{ title ~ review_state ~ URL }}"), "ReviewState Title URL");
    assert_eq!(names("{{ task.name }}{{ Source.kind }}{{ x_Y }}"), "Source Task x_Y");
    assert_eq!(names("{{ lower(title) | default(body) }}"), "Body Title");
    assert_eq!(
        names("{% set a = title %}{{ a }}{% for b in labels %}{{ b }}{% endfor %}{{ b }}"),
        "B Labels Title"
    );
    assert_eq!(names("{% if draft %}{% set title = 'x' %}{% endif %}{{ title }}"), "Draft Title");
    assert_eq!(names("{% macro m(a) %}{{ a }}{{ kind }}{% endmacro %}{{ m(id) }}"), "ID Kind");
    assert_eq!(
        names("{{ labels[number:ref] }}{{ {sha: time}[author] }}"),
        "Author Labels Number Ref SHA Time"
    );
    assert_eq!(
        names(
            "{% set ns = namespace() %}{% set ns.x = id %}{% with y = state %}{{ y }}{% endwith %}"
        ),
        "ID State"
    );
    assert_eq!(
        names(
            "{{ title is eq(body) }}{% call m() %}{{ id }}{% endcall %}{% macro m() %}{% endmacro %}"
        ),
        "Body ID Title"
    );
}

#[test]
fn straight_line_templates_are_known() {
    for (source, straight) in [
        ("{{ title | upper }}", true),
        ("{% if title %}{% set x = lower(title) %}{{ x }}{% endif %}", true),
        ("{{ labels | map('upper') | join }}", true),
        ("{% for l in labels %}{% endfor %}", false),
        ("{% macro m() %}{% endmacro %}", false),
        ("{% if x %}{% for l in labels %}{% endfor %}{% endif %}", false),
    ] {
        assert_eq!(Program::compile(source).unwrap().is_straight_line(), straight, "{source}");
    }
}

#[test]
fn programs_are_shared_between_threads_and_small() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Program>();
    assert!(size_of::<Program>() <= 96, "{}", size_of::<Program>());
}

#[test]
fn what_a_template_costs_is_taken_off_the_budget() {
    let program = Program::compile("{{ title }}{{ missing }}").unwrap();
    let mut budget = Budget::template();
    let first = program.render(&issue(), &mut budget);
    assert!(first.is_err());
    let spent = Budget::template().steps() - budget.steps();
    assert!((5..50).contains(&spent), "{spent}");
    assert!(Budget::template().bytes() - budget.bytes() >= 64 * 5);
    let second = program.render(&issue(), &mut budget);
    assert_eq!(Budget::template().steps() - budget.steps(), 2 * spent, "the same each time");
    assert_eq!(first, second);
    assert_eq!(render("{{ title }}").as_deref(), Ok("Fix the Größe"));
}

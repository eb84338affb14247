//! Templates that end with `limit_exceeded`: a name, and the source.

pub const JINJA: &[(&str, &str)] = &[
    ("loop", "{% for a in range(40000) %}{{ a }}{% endfor %}"),
    (
        "loops in loops",
        "{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}",
    ),
    ("huge range", "{{ range(9223372036854775807) | length }}"),
    ("huge range down", "{{ range(9223372036854775807, -9223372036854775808, -1) | length }}"),
    ("wide range", "{% for a in range(-9223372036854775808, 9223372036854775807) %}x{% endfor %}"),
    ("text output", "{% for a in range(9999) %}{{ body * 50 }}{% endfor %}"),
    ("repeated text", "{{ 'x' * 1000000000 }}"),
    ("text repeated again and again", "{% set x = 'x' * 1000 %}{{ x * 1000 * 1000 }}"),
    (
        "doubled text",
        "{% set ns = namespace(x='x') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    ),
    (
        "added text",
        "{% set ns = namespace(x='x') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    ),
    (
        "replaced text",
        "{% set ns = namespace(x='xxxx') %}{% for i in range(99) %}{% set ns.x = ns.x | replace('x', 'xxxx') %}{% endfor %}",
    ),
    (
        "helper replacing",
        "{% set ns = namespace(x='xxxx') %}{% for i in range(99) %}{% set ns.x = replace('x', 'xxxx', ns.x) %}{% endfor %}",
    ),
    ("joined text", "{{ range(9000) | join('x' * 100000) }}"),
    ("helper joining", "{{ join('x' * 100000, range(9000)) }}"),
    ("indented text", "{{ 'x' | indent(1000000000, true) }}"),
    ("indented lines", "{{ ('x\n' * 10000) | indent(10000) }}"),
    ("format width", "{{ '%1000000000d' | format(1) }}"),
    ("format precision", "{{ '%.1000000000f' | format(1.5) }}"),
    (
        "captured text",
        "{% set x %}{% for i in range(9999) %}{{ body * 100 }}{% endfor %}{% endset %}",
    ),
    (
        "filtered text",
        "{% filter upper %}{% for i in range(9999) %}{{ body * 100 }}{% endfor %}{% endfilter %}",
    ),
    ("characters", "{{ ('x' * 3000000) | list | length }}"),
    ("splitting", "{{ ('x,' * 1500000) | split(',') | length }}"),
    ("helper splitting", "{{ splitList('', 'x' * 3000000) | length }}"),
    ("macro calling itself", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
    (
        "macro calling itself twice",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    ),
    (
        "macros calling each other",
        "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
    ),
    ("loop calling itself", "{% set x = [1] %}{% for a in x recursive %}{{ loop(x) }}{% endfor %}"),
    (
        "call blocks",
        "{% macro m() %}{{ caller() }}{{ caller() }}{% endmacro %}{% macro n(i) %}{% call m() %}{% if i %}{{ n(i - 1) }}{% endif %}{% endcall %}{% endmacro %}{{ n(20) }}",
    ),
    (
        "equal texts compared",
        "{% set a = 'x' * 300000 %}{% set b = 'x' * 300000 %}{% for i in range(4000) %}{% if a == b %}{% endif %}{% endfor %}",
    ),
    (
        "unequal texts compared",
        "{% set a = 'x' * 300000 %}{% set b = a ~ 'y' %}{% for i in range(4000) %}{% if a < b %}{% endif %}{% endfor %}",
    ),
    (
        "texts compared by a test",
        "{% set a = 'x' * 300000 %}{% set b = 'x' * 300000 %}{% for i in range(4000) %}{% if a is eq b %}{% endif %}{% endfor %}",
    ),
    (
        "text looked for in a list",
        "{% set a = 'x' * 300000 %}{% set b = ['x' * 300000] %}{% for i in range(4000) %}{% if a in b %}{% endif %}{% endfor %}",
    ),
    (
        "text looked for in a text",
        "{% set a = 'x' * 300000 %}{% for i in range(4000) %}{% if 'y' in a %}{% endif %}{% endfor %}",
    ),
    (
        "text looked at",
        "{% set a = 'x' * 300000 %}{% for i in range(4000) %}{% if a is lower %}{% endif %}{% endfor %}",
    ),
    (
        "start of a text",
        "{% set a = 'x' * 300000 %}{% for i in range(4000) %}{% if a is startingwith(a ~ 'y') %}{% endif %}{% endfor %}",
    ),
    (
        "slices of a text",
        "{% set a = 'x' * 300000 %}{% for i in range(4000) %}{% if a[1:2] %}{% endif %}{% endfor %}",
    ),
    (
        "index into a text",
        "{% set a = 'x' * 300000 %}{% for i in range(4000) %}{% if a[-1] %}{% endif %}{% endfor %}",
    ),
    (
        "index counted",
        "{% set a = 'x' * 300000 %}{% for i in range(296000, 300000) %}{% if a[i] %}{% endif %}{% endfor %}",
    ),
    (
        "loop over a text",
        "{% set a = 'x' * 300000 %}{% for i in range(4000) %}{% for c in a %}{% break %}{% endfor %}{% endfor %}",
    ),
    (
        "recursive loop over a text",
        "{% set a = 'x' * 300000 %}{% for i in range(4000) %}{% for c in ['x'] recursive %}{% if loop.depth == 1 %}{{ loop(a) }}{% endif %}{% break %}{% endfor %}{% endfor %}",
    ),
    (
        "filters on a text",
        "{% set a = 'x' * 300000 %}{% for i in range(4000) %}{% if a | first %}{% endif %}{% endfor %}",
    ),
    (
        "filters with a text",
        "{% set a = 'x' * 300000 %}{% for i in range(4000) %}{% if 'x' | replace(a, 'y') %}{% endif %}{% endfor %}",
    ),
    (
        "a text for each element",
        "{% set a = 'x' * 300000 %}{{ range(4000) | map('replace', a, 'y') | length }}",
    ),
    (
        "a test for each element",
        "{% set a = 'x' * 300000 %}{{ range(4000) | select('in', [a]) | length }}",
    ),
    ("mapped texts", "{{ range(4000) | map('indent', 100000, true) | length }}"),
    ("long texts sorted", "{{ ('x' * 300000 ~ ',a' * 2000) | split(',') | sort | length }}"),
    (
        "long texts without doubles",
        "{{ ('x' * 300000 ~ ',a' * 2000) | split(',') | unique | length }}",
    ),
    ("longest text", "{{ ('x' * 300000 ~ ',a' * 2000) | split(',') | max | length }}"),
    (
        "lists in lists",
        "{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}",
    ),
    (
        "shared lists",
        "{% set x = [title] %}{% for i in [1] %}{% set x = [[[[x, x], x], x], x] %}{{ x }}{% endfor %}",
    ),
    (
        "wide shared lists",
        "{% set a = range(99) %}{% set b = [a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a] %}{% set c = [b,b,b,b,b,b,b,b,b,b,b,b,b,b,b,b,b,b,b,b] %}{% set d = [c,c,c,c,c,c,c,c,c,c,c,c,c,c,c,c,c,c,c,c] %}{{ d == d[:] }}",
    ),
    (
        "maps in maps",
        "{% set ns = namespace(x={}) %}{% for i in range(9999) %}{% set ns.x = {'a': ns.x, 'b': ns.x} %}{% endfor %}",
    ),
    (
        "long chain of slices",
        "{% set ns = namespace(x=range(9)) %}{% for i in range(9999) %}{% set ns.x = ns.x[:] %}{% endfor %}",
    ),
    (
        "long chain of reversals",
        "{% set ns = namespace(x=range(9)) %}{% for i in range(9999) %}{% set ns.x = ns.x | reverse %}{% endfor %}",
    ),
    (
        "closures",
        "{% for i in range(15000) %}{% macro m() %}{{ title }}{{ i }}{% endmacro %}{% endfor %}",
    ),
];

pub const GO: &[(&str, &str)] = &[
    ("loop", "{{range 1000000000}}{{end}}"),
    ("loop in a loop", "{{range 9999}}{{range 9999}}{{$x := .}}{{end}}{{end}}"),
    ("text output", "{{range 9999}}{{$.Body}}{{end}}"),
    ("doubled text", "{{$x := \"abcdefgh\"}}{{range 60}}{{$x = print $x $x}}{{end}}"),
    ("doubled by html", "{{$x := \"<&>\"}}{{range 60}}{{$x = html $x $x}}{{end}}"),
    ("doubled by js", "{{$x := \"<&>\"}}{{range 60}}{{$x = js $x $x}}{{end}}"),
    ("doubled by urlquery", "{{$x := \"<&>\"}}{{range 60}}{{$x = urlquery $x $x}}{{end}}"),
    ("doubled by quoting", "{{$x := \"'\\\"\"}}{{range 60}}{{$x = printf \"%q\" $x}}{{end}}"),
    ("width", "{{range 100}}{{$x := printf \"%1000000d\" 1}}{{end}}"),
    ("precision", "{{range 100}}{{$x := printf \"%.*f\" 1000000 1.5}}{{end}}"),
    ("precision of hex", "{{range 100}}{{$x := printf \"%#.1000000x\" 1.5}}{{end}}"),
    ("template calling itself", "{{define \"r\"}}{{template \"r\"}}{{end}}{{template \"r\"}}"),
    (
        "templates calling each other",
        "{{define \"a\"}}{{template \"b\"}}{{template \"b\"}}{{end}}{{define \"b\"}}{{template \"a\"}}{{template \"a\"}}{{end}}{{template \"a\"}}",
    ),
    ("nested lists", "{{$x := list}}{{range 90000}}{{$x = list $x}}{{end}}"),
    ("shared lists printed", "{{$x := list}}{{range 60}}{{$x = list $x $x}}{{end}}{{print $x}}"),
    ("shared lists as JSON", "{{$x := list 1}}{{range 60}}{{$x = list $x $x}}{{end}}{{toJson $x}}"),
    (
        "shared lists compared",
        "{{$x := list 1}}{{$y := list 1}}{{range 60}}{{$x = list $x $x}}{{$y = list $y $y}}{{end}}{{has $x (list $y)}}",
    ),
    (
        "shared maps printed",
        "{{$x := dict}}{{range 60}}{{$x = dict \"a\" $x \"b\" $x}}{{end}}{{$x}}",
    ),
    ("growing list", "{{$x := list 1}}{{range 60}}{{$x = concat $x $x}}{{end}}"),
    ("until", "{{until 1000000000}}"),
    ("repeat", "{{repeat 1000000000 \"x\"}}"),
    ("repeat again and again", "{{$x := \"x\"}}{{range 9}}{{$x = repeat 1000 $x}}{{end}}"),
    (
        "replace with more",
        "{{$x := \"xxxx\"}}{{range 99}}{{$x = replace \"x\" \"xxxx\" $x}}{{end}}",
    ),
    ("replace of nothing", "{{$x := \"x\"}}{{range 99}}{{$x = replace \"\" \"xxxx\" $x}}{{end}}"),
    ("join", "{{join (repeat 60000 \"x\") (until 9000)}}"),
    ("split", "{{range 999}}{{$x := splitList \"\" $.Body}}{{end}}"),
    ("sorting again and again", "{{range 9999}}{{$x := sortAlpha $.Labels}}{{end}}"),
    (
        "unique of lists",
        "{{$x := list}}{{range 9000}}{{$x = concat $x (list (list .))}}{{end}}{{uniq $x}}",
    ),
    (
        "looking for all",
        "{{range .Labels}}{{range $.Labels}}{{if has . $.Labels}}{{end}}{{end}}{{end}}",
    ),
    ("hashes", "{{range 9999}}{{$x := sha256sum $.Body}}{{end}}"),
    ("base64 of base64", "{{$x := .Title}}{{range 99}}{{$x = b64enc $x}}{{end}}"),
    ("quotes of quotes", "{{$x := .Title}}{{range 99}}{{$x = quote $x}}{{end}}"),
    ("JSON of JSON", "{{$x := .Title}}{{range 99}}{{$x = toJson $x}}{{end}}"),
    (
        "pattern over the body",
        "{{range 9999}}{{if regexMatch \"(a*)*b\" ($.Body | trunc 60000)}}{{end}}{{end}}",
    ),
    ("all matches", "{{range 99}}{{$x := regexFindAll \"x*\" ($.Body | trunc 60000) -1}}{{end}}"),
    (
        "pattern that is made",
        "{{range $i, $l := .Labels}}{{if regexMatch (print \"(?i)\\\\pL{9}\" $i) $l}}{{end}}{{end}}",
    ),
    ("large numbers of variables", "{{range 100000}}{{$a := .}}{{$b := $a}}{{$c := $b}}{{end}}"),
    ("comparing bodies", "{{range 99999}}{{if eq $.Body $.Twin}}{{end}}{{end}}"),
];

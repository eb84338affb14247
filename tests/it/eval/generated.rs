//! Templates of all forms, and of all helpers in both languages, the same in every run.

use kelos_metadata::templates::helpers;

/// How many templates are made for each helper and each form.
const ROUNDS: usize = 60;

/// A generator of numbers, the same in every run (xorshift64*).
struct Dice(u64);

impl Dice {
    fn one<'p>(&mut self, of: &[&'p str]) -> &'p str {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        of[(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % of.len()]
    }
}

const GO: &[&str] = &[
    ".Labels",
    ".Labels",
    ".Title",
    ".Number",
    ".ID",
    ".Kind",
    ".URL",
    ".Repository",
    ".User",
    ".User.Name",
    ".User.Groups",
    ".Context",
    ".Context.build",
    ".Task.Labels",
    ".Task.Name",
    ".Namespace.Labels",
    ".Spawner.Labels",
    ".Workspace",
    ".Annotations",
    ".Author",
    ".Missing",
    ".Comments",
    "\"bug\"",
    "\", \"",
    "\"priority\"",
    "0",
    "1",
    "-1",
    "42",
    "1.5",
    "true",
    "(list \"bug\" 1)",
    "(dict \"bug\" 1)",
    "(index .Labels 0)",
    "(first .Labels)",
    "(len .Labels)",
    "(printf \"%v\" .Labels)",
];

const JINJA: &[&str] = &[
    "labels",
    "Labels",
    "title",
    "Number",
    "id",
    "user",
    "User.Name",
    "user.Groups",
    "context",
    "Context.build",
    "Task.Labels",
    "annotations",
    "author",
    "missing",
    "'bug'",
    "', '",
    "0",
    "1",
    "-1",
    "42",
    "1.5",
    "true",
    "['bug', 1]",
    "{'bug': 1}",
    "labels[0]",
    "(labels | first)",
    "(labels | length)",
    "(labels ~ '')",
];

/// Forms of the two languages themselves: `A`, `B` and `C` are arguments.
const GO_FORMS: &[&str] = &[
    "{{ A }}",
    "{{ print A B }}",
    "{{ println A }}",
    "{{ printf \"%v|%s|%q|%d\" A B C A }}",
    "{{ printf \"%T\" A }}",
    "{{ len A }}",
    "{{ index A B }}",
    "{{ index A B C }}",
    "{{ slice A B C }}",
    "{{ slice A B }}",
    "{{ eq A B }}",
    "{{ eq A B C }}",
    "{{ ne A B }}",
    "{{ lt A B }}",
    "{{ ge A B }}",
    "{{ and A B }}",
    "{{ or A B }}",
    "{{ not A }}",
    "{{ html A }}",
    "{{ js A }}",
    "{{ urlquery A }}",
    "{{ range A }}[{{ . }}]{{ else }}none{{ end }}",
    "{{ range $i, $e := A }}{{ $i }}={{ $e }},{{ end }}",
    "{{ with A }}{{ . }}{{ else }}none{{ end }}",
    "{{ if A }}{{ B }}{{ else }}{{ C }}{{ end }}",
    "{{ $x := A }}{{ $x }}{{ $x | toJson }}",
    "{{ index . \"Labels\" }}",
];

const JINJA_FORMS: &[&str] = &[
    "{{ A }}",
    "{{ A ~ B }}",
    "{{ A == B }}",
    "{{ A != B }}",
    "{{ A < B }}",
    "{{ A in B }}",
    "{{ A[B] }}",
    "{{ A + B }}",
    "{{ A if B else C }}",
    "{{ A | length }}",
    "{{ A | join(B) }}",
    "{{ A | first }}",
    "{{ A | last }}",
    "{{ A | sort }}",
    "{{ A | upper }}",
    "{{ A | replace(B, C) }}",
    "{{ A | default(B) }}",
    "{{ A | unique }}",
    "{{ A | reverse }}",
    "{{ A | list }}",
    "{{ A | string }}",
    "{{ A | tojson }}",
    "{{ A is string }}{{ A is sequence }}{{ A is mapping }}",
    "{{ A is defined }}{{ A is iterable }}{{ A is number }}",
    "{% for x in A %}[{{ x }}]{% else %}none{% endfor %}",
    "{% set x = A %}{{ x }}{{ x | toJson }}",
    "{{ A | map('upper') | join(',') }}",
    "{{ A | select('eq', B) | list }}",
];

/// Templates of all forms, and of all helpers in both languages.
pub(super) fn templates() -> Vec<String> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut templates = Vec::new();
    for (forms, args) in [(GO_FORMS, GO), (JINJA_FORMS, JINJA)] {
        for form in forms {
            for _ in 0..ROUNDS {
                let mut template = (*form).to_owned();
                for place in ["A", "B", "C"] {
                    // A capital by itself stands for an argument.
                    template =
                        template.replace(&format!(" {place}"), &format!(" {}", dice.one(args)));
                    template =
                        template.replace(&format!("({place}"), &format!("({}", dice.one(args)));
                    template =
                        template.replace(&format!("[{place}"), &format!("[{}", dice.one(args)));
                }
                templates.push(template);
            }
        }
    }
    for helper in helpers::all().filter(|helper| helper.name != "now") {
        let name = helper.name;
        for round in 0..ROUNDS {
            let fewest = helper.min_args.max(1);
            let count = (fewest + round % 3).min(helper.max_args.unwrap_or(usize::MAX));
            let go: Vec<&str> = (0..count).map(|_| dice.one(GO)).collect();
            let print = ["", " | toJson", " | lower", " | len"][round % 4];
            templates.push(format!("{{{{ {name} {}{print} }}}}", go.join(" ")));
            let mut jinja: Vec<&str> = (0..count).map(|_| dice.one(JINJA)).collect();
            if let Some(value) = jinja.pop() {
                let print = ["", " | toJson", " | lower", " | length"][round % 4];
                templates.push(format!("{{{{ {value} | {name}({}){print} }}}}", jinja.join(", ")));
            }
        }
    }
    templates
}

//! Random templates: the same for the same seed, mostly well-formed, often failing in Go too.

use serde_json::json;

/// The variables that random templates use.
pub(crate) fn vars() -> serde_json::Value {
    json!({
        "S": "some text", "E": "", "U": "é☃ \u{1f600}<'\">&=\\%\u{7}", "D": "12", "F": "%5d|%s|%v|%q",
        "I": 7, "N": -300, "Z": 0, "X": 2.75, "Y": 1.5e-9, "W": 1e22, "T": true, "B": false,
        "O": null, "L": ["b", "a", "c"], "K": [5, -1, 2.5, "x", true, [1], {"q": 1}],
        "A": [], "M": {"a": 1, "b": "two", "c": [1, 2], "d": {"e": "deep"}}
    })
}

/// A random template for a seed.
pub(crate) fn template(seed: u64) -> String {
    let mut grammar =
        Grammar { state: seed.wrapping_mul(0xd134_2543_de82_ef95), out: String::new() };
    let blocks = 1 + grammar.below(2);
    for _ in 0..blocks {
        grammar.block(2);
    }
    grammar.out
}

/// One of the sources with a few pieces taken out, doubled or put in.
pub(crate) fn garbled(sources: &[&str], seed: u64) -> String {
    let mut dice = Grammar { state: seed.wrapping_mul(0xd134_2543_de82_ef95), out: String::new() };
    let mut chars: Vec<char> = sources[dice.below(sources.len())].chars().collect();
    for _ in 0..1 + dice.below(3) {
        let at = dice.below(chars.len() + 1);
        let end = (at + dice.below(4)).min(chars.len());
        match dice.below(4) {
            0 => drop(chars.drain(at..end)),
            1 => {
                let piece: Vec<char> = chars[at..end].to_vec();
                chars.splice(at..at, piece);
            }
            _ => {
                let piece = PIECES[dice.below(PIECES.len())];
                chars.splice(at..at, piece.chars());
            }
        }
    }
    chars.into_iter().collect()
}

struct Grammar {
    state: u64,
    out: String,
}

const VARIABLES: [&str; 22] = [
    "S", "E", "U", "D", "F", "I", "N", "Z", "X", "Y", "W", "T", "B", "O", "L", "K", "A", "M",
    "M.a", "M.c", "M.d.e", "Absent",
];
const LITERALS: [&str; 20] = [
    "0",
    "1",
    "2",
    "-7",
    "0x1f",
    "3.0",
    "1e6",
    "-0.25",
    "'x'",
    "\"\"",
    "\"a b\"",
    "`c\\d`",
    "\"%v\"",
    "\"é\\n\"",
    "true",
    "false",
    "nil",
    "\"b\"",
    "\"c\"",
    "100",
];
const VERBS: [&str; 22] = [
    "v", "s", "q", "d", "x", "X", "t", "c", "U", "e", "f", "g", "G", "b", "o", "O", "E", "F", "T",
    "%", "w", "z",
];
const FLAGS: [&str; 12] = ["", "", "", "+", "-", "0", " ", "#", "+0", "-+", "#+", "0-"];
const SIZES: [&str; 12] = ["", "", "", "3", "12", ".0", ".2", "9.3", "*", ".*", "[1]", "[2]"];
/// What is called with arguments that seldom suit it.
const MISFITS: [&str; 8] = ["not", "eq", "print", "len .L", "call .S", ".S", "(1)", "index .L 1"];
const COMPARISONS: [&str; 6] = ["eq", "ne", "lt", "le", "gt", "ge"];

const PIECES: [&str; 48] = [
    " ",
    " ",
    "{{",
    "}}",
    "{{-",
    "-}}",
    "{{- ",
    " -}}",
    "/*",
    "*/",
    "(",
    ")",
    "|",
    ",",
    ":=",
    "=",
    "$",
    "$x",
    ".",
    "..",
    ".Kind",
    "\"",
    "`",
    "'",
    "\\",
    "0",
    "1",
    "_",
    "-",
    "+",
    "e",
    "x",
    "%",
    "\n",
    "\t",
    "\u{a0}",
    "é",
    "{{end}}",
    "{{else}}",
    "{{if 1}}",
    "{{with 1}}",
    "{{range 2}}",
    "{{break}}",
    "nil",
    "true",
    "html ",
    "len",
    "not ",
];

impl Grammar {
    /// A number below `n`, by SplitMix64.
    fn below(&mut self, n: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn one_of(&mut self, choices: &[&str]) {
        let choice = self.below(choices.len());
        self.push(choices[choice]);
    }

    fn block(&mut self, depth: usize) {
        let kinds = if depth == 0 { 6 } else { 12 };
        match self.below(kinds) {
            0 => self.one_of(&["text ", "\n", " \t ", "}} ", "é "]),
            1 => self.one_of(&["{{/* c */}}", "{{- /* c */}} x", " {{/* c */ -}} "]),
            2 => self.action("$v := "),
            3..=5 => self.action(""),
            6 | 7 => self.branch("if ", depth),
            8 => self.branch("with ", depth),
            9 => self.branch("range ", depth),
            10 => self.branch("range $k, $v := ", depth),
            _ => {
                let begin = self.below(2);
                self.push(["{{block \"t\" ", "{{- template \"t\" "][begin]);
                self.pipeline(1);
                self.push("}}");
                if begin == 0 {
                    self.block(0);
                    self.push("{{end}}");
                }
            }
        }
    }

    fn action(&mut self, target: &str) {
        self.one_of(&["{{", "{{", "{{ ", "{{- "]);
        self.push(target);
        self.pipeline(3);
        self.one_of(&["}}", "}}", " }}", " -}} "]);
        if !target.is_empty() {
            self.push("{{$v}}");
        }
    }

    fn branch(&mut self, keyword: &str, depth: usize) {
        self.push("{{");
        self.push(keyword);
        self.pipeline(2);
        self.push("}}");
        self.block(depth - 1);
        if keyword.starts_with("range") {
            self.one_of(&["{{.}}", "{{print .}}", "{{continue}}", "{{break}}", "{{$.I}}", ""]);
        }
        let again = if keyword == "if " { "{{else if .T}}again" } else { "{{else with .L}}w" };
        let again = if keyword.starts_with("range") { "" } else { again };
        self.one_of(&["", "{{else}}other", again]);
        self.push("{{end}}");
    }

    fn pipeline(&mut self, depth: usize) {
        if self.below(3) == 0 {
            self.operand(depth);
        } else {
            self.call(depth, false);
        }
        while self.below(4) == 0 {
            self.push(" | ");
            self.call(depth, true);
        }
    }

    fn operand(&mut self, depth: usize) {
        match self.below(if depth == 0 { 5 } else { 7 }) {
            0..=2 => {
                self.one_of(&["$.", ".", ".", ".", "."]);
                self.one_of(&VARIABLES);
            }
            3 if self.below(4) == 0 => {
                // Of any size, and once in a while with few digits.
                let bits = (self.below(usize::MAX) as u64) & !0 << (self.below(64));
                let float = f64::from_bits(bits);
                let text = if float.is_finite() { format!("{float:e}") } else { "0.5".to_owned() };
                self.push(&text);
            }
            3 => self.one_of(&LITERALS),
            4 => self.one_of(&["$", ".", ".I", ".S", "1", "\"x\""]),
            _ => {
                self.push("(");
                self.pipeline(depth - 1);
                self.push(")");
            }
        }
    }

    /// A function with arguments that mostly suit it.
    fn call(&mut self, depth: usize, piped: bool) {
        let depth = depth.saturating_sub(1);
        match self.below(if piped { 9 } else { 16 }) {
            0..=2 => self.printf(depth, piped),
            3 => {
                self.one_of(&["print", "println", "html", "js", "urlquery", "and", "or"]);
                let count = 1 + self.below(3);
                self.operands(count, depth);
            }
            4 | 5 => self.one_of(&["html", "js", "urlquery", "not", "print", "len"]),
            6 => {
                self.one_of(&COMPARISONS);
                self.push(" ");
                self.operand(depth);
            }
            7 | 8 => {
                self.one_of(&MISFITS);
                let count = self.below(3);
                self.operands(count, depth);
            }
            9 => {
                self.one_of(&[
                    "len .S", "len .L", "len .M", "len .U", "not .L", "html .U", "js .U",
                ]);
            }
            10 | 11 => {
                self.one_of(&COMPARISONS);
                self.push(" ");
                self.one_of(&[
                    ".I .N",
                    ".S \"some text\"",
                    ".X 2.75",
                    "(len .L) 3",
                    ".D .E",
                    ".I .X",
                ]);
            }
            12 | 13 => self.one_of(&[
                "index .L 0",
                "index .K 5 0",
                "index .M \"c\" 1",
                "index . \"S\"",
                "index .K 6",
                "index .S 2",
                "index .M \"no\"",
                "index .L 3",
                "index .L .Z",
                "index .M \"d\"",
            ]),
            _ => {
                self.one_of(&["slice .S ", "slice .L ", "slice .U ", "slice .M.c "]);
                self.one_of(&["0", "1", "1 2", "2 2", "0 2 2", "3 1", "9", "\"\"", "0 1"]);
            }
        }
    }

    fn operands(&mut self, count: usize, depth: usize) {
        for _ in 0..count {
            self.push(" ");
            self.operand(depth);
        }
    }

    fn printf(&mut self, depth: usize, piped: bool) {
        self.push("printf \"");
        let directives = 1 + self.below(3);
        for _ in 0..directives {
            self.one_of(&["", " ", "é", "x=", "\\t"]);
            self.push("%");
            self.one_of(&FLAGS);
            self.one_of(&SIZES);
            self.one_of(&VERBS);
        }
        self.push("\"");
        let arguments = self.below(directives + 2);
        self.operands(arguments.saturating_sub(usize::from(piped)), depth);
    }
}

//! Random arguments, the same in every run.

use serde_json::{Value as Json, json};

use super::arbitrary::{HELPERS, JSON, LAYOUTS, NAMES, NUMBERS, REGEX, REPLACEMENTS, TEXT, URLS};

/// How many for each helper; `RANDOM_CALLS` in the environment asks for more.
fn rounds() -> u64 {
    let wanted = std::env::var("RANDOM_CALLS").ok();
    wanted.map_or(300, |n| n.parse().expect("RANDOM_CALLS is a number"))
}

/// A generator of numbers that nobody can tell from random ones here (xorshift64*).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }

    fn one<'p>(&mut self, of: &[&'p str]) -> &'p str {
        of[self.roll(of.len())]
    }

    fn some(&mut self, of: &[&str], most: usize) -> String {
        (0..self.roll(most + 1)).map(|_| self.one(of)).collect()
    }

    fn int(&mut self) -> i64 {
        match self.roll(8) {
            0 => 0,
            1 => -1,
            2 => i64::MAX,
            3 => i64::MIN,
            _ => self.roll(40) as i64 - 12,
        }
    }

    fn number(&mut self) -> Json {
        match self.roll(5) {
            0 => json!(self.one(NUMBERS)),
            1 => json!((self.roll(20_000) as f64 - 8000.0) / 64.0),
            2 => json!([true, false][self.roll(2)]),
            _ => json!(self.int()),
        }
    }

    fn value(&mut self) -> Json {
        match self.roll(9) {
            0 => json!(null),
            1 => json!([self.one(NAMES), self.int()]),
            2 => json!({"k": self.one(NAMES)}),
            3 | 4 => self.number(),
            _ => json!(self.some(NAMES, 2)),
        }
    }

    fn list(&mut self) -> Json {
        (0..self.roll(6)).map(|_| self.value()).collect()
    }

    fn args(&mut self, name: &str) -> Vec<Json> {
        let text = self.some(NAMES, 8);
        let (one, other) = (self.some(NAMES, 2), self.some(NAMES, 2));
        let (regex, haystack) = (self.some(REGEX, 4), self.some(TEXT, 12));
        let count = self.roll(12) as i64 - 4;
        match name {
            "trunc" | "abbrev" | "repeat" => vec![json!(count), json!(text)],
            "substr" => vec![json!(count), json!(self.roll(12) as i64 - 4), json!(text)],
            "replace" => vec![json!(one), json!(other), json!(text)],
            "trimAll" | "trimPrefix" | "trimSuffix" | "contains" | "hasPrefix" | "hasSuffix"
            | "splitList" => vec![json!(one), json!(text)],
            "quote" | "squote" | "cat" | "coalesce" | "list" => {
                (0..self.roll(4)).map(|_| self.value()).collect()
            }
            "default" | "join" => vec![json!(one), self.value()],
            "toString" | "empty" | "toJson" | "int" | "int64" | "floor" | "ceil" => {
                vec![self.value()]
            }
            "add" | "max" | "min" | "mul" => (0..=self.roll(3)).map(|_| self.number()).collect(),
            "sub" | "div" | "mod" => vec![self.number(), self.number()],
            "round" => vec![self.number(), json!(self.roll(9) as i64 - 3)],
            "atoi" => vec![json!(self.one(NUMBERS))],
            "first" | "last" | "rest" | "initial" | "uniq" | "compact" | "sortAlpha" => {
                vec![self.list()]
            }
            "has" => vec![self.value(), self.list()],
            "without" => vec![self.list(), self.value(), self.value()],
            "until" => vec![json!(self.roll(30) as i64 - 10)],
            "regexMatch" | "regexFind" => vec![json!(regex), json!(haystack)],
            "regexFindAll" | "regexSplit" => vec![json!(regex), json!(haystack), json!(count - 2)],
            "regexReplaceAll" | "regexReplaceAllLiteral" => {
                vec![json!(regex), json!(haystack), json!(self.some(REPLACEMENTS, 2))]
            }
            "date" => vec![json!(self.some(LAYOUTS, 6)), json!(self.moment())],
            "fromJson" => vec![json!(format!("\"{}\"", self.some(JSON, 5)))],
            "urlParse" => vec![json!(self.some(URLS, 6))],
            "base" | "dir" | "ext" => {
                vec![json!(self.some(&["/", "//", ".", "..", "a", "b.c", "é", "/../"], 7))]
            }
            "adler32sum" | "b64enc" | "camelcase" | "kebabcase" | "lower" | "nospace"
            | "regexQuoteMeta" | "sha1sum" | "sha256sum" | "snakecase" | "title" | "trim"
            | "upper" => vec![json!(text)],
            _ => panic!("{name} has no random arguments here: say what it takes"),
        }
    }

    /// Seconds of a year from 0 to 9999, most of them near today.
    fn moment(&mut self) -> i64 {
        let far = self.roll(1 << 30) as i64 * 293 - 62_000_000_000;
        if self.roll(4) == 0 { far } else { self.roll(1 << 31) as i64 }
    }
}

/// Calls of all helpers; more of those that have the most rules.
pub(crate) fn questions() -> Vec<(&'static str, Vec<Json>)> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut questions = Vec::new();
    for name in HELPERS {
        let is_rich = name.starts_with("regex") || name.ends_with("case") || *name == "date";
        let calls = if is_rich { 10 * rounds() } else { rounds() };
        questions.extend((0..calls).map(|_| (*name, dice.args(name))));
    }
    questions
}

/// Where we differ from Sprig on purpose, as the table says, or in what no label needs.
pub(crate) fn is_known_difference(name: &str, args: &[Json]) -> bool {
    let text = |index: usize| args.get(index).and_then(Json::as_str).unwrap_or_default();
    match name {
        "nospace" => !text(0).is_ascii(),
        "toString" => args == [Json::Null],
        "trunc" | "abbrev" | "substr" => !text(args.len() - 1).is_ascii(),
        "camelcase" => text(0).chars().all(|c| c.is_whitespace() || matches!(c, '-' | '_')),
        // A wrong expression is an error here.
        "regexMatch" => true,
        "urlParse" => text(0).contains('@'),
        _ => false,
    }
}

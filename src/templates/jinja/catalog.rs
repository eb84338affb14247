//! What a Jinja template may call: filters, tests and functions, by name.

use std::collections::BTreeSet;

use crate::templates::helpers;

/// Jinja's own functions.
const FUNCTIONS: [&str; 2] = ["namespace", "range"];

/// Names of helpers that are names of variables, too.
const VARIABLE_NAMES: [&str; 1] = ["title"];

/// minijinja's filters that we keep: name, and the name under which its guard is registered.
///
/// Left out are those that build lists of lists or long lists out of little (`batch`, `chain`,
/// `groupby`, `slice`, `sum`, `zip`, `dictsort`), those that work on parts of elements
/// (`selectattr`, `rejectattr`), and those for HTML and debugging.
pub(super) const BUILT_IN: &[(&str, &str)] = &[
    ("abs", "\0abs"),
    ("bool", "\0bool"),
    ("capitalize", "\0capitalize"),
    ("count", "\0count"),
    ("d", "\0d"),
    ("default", "\0default"),
    ("first", "\0first"),
    ("float", "\0float"),
    ("format", "\0format"),
    ("indent", "\0indent"),
    ("int", "\0int"),
    ("items", "\0items"),
    ("join", "\0join"),
    ("last", "\0last"),
    ("length", "\0length"),
    ("lines", "\0lines"),
    ("list", "\0list"),
    ("lower", "\0lower"),
    ("max", "\0max"),
    ("min", "\0min"),
    ("replace", "\0replace"),
    ("reverse", "\0reverse"),
    ("round", "\0round"),
    ("sort", "\0sort"),
    ("split", "\0split"),
    ("string", "\0string"),
    ("title", "\0title"),
    ("trim", "\0trim"),
    ("unique", "\0unique"),
    ("upper", "\0upper"),
];

/// Our own versions of Jinja's filters that call others.
pub(super) const OWN: &[&str] = &["map", "reject", "select"];

/// Filters of minijinja that templates can't use.
pub(super) const LEFT_OUT: &[&str] = &[
    "attr",
    "batch",
    "chain",
    "dictsort",
    "e",
    "escape",
    "groupby",
    "pprint",
    "rejectattr",
    "safe",
    "selectattr",
    "slice",
    "sum",
    "zip",
];

/// Tests that cost what they look at: name, and the name under which the guard is registered.
pub(super) const COSTLY_TESTS: &[(&str, &str)] = &[
    ("endingwith", "\0endingwith"),
    ("eq", "\0eq"),
    ("equalto", "\0equalto"),
    ("ge", "\0ge"),
    ("greaterthan", "\0greaterthan"),
    ("gt", "\0gt"),
    ("in", "\0in"),
    ("le", "\0le"),
    ("lessthan", "\0lessthan"),
    ("lower", "\0lower"),
    ("lt", "\0lt"),
    ("ne", "\0ne"),
    ("sameas", "\0sameas"),
    ("startingwith", "\0startingwith"),
    ("upper", "\0upper"),
];

/// Tests that cost nothing to speak of.
pub(super) const CHEAP_TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "even",
    "false",
    "float",
    "int",
    "integer",
    "iterable",
    "mapping",
    "none",
    "number",
    "odd",
    "sequence",
    "string",
    "true",
    "undefined",
];

/// The name of the guard of a filter or test, if it has one.
pub(super) fn guarded(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    let index = table.binary_search_by_key(&name, |(name, _)| name).ok()?;
    Some(table[index].1)
}

/// The name by which a template's filter is to be called, if there is such a filter.
pub(super) fn filter_name(name: &str) -> Option<&'static str> {
    let own = || OWN.iter().find(|own| **own == name).copied();
    let helper = || helpers::find(name).map(|helper| helper.name);
    guarded(BUILT_IN, name).or_else(own).or_else(helper)
}

/// The name by which a template's test is to be called, if there is such a test.
pub(super) fn test_name(name: &str) -> Option<&'static str> {
    let cheap = || CHEAP_TESTS.iter().find(|cheap| **cheap == name).copied();
    guarded(COSTLY_TESTS, name).or_else(cheap)
}

/// Whether there is a function of that name. A variable that Kelos knows in lower case, `title`,
/// is no function, though a helper has its name: it is a filter only.
pub(super) fn is_function(name: &str) -> bool {
    FUNCTIONS.contains(&name) || helpers::find(name).is_some() && !VARIABLE_NAMES.contains(&name)
}

/// All filters.
pub(super) fn filters() -> BTreeSet<&'static str> {
    let built_in = BUILT_IN.iter().map(|(name, _)| *name);
    built_in.chain(OWN.iter().copied()).chain(helpers::all().map(|helper| helper.name)).collect()
}

/// All tests.
pub(super) fn tests() -> BTreeSet<&'static str> {
    COSTLY_TESTS.iter().map(|(name, _)| *name).chain(CHEAP_TESTS.iter().copied()).collect()
}

/// All functions.
pub(super) fn functions() -> BTreeSet<&'static str> {
    let helpers = helpers::all().map(|helper| helper.name).filter(|name| is_function(name));
    FUNCTIONS.into_iter().chain(helpers).collect()
}

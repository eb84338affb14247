//! Functions that people know from Sprig and Helm and that are not offered, with the reason.

use crate::templates::error::TemplateError;

/// What a message says between the name and the reason.
const NOT_OFFERED: &str = "is not offered: ";

/// Why the rest of Sprig is not there: labels and annotations have little use for it.
const NOT_LISTED: &str = "docs/helpers.md lists what is";

/// Why each is not there, as the end of a sentence that begins with its name.
const REASONS: [(&str, &[&str]); 10] = [
    ("templates reach no environment", &["env", "expandenv"]),
    ("templates reach no network", &["getHostByName"]),
    (
        "the same Task must always give the same result",
        &[
            "randAlpha",
            "randAlphaNum",
            "randAscii",
            "randBytes",
            "randInt",
            "randNumeric",
            "shuffle",
            "uuidv4",
        ],
    ),
    (
        "templates hold no secrets: everybody who reads the Task would know them",
        &[
            "bcrypt",
            "buildCustomCert",
            "decryptAES",
            "derivePassword",
            "encryptAES",
            "genCA",
            "genCAWithKey",
            "genPrivateKey",
            "genSelfSignedCert",
            "genSelfSignedCertWithKey",
            "genSignedCert",
            "genSignedCertWithKey",
            "htpasswd",
        ],
    ),
    ("templates reach no files", &["osBase", "osClean", "osDir", "osExt", "osIsAbs"]),
    ("templates look nothing up in the cluster", &["lookup"]),
    ("a template stands alone, it can't take in others", &["include"]),
    ("rendered text is data, never a template again", &["tpl"]),
    (
        "time stands still while a Task is admitted: there are `now`, `date` and `unixEpoch`",
        &[
            "ago",
            "dateInZone",
            "dateModify",
            "date_in_zone",
            "date_modify",
            "duration",
            "durationRound",
            "htmlDate",
            "htmlDateInZone",
            "mustDateModify",
            "mustToDate",
            "must_date_modify",
            "toDate",
        ],
    ),
    (
        NOT_LISTED,
        &[
            "abbrevboth",
            "add1",
            "add1f",
            "addf",
            "all",
            "any",
            "append",
            "b32dec",
            "b32enc",
            "b64dec",
            "biggest",
            "chunk",
            "clean",
            "deepCopy",
            "deepEqual",
            "dig",
            "divf",
            "float64",
            "indent",
            "initials",
            "isAbs",
            "kindIs",
            "kindOf",
            "maxf",
            "merge",
            "mergeOverwrite",
            "minf",
            "mulf",
            "nindent",
            "omit",
            "pick",
            "pluck",
            "plural",
            "prepend",
            "push",
            "reverse",
            "semver",
            "semverCompare",
            "seq",
            "set",
            "sha512sum",
            "split",
            "splitn",
            "subf",
            "swapcase",
            "toDecimal",
            "toPrettyJson",
            "toRawJson",
            "toStrings",
            "toToml",
            "toYaml",
            "fromYaml",
            "trimall",
            "tuple",
            "typeIs",
            "typeIsLike",
            "typeOf",
            "unset",
            "untilStep",
            "untitle",
            "urlJoin",
            "values",
            "wrap",
            "wrapWith",
        ],
    ),
];

/// What to take instead.
pub(super) const INSTEAD: [(&str, &str); 20] = [
    ("add1", "add"),
    ("append", "concat"),
    ("biggest", "max"),
    ("dateInZone", "date"),
    ("date_in_zone", "date"),
    ("dateModify", "add"),
    ("date_modify", "add"),
    ("htmlDate", "date"),
    ("osBase", "base"),
    ("osDir", "dir"),
    ("osExt", "ext"),
    ("prepend", "concat"),
    ("push", "concat"),
    ("sha512sum", "sha256sum"),
    ("split", "splitList"),
    ("toRawJson", "toJson"),
    ("toStrings", "toString"),
    ("trimall", "trimAll"),
    ("tuple", "list"),
    ("uuidv4", "sha256sum"),
];

/// What other languages call functions that are there, in small letters and without `_`.
const OTHER_NAMES: [(&str, &str); 10] = [
    ("capitalize", "title"),
    ("downcase", "lower"),
    ("lowercase", "lower"),
    ("strip", "trim"),
    ("substring", "substr"),
    ("tolower", "lower"),
    ("toupper", "upper"),
    ("truncate", "trunc"),
    ("upcase", "upper"),
    ("uppercase", "upper"),
];

/// The function that another language calls by this name.
pub(in crate::templates) fn other_name(name: &str) -> Option<&'static str> {
    let plain = name.replace('_', "").to_ascii_lowercase();
    OTHER_NAMES.iter().find(|(other, _)| *other == plain).map(|(_, helper)| *helper)
}

/// Functions of Sprig and Helm that are not offered for a reason of their own: the reasons, and the
/// functions of each.
pub fn not_offered() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    REASONS.into_iter().filter(|(reason, _)| *reason != NOT_LISTED)
}

/// Why a function of Sprig's or Helm's is not offered, in a clause, and what there is instead.
pub(in crate::templates) fn why(name: &str) -> Option<(String, Option<&'static str>)> {
    if let Some(plain) = name.strip_prefix("must")
        && let Some(helper) = super::all().find(|helper| same_but_first(helper.name, plain))
    {
        let message = format!("`{name}` {NOT_OFFERED}an error skips the key anyway");
        return Some((message, Some(helper.name)));
    }
    let (reason, _) = REASONS.iter().find(|(_, names)| names.contains(&name))?;
    let instead = INSTEAD.iter().find(|(absent, _)| *absent == name).map(|(_, helper)| *helper);
    Some((format!("`{name}` {NOT_OFFERED}{reason}"), instead))
}

/// Whether a template was refused because of such a function.
pub(in crate::templates) fn is_absent_error(error: &TemplateError) -> bool {
    error.message.contains(NOT_OFFERED)
}

/// Whether two names differ at most in the case of their first letters.
fn same_but_first(a: &str, b: &str) -> bool {
    let (a, b) = (a.split_at_checked(1), b.split_at_checked(1));
    matches!((a, b), (Some(a), Some(b)) if a.1 == b.1 && a.0.eq_ignore_ascii_case(b.0))
}

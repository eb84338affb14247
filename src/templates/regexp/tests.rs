//! Regular expressions that are refused, and what is said about them; what they match is compared
//! with the real Go by `tests/it/helpers.rs`.

use super::Pattern;

#[test]
fn a_wrong_expression_is_explained() {
    for (source, message) in [
        ("ab(c", "is wrong at character 3: `(` is not closed"),
        ("ab)c", "is wrong at character 3: `)` closes nothing"),
        ("é[a", "is wrong at character 2: `[` is not closed"),
        ("*", "is wrong at character 1: there is nothing to repeat"),
        ("a|+", "is wrong at character 3: there is nothing to repeat"),
        ("a**", "is wrong at character 3: a repetition can't be repeated: use a group `(?:…)`"),
        (
            "a{1001}",
            "is wrong at character 2: something is repeated more than 1000 times, or less often than at least",
        ),
        ("(a)\\1", "is wrong at character 4: it can't refer back to a group"),
        (
            "(?=a)",
            "is wrong at character 3: `(?` takes the flags i, m, s and U, a name `(?P<name>…)`, or `(?:…)`",
        ),
        ("\\p{Klingon}", "is wrong at character 1: there is no category or script of that name"),
        ("[z-a]", "is wrong at character 2: the range ends before it begins"),
        ("a\\", "is wrong at character 2: a backslash stands at the end"),
        ("\\C", "is wrong at character 1: texts have no single bytes: `\\C` is not available"),
    ] {
        let error = Pattern::compile(source).unwrap_err();
        assert_eq!(error.to_string(), format!("the regular expression {message}"), "{source}");
    }
}

#[test]
fn a_large_expression_is_refused() {
    for source in [
        "a".repeat(257),
        "(?:a{1000}){1000}".to_owned(),
        "(?:(?:(?:){1000}){1000}){1000}".to_owned(),
        format!("{}{{1000}}", "()".repeat(60)),
        "(?i)\\pC".to_owned(),
        (0..36u8).map(|i| format!("[^{}\\pL]", char::from(b'!' + i))).collect(),
    ] {
        assert!(Pattern::compile(&source).is_err(), "{source}");
    }
    for source in ["[a-z]{1,1000}", "(?i)\\p{Lu}+", "\\pL\\pL\\pL\\PL\\pN{20}"] {
        assert!(Pattern::compile(source).is_ok(), "{source}");
    }
}

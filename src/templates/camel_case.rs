//! Names in CamelCase, as Kelos spells its variables: `ReviewState`, `IssueID`.

/// Words that are written in capitals.
const ACRONYMS: [&str; 3] = ["ID", "SHA", "URL"];

/// `review-state` → `ReviewState`, `issue_id` → `IssueID`.
pub(crate) fn variable(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    for word in words(name) {
        match ACRONYMS.iter().find(|acronym| acronym.eq_ignore_ascii_case(word)) {
            Some(acronym) => camel.push_str(acronym),
            None => push_capitalized(&mut camel, word),
        }
    }
    camel
}

/// `review-state` → `reviewState`: a name within a group, where only capitals part the words.
pub(crate) fn field(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    for word in words(name) {
        if camel.is_empty() {
            camel.push_str(word);
        } else {
            push_capitalized(&mut camel, word);
        }
    }
    camel
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(['-', '_', '.']).filter(|word| !word.is_empty())
}

fn push_capitalized(camel: &mut String, word: &str) {
    let mut chars = word.chars();
    camel.extend(chars.next().into_iter().flat_map(char::to_uppercase));
    camel.push_str(chars.as_str());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_has_a_capital_and_an_acronym_has_nothing_else() {
        for (name, camel) in [
            ("title", "Title"),
            ("review_state", "ReviewState"),
            ("review-state", "ReviewState"),
            ("id", "ID"),
            ("thread-id", "ThreadID"),
            ("check_run_url", "CheckRunURL"),
            ("head.sha", "HeadSHA"),
            ("identity", "Identity"),
            ("keepsCapitals", "KeepsCapitals"),
            ("-a--b_", "AB"),
            ("é-ß", "ÉSS"),
            ("", ""),
        ] {
            assert_eq!(variable(name), camel);
        }
        for (name, camel) in
            [("review-state", "reviewState"), ("comment-url", "commentUrl"), ("_x", "x")]
        {
            assert_eq!(field(name), camel);
        }
    }
}

//! Links: URLs as people share them, without what is secret in them.
//!
//! Of a link only what opens doors is taken: user information, and the parameters that are known to hold
//! secrets. All the rest stays letter by letter, so that it is still the same link.

use std::borrow::Cow;

use url::{Url, form_urlencoded};

/// How the names of parameters end that hold secrets, in lower case and without anything but letters and
/// digits: `access_token`, `X-Amz-Security-Token`, `clientSecret`.
const SECRET_ENDINGS: [&str; 10] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "signature",
    "credential",
    "apikey",
    "accesskey",
    "secretkey",
];

/// Other names of parameters that hold secrets: of signed links to storage, and of sessions.
const SECRETS: [&str; 9] =
    ["sig", "pwd", "pass", "auth", "jwt", "awsaccesskeyid", "privatekey", "sessionid", "phpsessid"];

/// Whether a text is a URL as a whole: a scheme, `://`, and no white space but around it. What merely
/// holds one, such as `fix:https://…` or `<https://…>`, is a text.
pub(super) fn is_link(text: &str) -> bool {
    let text = text.trim();
    text.split_once("://").is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
            && !rest.contains(char::is_whitespace)
    })
}

/// A text without what is secret in it, if it is a URL as a whole; every other text as it is.
pub(super) fn without_secrets(text: &str) -> Cow<'_, str> {
    if !is_link(text) || !text.contains(['@', '?', '#']) {
        return Cow::Borrowed(text);
    }
    let (user, rest) = parts(text);
    let (address, parameters) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    match (user.is_empty(), public(parameters)) {
        (true, Cow::Borrowed(_)) => Cow::Borrowed(text),
        (_, public) => {
            let scheme = &text[..text.len() - rest.len() - user.len()];
            Cow::Owned([scheme, address, &public].concat())
        }
    }
}

/// The user information of a URL with its `@`, and what follows it.
fn parts(text: &str) -> (&str, &str) {
    let start = text.find("://").map_or(0, |at| at + "://".len());
    let rest = &text[start..];
    // What can't be read as a URL may have a password in it that nobody has escaped.
    let authority = match Url::parse(text.trim()) {
        Ok(_) => &rest[..rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len())],
        Err(_) => rest,
    };
    let end = authority.rfind('@').filter(|end| *end > 0);
    rest.split_at(end.map_or(0, |end| end + 1))
}

/// Query and fragment of a URL without the parameters that are secret. Some fragments have parameters, too.
fn public(parameters: &str) -> Cow<'_, str> {
    const SEPARATORS: [char; 4] = ['?', '#', '&', ';'];
    let is_secret = |parameter: &str| {
        parameter.get(1..).and_then(|it| it.split_once('=')).is_some_and(|(name, _)| {
            form_urlencoded::parse(name.as_bytes()).any(|(name, _)| is_secret_name(&name))
        })
    };
    let mut kept = String::with_capacity(parameters.len());
    // The `?` or `#` of a parameter that was taken: the next one stands behind it.
    let mut open = None;
    let mut rest = parameters;
    while !rest.is_empty() {
        let end = rest[1..].find(SEPARATORS).map_or(rest.len(), |at| at + 1);
        let (parameter, behind) = rest.split_at(end);
        let begins = parameter.starts_with(['?', '#']);
        if begins {
            open = None;
        }
        if is_secret(parameter) {
            open = if begins { Some(&parameter[..1]) } else { open };
        } else {
            match open.take() {
                Some(separator) => kept.extend([separator, &parameter[1..]]),
                None => kept.push_str(parameter),
            }
        }
        rest = behind;
    }
    if kept.len() == parameters.len() { Cow::Borrowed(parameters) } else { Cow::Owned(kept) }
}

fn is_secret_name(name: &str) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let name: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    SECRETS.contains(&&*name) || SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_no_url_as_a_whole_stays_as_it_is() {
        for text in [
            "fix:https://example.com/404",
            "fix:https://u:p@example.com/404?token=t#f",
            "See:https://user:pw@host/x",
            "登录页https://example.com/login?x=1#y打不开",
            "<https://a.example.com/b?token=t|b>",
            "[link](https://a/b?c#d)",
            r#"{"url":"https://u:p@a/b?token=t"}"#,
            "see https://a/b?token=t",
            "https://a/b?token=t and more",
            "feat(api)://x?y",
            "!://critical@x",
            "://x@y",
            "a b@c?d",
            "u@h?token=x",
        ] {
            assert_eq!(without_secrets(text), text);
        }
    }

    #[test]
    fn a_link_loses_its_secrets_and_nothing_else() {
        for text in [
            "https://github.com/acme/widgets/issues/4#issuecomment-99",
            "https://acme.slack.com/archives/C1/p17?thread_ts=17.5&cid=C1",
            "https://acme.sentry.io/issues/7/?project=1&query=is%3Aunresolved&referrer=slack",
            "https://grafana.example.com/d/a/b?orgId=1&from=now-6h&to=now&var-pod=x#panel",
            "HTTPS://A.b/x/../{c}?d",
            "http://ghe:80/Acme/widgets/pull/42#discussion_r1",
            "https://example.com/a@b",
            "npm://@types/node",
            "https://example.com/?q=a@b",
            "http://[::1",
            "https://x?",
            "https://x#",
            "https://x?a&b=&&c;d",
            "https://x?token",
        ] {
            assert_eq!(without_secrets(text), text);
        }
        for (text, expected) in [
            ("https://u:p@h/x?t=s#f", "https://h/x?t=s#f"),
            (" https://u:p@h/x\n", " https://h/x\n"),
            ("https://u:p@[::1/x?token=s", "https://[::1/x"),
            ("https://u:p/s?s#@h/x", "https://h/x"),
            ("https://u@a:p@h/x@y", "https://h/x@y"),
            ("ssh://git@h/x", "ssh://h/x"),
            ("https://h/x?token=s", "https://h/x"),
            ("https://h/x?a=1&token=s", "https://h/x?a=1"),
            ("https://h/x?token=s&a=1", "https://h/x?a=1"),
            ("https://h/x?token=s&api_key=t;a=1&b#c", "https://h/x?a=1&b#c"),
            ("https://h/x?token=s#c", "https://h/x#c"),
            ("https://h/x?a#access_token=s&state=1", "https://h/x?a#state=1"),
            ("https://h/#/route?auth_token=s", "https://h/#/route"),
            ("https://h/x?X-Amz-Date=1&X-Amz-Signature=s", "https://h/x?X-Amz-Date=1"),
            ("https://h/x?user%5Btoken%5D=s&%74oken=s", "https://h/x"),
            ("https://h/x?sv=1&sig=s&CLIENT.secret=t", "https://h/x?sv=1"),
            ("https://h/x?token==s", "https://h/x"),
        ] {
            assert_eq!(without_secrets(text), expected);
        }
    }
}

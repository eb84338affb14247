//! `urlParse`, as Go's `net/url` reads a URL.

use super::args;
use super::{Caller, ELEMENT};
use crate::templates::error::TemplateError;
use crate::templates::value::{Map, Value};

type Result<T, E = Problem> = std::result::Result<T, E>;

/// Why a text is no URL.
type Problem = &'static str;

/// `urlParse URL`: a map with `scheme`, `host`, `hostname`, `path`, `query`, `opaque`, `fragment`
/// and `userinfo`, which is always empty: no password goes into a label.
pub(super) fn url_parse(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let text = args::text("urlParse", args, 0)?;
    meter.take_steps(32 + text.len() as u64 / 8)?;
    meter.take_bytes(32 * ELEMENT + 3 * text.len())?;
    let url = parse(text)
        .map_err(|problem| TemplateError::render(format!("urlParse: this is no URL: {problem}")))?;
    let entries = [
        ("scheme", url.scheme.as_str()),
        ("host", &url.host),
        ("hostname", hostname(&url.host)),
        ("path", &url.path),
        ("query", url.query),
        ("opaque", url.opaque),
        ("fragment", &url.fragment),
        ("userinfo", ""),
    ];
    let map = entries.map(|(key, value)| (key.into(), Value::from(value)));
    Ok(Value::from(Map::from(map)))
}

#[derive(Default)]
struct Url<'u> {
    scheme: String,
    host: String,
    path: String,
    query: &'u str,
    opaque: &'u str,
    fragment: String,
}

fn parse(text: &str) -> Result<Url<'_>> {
    let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
    let fragment = unescape(fragment)?;
    if before.bytes().any(|b| b < b' ' || b == 0x7f) {
        return Err("it has a control character");
    }
    if before == "*" {
        return Ok(Url { path: "*".to_owned(), fragment, ..Url::default() });
    }
    let (scheme, rest) = scheme(before)?;
    let scheme = scheme.to_ascii_lowercase();
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut url = Url { scheme, query, fragment, ..Url::default() };
    if !rest.starts_with('/') {
        if !url.scheme.is_empty() {
            url.opaque = rest;
            return Ok(url);
        }
        if rest.split('/').next().is_some_and(|first| first.contains(':')) {
            return Err("the first part of its path has a colon");
        }
    }
    let is_relative = url.scheme.is_empty() && rest.starts_with("///");
    let path = match rest.strip_prefix("//").filter(|_| !is_relative) {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            url.host = host(&url.scheme, authority)?;
            path
        }
        None => rest,
    };
    url.path = unescape(path)?;
    Ok(url)
}

/// The scheme, empty if there is none, and what follows it.
fn scheme(text: &str) -> Result<(&str, &str)> {
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    match text.find(|c| !is_scheme(c)) {
        Some(0) if text.starts_with(':') => Err("its scheme is missing"),
        Some(end)
            if text[end..].starts_with(':')
                && text.starts_with(|c: char| c.is_ascii_alphabetic()) =>
        {
            Ok((&text[..end], &text[end + 1..]))
        }
        _ => Ok(("", text)),
    }
}

/// The host and port of `user:password@host:port`.
fn host(scheme: &str, authority: &str) -> Result<String> {
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let is_user = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if !user.chars().all(is_user) || unescape(user).is_err() {
        return Err("its user has a character that needs escaping");
    }
    let port = match (host.rfind('['), host.find(':')) {
        (Some(0), _) => {
            let end = host.rfind(']').ok_or("its address has no `]`")?;
            let address = host[1..end].split("%25").next().unwrap_or_default();
            let is_address = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.');
            if !address.contains(':') || !address.chars().all(is_address) {
                return Err("what stands in brackets is no IPv6 address");
            }
            &host[end + 1..]
        }
        (Some(_), _) => return Err("`[` stands within its host"),
        // The colons in the host of a database's URL are its own affair.
        (None, Some(_)) if !matches!(scheme, "http" | "https") => {
            &host[host.rfind(':').unwrap_or(host.len())..]
        }
        (None, Some(colon)) => &host[colon..],
        (None, None) => "",
    };
    if !is_port(port) {
        return Err("its port is no number");
    }
    let fits =
        |b: u8| b >= 0x80 || b.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"%".contains(&b);
    let hides_ascii = host.match_indices('%').any(|(at, _)| {
        let code = host.get(at + 1..at + 3);
        code.is_some_and(|code| code != "25" && code.as_bytes()[0] < b'8')
    });
    if !host.bytes().all(fits) || hides_ascii {
        return Err("its host has a character that no host has");
    }
    unescape(host)
}

/// Whether this is nothing, or a colon and a number.
fn is_port(text: &str) -> bool {
    let digits = text.strip_prefix(':');
    text.is_empty() || digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
}

/// The host without port and brackets.
fn hostname(host: &str) -> &str {
    let end = host.rfind(':').filter(|colon| is_port(&host[*colon..])).unwrap_or(host.len());
    let name = &host[..end];
    name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name)
}

/// The text with `%41` as `A`. What is no UTF-8 then is replaced.
fn unescape(text: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = match (byte, after) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |b: &u8| char::from(*b).to_digit(16);
                let (Some(high), Some(low)) = (digit(high), digit(low)) else {
                    return Err("a `%` is followed by no two hexadecimal digits");
                };
                bytes.push((high * 16 + low) as u8);
                after
            }
            (b'%', _) => return Err("a `%` is followed by no two hexadecimal digits"),
            (byte, after) => {
                bytes.push(*byte);
                after
            }
        };
    }
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

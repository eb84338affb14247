//! Where a repository lives, out of what people write: `owner/repo`, a URL, or `git@host:o/r.git`.

use url::Url;

/// A repository on a forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Repository {
    /// Where its pages are: `https://host` or `http://host:port`, without a slash at the end; missing in
    /// `owner/repo`.
    pub(super) site: Option<String>,
    /// The owner.
    pub(super) owner: String,
    /// The name, without `.git`.
    pub(super) name: String,
}

impl Repository {
    /// Reads a repository. Nothing if it is none of the shapes above.
    pub(super) fn parse(text: &str) -> Option<Repository> {
        let text = text.trim();
        if let Ok(url) = Url::parse(text)
            && let Some(host) = url.host_str()
        {
            let site = match (url.scheme(), url.port()) {
                (scheme @ ("http" | "https"), Some(port)) => site(scheme, host, Some(port)),
                (scheme @ ("http" | "https"), None) => site(scheme, host, None),
                // The port of ssh says nothing about the port of the pages.
                _ => site("https", host, None),
            };
            return Repository::on(Some(site), url.path());
        }
        match text.split_once(':') {
            Some((authority, path)) if !authority.contains('/') && !path.starts_with("//") => {
                let host = authority.rsplit('@').next().filter(|host| !host.is_empty())?;
                Repository::on(Some(site("https", host, None)), path)
            }
            Some(_) => None,
            None => Repository::on(None, text),
        }
    }

    /// A repository of this owner and name, if they can be parts of a URL.
    pub(super) fn named(site: Option<String>, owner: &str, name: &str) -> Option<Repository> {
        let is_plain = |part: &str| {
            !part.is_empty()
                && !part.contains(['/', '?', '#', '@', ':'])
                && !part.contains(char::is_whitespace)
        };
        (is_plain(owner) && is_plain(name)).then(|| Repository {
            site,
            owner: owner.to_owned(),
            name: name.to_owned(),
        })
    }

    fn on(site: Option<String>, path: &str) -> Option<Repository> {
        let path = path.trim_matches('/');
        let (owner, name) = path.strip_suffix(".git").unwrap_or(path).split_once('/')?;
        Repository::named(site, owner, name)
    }

    /// The host with its port, as people say it.
    pub(super) fn host(&self) -> Option<&str> {
        self.site.as_deref().and_then(|site| site.split_once("://")).map(|(_, host)| host)
    }
}

/// Where the pages of a host are. GitHub's own are at one place, whatever people clone from.
fn site(scheme: &str, host: &str, port: Option<u16>) -> String {
    let host = host.to_ascii_lowercase();
    if let "github.com" | "www.github.com" | "ssh.github.com" = &*host {
        return "https://github.com".to_owned();
    }
    match port {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    }
}

/// The address of a repository or a server without user information, query and fragment, so that no
/// credential becomes a variable: it is no link to a page that these would choose.
///
/// Nothing if the text looks like a URL but can't be read as one. Other text stays as it is.
pub(super) fn without_secrets(text: &str) -> Option<String> {
    if text.contains("://") {
        let mut url = Url::parse(text).ok()?;
        if !url.has_authority() {
            return None;
        }
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        url.set_fragment(None);
        let clean = url.to_string();
        // The parser writes the root path; the text may have been without.
        let had_no_path = url.path() == "/" && !text.trim_end().ends_with('/');
        return Some(if had_no_path { clean.trim_end_matches('/').to_owned() } else { clean });
    }
    // Whatever else it may be, such as a URL with a slip in it: what could be user information goes.
    let bare = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
    let end = bare.find(['?', '#']).unwrap_or(bare.len());
    Some(bare.get(..end)?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_read_in_every_shape() {
        for (text, expected) in [
            ("acme/widgets", Some((None, "acme", "widgets"))),
            (
                "https://github.com/acme/widgets.git",
                Some((Some("https://github.com"), "acme", "widgets")),
            ),
            (
                "https://github.com/acme/widgets/",
                Some((Some("https://github.com"), "acme", "widgets")),
            ),
            (
                "https://u:p@ghe.example.com:8443/a/kelos.dev",
                Some((Some("https://ghe.example.com:8443"), "a", "kelos.dev")),
            ),
            ("http://localhost:3000/a/b", Some((Some("http://localhost:3000"), "a", "b"))),
            (
                "http://ghe.example.com:8080/a/b.git/",
                Some((Some("http://ghe.example.com:8080"), "a", "b")),
            ),
            // The port that everybody takes for granted is none.
            ("https://github.com:443/a/b.git", Some((Some("https://github.com"), "a", "b"))),
            ("https://token@github.com/a/b?x=1#y", Some((Some("https://github.com"), "a", "b"))),
            (
                "https://GitHub.com/Acme/My.Widgets",
                Some((Some("https://github.com"), "Acme", "My.Widgets")),
            ),
            ("ssh://git@github.com/a/b.c.git/", Some((Some("https://github.com"), "a", "b.c"))),
            (
                "ssh://git@ghe.example.com:2222/a/b.git",
                Some((Some("https://ghe.example.com"), "a", "b")),
            ),
            (
                "git@github.com:acme/widgets.git",
                Some((Some("https://github.com"), "acme", "widgets")),
            ),
            (
                "git@ghe.example.com:tools/kelos.dev.git",
                Some((Some("https://ghe.example.com"), "tools", "kelos.dev")),
            ),
            ("ghe.example.com:a/b/", Some((Some("https://ghe.example.com"), "a", "b"))),
            // GitHub's pages are at one place.
            ("https://www.github.com/a/b.git", Some((Some("https://github.com"), "a", "b"))),
            ("http://WWW.GitHub.com/a/b", Some((Some("https://github.com"), "a", "b"))),
            ("ssh://git@ssh.github.com:443/a/b.git", Some((Some("https://github.com"), "a", "b"))),
            ("git@ssh.github.com:a/b.git", Some((Some("https://github.com"), "a", "b"))),
            ("git@GitHub.com:a/b.git", Some((Some("https://github.com"), "a", "b"))),
            (
                "https://www.ghe.example.com/a/b",
                Some((Some("https://www.ghe.example.com"), "a", "b")),
            ),
            ("acme/kelos.dev.git", Some((None, "acme", "kelos.dev"))),
            (" acme/widgets/ ", Some((None, "acme", "widgets"))),
        ] {
            let expected = expected.map(|(site, owner, name)| Repository {
                site: site.map(str::to_owned),
                owner: owner.to_owned(),
                name: name.to_owned(),
            });
            assert_eq!(Repository::parse(text), expected, "{text:?}");
        }
        assert_eq!(Repository::parse("http://h:1/a/b").unwrap().host(), Some("h:1"));
    }

    #[test]
    fn what_has_no_owner_and_name_is_no_repository() {
        for text in [
            "https://github.com/acme",
            "git@github.com:widgets.git",
            "file:///a/b",
            "https://bad^host/a",
            "https://github.com/a/b/c",
            "widgets",
            "",
            "a b/c",
        ] {
            assert_eq!(Repository::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn urls_lose_their_secrets() {
        for (text, expected) in [
            (
                "https://github.com/acme/widgets/issues/42",
                Some("https://github.com/acme/widgets/issues/42"),
            ),
            ("https://user:token@github.com/a/b?x=1#y", Some("https://github.com/a/b")),
            ("https://github.com", Some("https://github.com")),
            ("git@github.com:a/b.git", Some("github.com:a/b.git")),
            ("u:p@ss@host/x", Some("host/x")),
            ("u:p?ss@host/x?t=s#y", Some("host/x")),
            ("https:/u:p@host/x", Some("host/x")),
            ("//u:p@host/x", Some("host/x")),
            ("acme/widgets", Some("acme/widgets")),
            ("https://[bad", None),
        ] {
            assert_eq!(without_secrets(text).as_deref(), expected, "{text:?}");
        }
    }
}

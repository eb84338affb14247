//! Paths as others read them: relative to where the command runs, which is the root of the repository in CI.

use std::env;
use std::path::{Component, Path};

/// The path from here, with `/` between its parts; as it is where it leads elsewhere.
pub(super) fn relative(path: &Path) -> String {
    let here = env::current_dir().ok();
    let below = here.as_ref().and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path);
    let parts = below.components().filter(|part| *part != Component::CurDir);
    parts.collect::<std::path::PathBuf>().to_string_lossy().into_owned()
}

/// The path as a URI reference: of one that is not below here, a whole URI.
pub(super) fn uri(path: &Path) -> String {
    let path = relative(path);
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/".contains(&b);
    let mut uri = scheme.to_owned();
    for b in path.bytes() {
        if is_plain(b) {
            uri.push(char::from(b));
        } else {
            uri.push_str(&format!("%{b:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_below_here_are_relative_and_all_are_spelled_as_uris() {
        let here = env::current_dir().unwrap();
        assert_eq!(uri(&here.join("a b/ü:c.yaml")), "a%20b/%C3%BC%3Ac.yaml");
        assert_eq!(uri(Path::new("./x/./y.yaml")), "x/y.yaml");
        assert_eq!(uri(Path::new("/else where")), "file:///else%20where");
    }
}

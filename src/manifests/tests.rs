//! Files, folders, documents and lists: which objects are found in them, in which order, and what is said of the rest.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use super::*;

/// All that one reading found.
#[derive(Debug, Default)]
struct Manifests {
    objects: Vec<Manifest>,
    errors: Vec<ManifestError>,
}

impl Manifests {
    fn take(&mut self, found: Found) {
        match found {
            Ok(object) => self.objects.push(object),
            Err(error) => self.errors.push(error),
        }
    }
}

fn read(path: &Path) -> Manifests {
    let mut all = Manifests::default();
    super::read(path, |found| all.take(found));
    all
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

/// What was found, as `file:line name`.
fn objects(dir: &Path, found: &Manifests) -> Vec<String> {
    let show = |m: &Manifest| {
        let file = m.path.strip_prefix(dir).unwrap().display();
        format!("{file}:{} {}", m.line, m.object()["metadata"]["name"].as_str().unwrap_or("-"))
    };
    found.objects.iter().map(show).collect()
}

fn errors(dir: &Path, found: &Manifests) -> Vec<String> {
    let prefix = format!("{}/", dir.display());
    found.errors.iter().map(|e| e.to_string().replace(&prefix, "")).collect()
}

fn yaml(name: &str) -> String {
    format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n")
}

fn stdin(text: &str) -> Manifests {
    let mut all = Manifests::default();
    read_from("stdin", text.as_bytes(), |found| all.take(found));
    all
}

/// The only object of a text.
fn only(text: &str) -> Value {
    let mut found = stdin(text);
    assert_eq!(found.errors, []);
    assert_eq!(found.objects.len(), 1, "{found:?}");
    found.objects.remove(0).object()
}

#[test]
fn yaml_and_json_of_a_tree_are_read_in_the_order_of_their_names() {
    let json = "{\"apiVersion\": \"v1\", \"kind\": \"X\",\n \"metadata\": {\"name\": \"j\"}}\n";
    let dir = folder(&[
        ("b.yml", &yaml("b")),
        ("a.YAML", &yaml("a")),
        ("sub/deep/c.yaml", &yaml("c")),
        ("d.json", json),
        ("notes.md", "not: [read"),
        ("reviews.jsonl", "not read"),
        (".hidden.yaml", "not: [read"),
        (".git/config.yaml", "not: [read"),
        ("empty.yaml", ""),
        ("comment.yaml", "# nothing\n---\n"),
        ("empty.json", "\n"),
    ]);
    let found = read(dir.path());
    assert_eq!(errors(dir.path(), &found), [""; 0]);
    let expected = ["a.YAML:1 a", "b.yml:1 b", "d.json:1 j", "sub/deep/c.yaml:1 c"];
    assert_eq!(objects(dir.path(), &found), expected);
}

#[test]
fn a_file_that_is_something_else_is_left_out_by_whatever_path_it_is_named() {
    let dir = folder(&[("a.yaml", &yaml("a")), ("sub/defaults.yaml", "labels: {a: b}\n")]);
    let link = dir.path().join("link");
    symlink(dir.path().join("sub/defaults.yaml"), &link).unwrap();
    assert_eq!(read(dir.path()).errors.len(), 1);
    let mut all = Manifests::default();
    read_but(dir.path(), Some(&link), |found| all.take(found));
    assert_eq!((objects(dir.path(), &all).len(), all.errors.len()), (1, 0));
}

#[test]
fn every_document_of_a_file_has_its_line() {
    let text =
        format!("# head\n---\n{}---\n\n# c\n{}---\n---\n{}", yaml("a"), yaml("b"), yaml("c"));
    let json = "\n{\"apiVersion\":\"v1\",\"kind\":\"X\"}\n\n{\"apiVersion\":\"v1\",\n\"kind\":\"X\"} {\"apiVersion\":\"v1\",\"kind\":\"X\"}";
    let dir = folder(&[("a.yaml", &text), ("b.json", json)]);
    let found = read(dir.path());
    assert_eq!(errors(dir.path(), &found), [""; 0]);
    let expected =
        ["a.yaml:3 a", "a.yaml:10 b", "a.yaml:16 c", "b.json:2 -", "b.json:4 -", "b.json:5 -"];
    assert_eq!(objects(dir.path(), &found), expected);
}

#[test]
fn a_broken_document_costs_only_itself() {
    let text = format!("{}---\nkind: X\nmetadata:\n  name: [b\n---\n{}", yaml("a"), yaml("c"));
    let dir = folder(&[
        ("a.yaml", &text),
        ("b.json", "{\"apiVersion\": \"v1\",\n \"kind\": }"),
        ("c.yaml", &yaml("d")),
    ]);
    let found = read(dir.path());
    assert_eq!(objects(dir.path(), &found), ["a.yaml:1 a", "a.yaml:10 c", "c.yaml:1 d"]);
    let errors = errors(dir.path(), &found);
    assert_eq!(errors.len(), 2, "{errors:?}");
    let line = found.errors[0].place.unwrap().line;
    assert!((8..=9).contains(&line), "{errors:?}");
    assert_eq!(errors[1], "b.json:2:10: expected value");
}

#[test]
fn errors_say_where_and_what() {
    for (text, expected) in [
        ("kind: X\nkind: Y\n", "stdin:2:1: duplicate mapping key `kind` is not allowed here"),
        (
            "apiVersion: v1\nmetadata: {}\n",
            "stdin:1:1: a manifest is a mapping with apiVersion and kind: kind is missing here",
        ),
        (
            "\nkind: X\n",
            "stdin:2:1: a manifest is a mapping with apiVersion and kind: apiVersion is missing here",
        ),
        (
            "just text\n",
            "stdin:1:1: a manifest is a mapping with apiVersion and kind: a text is not one",
        ),
        ("- a\n", "stdin:1:1: a manifest is a mapping with apiVersion and kind: a list is not one"),
        (
            "apiVersion: v1\nkind: X\n---\na: {{ .Title }}\n",
            "stdin:4:5: expected string scalar (a value that begins with {{ needs quotes around it)",
        ),
        ("{\"kind\": 1", "stdin:1:10: EOF while parsing an object"),
    ] {
        let found = stdin(text);
        let shown: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        assert_eq!(shown, [expected], "{text:?}");
    }
}

#[test]
fn lists_are_flattened_and_typed_items_get_their_type() {
    let text = "
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: A}
- apiVersion: kelos.dev/v1alpha2
  kind: TaskSpawnerList
  metadata: {resourceVersion: \"7\"}
  items:
  - metadata: {name: b}
  - {apiVersion: other/v1, kind: C}
- 7
---
{apiVersion: v1, kind: List, items: []}
---
{apiVersion: v1, kind: PodList, items: null}
---
{apiVersion: x/v1, kind: AllowList, spec: {}}
";
    let found = stdin(text);
    let kinds: Vec<_> = found.objects.iter().map(|m| (&*m.api_version, &*m.kind, m.line)).collect();
    assert_eq!(
        kinds,
        [
            ("v1", "A", 2),
            ("kelos.dev/v1alpha2", "TaskSpawner", 2),
            ("other/v1", "C", 2),
            ("x/v1", "AllowList", 18),
        ]
    );
    assert_eq!(found.errors.len(), 1);
    assert!(found.errors[0].message.ends_with("a number is not one"));
}

#[test]
fn scalars_are_what_yaml_1_2_says() {
    let object = only(
        "apiVersion: v1\nkind: X\na: yes\nb: on\nc: true\nd: \"007\"\ne: '1.10'\nf: 7\ng: 1.5\n\
         h: null\ni: ~\nj:\nk: 2026-01-02T03:04:05Z\nl: |\n  {{.Title}}\n  ---\nm: \"true\"\n\
         n: &x {y: 1}\no: *x\np: 12e03\nq: 0x1F\nr: 1_000\n",
    );
    let expected = json!({
        "apiVersion": "v1", "kind": "X", "a": "yes", "b": "on", "c": true, "d": "007", "e": "1.10",
        "f": 7, "g": 1.5, "h": null, "i": null, "j": null, "k": "2026-01-02T03:04:05Z",
        "l": "{{.Title}}\n---\n", "m": "true", "n": {"y": 1}, "o": {"y": 1}, "p": 12000.0, "q": 31, "r": "1_000",
    });
    assert_eq!(object, expected);
}

#[test]
fn json_is_told_from_yaml_in_a_stream() {
    assert_eq!(only("\n\t{\"apiVersion\":\n\t\"v1\", \"kind\": \"X\"}\n")["kind"], "X");
    assert_eq!(only("\u{feff}apiVersion: v1\r\nkind: X\r\n")["kind"], "X");
}

#[test]
fn bombs_and_depths_are_refused() {
    let deep = format!("apiVersion: v1\nkind: X\na: {}{}\n", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(stdin(&deep).errors.len(), 1);
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(stdin(&deep).errors.len(), 1);
    let mut bomb = "apiVersion: v1\nkind: X\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let last = format!("*a{}, ", level - 1).repeat(10);
        bomb.push_str(&format!("a{level}: &a{level} [{last}]\n"));
    }
    let found = stdin(&bomb);
    assert_eq!((found.objects.len(), found.errors.len()), (0, 1));
}

#[test]
fn thousands_of_objects_fit_into_one_list() {
    let item = "- {apiVersion: v1, kind: X, metadata: {name: a, labels: {a: b, c: d, e: f}}}\n";
    let text = format!("apiVersion: v1\nkind: List\nitems:\n{}", item.repeat(40_000));
    let found = stdin(&text);
    assert_eq!(found.errors, []);
    assert_eq!(found.objects.len(), 40_000);
}

#[test]
fn what_is_no_text_or_too_large_is_an_error_of_the_file() {
    let dir = folder(&[("good.yaml", &yaml("good"))]);
    fs::write(dir.path().join("latin.yaml"), b"kind: X\nname: \xe4\n").unwrap();
    let large = File::create(dir.path().join("large.yaml")).unwrap();
    large.set_len(MAX_FILE_BYTES + 1).unwrap();
    let found = read(dir.path());
    assert_eq!(objects(dir.path(), &found), ["good.yaml:1 good"]);
    assert_eq!(
        errors(dir.path(), &found),
        ["large.yaml: larger than 32 MiB: split it", "latin.yaml:2:7: not UTF-8 text",]
    );
}

#[test]
fn links_are_followed_but_not_in_circles() {
    let dir = folder(&[("sub/a.yaml", &yaml("a"))]);
    symlink(dir.path(), dir.path().join("sub/loop")).unwrap();
    symlink("sub", dir.path().join("again")).unwrap();
    symlink("nowhere", dir.path().join("gone.yaml")).unwrap();
    let found = read(dir.path());
    assert_eq!(objects(dir.path(), &found), ["again/a.yaml:1 a"]);
    let errors = errors(dir.path(), &found);
    assert_eq!(errors.len(), 1);
    assert!(errors[0].starts_with("gone.yaml: cannot be read: No such file"), "{errors:?}");
}

#[test]
fn a_mounted_config_map_is_read_once() {
    let dir = folder(&[("..2026_01/a.yaml", &yaml("a")), ("..2026_01/b.json", "null")]);
    symlink("..2026_01", dir.path().join("..data")).unwrap();
    symlink("..data/a.yaml", dir.path().join("a.yaml")).unwrap();
    symlink("..data/b.json", dir.path().join("b.json")).unwrap();
    let found = read(dir.path());
    assert_eq!(objects(dir.path(), &found), ["a.yaml:1 a"]);
    assert_eq!(found.errors, []);
}

#[test]
fn a_single_file_is_read_whatever_its_name() {
    let dir =
        folder(&[("task.txt", &yaml("t")), ("task", "{\"apiVersion\": \"v1\", \"kind\": \"X\"}")]);
    for name in ["task.txt", "task"] {
        let found = read(&dir.path().join(name));
        assert_eq!((found.objects.len(), found.errors.len()), (1, 0), "{found:?}");
    }
    let found = read(&dir.path().join("missing"));
    let errors = errors(dir.path(), &found);
    assert!(errors[0].starts_with("missing: cannot be read: No such file"), "{errors:?}");
}

//! Tasks that cost much to know, to render or to merge: each of the largest size that the API server takes.

use std::collections::BTreeMap;

use kelos_metadata::engine::kelos::{Namespace, TaskSpawner};
use kelos_metadata::engine::rules::{Policy, Rules, Shared};
use kelos_metadata::engine::variables::{Facts, User};
use serde_json::{Map, Value, json};

/// How many keys fit into 256 KiB of annotations.
const KEYS: usize = 27_000;
/// A prompt that etcd still takes.
const PROMPT: usize = 1 << 20;

/// A TaskSpawner, a Task of it, and what is known beside.
pub struct Hostile {
    pub name: &'static str,
    pub spawner: Value,
    pub task: String,
    namespace: Option<Namespace>,
    user: Option<User>,
}

impl Hostile {
    /// A Task of githubIssues with these rules, and all else as it should be.
    fn new(name: &'static str, rules: &[(&str, &str)]) -> Hostile {
        let rules: BTreeMap<_, _> = rules.iter().copied().collect();
        let spawner = json!({
            "metadata": {"name": "w", "annotations": {"metadata.kelos.dev/annotations": json!(rules).to_string()}},
            "spec": {"when": {"githubIssues": {}}, "taskTemplate": {"promptTemplate": "Do it."}},
        });
        let task = json!({
            "metadata": {
                "name": "w-42",
                "annotations": {"kelos.dev/source-kind": "issue", "kelos.dev/source-number": "42"},
                "ownerReferences": [{"apiVersion": "kelos.dev/v1alpha2", "kind": "TaskSpawner", "name": "w",
                                     "controller": true}],
            },
            "spec": {"prompt": "Do it."},
        });
        Hostile { name, spawner, task: task.to_string(), namespace: None, user: None }
    }

    fn with_task(mut self, change: impl FnOnce(&mut Value)) -> Hostile {
        let mut task = serde_json::from_str(&self.task).unwrap();
        change(&mut task);
        self.task = task.to_string();
        self
    }

    fn with_spawner(mut self, change: impl FnOnce(&mut Value)) -> Hostile {
        change(&mut self.spawner);
        self
    }

    fn with_prompt(self, template: &str, prompt: &str) -> Hostile {
        self.with_spawner(|spawner| {
            spawner["spec"]["taskTemplate"]["promptTemplate"] = json!(template);
        })
        .with_task(|task| task["spec"]["prompt"] = json!(prompt))
    }

    /// Annotations of the Task, by their numbers.
    fn with_annotations(self, entry: impl Fn(usize) -> (String, String)) -> Hostile {
        self.with_task(|task| {
            let annotations = task["metadata"]["annotations"].as_object_mut().unwrap();
            annotations.extend((0..KEYS).map(entry).map(|(key, value)| (key, json!(value))));
        })
    }

    pub fn rules(&self) -> Rules {
        let spawner: TaskSpawner = serde_json::from_value(self.spawner.clone()).unwrap();
        Rules::compile(spawner, &Policy::default(), &mut Shared::default())
    }

    pub fn facts(&self) -> Facts<'_> {
        Facts {
            namespace: self.namespace.as_ref(),
            user: self.user.as_ref(),
            task_bytes: self.task.len(),
            ..Facts::default()
        }
    }
}

fn many(prefix: &str) -> impl Fn(usize) -> (String, String) {
    let prefix = prefix.to_owned();
    move |number| (format!("{prefix}{number:x}"), "v".to_owned())
}

fn entries(count: usize) -> Map<String, Value> {
    (0..count).map(many("k")).map(|(key, value)| (key, json!(value))).collect()
}

fn mebibyte(piece: &str) -> String {
    piece.repeat(PROMPT / piece.len())
}

/// Whatever there is many of.
pub fn entries_of_all_kinds() -> Vec<Hostile> {
    let all = [("a", "{{len .Annotations}}")];
    let twice = [("a", "{{len .Task.Annotations}}{{len .Task.Labels}}{{len .Annotations}}")];
    let mut user = Hostile::new("a user of 100,000 groups", &[("a", "{{len .User.Groups}}")]);
    user.user = Some(User { name: "u".to_owned(), groups: vec![String::new(); 100_000] });
    let mut namespace =
        Hostile::new("annotations of the Namespace", &[("a", "{{len .Namespace.Annotations}}")]);
    let metadata = json!({"metadata": {"annotations": entries(KEYS)}});
    namespace.namespace = Some(serde_json::from_value(metadata).unwrap());
    vec![
        Hostile::new("27,000 annotations", &all).with_annotations(many("k")),
        Hostile::new("27,000 annotations, all twice", &twice).with_annotations(many("k")),
        Hostile::new("27,000 annotations that nobody reads", &[("a", "{{.Number}}")])
            .with_annotations(many("k")),
        Hostile::new("27,000 labels", &[("a", "{{len .Task.Labels}}")])
            .with_task(|task| task["metadata"]["labels"] = json!(entries(KEYS))),
        Hostile::new("27,000 recorded annotations", &[("a", "{{.Author}}")])
            .with_annotations(many("kelos.dev/source-")),
        Hostile::new("27,000 annotations of ours", &all)
            .with_annotations(many("metadata.kelos.dev/x")),
        Hostile::new("27,000 URLs", &all)
            .with_annotations(|number| (format!("k{number:x}"), "https://u:p@h/x?y".to_owned())),
        Hostile::new("a URL of 256 KiB", &all).with_task(|task| {
            let url = format!("https://u:p@h/{}", "é<".repeat(80_000));
            task["metadata"]["annotations"]["url"] = json!(url);
        }),
        Hostile::new("a comma list of labels", &[("a", "{{index .Labels 0}}")]).with_task(|task| {
            task["metadata"]["annotations"]["kelos.dev/source-labels"] =
                json!("a,".repeat(100_000));
        }),
        Hostile::new("a JSON list of labels", &[("a", "{{index .Labels 0}}")]).with_task(|task| {
            let labels = json!(vec![""; 80_000]).to_string();
            task["metadata"]["annotations"]["kelos.dev/source-labels"] = json!(labels);
        }),
        Hostile::new("annotations of the TaskSpawner", &[("a", "{{len .Spawner.Annotations}}")])
            .with_spawner(|spawner| {
                let annotations = spawner["metadata"]["annotations"].as_object_mut().unwrap();
                annotations.extend(entries(KEYS));
            }),
        user,
        namespace,
    ]
}

/// Prompts that imitate their template.
pub fn prompts() -> Vec<Hostile> {
    let title = [("title", "{{.Title}}"), ("url", "{{.URL}}"), ("labels", "{{index .Labels 0}}")];
    let plain = "{{.Body}}\n---\n{{.Comments}}\n---\n{{.Title}} #{{.Number}}";
    let open = "{{.Body}}\n---\n{{.Comments}}\n---\n{{.Title}}\n---\n{{.ReviewComments}}";
    let pages = "{{.Body}}{{.URL}}{{.Comments}}{{.URL}}{{.Title}}{{.ReviewComments}}";
    // Of an event nobody has recorded the number.
    let numbers = "{{.Body}}{{.Number}}{{.CommentBody}}{{.Number}}{{.Title}}1{{.Context.a}}";
    let words = "{{.Body}}{{.Sender}}{{.Ref}}{{.Title}}x{{.Action}}{{.Context.a}}";
    // What stands twice is read again with what was found.
    let rounds = "{{.Title}}\n{{.Labels}}\n{{.Body}}\n{{.URL}}".repeat(12) + "{{.Comments}}";
    let long = format!("{{{{.Body}}}}{}b{{{{.Title}}}}", "a".repeat(64 << 10));
    let prompt = |name, template: &str, piece: &str| {
        Hostile::new(name, &title).with_prompt(template, &mebibyte(piece))
    };
    let event = |name, template: &str, piece: &str| {
        prompt(name, template, piece)
            .with_spawner(|spawner| {
                spawner["spec"]["when"] = json!({"githubWebhook": {"events": ["issues"]}});
            })
            .with_task(|task| task["metadata"]["annotations"] = json!({}))
    };
    vec![
        event("a prompt of digits", numbers, "1"),
        event("a prompt of digits and spaces", numbers, "1 "),
        event("a prompt of numbers", numbers, "123456789 "),
        event("a prompt of one word", words, "x"),
        event("a prompt of short words", words, "x "),
        prompt("a prompt of line breaks", open, "\n"),
        prompt("a prompt of rules", open, "\n---\n"),
        prompt("a prompt of nearly rules", open, "\n--\n---"),
        prompt("a prompt that ends as no template does", plain, "\n---\n"),
        prompt("a prompt of half URLs", pages, "http://"),
        prompt("a prompt of nearly pages", pages, "https://a/b/c/issues/4"),
        prompt("a prompt of pages", pages, "https://a/b/c/issues/42"),
        prompt("a prompt of ends of pages", pages, "/issues/42"),
        prompt("a prompt of long paths", pages, &["https://", &"x".repeat(5000)].concat()),
        prompt("a prompt that is read again and again", &rounds, "a\nb\n"),
        prompt("a prompt of line breaks, again and again", &rounds, "\n"),
        prompt("a prompt that is nearly a long text", &long, "a"),
        prompt("a prompt of escapes", open, "\u{1}"),
        prompt("a prompt of some escapes", open, "a\""),
        prompt("a prompt of labels", "{{.Labels}}", ", "),
        prompt("a prompt that is one label after another", "{{.Labels}}", "a, "),
        prompt("a title of a megabyte", "{{.Title}}", "é"),
        prompt("a title that is a URL", "{{.Title}}", "://é"),
        Hostile::new("64 fields that print the prompt", &title)
            .with_spawner(|spawner| {
                let template = "{{.Body}}a{{.Title}}b{{.Comments}}c{{.Labels}}";
                let field: Map<_, _> =
                    (0..64).map(|number| (format!("f{number}"), json!(template))).collect();
                spawner["spec"]["taskTemplate"]["metadata"] = json!({"annotations": field});
            })
            .with_task(|task| {
                let annotations = task["metadata"]["annotations"].as_object_mut().unwrap();
                let text = "abc".repeat(1300);
                annotations.extend((0..64).map(|number| (format!("f{number}"), json!(text))));
            }),
    ]
}

/// Templates and values.
pub fn keys() -> Vec<Hostile> {
    let field = |count: usize, template: &str, value: &str| {
        let templates: Map<_, _> =
            (0..count).map(|number| (format!("f{number}"), json!(template))).collect();
        let values: Map<_, _> =
            (0..count).map(|number| (format!("f{number}"), json!(value))).collect();
        (templates, values)
    };
    let (costly, numbers) = field(64, "{{range 3000}}{{end}}{{index .Labels 0}}", "98");
    let (bodies, long) = field(64, "{{.Body}}", &"!".repeat(16 << 10));
    let (plain, values) = field(64, "x", "y");
    let (_, far_too_many) = field(10_000, "x", "y");
    vec![
        Hostile::new("numbers of bytes by costly templates", &[])
            .with_spawner(|spawner| {
                spawner["spec"]["taskTemplate"]["metadata"] = json!({"annotations": costly});
            })
            .with_task(|task| {
                task["metadata"]["annotations"].as_object_mut().unwrap().extend(numbers);
                task["metadata"]["annotations"]["kelos.dev/source-labels"] = json!("bug");
            }),
        Hostile::new("64 labels that are bodies", &[])
            .with_spawner(|spawner| {
                spawner["spec"]["taskTemplate"]["metadata"] = json!({"labels": bodies});
                spawner["metadata"]["annotations"]["metadata.kelos.dev/on-invalid"] =
                    json!("sanitize");
            })
            .with_task(|task| task["metadata"]["labels"] = json!(long)),
        Hostile::new("128 keys of the Kelos field", &[])
            .with_spawner(|spawner| {
                let field = json!({"annotations": plain, "labels": plain});
                spawner["spec"]["taskTemplate"]["metadata"] = field;
            })
            .with_task(|task| task["metadata"]["labels"] = json!(values)),
        Hostile::new("10,000 keys of the Kelos field", &[]).with_spawner(|spawner| {
            spawner["spec"]["taskTemplate"]["metadata"] = json!({"annotations": far_too_many});
        }),
        Hostile::new("loops", &[("a", "{{range 30000}}{{end}}"), ("b", "{{range 30000}}{{end}}")]),
        Hostile::new("a value of 64 KiB", &[("a", "{{.Body}}")])
            .with_prompt("{{.Body}}", &"x".repeat(64 << 10)),
    ]
}

/// All of them.
pub fn all() -> Vec<Hostile> {
    [entries_of_all_kinds(), prompts(), keys()].into_iter().flatten().collect()
}

/// A Task of a TaskSpawner without a template for the prompt, which is the title then.
pub fn without_template(rules: &[(&str, &str)], prompt: &str) -> Hostile {
    Hostile::new("no template", rules).with_prompt("", prompt)
}

/// A Task as there are many.
pub fn ordinary() -> Hostile {
    issue("an ordinary Task", 100)
}

/// A Task with a prompt of a mebibyte that means no harm.
pub fn long() -> Hostile {
    issue("a prompt of a mebibyte", PROMPT / LINE.len())
}

/// A line of a log.
const LINE: &str = "It is broken, and \"here\" is a log:\n";

fn issue(name: &'static str, lines: usize) -> Hostile {
    let rules = [
        ("title", "{{.Title}}"),
        ("url", "{{.URL}}"),
        ("number", "{{.Number}}"),
        ("kind", "{{.Kind | lower}}"),
        (
            "priority",
            "{{range .Labels}}{{if hasPrefix \"p/\" .}}{{trimPrefix \"p/\" .}}{{end}}{{end}}",
        ),
        ("team", "backend"),
    ];
    let template = "#{{.Number}}: {{.Title}}\n{{.URL}}\nLabels: {{.Labels}}\n\nBody:\n{{.Body}}\n\n\
                    Comments:\n{{.Comments}}\n\nNow write a patch.";
    let body = LINE.repeat(lines);
    let prompt = format!(
        "#42: Fix it\nhttps://github.com/a/b/issues/42\nLabels: bug, p/high\n\nBody:\n{body}\n\n\
         Comments:\nIndeed.\n\nNow write a patch."
    );
    Hostile::new(name, &rules).with_prompt(template, &prompt)
}

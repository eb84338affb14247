//! What the workflow does with a release, but for what only GitHub has: the chart goes to a real registry and comes back;
//! docker, cosign and gh are scripts that write down what they are told.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;
use tempfile::TempDir;

use super::{VERSION, make, run};
use crate::harness::binaries;
use crate::harness::helm::Helm;
use crate::harness::process::Process;

/// The digest that the image has got.
const DIGEST: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// Each writes its name and arguments down, and does what is looked at afterwards.
const STAND_INS: [(&str, &str); 3] = [
    (
        "docker",
        r#"case $1 in
login) echo "password: $(cat)" >> "$SAID" ;;
buildx) while [ $# -gt 1 ]; do
    if [ "$1" = --metadata-file ]; then printf '{\n  "containerimage.digest": "%s",\n  "x": 1\n}\n' "$DIGEST" > "$2"; fi
    shift
done
if [ -d "$1" ]; then (cd "$1" && find . -type f | sort | tr '\n' ' '; echo) >> "$SAID"; fi ;;
esac"#,
    ),
    (
        "cosign",
        r#"if [ "$1" = sign-blob ]; then while [ "$1" != --bundle ]; do shift; done; echo signed > "$2"; fi"#,
    ),
    ("gh", ""),
];

/// A registry in memory; it ends when this is dropped.
struct Registry {
    host: String,
    _process: Process,
}

impl Registry {
    fn start() -> Registry {
        let mut process = Process::start(&binaries::registry(), |run| {
            run.args(["-port", "0"]).stderr(Stdio::piped());
        });
        let mut said = BufReader::new(process.take_stderr().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        // It writes a line for each request, and must not wait for somebody who reads it.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        let port = line.trim().rsplit(' ').next().unwrap();
        Registry { host: format!("localhost:{port}"), _process: process }
    }
}

/// The job that publishes: a folder with what both platforms have built, and the stand-ins.
struct Job {
    folder: TempDir,
    registry: Registry,
}

impl Job {
    fn new() -> Job {
        let job = Job { folder: tempfile::tempdir().unwrap(), registry: Registry::start() };
        fs::create_dir(job.path("bin")).unwrap();
        for (name, script) in STAND_INS {
            let path = job.path("bin").join(name);
            let script = format!("#!/bin/sh\nset -eu\necho \"{name} $*\" >> \"$SAID\"\n{script}\n");
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        }
        for (target, cpu) in [("x86_64", "amd64"), ("aarch64", "arm64")] {
            let name = format!("kelos-metadata-{VERSION}-{target}-unknown-linux-gnu");
            let context = job.path(cpu);
            fs::create_dir_all(context.join(cpu)).unwrap();
            fs::create_dir_all(job.path("dist")).unwrap();
            fs::write(context.join("Dockerfile"), "FROM scratch\n").unwrap();
            fs::write(context.join(cpu).join("program"), cpu).unwrap();
            for archive in ["-image.tar.gz", "-krew.tar.gz", ".tar.gz"] {
                let archive = job.path("dist").join(format!("{name}{archive}"));
                run(Command::new("tar").arg("-czf").arg(archive).arg("-C").arg(&context).arg("."));
            }
        }
        job
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a target as the workflow does; gives what the stand-ins were told.
    #[track_caller]
    fn makes(&self, target: &str, variables: &[(&str, &str)]) -> String {
        let repository = format!("{}/team/kelos-metadata", self.registry.host);
        let publish = self.path("publish");
        let all = [
            &[
                ("REGISTRY", &*repository),
                ("PUBLISH", publish.to_str().unwrap()),
                ("RELEASE_COMMIT", "c0ffee"),
                ("HELM_PUSH_FLAGS", "--plain-http"),
            ],
            variables,
        ];
        let said = self.path("said");
        fs::write(&said, "").unwrap();
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        let mut make = make(&[target], &self.path("dist"), &all.concat());
        make.env("PATH", path).env("SAID", &said).env("DIGEST", DIGEST).env("TOKEN", "a-token");
        // Whoever runs the tests may be logged in somewhere.
        make.env("HOME", self.folder.path()).env("DOCKER_CONFIG", self.folder.path());
        make.env("CARGO_HOME", cargo_home()).env("RUSTUP_HOME", rustup_home());
        run(&mut make);
        fs::read_to_string(said).unwrap()
    }
}

fn home(variable: &str, folder: &str) -> PathBuf {
    let home = || Path::new(&std::env::var_os("HOME").unwrap()).join(folder);
    std::env::var_os(variable).map_or_else(home, PathBuf::from)
}

fn cargo_home() -> PathBuf {
    home("CARGO_HOME", ".cargo")
}

fn rustup_home() -> PathBuf {
    home("RUSTUP_HOME", ".rustup")
}

#[test]
fn the_steps_of_the_workflow_publish_one_image_the_chart_and_all_files() {
    let job = Job::new();
    let host = &job.registry.host;
    let login = job.makes("publish-login", &[]);
    assert!(login.starts_with(&format!("docker login {host} --username ")), "{login}");
    assert!(login.contains("password: a-token") && !login.contains("--password "), "{login}");

    let pushed = job.makes("publish-image", &[]);
    assert!(pushed.contains(" --platform linux/amd64,linux/arm64 "), "{pushed}");
    assert!(
        pushed.contains(&format!("name={host}/team/kelos-metadata:{VERSION},push=true")),
        "{pushed}"
    );
    assert!(
        pushed.contains("./Dockerfile ./amd64/program ./arm64/program "),
        "one context: {pushed}"
    );
    let signed = format!("\ncosign sign --yes --recursive {host}/team/kelos-metadata@{DIGEST}\n");
    assert!(pushed.contains(&signed), "{pushed}");
    let image = fs::read_to_string(job.path("publish/image")).unwrap();
    let named = format!("{host}/team/kelos-metadata:{VERSION}@{DIGEST}");
    assert_eq!(image, format!("name={host}/team/kelos-metadata\ndigest={DIGEST}\nimage={named}\n"));

    job.makes("release-common", &[("RELEASE_IMAGE", &named)]);
    let dist = |name: &str| fs::read_to_string(job.path("dist").join(name)).unwrap();
    let started = format!("image: \"{host}/team/kelos-metadata@{DIGEST}\"");
    assert_eq!(dist("install.yaml").matches(&started).count(), 2, "webhook and controller");
    let krew = dist("kelos-metadata.yaml");
    assert!(krew.contains("arch: amd64") && krew.contains("arch: arm64"), "{krew}");

    let signed = job.makes("publish-chart", &[]);
    let (said, digest) = signed.trim().split_once('@').unwrap();
    assert_eq!(said, format!("cosign sign --yes {host}/team/charts/kelos-metadata"));
    let chart = format!("kelos-metadata-{VERSION}.tgz");
    let (source, back) =
        (format!("oci://{host}/team/charts/kelos-metadata@{digest}"), job.path("back"));
    fs::create_dir(&back).unwrap();
    let pull = ["pull", &source, "--plain-http", "--destination", back.to_str().unwrap()];
    Helm::offline().run(&pull, &json!({})).ok();
    let pulled = fs::read_dir(&back).unwrap().next().unwrap().unwrap().path();
    assert!(fs::read(pulled).unwrap() == fs::read(job.path("dist").join(chart)).unwrap());

    let signed = job.makes("publish-signature", &[]);
    assert!(signed.starts_with("cosign sign-blob --yes --bundle "), "{signed}");
    let page = job.makes("publish-notes", &[]);
    assert!(page.starts_with("gh release create v"), "{page}");
    for file in ["SHA256SUMS", "SHA256SUMS.sigstore.json", "install.yaml", "kelos-metadata.yaml"] {
        assert!(page.contains(&format!("dist/{file}")), "{file}: {page}");
    }
    let notes = fs::read_to_string(job.path("publish/notes.md")).unwrap();
    assert!(notes.contains("### Added"), "{notes:.200}");
}

/// What was signed is what is there: a file that is another one by then is not.
#[test]
fn what_was_changed_after_the_sums_were_made_is_not_signed() {
    let job = Job::new();
    let dist = job.path("dist");
    fs::write(dist.join("file"), "one").unwrap();
    fs::write(dist.join("SHA256SUMS"), format!("{:064}  file\n", 0)).unwrap();
    let said = job.path("said");
    let path = format!("{}:{}", job.path("bin").display(), std::env::var("PATH").unwrap());
    let mut make = make(&["publish-signature"], &dist, &[]);
    let output = make.env("PATH", path).env("SAID", &said).output().unwrap();
    assert!(!output.status.success() && !said.exists(), "{output:?}");
}

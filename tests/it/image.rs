//! The image, where no engine runs: its root file system is put together by the script that the
//! Dockerfile uses, and the program runs in it as the Dockerfile says: that user, that entry point.
//!
//! The program is the one of the profile `checked`; it is linked with the same libraries as that of
//! a release, and does not take minutes to link.

mod container;
mod dockerfile;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::CommandFactory;
use kelos_metadata::cli::Cli;
use serde_json::Value;

use container::rootfs;
use dockerfile::Dockerfile;

use crate::support::skipped;

const PROGRAM: &str = env!("CARGO_BIN_EXE_kelos-metadata");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file under a folder, by its path in it.
fn files(folder: &Path) -> BTreeSet<String> {
    let (mut found, mut folders) = (BTreeSet::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else {
                found.insert(format!("/{}", path.strip_prefix(folder).unwrap().display()));
            }
        }
    }
    found
}

#[test]
fn the_dockerfile_ships_what_the_script_puts_together_and_nothing_else() {
    let dockerfile = Dockerfile::read();
    let shipped = dockerfile.last_stage();
    assert_eq!(shipped.from, "scratch");
    assert_eq!(shipped.all("RUN"), Vec::<&str>::new(), "there is nothing that could run");
    let [copied] = shipped.all("COPY")[..] else { panic!("{:?}", shipped.all("COPY")) };
    let built = dockerfile.stage("build");
    let runs = built.all("RUN").join(" && ");
    let (_, made) = runs.split_once("image/rootfs.sh target/release/kelos-metadata ").unwrap();
    assert_eq!(copied, format!("--from=build {made}/ /"));
    assert!(
        runs.contains("cargo auditable build --release --locked --bin kelos-metadata"),
        "{runs}"
    );
}

#[test]
fn user_ports_and_toolchain_of_the_dockerfile_are_those_of_the_program() {
    let dockerfile = Dockerfile::read();
    let shipped = dockerfile.last_stage();
    let user = shipped.one("USER");
    let (uid, gid) = user.split_once(':').unwrap();
    assert!(uid.parse::<u32>().unwrap() > 0 && gid.parse::<u32>().unwrap() > 0, "{user}");
    let known = |file: &str| fs::read_to_string(root().join("image/etc").join(file)).unwrap();
    assert!(known("passwd").contains(&format!("\nnonroot:x:{uid}:{gid}:")));
    assert!(known("group").contains(&format!("\nnonroot:x:{gid}:")));

    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    let ports = ["bind_address", "metrics_bind_address", "health_probe_bind_address"].map(|flag| {
        let flag = serve.get_arguments().find(|argument| argument.get_id() == flag).unwrap();
        let address = flag.get_default_values()[0].to_str().unwrap();
        address.rsplit_once(':').unwrap().1
    });
    assert_eq!(shipped.one("EXPOSE"), ports.join(" "));

    let toolchain = fs::read_to_string(root().join("rust-toolchain.toml")).unwrap();
    let (_, pinned) = toolchain.split_once("channel = \"").unwrap();
    let version = pinned.split('"').next().unwrap();
    let from = &dockerfile.stage("build").from;
    assert!(from.starts_with(&format!("rust:{version}-slim-")), "{from}");
    let (_, digest) = from.split_once("@sha256:").unwrap();
    assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{from}");
}

/// Cargo finds in the context all that Cargo.toml names.
#[test]
fn the_build_context_is_enough_for_cargo() {
    let folder = tempfile::tempdir().unwrap();
    let rules = fs::read_to_string(root().join(".dockerignore")).unwrap();
    let mut rules = rules.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(rules.next(), Some("*"), "nothing, but for");
    for rule in rules {
        let path = rule.strip_prefix('!').unwrap();
        let mut copy = Command::new("cp");
        let copied =
            copy.args(["-r", "--parents", path]).arg(folder.path()).current_dir(root()).status();
        assert!(copied.unwrap().success(), "{path}");
    }
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--no-deps", "--format-version", "1"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let mut packages = metadata["packages"].as_array().unwrap().iter();
    let package = packages.find(|package| package["name"] == "kelos-metadata").unwrap();
    let targets = package["targets"].as_array().unwrap();
    assert!(targets.iter().any(|target| target["kind"][0] == "bin"), "{targets:?}");
    // Nothing is compiled in that is not there.
    for file in files(&root().join("src")) {
        let path = folder.path().join("src").join(&file[1..]);
        let text = fs::read_to_string(&path).unwrap();
        for call in text.split("include_str!(").skip(1).chain(text.split("include_bytes!(").skip(1))
        {
            let named = call.strip_prefix('"').and_then(|rest| rest.split_once('"'));
            let (named, _) = named.unwrap_or_else(|| panic!("{file}: no literal: {call:.80}"));
            assert!(path.parent().unwrap().join(named).exists(), "{file}: {named}");
        }
    }
    assert!(folder.path().join("image/rootfs.sh").exists());
}

#[test]
fn the_root_file_system_holds_the_program_its_libraries_and_no_shell() {
    let (_folder, rootfs) = rootfs();
    let ldd = Command::new("ldd").arg(PROGRAM).output().unwrap();
    let ldd = String::from_utf8(ldd.stdout).unwrap();
    let is_path = |word: &&str| word.starts_with('/');
    let mut expected: BTreeSet<String> =
        ldd.split_whitespace().filter(is_path).map(str::to_owned).collect();
    assert!(expected.iter().any(|library| library.contains("/libc.so")), "{ldd}");
    for file in ["/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/usr/bin/kelos-metadata"] {
        expected.insert(file.to_owned());
    }
    let found = files(&rootfs);
    let (documents, rest): (BTreeSet<String>, BTreeSet<String>) =
        found.into_iter().partition(|file| file.starts_with("/usr/share/doc/"));
    let (listed, rest): (BTreeSet<String>, BTreeSet<String>) =
        rest.into_iter().partition(|file| FOR_SCANNERS.iter().any(|it| file.starts_with(it)));
    assert_eq!(rest, expected);
    assert!(documents.contains("/usr/share/doc/kelos-metadata/LICENSE"), "{documents:?}");
    for file in documents.iter().chain(&rest).chain(&listed) {
        let path = PathBuf::from(format!("{}{file}", rootfs.display()));
        let metadata = fs::symlink_metadata(path).unwrap();
        assert!(metadata.is_file(), "{file}");
        assert_eq!(metadata.permissions().mode() & 0o7022, 0, "{file}: for nobody else to write");
    }
}

/// What Trivy, Syft and Grype read of a distribution in an image.
const FOR_SCANNERS: [&str; 3] =
    ["/etc/os-release", "/etc/debian_version", "/var/lib/dpkg/status.d/"];

/// A field of what dpkg says of a package.
fn field<'s>(status: &'s str, name: &str) -> &'s str {
    status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap()
}

#[test]
fn scanners_find_the_packages_of_all_that_is_the_distributions() {
    let dpkg = |args: &[&str]| {
        let output = Command::new("dpkg-query").args(args).output().ok()?;
        Some(String::from_utf8(output.stdout).unwrap())
    };
    let (_folder, rootfs) = rootfs();
    let folder = rootfs.join("var/lib/dpkg/status.d");
    if dpkg(&["--version"]).is_none() {
        assert!(!folder.exists());
        return skipped("no dpkg here: nothing says which packages files are of");
    }
    let release = fs::read_to_string(rootfs.join("etc/os-release")).unwrap();
    assert_eq!(release, fs::read_to_string("/etc/os-release").unwrap());
    let mut packages = BTreeSet::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let status = fs::read_to_string(&path).unwrap();
        assert_eq!(field(&status, "Package"), name);
        assert_eq!(field(&status, "Status"), "install ok installed", "{name}");
        let version = dpkg(&["--show", "--showformat", "${Version}\n", &name]).unwrap();
        assert_eq!(Some(field(&status, "Version")), version.lines().next(), "{name}");
        assert!(rootfs.join("usr/share/doc").join(&name).join("copyright").exists(), "{name}");
        packages.insert(name);
    }
    // Every file but ours is of one of them.
    let of_packages: String =
        packages.iter().map(|name| dpkg(&["--listfiles", name]).unwrap()).collect();
    let known: BTreeSet<&str> =
        of_packages.lines().map(|file| file.trim_start_matches("/usr")).collect();
    let libraries = files(&rootfs).into_iter().filter(|file| file.contains(".so"));
    let mut count = 0;
    for library in libraries {
        let real = fs::canonicalize(&library).unwrap();
        let real = real.to_str().unwrap().trim_start_matches("/usr");
        let is_known = known.contains(library.trim_start_matches("/usr")) || known.contains(real);
        assert!(is_known, "{library}: {packages:?}");
        count += 1;
    }
    assert!(count >= 3 && packages.contains("libc6"), "{packages:?}");
}

#[test]
fn the_script_wants_a_program_and_a_folder_that_is_not_there() {
    let script = root().join("image/rootfs.sh");
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(&script).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(run(&[]).0, Some(2));
    let (code, output) = run(&[PROGRAM, folder.path().to_str().unwrap()]);
    assert!(code == Some(1) && output.contains("is there already"), "{output}");
    let missing = folder.path().join("missing");
    let rootfs = folder.path().join("rootfs");
    assert_ne!(run(&[missing.to_str().unwrap(), rootfs.to_str().unwrap()]).0, Some(0));
}

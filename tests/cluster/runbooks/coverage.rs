//! Which situation each command of the page is followed in.

use std::collections::BTreeSet;

use crate::runbooks::page::{Code, operations};
use crate::runbooks::{certificates, defaults, log_claims, pods, registration, tasks, templates};

/// Every situation, with the commands that are followed in it: the shell fails if one is not.
const SITUATIONS: [(&str, &[&str]); 7] = [
    ("a Task without its label", &tasks::COMMANDS),
    ("templates that fail", &templates::COMMANDS),
    ("other defaults, and a mistake in them", &defaults::COMMANDS),
    ("the API server does without an answer", &registration::COMMANDS),
    ("certificates of our own", &certificates::COMMANDS),
    ("certificates of cert-manager", &certificates::OF_CERT_MANAGER),
    ("Pods that do not serve", &pods::COMMANDS),
];

#[test]
fn every_command_of_the_page_is_followed_and_no_other() {
    let page = operations();
    let code = Code::of(&page);
    let is_claim = |text: &str| log_claims::CLAIMS.iter().any(|(claim, _)| *claim == text);
    let given: BTreeSet<&str> = code.commands().filter(|text| !is_claim(text)).collect();
    let followed: BTreeSet<&str> =
        SITUATIONS.iter().flat_map(|(_, commands)| commands.iter().copied()).collect();
    let lacking: Vec<_> = given.difference(&followed).collect();
    assert!(lacking.is_empty(), "docs/operations.md gives what no test follows: {lacking:#?}");
    let invented: Vec<_> = followed.difference(&given).collect();
    assert!(
        invented.is_empty(),
        "tests follow what docs/operations.md does not give: {invented:#?}"
    );
}

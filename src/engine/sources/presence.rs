//! Which variables Kelos has of which event of GitHub (up to Kelos v0.52).

/// Whether an event has a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Presence {
    /// Every such event.
    Always,
    /// Some of them: an issue without a text has no `Body`.
    Sometimes,
    /// None.
    Never,
}

/// Whether an event has a variable that Kelos does not have of every event.
pub(in crate::engine) fn presence(event: &str, name: &str) -> Presence {
    use Presence::{Always, Never, Sometimes};
    let is_pull =
        matches!(event, "pull_request" | "pull_request_review" | "pull_request_review_comment");
    let is_issue = matches!(event, "issues" | "issue_comment");
    match name {
        "Number" | "URL" if is_issue || is_pull => Always,
        "Body" if is_issue || is_pull || event == "release" => Sometimes,
        "Branch" if is_pull => Always,
        _ => match (event, name) {
            // Kelos asks GitHub for the branch where a comment is on a pull request.
            ("issue_comment", "Branch") | ("pull_request_review", "CommentBody") => Sometimes,
            (
                "issue_comment" | "pull_request_review" | "pull_request_review_comment",
                "CommentURL",
            )
            | ("issue_comment" | "pull_request_review_comment", "CommentBody")
            | ("create", "RefType")
            | ("release", "Tag" | "URL")
            | ("check_run", "URL" | "CheckName" | "CheckApp" | "CheckRunURL" | "HeadSHA") => Always,
            // A push of a tag has no branch, and a run without pull requests no number.
            ("push" | "create" | "check_run", "Branch")
            | ("create", "Tag")
            | ("check_run", "Number" | "Conclusion") => Sometimes,
            _ => Never,
        },
    }
}

/// Whether a struct in a payload may be nothing, by the names that lead to it, without `Get`.
pub(in crate::engine) fn may_be_nothing(path: &[&str]) -> bool {
    match path {
        [first] => matches!(
            *first,
            "Label"
                | "Assignee"
                | "Milestone"
                | "Changes"
                | "RequestedReviewer"
                | "RequestedTeam"
                | "HeadCommit"
        ),
        ["Issue" | "PullRequest", name] => matches!(*name, "Milestone" | "Assignee"),
        _ => false,
    }
}

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

/// What an event has in its payload, as Go calls it; nothing of events that nobody listed.
fn fields(event: &str) -> Option<&'static [&'static str]> {
    Some(match event {
        "issues" => &["Issue", "Assignee", "Label", "Changes", "Milestone", "Org"],
        "issue_comment" => &["Issue", "Comment", "Changes", "Organization"],
        "pull_request" => &[
            "Assignee",
            "Number",
            "PullRequest",
            "Changes",
            "RequestedReviewer",
            "RequestedTeam",
            "Label",
            "Organization",
            "Before",
            "After",
            "PerformedViaGithubApp",
        ],
        "pull_request_review" => &["Review", "PullRequest", "Organization"],
        "pull_request_review_comment" => &["PullRequest", "Comment", "Changes", "Org"],
        "push" => &[
            "PushID",
            "Head",
            "Ref",
            "Size",
            "Commits",
            "Before",
            "DistinctSize",
            "After",
            "Created",
            "Deleted",
            "Forced",
            "BaseRef",
            "Compare",
            "HeadCommit",
            "Pusher",
            "Organization",
        ],
        "create" => &["Ref", "RefType", "MasterBranch", "Description", "PusherType", "Org"],
        "release" => &["Release", "Org"],
        "check_run" => &["CheckRun", "Org", "RequestedAction"],
        _ => return None,
    })
}

/// What is known of a field of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum PayloadField {
    /// The event has none of this name: an error.
    Missing,
    /// It may be nothing: an error if something of it is asked for.
    Nullable,
    /// A text, a number or a switch, behind a pointer.
    Pointer,
    /// Something that has fields.
    Parts,
    /// Nobody knows.
    Unknown,
}

/// What is known of a field of the payload of an event, by the names that lead to it.
pub(in crate::engine) fn payload_field(event: &str, path: &[&str]) -> PayloadField {
    let Some(fields) = fields(event) else { return PayloadField::Unknown };
    match path {
        [first] => {
            let name = first.strip_prefix("Get").filter(|name| !name.is_empty());
            let is_getter = name.is_some();
            let name = name.unwrap_or(first);
            let is_common = match name {
                "Repo" | "Sender" | "Installation" => true,
                "Action" => event != "create",
                _ => false,
            };
            match name {
                _ if !is_common && !fields.contains(&name) => PayloadField::Missing,
                _ if is_getter => PayloadField::Parts,
                "Label" | "Assignee" | "Milestone" | "Changes" | "RequestedReviewer"
                | "RequestedTeam" | "HeadCommit" => PayloadField::Nullable,
                "Action" | "Ref" | "RefType" | "Before" | "After" | "MasterBranch"
                | "Description" => PayloadField::Pointer,
                _ => PayloadField::Parts,
            }
        }
        ["Issue" | "GetIssue" | "PullRequest" | "GetPullRequest", "Milestone" | "Assignee"] => {
            PayloadField::Nullable
        }
        [
            "Issue" | "PullRequest",
            "Title" | "State" | "Body" | "HTMLURL" | "Number" | "ID" | "Draft",
        ]
        | ["Comment" | "Review", "Body" | "HTMLURL" | "ID"]
        | ["Release", "TagName" | "Name" | "Body"]
        | ["CheckRun", "Name" | "Status" | "Conclusion" | "HeadSHA"]
        | ["Sender", "Login"]
        | ["Repo", "Name" | "FullName"] => PayloadField::Pointer,
        _ => PayloadField::Unknown,
    }
}

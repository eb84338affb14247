//! The fields of TaskSpawners and SessionSpawners, as the API servers of Kelos v0.24 to v0.52 take them.
//!
//! A test compares them with Kelos's own schemas, where those are at hand.

/// A field that Kelos has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Its name.
    pub(super) name: &'static str,
    /// The first minor version of Kelos that has it: 36 is v0.36.
    pub(super) since: u8,
    /// The only version of the API that has it, if not both do.
    pub(super) only: Option<Api>,
    /// Whether the API server refuses an object without it.
    pub(super) is_required: bool,
    pub(super) below: Below,
}

/// A version of Kelos's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    V1alpha1,
    V1alpha2,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Below {
    /// A text, a number, or what is not looked at.
    Anything,
    /// These fields.
    Fields(&'static [Known]),
    /// A list of what has these fields.
    List(&'static [Known]),
}

/// The first version that this project knows.
const FIRST: u8 = 24;

const fn known(name: &'static str, below: Below) -> Known {
    Known { name, since: FIRST, only: None, is_required: false, below }
}

const fn field(name: &'static str) -> Known {
    known(name, Below::Anything)
}

const fn object(name: &'static str, fields: &'static [Known]) -> Known {
    known(name, Below::Fields(fields))
}

const fn list(name: &'static str, fields: &'static [Known]) -> Known {
    known(name, Below::List(fields))
}

impl Known {
    const fn since(self, since: u8) -> Known {
        Known { since, ..self }
    }

    const fn alpha1(self) -> Known {
        Known { only: Some(Api::V1alpha1), ..self }
    }

    const fn alpha2(self) -> Known {
        Known { only: Some(Api::V1alpha2), ..self }
    }

    const fn required(self) -> Known {
        Known { is_required: true, ..self }
    }
}

/// A TaskSpawner.
pub(super) static TASK_SPAWNER: &[Known] = &[
    field("apiVersion"),
    field("kind"),
    field("metadata"),
    field("status"),
    object("spec", TASK_SPAWNER_SPEC),
];

/// A SessionSpawner.
pub(super) static SESSION_SPAWNER: &[Known] = &[
    field("apiVersion"),
    field("kind"),
    field("metadata"),
    field("status"),
    object("spec", SESSION_SPAWNER_SPEC).required(),
];

static TASK_SPAWNER_SPEC: &[Known] = &[
    object("when", WHEN).required(),
    object("taskTemplate", TASK_TEMPLATE).required(),
    field("maxConcurrency"),
    field("maxTotalTasks"),
    field("suspend"),
    field("pollInterval").alpha1(),
    list("credentials", NAMED_CREDENTIALS).since(51).alpha2(),
];

static SESSION_SPAWNER_SPEC: &[Known] = &[
    object("when", WHEN_OF_SESSIONS).required(),
    object("sessionTemplate", SESSION_TEMPLATE).required(),
    list("credentials", NAMED_CREDENTIALS).since(51),
];

static NAME: &[Known] = &[field("name")];
static CREDENTIALS: &[Known] = &[field("type"), object("secretRef", NAME)];
static NAMED_CREDENTIALS: &[Known] = &[field("name"), field("type"), object("secretRef", NAME)];

static TASK_TEMPLATE: &[Known] = &[
    field("type"),
    object("credentials", CREDENTIALS),
    field("model"),
    field("effort").since(38),
    field("image"),
    object("workspaceRef", NAME),
    object("agentConfigRef", NAME).alpha1(),
    list("agentConfigRefs", NAME).since(32),
    field("promptTemplate"),
    field("branch"),
    field("nameTemplate").since(49).alpha2(),
    object("metadata", METADATA).since(25),
    list("contextSources", CONTEXT_SOURCE).since(36),
    field("dependsOn"),
    field("ttlSecondsAfterFinished"),
    object("podOverrides", POD_OVERRIDES),
    field("podFailurePolicy").since(40).alpha2(),
    field("upstreamRepo"),
    object("worker", WORKER).since(43).alpha2(),
    object("workerPoolRef", NAME).since(43).alpha2(),
];

static METADATA: &[Known] = &[field("labels"), field("annotations")];

static WORKER: &[Known] = &[
    field("type"),
    object("credentials", CREDENTIALS),
    field("model"),
    field("effort"),
    field("image"),
    object("workspaceRef", NAME),
    list("agentConfigRefs", NAME),
    object("podOverrides", POD_OVERRIDES),
];

static POD_OVERRIDES: &[Known] = &[
    field("resources"),
    field("activeDeadlineSeconds"),
    field("env"),
    field("nodeSelector"),
    field("serviceAccountName"),
    field("labels").since(29),
    field("containerSecurityContext").since(32),
    field("podSecurityContext").since(32),
    field("volumeMounts").since(32),
    field("volumes").since(32),
    field("affinity").since(33),
    field("imagePullSecrets").since(33),
    field("tolerations").since(33),
    field("extraContainers").since(37),
    field("extraInitContainers").since(37),
];

static SESSION_TEMPLATE: &[Known] = &[
    object("worker", WORKER).required(),
    field("initialPrompt"),
    field("initialBranch"),
    field("volumeClaimTemplate"),
    field("suspend").since(49),
    object("idlePolicy", &[field("suspendAfterSeconds"), field("deleteAfterSeconds")]).since(51),
];

static CONTEXT_SOURCE: &[Known] =
    &[field("name").required(), field("failurePolicy"), object("http", HTTP)];

static HTTP: &[Known] = &[
    field("url").required(),
    field("method"),
    field("body"),
    field("headers"),
    list("headersFrom", &[field("header"), field("secretName"), field("secretKey")]),
    field("timeoutSeconds"),
    field("maxResponseBytes"),
    field("allowInsecure"),
    object("responseFilter", &[field("type"), field("expression")]),
    object("githubAppAuth", &[object("secretRef", NAME), field("apiBaseURL")]).since(50).alpha2(),
];

/// The sources. They are also what `spec.when` may say at all.
pub(super) static WHEN: &[Known] = &[
    object("githubIssues", ISSUES),
    object("githubPullRequests", PULL_REQUESTS),
    object("jira", JIRA),
    object("cron", &[field("schedule").required()]),
    object("githubWebhook", GITHUB_WEBHOOK).since(26),
    object("linearWebhook", LINEAR_WEBHOOK).since(28),
    object("webhook", WEBHOOK).since(30),
    object("slack", SLACK).since(32),
];

pub(super) static WHEN_OF_SESSIONS: &[Known] =
    &[object("githubWebhook", GITHUB_WEBHOOK).required()];

static ISSUES: &[Known] = &[
    field("repo"),
    field("types"),
    field("labels"),
    field("excludeLabels"),
    field("priorityLabels"),
    field("state"),
    field("assignee"),
    field("author"),
    field("excludeAuthors").since(28),
    field("pollInterval"),
    object("commentPolicy", COMMENT_POLICY),
    field("triggerComment").alpha1(),
    field("excludeComments").alpha1(),
    object("reporting", REPORTING),
];

static PULL_REQUESTS: &[Known] = &[
    field("repo"),
    field("labels"),
    field("excludeLabels"),
    field("priorityLabels"),
    field("state"),
    field("reviewState"),
    field("draft"),
    field("author"),
    field("excludeAuthors").since(28),
    field("pollInterval"),
    object("filePatterns", FILE_PATTERNS).since(30),
    object("commentPolicy", COMMENT_POLICY),
    field("triggerComment").alpha1(),
    field("excludeComments").alpha1(),
    object("reporting", REPORTING),
];

static FILE_PATTERNS: &[Known] = &[field("include"), field("exclude")];

static COMMENT_POLICY: &[Known] = &[
    field("triggerComment"),
    field("excludeComments"),
    field("allowedUsers"),
    field("allowedTeams"),
    field("minimumPermission"),
];

static REPORTING: &[Known] = &[
    field("enabled"),
    object("checks", NAME).since(32),
    object("comments", &[field("mode")]).since(52).alpha2(),
];

static JIRA: &[Known] = &[
    field("baseUrl").required(),
    field("project").required(),
    field("jql"),
    field("pollInterval"),
    object("secretRef", NAME).required(),
];

static GITHUB_WEBHOOK: &[Known] = &[
    field("events").required(),
    list("filters", FILTER),
    field("repository"),
    field("excludeAuthors").since(28),
    object("reporting", REPORTING).since(32),
];

static FILTER: &[Known] = &[
    field("event").required(),
    field("action"),
    field("author"),
    field("excludeAuthors").since(28),
    field("labels"),
    field("excludeLabels"),
    field("state"),
    field("draft"),
    field("branch"),
    field("tag").since(39),
    field("bodyContains"),
    field("bodyPattern").since(32),
    field("excludeBodyPatterns").since(32),
    field("commentOn").since(32),
    object("filePatterns", FILE_PATTERNS).since(30),
    field("checkName").since(50).alpha2(),
    field("conclusion").since(50).alpha2(),
];

static LINEAR_WEBHOOK: &[Known] = &[
    field("types").required(),
    list(
        "filters",
        &[field("type"), field("action"), field("states"), field("labels"), field("excludeLabels")],
    ),
];

static WEBHOOK: &[Known] = &[
    field("source").required(),
    field("fieldMapping").required(),
    list("filters", JSON_FILTER),
    list("excludeFilters", JSON_FILTER).since(52).alpha2(),
];

static JSON_FILTER: &[Known] = &[field("field"), field("value"), field("pattern")];

static SLACK: &[Known] = &[
    field("channels"),
    list("triggers", &[field("pattern"), field("mentionOptional")]),
    field("excludePatterns").since(33),
    field("botMessagePolicy").since(38),
];

#[cfg(test)]
mod tests;

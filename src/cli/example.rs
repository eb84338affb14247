//! Command lines that the help of the commands ends with.

/// Of `render`.
pub(super) const RENDER: &str = "\
Example:
  kelos-metadata render -f taskspawner.yaml -f task.yaml
  kelos-metadata render -f examples/priority -o patch
  kelos-metadata render -f examples/priority --set 'Labels=priority/high, bug'
  kelos-metadata render -f taskspawner.yaml -o item > item.yaml
  kelos-metadata render -f taskspawner.yaml --item item.yaml --kelos v0.24 -o diff";

/// Of `test`.
pub(super) const TEST: &str = "\
Example:
  kelos-metadata test examples/tests/priority.yaml
  kelos-metadata test -f tests/ -o junit > report.xml";

/// Of `lint`.
pub(super) const LINT: &str = "\
Example:
  kelos-metadata lint -f taskspawner.yaml
  helm template charts/agents | kelos-metadata lint -f -
  kelos-metadata lint --all-namespaces --min-severity warning";

/// Of `check`.
pub(super) const CHECK: &str = "\
Example:
  kelos-metadata check
  kelos-metadata check -n my-team -o json";

/// Of `completion`.
pub(super) const COMPLETION: &str = "\
Example:
  source <(kelos-metadata completion bash)
  kelos-metadata completion zsh > ~/.zfunc/_kelos-metadata
  kelos-metadata completion fish > ~/.config/fish/completions/kelos-metadata.fish";

/// Of `explain`.
pub(super) const EXPLAIN: &str = "\
Example:
  kelos-metadata explain task/issue-worker-42 -n agents
  kelos-metadata explain task/issue-worker-42 team.example.com/priority
  kelos-metadata explain -f taskspawner.yaml -f task.yaml -o json";

/// Of `preview`.
pub(super) const PREVIEW: &str = "\
Example:
  kelos-metadata preview -n agents --since 168h
  kelos-metadata preview -f taskspawner.yaml -o diff
  kelos-metadata preview -A -o json";

/// Of `report`.
pub(super) const REPORT: &str = "\
Example:
  kelos-metadata report --by priority -n agents
  kelos-metadata report --by team,priority -A --since 168h
  kelos-metadata report --by team -A --since 2026-11-01 --until 2026-12-01 -o csv";

/// Of `backfill`.
pub(super) const BACKFILL: &str = "\
Example:
  kelos-metadata backfill -n agents
  kelos-metadata backfill -n agents --write --records";

/// Of `eval`.
pub(super) const EVAL: &str = "\
Example:
  echo '{\"Labels\": [\"priority/high\", \"bug\"], \"Number\": 42}' > vars.json
  kelos-metadata eval --vars vars.json 'issue-{{ .Number }}'
  kelos-metadata eval --set 'Title=Fix it' --set 'Labels=[bug, docs]' '{{ .Title | lower }}'
  kelos-metadata eval --syntax jinja --vars vars.json 'issue-{{ number }}'";

/// Of `monitoring`.
pub(super) const MONITORING: &str = "\
Example:
  kelos-metadata monitoring --by team,team.example.com/priority --service-account monitoring/kube-state-metrics \\
    --rule-label release=prometheus | kubectl apply --server-side -n monitoring -f -
  kelos-metadata monitoring -A -o kube-state-metrics
  kelos-metadata monitoring --by team,priority --write-to monitoring/
  kelos-metadata monitoring --by team -o prometheus-rules";

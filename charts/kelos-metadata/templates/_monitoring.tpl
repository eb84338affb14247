{{/*
What `kelos-metadata monitoring` prints for the same keys, out of the same files in monitoring/: where a key is put in
is written here once more, and a test says that both give the same.
*/}}

{{/* The name of a label key in Prometheus, as kube-state-metrics makes it. */}}
{{- define "kelos-metadata.monitoring.label" -}}
{{- $name := regexReplaceAll "[^A-Za-z0-9_]" . "_" -}}
label_{{ regexReplaceAll "([a-z0-9])([A-Z])" $name "${1}_${2}" | lower }}
{{- end }}

{{/* The configuration of kube-state-metrics. */}}
{{- define "kelos-metadata.monitoring.kubeStateMetrics" -}}
{{- $config := .Files.Get "monitoring/kube-state-metrics.yaml" | fromYaml }}
{{- range $config.spec.resources }}
{{- range .metrics }}
{{- $paths := dig "each" "info" "labelsFromPath" dict . }}
{{- with get $paths "@label@" }}
{{- $path := initial . }}
{{- range $.Values.monitoring.keys }}
{{- $_ := set $paths (include "kelos-metadata.monitoring.label" .) (append $path .) }}
{{- end }}
{{- $_ := unset $paths "@label@" }}
{{- end }}
{{- end }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{/* The rules of Prometheus. */}}
{{- define "kelos-metadata.monitoring.rules" -}}
{{- $groups := list }}
{{- range ternary (list "monitoring/alerts.yaml" "monitoring/rules.yaml") (list "monitoring/alerts.yaml") (not (empty .Values.monitoring.keys)) }}
{{- $groups = concat $groups ($.Files.Get . | fromYaml).groups }}
{{- end }}
{{- range .Values.monitoring.keys }}
{{- $label := include "kelos-metadata.monitoring.label" . }}
{{- $group := $.Files.Get "monitoring/rules-of-key.yaml" | replace "@key@" . | replace "@label@" $label }}
{{- $groups = append $groups (fromYaml $group) }}
{{- end }}
{{- toYaml (dict "groups" $groups) }}
{{- end }}

{{/* The dashboard of Grafana. */}}
{{- define "kelos-metadata.monitoring.dashboard" -}}
{{- $dashboard := .Files.Get "monitoring/dashboard.json" | fromJson }}
{{- $options := list }}
{{- $pairs := list }}
{{- range $place, $key := .Values.monitoring.keys }}
{{- $label := include "kelos-metadata.monitoring.label" $key }}
{{- $options = append $options (dict "selected" (eq $place 0) "text" $key "value" $label) }}
{{- $pairs = append $pairs (printf "%s : %s" $key $label) }}
{{- end }}
{{- range $dashboard.templating.list }}
{{- if eq .name "by" }}
{{- $_ := set . "current" (first $options) }}
{{- $_ := set . "options" $options }}
{{- $_ := set . "query" (join "," $pairs) }}
{{- end }}
{{- end }}
{{- toPrettyJson $dashboard }}
{{- end }}

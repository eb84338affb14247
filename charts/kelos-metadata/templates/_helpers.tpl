{{/*
Names are fixed, as those of Kelos's own chart are: there is one webhook in a cluster. So a second installation is
refused by Helm instead of answering the same Tasks twice.
*/}}
{{- define "kelos-metadata.name" -}}
kelos-metadata
{{- end }}

{{/*
What the Service, the Deployment and all that counts Pods select by. Never app.kubernetes.io/name=kelos: Kelos's own
Service would send us what is meant for Kelos.
*/}}
{{- define "kelos-metadata.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kelos-metadata.name" . }}
app.kubernetes.io/component: webhook
{{- end }}

{{/* Without the chart's version: a new one that starts the same Pods leaves them running. */}}
{{- define "kelos-metadata.podLabels" -}}
{{ include "kelos-metadata.selectorLabels" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "kelos-metadata.labels" -}}
{{ include "kelos-metadata.podLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* The metadata of an object in the release's namespace. */}}
{{- define "kelos-metadata.metadata" -}}
name: {{ include "kelos-metadata.name" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "kelos-metadata.labels" . | nindent 2 }}
{{- end }}

{{- define "kelos-metadata.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end }}
{{- end }}
{{- end }}

{{/* HOST of a listener, as it stands before a port. */}}
{{- define "kelos-metadata.host" -}}
{{- if contains ":" .Values.bindHost -}}
[{{ .Values.bindHost }}]
{{- else -}}
{{ .Values.bindHost }}
{{- end }}
{{- end }}

{{/* What `kelos-metadata` is started with. */}}
{{- define "kelos-metadata.args" -}}
{{- $host := include "kelos-metadata.host" . -}}
- serve
- --bind-address={{ $host }}:9443
- --metrics-bind-address={{ $host }}:8080
- --health-probe-bind-address={{ $host }}:8081
{{ include "kelos-metadata.certificates.args" . }}
- --log-format={{ .Values.logFormat }}
- {{ printf "--log-level=%s" .Values.logLevel | quote }}
- --on-invalid={{ .Values.onInvalid }}
{{- range .Values.protect }}
- {{ printf "--protect=%s" . | quote }}
{{- end }}
{{- if not .Values.infer }}
- --infer=off
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The kinds of affinity that are given; nothing, if none is. */}}
{{- define "kelos-metadata.affinity" -}}
{{- range $kind, $affinity := .Values.affinity }}
{{- with $affinity }}
{{ $kind }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* How a monitor, which is given, scrapes. */}}
{{- define "kelos-metadata.scrape" -}}
port: metrics
path: /metrics
{{- with .interval }}
interval: {{ . }}
{{- end }}
{{- with .scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- end }}

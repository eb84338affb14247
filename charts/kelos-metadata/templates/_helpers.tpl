{{/*
Names are fixed, as those of Kelos's own chart are: there is one webhook in a cluster. So a second installation is
refused by Helm instead of answering the same Tasks twice.
*/}}
{{- define "kelos-metadata.name" -}}
kelos-metadata
{{- end }}

{{/*
Which of the programs a template is about: the webhook, unless the context says otherwise, as
`mustMerge (dict "Component" "controller") .` does. The `test` runs only for `helm test`.
*/}}
{{- define "kelos-metadata.component" -}}
{{ .Component | default "webhook" }}
{{- end }}

{{/* The programs that are installed. */}}
{{- define "kelos-metadata.components" -}}
webhook
{{- if eq .Values.certificates.mode "selfManaged" }} controller{{ end }}
{{- end }}

{{/* The name of a component's objects. */}}
{{- define "kelos-metadata.fullname" -}}
{{- $component := include "kelos-metadata.component" . -}}
{{ include "kelos-metadata.name" . }}{{ if ne $component "webhook" }}-{{ $component }}{{ end }}
{{- end }}

{{/*
What the Service, the Deployment and all that counts Pods select by. Never app.kubernetes.io/name=kelos: Kelos's own
Service would send us what is meant for Kelos.
*/}}
{{- define "kelos-metadata.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kelos-metadata.name" . }}
app.kubernetes.io/component: {{ include "kelos-metadata.component" . }}
{{- end }}

{{/* Without the chart's version: a new one that starts the same Pods leaves them running. */}}
{{- define "kelos-metadata.podLabels" -}}
{{ include "kelos-metadata.selectorLabels" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{/* The chart's own labels of an object. */}}
{{- define "kelos-metadata.labels" -}}
{{ include "kelos-metadata.podLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Maps of labels or annotations as one, in YAML; nothing, if all are empty. The last one that has a key decides. */}}
{{- define "kelos-metadata.joined" -}}
{{- $all := dict }}
{{- range . }}
{{- range $key, $value := . }}
{{- $_ := set $all $key $value }}
{{- end }}
{{- end }}
{{- with $all }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/*
The labels and annotations of an object: those of all objects; then `Labels` and `Annotations` of the context, lists of
maps, which are for this one; the chart's own labels decide.
*/}}
{{- define "kelos-metadata.labelsAndAnnotations" -}}
{{- $own := include "kelos-metadata.labels" . | fromYaml -}}
labels:
  {{- include "kelos-metadata.joined" (concat (list .Values.commonLabels) (default list .Labels) (list $own)) | nindent 2 }}
{{- with include "kelos-metadata.joined" (concat (list .Values.commonAnnotations) (default list .Annotations)) }}
annotations:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The metadata of a component's object that is in no namespace. */}}
{{- define "kelos-metadata.clusterMetadata" -}}
name: {{ include "kelos-metadata.fullname" . }}
{{ include "kelos-metadata.labelsAndAnnotations" . }}
{{- end }}

{{/* The metadata of a component's object in the release's namespace. */}}
{{- define "kelos-metadata.metadata" -}}
name: {{ include "kelos-metadata.fullname" . }}
namespace: {{ .Release.Namespace | quote }}
{{ include "kelos-metadata.labelsAndAnnotations" . }}
{{- end }}

{{/* What the values say of a component's ServiceAccount. */}}
{{- define "kelos-metadata.serviceAccount" -}}
{{- $component := include "kelos-metadata.component" . -}}
{{- if eq $component "webhook" }}{{ toYaml .Values.serviceAccount }}
{{- else }}{{ toYaml (get .Values $component).serviceAccount }}
{{- end }}
{{- end }}

{{/* The name of a component's ServiceAccount. */}}
{{- define "kelos-metadata.serviceAccountName" -}}
{{- $account := include "kelos-metadata.serviceAccount" . | fromYaml -}}
{{ $account.name | default (include "kelos-metadata.fullname" .) }}
{{- end }}

{{/* A component's ServiceAccount, as a binding names it. */}}
{{- define "kelos-metadata.subject" -}}
kind: ServiceAccount
name: {{ include "kelos-metadata.serviceAccountName" . }}
namespace: {{ .Release.Namespace | quote }}
{{- end }}

{{/* HOST of a listener, as it stands before a port. */}}
{{- define "kelos-metadata.host" -}}
{{- if contains ":" .Values.bindHost -}}
[{{ .Values.bindHost }}]
{{- else -}}
{{ .Values.bindHost }}
{{- end }}
{{- end }}

{{/* The flags of listeners that both programs have. */}}
{{- define "kelos-metadata.listenerArgs" -}}
{{- $host := include "kelos-metadata.host" . -}}
- --metrics-bind-address={{ $host }}:{{ int .Values.metricsPort }}
- --health-probe-bind-address={{ $host }}:{{ int .Values.healthPort }}
{{- end }}

{{- define "kelos-metadata.logArgs" -}}
- --log-format={{ .Values.logFormat }}
- {{ printf "--log-level=%s" .Values.logLevel | quote }}
{{- end }}

{{/* What `kelos-metadata serve` is started with. */}}
{{- define "kelos-metadata.args" -}}
- serve
- --bind-address={{ include "kelos-metadata.host" . }}:{{ int .Values.webhook.port }}
{{ include "kelos-metadata.listenerArgs" . }}
{{ include "kelos-metadata.certificates.args" . }}
{{ include "kelos-metadata.logArgs" . }}
- --on-invalid={{ .Values.onInvalid }}
- --shutdown-delay={{ int .Values.shutdownDelaySeconds }}s
{{- if .Values.clientCA.secretName }}
- --client-ca-file=/etc/kelos-metadata/client-ca/ca.crt
{{- range .Values.clientCA.allowedNames }}
- {{ printf "--client-allowed-name=%s" . | quote }}
{{- end }}
{{- end }}
{{- range .Values.protect }}
- {{ printf "--protect=%s" . | quote }}
{{- end }}
{{- if not .Values.infer }}
- --infer=off
{{- end }}
{{- if include "kelos-metadata.defaults" . }}
- --defaults=/etc/kelos-metadata/defaults/defaults.yaml
{{- end }}
{{- if .Values.sessions.enabled }}
- --sessions
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
The file of --defaults; nothing, if `defaults` declares no key. A `null` is what takes a key or field away when values are
used again, and Helm hands it on where there was none. Helm reads YAML 1.1, in which `on` without quotes is `true`.
*/}}
{{- define "kelos-metadata.defaults" -}}
{{- $said := dict }}
{{- range $name, $value := default dict .Values.defaults }}
{{- if kindIs "map" $value }}
{{- $entries := dict }}
{{- range $key, $entry := include "kelos-metadata.withoutNulls" $value | fromJson }}
{{- if kindIs "map" $entry }}
{{- $entry = include "kelos-metadata.withoutNulls" $entry | fromJson }}
{{- if hasKey $entry "true" }}
{{- $entry = mergeOverwrite (dict "on" (get $entry "true")) (omit $entry "true") }}
{{- end }}
{{- end }}
{{- $_ := set $entries $key $entry }}
{{- end }}
{{- $value = $entries }}
{{- end }}
{{- if $value }}
{{- $_ := set $said $name $value }}
{{- end }}
{{- end }}
{{- if omit $said "syntax" "onInvalid" }}
{{- toYaml $said }}
{{- end }}
{{- end }}

{{/*
Whether the defaults of `root` say something of these `objects`, `tasks` or `sessions`: an entry says in `on` what it is for,
and is for Tasks without it. What Pods get from a Task is for Tasks.
*/}}
{{- define "kelos-metadata.defaultsOf" -}}
{{- $objects := .objects }}
{{- $defaults := include "kelos-metadata.defaults" .root | fromYaml }}
{{- if and (eq $objects "tasks") $defaults.podLabelsFromTask }}yes{{ end }}
{{- range $value := $defaults }}
{{- if kindIs "map" $value }}
{{- range $entry := $value }}
{{- $on := list "tasks" }}
{{- if kindIs "map" $entry }}
{{- $on = dig "on" $on $entry }}
{{- end }}
{{- if has $objects $on }}yes{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A map as JSON, without its keys that are `null`. */}}
{{- define "kelos-metadata.withoutNulls" -}}
{{- $kept := dict }}
{{- range $key, $value := . }}
{{- if not (kindIs "invalid" $value) }}
{{- $_ := set $kept $key $value }}
{{- end }}
{{- end }}
{{- toJson $kept }}
{{- end }}

{{/* What the container mounts, and where that comes from. */}}
{{- define "kelos-metadata.volumeMounts" -}}
{{- include "kelos-metadata.certificates.volumeMounts" . }}
{{- if .Values.clientCA.secretName }}
- name: client-ca
  mountPath: /etc/kelos-metadata/client-ca
  readOnly: true
{{- end }}
{{- if include "kelos-metadata.defaults" . }}
# The whole folder: what is mounted with subPath never changes.
- name: defaults
  mountPath: /etc/kelos-metadata/defaults
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The Volumes of the webhook. */}}
{{- define "kelos-metadata.volumes" -}}
{{- include "kelos-metadata.certificates.volumes" . }}
{{- with .Values.clientCA.secretName }}
- name: client-ca
  secret:
    secretName: {{ . }}
    # The certificate alone: whoever could read a key there could be the API server.
    items:
      - key: ca.crt
        path: ca.crt
    defaultMode: 288
{{- end }}
{{- if include "kelos-metadata.defaults" . }}
- name: defaults
  configMap:
    name: {{ include "kelos-metadata.fullname" . }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What `kelos-metadata controller` is started with: the names of all that it writes to. */}}
{{- define "kelos-metadata.controllerArgs" -}}
- controller
- --namespace={{ .Release.Namespace }}
- --service={{ include "kelos-metadata.name" . }}
- --tls-secret={{ .Values.certificates.secretName }}
- --webhook-configuration={{ include "kelos-metadata.name" . }}
- --lease={{ include "kelos-metadata.fullname" . }}
- --certificate-lifetime={{ .Values.certificates.selfManaged.lifetime }}
- --ca-settle={{ .Values.certificates.selfManaged.caSettle }}
{{ include "kelos-metadata.listenerArgs" . }}
{{ include "kelos-metadata.logArgs" . }}
{{- with .Values.controller.extraArgs }}
{{ toYaml . }}
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
{{- with .relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The namespaces that are served: the same for every webhook. All of it has to hold: more requirements serve fewer. */}}
{{- define "kelos-metadata.namespaceSelector" -}}
{{- with .Values.webhook.namespaceSelector.matchLabels -}}
matchLabels:
  {{- toYaml . | nindent 2 }}
{{ end -}}
matchExpressions:
  - key: metadata.kelos.dev/injection
    {{- if eq .Values.injection "opt-in" }}
    operator: In
    values: [enabled, audit]
    {{- else }}
    operator: NotIn
    values: [disabled]
    {{- end }}
  {{- with .Values.excludeNamespaces }}
  - key: kubernetes.io/metadata.name
    operator: NotIn
    values:
      {{- toYaml . | nindent 6 }}
  {{- end }}
  {{- with .Values.webhook.namespaceSelector.matchExpressions }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* The Tasks and Sessions that are asked about. */}}
{{- define "kelos-metadata.objectSelector" -}}
matchExpressions:
  - key: metadata.kelos.dev/injection
    operator: NotIn
    values: [disabled]
  {{- with .Values.webhook.objectSelector.matchExpressions }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

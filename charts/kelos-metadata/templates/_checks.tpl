{{/*
What values.schema.json can't say, or can't say readably. Helm renders everything before it applies anything, so all
of these are refused before anything changes.
*/}}
{{- define "kelos-metadata.checks" -}}
{{- include "kelos-metadata.checks.image" . }}
{{- include "kelos-metadata.checks.ports" . }}
{{- include "kelos-metadata.checks.network" . }}
{{- include "kelos-metadata.checks.rollout" . }}
{{- include "kelos-metadata.checks.serviceAccounts" . }}
{{- include "kelos-metadata.checks.volumes" . }}
{{- include "kelos-metadata.checks.webhook" . }}
{{- include "kelos-metadata.checks.disruptions" . }}
{{- include "kelos-metadata.checks.certificates" . }}
{{- include "kelos-metadata.checks.labels" . }}
{{- include "kelos-metadata.checks.defaults" . }}
{{- include "kelos-metadata.checks.extraArgs" . }}
{{- include "kelos-metadata.checks.monitoring" . }}
{{- if and .Values.clientCA.allowedNames (not .Values.clientCA.secretName) }}
{{- fail "clientCA.allowedNames needs clientCA.secretName: names count in certificates of that CA only" }}
{{- end }}
{{- with .Values.autoscaling }}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) }}
{{- fail (printf "autoscaling.minReplicas is %d, which is more than autoscaling.maxReplicas, %d" (int .minReplicas) (int .maxReplicas)) }}
{{- end }}
{{- end }}
{{- if and .Values.podMonitor.enabled .Values.serviceMonitor.enabled }}
{{- fail "podMonitor.enabled and serviceMonitor.enabled: each Pod would be scraped twice; enable one of them" }}
{{- end }}
{{- end }}

{{- define "kelos-metadata.checks.certificates" -}}
{{- with .Values.certificates }}
{{- if eq .mode "provided" }}
{{- if not .caBundle }}
{{- fail "certificates.caBundle is required with certificates.mode=provided: the CA of the certificate in certificates.secretName, as printed by `base64 < ca.crt | tr -d '\\n'`" }}
{{- end }}
{{- $pem := b64dec .caBundle }}
{{- if not (contains "-----BEGIN CERTIFICATE-----" $pem) }}
{{- fail "certificates.caBundle is not base64 of a PEM certificate: take what `base64 < ca.crt | tr -d '\\n'` prints" }}
{{- end }}
{{- if contains "PRIVATE KEY-----" $pem }}
{{- fail "certificates.caBundle holds a private key, and everybody may read it: take the certificate alone" }}
{{- end }}
{{- else if .caBundle }}
{{- $writer := ternary "cert-manager" "kelos-metadata-controller" (eq .mode "certManager") }}
{{- fail (printf "certificates.caBundle belongs to certificates.mode=provided; with %s it is written by %s" .mode $writer) }}
{{- end }}
{{- if eq .mode "selfManaged" }}
{{- $lifetime := include "kelos-metadata.checks.seconds" .selfManaged.lifetime | int }}
{{- $settle := include "kelos-metadata.checks.seconds" .selfManaged.caSettle | int }}
{{- if or (lt $lifetime 5) (gt $lifetime 315360000) }}
{{- fail (printf "certificates.selfManaged.lifetime is %s: the controller takes 5s to 87600h, which are ten years" .selfManaged.lifetime) }}
{{- end }}
{{- if le $lifetime (mul 3 $settle) }}
{{- fail (printf "certificates.selfManaged.lifetime is %s, and must be more than three times certificates.selfManaged.caSettle, which is %s: a certificate is renewed when a third of its life is left, and the new one serves after caSettle" .selfManaged.lifetime .selfManaged.caSettle) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A duration with one unit, as the schema wants it, in seconds. */}}
{{- define "kelos-metadata.checks.seconds" -}}
{{- $unit := dict "h" 3600 "m" 60 "s" 1 }}
{{- mul (regexFind "^[0-9]+" .) (get $unit (regexFind "[hms]$" .)) }}
{{- end }}

{{/*
Labels by which somebody finds objects or Pods, and those that the chart sets. Nobody selects by `part-of`, which may say of
all objects what they belong to.
*/}}
{{- define "kelos-metadata.checks.labels" -}}
{{- range $name := list "podLabels" "commonLabels" }}
{{- range $key, $_ := get $.Values $name }}
{{- $isTaken := or (hasPrefix "app.kubernetes.io/" $key) (hasPrefix "kelos.dev/" $key) (eq "helm.sh/chart" $key) }}
{{- if and $isTaken (or (eq $name "podLabels") (ne $key "app.kubernetes.io/part-of")) }}
{{- fail (printf "%s: %s is taken: the Services of this chart and of Kelos find their Pods by such labels" $name $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $key, $_ := .Values.commonAnnotations }}
{{- if hasPrefix "helm.sh/" $key }}
{{- fail (printf "commonAnnotations: %s would tell Helm what to do with every object of the chart" $key) }}
{{- end }}
{{- end }}
{{- end }}

{{/*
Helm reads YAML 1.1: a key such as `on` or `no` arrives as another word than was written.
*/}}
{{- define "kelos-metadata.checks.defaults" -}}
{{- range $name, $keys := default dict .Values.defaults }}
{{- if kindIs "map" $keys }}
{{- range $key, $_ := $keys }}
{{- if has $key (list "true" "false") }}
{{- fail (printf "defaults.%s: Helm reads on, off, yes, no, y and n without quotes as true or false: put the key %s in quotes, as it is meant" $name $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/*
Flags that the chart sets. A second one would keep the Pods from starting, or would have no effect on what else the
chart makes of the value: what is mounted, and which objects the API server asks about.
*/}}
{{- define "kelos-metadata.checks.extraArgs" -}}
{{- $own := dict
  "--bind-address" "bindHost or webhook.port"
  "--client-allowed-name" "clientCA.allowedNames"
  "--client-ca-file" "clientCA.secretName"
  "--defaults" "defaults"
  "--health-probe-bind-address" "bindHost or healthPort"
  "--infer" "infer"
  "--log-format" "logFormat"
  "--log-level" "logLevel"
  "--metrics-bind-address" "bindHost or metricsPort"
  "--on-invalid" "onInvalid"
  "--protect" "protect"
  "--sessions" "sessions.enabled"
  "--shutdown-delay" "shutdownDelaySeconds"
  "--tls-cert-file" "certificates"
  "--tls-private-key-file" "certificates"
  "--tls-secret" "certificates" }}
{{- $ofController := dict
  "--ca-settle" "certificates.selfManaged.caSettle"
  "--certificate-lifetime" "certificates.selfManaged.lifetime"
  "--health-probe-bind-address" "bindHost or healthPort"
  "--log-format" "logFormat"
  "--log-level" "logLevel"
  "--metrics-bind-address" "bindHost or metricsPort"
  "--tls-secret" "certificates.secretName" }}
{{- range $name, $all := dict "extraArgs" (list .Values.extraArgs $own) "controller.extraArgs" (list .Values.controller.extraArgs $ofController) }}
{{- range first $all }}
{{- $flag := regexFind "^--[^= ]*" . }}
{{- with get (last $all) $flag }}
{{- fail (printf "%s: %s is a flag that the chart sets: use the value %s" $name $flag .) }}
{{- end }}
{{- if and (eq $name "controller.extraArgs") (has $flag (list "--lease" "--namespace" "--service" "--webhook-configuration")) }}
{{- fail (printf "%s: %s is a flag that the chart sets: it names an object of the chart" $name $flag) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "kelos-metadata.checks.monitoring" -}}
{{- with .Values.monitoring }}
{{- $names := dict }}
{{- range $key := .keys }}
{{- $label := include "kelos-metadata.monitoring.label" $key }}
{{- with get $names $label }}
{{- fail (printf "monitoring.keys: %s and %s are both %s in Prometheus: choose one of them, or rename one so that they differ in letters or digits" . $key $label) }}
{{- end }}
{{- $_ := set $names $label $key }}
{{- end }}
{{- if gt (len (join "" .keys)) 4096 }}
{{- fail (printf "monitoring.keys: %d bytes in all, more than 4096: the rules of so long keys are more than the Prometheus operator takes" (len (join "" .keys))) }}
{{- end }}
{{- if and .dashboards.enabled (not .keys) }}
{{- fail "monitoring.dashboards.enabled needs monitoring.keys: the labels that Tasks are shown by" }}
{{- end }}
{{- $account := .kubeStateMetrics.serviceAccount }}
{{- if ne (empty $account.name) (empty $account.namespace) }}
{{- fail "monitoring.kubeStateMetrics.serviceAccount needs both a name and a namespace" }}
{{- end }}
{{- end }}
{{- end }}

{{/*
What the Pods of both Deployments share, and in part the Pod of `helm test`. A component's own is in its Deployment.
*/}}

{{/* The metadata of a component's Pods. */}}
{{- define "kelos-metadata.pod.metadata" -}}
{{- $own := include "kelos-metadata.podLabels" . | fromYaml -}}
{{- $container := dict "kubectl.kubernetes.io/default-container" (include "kelos-metadata.component" .) -}}
labels:
  {{- include "kelos-metadata.joined" (list .Values.commonLabels .Values.podLabels $own) | nindent 2 }}
annotations:
  {{- include "kelos-metadata.joined" (list .Values.podAnnotations $container) | nindent 2 }}
{{- end }}

{{/* Who a component's Pods are, towards the API server and towards their node. */}}
{{- define "kelos-metadata.pod.identity" -}}
serviceAccountName: {{ include "kelos-metadata.serviceAccountName" . }}
automountServiceAccountToken: true
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  seccompProfile:
    type: RuntimeDefault
  {{- with .Values.podSecurityContext }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* The network of a component's Pods, where it is not the ordinary one. */}}
{{- define "kelos-metadata.pod.network" -}}
{{- $isOfNode := and .Values.hostNetwork (eq (include "kelos-metadata.component" .) "webhook") }}
{{- if $isOfNode }}
hostNetwork: true
{{- end }}
{{- with .Values.dnsPolicy | default (ternary "ClusterFirstWithHostNet" "" $isOfNode) }}
dnsPolicy: {{ . }}
{{- end }}
{{- end }}

{{- define "kelos-metadata.pod.image" -}}
{{- with .Values.global.imageRegistry | default .Values.image.registry }}{{ . }}/{{ end }}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the container runs. Its arguments follow. */}}
{{- define "kelos-metadata.pod.program" -}}
image: {{ include "kelos-metadata.pod.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.extraEnv }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The ports that both containers have. */}}
{{- define "kelos-metadata.pod.ports" -}}
- name: metrics
  containerPort: {{ .Values.metricsPort }}
- name: health
  containerPort: {{ .Values.healthPort }}
{{- end }}

{{/* What a probe of the values says. The API server does not keep a 0: it is the default. */}}
{{- define "kelos-metadata.pod.probe" -}}
{{- range $field, $number := . }}
{{- if $number }}
{{ $field }}: {{ $number }}
{{- end }}
{{- end }}
{{- end }}

{{- define "kelos-metadata.pod.probes" -}}
livenessProbe:
  httpGet:
    path: /healthz
    port: health
  {{- include "kelos-metadata.pod.probe" .Values.livenessProbe | trim | nindent 2 }}
readinessProbe:
  httpGet:
    path: /readyz
    port: health
  {{- include "kelos-metadata.pod.probe" .Values.readinessProbe | trim | nindent 2 }}
{{- end }}

{{/* How the webhook's Pods are replaced. In the network of their node a new one has no room beside an old one. */}}
{{- define "kelos-metadata.strategy" -}}
{{- with .Values.strategy -}}
type: {{ .type }}
{{- if eq .type "RollingUpdate" }}
{{- $ofNode := $.Values.hostNetwork }}
rollingUpdate:
  maxSurge: {{ ternary (ternary 0 1 $ofNode) .rollingUpdate.maxSurge (eq (toString .rollingUpdate.maxSurge) "") }}
  maxUnavailable: {{ ternary (ternary 1 0 $ofNode) .rollingUpdate.maxUnavailable (eq (toString .rollingUpdate.maxUnavailable) "") }}
{{- end }}
{{- end }}
{{- end }}

{{- define "kelos-metadata.pod.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/*
Where a component's Pods run: what is said of the controller's goes before what is said of all. How Pods lie to each other
is each component's alone: a rule that keeps the webhook's replicas on nodes of their own would take one of those nodes for
the controller.
*/}}
{{- define "kelos-metadata.pod.placement" -}}
{{- $own := ternary .Values.controller dict (eq (include "kelos-metadata.component" .) "controller") }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.priorityClassName | default .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $own.nodeSelector | default .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.tolerations | default .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "kelos-metadata.pod.affinity" . }}
affinity:
  {{- . | nindent 2 }}
{{- end }}
{{- with $own.topologySpreadConstraints | default .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  - {{ toYaml . | indent 4 | trim }}
    labelSelector:
      matchLabels:
        {{- include "kelos-metadata.selectorLabels" $ | nindent 8 }}
    # The Pods of the last version don't count while they are replaced.
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- end }}

{{/* The kinds of affinity that are given and concern the component; nothing, if none is. */}}
{{- define "kelos-metadata.pod.affinity" -}}
{{- $affinity := .Values.affinity }}
{{- if eq (include "kelos-metadata.component" .) "controller" }}
{{- $affinity = .Values.controller.affinity }}
{{- if not $affinity.nodeAffinity }}
{{- $affinity = mergeOverwrite dict $affinity (pick .Values.affinity "nodeAffinity") }}
{{- end }}
{{- end }}
{{- range $kind, $ofKind := $affinity }}
{{- with $ofKind }}
{{ $kind }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

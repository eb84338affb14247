{{/*
What the Pods of both Deployments share, and in part the Pod of `helm test`. A component's own is in its Deployment.
*/}}

{{/* The metadata of a component's Pods. */}}
{{- define "kelos-metadata.pod.metadata" -}}
labels:
  {{- include "kelos-metadata.podLabels" . | nindent 2 }}
  {{- with .Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  kubectl.kubernetes.io/default-container: {{ include "kelos-metadata.component" . }}
  {{- with .Values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* Who a component's Pods are, towards the API server and towards their node. */}}
{{- define "kelos-metadata.pod.identity" -}}
serviceAccountName: {{ include "kelos-metadata.fullname" . }}
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

{{- define "kelos-metadata.pod.image" -}}
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
  containerPort: 8080
- name: health
  containerPort: 8081
{{- end }}

{{- define "kelos-metadata.pod.probes" -}}
livenessProbe:
  httpGet:
    path: /healthz
    port: health
  periodSeconds: 10
  timeoutSeconds: 3
readinessProbe:
  httpGet:
    path: /readyz
    port: health
  periodSeconds: 5
  timeoutSeconds: 3
{{- end }}

{{- define "kelos-metadata.pod.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/*
Where a component's Pods run. How Pods lie to each other is the webhook's alone: a rule that keeps its replicas on
nodes of their own would take one of those nodes for the controller.
*/}}
{{- define "kelos-metadata.pod.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "kelos-metadata.pod.affinity" . }}
affinity:
  {{- . | nindent 2 }}
{{- end }}
{{- with .Values.topologySpreadConstraints }}
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
{{- $isWebhook := eq (include "kelos-metadata.component" .) "webhook" }}
{{- range $kind, $affinity := .Values.affinity }}
{{- if and $affinity (or $isWebhook (eq $kind "nodeAffinity")) }}
{{ $kind }}:
  {{- toYaml $affinity | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

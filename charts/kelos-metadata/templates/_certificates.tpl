{{/*
All that depends on certificates.mode, but for the objects of cert-manager. In each template a mode has a branch of
its own.
*/}}

{{/* The DNS name that the API server asks for. */}}
{{- define "kelos-metadata.certificates.dnsName" -}}
{{ include "kelos-metadata.name" . }}.{{ .Release.Namespace }}.svc
{{- end }}

{{/* The flags that say where the serving key is. */}}
{{- define "kelos-metadata.certificates.args" -}}
{{- if has .Values.certificates.mode (list "certManager" "provided") -}}
- --tls-cert-file=/etc/kelos-metadata/tls/tls.crt
- --tls-private-key-file=/etc/kelos-metadata/tls/tls.key
{{- else if eq .Values.certificates.mode "selfManaged" -}}
- --tls-secret={{ .Release.Namespace }}/{{ .Values.certificates.secretName }}
{{- end }}
{{- end }}

{{- define "kelos-metadata.certificates.volumeMounts" -}}
{{- if has .Values.certificates.mode (list "certManager" "provided") -}}
- name: tls
  mountPath: /etc/kelos-metadata/tls
  readOnly: true
{{- end }}
{{- end }}

{{- define "kelos-metadata.certificates.volumes" -}}
{{- if has .Values.certificates.mode (list "certManager" "provided") -}}
- name: tls
  secret:
    secretName: {{ .Values.certificates.secretName }}
    # 0440, for the group of podSecurityContext.fsGroup. YAML 1.1 and 1.2 read an octal number differently.
    defaultMode: 288
{{- end }}
{{- end }}

{{/* Annotations of both webhook configurations. */}}
{{- define "kelos-metadata.certificates.webhookAnnotations" -}}
{{- if eq .Values.certificates.mode "certManager" -}}
cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/{{ include "kelos-metadata.name" . }}
{{- end }}
{{- end }}

{{/*
The CA that the API server trusts. cert-manager and our controller write it into the cluster: then there is no
such key, not even an empty one, so that neither helm nor an apply takes away what they wrote.
*/}}
{{- define "kelos-metadata.certificates.caBundle" -}}
{{- if eq .Values.certificates.mode "provided" -}}
caBundle: {{ .Values.certificates.caBundle | nospace }}
{{- end }}
{{- end }}

{{/*
What values can't be together in any cluster: what runs, on which ports, as whom, and how it is replaced.
*/}}

{{/* A name that no registry has: its Pods would wait for the image for ever, and Helm would say that all is well. */}}
{{- define "kelos-metadata.checks.image" -}}
{{- $repository := .Values.image.repository }}
{{- if contains "://" $repository }}
{{- fail (printf "image.repository is %s: leave out what is before the host" $repository) }}
{{- end }}
{{- if contains ":" (splitList "/" $repository | last) }}
{{- fail (printf "image.repository is %s: what is behind the colon belongs into image.tag" $repository) }}
{{- end }}
{{- if ne $repository (lower $repository) }}
{{- fail (printf "image.repository is %s, and a repository has no capitals" $repository) }}
{{- end }}
{{- /* A released chart has a registry; a mirror may well have paths that begin with a host. */}}
{{- $isReleased := contains (printf "image: %s/" .Values.image.registry) (index .Chart.Annotations "artifacthub.io/images") }}
{{- if and .Values.image.registry $isReleased (not .Values.global.imageRegistry) (regexMatch "^([^/]*[.:][^/]*|localhost)/" $repository) }}
{{- fail (printf "image.repository is %s, with a host of its own, and image.registry is %s: for an image of yours set image.registry and image.digest to \"\"" $repository .Values.image.registry) }}
{{- end }}
{{- if not .Values.image.repository }}
{{- fail "image.repository is not set, and this chart has no image of its own: build one and push it to a registry that your nodes pull from (`make release` and `docker build` in docs/install.md), then say where it is, as in --set image.repository=registry.example.com/kelos-metadata" }}
{{- end }}
{{- end }}

{{/* The ports of a Pod, and those of a node that Kubernetes itself listens on. */}}
{{- define "kelos-metadata.checks.ports" -}}
{{- $ofNode := dict "10248" "the kubelet's health" "10249" "kube-proxy's metrics" "10250" "the kubelet" "10256" "kube-proxy's health" }}
{{- $ports := dict }}
{{- range $name, $port := dict "webhook.port" .Values.webhook.port "metricsPort" .Values.metricsPort "healthPort" .Values.healthPort }}
{{- if lt (int $port) 1024 }}
{{- fail (printf "%s is missing: it is a port of 1024 and above" $name) }}
{{- end }}
{{- $number := int $port | toString }}
{{- with get $ports $number }}
{{- fail (printf "%s and %s are both %s: a Pod needs a port for each" . $name $number) }}
{{- end }}
{{- $_ := set $ports $number $name }}
{{- $owner := get $ofNode $number }}
{{- if and $.Values.hostNetwork $owner }}
{{- fail (printf "%s is %s, and with hostNetwork that port of the node is taken by %s: choose another one" $name $number $owner) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "kelos-metadata.checks.network" -}}
{{- if and .Values.hostNetwork .Values.networkPolicy.enabled }}
{{- fail "networkPolicy.enabled and hostNetwork: a NetworkPolicy does not hold for Pods in the network of their node; let a firewall of the nodes restrict their ports, or clientCA" }}
{{- end }}
{{- end }}

{{- define "kelos-metadata.checks.rollout" -}}
{{- with (include "kelos-metadata.strategy" . | fromYaml).rollingUpdate }}
{{- if and (has (toString .maxSurge) (list "0" "0%")) (has (toString .maxUnavailable) (list "0" "0%")) }}
{{- fail "strategy.rollingUpdate: maxSurge and maxUnavailable are both 0, so that no Pod could ever be replaced: set the other one, too" }}
{{- end }}
{{- end }}
{{- end }}

{{/* Each component has an account of its own: of two that share one, each has the rights of the other, too. */}}
{{- define "kelos-metadata.checks.serviceAccounts" -}}
{{- $names := dict }}
{{- range append (include "kelos-metadata.components" . | splitList " ") "test" }}
{{- $component := mustMerge (dict "Component" .) $ }}
{{- $value := ternary "serviceAccount" (printf "%s.serviceAccount" .) (eq . "webhook") }}
{{- $account := include "kelos-metadata.serviceAccount" $component | fromYaml }}
{{- if not (or $account.create $account.name) }}
{{- fail (printf "%s.create is false, and %s.name does not say which ServiceAccount to use in its place" $value $value) }}
{{- end }}
{{- $name := include "kelos-metadata.serviceAccountName" $component }}
{{- with get $names $name }}
{{- fail (printf "%s and %s are both %s: each would have the rights of the other, too" . $value $name) }}
{{- end }}
{{- $_ := set $names $name $value }}
{{- end }}
{{- end }}

{{- define "kelos-metadata.checks.volumes" -}}
{{- $names := list }}
{{- range .Values.extraVolumes }}
{{- if has .name (list "tls" "client-ca" "defaults") }}
{{- fail (printf "extraVolumes: the name %s is that of a volume of the chart" .name) }}
{{- end }}
{{- $names = append $names .name }}
{{- end }}
{{- range .Values.extraVolumeMounts }}
{{- if not (has .name $names) }}
{{- fail (printf "extraVolumeMounts: %s is not among extraVolumes" .name) }}
{{- end }}
{{- $path := clean .mountPath }}
{{- range $own := list "/etc/kelos-metadata" "/usr/bin" "/lib" "/lib64" "/usr/lib" }}
{{- if or (eq $path "/") (hasPrefix (printf "%s/" $own) (printf "%s/" $path)) (hasPrefix (printf "%s/" $path) (printf "%s/" $own)) }}
{{- fail (printf "extraVolumeMounts: %s lies over %s, where files of the chart or of the program are: choose another mountPath" $path $own) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The requirements and conditions that are added: what the API server would refuse halfway through an installation. */}}
{{- define "kelos-metadata.checks.webhook" -}}
{{- $names := list "has-taskspawner" "has-sessionspawner" }}
{{- range .Values.webhook.matchConditions }}
{{- if has .name $names }}
{{- fail (printf "webhook.matchConditions: the name %s is there twice, or is that of a condition of the chart" .name) }}
{{- end }}
{{- $names = append $names .name }}
{{- end }}
{{- range $name := list "namespaceSelector" "objectSelector" }}
{{- range (get $.Values.webhook $name).matchExpressions }}
{{- $wants := has .operator (list "In" "NotIn") }}
{{- if ne $wants (not (empty .values)) }}
{{- fail (printf "webhook.%s: %s of %s takes %s values" $name .operator .key (ternary "some" "no" $wants)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A budget that lets no Pod go holds up every drain. */}}
{{- define "kelos-metadata.checks.disruptions" -}}
{{- with .Values.podDisruptionBudget }}
{{- if and .minAvailable .maxUnavailable }}
{{- fail "podDisruptionBudget.minAvailable and podDisruptionBudget.maxUnavailable exclude each other: choose one" }}
{{- end }}
{{- if and .enabled .minAvailable }}
{{- $least := ternary $.Values.autoscaling.minReplicas $.Values.replicas $.Values.autoscaling.enabled | int }}
{{- $controllers := int $.Values.controller.replicas }}
{{- if and (eq $.Values.certificates.mode "selfManaged") (gt $controllers 1) }}
{{- $least = min $least $controllers }}
{{- end }}
{{- $wanted := int .minAvailable }}
{{- if kindIs "string" .minAvailable }}
{{- $wanted = divf (mulf (trimSuffix "%" .minAvailable) $least) 100 | ceil | int }}
{{- end }}
{{- if ge $wanted (int $least) }}
{{- fail (printf "podDisruptionBudget.minAvailable is %v, and there may be only %d Pods: no node could be drained" .minAvailable (int $least)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What things are called, and the labels they are found by. */}}

{{- define "archgw.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (default .Chart.Name .Values.nameOverride) .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name (default .Chart.Name .Values.nameOverride) | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "archgw.modelServer.fullname" -}}
{{ include "archgw.fullname" . }}-model-server
{{- end -}}

{{- define "archgw.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "archgw.fullname" .) "default") }}
{{- end -}}

{{/* A rollout is another ConfigMap: pods of the old config, restarted meanwhile, have the old one. */}}
{{- define "archgw.configMap" -}}
{{ include "archgw.fullname" . }}-config
{{- if eq .Values.configReload "rollout" }}-{{ .Values.config | sha256sum | trunc 8 }}{{ end -}}
{{- end -}}

{{/* Of what has a component: (list . "gateway"). */}}
{{- define "archgw.selector" -}}
app.kubernetes.io/name: {{ default (index . 0).Chart.Name (index . 0).Values.nameOverride }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "archgw.labels" -}}
{{- with (index . 0).Values.commonLabels }}
{{- toYaml . }}
{{ end -}}
{{ include "archgw.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (index . 0).Chart.Name (index . 0).Chart.Version }}
{{- end -}}

{{/* (list . "gateway" "name") */}}
{{- define "archgw.metadata" -}}
name: {{ index . 2 }}
namespace: {{ (index . 0).Release.Namespace }}
labels: {{- include "archgw.labels" (list (index . 0) (index . 1)) | nindent 2 }}
{{- end -}}

{{/* (list . .Values.gateway.image) */}}
{{- define "archgw.image" -}}
{{- $image := index . 1 -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default (index . 0).Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* Whether a pod of the gateway has a model server of its own. */}}
{{- define "archgw.modelServer.beside" -}}
{{- if and .Values.modelServer.enabled (ne .Values.topology "separate") }}yes{{ end -}}
{{- end -}}

{{- define "archgw.modelServer.apart" -}}
{{- if and .Values.modelServer.enabled (eq .Values.topology "separate") }}yes{{ end -}}
{{- end -}}

{{- define "archgw.modelServer.host" -}}
{{- if include "archgw.modelServer.beside" . -}}
127.0.0.1
{{- else -}}
{{ include "archgw.modelServer.fullname" . }}
{{- end -}}
{{- end -}}

{{/* Names of the listeners that are on, as YAML. */}}
{{- define "archgw.listeners" -}}
{{- range $name, $listener := .Values.gateway.listeners }}
{{- if $listener.enabled }}
{{ $name }}: {{ $listener | toJson }}
{{- end }}
{{- end }}
{{- end -}}

{{/* What no combination of values can mean, said in words. */}}
{{- define "archgw.check" -}}
{{- $server := .Values.modelServer -}}
{{- if and $server.autoscaling.enabled $server.keda.enabled -}}
{{- fail "modelServer.autoscaling and modelServer.keda would scale the same pods; enable one of them" -}}
{{- end -}}
{{- if and (or $server.autoscaling.enabled $server.keda.enabled) (not (include "archgw.modelServer.apart" .)) -}}
{{- fail "modelServer.autoscaling and modelServer.keda need topology: separate; elsewhere a model server is part of the gateway's pod" -}}
{{- end -}}
{{- if and $server.keda.enabled (not $server.keda.prometheusAddress) -}}
{{- fail "modelServer.keda.prometheusAddress: say where Prometheus is, such as http://prometheus.monitoring:9090" -}}
{{- end -}}
{{- if and $server.enabled (not $server.token.existingSecret) -}}
{{- fail "modelServer.token.existingSecret: gateways and model servers have to know a token, for anybody could be at a port" -}}
{{- end -}}
{{- if and (eq .Values.topology "sidecar") (not .Values.application.containers) -}}
{{- fail "application.containers: topology: sidecar needs the containers of the application" -}}
{{- end -}}
{{- if and (ne .Values.topology "sidecar") .Values.application.containers -}}
{{- fail "application.containers are of topology: sidecar alone" -}}
{{- end -}}
{{- if gt (int .Values.gateway.drain.minSeconds) (int .Values.gateway.drain.maxSeconds) -}}
{{- fail "gateway.drain: minSeconds is more than maxSeconds" -}}
{{- end -}}
{{- if not (include "archgw.listeners" . | fromYaml) -}}
{{- fail "gateway.listeners: one of them has to be enabled, as the config has it" -}}
{{- end -}}
{{- end -}}

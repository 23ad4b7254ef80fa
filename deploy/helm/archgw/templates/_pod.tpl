{{/* What the pods of gateways and model servers have in common. */}}

{{/* (list . "gateway" .Values.gateway) */}}
{{- define "archgw.pod.metadata" -}}
{{- $part := index . 2 -}}
labels:
  {{- with (index . 0).Values.commonLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- include "archgw.selector" (list (index . 0) (index . 1)) | nindent 2 }}
{{- with $part.podLabels }}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.podAnnotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* (list . "gateway" .Values.gateway) */}}
{{- define "archgw.pod" -}}
{{- $top := index . 0 -}}
{{- $part := index . 2 -}}
serviceAccountName: {{ include "archgw.serviceAccount" $top }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $top.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
terminationGracePeriodSeconds: {{ add $part.drain.maxSeconds 10 }}
topologySpreadConstraints:
{{- if kindIs "slice" $part.topologySpreadConstraints }}
  {{- toYaml $part.topologySpreadConstraints | nindent 2 }}
{{- else }}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels: {{- include "archgw.selector" (list $top (index $ 1)) | nindent 8 }}
{{- end }}
{{- end }}
{{- with $part.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* (list . .Values.gateway) */}}
{{- define "archgw.container" -}}
{{- $part := index . 1 -}}
image: {{ include "archgw.image" (list (index . 0) $part.image) }}
imagePullPolicy: {{ $part.image.pullPolicy }}
resources: {{- toYaml $part.resources | nindent 2 }}
{{- with $part.lifecycle }}
lifecycle: {{- toYaml . | nindent 2 }}
{{- end }}
{{ include "archgw.restricted" . }}
{{- end -}}

{{- define "archgw.restricted" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{/* Only one end of it restarts anything, and none asks a model, a provider or an API. */}}
{{/* (list "/readyz" "/healthz" "port" "HTTP") */}}
{{- define "archgw.probes" -}}
startupProbe:
  httpGet: {path: {{ index . 0 }}, port: {{ index . 2 }}, scheme: {{ index . 3 }}}
  periodSeconds: 1
  timeoutSeconds: 2
  failureThreshold: 120
readinessProbe:
  httpGet: {path: {{ index . 0 }}, port: {{ index . 2 }}, scheme: {{ index . 3 }}}
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 2
livenessProbe:
  httpGet: {path: {{ index . 1 }}, port: {{ index . 2 }}, scheme: {{ index . 3 }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end -}}

{{/* Of a Deployment; (list . "gateway" .Values.gateway). Nothing goes before another has come. */}}
{{- define "archgw.deployment" -}}
{{- $part := index . 2 -}}
{{- if not (or $part.autoscaling.enabled (dig "keda" "enabled" false $part)) -}}
replicas: {{ $part.replicas }}
{{ end -}}
selector:
  matchLabels: {{- include "archgw.selector" (list (index . 0) (index . 1)) | nindent 4 }}
strategy:
  type: RollingUpdate
  rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
revisionHistoryLimit: 3
{{- end -}}

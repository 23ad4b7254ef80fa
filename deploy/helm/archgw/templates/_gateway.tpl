{{/* The gateway's container, and the volumes it needs. */}}

{{- define "archgw.gateway.container" -}}
{{- $listeners := include "archgw.listeners" . | fromYaml -}}
{{- $probed := $listeners.prompt | default $listeners.llm -}}
{{- $gateway := .Values.gateway -}}
name: gateway
args:
  - up
  - --foreground
  - --service=gateway
  - --drain-min={{ $gateway.drain.minSeconds }}
  - --drain-max={{ $gateway.drain.maxSeconds }}
  - /etc/archgw
env:
  - {name: ARCHGW_BIND, value: {{ $gateway.bindAddress | quote }}}
  - {name: ARCHGW_HOME, value: /run/archgw/home}
  - {name: ARCHGW_LOGS, value: /var/log/archgw/logs}
  - {name: ARCHGW_VARIABLES, value: /etc/archgw-keys}
{{- if .Values.modelServer.enabled }}
  - name: MODEL_SERVER_ADDRESS
    value: {{ include "archgw.modelServer.host" . }}:{{ .Values.modelServer.port }}
{{- end }}
{{- with $gateway.extraEnv }}
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
{{- range $name, $listener := $listeners }}
  - {name: {{ $name }}, containerPort: {{ $listener.port }}}
{{- end }}
  - {name: metrics, containerPort: {{ $gateway.metricsPort }}}
{{ include "archgw.probes" (list "/readyz" "/healthz" (ternary "prompt" "llm" (hasKey $listeners "prompt")) ($probed.tls | ternary "HTTPS" "HTTP")) }}
{{ include "archgw.container" (list . $gateway) }}
volumeMounts:
  - {name: config, mountPath: /etc/archgw, readOnly: true}
  - {name: keys, mountPath: /etc/archgw-keys, readOnly: true}
{{- if .Values.clients.existingSecret }}
  - {name: clients, mountPath: /etc/archgw-clients, readOnly: true}
{{- end }}
{{- if .Values.tls.existingSecret }}
  - {name: tls, mountPath: /etc/archgw-tls, readOnly: true}
{{- end }}
  - {name: home, mountPath: /run/archgw}
  - {name: logs, mountPath: /var/log/archgw}
  - {name: tmp, mountPath: /tmp}
{{- with $gateway.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Mounted as folders, never by subPath: only a folder changes under what runs. */}}
{{- define "archgw.gateway.volumes" -}}
- name: config
  configMap: {name: {{ include "archgw.configMap" . }}}
- name: keys
  projected:
    defaultMode: 0400
{{- if or .Values.keys.existingSecret .Values.modelServer.enabled }}
    sources:
{{- with .Values.keys.existingSecret }}
      - secret: {name: {{ . }}}
{{- end }}
{{- if .Values.modelServer.enabled }}
      - secret:
          name: {{ .Values.modelServer.token.existingSecret }}
          items: [{key: token, path: MODEL_SERVER_TOKEN}]
{{- end }}
{{- else }}
    sources: []
{{- end }}
{{- with .Values.clients.existingSecret }}
- name: clients
  secret: {secretName: {{ . }}, defaultMode: 0400}
{{- end }}
{{- with .Values.tls.existingSecret }}
- name: tls
  secret: {secretName: {{ . }}, defaultMode: 0400}
{{- end }}
- name: home
  emptyDir: {medium: Memory, sizeLimit: {{ .Values.gateway.volumes.homeSize }}}
- name: logs
  emptyDir: {sizeLimit: {{ .Values.gateway.volumes.logsSize }}}
- name: tmp
  emptyDir: {sizeLimit: 16Mi}
{{- if include "archgw.modelServer.beside" . }}
{{ include "archgw.modelServer.volumes" . }}
{{- end }}
{{- with .Values.gateway.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The model server's container, and the volumes it needs. */}}

{{- define "archgw.modelServer.container" -}}
{{- $server := .Values.modelServer -}}
name: model-server
args:
  - --host={{ .Values.gateway.bindAddress }}
  - --port={{ $server.port }}
  - --token-file=/etc/archgw-model-server/token
  - --drain-min={{ $server.drain.minSeconds }}
  - --drain-max={{ $server.drain.maxSeconds }}
{{- with $server.extraEnv }}
env: {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  - {name: models, containerPort: {{ $server.port }}}
{{ include "archgw.probes" (list "/readyz" "/healthz" "models" "HTTP") }}
{{ include "archgw.container" (list . $server) }}
volumeMounts:
  - {name: model-server-token, mountPath: /etc/archgw-model-server, readOnly: true}
{{- with $server.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "archgw.modelServer.volumes" -}}
- name: model-server-token
  secret: {secretName: {{ .Values.modelServer.token.existingSecret }}, defaultMode: 0400}
{{- with .Values.modelServer.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

# The restricted profile of Kubernetes' pod security standards, and what we ask for beyond it.
package restricted

import rego.v1

pod := input.spec if input.kind == "Pod"

pod := input.spec.template.spec if input.kind == "Deployment"

containers contains container if {
	some list in ["initContainers", "containers", "ephemeralContainers"]
	some container in pod[list]
}

# ---- the standard

deny contains "shares a namespace of the host" if {
	some namespace in ["hostNetwork", "hostPID", "hostIPC"]
	pod[namespace]
}

deny contains "mounts a folder of the host" if {
	some volume in pod.volumes
	volume.hostPath
}

deny contains "runs as root" if not pod.securityContext.runAsNonRoot

deny contains "runs as user 0" if pod.securityContext.runAsUser == 0

deny contains "has no seccomp profile" if not pod.securityContext.seccompProfile.type in {"RuntimeDefault", "Localhost"}

deny contains "sets kernel parameters" if pod.securityContext.sysctls

deny contains sprintf("%s is privileged", [container.name]) if {
	some container in containers
	container.securityContext.privileged
}

deny contains sprintf("%s may gain privileges", [container.name]) if {
	some container in containers
	object.get(container, ["securityContext", "allowPrivilegeEscalation"], true)
}

deny contains sprintf("%s keeps capabilities", [container.name]) if {
	some container in containers
	not "ALL" in object.get(container, ["securityContext", "capabilities", "drop"], [])
}

deny contains sprintf("%s adds capabilities", [container.name]) if {
	some container in containers
	count(object.get(container, ["securityContext", "capabilities", "add"], [])) > 0
}

deny contains sprintf("%s takes a port of the host", [container.name]) if {
	some container in containers
	some port in container.ports
	port.hostPort
}

# ---- beyond it

deny contains "is given a token of the cluster" if not pod.automountServiceAccountToken == false

deny contains sprintf("%s writes to its root", [container.name]) if {
	some container in containers
	not object.get(container, ["securityContext", "readOnlyRootFilesystem"], false)
}

deny contains sprintf("%s has no limit of %s", [container.name, resource]) if {
	some container in containers
	some resource in ["cpu", "memory"]
	not container.resources.limits[resource]
}

deny contains sprintf("%s has a secret in its environment", [container.name]) if {
	some container in containers
	some variable in container.env
	variable.valueFrom.secretKeyRef
}

deny contains sprintf("%s mounts by subPath, which never changes", [container.name]) if {
	some container in containers
	some mount in container.volumeMounts
	mount.subPath
}

deny contains sprintf("secret %s can be read by others", [volume.name]) if {
	some volume in pod.volumes
	some kind in ["secret", "projected"]
	volume[kind]
	object.get(volume[kind], "defaultMode", 420) != 256
}

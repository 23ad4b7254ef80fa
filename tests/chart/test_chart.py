"""The Helm chart: what it renders is valid, closed, watched, and refuses what cannot be meant."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import promql_parser
import pytest
import yaml

from controlplane.compile import check
from controlplane.defaults import BIND
from deploy.grafana import write
from modelserver.telemetry import Metrics
from tests.chart import (
    CASES,
    CHART,
    EXAMPLES,
    MANIFESTS,
    NAME,
    golden,
    helm,
    objects,
    of_kind,
    render,
    values,
)
from tests.chart.install import NEWEST, OLDEST, PYTHON, TOOLS
from tests.fakes.certificates import Authority
from tests.registries import MISSING

HERE = Path(__file__).parent
SCHEMAS = {file.stem: json.loads(file.read_text()) for file in (HERE / "schemas").glob("*.json")}

# What scanners find, and why it stays.
EXPLAINED = {
    # A digest is of an image that somebody built and pushed; `image.digest` takes it.
    ("CKV_K8S_43", "Deployment"),
    ("CKV_K8S_43", "Pod"),
    # With a version or a digest the image is the same; a pod starts while the registry is down.
    ("CKV_K8S_15", "Deployment"),
    ("CKV_K8S_15", "Pod"),
    # The pod of `helm test` ends by itself, and nobody calls it.
    ("CKV_K8S_8", "Pod"),
    ("CKV_K8S_9", "Pod"),
    # It takes `$OPENAI_API_KEY`, the name of a variable, for what the variable holds.
    ("KSV-01010", "ConfigMap"),
    # The examples' own registry is trusted by whoever copies them.
    ("KSV-0125", "Deployment"),
    ("KSV-0125", "Pod"),
}

pytestmark = pytest.mark.skipif(not (TOOLS / "helm").exists(), reason="no helm is here: make helm")


def _skip_without_python() -> None:
    if (PYTHON / MISSING).exists() or not (PYTHON / "filled_with").exists():
        pytest.skip("neither checkov nor regopy is here: make helm")


def _python(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    _skip_without_python()
    return subprocess.run(
        [PYTHON / "bin" / "python", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=HERE,
        **more,
    )


@cache
def rendered(case: str) -> str:
    return render(case)


def deployments(case: str) -> dict[str, dict[str, Any]]:
    return of_kind("Deployment", rendered(case))


def pod(deployment: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return found


def containers(case: str) -> dict[str, dict[str, Any]]:
    pods = [pod(each) for each in deployments(case).values()]
    found = (each for one in pods for each in (*one.get("initContainers", ()), *one["containers"]))
    return {each["name"]: each for each in found}


# ---- what is rendered


@pytest.mark.parametrize("case", CASES)
def test_lint(case: str) -> None:
    """Helm's own rules, of which a warning counts as an error."""
    done = helm("lint", "--strict", *values(case))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str) -> None:
    """It comes out to the letter; `deploy/k8s` is what the chart renders by itself."""
    assert rendered(case) == golden(case).read_text("utf-8"), "make chart"


def test_every_golden_file_has_its_example() -> None:
    """An example that is gone leaves no rendering behind."""
    assert {each.stem for each in (HERE / "golden").iterdir()} == set(EXAMPLES)
    assert len(EXAMPLES) >= 5


def test_manifests_are_applied_as_they_are() -> None:
    """By kubectl: the namespace, which lets restricted pods in alone, and all else."""
    kubectl = [TOOLS / "kubectl", "kustomize", str(MANIFESTS.parent)]
    done = subprocess.run(kubectl, capture_output=True, text=True, check=True)
    built = objects(done.stdout)
    assert len(built) == len(objects(MANIFESTS.read_text())) + 1
    (namespace,) = (each for each in built if each["kind"] == "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


# ---- what Kubernetes takes


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_knows_every_field(tmp_path: Path, version: str) -> None:
    """The oldest version that the chart says it is for, and the newest."""
    files = []
    for case in CASES:
        known = [each for each in objects(rendered(case)) if each["kind"] not in SCHEMAS]
        files.append(tmp_path / f"{case}.yaml")
        files[-1].write_text(yaml.safe_dump_all(known))
    command = ["-m", "kubernetes_validate", "--strict", "-k", version, *map(str, files)]
    done = _python(*command, env={**os.environ, "PYTHONPATH": str(TOOLS)})
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert said.count("passed for resource") >= 50


def test_oldest_version_is_the_charts() -> None:
    """What is checked is what Chart.yaml promises."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["kubeVersion"] == f">={OLDEST}-0"


def test_resources_of_others_are_as_their_makers_have_them() -> None:
    """Prometheus' operator, the Gateway API and KEDA: no field that they do not know."""
    seen = Counter[str]()
    for each in (each for case in CASES for each in objects(rendered(case))):
        if schema := SCHEMAS.get(each["kind"]):
            seen[each["kind"]] += 1
            jsonschema.validate(each, schema)
    assert set(seen) == set(SCHEMAS)


def test_schemas_are_closed() -> None:
    """A field too many is found."""
    (route,) = of_kind("HTTPRoute", rendered("several-applications")).values()
    route["spec"]["rules"][0]["timeout"] = "1s"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(route, SCHEMAS["HTTPRoute"])


# ---- what a gateway makes of it


@pytest.mark.parametrize("case", CASES)
def test_config_is_sound_where_it_is_mounted(case: str, tmp_path: Path) -> None:
    """By the lint rules of a gateway that others reach: every listener says who may call."""
    maps = of_kind("ConfigMap", rendered(case)).values()
    (config,) = (each for each in maps if "arch_config.yaml" in each["data"])
    text = config["data"]["arch_config.yaml"]
    (tmp_path / "clients").mkdir()
    (tmp_path / "clients" / "web").write_text("a-key-of-one-of-the-clients")
    (tmp_path / "redis").write_text("a-password-of-no-meaning")
    authority = Authority(tmp_path / "tls")
    leaf = authority.leaf("gateway.test")
    for written, meant in {
        "/etc/archgw-clients": tmp_path / "clients",
        "/etc/archgw-tls/tls.crt": leaf.chain_file,
        "/etc/archgw-tls/tls.key": leaf.key_file,
        "/etc/archgw-tls/ca.crt": authority.file,
        "/etc/archgw-keys/REDIS_PASSWORD": tmp_path / "redis",
    }.items():
        text = text.replace(written, str(meant))
    file = tmp_path / "arch_config.yaml"
    file.write_text(text)
    names = ("OPENAI_API_KEY", "MISTRAL_API_KEY", "ANTHROPIC_API_KEY", "SHOP_KEY")
    env = {BIND: "0.0.0.0", **dict.fromkeys(names, "a-key-of-no-meaning")}
    # Keys in clear are what a mesh, or a listener's own certificate, sees to.
    assert {each.code for each in check(file, env).problems} <= {"AG907"}


@pytest.mark.parametrize("case", CASES)
def test_what_changes_is_mounted_so_that_it_can(case: str) -> None:
    """Config and secrets as folders, which Kubernetes swaps; keys for the owner's eyes alone."""
    for name, container in containers(case).items():
        mounts = {each["name"]: each for each in container.get("volumeMounts", ())}
        assert not [each for each in mounts.values() if "subPath" in each], name
        assert not [each for each in container.get("env", ()) if "valueFrom" in each], name
    volumes = [each for one in deployments(case).values() for each in pod(one)["volumes"]]
    secret = [each.get("secret") or each.get("projected") for each in volumes]
    assert {each["defaultMode"] for each in secret if each} == {0o400}


@pytest.mark.parametrize("case", CASES)
def test_time_to_drain(case: str) -> None:
    """A pod is killed no sooner than ten seconds after the longest drain."""
    for deployment in deployments(case).values():
        parts = (*pod(deployment).get("initContainers", ()), *pod(deployment)["containers"])
        args = [each for part in parts for each in part.get("args", ())]
        longest = max(int(each[12:]) for each in args if each.startswith("--drain-max="))
        assert pod(deployment)["terminationGracePeriodSeconds"] >= longest + 10
    args = containers(case)["gateway"]["args"]
    assert "--drain-min=10" in args


@pytest.mark.parametrize("case", CASES)
def test_probes_ask_the_gateway_alone(case: str) -> None:
    """A provider or model that is down restarts no gateway, and takes none out of its Service."""
    gateway = containers(case)["gateway"]
    asked = {each: gateway[f"{each}Probe"]["httpGet"]["path"] for each in ("startup", "readiness")}
    assert asked == {"startup": "/readyz", "readiness": "/readyz"}
    assert gateway["livenessProbe"]["httpGet"]["path"] == "/healthz"
    ports = {each["name"] for each in gateway["ports"]}
    assert gateway["livenessProbe"]["httpGet"]["port"] in ports


@pytest.mark.parametrize("case", CASES)
def test_selectors_find_what_they_mean(case: str) -> None:
    """Services, budgets and policies select pods that there are, by ports that those have."""
    pods = [each["spec"]["template"]["metadata"]["labels"] for each in deployments(case).values()]
    pods += [each["metadata"]["labels"] for each in of_kind("Pod", rendered(case)).values()]
    ports = {
        each["containerPort"] for one in containers(case).values() for each in one.get("ports", ())
    }
    for each in objects(rendered(case)):
        spec = each.get("spec", {})
        if each["kind"] == "Service":
            assert {port["targetPort"] for port in spec["ports"]} <= ports
            selector = spec["selector"]
        elif each["kind"] == "NetworkPolicy":
            selector = spec["podSelector"]["matchLabels"]
            assert spec["policyTypes"] == ["Ingress", "Egress"]
        elif each["kind"] == "PodDisruptionBudget":
            selector = spec["selector"]["matchLabels"]
        else:
            continue
        assert [one for one in pods if selector.items() <= one.items()], each["metadata"]


def test_metadata_of_the_cloud_is_out_of_reach() -> None:
    """Whatever may be called outside, the address that gives out the node's identity may not."""
    for case in CASES:
        for policy in of_kind("NetworkPolicy", rendered(case)).values():
            blocks = [
                peer["ipBlock"]
                for rule in policy["spec"]["egress"]
                for peer in rule.get("to", ())
                if "ipBlock" in peer
            ]
            assert all("169.254.0.0/16" in each["except"] for each in blocks)


# ---- what a value does


def test_topologies() -> None:
    """Apart, in one pod, or beside an application that starts after the gateway."""
    assert set(deployments("default")) == {"archgw", "archgw-model-server"}
    (together,) = deployments("one-node").values()
    assert [each["name"] for each in pod(together)["containers"]] == ["gateway", "model-server"]
    (sidecar,) = deployments("sidecar").values()
    (first,) = pod(sidecar)["initContainers"]
    assert (first["name"], first["restartPolicy"]) == ("gateway", "Always")
    assert [each["name"] for each in pod(sidecar)["containers"]] == ["shop"]
    both = render("sidecar", "--set", "modelServer.enabled=true")
    (sidecar,) = of_kind("Deployment", both).values()
    names = [each["name"] for each in pod(sidecar)["initContainers"]]
    assert names == ["model-server", "gateway"]


def test_where_the_model_server_is() -> None:
    """The gateway is told by a variable, whatever its config; a token is known to both."""
    for case, address in {
        "default": "archgw-model-server:51000",
        "one-node": "127.0.0.1:51000",
        "sidecar": None,
    }.items():
        env = {each["name"]: each.get("value") for each in containers(case)["gateway"]["env"]}
        assert env.get("MODEL_SERVER_ADDRESS") == address
    volumes = {each["name"]: each for each in pod(deployments("default")["archgw"])["volumes"]}
    (_, token) = volumes["keys"]["projected"]["sources"]
    assert token["secret"]["items"] == [{"key": "token", "path": "MODEL_SERVER_TOKEN"}]
    server = pod(deployments("default")["archgw-model-server"])
    assert [each["name"] for each in server["volumes"]] == ["model-server-token"]


def test_a_changed_config_is_a_rollout_or_none() -> None:
    """Live, pods stay as they are; else the config has another name, and the pods name it."""

    def pods_and_config(reload: str, text: str) -> tuple[Any, str]:
        set_ = ["--set", f"configReload={reload}", "--set-string", f"config={text}"]
        out = render("default", *set_)
        (name,) = of_kind("ConfigMap", out)
        return of_kind("Deployment", out)["archgw"]["spec"]["template"], name

    assert pods_and_config("live", "a: 1") == pods_and_config("live", "a: 2")
    before, after = (pods_and_config("rollout", text) for text in ("a: 1", "a: 2"))
    assert before[1] != after[1]
    assert before[0] != after[0]


def test_an_autoscaler_owns_the_replicas() -> None:
    """A number in the manifest would undo, with each upgrade, what the autoscaler chose."""
    assert all(each["spec"]["replicas"] == 2 for each in deployments("default").values())
    assert not any("replicas" in each["spec"] for each in deployments("scale-out").values())
    (autoscaler,) = of_kind("HorizontalPodAutoscaler", rendered("scale-out")).values()
    assert autoscaler["spec"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 300
    (scaled,) = of_kind("ScaledObject", rendered("scale-out")).values()
    assert scaled["spec"]["scaleTargetRef"]["name"] in deployments("scale-out")


REFUSED = {
    "modelServer.autoscaling.enabled=true,modelServer.keda.enabled=true,"
    "modelServer.keda.prometheusAddress=http://p": "enable one of them",
    "topology=together,modelServer.autoscaling.enabled=true": "topology: separate",
    "modelServer.keda.enabled=true": "where Prometheus is",
    "modelServer.token.existingSecret=": "have to know a token",
    "topology=sidecar": "needs the containers",
    "gateway.drain.minSeconds=90": "more than maxSeconds",
    "gateway.listeners.llm.enabled=false,gateway.listeners.prompt.enabled=false": "one of them",
    "httpRoute.enabled=true": "parentRefs",
    "gateway.replica=3": "'replica' not allowed",
    "gateway.image.tag=latest": "/gateway/image/tag",
    "topology=apart": "/topology",
    "gateway.listeners.llm.port=80": "minimum",
}


@pytest.mark.parametrize("setting", REFUSED)
def test_what_cannot_be_meant_is_refused(setting: str) -> None:
    """In words, before anything reaches a cluster."""
    done = helm("template", "--set", setting)
    assert done.returncode != 0
    assert REFUSED[setting] in done.stderr


def test_notes_name_the_secrets() -> None:
    """Whoever installs is told what the pods wait for."""
    command = [TOOLS / "helm", "install", NAME, str(CHART), "--dry-run=client"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    notes = done.stdout.partition("NOTES:")[2]
    for word in ("archgw-keys", "archgw-clients", "archgw-model-server", "helm test", ":12000/v1"):
        assert word in notes, done.stderr


def test_alerts_and_dashboards_are_those_of_everybody() -> None:
    """What is rendered asks what `deploy/prometheus` and `deploy/grafana` ask, of one namespace."""
    (rule,) = of_kind("PrometheusRule", rendered("scale-out")).values()
    expected = write.ALERTS.read_text("utf-8").replace('job=~"archgw.*"', 'namespace="archgw"')
    assert rule["spec"] == yaml.safe_load(expected)
    maps = of_kind("ConfigMap", rendered("scale-out"))
    boards = {name: each["data"] for name, each in maps.items() if "-dashboard-" in name}
    assert {f"archgw-dashboard-{each.name}" for each in write.DASHBOARDS} == set(boards)
    for (text,) in (data.values() for data in boards.values()):
        board = json.loads(text)
        name = board["uid"].removeprefix("archgw-")
        assert board == json.loads((write.FOLDER / f"{name}.json").read_text("utf-8"))


def test_queries_are_prometheus_own() -> None:
    """Of alerts and of what KEDA scales by: each parses, and asks of the release's namespace."""
    (rule,) = of_kind("PrometheusRule", rendered("scale-out")).values()
    (scaled,) = of_kind("ScaledObject", rendered("scale-out")).values()
    scaled_by = [each["metadata"]["query"] for each in scaled["spec"]["triggers"]]
    queries = [each["expr"] for group in rule["spec"]["groups"] for each in group["rules"]]
    assert len(queries) > 10
    for query in [*queries, *scaled_by]:
        promql_parser.parse(query)
        assert query.count("{") == query.count('{namespace="archgw"'), query
    told = {each.name for each in Metrics().registry.collect()}
    assert set(re.findall(r"\barchgw_\w+", " ".join(scaled_by))) <= told


# ---- what others say about it


def _scan_folder(folder: Path) -> Path:
    for case in CASES:
        (folder / f"{case}.yaml").write_text(rendered(case))
    return folder


def test_trivy_finds_nothing_high(tmp_path: Path) -> None:
    """Nothing HIGH or CRITICAL, and what is below it is explained."""
    command = [TOOLS / "trivy", "config", "--skip-check-update", "--skip-version-check", "--quiet"]
    command += ["--format", "json", "--cache-dir", str(tmp_path / "cache")]
    (tmp_path / "scanned").mkdir()
    command += [str(_scan_folder(tmp_path / "scanned"))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    results = json.loads(done.stdout)["Results"]
    assert sum(each["MisconfSummary"]["Successes"] for each in results) > 500
    found = [each for result in results for each in result.get("Misconfigurations", ())]
    assert {each["Severity"] for each in found} <= {"LOW", "MEDIUM"}
    explained = {check for check, _ in EXPLAINED}
    assert [each["Message"] for each in found if each["ID"] not in explained] == []


@pytest.mark.slow
def test_checkov_finds_nothing(tmp_path: Path) -> None:
    """No check fails but those that are explained."""
    command = ["-m", "checkov.main", "--directory", str(_scan_folder(tmp_path)), "--compact"]
    command += ["--framework", "kubernetes", "--skip-download", "--quiet", "--output", "json"]
    done = _python(*command)
    report = json.loads(done.stdout)
    assert report["summary"]["passed"] > 1000
    assert report["summary"]["parsing_errors"] == 0
    failed = {
        (each["check_id"], each["resource"].partition(".")[0])
        for each in report["results"]["failed_checks"]
    }
    assert failed <= EXPLAINED


def _denied(given: list[dict[str, Any]]) -> list[list[str]]:
    done = _python("restricted.py", input="".join(f"{json.dumps(each)}\n" for each in given))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_pods_are_restricted() -> None:
    """By the restricted profile of Kubernetes' pod security standards, and more."""
    pods = [
        each
        for case in CASES
        for each in objects(rendered(case))
        if each["kind"] in {"Deployment", "Pod"}
    ]
    assert _denied(pods) == [[]] * len(pods)
    assert len(pods) > 10


def test_policies_find_what_they_are_for() -> None:
    """Each of them denies a pod that is otherwise fine."""
    spoilt = []
    wanted = []
    for spoil, finding in SPOILT.items():
        (deployment,) = (each for name, each in _fresh().items() if name == "archgw")
        place: Any = deployment["spec"]["template"]["spec"]
        *way, last = spoil.split(".")
        for step in way:
            place = place[int(step) if step.isdigit() else step]
        place[last] = finding[0]
        spoilt.append(deployment)
        wanted.append([finding[1]])
    assert _denied(spoilt) == wanted


def _fresh() -> dict[str, dict[str, Any]]:
    return of_kind("Deployment", rendered("default"))


SPOILT: dict[str, tuple[Any, str]] = {
    "hostNetwork": (True, "shares a namespace of the host"),
    "volumes.0.hostPath": ({"path": "/"}, "mounts a folder of the host"),
    "securityContext.runAsNonRoot": (False, "runs as root"),
    "securityContext.runAsUser": (0, "runs as user 0"),
    "securityContext.seccompProfile": ({"type": "Unconfined"}, "has no seccomp profile"),
    "securityContext.sysctls": ([{"name": "a"}], "sets kernel parameters"),
    "containers.0.securityContext.privileged": (True, "gateway is privileged"),
    "containers.0.securityContext.allowPrivilegeEscalation": (True, "gateway may gain privileges"),
    "containers.0.securityContext.capabilities": ({"drop": []}, "gateway keeps capabilities"),
    "containers.0.ports": ([{"hostPort": 80}], "gateway takes a port of the host"),
    "automountServiceAccountToken": (True, "is given a token of the cluster"),
    "containers.0.securityContext.readOnlyRootFilesystem": (False, "gateway writes to its root"),
    "containers.0.resources.limits": ({"cpu": "1"}, "gateway has no limit of memory"),
    "containers.0.env": (
        [{"valueFrom": {"secretKeyRef": {}}}],
        "gateway has a secret in its environment",
    ),
    "containers.0.volumeMounts": (
        [{"subPath": "a"}],
        "gateway mounts by subPath, which never changes",
    ),
    "volumes.1.projected.defaultMode": (420, "secret keys can be read by others"),
}

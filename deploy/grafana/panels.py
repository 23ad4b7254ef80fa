"""Panels and dashboards as Grafana's JSON has them: two panels beside each other, nothing random."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

_WIDTH, _HEIGHT = 12, 8
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_TAG = "archgw"


@dataclass(frozen=True, slots=True)
class Query:
    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    about: str
    """What it says, and what to look at when it is not as it should be."""
    unit: str
    queries: tuple[Query, ...]
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Dashboard:
    name: str
    title: str
    panels: tuple[Panel, ...]


def rate(metric: str, by: str, where: str = "") -> str:
    """How often a second."""
    return f"sum by ({by}) (rate({metric}{_of(where)}[$__rate_interval]))"


def quantile(share: float, histogram: str, by: str) -> str:
    buckets = f"rate({histogram}_bucket{_of('')}[$__rate_interval])"
    return f"histogram_quantile({share}, sum by (le, {by}) ({buckets}))"


def now(gauge: str, by: str, where: str = "") -> str:
    return f"sum by ({by}) ({gauge}{_of(where)})"


def _of(where: str) -> str:
    return "{" + ",".join(filter(None, ['namespace=~"$namespace"', 'job=~"$job"', where])) + "}"


def written(dashboard: Dashboard) -> dict[str, Any]:
    numbers = count(1)
    return {
        "uid": f"archgw-{dashboard.name}",
        "title": f"archgw / {dashboard.title}",
        "tags": [_TAG],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "links": [
            {
                "title": "archgw",
                "type": "dashboards",
                "tags": [_TAG],
                "asDropdown": True,
                "includeVars": True,
                "keepTime": True,
            }
        ],
        "templating": {"list": _variables()},
        "panels": [
            _panel(each, number, place)
            for place, (number, each) in enumerate(zip(numbers, dashboard.panels, strict=False))
        ],
    }


def _variables() -> list[dict[str, Any]]:
    """Where Prometheus is, and which of its jobs; only on Kubernetes is there a namespace."""
    source = {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    return [source, _chosen("namespace", "Namespace"), _chosen("job", "Job")]


def _chosen(label: str, title: str) -> dict[str, Any]:
    """All, unless somebody chooses; `.*` is true of what has no such label as well."""
    told = f'label_values({{__name__=~"archgw_up|archgw_modelserver_ready"}}, {label})'
    return {
        "name": label,
        "label": title,
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": told, "refId": label},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _panel(panel: Panel, number: int, place: int) -> dict[str, Any]:
    row, column = divmod(place, 2)
    custom: dict[str, Any] = {"fillOpacity": 10, "showPoints": "never"}
    if panel.stacked:
        custom |= {"fillOpacity": 40, "stacking": {"mode": "normal", "group": "A"}}
    return {
        "id": number,
        "title": panel.title,
        "description": panel.about,
        "type": "timeseries",
        "datasource": _SOURCE,
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "min": 0, "custom": custom},
            "overrides": [],
        },
        "options": {
            "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["mean", "max"]},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": _SOURCE,
                "expr": each.expr,
                "legendFormat": each.legend,
            }
            for index, each in enumerate(panel.queries)
        ],
    }

"""From settings to a service: files checked, graphs opened, tasks built, first rows run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokenizers import Tokenizer as RawTokenizer

from modelserver.engine import registry
from modelserver.engine.batching import BatchSettings
from modelserver.engine.split import open_model
from modelserver.errors import StartError
from modelserver.remote import RemoteFunctions
from modelserver.service import Lane, Service
from modelserver.tasks.guard.classify import GuardTask
from modelserver.tasks.targets.decide import Targets

if TYPE_CHECKING:
    from modelserver.engine.backend import Backend
    from modelserver.engine.registry import Model
    from modelserver.settings import Settings, Workload
    from modelserver.telemetry import Metrics


def find_models(settings: Settings) -> tuple[Model, Model]:
    """Guard and targets, their files present and unaltered; quick, so it runs first."""
    own, manifest = settings.own_guard, settings.manifest or registry.MANIFEST
    if own:
        guard = registry.users_own("guard", own.directory, own.sha256)
    else:
        guard = registry.find("guard", manifest)
    return guard, registry.find("targets", manifest)


def load_service(guard: Model, targets: Model, settings: Settings, metrics: Metrics) -> Service:
    """A service whose models have run once; takes a second or two."""
    runtime = settings.runtime
    return Service(
        guard=Lane(
            "guard", guard.identity, _guard_task(guard), _backend("guard", guard, runtime),
            _batches(runtime, runtime.guard_workers),
        ),
        targets=Lane(
            "targets", targets.identity, _targets_task(targets),
            _backend("targets", targets, runtime), _batches(runtime, runtime.targets_workers),
        ),
        settings=settings,
        metrics=metrics,
        remote=RemoteFunctions(settings.remote) if settings.remote else None,
    )  # fmt: skip


def _batches(runtime: Workload, workers: int) -> BatchSettings:
    return BatchSettings(runtime.budget, runtime.capacity, workers)


def _backend(task: str, model: Model, runtime: Workload) -> Backend:
    try:
        return open_model(model.directory, threads=runtime.threads)
    except Exception as error:  # onnxruntime has no common base class for its errors
        raise StartError(
            f"{task}: {model.directory} holds no graph that onnxruntime can run.\n{error}"
        ) from error


def _guard_task(model: Model) -> GuardTask:
    try:
        tokenizer = RawTokenizer.from_file(str(model.directory / "tokenizer.json"))
    except Exception as error:  # the library raises bare Exceptions
        raise _bad_tokenizer("guard", model, error) from error
    return GuardTask.from_config(tokenizer, model.config)


def _targets_task(model: Model) -> Targets:
    try:
        return Targets.load(model.directory)
    except (KeyError, TypeError) as error:
        path = model.directory / "config.json"
        raise StartError(
            f"targets: {path} lacks or misspells a calibrated value ({error})."
        ) from error
    except Exception as error:  # the library raises bare Exceptions
        raise _bad_tokenizer("targets", model, error) from error


def _bad_tokenizer(task: str, model: Model, error: Exception) -> StartError:
    path = model.directory / "tokenizer.json"
    return StartError(f"{task}: {path} is no tokenizer for this model ({error}).")

"""HTTP: routes that translate and nothing else.

A route reads the body within its limits, parses it, asks the service and writes the answer.
Four things happen to every request around that, in `Door`: a bound on how many are being
answered, an end to the work when the caller leaves, one mapping of errors to answers, and
the metrics and the log line, which say how it went and never hold a text.

FastAPI's own validation is not used: it reads a body before any limit of ours, and its errors
quote what was sent, which here is a prompt.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from modelserver import proof
from modelserver.errors import (
    BodyTimeout,
    InvalidJson,
    InvalidRequest,
    NotAdmitted,
    NotReady,
    Overloaded,
    RequestTooLarge,
    ServerError,
    UnsupportedMedia,
)
from modelserver.http import compat
from modelserver.http.parse import parse_decide, parse_guard
from modelserver.telemetry import log, trace_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from modelserver.service import Service
    from modelserver.settings import Settings
    from modelserver.telemetry import Metrics

    Handler = Callable[[Any], Awaitable[Any]]
    ErrorBody = Callable[[ServerError, str], Any]

JSON = "application/json"
# A body that dribbles in would hold its place among the active requests for ever.
BODY_SECONDS = 10
_DEGRADED = {"x-envoy-degraded": "true"}
"""To Envoy's own health check: ends what it has, and wants nothing new while another is well."""
METRICS = "text/plain; version=0.0.4; charset=utf-8"


class State:
    """What the routes share; `service` is there once the models are warm."""

    def __init__(
        self, settings: Settings, metrics: Metrics, proof: proof.Server | None = None
    ) -> None:
        """With `proof`, only who knows the token is answered, and is shown that we do."""
        self.settings = settings
        self.proof = proof
        self.metrics = metrics
        self.service: Service | None = None
        self.active = 0
        self.draining = False
        """Still answering, but no balancer shall send more."""

    def warm(self) -> Service:
        if self.service is None:
            raise NotReady("The models are being loaded; try again in a moment.")
        return self.service


def create_app(state: State) -> FastAPI:
    """The application; the process around it sets `state.service` when the models are warm."""
    app = FastAPI(title="archgw model server", docs_url=None, redoc_url=None, openapi_url=None)
    _add_info_routes(app, state)
    door = Door(state)
    limits = state.settings.limits

    async def decide(body: Any) -> Any:
        return await state.warm().decide(parse_decide(body, limits))

    async def intent(body: Any) -> Any:
        return await state.warm().intent(parse_decide(body, limits))

    async def guard(body: Any) -> Any:
        request = parse_guard(body, limits)
        return await state.warm().guard(request.texts, request.threshold, request.timeout_ms)

    app.add_exception_handler(HTTPException, _unrouted)
    door.add(app, "/v1/decide", decide)
    door.add(app, "/v1/intent", intent)
    door.add(app, "/v1/guard", guard)
    for path, handler, error_body in compat.routes(state.warm, limits):
        door.add(app, path, handler, error_body)
    return app


def _add_info_routes(app: FastAPI, state: State) -> None:
    @app.get("/healthz")
    async def healthz() -> Response:
        if state.service is None:
            return _answer({"status": "loading"}, 503, {"Retry-After": "1"})
        if state.service.stuck:
            return _answer({"status": "stuck"}, 503)
        if state.draining:
            return _answer({"status": "draining"}, 200, _DEGRADED)
        return _answer({"status": "ok"})

    @app.get("/readyz")
    async def readyz() -> Response:
        if state.draining:
            return _answer({"status": "draining"}, 503)
        return await healthz()

    @app.get("/models")
    async def v01_models() -> Response:
        return _answer(compat.models())

    @app.get("/v1/models")
    async def models() -> Response:
        loaded = state.service.models if state.service else {}
        data = [
            {"id": identity.partition("@")[0], "object": "model", "owned_by": "archgw",
             "task": task, "identity": identity}
            for task, identity in loaded.items()
        ]  # fmt: skip
        return _answer({"object": "list", "data": data})

    @app.get(proof.PATH)
    async def prove(request: Request) -> Response:
        if state.proof is None:
            raise HTTPException(404, "Not Found")
        try:
            return _answer(state.proof.answer(request.headers.get(proof.NONCE_HEADER, "")))
        except ValueError:
            raise HTTPException(400, f"{proof.NONCE_HEADER}: no nonce") from None

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(state.metrics.text(), media_type=METRICS)


class Door:
    """What happens to every request before and after its route."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add(
        self, app: FastAPI, path: str, handler: Handler, error_body: ErrorBody | None = None
    ) -> None:
        """Serve `POST path` by `handler`, from body to answer."""

        async def endpoint(request: Request) -> Response:
            return await self._serve(request, path, handler, error_body or _error_body)

        app.add_route(path, endpoint, methods=["POST"])

    async def _serve(
        self, request: Request, route: str, handler: Handler, error_body: ErrorBody
    ) -> Response:
        began = time.perf_counter()
        request_id = request.headers.get("x-request-id", "")[:128] or uuid.uuid4().hex
        metrics = self._state.metrics
        try:
            self._admit(request)
            self._enter()
            try:
                body = await self._body(request)
                response = _answer(await _while_present(request, handler(body)))
            finally:
                self._leave()
        except ServerError as error:
            metrics.refused.labels(error.code).inc()
            response = _refusal(error, error_body(error, request_id))
        except CallerLeft:
            metrics.left.inc()
            response = Response(status_code=499)
        except Exception as error:  # noqa: BLE001 - the last door: a bare 500 with a request id
            log.error("request.failed", route=route, request_id=request_id, trace=trace_of(error))
            hidden = ServerError("Something went wrong in here; the log of the server says more.")
            response = _refusal(hidden, error_body(hidden, request_id))
        seconds = time.perf_counter() - began
        metrics.requests.labels(route, str(response.status_code)).inc()
        metrics.request_seconds.labels(route).observe(seconds)
        log.info(
            "request", route=route, status=response.status_code, ms=round(seconds * 1000, 2),
            request_id=request_id,
        )  # fmt: skip
        response.headers["x-request-id"] = request_id
        return response

    def _admit(self, request: Request) -> None:
        known = self._state.proof
        if known and not known.admits(request.headers.get(proof.PROOF_HEADER)):
            raise NotAdmitted("Prove that you know the token of this server.")

    def _enter(self) -> None:
        most = self._state.settings.runtime.most_requests
        if self._state.active >= most:
            raise Overloaded(f"{most} requests are being answered already.")
        self._state.active += 1
        self._state.metrics.active.set(self._state.active)

    def _leave(self) -> None:
        # Only after `_enter` let the request in; a refused one never counted.
        self._state.active -= 1
        self._state.metrics.active.set(self._state.active)

    async def _body(self, request: Request) -> Any:
        limit = self._state.settings.limits.body_bytes
        _require_uncompressed(request)
        if int(request.headers.get("content-length") or 0) > limit:
            raise RequestTooLarge(f"The body is longer than {limit} bytes.")
        try:
            async with asyncio.timeout(BODY_SECONDS):
                content = await _read(request, limit)
        except TimeoutError:
            raise BodyTimeout(f"The body did not come within {BODY_SECONDS} seconds.") from None
        except ClientDisconnect:
            raise CallerLeft from None
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError as error:
            # The parser's own words quote nothing but a position.
            raise InvalidJson(f"The body is no JSON: {error}") from None


async def _read(request: Request, limit: int) -> bytearray:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > limit:
            raise RequestTooLarge(f"The body is longer than {limit} bytes.")
    return content


class CallerLeft(Exception):
    """The caller closed the connection before the answer was ready."""


async def _while_present(request: Request, work: Awaitable[Any]) -> Any:
    """The result of `work`, which is cancelled when the caller closes the connection."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_leaves(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise CallerLeft
    finally:
        for task in (working, leaving):
            task.cancel()
        if not working.done():
            await asyncio.gather(working, return_exceptions=True)


async def _leaves(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _unrouted(_request: Request, error: Exception) -> Response:
    """404 and 405 in the same envelope as every other refusal."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    body = {"message": str(getattr(error, "detail", "")), "type": "invalid_request_error",
            "code": "not_found" if status == 404 else "method_not_allowed", "param": None}  # fmt: skip
    return _answer({"error": body}, status)


def _require_uncompressed(request: Request) -> None:
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise UnsupportedMedia("Content-Encoding: send the body as it is, not compressed.")


def _answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    content = orjson.dumps(body)
    return Response(content, status, headers, media_type=JSON)


def _refusal(error: ServerError, body: Any) -> Response:
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, Overloaded) else None
    return _answer(body, error.status, headers)


def _error_body(error: ServerError, request_id: str) -> Any:
    body: dict[str, Any] = {
        "message": error.message,
        "type": error.kind,
        "code": error.code,
        "param": error.param,
        "request_id": request_id,
    }
    if isinstance(error, InvalidRequest):
        body["problems"] = error.problems
    return {"error": body}

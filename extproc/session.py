"""One ext_proc call: events in, outcomes out, in the legal order.

The headers are looked at as they come; the work is done on the body. Nothing here knows of
gRPC, so that a test drives it like Envoy does.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, get_args

from extproc import pipeline
from extproc.chat import strict_json, types
from extproc.contract import (
    CHAT_PATH,
    CLIENT_DEBUG_HEADER,
    CLIENT_HEADER,
    CLIENT_STREAM_HEADER,
    DEBUG_HEADER,
    HINT_HEADER,
    STREAM_HEADER,
    StreamFormat,
    is_allowed,
    no_such_model,
)
from extproc.errors import GatewayError, InvalidRequest, NotFound, TooLarge, UnknownModel
from extproc.events import Event, Outcome, Proceed, Reject, RequestBody, RequestHeaders
from extproc.exchange import Caller, Clock, Exchange, World
from extproc.phases import Phase, next_phase
from extproc.record.counting import count
from extproc.record.taken import in_short, outcome_of
from extproc.telemetry import TRACEPARENT, onward
from extproc.traces.context import Context, read
from modelserver.schema import LANGUAGE_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extproc.runtime import Runtime

_DEBUG: Final = (DEBUG_HEADER, CLIENT_DEBUG_HEADER)
_STREAM: Final = (STREAM_HEADER, CLIENT_STREAM_HEADER)
_FORMATS: Final[tuple[StreamFormat, ...]] = get_args(StreamFormat)


class Session:
    def __init__(
        self, runtime: Runtime, world: World, called_by: Mapping[str, str] | None = None
    ) -> None:
        """`called_by`: the trace context of the call by which Envoy asks, where it traces."""
        self._runtime = runtime
        self._called_by = called_by or {}
        self._world = world
        self._phase = Phase.START
        self._headers: Mapping[str, str] = {}
        self.decision: Mapping[str, str] = {}
        """What was decided, for the access log."""

    @property
    def done(self) -> bool:
        return self._phase is Phase.DONE

    async def on(self, event: Event) -> Outcome:
        self._phase = next_phase(self._phase, event)
        try:
            match event:
                case RequestHeaders():
                    outcome = self._on_headers(event)
                case RequestBody():
                    outcome = await self._on_body(event.body)
        except GatewayError as error:
            outcome = Reject(error)
        if not isinstance(outcome, Proceed):
            self._phase = Phase.DONE
        return outcome

    def _on_headers(self, event: RequestHeaders) -> Outcome:
        self._headers = event.headers
        path = event.headers.get(":path", "").partition("?")[0]
        if path != CHAT_PATH or event.headers.get(":method") != "POST":
            raise NotFound(f"not found; prompts go to POST {CHAT_PATH}")
        if event.end_of_stream:
            raise InvalidRequest("the body is empty; send a chat-completions request")
        self._let_in()
        return Proceed()

    def _let_in(self) -> None:
        """Whom the models have no time for is told so before any body is read: that is to cost little."""
        metrics = self._world.metrics
        try:
            self._world.lines[self._runtime.config.model_server].admit()
        except GatewayError as error:
            metrics.requests.inc("failed")
            metrics.errors.inc(error.code)
            raise

    async def _on_body(self, body: bytes) -> Outcome:
        metrics = self._world.metrics
        began = time.perf_counter()
        clock = Clock.starting(self._runtime.config.deadline)
        outcome: Outcome | None = None
        exchange: Exchange | None = None
        with metrics.active.held():
            try:
                self._check_size(body)
                request = types.read(
                    body, self._headers.get("content-type", ""), self._foreign_origin()
                )
                self._check_model(request.body.get("model"))
                caller = self._caller()
                runtime = self._runtime.for_client(caller.client)
                exchange = Exchange(runtime, request, caller, self._world, clock)
                outcome = await pipeline.run(exchange)
            except GatewayError as error:
                outcome = Reject(error)
            finally:
                metrics.seconds.observe(time.perf_counter() - began)
                if exchange:
                    metrics.requests.inc(outcome_of(exchange, outcome))
                    count(exchange, metrics)
                    self._world.records.keep(exchange, outcome)
                    self.decision = in_short(exchange, outcome)
                else:
                    metrics.requests.inc("failed")
        if isinstance(outcome, Reject):
            metrics.errors.inc(outcome.error.code)
        return outcome

    def _check_size(self, body: bytes) -> None:
        most = self._runtime.config.max_body
        if len(body) > most:
            raise TooLarge(
                f"request body too large: at most {most} bytes here, which overrides.max_body sets"
            )

    def _foreign_origin(self) -> str | None:
        """Of a web page that the config does not allow."""
        origin = self._headers.get("origin")
        known = self._runtime.config.origins
        return None if origin is None or is_allowed(origin, known) else origin

    def _check_model(self, model: object) -> None:
        """Before anything is done for a prompt that no LLM would answer. A hint goes before it."""
        known = self._runtime.config.models
        if known is None or not isinstance(model, str) or self._headers.get(HINT_HEADER):
            return
        if not known.has(model):
            raise UnknownModel(
                f"the model {strict_json.shown(model)} {no_such_model(known.listed)}", param="model"
            )

    def _span(self) -> Context | None:
        """Of this decision, below Envoy's of its call to us."""
        above = read(self._called_by.get(TRACEPARENT, ""))
        wanted = self._runtime.config.tracing is not None and above is not None
        return above.child() if wanted and above and above.sampled else None

    def _caller(self) -> Caller:
        headers = self._headers
        # The headers hold the trace context as the client gave it: Envoy's own is in the call alone.
        further = onward({**headers, **self._called_by})
        span = self._span()
        if span:
            further[TRACEPARENT] = span.header
        return Caller(
            request_id=headers.get("x-request-id", ""),
            onward=further,
            span=span,
            stream_format=_stream_format(headers),
            client=headers.get(CLIENT_HEADER),
            hint=headers.get(HINT_HEADER, ""),
            language=_language(headers.get("accept-language", "")),
            debug=any(headers.get(name, "").lower() == "true" for name in _DEBUG),
        )


def _stream_format(headers: Mapping[str, str]) -> StreamFormat | None:
    """What names none of them leaves it at the config's."""
    said = [headers.get(name, "").lower() for name in _STREAM]
    return next((each for each in _FORMATS if each in said), None)


def _language(accepted: str) -> str | None:
    """The first language of the header; clients that are no browsers send none, or `*`."""
    found = LANGUAGE_TAG.match(accepted)
    return found.group() if found else None

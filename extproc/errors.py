"""The two error families of extproc.

A `GatewayError` may reach a client: status, code and message are safe to show, and none
quotes a prompt. Envoy makes the error body from them, in the form the config asks for.
Anything else that is raised becomes a bare 500. Standard library only.

`forwarded` errors go to the config's error target first, and reach the client only when that
fails. They carry two names more: `kind` is what `X-Arch-Error-Type` says, and `header` is the
header that holds the code.
"""

from __future__ import annotations

from typing import ClassVar

from extproc.contract import FUNCTION_ERROR_HEADER, GUARD_ERROR_HEADER

INVALID_REQUEST = "invalid_request_error"
SERVER_ERROR = "server_error"
TIMEOUT = "timeout"


class GatewayError(Exception):
    """An answer other than 200, with everything a client may know about it."""

    status: int = 500
    code: str = "internal"
    type: str = SERVER_ERROR
    forwarded: ClassVar[bool] = False
    again: ClassVar[bool] = True
    """May the client's library send the request again by itself? Not once an API was called."""
    retry_after: ClassVar[int | None] = None
    """Seconds after which to ask again."""
    kind: ClassVar[str] = "GatewayError"
    header: ClassVar[str] = FUNCTION_ERROR_HEADER

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        target_name: str | None = None,
        full: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.full = full or message
        """What the application's own error target may know."""
        self.param = param
        self.target_name = target_name
        """Of the prompt target that was being worked on."""


class InvalidJson(GatewayError):
    """The body is not what a strict reader takes."""

    status = 400
    code = "invalid_json"
    type = INVALID_REQUEST


class InvalidRequest(GatewayError):
    """The body is JSON, but no chat-completions request."""

    status = 400
    code = "invalid_request"
    type = INVALID_REQUEST


class UnsupportedContent(GatewayError):
    """A part the guard cannot read."""

    status = 400
    code = "unsupported_content"
    type = INVALID_REQUEST


class UnsupportedMedia(GatewayError):
    """A content type that is neither JSON nor plain text."""

    status = 415
    code = "unsupported_media_type"
    type = INVALID_REQUEST


class ForeignOrigin(GatewayError):
    """A body that a web page could send anywhere without being asked."""

    status = 403
    code = "foreign_origin"
    type = INVALID_REQUEST


class NotFound(GatewayError):
    """A path that is no prompt path."""

    status = 404
    code = "not_found"
    type = INVALID_REQUEST


class UnknownModel(GatewayError):
    """A model that no provider of the config serves."""

    status = 404
    code = "model_not_found"
    type = INVALID_REQUEST


class ProviderNotAllowed(GatewayError):
    """An LLM that is for other clients."""

    status = 403
    code = "provider_not_allowed"
    type = "permission_error"


class TooLarge(GatewayError):
    """A body that is longer than the config allows, by less than Envoy's buffers have room for."""

    status = 413
    code = "request_too_large"
    type = INVALID_REQUEST


class TooLongForGuard(GatewayError):
    """More text than the guard reads in full; it never reads only the beginning."""

    status = 413
    code = "prompt_too_long_for_guard"
    type = INVALID_REQUEST


class ContextTooLarge(GatewayError):
    """The API's answer and the conversation together are more than one request may hold."""

    status = 502
    code = "context_too_large"
    again = False


class Unavailable(GatewayError):
    """Nothing here can answer now: no config of that name, or the process is stopping."""

    status = 503
    code = "unavailable"


class Overloaded(GatewayError):
    """So many prompts wait for the models that this one is not let in."""

    status = 503
    code = "overloaded"
    retry_after = 1


class GuardUnavailable(GatewayError):
    """No verdict on the prompt, so it goes nowhere."""

    status = 503
    code = "guard_unavailable"
    forwarded = True
    kind = "PromptGuardError"
    header = GUARD_ERROR_HEADER


class IntentUnavailable(GatewayError):
    """No decision on which target a prompt wants."""

    status = 503
    code = "intent_unavailable"
    forwarded = True
    kind = "IntentError"


class InvalidArguments(GatewayError):
    """A value from the conversation that cannot stand in the API's URL."""

    status = 400
    code = "invalid_arguments"
    type = INVALID_REQUEST
    forwarded = True
    kind = "FunctionValidationError"


class ToolError(GatewayError):
    """The application's API did not give an answer that can be used."""

    status = 502
    code = "tool_error"
    forwarded = True
    again = False
    kind = "FunctionCallError"

    def __init__(
        self, message: str, *, target_name: str, full: str | None = None, status: int = 502
    ) -> None:
        super().__init__(message, target_name=target_name, full=full)
        self.status = status
        if status < 500:
            self.type = INVALID_REQUEST


class ToolTimeout(GatewayError):
    """The application's API did not answer in time."""

    status = 504
    code = "tool_timeout"
    type = TIMEOUT
    forwarded = True
    again = False
    kind = "FunctionCallError"


class PromptRefused(GatewayError):
    """The guard's verdict. A client is told so by an assistant's message, not by an error."""

    status = 200
    type = INVALID_REQUEST
    forwarded = True
    kind = "PromptGuardError"
    header = GUARD_ERROR_HEADER

    def __init__(self, message: str, guard: str) -> None:
        super().__init__(message)
        self.code = guard

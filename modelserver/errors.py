"""The two error families of the model server.

A `ServerError` may reach a caller: its status, code and message are safe to show, and it
never quotes a prompt. Anything else becomes a bare 500 with a request id. A `StartError`
is for the person who starts the process: what is wrong, where, and how to mend it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a request: the path of the field, as `messages.2.role`."""

    path: str
    message: str


class StartError(Exception):
    """The server cannot start; the message says what to do about it."""


class ServerError(Exception):
    """An answer other than 200, with everything a caller may know about it."""

    status = 500
    code = "internal"
    kind = "server_error"

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class NotAdmitted(ServerError):
    """The caller has not proved to know the token."""

    status = 401
    code = "not_admitted"
    kind = "authentication_error"


class InvalidJson(ServerError):
    """The body is no JSON object."""

    status = 400
    code = "invalid_json"
    kind = "invalid_request_error"


class InvalidRequest(ServerError):
    """The body is JSON, but its fields are not what the route takes."""

    status = 422
    code = "invalid_request"
    kind = "invalid_request_error"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{first.path}: {first.message}{more}", param=first.path)
        self.problems = problems


class UnsupportedMedia(ServerError):
    """The body is encoded in a way that is not read, such as gzip."""

    status = 415
    code = "unsupported_media_type"
    kind = "invalid_request_error"


class BodyTimeout(ServerError):
    """The body was still coming when its time was over."""

    status = 408
    code = "body_timeout"
    kind = "invalid_request_error"


class RequestTooLarge(ServerError):
    """The body, or one of its texts, is longer than the limit."""

    status = 413
    code = "request_too_large"
    kind = "invalid_request_error"


class NotSupported(ServerError):
    """The route exists, but the loaded models cannot answer this."""

    status = 501
    code = "not_supported"
    kind = "invalid_request_error"


class Overloaded(ServerError):
    """Too much is waiting already; come back later."""

    status = 503
    code = "overloaded"

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotReady(Overloaded):
    """The models are not warm yet, or the server is stopping."""

    code = "not_ready"


class ModelUnavailable(ServerError):
    """A model failed, or answered with something that is no number."""

    status = 503
    code = "model_unavailable"


class DeadlineExceeded(ServerError):
    """The answer was not ready in the time the caller gave."""

    status = 504
    code = "deadline_exceeded"

"""The one httpx factory: time limits, and retries within a stated budget where repeating is safe.

| failure | GET, HEAD, OPTIONS, PUT, DELETE | POST, PATCH |
|---|---|---|
| no connection was made | again | again |
| the same: refused, no such host, a certificate that is not trusted | for ``REFUSED_SECONDS`` | for ``REFUSED_SECONDS`` |
| connection lost, or no answer in time | again | not again: it may have been carried out |
| 429 | again, after Retry-After | again, after Retry-After: it was refused |
| 500, 502, 503, 504, and 520 to 530, which are a CDN's | again | not again |

The budget is ``RETRY_SECONDS`` for one request in all, or what ``patience`` says; a Retry-After beyond it is an error at once. A POST that
only reads (a query in its body) is sent with the extension ``REPEATABLE_EXTENSION`` and treated as a GET.
"""

from __future__ import annotations

import email.utils
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import httpx
import tenacity

from deploybook import __version__
from deploybook.http.proxy import Routed

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
RETRY_SECONDS = 60.0
FIRST_WAIT = 0.5
LONGEST_WAIT = 15.0
REFUSED_SECONDS = 6.0
# A shorter pause is none to whoever watches.
SAID_SECONDS = 2.0
_say: Callable[[str], object] = str
# Who is shown each answer, if anybody is.
_record: Callable[[httpx.Request, httpx.Response], object] | None = None
_budget = RETRY_SECONDS
# Set in a process that is to stop: what a request does is not known while it is under way, so none is cut off.
_stopping = threading.Event()

REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
# 520 to 530: what Cloudflare's edge answers, with a page, while it does not reach who is behind it (Cloudflare docs, 5xx errors).
PASSING = frozenset({500, 502, 503, 504, *range(520, 531)})
REPEATABLE_EXTENSION = "deploybook.repeatable"
# Of a request to a provider: its name, and what is wanted of it.
OPERATION_EXTENSION = "deploybook.operation"
# A Render answer gives the reset as seconds left, its documentation as an epoch time; a value this small is a duration.
EPOCH_FROM = 10**9


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Clients that are made within, in any thread, have this budget: a diagnosis need not sit out what it is to name."""
    global _budget
    before, _budget = _budget, seconds
    try:
        yield
    finally:
        _budget = before


def stop() -> None:
    """Have every client of this process raise KeyboardInterrupt before its next request; may be called by a signal's handler."""
    _stopping.set()


def refuse_after_stop() -> None:
    """Raise KeyboardInterrupt if this process is to stop: for clients that send their requests themselves."""
    if _stopping.is_set():
        raise KeyboardInterrupt


def say_waits_to(listener: Callable[[str], object]) -> None:
    """Have ``listener`` called with each longer pause before a request is sent again, in any thread of this process."""
    global _say
    _say = listener


def say_wait(text: str) -> None:
    """Tell whoever watches this process what is waited for now."""
    _say(text)


def show_answers_to(listener: Callable[[httpx.Request, httpx.Response], object] | None) -> None:
    """Have ``listener`` called with each answer to a client of this process, in any thread, before it is judged; None ends that."""
    global _record
    _record = listener


def show_answer(request: httpx.Request, response: httpx.Response) -> None:
    """Show an answer that another library has received, to the listener of ``show_answers_to``."""
    if _record is not None:
        _record(request, response)


def shows_answers() -> bool:
    """Whether anybody is shown the answers."""
    return _record is not None


def unanswered(error: httpx.RequestError) -> str:
    """What an address did that gave no answer that can be read, as the end of a sentence that begins with it."""
    if isinstance(error, httpx.DecodingError):
        return "sends what cannot be decompressed"
    return f"cannot be reached ({type(error).__name__})"


def _pause(seconds: float) -> None:
    _stopping.wait(seconds)


def open_client(
    base_url: str = "",
    *,
    headers: dict[str, str] | None = None,
    retry_seconds: float | None = None,
    read_seconds: float = READ_SECONDS,
    stands_for: Mapping[str, str] | None = None,
) -> httpx.Client:
    """A client whose requests are limited in time and retried as the table above says; ``retry_seconds=0`` never retries.

    ``stands_for``: see ``routing.Routed``.
    """
    return httpx.Client(
        base_url=base_url,
        headers={"User-Agent": f"deploybook/{__version__}"} | (headers or {}),
        timeout=httpx.Timeout(read_seconds, connect=CONNECT_SECONDS),
        transport=RetryTransport(Routed(stands_for), _budget if retry_seconds is None else retry_seconds),
    )


class RetryTransport(httpx.BaseTransport):
    """Repeats a request while that is safe and the budget lasts; the last answer or error goes to the caller."""

    def __init__(self, inner: httpx.BaseTransport, budget: float, sleep: Callable[[float], None] = _pause) -> None:
        self._inner = inner
        self._budget = budget
        self._sleep = sleep
        # Addresses that did not answer for a whole budget: a section's later requests to them must not each wait as long again.
        self._given_up: set[bytes] = set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and send again as allowed."""
        request.read()  # a streamed body could not be sent twice
        budget = 0 if request.url.netloc in self._given_up else self._budget

        def before_sleep(state: tenacity.RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            if isinstance(error, _Again) and state.upcoming_sleep >= SAID_SECONDS:
                _say(f"{request.url.host} {error.reason}: asking again in {state.upcoming_sleep:.0f} s")

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, _Again)),
            wait=_wait,
            stop=tenacity.stop_any(_RefusesForGood(), tenacity.stop_before_delay(budget)),
            sleep=self._sleep,
            before_sleep=before_sleep,
            reraise=True,
        )
        try:
            return retrying(self._attempt, request)
        except _Again as last:
            if last.response is not None:
                return last.response
            self._given_up.add(request.url.netloc)
            cause = last.cause or httpx.TransportError("no answer")
            raise cause from None

    def _attempt(self, request: httpx.Request) -> httpx.Response:
        refuse_after_stop()
        try:
            response = self._inner.handle_request(request)
        except httpx.TransportError as error:
            if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout) or _repeatable(request):
                raise _Again(cause=error) from None
            raise
        self._given_up.discard(request.url.netloc)
        if _record is not None:
            response.read()
            _record(request, response)
        refused = response.status_code == 429
        passing = response.status_code in PASSING and _repeatable(request)
        if refused or passing:
            response.read()
            raise _Again(response=response)
        return response

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def _repeatable(request: httpx.Request) -> bool:
    return request.method in REPEATABLE or bool(request.extensions.get(REPEATABLE_EXTENSION))


class _Again(Exception):
    def __init__(self, *, response: httpx.Response | None = None, cause: httpx.TransportError | None = None) -> None:
        super().__init__()
        self.response = response
        self.cause = cause

    @property
    def reason(self) -> str:
        """What the address did, as the end of a sentence that begins with it."""
        return f"answered {self.response.status_code}" if self.response is not None else "did not answer"


class _RefusesForGood(tenacity.stop.stop_base):
    """Whether to stop asking an address that refuses at once, and longer than a restart takes: a proxy, a firewall, a wrong endpoint."""

    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        late = (retry_state.seconds_since_start or 0) + retry_state.upcoming_sleep > REFUSED_SECONDS
        return late and isinstance(error, _Again) and _is_lasting(error.cause)


def _is_lasting(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ConnectionRefusedError | ssl.SSLCertVerificationError):
            return True
        if isinstance(error, socket.gaierror):
            return error.errno != socket.EAI_AGAIN
        error = error.__cause__ or error.__context__
    return False


_backoff = tenacity.wait_exponential_jitter(multiplier=FIRST_WAIT, max=LONGEST_WAIT, jitter=FIRST_WAIT)


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    response = error.response if isinstance(error, _Again) else None
    # GitHub reports its hourly limit in every response; it is a reason to wait only if the limit caused the refusal.
    limited = response is not None and (response.status_code == 429 or "retry-after" in response.headers)
    retry_seconds = retry_after(response.headers) if response is not None and limited else None
    return _backoff(state) if retry_seconds is None else retry_seconds


def retry_after(headers: httpx.Headers) -> float | None:
    """Seconds to wait by ``Retry-After`` (RFC 9110 §10.2.3: seconds or a date) or ``Ratelimit-Reset``; None if neither is there."""
    value = headers.get("retry-after") or headers.get("ratelimit-reset") or headers.get("x-ratelimit-reset")
    if not value:
        return None
    if value.strip().replace(".", "", 1).isdigit():
        number = float(value)
        return max(0.0, number - time.time()) if number >= EPOCH_FROM else number
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None

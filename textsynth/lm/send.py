"""Sends requests to a server, several at a time, and tries again what may yet succeed.

The only asynchronous code of the package. It runs in a thread of its own: `run` fills `Call.came`
and ends it with None, however it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import queue
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textsynth import keyed
from textsynth.lm import wire

if TYPE_CHECKING:
    import httpx

    from textsynth.lm.server import Request, Server

RETRIED = {408, 409, 429, 500, 502, 503, 504, 529}
NO_SUCH_PATH = {404, 405, 501}
LARGEST = 4 * 2**20  # bytes of an answer: a completion has a few thousand
LARGEST_ERROR = 2**16
REDIRECTS = 3
SECRET = 12  # characters of a key at least
CONNECT = 10.0  # seconds: who has not taken the call by then is not there
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds, doubled from try to try

# Looked up here at each use, so that a test can bring a time of its own.
sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
monotonic = time.monotonic
unix_time = time.time


class FinalError(Exception):
    """No further try helps: what is wrong, and what to do about it."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.problem, self.fix = problem, fix


class RetryError(FinalError):
    """Worth another try; final if it was the last."""


@dataclass(slots=True)
class Call:
    """What the requests of one `complete` share. Its repr does not show the key."""

    server: Server
    url: str
    key: str | None = field(repr=False)
    kept_back: bool  # there is a key, but it is not sent in clear
    mask: Callable[[str], str] = field(repr=False)
    settings: wire.Settings
    api: wire.Api
    fixed: bool  # `api` was asked for, or has answered
    waiting: Iterator[Request]
    workers: int
    came: queue.SimpleQueue[tuple[Request, str] | None] = field(default_factory=queue.SimpleQueue)
    failure: FinalError | None = None  # what the server did
    crash: BaseException | None = None  # what we did
    not_before: float = 0.0  # on the monotonic clock: the server wants no request until then
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    started: threading.Event = field(default_factory=threading.Event)
    loop: asyncio.AbstractEventLoop | None = None
    task: asyncio.Task[None] | None = None


def run(call: Call) -> None:
    """Send all requests, until they are done, one fails for good, or `cancel`."""
    try:
        asyncio.run(_all(call))
    except asyncio.CancelledError:
        pass  # by the caller, who knows why
    except BaseException as error:  # raised again in the caller's thread
        call.crash = error
    finally:
        call.started.set()
        call.came.put(None)


def cancel(call: Call) -> None:
    """Give up what is under way, from another thread; what has come stays in `came`."""
    call.started.wait()
    if call.loop is not None and call.task is not None:
        with contextlib.suppress(RuntimeError):  # the loop has ended by itself
            call.loop.call_soon_threadsafe(call.task.cancel)


async def _all(call: Call) -> None:
    import httpx

    call.loop, call.task = asyncio.get_running_loop(), asyncio.current_task()
    call.started.set()
    timeout = httpx.Timeout(None, connect=min(CONNECT, call.server.timeout))
    limits = httpx.Limits(max_connections=call.workers)
    proxied = not wire.loopback(call.url)  # a proxy cannot reach this machine's loopback
    with _masked_logs(call.mask):
        async with httpx.AsyncClient(timeout=timeout, limits=limits, trust_env=proxied) as client:
            await asyncio.gather(*(_work(call, client) for _ in range(call.workers)))


@contextlib.contextmanager
def _masked_logs(mask: Callable[[str], str]) -> Iterator[None]:
    """The libraries log what the server's headers say, which may be the key again."""

    def masked(record: logging.LogRecord) -> bool:
        record.msg, record.args = mask(record.getMessage()), None
        return True

    loggers = [logging.getLogger(name) for name in ("httpx", "httpcore.http11")]
    for logger in loggers:
        logger.addFilter(masked)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(masked)


async def _work(call: Call, client: httpx.AsyncClient) -> None:
    while call.failure is None:
        request = next(call.waiting, None)
        if request is None:
            return
        try:
            text = await _ask(call, client, request)
        except FinalError as failure:
            call.failure = call.failure or failure
            call.stopped.set()
        else:
            # A server that repeats its headers would have the key stored and published; what is
            # shorter is a stand-in such as "none", and may be a word of the text.
            secret = len(call.key or "") >= SECRET
            call.came.put((request, call.mask(text) if secret else text))


async def _ask(call: Call, client: httpx.AsyncClient, request: Request) -> str:
    """One completion, however many tries it takes."""
    key = request.key % 2**64
    for tried in range(call.server.retries + 1):
        if tried:  # exponential backoff with full jitter, keyed as all that is random
            longest = min(FIRST_PAUSE * 2 ** (tried - 1), LONGEST_PAUSE)
            await _pause(call, float(keyed.uniform(key, tried)) * longest)
        while (left := call.not_before - monotonic()) > 0:
            await _pause(call, left)
        try:
            return await _once(call, client, request.text, int(keyed.bits(key, 0)) >> 33)
        except RetryError as error:
            problem = error  # no pause, and so no further try, once another one has failed
    tries = f" ({call.server.retries + 1} tries)" if call.server.retries else ""
    raise FinalError(problem.problem + tries, problem.fix)


async def _pause(call: Call, seconds: float) -> None:
    """Wait, but no longer than until another request has failed for good."""
    waits = [asyncio.ensure_future(sleep(seconds)), asyncio.ensure_future(call.stopped.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    if call.stopped.is_set():
        raise FinalError("another request failed", "see there")


async def _once(call: Call, client: httpx.AsyncClient, text: str, seed: int) -> str:
    while True:
        api = call.api
        asked = wire.body(api, text, model=call.server.model, seed=seed, settings=call.settings)
        path = "/completions" if api == "completions" else "/chat/completions"
        status, headers, answer = await _post(call, client, call.url + path, asked)
        if status not in NO_SUCH_PATH or api == "chat" or (call.fixed and call.api != "chat"):
            break
        call.api = "chat"
    wait = wire.wait(headers, now=unix_time(), tokens=call.settings.max_tokens)
    if wait:
        call.not_before = max(call.not_before, monotonic() + wait)
    if not 200 <= status < 300:
        raise _refused(call, status, answer)
    call.fixed = call.fixed or api == call.api
    try:
        return wire.completion(api, answer, prompt=text, stop=call.settings.stop)
    except wire.UnusableError as error:
        raise RetryError(f"{error}: “{wire.excerpt(answer, call.mask)}”", error.fix) from None


async def _post(
    call: Call, client: httpx.AsyncClient, url: str, asked: Mapping[str, object]
) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body; a redirect is followed to the same host only, since the key and
    the prompt are meant for no other."""
    for _ in range(REDIRECTS + 1):
        status, headers, answer = await _exchange(call, client, url, json.dumps(asked).encode())
        if not 300 <= status < 400:
            return status, headers, answer
        location = headers.get("location", "")
        target = wire.moved(url, location) if status in {307, 308} else None
        if target is None:
            raise FinalError(
                f"the server redirects (HTTP {status}) to “{wire.excerpt(location, call.mask)}”",
                "redirects to another address are not followed: set `server.url` to the one meant",
            )
        url = target
    raise FinalError("the server redirects in a circle", "check `server.url`")


async def _exchange(
    call: Call, client: httpx.AsyncClient, url: str, content: bytes
) -> tuple[int, Mapping[str, str], bytes]:
    import httpx

    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "identity",  # a few packed bytes could become gigabytes
        "User-Agent": "textsynth",
    }
    if call.key is not None:
        headers["Authorization"] = f"Bearer {call.key}"
    limit = call.server.timeout
    try:
        async with asyncio.timeout(limit):
            async with client.stream("POST", url, content=content, headers=headers) as response:
                return response.status_code, response.headers, await _body(response)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        said = wire.excerpt(str(error), call.mask)
        problem = "the server cannot be reached" + (f": {said}" if said else "")
        raise RetryError(problem, "start it, or check `server.url`") from None
    except (TimeoutError, httpx.TimeoutException):
        raise RetryError(
            f"the server did not answer within {limit:g} s",
            "raise `server.timeout`, or lower `server.concurrency`",
        ) from None
    except (httpx.TransportError, OSError) as error:
        said = wire.excerpt(str(error), call.mask)
        problem = f"the connection was cut: {said}"
        raise RetryError(problem, "look at the server's own log") from None
    except (httpx.InvalidURL, UnicodeError):
        raise FinalError("the address cannot be called", "check `server.url`") from None


async def _body(response: httpx.Response) -> bytes:
    """The body as it came; of an error the first part."""
    good = response.is_success
    if good and response.headers.get("content-encoding", "identity") != "identity":
        raise FinalError("the server packs its answers, unasked", "turn that off at the server")
    read = bytearray()
    async for chunk in response.aiter_raw():
        read += chunk
        if not good and len(read) > LARGEST_ERROR:
            break
        if len(read) > LARGEST:
            problem = f"the server's answer is larger than {LARGEST // 2**20} MB"
            raise FinalError(problem, wire.NO_MODEL)
    return bytes(read)


def _refused(call: Call, status: int, answer: bytes) -> FinalError:
    said = wire.excerpt(answer, call.mask)
    tail = f" (HTTP {status})" + (f": “{said}”" if said else "")
    model = call.server.model
    if status in RETRIED:
        fix = "ask for less at a time (`server.concurrency`), or give the same command again later"
        return RetryError("the server is busy or broken" + tail, fix)
    if status in {401, 403}:
        return FinalError("the server refuses the key" + tail, _key_fix(call))
    if status in NO_SUCH_PATH:
        fix = f"check `server.model` ({model}) and `server.url`"
        if not call.url.endswith("/v1"):
            fix += f": most servers want {call.url}/v1"
        return FinalError("the server has no such model or no such address" + tail, fix)
    fix = f"its message says what it does not take; check `server.model` ({model}) too"
    return FinalError("the server refuses the request" + tail, fix)


def _key_fix(call: Call) -> str:
    variable = call.server.key_env
    if call.kept_back:
        return (
            f"{variable} is not sent in clear to another machine: use https, or put the key of "
            "this server into another variable and name that in `server.key_env`"
        )
    if variable is None:
        return "name the environment variable that holds the key in `server.key_env`"
    if call.key is None:
        return f"put the key into the environment variable {variable}"
    return f"check the key in the environment variable {variable}, and what it may use"

"""Completions from any server that speaks OpenAI's API: vLLM, llama.cpp, `transformers serve`, TGI.

The requests are sent from a thread with an event loop of its own (`send.py`), so that it works in
notebooks, where the caller's loop runs already; what comes is handed over in the caller's thread.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from textsynth.errors import ModelError
from textsynth.lm import send, wire

DEFAULT_KEY = "OPENAI_API_KEY"
THREAD = "textsynth-server"


@dataclass(frozen=True, slots=True)
class Server:
    """Where a model is served.

    Args:
        url: the base address, `http://127.0.0.1:8000/v1`.
        model: its name there.
        api: `auto` takes `/completions`, and `/chat/completions` where there is none.
        key_env: the name of the environment variable that holds the key; the key itself is never
            kept. `OPENAI_API_KEY` is not sent in clear to another machine.
        concurrency: requests at a time.
        timeout: seconds a request may take.
        retries: further tries of one request.
    """

    url: str
    model: str
    api: Literal["auto", "completions", "chat"] = "auto"
    key_env: str | None = DEFAULT_KEY
    concurrency: int = 8
    timeout: float = 60.0
    retries: int = 6


@dataclass(frozen=True, slots=True)
class Request:
    """A prompt to be continued. The seed that the server gets is made of the 64-bit `key`."""

    key: int
    text: str


def check(server: Server) -> None:
    """Refuse what can be seen to be wrong without calling the server.

    Raises:
        ModelError: with the remedy. A value that may be a key is not repeated.
    """
    url = wire.check_url(server.url)
    if server.key_env is not None and not re.fullmatch(r"[A-Z_][A-Z0-9_]{0,99}", server.key_env):
        raise ModelError(
            "`server.key_env` is no name of an environment variable (upper-case letters, digits "
            "and _)",
            where=url,
            fix=f"put the key into a variable and its name here, as in key_env: {DEFAULT_KEY}",
        )
    if not server.model.strip():
        raise ModelError("`server.model` is empty", where=url, fix="name the model as it does")
    if server.concurrency < 1 or server.timeout <= 0 or server.retries < 0:
        raise ModelError(
            "`server.concurrency` and `server.timeout` are above 0, `server.retries` is not below",
            where=url,
            fix="leave them out for the defaults",
        )


def complete(
    requests: Sequence[Request],
    *,
    server: Server,
    temperature: float,
    top_p: float,
    max_tokens: int,
    stop: Sequence[str],
    accept: Callable[[Request, str], None],
) -> None:
    """Hand each completion to `accept` as soon as it has come, in any order, in this thread.

    A completion that the model ended itself ends in an empty line; one that the token limit cut
    does not. Interrupted, what has come by then is handed over before KeyboardInterrupt goes on;
    an `accept` that was itself interrupted is not called again.

    Raises:
        ModelError: a request failed for good. No more were sent, those under way were waited for,
            and all that came has been accepted.
    """
    check(server)
    if not requests:
        return
    settings = wire.Settings(temperature, top_p, max_tokens, tuple(stop))
    call = _call(requests, server, settings)
    # A daemon, so that a second Ctrl+C need not wait for it.
    thread = threading.Thread(target=send.run, args=(call,), name=THREAD, daemon=True)
    try:
        thread.start()
        accepted = _hand_over(call, accept)
    except BaseException as error:
        if thread.is_alive():
            send.cancel(call)
            thread.join()
        call.came.put(None)  # the one of the thread may have been taken already
        if isinstance(error, KeyboardInterrupt):
            _hand_over(call, accept)
        raise
    thread.join()
    if call.crash is not None:
        raise call.crash
    if call.failure is not None:
        left = len(requests) - accepted
        raise ModelError(
            f"{call.failure.problem}; {left} of {len(requests)} completions are left, those that "
            "came are kept",
            where=call.url,
            fix=call.failure.fix,
        )


def _hand_over(call: send.Call, accept: Callable[[Request, str], None]) -> int:
    accepted = 0
    while (item := call.came.get()) is not None:
        accept(*item)
        accepted += 1
    return accepted


def _call(requests: Sequence[Request], server: Server, settings: wire.Settings) -> send.Call:
    """What is shared by the requests. In here, so that the key is in no frame of `complete`."""
    url = wire.check_url(server.url)
    key, kept_back = _key(server, url)
    return send.Call(
        server=server,
        url=url,
        key=key,
        kept_back=kept_back,
        mask=wire.masker(key),
        settings=settings,
        api="chat" if server.api == "chat" else "completions",
        fixed=server.api != "auto",
        waiting=iter(requests),
        workers=min(server.concurrency, len(requests)),
    )


def _key(server: Server, url: str) -> tuple[str | None, bool]:
    """The key for the server, read now, and whether there is one that was kept back.

    The variable that many have set for OpenAI is not meant for whatever machine a recipe names: to
    another machine, in clear, goes only a key whose variable was named for it.
    """
    key = os.environ.get(server.key_env or "", "").strip()
    if not key:
        return None, False
    in_clear = not url.startswith("https:") and not wire.loopback(url)
    if server.key_env == DEFAULT_KEY and in_clear:
        return None, True
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ModelError(
            f"the key in the environment variable {server.key_env} holds signs that no key has",
            where=url,
            fix="set it again, without quotes, blanks and line breaks",
        ) from None
    return key, False

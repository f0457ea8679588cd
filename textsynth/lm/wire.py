"""What goes to a server of language models and what comes back, as pure functions.

`server.py` sends and waits; here an answer becomes a completion, headers become seconds, and a
server's own words become something that may be shown.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import quote as percent
from urllib.parse import urljoin, urlsplit

from textsynth.errors import ModelError
from textsynth.lm import chat

Api = Literal["completions", "chat"]
END = "\n\n"  # what the reader of a completion takes for the end of the list (`prompts.END`)
QUOTED = 200  # characters of a server's message that are shown
LONGEST_WAIT = 120.0  # seconds; whoever names more is asked again after this
NO_MODEL = "check that `server.url` is that of a language model"
STOPS = 4  # OpenAI takes no more than four
ENDED = {"stop", "eos_token", "stop_sequence"}  # the last two are TGI's
UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)")


class UnusableError(Exception):
    """An answer of status 200 that holds no completion: what is wrong with it, and the remedy."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.fix = fix


# -- where ------------------------------------------------------------------------------------


def check_url(url: str) -> str:
    """The base address without a slash at its end.

    Raises:
        ModelError: it is no http address, or holds a user, a password, a query or a fragment; what
            may be a secret is not repeated.
    """
    example = "write it as http://127.0.0.1:8000/v1"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ModelError("the server's address cannot be read", fix=example) from None
    if "@" in url:
        raise ModelError(
            "the server's address holds a user name or a password",
            where=f"server.url of {host}",
            fix="leave it out: the key is read from the variable that `server.key_env` names",
        )
    if parts.scheme not in {"http", "https"} or not host or not url.isprintable() or " " in url:
        raise ModelError("the server's address is no http or https address", fix=example)
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise ModelError(
            "the server's address holds a query or a fragment",
            where=f"server.url of {host}",
            fix="end it with the path, as in http://127.0.0.1:8000/v1",
        )
    if re.search(r"/completions/*$", parts.path):
        raise ModelError(
            "the server's address names an endpoint",
            where=url,
            fix="leave off /completions or /chat/completions",
        )
    return url.rstrip("/")


def loopback(url: str) -> bool:
    """Whether an address stays on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def moved(url: str, location: str) -> str | None:
    """Where a redirect leads, if it stays at the same scheme, host and port; else None."""
    try:
        target = urljoin(url, location)
        old, new = urlsplit(url), urlsplit(target)
        same = (old.scheme, old.hostname, old.port) == (new.scheme, new.hostname, new.port)
    except ValueError:
        return None
    return target if location and same and "@" not in new.netloc else None


# -- what is sent -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Settings:
    """How the server samples; `max_tokens` of a completion at most."""

    temperature: float
    top_p: float
    max_tokens: int
    stop: tuple[str, ...]


def body(api: Api, text: str, *, model: str, seed: int, settings: Settings) -> dict[str, Any]:
    """The JSON of one request."""
    asked: dict[str, Any] = {
        "model": model,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "max_tokens": settings.max_tokens,
        "seed": seed,
    }
    if stop := _stops(api, settings.stop):
        asked["stop"] = stop[:STOPS]
    return asked | ({"prompt": text} if api == "completions" else {"messages": chat.messages(text)})


def _stops(api: Api, stop: Sequence[str]) -> list[str]:
    """The stops that make sense: a chat answer may hold empty lines before its list starts."""
    return [word for word in stop if word and (api == "completions" or word.strip())]


# -- what comes back --------------------------------------------------------------------------


def completion(api: Api, answer: bytes, *, prompt: str, stop: Sequence[str]) -> str:
    """The completion in an answer; it ends in an empty line if the model ended it itself.

    Some servers leave the stop in the text, others take it out: here it is always out.

    Raises:
        UnusableError: malformed JSON, or a field that is missing.
    """
    text, finish = _read(api, answer)
    text = text.encode("utf-8", "replace").decode()  # half a surrogate could not be stored
    text, ended = _cut(text, _stops(api, stop), finish in ENDED)
    if api == "chat":
        text, ended = _cut(chat.completion(text, prompt), stop, ended)
    return text + END if ended else text


def _cut(text: str, stop: Sequence[str], ended: bool) -> tuple[str, bool]:
    found = [at for at in (text.find(word) for word in stop if word) if at >= 0]
    return (text[: min(found)], True) if found else (text, ended)


def _read(api: Api, answer: bytes) -> tuple[str, str | None]:
    try:
        whole = json.loads(answer)
    except (ValueError, RecursionError):
        raise UnusableError("the server's answer is no JSON", NO_MODEL) from None
    if not isinstance(whole, dict):
        raise UnusableError("the server's answer is no JSON object", NO_MODEL)
    choices = whole.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise UnusableError("the server's answer has no `choices`", NO_MODEL)
    message = choices[0].get("message")
    inner = message if isinstance(message, dict) else {}
    text = choices[0].get("text") if api == "completions" else inner.get("content")
    if isinstance(text, list):  # content in parts
        parts = [part.get("text") for part in text if isinstance(part, dict)]
        text = "".join(part for part in parts if isinstance(part, str))
    if not isinstance(text, str):
        field = "text" if api == "completions" else "message.content"
        raise UnusableError(
            f"the server's answer has no text in `choices[0].{field}`",
            "if the model thinks before it answers, turn that off at the server",
        )
    finish = choices[0].get("finish_reason")
    return text, finish if isinstance(finish, str) else None


# -- what may be shown ------------------------------------------------------------------------


def masker(key: str | None) -> Callable[[str], str]:
    """A function that replaces the key in a text, in the forms in which a server may repeat it."""
    if not key:
        return lambda text: text
    forms = sorted({key, percent(key, safe=""), key.replace("/", "\\/")}, key=len, reverse=True)

    def mask(text: str) -> str:
        for form in forms:
            text = text.replace(form, "[key]")
        return text

    return mask


def excerpt(answer: bytes | str, mask: Callable[[str], str]) -> str:
    """What a server says about an error: one printable line of 200 characters, without the key."""
    text = answer if isinstance(answer, str) else answer.decode("utf-8", "replace")
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        whole = None
    text = mask(_said(whole) or text)  # masked before it is cut: half a key is a key too
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= QUOTED else line[: QUOTED - 1] + "…"


def _said(whole: Any) -> str | None:
    """The message of an error, in the shapes of OpenAI, FastAPI, TGI and llama.cpp."""
    for _ in range(3):
        if not isinstance(whole, dict):
            break
        whole = next((whole[k] for k in ("error", "message", "detail") if whole.get(k)), None)
    if whole is None or isinstance(whole, str):
        return whole
    return json.dumps(whole, ensure_ascii=False)


# -- how long to wait -------------------------------------------------------------------------


def wait(headers: Mapping[str, str], *, now: float, tokens: int) -> float:
    """Seconds until the server wants the next request, 0 if it does not say; two minutes at most.

    `Retry-After` (RFC 9110: seconds or a date) and OpenAI's `x-ratelimit-*`. `now` is Unix time,
    `tokens` what one more request may take.
    """
    waits = [seconds(headers.get("retry-after", ""), now=now)]
    for what, needed in (("requests", 1), ("tokens", tokens)):
        try:
            left = float(headers.get(f"x-ratelimit-remaining-{what}", "inf"))
        except ValueError:
            continue
        if left < needed:
            waits.append(seconds(headers.get(f"x-ratelimit-reset-{what}", ""), now=now))
    return min(max(waits), LONGEST_WAIT)


def seconds(text: str, *, now: float) -> float:
    """`12`, `1.5s`, `6m0s`, `20ms`, a Unix time or an HTTP date as seconds from `now`; 0 for
    anything else."""
    text = text.strip()
    if re.fullmatch(r"\d{1,12}(\.\d{1,9})?", text):
        number = float(text)
        return max(0.0, number - now) if number > 1e9 else number
    pieces = _DURATION.findall(text)
    if pieces and "".join(number + unit for number, unit in pieces) == text:
        return float(sum(float(number) * UNITS[unit] for number, unit in pieces))
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError):
        return 0.0

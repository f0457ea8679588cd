"""Addresses of servers, and how long they want to be left alone."""

from __future__ import annotations

import email.utils
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsynth.errors import ModelError
from textsynth.lm import wire
from textsynth.lm.server import Server, check

NOW = 1_795_000_000.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1),
        ("6m0s", 360),
        ("20ms", 0.02),
        ("1h2m3.5s", 3723.5),
        ("500us", 0.0005),
        ("12", 12),
        ("1.25", 1.25),
        (str(int(NOW) + 9), 9),
        (email.utils.formatdate(NOW + 30, usegmt=True), 30),
        (email.utils.formatdate(NOW - 30, usegmt=True), 0),
        ("Sat, 99 Foo 2026 00:00:00 GMT", 0),
        ("s", 0),
        ("1s and more", 0),
        ("-5", 0),
        ("nan", 0),
        ("inf", 0),
        ("9" * 400, 0),
        ("", 0),
    ],
)
def test_seconds(text: str, seconds: float) -> None:
    assert wire.seconds(text, now=NOW) == pytest.approx(seconds)


@given(st.text(max_size=30) | st.from_regex(r"[0-9.]{1,9}(ms|s|m|h|d)?", fullmatch=True))
def test_whatever_a_header_says_the_wait_is_sane(text: str) -> None:
    names = ("retry-after", "x-ratelimit-reset-requests", "x-ratelimit-remaining-requests")
    waited = wire.wait(dict.fromkeys(names, text), now=NOW, tokens=1)
    assert 0 <= waited <= wire.LONGEST_WAIT
    assert not math.isnan(waited)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://host/v1", "no http"),
        ("127.0.0.1:8000/v1", "no http"),
        ("http:///v1", "no http"),
        ("http://host/v1 ", "no http"),
        ("http://host/\nv1", "no http"),
        ("http://host:port/v1", "cannot be read"),
        ("http://[::1/v1", "cannot be read"),
        ("http://me:hunter2@host/v1", "user name or a password"),
        ("http://hunter2@host/v1", "user name or a password"),
        ("http://host/v1?key=hunter2", "query"),
        ("http://host/v1#hunter2", "query"),
        ("http://host/v1/chat/completions", "endpoint"),
    ],
)
def test_addresses_that_are_refused(url: str, said: str) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        check(Server(url, "m"))
    assert caught.value.fix
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://host", "https://host:8443/v1/", "http://[::1]:8000/v1"])
def test_addresses_that_are_taken(url: str) -> None:
    assert wire.check_url(url) == url.rstrip("/")
    check(Server(url, "m"))


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/v2/completions", "http://host:8000/v2/completions"),
        ("http://HOST:8000/v2", "http://HOST:8000/v2"),
        ("http://me@host:8000/v2", None),
        ("https://host:8000/v2", None),
        ("http://host/v2", None),
        ("//other:8000/v2", None),
        ("http://host:port/", None),
        ("", None),
    ],
)
def test_where_a_redirect_may_lead(location: str, target: str | None) -> None:
    assert wire.moved("http://host:8000/v1/completions", location) == target

"""Completions from a server, against one on loopback that fails in every way, and a real one."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import fake_server
import pytest
from fake_server import Asked, Fake, Reply

from textsynth.errors import ModelError
from textsynth.lm import prompts, send, wire
from textsynth.lm.server import THREAD, Request, Server, check, complete

KEY = "sk-test/0123456789abcdef"
GOOD = fake_server.text(" wake me\n- ring")


@dataclass
class Time:
    """A clock that moves when somebody sleeps."""

    now: float = 1_000_000.0
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(send, "sleep", time.sleep)
    monkeypatch.setattr(send, "monotonic", lambda: time.now)
    monkeypatch.setattr(send, "unix_time", lambda: time.now)
    return time


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def requests(count: int) -> list[Request]:
    return [Request(2**64 - 1 - at, f"Set alarm {at}:\n- alarm\n-") for at in range(count)]


def ask(
    fake: Fake,
    count: int = 1,
    *,
    accept: Callable[[Request, str], None] | None = None,
    stop: tuple[str, ...] = (),
    **changes: Any,
) -> dict[int, str]:
    """Ask for `count` completions; what was accepted, by the place of its request."""
    came: dict[int, str] = {}
    asked = requests(count)
    places = {request.key: at for at, request in enumerate(asked)}

    def keep(request: Request, text: str) -> None:
        assert places[request.key] not in came, "accepted twice"
        came[places[request.key]] = text
        if accept:
            accept(request, text)

    server = replace(Server(fake.url, "m", concurrency=1), **changes)
    complete(
        asked, server=server, temperature=0.7, top_p=0.9, max_tokens=32, stop=stop, accept=keep
    )
    return came


def fails(reply: Callable[[Asked], Reply] | Reply, count: int = 1, **changes: Any) -> ModelError:
    """The error of asking a server that answers so."""
    with fake_server.serve(reply if callable(reply) else lambda _: reply) as fake:
        with pytest.raises(ModelError) as caught:
            ask(fake, count, **changes)
        assert caught.value.where == fake.url
    return caught.value


# -- what is sent -----------------------------------------------------------------------------


def test_a_request_says_all_that_it_should() -> None:
    with fake_server.serve(lambda _: GOOD) as fake:
        ask(fake, 2, stop=("\n\n", "a", "b", "c", "d", ""))
    first, second = fake.asked
    assert first.path == "/v1/completions"
    assert first.headers["Authorization"] == f"Bearer {KEY}"
    assert first.headers["Accept-Encoding"] == "identity"
    seed = first.body.pop("seed")
    assert first.body == {
        "model": "m",
        "prompt": "Set alarm 0:\n- alarm\n-",
        "temperature": 0.7,
        "top_p": 0.9,
        "max_tokens": 32,
        "stop": ["\n\n", "a", "b", "c"],
    }
    assert 0 <= seed < 2**31
    assert seed != second.body["seed"]


def test_the_seed_is_that_of_the_request_in_every_try() -> None:
    def reply(asked: Asked) -> Reply:
        return GOOD if asked.again else Reply(500)

    with fake_server.serve(reply) as fake:
        ask(fake, 3, concurrency=3)
        again = {(asked.prompt, asked.body["seed"]) for asked in fake.asked}
    assert len(fake.asked) == 6
    assert len(again) == 3


def test_nothing_to_ask_asks_nothing() -> None:
    with fake_server.serve(lambda _: GOOD) as fake:
        assert ask(fake, 0) == {}
    assert fake.asked == []


@pytest.mark.parametrize("key_env", [None, "TEXTSYNTH_NO_SUCH_KEY"])
def test_without_a_key_none_is_sent(key_env: str | None) -> None:
    with fake_server.serve(lambda _: GOOD) as fake:
        ask(fake, key_env=key_env)
    assert "Authorization" not in fake.asked[0].headers


# -- what comes back --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "finish", "stop", "completion"),
    [
        (" a\n- b", "stop", (), " a\n- b\n\n"),
        (" a\n- b", "length", (), " a\n- b"),
        (" a\n- b", None, (), " a\n- b"),
        (" a\n- b", "eos_token", (), " a\n- b\n\n"),
        (" a\n\nPlay:", "length", ("\n\n",), " a\n\n"),  # `transformers serve` leaves the stop in
        (" a\n- b## c", "stop", ("\n\n", "##"), " a\n- b\n\n"),
        ("", "stop", (), "\n\n"),
        (" a \ud800 b", "stop", (), " a ? b\n\n"),
    ],
)
def test_how_it_ended_survives(
    words: str, finish: str | None, stop: tuple[str, ...], completion: str
) -> None:
    with fake_server.serve(lambda _: fake_server.text(words, finish)) as fake:
        assert ask(fake, stop=stop) == {0: completion}
    assert prompts.parse(completion)[1] == completion.endswith("\n\n")


def test_each_is_accepted_as_it_comes_in_the_thread_that_asked() -> None:
    """The server holds the second answer back until the first was accepted."""
    first_accepted = threading.Event()
    threads = set()

    def reply(asked: Asked) -> Reply:
        if asked.number:
            assert first_accepted.wait(60)
        return GOOD

    def accept(_: Request, __: str) -> None:
        threads.add(threading.get_ident())
        first_accepted.set()

    with fake_server.serve(reply) as fake:
        assert len(ask(fake, 2, accept=accept)) == 2
    assert threads == {threading.get_ident()}


def test_no_more_at_once_than_allowed_and_no_fewer() -> None:
    """Nobody is answered before four are there; a fifth would show in the peak."""
    barrier = threading.Barrier(4)

    def reply(_: Asked) -> Reply:
        barrier.wait(60)
        return GOOD

    with fake_server.serve(reply) as fake:
        assert len(ask(fake, 16, concurrency=4)) == 16
    assert fake.peak == 4


def test_the_order_of_the_answers_changes_nothing() -> None:
    barrier = threading.Barrier(4)
    turn = threading.Condition()
    gone: list[int] = []

    def plain(asked: Asked) -> Reply:
        return fake_server.text(f" {asked.prompt.split(':')[0]} {asked.body['seed']}")

    def backwards(asked: Asked) -> Reply:
        """Of each four that came together, the last to come is let go first."""
        barrier.wait(60)
        with turn:
            turn.wait_for(lambda: len(gone) % 4 == 3 - asked.number % 4, 60)
            gone.append(asked.number)
            turn.notify_all()
        return plain(asked)

    with fake_server.serve(plain) as fake:
        alone = ask(fake, 12)
    with fake_server.serve(backwards) as fake:
        together = ask(fake, 12, concurrency=4)
    assert gone != sorted(gone)
    assert together == alone
    assert len(set(alone.values())) == 12


def test_it_works_where_a_loop_runs_already() -> None:
    """As in a notebook."""

    async def cell(fake: Fake) -> dict[int, str]:
        return ask(fake, 2)

    with fake_server.serve(lambda _: GOOD) as fake:
        assert len(asyncio.run(cell(fake))) == 2


# -- tried again ------------------------------------------------------------------------------

RETRIED = {
    **{f"status {code}": Reply(code) for code in (408, 409, 429, 500, 502, 503, 504, 529)},
    "cut connection": Reply(200, GOOD.body, cut=20),
    "cut before the body": Reply(200, GOOD.body, cut=0),
    "malformed JSON": Reply(200, b'{"choices": [{"text": '),
    "deep JSON": Reply(200, b"[" * 200_000),
    "no object": fake_server.answer(["text"]),
    "no choices": fake_server.answer({"error": {"message": "no\nluck"}}),
    "empty choices": fake_server.answer({"choices": []}),
    "no text": fake_server.answer({"choices": [{"finish_reason": "stop"}]}),
}
SAID = {
    "cut connection": "the connection was cut: ",
    "cut before the body": "the connection was cut: ",
    "malformed JSON": "the server's answer is no JSON: “{",
    "deep JSON": "the server's answer is no JSON: “[[",
    "no object": "the server's answer is no JSON object",
    "no choices": "the server's answer has no `choices`: “no luck”",
    "empty choices": "the server's answer has no `choices`",
    "no text": "the server's answer has no text in `choices[0].text`",
}


@pytest.mark.parametrize("name", RETRIED)
def test_what_may_yet_succeed_is_tried_again(name: str, clock: Time) -> None:
    def reply(asked: Asked) -> Reply:
        return RETRIED[name] if asked.again < 2 else GOOD

    with fake_server.serve(reply) as fake:
        assert ask(fake, 2, retries=2) == dict.fromkeys(range(2), " wake me\n- ring\n\n")
    assert len(fake.asked) == 6
    assert len(clock.slept) == 4


@pytest.mark.parametrize("name", RETRIED)
def test_and_says_what_was_wrong_in_the_end(name: str) -> None:
    error = fails(RETRIED[name], 3, retries=2)
    said = SAID.get(name, f"the server is busy or broken (HTTP {name.split()[-1]})")
    assert error.message.startswith(said)
    assert error.message.endswith(
        " (3 tries); 3 of 3 completions are left, those that came are kept"
    )
    assert error.fix
    assert "\n" not in error.message


def test_a_slow_answer_is_given_up_and_asked_for_again() -> None:
    leave = threading.Event()

    def reply(asked: Asked) -> Reply:
        if not asked.number:
            leave.wait(60)
        return GOOD

    with fake_server.serve(reply) as fake:
        try:
            assert len(ask(fake, timeout=0.5)) == 1
        finally:
            leave.set()


def test_a_body_that_drips_is_slow_too() -> None:
    """Each byte comes in time, the whole never does."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while not ended.wait(0.01):
                try:
                    connection.sendall(b" ")
                except OSError:
                    return

    thread = threading.Thread(target=drip)
    thread.start()
    fake = Fake(f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
    with pytest.raises(ModelError, match=r"did not answer within 0\.2 s; 1 of 1") as caught:
        ask(fake, timeout=0.2, retries=0)
    assert "server.timeout" in str(caught.value.fix)
    ended.set()
    thread.join()
    listener.close()


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ModelError, match=r"cannot be reached: .*2 tries") as caught:
        ask(Fake(f"http://127.0.0.1:{port}/v1"), retries=1)
    assert caught.value.fix == "start it, or check `server.url`"


# -- when to try again ------------------------------------------------------------------------


def test_the_pauses_grow_and_are_keyed(clock: Time) -> None:
    fails(Reply(500), retries=9)
    first = list(clock.slept)
    clock.slept.clear()
    fails(Reply(500), retries=9)
    assert clock.slept == first
    limits = [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert all(0 <= pause <= limit for pause, limit in zip(first, limits, strict=True))
    assert max(pause / limit for pause, limit in zip(first, limits, strict=True)) > 0.5
    assert min(pause / limit for pause, limit in zip(first, limits, strict=True)) < 0.5


@pytest.mark.parametrize(
    ("said", "waited"),
    [("7", 7), ("0", 0), ("86400", 120), ("-3", 0), ("soon", 0), ("", 0)],
)
def test_retry_after(said: str, waited: float, clock: Time) -> None:
    def reply(asked: Asked) -> Reply:
        return GOOD if asked.again else Reply(429, headers={"Retry-After": said})

    start = clock.now
    with fake_server.serve(reply) as fake:
        ask(fake)
    backoff = clock.slept[0]
    assert clock.now - start == pytest.approx(max(waited, backoff))


def test_retry_after_holds_for_all_requests(clock: Time) -> None:
    """The second one, asked one after the other, is not sent before the first may be."""
    times = []

    def reply(asked: Asked) -> Reply:
        times.append(clock.now)
        return GOOD if asked.number else Reply(503, headers={"Retry-After": "100"})

    start = clock.now
    with fake_server.serve(reply) as fake:
        ask(fake, 2)
    assert times[0] == start
    assert min(times[1:]) >= start + 100


@pytest.mark.parametrize(
    ("what", "left", "reset", "waited"),
    [
        ("requests", "0", "6m0s", 120),
        ("requests", "0", "20ms", 0.02),
        ("requests", "1", "9s", 0),
        ("tokens", "31", "9s", 9),  # a completion has 32 at most
        ("tokens", "32", "9s", 0),
        ("tokens", "many", "9s", 0),
    ],
)
def test_rate_limits_are_kept_before_they_are_hit(
    what: str, left: str, reset: str, waited: float, clock: Time
) -> None:
    limits = {f"x-ratelimit-remaining-{what}": left, f"X-RateLimit-Reset-{what}": reset}
    with fake_server.serve(lambda _: replace(GOOD, headers=limits)) as fake:
        ask(fake, 3)
    assert sum(clock.slept) == pytest.approx(2 * waited)


# -- given up ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "said", "fix"),
    [
        (400, "refuses the request (HTTP 400): “no”", "`server.model` (m)"),
        (401, "refuses the key (HTTP 401): “no”", "environment variable OPENAI_API_KEY"),
        (403, "refuses the key (HTTP 403): “no”", "what it may use"),
        (404, "no such model or no such address (HTTP 404): “no”", "`server.model` (m)"),
        (422, "refuses the request (HTTP 422): “no”", "what it does not take"),
        (418, "refuses the request (HTTP 418): “no”", "what it does not take"),
    ],
)
@pytest.mark.parametrize("api", ["completions", "chat"])
def test_what_cannot_succeed_is_not_tried_again(status: int, said: str, fix: str, api: str) -> None:
    asked = []

    def reply(one: Asked) -> Reply:
        asked.append(one)
        return fake_server.answer({"error": {"message": "no"}}, status)

    error = fails(reply, api=api)
    assert said in error.message
    assert fix in str(error.fix)
    assert len(asked) == 1


def test_the_remedy_for_a_missing_key() -> None:
    assert "variable NO_SUCH_KEY" in str(fails(Reply(401), key_env="NO_SUCH_KEY").fix)
    assert "server.key_env" in str(fails(Reply(401), key_env=None).fix)


def test_an_address_without_v1_gets_a_hint() -> None:
    with fake_server.serve(lambda _: Reply(404)) as fake:
        base = fake.url.removesuffix("/v1")
        with pytest.raises(ModelError) as caught:
            ask(replace(fake, url=base))
    assert f"most servers want {base}/v1" in str(caught.value.fix)


@pytest.mark.parametrize("concurrency", [1, 5])
def test_nothing_accepted_is_lost_when_it_fails_in_the_middle(concurrency: int) -> None:
    """Request 7 fails for good while others are under way; those still bring what they have."""
    failed = threading.Event()

    def reply(asked: Asked) -> Reply:
        if asked.number == 7:
            failed.set()
            return Reply(400)
        if asked.number > 3 and concurrency > 1:
            assert failed.wait(60)
        return fake_server.text(f" {asked.prompt}")

    came: list[str] = []
    with fake_server.serve(reply) as fake, pytest.raises(ModelError) as caught:
        ask(fake, 40, concurrency=concurrency, accept=lambda _, text: came.append(text))
    answered = [f" {asked.prompt}\n\n" for asked in fake.asked if asked.number != 7]
    assert sorted(came) == sorted(answered)
    assert 7 <= len(came) < 40
    assert concurrency > 1 or len(fake.asked) == 8  # none is sent once it is known
    assert f"{40 - len(came)} of 40 completions are left" in caught.value.message


def test_whoever_waits_for_another_try_stops_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """One request is refused while another sleeps before its next try, which never comes."""
    sleeping = threading.Event()

    async def forever(_: float) -> None:
        sleeping.set()
        await asyncio.Event().wait()

    def reply(asked: Asked) -> Reply:
        if asked.prompt.startswith("Set alarm 0"):
            return Reply(500)
        assert sleeping.wait(60)
        return fake_server.answer({"detail": "no"}, 422)

    monkeypatch.setattr(send, "sleep", forever)
    error = fails(reply, 2, concurrency=2)
    assert "HTTP 422" in error.message
    assert "2 of 2 completions are left" in error.message


def test_ctrl_c_hands_over_what_came() -> None:
    """The signal comes while the third request is under way."""
    asked_twice = threading.Event()
    leave = threading.Event()
    came: list[str] = []

    def reply(asked: Asked) -> Reply:
        if asked.number < 2:
            return GOOD
        asked_twice.set()
        leave.wait(60)
        return GOOD

    def accept(_: Request, text: str) -> None:
        came.append(text)
        if len(came) == 1:
            assert asked_twice.wait(60)  # the second answer has come, but was not handed over
            os.kill(os.getpid(), signal.SIGINT)

    # a shell that runs the tests in the background has it ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with fake_server.serve(reply) as fake:
        try:
            with pytest.raises(KeyboardInterrupt):
                ask(fake, 10, accept=accept)
        finally:
            leave.set()
            signal.signal(signal.SIGINT, before)
    assert len(came) == 2
    assert len(fake.asked) == 3


def test_an_accept_that_fails_ends_it() -> None:
    def accept(_: Request, __: str) -> None:
        raise OSError("no space left")

    with fake_server.serve(lambda _: GOOD) as fake, pytest.raises(OSError, match="no space left"):
        ask(fake, 50, accept=accept)
    assert len(fake.asked) < 50
    assert THREAD not in {thread.name for thread in threading.enumerate()}


def test_an_error_of_our_own_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(wire, "completion", broken)
    with fake_server.serve(lambda _: GOOD) as fake, pytest.raises(ZeroDivisionError):
        ask(fake, 3)


# -- hostile servers --------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_refused(status: int) -> None:
    with fake_server.serve(lambda _: GOOD) as other:
        for target in (other.url + "/completions", other.url.replace("http:", ""), "http://[", ""):
            moved = Reply(status, headers={"Location": target})
            error = fails(moved)
            assert f"redirects (HTTP {status})" in error.message
            assert "set `server.url`" in str(error.fix)
    assert other.asked == []


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_on_the_same_host_is_followed(status: int) -> None:
    def reply(asked: Asked) -> Reply:
        if asked.path == "/v1/completions":
            return Reply(status, headers={"Location": "/v1/completions/"})
        return GOOD

    with fake_server.serve(reply) as fake:
        assert len(ask(fake)) == 1
    assert fake.asked[1].body == fake.asked[0].body


def test_a_redirect_in_a_circle_ends() -> None:
    assert "in a circle" in fails(Reply(307, headers={"Location": "/v1/completions"})).message


def test_a_huge_body_is_not_read() -> None:
    huge = Reply(200, b" " * (send.LARGEST + 1))
    assert "larger than 4 MB" in fails(huge).message
    words = "x" * (send.LARGEST - 100)
    with fake_server.serve(lambda _: fake_server.text(words)) as fake:
        assert ask(fake) == {0: words + "\n\n"}


def test_a_huge_error_is_cut_to_a_line() -> None:
    error = fails(Reply(400, b"<html>\x1b[31m\n" + b"no " * 2_000_000))
    said = error.message.split("“")[1].split("”")[0]
    assert said.startswith("<html> [31m no no")
    assert len(said) == wire.QUOTED
    assert said.isprintable()


def test_a_packed_body_is_refused() -> None:
    packed = Reply(200, b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert "packs its answers" in fails(packed).message


# -- the key ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [
        fake_server.answer({"error": {"message": f"bad key {KEY}"}}, 401),
        fake_server.answer({"error": {"message": "x" * 190 + KEY}}, 400),
        Reply(400, f"bad key {KEY}".encode()),
        Reply(400, json.dumps({"said": KEY}).replace("/", "\\/").encode()[:-1]),
        fake_server.answer({"Authorization": f"Bearer {KEY}"}),
        fake_server.answer({"choices": [{"text": {"key": KEY}}]}),
        Reply(200, f"Bearer {KEY}".encode()),
        Reply(307, headers={"Location": f"http://other.invalid/{KEY}"}),
        Reply(307, headers={"Location": "http://other.invalid/sk-test%2F0123456789abcdef"}),
        Reply(500, KEY.encode()),
        Reply(200, KEY.encode(), cut=3),
        Reply(400, headers={"X-Echo": f"Bearer {KEY}"}),
    ],
)
def test_the_key_is_never_shown(reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    error = fails(reply, retries=1)
    trace = error.__traceback__
    while trace and "textsynth" not in trace.tb_frame.f_globals["__name__"]:
        trace = trace.tb_next  # the test's own variables hold it, of course
    assert trace
    told = traceback.TracebackException(ModelError, error, trace, capture_locals=True)
    shown = "".join(told.format()) + repr(error) + str(error.fix) + str(error.__dict__)
    assert "0123456789abcdef" not in shown + caplog.text
    assert "sk-test" not in shown + caplog.text
    assert "call = Call(" in shown
    assert "httpcore" in caplog.text


def test_a_completion_that_repeats_the_key_is_masked() -> None:
    with fake_server.serve(lambda _: fake_server.text(f" wake me {KEY}")) as fake:
        assert ask(fake) == {0: " wake me [key]\n\n"}


def test_a_stand_in_for_a_key_is_not_masked_in_completions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with fake_server.serve(lambda _: fake_server.text(" none of them")) as fake:
        assert ask(fake) == {0: " none of them\n\n"}


def test_no_repr_shows_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    run = send.run
    monkeypatch.setattr(send, "run", lambda call: (calls.append(call), run(call)))
    with fake_server.serve(lambda _: GOOD) as fake:
        ask(fake)
        assert calls[0].key == KEY
        assert KEY not in repr(calls[0]) + repr(Server(fake.url, "m"))


@pytest.mark.parametrize("bad", ["sk-test\n0123456789abcdef", "sk-test 0123456789abcdef", "sk-té"])
def test_a_key_that_cannot_be_sent(bad: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", bad)
    with fake_server.serve(lambda _: GOOD) as fake, pytest.raises(ModelError) as caught:
        ask(fake)
    assert fake.asked == []
    assert "sk-" not in str(caught.value)


@pytest.mark.parametrize("name", ["hf_AbCdEf0123456789", "sk-test-0123456789", "", "A B"])
def test_a_key_in_the_place_of_its_name_is_refused_unseen(name: str) -> None:
    with pytest.raises(ModelError, match="no name of an environment variable") as caught:
        check(Server("http://127.0.0.1:8000/v1", "m", key_env=name))
    assert "0123456789" not in str(caught.value)


def test_the_key_for_openai_does_not_leave_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """All names are this machine here; only what counts as loopback is changed."""
    monkeypatch.setattr(wire, "loopback", lambda _: False)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("MY_KEY", "mine")
    with fake_server.serve(lambda _: GOOD) as fake:
        ask(fake)
        ask(fake, key_env="MY_KEY")
    assert "Authorization" not in fake.asked[0].headers
    assert fake.asked[1].headers["Authorization"] == "Bearer mine"
    assert "not sent in clear" in str(fails(Reply(401)).fix)


# -- settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes", [{"model": " "}, {"concurrency": 0}, {"timeout": 0}, {"retries": -1}]
)
def test_settings_out_of_range(changes: dict[str, Any]) -> None:
    with pytest.raises(ModelError) as caught:
        check(replace(Server("http://host/v1", "m"), **changes))
    assert caught.value.fix


# -- chat -------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [404, 405, 501])
def test_without_completions_chat_is_asked(missing: int, clock: Time) -> None:
    def reply(asked: Asked) -> Reply:
        if asked.path == "/v1/completions":
            return Reply(missing)
        return fake_server.chat("Sure!\n\n1. wake me\n2. ring\n")

    with fake_server.serve(reply) as fake:
        assert ask(fake, 3, stop=("\n\n",)) == dict.fromkeys(range(3), " wake me\n- ring\n\n\n")
    assert [asked.path for asked in fake.asked].count("/v1/completions") == 1
    assert clock.slept == []
    system, user = fake.asked[-1].body["messages"]
    assert (system["role"], user["role"]) == ("system", "user")
    assert user["content"] == "Set alarm 2:\n- alarm\n-"
    assert "stop" not in fake.asked[-1].body  # an empty line would end it before it starts


def test_all_that_ask_at_once_fall_back() -> None:
    barrier = threading.Barrier(4)

    def reply(asked: Asked) -> Reply:
        if asked.path == "/v1/completions":
            barrier.wait(60)
            return Reply(404)
        return fake_server.chat("- ring")

    with fake_server.serve(reply) as fake:
        assert ask(fake, 4, concurrency=4) == dict.fromkeys(range(4), " ring\n\n")


def test_no_fall_back_where_completions_have_answered_or_are_asked_for() -> None:
    paths = []

    def reply(asked: Asked) -> Reply:
        paths.append(asked.path)
        return Reply(404) if asked.number else GOOD

    fails(reply, 2)
    fails(Reply(404), api="completions")
    assert set(paths) == {"/v1/completions"}


def test_a_chat_answer_without_text() -> None:
    error = fails(fake_server.chat(None, "length"), api="chat", retries=0)
    assert "no text in `choices[0].message.content`" in error.message
    assert "thinks" in str(error.fix)


def test_the_stops_hold_for_what_a_chat_answer_becomes() -> None:
    said = fake_server.chat("Sure:\n\n- wake me\n- ring", "length")
    with fake_server.serve(lambda _: said) as fake:
        assert ask(fake, api="chat", stop=("\n",)) == {0: " wake me\n\n"}
        assert ask(fake, api="chat", stop=("\n\n",)) == {0: " wake me\n- ring"}
        assert ask(fake, api="chat", stop=("ring",)) == {0: " wake me\n\n\n"}


def test_a_chat_answer_in_parts() -> None:
    parts = [{"type": "text", "text": "- ri"}, {"type": "text", "text": "ng"}]
    body = {"choices": [{"message": {"content": parts}, "finish_reason": "length"}]}
    with fake_server.serve(lambda _: fake_server.answer(body)) as fake:
        assert ask(fake, api="chat") == {0: " ring"}

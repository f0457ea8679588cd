"""A server on loopback that answers as a test tells it to, failures included."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request as it came: `number` counts all of them, `again` those of the same prompt."""

    number: int
    again: int
    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def prompt(self) -> str:
        return (
            self.body["prompt"] if "prompt" in self.body else self.body["messages"][-1]["content"]
        )


@dataclass(frozen=True)
class Reply:
    """`cut`: close the connection after so many bytes of the body, though more were announced."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None


@dataclass
class Fake:
    """The running server: its address, what it was asked, how many requests it had at once."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    inside: int = 0
    peak: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def prompts(self) -> list[str]:
        return [asked.prompt for asked in self.asked]


def text(words: str, finish: str | None = "stop") -> Reply:
    """A good answer of /completions."""
    return answer({"choices": [{"text": words, "finish_reason": finish}]})


def chat(words: str | None, finish: str = "stop") -> Reply:
    """A good answer of /chat/completions."""
    return answer({"choices": [{"message": {"content": words}, "finish_reason": finish}]})


def answer(body: Any, status: int = 200, **headers: str) -> Reply:
    """JSON with a status; `retry_after="1"` is the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(body).encode(), named)


@contextmanager
def serve(reply: Callable[[Asked], Reply]) -> Iterator[Fake]:
    """Run a server for as long as the block lasts; its threads are joined at the end."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with fake.lock:
                fake.inside += 1
                fake.peak = max(fake.peak, fake.inside)
                before = Asked(len(fake.asked), 0, self.path, dict(self.headers), body)
                again = fake.prompts().count(before.prompt)
                asked = Asked(before.number, again, self.path, before.headers, body)
                fake.asked.append(asked)
            try:
                said = reply(asked)
            finally:
                with fake.lock:
                    fake.inside -= 1
            try:
                self._send(said)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client did not wait

        def _send(self, said: Reply) -> None:
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body[: said.cut])
            if said.cut is not None:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake = Fake(f"http://127.0.0.1:{server.server_address[1]}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

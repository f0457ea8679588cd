"""Completions from a real `transformers serve` process with the packaged model."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from textsynth.errors import ModelError
from textsynth.lm import prompts
from textsynth.lm.server import Request, Server, complete

pytestmark = [pytest.mark.models, pytest.mark.heavy]

TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ message['content'] }}"
    "{% endif %}{% endfor %}"
)


@pytest.fixture(scope="module")
def served_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packaged Gemma as `transformers serve` wants it: sampling switched on, which the server
    never does itself, and a chat template, which a base model has not."""
    from textsynth import models

    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    pytest.importorskip("openai")
    model, tokenizer = models.load_language_model(models.language_model_source("auto"))
    folder = tmp_path_factory.mktemp("served") / "gemma"
    model.generation_config.do_sample = True
    model.save_pretrained(folder)
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def served(served_folder: Path) -> Iterator[Server]:
    """A `transformers serve` process; ready when it says so on its health page."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    log = served_folder.parent / "log"
    command = [
        *(sys.executable, "-m", "transformers.cli.transformers", "serve", str(served_folder)),
        *("--host", "127.0.0.1", "--port", str(port), "--device", "cpu"),
    ]
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        while not _healthy(port):
            assert process.poll() is None, log.read_text()
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.5)
        yield Server(f"http://127.0.0.1:{port}/v1", str(served_folder), timeout=300)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(served_folder)


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


PROMPT = "Set alarm:\n- wake me at {time}\n- alarm for {time}\n-"
REAL = [Request(at, PROMPT) for at in range(3)]


def real(server: Server, *, tokens: int, stop: tuple[str, ...] = ("\n\n",)) -> dict[int, str]:
    came: dict[int, str] = {}
    complete(
        REAL,
        server=server,
        temperature=0.9,
        top_p=0.95,
        max_tokens=tokens,
        stop=stop,
        accept=lambda request, text: came.update({request.key: text}),
    )
    return came


@pytest.mark.parametrize("api", ["completions", "chat"])
def test_transformers_serve(api: Any, served: Server) -> None:
    server = replace(served, api=api, concurrency=2)
    came = real(server, tokens=20)
    assert sorted(came) == [0, 1, 2]
    lines = [line for text in came.values() for line in prompts.parse(text)[0] if line]
    assert len(lines) >= 3


def test_transformers_serve_ends_and_is_cut(served: Server) -> None:
    one = replace(served, concurrency=1)
    cut = real(one, tokens=3)
    assert not any(prompts.parse(text)[1] for text in cut.values() if "\n" not in text)
    assert any("\n\n" not in text for text in cut.values())
    ended = real(one, tokens=20, stop=("\n",))
    whole = [text for text in ended.values() if text.endswith("\n\n")]
    assert whole
    assert all("\n" not in text.removesuffix("\n\n") for text in whole)
    assert len(set(ended.values())) > 1  # it samples,
    assert real(one, tokens=20, stop=("\n",)) == ended  # and one at a time, the seeds hold


def test_transformers_serve_refuses_another_model(served: Server) -> None:
    with pytest.raises(ModelError, match=r"HTTP 400.*3 of 3 completions are left") as caught:
        real(replace(served, model="another"), tokens=8)
    assert "server.model" in str(caught.value.fix)

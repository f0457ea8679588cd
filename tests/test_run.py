"""Run folders: started, resumed, refused; nothing half-written and nothing of others removed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from textsynth import run as run_module
from textsynth.errors import RunError
from textsynth.run import MANIFEST, STATE, Resume, Run, open_run, read_json, write_json, write_text


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The folder of a complete run with the fingerprint `one`."""
    run = open_run(tmp_path / "run", "one")
    write_text(run.path("candidates", "shard-00000.parquet"), "rows")
    write_json(run.path(MANIFEST), {"rows": 3, "steps": {}})
    return run.folder


# -- opening ----------------------------------------------------------------------------------


@pytest.mark.parametrize("resume", ["if-possible", "never"])
def test_a_fresh_run(tmp_path: Path, resume: Resume) -> None:
    run = open_run(tmp_path / "runs" / "home", "one", resume)
    assert contents(run.folder).keys() == {STATE}
    assert not run.complete


def test_an_empty_folder_is_as_good_as_none(tmp_path: Path) -> None:
    assert open_run(tmp_path, "one").folder == tmp_path


@pytest.mark.parametrize("resume", ["if-possible", "always"])
def test_the_same_fingerprint_resumes(earlier: Path, resume: Resume) -> None:
    before = contents(earlier)
    run = open_run(earlier, "one", resume)
    assert contents(earlier) == before
    assert run.complete
    assert run.manifest() == {"rows": 3, "steps": {}}


@pytest.mark.parametrize("resume", ["if-possible", "always"])
def test_another_fingerprint_is_refused(earlier: Path, resume: Resume) -> None:
    before = contents(earlier)
    with pytest.raises(RunError, match="holds a run of another recipe") as caught:
        open_run(earlier, "two", resume)
    assert "--resume never" in (caught.value.fix or "")
    assert contents(earlier) == before


@pytest.mark.parametrize("fingerprint", ["one", "two"])
def test_never_starts_anew(earlier: Path, tmp_path: Path, fingerprint: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept.txt").write_text("kept")
    (earlier / "link").symlink_to(elsewhere)
    run = open_run(earlier, fingerprint, "never")
    assert contents(earlier) == {STATE: json.dumps({"fingerprint": fingerprint}, indent=1).encode()
                                 + b"\n"}  # fmt: skip
    assert not run.complete
    assert contents(elsewhere) == {"kept.txt": b"kept"}  # what a link leads to is not ours


def test_never_that_is_cut_short_can_be_started_again(
    earlier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(16, "Device or resource busy")

    with monkeypatch.context() as patched:
        patched.setattr(run_module.shutil, "rmtree", refuse)
        with pytest.raises(RunError, match="cannot be written: Device or resource busy"):
            open_run(earlier, "two", "never")
    assert not Run(earlier).complete  # an old manifest over new rows would be a lie
    assert open_run(earlier, "two", "never").folder == earlier


def test_always_refuses_to_start(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no run to resume"):
        open_run(tmp_path / "run", "one", "always")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("resume", ["if-possible", "always", "never"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("thesis.txt", "ten years of work"),
        (STATE, '{"_fingerprint": "of a dataset", "_data_files": []}'),  # save_to_disk writes it
        (STATE, "[]"),
        (STATE, "{"),
        (STATE, '{"fingerprint": 5}'),
        (f"{STATE}/inside", ""),
    ],
)
def test_a_strangers_folder_is_refused_and_kept(
    tmp_path: Path, resume: Resume, name: str, content: str
) -> None:
    write_text(tmp_path / name, content)
    before = contents(tmp_path)
    with pytest.raises(RunError, match="not empty and holds no run") as caught:
        open_run(tmp_path, "one", resume)
    assert "-o" in (caught.value.fix or "")
    assert contents(tmp_path) == before


@pytest.mark.parametrize("below", [(), ("run",), ("runs", "home")])
def test_a_file_in_place_of_a_folder_is_one_message(tmp_path: Path, below: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("kept")
    folder = (tmp_path / "file").joinpath(*below)
    with pytest.raises(RunError, match="the output folder cannot be written") as caught:
        open_run(folder, "one")
    assert caught.value.where == str(folder)
    assert contents(tmp_path) == {"file": b"kept"}


def test_an_unwritable_folder_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, *_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(RunError, match="cannot be written: Permission denied") as caught:
        open_run(tmp_path, "one")
    assert "permissions" in (caught.value.fix or "")
    assert contents(tmp_path) == {}


def test_a_folder_that_may_not_be_listed_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(RunError, match="cannot be written: Permission denied"):
        open_run(tmp_path, "one")


# -- JSON lines -------------------------------------------------------------------------------


def test_lines_come_back_in_order_however_they_were_added(tmp_path: Path) -> None:
    run = Run(tmp_path)
    rows: list[dict[str, Any]] = [{"text": "a\nb\u2028c"}, {"text": "日本 🏳️‍🌈"}, {"n": 3}]
    run.append("model/lines.jsonl", rows[:2])
    run.append("model/lines.jsonl", [])
    run.append("model/lines.jsonl", rows[2:])
    assert list(run.lines("model/lines.jsonl")) == rows
    assert list(run.lines("other.jsonl")) == []


@pytest.mark.parametrize("cut", range(1, 10))
def test_a_last_line_that_was_cut_short_is_dropped(tmp_path: Path, cut: int) -> None:
    run = Run(tmp_path)
    run.append("lines.jsonl", [{"n": 1}, {"é": 2}])
    whole = (tmp_path / "lines.jsonl").read_bytes()
    os.truncate(tmp_path / "lines.jsonl", len(whole) - cut)
    assert list(run.lines("lines.jsonl")) == [{"n": 1}]
    run.append("lines.jsonl", [{"é": 2}])
    assert (tmp_path / "lines.jsonl").read_bytes() == whole


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "lines.jsonl").write_bytes(b'{"n": 1}\n{"n": 2{"n": 3}\n{"n": 4}\n')
    with pytest.raises(RunError, match="damaged") as caught:
        list(Run(tmp_path).lines("lines.jsonl"))
    assert caught.value.where == f"{tmp_path / 'lines.jsonl'}:2"


# -- two processes ----------------------------------------------------------------------------


def test_one_process_at_a_time_works_in_a_folder(tmp_path: Path) -> None:
    code = f"from textsynth.run import open_run; from pathlib import Path; open_run(Path({str(tmp_path)!r}), 'one', 'never')"  # noqa: E501
    other = [sys.executable, "-c", code]
    run = open_run(tmp_path, "one")
    (tmp_path / ".half.1.tmp").write_text("being written")
    done = subprocess.run(other, capture_output=True, text=True, timeout=60)
    assert "another process works in the output folder" in done.stderr
    assert (tmp_path / ".half.1.tmp").is_file()
    assert open_run(tmp_path, "one").folder == tmp_path  # this one may go on
    run.close()
    subprocess.run(other, check=True, timeout=60)


def test_a_folder_whose_process_was_killed_is_free_though_its_child_lives(tmp_path: Path) -> None:
    code = f"""
import os, sys
from pathlib import Path
from textsynth.run import open_run
open_run(Path({str(tmp_path)!r}), "one")
if os.fork():
    os.kill(os.getpid(), 9)
sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as parent:
        parent.wait(60)
        open_run(tmp_path, "one")


def test_what_fails_while_it_is_opened_lets_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for fault in (OSError(28, "No space left on device"), KeyboardInterrupt()):
        with monkeypatch.context() as patched:
            patched.setattr(run_module, "write_json", Mock(side_effect=fault))
            with pytest.raises((RunError, KeyboardInterrupt)):
                open_run(tmp_path, "one")
        assert tmp_path.resolve() not in run_module._HELD


# -- JSON -------------------------------------------------------------------------------------


def test_an_incomplete_run_has_no_manifest(tmp_path: Path) -> None:
    run = open_run(tmp_path / "run", "one")
    with pytest.raises(RunError, match="no complete run") as caught:
        run.manifest()
    assert "finished" in (caught.value.fix or "")


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[1]", b'"text"'])
def test_a_broken_manifest_is_one_message(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(RunError) as caught:
        Run(tmp_path).manifest()
    assert caught.value.where == str(tmp_path / MANIFEST)
    assert caught.value.fix


def test_a_manifest_of_another_tool_is_one_message(tmp_path: Path) -> None:
    write_json(tmp_path / MANIFEST, {"rows": 3, "shards": 1})
    with pytest.raises(RunError, match="of no run of `generate`"):
        Run(tmp_path).manifest()


def test_links_stay_and_devices_are_written_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "there")
    write_text(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "there").read_text() == "text"
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_text(tmp_path / "pipe", "text")
    assert os.read(reader, 9) == b"text" and (tmp_path / "pipe").is_fifo()
    os.close(reader)


def test_json_comes_back(tmp_path: Path) -> None:
    data = {"a": ["é", 1, None]}
    write_json(tmp_path / "new" / "a.json", data)
    assert read_json(tmp_path / "new" / "a.json", missing="", fix="") == data
    assert "é" in (tmp_path / "new" / "a.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["{", "[]"])
def test_json_that_is_damaged_has_the_remedy_of_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(RunError) as caught:
        Run(tmp_path).manifest()
    assert caught.value.fix == "start over with --resume never"
    with pytest.raises(RunError) as caught:
        read_json(tmp_path / MANIFEST, missing="", fix="", broken="delete it")
    assert caught.value.fix == "delete it"


def test_a_write_that_fails_keeps_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text(tmp_path / "a.txt", "old")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        write_text(tmp_path / "a.txt", "new")
    assert contents(tmp_path) == {"a.txt": b"old"}

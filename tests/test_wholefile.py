"""Outputs that are written whole or not at all."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from textsynth.errors import RunError
from textsynth.pipeline.wholefile import whole


def test_a_file_is_there_when_all_is_written(tmp_path: Path) -> None:
    target = tmp_path / "new" / "out.jsonl"
    with whole(target) as file:
        file.write(b"a\n")
        assert not target.exists()
    assert target.read_bytes() == b"a\n"
    assert list(target.parent.iterdir()) == [target]


def test_compressed_bytes_are_the_same_at_any_time(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.GZ"):
        with whole(tmp_path / name) as file:
            file.write(b"a\n" * 99)
    first, second = ((tmp_path / name).read_bytes() for name in ("a.jsonl.gz", "b.jsonl.GZ"))
    assert first == second and gzip.decompress(first) == b"a\n" * 99


@pytest.mark.parametrize(
    ("fault", "raised", "told"),
    [
        (OSError(28, "No space left on device"), RunError, "No space left on device"),
        (OSError("the pipe broke"), RunError, "the pipe broke"),
        (FileNotFoundError(2, "No such file", "source.jsonl"), FileNotFoundError, "source.jsonl"),
        (KeyboardInterrupt("ctrl c"), KeyboardInterrupt, "ctrl c"),
    ],
)
def test_what_fails_leaves_what_was_there(
    tmp_path: Path, fault: BaseException, raised: type[BaseException], told: str
) -> None:
    target = tmp_path / "out.jsonl"
    target.write_bytes(b"older")
    with pytest.raises(raised, match=told), whole(target) as file:
        file.write(b"half a li")
        raise fault
    assert target.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [target]


def test_what_is_there_stays_what_it_is(tmp_path: Path) -> None:
    secret = tmp_path / "secret.jsonl"
    secret.touch(mode=0o600)
    (tmp_path / "link.jsonl").symlink_to(secret)
    with whole(tmp_path / "link.jsonl") as file:
        file.write(b"a")
        (half,) = (path for path in tmp_path.iterdir() if path.name.startswith("."))
        assert half.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "link.jsonl").is_symlink() and secret.read_bytes() == b"a"
    assert secret.stat().st_mode & 0o777 == 0o600
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with whole(tmp_path / "pipe") as file:
        file.write(b"b")
    assert os.read(reader, 9) == b"b" and (tmp_path / "pipe").is_fifo()
    os.close(reader)


def test_the_output_may_be_a_pipe() -> None:
    code = "from pathlib import Path; from textsynth.pipeline.wholefile import whole\n"
    code += "with whole(Path('/dev/stdout')) as file: file.write(b'a')"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"a"


def test_the_source_beside_the_output_is_not_taken_for_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), whole(tmp_path / "out.jsonl"):
        (tmp_path / "in.jsonl").open("rb")
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"x")
    for target in (tmp_path / "folder", tmp_path / "file" / "out.jsonl"):
        with pytest.raises(RunError, match="cannot be written") as caught, whole(target):
            pass
        assert caught.value.where == str(target) and caught.value.fix
    assert (tmp_path / "file").read_bytes() == b"x"

"""`scripts/bulk.py`: killed and started again, it ends with the same bytes as in one go."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, ROOT / "scripts" / "bulk.py", ROOT / "templates" / "home" / "intents"]


def bulk(output: Path, workers: int, rows: int) -> list[str]:
    size = ["-n", str(rows), "--shard-rows", "500", "--workers", str(workers)]
    return [*map(str, COMMAND), *size, "-o", str(output)]


def digests(output: Path) -> dict[str, str]:
    return {
        str(path.relative_to(output)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(output.rglob("*"))
        if path.is_file()
    }


def test_killed_and_resumed_gives_the_same_bytes(tmp_path: Path) -> None:
    rows = 20_000
    subprocess.run(bulk(tmp_path / "whole", 1, rows), check=True, capture_output=True, timeout=120)
    running = subprocess.Popen(
        bulk(tmp_path / "killed", 2, rows),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    shards = tmp_path / "killed" / "dataset"
    until = time.monotonic() + 100
    while time.monotonic() < until and running.poll() is None:
        if shards.is_dir() and len(list(shards.glob("shard-*"))) >= 3:
            break
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    written = len(list(shards.glob("shard-*")))
    assert written >= 3 and not (tmp_path / "killed" / "manifest.json").exists()

    again = subprocess.run(
        bulk(tmp_path / "killed", 2, rows), check=True, capture_output=True, text=True, timeout=120
    )
    assert f"{written} of" in again.stdout
    assert digests(tmp_path / "whole") == digests(tmp_path / "killed")


@pytest.mark.parametrize("option", ["--rows", "--shard-rows", "--workers"])
def test_counts_below_one_are_refused(tmp_path: Path, option: str) -> None:
    command = [*bulk(tmp_path / "out", 1, 10), option, "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and f"{option} is 0" in done.stderr
    assert not (tmp_path / "out").exists()

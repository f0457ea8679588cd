"""What this machine has: packages, models, memory, disk."""

from __future__ import annotations

import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from textsynth import models
from textsynth.errors import ModelError

PACKAGES = ("torch", "transformers", "datasets", "spacy", "presidio-analyzer", "faker",
            "sentence-transformers", "peft", "pyarrow")  # fmt: skip
OFFLINE = 'pip install "textsynth-corpus[models]"'


def diagnose() -> list[tuple[str, str, str]]:
    """Rows of (what, state, remedy); the remedy is empty where nothing is amiss."""
    rows = [("python", platform.python_version(), "")]
    for package in PACKAGES:
        try:
            rows.append((package, version(package), ""))
        except PackageNotFoundError:
            rows.append((package, "missing", f"pip install {package}"))
    rows += [_language_model(), _embedder(), _spacy(), _bfloat16()]
    rows += [_memory(), _disk()]
    return rows


def _language_model() -> tuple[str, str, str]:
    source = models.language_model_source("auto")
    if source.location == "package":
        return "language model", f"{source.name}, packaged", ""
    return "language model", f"{source.name}, from the hub", f"to work offline: {OFFLINE}"


def _embedder() -> tuple[str, str, str]:
    source = models.embedder_source()
    if source.location != source.name:
        return "sentence encoder", f"{source.name}, packaged", ""
    return "sentence encoder", f"{source.name}, from the hub", f"to work offline: {OFFLINE}"


def _spacy() -> tuple[str, str, str]:
    try:
        return "spaCy model (en)", models.spacy_source("en").name, ""
    except ModelError as error:
        return "spaCy model (en)", "missing", error.fix or ""


def _bfloat16() -> tuple[str, str, str]:
    name = str(models.compute_dtype()).removeprefix("torch.")
    return "number format of the model", f"{name}, {os.cpu_count()} cores", ""


def _memory() -> tuple[str, str, str]:
    try:  # what is free counts the page cache as taken; what is available does not
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return "free memory", "unknown", ""
    free = kilobytes / 2**20
    remedy = "the packaged language model takes about 6 GB" if free < 6 else ""
    return "free memory", f"{free:.1f} GB", remedy


def _disk() -> tuple[str, str, str]:
    folder = models.cache_folder()
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(there).free / 2**30
    remedy = "converted models take 0.6 GB; set TEXTSYNTH_CACHE" if free < 2 else ""
    return f"free disk for {folder}", f"{free:.1f} GB", remedy

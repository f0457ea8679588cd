"""Fixtures that more than one module uses. No test reaches a network."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["NO_COLOR"] = "1"  # tests read what is printed
os.environ.pop("FORCE_COLOR", None)

import pytest
from hypothesis import settings

HEAVY = bool(os.environ.get("TEXTSYNTH_HEAVY"))
# Readers of `tests/oracles` that are known to be there: a test of theirs that is skipped fails.
REQUIRED = os.environ.get("TEXTSYNTH_REQUIRE", "").split()

# Others use this machine too: a deadline would measure them.
settings.register_profile("quick", deadline=None, derandomize=True, max_examples=60)
settings.register_profile("heavy", deadline=None, max_examples=2000)
settings.load_profile("heavy" if HEAVY else "quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`heavy` tests run under `make test-heavy` alone."""
    for item in items:
        if item.get_closest_marker("heavy") and not HEAVY:
            item.add_marker(pytest.mark.skip(reason="run with TEXTSYNTH_HEAVY=1"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that may not be skipped (see `REQUIRED`) fails where it is."""
    report = yield
    if report.skipped and item.path.stem in {f"test_{name}" for name in REQUIRED}:
        report.outcome = "failed"
        report.longrepr = f"skipped, though TEXTSYNTH_REQUIRE names it: {report.longrepr}"
    return report


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Where a test's secret may be made; nothing is there yet."""
    return tmp_path / "secret" / "key"


@pytest.fixture(scope="session")
def tiny_model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny random language model; for `model.base`."""
    import fakes

    return fakes.tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def load_tiny(tiny_model_folder: Path) -> Iterator[Callable[[], tuple[Any, Any]]]:
    """Loads (model, tokenizer) afresh at each call. One thread, since two would wait for each other
    longer than they compute; float32 on every processor, since tests compare sums."""
    import torch

    from textsynth import models

    def load() -> tuple[Any, Any]:
        model, tokenizer = models.load_language_model(source)
        return model.float(), tokenizer

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    source = models.language_model_source(str(tiny_model_folder))
    yield load
    torch.set_num_threads(threads)

"""The page of the evaluation names every figure there is, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from textsynth import registry
from textsynth.evaluate import collapse, exposure

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "evaluate.md").read_text(encoding="utf-8")
ABOUTS = {
    **{name: registry.about_figures(name) for name in registry.BUILT_IN["metrics"]},
    "collapse": collapse.ABOUT,
    "exposure": exposure.ABOUT,
}


def section(metric: str) -> str:
    """The part of the page under the heading of a metric."""
    found = re.search(rf"^### `{metric}`.*?(?=^###? |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/evaluate.md has no section `{metric}`"
    return found[0]


@pytest.mark.parametrize("metric", ABOUTS)
def test_every_figure_stands_in_the_docs(metric: str) -> None:
    told = re.findall(r"^\| `(\w+)` \|", section(metric), re.MULTILINE)
    assert told == list(ABOUTS[metric])


@pytest.mark.parametrize("metric", registry.BUILT_IN["metrics"])
def test_figures_that_no_gate_can_name_stand_in_the_docs(metric: str) -> None:
    told = re.findall(r"No gate can name (.*?):", section(metric))
    sliced = [f"`{name}`" for name, about in ABOUTS[metric].items() if about.sliced]
    assert told == ([", ".join(sliced)] if sliced else [])


@pytest.mark.parametrize("metric", ABOUTS)
def test_every_figure_is_said_in_one_sentence(metric: str) -> None:
    for name, about in ABOUTS[metric].items():
        assert about.title and len(about.title) < 60, name
        assert about.sentence.endswith((".", "?")) and about.sentence.count(". ") == 0, name

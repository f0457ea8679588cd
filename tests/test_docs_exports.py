"""The page of the exports names every format there is, and no other."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from textsynth import registry

PAGE = (Path(__file__).parents[1] / "docs" / "exports.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("heading", "kind"), [("Rows", "exporters"), ("Templates", "grammar_exporters")]
)
def test_every_format_stands_in_the_docs(heading: str, kind: str) -> None:
    (part,) = re.findall(rf"^## {heading}$(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)
    told = re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)
    assert sorted(told) == sorted(registry.BUILT_IN[kind])


def test_options_that_are_named_exist() -> None:
    for name, told in re.findall(r"^\| `(\w+)` \| ([^|]*)", PAGE, re.MULTILINE):
        for options in re.findall(r"options? ((?:`\w+(?:: \w+)?`(?:, )?)+)", told):
            for option in re.findall(r"`(\w+)", options):
                known = inspect.signature(registry.find("exporters", name)).parameters
                assert option in known, (name, option)

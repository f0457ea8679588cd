"""What `import textsynth` promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import textsynth

CONTRACT = {"SCHEMA", "Pattern", "Recipe", "Run", "Slot", "TextsynthError", "Utterance",
            "generate", "preview", "train"}  # fmt: skip


def test_all_is_the_contract() -> None:
    """A name more or less is a change of the public interface: say so in the changelog."""
    assert set(textsynth.__all__) == CONTRACT
    assert len(textsynth.__all__) == len(CONTRACT)


@pytest.mark.parametrize("name", sorted(CONTRACT))
def test_each_name_resolves(name: str) -> None:
    found = getattr(textsynth, name)
    assert found is not None
    assert getattr(found, "__name__", name) == name


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'generat'"):
        _ = textsynth.generat


def test_importing_loads_nothing_heavy() -> None:
    code = (
        "import sys, textsynth, textsynth.recipe, textsynth.pipeline\n"
        "heavy = {'torch', 'transformers', 'spacy', 'datasets', 'sklearn', 'scipy', 'faker'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    root = Path(textsynth.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""

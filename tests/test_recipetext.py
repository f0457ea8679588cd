"""What a card shows of a recipe: no place on a disk, and no value that the scrub was told."""

from __future__ import annotations

from pathlib import Path

import pytest

from textsynth.errors import RunError
from textsynth.recipetext import shown
from textsynth.run import Run


@pytest.mark.parametrize(("written", "told"), [
    ("model:\n  base: /home/alice/models/small", "model:\n  base: …/small"),
    ("model:\n  base: '/home/al ice/my model'", "model:\n  base: '…/my model'"),
    ("model:\n  base: ~/models/large", "model:\n  base: …/large"),
    ("model:\n  base: C:\\Users\\alice\\small.gguf", "model:\n  base: …/small.gguf"),
    ("model:\n  others:\n  - org/a\n  - /home/a/b", "model:\n  others:\n  - org/a\n  - …/b"),
    ("model:\n  base: org/model", "model:\n  base: org/model"),
    ("model:\n  base: auto", "model:\n  base: auto"),
    ("model:\n  server:\n    url: …\n    model: /srv/acme/llama",
     "model:\n  server:\n    url: …\n    model: …/llama"),
    ("seeds:\n  path: ../../acme bank/calls.jsonl", "seeds:\n  path: …/calls.jsonl"),
    ("seeds:\n  path: own/calls.jsonl", "seeds:\n  path: own/calls.jsonl"),
    ("templates:\n  path: ../acme", "templates:\n  path: …/acme"),
    ("dialogues:\n  path: ../acme/flows\n  seeds: /acme/talks.jsonl",
     "dialogues:\n  path: …/flows\n  seeds: …/talks.jsonl"),
    ("filters:\n- label:\n    model: ../large\n    reader: /home/alice/larger.gguf",
     "filters:\n- label:\n    model: …/large\n    reader: …/larger.gguf"),
    ("filters:\n- memorised:\n    texts:\n    - /home/alice/old.txt\n    - ../b c.txt",
     "filters:\n- memorised:\n    texts:\n    - …/old.txt\n    - …/b c.txt"),
    ("filters:\n- exact\n- adversarial:\n    drop: 0.5",
     "filters:\n- exact\n- adversarial:\n    drop: 0.5"),
    ("filters: []", "filters: []"),
    ("scrub: false", "scrub: false"),
    ("scrub:\n  mode: recall\n  allow: [Acme, Globex]",
     "scrub:\n  mode: recall\n  allow: 2 values"),
    ("scrub:\n  deny:\n    person:\n    - Aloysia Brandtmeier\n    place: []",
     "scrub:\n  deny:\n    person: 1 value\n    place: 0 values"),
    ("scrub:\n  recognizers:\n  - entity: contract\n    regex: ACME-\\d+\n    context: [acme]",
     "scrub:\n  recognizers:\n  - entity: contract"),
])  # fmt: skip
def test_what_is_shown(tmp_path: Path, written: str, told: str) -> None:
    (tmp_path / "recipe.yaml").write_text(f"name: home\n{written}\nseed: 3\n", encoding="utf-8")
    assert Run(tmp_path).shown_recipe() == f"name: home\n{told}\nseed: 3\n"


@pytest.mark.parametrize("text", ["a: [", "- a\n- b", "", "scrub:\n  deny: [a]\n"])
def test_a_recipe_that_was_tampered_with(text: str) -> None:
    with pytest.raises(RunError, match="the recipe of the run cannot be read"):
        shown(text)

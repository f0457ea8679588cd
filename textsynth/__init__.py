"""Synthetic text corpora: scrubbed, varied, labelled, and honest about what they are.

from textsynth import Recipe, generate

run = generate(Recipe.load("templates/home/recipe.yaml"), "runs/home")
print(run.dataset())
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textsynth.corpus import SCHEMA, Slot, Utterance
    from textsynth.errors import TextsynthError
    from textsynth.patterns import Pattern
    from textsynth.pipeline import generate, preview, train
    from textsynth.recipe import Recipe
    from textsynth.run import Run

# Threads of torch that wait for each other spin a moment, then sleep. If they only spin, training
# on cores that other work uses too takes five times as long; if they only sleep, waking them costs
# a fifth of the speed on quiet ones. It is read when torch is loaded, so it must be said before.
if "GOMP_SPINCOUNT" not in os.environ and "OMP_WAIT_POLICY" not in os.environ:
    os.environ.update(OMP_WAIT_POLICY="PASSIVE", GOMP_SPINCOUNT="2000")

_PLACES = {
    "SCHEMA": "corpus",
    "Slot": "corpus",
    "Utterance": "corpus",
    "TextsynthError": "errors",
    "Pattern": "patterns",
    "generate": "pipeline",
    "preview": "pipeline",
    "train": "pipeline",
    "Recipe": "recipe",
    "Run": "run",
}

__all__ = [
    "SCHEMA",
    "Pattern",
    "Recipe",
    "Run",
    "Slot",
    "TextsynthError",
    "Utterance",
    "generate",
    "preview",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'textsynth' has no attribute {name!r}")
    return getattr(import_module(f"textsynth.{_PLACES[name]}"), name)

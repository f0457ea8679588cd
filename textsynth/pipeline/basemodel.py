"""The base model as filters and metrics ask it: what it makes of texts, each asked once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import numpy as np

from textsynth import models
from textsynth.lm import score, trimmed


class BaseModel:
    """A causal model that is loaded when it is first asked. `shown` are texts that must be sayable
    with its own tokens; under differential privacy, none."""

    def __init__(self, base: str, shown: Callable[[], Iterable[str]]) -> None:
        self._base, self._shown = base, shown
        self._perplexities: dict[str, Any] = {}
        self._states: dict[str, Any] = {}

    @cached_property
    def _model(self) -> tuple[Any, Any]:
        return trimmed.load(models.language_model_source(self._base), self._shown())

    def perplexity(self, texts: list[str]) -> Any:
        """As `lm.score.perplexity`: shape (n,)."""
        return self._each(score.perplexity, self._perplexities, texts)

    def hidden_states(self, texts: list[str]) -> Any:
        """As `lm.score.hidden_states`: shape (n, d)."""
        return self._each(score.hidden_states, self._states, texts)

    def _each(self, measure: Callable[..., Any], known: dict[str, Any], texts: list[str]) -> Any:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known.update(zip(new, measure(*self._model, new), strict=True))
        return np.array([known[text] for text in texts])

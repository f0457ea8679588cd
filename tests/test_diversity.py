"""How varied texts are: a line a case."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import embed

from textsynth.evaluate import diversity


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], 0.0),
        (["one"], 0.0),
        (["a b c"], 1.0),
        (["a b", "a b"], 0.5),
        (["A b!", "a  b", "a b c"], 0.5),
    ],
)
def test_distinct_2(texts: list[str], expected: float) -> None:
    assert diversity.distinct_2(texts) == expected


def test_self_bleu_is_one_where_texts_repeat_and_low_where_they_do_not() -> None:
    same = [f"please turn on the lamp in the hall {n % 2}" for n in range(20)]
    other = [f"w{n} x{n} y{n} z{n} v{n}" for n in range(20)]
    assert diversity.self_bleu(same) == pytest.approx(1.0)
    assert diversity.self_bleu(other) < 0.1
    assert diversity.self_bleu(["alone"]) == diversity.self_bleu([]) == 0.0


def test_self_bleu_draws_the_same_sample_whatever_the_order() -> None:
    texts = [f"say {n} and {n * n} now" for n in range(50)]
    assert diversity.self_bleu(texts, sample=10) == diversity.self_bleu(texts[::-1], sample=10)


def test_clusters() -> None:
    alike = embed(["turn on the lamp", "turn on the lamp!", "what is the weather like", "weather"])
    assert diversity.clusters(alike) == 3
    assert diversity.clusters(alike, threshold=-1.0) == 1
    assert diversity.clusters(np.zeros((0, 8), np.float32)) == 0

"""Texts folded at once are folded as they are one by one."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsynth.corpus import fold
from textsynth.filters import folds
from textsynth.filters.exact import _key, _keyed
from textsynth.filters.folds import fold_all, fold_by

TEXTS = st.lists(
    st.one_of(
        st.text(),
        st.text("ab' ,-_.!+\t\n\x1c\x00Zé\u2019"),
        st.text("aB c,'").map(lambda text: f"{text}."),
    )
)
HOSTILE = [
    "",
    " ",
    "?!",
    "'",
    "...a...",
    ".....a......",
    "a  b",
    "a' 'b",
    "it's -- ok",
    "-5",
    "x -5 --5 - 5 5-6-",
    "-",
    "\0",
    "x\x85",
]


@given(TEXTS)
def test_as_one_by_one(texts: list[str]) -> None:
    assert fold_all(pa.array(texts, pa.string())).to_pylist() == [fold(text) for text in texts]
    keys = fold_by(pa.array(texts, pa.string()), _key, _keyed)
    assert keys.to_pylist() == [_key(text) for text in texts]


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
def test_in_pieces(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folds, "PIECE", piece)
    texts = [*HOSTILE, "Turn ON the light!", "ÄÖ ü", "🔥", "x" * 10_000, "!" * 10_000]
    parts = pa.chunked_array(
        [pa.array(texts[:5]), pa.array(texts).slice(5), pa.array([], pa.string())]
    )
    assert fold_all(parts).to_pylist() == [fold(text) for text in texts]
    assert fold_by(parts, _key, _keyed).to_pylist() == [_key(text) for text in texts]


def test_null_is_empty() -> None:
    assert fold_all(pa.array(["A", None, "b"])).to_pylist() == ["a", "", "b"]
    assert fold_all(pa.chunked_array([], pa.string())).to_pylist() == []

"""The fast way to tokens and tags gives what the exact one gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from textsynth.corpus import Slot
from textsynth.export.tokens import slot_fault, tagged_words, tags, tokens


@given(
    st.text("abc_1 .'\n\x1c", max_size=16) | st.text("ab .é\u0301🏴\u200d", max_size=16),
    st.lists(st.integers(0, 16), max_size=6, unique=True).map(sorted),
)
def test_words_and_tags(text: str, edges: list[int]) -> None:
    spans = [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=False)]
    slots = [Slot(start, end, f"s{start}", "") for start, end in spans]
    if slot_fault(text, slots):
        return
    places = tokens(text, [edge for span in spans for edge in span])
    words, marks = tagged_words(text, slots)
    assert words == [text[start:end] for start, end in places]
    assert marks == tags(places, slots)
    assert [mark for mark in marks if mark[0] == "B"] == [f"B-{slot.label}" for slot in slots]

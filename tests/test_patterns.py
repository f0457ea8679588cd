"""Patterns: what is written parses back, and spans are exact by construction."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from textsynth import patterns
from textsynth.corpus import fold, span_fault
from textsynth.patterns import Pattern, PatternError, SlotRef, Value

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["{", "}", "\\", "\\{time}", "{time}", "🏳️‍🌈", "{{ jinja }}", "a\nb"]
)
label = st.from_regex(patterns.LABEL, fullmatch=True) | st.sampled_from(
    ["time", "city", "person.name", "größe"]
)


@st.composite
def any_pattern(draw: st.DrawFn) -> Pattern:
    """Literals and slots in turn as `parse` gives them: no empty literal, no two in a row, and one
    label a name."""
    labels = draw(st.dictionaries(label, label, min_size=1, max_size=4))
    refs = st.sampled_from([SlotRef(kind, name) for name, kind in labels.items()])
    parts: list[str | SlotRef] = []
    for part in draw(st.lists(text | refs, max_size=8)):
        after_literal = bool(parts) and isinstance(parts[-1], str)
        if isinstance(part, SlotRef) or (part and not after_literal):
            parts.append(part)
    return Pattern(tuple(parts))


# -- written form -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("", ()),
        ("good night", ("good night",)),
        ("{time}", (SlotRef("time", "time"),)),
        ("at {time:start} or {time:end}", ("at ", SlotRef("time", "start"), " or ",
                                           SlotRef("time", "end"))),
        ("{a}{a}", (SlotRef("a", "a"), SlotRef("a", "a"))),
        (r"a \{brace\} and a \\", ("a {brace} and a \\",)),
        (r"\n", ("n",)),
        ("{person.first-name}", (SlotRef("person.first-name", "person.first-name"),)),
    ],
)  # fmt: skip
def test_parse(written: str, parts: tuple[str | SlotRef, ...]) -> None:
    assert patterns.parse(written) == Pattern(parts)


@pytest.mark.parametrize(
    ("written", "message", "column"),
    [
        ("at {time", "a slot is not closed", 4),
        ("at time}", "a brace closes nothing", 8),
        ("at {}", "'' cannot name a slot", 4),
        ("at {time:}", "'' cannot name a slot", 4),
        ("at {:time}", "'' cannot name a slot", 4),
        ("at { time }", "' time ' cannot name a slot", 4),
        ("at {7}", "'7' cannot name a slot", 4),
        ("at {a b}", "'a b' cannot name a slot", 4),
        ("at {a:b:c}", "'b:c' cannot name a slot", 4),
        ("at {a.}", "'a.' cannot name a slot", 4),
        ("{{time}}", "'{time' cannot name a slot", 1),
        ("{a\n}", "'a\\n' cannot name a slot", 1),
        ("at {time\\}", "'time\\\\' cannot name a slot", 4),
        ("{city:x} to {day:x}", "the name 'x' stands for two labels", 13),
        ("{city:day} on {day}", "the name 'day' stands for two labels", 15),
        ("at\\", "a backslash escapes nothing", 3),
    ],
)
def test_what_is_no_pattern(written: str, message: str, column: int) -> None:
    with pytest.raises(PatternError) as caught:
        patterns.parse(written)
    assert caught.value.message == message
    assert caught.value.where == f"column {column}"
    assert caught.value.fix


@given(any_pattern())
def test_rendered_patterns_parse_back(pattern: Pattern) -> None:
    assert patterns.parse(patterns.render(pattern)) == pattern
    assert str(pattern) == patterns.render(pattern)


@given(text)
def test_any_text_escapes_and_parses_back(literal: str) -> None:
    assert patterns.parse(patterns.escape(literal)) == Pattern((literal,) if literal else ())


@given(text)
def test_what_parses_renders_to_what_parses_to_the_same(written: str) -> None:
    try:
        pattern = patterns.parse(written)
    except PatternError:
        assume(False)
    assert patterns.parse(patterns.render(pattern)) == pattern


# -- realising and back -----------------------------------------------------------------------


@given(any_pattern(), st.data())
def test_spans_slice_to_the_surfaces(pattern: Pattern, data: st.DataObject) -> None:
    values = {
        ref.name: Value(data.draw(text), data.draw(text)) for ref in dict.fromkeys(pattern.slots)
    }
    realised, slots = patterns.realise(pattern, values)
    assert [slot.label for slot in slots] == [ref.label for ref in pattern.slots]
    assert [realised[s.start : s.end] for s in slots] == [
        values[ref.name].surface for ref in pattern.slots
    ]
    assert [s.value for s in slots] == [values[ref.name].canonical for ref in pattern.slots]


@st.composite
def annotated(draw: st.DrawFn) -> tuple[str, list[tuple[int, int, str]]]:
    """A text with labelled spans that do not overlap."""
    whole = draw(text)
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=8, unique=True)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    assert span_fault(whole, spans) is None
    return whole, [(start, end, draw(label)) for start, end in spans]


@given(annotated())
def test_delexicalised_utterances_realise_to_themselves(
    case: tuple[str, list[tuple[int, int, str]]],
) -> None:
    whole, spans = case
    pattern = patterns.delexicalise(whole, spans)
    values: dict[str, Value] = {}
    for ref, (start, end, _) in zip(pattern.slots, spans, strict=True):
        value = Value(whole[start:end], whole[start:end])
        known = values.setdefault(ref.name, value)
        assert fold(known.surface) == fold(value.surface)  # one name, one value
        assume(known == value)  # values that differ in case alone share a name, and realise alike
    realised, slots = patterns.realise(pattern, values)
    assert realised == whole
    assert [(s.start, s.end, s.label) for s in slots] == spans
    assert patterns.parse(patterns.render(pattern)) == pattern


@pytest.mark.parametrize(
    ("whole", "spans", "written"),
    [
        ("to Rome or Bonn", [(3, 7, "city"), (11, 15, "city")], "to {city} or {city:city_2}"),
        ("Rome, rome", [(0, 4, "city"), (6, 10, "city")], "{city}, {city}"),
        ("a b c", [(0, 1, "x"), (2, 3, "x"), (4, 5, "x")], "{x} {x:x_2} {x:x_3}"),
        ("a b c", [(4, 5, "x"), (0, 1, "x_2"), (2, 3, "x")], "{x_2} {x} {x:x_3}"),
        ("a b c", [(0, 1, "x"), (2, 3, "x"), (4, 5, "x_2")], "{x} {x:x_3} {x_2}"),
        ("a {b}", [(0, 1, "x")], r"{x} \{b\}"),
    ],
)
def test_delexicalise(whole: str, spans: list[tuple[int, int, str]], written: str) -> None:
    assert patterns.render(patterns.delexicalise(whole, spans)) == written

"""The corpus: round trips, spans, folding."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsynth import corpus
from textsynth.corpus import SCHEMA, Slot, Utterance

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["🏳️‍🌈 at 7", "naïve café", "日本語", "a\nb", "\u0000", ""]
)
maybe = st.none() | text
slots = st.lists(
    st.builds(Slot, st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1), text, text), max_size=3
).map(tuple)
rows = st.lists(
    st.builds(
        Utterance,
        id=text,
        text=text,
        intent=maybe,
        slots=slots,
        pattern=maybe,
        language=text,
        origin=st.sampled_from(["seed", "template", "model"]),
        generation=st.integers(0, 127),
        parents=st.lists(text, max_size=3).map(tuple),
        dialogue_id=maybe,
        turn=st.none() | st.integers(0, 2**31 - 1),
        speaker=maybe,
        act=maybe,
        state=st.none() | st.lists(st.tuples(text, text), max_size=2).map(tuple),
        scores=st.dictionaries(text, st.floats(width=32, allow_nan=False), max_size=3),
        split=maybe,
    ),
    max_size=8,
)


def table(*texts: str, **columns: Any) -> pa.Table:
    """Rows with these texts; `columns` are lists of values for other columns."""
    return corpus.to_table(
        Utterance(id=f"{at}", text=text, **{name: values[at] for name, values in columns.items()})
        for at, text in enumerate(texts)
    )


# -- rows and tables --------------------------------------------------------------------------


@given(rows)
def test_utterances_survive_the_table(utterances: list[Utterance]) -> None:
    made = corpus.to_table(utterances)
    assert made.schema == SCHEMA
    assert list(corpus.utterances(made)) == utterances


@given(rows)
def test_utterances_survive_the_disk(
    tmp_path_factory: pytest.TempPathFactory, utterances: list[Utterance]
) -> None:
    path = tmp_path_factory.mktemp("corpus") / "c.parquet"
    corpus.write(corpus.to_table(utterances), path)
    read = corpus.read(path)
    assert read.schema == SCHEMA
    assert list(corpus.utterances(read)) == utterances


def test_every_column_is_a_field_of_the_utterance() -> None:
    assert [field.name for field in dataclasses.fields(Utterance)] == SCHEMA.names


def test_rows_come_out_in_order_over_many_batches() -> None:
    many = corpus.concat([table(*(f"{i}" for i in range(5000))), table("last")])
    assert [u.text for u in corpus.utterances(many)] == [*(f"{i}" for i in range(5000)), "last"]


def test_nothing_is_a_corpus_too() -> None:
    assert corpus.to_table([]).schema == SCHEMA
    assert corpus.concat([]).schema == SCHEMA
    assert corpus.concat([corpus.empty(), corpus.empty()]).num_rows == 0
    assert list(corpus.utterances(corpus.empty())) == []
    assert corpus.count_by(corpus.empty(), "intent") == {}
    assert corpus.take(corpus.empty(), []).num_rows == 0


def test_concat_unifies_intents_and_take_follows_the_order_given() -> None:
    both = corpus.concat([table("a", intent=["x"]), corpus.empty(), table("b", intent=["y"])])
    assert both.schema == SCHEMA
    assert corpus.column(corpus.take(both, [1, 0, 1]), "intent") == ["y", "x", "y"]


# -- columns ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("split", ["train", None]),
        ("intent", ["x", None]),
        ("slots", [[{"start": 0, "end": 1, "label": "l", "value": "v"}], []]),
        ("generation", [1, 2]),
        ("intent", pa.array(["x", "y"])),
    ],
)
def test_replace_column_keeps_the_schema(name: str, values: Any) -> None:
    replaced = corpus.replace_column(table("a", "b"), name, values)
    assert replaced.schema == SCHEMA
    expected = values.to_pylist() if isinstance(values, pa.Array) else values
    assert corpus.column(replaced, name) == expected


def test_a_newer_score_replaces_the_older_of_its_name() -> None:
    scored = corpus.add_scores(table("a", "b"), "margin", [0.5, 0.25])
    scored = corpus.add_scores(scored, "auc", [1, 0])
    scored = corpus.add_scores(scored, "margin", [0.75, 0.125])
    assert corpus.scores(scored, "margin") == [0.75, 0.125]
    assert corpus.scores(scored, "auc") == [1.0, 0.0]
    assert corpus.scores(scored, "other") == [None, None]


def test_a_score_is_needed_for_every_row() -> None:
    with pytest.raises(ValueError, match="shorter"):
        corpus.add_scores(table("a", "b"), "margin", [0.5])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["intent"], {(None,): 1, ("x",): 2, ("y",): 1}),
        (["turn"], {(2,): 3, (10,): 1}),
        (["intent", "turn"], {(None, 10): 1, ("x", 2): 2, ("y", 2): 1}),
    ],
)
def test_count_by_counts_and_sorts(names: list[str], expected: dict[Any, int]) -> None:
    counted = corpus.count_by(
        table(*"abcd", intent=["x", None, "y", "x"], turn=[2, 10, 2, 2]), *names
    )
    assert list(counted.items()) == list(expected.items())


# -- the disk ---------------------------------------------------------------------------------


def test_writing_leaves_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "made" / "on the way" / "c.parquet"
    corpus.write(table("a"), path)
    corpus.write(table("b"), path)
    assert [entry.name for entry in path.parent.iterdir()] == ["c.parquet"]
    assert corpus.column(corpus.read(path), "text") == ["b"]


def test_a_write_that_fails_keeps_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.parquet"
    corpus.write(table("old"), path)

    def half(_: pa.Table, where: Path, **__: object) -> None:
        where.write_bytes(b"PAR1 and then the disk was full")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", half)
    with pytest.raises(OSError, match="No space"):
        corpus.write(table("new"), path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["c.parquet"]
    assert corpus.column(corpus.read(path), "text") == ["old"]


def test_plain_strings_are_read_as_words(tmp_path: Path) -> None:
    """Other tools drop Arrow's metadata, and with it the dictionaries."""
    plain = table("a", intent=["x"]).cast(
        pa.schema([(f.name, pa.string() if f.type == corpus.WORD else f.type) for f in SCHEMA])
    )
    pq.write_table(plain, tmp_path / "c.parquet", store_schema=False)
    assert corpus.read(tmp_path / "c.parquet").schema == SCHEMA


# -- folding ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Wake  me\tup!", "wake me up"),
        ("“Play Queen.”", "play queen"),
        ("STRASSE", "straße"),
        ("ﬁne", "fine"),
        ("cafe\u0301", "café"),
        ("¿Qué hora es?", "qué hora es"),
        ("hello\u200b", "hello"),
        ("wait …", "WAIT"),
        ("- {time} -", "{time"),
    ],
)
def test_fold_makes_one(one: str, other: str) -> None:
    assert corpus.fold(one) == corpus.fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("set it to 5", "set it to 6"),
        ("it's on", "its on"),
        ("घर की", "घर का"),  # vowel signs are no punctuation
        ("घर की", "घर क"),
        ("learn c++", "learn c"),
        ("send 💡", "send 🔥"),
        ("!", "?"),
        ("", "."),
    ],
)
def test_fold_keeps_apart(one: str, other: str) -> None:
    assert corpus.fold(one) != corpus.fold(other)


@given(text)
def test_fold_is_stable_and_keeps_something(any_text: str) -> None:
    folded = corpus.fold(any_text)
    assert corpus.fold(folded) == folded
    assert bool(folded) == bool(any_text.split())


# -- spans ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spans", "fault"),
    [
        ([], None),
        ([(0, 4)], None),
        ([(2, 4), (0, 2)], None),
        ([(-1, 2)], "span_out_of_bounds"),
        ([(0, 5)], "span_out_of_bounds"),
        ([(9, 12)], "span_out_of_bounds"),
        ([(2, 2)], "span_empty"),
        ([(3, 2)], "span_empty"),
        ([(0, 3), (2, 4)], "spans_overlap"),
        ([(2, 4), (0, 3)], "spans_overlap"),
        ([(0, 2), (0, 2)], "spans_overlap"),
    ],
)
def test_span_fault(spans: list[tuple[int, int]], fault: str | None) -> None:
    assert corpus.span_fault("abcd", spans) == fault


@st.composite
def substitutions(draw: st.DrawFn) -> tuple[str, list[tuple[int, int, str]]]:
    """A text and replacements of disjoint spans of it, in any order."""
    whole = draw(text)
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=8, unique=True)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    return whole, draw(st.permutations([(start, end, draw(text)) for start, end in spans]))


@given(substitutions())
def test_substitute_says_where_each_replacement_stands(
    case: tuple[str, list[tuple[int, int, str]]],
) -> None:
    whole, replacements = case
    changed, places = corpus.substitute(whole, replacements)
    ordered = sorted(replacements)
    assert [changed[start:end] for start, end in places] == [new for _, _, new in ordered]
    back = [
        (start, end, whole[old_start:old_end])
        for (start, end), (old_start, old_end, _) in zip(places, ordered, strict=True)
    ]
    rest = "".join(
        whole[end:start]
        for end, start in zip(
            [0, *(end for _, end, _ in ordered)],
            [*(start for start, _, _ in ordered), len(whole)],
            strict=True,
        )
    )
    kept = "".join(
        changed[end:start]
        for end, start in zip(
            [0, *(end for _, end in places)],
            [*(start for start, _ in places), len(changed)],
            strict=True,
        )
    )
    assert kept == rest
    if all(start < end for start, end, _ in back):
        assert corpus.substitute(changed, back)[0] == whole


def test_substitute_counts_characters_not_bytes() -> None:
    assert corpus.substitute("🏳️‍🌈 um sieben", [(8, 14, "acht")]) == ("🏳️‍🌈 um acht", [(8, 12)])

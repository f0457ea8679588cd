"""Seeds: what is read, what goes to quarantine and why, what is set aside."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textsynth import keyed, seeds
from textsynth.corpus import Slot, Utterance, fold
from textsynth.errors import SeedError

SECRET = b"k" * 32
GOOD = {"text": "wake me at six", "intent": "alarm"}


def read(path: Path, *lines: Any, name: str = "seeds.jsonl") -> seeds.SeedFile:
    """Write lines (bytes as they are, all else as JSON) and read them."""
    content = b"\n".join(
        line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines
    )
    file = path / name
    file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return seeds.read(file, secret=SECRET, language="en")


def slot(start: Any = 11, end: Any = 14, label: Any = "time", **more: Any) -> dict[str, Any]:
    """A row with one slot."""
    return {**GOOD, "slots": [{"start": start, "end": end, "label": label, **more}]}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b'{"text": "caf\xe9", "intent": "a"}', "not_utf8"),
        (b"{text: no}", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"text": "a", "n": ' + b"1" * 5000 + b"}", "not_json"),
        (["wake me"], "not_an_object"),
        (b"7", "not_an_object"),
        ({"intent": "alarm"}, "text_missing"),
        ({"text": None}, "text_missing"),
        ({"text": 7, "intent": "alarm"}, "text_not_text"),
        ({"text": " \t", "intent": "alarm"}, "text_empty"),
        ({"text": "\ud800", "intent": "alarm"}, "text_not_unicode"),
        ({"text": "a", "intent": "\udfff"}, "text_not_unicode"),
        ({"text": "a", "intent": ["alarm"]}, "intent_not_text"),
        ({"text": "no intent here"}, "intent_missing"),
        ({"text": "no intent here", "intent": " "}, "intent_missing"),
        ({**GOOD, "slots": {"time": "six"}}, "slots_not_a_list"),
        ({**GOOD, "slots": ["time"]}, "slot_not_an_object"),
        ({**GOOD, "slots": [{"start": 11, "label": "time"}]}, "slot_incomplete"),
        (slot(label=None), "slot_incomplete"),
        (slot(start="11"), "slot_offset_not_integer"),
        (slot(start=11.0), "slot_offset_not_integer"),
        (slot(start=True), "slot_offset_not_integer"),
        (slot(label=""), "label_invalid"),
        (slot(label="wake time"), "label_invalid"),
        (slot(label=5), "label_invalid"),
        (slot(value=6), "slot_value_not_text"),
        (slot(start=-1), "span_out_of_bounds"),
        (slot(end=15), "span_out_of_bounds"),
        (slot(end=10**30), "span_out_of_bounds"),
        (slot(end=11), "span_empty"),
        (slot(start=10, end=11), "span_empty"),
        ({**GOOD, "slots": [*slot()["slots"], *slot(8, 12, "at")["slots"]]}, "spans_overlap"),
    ],
)
def test_a_bad_row_goes_to_quarantine_and_costs_no_other(
    tmp_path: Path, row: Any, reason: str
) -> None:
    file = read(tmp_path, GOOD, row, {"text": "stop", "intent": "off"})
    assert [utterance.text for utterance in file.utterances] == ["wake me at six", "stop"]
    assert [(q.file, q.line, q.reason) for q in file.quarantined] == [("seeds.jsonl", 2, reason)]
    assert len(file.quarantined[0].hash) == 16


def test_a_row_becomes_an_utterance(tmp_path: Path) -> None:
    row = {**slot(value="06:00"), "split": "train"}
    (utterance,) = read(tmp_path, row).utterances
    assert utterance.id.startswith("seed/")
    assert utterance.slots == (Slot(11, 14, "time", "06:00"),)
    assert (utterance.intent, utterance.language, utterance.origin) == ("alarm", "en", "seed")


def test_slots_are_sorted_trimmed_and_their_own_value(tmp_path: Path) -> None:
    row = {**GOOD, "slots": [*slot(10, 14)["slots"], *slot(5, 7, "who")["slots"]]}
    (utterance,) = read(tmp_path, row).utterances
    assert utterance.slots == (Slot(5, 7, "who", "me"), Slot(11, 14, "time", "six"))


def test_ids_are_keyed_by_the_secret(tmp_path: Path) -> None:
    file = read(tmp_path, GOOD)
    other = seeds.read(tmp_path / "seeds.jsonl", secret=b"x" * 32, language="en")
    assert file.utterances[0].id != other.utterances[0].id


def test_duplicates_are_kept_once_and_counted(tmp_path: Path) -> None:
    file = read(tmp_path, GOOD, {**GOOD, "slots": []}, {**GOOD, "intent": "other"})
    assert (len(file.utterances), file.duplicates, len(file.rows)) == (2, 1, 3)
    assert file.rows[0].id == file.rows[1].id != file.rows[2].id


def test_without_intents_the_corpus_is_one_class(tmp_path: Path) -> None:
    file = read(tmp_path, {"text": "a"}, {"text": "b", "intent": None})
    assert {utterance.intent for utterance in file.utterances} == {"all"}


def test_blank_lines_a_mark_and_long_lines(tmp_path: Path) -> None:
    long = {"text": "la " * 1_000_000, "intent": "sing"}
    first = b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\r"
    file = read(tmp_path, first, b"", b"  \r", long)
    assert [row.line for row in file.rows] == [1, 4]
    assert not file.quarantined


@pytest.mark.parametrize("name", ["seeds.jsonl", "seeds.jsonl.gz"])
def test_a_line_without_end_costs_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("textsynth.linefile.MAX_LINE", 54)
    whole = {**GOOD, "n": ""}  # 54 bytes
    longer = {**GOOD, "n": "x"}
    endless = b"\xef\xbb\xbf" + b" " * 500
    file = read(tmp_path, endless, whole, longer, {**GOOD, "text": "x" * 500}, GOOD, name=name)
    assert [row.line for row in file.rows] == [2, 5]
    assert [(q.line, q.reason) for q in file.quarantined] == [
        (line, "line_too_long") for line in (1, 3, 4)
    ]
    assert len({q.hash for q in file.quarantined}) == 3
    file = read(tmp_path, GOOD, longer, name=name)  # the last, without an end
    assert [(q.line, q.reason) for q in file.quarantined] == [(2, "line_too_long")]


def test_gzip_is_read(tmp_path: Path) -> None:
    assert len(read(tmp_path, GOOD, name="seeds.jsonl.gz").utterances) == 1


def test_errors_name_the_place_and_the_fix(tmp_path: Path) -> None:
    def error(name: str, content: bytes | None = None) -> str:
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(SeedError) as caught:
            seeds.read(tmp_path / name, secret=SECRET, language="en")
        assert caught.value.fix
        return str(caught.value)

    (tmp_path / "folder.jsonl").mkdir()
    assert "no such seed file" in error("none.jsonl")
    assert ".jsonl or .jsonl.gz" in error("seeds.csv", b"text,intent")
    assert "cannot be read" in error("folder.jsonl")
    assert "cannot be read" in error("broken.jsonl.gz", b"no gzip")
    assert "cannot be read" in error("cut.jsonl.gz", gzip.compress(b'{"text": "a"}' * 99)[:-9])
    assert "it holds no rows" in error("empty.jsonl", b"\n\n")
    assert "among 3: 2 not_json, 1 text_missing" in error("bad.jsonl", b"x\n{}\ny\n")


def rows_of(*intents: str) -> list[Utterance]:
    """An utterance for each intent named."""
    return [Utterance(f"seed/{at}", f"text {at}", intent) for at, intent in enumerate(intents)]


def test_the_holdout_is_stratified_and_keyed() -> None:
    utterances = rows_of(*["a"] * 10, *["b"] * 5, "c")
    own, held = seeds.split_holdout(utterances, 0.2, seed=1)
    assert [row.intent for row in held] == ["a", "a", "b"]
    assert sorted([*own, *held], key=lambda row: int(row.id[5:])) == utterances
    assert seeds.split_holdout(utterances[::-1], 0.2, seed=1)[1] == held[::-1]
    assert seeds.split_holdout(utterances, 0.2, seed=2)[1] != held


def test_every_intent_keeps_a_seed_and_no_share_takes_none() -> None:
    own, held = seeds.split_holdout(rows_of("a", "a", "b"), 0.99, seed=1)
    assert sorted(row.intent or "" for row in own) == ["a", "b"]
    assert len(held) == 1
    assert seeds.split_holdout(rows_of("a", "a"), 0, seed=1)[1] == []
    with pytest.raises(SeedError, match="no share"):
        seeds.split_holdout(rows_of("a"), 1.0, seed=1)


def test_rows_to_test_on_are_no_seeds(tmp_path: Path) -> None:
    splits = ["train", "test", None, "Validation", "dev", 7, "other"]
    rows = [{**GOOD, "text": f"wake me at {n}", "split": split} for n, split in enumerate(splits)]
    assert len(read(tmp_path, *rows).utterances) == 7
    path = tmp_path / "seeds.jsonl"
    file = seeds.read(path, secret=SECRET, language="en", learnt=True)
    assert [row.line for row in file.rows] == [1, 3, 6, 7]
    assert {(q.line, q.reason) for q in file.quarantined} == {
        (line, "split_for_testing") for line in (2, 4, 5)
    }
    read(tmp_path, rows[1], rows[3])
    assert len(seeds.read(path, secret=SECRET, language="en", learnt=True).utterances) == 2


def twins(utterances: list[Utterance]) -> set[str]:
    """The texts that stand on both sides."""
    sides = seeds.split_holdout(utterances, 0.3, seed=1)
    own, held = ({fold(row.text) for row in side} for side in sides)
    return own & held


@pytest.mark.parametrize("form", ["{} ", "{}!", "  {}", "\u201c{}\u201d"])
def test_forms_of_a_text_stay_or_go_together(form: str) -> None:
    utterances = rows_of(*["a"] * 20, *["b"] * 20)
    forms = [replace(row, id=f"{row.id}/2", text=form.format(row.text)) for row in utterances]
    assert not twins([*utterances, *forms])
    assert len(seeds.split_holdout([*utterances, *forms], 0.3, seed=1)[1]) == 24


def test_a_text_of_two_intents_stays_or_goes_as_one() -> None:
    utterances = rows_of(*["a"] * 20)
    others = [replace(row, id=f"{row.id}/2", intent="b") for row in utterances[:12]]
    both = [*utterances, *others]
    assert not twins(both)
    own, held = seeds.split_holdout(both, 0.3, seed=1)
    assert {row.intent for row in own} == {row.intent for row in held} == {"a", "b"}
    assert {row.id for row in seeds.split_holdout(both[::-1], 0.3, seed=1)[1]} == {
        row.id for row in held
    }


def test_a_text_that_is_also_synthetic_is_not_held_out() -> None:
    utterances = rows_of(*["a"] * 10)
    made = [replace(row, id=f"{row.id}/2", text=f"{row.text}.", generation=1) for row in utterances]
    assert not twins([*utterances, *made[:5]])
    assert seeds.split_holdout([*utterances, *made], 0.3, seed=1)[1] == []


def test_where_no_text_stands_twice_the_holdout_is_the_first_of_the_order() -> None:
    utterances = rows_of(*["a"] * 10)
    ids = [row.id for row in utterances]
    first = keyed.order(keyed.stream(3, "holdout"), ids)[:3]
    held = seeds.split_holdout(utterances, 0.3, seed=3)[1]
    assert {row.id for row in held} == {ids[at] for at in first}


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 30) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["text", "intent", "slots", "start", "end", "label", "value"]), inner
        )
    ),
    max_leaves=12,
)
ROW = st.fixed_dictionaries(
    {"text": st.text(max_size=12)},
    optional={
        "intent": st.none() | st.sampled_from(["a", "b"]),
        "slots": st.lists(
            st.fixed_dictionaries(
                {"start": st.integers(-1, 9), "end": st.integers(-1, 9), "label": st.just("time")}
            ),
            max_size=2,
        ),
    },
)
LINE = st.one_of(
    st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"")),
    ANY_JSON.map(lambda value: json.dumps(value).encode()),
    ROW.map(lambda value: json.dumps(value).encode()),
)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=st.lists(LINE, max_size=8))
def test_any_bytes_are_read_or_quarantined(tmp_path: Path, lines: list[bytes]) -> None:
    path = tmp_path / "any.jsonl"
    path.write_bytes(b"\n".join(lines))
    blank = [
        not line.removeprefix(b"\xef\xbb\xbf" if not at else b"").strip()
        for at, line in enumerate(lines)
    ]
    try:
        file = seeds.read(path, secret=SECRET, language="en")
    except SeedError as error:
        assert "no usable row" in str(error) or "holds no rows" in str(error)
        return
    assert len(file.utterances) + file.duplicates == len(file.rows)
    assert len(file.rows) + len(file.quarantined) == blank.count(False)
    for utterance in file.utterances:
        assert utterance.text.strip()
        for one in utterance.slots:
            assert utterance.text[one.start : one.end].strip()

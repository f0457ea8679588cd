"""What exporters share."""

from __future__ import annotations

import json
import os
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsynth.corpus import Slot, Utterance, concat, empty, take, to_table
from textsynth.errors import ExportError
from textsynth.export import target
from textsynth.export.target import MOST_IDS, Job, writing


def row(number: int, **changes: Any) -> Utterance:
    given = {"id": f"r/{number}", "text": f"text {number}", "intent": "a", **changes}
    return Utterance(**given)


ONE = to_table([row(0)])


def write(folder: Path, *, format: str = "lines", text: str = "x", rows: int = 1) -> Job:
    with writing(format, ONE, folder) as job:
        job.write_text("lines.txt", text)
        job.written = rows
    return job


def report(folder: Path) -> Any:
    return json.loads((folder / "export-report.json").read_text(encoding="utf-8"))


# -- the folder -------------------------------------------------------------------------------


def test_a_folder_comes_whole_with_its_report(tmp_path: Path) -> None:
    with writing("lines", ONE, tmp_path / "out") as job:
        job.write_json("deep/er/a.json", {"é": [1]})
        job.refuse("too_long", "r/7")
        job.note("Said once.")
        job.note("Said once.")
        job.sampled["samples"] = (2, 5)
        job.names["intents"] = {"set color": "SetColor", "same": "same"}
        job.names["slots"] = {"city": "city"}
        job.written = 2
        assert not (tmp_path / "out").exists()
    assert report(tmp_path / "out") == {
        "format": "lines",
        "written": 2,
        "refused": {"too_long": 1},
        "refused_ids": {"too_long": ["r/7"]},
        "sampled": {"samples": {"kept": 2, "of": 5}},
        "notes": ["Said once."],
        "files": ["deep/er/a.json", "names.json"],
    }
    assert (tmp_path / "out/deep/er/a.json").read_text(encoding="utf-8") == (
        '{\n  "é": [\n    1\n  ]\n}\n'
    )
    names = json.loads((tmp_path / "out/names.json").read_text())
    assert names == {"intents": {"SetColor": "set color"}}
    told = job.report()
    assert (told.written, told.refused, told.sampled, told.notes) == (
        *(2, {"too_long": 1}, {"samples": (2, 5)}),
        ("Said once.",),
    )
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_export_is_replaced_by_the_next(tmp_path: Path) -> None:
    write(tmp_path / "out")
    with writing("lines", ONE, tmp_path / "out") as job:
        job.write_text("other.txt", "y")
        job.written = 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "export-report.json",
        "other.txt",
    ]


@pytest.mark.parametrize("name", ["notes.txt", "deep/lines.txt", "lines.txt/x"])
def test_a_folder_with_anything_else_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path / "out")
    if name.startswith("lines.txt"):
        (tmp_path / "out/lines.txt").unlink()
    precious = tmp_path / "out" / name
    precious.parent.mkdir(exist_ok=True)
    precious.write_text("precious")
    with pytest.raises(ExportError, match="which no export wrote"):
        write(tmp_path / "out")
    assert precious.read_text() == "precious"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"format": "bands", "files": []}', "an export of the format 'bands'"),
        ("[]", "which no export wrote"),
        ("{", "which no export wrote"),
        ('{"format": "lines", "files": 3}', "which no export wrote"),
        ('{"format": "lines", "files": [3]}', "which no export wrote"),
    ],
)
def test_a_report_of_something_else(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "export-report.json").write_text(text)
    with pytest.raises(ExportError, match=message):
        write(tmp_path)
    assert (tmp_path / "export-report.json").read_text() == text


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    write(tmp_path / "out")
    with pytest.raises(ZeroDivisionError), writing("lines", ONE, tmp_path / "out") as job:
        job.write_text("lines.txt", "half")
        raise ZeroDivisionError
    assert (tmp_path / "out/lines.txt").read_text() == "x"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "out")
    rename = os.rename

    def full(source: Path, goal: Path) -> None:
        if source.name.endswith(".tmp"):
            raise OSError(28, "No space left on device")
        rename(source, goal)

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(ExportError, match="No space left on device"):
        write(tmp_path / "out", text="new")
    assert (tmp_path / "out/lines.txt").read_text() == "x"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(ExportError, match="this is a file"):
        write(tmp_path / "out")


def test_nothing_to_write(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no rows"), writing("x", empty(), tmp_path / "out"):
        pass
    with (
        pytest.raises(ExportError, match=r"no row can be written as x: a \(2\), b \(1\)"),
        writing("x", ONE, tmp_path / "out") as job,
    ):
        for rule in ("b", "a", "a"):
            job.refuse(rule, "r/0")
    assert list(tmp_path.iterdir()) == []


def test_the_report_names_the_first_ids(tmp_path: Path) -> None:
    job = Job("x", tmp_path, tmp_path)
    for number in range(MOST_IDS + 5):
        job.refuse("a", str(number))
    assert job.refused == {"a": MOST_IDS + 5}
    assert job.refused_ids["a"] == [str(number) for number in range(MOST_IDS)]


def test_equal_archives_are_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with writing("x", ONE, tmp_path / name) as job:
            job.write_zip("bot.zip", {"é/x.json": "{}", "a.txt": "é" * 500})
            job.written = 1
    first = (tmp_path / "a/bot.zip").read_bytes()
    assert first == (tmp_path / "b/bot.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a/bot.zip") as archive:
        assert archive.namelist() == ["é/x.json", "a.txt"]
        assert archive.read("a.txt").decode() == "é" * 500


# -- rows -------------------------------------------------------------------------------------

MIXED = [
    row(0, intent="b", slots=(Slot(0, 4, "x", "X"), Slot(5, 6, "y", "Y")), split="test"),
    row(1, intent=None, text=""),
    row(2, slots=(Slot(5, 6, "y", "Y"), Slot(0, 4, "x", "X"))),
    row(3, intent="b", text="🏴 שלום\n"),
    row(4),
]


def test_rows_come_as_they_are() -> None:
    table = concat([to_table(MIXED[:2]), to_table(MIXED[2:])])
    rows = list(target.rows(table))
    assert [r.position for r in rows] == list(range(5))
    for found, there in zip(rows, MIXED, strict=True):
        assert (found.id, found.text, found.intent, found.split) == (
            *(there.id, there.text, there.intent),
            there.split,
        )
        assert found.slots == tuple(sorted(there.slots, key=lambda slot: slot.start))


@pytest.mark.parametrize("size", [1, 2, 100])
def test_batches_of_any_size(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(target.rows(to_table(MIXED)))
    monkeypatch.setattr(target, "BATCH_ROWS", size)
    table = concat([to_table(MIXED[:2]), to_table(MIXED[2:])])
    assert list(target.rows(table)) == whole
    by_intent = [(name, list(rows)) for name, rows in target.rows_by_intent(table)]
    assert [name for name, _ in by_intent] == [None, "a", "b"]
    assert [[r.position for r in rows] for _, rows in by_intent] == [[1], [2, 4], [0, 3]]
    assert sorted(r for _, rows in by_intent for r in rows) == whole
    sliced = list(target.rows(table.slice(1, 3)))
    assert [r.id for r in sliced] == ["r/1", "r/2", "r/3"]
    assert [len(r.slots) for r in sliced] == [0, 2, 0]


def test_columns_that_are_lists_numbers_and_null() -> None:
    table = to_table([row(0, turn=None), row(1, turn=3, state=(("a", "b"),), parents=("p",))])
    (found,) = target.batches(table, ("turn", "generation", "state", "parents"))
    assert found == {
        "turn": [None, 3],
        "generation": [0, 0],
        "state": [None, (("a", "b"),)],
        "parents": [[], ["p"]],
    }


def test_keep_takes_rows_in_the_order_asked() -> None:
    kept = target.keep(to_table(MIXED), [3, 0])
    assert [r.id for r in target.rows(kept)] == ["r/3", "r/0"]


# -- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "camel", "snake"),
    [
        ("set color", "SetColor", "set_color"),
        ("setColor", "SetColor", "set_color"),
        ("get-the/weather.now", "GetTheWeatherNow", "get_the_weather_now"),
        ("café_2", "Cafe2", "cafe_2"),
        ("TV_on", "TVOn", "tv_on"),
    ],
)
def test_names_made_valid(name: str, camel: str, snake: str) -> None:
    assert (target.camel(name), target.snake(name)) == (camel, snake)


def test_a_name_without_a_word_is_spelled_by_its_hash() -> None:
    found = target.valid_names(["设置颜色", "🎨", "播放"], target.camel)
    assert len(set(found.values())) == 3
    assert all(len(name) == 8 and name.isascii() and name.isalpha() for name in found.values())


def test_names_that_collide() -> None:
    assert target.valid_names(["a b", "c", "a b"], target.snake) == {"a b": "a_b", "c": "c"}
    message = "the slots 'a b' and 'a_b' would both be written as 'a_b'"
    with pytest.raises(ExportError, match=message):
        target.valid_names(["a_b", "a b"], target.snake, "slot")


# -- values -----------------------------------------------------------------------------------


def test_values_and_their_words() -> None:
    said = [("NYC", "New York"), ("NYC", "New York"), ("big apple", "New York"), ("Rome", "Rome")]
    said += [("a]\n'\"", "a]\n'\"")]
    rows = [
        row(n, text=f"to {words}", slots=(Slot(3, 3 + len(words), "city", value),))
        for n, (words, value) in enumerate(said)
    ]
    rows.append(row(9, text="at ten", slots=(Slot(3, 6, "at", "10"),)))
    assert target.slot_types(to_table(rows)) == {
        "at": {"10": ["ten"]},
        "city": {"New York": ["NYC", "big apple"], "Rome": ["Rome"], "a]\n'\"": ["a]\n'\""]},
    }
    types = target.slot_types(to_table(rows))
    assert [list(values) for values in types.values()] == [["10"], ["New York", "Rome", "a]\n'\""]]


# -- sampling ---------------------------------------------------------------------------------


def test_a_sample_keeps_the_shares_of_the_intents() -> None:
    rows = [row(n, intent="a" if n % 10 else "b") for n in range(1_000)]
    rows.append(row(1_000, intent=None))
    table = to_table(rows)
    kept = target.sample(table, total=101)
    assert kept == sorted(set(kept))
    assert Counter(rows[at].intent for at in kept) == {"a": 90, "b": 10, None: 1}
    assert Counter(rows[at].intent for at in target.sample(table, per_intent=50)) == {
        "a": 50,
        "b": 50,
        None: 1,
    }
    assert len(target.sample(table, total=2)) == 2
    assert target.sample(table, total=5_000) == list(range(1_001))


def test_a_sample_is_of_ids_whatever_their_order() -> None:
    rows = [row(n, intent=f"i{n % 3}") for n in range(90)]
    table = to_table(rows)
    turned = take(table, range(89, -1, -1))
    kept = {rows[at].id for at in target.sample(table, total=20)}
    assert {rows[89 - at].id for at in target.sample(turned, total=20)} == kept
    assert {rows[at].id for at in target.sample(table, total=20, seed=1)} != kept


@given(
    st.dictionaries(st.sampled_from(["a", "b", "c", "d", None]), st.integers(0, 40), min_size=1),
    st.integers(0, 200),
)
def test_allotments(sizes: dict[str | None, int], total: int) -> None:
    given_ = target.allot(sizes, total)
    assert sum(given_.values()) == min(total, sum(sizes.values()))
    assert given_.keys() == sizes.keys()
    for name, size in sizes.items():
        assert 0 <= given_[name] <= size
        if total >= len(sizes) and size:
            assert given_[name] >= 1

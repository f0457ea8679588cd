"""Corpora that people point at: their forms, and rows that are of none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_pipeline import folder as folder
from test_pipeline import run

from textsynth import corpus
from textsynth.corpus import Slot, Utterance
from textsynth.errors import SeedError
from textsynth.pipeline import corpora
from textsynth.progress import Progress


class Warned(Progress):
    """Keeps what is warned of."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


ROWS = [
    {"text": "wake me at six", "intent": "alarm",
     "slots": [{"start": 11, "end": 14, "label": "time"}]},
    {"text": "lights on", "intent": "lights"},
    {"text": "lights on", "intent": "lights"},
]  # fmt: skip


def jsonl(path: Path, rows: list[dict[str, Any]] = ROWS) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def read(path: Path, origin: str = "model", progress: Progress | None = None) -> list[Utterance]:
    table = corpora.read(path, origin=origin, language="en", progress=progress or Progress())
    return list(corpus.utterances(table))


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_jsonl(tmp_path: Path, name: str) -> None:
    rows = read(jsonl(tmp_path / name))
    assert [row.text for row in rows] == ["wake me at six", "lights on", "lights on"]
    assert rows[0].pattern == "wake me at {time}" and rows[1].pattern == "lights on"
    assert rows[0].slots == (Slot(11, 14, "time", "six"),)
    assert {row.origin for row in rows} == {"model"} and {row.generation for row in rows} == {1}
    assert len({row.id for row in rows}) == 3


def test_real_rows_are_of_generation_0(tmp_path: Path) -> None:
    rows = read(jsonl(tmp_path / "a.jsonl"), origin="seed")
    assert {(row.origin, row.generation) for row in rows} == {("seed", 0)}


def test_parquet_of_ours_and_of_others(tmp_path: Path) -> None:
    ours = [Utterance("t/1", "hi there", "greet", pattern="hi there", origin="template")]
    corpus.write(corpus.to_table(ours), tmp_path / "ours.parquet")
    assert read(tmp_path / "ours.parquet")[0].origin == "template"
    pq.write_table(pa.table({"text": ["a b", None, ""]}), tmp_path / "theirs.parquet")
    (row,) = read(tmp_path / "theirs.parquet")
    assert (row.text, row.intent, row.pattern) == ("a b", None, "a b")


def test_the_folder_of_a_dataset(folder: Path, key_file: Path) -> None:
    made = run(folder, key_file, templates={"path": "pack.yaml"})
    rows = read(made.folder / "dataset")
    kept = {row.id: row for row in corpus.utterances(corpus.read(made.folder / "corpus.parquet"))}
    assert len(rows) == len(kept) == 20
    for row in rows:
        assert (row.text, row.intent, row.slots) == (
            kept[row.id].text, kept[row.id].intent, kept[row.id].slots
        )  # fmt: skip


def test_a_dataset_saved_to_disk(tmp_path: Path) -> None:
    from datasets import Dataset

    Dataset.from_dict({"text": ["x y"], "intent": ["a"]}).save_to_disk(tmp_path / "d")
    assert [(row.text, row.intent) for row in read(tmp_path / "d")] == [("x y", "a")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.jsonl", None, "there is no such corpus"),
        ("a.csv", b"text\nhi\n", "are not read"),
        ("a.parquet", b"no parquet", "is no Parquet"),
        ("a.jsonl", b"\n", "no rows"),
        ("a.jsonl", b"{}\n", "text_missing"),
    ],
)
def test_what_cannot_be_read(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SeedError, match=message) as caught:
        read(tmp_path / name)
    assert caught.value.fix and caught.value.where


def parquet(path: Path, *rows: dict[str, Any]) -> Path:
    names = {name: None for row in rows for name in row}
    pq.write_table(pa.Table.from_pylist([names | row for row in rows]), path)
    return path


def slot(**fields: Any) -> dict[str, Any]:
    return {"slots": [{"start": 3, "end": 6, "label": "name", **fields}]}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"generation": 300}, "generation_out_of_range"),
        ({"generation": "secret"}, "generation_not_integer"),
        ({"generation": 1.5}, "generation_not_integer"),
        ({"pattern": 77321}, "pattern_not_text"),
        ({"language": 77321}, "language_not_text"),
        ({"origin": 77321}, "origin_not_text"),
        ({"split": 77321}, "split_not_text"),
        ({"intent": 7.5}, "intent_not_text"),
        ({"slots": "secret"}, "slots_not_a_list"),
        ({"slots": [77321]}, "slot_not_an_object"),
        (slot(label=None), "slot_incomplete"),
        (slot(label="a secret"), "label_invalid"),
        (slot(value=77321), "slot_value_not_text"),
        (slot(start=3.0), "slot_offset_not_integer"),
        (slot(end="secret"), "slot_offset_not_integer"),
        (slot(end=77321), "span_out_of_bounds"),
    ],
)
def test_a_row_of_another_form_is_left_out_with_its_reason(
    tmp_path: Path, fields: dict[str, Any], reason: str
) -> None:
    bad = parquet(tmp_path / "bad.parquet", {"text": "hi bob", **fields})
    with pytest.raises(SeedError, match=rf"1 {reason} \(first row 0\)") as caught:
        read(bad)
    assert "`slots` a list" in (caught.value.fix or "")
    said = Warned()
    some = parquet(tmp_path / "some.parquet", {"text": "hi ann"}, {"text": "hi bob", **fields})
    assert [row.text for row in read(some, progress=said)] == ["hi ann"]
    (told,) = said.warnings
    assert told == f"some.parquet: 1 rows left out: 1 {reason} (first row 1)"
    assert not any(cell in told + str(caught.value) for cell in ("secret", "77321"))


def test_generations_beside_missing_ones_and_numbers_of_classes(tmp_path: Path) -> None:
    (first, second) = read(parquet(tmp_path / "a.parquet", {"text": "a b", "generation": 2.0},
                                   {"text": "c d", "intent": 4}))  # fmt: skip
    assert (first.generation, second.generation, second.intent) == (2, 1, "4")


def test_columns_of_a_corpus_with_other_contents(tmp_path: Path) -> None:
    names = {*corpora._OURS, "dialogue_id"}
    place = parquet(tmp_path / "a.parquet", {**dict.fromkeys(names), "generation": "secret"})
    with pytest.raises(SeedError, match="not what stands in them") as caught:
        read(place)
    assert "secret" not in str(caught.value)


def test_a_first_line_that_nests_too_deeply_costs_itself_alone(tmp_path: Path) -> None:
    place = tmp_path / "a.jsonl"
    place.write_text("[" * 100_000 + '\n{"text": "lights on"}\n')
    assert [row.text for row in read(place)] == ["lights on"]


def test_a_folder_that_is_no_dataset(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(SeedError, match="is no dataset"):
        read(tmp_path / "d")

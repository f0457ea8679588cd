"""Tables and datasets: rows by column, of files and folders."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imported import CSV, noted, read, refused, shown, write

from textsynth import importers
from textsynth.errors import SeedError
from textsynth.importers import Notes


def test_csv(tmp_path: Path) -> None:
    columns = {"text": "utterance", "intent": "label"}
    rows, notes = read(write(tmp_path, "a.csv", CSV), columns=columns)
    assert rows == {
        'play: play "jazz"; now', "play: two\nlines", "sum: =1+1", "say: 'tis",
        'say: a "quoted" word', "play: after",
    }  # fmt: skip
    assert refused(notes) == {"columns_missing": ["a.csv:7"], "quote_invalid": ["a.csv:9"]}


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "utterance,label\na,b\n")
    with pytest.raises(SeedError, match="no column 'text'") as caught:
        read(path)
    assert "columns: text=NAME" in str(caught.value)
    with pytest.raises(SeedError, match="did you mean 'utterance'"):
        read(path, columns={"text": "utterence"})
    with pytest.raises(SeedError, match="'txt' is no column"):
        read(path, columns={"txt": "utterance"})


def test_bytes_that_are_not_utf8_cost_their_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("text,intent\ncafé,a\n".encode("latin-1") + "thé,a\n".encode())
    rows, notes = read(path)
    assert rows == {"a: thé"} and refused(notes) == {"bytes_not_utf8": ["a.csv:2"]}
    path.write_bytes("text,intent\ncafé,a\n".encode("utf-16"))
    assert read(path)[0] == {"a: café"}


def test_a_line_without_end_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textsynth.importers.tablefiles.MAX_CELL", 20)
    text = "text,intent\nok,a\n" + "x" * 50 + ",a\nlater,a\n"
    rows, notes = read(write(tmp_path, "a.csv", text))
    assert rows == {"a: ok", "a: later"} and refused(notes) == {"cell_too_long": ["a.csv:3"]}


def test_a_long_line_of_json_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textsynth.linefile.MAX_LINE", 40)
    lines = [json.dumps({"text": text}) for text in ("ok", "x" * 150, "later")]
    rows, notes = read(write(tmp_path, "a.jsonl", "\n".join(lines)))
    assert rows == {"None: ok", "None: later"}
    assert refused(notes) == {"line_too_long": ["a.jsonl:2"]}


def test_rows_of_json_have_columns_of_their_own(tmp_path: Path) -> None:
    rows, notes = read(write(tmp_path, "a.jsonl", '{"id": 1}\n{"text": "hi", "label": "a"}\n'))
    assert rows == {"None: hi"} and refused(notes) == {"text_missing": ["a.jsonl:1"]}
    data = [{"id": 1}, {"text": "hi", "label": "a"}]
    assert read(write(tmp_path, "a.json", data), columns={"intent": "label"})[0] == {"a: hi"}
    with pytest.raises(SeedError, match="no column 'labl'"):
        read(tmp_path / "a.json", columns={"intent": "labl"})


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.ndjson"])
def test_packed_tables(tmp_path: Path, name: str) -> None:
    text = '{"text": "hi", "intent": "a"}\n' if "json" in name else "text\tintent\nhi\ta\n"
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    assert read(tmp_path / f"{name}.gz")[0] == {"a: hi"} == read(tmp_path)[0]


@pytest.mark.parametrize(
    ("name", "format"),
    [("a.conll.gz", None), ("a.conll.gz", "conll"), ("a.tsv.gz", "conll"), ("a.json.gz", None)],
)
def test_packed_files_of_other_kinds_are_refused(
    tmp_path: Path, name: str, format: str | None
) -> None:
    (tmp_path / name).write_bytes(gzip.compress(b"a\tO\n"))
    with pytest.raises(SeedError, match=f"(?s)packed file of this kind.*gunzip {name}"):
        read(tmp_path / name, format)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("", 0), (None, 0), (2, 2), (2.0, 2), (" 2.0 ", 2), ("2", 2),
        (2.5, "generation_not_integer"), ("two", "generation_not_integer"),
        (True, "generation_not_integer"), (float("nan"), "generation_not_integer"),
        ([2], "generation_not_integer"),
        pytest.param(10**400, "generation_not_integer", id="huge"),
        (-1, "generation_out_of_range"), ("127.0", "generation_out_of_range"),
    ],
)  # fmt: skip
def test_generations_of_tables(tmp_path: Path, told: Any, expected: int | str) -> None:
    notes = Notes()
    path = write(tmp_path, "a.json", [{"text": "a", "generation": told}])
    found = [row.generation for row in importers.read_examples(path, notes=notes)]
    assert [*found, *notes.refused] == [expected]


def test_slots_in_tables(tmp_path: Path) -> None:
    slot = {"start": 3, "end": 7, "label": "room name", "value": "r"}
    lines = [
        {"text": "to here", "slots": [slot], "origin": "model"},
        {"text": "to", "slots": [slot]},
        {"text": "to here", "slots": [{"start": 3}]},
        {"text": "to here", "slots": [slot, slot]},
        {"text": "to here", "slots": [{**slot, "start": True}]},
    ]
    text = "\n".join(map(json.dumps, lines)) + "\n[]\nnull\n{\n"
    path = write(tmp_path, "a.jsonl", text)
    notes = Notes()
    (row,) = importers.read_examples(path, notes=notes)
    assert shown(row) == "None: to here -> room_name=here/r"
    assert (row.origin, row.generation) == ("model", 1)
    assert sorted(notes.refused) == [
        "row_not_an_object", "row_not_json", "slot_incomplete", "slot_offset_not_integer",
        "span_out_of_bounds", "spans_overlap",
    ]  # fmt: skip
    assert "'room name' is called room_name here" in noted(notes)


def test_a_list_of_objects_and_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"text": "hi", "intent": "a", "slots": [{"start": 0, "end": 2, "label": "x"}]}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    expected = {"a: hi -> x=hi/hi"}
    assert read(tmp_path / "a.parquet")[0] == expected
    assert read(write(tmp_path, "a.json", rows))[0] == expected


def test_only_the_columns_that_are_asked_for_are_read_of_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    far = pa.array([2**30], pa.date32())  # a day that Python has no value for
    table = pa.table({"say": ["hi"], "when": far, "split": ["train"]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet", columns={"text": "say"})[0] == {"None: hi"}
    with pytest.raises(SeedError, match="a value cannot be read"):
        read(tmp_path / "a.parquet", columns={"text": "say", "language": "when"})
    with pytest.raises(SeedError, match=r"(?s)no column 'sax'.*did you mean 'say'"):
        read(tmp_path / "a.parquet", columns={"text": "sax"})


def test_a_folder_of_a_dataset(tmp_path: Path) -> None:
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

    features = Features({"text": Value("string"), "intent": ClassLabel(names=["a", "b"])})
    part = Dataset.from_dict({"text": ["x", "y"], "intent": [1, -1]}, features=features)
    DatasetDict({"train": part, "test": part.select([0])}).save_to_disk(str(tmp_path / "d"))
    path = tmp_path / "d"
    assert importers.detect_examples(path) == "datasets"
    assert read(path, split="train")[0] == {"b: x", "None: y"}
    with pytest.raises(SeedError, match="no split 'dev'"):
        read(path, split="dev")


def test_a_folder_of_tables_is_no_dataset(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "text,intent\none,NA\n12,NA\n")
    write(tmp_path, "B.JSON", [{"text": "two", "intent": "b"}])
    write(tmp_path, "c/d.jsonl", '{"text": "three"}\n')
    write(tmp_path, "settings.json", {"a": 1})
    write(tmp_path, "README.md", "# Our rows\n\n---\ntags: none\n")
    assert importers.detect_examples(tmp_path) == "table"
    assert read(tmp_path)[0] == {"NA: one", "NA: 12", "b: two", "None: three"}


def test_files_and_folders_tell_the_split_of_their_rows(tmp_path: Path) -> None:
    for name in ("train", "dev", "test-0-of-1", "test_intents", "Test/a", "told"):
        write(tmp_path, f"{name}.csv", f"text,intent\n{name},a\n")
    write(tmp_path, "told.csv", "text,split\ntold,train\n")
    write(tmp_path, "test/told.csv", "text,split\nelsewhere,train\nnowhere,\n")
    found = {row.text: row.split for row in importers.read_examples(tmp_path)}
    assert found == {
        "train": "train", "dev": "validation", "test-0-of-1": "test", "test_intents": None,
        "Test/a": "test", "told": "train", "elsewhere": "train", "nowhere": "test",
    }  # fmt: skip
    assert read(tmp_path, split="validation")[0] == {"a: dev"}
    with pytest.raises(SeedError, match=r"(?s)no split 'dev'.*test, train, validation"):
        read(tmp_path, split="dev")


CARD = "---\nconfigs:\n- config_name: default\n  data_files:\n  - {split: test, path: a.csv}\n---\n"


def test_a_folder_with_a_card_is_kept_in_no_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    cache, temporary = tmp_path / "cache", tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", cache)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    write(tmp_path, "d/README.md", CARD)
    write(tmp_path, "d/a.csv", "text,intent\nx,a\ny,b\n")
    assert importers.detect_examples(tmp_path / "d") == "datasets"
    found = [(row.text, row.split) for row in importers.read_examples(tmp_path / "d")]
    assert found == [("x", "test"), ("y", "test")]
    assert not list(temporary.iterdir()) and not list(cache.rglob("*"))


def test_a_dataset_of_the_hub_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    def fail(name: str) -> None:
        raise ConnectionError(f"no way to {name}\nand more")

    monkeypatch.setattr(datasets, "load_dataset", fail)
    with pytest.raises(SeedError, match="no way to owner/name") as caught:
        list(importers.read_examples("owner/name"))
    assert "check the id and the network" in str(caught.value)


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
texts = st.lists(cells.filter(str.strip), min_size=1, max_size=6)
quick = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def defused(text: str) -> str:
    """A cell as careful writers of CSV have it."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text


@quick
@given(texts=texts.filter(lambda all: not any(t[0] == "'" for t in all)),
       delimiter=st.sampled_from(",;\t|"))  # fmt: skip
def test_csv_gives_back_what_was_written(tmp_path: Path, texts: list[str], delimiter: str) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, delimiter=delimiter)
        out.writerow(["text", "intent"])
        out.writerows([[defused(text), "a"] for text in texts])
    assert [row.text for row in importers.read_examples(path)] == texts

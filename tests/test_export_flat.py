"""JSON lines, CSV and Parquet: what is written is what comes back."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsynth import corpus, seeds
from textsynth.corpus import Dialogue, Slot, Utterance, empty, to_table
from textsynth.errors import ExportError
from textsynth.export import About, flat
from textsynth.export.flat import FORMULA, defuse, restore
from textsynth.importers import table
from textsynth.importers.examples import Notes, Options

HOSTILE = [
    "🏴󠁧󠁢󠁳󠁣󠁴󠁿👩‍👩‍👧",
    "أيقظني \u202e الساعة",
    "two\nlines\r\nand\rmore",
    "line\u2028\x85\x0b\x0cends",
    'quote " and "" and , ; \t',
    "'apostrophe",
    "''two",
    "=1+1",
    "'=1+1",
    '=HYPERLINK("http://a.b","c")',
    "@SUM(1)",
    "-5 degrees",
    "+44 20",
    "\ttab",
    "\rreturn",
    "[x](y) {z} \\u0041",
    "long " * 2_000,
    "nul \0 bell \x07",
]


def row(number: int, **changes: Any) -> Utterance:
    given_ = {
        "id": f"r/{number}",
        "text": f"wake me at {number}",
        "intent": "alarm",
        "slots": (Slot(11, 12, "time", f"{number}:00"),),
        "origin": "model",
        "generation": 2,
        "split": "train",
        **changes,
    }
    return Utterance(**given_)


def hostile_rows() -> list[Utterance]:
    return [
        row(n, id=text, text=text, intent=text, slots=(Slot(0, 1, "x", text),), split=None)
        for n, text in enumerate(HOSTILE)
    ]


def read_jsonl(folder: Path) -> list[dict[str, Any]]:
    with (folder / "corpus.jsonl").open(encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


def read_csv(folder: Path) -> list[dict[str, Any]]:
    """The rows by the rule that the exporter states."""
    with (folder / "corpus.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            {name: restore(cell) for name, cell in row.items()}
            for row in csv.DictReader(file, strict=True)
        ]
    return [
        {
            **{name: cell or None for name, cell in row.items()},
            "text": row["text"],
            "slots": json.loads(row["slots"]),
            "generation": int(row["generation"]),
        }
        for row in rows
    ]


def plain(utterance: Utterance) -> dict[str, Any]:
    """A row as JSON has it."""
    row = {name: getattr(utterance, name) for name in flat.COLUMNS}
    keys = ("start", "end", "label", "value")
    slots = [{key: getattr(slot, key) for key in keys} for slot in utterance.slots]
    return {**row, "slots": slots}


Export = Callable[..., Any]
FORMATS: list[tuple[Export, Callable[[Path], list[dict[str, Any]]]]] = [
    (flat.jsonl, read_jsonl),
    (flat.csv, read_csv),
]


@pytest.mark.parametrize(("export", "read"), FORMATS)
def test_rows_come_back(export: Export, read: Callable[[Path], Any], tmp_path: Path) -> None:
    rows = [*hostile_rows(), row(1), row(2, intent=None, slots=(), split=None)]
    report = export(to_table(rows), tmp_path / "out", About("x"))
    assert (report.format, report.written, report.refused) == (export.__name__, len(rows), {})
    assert read(tmp_path / "out") == [plain(row) for row in rows]


TEXTS = st.text(st.one_of(st.sampled_from("='+-@\t\r\n\",\uff1d \0"), st.characters(codec="utf-8")))


@given(st.lists(st.tuples(TEXTS, st.none() | TEXTS.filter(bool), TEXTS, st.integers(0, 127))))
def test_any_rows_come_back(drawn: list[tuple[str, str | None, str, int]]) -> None:
    rows = [
        row(n, text=f"{text}x", intent=intent, generation=generation,
            slots=(Slot(len(text), len(text) + 1, "y", value),))
        for n, (text, intent, value, generation) in enumerate(drawn)
    ]  # fmt: skip
    rows.append(row(0))
    for export, read in FORMATS:
        with tempfile.TemporaryDirectory() as folder:
            export(to_table(rows), Path(folder) / "out", About("x"))
            assert read(Path(folder) / "out") == [plain(row) for row in rows]


@pytest.mark.parametrize("export", [flat.jsonl, flat.csv, flat.parquet])
def test_what_all_of_them_do(export: Export, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no rows"):
        export(empty(), tmp_path / "out", About("x"))
    assert not list(tmp_path.iterdir())
    for name in ("a", "b"):
        export(to_table(hostile_rows()), tmp_path / name, About("x"))
        export(to_table(hostile_rows()), tmp_path / name, About("x"))
    files = [path for path in (tmp_path / "a").rglob("*") if path.is_file()]
    assert len(files) == 2
    for path in files:
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


@pytest.mark.parametrize("export", [flat.jsonl, flat.csv, flat.parquet])
def test_our_reader_gives_the_rows_back(export: Export, tmp_path: Path) -> None:
    rows = [*(row(n, text=text, slots=(Slot(0, 1, "x", text),)) for n, text in enumerate(HOSTILE))]
    rows = [one for one in rows if not one.text[0].isspace()]  # spaces are trimmed from slots
    rows.append(row(99, split="test", origin="seed", generation=0))
    export(to_table(rows), tmp_path / "out", About("x"))
    notes = Notes()
    found = list(table.examples(tmp_path / "out", notes, Options()))
    assert not notes.refused
    kept = [(r.text, r.intent, r.slots, r.split, r.origin, r.generation) for r in rows]
    assert [(r.text, r.intent, r.slots, r.split, r.origin, r.generation) for r in found] == kept


# -- JSON lines -------------------------------------------------------------------------------


def test_json_lines_are_seeds(tmp_path: Path) -> None:
    rows = [row(n, generation=n % 2, origin=("seed", "model")[n % 2]) for n in range(6)]
    rows += [row(9, text=text, slots=()) for text in HOSTILE]
    flat.jsonl(to_table(rows), tmp_path / "out", About("x"))
    found = seeds.read(tmp_path / "out/corpus.jsonl", secret=b"0" * 32, language="en")
    assert not found.quarantined
    assert [(r.text, r.intent, r.slots, r.generation) for r in found.utterances] == [
        (r.text, r.intent, r.slots, r.generation) for r in rows
    ]


def test_rows_without_intent_are_told(tmp_path: Path) -> None:
    report = flat.jsonl(to_table([row(1), row(2, intent=None)]), tmp_path / "a", About("x"))
    assert report.notes == ("1 rows have no intent; as seeds they would be put in quarantine",)
    assert flat.jsonl(to_table([row(2, intent=None)]), tmp_path / "b", About("x")).notes == ()


def test_dialogues_keep_their_columns(tmp_path: Path) -> None:
    traits = (("patience", 0.1), ("politeness", 1.0))
    facts = Dialogue("f", "failure", (("time", "=1"),), traits, ("start", "end"))
    turn = row(1, dialogue_id="d", turn=0, speaker="user", state=(("time", "=1"),), dialogue=facts)
    both = to_table([turn, row(2)])
    told = {
        "flow": "f",
        "outcome": "failure",
        "goal": [{"slot": "time", "value": "=1"}],
        "persona": [{"name": "patience", "value": 0.1}, {"name": "politeness", "value": 1.0}],
        "path": ["start", "end"],
    }
    flat.jsonl(both, tmp_path / "jsonl", About("x"))
    first, second = read_jsonl(tmp_path / "jsonl")
    spoken = ["dialogue_id", "turn", "speaker", "state", "dialogue"]
    assert list(first)[len(flat.COLUMNS) :] == spoken
    assert (first["turn"], first["state"]) == (0, [{"slot": "time", "value": "=1"}])
    assert first["dialogue"] == told
    assert (second["turn"], second["state"], second["dialogue"]) == (None, None, None)
    flat.csv(both, tmp_path / "csv", About("x"))
    first, second = read_csv(tmp_path / "csv")
    assert (first["turn"], json.loads(first["state"])) == ("0", [{"slot": "time", "value": "=1"}])
    assert json.loads(first["dialogue"]) == told
    assert (second["turn"], second["state"], second["dialogue"]) == (None, None, None)


# -- CSV --------------------------------------------------------------------------------------


@given(TEXTS)
def test_cells_are_defused_and_restored(text: str) -> None:
    cell = defuse(text)
    assert restore(cell) == text
    assert not cell.startswith(FORMULA)
    assert cell == text or text.startswith((*FORMULA, "'"))


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1", "'=1"),
        ("'=1", "''=1"),
        ("'", "''"),
        ("a=1", "a=1"),
        ("", ""),
        ("\uff1d1", "'\uff1d1"),
    ],
)
def test_the_way_of_an_apostrophe(text: str, cell: str) -> None:
    assert defuse(text) == cell


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    report = flat.csv(to_table(hostile_rows()), tmp_path / "out", About("x"))
    with (tmp_path / "out/corpus.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file, strict=True) for cell in row]
    assert not [cell for cell in cells if cell.startswith(FORMULA)]
    defused = sum(text.startswith((*FORMULA, "'")) for text in HOSTILE)
    assert report.notes[0].startswith(f"{3 * defused} cells begin with an apostrophe")


def test_lines_are_as_in_rfc_4180(tmp_path: Path) -> None:
    rows = [row(1, text='a "b", c'), row(2, intent=None, split=None, slots=())]
    flat.csv(to_table(rows), tmp_path / "out", About("x"))
    assert (tmp_path / "out/corpus.csv").read_bytes().decode() == (
        "id,text,intent,slots,language,origin,generation,split\r\n"
        'r/1,"a ""b"", c",alarm,"[{""start"": 11, ""end"": 12, ""label"": ""time"", '
        '""value"": ""1:00""}]",en,model,2,train\r\n'
        "r/2,wake me at 2,,[],en,model,2,\r\n"
    )


def test_pyarrow_reads_the_same_cells(tmp_path: Path) -> None:
    rows = hostile_rows()
    flat.csv(to_table(rows), tmp_path / "out", About("x"))
    read = pyarrow.csv.read_csv(
        io.BytesIO((tmp_path / "out/corpus.csv").read_bytes()),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(column_types={"text": pa.string()}),
    )
    assert [restore(cell) for cell in read.column("text").to_pylist()] == HOSTILE


# -- Parquet ----------------------------------------------------------------------------------


def read_shards(folder: Path) -> Sequence[pa.Table]:
    return [corpus.read(path) for path in sorted((folder / "data").iterdir())]


def test_shards_hold_all_columns_in_order(tmp_path: Path) -> None:
    rows = [*hostile_rows(), row(1, turn=3, scores={"label": 0.5}, parents=("p",), pattern="{x}")]
    report = flat.parquet(to_table(rows), tmp_path / "out", About("x"), shard_rows=8)
    assert report.written == len(rows)
    names = sorted(path.name for path in (tmp_path / "out/data").iterdir())
    assert names == [f"corpus-0000{n}-of-00003.parquet" for n in range(3)]
    shards = read_shards(tmp_path / "out")
    assert [shard.num_rows for shard in shards] == [8, 8, 3]
    assert list(corpus.utterances(corpus.concat(shards))) == rows
    assert pq.read_table(tmp_path / "out/data").column("text").to_pylist() == [r.text for r in rows]


def test_shard_rows_below_one(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="shard_rows is 0"):
        flat.parquet(to_table([row(1)]), tmp_path / "out", About("x"), shard_rows=0)

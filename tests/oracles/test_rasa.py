"""Rasa's own reader gives back what was written. `make oracles` makes its environment."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textsynth.corpus import Slot, Utterance, to_table
from textsynth.export import About
from textsynth.export.rasa import export
from textsynth.grammar import draw, grammar

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".oracles" / "rasa" / "bin" / "python"

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="`make oracles` makes it")


def read(*files: Path) -> list[dict[str, Any]]:
    """What Rasa finds in each file."""
    command = [str(PYTHON), "-W", "ignore", str(Path(__file__).with_name("rasa_reader.py"))]
    done = subprocess.run(
        [*command, *map(str, files)], capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def row(number: int, text: str, *slots: tuple[int, int, str, str], **more: Any) -> Utterance:
    made = tuple(Slot(*slot) for slot in slots)
    return Utterance(f"r/{number}", text, **{"intent": "a", "slots": made, **more})


def write(rows: Sequence[Utterance], folder: Path) -> list[Utterance]:
    """Export the rows; returns those that were not refused, all to train on."""
    report = export(to_table(rows), folder, About("x"), lookups=True)
    said = json.loads((folder / "export-report.json").read_text(encoding="utf-8"))
    refused = {id for ids in said["refused_ids"].values() for id in ids}
    kept = [row for row in rows if row.id not in refused]
    assert report.written == len(kept)
    return kept


def as_read(rows: Sequence[Utterance]) -> list[list[Any]]:
    """Rows as the reader tells them, in its order: that of the intents."""
    return [
        [r.text, r.intent, [[s.start, s.end, s.label, s.value] for s in r.slots]]
        for r in sorted(rows, key=lambda r: r.intent or "")
    ]


@pytest.fixture(scope="module")
def home() -> Iterator[list[Utterance]]:
    """Rows of each intent of the demo."""
    from textsynth.corpus import utterances

    pack = grammar.load(ROOT / "templates" / "home" / "intents")
    yield [
        row for intent in pack.intents for row in utterances(draw.draw(pack, intent, 0, 60, seed=1))
    ]


def test_rows_of_the_demo(home: list[Utterance], tmp_path: Path) -> None:
    kept = write(home, tmp_path / "out")
    assert len(kept) > 0.98 * len(home)
    (told,) = read(tmp_path / "out/train/nlu.yml")
    assert told["examples"] == as_read(kept)
    assert told["warnings"] == [one for one in told["warnings"] if "inconsistent" in one]
    there = {(s.value, r.text[s.start : s.end]) for r in kept for s in r.slots}
    assert {(value, words) for words, value in told["synonyms"].items()} <= there
    assert set(told["lookups"]) == {slot.label for r in kept for slot in r.slots}


HOSTILE = [
    "- dashed", "-", "--- # no comment", "%YAML 1.1", "key: 'v' \"q\" {a: b}", "[x] (y)",
    "[](x) [x]() [x]{}", "x](y)", "(a) [b", "tab\tin", "\tled", "\u00a0nbsp\u3000",
    "C:\\users \\u0041 \\n", "🏴󠁧󠁢󠁳󠁣󠁴󠁿👩‍👩‍👧", "أيقظني \u202e", "!tag &a *b | >", "/greet", "\ufeffx",
    "long " * 2_000 + "end", "[a](b)", "[a](b:c)", "[a]{b}", "[a][b]", "a\nb", "a\x0cb",
    "a\u2028b", "a\x07", "\x7f", "\uffff", " a", "a ", "", "   ", "[" * 50 + "](x)",
]  # fmt: skip


def test_hostile_texts(tmp_path: Path) -> None:
    rows = [row(n, text) for n, text in enumerate(HOSTILE)]
    kept = write(rows, tmp_path / "out")
    assert [r.text for r in kept] == HOSTILE[:19]
    (told,) = read(tmp_path / "out/train/nlu.yml")
    assert told["examples"] == as_read(kept)


def test_each_refused_text_is_corrupted(tmp_path: Path) -> None:
    """No rule refuses what Rasa reads as it is; the empty text alone is of no use."""
    refused = [text for text in HOSTILE[19:] if text]
    files = []
    for number, text in enumerate(refused):
        files.append(tmp_path / f"{number}.yml")
        entry = f"- intent: a\n  examples: |\n    - {text}\n    - z\n"
        files[-1].write_text(f'# —\nversion: "3.1"\nnlu:\n{entry}', encoding="utf-8", newline="")
    for text, told in zip(refused, read(*files), strict=True):
        assert "error" in told or told["examples"] != [[text, "a", []], ["z", "a", []]], text


def test_ascii_files_would_be_decoded(tmp_path: Path) -> None:
    """Why the head of the file is not ASCII."""
    entry = '{}version: "3.1"\nnlu:\n- intent: a\n  examples: |\n    - \\u0041\n'
    for name, head in (("ascii", ""), ("dash", "# —\n")):
        (tmp_path / name).write_text(entry.format(head), encoding="utf-8")
    ascii_, dash = read(tmp_path / "ascii", tmp_path / "dash")
    assert (ascii_["examples"][0][0], dash["examples"][0][0]) == ("A", "\\u0041")


def test_values_and_names(tmp_path: Path) -> None:
    values = ['"', "}", "{", "](x)", "two\nlines", "\u2028\x85", "\x07", "\\", "🏴", "", " ", "is"]
    rows = [
        row(2 * n + m, f"it is {n} {m}", (3, 5, "it", value), intent=f"i {value.strip()} ä")
        for n, value in enumerate(values)
        for m in range(2)
    ]
    kept = write(rows, tmp_path / "out")
    assert len(kept) == len(rows)
    (told,) = read(tmp_path / "out/train/nlu.yml")
    found = sorted(told["examples"], key=str)
    assert found == sorted(as_read(kept), key=str)
    assert told["synonyms"] == {"is": ""} or told["synonyms"]["is"] in values


def test_splits(tmp_path: Path) -> None:
    rows = [row(n, f"text {n}", split=("train", "test")[n % 2]) for n in range(6)]
    export(to_table(rows), tmp_path / "out", About("x"))
    train, test = read(tmp_path / "out/train/nlu.yml", tmp_path / "out/test/nlu.yml")
    assert train["examples"] == as_read(rows[::2])
    assert test["examples"] == as_read(rows[1::2])


PIECES = st.text('ab[](){}:"\\ -é🏴,', min_size=1, max_size=6)


@st.composite
def utterances(draw: st.DrawFn) -> Utterance:
    pieces: list[str] = []
    slots = []
    for _ in range(draw(st.integers(0, 2))):
        pieces += [draw(PIECES), draw(PIECES)]
        start = len("".join(pieces[:-1]))
        value = pieces[-1] if draw(st.booleans()) else draw(PIECES)
        slots.append((start, start + len(pieces[-1]), draw(st.sampled_from("xy")), value))
    text = "".join([*pieces, draw(PIECES)])
    return row(0, text, *slots, intent=draw(st.sampled_from(["i", "k"])))


@settings(max_examples=3, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_rows(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """A few files of many rows, since each file is a process."""
    drawn = data.draw(st.lists(utterances(), min_size=200, max_size=400))
    rows = [
        Utterance(f"r/{n}", one.text, intent=one.intent, slots=one.slots)
        for n, one in enumerate(drawn)
    ]
    rows += [row(1_000 + n, f"filler {n} x y", (9, 10, "x", "x")) for n in range(2)]
    folder = tmp_path_factory.mktemp("rasa")
    kept = write(rows, folder / "out")
    (told,) = read(folder / "out/train/nlu.yml")
    assert told["examples"] == as_read(kept)

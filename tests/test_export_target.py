"""What exporters share."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from textsynth.corpus import Utterance, empty, to_table
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

"""Runs side by side: which figures, how they differ, and whether that may be chance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from report_material import evaluation, figure, manifest

from textsynth.errors import RunError, UsageError
from textsynth.pipeline.comparing import compare

MINUS = "\N{MINUS SIGN}"


def run(folder: Path, data: dict[str, Any] | None = None, **changes: Any) -> Path:
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(manifest(**changes)))
    if data is not None:
        (folder / "metrics.json").write_text(json.dumps(data))
    return folder


def row(table: dict[str, Any], label: str) -> list[str]:
    found: list[str] = next(cells for cells in table["rows"] if cells[0] == label)
    return found


def raw(table: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in table["figures"] if one["figure"] == name)
    return found


def test_manifests_are_compared(tmp_path: Path) -> None:
    table = compare([run(tmp_path / "a"), run(tmp_path / "b", rows=460, shortfall={})])
    assert table["header"] == ["figure", "a", "b", "change"]
    assert row(table, "rows") == ["rows", "500", "460", f"{MINUS}40"]
    assert row(table, "rows thrown away") == ["rows thrown away", "410", "410", "0"]
    assert row(table, "intents with fewer rows than asked for")[1:] == ["1", "0", f"{MINUS}1"]
    assert {len(cells) for cells in table["rows"]} == {len(table["header"])}


def test_figures_are_compared_with_their_intervals(tmp_path: Path) -> None:
    one = evaluation(diversity=[figure("distinct_2", 0.30, 0.28, 0.32)])
    for value, low, high, overlap, told in [
        (0.31, 0.29, 0.33, True, "+1.0 points, may be chance"),
        (0.40, 0.38, 0.42, False, "+10.0 points, more than chance"),
        (0.20, 0.18, 0.22, False, f"{MINUS}10.0 points, more than chance"),
    ]:
        other = evaluation(diversity=[figure("distinct_2", value, low, high)])
        folder = tmp_path / str(value)
        table = compare([run(folder / "a", one), run(folder / "b", other)])
        assert raw(table, "distinct_2")["differences"][0]["overlap"] is overlap
        assert row(table, "diversity: Different word pairs")[1] == "30.0 % (28.0 to 32.0 %)"
        assert row(table, "diversity: Different word pairs")[-1] == told


def test_without_intervals_nothing_is_said_of_chance(tmp_path: Path) -> None:
    table = compare(
        [
            run(tmp_path / name, evaluation(diversity=[figure("self_bleu", value)]))
            for name, value in (("a", 0.2), ("b", 0.3))
        ]
    )
    assert raw(table, "self_bleu")["differences"] == [
        {"value": pytest.approx(0.1), "overlap": None}
    ]
    assert row(table, "diversity: Overlap between rows")[-1] == "+0.100"


def test_what_one_run_does_not_have_is_left_open(tmp_path: Path) -> None:
    data = evaluation(odd=[figure("one", 0.5), figure("two", None), figure("one", 0.1, intent="a")])
    table = compare([run(tmp_path / "a"), run(tmp_path / "b", data), run(tmp_path / "c", data)])
    assert row(table, "odd: one") == ["odd: one", "—", "0.500", "—", "0.500", "—"]
    assert raw(table, "one")["values"][0] is None
    assert [one["figure"] for one in table["figures"] if one["metric"] == "odd"] == ["one", "two"]
    assert row(table, "odd: two")[1:] == ["—"] * 5


def test_every_run_is_compared_with_the_first(tmp_path: Path) -> None:
    table = compare([run(tmp_path / name, rows=rows) for name, rows in
                     (("a", 100), ("b", 150), ("c", 90))])  # fmt: skip
    assert row(table, "rows")[1:] == ["100", "150", "+50", "90", f"{MINUS}10"]
    json.dumps(table)


def test_folders_of_one_name_are_told_by_their_paths(tmp_path: Path) -> None:
    runs = [run(tmp_path / "x" / "home"), run(tmp_path / "y" / "home"), run(tmp_path / "b")]
    assert compare(runs)["runs"] == [str(runs[0]), str(runs[1]), "b"]


def test_one_run_is_not_enough(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to compare"):
        compare([run(tmp_path / "a")])


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no complete run"):
        compare([run(tmp_path / "a"), tmp_path])

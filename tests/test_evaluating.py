"""What runs the metrics: figures kept, gates, the card, the exit status."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_corpora import ROWS, jsonl
from test_pipeline import folder as folder
from test_pipeline import recipe, run, seeds_section

from textsynth import cli, pipeline, registry
from textsynth.errors import ExportError, RunError
from textsynth.evaluate import Figure, Findings, privacy
from textsynth.pipeline import evaluating
from textsynth.pipeline.tracking import _MLflow, _params
from textsynth.recipe import Recipe
from textsynth.run import write_json
from textsynth.sections import Gate


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A metric `counting` beside the real ones."""
    metrics = {**registry.BUILT_IN["metrics"], "counting": "fakes:counting_metric"}
    monkeypatch.setattr(registry, "BUILT_IN", {**registry.BUILT_IN, "metrics": metrics})
    registry.places.cache_clear()
    yield
    registry.places.cache_clear()


# -- figures ----------------------------------------------------------------------------------


def test_a_corpus_beside_real_rows(tmp_path: Path) -> None:
    target, real = jsonl(tmp_path / "made.jsonl"), jsonl(tmp_path / "real.jsonl", ROWS[:2])
    found = pipeline.evaluate(
        target, real=real, holdout=real, metrics=["counting"], output=tmp_path / "m.json", seed=5
    )
    assert found == json.loads((tmp_path / "m.json").read_text())
    assert found["sets"] == {"synthetic": 3, "real": 2, "holdout": 2, "seeds": 2}
    (metric,) = found["metrics"].values()
    rows, sliced, lost = metric["figures"]
    assert rows == {"name": "rows", "value": 3.0, "low": 1.0, "high": 99.0, "slice": {},
                    "reference": None}  # fmt: skip
    assert sliced["slice"] == {"intent": "alarm"} and sliced["reference"]["value"] == 2
    assert lost["value"] is None
    assert metric["notes"] == ["seed 5"]
    assert metric["tables"] == {"points": [{"x": 1.23457, "kind": "synthetic"}]}


def test_without_a_place_nothing_is_written(tmp_path: Path) -> None:
    target = jsonl(tmp_path / "made.jsonl")
    pipeline.evaluate(target, metrics=["counting"])
    assert [path.name for path in tmp_path.iterdir()] == ["made.jsonl"]


@pytest.mark.parametrize("others", [
    ROWS[:1],
    [ROWS[0], ROWS[1], {"text": "lamps on", "intent": "lights"}],
    [ROWS[0], ROWS[1], {"text": "lights on", "intent": "alarm"}],
])  # fmt: skip
def test_figures_of_other_metrics_on_the_same_rows_stay(
    tmp_path: Path, others: list[dict[str, Any]]
) -> None:
    target, place = jsonl(tmp_path / "made.jsonl"), tmp_path / "m.json"
    found = pipeline.evaluate(target, metrics=["counting"], output=place)
    write_json(place, {**found, "metrics": {"older": found["metrics"]["counting"]}})
    again = pipeline.evaluate(target, metrics=["counting"], output=place)
    assert set(again["metrics"]) == {"older", "counting"}
    jsonl(target, others)
    fresh = pipeline.evaluate(target, metrics=["counting"], output=place)
    assert set(fresh["metrics"]) == {"counting"}


@pytest.mark.parametrize(
    ("name", "fix"),
    [("metrics.json", "delete this file, then: textsynth evaluate RUN"),
     ("mine.json", "name another file with -o")],
)  # fmt: skip
def test_a_damaged_file_of_figures_costs_no_run(tmp_path: Path, name: str, fix: str) -> None:
    target, place = jsonl(tmp_path / "made.jsonl"), tmp_path / name
    place.write_text('{"metrics": {')
    with pytest.raises(RunError, match="cannot be read") as caught:
        pipeline.evaluate(target, metrics=["counting"], output=place)
    assert caught.value.fix == fix


@pytest.mark.parametrize(
    "option", [("--set", "gates=[]"), ("-n", "5"), ("--key-file", "key"), ("--per-intent", "0")]
)
def test_options_of_a_recipe_are_refused_where_rows_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, option: Any
) -> None:
    target = jsonl(tmp_path / "made.jsonl")
    monkeypatch.setattr("sys.argv", ["textsynth", "evaluate", str(target), *option])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    told = capsys.readouterr().err
    assert ended.value.code == 2 and f"and {target} has its rows already" in told
    assert option[0].replace("-n", "--per-intent") in told and "fix: leave it out" in told


# -- gates ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sign", "limit", "passed"),
    [
        ("<=", 3, True), ("<=", 2.9, False), (">=", 3, True), (">=", 3.1, False),
        ("<", 3, False), ("<", 3.1, True), (">", 3, False), (">", 2.9, True),
    ],
)  # fmt: skip
def test_a_gate_holds_its_figure(sign: Any, limit: float, passed: bool) -> None:
    metrics = {"m": {"figures": [{"name": "f", "slice": {"intent": "a"}, "value": 100},
                                 {"name": "f", "slice": {}, "value": 3}]}}  # fmt: skip
    gate = Gate(metric="m", figure="f", sign=sign, limit=limit)
    assert evaluating.held([gate], metrics) == [
        {"gate": f"m.f {sign} {limit:g}", "value": 3, "passed": passed}
    ]


@pytest.mark.parametrize("figures", [[], [{"name": "f", "slice": {}, "value": None}]])
def test_what_was_not_measured_reaches_no_gate(figures: list[dict[str, Any]]) -> None:
    gate = Gate(metric="m", figure="f", sign="<=", limit=1e9)
    (held,) = evaluating.held([gate], {"m": {"figures": figures}})
    assert held["value"] is None and held["passed"] is False


def gated(folder: Path, key_file: Path, *gates: str) -> pipeline.Run:
    return run(
        folder,
        key_file,
        templates={"path": "pack.yaml"},
        seeds=seeds_section(),
        evaluate=[{"counting": {"bonus": 0.5}}],
        gates=list(gates),
    )


def test_a_run_that_reaches_its_gates(folder: Path, key_file: Path) -> None:
    made = gated(folder, key_file, "counting.rows >= 20")
    found = json.loads((made.folder / "metrics.json").read_text())
    assert found["sets"]["synthetic"] == 20 and found["sets"]["holdout"] > 0
    assert found["metrics"]["counting"]["figures"][0]["value"] == 20.5
    assert made.manifest()["gates"] == [
        {"gate": "counting.rows >= 20", "value": 20.5, "passed": True}
    ]
    card = (made.folder / "dataset" / "README.md").read_text()
    assert "## Evaluation" in card and "20.5" in card
    assert "gated" not in card


def test_a_run_that_misses_one_is_marked(folder: Path, key_file: Path) -> None:
    made = gated(folder, key_file, "counting.rows >= 20", "counting.rows < 9", "counting.no > 1")
    card = (made.folder / "dataset" / "README.md").read_text()
    assert "- gated" in card.split("---")[1]
    assert "`counting.rows < 9` (it is 20.5)" in card
    assert "`counting.no > 1` (not measured)" in card
    assert "counting.rows >= 20` (" not in card


@pytest.mark.parametrize("gone", [False, True])
def test_a_gate_does_not_outlive_its_figure(
    folder: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch, gone: bool
) -> None:
    made = gated(folder, key_file, "counting.rows >= 20")

    def lost(sets: Any, context: Any, *, bonus: float = 0.0) -> Findings:
        return Findings([] if gone else [Figure("rows", float("nan"))])

    monkeypatch.setattr("fakes.counting_metric", lost)
    found = pipeline.evaluate(made.folder, metrics=["counting"])
    assert found["gates"] == [{"gate": "counting.rows >= 20", "value": None, "passed": False}]
    with pytest.raises(ExportError, match=r"counting\.rows >= 20 \(not measured\)"):
        pipeline.push(made.folder, "some/where")


def test_a_gate_on_a_metric_that_is_not_measured_again_is_held_as_before(
    folder: Path, key_file: Path
) -> None:
    made = gated(folder, key_file, "counting.rows >= 20")
    found = pipeline.evaluate(made.folder, metrics=["bias"])
    assert found["gates"] == [{"gate": "counting.rows >= 20", "value": 20.5, "passed": True}]


def test_what_only_the_run_can_measure_stays_with_its_gate(folder: Path, key_file: Path) -> None:
    made = run(
        folder,
        key_file,
        templates={"path": "pack.yaml"},
        seeds=seeds_section(),
        evaluate=["privacy"],
        gates=["privacy.attribute_leakage <= 1"],
    )
    before = json.loads((made.folder / "metrics.json").read_text())
    found = pipeline.evaluate(made.folder, metrics=["privacy"])
    assert found["gates"] == before["gates"] and found["gates"][0]["passed"]
    now, then = (
        {one["name"]: one for one in told["metrics"]["privacy"]["figures"] if not one["slice"]}
        for told in (found, before)
    )
    assert now["attribute_leakage"] == then["attribute_leakage"]
    assert privacy.NOT_LOOKED_FOR not in found["metrics"]["privacy"]["notes"]
    (made.folder / "metrics.json").unlink()
    alone = pipeline.evaluate(made.folder, metrics=["privacy"])
    assert privacy.NOT_LOOKED_FOR in alone["metrics"]["privacy"]["notes"]
    assert alone["gates"][0]["passed"] is False


def test_a_missed_gate_ends_with_status_4(
    folder: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    recipe(
        folder,
        templates={"path": "pack.yaml"},
        evaluate=["counting"],
        gates=["counting.rows > 1000"],
    )
    arguments = ["generate", folder / "recipe.yaml", "-o", folder / "run", "--key-file", key_file]

    def status(*given: object) -> object:
        monkeypatch.setattr("sys.argv", ["textsynth", *map(str, given)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code

    assert status(*arguments) == 4
    assert "gate missed: counting.rows > 1000: it is 20" in capsys.readouterr().out
    assert status(*arguments) == 4  # a complete run still misses it
    capsys.readouterr()
    assert status("evaluate", folder / "run", "--metric", "counting") == 4
    shown = capsys.readouterr().out
    assert "gate MISSED: counting.rows > 1000 (it is 20)" in shown


def test_figures_report_and_card_reach_mlflow(
    folder: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow")
    store = (folder / "mlruns").as_uri()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    run(
        folder,
        key_file,
        templates={"path": "pack.yaml"},
        evaluate=["counting"],
        tracking={"report_to": "mlflow"},
    )
    client = mlflow.MlflowClient(store)
    (found,) = client.search_runs([mlflow.get_experiment_by_name("textsynth").experiment_id])
    assert found.data.metrics["counting/rows"] == 20
    kept = {artifact.path for artifact in client.list_artifacts(found.info.run_id)}
    assert kept == {"metrics.json", "report.html", "README.md"}


def test_mlflow_is_told_no_place_and_takes_the_names_of_all_steps(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    server = {"url": "http://secret.example:1", "model": "/srv/secret/llama"}
    made = Recipe.model_validate({
        "name": "t",
        "seeds": {"path": folder / "seeds.jsonl"},
        "model": {"backend": "server", "server": server},
    })  # fmt: skip
    assert "secret" not in repr(_params(made))
    store = (folder / "mlruns").as_uri()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    mlflow.set_experiment("names")
    with mlflow.start_run() as begun:
        _MLflow(mlflow).figures(
            {"rows": 3, "seconds": 1.5, "steps": {"exact (dialogues)": {"in": 5, "out": 4}}}
        )
    kept = mlflow.MlflowClient(store).get_run(begun.info.run_id).data.metrics
    assert kept["exact_dialogues_/in"] == 5 and kept["exact_dialogues_/out"] == 4


def test_the_run_has_its_report(folder: Path, key_file: Path) -> None:
    made = run(folder, key_file, templates={"path": "pack.yaml"}, evaluate=["counting"])
    page = (made.folder / "report.html").read_text()
    assert "<title>" in page and "http://" not in page.replace("http://www.w3.org", "")

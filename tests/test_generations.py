"""The experiment of generations: what each policy learns from, and runs that go on."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fakes import embed

from textsynth import corpus, models, pipeline
from textsynth.corpus import Slot, Utterance
from textsynth.errors import RecipeError, UsageError
from textsynth.evaluate import Findings
from textsynth.pipeline.generations import POLICIES, generations, learnt
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.run import Run

VERBS = {"alarm": ["wake me", "ring", "get me up"], "music": ["play", "i want", "put on"]}
VALUES = {"alarm": ["noon", "six", "seven"], "music": ["help", "jazz", "hello"]}


def seeds() -> list[dict[str, Any]]:
    """Nine different patterns an intent, a value in each."""
    rows = []
    for intent, verbs in VERBS.items():
        for verb in verbs:
            for at, value in enumerate(VALUES[intent]):
                before = f"{verb} {('now', 'then', 'soon')[at]} "
                span = {"start": len(before), "end": len(before) + len(value), "label": intent}
                rows.append({"text": before + value, "intent": intent, "slots": [span]})
    return rows


def recipe(folder: Path, **sections: Any) -> Recipe:
    (folder / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in seeds()))
    plain = {
        "name": "t",
        "seed": 3,
        "seeds": {"path": "seeds.jsonl"},
        "scrub": False,
        "model": {"base": "auto", "epochs": 1},
        **sections,
    }
    (folder / "recipe.yaml").write_text(json.dumps({k: v for k, v in plain.items() if v}))
    return Recipe.load(folder / "recipe.yaml")


def table(name: str, generation: int, size: int = 9) -> pa.Table:
    return corpus.to_table(
        Utterance(
            f"{name}/{intent}/{at}", f"{name} {intent} {at}", intent, generation=generation,
            pattern=f"{name} {intent} {at}",
        )
        for intent in ("alarm", "music")
        for at in range(size)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "min_real", "expected"),
    [
        ("replace", 0.5, {2: 12}),
        ("anchored", 0.5, {0: 6, 2: 6}),
        ("anchored", 0.25, {0: 4, 2: 8}),  # half a row is rounded up, of each intent
        ("anchored", 1.0, {0: 12}),
        ("accumulate", 0.5, {0: 12, 1: 12, 2: 12}),
    ],
)
def test_what_a_policy_learns_from(policy: str, min_real: float, expected: dict[int, int]) -> None:
    real, made = table("real", 0, 6), [table("first", 1), table("second", 2)]
    rows = learnt(policy, real, made, min_real, seed=1)
    assert Counter(corpus.column(rows, "generation")) == expected
    by_intent = Counter(corpus.column(rows, "intent"))
    assert by_intent["alarm"] == by_intent["music"]
    assert len(set(corpus.column(rows, "text"))) == rows.num_rows
    assert rows == learnt(policy, real, made, min_real, seed=1)


def test_real_rows_are_drawn_afresh_each_time() -> None:
    real, made = table("real", 0, 20), [table("made", n, 20) for n in (1, 2, 3)]
    kept = [
        set(corpus.column(learnt("anchored", real, made[:n], 0.5, 1), "text")) for n in (1, 2, 3)
    ]
    assert kept[0] != kept[1] != kept[2]


class Runs:
    """Stands in for `pipeline.generate`: rows that tell what they learnt from."""

    def __init__(self, size: int = 9) -> None:
        self.size, self.asked = size, dict[str, Recipe]()

    def __call__(self, recipe: Recipe, output: Path, **given: Any) -> Run:
        name = "/".join(output.parts[-2:])
        self.asked[name] = recipe
        if name == "real/1":
            for part, size in (("seeds", 6), ("holdout", 3)):
                (output / "seeds").mkdir(parents=True, exist_ok=True)
                corpus.write(table(part, 0, size), output / "seeds" / f"{part}.parquet")
        corpus.write(table(name, int(name[-1]), self.size), output / "corpus.parquet")
        return Run(output)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    made = Runs()
    monkeypatch.setattr(pipeline, "generate", made)
    monkeypatch.setattr(models, "load_embedder", lambda: embed)
    monkeypatch.setattr(
        "textsynth.pipeline.generations._losses",
        lambda recipe, runs, own, holdout: (
            np.full(holdout.num_rows, 2),
            {run.folder: np.full(holdout.num_rows, float(at)) for at, run in enumerate(runs)},
        ),
    )
    return made


def test_each_generation_is_a_run_of_its_own(tmp_path: Path, key_file: Path, runs: Runs) -> None:
    loaded = recipe(
        tmp_path,
        seeds={"path": "seeds.jsonl", "min_real": 0.25},
        generate={"per_intent": 99, "per_pattern": 4},
        evaluate=["diversity"],
    )
    found = generations(loaded, 3, tmp_path / "out", key_file=key_file)
    names = {"real/1", *(f"{policy}/{number}" for policy in POLICIES for number in (2, 3))}
    assert set(runs.asked) == names
    first = runs.asked["real/1"]
    assert first.seeds is not None and first.seeds.holdout == 0.2
    # 14 of 18 rows are learnt from
    assert (first.generate.per_intent, first.generate.per_pattern) == (7, 1)
    for name in names - {"real/1"}:
        one = runs.asked[name]
        assert one.seeds is not None and one.seeds.allow_synthetic and not one.seeds.min_real
        assert one.scrub is False and not one.evaluate and one.shares() == {"model": 1}
        assert one.seed != first.seed
    lines = (tmp_path / "out" / "anchored" / "3.jsonl").read_text().splitlines()
    assert Counter(json.loads(line)["generation"] for line in lines) == {0: 4, 2: 8}
    assert all("anchored/2" in line for line in lines if '"generation": 2' in line)
    assert len((tmp_path / "out" / "accumulate" / "3.jsonl").read_text().splitlines()) == 36
    growth = [figure for figure in found.figures if figure.name == "perplexity_growth"]
    assert [figure.slice["policy"] for figure in growth] == list(POLICIES)
    assert {row["generation"] for row in found.tables["curves"]} == {1, 2, 3}
    assert "as many rows of each intent" in found.notes[0] and "12 in all" in found.notes[0]


def test_too_few_rows_are_said(tmp_path: Path, key_file: Path, runs: Runs) -> None:
    runs.size = 4
    found = generations(recipe(tmp_path), 2, tmp_path / "out", key_file=key_file)
    assert "The fewest that one learnt from are 8" in found.notes[0]


def test_a_policy_that_runs_dry_stops(
    tmp_path: Path, key_file: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Heard(Progress):
        told = ""

        def warn(self, text: str) -> None:
            self.told += text

    heard = Heard()

    def dry(recipe: Recipe, output: Path, **given: Any) -> Run:
        run = runs(recipe, output, **given)
        if output.parts[-2:] == ("replace", "2"):
            corpus.write(corpus.empty(), output / "corpus.parquet")
        return run

    monkeypatch.setattr(pipeline, "generate", dry)
    found = generations(
        recipe(tmp_path), 3, tmp_path / "out", policies=["replace", "anchored"],
        key_file=key_file, progress=heard,
    )  # fmt: skip
    assert "replace: generation 2 has no rows" in heard.told
    assert "replace/3" not in runs.asked and "anchored/3" in runs.asked
    assert isinstance(found, Findings)


@pytest.mark.parametrize(
    ("count", "policies", "error", "message"),
    [
        (1, POLICIES, UsageError, "show nothing"),
        (2, ["replaced"], UsageError, "no policy 'replaced'"),
    ],
)
def test_what_cannot_be_asked(
    tmp_path: Path, count: int, policies: list[str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        generations(recipe(tmp_path), count, tmp_path / "out", policies=policies)


def test_something_must_learn(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no model"):
        generations(recipe(tmp_path, model=None), 2, tmp_path / "out")


def test_a_small_experiment(
    tmp_path: Path, key_file: Path, tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "load_embedder", lambda: embed)
    loaded = recipe(
        tmp_path,
        model={"base": str(tiny_model_folder), "epochs": 1},
        generate={"budget": 40},
    )
    given = {"policies": ["anchored"], "key_file": key_file, "per_intent": 2}
    found = generations(loaded, 2, tmp_path / "out", **given)
    rows = corpus.read(tmp_path / "out" / "anchored" / "2" / "corpus.parquet")
    assert rows.num_rows and set(corpus.column(rows, "generation")) == {2}
    first = corpus.read(tmp_path / "out" / "real" / "1" / "corpus.parquet")
    assert set(corpus.column(first, "generation")) == {1}
    names = {figure.name for figure in found.figures}
    assert {"real_perplexity", "tail_words", "distinct_2", "perplexity_growth"} <= names
    assert all(1 < f.value < 3000 for f in found.figures if f.name == "real_perplexity")

    monkeypatch.setattr("textsynth.lm.finetune.finetune", pytest.fail)
    assert generations(loaded, 2, tmp_path / "out", **given) == found


def test_slots_survive_the_way_to_the_next_seeds(tmp_path: Path) -> None:
    from textsynth.pipeline.generations import _lines

    row = Utterance("1", "wake me at six", "alarm", (Slot(11, 14, "time", "06:00"),), generation=2)
    (line,) = _lines(corpus.to_table([row]))
    assert json.loads(line) == {
        "text": "wake me at six",
        "intent": "alarm",
        "slots": [{"start": 11, "end": 14, "label": "time", "value": "06:00"}],
        "generation": 2,
    }

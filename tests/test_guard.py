"""The guard of `generate`: what a model made is no seed, unless the recipe says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from textsynth import corpus, pipeline, seeds
from textsynth.errors import SeedError
from textsynth.pipeline import guard, inventing
from textsynth.progress import Progress
from textsynth.recipe import Recipe

REAL = [
    {"text": f"{verb} the {thing}", "intent": intent}
    for intent, verb in (("on", "light"), ("off", "darken"))
    for thing in ("hall", "attic", "porch", "cellar")
]


def made(count: int, **keys: Any) -> list[dict[str, Any]]:
    return [
        {"text": f"made row {at}", "intent": ("on", "off")[at % 2], **keys} for at in range(count)
    ]


def recipe(folder: Path, rows: list[Any], **sections: Any) -> Recipe:
    (folder / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    section = {"path": "seeds.jsonl", **sections.pop("seeds", {})}
    plain = {"name": "t", "seed": 3, "seeds": section, "scrub": False, **sections}
    plain.setdefault("generate", {"per_intent": 4})
    (folder / "recipe.yaml").write_text(json.dumps(plain))
    return Recipe.load(folder / "recipe.yaml")


def generate(folder: Path, rows: list[Any], **sections: Any) -> pipeline.Run:
    loaded = recipe(folder, rows, **sections)
    return pipeline.generate(loaded, folder / "run", key_file=folder / "key")


@pytest.mark.parametrize(
    "keys", [{"generation": 1}, {"origin": "model"}, {"origin": "template"}, {"origin": "name"}]
)
def test_synthetic_seeds_are_refused(tmp_path: Path, keys: dict[str, Any]) -> None:
    with pytest.raises(SeedError, match="2 of 10 seeds are synthetic") as caught:
        generate(tmp_path, [*REAL, *made(2, **keys)])
    assert "seeds.jsonl:9: " in str(caught.value)
    assert "allow_synthetic: true" in str(caught.value) and "min_real" in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "keys", [{}, {"generation": 0}, {"generation": None}, {"origin": "seed"}, {"origin": ["model"]}]
)
def test_real_seeds_are_taken(tmp_path: Path, keys: dict[str, Any]) -> None:
    run = generate(tmp_path, [{**row, **keys} for row in REAL])
    assert run.manifest()["seeds_by_generation"] == {"0": 8}


def test_a_real_share_must_remain(tmp_path: Path) -> None:
    allowed = {"allow_synthetic": True}
    run = generate(tmp_path, [*REAL, *made(8, generation=2)], seeds=allowed)
    assert run.manifest()["seeds_by_generation"] == {"0": 8, "2": 8}
    with pytest.raises(SeedError, match=r"8 of the 17 seeds .* are real \(47%\).* asks for 50%"):
        generate(tmp_path, [*REAL, *made(9, generation=2)], seeds=allowed)


def test_the_share_is_of_what_is_learnt_from(tmp_path: Path) -> None:
    """The holdout is real and takes from the real rows."""
    rows = [*REAL, *made(8, generation=1)]
    with pytest.raises(SeedError, match="6 of the 14 seeds"):
        generate(tmp_path, rows, seeds={"allow_synthetic": True, "holdout": 0.25})
    run = generate(
        tmp_path, rows, seeds={"allow_synthetic": True, "holdout": 0.25, "min_real": 0.4}
    )
    held = corpus.read(run.folder / "seeds" / "holdout.parquet")
    kept = corpus.read(run.folder / "seeds" / "seeds.parquet")
    assert set(corpus.column(held, "generation")) == {0} and held.num_rows == 2
    assert corpus.column(kept, "generation").count(1) == 8


def test_rows_to_test_on_are_not_learnt_from(tmp_path: Path) -> None:
    tested = [{**row, "text": f"{row['text']} now", "split": "test"} for row in REAL]
    run = generate(tmp_path, [*REAL, *tested], seeds={"holdout": 0.25})
    parts = [corpus.read(run.folder / f"seeds/{name}.parquet") for name in ("seeds", "holdout")]
    texts = [text for part in parts for text in corpus.column(part, "text")]
    assert sorted(texts) == sorted(row["text"] for row in REAL)
    assert run.manifest()["seeds_by_generation"] == {"0": 6}
    lines = (run.folder / "quarantine.jsonl").read_text().splitlines()
    assert {json.loads(line)["reason"] for line in lines} == {"split_for_testing"}


def test_synthetic_seeds_are_never_held_out() -> None:
    rows = [corpus.Utterance(f"{at}", f"{at}", "a", generation=at % 2) for at in range(20)]
    own, held = seeds.split_holdout(rows, 0.5, seed=1)
    assert len(held) == 5 and not any(row.generation for row in held)
    own, held = seeds.split_holdout(rows, 0.99, seed=1)
    assert len(held) == 9 and sum(not row.generation for row in own) == 1
    assert seeds.split_holdout(rows[1::2], 0.5, seed=1) == (rows[1::2], [])


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("1", "generation_not_integer"),
        (1.0, "generation_not_integer"),
        (True, "generation_not_integer"),
        (-1, "generation_out_of_range"),
        (127, "generation_out_of_range"),
        (10**30, "generation_out_of_range"),
    ],
)
def test_a_bad_generation_goes_to_quarantine(tmp_path: Path, told: Any, reason: str) -> None:
    run = generate(tmp_path, [*REAL, {**REAL[0], "text": "odd", "generation": told}])
    (line,) = (run.folder / "quarantine.jsonl").read_text().splitlines()
    assert (json.loads(line)["line"], json.loads(line)["reason"]) == (9, reason)


def test_a_row_that_is_also_real_is_real(tmp_path: Path) -> None:
    rows = [{**REAL[0], "generation": 3}, *REAL, {**REAL[1], "origin": "model"}]
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    file = seeds.read(tmp_path / "seeds.jsonl", secret=b"k" * 32, language="en")
    assert file.duplicates == 2 and not any(row.generation for row in file.utterances)
    assert seeds.read(tmp_path / "seeds.jsonl", secret=b"k" * 32, language="en") == file


def test_rows_of_origin_seed_keep_their_generation(tmp_path: Path) -> None:
    allowed = {"allow_synthetic": True, "min_real": 0.0}
    rows = [*REAL, *made(4, generation=5)]
    run = generate(tmp_path, rows, seeds=allowed, generate={"per_intent": 6})
    found = list(corpus.utterances(corpus.read(run.folder / "corpus.parquet")))
    assert {(row.text.startswith("made"), row.generation) for row in found} == {
        (True, 5),
        (False, 1),
    }


def test_what_a_model_writes_is_one_generation_on(
    tmp_path: Path, key_file: Path, tiny_model_folder: Path
) -> None:
    rows = [*REAL, *({**REAL[0], "text": f"row {g}", "generation": g} for g in (4, 1))]
    loaded = recipe(
        tmp_path,
        rows,
        seeds={"allow_synthetic": True},
        model={"base": str(tiny_model_folder), "epochs": 1},
        generate={"per_intent": 2, "budget": 30},
    )
    run = pipeline.generate(loaded, tmp_path / "run", key_file=key_file)
    shards = [corpus.read(path) for path in (run.folder / "candidates").glob("*.parquet")]
    counted = corpus.count_by(corpus.concat(shards), "origin", "generation")
    assert set(counted) == {("model", 5), ("name", 1)}


class Fed:
    """Completions that remember what they were fed."""

    def feed(self, lists: Any, number: int) -> None:
        self.lists = lists


@pytest.mark.parametrize(
    ("real", "synthetic", "min_real", "fed"),
    [(4, 0, 0.5, 4), (4, 0, 0.8, 1), (4, 2, 0.5, 2), (4, 4, 0.5, 0), (2, 4, 0.5, 0), (4, 4, 0, 9)],
)
def test_what_is_fed_back_leaves_the_real_share(
    tmp_path: Path, real: int, synthetic: int, min_real: float, fed: int
) -> None:
    loaded = recipe(tmp_path, REAL, seeds={"min_real": min_real})
    own = {"on": {f"pattern {at}": [f"id{at}"] for at in range(real + synthetic)}}
    ages = {f"id{at}": 2 for at in range(real, real + synthetic)}
    completions = Fed()
    source = inventing.ModelSource(
        loaded, own, completions, labels={}, lists={}, quota={}, progress=Progress(),
        generations=ages,
    )  # fmt: skip
    kept = corpus.to_table(
        corpus.Utterance(f"{at}", f"new {at}", "on", pattern=f"new {at}", origin="model")
        for at in range(9)
    )
    source.feed(kept, 0)
    assert len(completions.lists["on"]) == real + synthetic + fed
    assert source._realiser.generation == (4 if ages else 2)


def test_unlabelled_seeds_that_look_made_draw_a_warning_and_no_error(tmp_path: Path) -> None:
    from test_machine_made import filled, narrow, rows

    class Heard(Progress):
        def __init__(self) -> None:
            self.warned: list[str] = []

        def warn(self, text: str) -> None:
            self.warned.append(text)

    suspects, heard = rows(filled, 30), Heard()
    guard.warn(suspects, heard)
    assert len(heard.warned) == 1 and "look machine-made" in heard.warned[0]
    labelled = [corpus.Utterance("", r.text, r.intent, generation=1) for r in rows(narrow, 30)]
    guard.warn(labelled, heard)
    assert len(heard.warned) == 1

    plain = [
        {"text": row.text, "intent": row.intent, "slots": [
            {"start": s.start, "end": s.end, "label": s.label} for s in row.slots]}
        for row in suspects
    ]  # fmt: skip
    loaded = recipe(tmp_path, plain)
    pipeline.generate(loaded, tmp_path / "run", key_file=tmp_path / "key", progress=heard)
    assert sum("look machine-made" in told for told in heard.warned) == 2

"""The audit on a tiny model: what is planted, what is measured, and where it is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import PATTERNS
from test_pipeline_model import recipe, tiny

from textsynth import run as run_module
from textsynth.errors import RecipeError, RunError, UsageError
from textsynth.evaluate import exposure
from textsynth.lm import finetune, prompts
from textsynth.pipeline import audit as module
from textsynth.pipeline.audit import audit, loss_of, plant
from textsynth.run import Run

OWN = {intent: {pattern: ["seed/1"] for pattern in own} for intent, own in PATTERNS.items()}
TEXTS = {
    "alarm": ["wake me at noon", "alarm at six", "get me up at noon", "ring at seven"],
    "music": ["play help", "i want to hear hello", "put on yesterday", "start hello"],
}
SMALL = {"canaries": 1, "repetitions": (1,), "references": 5, "lines": 1}


def row(intent: str, text: str) -> dict[str, Any]:
    """A seed whose last word is a slot."""
    span = {"start": text.rindex(" ") + 1, "end": len(text), "label": f"{intent}_value"}
    return {"text": text, "intent": intent, "slots": [span]}


SEEDS = [row(intent, text) for intent, texts in TEXTS.items() for text in texts]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in SEEDS))
    return tmp_path


@pytest.fixture(scope="module")
def able_model_folder(tiny_model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with larger embeddings, since an adapter cannot make its flat guesses sharp:
    it can learn by heart."""
    import shutil

    from safetensors.torch import load_file, save_file

    folder = tmp_path_factory.mktemp("able") / "model"
    shutil.copytree(tiny_model_folder, folder)
    weights = load_file(folder / "model.safetensors")
    weights["model.embed_tokens.weight"] *= 40
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def planned(**options: Any) -> exposure.Plan:
    given = {"canaries": 2, "repetitions": (1, 16), "references": 10, "seed": 1, **options}
    return exposure.plan({intent: list(by) for intent, by in OWN.items()}, **given)


def lines(planted: Any, epoch: int = 0) -> list[str]:
    """What an epoch of the training shows, line by line."""
    lists = {intent: list(by) for intent, by in planted.items()}
    shown = [prompts.render(one, closed=True) for one in finetune.sequences(lists, epoch, 7)]
    return [line.removeprefix("- ") for text in shown for line in text.split("\n")]


def test_an_epoch_shows_each_canary_as_often_as_it_is_repeated() -> None:
    plan = planned()
    shown = lines(plant(OWN, plan))
    for canary in plan.canaries:
        line = plan.carriers[canary.carrier].line(canary.secret)
        assert shown.count(line) == canary.repeated
    assert sum(any(c.secret in line for c in plan.canaries) for line in shown) == 2 * (1 + 16)
    assert all(pattern in shown for own in OWN.values() for pattern in own)


def test_no_copy_is_among_what_training_sets_aside() -> None:
    many = {intent: {**by, **{f"say {n}": ["s"] for n in range(90)}} for intent, by in OWN.items()}
    plan = planned()

    def aside(planted: Any) -> set[tuple[str, str]]:
        held = finetune.hold_out({i: list(by) for i, by in planted.items()}, 5)[1]
        return {(intent, pattern) for intent, own in held.items() for pattern in own}

    secrets = [canary.secret for canary in plan.canaries if canary.repeated]

    def held(planted: Any) -> int:
        return sum(pattern.endswith(tuple(secrets)) for _, pattern in aside(planted))

    assert held(plant(many, plan)) > 0
    planted = plant(many, plan, aside)
    assert held(planted) == 0
    assert sum(map(len, planted.values())) == sum(map(len, many.values())) + 2 * (1 + 16)


def test_too_few_real_patterns_to_set_aside_end_the_spacing_all_the_same() -> None:
    planted = plant(OWN, planned(), lambda planted: {(i, p) for i, b in planted.items() for p in b})
    assert sum(map(len, planted.values())) == sum(map(len, OWN.values())) + 2 * (1 + 16)


def test_an_audit_of_a_model_that_learnt_by_heart(
    folder: Path, key_file: Path, able_model_folder: Path
) -> None:
    made = recipe(folder, model=tiny(able_model_folder, epochs=20, learning_rate=0.01))
    options = {"canaries": 1, "repetitions": (16,), "references": 100, "lines": 40}
    found = audit(made, folder / "audit", key_file=key_file, **options)
    overall = next(one for one in found.figures if one.name == "exposure" and not one.slice)
    assert overall.value > 4
    assert overall.reference is not None
    assert overall.reference.value < overall.value
    assert {one.name for one in found.figures} == set(exposure.ABOUT)
    # the same folder again: nothing is trained, and all is the same
    adapter = folder / "audit" / "model" / "adapter" / "adapter_model.safetensors"
    before = adapter.stat().st_mtime_ns
    assert audit(made, folder / "audit", key_file=key_file, **options) == found
    assert adapter.stat().st_mtime_ns == before


def test_an_audit_keeps_out_of_other_runs(
    folder: Path, key_file: Path, tiny_model_folder: Path
) -> None:
    from textsynth import pipeline

    made = recipe(folder, model=tiny(tiny_model_folder))
    run = pipeline.train(made, folder / "run", key_file=key_file)
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    with pytest.raises(RunError, match="another recipe"):
        audit(made, folder / "run", key_file=key_file)
    assert {p: p.read_bytes() for p in run.folder.rglob("*") if p.is_file()} == before
    audit(made, folder / "audit", key_file=key_file, **SMALL)
    with pytest.raises(RunError, match="another recipe"):
        pipeline.train(made, folder / "audit", key_file=key_file)


def test_a_private_recipe_is_audited(
    folder: Path, key_file: Path, tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("opacus")
    from textsynth.lm import private

    monkeypatch.setattr(private, "noise_multiplier", lambda *_: 8.0)
    seen: list[tuple[str, str]] = []
    learn = private.finetune

    def watched(model: Any, words: Any, rows: Any, **options: Any) -> Any:
        seen.extend(rows)
        return learn(model, words, rows, **options)

    monkeypatch.setattr(private, "finetune", watched)
    made = recipe(folder, model=tiny(tiny_model_folder, privacy={"epsilon": 8}))
    found = audit(made, folder / "audit", key_file=key_file, **SMALL | {"repetitions": (4,)})
    assert any("differential privacy" in note for note in found.notes)
    assert len(seen) == len(SEEDS) + 4
    assert len({" ".join(pattern.split()) for _, pattern in seen}) == len(SEEDS) + 1


def test_what_cannot_be_audited(folder: Path, key_file: Path, tiny_model_folder: Path) -> None:
    with pytest.raises(RecipeError, match="trains no model"):
        audit(recipe(folder), folder / "audit", key_file=key_file)
    made = recipe(folder, model=tiny(tiny_model_folder))
    for wrong in ({"canaries": 0}, {"repetitions": ()}, {"repetitions": (1, 0)}):
        with pytest.raises(UsageError, match="from 1 on"):
            audit(made, folder / "audit", key_file=key_file, **wrong)
    assert not (folder / "audit").exists()
    (folder / "seeds.jsonl").write_text(json.dumps(SEEDS[0]) + "\n")
    with pytest.raises(RecipeError, match="no intent has 3 seed patterns"):
        audit(made, folder / "audit", key_file=key_file)
    assert (folder / "audit").resolve() not in run_module._HELD


def test_the_loss_of_a_run_is_lower_for_what_it_learnt(
    folder: Path, key_file: Path, able_model_folder: Path
) -> None:
    from textsynth import pipeline

    made = recipe(folder, model=tiny(able_model_folder, epochs=20, learning_rate=0.01))
    run = pipeline.train(made, folder / "run", key_file=key_file)
    known = [f"{text.rpartition(' ')[0]} {{{i}_value}}" for i, own in TEXTS.items() for text in own]
    loss = loss_of(run, made, known)
    assert loss is not None
    other = [" ".join(text.split()[::-1]) for text in known]
    assert np.mean(loss(known)) < np.mean(loss(other))
    assert loss([]).shape == (0,)
    assert np.isfinite(loss(["", "\n", "\U0001f600" * 300])).tolist() == [False, True, True]
    assert loss_of(Run(folder / "none"), made, []) is None


def test_adapters_come_in_the_order_of_their_training(tmp_path: Path) -> None:
    for name in ("feedback-10", "adapter", "feedback-2", "last-good", ".adapter.tmp"):
        place = tmp_path / "model" / name
        place.mkdir(parents=True)
        (place / "adapter_model.safetensors").touch()
    found = [folder.name for folder in module._adapters(Run(tmp_path))]
    assert found == ["adapter", "feedback-2", "feedback-10"]

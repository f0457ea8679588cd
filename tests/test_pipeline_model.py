"""The language model within a run: a tiny model, a server on loopback, what is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fake_server
import pytest
import yaml
from fake_server import Asked, Reply
from typer.testing import CliRunner

from textsynth import corpus, models, pipeline
from textsynth import run as run_module
from textsynth.cli import app
from textsynth.errors import ModelError, RecipeError, RunError, TextsynthError
from textsynth.lm.decode import Completion, Sampling
from textsynth.pipeline import inventing, prepare
from textsynth.pipeline.audit import audit
from textsynth.pipeline.completions import STORE, Completions, Local, Writers
from textsynth.progress import Progress
from textsynth.recipe import Recipe

SEEDS = {
    "alarm": ["wake me at {time}", "alarm at {time}", "get me up at {time}", "ring at {time}"],
    "music": ["play {song}", "i want to hear {song}", "put on {song}", "some music please"],
}
VALUES = {"time": ["noon", "six", "half past two", "seven"], "song": ["help", "hello", "yesterday"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = []
    for intent, written in SEEDS.items():
        for at, pattern in enumerate(written):
            before, _, rest = pattern.partition("{")
            if not rest:
                rows.append({"text": pattern, "intent": intent})
                continue
            label, after = rest.split("}")
            value = VALUES[label][at % len(VALUES[label])]
            span = {"start": len(before), "end": len(before) + len(value), "label": label}
            rows.append({"text": before + value + after, "intent": intent, "slots": [span]})
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def recipe(folder: Path, **sections: Any) -> Recipe:
    plain = {
        "name": "t",
        "seed": 3,
        "seeds": {"path": "seeds.jsonl"},
        "scrub": False,
        "generate": {"per_intent": 6, "budget": 4},
        **sections,
    }
    path = folder / "recipe.yaml"
    path.write_text(json.dumps(plain))
    return Recipe.load(path)


def tiny(model: Path, **settings: Any) -> dict[str, Any]:
    return {"base": str(model), "epochs": 1, **settings}


def served(url: str, **settings: Any) -> dict[str, Any]:
    return {"backend": "server", "server": {"url": url, "model": "m", "retries": 0, **settings}}


def completions(run: pipeline.Run) -> dict[tuple[str, int], str]:
    lines = [json.loads(s) for s in (run.folder / STORE).read_text().splitlines()]
    found = {(line["key"], line["copy"]): line["text"] for line in lines}
    assert len(found) == len(lines)  # nothing is made twice
    return found


class Scripted(Completions):
    """Writes the same eight lines after each prompt, numbered, with these scores."""

    def __init__(self, scores: tuple[float, ...]) -> None:
        self.scores, self.calls = scores, 0

    def of(self, prompts: Any, said: Any = None) -> list[list[Completion]]:
        made = []
        for _ in prompts:
            self.calls += 1
            text = "\n- ".join(f"line {self.calls} {n}" for n in range(8))
            made.append([Completion(f" {text}\n", self.scores)])
        return made


class Heard(Progress):
    def __init__(self) -> None:
        self.warned: list[str] = []

    def warn(self, text: str) -> None:
        self.warned.append(text)


LIKELY = tuple(-float(n) for n in (3, 0, 5, 1, 7, 2, 6, 4))


@pytest.mark.parametrize(
    ("best_of", "scores", "budget", "taken"),
    [
        (4, LIKELY, 100, {1, 3}),
        (1, LIKELY, 100, set(range(8))),
        (3, (), 100, set(range(8))),  # a server's
        (8, LIKELY, 1, set(range(8))),  # better an unlikely row than none
    ],
)
def test_the_likeliest_patterns_become_rows(
    folder: Path, best_of: int, scores: tuple[float, ...], budget: int, taken: set[int]
) -> None:
    made = recipe(folder, generate={"best_of": best_of, "budget": budget})
    own = {"on": {"switch it on": ["seed"]}}
    completions, heard = Scripted(scores), Heard()
    source = inventing.ModelSource(
        made, own, completions, labels={}, lists={}, quota={"on": 4}, progress=heard
    )
    supplied = source.more({"on": 4})
    assert len(heard.warned) == (not scores)
    texts = corpus.column(supplied.rows, "text")
    lines = [int(text.split()[-1]) for text in texts]
    assert set(lines) == taken
    expected = [scores[line] if scores else None for line in lines]
    assert corpus.scores(supplied.rows, inventing.SCORE) == expected
    unlikely = {reject.text for reject in supplied.rejects if reject.reason == "unlikely"}
    assert len(unlikely) + len(texts) == 8 * completions.calls and not unlikely & set(texts)


@pytest.mark.parametrize(
    ("sections", "count"),
    [
        ({}, 3),
        ({"seeds": {"path": "seeds.jsonl", "min_real": 0.75}}, 1),
        ({"seeds": {"path": "seeds.jsonl", "min_real": 1.0}}, 0),
        ({"seeds": {"path": "seeds.jsonl", "min_real": 0.0}}, 3),
        ({"model": {"templates": False}}, None),
        ({"model": {"privacy": {"epsilon": 8}}}, None),
    ],
)
def test_the_model_learns_as_many_patterns_of_the_templates(
    folder: Path, sections: dict[str, Any], count: int | None
) -> None:
    """Those of its intents alone, and none that a seed is, however it is written."""
    made = recipe(folder, **{"model": {}, "templates": {"path": "templates"}, **sections})
    (folder / "templates").mkdir()
    sentences = [f"{verb} {{what}} {{when}}" for verb in ("get", "put", "turn", "make")]
    written = {
        "language": "en",
        "intents": {name: {"data": [{"sentences": sentences}]} for name in ("on", "other")},
        "lists": {
            "what": {"values": ["the lamp", "the fan"]},
            "when": {"values": ["now", "at once"]},
        },
    }
    (folder / "templates" / "all.yaml").write_text(yaml.safe_dump(written))
    grammar = prepare.grammar_of(made)
    own = {"on": {text: ["id"] for text in ("GET {what} {when}!", "light", "more light")}}
    found = prepare.template_patterns(made, grammar, own, {})
    if count is None:
        assert found == {}
    else:
        assert set(found) == {"on"} and len(found["on"]) == len(set(found["on"])) == count
        assert set(found["on"]) <= set(sentences[1:])


@pytest.mark.parametrize(
    ("synthetic", "real", "room"),
    [(0, 0.5, 4), (1, 0.5, 2), (2, 0.5, 0), (3, 0.5, 0), (2, 0.25, 4), (0, 1.0, 0), (1, 0.4, 3)],
)
def test_what_is_learnt_beside_leaves_the_share_of_real_rows(
    synthetic: int, real: float, room: int
) -> None:
    own = {f"pattern {at}": [f"id{at}"] for at in range(4)}
    generations = {f"id{at}": 1 for at in range(synthetic)}
    assert inventing.room_beside(own, generations, real) == room
    assert (4 - synthetic) / (4 + room + 1) < real
    assert not room or (4 - synthetic) / (4 + room) >= real


# -- a model of one's own ---------------------------------------------------------------------


def test_a_killed_run_goes_on_from_its_completions(
    folder: Path, key_file: Path, tiny_model_folder: Path
) -> None:
    made = recipe(folder, model=tiny(tiny_model_folder))
    whole = pipeline.generate(made, folder / "whole", key_file=key_file)
    manifest = whole.manifest()
    assert manifest["steps"]["model"]["rejects"]
    assert (whole.folder / "model" / "adapter" / "adapter_model.safetensors").is_file()
    curve = (whole.folder / "model" / "training.jsonl").read_text().splitlines()
    assert json.loads(curve[0])["loss"] > 0
    before = completions(whole)

    # killed in the midst of a line
    path = whole.folder / STORE
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(half)
    (whole.folder / "manifest.json").unlink()
    again = pipeline.generate(made, whole.folder, key_file=key_file)
    assert path.read_bytes().startswith(half[: half.rindex(b"\n") + 1])
    assert completions(again) == before
    assert again.manifest()["steps"] == manifest["steps"]


def test_training_by_itself_and_generating_from_it(
    folder: Path, key_file: Path, tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = recipe(folder, model=tiny(tiny_model_folder))
    options = ["-o", str(folder / "run"), "--key-file", str(key_file), "--json"]
    result = CliRunner().invoke(app, ["train", str(folder / "recipe.yaml"), *options])
    assert result.exit_code == 0, result.output
    adapter = Path(json.loads(result.output)["adapter"])
    weights = (adapter / "adapter_model.safetensors").read_bytes()
    assert not (folder / "run" / "manifest.json").exists()

    monkeypatch.setattr("textsynth.lm.finetune.finetune", pytest.fail)
    run = pipeline.generate(made, folder / "run", key_file=key_file)
    assert run.complete and (adapter / "adapter_model.safetensors").read_bytes() == weights
    # once more: nothing is left to train, whatever the end of the run should be now
    again = CliRunner().invoke(
        app, ["train", str(folder / "recipe.yaml"), *options, "--set", "card.license=cc0-1.0"]
    )
    assert again.exit_code == 0 and json.loads(again.output)["adapter"] == str(adapter)
    assert run.complete


def test_with_feedback_the_model_learns_from_what_survived(
    folder: Path, key_file: Path, tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fakes import embed

    monkeypatch.setattr(models, "load_embedder", lambda: embed)
    judge = {"rounds": 3, "drop": 0.5, "target": 0.5, "feedback": True}
    made = recipe(
        folder,
        seeds={"path": "seeds.jsonl", "min_real": 0.8},
        model=tiny(tiny_model_folder),
        generate={"per_intent": 12, "budget": 400, "per_pattern": 1, "names": False},
        filters=["exact", {"adversarial": judge}],
    )
    learnt: list[dict[str, list[str]]] = []
    monkeypatch.setattr("textsynth.filters.adversarial.MIN_SEEDS", 4)
    monkeypatch.setattr("textsynth.pipeline.rounds.fallen", lambda *given: None)
    monkeypatch.setattr("textsynth.pipeline.rounds.PROGRESS", -1.0)
    real = Local.feed

    def listen(self: Any, lists: Any, number: int) -> None:
        learnt.append(lists)
        real(self, lists, number)

    monkeypatch.setattr(Local, "feed", listen)
    run = pipeline.generate(made, folder / "run", key_file=key_file)
    assert learnt
    for lists in learnt:
        for intent, patterns in lists.items():
            own = [p for p in patterns if p in SEEDS[intent]]
            assert sorted(own) == sorted(SEEDS[intent])
            assert len(own) >= 0.8 * len(patterns)
    assert (run.folder / "model" / "feedback-1" / "adapter_model.safetensors").is_file()
    shards = sorted((run.folder / "candidates").glob("*.parquet"))
    generations = [set(corpus.column(corpus.read(shard), "generation")) for shard in shards]
    assert generations[0] == {1} and all(g == {2} for g in generations[1:])

    (run.folder / "manifest.json").unlink()
    monkeypatch.setattr("textsynth.lm.finetune.finetune", pytest.fail)
    again = pipeline.generate(made, run.folder, key_file=key_file)
    assert again.manifest()["adversarial_rounds"] == run.manifest()["adversarial_rounds"]


def another(model: Path, folder: Path) -> Path:
    """The same tiny model with weights of its own."""
    import shutil

    from safetensors.torch import load_file, save_file

    shutil.copytree(model, folder)
    weights = folder / "model.safetensors"
    moved = {name: value.flip(0).contiguous() for name, value in load_file(weights).items()}
    save_file(moved, weights, metadata={"format": "pt"})
    return folder


def test_several_models_share_the_prompts_out(
    folder: Path, key_file: Path, tiny_model_folder: Path
) -> None:
    other = another(tiny_model_folder, folder / "other")
    generate = {"per_intent": 400, "budget": 1, "names": False}  # the budget ends the run
    runs = [
        pipeline.generate(
            recipe(folder, model=tiny(base, others=others), generate=generate),
            folder / f"run-{number}",
            key_file=key_file,
        )
        for number, (base, others) in enumerate(
            [(tiny_model_folder, []), (other, []), (tiny_model_folder, [str(other)])]
        )
    ]
    first, second, both = map(completions, runs)
    shared = both.keys() & first.keys() & second.keys()
    assert {int(key) % 2 for key, _ in shared} == {0, 1}
    # by their beginnings: how long a batch is decides how sums are rounded
    begun = [{at: made[at][:8] for at in shared} for made in (first, second, both)]
    for wrote, other_wrote, rest in ((begun[0], begun[1], 0), (begun[1], begun[0], 1)):
        own = [at for at in shared if int(at[0]) % 2 == rest]
        assert sum(begun[2][at] == wrote[at] for at in own) > 0.8 * len(own)
        assert sum(begun[2][at] == other_wrote[at] for at in own) < 0.2 * len(own)
    adapters = [sorted(path.name for path in run.folder.glob("model/adapter*")) for run in runs]
    assert adapters == [["adapter"], ["adapter"], ["adapter", "adapter-writer-2"]]
    assert (runs[2].folder / "model" / "training-writer-2.jsonl").is_file()
    named = [name for role, name, _ in runs[2].manifest()["about"]["models"] if "language" in role]
    assert named == ["tiny", "other"]


def test_all_models_are_trained_beforehand_and_fed(
    folder: Path, key_file: Path, tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = another(tiny_model_folder, folder / "other")
    made = recipe(folder, model=tiny(tiny_model_folder, others=[str(other)]))
    options = ["-o", str(folder / "run"), "--key-file", str(key_file)]
    result = CliRunner().invoke(app, ["train", str(folder / "recipe.yaml"), *options, "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    adapters = [Path(told["adapter"]), *map(Path, told["others"])]
    assert [path.name for path in adapters] == ["adapter", "adapter-writer-2"]
    assert all((path / "adapter_model.safetensors").is_file() for path in adapters)
    again = CliRunner().invoke(app, ["train", str(folder / "recipe.yaml"), *options])
    assert str(adapters[1]) in again.output

    monkeypatch.setattr("textsynth.lm.finetune.finetune", pytest.fail)
    assert pipeline.generate(made, folder / "run", key_file=key_file).complete
    fed: list[tuple[str, int]] = []
    writers = [
        Local(pytest.fail, lambda *_: pytest.fail(), Sampling()),
        Local(pytest.fail, lambda *_: pytest.fail(), Sampling()),
    ]
    monkeypatch.setattr(Local, "feed", lambda self, lists, number: fed.append((lists, number)))
    Writers(writers).feed({"alarm": ["now"]}, 4)
    assert fed == [({"alarm": ["now"]}, 4)] * 2


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"others": ["auto"]}, "auto is named twice"),
        ({"base": "org/a", "others": ["org/b", "org/b"]}, "org/b is named twice"),
        ({"others": ["org/b"], "privacy": {"epsilon": 8}}, "trained with privacy writes alone"),
        (served("http://localhost:1/v1") | {"others": ["org/b"]}, "of a server writes alone"),
        ({"others": ["./nowhere"]}, "nowhere"),
    ],
)
def test_models_that_cannot_write_beside_others(
    folder: Path, key_file: Path, settings: dict[str, Any], told: str
) -> None:
    with pytest.raises(TextsynthError, match=told) as caught:
        pipeline.generate(recipe(folder, model=settings), folder / "run", key_file=key_file)
    assert caught.value.fix


def test_an_audit_measures_one_model(folder: Path) -> None:
    made = recipe(folder, model={"others": ["org/b"]})
    with pytest.raises(RecipeError, match="measures one model"):
        audit(made, folder / "audit")


def test_feedback_needs_a_model_of_ones_own(folder: Path) -> None:
    with pytest.raises(RecipeError, match="learns from its own rows"):
        recipe(folder, filters=[{"adversarial": {"feedback": True}}])
    with pytest.raises(RecipeError, match="learns from its own rows"):
        recipe(
            folder,
            model=served("http://localhost:1/v1"),
            filters=[{"adversarial": {"feedback": True}}],
        )


def test_a_broken_training_keeps_the_last_good_adapter(
    folder: Path, key_file: Path, tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from textsynth.lm import finetune

    real, calls = finetune.batch_loss, iter(range(99))

    def broken(model: Any, rows: Any, *, fast: bool = True) -> Any:
        return real(model, rows, fast=fast) * (float("nan") if next(calls) == 1 else 1)

    monkeypatch.setattr(finetune, "batch_loss", broken)
    made = recipe(folder, model=tiny(tiny_model_folder, epochs=3))
    with pytest.raises(ModelError, match="not a number at step 2") as caught:
        pipeline.train(made, folder / "run", key_file=key_file)
    kept = folder / "run" / "model" / "last-good"
    assert "learning_rate" in str(caught.value) and str(kept) in str(caught.value)
    assert (kept / "adapter_model.safetensors").is_file()
    assert not (folder / "run" / "model" / "adapter").exists()


def test_an_adapter_that_does_not_fit_on_the_disk(
    folder: Path, key_file: Path, tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(tuned: Any, path: Path) -> None:
        path.mkdir(parents=True)
        (path / "half").write_text("x")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("textsynth.lm.adapter.save", full)
    made = recipe(folder, model=tiny(tiny_model_folder))
    with pytest.raises(ModelError, match="No space left on device") as caught:
        pipeline.train(made, folder / "run", key_file=key_file)
    assert caught.value.fix
    assert not list((folder / "run" / "model").glob("*adapter*"))


def test_a_recipe_that_trains_nothing(folder: Path, key_file: Path) -> None:
    with pytest.raises(RecipeError, match="trains no model"):
        pipeline.train(recipe(folder), folder / "run", key_file=key_file)
    (folder / "seeds.jsonl").write_text('{"text": "alarm", "intent": "alarm"}\n')
    with pytest.raises(RecipeError, match="no intent has 3 seed patterns"):
        pipeline.train(recipe(folder, model={}), folder / "run", key_file=key_file)
    assert (folder / "run").resolve() not in run_module._HELD


def test_training_a_complete_run_that_learnt_nothing_is_one_message(
    folder: Path, key_file: Path, tiny_model_folder: Path
) -> None:
    (folder / "seeds.jsonl").write_text('{"text": "alarm", "intent": "alarm"}\n')
    (folder / "pack.yaml").write_text(
        "intents: {alarm: {data: [{sentences: ['(ring|wake me) at (six|seven|noon)']}]}}\n"
    )
    sections = {"model": tiny(tiny_model_folder), "templates": {"path": "pack.yaml"}}
    pipeline.generate(recipe(folder, **sections), folder / "run", key_file=key_file)
    options = ["-o", str(folder / "run"), "--key-file", str(key_file)]
    result = CliRunner().invoke(app, ["train", str(folder / "recipe.yaml"), *options])
    assert isinstance(result.exception, RunError)
    assert "nothing was trained" in result.exception.message


def test_intents_with_fewer_than_three_seeds_take_templates(
    folder: Path, key_file: Path, tiny_model_folder: Path
) -> None:
    more = [{"text": "lamp on", "intent": "lights"}, {"text": "a joke", "intent": "joke"}]
    with (folder / "seeds.jsonl").open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in more)
    (folder / "pack.yaml").write_text(
        "language: en\nintents:\n  lights:\n    data:\n"
        '      - sentences: ["(turn|switch) [the] (lamp|light|lights) (on|off) [now|please]"]\n'
    )
    said: list[str] = []

    class Listening(pipeline.Progress):
        def warn(self, text: str) -> None:
            said.append(text)

    made = recipe(
        folder,
        model=tiny(tiny_model_folder),
        templates={"path": "pack.yaml"},
        generate={"per_intent": 6, "budget": 2, "share": {"template": 0.5, "model": 0.5}},
    )
    run = pipeline.generate(made, folder / "run", key_file=key_file, progress=Listening())
    rows = list(corpus.utterances(corpus.read(run.folder / "corpus.parquet")))
    assert [row.origin for row in rows if row.intent == "lights"] == ["template"] * 6
    assert "lights: fewer than 3 seed patterns; all rows from templates" in said
    assert "joke: fewer than 3 seed patterns, and no templates" in said
    assert run.manifest()["shortfall"]["joke"]["got"] == 0


# -- a server ---------------------------------------------------------------------------------


def invents(asked: Asked) -> Reply:
    """New patterns of the intent asked for, and values for a slot's list."""
    number = "".join(chr(97 + int(digit)) for digit in str(asked.body["seed"] % 10_000))
    head = asked.prompt.split("\n")[0]
    if head == "Song:":
        return fake_server.text(f" a{number}\n- {{no}}\n- b{number}\n- help\n- 12\n- on\n")
    slot = "{time}" if head.startswith("Alarm") else "{song}"
    return fake_server.text(f" now {number} {slot}\n- again {number} {slot}\n- a {{person}}\n")


def test_patterns_and_values_from_a_server(folder: Path, key_file: Path) -> None:
    with fake_server.serve(invents) as fake:
        sections = {"model": served(fake.url), "lists": {"song": {"invent": 7}}}
        run = pipeline.generate(recipe(folder, **sections), folder / "run", key_file=key_file)
    manifest = run.manifest()
    assert not manifest["shortfall"] and manifest["invented_values"] == {"song": 7}
    assert manifest["steps"]["model"]["rejects"]["unknown_slot"] > 3
    rejects = manifest["steps"]["invent values"]["rejects"]
    assert rejects["value_repeat"] > 0 and rejects["value_characters"] > 0
    reviewed = yaml.safe_load((run.folder / "patterns" / "patterns.yaml").read_text())
    assert len(set(reviewed["invented_values"]["song"])) == 7
    assert "on" in reviewed["invented_values"]["song"]  # all say it, and it is no truth value
    assert all(value[0] in "abo" for value in reviewed["invented_values"]["song"])
    rows = list(corpus.utterances(corpus.read(run.folder / "corpus.parquet")))
    assert {slot.value for row in rows for slot in row.slots if slot.label == "song"} - {
        "help", "hello", "yesterday"
    }  # fmt: skip
    card = (run.folder / "dataset" / "README.md").read_text()
    assert "language model, on a server" in card and fake.url not in card


def test_a_star_asks_for_values_of_every_slot(folder: Path, key_file: Path) -> None:
    with fake_server.serve(invents) as fake:
        sections = {"model": served(fake.url), "lists": {"*": {"invent": 4}}}
        run = pipeline.generate(recipe(folder, **sections), folder / "run", key_file=key_file)
    # the fake lists songs; for a time it writes patterns, which are no values
    assert run.manifest()["invented_values"] == {"song": 4, "time": 0}
    again = Recipe.load(run.folder / "recipe.yaml", ["model.server.url=x"])
    assert again.lists["*"].invent == 4


def test_nothing_accepted_is_lost_when_a_server_dies(folder: Path, key_file: Path) -> None:
    def dies(asked: Asked) -> Reply:
        return invents(asked) if asked.number < 3 else fake_server.answer({}, 400)

    with fake_server.serve(dies) as fake:
        made = recipe(folder, model=served(fake.url, concurrency=1))
        with pytest.raises(ModelError, match="400"):
            pipeline.generate(made, folder / "run", key_file=key_file)
    first = (folder / "run" / STORE).read_text()
    assert first.count("\n") == 3
    with fake_server.serve(invents) as fake:
        made = recipe(folder, model={**served(fake.url, concurrency=1)})
        # an operational knob, and the address of the same model, may change between tries
        run = pipeline.generate(made, folder / "run", key_file=key_file)
        asked = len(fake.asked)
    assert (run.folder / STORE).read_text().startswith(first)
    assert asked == len(completions(run)) - 3


def test_an_intents_name_is_one_of_its_rows(folder: Path, key_file: Path) -> None:
    with fake_server.serve(invents) as fake:
        made = recipe(folder, model=served(fake.url))
        run = pipeline.generate(made, folder / "run", key_file=key_file)
        plain = {"per_intent": 6, "budget": 4, "names": False}
        made = recipe(folder, model=served(fake.url), generate=plain)
        without = pipeline.generate(made, folder / "without", key_file=key_file)

    def origins(run: pipeline.Run) -> list[tuple[str, str, str]]:
        rows = corpus.utterances(corpus.read(run.folder / "corpus.parquet"))
        return sorted((row.intent, row.origin, row.text) for row in rows)

    named = [row for row in origins(run) if row[1] == "name"]
    assert named == [("alarm", "name", "alarm"), ("music", "name", "music")]
    assert len(origins(run)) == len(origins(without)) == 12
    assert {origin for _, origin, _ in origins(without)} == {"model"}


def test_a_name_that_does_not_pass_leaves_its_row_to_the_model(
    folder: Path, key_file: Path
) -> None:
    with (folder / "seeds.jsonl").open("a") as file:
        file.write('{"text": "music", "intent": "music"}\n')  # the name is a copy of a seed
    with fake_server.serve(invents) as fake:
        made = recipe(folder, model=served(fake.url))
        run = pipeline.generate(made, folder / "run", key_file=key_file)
    rows = list(corpus.utterances(corpus.read(run.folder / "corpus.parquet")))
    assert [row.origin for row in rows if row.intent == "music"] == ["model"] * 6
    assert not run.manifest()["shortfall"] and not run.manifest()["shortfall_by_origin"]


# -- recipes that do not fit ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"model": {"backend": "server"}}, "the backend is a server, and none is named"),
        ({"model": {"server": {"url": "u", "model": "m"}}}, "a server is named, but"),
        ({"model": {**served("http://x/v1"), "privacy": {"epsilon": 8}}}, "not fine-tuned here"),
        ({"lists": {"song": {"invent": 5}}}, "values are invented by the model"),
        (
            {"model": {"privacy": {"epsilon": 8}}, "lists": {"song": {"invent": 5}}},
            "a private run shows the model no values of seeds",
        ),
        ({"model": {"privacy": {"epsilon": 0}}}, "model.privacy.epsilon"),
        ({"model": {"privacy": {"delta": 2, "epsilon": 1}}}, "model.privacy.delta"),
        ({"tracking": {"report_to": "wandb"}}, "tracking.report_to"),
        ({"model": {}, "lists": {"song": {"invented": 5}}}, "'invented' is unknown"),
    ],
)
def test_sections_that_do_not_go_together(
    folder: Path, sections: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        recipe(folder, **sections)
    assert "recipe.yaml:1:" in (caught.value.where or "") and caught.value.fix


def test_a_list_that_no_slot_has(folder: Path, key_file: Path, tiny_model_folder: Path) -> None:
    made = recipe(folder, model=tiny(tiny_model_folder), lists={"sonk": {"invent": 5}})
    with pytest.raises(RecipeError, match=r"lists\.sonk: no slot") as caught:
        pipeline.generate(made, folder / "run", key_file=key_file)
    assert "did you mean 'song'" in (caught.value.fix or "")


# -- tracking ---------------------------------------------------------------------------------


def test_figures_reach_mlflow(
    folder: Path, key_file: Path, tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow")
    store = (folder / "mlruns").as_uri()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    made = recipe(folder, model=tiny(tiny_model_folder), tracking={"report_to": "mlflow"})
    run = pipeline.generate(made, folder / "run", key_file=key_file)
    (found,) = mlflow.MlflowClient(store).search_runs(
        [mlflow.get_experiment_by_name("textsynth").experiment_id]
    )
    assert found.info.status == "FINISHED"
    assert found.data.metrics["rows"] == run.manifest()["rows"]
    assert found.data.metrics["train/loss"] > 0
    assert found.data.params["model.epochs"] == "1" and "model.base" not in found.data.params


def test_mlflow_that_is_not_there(
    folder: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = models.installed
    monkeypatch.setattr("textsynth.models.installed", lambda name: name != "mlflow" and real(name))
    made = recipe(folder, tracking={"report_to": "mlflow"})
    with pytest.raises(RunError, match="not installed") as caught:
        pipeline.generate(made, folder / "run", key_file=key_file)
    assert "textsynth-corpus[tracking]" in (caught.value.fix or "")


def test_the_model_is_prompted_away_from_what_went(folder: Path, tiny_model_folder: Path) -> None:
    from textsynth.corpus import Utterance, to_table
    from textsynth.progress import Progress

    def rows(patterns: list[str]) -> Any:
        return to_table(
            Utterance(f"{n}", text, "music", pattern=text, origin="model")
            for n, text in enumerate(patterns)
        )

    made = recipe(folder, model=tiny(tiny_model_folder))
    own = {intent: {p: ["s"] for p in patterns} for intent, patterns in SEEDS.items()}
    source = inventing.ModelSource(
        made, own, None, labels={}, lists={}, quota={"alarm": 9, "music": 9},
        progress=Progress(),
    )  # fmt: skip
    source.steer(
        rows([f"play number {n}" for n in range(30)]),
        rows([f"is there a song called {n}?" for n in range(8)] + ["play number 99"]),
    )
    asked = source._wave({"music": 40, "alarm": 40}, {"music": 0, "alarm": 0})
    forms = {intent: set() for intent in own}
    for prompt in asked:
        forms[prompt.intent].add(prompt.lists[-1].style.form)
    assert "question" not in forms["music"] and "command" in forms["music"]
    assert "question" in forms["alarm"]

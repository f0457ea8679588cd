"""Dialogues of a run: the recipe, exactly as many as were asked for, filters, files, the command
line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fake_server
import pyarrow.compute as pc
import pytest
import yaml
from fake_server import Asked, Reply
from flows import FLOW, PACK
from typer.testing import CliRunner

from textsynth import corpus, models, pipeline
from textsynth.cli import app
from textsynth.corpus import Utterance
from textsynth.errors import GrammarError, RecipeError, TextsynthError
from textsynth.lm.decode import Completion
from textsynth.pipeline import corpora, dialogues, dialoguewords
from textsynth.progress import Progress
from textsynth.recipe import Recipe

# The flow with what it takes from the templates.
ALONE = FLOW.replace("{user: book_table,", '{user: book_table, says: ["a table please"],').replace(
    "\nlists:", "\nlists:\n  city: {values: [Leeds, York]}", 1
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pack.yaml").write_text(PACK)
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "table.yaml").write_text(FLOW)
    return tmp_path


def recipe(folder: Path, **sections: Any) -> Recipe:
    plain = {
        "name": "t",
        "seed": 3,
        "templates": {"path": "pack.yaml"},
        "generate": {"per_intent": 4, "per_pattern": 10},
        "dialogues": {"path": "flows", "per_flow": 20},
        "filters": ["exact", "near", "quality"],
        **sections,
    }
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({k: v for k, v in plain.items() if v is not None}))
    return Recipe.load(path)


def made(folder: Path, **sections: Any) -> pipeline.Run:
    return pipeline.generate(recipe(folder, **sections), folder / "run", key_file=folder / "key")


def rows(run: pipeline.Run) -> list[Utterance]:
    return list(corpus.utterances(corpus.read(run.folder / "corpus.parquet")))


def command(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(a) for a in arguments])
    if isinstance(done.exception, TextsynthError):  # which `main` prints
        return 1, done.output + str(done.exception)
    return done.exit_code, done.output


def test_a_run_has_utterances_and_dialogues(folder: Path) -> None:
    run = made(folder)
    table = corpus.read(run.folder / "corpus.parquet")
    turns = corpus.turns(table)
    assert corpus.singles(table).num_rows == 4
    assert pc.count_distinct(turns.column("dialogue_id")).as_py() == 20
    manifest = run.manifest()
    flow = manifest["dialogues"]["table"]
    assert flow["dialogues"] == 20
    assert flow["turns"] == turns.num_rows
    assert sum(flow["outcomes"].values()) == 20
    assert manifest["shortfall_by_flow"] == []
    assert manifest["rows"] == table.num_rows


def test_a_recipe_may_have_dialogues_alone(folder: Path) -> None:
    (folder / "flows" / "table.yaml").write_text(ALONE)
    run = made(folder, templates=None)
    assert {row.speaker for row in rows(run)} == {"user", "system"}
    assert run.dataset()["train"].column_names[0] == "dialogue_id"


def test_a_dialogue_has_one_split(folder: Path) -> None:
    splits: dict[str, set[str | None]] = {}
    for row in rows(made(folder)):
        if row.dialogue_id:
            splits.setdefault(row.dialogue_id, set()).add(row.split)
    assert all(len(own) == 1 for own in splits.values())
    assert {split for own in splits.values() for split in own} == {"train", "validation", "test"}


def test_the_same_recipe_gives_the_same_dialogues(folder: Path, tmp_path_factory: Any) -> None:
    first = rows(made(folder))
    again = pipeline.generate(recipe(folder), folder / "again", key_file=folder / "key")
    assert rows(again) == first


def test_processes_change_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = rows(made(folder))
    monkeypatch.setattr(dialogues, "ALONE", 0)
    monkeypatch.setattr(dialogues, "SHARD", 7)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    again = pipeline.generate(recipe(folder), folder / "again", key_file=folder / "key")
    assert rows(again) == first


def test_the_flows_are_part_of_the_fingerprint(folder: Path) -> None:
    before = recipe(folder).fingerprint()
    (folder / "flows" / "table.yaml").write_text(FLOW.replace("Enjoy your meal.", "Enjoy it."))
    assert recipe(folder).fingerprint() != before


def test_dialogues_that_fall_for_their_words_are_said_otherwise(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = FLOW.replace('"in {city}"', '"in {city}", "in {city} (((("').replace(
        "((((", "\\\\(\\\\(\\\\("
    )
    (folder / "flows" / "table.yaml").write_text(text)
    run = made(folder)
    bad = [row for row in rows(run) if "(((" in row.text]
    assert bad == []
    assert run.manifest()["dialogues"]["table"]["dialogues"] == 20


def test_a_flow_that_gives_too_few_is_told(folder: Path) -> None:
    (folder / "flows" / "table.yaml").write_text(
        'flow: table\nstates:\n  start: {listen: ["hello"], next: bye}\n'
        '  bye: {say: ["Bye."], end: success}\n'
    )
    run = made(folder)
    assert run.manifest()["shortfall_by_flow"] == [{"flow": "table", "got": 1, "asked": 20}]
    status, said = command("generate", folder / "recipe.yaml", "-o", folder / "run", "-q")
    assert status == 3
    assert "short: flow table: 1 of 20 dialogues" in said


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"per_flow": 0}, "per_flow"),
        ({"max_turns": 1}, "max_turns"),
        ({"spare": 0.5}, "spare"),
        ({"many": 3}, "many"),
    ],
)
def test_settings_are_checked(folder: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message) as raised:
        recipe(folder, dialogues={"path": "flows", **settings})
    assert "recipe.yaml" in (raised.value.where or "")


def test_zero_dialogues_are_refused_on_the_command_line(folder: Path) -> None:
    recipe(folder)
    status, said = command("generate", folder / "recipe.yaml", "--dialogues", "0")
    assert status == 1
    assert "dialogues.per_flow" in said


def test_a_flow_with_an_error_is_not_simulated(folder: Path) -> None:
    text = FLOW.replace("next: bye}", "next: bye}").replace("end: success", "end: failure")
    (folder / "flows" / "table.yaml").write_text(text)
    with pytest.raises(GrammarError, match="no path of the flow 'table' reaches the goal"):
        made(folder)
    assert not (folder / "run").exists()  # before any utterance is made


def test_dialogues_cut_at_max_turns_are_counted(folder: Path) -> None:
    run = made(folder, dialogues={"path": "flows", "per_flow": 20, "max_turns": 6})
    flow = run.manifest()["dialogues"]["table"]
    assert flow["cut"] > 0
    assert flow["outcomes"]["abandoned"] >= flow["cut"]
    assert all((row.turn or 0) < 6 for row in rows(run))


def real_dialogues(folder: Path, count: int = 24) -> Path:
    """Real dialogues as a file, with a name that the scrub takes out."""
    towns = ["Leeds", "York", "Newcastle"]
    lines = [
        {
            "turns": [
                {"speaker": "user", "text": f"hello, a table in {towns[n % 3]} for {n} people"},
                {"speaker": "system", "text": "Certainly. What name shall I put down?"},
                {"speaker": "user", "text": f"Ottilie Quartermain, {n} Kirkgate"},
                {"speaker": "system", "text": f"Booked for {n} people."},
            ]
        }
        for n in range(count)
    ]
    path = folder / "real.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.models
def test_real_dialogues_are_scrubbed_and_compared_with(folder: Path) -> None:
    real_dialogues(folder)
    run = made(
        folder,
        dialogues={"path": "flows", "per_flow": 20, "seeds": "real.jsonl"},
        filters=["exact", "near", "quality", "leak"],
        evaluate=["dialogues"],
    )
    kept = corpus.read(run.folder / "seeds" / "dialogues.parquet")
    assert kept.num_rows == 4 * 24
    said = "\n".join(corpus.column(kept, "text"))
    assert "Ottilie" not in said and "Quartermain" not in said
    metrics = json.loads((run.folder / "metrics.json").read_text())
    names = {figure["name"] for figure in metrics["metrics"]["dialogues"]["figures"]}
    assert {"turns_distance", "auc_words", "step_coverage"} <= names
    assert "real.jsonl" in (run.folder / "recipe.yaml").read_text()


def test_real_dialogues_are_part_of_the_fingerprint(folder: Path) -> None:
    path = real_dialogues(folder)
    settings = {"path": "flows", "per_flow": 20, "seeds": "real.jsonl"}
    before = recipe(folder, dialogues=settings).fingerprint()
    path.write_text(path.read_text() + path.read_text().splitlines()[0] + "\n")
    assert recipe(folder, dialogues=settings).fingerprint() != before


def test_dialogues_are_read_as_a_corpus(folder: Path) -> None:
    table = corpora.read(real_dialogues(folder), origin="seed", language="en", progress=Progress())
    assert corpus.turns(table).num_rows == table.num_rows == 4 * 24
    assert set(corpus.column(table, "speaker")) == {"user", "system"}
    run = made(folder)
    again = corpora.read(
        run.folder / "corpus.parquet", origin="seed", language="en", progress=Progress()
    )
    assert again.equals(corpus.read(run.folder / "corpus.parquet"))


# -- the command line -------------------------------------------------------------------------


def test_check_tells_of_flows(folder: Path) -> None:
    recipe(folder)
    status, said = command("check", folder)
    assert status == 0
    assert "table" in said
    assert command("check", folder / "flows")[0] == 0
    (folder / "flows" / "table.yaml").write_text(FLOW.replace("end: success", "end: failure"))
    status, said = command("check", folder / "flows" / "table.yaml")
    assert status == 1
    assert "error: table.yaml:2:7" in said
    assert "fix:" in said


def test_preview_shows_dialogues(folder: Path) -> None:
    recipe(folder)
    status, said = command("preview", folder / "recipe.yaml", "--dialogues", "2")
    assert status == 0
    assert said.count("table/") == 2
    status, said = command("preview", folder / "recipe.yaml", "--dialogues", "1", "--json")
    turns = [json.loads(line) for line in said.splitlines()]
    assert [turn["turn"] for turn in turns] == list(range(len(turns)))


def test_preview_of_flows_alone_shows_their_dialogues(folder: Path) -> None:
    (folder / "flows" / "table.yaml").write_text(ALONE)
    recipe(folder, templates=None)
    status, said = command("preview", folder / "recipe.yaml", "-n", "2")
    assert (status, said.count("table/")) == (0, 2)


def test_dialogues_of_a_kind_that_is_not_read_are_said_before_a_run_begins(folder: Path) -> None:
    (folder / "real.csv").write_text("text")
    with pytest.raises(TextsynthError, match="seeds of the kind"):
        made(folder, dialogues={"path": "flows", "seeds": "real.csv"})
    assert not (folder / "run").exists()
    assert command("check", folder / "recipe.yaml")[0] == 1


def test_flows_are_drawn(folder: Path) -> None:
    recipe(folder)
    status, said = command("flows", "draw", folder)
    assert status == 0
    assert said.startswith('---\ntitle: "table"\n---\nflowchart TD\n')
    status, said = command("flows", "draw", folder / "flows", "-o", folder / "pictures")
    assert (folder / "pictures" / "table.mmd").read_text().startswith("---")
    assert command("flows", "draw", folder, "--flow", "tabel")[0] == 1
    (folder / "flows" / "b.yaml").write_text(FLOW.replace("flow: table", "flow: other"))
    assert command("flows", "draw", folder)[1].count("```mermaid") == 2


def test_a_recipe_without_flows_has_nothing_to_draw(folder: Path) -> None:
    recipe(folder, dialogues=None)
    status, said = command("flows", "draw", folder / "recipe.yaml")
    assert status == 1
    assert "the recipe has no flows" in said


# -- a model ----------------------------------------------------------------------------------


def test_a_model_adds_to_the_words(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def embed(texts: Sequence[str]) -> Any:
        from fakes import embed as grams

        return grams(list(texts))

    monkeypatch.setattr(models, "load_embedder", lambda: embed)
    seeds = [
        {"text": f"book a table {w}", "intent": "book_table"} for w in ("now", "soon", "today")
    ]
    (folder / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in seeds))
    asked: list[str] = []

    def answer(request: Asked) -> Reply:
        prompt = str(request.body.get("prompt") or request.body.get("messages"))
        asked.append(prompt)
        if "Table answer to" in prompt and "{city}" in prompt:
            return fake_server.text(" in {city} please then\n- somewhere in {city}\n- {size}\n\n")
        return fake_server.text(" a table for us\n\n")

    with fake_server.serve(answer) as fake:
        run = made(
            folder,
            seeds={"path": "seeds.jsonl"},
            scrub=False,
            generate={"per_slot": 2, "budget": 4, "share": {"template": 0.5, "model": 0.5}},
            model={"backend": "server", "server": {"url": fake.url, "model": "m", "retries": 0}},
            dialogues={"path": "flows", "per_flow": 40, "invent": 2},
        )
    assert any("Table answer to" in prompt for prompt in asked)
    kept = yaml.safe_load((run.folder / "patterns" / "patterns.yaml").read_text())
    assert set(kept["invented_words"]["table"]["answer"]) <= {
        "in {city} please then", "somewhere in {city}"}  # fmt: skip
    model_turns = [row for row in rows(run) if row.origin == "model" and row.dialogue_id]
    assert model_turns
    assert all(row.slots for row in model_turns if "somewhere" in row.text)
    assert run.manifest()["steps"]["dialogue words"]["rejects"]["wrong_slots"] > 0
    assert {row["intent"] for row in run.manifest()["shortfall_by_slot"]} <= {"book_table"}


def test_places_are_named_by_what_was_asked(folder: Path) -> None:
    made_ = recipe(folder, model={"base": "auto"}, seeds={"path": "pack.yaml"})
    found = dialogues.places(made_, pipeline.grammar_of(made_))
    names = [place.name for place in found]
    assert all(len(place.own) >= 2 for place in found)
    assert any(name.startswith("table: answer to ") for name in names)
    private = recipe(
        folder, model={"base": "auto", "privacy": {"epsilon": 8}}, seeds={"path": "pack.yaml"}
    )
    assert dialogues.places(private, pipeline.grammar_of(private)) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("over in {city}", None),
        ("in {city} for {size}", "unknown_slot"),
        ("not in {city}", "denial"),
        ("in in {city}", "repetition"),
        ("somewhere nice", "wrong_slots"),
        ("in {city}", "seed_echo"),
    ],
)
def test_lines_are_judged_where_they_stand(line: str, reason: str | None) -> None:
    place = dialoguewords.Place("table", "answer", "table: answer", ("in {city}", "{city} please"))
    judged = list(dialoguewords._judged(place, Completion(f" {line}\n\n"), frozenset({"not"})))
    assert [one.reason for one in judged] == [reason]


def test_the_best_are_likely_and_in_their_place() -> None:
    fits, likely = {"a": 3.0, "b": 2.0, "c": 1.0}, {"a": -9.0, "b": -2.0, "c": -1.0}
    assert dialoguewords._best(fits, likely, 2) == ["a", "b"]
    assert dialoguewords._best(fits, likely | {"a": -1.5}, 1) == ["a"]
    assert dialoguewords._best(fits, dict.fromkeys(fits, 0.0), 2) == ["a", "b"]


def test_openings_come_from_chosen_rows(folder: Path) -> None:
    chosen = corpus.to_table(
        [
            Utterance("1", "one", "book_table", pattern="one", origin="model"),
            Utterance("2", "two", "book_table", pattern="two", origin="template"),
            Utterance("3", "three", "other", pattern="three", origin="model"),
        ]
    )
    loaded = recipe(folder)
    assert loaded.dialogues is not None
    flows, _ = dialogues.load(
        loaded.dialogues,
        pipeline.grammar_of(loaded),
        seed=1,
        language="en",
    )
    opened = dialoguewords.openings({n: f.flow for n, f in flows.files.items()}, chosen)
    assert opened == {"table": {"intent:book_table": ["one"]}}

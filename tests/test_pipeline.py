"""The whole path without a language model, and with a tiny one."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textsynth import corpus, models, pipeline
from textsynth import run as run_module
from textsynth.errors import ExportError, ModelError, RecipeError, RunError, TextsynthError
from textsynth.filters import Verdicts
from textsynth.recipe import Recipe

TEMPLATES = """
language: en
intents:
  lights:
    data:
      - sentences: ["(turn|switch|put) [the] {room} light (on|off) [please]", "light in the {room}"]
  alarm:
    data:
      - sentences: ["(wake|rouse) me [up] at {time}", "[please] set an alarm for {time}"]
lists:
  room: {values: [kitchen, hall, attic, cellar, "guest room", porch, study, nursery]}
  time: {values: [noon, six, "half past two", midnight, seven, "ten to four"]}
"""
SEEDS = [
    ("turn the kitchen light on", "lights", [(9, 16, "room")]),
    ("is the light in the hall off?", "lights", [(20, 24, "room")]),
    ("lights out in the attic", "lights", [(18, 23, "room")]),
    ("attic light please", "lights", [(0, 5, "room")]),
    ("make it bright in the porch", "lights", [(22, 27, "room")]),
    ("I need light in the cellar", "lights", [(20, 26, "room")]),
    ("wake me at six", "alarm", [(11, 14, "time")]),
    ("alarm at noon", "alarm", [(9, 13, "time")]),
    ("get me up at half past two", "alarm", [(13, 26, "time")]),
    ("I have to be up by seven", "alarm", [(19, 24, "time")]),
    ("ring at midnight", "alarm", [(8, 16, "time")]),
    ("do not let me sleep past noon", "alarm", [(25, 29, "time")]),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pack.yaml").write_text(TEMPLATES)
    rows = [
        {
            "text": text,
            "intent": intent,
            "slots": [{"start": s, "end": e, "label": label} for s, e, label in slots],
        }
        for text, intent, slots in SEEDS
    ]
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def recipe(folder: Path, **sections: object) -> Recipe:
    plain = {"name": "t", "seed": 3, "generate": {"per_intent": 10, "per_pattern": 5}, **sections}
    path = folder / "recipe.yaml"
    path.write_text(json.dumps(plain))
    return Recipe.load(path)


def run(folder: Path, key_file: Path, out: str = "run", **sections: object) -> pipeline.Run:
    return pipeline.generate(recipe(folder, **sections), folder / out, key_file=key_file)


def test_templates_alone_give_exactly_what_was_asked(folder: Path, key_file: Path) -> None:
    made = run(folder, key_file, templates={"path": "pack.yaml"})
    rows = list(corpus.utterances(corpus.read(made.folder / "corpus.parquet")))
    assert {i: sum(r.intent == i for r in rows) for i in ("lights", "alarm")} == {
        "lights": 10,
        "alarm": 10,
    }
    for row in rows:
        assert row.origin == "template" and row.split in {"train", "validation", "test"}
        for slot in row.slots:
            assert row.text[slot.start : slot.end] == slot.value
    patterns = {}
    for row in rows:
        assert patterns.setdefault(row.pattern, row.split) == row.split
    assert made.manifest()["shortfall"] == {}


def test_the_same_recipe_gives_the_same_bytes(folder: Path, key_file: Path) -> None:
    files = []
    for out in ("a", "b"):
        made = run(folder, key_file, out, templates={"path": "pack.yaml"}, seeds=seeds_section())
        files.append(
            {
                str(path.relative_to(made.folder)): path.read_bytes()
                for path in sorted(made.folder.rglob("*"))
                if path.is_file() and path.name != "manifest.json"
            }
        )
    assert files[0] == files[1]


def seeds_section() -> dict[str, object]:
    return {"path": "seeds.jsonl", "holdout": 0.2}


def test_a_complete_run_is_left_alone(folder: Path, key_file: Path) -> None:
    made = run(folder, key_file, templates={"path": "pack.yaml"})
    before = (made.folder / "manifest.json").stat().st_mtime_ns
    run(folder, key_file, templates={"path": "pack.yaml"})
    assert (made.folder / "manifest.json").stat().st_mtime_ns == before


def test_a_run_ends_anew_where_only_its_end_is_asked_for_otherwise(
    folder: Path, key_file: Path
) -> None:
    pack = {"path": "pack.yaml"}
    made = run(folder, key_file, templates=pack, export=["jsonl"])
    rows = (made.folder / "corpus.parquet").read_bytes()
    again = run(folder, key_file, templates=pack, export=["csv"], card={"license": "cc0-1.0"})
    assert again.complete and [e["format"] for e in again.manifest()["exports"]] == ["csv"]
    assert (again.folder / "corpus.parquet").read_bytes() == rows
    # the earlier export would tell of another licence; what somebody else put there stays
    assert [p.name for p in (again.folder / "exports").iterdir()] == ["csv"]
    kept = Recipe.load(again.folder / "recipe.yaml")
    assert [step.name for step in kept.export] == ["csv"] and kept.card.license == "cc0-1.0"
    held = run(folder, key_file, templates=pack, export=[], evaluate=["diversity"],
               gates=["diversity.distinct_2 >= 1.1"])  # fmt: skip
    assert [gate["passed"] for gate in held.manifest()["gates"]] == [False]
    assert Recipe.load(held.folder / "recipe.yaml").export == ()


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        ({"card": {"license": "Apache 2.0"}}, "is no licence id"),
        (
            {"evaluate": ["diversity"], "gates": ["diversity.distinkt_2 > 0"]},
            "has no figure 'distinkt_2'",
        ),
        (
            {"evaluate": ["utility"], "gates": ["utility.accuracy >= 0.9"]},
            r"utility\.accuracy is no figure of all rows.*\n  fix: there are: gain, slot_gain",
        ),
        ({"filters": [{"label": {"model": "./nowhere"}}]}, "there is no such model"),
        ({"scrub": {"entities": ["PERSN"]}}, "`scrub.entities` names 'PERSN'"),
        ({"scrub": {"deny": {"persn": ["Ann"]}}}, "`scrub.deny` names 'persn'"),
        (
            {"scrub": {"recognizers": [{"entity": "PERSON", "regex": "(x"}]}},
            "no regular expression",
        ),
        ({"generate": {"distribution": {"lihgts": 1}}}, "there is no intent 'lihgts'"),
        ({"language": "sw", "export": ["alexa"]}, "export: alexa: Alexa has no locale for 'sw'"),
        ({"export": [{"lex": {"locale": "xx-YY"}}]}, "export: lex: Lex has no locale 'xx-YY'"),
        ({"export": [{"alexa": {"invocation": "Alexa!"}}]}, "export: alexa: 'Alexa!' is no invoc"),
        ({"export": ["jsonl", "sgd"]}, "export: sgd: the corpus has no dialogues"),
        ({"export": ["chat"]}, "export: chat: the corpus has no dialogues"),
        ({"export": ["convlab"]}, "export: convlab: the corpus has no dialogues"),
        ({"export": [{"spacy": {"shard_rows": 0}}]}, "export: spacy: shard_rows is 0"),
        ({"export": [{"parquet": {"shard_rows": 0}}]}, "export: parquet: shard_rows is 0"),
        ({"export": [{"huggingface": {"shard_rows": 0}}]}, "export: huggingface: shard_rows is 0"),
    ],
)
def test_what_would_fail_at_the_end_is_said_and_leaves_the_earlier_run(
    folder: Path, key_file: Path, sections: dict[str, object], told: str
) -> None:
    made = run(folder, key_file, templates={"path": "pack.yaml"})
    before = {p: p.read_bytes() for p in made.folder.rglob("*") if p.is_file()}
    found = recipe(folder, templates={"path": "pack.yaml"}, **sections)
    with pytest.raises(TextsynthError, match=told):
        pipeline.generate(found, made.folder, resume="never", key_file=key_file)
    assert {p: p.read_bytes() for p in made.folder.rglob("*") if p.is_file()} == before
    with pytest.raises(TextsynthError, match=told):
        pipeline.check(folder / "recipe.yaml")


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        ({"seeds": {"path": "seeds.csv"}}, "seeds of the kind '.csv' are not read"),
        (
            {
                "seeds": {"path": "seeds.jsonl"},
                "model": {"base": "org/none", "privacy": {"epsilon": 51}},
            },
            "an epsilon of 51 cannot be promised",
        ),
        (
            {"seeds": {"path": "seeds.jsonl"}, "scrub": {"entities": ["PERSN"]}},
            "`scrub.entities` names 'PERSN'",
        ),
    ],
)
def test_what_needs_no_seeds_is_said_before_a_run_begins(
    folder: Path, key_file: Path, sections: dict[str, object], told: str
) -> None:
    shutil.copy(folder / "seeds.jsonl", folder / "seeds.csv")
    found = recipe(folder, templates={"path": "pack.yaml"}, **sections)
    with pytest.raises(TextsynthError, match=told):
        pipeline.check(folder / "recipe.yaml")
    with pytest.raises(TextsynthError, match=told):
        pipeline.generate(found, folder / "run", key_file=key_file)
    assert not (folder / "run").exists()


def test_what_the_seeds_may_have_passes_the_check(folder: Path) -> None:
    recipe(
        folder,
        templates={"path": "pack.yaml"},
        seeds={"path": "seeds.jsonl"},
        scrub={"keep": ["playlist"], "labels": {"note": "keep"}},
        generate={"distribution": {"lights": 0.5, "weather": 0.5}},
    )
    assert pipeline.check(folder / "recipe.yaml")["format"] == "homeassistant"


def test_an_export_that_fails_keeps_no_other_from_being_written(
    folder: Path, key_file: Path
) -> None:
    (folder / "pack.yaml").write_text(TEMPLATES.replace("lights:", "Alarm:"))
    theirs = folder / "run/exports/csv/theirs"
    pack = {"path": "pack.yaml"}
    run(folder, key_file, templates=pack, export=[])
    theirs.parent.mkdir(parents=True)
    theirs.touch()
    for _ in range(2):  # the second finds the run complete, and says it again
        with pytest.raises(ExportError) as caught:
            run(folder, key_file, templates=pack, export=["csv", "alexa", "jsonl"])
        assert caught.value.where == str(folder / "run")
        assert "csv: the folder holds 'theirs'" in caught.value.message
        assert "alexa: the intents 'Alarm' and 'alarm' would both be" in caught.value.message
        assert "run `textsynth generate` again" in str(caught.value.fix)
    made = pipeline.Run(folder / "run")
    assert made.complete and (made.folder / "exports/jsonl/corpus.jsonl").exists()
    assert ["error" in entry for entry in made.manifest()["exports"]] == [True, True, False]
    again = run(folder, key_file, templates=pack, export=["parquet"])
    assert [entry["format"] for entry in again.manifest()["exports"]] == ["parquet"]
    assert theirs.exists() and not (made.folder / "exports/jsonl").exists()


def test_an_export_that_failed_is_written_once_its_fault_is_mended(
    folder: Path, key_file: Path
) -> None:
    pack = {"path": "pack.yaml"}
    theirs = folder / "run/exports/csv/theirs"
    run(folder, key_file, templates=pack, export=[])
    theirs.parent.mkdir(parents=True)
    theirs.touch()
    with pytest.raises(ExportError):
        run(folder, key_file, templates=pack, export=["csv", "jsonl"])
    before = json.loads((folder / "run" / "manifest.json").read_text())
    theirs.unlink()
    made = run(folder, key_file, templates=pack, export=["csv", "jsonl"])
    assert (made.folder / "exports" / "csv" / "export-report.json").is_file()
    written = {"format": "csv", "written": 20, "refused": {}}
    assert made.manifest() == {**before, "exports": [written, before["exports"][1]]}


def test_an_error_lets_go_of_the_folder(folder: Path, key_file: Path) -> None:
    with pytest.raises(RecipeError, match="nosuch"):
        run(folder, key_file, seeds=seeds_section(), model={}, lists={"nosuch": {"invent": 5}})
    assert (folder / "run").resolve() not in run_module._HELD


def test_a_card_does_not_tell_what_the_scrub_was_told(folder: Path, key_file: Path) -> None:
    made = run(
        folder,
        key_file,
        seeds=seeds_section(),
        templates={"path": "pack.yaml"},
        scrub={"deny": {"person": ["Aloysia Brandtmeier"]}, "allow": ["Globex"]},
        evaluate=["diversity"],
        export=["huggingface"],
    )
    published = [p for p in (made.folder / "dataset").rglob("*") if p.is_file()]
    for path in [*published, made.folder / "report.html", made.folder / "manifest.json"]:
        assert b"Aloysia" not in path.read_bytes() and b"Globex" not in path.read_bytes(), path
    kept = Recipe.load(made.folder / "recipe.yaml").scrub
    assert kept and kept.deny == {"person": ("Aloysia Brandtmeier",)}
    assert (made.folder / "recipe.yaml").stat().st_mode & 0o077 == 0


def test_the_rows_of_a_run_can_be_imported(folder: Path, key_file: Path) -> None:
    made = run(folder, key_file, templates={"path": "pack.yaml"})
    told = pipeline.import_seeds(made.folder, folder / "again.jsonl")
    assert told["rows"] == made.manifest()["rows"] and not told["refused"]
    for line in (folder / "again.jsonl").read_text(encoding="utf-8").splitlines():
        assert json.loads(line)["generation"] == 1


def test_another_recipe_does_not_overwrite(folder: Path, key_file: Path) -> None:
    run(folder, key_file, templates={"path": "pack.yaml"})
    with pytest.raises(RunError, match="another recipe"):
        run(folder, key_file, templates={"path": "pack.yaml"}, language="de")


def test_a_share_that_falls_short_is_said(folder: Path, key_file: Path) -> None:
    made = run(
        folder,
        key_file,
        templates={"path": "pack.yaml"},
        generate={"per_intent": 500, "per_pattern": 3},
    )
    shortfall = made.manifest()["shortfall"]
    assert set(shortfall) == {"lights", "alarm"}
    assert all(0 < entry["got"] < entry["asked"] == 500 for entry in shortfall.values())
    by_pattern = corpus.count_by(corpus.read(made.folder / "corpus.parquet"), "intent", "pattern")
    assert max(by_pattern.values()) <= 3


def test_an_undefined_list_leaves_nothing_behind(folder: Path, key_file: Path) -> None:
    (folder / "pack.yaml").write_text(TEMPLATES.replace("{time}", "{tim}", 1))
    with pytest.raises(TextsynthError, match="tim") as caught:
        run(folder, key_file, templates={"path": "pack.yaml"})
    assert "pack.yaml:9:" in str(caught.value) and "time" in str(caught.value)
    assert not (folder / "run").exists()


@pytest.mark.parametrize("option", ["model", "reader"])
def test_a_judge_that_is_not_there_is_said_before_anything_is_made(
    folder: Path, key_file: Path, option: str
) -> None:
    with pytest.raises(ModelError, match="there is no such model") as caught:
        run(
            folder,
            key_file,
            templates={"path": "pack.yaml"},
            filters=[{"label": {option: "./nowhere"}}],
        )
    assert caught.value.where == str(folder / "nowhere")
    assert not (folder / "run").exists()


def test_a_published_text_that_is_not_there_is_said_before_anything_is_made(
    folder: Path, key_file: Path
) -> None:
    with pytest.raises(RecipeError, match="cannot be read: No such file") as caught:
        run(
            folder,
            key_file,
            templates={"path": "pack.yaml"},
            filters=[{"memorised": {"texts": ["published.txt"]}}],
        )
    assert caught.value.where == str(folder / "published.txt")
    assert not (folder / "run").exists()


@pytest.mark.models
def test_a_card_names_the_judges_and_does_not_tell_where_they_lie(
    folder: Path, key_file: Path, tiny_model_folder: Path
) -> None:
    shutil.copytree(tiny_model_folder, folder / "the-reader")
    shutil.copytree(models.embedder_source().location, folder / "the-judge")
    (folder / "published.txt").write_text("turn every light of the house on\n", encoding="utf-8")
    made = run(
        folder,
        key_file,
        templates={"path": "pack.yaml"},
        seeds=seeds_section(),
        filters=[
            {"memorised": {"texts": ["published.txt"], "origins": ["template"]}},
            {
                "label": {
                    "model": str(folder / "the-judge"),
                    "reader": str(folder / "the-reader"),
                }
            },
        ],
        export=["huggingface"],
    )
    card = (made.folder / "dataset" / "README.md").read_text(encoding="utf-8")
    assert "sentence encoder of the filter label" in card
    assert "language model of the filter label" in card
    assert all(name in card for name in ("the-judge", "the-reader", "published.txt"))
    assert str(folder) not in card


def test_seeds_as_an_origin(folder: Path, key_file: Path) -> None:
    made = run(
        folder,
        key_file,
        seeds={"path": "seeds.jsonl"},
        generate={"per_intent": 8, "per_pattern": 2, "share": {"seed": 1.0}},
    )
    rows = list(corpus.utterances(corpus.read(made.folder / "corpus.parquet")))
    assert len(rows) == 16 and {row.origin for row in rows} == {"seed"}


def test_seeds_may_have_more_rows_of_a_pattern_than_templates(folder: Path, key_file: Path) -> None:
    share = {"seed": 0.5, "template": 0.5}
    made = run(
        folder,
        key_file,
        templates={"path": "pack.yaml"},
        seeds={"path": "seeds.jsonl"},
        generate={"per_intent": 16, "per_pattern": {"seed": 6, "template": 1}, "share": share},
    )
    rows = list(corpus.utterances(corpus.read(made.folder / "corpus.parquet")))
    siblings = Counter((row.origin, row.intent, row.pattern) for row in rows)
    assert max(n for (origin, _, _), n in siblings.items() if origin == "template") == 1
    assert 1 < max(n for (origin, _, _), n in siblings.items() if origin == "seed") <= 6
    of_seeds = Counter(row.intent for row in rows if row.origin == "seed")
    assert of_seeds == {"lights": 8, "alarm": 8}


def test_bad_seed_rows_go_to_quarantine(folder: Path, key_file: Path) -> None:
    with (folder / "seeds.jsonl").open("ab") as file:
        file.write(b'{"text": "secret words"\n\xff\xfe\n{"intent": "lights"}\n')
    made = run(folder, key_file, templates={"path": "pack.yaml"}, seeds=seeds_section())
    lines = [json.loads(x) for x in (made.folder / "quarantine.jsonl").read_text().splitlines()]
    assert [(x["line"], x["reason"]) for x in lines] == [
        (13, "not_json"),
        (14, "not_utf8"),
        (15, "text_missing"),
    ]
    for path in made.folder.rglob("*"):
        assert not path.is_file() or b"secret words" not in path.read_bytes()


def test_what_leaks_is_stored_nowhere_whichever_filter_rejects_it(
    folder: Path, key_file: Path
) -> None:
    secret = "anna.lund@example.org"
    with (folder / "seeds.jsonl").open("a") as file:
        file.write(json.dumps({"text": f"write to {secret}", "intent": "lights"}) + "\n")
    both = {"data": [{"sentences": [f"mail {secret} now", f"ask {secret} [please]", "wake"]}]}
    pack = {"language": "en", "intents": {"lights": both, "alarm": both}}
    (folder / "leaking.yaml").write_text(json.dumps(pack))
    made = run(folder, key_file, seeds={"path": "seeds.jsonl"},
               templates={"path": "leaking.yaml"}, filters=["exact", "leak"])  # fmt: skip
    rejects = pq.read_table(made.folder / "rejects.parquet").to_pylist()
    assert {"intent_conflict", "leaked_value"} <= {row["reason"] for row in rejects}
    shards = [corpus.read(path) for path in (made.folder / "candidates").glob("*.parquet")]
    assert secret not in str(rejects) + str([shard.to_pylist() for shard in shards])


def test_rejects_have_reasons(folder: Path, key_file: Path) -> None:
    made = run(folder, key_file, templates={"path": "pack.yaml"}, seeds=seeds_section())
    rejects = pq.read_table(made.folder / "rejects.parquet").to_pylist()
    assert {row["reason"] for row in rejects} <= {"surplus", "seed_copy", "duplicate"}
    assert all(row["step"] for row in rejects)


def test_the_card_names_no_folder_of_this_machine(folder: Path, key_file: Path) -> None:
    made = run(folder, key_file, templates={"path": "pack.yaml"}, seeds=seeds_section())
    card = (made.folder / "dataset" / "README.md").read_text()
    assert str(folder) not in card and "pack.yaml" in card


def test_a_run_exports_again(folder: Path, key_file: Path) -> None:
    made = run(folder, key_file, templates={"path": "pack.yaml"})
    report = pipeline.export_run(made.folder, "huggingface", folder / "again")
    assert report.written == 20
    assert (folder / "again" / "README.md").read_text() == (
        made.folder / "dataset" / "README.md"
    ).read_text()


def test_a_filter_that_judges_too_few_rows(
    folder: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetful(rows: pa.Table, context: object) -> Verdicts:
        return Verdicts(["odd"] * (rows.num_rows - 1))

    monkeypatch.setattr("textsynth.registry.find", lambda *_: forgetful)
    with pytest.raises(TextsynthError, match=r"'exact' judged \d+ of \d+ rows"):
        run(folder, key_file, templates={"path": "pack.yaml"}, filters=["exact"])


RASA = "nlu:\n- intent: go\n  examples: |\n    - nach [Rom](city)\n    - zu [Haus](city)\n"
DIM = """
intents: {dim: {data: [{sentences: ["{level} Prozent"]}]}}
lists: {level: {range: {from: 20, to: 20, digits: false, words: true}}}
"""


@pytest.mark.parametrize(
    ("pack", "language", "text", "said"),
    [
        (DIM, "de", "zwanzig Prozent", "de"),
        (DIM, "en-GB", "twenty Prozent", "en-GB"),
        (f"language: de\n{DIM}", "en", "zwanzig Prozent", "de"),
        (f"language: en\n{DIM}", "en-GB", "twenty Prozent", "en"),
        (RASA, "de", "nach Rom", "de"),
    ],
)
def test_templates_are_in_the_language_of_the_recipe_unless_they_name_their_own(
    folder: Path, pack: str, language: str, text: str, said: str
) -> None:
    (folder / "pack.yaml").write_text(pack)
    made = recipe(folder, language=language, templates={"path": "pack.yaml"})
    rows = [row for drawn in pipeline.preview(made, 9).values() for row in drawn]
    assert text in {row.text for row in rows} and {row.language for row in rows} == {said}
    warned = [f["message"] for f in pipeline.check(folder / "recipe.yaml")["findings"]]
    apart = said.split("-")[0] != language.split("-")[0]
    assert any("the templates are in" in message for message in warned) == apart

"""Readers of rows: all that a small file of each format says, and its grammar where it has one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imported import CSV, noted, read, refused, shown, tree, write, zipped

from textsynth import corpus, importers, registry
from textsynth.corpus import Utterance
from textsynth.errors import GrammarError, SeedError, UsageError
from textsynth.export import About
from textsynth.grammar.draw import capacity, draw
from textsynth.grammar.grammar import lint
from textsynth.grammar.model import Grammar
from textsynth.importers import Notes, Options

ALEXA: dict[str, Any] = {
    "interactionModel": {
        "languageModel": {
            "invocationName": "my lamps",
            "intents": [
                {
                    "name": "Light",
                    "slots": [
                        {"name": "room", "type": "Room", "samples": ["the {room}"]},
                        {"name": "when", "type": "AMAZON.TIME"},
                    ],
                    "samples": ["light the {room}", "lights on", "light at {when}", "x {y}", "a {"],
                },
                {"name": "Find", "slots": [{"name": "q", "type": "AMAZON.SearchQuery"}],
                 "samples": ["find {q}"]},
                {"name": "AMAZON.StopIntent", "samples": []},
            ],
            "types": [
                {"name": "Room", "values": [
                    {"id": "1", "name": {"value": "living room", "synonyms": ["lounge"]}},
                    {"name": {"value": "cellar"}},
                ]},
            ],
        },
        "dialog": {},
    }
}  # fmt: skip
LEX: dict[str, Any] = {
    "Manifest.json": {"metaData": {"schemaVersion": "1"}},
    "Lamps/Bot.json": {"name": "Lamps"},
    "Lamps/BotLocales/en_US/BotLocale.json": {"name": "English (US)"},
    "Lamps/BotLocales/en_US/Intents/Light/Intent.json": {
        "name": "Light",
        "sampleUtterances": [{"utterance": "light {room}"}, {"utterance": "lights on"}, {}],
        "slotPriorities": [{"priority": 0, "slotName": "room"}],
    },
    "Lamps/BotLocales/en_US/Intents/Light/Slots/room/Slot.json": {
        "name": "room", "slotTypeName": "Room",
    },
    "Lamps/BotLocales/en_US/Intents/FallbackIntent/Intent.json": {
        "name": "FallbackIntent", "sampleUtterances": None,
    },
    "Lamps/BotLocales/en_US/SlotTypes/Room/SlotType.json": {
        "name": "Room",
        "slotTypeValues": [
            {"sampleValue": {"value": "living room"}, "synonyms": [{"value": "lounge"}]},
            {"sampleValue": {"value": "cellar"}, "synonyms": None},
        ],
        "valueSelectionSetting": {"resolutionStrategy": "TOP_RESOLUTION"},
    },
}  # fmt: skip
DIALOGFLOW: dict[str, Any] = {
    "package.json": {"version": "1.0.0"},
    "agent.json": {"language": "en"},
    "intents/Light on.json": {"name": "light.on"},
    "intents/Light on_usersays_en.json": [
        {"id": "1", "isTemplate": False, "count": 0, "data": [
            {"text": "light the ", "userDefined": False},
            {"text": "Lounge", "meta": "@room", "alias": "where", "userDefined": True},
            {"text": " now", "meta": "@sys.ignore"},
        ]},
        {"id": "2", "isTemplate": True, "data": [{"text": "dim @room:where to @sys.number:n"}]},
        {"id": "3", "isTemplate": True, "data": [{"text": "dim @room:where, mail a@b.c"}]},
        {"id": "4", "data": [{"text": 5}]},
    ],
    "entities/room.json": {"name": "room", "isEnum": False},
    "entities/room_entries_en.json": [
        {"value": "living room", "synonyms": ["living room", "lounge"]},
        {"value": "cellar", "synonyms": []},
        {"value": "pair", "synonyms": ["@room:a and @room:b"]},
    ],
}  # fmt: skip
SNIPS_JSON: dict[str, Any] = {
    "language": "en",
    "intents": {
        "light": {
            "utterances": [
                {"data": [{"text": "light the "},
                          {"text": "lounge", "slot_name": "where", "entity": "room"},
                          {"text": " (now)"}]},
                {"data": [{"text": None}]},
            ]
        }
    },
    "entities": {
        "room": {"use_synonyms": True, "automatically_extensible": True,
                 "data": [{"value": "living room", "synonyms": ["lounge"]}]},
        "snips/datetime": {},
    },
}  # fmt: skip
SNIPS_YAML = """\
type: intent
name: light
slots:
  - {name: where, entity: room}
utterances:
  - light the [where](lounge) (now)
  - dim [where] to [level:amount](low)
  - dim [where
---
type: entity
name: room
values:
  - [living room, lounge]
  - cellar
"""
RASA = """\
version: "3.1"
nlu:
- intent: fly
  examples: |
    - from [Rome]{"entity": "city", "role": "from"} to [NYC](city)
    - in [b class](class:business)
    - in [b class]{nonsense}
- intent: faq/hi
  examples:
  - text: "hey [1]"
    metadata: {sentiment: neutral}
- synonym: New York
  examples: |
    - nyc
- lookup: class
  examples: |
    - economy
"""
CONLL = """\
-DOCSTART- -X- O

# sent_id = 4
# intent = fly
# text = fly to New York, now
fly VB O
to TO O
New NNP B-city
York NNP I-city
, , O
now RB B-time

play N B-song
again X I-singer
"""
CLINC = {
    "train": [["what is up", "greeting"], ["x"], ["", "greeting"], [5, "greeting"]],
    "val": [["hello", "greeting"]],
    "oos_train": [["why", "oos"]],
}


def said(grammar: Grammar, intent: str) -> set[str]:
    rows = draw(grammar, intent, 0, capacity(grammar, intent, seed=0), seed=0)
    return {shown(row) for row in corpus.utterances(rows)}


# -- bots ------------------------------------------------------------------------------------------


def test_alexa(tmp_path: Path) -> None:
    rows, notes = read(write(tmp_path, "en-US.json", ALEXA))
    assert rows == {
        "Light: light the living room -> room=living room/living room",
        "Light: light the lounge -> room=lounge/living room",
        "Light: light the cellar -> room=cellar/cellar",
        "Light: lights on",
    }
    assert {reason: len(places) for reason, places in refused(notes).items()} == {
        "sample_has_unknown_slot": 1, "sample_has_broken_braces": 1, "slot_without_values": 2,
    }  # fmt: skip
    assert refused(notes)["sample_has_unknown_slot"] == ["en-US.json:25:10"]
    for part in ("'dialog' is not read", "AMAZON.StopIntent has no samples", "samples of a slot"):
        assert part in noted(notes)


def test_alexa_as_templates(tmp_path: Path) -> None:
    grammar = importers.load(write(tmp_path, "en-US.json", ALEXA))
    assert set(grammar.intents) == {"Light", "Find"}
    assert [s.text for s in grammar.intents["Light"].sentences] == [
        "light the {Room:room}", "lights on", "light at {AMAZON_TIME:when}",
    ]  # fmt: skip
    rows = said(grammar.supply({"AMAZON_TIME": ["noon"]}), "Light")
    assert rows == {
        "Light: light the living room -> room=living room/living room",
        "Light: light the lounge -> room=lounge/living room",
        "Light: light the cellar -> room=cellar/cellar",
        "Light: lights on",
        "Light: light at noon -> when=noon/noon",
    }
    found = "\n".join(map(str, lint(grammar)))
    assert "left out: sample_has_unknown_slot" in found
    assert "the values of AMAZON.TIME are not known" in found


def test_rows_of_a_sample_are_few_and_keyed(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", ALEXA)
    one, notes = read(path, per_sample=1)
    assert len(one) == 2 and "2 of 3 values of Room stand in no row" in noted(notes)
    assert one == read(path, per_sample=1)[0]
    assert len({frozenset(read(path, per_sample=1, seed=seed)[0]) for seed in range(8)}) > 1


def test_a_skill_of_several_locales_wants_a_language(tmp_path: Path) -> None:
    write(tmp_path, "models/en-US.json", ALEXA)
    write(tmp_path, "models/de-DE.json", ALEXA)
    with pytest.raises(SeedError, match=r"several models: models/de-DE\.json, models/en-US\.json"):
        read(tmp_path)
    found = importers.read_examples(tmp_path, options=Options(language="de"))
    assert {row.language for row in found} == {"de"}


@pytest.mark.parametrize("packed", [True, False])
def test_lex(tmp_path: Path, packed: bool) -> None:
    path = zipped(tmp_path / "a.zip", LEX) if packed else tree(tmp_path, LEX)
    rows, notes = read(path)
    assert rows == {
        "Light: light living room -> room=living room/living room",
        "Light: light lounge -> room=lounge/living room",
        "Light: light cellar -> room=cellar/cellar",
        "Light: lights on",
    }
    assert list(refused(notes)) == ["text_not_text"]
    assert "FallbackIntent has no samples" in noted(notes)
    assert importers.detect(path) == "lex"
    assert said(importers.load(path), "Light") == rows


def test_lex_keeps_what_was_said_where_it_resolves_nothing(tmp_path: Path) -> None:
    name = "Lamps/BotLocales/en_US/SlotTypes/Room/SlotType.json"
    setting = {"resolutionStrategy": "ORIGINAL_VALUE"}
    path = tree(tmp_path, {**LEX, name: {**LEX[name], "valueSelectionSetting": setting}})
    assert "Light: light lounge -> room=lounge/lounge" in read(path)[0]


def test_lex_of_several_locales(tmp_path: Path) -> None:
    more = {name.replace("en_US", "de_DE"): data for name, data in LEX.items()}
    path = zipped(tmp_path / "a.zip", {**LEX, **more})
    with pytest.raises(SeedError, match=r"several locales: .*/de_DE/, .*/en_US/"):
        read(path)
    assert read(path, language="de")[0] == read(path, language="en-US")[0]
    with pytest.raises(SeedError, match="no such locale"):
        read(path, language="fr")


@pytest.mark.parametrize("packed", [True, False])
def test_dialogflow(tmp_path: Path, packed: bool) -> None:
    path = zipped(tmp_path / "a.zip", DIALOGFLOW) if packed else tree(tmp_path, DIALOGFLOW)
    rows, notes = read(path)
    assert rows == {
        "light.on: light the Lounge now -> where=Lounge/living room",
        "light.on: dim living room, mail a@b.c -> where=living room/living room",
        "light.on: dim lounge, mail a@b.c -> where=lounge/living room",
        "light.on: dim cellar, mail a@b.c -> where=cellar/cellar",
    }
    assert sorted(refused(notes)) == ["slot_without_values", "text_not_text"]
    assert "hold other entities are not read" in noted(notes)
    assert importers.detect(path) == "dialogflow"
    grammar = importers.load(path).supply({"sys_number": ["two"]})
    assert "light.on: dim cellar to two -> where=cellar/cellar, n=two/two" in said(
        grammar, "light.on"
    )


def test_snips_json(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", SNIPS_JSON)
    rows, notes = read(path)
    assert rows == {"light: light the lounge (now) -> where=lounge/living room"}
    assert list(refused(notes)) == ["text_not_text"]
    assert said(importers.load(path), "light") == {
        "light: light the lounge (now) -> where=lounge/living room",
        "light: light the living room (now) -> where=living room/living room",
    }


def test_snips_json_with_many_entities_before_its_intents(tmp_path: Path) -> None:
    entities = {f"snips/{n:030}": {} for n in range(200)}
    write(tmp_path, "a.json", {"entities": entities, "intents": SNIPS_JSON["intents"]})
    write(tmp_path, "b.json", {"PlayMusic": [{"data": [{"text": "play"}]}]})
    assert set(importers.load(tmp_path).intents) == {"light", "PlayMusic"}


def test_the_snips_benchmark(tmp_path: Path) -> None:
    data = [{"text": "play "}, {"text": "Muse", "entity": "artist"}, {"text": " "}]
    path = write(tmp_path, "train.json", {"PlayMusic": [{"data": data}]})
    assert read(path)[0] == {"PlayMusic: play Muse  -> artist=Muse/Muse"}


def test_snips_yaml(tmp_path: Path) -> None:
    rows, notes = read(write(tmp_path, "a.yaml", SNIPS_YAML))
    assert rows == {
        "light: light the lounge (now) -> where=lounge/living room",
        "light: dim living room to low -> where=living room/living room, level=low/low",
        "light: dim lounge to low -> where=lounge/living room, level=low/low",
        "light: dim cellar to low -> where=cellar/cellar, level=low/low",
    }
    assert refused(notes) == {"annotation_invalid": ["a.yaml:8:9"]}


def test_rasa(tmp_path: Path) -> None:
    rows, notes = read(write(tmp_path, "nlu.yml", RASA))
    assert rows == {
        "fly: from Rome to NYC -> city_from=Rome/Rome, city=NYC/New York",
        "fly: in b class -> class=b class/business",
        "faq/hi: hey [1]",
    }
    assert refused(notes) == {"annotation_invalid": ["nlu.yml:7:20"]}
    assert "lookup 'class' are not read" in noted(notes)


@pytest.mark.parametrize(
    ("example", "row", "reason"),
    [
        ("- see [docs](city:New York (NY)) today", None, "annotation_invalid"),
        ("- go [to [x]](city)", None, "annotation_invalid"),
        ('- to [NYC]{"entity": "city", "value": "New York {NY}"} please', None,
         "annotation_invalid"),
        ('- to [NYC](city) or [x]]{"entity": "city"}', None, "annotation_invalid"),
        ("- [x] {y} (z) [1] [2]", "a: [x] {y} (z) [1] [2]", None),
        ("- x](y) z]{w", "a: x](y) z]{w", None),
        ("-hi there", "a: hi there", None),
        ("hi there", None, "example_invalid"),
    ],
)  # fmt: skip
def test_an_example_of_rasa_costs_itself(
    tmp_path: Path, example: str, row: str | None, reason: str | None
) -> None:
    text = f"nlu:\n- intent: a\n  examples: |\n    {example}\n    - ok\n"
    rows, notes = read(write(tmp_path, "nlu.yml", text))
    assert rows == {"a: ok", *([row] if row else [])}
    assert list(notes.refused) == ([reason] if reason else [])
    assert all(place.startswith("nlu.yml:4:") for place in notes.places.get(reason or "", ()))


@pytest.mark.parametrize("example", ["to [Rome] (city)", "to [Rome]", "to [Rome(city)", "to Rome]"])
def test_what_may_be_an_annotation_of_rasa_is_noted(tmp_path: Path, example: str) -> None:
    text = f"nlu:\n- intent: a\n  examples: |\n    - {example}\n    - in [Bonn](city)\n"
    path = write(tmp_path, "nlu.yml", text)
    rows, notes = read(path)
    assert rows == {f"a: {example}", "a: in Bonn -> city=Bonn/Bonn"}
    at = max(example.find("["), 0) or example.index("]")
    told = [(one.where, one.message) for one in notes.findings]
    expected = "a square bracket that is of no annotation is read as text"
    assert told == [(f"nlu.yml:4:{at + 7}", expected)]
    assert [(one.where, one.message) for one in importers.load(path).noted] == told


@pytest.mark.parametrize("text", ["", "\n \n", "\ufeff\n", "# nothing yet\n"])
def test_a_file_of_rasa_without_words_costs_no_other(tmp_path: Path, text: str) -> None:
    write(tmp_path, "nlu.yml", "nlu:\n- intent: a\n  examples: |\n    - ok\n")
    write(tmp_path, "more.yml", text)
    rows, notes = read(tmp_path)
    assert rows == {"a: ok"} == said(importers.load(tmp_path), "a")
    assert "more.yml:1:1: warning: the file is empty" in noted(notes)


def test_rasa_tells_splits_by_folder(tmp_path: Path) -> None:
    write(tmp_path, "train/nlu.yml", RASA)
    write(tmp_path, "test/nlu.yml", "nlu:\n- intent: a\n  examples: |\n    - b\n")
    found = {row.text: row.split for row in importers.read_examples(tmp_path)}
    assert found["b"] == "test" and found["hey [1]"] == "train"


# -- rows ------------------------------------------------------------------------------------------


def test_conll(tmp_path: Path) -> None:
    rows, notes = read(write(tmp_path, "a.conll", CONLL))
    assert rows == {
        "fly: fly to New York, now -> city=New York/New York, time=now/now",
        "None: play again -> song=play/play, singer=again/again",
    }
    assert not notes.refused
    assert "a.conll:13: warning: 1 spans begin with I-" in noted(notes)


TAGS = [
    ("I-a I-a B-a O I-b", ["a=0 1", "a=2", "b=4"], 0),  # IOB1
    ("B-a I-a B-a O B-b", ["a=0 1", "a=2", "b=4"], 0),  # IOB2
    ("B-a E-a S-a O S-b", ["a=0 1", "a=2", "b=4"], 0),  # BIOES
    ("B-a L-a U-a O U-b", ["a=0 1", "a=2", "b=4"], 0),  # BILOU
    ("B-a I-b O I-c", ["a=0", "b=1", "c=3"], 1),  # repaired
    ("B-a-b I-a-b", ["a-b=0 1"], 0),
    ("O O", [], 0),
]


@pytest.mark.parametrize(("tags", "slots", "repairs"), TAGS)
def test_schemes_of_tags(tmp_path: Path, tags: str, slots: list[str], repairs: int) -> None:
    text = "".join(f"{at}\t{tag}\n" for at, tag in enumerate(tags.split()))
    notes = Notes()
    (row,) = importers.read_examples(write(tmp_path, "a.bio", text), notes=notes)
    assert [f"{s.label}={row.text[s.start : s.end]}" for s in row.slots] == slots
    assert len(notes.findings) == repairs


BROKEN = [
    ("a\tX-city\n", "tag_invalid", "a.bio:1"),
    ("a\tB-\n", "tag_invalid", "a.bio:1"),
    ("\na\tO\nb\n", "tags_missing", "a.bio:2"),
    ("# text = a c\na\tO\nb\tO\n", "tokens_not_in_text", "a.bio:1"),
    ("# text = a b c\na\tO\nb\tO\n", "tokens_not_in_text", "a.bio:1"),
    ("# text = a\n\n", "tags_missing", "a.bio:1"),
]


@pytest.mark.parametrize(("text", "reason", "where"), BROKEN)
def test_broken_sentences_cost_no_other(tmp_path: Path, text: str, reason: str, where: str) -> None:
    rows, notes = read(write(tmp_path, "a.bio", text + "\nok\tO\n"))
    assert rows == {"None: ok"} and refused(notes) == {reason: [where]}


def test_a_token_may_hold_a_no_break_space(tmp_path: Path) -> None:
    rows, _ = read(write(tmp_path, "a.conll", "New\u00a0York  B-city\n now O\n"))
    assert rows == {"None: New\u00a0York now -> city=New\u00a0York/New\u00a0York"}


def test_files_of_conll_tell_their_split(tmp_path: Path) -> None:
    for name in ("train.conll", "dev.conll", "more/test.conll", "rest.conll"):
        write(tmp_path, name, f"{name.partition('.')[0]} O\n")
    rows = importers.read_examples(tmp_path)
    assert {row.text: row.split for row in rows} == {
        "dev": "validation", "more/test": "test", "rest": None, "train": "train",
    }  # fmt: skip
    (alone,) = importers.read_examples(tmp_path / "train.conll")
    assert alone.split is None


def test_columns_of_conll(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", "B-a New\nI-a York\n")
    rows, _ = read(path, "conll", columns={"token": "1", "tag": "0"})
    assert rows == {"None: New York -> a=New York/New York"}
    with pytest.raises(SeedError, match="the column tag is 'x'"):
        read(path, "conll", columns={"tag": "x"})


def test_clinc(tmp_path: Path) -> None:
    path = write(tmp_path, "data.json", CLINC)
    rows, notes = read(path)
    assert rows == {"greeting: what is up", "greeting: hello", "oos: why"}
    assert notes.refused == {"row_not_a_pair": 1, "text_empty": 1, "text_not_text": 1}
    assert refused(notes)["row_not_a_pair"] == ["data.json:7:3"]
    assert read(path, split="train")[0] == {"greeting: what is up", "oos: why"}
    with pytest.raises(SeedError, match="no split 'trian'"):
        read(path, split="trian")


words = st.tuples(st.text("ab'é😀", min_size=1, max_size=4), st.sampled_from(["", "x", "y"]))
quick = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(data=st.lists(words, min_size=1, max_size=8))
def test_conll_gives_back_what_was_written(tmp_path: Path, data: list[tuple[str, str]]) -> None:
    lines = [f"{word}\t{f'B-{label}' if label else 'O'}" for word, label in data]
    path = write(tmp_path, "a.bio", "\n".join(["# intent = a b", *lines, "", ""]))
    (row,) = importers.read_examples(path)
    assert row.text == " ".join(word for word, _ in data) and row.intent == "a b"
    assert [(row.text[s.start : s.end], s.label) for s in row.slots] == [
        (word, label) for word, label in data if label
    ]


# -- detection, options ----------------------------------------------------------------------------

TOLD = [
    ("en-US.json", ALEXA, "alexa", "alexa"),
    ("a.json", SNIPS_JSON, "snips", "snips"),
    ("a.yaml", SNIPS_YAML, "snips", "snips"),
    ("nlu.yml", RASA, "rasa", "rasa"),
    ("a.conll", CONLL, "conll", None),
    ("a.txt", CONLL, "conll", None),
    ("a.txt", "some words\n", None, None),
    ("a.json", CLINC, "clinc", None),
    ("a.csv", CSV, "table", None),
    ("a.jsonl", '{"text": "a"}\n', "table", None),
    ("a.json", [{"text": "a"}], "table", None),
    ("a.json", {"intents": {}}, None, "homeassistant"),
    ("a.json", {"a": 1}, None, None),
    ("a.zip", "PK", None, None),
]


@pytest.mark.parametrize(("name", "data", "rows", "templates"), TOLD)
def test_detection(
    tmp_path: Path, name: str, data: Any, rows: str | None, templates: str | None
) -> None:
    path = write(tmp_path, name, data)
    assert importers.detect_examples(path) == rows
    assert importers.detect(path) == templates


def test_empty_lines_are_looked_at_once(tmp_path: Path) -> None:
    # a look that goes on over line ends, from each line anew, would not come back
    path = write(tmp_path, "a.json", "\n" * 1_000_000 + '{\n "intents": {}}')
    assert importers.detect(path) == "homeassistant"


def test_what_holds_no_rows_is_said(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match="this is chatito, which holds templates and no rows"):
        read(write(tmp_path, "a.chatito", "%[a]\n    b\n"))
    with pytest.raises(SeedError, match="no format of rows that is known"):
        read(write(tmp_path, "a.xyz", "b"))
    with pytest.raises(SeedError, match="no such file or folder"):
        read(tmp_path / "none.csv")
    with pytest.raises(SeedError, match="did you mean 'alexa'"):
        read(tmp_path, "alexia")
    with pytest.raises(SeedError, match="there are no files of conll"):
        read(write(tmp_path, "e/x.md", "").parent, "conll")
    with pytest.raises(UsageError, match="rasa takes no columns"):
        read(write(tmp_path, "nlu.yml", RASA), columns={"text": "a"})
    with pytest.raises(UsageError, match="rasa takes no language"):
        read(write(tmp_path, "nlu.yml", RASA), language="de")


def test_names_that_an_export_changed_come_back(tmp_path: Path) -> None:
    write(tmp_path, "export-report.json", {"format": "alexa", "files": []})
    names = {"intents": {"Light": "set light"}, "slots": {"room": "room-name"},
             "values": {"living room": "Living Room!"}}  # fmt: skip
    write(tmp_path, "names.json", names)
    path = write(tmp_path, "models/en-US.json", ALEXA)
    expected = "set light: light the lounge -> room-name=lounge/Living Room!"
    assert expected in read(path)[0] and expected in read(tmp_path)[0]
    write(tmp_path, "names.json", {"intents": []})
    with pytest.raises(SeedError, match="no way back of names"):
        read(path)


@pytest.mark.parametrize("told", ["alexa", "lex", "dialogflow", "rasa", "snips"])
def test_the_folder_of_an_export_comes_back(tmp_path: Path, told: str) -> None:
    slots = (corpus.Slot(6, 9, "room", "den"),)
    rows = [
        Utterance(f"{split} {n}", f"light den {word}", "set it", slots, split=split)
        for split in ("train", "validation", "test")
        for n, word in enumerate(("one", "two"))
    ]
    out = tmp_path / "out"
    registry.find("exporters", told)(corpus.to_table(rows), out, About("my lamps"))
    assert importers.detect_examples(out) == told
    found = list(importers.read_examples(out))
    assert len({row.id for row in found}) == len(rows)
    assert {(row.text, row.intent, row.slots, row.split) for row in found} == {
        (row.text, row.intent, row.slots, row.split if told != "snips" else None) for row in rows
    }


def test_folders_that_hold_more_than_a_pack(tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    for name in ("a", "b"):
        zipped(tmp_path / f"two/{name}.zip", LEX)
    (tmp_path / "two/other.zip").write_bytes(b"no archive")
    assert importers.detect(tmp_path / "two") == "lex"
    assert len(list(importers.read_examples(tmp_path / "two"))) == 8
    with pytest.raises(GrammarError, match=r"several archives: a\.zip, b\.zip"):
        importers.load(tmp_path / "two")
    (tmp_path / "two/b.zip").unlink()
    assert set(importers.load(tmp_path / "two").intents) == {"Light"}
    snips = tmp_path / "snips"
    snips.mkdir()
    (snips / "a.json").write_text('{"a": [{"data": [{"text": "x"}]}]}')
    (snips / "more.json").write_text("{}")
    assert set(importers.load(snips).intents) == {"a"}
    (snips / "b.yaml").write_text("type: intent\nname: b\nutterances: [y]\n")
    with pytest.raises(GrammarError, match="holds JSON and YAML"):
        importers.load(snips)


def mac(files: dict[str, Any]) -> dict[str, Any]:
    """The files of an archive with what macOS packs beside them."""
    beside = {
        f"__MACOSX/{name.rpartition('/')[0]}/._{name.rpartition('/')[2]}": "\0\5\26\7"
        for name in files
    }
    return {**beside, **files}


@pytest.mark.parametrize("files", [LEX, DIALOGFLOW])
def test_what_macos_adds_to_an_archive_is_left_alone(tmp_path: Path, files: Any) -> None:
    plain, packed = zipped(tmp_path / "plain.zip", files), zipped(tmp_path / "mac.zip", mac(files))
    assert importers.detect_examples(packed) == importers.detect_examples(plain)
    assert read(packed)[0] == read(plain)[0]
    folder = tree(tmp_path / "folder", mac(files))
    assert read(folder)[0] == read(plain)[0]


def test_what_macos_adds_to_a_folder_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "NLU.YML", RASA)
    (tmp_path / "._NLU.YML").write_bytes(b"\0\5\26\7\xff")
    (tmp_path / "._a.csv").write_bytes(b"\0\5\26\7\xff")
    assert importers.detect_examples(tmp_path) == "rasa"
    assert "fly: in b class -> class=b class/business" in read(tmp_path)[0]


def test_labels_that_would_be_one_are_refused(tmp_path: Path) -> None:
    text = 'nlu:\n- intent: a\n  examples: |\n    - "[b](c d) [b](c_d)"\n'
    with pytest.raises(SeedError, match="'c_d' and 'c d' would both be called c_d"):
        read(write(tmp_path, "nlu.yml", text))


def test_grammar_errors_have_their_place(tmp_path: Path) -> None:
    with pytest.raises(GrammarError, match="there is no 'intents'"):
        importers.load(write(tmp_path, "a.json", {"interactionModel": {"languageModel": {}}}))


DOCS = (Path(__file__).parents[1] / "docs" / "importers.md").read_text(encoding="utf-8")


def rows_of(heading: str) -> list[str]:
    part = DOCS.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [line.split("|")[1].strip() for line in part.splitlines() if line.startswith("| ")][2:]


def test_the_documentation_names_each_format() -> None:
    names = [re.match(r"`(\w+)`", row) for row in rows_of("Rows")]
    assert [name and name[1] for name in names] == list(importers.EXAMPLES)
    told = [row.lower().replace(" ", "") for row in rows_of("Templates")]
    assert len(told) == len(importers.FORMATS)
    for format, row in zip(importers.FORMATS, told, strict=True):
        assert format in row

"""Grammars as templates of other tools: slots and rules kept, read back as the same grammar."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from exported import told
from hassil.intents import Intents, TextSlotList
from hassil.recognize import recognize
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from textsynth import corpus, importers
from textsynth.errors import ExportError, GrammarError, RecipeError, UsageError
from textsynth.export import ExportReport
from textsynth.export.grammars import chatito, homeassistant, jsgf
from textsynth.grammar.draw import capacity, draw
from textsynth.grammar.grammar import Grammar, count, load, loads
from textsynth.grammar.lists import number
from textsynth.pipeline.exporting import export_templates

HOME = Path(__file__).parent.parent / "templates" / "home" / "intents"

PACK = """
language: en
intents:
  light:
    distribution: uniform
    data:
    - sentences: ["turn (on|off) [the] light[s]", "<polite> light up[ please] [{room}]"]
    - sentences: ["(alpha;beta;[gamma]) end", "x(one;two|three)y", "dim to {level} [percent]"]
      max: 40
  fetch:
    data:
    - sentences: ["go to {room:where} from {room}", "<far>", "[very|so] {mood:@how} {mood}"]
      expansion_rules: {place: "here[about[s]]"}
    - sentences: ["<far> {room}", "{level} or {half}"]
      lists: {half: {range: {from: 0, to: 4, step: 2, multiplier: 0.5}}}
    - sentences: ["[[all] the] room[s ]now"]
  rare:
    data:
    - {sentences: ["once"], weight: 0.5}
    - {sentences: ["often [again]"], weight: 3}
lists:
  room: {values: [kitchen, {in: "(living room|lounge)", out: "living room"}, "hall[way]"]}
  level: {range: {from: 1, to: 9, step: 4}}
  mood: {values: [{in: glad, out: happy}, {in: "(bright|sunny)"}, sad]}
expansion_rules:
  polite: "[please|kindly]"
  place: "(home|[very] far)"
  far: "go <place>"
"""


def drawn(grammar: Grammar, name: str) -> list[tuple[Any, ...]]:
    """All rows of an intent, without ids, sorted."""
    rows = draw(grammar, name, 0, capacity(grammar, name), seed=1)
    return sorted(((row.text, row.pattern, row.slots) for row in corpus.utterances(rows)), key=str)


def written(grammar: Grammar, folder: Path, to: Any) -> tuple[ExportReport, Grammar]:
    report = to.export(grammar, folder / "out")
    return report, importers.load(folder / "out")


def meant(value: Any) -> str:
    return number(value) if isinstance(value, int | float) else str(value)


# -- Home Assistant -------------------------------------------------------------------------------


def test_homeassistant_draws_the_same(tmp_path: Path) -> None:
    """Ids too, since they are made of content."""
    for name, grammar in (("home", load(HOME)), ("pack", loads(PACK.replace("@", "")))):
        report, again = written(grammar, tmp_path / name, homeassistant)
        assert report.refused == {}
        for intent in grammar.intents:
            assert count(again, intent) == count(grammar, intent)
            size = min(capacity(grammar, intent), 50)
            rows = [draw(one, intent, 0, size, seed=3) for one in (grammar, again)]
            first, second = (one.drop_columns(["parents"]) for one in rows)
            assert first.equals(second)


EVERYTHING = """
language: de
settings: {ignore_whitespace: true}
skip_words: [bitte]
intents:
  a:
    cover: values
    distribution: weighted
    lists: {inner: {values: [one, "1", "yes"]}}
    expansion_rules: {r: "x [y]"}
    data:
    - sentences: ["<r> {inner} {t}", "{city} {zip}"]
      slots: {domain: light, level: 5}
      requires_context: {domain: {value: light}}
      excludes_context: {area: x}
      metadata: {key: [1, two]}
      response: good
      required_keywords: [x]
      name_domains: [light]
      weight: 2
      max: 3
      distinct: [t, inner]
      role: {t: from}
      group: {city: g}
lists:
  t:
    values:
    - {in: "(a|b)", out: c}
    - {in: d, context: {domain: light}, metadata: {m: 1}}
    - {in: plain}
    - "e[f]"
    - "say \\\\"quoted\\\\""
  temperature: {range: {from: -5, to: 5, step: 5, multiplier: 1.5, fractions: halves, words: true}}
  spoken: {range: {from: 1, to: 2, digits: false, words_language: en}}
  free: {wildcard: true}
  person: {provider: faker.first_name, locale: de_DE, pool: 5}
  code: {regex: "[A-Z]{2}", pool: 4}
  city: {records: [{city: Oslo, zip: "01"}, {city: Rome, zip: "02"}]}
  zip: {records: city}
expansion_rules: {r: "z"}
"""


def test_homeassistant_keeps_every_setting(tmp_path: Path) -> None:
    grammar = loads(EVERYTHING.replace('\\\\"', "'"))
    report, again = written(grammar, tmp_path, homeassistant)
    assert report.written == 2
    assert any("weight, max, distinct, role, group, distribution" in note for note in report.notes)
    assert any("person, code, city, zip" in note for note in report.notes)
    file = tmp_path / "out/custom_sentences/de/textsynth.yaml"
    Intents.from_dict(yaml.safe_load(file.read_text(encoding="utf-8")))  # hassil reads it
    assert (again.language, again.settings, again.skip_words) == (
        grammar.language, grammar.settings, grammar.skip_words,
    )  # fmt: skip
    assert seen(again.lists) == seen(grammar.lists)
    (block,), (before,) = again.intents["a"].blocks, grammar.intents["a"].blocks
    assert seen(block.lists) == seen(grammar.intents["a"].lists)
    assert [rule.text for rule in block.rules.values()] == ["x [y]"]
    kept = ("slots", "requires_context", "excludes_context", "metadata", "response", "weight",
            "required_keywords", "max", "distinct", "role", "group")  # fmt: skip
    assert all(getattr(block, key) == getattr(before, key) for key in kept)
    assert again.intents["a"].cover and again.intents["a"].distribution == "weighted"


def seen(lists: Any) -> str:
    """Lists without their places; tables told by whether they are the same."""
    text = re.sub(r"Place\([^)]*\)", "", str(lists))
    tables: dict[str, int] = {}
    return re.sub(
        r"table='([^']*)'", lambda m: f"table {tables.setdefault(m[1], len(tables))}", text
    )


@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        ("are you there?", "character_unfit"),
        ("a, b", "character_unfit"),
        ("a \\\\( b", "character_unfit"),
        ("{1..9:n}", "character_unfit"),
        ("go <r>", "rule_unfit"),
        ("go <s>", "rule_unfit"),
    ],
)
def test_homeassistant_refuses(tmp_path: Path, sentence: str, rule: str) -> None:
    text = f'{{intents: {{a: {{data: [{{sentences: ["fine", "{sentence}"]}}]}}}}, \
expansion_rules: {{r: "now!", s: "x <r>", t: "y"}}}}'
    report, again = written(loads(text), tmp_path, homeassistant)
    assert (report.written, report.refused) == (1, {rule: 1})
    assert told(tmp_path / "out")["refused_ids"][rule][0].startswith("template:1:")
    assert list(again.rules) == ["t"]


def test_hassil_gives_back_what_was_exported(tmp_path: Path) -> None:
    grammar = load(HOME)
    homeassistant.export(grammar, tmp_path / "out")
    file = tmp_path / "out/custom_sentences/en/textsynth.yaml"
    intents = Intents.from_dict(yaml.safe_load(file.read_text(encoding="utf-8")))
    missed = 0
    for name in grammar.intents:
        for row in corpus.utterances(draw(grammar, name, 0, 5, seed=2)):
            found = recognize(row.text, intents)
            slots = found and sorted((e.name, meant(e.value)) for e in found.entities_list)
            missed += slots != sorted((s.label, s.value) for s in row.slots)
    assert missed <= 2


def test_lists_of_the_house_do_not_take_the_place_of_ours(tmp_path: Path) -> None:
    grammar = loads(
        "intents: {a: {data: [{sentences: ['light the <where>', 'call {name}']},"
        " {sentences: ['call {floor:name} up']}, {sentences: [stop]}]}}\n"
        "expansion_rules: {where: 'big {area}'}\n"
        "lists: {area: {values: [den]}, name: {wildcard: true},"
        " floor: {range: {from: 1, to: 2}}, level: {values: [x]}}\n"
    )
    report, again = written(grammar, tmp_path, homeassistant)
    assert report.notes == ("Home Assistant has lists of its own in the place of name",)
    assert drawn(again, "a") == drawn(grammar, "a")
    file = tmp_path / "out/custom_sentences/en/textsynth.yaml"
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert [list(one.get("lists", ())) for one in data["intents"]["a"]["data"]] == [
        ["area"], ["floor"], [],
    ]  # fmt: skip
    house = {n: TextSlotList.from_tuples([("attic", "a")]) for n in ("area", "floor")}
    found = recognize("light the big den", Intents.from_dict(data), slot_lists=house)
    assert found and [(e.name, e.value) for e in found.entities_list] == [("area", "den")]
    assert recognize("light the big attic", Intents.from_dict(data), slot_lists=house) is None


# -- Chatito --------------------------------------------------------------------------------------


def test_chatito_says_the_same(tmp_path: Path) -> None:
    grammar = loads(PACK)
    report, again = written(grammar, tmp_path, chatito)
    assert report.refused == {}
    assert [again.intents[n].distribution for n in again.intents] == ["uniform", "even", "weighted"]
    for name in grammar.intents:
        assert count(again, name) == count(grammar, name)
    for name in ("fetch", "rare"):
        assert drawn(again, name) == drawn(grammar, name)
    assert any("max" in note for note in report.notes)
    text = (tmp_path / "out/grammar.chatito").read_text(encoding="utf-8")
    assert "    turn ~[part] ~[part 2?] light~[part 3?]\n" in text
    assert "@[where#room]('synonym': 'true')\n    hall" in text
    assert "\n~[living room]\n    living room\n    lounge\n" in text
    assert "    *[3] often ~[" in text


def test_chatito_of_the_demo(tmp_path: Path) -> None:
    grammar = load(HOME)
    report, again = written(grammar, tmp_path, chatito)
    assert set(report.refused) == {"value_named_twice"}
    assert report.written >= 0.95 * sum(len(one.sentences) for one in grammar.intents.values())
    refused = {where.partition(":")[0] for where in told(tmp_path / "out")["refused_ids"]
               ["value_named_twice"]}  # fmt: skip
    same = [name for name in grammar.intents if f"{name}.yaml" not in refused]
    assert len(same) >= 14
    assert all(count(again, name) == count(grammar, name) for name in same)
    assert drawn(again, "good_night") == drawn(grammar, "good_night")


@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        ("say ~\\\\[x\\\\]", "text_looks_like_a_reference"),
        ("#tag it", "line_looks_like_a_comment"),
        ("{open}", "list_missing"),
        ("go <open>", "rule_missing"),
        ("{city} {zip}", "records_are_linked"),
        ("{named}", "value_unfit"),
        ("[a ][b ][c ][d ][e ][f ][g ][h ][i ][j ]k", "too_many_variants"),
        ("{0..99999:n}", "too_many_values"),
        ("{room} {other}", "value_named_twice"),
        ("fine", "duplicate_text"),
    ],
)
def test_chatito_refuses(tmp_path: Path, sentence: str, rule: str) -> None:
    text = f"""
intents: {{a: {{data: [{{sentences: ["fine", "{sentence}"]}}]}}}}
lists:
  named: {{values: [{{in: x, out: "what?"}}]}}
  room: {{values: [{{in: lounge, out: living room}}]}}
  other: {{values: [{{in: parlour, out: living room}}]}}
  city: {{records: [{{city: Oslo, zip: "01"}}]}}
  zip: {{records: city}}
"""
    report = chatito.export(loads(text), tmp_path / "out")
    assert (report.written, report.refused) == (1, {rule: 1})


PIECES = st.sampled_from(
    ["a", " b", "c ", " ", "[", "]", "(", ")", "|", ";", "{l}", "<r>", "x", "y "]
)


@settings(max_examples=80, deadline=None)
@given(sentence=st.lists(PIECES, min_size=1, max_size=12).map("".join))
def test_any_sentence_is_kept_or_refused(
    tmp_path_factory: pytest.TempPathFactory, sentence: str
) -> None:
    text = f"""
intents: {{a: {{data: [{{sentences: ["fine", "{sentence}"]}}]}}}}
lists: {{l: {{values: [one, "two[s]", {{in: "[very ]three", out: "3"}}]}}}}
expansion_rules: {{r: "p[ q]"}}
"""
    try:
        grammar = loads(text)
        assume(count(grammar, "a") < 2_000)
    except GrammarError:
        assume(False)
    for to in (chatito, homeassistant):
        report, again = written(grammar, tmp_path_factory.mktemp("any"), to)
        if not report.refused:
            assert drawn(again, "a") == drawn(grammar, "a")


def test_chatito_takes_no_two_intents_for_one(tmp_path: Path) -> None:
    grammar = loads(
        "intents: {'lock?': {data: [{sentences: [a]}]}, lock: {data: [{sentences: [b]}]}}"
    )
    with pytest.raises(ExportError, match="'lock' and 'lock\\?' would both be written as 'lock'"):
        chatito.export(grammar, tmp_path / "out")


# -- JSGF -----------------------------------------------------------------------------------------


def test_jsgf(tmp_path: Path) -> None:
    report = jsgf.export(loads(PACK), tmp_path / "out")
    assert report.refused == {}
    text = (tmp_path / "out/grammar.jsgf").read_text(encoding="utf-8")
    assert "public <utterance> =\n    <light>\n  | <fetch>\n  | <rare>;\n" in text
    assert "    turn ( on | off ) [ the ] ( lights | light )\n" in text
    assert "  | <polite> ( light up please | light up ) [ <slot-room> ]\n" in text
    assert "  | ( living room ) {living room}\n  | ( lounge ) {living room}\n" in text
    assert "  | ( hallway ) {hallway}\n  | ( hall ) {hall};\n" in text
    assert "    ( zero ) {0}\n  | ( two ) {1}\n  | ( four ) {2};\n" in text
    assert any("rare" in note for note in report.notes)


def test_jsgf_rules_are_called_as_the_slots(tmp_path: Path) -> None:
    jsgf.export(
        loads(
            "intents:\n"
            "  utterance: {data: [{sentences: ['fly from {city:from_place} to {city:from}']}]}\n"
            "  VOID: {data: [{sentences: ['{city} [{city:@how}]']}]}\n"
            "lists: {city: {values: [oslo]}}\n"
        ),
        tmp_path / "out",
    )
    text = (tmp_path / "out/grammar.jsgf").read_text(encoding="utf-8")
    assert "public <utterance_> =\n    <utterance>\n  | <VOID_>;\n" in text
    assert "public <utterance> =\n    fly from <slot-from_place> to <slot-from>;\n" in text
    assert "public <VOID_> =\n    <slot-city> [ <slot-city> ];\n" in text
    for slot in ("from_place", "from", "city"):
        assert text.count(f"\n<slot-{slot}> =\n    ( oslo ) {{oslo}};\n") == 1


@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        ("{lamp}s", "slot_inside_word"),
        ("{lamp}'s", "slot_inside_word"),
        ("a = b", "not_spoken"),
        ("{any}", "wildcard"),
        ("{open}", "list_missing"),
        ("<open>", "rule_missing"),
    ],
)
def test_jsgf_refuses(tmp_path: Path, sentence: str, rule: str) -> None:
    text = f"""
intents: {{a: {{data: [{{sentences: ["fine", "{sentence}"]}}]}}}}
lists: {{lamp: {{values: [lamp]}}, any: {{wildcard: true}}}}
"""
    report = jsgf.export(loads(text), tmp_path / "out")
    assert (report.written, report.refused) == (1, {rule: 1})


# -- all of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["homeassistant", "chatito", "jsgf"])
def test_nothing_that_can_be_written(tmp_path: Path, to: str) -> None:
    (tmp_path / "a.yaml").write_text(
        '{intents: {a: {data: [{sentences: ["{x} = ~\\\\[a\\\\]?"]}]}}}'
    )
    with pytest.raises(ExportError, match=f"no sentence can be written as {to}"):
        export_templates(tmp_path / "a.yaml", to, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_templates_of_another_tool(tmp_path: Path) -> None:
    (tmp_path / "a.chatito").write_text("%[greet]\n    ~[hi] @[name]\n~[hi]\n    hi\n    hello\n"
                                        "@[name]\n    Ann\n")  # fmt: skip
    report = export_templates(tmp_path / "a.chatito", "homeassistant", tmp_path / "out")
    assert report.written == 1
    assert drawn(load(tmp_path / "out"), "greet") == drawn(
        importers.load(tmp_path / "a.chatito"), "greet"
    )


def test_a_format_of_rows_gets_all_values(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(PACK, encoding="utf-8")
    report = export_templates(tmp_path / "a.yaml", "snips", tmp_path / "out", rows=30)
    assert report.sampled["rows_of_templates"][0] == 63
    assert told(tmp_path / "out")["sampled"]["rows_of_templates"]["kept"] == 63
    said = (tmp_path / "out/dataset.json").read_text(encoding="utf-8")
    assert all(f'"{words}"' in said for words in ("kitchen", "lounge", "hallway", "glad", "sad"))
    with pytest.raises(UsageError, match="no format 'snip'"):
        export_templates(tmp_path / "a.yaml", "snip", tmp_path / "out")
    with pytest.raises(UsageError, match="0 rows"):
        export_templates(tmp_path / "a.yaml", "snips", tmp_path / "out", rows=0)


def test_templates_in_the_formats_of_rows(tmp_path: Path) -> None:
    pack = tmp_path / "a.yaml"
    pack.write_text(PACK, encoding="utf-8")
    shards = export_templates(pack, "huggingface", tmp_path / "hf", {"shard_rows": "50"}, rows=30)
    assert shards.written == 63
    names = [file.name for file in (tmp_path / "hf").rglob("*.parquet")]
    assert names.count("train-00000-of-00002.parquet") >= 1
    export_templates(pack, "alexa", tmp_path / "alexa", {"locale": "en-GB"}, rows=30)
    assert (tmp_path / "alexa/train/en-GB.json").is_file()
    for to in ("sgd", "convlab", "chat"):
        with pytest.raises(ExportError, match=f"templates have no dialogues, and {to} holds"):
            export_templates(pack, to, tmp_path / "no")
    for to in ("chatito", "snips"):
        with pytest.raises(RecipeError, match=f"{to} has no option 'locale'"):
            export_templates(pack, to, tmp_path / "no", {"locale": "en-GB"})
    assert not (tmp_path / "no").exists()


def test_a_cycle_is_an_error(tmp_path: Path) -> None:
    grammar = loads("{intents: {a: {data: [{sentences: ['<r>']}]}}, expansion_rules: {r: '<r> x'}}")
    exporters: list[Callable[..., Any]] = [homeassistant.export, chatito.export, jsgf.export]
    for export in exporters:
        with pytest.raises(GrammarError, match="needs itself"):
            export(grammar, tmp_path / "out")

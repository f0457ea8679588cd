"""Turns folded into dialogues, their acts, and what reads dialogues: who is handed which rows, and
messages in JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from dialogue_rows import blocked, booked, dialogue, dialogues, hung_up, system, user
from exported import HOSTILE, row, told

from textsynth import registry
from textsynth.corpus import Slot, Utterance, to_table, utterances
from textsynth.errors import ExportError
from textsynth.export import About, ExportReport, perform, reads_dialogues, require_possible
from textsynth.export.chat import export as chat
from textsynth.export.dialogues import Act, Conversation, Value, acts, fold, spoken

READS = {"huggingface", "jsonl", "csv", "parquet", "chat", "sgd", "convlab"}
NAMES = sorted(registry.BUILT_IN["exporters"])


def one(rows: list[Utterance]) -> Conversation:
    (found,) = fold(to_table(rows))
    return found


# -- the fold ---------------------------------------------------------------------------------


def test_dialogues_come_back_whole() -> None:
    rows = dialogues("test")
    found = list(fold(to_table(rows)))
    assert [len(one.turns) for one in found] == [12, 6, 10, 12, 6, 10]
    assert [one.id for one in found] == list(dict.fromkeys(row.dialogue_id for row in rows))
    assert [one.whole for one in found] == [row.dialogue for row in rows if row.dialogue]
    assert {one.split for one in found} == {"test"}
    said = [turn for one in found for turn in one.turns]
    assert [turn._asdict() for turn in said] == [
        {
            name: getattr(row, name)
            for name in ("text", "speaker", "act", "intent", "slots", "state")
        }
        for row in rows
    ]


def test_many_dialogues_over_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textsynth.export.dialogues._BATCH", 2)
    rows = dialogues()
    found = list(fold(pa.concat_tables([to_table(rows[:13]), to_table(rows[13:])])))
    assert [turn.text for one in found for turn in one.turns] == [row.text for row in rows]
    assert list(fold(to_table([]))) == []


def test_without_facts_the_flow_is_in_the_id() -> None:
    rows = [replace(row, dialogue=None) for row in booked()]
    assert one(rows).flow == "book_table" and one(rows).whole is None
    assert one([replace(row, dialogue_id="x") for row in rows]).flow == "dialogue"
    assert one(rows).split == "train"


def changed(place: int, **changes: Any) -> list[Utterance]:
    rows = dialogues("train")
    rows[place] = replace(rows[place], **changes)
    return rows


@pytest.mark.parametrize(
    ("rows", "message", "where"),
    [
        (changed(3, turn=4), "do not count from 0", "book_table/0000000000000001, turn 4"),
        (changed(3, turn=None), "do not count from 0", "turn None"),
        (dialogues()[1:], "do not count from 0", "book_table/0000000000000001, turn 1"),
        (changed(13, speaker="system"), "one speaker has two turns", "000000000002, turn 1"),
        (changed(3, speaker="agent"), "neither user nor system", "turn 3"),
        (changed(3, speaker=None), "neither user nor system", "turn 3"),
        (changed(3, split="test"), "in several splits", "turn 3"),
        (changed(3, split=None), "in several splits", "turn 3"),
        ([*booked(1), *blocked(3), *booked(1)], "do not stand together", "000001, turn 0"),
        ([*booked(1)[:6], *blocked(3), *booked(1)[6:]], "do not stand together", "turn 6"),
    ],
)
def test_what_is_no_dialogue(rows: list[Utterance], message: str, where: str) -> None:
    with pytest.raises(ExportError, match=message) as caught:
        list(fold(to_table(rows)))
    assert where in str(caught.value) and caught.value.fix


# -- acts -------------------------------------------------------------------------------------


def said_acts(*lines: Any, intent: str | None = None) -> list[list[Act]]:
    return acts(one(dialogue("f", 1, *lines, intent=intent)))


def test_an_act_has_the_spans_of_its_slot() -> None:
    (found,) = said_acts(user("INFORM:a THANK_YOU", "[x](a=X), [y](b), [z](a)"))
    assert found == [
        Act("INFORM", "a", (Value("X", "x", 0, 1), Value("z", "z", 6, 7))),
        Act("THANK_YOU", None),
    ]


def test_an_act_said_twice_stands_once() -> None:
    (found,) = said_acts(system("OFFER:n OFFER:n", "[x](n) or [y](n)"))
    assert found == [Act("OFFER", "n", (Value("x", "x", 0, 1), Value("y", "y", 5, 6)))]


def test_what_has_no_span_is_known_from_the_state() -> None:
    found = said_acts(
        user("INFORM:a", "it", a="A"),
        system("CONFIRM:a OFFER:a INFORM:a", "right?"),
        user("SELECT:b AFFIRM", "the second", b="B"),
    )
    assert found[0] == [Act("INFORM", "a", (Value("A", "A"),))]
    assert [act.values for act in found[1]] == [(Value("A", "A"),), (), ()]
    assert found[2] == [Act("SELECT", "b", (Value("B", "B"),)), Act("AFFIRM", None)]


def test_a_request_has_examples_that_are_nobody_elses() -> None:
    found = said_acts(
        system("REQUEST:a", "[x](a) or [y](a)?"),
        user("REQUEST:a", "?"),
        system("CONFIRM:a REQUEST:a", "[x](a)?"),
    )
    assert [[len(act.values) for act in turn] for turn in found] == [[2], [0], [1, 0]]


@pytest.mark.parametrize(
    ("answer", "offer", "offered"),
    [
        ("AFFIRM_INTENT", "OFFER_INTENT", "later"),
        ("NEGATE_INTENT", "OFFER_INTENT", None),
        ("NEGATE_INTENT", "OFFER_INTENT:other", "other"),
    ],
)
def test_intents_that_acts_are_about(answer: str, offer: str, offered: str | None) -> None:
    lines = [user("INFORM_INTENT", "a"), system(offer, "b?"), user(answer, "c")]
    rows = dialogue("f", 1, *lines, intent="first")
    found = acts(one([*rows[:2], replace(rows[2], intent="later")]))
    assert found[0] == [Act("INFORM_INTENT", "first")]
    assert found[1] == [Act("OFFER_INTENT", offered)]


def test_the_words_of_a_value_grow() -> None:
    grown = [dict(words) for words in spoken(one(booked()))]
    assert ("time", "18:30") not in grown[1]
    assert list(spoken(one(booked())))[-1]["time", "18:30"] == ["half past six", "6.30 pm"]


def test_without_acts() -> None:
    assert acts(one([replace(row, act=None) for row in hung_up()])) == [[]] * 6


# -- who is handed which rows -----------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_built_in_exporters_that_read_dialogues(name: str) -> None:
    assert getattr(registry.find("exporters", name), "reads_dialogues", False) == (name in READS)


def handed(corpus: pa.Table, *, mark: bool) -> list[Utterance]:
    """What an exporter of a plug-in gets."""
    got: list[Utterance] = []

    def plug_in(corpus: pa.Table, folder: Path, about: About, *, wide: bool) -> ExportReport:
        got.extend(utterances(corpus))
        assert wide
        return ExportReport("mine", folder, corpus.num_rows)

    exporter: Callable[..., ExportReport] = reads_dialogues(plug_in) if mark else plug_in
    report = perform(exporter, "mine", corpus, Path("x"), About("x"), wide=True)
    assert report.written == len(got)
    return got


def test_a_plug_in_gets_single_utterances_unless_it_is_marked() -> None:
    rows = [row("one"), *booked(), row("two")]
    assert handed(to_table(rows), mark=False) == [rows[0], rows[-1]]
    assert handed(to_table(rows), mark=True) == rows
    assert handed(to_table(booked()), mark=True) == booked()
    with pytest.raises(ExportError, match="dialogues alone, and mine holds single") as caught:
        handed(to_table(booked()), mark=False)
    assert all(name in str(caught.value.fix) for name in ("sgd", "convlab", "chat", "huggingface"))
    assert handed(to_table([]), mark=False) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_a_format_could_not_write_is_said_before_there_are_rows(name: str) -> None:
    def told(*, utterances: bool, dialogues: bool) -> str:
        kinds = {"utterances": utterances, "dialogues": dialogues}
        try:
            require_possible(registry.find("exporters", name), name, About("x"), {}, **kinds)
        except ExportError as error:
            return error.message
        return "nothing"

    assert told(utterances=True, dialogues=True) == "nothing"
    holds_single = f"the corpus has dialogues alone, and {name} holds single utterances"
    assert told(utterances=False, dialogues=True) == ("nothing" if name in READS else holds_single)
    holds_dialogues = f"the corpus has no dialogues, and {name} holds nothing else"
    alone = name in {"chat", "sgd", "convlab"}
    assert told(utterances=True, dialogues=False) == (holds_dialogues if alone else "nothing")


def mixed() -> list[Utterance]:
    """Dialogues among single utterances that any format of utterances takes."""
    single = [
        row(
            f"go to {city} please {n}",
            (city, "city", city),
            id=f"s/{n}{city}",
            intent="go",
            split="train",
        )
        for n in ("now", "soon")
        for city in ("Oslo", "Rome")
    ]
    return [*single[:2], *dialogues("train"), *single[2:]]


@pytest.mark.parametrize("name", sorted(set(NAMES) - READS))
def test_turns_are_passed_over(name: str, tmp_path: Path) -> None:
    exporter = registry.find("exporters", name)
    both = perform(exporter, name, to_table(mixed()), tmp_path / "both", About("x"))
    alone = [row for row in mixed() if row.dialogue_id is None]
    plain = exporter(to_table(alone), tmp_path / "plain", About("x"))
    assert replace(both, folder=plain.folder) == plain and plain.written
    for path in (tmp_path / "plain").rglob("*.*"):
        there = tmp_path / "both" / path.relative_to(tmp_path / "plain")
        assert name == "spacy" or path.read_bytes() == there.read_bytes()


@pytest.mark.parametrize("name", ["chat", "sgd", "convlab"])
def test_formats_of_dialogues_pass_single_utterances_over(name: str, tmp_path: Path) -> None:
    exporter = registry.find("exporters", name)
    both = perform(exporter, name, to_table(mixed()), tmp_path / "both", About("x"))
    assert (both.written, both.refused, both.unit) == (6, {}, "dialogue")
    with pytest.raises(ExportError, match="no dialogues, and"):
        perform(exporter, name, to_table([row("a")]), tmp_path / "none", About("x"))
    with pytest.raises(ExportError, match="no rows"):
        perform(exporter, name, to_table([]), tmp_path / "none", About("x"))
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", ["chat", "sgd", "convlab"])
def test_equal_dialogues_are_equal_bytes(name: str, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        registry.find("exporters", name)(to_table(mixed()), tmp_path / folder, About("x"))
    paths = [path for path in (tmp_path / "a").rglob("*") if path.is_file()]
    assert paths
    for path in paths:
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


@pytest.mark.parametrize("name", ["chat", "sgd", "convlab"])
def test_broken_dialogues_leave_nothing(name: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="count from 0"):
        registry.find("exporters", name)(to_table(booked()[1:]), tmp_path / "out", About("x"))
    assert list(tmp_path.iterdir()) == []


def hostile() -> list[Utterance]:
    """Dialogues whose words, values and names are hostile."""
    rows = []
    for number, text in enumerate(HOSTILE):
        if not text.strip():
            continue
        value = text.replace("|", "/")
        slots = (Slot(0, len(text), "s", value),)
        first, *rest = dialogue(
            text, number, user("INFORM:s INFORM_INTENT", "x"), system("CONFIRM:s", "y"),
            intent=text, split="train",
        )  # fmt: skip
        first = replace(first, text=text, slots=slots, state=(("s", value),))
        rows += [first, *(replace(turn, text=text, slots=slots) for turn in rest)]
    return rows


@pytest.mark.parametrize("name", ["chat", "sgd", "convlab", "huggingface", "jsonl", "csv"])
def test_hostile_dialogues_do_no_harm(name: str, tmp_path: Path) -> None:
    rows = hostile()
    report = registry.find("exporters", name)(to_table(rows), tmp_path / "out", About("|\n#"))
    refused = sum(report.refused.values())
    assert report.written + refused == len(rows) // (2 if report.unit == "dialogue" else 1)
    pipes = sum("|" in text for text in HOSTILE)
    assert report.refused == ({"value_has_pipe": pipes} if name == "convlab" else {})


# -- messages in JSON lines -------------------------------------------------------------------


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def test_messages_come_back(tmp_path: Path) -> None:
    rows = [*booked(1), *hung_up(2, split="test"), *blocked(3, split="validation"), *booked(4)]
    report = chat(to_table(rows), tmp_path / "out", About("x"))
    assert (report.format, report.written, report.refused) == ("chat", 4, {})
    assert [len(lines(tmp_path / f"out/{n}.jsonl")) for n in ("train", "validation", "test")] == [
        *(2, 1, 1)
    ]
    assert lines(tmp_path / "out/test.jsonl") == [
        {
            "messages": [
                {"role": "user" if row.speaker == "user" else "assistant", "content": row.text}
                for row in hung_up()
            ]
        }
    ]
    assert report.notes and "the assistant speaks first in 1 dialogues" in report.notes[0]


def test_a_system_prompt(tmp_path: Path) -> None:
    prompt = 'You "help".\nKurz.'
    chat(to_table(booked()), tmp_path / "out", About("x"), system=prompt)
    (line,) = lines(tmp_path / "out/train.jsonl")
    assert line["messages"][0] == {"role": "system", "content": prompt}
    assert [message["role"] for message in line["messages"][1:3]] == ["user", "assistant"]


def test_what_chat_refuses(tmp_path: Path) -> None:
    rows = [
        *booked(1),
        *booked(2, split="dev"),
        *dialogue("f", 3, user("HANG_UP", "bye")),
        *dialogue("f", 4, user("", "x"), system("", " \n")),
    ]
    report = chat(to_table(rows), tmp_path / "out", About("x"))
    assert report.refused == {"unknown_split": 1, "no_assistant": 1, "text_empty": 1}
    assert report.written == 1
    assert told(tmp_path / "out")["refused_ids"]["no_assistant"] == ["f/0000000000000003"]


def test_chat_templates_render_the_messages(tmp_path: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    chat(to_table(booked()), tmp_path / "out", About("x"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel({"x": 0}, "x")))
    # as those of Gemma and Llama: strictly in turns, the user first
    tokenizer.chat_template = (
        "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('roles must alternate') }}{% endif %}"
        "<{{ m.role }}>{{ m.content }}{% endfor %}"
    )
    (line,) = lines(tmp_path / "out/train.jsonl")
    text = tokenizer.apply_chat_template(line["messages"], tokenize=False)
    roles = {"user": "user", "system": "assistant"}
    assert text == "".join(f"<{roles[str(row.speaker)]}>{row.text}" for row in booked())

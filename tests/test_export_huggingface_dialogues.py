"""Dialogues in the dataset: nested turns and messages, read back with the real `load_dataset`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dialogue_rows import blocked, booked, dialogue, dialogues, hung_up, system, user
from test_export_huggingface import (
    HEADINGS,
    HOSTILE,
    Load,
    assert_markdown_is_whole,
    front,
    utterance,
)
from test_export_huggingface import load as load

from textsynth.corpus import Slot, Utterance, to_table
from textsynth.errors import ExportError
from textsynth.export import About
from textsynth.export.huggingface import SHARD, export


def in_splits() -> list[Utterance]:
    return [
        *dialogues("train"), *booked(7, split="validation"), *blocked(8, split="test"),
        *hung_up(9, split="test"),
    ]  # fmt: skip


def whole(rows: list[Utterance], split: str) -> dict[str, list[Utterance]]:
    """The turns of each dialogue of a split, by its id."""
    found: dict[str, list[Utterance]] = {}
    for row in rows:
        if row.split == split and row.dialogue_id:
            found.setdefault(row.dialogue_id, []).append(row)
    return found


def pairs(entries: Any, name: str = "slot") -> list[dict[str, Any]]:
    return [{name: first, "value": second} for first, second in entries]


def nested(turns: list[Utterance]) -> dict[str, Any]:
    """A dialogue as its row holds it."""
    facts = turns[0].dialogue
    assert facts
    return {
        "dialogue_id": turns[0].dialogue_id,
        "flow": facts.flow,
        "outcome": facts.outcome,
        "goal": pairs(facts.goal),
        "persona": pairs(facts.persona, "name"),
        "path": list(facts.path),
        "language": "en",
        "turns": [
            {
                "speaker": turn.speaker,
                "text": turn.text,
                "acts": str(turn.act).split(),
                "intent": turn.intent,
                "slots": [
                    {"start": s.start, "end": s.end, "label": s.label, "value": s.value}
                    for s in turn.slots
                ],
                "state": None if turn.state is None else pairs(turn.state),
                "pattern": turn.pattern,
                "origin": turn.origin,
            }
            for turn in turns
        ],
    }


def chat(turns: list[Utterance]) -> list[dict[str, str]]:
    roles = {"user": "user", "system": "assistant"}
    return [{"role": roles[str(turn.speaker)], "content": turn.text} for turn in turns]


@pytest.mark.parametrize("more", [[], [utterance(1), utterance(2, split="test")]])
def test_dialogues_come_back(tmp_path: Path, load: Load, more: list[Utterance]) -> None:
    rows = [*more[:1], *in_splits(), *more[1:]]
    report = export(to_table(rows), tmp_path / "dataset", About("x"))
    assert (report.written, report.refused, report.unit) == (len(rows), {}, "row")
    dataset = load(tmp_path / "dataset", name="dialogues")
    assert list(dataset) == ["train", "validation", "test"]
    for split, part in dataset.items():
        assert part.to_list() == [nested(turns) for turns in whole(rows, split).values()]


def test_messages_come_back(tmp_path: Path, load: Load) -> None:
    rows = in_splits()
    export(to_table(rows), tmp_path / "dataset", About("x"))
    dataset = load(tmp_path / "dataset", name="messages")
    for split, part in dataset.items():
        assert part.to_list() == [
            {
                "dialogue_id": id,
                "flow": id.partition("/")[0],
                "outcome": turns[0].dialogue.outcome if turns[0].dialogue else None,
                "messages": chat(turns),
            }
            for id, turns in whole(rows, split).items()
        ]


def test_dialogues_alone_are_what_is_loaded_without_a_name(tmp_path: Path, load: Load) -> None:
    from datasets import get_dataset_config_names

    export(to_table(dialogues("train")), tmp_path / "dataset", About("x"))
    assert get_dataset_config_names(str(tmp_path / "dataset")) == ["dialogues", "messages"]
    assert len(load(tmp_path / "dataset")["train"][0]["turns"]) == 12
    assert {path.name for path in (tmp_path / "dataset").iterdir()} == {
        *("dialogues", "messages", "README.md", "export-report.json")
    }
    data = front(tmp_path / "dataset")
    assert (data["task_categories"], data["task_ids"]) == (
        ["text-generation"],
        ["dialogue-modeling"],
    )


def test_beside_utterances_they_are_further_configurations(tmp_path: Path, load: Load) -> None:
    from datasets import get_dataset_config_names

    rows = [utterance(1), *in_splits(), utterance(2)]
    export(to_table(rows), tmp_path / "dataset", About("x"))
    names = get_dataset_config_names(str(tmp_path / "dataset"))
    assert names == ["default", "tokens", "dialogues", "messages"]
    assert {split: part["id"] for split, part in load(tmp_path / "dataset").items()} == {
        "train": [rows[0].id, rows[-1].id]
    }
    assert load(tmp_path / "dataset", name="tokens")["train"]["id"] == [rows[0].id, rows[-1].id]
    assert load(tmp_path / "dataset", name="dialogues")["test"].num_rows == 2
    assert front(tmp_path / "dataset")["task_categories"] == [
        *("text-classification", "token-classification", "text-generation")
    ]
    files = [path.relative_to(tmp_path / "dataset").as_posix()
             for path in (tmp_path / "dataset").rglob("*.parquet")]  # fmt: skip
    assert len(files) == 8 and all(map(SHARD.fullmatch, files))
    export(to_table([utterance(1)]), tmp_path / "dataset", About("x"))
    assert not (tmp_path / "dataset" / "dialogues").exists()


def test_they_stream_in_shards(tmp_path: Path, load: Load) -> None:
    rows = dialogues("train")
    export(to_table(rows), tmp_path / "dataset", About("x"), shard_rows=2)
    files = sorted(path.name for path in (tmp_path / "dataset" / "messages").iterdir())
    assert files == [f"train-0000{n}-of-00003.parquet" for n in range(3)]
    for name in ("dialogues", "messages"):
        stream = load(tmp_path / "dataset", name=name, split="train", streaming=True)
        assert [row["dialogue_id"] for row in stream] == list(whole(rows, "train"))


def test_chat_templates_render_them(tmp_path: Path, load: Load) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    export(to_table(booked(split="train")), tmp_path / "dataset", About("x"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel({"x": 0}, "x")))
    tokenizer.chat_template = (
        "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('roles must alternate') }}{% endif %}"
        "<|{{ m['role'] }}|>{{ m['content'] }}\n{% endfor %}"
    )
    (row,) = load(tmp_path / "dataset", name="messages")["train"]
    text = tokenizer.apply_chat_template(row["messages"], tokenize=False)
    assert text == "".join(f"<|{m['role']}|>{m['content']}\n" for m in chat(booked()))


def test_the_page_drops_what_the_assistant_says_first(tmp_path: Path, load: Load) -> None:
    page = (Path(__file__).parents[1] / "docs" / "huggingface.md").read_text(encoding="utf-8")
    (code,) = (part.partition("```")[0] for part in page.split("```python\n") if ".map(" in part)
    rows = [*hung_up(1, split="train"), *booked(2, split="train")]
    export(to_table(rows), tmp_path / "dataset", About("x"))
    names = {"chats": load(tmp_path / "dataset", name="messages")["train"]}
    exec(code, names)
    assert [row["messages"] for row in names["chats"]] == [chat(hung_up()[1:]), chat(booked())]


def test_without_facts_and_acts(tmp_path: Path, load: Load) -> None:
    rows = [replace(row, dialogue=None, act=act, pattern=None)
            for row, act in zip(hung_up(split="train"), ["", None] * 3, strict=True)]  # fmt: skip
    export(to_table(rows), tmp_path / "dataset", About("x"))
    (row,) = load(tmp_path / "dataset")["train"]
    assert {row[name] for name in ("flow", "outcome")} == {None} and row["goal"] is None
    assert [turn["acts"] for turn in row["turns"]] == [None] * 6
    card = (tmp_path / "dataset" / "README.md").read_text(encoding="utf-8")
    assert "| `(none)` | 1 | 1 |" in card


def test_turns_that_make_no_dialogue(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="do not count from 0"):
        export(to_table(booked(split="train")[1:]), tmp_path / "dataset", About("x"))
    with pytest.raises(ExportError, match="12 rows have no split"):
        export(to_table([*booked(), utterance(1)]), tmp_path / "dataset", About("x"))
    assert list(tmp_path.iterdir()) == []


# -- the card ---------------------------------------------------------------------------------


def card_of(rows: list[Utterance], folder: Path) -> str:
    export(to_table(rows), folder, About("talk"))
    return (folder / "README.md").read_text(encoding="utf-8")


def test_the_card_counts_dialogues(tmp_path: Path) -> None:
    text = card_of(in_splits(), tmp_path / "dataset")
    assert "9 dialogues of 2 flows with 84 turns," in text
    for line in (
        "| train | 6 | 56 |",
        "| validation | 1 | 12 |",
        "| test | 2 | 16 |",
        "| flow | success | failure | abandoned | all |",
        "| `block_card` | 0 | 3 | 0 | 3 |",
        "| `book_table` | 3 | 0 | 3 | 6 |",
        "In 3 of them the system begins",
        "user: no, at seven [NEGATE INFORM:time] {city=Oslo, name=Casa Rosa, people=2, time=19:00}",
    ):
        assert line in text
    assert "## What is in it" not in text and "utterances of" not in text
    assert "patterns of turns stand in more than one" in text


def test_the_card_of_both(tmp_path: Path) -> None:
    text = card_of([utterance(1), *in_splits(), utterance(2)], tmp_path / "dataset")
    assert (
        "2 utterances of 1 intent with 1 kind of slot and 9 dialogues of 2 flows with 84 turns,"
        in text
    )
    assert "| `template` | a grammar written by people | 58 | 12 | 16 | 86 |" in text
    assert "| train | 2 |" in text and "Their turns are not among the utterances." in text


def test_the_card_without_dialogues_does_not_speak_of_them(tmp_path: Path) -> None:
    text = card_of([utterance(1)], tmp_path / "dataset")
    assert "dialogue" not in text.lower()


@pytest.mark.parametrize("more", [[], [utterance(1)]])
def test_the_quick_start_runs(
    tmp_path: Path,
    load: Load,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    more: list[Utterance],
) -> None:
    import datasets

    text = card_of([*more, *booked(split="train")], tmp_path / "dataset")
    opened, cache = datasets.load_dataset, str(tmp_path / "cache")
    monkeypatch.setattr(datasets, "load_dataset", lambda *names: opened(*names, cache_dir=cache))
    blocks = [part.partition("```")[0] for part in text.split("```python\n")[1:]]
    assert len(blocks) == (4 if more else 2)
    exec("\n".join(blocks).replace("path/to/this/folder", str(tmp_path / "dataset")), {})
    said = capsys.readouterr().out.splitlines()
    assert said[-13] == "user ['INFORM_INTENT', 'INFORM:city'] i want a table in Oslo"
    assert said[-1] == str(chat(booked()))


def test_hostile_dialogues_leave_the_card_whole(tmp_path: Path, load: Load) -> None:
    rows = []
    for number, text in enumerate(HOSTILE):
        slots = (Slot(0, 5, text, text),)
        made = dialogue(
            text, number, user("INFORM:s", "x"), system("GOODBYE", "y"),
            intent=text, outcome=text, split="train",
        )  # fmt: skip
        state = ((text, text),)
        rows += [
            replace(row, text=text, slots=slots, state=state if row.state is not None else None)
            for row in made
        ]
    text = card_of([*rows, utterance(1)], tmp_path / "dataset")
    assert_markdown_is_whole(text, [*HEADINGS[:3], "## Dialogues", *HEADINGS[3:6]])
    assert "\u202e" not in text.partition("## Dialogues")[2]
    part = load(tmp_path / "dataset", name="dialogues")["train"]
    assert [row["turns"][0]["text"] for row in part] == HOSTILE
    assert part["flow"] == HOSTILE


def test_a_long_dialogue_is_no_sample(tmp_path: Path) -> None:
    line = system("REQUEST:a", "What now?"), user("UNCLEAR", "long story")
    long = dialogue("f", 1, *line * 20, split="train")
    assert "user: long story" not in card_of([*long, *booked(split="train")], tmp_path / "a")
    assert "user: long story" in card_of(long, tmp_path / "b")


def test_golden_card_of_dialogues(tmp_path: Path) -> None:
    """TEXTSYNTH_UPDATE_GOLDEN=1 writes the file anew."""
    golden = Path(__file__).parent / "golden" / "card-dialogues.md"
    text = card_of(in_splits(), tmp_path / "dataset")
    if os.environ.get("TEXTSYNTH_UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8", newline="\n")
    assert text == golden.read_text(encoding="utf-8")

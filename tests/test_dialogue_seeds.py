"""Real dialogues: how they are read, scrubbed in their context, and made into a pack."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from textsynth import scrub
from textsynth.corpus import utterances
from textsynth.dialogue import flowfile, simulate, words
from textsynth.errors import RunError, SeedError
from textsynth.pipeline.dialogueseeds import Scrubbed, chosen, read, scrubbed
from textsynth.pipeline.newpack import new_from_dialogues
from textsynth.scrub.answers import InDialogues, Turn
from textsynth.scrub.spans import Found

SECRET = b"s" * 32
NAMES = ("Jane Roe", "Sam Poe", "Ines Vale", "Kofi Lund", "Mara Quill", "Otis Brandt")


class Names:
    """Finds the names of `NAMES` and nothing else."""

    def detect(self, texts: Sequence[str], progress: object = None) -> list[list[Found]]:
        known = re.compile("|".join(map(re.escape, NAMES)))
        return [
            [Found(*match.span(), "PERSON", 0.95) for match in known.finditer(text)]
            for text in texts
        ]


def line(*turns: str, **labels: Any) -> str:
    """A dialogue: `u hello`, or `s:act hello`."""
    rows = []
    for turn in turns:
        head, _, text = turn.partition(" ")
        speaker, _, act = head.partition(":")
        row = {"speaker": {"u": "user", "s": "system"}[speaker], "text": text}
        rows.append({**row, "act": act} if act else row)
    return json.dumps({"turns": rows, **labels})


def report(name: str, account: str, pin: str, pet: str) -> str:
    return line(
        "u someone took money from my account",
        "s:ask_name May I have your name?",
        f"u I am {name}",
        "s:ask_account_number And your account number?",
        f"u {account}",
        "s:ask_pin And your PIN, please?",
        f"u {pin}",
        "s:ask_pets_name What was the name of your first pet?",
        f"u {pet}",
        "s:inform_submitted Your report has been submitted.",
        "u thank you",
    )


PLANTED = [
    (name, f"{71840000 + 7919 * at}", f"{4107 + 13 * at}", pet)
    for at, (name, pet) in enumerate(
        zip(NAMES, ("Wuffles", "pumpkin", "Tibbles", "Rexy", "mittens", "Zorro"), strict=True)
    )
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "calls.jsonl"
    path.write_text("\n".join(report(*planted) for planted in PLANTED), encoding="utf-8")
    return path


def written(tmp_path: Path, *lines: str | bytes) -> Path:
    path = tmp_path / "some.jsonl"
    path.write_bytes(b"\n".join(one if isinstance(one, bytes) else one.encode() for one in lines))
    return path


def made(file: Path, folder: Path, key_file: Path, **options: Any) -> list[Path]:
    return new_from_dialogues(file, folder, key_file=key_file, make_detector=Names, **options)


# -- reading ----------------------------------------------------------------------------------

GOOD = line("u hello", "s hi there")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"\xff\xfe", "not_utf8"),
        ("{", "not_json"),
        ("[1]", "not_an_object"),
        ("{}", "turns_missing"),
        ('{"turns": 3}', "turns_not_a_list"),
        ('{"turns": ["hello"]}', "turn_not_an_object"),
        ('{"turns": [{"text": "a"}]}', "speaker_missing"),
        ('{"turns": [{"speaker": "narrator", "text": "a"}]}', "speaker_unknown"),
        ('{"turns": [{"speaker": 1, "text": "a"}]}', "speaker_unknown"),
        ('{"turns": [{"speaker": "user"}]}', "text_missing"),
        ('{"turns": [{"speaker": "user", "text": 4}]}', "text_not_text"),
        ('{"turns": [{"speaker": "user", "text": " "}]}', "text_empty"),
        ('{"turns": [{"speaker": "user", "text": "\\ud800"}]}', "text_not_unicode"),
        ('{"turns": [{"speaker": "user", "text": "a", "act": {}}]}', "act_not_text"),
        ('{"turns": [{"speaker": "user", "text": "a", "act": "\\ud83d"}]}', "text_not_unicode"),
        ('{"turns": [{"speaker": "user", "text": "a", "intent": "\\ud83d"}]}', "text_not_unicode"),
        ('{"turns": [{"speaker": "user", "text": "a", "intent": 1}]}', "intent_not_text"),
        ('{"turns": [{"speaker": "user", "text": "a", "slots": 1}]}', "slots_not_a_list"),
        ('{"turns": []}', "no_user_turn"),
        (line("u hello"), "no_system_turn"),
        (line("s hello"), "no_user_turn"),
        (line("u hello", "s hi", outcome="great"), "outcome_unknown"),
    ],
)
def test_a_bad_dialogue_goes_to_quarantine(tmp_path: Path, bad: str | bytes, reason: str) -> None:
    found = read(written(tmp_path, GOOD, bad), secret=SECRET)
    (one,) = found.quarantined
    assert (one.line, one.reason, len(found.dialogues)) == (2, reason, 1)


def test_a_long_line_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textsynth.linefile.MAX_LINE", 2 * len(GOOD))
    found = read(written(tmp_path, GOOD, line("u " + "a" * 999, "s hi"), GOOD), secret=SECRET)
    (one,) = found.quarantined
    assert (one.line, one.reason, found.duplicates) == (2, "line_too_long", 1)


def test_a_file_without_a_dialogue_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=r"some.jsonl:1: .*1 not_json"):
        read(written(tmp_path, "{"), secret=SECRET)
    with pytest.raises(SeedError, match="holds no lines"):
        read(written(tmp_path, ""), secret=SECRET)
    with pytest.raises(SeedError, match="no such file"):
        read(tmp_path / "none.jsonl", secret=SECRET)


def test_a_kind_of_file_that_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x")
    with pytest.raises(SeedError, match=r"\.csv"):
        read(tmp_path / "a.csv", secret=SECRET)


def test_chats_are_read_without_their_prompts(tmp_path: Path) -> None:
    chat = {
        "messages": [
            {"role": "system", "content": "You are helpful."},
            {"role": "assistant", "content": "Hello"},
            {"role": "user", "content": "hi"},
        ]
    }
    (one,) = read(written(tmp_path, json.dumps(chat)), secret=SECRET).dialogues
    assert [(t.speaker, t.utterance.text) for t in one.turns] == [
        ("system", "Hello"),
        ("user", "hi"),
    ]


def test_turns_of_one_speaker_are_joined_with_their_slots(tmp_path: Path) -> None:
    second = {"start": 3, "end": 9, "label": "city"}
    turns = [
        {"speaker": "user", "text": "hello"},
        {"speaker": "user", "text": "to London", "slots": [second], "acts": ["INFORM:city"]},
        {"speaker": "system", "text": "ok"},
    ]
    found = read(written(tmp_path, json.dumps({"turns": turns})), secret=SECRET)
    turn = found.dialogues[0].turns[0]
    (slot,) = turn.utterance.slots
    assert (turn.utterance.text, found.merged) == ("hello to London", 1)
    assert (slot.text if hasattr(slot, "text") else turn.utterance.text[slot.start :]) == "London"
    assert turn.acts == ("INFORM:city",)


def test_equal_dialogues_are_read_once_and_gzip_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(f"{GOOD}\n\n{GOOD}\n".encode()))
    found = read(path, secret=SECRET)
    assert (len(found.dialogues), found.duplicates) == (1, 1)


def test_flags_say_how_it_ended(tmp_path: Path) -> None:
    rows = [
        line("u a", "s b", happy=True, complete=True),
        line("u b", "s b", happy=True, complete=False),
        line("u c", "s b", outcome="abandoned"),
        line("u d", "s b"),
    ]
    found = read(written(tmp_path, *rows), secret=SECRET).dialogues
    assert [one.outcome for one in found] == ["success", "failure", "abandoned", None]


def test_the_choice_does_not_depend_on_the_secret(file: Path) -> None:
    def texts(secret: bytes) -> list[str]:
        own = chosen(read(file, secret=secret).dialogues, 3, seed=1)
        return [one.turns[2].utterance.text for one in own]

    assert texts(SECRET) == texts(b"t" * 32)
    assert len(texts(SECRET)) == 3


# -- what a turn tells in its dialogue --------------------------------------------------------


def told(*turns: str) -> list[list[tuple[str, str]]]:
    """(surface, entity) of each turn: `u text` or `s text`."""
    rows = [Turn("d", {"u": "user", "s": "system"}[t[0]], t[2:]) for t in turns]
    found = InDialogues(Names(), rows).detect([row.text for row in rows])
    return [
        [(row.text[one.start : one.end], one.entity) for one in own]
        for row, own in zip(rows, found, strict=True)
    ]


@pytest.mark.parametrize(
    ("question", "answer", "found"),
    [
        ("Your PIN?", "9503", [("9503", "PIN")]),
        ("Your PIN?", "either 9503 or 7402", [("9503", "PIN"), ("7402", "PIN")]),
        ("Your account number?", "85731890", [("85731890", "ACCOUNT_NUMBER")]),
        ("And your date of birth?", "the 3rd of May 1971", [("3rd of May 1971", "DATE_OF_BIRTH")]),
        ("What was your pet's name?", "pumpkin", [("pumpkin", "PERSON")]),
        ("What was your pet's name?", "I think it was Rex", [("Rex", "PERSON")]),
        ("What was your pet's name?", "I don't remember", []),
        ("Your name?", "Jane Roe", [("Jane Roe", "PERSON")]),
        ("Your password?", "tangerine", [("tangerine", "SECRET")]),
        ("How much was it?", "500 dollars", []),
        ("Your PIN?", "someone took 5000 dollars", []),
        ("Anything else?", "no thanks", []),
    ],
)
def test_a_turn_tells_what_was_asked(
    question: str, answer: str, found: list[tuple[str, str]]
) -> None:
    assert told(f"s {question}", f"u {answer}")[1] == found


def test_what_was_found_once_is_found_in_the_whole_dialogue() -> None:
    found = told("s Your PIN?", "u 9503", "s Is it 9503?", "u yes, 9503")
    assert found[2:] == [[("9503", "PIN")], [("9503", "PIN")]]


def test_nothing_passes_from_one_dialogue_to_the_next() -> None:
    rows = [Turn("a", "system", "Your PIN?"), Turn("b", "user", "9503")]
    assert InDialogues(Names(), rows).detect(["Your PIN?", "9503"]) == [[], []]


def scrubbed_of(path: Path) -> Scrubbed:
    """The dialogues of a file, scrubbed of `NAMES`."""
    dialogues = read(path, secret=SECRET).dialogues
    return scrubbed(dialogues, detector=Names(), settings=scrub.Settings(), secret=SECRET, seed=0)


def test_a_value_has_one_surrogate_in_all_turns(file: Path) -> None:
    side = scrubbed_of(file)
    assert len(side.examples) == len(PLANTED)
    assert side.counts == {"account_number": 6, "person": 12, "pin": 6}
    assert [slot.label for slot in side.examples[0].turns[2].pattern.slots] == ["person"]


def test_what_a_turn_means_is_scrubbed(tmp_path: Path) -> None:
    slot = {"start": 5, "end": 12, "label": "contact", "value": "Jane Roe"}
    turns = [
        {"speaker": "user", "text": "call my wife", "slots": [slot]},
        {"speaker": "system", "text": "I am calling Jane Roe."},
    ]
    path = tmp_path / "dialogues.jsonl"
    path.write_text(json.dumps({"turns": turns}))
    side = scrubbed_of(path)
    wife, said = side.examples[0].turns
    (value,) = wife.values.values()
    assert value.surface == "my wife" and value.canonical in [
        v.surface for v in said.values.values()
    ]
    assert "Jane" not in str(side.examples)


# -- the pack ---------------------------------------------------------------------------------


def secrets() -> set[str]:
    return {word for planted in PLANTED for value in planted for word in value.split()}


def test_nothing_planted_is_written(file: Path, tmp_path: Path, key_file: Path) -> None:
    key_file.parent.mkdir()
    key_file.write_bytes(b"k" * 32)  # of any other secret, a surrogate may be called like somebody
    key_file.chmod(0o600)
    files = made(file, tmp_path / "pack", key_file, name="Fraud report")
    names = [one.relative_to(tmp_path / "pack").as_posix() for one in files]
    assert names == [
        "recipe.yaml",
        "flows/fraud_report.yaml",
        "flows/_lists.yaml",
        "seeds.jsonl",
        "README.md",
    ]
    text = "\n".join(one.read_text(encoding="utf-8") for one in files).casefold()
    assert [one for one in secrets() if re.search(rf"\b{one.casefold()}\b", text)] == []
    turns = simulated(tmp_path / "pack/flows", "fraud_report")
    assert turns
    said = "\n".join(turns).casefold()
    assert [one for one in secrets() if re.search(rf"\b{one.casefold()}\b", said)] == []


def simulated(folder: Path, name: str) -> list[str]:
    flows = flowfile.load(folder)
    own = words.words(flows, None, seed=0)[name]
    rows = simulate.simulate(flows.files[name].flow, own, range(20), seed=0)
    return [row.text for row in utterances(rows)]


def test_the_seeds_are_the_user_turns_where_they_were_said(
    file: Path, tmp_path: Path, key_file: Path
) -> None:
    made(file, tmp_path / "pack", key_file)
    rows = [json.loads(row) for row in (tmp_path / "pack/seeds.jsonl").read_text().splitlines()]
    assert len(rows) == 5 * len(PLANTED) + len(PLANTED)
    assert {row["intent"].partition("/")[0] for row in rows} == {"calls"}
    for row in rows:
        for slot in row["slots"]:
            assert row["text"][slot["start"] : slot["end"]].strip()


def test_the_same_key_gives_the_same_pack(file: Path, tmp_path: Path, key_file: Path) -> None:
    one = made(file, tmp_path / "one", key_file)
    two = made(file, tmp_path / "two", key_file)
    assert [a.read_bytes() for a in one] == [b.read_bytes() for b in two]


def test_what_was_not_read_is_told_without_its_text(tmp_path: Path, key_file: Path) -> None:
    path = written(tmp_path, GOOD, '{"turns": "Jane Roe"}')
    *_, last = made(path, tmp_path / "pack", key_file)
    assert last.name == "quarantine.jsonl"
    assert json.loads(last.read_text()).keys() == {"file", "line", "reason", "hash"}
    assert "Jane" not in last.read_text()


def test_an_act_that_tells_a_name_is_not_used(tmp_path: Path, key_file: Path) -> None:
    rows = [line("u hello", "s:greet_Jane_Roe Hello", "u I am Jane Roe"), GOOD]
    files = made(written(tmp_path, *rows), tmp_path / "pack", key_file)
    assert "roe" not in "\n".join(one.read_text() for one in files).casefold()


def test_a_folder_that_is_taken_is_left_alone(file: Path, tmp_path: Path, key_file: Path) -> None:
    with pytest.raises(RunError, match="something already"):
        made(file, tmp_path, key_file)


def test_a_limit_takes_fewer(file: Path, tmp_path: Path, key_file: Path) -> None:
    made(file, tmp_path / "pack", key_file, limit=2)
    assert "from 2 dialogues" in (tmp_path / "pack/flows/calls.yaml").read_text()


HOSTILE = ("{a} [b] (c|d) <e> ; \\ {", "🙂🙂", "\u202eright to left", "a\nb\tc", "x" * 10_000,
           "- : # & * ! | > % @ `", "\x00\x7f\ufeff", "null", "' \" ''' \"\"\"")  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_said_as_it_is(text: str, tmp_path: Path, key_file: Path) -> None:
    row = json.dumps(
        {
            "turns": [
                {"speaker": "user", "text": text},
                {"speaker": "system", "text": text, "act": text},
                {"speaker": "user", "text": f"{text} again"},
            ]
        }
    )
    made(written(tmp_path, row), tmp_path / "pack", key_file, name="x")
    assert " ".join(text.split()) in simulated(tmp_path / "pack/flows", "x")[0]

"""Twins: what is swapped, what is not, and where slots and patterns stand afterwards."""

from __future__ import annotations

import gzip
import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsynth import firstnames, gendered, patterns, pronouns, swaps
from textsynth.corpus import Slot, Utterance, substitute
from textsynth.patterns import Value

DATA = Path(os.environ.get("TEXTSYNTH_EVAL_DATA", "/nowhere"))


def twin_of(text: str, **slots: str) -> str:
    """The twin's text; slots are given as label=surface."""
    spans = tuple(
        Slot(text.index(surface), text.index(surface) + len(surface), label, surface)
        for label, surface in slots.items()
    )
    return substitute(text, swaps.replacements(text, spans))[0]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("tell him he's late", "tell her she's late"),
        ("SHE said so", "HE said so"),
        ("He hurt himself", "She hurt herself"),
        ("a friend of his", "a friend of hers"),
        ("is it his?", "is it hers?"),
        ("his is the red one", "hers is the red one"),
        ("call his mobile", "call her mobile"),
        ("is this hers", "is this his"),
        ("they said they would, tell them", "they said they would, tell them"),
    ],
)
def test_pronouns(text: str, wanted: str) -> None:
    assert twin_of(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("call her", "call him"),
        ("tell her to come", "tell him to come"),
        ("ask her, please", "ask him, please"),
        ("call her back", "call him back"),
        ("give her 5 pounds", "give him 5 pounds"),
        ("let her sleep", "let him sleep"),
        ("make her happy", "make him happy"),
        ("drive her home", "drive him home"),
        ("wish her happy birthday", "wish him happy birthday"),
        ("text her quickly", "text him quickly"),
        ("call her mobile", "call his mobile"),
        ("her back hurts", "his back hurts"),
        ("stay home because her back hurts", "stay home because his back hurts"),
        ("give her mother a ring", "give his father a ring"),
        ("turn on Her lamp", "turn on His lamp"),
    ],
)
def test_her_is_him_or_his(text: str, wanted: str) -> None:
    assert twin_of(text) == wanted


def test_tags_decide_where_words_do_not() -> None:
    text = "buy her flowers"
    assert substitute(text, swaps.replacements(text, tags={4: "PRP"}))[0] == "buy him flowers"
    assert substitute(text, swaps.replacements(text, tags={4: "PRP$"}))[0] == "buy his flowers"
    assert pronouns.needs_tags(text) and not pronouns.needs_tags("ring her and call her mother")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ring Mrs Walker", "ring Mr Walker"),
        ("Mr. Walker is here", "Ms. Walker is here"),
        ("yes sir", "yes ma'am"),
        ("Sir Walker called", "Dame Walker called"),
        ("I miss you", "I miss you"),
        ("my mother-in-law's bag", "my father-in-law's bag"),
        ("MUM and my aunties", "DAD and my uncles"),
        ("my ex-wife and her sisters", "my ex-husband and his brothers"),
        ("an actress and two waitresses", "an actor and two waiters"),
        ("the old ladies", "the old gentlemen"),
        ("who is the queen of Spain", "who is the king of Spain"),
        ("the heroine dies", "the hero dies"),
    ],
)
def test_titles_and_nouns(text: str, wanted: str) -> None:
    assert twin_of(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "he or she may come",
        "happy Mother's Day",
        "a king size bed",
        "oh man, it is late",
        "my wife is pregnant",
        "when is her maternity leave over",
        "ladies and gentlemen",
        "write to mum@example.com",
        "wake me in May",
        "Will you mark this? Rob me of sleep in April",
        "what is on in January",
        "turn on the lights in Charlotte",
        "nothing of anybody here",
        "",
        "\U0001f468 \u05d0\u05d1\u05d0 \u200f",
    ],
)
def test_left_alone(text: str) -> None:
    assert twin_of(text) == text


def gender(name: str) -> str | None:
    known = firstnames.known(name)
    assert known is not None, name
    return known.gender


def test_names_become_names_of_the_other_gender_and_like_origin() -> None:
    for name in ("Priya", "Omar", "Kofi", "Ingrid", "Tomasz", "Sarah", "Takeshi"):
        other = twin_of(f"please call {name} now").split()[2]
        assert {gender(name), gender(other)} == {"female", "male"}
        one, two = firstnames.known(name), firstnames.known(other)
        assert one and two and one.origin == two.origin
        assert (name[0] in "AEIOU") == (other[0] in "AEIOU")


def test_a_surname_stays_and_one_name_has_one_other() -> None:
    words = twin_of("Sarah James rang, call Sarah, then Emma").replace(",", "").split()
    assert words[1] == "James" and words[0] == words[4] != words[6]
    assert twin_of("call Mr James") == "call Ms James"
    assert twin_of("sarah is here").islower() and twin_of("sarah is here") != "sarah is here"


def test_a_name_is_told_by_its_slot() -> None:
    assert twin_of("call Grace", contact="Grace") != "call Grace"
    assert twin_of("call Grace") == "call Grace"
    assert twin_of("play Sarah by Emma", song="Sarah", artist="Emma") == "play Sarah by Emma"
    assert twin_of("play her song by Emma", artist="Emma") == "play her song by Emma"
    assert twin_of("weather in Sarah", city="Sarah") == "weather in Sarah"


def test_names_that_may_not_be_given_are_not() -> None:
    usual = swaps.other_name("sarah", "male", "english", set(), None)
    other = swaps.other_name("sarah", "male", "english", set(), lambda name: name != usual)
    assert usual and other and usual != other
    text = "call Sarah"
    assert swaps.replacements(text, allowed=lambda name: False) == []


def test_a_possessive_without_s_gets_one() -> None:
    made = twin_of("that is James' car")
    assert made.endswith("'s car") and not made.endswith("s's car")


def utterance(**changed: Any) -> Utterance:
    plain: dict[str, Any] = {
        "id": "template/call/1",
        "text": "tell my wife's sister {here} to bring her phone to mum at six",
        "intent": "call",
        "slots": (
            Slot(5, 12, "contact", "Wife"),
            Slot(51, 54, "contact", "Mum"),
            Slot(58, 61, "time", "06:00"),
        ),
        "pattern": "tell {contact}'s sister \\{here\\} to bring her phone to {contact:b} at {time}",
        "origin": "template",
        "generation": 1,
        "parents": ("t1",),
        "scores": {"margin": 0.5},
        "split": "train",
    }
    return Utterance(**{**plain, **changed})


def test_slots_values_and_pattern_move_with_the_text() -> None:
    row = utterance()
    twin = swaps.twin(row)
    assert twin is not None
    assert twin.text == "tell my husband's brother {here} to bring his phone to dad at six"
    surfaces = [twin.text[slot.start : slot.end] for slot in twin.slots]
    assert surfaces == ["my husband", "dad", "six"]
    assert [slot.value for slot in twin.slots] == ["my husband", "Dad", "06:00"]
    assert (
        twin.pattern
        == "tell {contact}'s brother \\{here\\} to bring his phone to {contact:b} at {time}"
    )
    assert (twin.id, twin.parents) == ("template/call/1/twin", ("template/call/1", "t1"))
    assert (twin.origin, twin.generation, twin.split, twin.scores) == ("template", 1, "train", {})
    values = {
        ref.name: Value(twin.text[slot.start : slot.end], slot.value)
        for ref, slot in zip(patterns.parse(twin.pattern).slots, twin.slots, strict=True)
    }
    assert patterns.realise(patterns.parse(twin.pattern), values) == (twin.text, twin.slots)


def test_a_pattern_that_does_not_fit_is_made_anew() -> None:
    twin = swaps.twin(utterance(pattern="something else"))
    assert twin is not None and twin.pattern is not None
    assert twin.pattern.startswith("tell {contact}'s brother")


def test_nothing_to_swap_gives_no_twin() -> None:
    assert swaps.twin(utterance(text="lights off", slots=(), pattern=None)) is None
    assert swaps.twin(utterance(language="de")) is None


def test_a_pattern_and_its_twin_are_one_family() -> None:
    row = utterance()
    twin = swaps.twin(row)
    assert twin and twin.pattern and row.pattern
    assert swaps.family(row.pattern) == swaps.family(twin.pattern)
    assert swaps.family("call her {device}") == swaps.family("call his {device}")
    assert swaps.family("lights off") == "lights off"


def test_other_origins_keep_the_gender() -> None:
    text = "call Sarah and Omar"
    made = substitute(text, swaps.renamed(text))[0].split()
    for before, after in ((1, "Sarah"), (3, "Omar")):
        one, two = firstnames.known(after), firstnames.known(made[before])
        assert one and two and one.gender == two.gender and one.origin != two.origin


def test_both_sides_of_a_pair_take_the_same_article() -> None:
    for word, (_, other) in gendered.nouns().items():
        assert (word[0] in "aeiou") == (other[0] in "aeiou"), (word, other)


@given(
    st.text(st.sampled_from("he his her Sarah Mr mum's {}\\.' \n\u2019\u200f\u00e9"), max_size=60)
)
def test_any_text_gives_spans_that_fit(text: str) -> None:
    made = swaps.replacements(text)
    assert all(text[start:end] for start, end, _ in made)
    assert made == sorted(made) and all(a[1] <= b[0] for a, b in pairwise(made))
    swaps.twin(Utterance(id="a", text=text, pattern=patterns.escape(text)))


# -- pairs that people wrote ------------------------------------------------------------------


def lines(name: str) -> list[dict[str, Any]]:
    path = DATA / name / "data.jsonl.gz"
    if not path.exists():
        pytest.skip(f"set TEXTSYNTH_EVAL_DATA to a folder that has {name}")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_winogender() -> None:
    read = lines("bias_winogender")
    pairs = [(read[at]["text"], read[at + 1]["text"]) for at in range(0, len(read), 3)]
    both = pairs + [(female, male) for male, female in pairs]
    right = sum(twin_of(text) == wanted for text, wanted in both)
    assert right / len(both) > 0.99


def test_winobias() -> None:
    pairs: dict[Any, dict[str, str]] = {}
    for row in lines("bias_winobias"):
        pairs.setdefault((row["type"], row["id"], row["split"]), {})[row["polarity"]] = row["text"]
    both = [(p["pro"], p["anti"]) for p in pairs.values()]
    both += [(anti, pro) for pro, anti in both]
    # lines with a slip of the pen count as wrong
    assert sum(twin_of(text) == wanted for text, wanted in both) / len(both) > 0.97

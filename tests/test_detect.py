"""Detection: the engine, the models' words weighed, and what long or hostile texts do to it."""

from __future__ import annotations

import pytest

from textsynth import models
from textsynth.errors import ModelError, RecipeError
from textsynth.scrub import Detector, Recognizer, Settings
from textsynth.scrub.lexicon import Lexicon
from textsynth.scrub.spans import Found, completed, resolve
from textsynth.scrub.weigh import weighed

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def location() -> object:
    return models.spacy_source("en").location


@pytest.fixture(scope="module")
def detector(location: object) -> Detector:
    return Detector("en", location, Settings())


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    index = {
        "noun": ["comedy", "film", "turn", "week", "security"],
        "adjective": ["social"],
        "adverb": ["unfortunately"],
        "verb": ["turn", "carry"],
    }
    return Lexicon(index, ["the", "among", "her"])


def found(detector: Detector, text: str) -> dict[str, str]:
    return {text[one.start : one.end]: one.entity for one in detector.detect([text])[0]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my name is Siti Rahmawati", {"Siti Rahmawati": "PERSON"}),
        ("call imogen farrow please", {"imogen farrow": "PERSON"}),
        ("hello this is mr. chad farmer", {"chad farmer": "PERSON"}),
        ("i live at 14 elm road", {"14 elm road": "STREET_ADDRESS"}),
        ("ship it to 12 Rue Victor Hugo, 75001 Paris", None),
        ("my pin is one two three four", {"one two three four": "PIN"}),
        (
            "write to john dot smith at gmail dot com",
            {"john dot smith at gmail dot com": "EMAIL_ADDRESS"},
        ),
        ("I was born on 5 May 1980", {"5 May 1980": "DATE_OF_BIRTH"}),
        ("the weather in Denmark", {"Denmark": "LOCATION"}),
        ("logged 2007-03-23 18:43:36 here", {"2007-03-23 18:43:36": "DATE"}),
    ],
)
def test_finds(detector: Detector, text: str, expected: dict[str, str] | None) -> None:
    if expected is None:
        assert set(found(detector, text).values()) & {"STREET_ADDRESS", "LOCATION", "POSTCODE"}
    else:
        assert found(detector, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "turn on the lights in the kitchen",
        "what is on next friday at nine",
        "Unfortunately the appointment was moved",
        "please call me back ASAP about the ATM",
        "set a timer for in ten minutes",
        "an Italian restaurant nearby",
    ],
)
def test_leaves_ordinary_words(detector: Detector, text: str) -> None:
    assert found(detector, text) == {}


def test_offsets_are_characters(detector: Detector) -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    text = f"\U0001f600{family} e\u0301crit \u0430 — mail joe@example.org"
    (one,) = detector.detect([text])[0]
    assert text[one.start : one.end] == "joe@example.org"


@pytest.mark.parametrize("text", ["", " ", "\x00\x01\x02", "\ud7ff", "\u202e\u200b", "\n" * 50])
def test_odd_texts_do_not_break_it(detector: Detector, text: str) -> None:
    assert detector.detect([text, text]) == [[], []]


def test_a_long_text_is_read_to_its_end(detector: Detector) -> None:
    text = "We talked about the garden. " * 2000 + "Write to jane.roe@example.net now."
    spans = detector.detect([text])[0]
    assert [text[one.start : one.end] for one in spans] == ["jane.roe@example.net"]


def test_context_words_lift_a_pattern(location: object) -> None:
    badge = Recognizer("REFERENCE_NUMBER", r"\bQX\d{4}\b", 0.2, ("badge",))
    own = Detector("en", location, Settings(recognizers=(badge,)))
    # "badges": the lemma counts, so that the tagger and the lemmatiser must have run.
    assert found(own, "our badges say QX4711 today") == {"QX4711": "REFERENCE_NUMBER"}
    assert found(own, "the product is QX4711 today") == {}


def test_allow_and_deny(location: object) -> None:
    settings = Settings(allow=("Jane Roe",), deny={"organisation": ("blue team",)})
    own = Detector("en", location, settings)
    assert found(own, "Jane Roe of blue team met John Miller") == {
        "blue team": "ORGANIZATION",
        "John Miller": "PERSON",
    }


def test_precision_mode_wants_a_second_word() -> None:
    assert Settings().threshold < Settings(mode="precision").threshold
    assert Settings(mode="precision", min_score=0.1).threshold == 0.1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(recognizers=(Recognizer("PERSN", "x"),)), "PERSN"),
        (Settings(recognizers=(Recognizer("PERSON", "(x"),)), "no regular expression"),
        (Settings(recognizers=(Recognizer("PERSON", "x", 2),)), "score 2"),
        (Settings(deny={"persn": ("x",)}), "persn"),
        (Settings(mode="eager"), "eager"),
    ],
)
def test_wrong_settings(settings: Settings, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        settings.check(())


def test_a_missing_model_says_how_to_install_one() -> None:
    with pytest.raises(ModelError, match="nowhere") as caught:
        Detector("en", "nowhere", Settings())
    assert "spacy download" in str(caught.value)


# -- what the dictionary makes of the models' words


@pytest.mark.parametrize(
    ("text", "entity", "kept"),
    [
        ("a comedy film by her", (2, 13, "ORGANIZATION", 0.7), False),
        ("Unfortunately it rained", (0, 13, "PERSON", 0.7), False),
        ("the ASAP team", (4, 8, "ORGANIZATION", 0.95), False),
        ("I met Zorblat there", (6, 13, "PERSON", 0.7), True),
        ("met zorblat there", (4, 11, "PERSON", 0.7), True),
        ("The old Zoo zorblat works", (12, 19, "ORGANIZATION", 0.7), False),
        ("an Italian film", (3, 10, "NRP", 0.95), False),
    ],
)
def test_the_dictionary_refutes(
    lexicon: Lexicon, text: str, entity: tuple[int, int, str, float], kept: bool
) -> None:
    sure = [one for one in weighed(text, [entity], lexicon) if one[3] >= Settings().threshold]
    assert bool(sure) is kept


def test_lists_find_what_models_miss(lexicon: Lexicon) -> None:
    text = "Gretchen said hello to anna schneider in Denmark"
    names = {text[a:b]: n for a, b, n, _ in weighed(text, [], lexicon)}
    assert names == {"Gretchen": "PERSON", "anna schneider": "PERSON", "Denmark": "LOCATION"}


# -- spans put together


def test_what_sticks_out_stays_found() -> None:
    text = "Ann Lee Brown called"
    spans = resolve(text, [Found(0, 7, "PERSON", 0.9), Found(4, 13, "ORGANIZATION", 0.5)])
    assert [(text[one.start : one.end], one.entity) for one in spans] == [
        ("Ann Lee", "PERSON"),
        ("Brown", "ORGANIZATION"),
    ]


def test_joining_words_that_stick_out_do_not() -> None:
    text = "Ann and the"
    spans = resolve(text, [Found(0, 3, "PERSON", 0.9), Found(0, 11, "ORGANIZATION", 0.5)])
    assert [text[one.start : one.end] for one in spans] == ["Ann"]


@pytest.mark.parametrize(
    ("text", "start", "end", "entity", "expected"),
    [
        ("at 12b, Elm Road now", 8, 16, "STREET_ADDRESS", ["12b, Elm Road"]),
        ("in Leeds 12345 now", 3, 8, "LOCATION", ["Leeds", "12345"]),
        ("in Leeds,\n NY 12345-6789", 3, 8, "LOCATION", ["Leeds", "NY 12345-6789"]),
        (
            "12 Elm Rd.\nToft\n, SY\n 04828",
            0,
            9,
            "STREET_ADDRESS",
            ["12 Elm Rd", "Toft\n, SY\n 04828"],
        ),
        ("in Leeds 1999.50 now", 3, 8, "LOCATION", ["Leeds"]),
        ("on 2001-02-03T04:05Z ok", 3, 13, "DATE", ["2001-02-03T04:05Z"]),
    ],
)
def test_addresses_and_dates_are_completed(
    text: str, start: int, end: int, entity: str, expected: list[str]
) -> None:
    spans = resolve(text, completed(text, [Found(start, end, entity, 0.8)]))
    assert [text[one.start : one.end] for one in spans] == expected

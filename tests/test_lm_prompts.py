"""Prompts and their inverse, styles, and what is made of the lines that come back."""

from __future__ import annotations

from collections import Counter

import pytest
from fakes import PATTERNS
from hypothesis import given
from hypothesis import strategies as st

from textsynth.lm import generate, invent, prompts, style
from textsynth.lm.decode import Completion
from textsynth.lm.prompts import Listed
from textsynth.lm.style import Style

line = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["- 5 degrees", "-", "Title:", "wake me\nat {time}", "a  b\r\n"]
)


@pytest.mark.parametrize(
    ("intent", "title"),
    [
        ("set_alarm", "Set alarm"),
        ("SetAlarm", "Set alarm"),
        ("set-alarm", "Set alarm"),
        ("HassTurnOn", "Hass turn on"),
        ("", "Sentences"),
        ("__", "Sentences"),
    ],
)
def test_title(intent: str, title: str) -> None:
    assert prompts.title(intent) == title


def test_a_prompt_ends_where_the_next_pattern_starts() -> None:
    shown = Listed("set_alarm", Style(), ("a", "b\nc"))
    assert prompts.render([shown], closed=False) == "Set alarm:\n- a\n- b c\n-"


def test_a_list_says_its_style_and_a_blank_line_parts_it() -> None:
    lists = [
        Listed("set_alarm", Style(), ("a",)),
        Listed("set_alarm", Style("short", "question"), ()),
    ]
    text = "Set alarm:\n- a\n\nSet alarm (short, question):\n-"
    assert prompts.render(lists, closed=False) == text


@given(st.text(max_size=10), st.lists(line, min_size=1, max_size=6), st.integers(0, 5))
def test_parse_undoes_render(intent: str, lines: list[str], shown: int) -> None:
    """What follows the prompt in a training text is what the model should write."""
    shown = min(shown, len(lines) - 1)
    written = [" ".join(line.split()) for line in lines]
    before = Listed("other", Style(form="command"), ("x",))

    def render(patterns: list[str], *, closed: bool) -> str:
        return prompts.render([before, Listed(intent, Style(), tuple(patterns))], closed=closed)

    whole = render(lines, closed=True)
    prompt = render(lines[:shown], closed=False)
    assert whole.startswith(prompt)
    assert prompts.parse(whole.removeprefix(prompt)) == (written[shown:], True)


@pytest.mark.parametrize(
    ("completion", "lines", "ended"),
    [
        (" wake me\n- ring at {ti", ["wake me", "ring at {ti"], False),
        (" wake me\n- ring\n", ["wake me", "ring"], True),
        (" wake me\n-", ["wake me", ""], False),
        (" wake me\n\nPlay music:\n- play", ["wake me"], True),
        (" wake me\nPlay music:\n- play", ["wake me"], True),
        (" wake me", ["wake me"], False),
        ("", [""], False),
    ],
)
def test_parse(completion: str, lines: list[str], ended: bool) -> None:
    assert prompts.parse(completion) == (lines, ended)


# -- styles -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "length", "form", "manner", "register"),
    [
        ("lamp on", "short", "command", None, None),
        ("turn the {light} in the {room} on", "medium", "command", None, None),
        ("Is the door locked?", "short", "question", None, None),
        ("what's up", "short", "question", None, None),
        ("hey is anybody there", "short", "question", None, "casual"),
        ("I need to be up by {time}", "medium", "statement", None, None),
        ("my card was stolen", "short", "statement", None, None),
        (
            "could you please turn the lights in the hall off now",
            "long",
            "question",
            "polite",
            None,
        ),
        ("i wanna hear {artist}", "short", "statement", None, "casual"),
        ("please don't wake me", "short", "command", "polite", None),
        ("so, how much do i owe", "medium", "question", None, None),
        ("", "short", "command", None, None),
    ],
)
def test_a_style_is_read_off(
    pattern: str, length: str, form: str, manner: str | None, register: str | None
) -> None:
    assert style.read(pattern) == Style(length, form, manner, register)


def test_other_languages_have_lengths_and_question_marks() -> None:
    assert style.read("kannst du mich bitte um {time} wecken?", "de") == Style("medium", "question")
    assert style.read("weck mich", "de-CH") == Style("short", None)


@pytest.mark.parametrize("dimension", style.DIMENSIONS)
def test_groups_hold_every_pattern_once_and_fit_their_style(dimension: str) -> None:
    own = [pattern for patterns in PATTERNS.values() for pattern in patterns]
    groups = style.grouped(own, dimension)
    assert sorted(pattern for _, group in groups for pattern in group) == sorted(own)
    for wanted, group in groups:
        for pattern in group:
            assert getattr(style.read(pattern), dimension) == getattr(wanted, dimension)


def test_what_is_asked_for_is_a_spread() -> None:
    asked = [style.ask(7, number) for number in range(400)]
    assert asked == [style.ask(7, number) for number in range(400)]
    counts = Counter(asked)
    assert 60 <= counts[Style()] <= 240 and len(counts) > 12
    for name in ("length", "form"):
        values = Counter(getattr(one, name) for one in asked)
        assert all(values[value] > 20 for value in style.ASKED[name])
    heads = style.heads()
    assert {f"({one.words()}):" for one in asked if one.words()} <= set(heads)
    assert all(style.ask(7, number, "de").form is None for number in range(50))


# -- prompts drawn ----------------------------------------------------------------------------


def test_prompts_depend_on_their_number_alone() -> None:
    own = PATTERNS["set_alarm"]
    made = generate.make_prompts("set_alarm", own, 6, first=0, seed=1)
    assert made[2:4] == generate.make_prompts("set_alarm", own, 2, first=2, seed=1)
    assert made != generate.make_prompts("set_alarm", own, 6, first=0, seed=2)
    assert len({prompt.key for prompt in made}) == 6
    for prompt in made:
        assert len(set(prompt.shown)) == generate.SHOWN
        assert set(prompt.shown) <= set(own)
        assert prompt.text().endswith("\n-")


def test_without_patterns_the_name_must_do() -> None:
    for prompt in generate.make_prompts("set_alarm", [], 8, first=0, seed=1):
        assert prompt.shown == ()
        assert prompt.text().startswith("Set alarm") and prompt.text().endswith(":\n-")


# -- judging ----------------------------------------------------------------------------------


def reasons(completion: str) -> list[tuple[str, str | None]]:
    """(text, reason) of each line of a completion for an intent with `{time}` and `{day}`."""
    known = {"wake me at {time": "wake me at {time}"}
    judged = judge(Completion(completion), known)
    assert all(line.intent == "alarm" for line in judged)
    return [(line.text, line.reason) for line in judged]


def judge(completion: Completion, known: dict[str, str]) -> list[generate.Judged]:
    return generate.judge(
        "alarm", completion, labels=["time", "day"], known=known, limits={"day": 2}
    )


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        (" ring at {time}\n", [("ring at {time}", None)]),
        (" on {day:day_2}\n", [("on {day:day_2}", None)]),
        (" no slot\n", [("no slot", None)]),
        (" a \\b\n", [("a b", None)]),  # in its normal written form
        ("\n- ring\n", [("", "empty_line"), ("ring", None)]),
        (" ring\n-", [("ring", None), ("", "empty_line")]),
        (" ring at {ti", [("ring at {ti", "cut_off")]),
        (" ring\n- no", [("ring", None), ("no", "cut_off")]),
        (" ring at {time\n", [("ring at {time", "malformed_pattern")]),
        (" ring at }\n", [("ring at }", "malformed_pattern")]),
        (" {time:x} {day:x}\n", [("{time:x} {day:x}", "malformed_pattern")]),
        (" ring in {city}\n", [("ring in {city}", "unknown_slot")]),
        (" ring in {city:time}\n", [("ring in {city:time}", "unknown_slot")]),
        (" ring (short, polite)\n", [("ring (short, polite)", "style_echo")]),
        (" ring (short) at {time}\n", [("ring (short) at {time}", "style_echo")]),
        (" ring (time)\n", [("ring (time)", "brackets")]),
        (" ring [twice\n", [("ring [twice", "brackets")]),
        (" an alarm:\n", [("an alarm:", "heading")]),
        (" ring: now\n", [("ring: now", None)]),
        (" at {time} {time}\n", [("at {time} {time}", "slot_repeat")]),
        (" {day} or {day:day_2}\n", [("{day} or {day:day_2}", None)]),
        (" Wake me  at {time}!\n", [("Wake me  at {time}!", "seed_echo")]),
        (f" ring\n- {generate.MASK}\n- ping\n", [("ring", None), ("", "leaked_value"),
                                                ("ping", None)]),
        (" ring\n\nPlay music:\n- play\n", [("ring", None)]),
    ],
)  # fmt: skip
def test_judge(completion: str, expected: list[tuple[str, str | None]]) -> None:
    assert reasons(completion) == expected


def test_lines_may_end_in_a_colon_where_examples_do() -> None:
    [line] = judge(Completion(" alarms:\n"), {"wake me": "wake me:"})
    assert line.reason is None


def test_lines_may_have_brackets_where_examples_do() -> None:
    lines = Completion(" ring (at noon)\n- ring (short)\n")
    judged = judge(lines, {"wake me": "wake me (please)"})
    assert [line.reason for line in judged] == [None, "style_echo"]


def test_patterns_keep_the_scores_of_their_lines() -> None:
    lines = " ring\n-\n- {city}\n- ping\n- cut"
    judged = judge(Completion(lines, (-1.0, -2.0, -3.0, -4.0)), {})
    assert [line.score for line in judged] == [-1.0, None, None, -4.0, None]
    assert [line.score for line in judge(Completion(lines), {})] == [None] * 5


def test_a_slot_may_come_as_often_as_in_a_seed() -> None:
    own = ["{city} to {city:city_2} at {time}", "{time} or {time:t}", "hello"]
    assert generate.slot_limits(own) == {"city": 2, "time": 2}


# -- values -----------------------------------------------------------------------------------

DISHES = ["lamb curry", "pad thai", "tomato soup", "crêpes"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("onion tart", None),
        ("Onion tart", "value_characters"),
        ("2 eggs", "value_characters"),
        ("a dish of many more words", "value_length"),
        ("x" * 40, "value_length"),
        ("pad thai!", "value_characters"),
    ],
)
def test_a_value_must_look_like_the_others(value: str, reason: str | None) -> None:
    assert invent.misfit(value, invent.shape(DISHES)) == reason


def test_values_are_judged() -> None:
    text = f" onion tart\n- Pad  Thai\n-\n- {generate.MASK}\n- a {{dish}}\n- beef st"
    assert invent.judge(text, known={"pad thai"}, shape=invent.shape(DISHES)) == [
        ("onion tart", None),
        ("Pad Thai", "value_repeat"),
        ("", "empty_line"),
        ("", "leaked_value"),
        ("a {dish}", "value_characters"),
        ("beef st", "cut_off"),
    ]


def test_value_prompts_show_values_under_the_slots_name() -> None:
    first, second = invent.make_prompts("served_dish", DISHES, 2, first=0, seed=1)
    assert first.text().startswith("Served dish:\n- ") and first.text().endswith("\n-")
    assert set(first.shown) == set(DISHES) == set(second.shown) and first.key != second.key


# -- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("intent", "name"),
    [
        ("set_alarm", "set alarm"),
        ("PlayMusic", "play music"),
        ("w2", None),
        ("faq_12", None),
        ("intent", None),
        ("oos", None),
        ("401k_rollover", "401k rollover"),
    ],
)
def test_a_name_as_somebody_might_type_it(intent: str, name: str | None) -> None:
    assert prompts.spoken_name(intent) == name


def test_what_is_to_be_avoided_is_not_asked_for() -> None:
    told = {style.ask(3, number, avoid={"long", "statement"}) for number in range(400)}
    lengths, forms = {one.length for one in told}, {one.form for one in told}
    assert lengths == {None, "short", "medium"} and forms == {None, "question", "command"}
    assert {style.ask(3, number).length for number in range(400)} == {
        None,
        "short",
        "medium",
        "long",
    }

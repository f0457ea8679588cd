"""Filters of what a text says: quality, memorised, leak. A helper and one line a case."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fakes import embed
from hypothesis import given
from hypothesis import strategies as st

from textsynth import patterns
from textsynth.corpus import Utterance, empty, take, to_table
from textsynth.errors import RecipeError
from textsynth.filters import Context, Verdicts
from textsynth.filters.leak import leak
from textsynth.filters.memorised import memorised
from textsynth.filters.profanity import profane
from textsynth.filters.quality import quality
from textsynth.filters.words import WORD
from textsynth.scrub import Found, Removed
from textsynth.scrub.leaks import Leaks, find_identities

SEEDS = [
    f"{start}{verb} the {{room}} {what}{end}"
    for start, verb, what, end in product(
        ("", "please ", "could you "),
        ("turn on", "switch off", "dim"),
        ("lights", "lamp"),
        ("", " now"),
    )
]
ROOMS = ("kitchen", "hall", "bedroom")


def row(written: str, at: int = 0, origin: str = "model") -> Utterance:
    """A row of a pattern; slots are filled with rooms, `{person:x}` with x."""
    pattern = patterns.parse(written)
    values = {
        slot.name: patterns.Value(surface, surface)
        for slot in pattern.slots
        for surface in [slot.name.replace("_", " ") if slot.label == "person" else ROOMS[at % 3]]
    }
    text, slots = patterns.realise(pattern, values)
    return Utterance(f"{origin}/{at}", text, "x", slots, written, origin=origin)


def table(written: Sequence[str], origin: str = "model") -> pa.Table:
    return to_table(row(one, at, origin) for at, one in enumerate(written))


REMOVED = [
    Removed("José Núñez", "person", "h"),
    Removed("john.smith@x.com", "email", "h"),
    Removed("020 7946 0123", "phone", "h"),
    Removed("Siobhan", "person", "h"),
    Removed("Will", "person", "h"),
    Removed("May", "contact", "h", full=False),
    Removed("London", "location", "h", full=False),
]


def detect(texts: Sequence[str]) -> list[list[Found]]:
    """Takes these for people, and London for a place, where they are in capitals after a word."""
    names = [("PERSON", name) for name in ("Will", "May", "Bob Ray", "Remove kitchen")]
    names += [("LOCATION", "London"), ("DATE_TIME", "Six")]
    return [
        [
            Found(text.find(name), text.find(name) + len(name), entity, 0.8)
            for entity, name in names
            if text.find(name) > 0
        ]
        for text in texts
    ]


def context(seeds: Sequence[str] = SEEDS, **more: Any) -> Context:
    return Context(
        table(seeds, "seed"),
        empty(),
        embed,
        Leaks(REMOVED, detect).places,
        seed=1,
        **{"find_identities": lambda texts: find_identities(texts, detect), **more},
    )


def judge(
    filter_: Callable[..., Verdicts],
    rows: Sequence[str],
    seeds: Sequence[str] = SEEDS,
    *,
    origin: str = "model",
    **options: Any,
) -> list[str | None]:
    """The reasons that a filter gives; what holds of all filters is checked here."""
    corpus = table(rows, origin)
    known = context(seeds)
    verdicts = filter_(corpus, known, **options)
    assert len(verdicts.reasons) == len(rows)
    for scores in verdicts.scores.values():
        assert len(scores) == len(rows) and all(map(math.isfinite, scores))
    assert corpus.equals(table(rows, origin))
    back = filter_(take(corpus, reversed(range(len(rows)))), known, **options)
    assert back.reasons == verdicts.reasons[::-1]
    left = [at for at, why in enumerate(verdicts.reasons) if why is None]
    assert filter_(take(corpus, left), known, **options).reasons == [None] * len(left)
    return verdicts.reasons


# -- quality ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("turn the {room} lights up a bit", None),
        ("could you dim everything in the {room} for me please", None),
        ("Kill the lights!", None),
        ("it's the lamp's bulb that won't work, isn't it?", None),
        ("that is very very bright", None),
        ("play some rap by a gay band", None),
        ("add spices and cumin to my list", None),
        ("shoot a message to my doctor about safe sex", None),
        ("say \u201cgood night\u201d (quietly) in the caf\u00e9", None),
        ("say \u201dgood night\u201d in the hall", None),
        ("thanks for that :)", None),
        ("lights", "length_outlier"),
        ("turn on " + " and ".join(["the lamp by the door"] * 5), "length_outlier"),
        ("turn on the lamp\x07 now", "odd_characters"),
        ("turn on the lamp \ufffd now", "odd_characters"),
        ("turn on the \u043b\u0430\u043c\u043f now", "odd_characters"),
        ("turn on the \U0001f4a1 now", "odd_characters"),
        ("turn on <lamp> now", "odd_characters"),
        ("turn on turn on turn on the lamp", "repetition"),
        ("the lamp the lamp please", "repetition"),
        ("please no no no lamp", "repetition"),
        ("turn on {room} {room} {room} now", "repetition"),
        ("turn on (the lamp now", "unbalanced"),
        ('turn on "the lamp now', "unbalanced"),
        ("turn on \u201dthe lamp now", "unbalanced"),
        ("turn on )the lamp( now", "unbalanced"),
        ("schalte bitte das Licht in der {room} aus", "wrong_language"),
        ("pon una alarma para las siete de hoy", "wrong_language"),
        ("turn glorptiva zanthree the frimbulo", "non_words"),
        ("turn on the fucking lamp", "unsafe"),
        ("turn on you stupid bitches", "unsafe"),
    ],
)
def test_quality(text: str, reason: str | None) -> None:
    assert judge(quality, [text]) == [reason]


@pytest.mark.parametrize(
    ("text", "seed"),
    [
        ("turn on turn on turn on the lamp", "go on go on go on the lamp"),
        ("dim the \U0001f4a1 now", "dim the \U0001f525 now"),
        ("turn on the fucking lamp", "the fucking lights are on"),
        ("where is the strip club", "turn on the strip club lamp"),
        ("turn on the frimbulo", "where is the frimbulo"),
        ("lights", "lamp"),
    ],
)
def test_what_the_seeds_do_passes(text: str, seed: str) -> None:
    assert judge(quality, [text], [*SEEDS, seed]) == [None]


HINDI = "मुझे कल सुबह सात बजे जगा दो"


def test_vowel_signs_are_in_words() -> None:
    assert WORD.findall(HINDI) == HINDI.split()
    assert judge(quality, ["मामा मामी को फोन करो"], [], checks=("repetition",)) == [None]
    assert judge(memorised, [f"{HINDI} ना"], [HINDI]) == [None]


@pytest.mark.parametrize(("size", "repeated"), [(50, 50), (51, 0)])
def test_a_repeated_unit_has_a_size_that_is_looked_for(size: int, repeated: int) -> None:
    twice = " ".join(f"w{at}" for at in range(size)) + " "
    verdicts = quality(table([twice * 2]), context([]), checks=("repetition",))
    assert verdicts.scores == {"repetition": [repeated]}


@pytest.mark.parametrize(
    ("text", "seed"),
    [("コーヒー", "テレビ"), ("時々", "時計"), ("1º 2ª", "uno"), ("5 \u00b5", "\u03b1")],
)
def test_letters_of_the_scripts_of_seeds_are_not_odd(text: str, seed: str) -> None:
    assert judge(quality, [text], [seed], checks=("odd_characters",)) == [None]


@pytest.mark.parametrize(
    ("language", "text"), [("ar", "أُرِيدُ كِتَابًا"), ("en", "a cafe\u0301"), ("hi", HINDI)]
)
def test_accents_make_no_unknown_word(language: str, text: str) -> None:
    verdicts = quality(table([text]), context(language=language), checks=("non_words",))
    assert verdicts.scores == {"non_word_rate": [0.0]}


def test_a_check_that_the_seeds_fail_says_nothing() -> None:
    broken = [f"{seed} (or so" for seed in SEEDS[:5]]
    assert judge(quality, ["turn on (the lamp"], [*SEEDS, *broken]) == [None]
    german = ["schalte bitte das Licht in der {room} aus"]
    assert judge(quality, german, [*SEEDS, *german], checks=("wrong_language",)) == [None]


def test_quality_without_seeds_judges_what_it_can() -> None:
    rows = ["lights", "no no no", "turn on (it", "you fucker", "a\x00b"]
    expected = [None, "repetition", "unbalanced", "unsafe", "odd_characters"]
    assert judge(quality, rows, []) == expected


def test_quality_makes_the_checks_asked_for() -> None:
    rows = table(["turn on turn on turn on (the fucking lamp"])
    verdicts = quality(rows, context(), checks=("unsafe", "unbalanced"))
    assert verdicts.reasons == ["unbalanced"]
    assert {name: list(values) for name, values in verdicts.scores.items()} == {
        "unbalanced": [1.0],
        "unsafe": [1.0],
    }


def test_seeds_pass_quality() -> None:
    assert judge(quality, ["no no no (fuck"], origin="seed") == [None]


def test_quality_says_what_it_did_not_judge() -> None:
    note = quality(table(["a lamp"]), context(language="xx")).note
    assert note == "not judged: wrong_language, non_words, perplexity, unsafe"


def test_perplexity_is_relative_to_the_seeds() -> None:
    def perplexity(texts: Sequence[str]) -> np.ndarray[Any, Any]:
        return np.array([1000.0 if "odd" in text else 10.0 + len(text) % 3 for text in texts])

    rows = table(["turn on the odd lamp", "turn on the lamp"])
    verdicts = quality(rows, context(perplexity=perplexity), checks=("perplexity",))
    assert verdicts.reasons == ["perplexity", None]
    assert verdicts.scores["perplexity"][0] == pytest.approx(math.log(1000 / 11), abs=0.1)
    few = context(SEEDS[:9], perplexity=perplexity)
    assert quality(rows, few, checks=("perplexity",)).reasons == [None, None]


def test_one_row_of_a_pattern_is_read_by_the_model() -> None:
    asked: list[list[str]] = []

    def perplexity(texts: Sequence[str]) -> np.ndarray[Any, Any]:
        asked.append(list(texts))
        return np.array([1000.0 if "odd" in text else 10.0 for text in texts])

    def of(id_: str, text: str, pattern: str, origin: str = "model") -> Utterance:
        return Utterance(id_, text, "on", pattern=pattern, origin=origin)

    rows = [
        of("b", "turn on the lamp", "turn on {what}"),
        of("c", "odd turn up the fan", "odd turn up {what}"),
        of("a", "turn on the fan", "turn on {what}"),
        of("d", "turn on the odd fan", "turn on {what}"),
        of("e", "odd", "odd", "template"),
    ]
    given_ = context(perplexity=perplexity)
    for order in (rows, rows[::-1]):
        verdicts = quality(to_table(order), given_, checks=("perplexity",))
        reasons = dict(zip((row.id for row in order), verdicts.reasons, strict=True))
        assert reasons == {"a": None, "b": None, "c": "perplexity", "d": None, "e": None}
    assert {frozenset(texts) for texts in asked[1::2]} == {
        frozenset({"odd turn up the fan", "turn on the fan"})
    }


@pytest.mark.parametrize(
    "word", ["rap", "spices", "cumin", "goats", "cocktail", "assess", "scunthorpe", "kill", "gay"]
)
def test_harmless_words(word: str) -> None:
    assert profane([word]) == set()


# -- memorised --------------------------------------------------------------------------------

LONG = "remind me to water the tomato plants behind the old {room} every second evening"


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([LONG], "memorised"),
        ([f"hello {LONG} if you can"], "memorised"),
        ([LONG.upper().replace("{ROOM}", "{room:hall}")], "memorised"),
        (["remind me to water the tomato plants behind her house"], None),  # eight tokens
        (["remind me to water the tomato plants behind the house"], "memorised"),
        (["please turn on the {room} lights now"], None),  # a seed, as short as chance
        (["water the plants every evening"], None),
        ([""], None),
    ],
)
def test_memorised(rows: list[str], reason: str | None) -> None:
    assert judge(memorised, rows, [*SEEDS, LONG]) == [reason]


CHINESE = "我昨天晚上在人民医院急诊科等了三个小时也没有人来看我的腿伤"


@pytest.mark.parametrize(
    ("text", "seed", "run"),
    [
        (f"唉{CHINESE}怎么办", CHINESE, 29),
        ("「コーヒー」を、いれて", "コーヒーをいれて", 8),
        ("ขอเปิดไฟ", "เปิดไฟ", 5),  # vowel signs are no characters by themselves
        ("play 音楽 now", "play 音声 now", 2),
    ],
)
def test_scripts_without_spaces_are_read_by_characters(text: str, seed: str, run: int) -> None:
    verdicts = memorised(table([text]), context([seed]))
    assert verdicts.scores["longest_run"] == [run]
    assert verdicts.reasons == ["memorised" if run > 8 else None]


def test_memorised_judges_the_origins_asked_for() -> None:
    for origin, reason in (("template", None), ("seed", None), ("model", "memorised")):
        assert judge(memorised, [LONG], [LONG], origin=origin) == [reason]
    assert judge(memorised, [LONG], [LONG], origin="template", origins=("template",)) == [
        "memorised"
    ]


def test_what_seeds_share_is_chance() -> None:
    twin = LONG.replace("second", "single")
    assert judge(memorised, [LONG.replace("second evening", "day")], [LONG, twin]) == [None]


def test_memorised_scores() -> None:
    verdicts = memorised(table(["water the tomato plants now"]), context([LONG]))
    assert verdicts.scores == {"longest_run": [4.0], "copied_share": [0.8]}
    assert verdicts.note == "runs of up to 8 tokens pass"


def test_memorised_reads_other_texts(tmp_path: Path) -> None:
    line = "four score and seven years ago our fathers brought forth"
    plain, rows = tmp_path / "a.txt", tmp_path / "b.jsonl"
    plain.write_text(f"\n{line}\n", encoding="utf-8")
    rows.write_text(f'{{"text": "so {line}"}}\n\n', encoding="utf-8")
    for path in (plain, rows):
        assert judge(memorised, [line, "dim it"], texts=(path,)) == ["memorised", None]


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("a.csv", "x", "a.csv"),
        ("missing.txt", None, "missing.txt"),
        ("a.jsonl", '{"text": "x"}\n{', "a.jsonl:2:2"),
        ("a.jsonl", '{"words": "x"}', "a.jsonl:1"),
        ("a.jsonl", "[]", "a.jsonl:1"),
    ],
)
def test_texts_that_cannot_be_read(
    tmp_path: Path, name: str, content: str | None, where: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        memorised(table(["a"]), context(), texts=(tmp_path / name,))
    assert caught.value.where == str(tmp_path / where) and caught.value.fix


WORDS = st.lists(st.sampled_from("abc"), max_size=8).map(" ".join)


@given(WORDS, st.lists(WORDS, max_size=4))
def test_the_longest_run_is_the_longest(text: str, seeds: list[str]) -> None:
    words = text.split()
    runs = (
        words[start:end] for start in range(len(words)) for end in range(start + 1, len(words) + 1)
    )
    inside = [run for run in runs if any(f" {' '.join(run)} " in f" {seed} " for seed in seeds)]
    verdicts = memorised(table([text]), context(seeds))
    assert verdicts.scores["longest_run"] == [max(map(len, inside), default=0)]


# -- leak -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("call JOSE NUNEZ", "leaked_value"),
        ("call \uff2a\uff4f\uff53\uff45 \uff2e\uff55\uff4e\uff45\uff5a", "leaked_value"),
        ("call jose-nun\u0303ez", "leaked_value"),
        ("call josenunez", "leaked_value"),
        ("mail john smith at x dot com", "leaked_value"),
        ("dial oh two oh seven nine four six oh one two three", "leaked_value"),
        ("dial 02079460123", "leaked_value"),
        ("siobhan is here", "leaked_value"),  # no word at all
        ("will you call me", None),
        ("so will it rain", None),
        ("Will it rain", None),
        ("call Will now", "leaked_value"),
        ("text May that i am late", "leaked_value"),
        ("may i dim it in may", None),
        ("the weather in London", None),  # a place is no identity
        ("call {person:siobhan} now", None),
        ("call {person:jose_nunez} now", None),
        ("call Bob Ray now", "fresh_identity"),
        ("oh Remove {room} please", None),
        ("wake me at Six", None),
    ],
)  # fmt: skip
def test_leak(text: str, reason: str | None) -> None:
    assert judge(leak, [text]) == [reason]


@pytest.mark.parametrize(("beside", "reason"), [("Ray", "fresh_identity"), ("now", None)])
def test_what_is_beside_a_slot(beside: str, reason: str | None) -> None:
    """A detection that takes in a slot counts if what is beside it is detected by itself."""

    def find(texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        wide = f"call Bob {beside}"
        return [
            [(5, len(text))] if text == wide else [(0, 3)] if text.strip() == "Ray" else []
            for text in texts
        ]

    rows = table([f"call {{person:Bob}} {beside}"])
    assert leak(rows, context(find_identities=find)).reasons == [reason]


@pytest.mark.parametrize(
    ("origin", "seeds", "options"),
    [
        ("template", SEEDS, {}),
        ("seed", SEEDS, {}),
        ("model", [*SEEDS, "play bob ray in the {room}"], {}),
        ("model", SEEDS, {"fresh": False}),
    ],
)
def test_identities_that_pass(origin: str, seeds: list[str], options: dict[str, Any]) -> None:
    assert judge(leak, ["call Bob Ray now"], seeds, origin=origin, **options) == [None]


@pytest.mark.parametrize("origin", ["template", "seed", "model"])
def test_removed_values_never_pass(origin: str) -> None:
    seeds = [*SEEDS, "call jose nunez"]
    assert judge(leak, ["call jose nunez"], seeds, origin=origin) == ["leaked_value"]


@pytest.mark.parametrize("text", ["call Bob Ray in the {room}", "in the {room} call Bob Ray"])
@pytest.mark.parametrize(("seeds", "reason"), [([], "fresh_identity"), (["play bob ray"], None)])
def test_slots_elsewhere_change_nothing(text: str, seeds: list[str], reason: str | None) -> None:
    assert judge(leak, [text], [*SEEDS, *seeds]) == [reason]


def test_no_fresh_pass_without_a_scrub() -> None:
    verdicts = leak(table(["call Bob Ray"]), context(find_identities=None))
    assert verdicts.reasons == [None]
    assert verdicts.note == "no fresh pass: the recipe turned the scrub off"


@pytest.mark.parametrize(
    ("text", "found"), [("call Will", ["Will"]), ("Will you", []), ("call will", [])]
)
def test_doubtful_names_without_a_detector(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in Leaks(REMOVED).places([text])[0]] == found


# -- all of them ------------------------------------------------------------------------------

TEXTS = st.lists(
    st.one_of(
        st.text(st.characters(exclude_characters="{}\\", exclude_categories=["Cs"]), max_size=30),
        st.lists(
            st.sampled_from(["turn", "on", "Will", "(", '"', "{room}", "shit", "lamp", "Bob Ray"]),
            max_size=12,
        ).map(" ".join),
        st.sampled_from([*SEEDS, LONG]),
    ),
    max_size=6,
)


@pytest.mark.parametrize("filter_", [quality, memorised, leak])
@given(rows=TEXTS, seeds=st.one_of(st.just([]), st.just([*SEEDS, LONG]), TEXTS))
def test_properties(filter_: Callable[..., Verdicts], rows: list[str], seeds: list[str]) -> None:
    """Rows never change, their order never matters, a second pass drops nothing: see `judge`."""
    judge(filter_, rows, seeds)


@pytest.mark.parametrize("filter_", [quality, memorised, leak])
def test_nothing_to_judge(filter_: Callable[..., Verdicts]) -> None:
    assert filter_(empty(), context()).reasons == []
    assert filter_(empty(), context([])).reasons == []

"""Sampling: continuous batching against the library, slots enforced, streams by key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fakes import PATTERNS
from hypothesis import given
from hypothesis import strategies as st

from textsynth import patterns
from textsynth.lm import constrain, decode, generate, plain, prompts, vocabulary
from textsynth.lm.decode import Request, Sampling, Speaker
from textsynth.lm.prompts import Listed
from textsynth.lm.style import Style

Load = Callable[[], tuple[Any, Any]]
LABELS = ["time", "day", "artist"]


def speaker(load_tiny: Load) -> Speaker:
    model, tokenizer = load_tiny()
    texts = [
        prompts.render([Listed(intent, Style(), tuple(own))], closed=True)
        for intent, own in PATTERNS.items()
    ]
    return Speaker(model, vocabulary.trim(model, tokenizer, texts))


def requests(one: Speaker, count: int = 3, copies: int = 2) -> list[Request]:
    return [
        Request(
            prompt.key,
            one.vocabulary.encode(prompt.text(), fallback=True),
            tuple(range(copies)),
            LABELS,
        )
        for intent, own in PATTERNS.items()
        for prompt in generate.make_prompts(intent, own, count, first=0, seed=1)
    ]


def complete(
    one: Speaker, asked: list[Request], sampling: Sampling, **options: Any
) -> dict[tuple[int, int], str]:
    made = scored(one, asked, sampling, **options)
    return {place: completion.text for place, completion in made.items()}


def scored(
    one: Speaker, asked: list[Request], sampling: Sampling, **options: Any
) -> dict[tuple[int, int], decode.Completion]:
    got: dict[tuple[int, int], decode.Completion] = {}

    def accept(place: int, copy: int, completion: decode.Completion) -> None:
        assert (place, copy) not in got
        got[place, copy] = completion

    decode.complete(one, asked, sampling=sampling, accept=accept, **options)
    assert set(got) == {(place, copy) for place, r in enumerate(asked) for copy in r.copies}
    return got


SHORT = Sampling(temperature=1.2, top_p=1.0, lines=3, tokens=12)


def test_pieces_are_what_a_token_adds(load_tiny: Load) -> None:
    one = speaker(load_tiny)
    text = "wake me at {time}\n- ring"
    rows = one.vocabulary.encode(text, start=False)
    assert "".join(one.pieces[row] for row in rows) == text


def test_neighbours_and_lanes_do_not_matter(
    load_tiny: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Completions that leave and prompts that enter change nothing of the others."""
    one = speaker(load_tiny)
    asked = requests(one)
    together = complete(one, asked, SHORT)
    assert len(set(together.values())) > 6
    assert complete(one, asked, SHORT, live=1) == together
    assert complete(one, asked, SHORT, live=3) == together
    alone = {}
    for place, request in enumerate(asked):
        for copy in request.copies:
            only = Request(request.key, request.rows, (copy,), LABELS)
            alone[place, copy] = complete(one, [only], SHORT)[0, copy]
    assert alone == together
    monkeypatch.setattr(decode, "PROMPTS", 1)  # room for one prompt
    assert complete(one, asked, SHORT) == together


def test_another_key_gives_other_text(load_tiny: Load) -> None:
    one = speaker(load_tiny)
    first, second = requests(one, count=1)[:2]
    other = Request(first.key + 1, first.rows, first.copies, LABELS)
    assert complete(one, [first], SHORT) != complete(one, [other], SHORT)
    assert complete(one, [first, second], SHORT)[0, 0] == complete(one, [first], SHORT)[0, 0]


def test_cold_it_writes_what_the_librarys_greedy_search_writes(load_tiny: Load) -> None:
    import torch

    one = speaker(load_tiny)
    cold = Sampling(temperature=1e-6, opening_penalty=0.0, lines=99, tokens=24)
    never = [[row] for row in one.never + one.special]
    asked = requests(one, count=2, copies=1)
    for (place, _), copy_text in complete(one, asked, cold).items():
        rows = asked[place].rows
        theirs = one.model.generate(
            input_ids=torch.tensor([rows]),
            attention_mask=torch.ones(1, len(rows), dtype=torch.long),
            do_sample=False,
            max_new_tokens=cold.most,
            bad_words_ids=never,
        )[0, len(rows) :].tolist()
        written = one.vocabulary.decode(theirs)
        if "{" not in copy_text:  # a slot is spelt by the guard, not by the library
            assert written.startswith(copy_text)


def test_scores_are_what_the_model_itself_says_of_each_line(
    load_tiny: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the temperature, the nucleus and the penalties did."""
    import torch

    one = speaker(load_tiny)
    (line_break,) = one.vocabulary.encode("\n", start=False)
    bias = torch.zeros(len(one.pieces))
    bias[line_break] = 5.0
    one.model.get_output_embeddings().register_forward_hook(lambda m, i, logits: logits + bias)
    asked = requests(one)
    written: dict[str, list[int]] = {}
    decoded = vocabulary.Vocabulary.decode
    monkeypatch.setattr(
        vocabulary.Vocabulary,
        "decode",
        lambda self, rows: written.setdefault(decoded(self, rows), rows) and decoded(self, rows),
    )
    lines = 0
    for (place, _), made in scored(one, asked, Sampling(0.7, 0.8, 2.0, 3, 40)).items():
        before = asked[place].rows
        rows = written[made.text]
        logits = one.model(input_ids=torch.tensor([before + rows])).logits[0].log_softmax(-1)
        own = logits[len(before) - 1 : -1].gather(1, torch.tensor(rows)[:, None])[:, 0].tolist()
        nats: list[float] = []
        expected = []
        for row, log in zip(rows, own, strict=True):
            nats.append(log)
            if "\n" in one.pieces[row]:
                expected.append(sum(nats) / len(nats) ** 0.5)
                nats = []
        assert made.scores == pytest.approx(expected, abs=2e-3)
        lines += len(expected)
    assert lines > 5


def test_only_known_slots_can_be_written(load_tiny: Load) -> None:
    import torch

    one = speaker(load_tiny)
    # braces made likely: the random model would hardly ever open one
    head = one.model.get_output_embeddings()
    bias = torch.zeros(len(one.pieces))
    bias[one.special] = 9.0
    head.register_forward_hook(lambda module, inputs, logits: logits + bias)
    found = []
    for text in complete(one, requests(one), Sampling(2.0, 1.0, lines=4, tokens=30)).values():
        whole = text.rpartition("{")[0] if text.count("{") > text.count("}") else text
        found += [slot.label for slot in patterns.parse(whole).slots]
    assert len(found) > 20 and set(found) <= set(LABELS) and len(set(found)) > 1


def test_a_completion_ends_with_its_last_line_or_at_the_limit(load_tiny: Load) -> None:
    import torch

    one = speaker(load_tiny)
    (line_break,) = one.vocabulary.encode("\n", start=False)
    asked = requests(one, count=1)
    tokens = Sampling(1.0, 1.0, lines=99, tokens=6)
    sampled = decode.complete(one, asked, sampling=tokens, accept=lambda *done: None)
    assert 0 < sampled <= 4 * tokens.most
    bias = torch.zeros(len(one.pieces))
    bias[line_break] = 20.0
    one.model.get_output_embeddings().register_forward_hook(lambda m, i, logits: logits + bias)
    for text in complete(one, asked, Sampling(lines=3, tokens=50)).values():
        assert text == "\n\n\n"


def test_openings_are_less_likely_to_come_again(load_tiny: Load) -> None:
    import torch

    one = speaker(load_tiny)
    first, other = (one.vocabulary.encode(word, start=False)[0] for word in ("wake", "play"))
    guard = one.guard([])
    logits = torch.full((1000, len(one.pieces)), -40.0)
    logits[:, [first, other]] = 0.0

    def share(penalty: float, *, fresh: bool) -> float:
        """How often a line begins as three lines before it."""
        growing = [
            decode._Growing(0, n, (0, n), (n + 1) * 7919**4, guard, openings=[first] * 3)
            for n in range(1000)
        ]
        for each in growing:
            each.fresh = fresh
        decode._pick(one, growing, logits.clone(), Sampling(1.0, 1.0, opening_penalty=penalty))
        return sum(each.rows[-1] == first for each in growing) / 1000

    assert share(0.0, fresh=True) == pytest.approx(0.5, abs=0.06)
    assert share(1.0, fresh=True) == pytest.approx(1 / (1 + 2.718281828**3), abs=0.03)
    assert share(1.0, fresh=False) == pytest.approx(0.5, abs=0.06)


def test_the_nucleus_leaves_the_unlikely_out(load_tiny: Load) -> None:
    import torch

    one = speaker(load_tiny)
    letters = one.vocabulary.encode("abcd", start=False)
    rows = [one.pieces.index(char) for char in "abcd"] if len(letters) < 4 else letters
    guard = one.guard([])
    logits = torch.full((500, len(one.pieces)), -40.0)
    logits[:, rows] = torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05]))

    def picked(temperature: float, top_p: float) -> set[int]:
        growing = [decode._Growing(0, n, (0, n), (n + 1) * 7919**4, guard) for n in range(500)]
        sampling = Sampling(temperature, top_p, opening_penalty=0)
        decode._pick(one, growing, logits.clone(), sampling)
        return {rows.index(g.rows[-1]) for g in growing}

    assert picked(1.0, 0.9999) == {0, 1, 2, 3}
    assert picked(1.0, 0.9) == {0, 1, 2}
    assert picked(1.0, 0.6) == {0, 1}
    assert picked(1.0, 0.01) == {0}
    assert picked(0.01, 1.0) == {0}


def test_models_of_their_own_kind_are_sampled_by_the_library(load_tiny: Load) -> None:
    one = speaker(load_tiny)
    got: dict[tuple[int, int], str] = {}
    again: dict[tuple[int, int], str] = {}
    whole: set[bool] = set()
    head = one.model.get_output_embeddings()
    spoken = head.forward
    head.forward = lambda rows: whole.add(rows.is_contiguous()) or spoken(rows)
    for where in (got, again):
        plain.complete(
            one,
            requests(one),
            sampling=SHORT,
            accept=lambda place, copy, text, w=where: w.__setitem__((place, copy), text),
        )
    assert len(got) == 12 and len(set(got.values())) > 6 and got == again
    assert whole == {True} and not head._forward_pre_hooks


# -- slots ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inside", "piece", "expected"),
    [
        (None, "wake me", (True, None)),
        (None, " {", (True, "")),
        (None, " {ti", (True, "ti")),
        (None, " {x", (False, None)),
        (None, "}", (False, None)),
        (None, "\\", (False, None)),
        (None, "{time} {day}\n", (True, None)),
        ("", "time", (True, "time")),
        ("ti", "me}", (True, None)),
        ("ti", "me} {d", (True, "d")),
        ("ti", "}", (False, None)),
        ("time", ":", (True, "time:")),
        ("time:", "time_2}", (True, None)),
        ("time:", "2", (False, None)),
        ("time", " ", (False, None)),
        ("time", "\n", (False, None)),
        ("dat", "e", (False, None)),
    ],
)
def test_what_may_follow_a_brace(
    inside: str | None, piece: str, expected: tuple[bool, str | None]
) -> None:
    allowed, after = constrain.advance(inside, piece, LABELS)
    assert allowed == expected[0]
    if allowed:
        assert after == expected[1]


def test_no_brace_opens_where_there_are_no_labels() -> None:
    assert constrain.advance(None, " {", ()) == (False, None)


@given(
    st.lists(
        st.sampled_from([" {", "time", "ti", "me", "}", "day", ":", "x", "_2", " at", "{", "\\"])
    )
)
def test_what_the_guard_lets_through_is_a_pattern(pieces: list[str]) -> None:
    inside: str | None = None
    text = ""
    for piece in pieces:
        allowed, after = constrain.advance(inside, piece, LABELS)
        if allowed:
            inside, text = after, text + piece
    if inside is None:
        try:
            slots = patterns.parse(text).slots
        except patterns.PatternError as error:
            assert "stands for two labels" in str(error)
            return
        assert {slot.label for slot in slots} <= set(LABELS)


@given(
    st.lists(st.text("{}:\\\n abdtime_1", max_size=6), max_size=40),
    st.text("abtime_:1", max_size=6),
)
def test_what_a_guard_allows_is_what_may_come(pieces: list[str], inside: str) -> None:
    pieces = [*pieces, *"{}", *"".join(LABELS)]  # so that each label can be put together
    guard = constrain.Guard(pieces, LABELS)
    expected = [
        row
        for row, piece in enumerate(pieces)
        if piece and constrain.advance(inside, piece, frozenset(LABELS))[0]
    ]
    assert guard.allowed(inside) == guard.allowed(inside) == expected


@given(st.lists(st.sampled_from(["da", "dat", "te", "to", "wn", "t", "}", "{", "{da", " {t", "x"])))
def test_what_leads_to_no_label_may_not_come(pieces: list[str]) -> None:
    """A vocabulary that was trimmed may lack the letters of a label."""
    guard = constrain.Guard([*pieces, "}"], ["date", "town"])
    reached = {
        guard.after(None, row)
        for row, piece in enumerate(pieces)
        if "{" in piece and row not in guard.banned(constrain.special(pieces))
    }
    seen: set[str | None] = {None}
    while reached - seen:
        inside = (reached - seen).pop()
        seen.add(inside)
        assert inside is not None and guard.allowed(inside), inside
        reached |= {guard.after(inside, row) for row in guard.allowed(inside)}


def test_labels_that_pieces_cannot_spell_are_never_begun() -> None:
    guard = constrain.Guard(["{", "}", "da", "x"], ["date"])
    assert guard.banned([0, 1]) == [0, 1]
    assert constrain.Guard(["{", "}", "da", "te"], ["date"]).banned([0, 1]) == [1]

"""Drawing: exact, even, keyed, with exact spans."""

from __future__ import annotations

import itertools
import math
import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from textsynth import corpus, keyed, patterns
from textsynth.errors import GrammarError
from textsynth.grammar import syntax
from textsynth.grammar.draw import BATCH, capacity, draw, prepare
from textsynth.grammar.grammar import count, loads
from textsynth.grammar.model import Grammar
from textsynth.grammar.schedule import Schedule, shares

EXAMPLES = 1000 if os.environ.get("TEXTSYNTH_HEAVY") else 60
SLOW = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def pack(
    *sentences: str, lists: str = "{}", rules: str = "{}", block: str = "", intent: str = ""
) -> Grammar:
    """A grammar of one intent `a`."""
    written = "\n".join(f"        - {quote(sentence)}" for sentence in sentences)
    return loads(
        f"language: en\nintents:\n  a:\n    data:\n    - sentences:\n{written}\n{block}\n{intent}\n"
        f"lists: {lists}\nexpansion_rules: {rules}\n"
    )


def quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def texts(grammar: Grammar, seed: int = 1) -> list[str]:
    """All texts of the intent `a`, sorted."""
    drawn = draw(grammar, "a", 0, capacity(grammar, "a"), seed=seed)
    return sorted(drawn.column("text").to_pylist())


# -- the whole set, small templates ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("turn on", ["turn on"]),
        ("turn (on|off)", ["turn off", "turn on"]),
        ("turn [it] on", ["turn it on", "turn on"]),
        ("[please] stop", ["please stop", "stop"]),
        ("stop [now]", ["stop", "stop now"]),
        ("light[s] on", ["light on", "lights on"]),
        ("[very] [very] good", ["good", "very good", "very good", "very very good"]),
        ("(a;b) c", ["a b c", "b a c"]),
        ("x(a;b)y", ["xa by", "xb ay"]),
        ("x ([a];b) y", ["x a b y", "x b a y", "x b y", "x b y"]),
        ("(a;b|c)", ["ab", "ba", "c"]),
        ("timer( |-)start", ["timer start", "timer-start"]),
        ("sat(|a|e)", ["sat", "sata", "sate"]),
        ("  a   b  ", ["a b"]),
        ("[a|b] c", ["a c", "b c", "c"]),
        ("a (b [c|d]|e) f", ["a b c f", "a b d f", "a b f", "a e f"]),
        (r"\[a\] \{b\} \\ c", [r"[a] {b} \ c"]),
        ("a|b", ["a", "b"]),
        ("a;b", ["a b", "b a"]),
        ("{1..3:n} x", ["1 x", "2 x", "3 x"]),
        ("{0..10,5:n}", ["0", "10", "5"]),
    ],
)
def test_the_whole_set(sentence: str, wanted: list[str]) -> None:
    grammar = pack(sentence)
    assert texts(grammar) == wanted
    assert count(grammar, "a") == len(wanted)


def test_lists_rules_and_local_ones() -> None:
    grammar = loads(
        """
        intents:
          a:
            data:
            - sentences: ["<go> {place}"]
            - sentences: ["<go> {place}"]
              expansion_rules: {way: by foot}
              lists: {place: {values: [{in: "[the ]sea[ side]", out: coast}]}}
        expansion_rules: {go: "go [<way>]", way: now}
        lists: {place: {values: [home]}}
        """
    )
    assert texts(grammar) == [
        "go by foot sea", "go by foot sea side", "go by foot the sea", "go by foot the sea side",
        "go home", "go now home", "go sea", "go sea side", "go the sea", "go the sea side",
    ]  # fmt: skip


def test_slots_have_surface_value_and_label() -> None:
    grammar = pack(
        "dim [the] {lamp:what} to {n} for {who}",
        lists="{lamp: {values: [{in: 'red lamp[s]', out: 7}]}, n: {range: {from: 1, to: 1, "
        "multiplier: -1}}, who: {wildcard: true}}",
    )
    rows = list(corpus.utterances(draw(grammar, "a", 0, 4, seed=0)))
    assert {row.text for row in rows} == {
        "dim red lamp to 1 for who", "dim red lamps to 1 for who",
        "dim the red lamp to 1 for who", "dim the red lamps to 1 for who",
    }  # fmt: skip
    for row in rows:
        lamp = "red lamps" if "lamps" in row.text else "red lamp"
        assert [(row.text[s.start : s.end], s.label, s.value) for s in row.slots] == [
            (lamp, "what", "7"),
            ("1", "n", "-1"),
            ("who", "who", "who"),
        ]


def test_a_second_name_is_nobody_elses() -> None:
    grammar = pack("{n} {n} ({n_2};{n}) {n_3}", lists="{n: {values: [a, b]}, n_2: {values: [c]}, "
                   "n_3: {values: [d]}}")  # fmt: skip
    drawn = corpus.utterances(draw(grammar, "a", 0, capacity(grammar, "a"), seed=3))
    assert {row.pattern for row in drawn} == {
        "{n} {n:n_4} {n_2} {n:n_5} {n_3}",
        "{n} {n:n_4} {n:n_5} {n_2} {n_3}",
    }


def test_what_marks_slots_inside_is_no_word() -> None:
    grammar = loads(
        'intents: {a: {data: [{sentences: ["{l:@l} \\0 {n}"]}]}}\n'
        'lists: {l: {values: ["a\\0b"]}, n: {values: [c]}}'
    )
    (row,) = corpus.utterances(draw(grammar, "a", 0, 1, seed=3))
    assert (row.text, row.pattern) == ("a\0b \0 c", "a\0b \0 {n}")


def test_a_row_is_a_row_of_the_corpus() -> None:
    grammar = pack(r"say \{ {n} and {n} \}", lists="{n: {values: [one, two]}}")
    (row, *_) = corpus.utterances(draw(grammar, "a", 0, 4, seed=3))
    assert row.pattern == r"say \{ {n} and {n:n_2} \}"
    assert (row.intent, row.language, row.origin, row.generation) == ("a", "en", "template", 1)
    assert row.id.startswith("template/a/") and len(row.id) == len("template/a/") + 16
    assert row.parents == ("template:6",)
    assert row.scores == {} and row.split is None and row.dialogue_id is None
    assert draw(grammar, "a", 0, 4, seed=3).schema.equals(corpus.SCHEMA)


def test_a_capture_is_filled_but_no_slot() -> None:
    grammar = pack("play {what:@x} {what} {@what}", lists="{what: {values: [it]}}")
    (row,) = corpus.utterances(draw(grammar, "a", 0, 1, seed=0))
    assert row.text == "play it it it" and len(row.slots) == 1 and row.slots[0].start == 8
    assert row.pattern == "play it {what} it"


def test_an_empty_surface_is_no_slot() -> None:
    grammar = pack("go {how} home", lists="{how: {values: [{in: '[fast]', out: quick}]}}")
    rows = {row.text: row for row in corpus.utterances(draw(grammar, "a", 0, 2, seed=0))}
    assert set(rows) == {"go home", "go fast home"}
    assert rows["go home"].slots == () and rows["go home"].pattern == "go home"


def test_inside_a_slot_lists_give_way() -> None:
    grammar = pack(
        "see {film}", lists="{film: {values: ['the {colour} car']}, colour: {values: [red]}}"
    )
    (row,) = corpus.utterances(draw(grammar, "a", 0, 1, seed=0))
    assert [(s.label, s.value) for s in row.slots] == [("film", "the red car")]


# -- random grammars -------------------------------------------------------------------------------

WORDS = ["on", "off", "light", "a-b", "x's", "é́", "אור", "灯"]


@st.composite
def sentences(draw_: st.DrawFn, depth: int = 3, names: tuple[str, ...] = ("r", "l", "m")) -> str:
    """A random template with at most a few dozen derivations."""
    pieces: list[str] = []
    for _ in range(draw_(st.integers(1, 3))):
        kind = draw_(st.sampled_from(["word", "word", "alt", "opt", "perm", "ref"]))
        inner = sentences(depth=depth - 1, names=names)
        if kind == "word" or depth == 0:
            pieces.append(draw_(st.sampled_from(WORDS)))
        elif kind == "ref" and names:
            name = draw_(st.sampled_from(names))
            pieces.append({"r": "<r>", "l": "{l}", "m": "{m:n}"}[name])
        elif kind == "opt":
            pieces.append(f"[{draw_(inner)}]")
        elif kind == "perm":
            pieces.append(f"({draw_(inner)};{draw_(inner)})")
        else:
            pieces.append(f"({draw_(inner)}|{draw_(inner)})")
        pieces.append(draw_(st.sampled_from([" ", " ", ""])))
    return "".join(pieces).strip() or "on"


@st.composite
def grammars(draw_: st.DrawFn) -> Grammar:
    found = draw_(st.lists(sentences(), min_size=1, max_size=3))
    rule = draw_(sentences(depth=1, names=("l",)))
    value = draw_(sentences(depth=1, names=()))
    lists = f"{{l: {{values: [one, two words, {quote(value)}]}}, m: {{range: {{from: 1, to: 3}}}}}}"
    return pack(*found, lists=lists, rules=f"{{r: {quote(rule)}}}")


def brute(grammar: Grammar, node: syntax.Node) -> list[str]:
    """All derivations of a tree, as raw text: what hassil's sampling gives, before it strips."""
    if isinstance(node, syntax.Text):
        return [node.text]
    if isinstance(node, syntax.RuleReference):
        return brute(grammar, grammar.rules[node.rule_name].tree)
    if isinstance(node, syntax.ListReference):
        if node.list_name == "m":
            return ["1", "2", "3"]
        found = grammar.lists[node.list_name].values
        return [text for value in found for text in brute(grammar, value.tree)]
    parts = [brute(grammar, item) for item in node.items]
    if isinstance(node, syntax.Alternative):
        return [text for part in parts for text in part]
    if isinstance(node, syntax.Sequence):
        return ["".join(pieces) for pieces in itertools.product(*parts)]
    gap = " " if node.spaced else ""
    return [
        gap.join(pieces).strip()
        for order in itertools.permutations(parts)
        for pieces in itertools.product(*order)
    ]


@SLOW
@given(grammars())
def test_all_that_can_be_said_is_drawn_once(grammar: Grammar) -> None:
    assume(count(grammar, "a") <= 2000)
    wanted = [
        " ".join(text.split())
        for sentence in grammar.intents["a"].sentences
        for text in brute(grammar, sentence.tree)
    ]
    assert count(grammar, "a") == len(wanted)
    drawn = draw(grammar, "a", 0, len(wanted), seed=5)
    said = [text for text in wanted if text]
    assert Counter(drawn.column("text").to_pylist()) == Counter(said)
    assert len(set(drawn.column("id").to_pylist())) == len(said)


@SLOW
@given(grammars(), st.integers(0, 3), st.data())
def test_rows_are_exact_and_keyed(grammar: Grammar, seed: int, data: st.DataObject) -> None:
    there = min(capacity(grammar, "a"), 500)
    whole = draw(grammar, "a", 0, there, seed=seed).to_pylist()
    cut = data.draw(st.integers(0, there))
    prepared = prepare(grammar, "a", seed)
    assert prepared.draw(0, cut).to_pylist() + prepared.draw(cut, there).to_pylist() == whole
    for row in whole:
        text, spans = row["text"], [(s["start"], s["end"]) for s in row["slots"]]
        assert corpus.span_fault(text, spans) is None
        assert "  " not in text and text == text.strip()
        pattern = patterns.parse(row["pattern"])
        filled = {
            ref.name: patterns.Value(text[s["start"] : s["end"]], s["value"])
            for ref, s in zip(pattern.slots, row["slots"], strict=True)
        }
        again, slots = patterns.realise(pattern, filled)
        assert again == text
        assert [(s.start, s.end, s.label) for s in slots] == [
            (s["start"], s["end"], s["label"]) for s in row["slots"]
        ]


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_nothing_depends_on_how_much_is_multiplied_out(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With small tables, alternatives and permutations are decoded rather than looked up."""
    from textsynth.grammar import fragments

    sentence = "[so] ([{l}] [{m:n}];[the] (<r>|x {l}) y;{1..4:k}) [{l}] z[{m}]"
    lists = "{l: {values: [one, 'two[s]', three]}, m: {values: [p, q]}}"
    rules = "{r: '[a] (b {l}|c [d] {m:n})'}"
    wanted = texts(pack(sentence, lists=lists, rules=rules))
    monkeypatch.setattr(fragments, "MULTIPLIED", limit)
    monkeypatch.setattr(fragments, "JOINED", limit)
    grammar = pack(sentence, lists=lists, rules=rules)
    assert texts(grammar) == wanted
    for row in corpus.utterances(draw(grammar, "a", 0, 500, seed=1)):
        pattern = patterns.parse(str(row.pattern))
        named = {
            ref.name: patterns.Value(row.text[s.start : s.end], s.value)
            for ref, s in zip(pattern.slots, row.slots, strict=True)
        }
        assert patterns.realise(pattern, named) == (row.text, row.slots)


# -- large, even, keyed ----------------------------------------------------------------------------


def test_more_than_there_is_says_how_many_there_are() -> None:
    with pytest.raises(GrammarError, match="gives 2 rows, 3 are asked for"):
        draw(pack("(a|b)"), "a", 0, 3, seed=0)


def test_spaces_beyond_machine_integers() -> None:
    lists = "{n: {range: {from: 1, to: 1000}}}"
    grammar = pack("{n} " * 9, "x ({n} {n} {n}|[{n}] {n} {n} {n} {n} {n} {n} {n})", lists=lists)
    assert count(grammar, "a") == 10**27 + 10**9 + 1001 * 10**21
    drawn = draw(grammar, "a", 10**9, 10**9 + 2000, seed=0)
    assert len(set(drawn.column("text").to_pylist())) == 2000
    assert drawn.slice(500, 10).to_pylist() == (
        draw(grammar, "a", 10**9 + 500, 10**9 + 510, seed=0).to_pylist()
    )


def test_even_by_sentence_until_one_is_used_up() -> None:
    grammar = pack("(a|b) one", "{1..50:n} two", "{1..500:n} three")
    for rows in (3, 5, 6, 30, 100):
        drawn = draw(grammar, "a", 0, rows, seed=2).column("text").to_pylist()
        spread = Counter(text.split()[-1] for text in drawn)
        fair = dict(zip(("one", "two", "three"), shares(rows, [2, 50, 500]), strict=True))
        assert all(abs(spread[name] - fair[name]) <= 1 for name in fair)


def test_uniform_beyond_all_floats() -> None:
    many = " ".join(f"{{0..9999:@n{n}}}" for n in range(100))
    uniform = pack(many, f"{many} x", "y", intent="    distribution: uniform")
    drawn = draw(uniform, "a", 0, 20, seed=0).column("text").to_pylist()
    assert sum(text.endswith("x") for text in drawn) == 10


def test_uniform_and_weighted() -> None:
    uniform = pack("{1..90:n} a", "{1..10:n} b", intent="    distribution: uniform")
    drawn = draw(uniform, "a", 0, 50, seed=0).column("text").to_pylist()
    assert sum(text.endswith("b") for text in drawn) == 5
    weighted = loads(
        """
        intents:
          a:
            data:
            - {sentences: ["{1..90:n} a"], weight: 3}
            - {sentences: ["{1..90:n} b"]}
            - {sentences: ["{1..90:n} c"], weight: 0}
        """
    )
    drawn = draw(weighted, "a", 0, 80, seed=0).column("text").to_pylist()
    assert Counter(text[-1] for text in drawn) == {"a": 60, "b": 20}
    assert capacity(weighted, "a") == 180 and count(weighted, "a") == 270


def test_max_caps_a_block() -> None:
    grammar = pack("{1..90:n} a", "(x|y) b", block="      max: 12")
    assert capacity(grammar, "a") == 12
    assert Counter(text[-1] for text in texts(grammar)) == {"a": 10, "b": 2}


def test_distinct_leaves_gaps_and_renumbers_nothing() -> None:
    lists = "{city: {values: [Rome, Oslo, {in: roma, out: Rome}]}}"
    sentence = "from {city:a_city} to {city:b_city}"
    free = pack(sentence, lists=lists)
    bound = pack(sentence, lists=lists, block="      distinct: [a_city, b_city]")
    rows = {row.id: row for row in corpus.utterances(draw(free, "a", 0, 9, seed=4))}
    kept = list(corpus.utterances(draw(bound, "a", 0, 9, seed=4)))
    assert [row for row in rows.values() if row.slots[0].value != row.slots[1].value] == kept
    assert len(kept) == 4


def test_records_agree_within_a_sentence_and_differ_between_groups() -> None:
    lists = """
      city: {wildcard: true, records: [{city: Rome, country: Italy}, {city: Oslo, country: Norway}]}
      country: {wildcard: true, records: city}
    """.strip("\n")
    there = pack("[{city}] in {country}", "{city} alone", lists="\n" + lists)
    assert texts(there) == [
        "Oslo alone", "Oslo in Norway", "Rome alone", "Rome in Italy", "in Italy", "in Norway",
    ]  # fmt: skip
    assert count(there, "a") == 6
    two = pack(
        "{city:c1} {country:n1} {city:c2}",
        lists="\n" + lists,
        block="      group: {c1: from, n1: from, c2: to}",
    )
    assert count(two, "a") == 4
    assert texts(two) == [
        "Oslo Norway Oslo", "Oslo Norway Rome", "Rome Italy Oslo", "Rome Italy Rome",
    ]  # fmt: skip


def test_records_through_rules_and_permutations() -> None:
    lists = """
  c: {wildcard: true, records: [{c: A, d: 1}, {c: B, d: 2}]}
  d: {wildcard: true, records: c}""".rstrip()
    grammar = pack("(<r>;{d}) x", "({c}|{d}) y", lists=lists, rules="{r: 'in {c}'}")
    assert texts(grammar) == sorted(
        ["in A 1 x", "1 in A x", "in B 2 x", "2 in B x", "A y", "B y", "1 y", "2 y"]
    )
    assert count(grammar, "a") == 8


def test_no_words_no_row() -> None:
    grammar = pack("[hello] [there]", "hi")
    assert texts(grammar) == ["hello", "hello there", "hi", "there"]
    assert count(grammar, "a") == capacity(grammar, "a") == 5


def test_cover_says_every_value_first() -> None:
    lists = "{a: {range: {from: 1, to: 700}}, b: {values: [p, q, 'r[s]']}}"
    sentence = "[now] set {a} [to {b}]"
    grammar = pack(sentence, lists=lists, intent="    cover: values")
    drawn = list(corpus.utterances(draw(grammar, "a", 0, 705, seed=0)))
    assert {s.value for row in drawn for s in row.slots if s.label == "a"} == {
        str(n) for n in range(1, 701)
    }
    assert {s.value for row in drawn for s in row.slots if s.label == "b"} == {"p", "q", "r", "rs"}
    assert texts(grammar) == texts(pack(sentence, lists=lists))


def test_the_seed_decides_on_the_order_alone() -> None:
    grammar = pack("{1..900:n} [x|y] z")
    one, two = (draw(grammar, "a", 0, 3600 - 900, seed=seed) for seed in (1, 2))
    assert one.column("text").to_pylist() != two.column("text").to_pylist()
    ids = [
        dict(zip(t.column("text").to_pylist(), t.column("id").to_pylist(), strict=True))
        for t in (one, two)
    ]
    assert ids[0] == ids[1]


def test_ids_change_with_what_is_said() -> None:
    one, two = (
        draw(pack("{l} x", lists=f"{{l: {{values: {values}}}}}"), "a", 0, 2, seed=0)
        for values in ("[p, q]", "[p, r]")
    )
    assert not set(one.column("id").to_pylist()) & set(two.column("id").to_pylist())


def test_batches_meet_without_a_seam() -> None:
    grammar = pack("{1..300:n} {1..300:m} [x]", "{1..9:n} y")
    whole = draw(grammar, "a", BATCH - 50, BATCH + 50, seed=0)
    one = [
        draw(grammar, "a", n, n + 1, seed=0).to_pylist()[0] for n in range(BATCH - 50, BATCH + 50)
    ]
    assert whole.to_pylist() == one


def test_all_of_a_large_sentence_comes_once() -> None:
    grammar = pack("{1..60:n} [x] {1..60:m} ({1..20:k};(a|b))")
    drawn = draw(grammar, "a", 0, count(grammar, "a"), seed=0)
    assert drawn.num_rows == 60 * 60 * 2 * 20 * 2 * 2
    assert len(set(drawn.column("text").to_pylist())) == drawn.num_rows


def test_other_scripts_are_counted_in_characters() -> None:
    grammar = pack(
        "\u05e9\u05dc\u05d5\u05dd {n} e\u0301", lists="{n: {values: ['\u706f\U0001f600', o\u0308]}}"
    )
    for row in corpus.utterances(draw(grammar, "a", 0, 2, seed=0)):
        (slot,) = row.slots
        assert row.text[slot.start : slot.end] == slot.value or slot.value == "o\u0308"


@pytest.mark.parametrize("size", [1, 2, 3, 10, 97, 1000, 2**16 + 1])
def test_a_keyed_permutation_is_one(size: int) -> None:
    moved = keyed.permute(7, range(size), size)
    assert sorted(moved.tolist()) == list(range(size))
    assert moved[:5].tolist() == keyed.permute(7, range(min(size, 5)), size).tolist()


@given(st.integers(1, 2**90), st.integers(0, 2**64 - 1))
@settings(deadline=None)
def test_a_keyed_permutation_of_any_size_repeats_nothing(size: int, key: int) -> None:
    asked = [n for n in range(200) if n < size] + ([size - 1] if size > 200 else [])
    moved = keyed.permute(key, asked, size).tolist()
    assert len(set(moved)) == len(asked)
    assert all(0 <= n < size for n in moved)


@given(
    st.lists(st.tuples(st.sampled_from([0.5, 1.0, 1.0, 3.0]), st.integers(0, 30)), min_size=1),
    st.data(),
)
@settings(deadline=None)
def test_a_schedule_gives_each_turn_once(
    sizes: list[tuple[float, int]], data: st.DataObject
) -> None:
    schedule = Schedule([weight for weight, _ in sizes], [cap for _, cap in sizes])
    total = schedule.capacity
    assert total == sum(cap for _, cap in sizes)
    start = data.draw(st.integers(0, total))
    stop = data.draw(st.integers(start, total))
    whole, part = schedule.turns(0, total), schedule.turns(start, stop)
    pairs = list(zip(whole.sentence.tolist(), whole.turn.tolist(), strict=True))
    assert sorted(pairs) == [(n, k) for n, (_, cap) in enumerate(sizes) for k in range(cap)]
    assert pairs[start:stop] == list(zip(part.sentence.tolist(), part.turn.tolist(), strict=True))


def test_shares_are_even() -> None:
    assert shares(10, [1, 100, 100]) == [1, 4, 5]
    assert shares(None, [1, 2]) == [1, 2]
    assert sum(shares(7, [3, 3, 3])) == 7 and math.prod(shares(7, [3, 3, 3])) > 0

"""Packs: read, merged, checked and counted."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from textsynth.errors import GrammarError
from textsynth.grammar.draw import capacity, draw
from textsynth.grammar.grammar import count, get_intent, lint, load, loads, require_closed
from textsynth.grammar.lists import PoolList, RangeList, number, range_pairs
from textsynth.grammar.model import Role
from textsynth.grammar.regex import examples
from textsynth.values import from_surfaces

HOME = """language: en
intents:
  TurnOn:
    data:
    - sentences:
      - "turn on [the] {lamp}"
      - 'switch <it> on'
      requires_context: {domain: light}
      slots: {kind: light, level: 1}
      metadata: {note: one}
      response: done
      required_keywords: [turn, switch]
lists:
  lamp:
    values:
    - in: "desk lamp[s]"
      out: desk
    - ceiling
expansion_rules:
  it: "(it|that)"
"""


def fault(text: str) -> GrammarError:
    with pytest.raises(GrammarError) as caught:
        grammar = loads(text, "home.yaml")
        require_closed(grammar)
        for name in grammar.intents:
            draw(grammar, name, 0, 1, seed=0)
    return caught.value


def short(body: str) -> str:
    """A pack of one sentence `{l} <r>`; `body` follows on line 2, and a rule if it has none."""
    rule = "" if "expansion_rules" in body else "\nexpansion_rules: {r: x}"
    return 'intents: {a: {data: [{sentences: ["{l} <r>"]}]}}\n' + body + rule


# -- reading ---------------------------------------------------------------------------------------


def test_all_of_a_pack_is_read() -> None:
    grammar = loads(HOME, "home.yaml")
    (block,) = get_intent(grammar, "TurnOn").blocks
    assert grammar.language == "en" and list(grammar.rules) == ["it"]
    assert [s.text for s in block.sentences] == ["turn on [the] {lamp}", "switch <it> on"]
    assert [s.place.at() for s in block.sentences] == ["home.yaml:6:10", "home.yaml:7:10"]
    assert block.sentences[1].place.template == "home.yaml:7"
    assert block.requires_context == {"domain": "light"}
    assert block.slots == {"kind": "light", "level": 1}
    assert block.metadata == {"note": "one"} and block.response == "done"
    assert block.required_keywords == ("turn", "switch")
    assert count(grammar) == 8
    assert lint(grammar) == []


def test_a_file_may_end_with_the_sign_of_another_document() -> None:
    assert loads(HOME + "\n---\n# end\n").intents == loads(HOME).intents
    for more in ("''", "~", "intents: {}"):
        with pytest.raises(GrammarError, match="a second document begins here"):
            loads(f"{HOME}\n---\n{more}\n")


def test_files_of_a_folder_are_merged_as_home_assistant_merges_them(tmp_path: Path) -> None:
    (tmp_path / "_common.yaml").write_text(
        "language: de\nlists: {l: {values: [eins]}}\nexpansion_rules: {r: alt}\nskip_words: [bitte]"
    )
    (tmp_path / "one.yaml").write_text(
        "language: de\nintents: {A: {data: [{sentences: ['a {l}']}]}}\nlists: {l: {values: [zwei]}}"
    )
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "two.json").write_text(
        '{"intents": {"A": {"data": [{"sentences":\n\t["b <r>"]}]}},'
        ' "expansion_rules": {"r": "neu"}, "skip_words": ["mal"]}'
    )
    (tmp_path / "README.md").write_text("not read")
    grammar = load(tmp_path)
    assert grammar.language == "de" and grammar.skip_words == ("bitte", "mal")
    drawn = draw(grammar, "A", 0, 3, seed=0)
    assert sorted(drawn.column("text").to_pylist()) == ["a eins", "a zwei", "b neu"]
    homes = {parent for parents in drawn.column("parents").to_pylist() for parent in parents}
    assert homes == {"one.yaml:2", "sub/two.json:7"}
    both = load([tmp_path / "_common.yaml", tmp_path / "one.yaml"])
    assert count(both, "A") == 2 and count(load(tmp_path / "one.yaml"), "A") == 1


def test_no_files(tmp_path: Path) -> None:
    with pytest.raises(GrammarError, match="no template files"):
        load(tmp_path)
    with pytest.raises(GrammarError, match="no such file or folder"):
        load(tmp_path / "none.yaml")


def test_anchors_and_merge_keys_work() -> None:
    grammar = loads(
        "x: &x {weight: 2}\nintents: {a: {data: [{<<: *x, sentences: [b]}]}}\n", "home.yaml"
    )
    assert get_intent(grammar, "a").blocks[0].weight == 2
    assert [f.message for f in lint(grammar)] == ["the key 'x' is unknown"]


# -- faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where", "message", "fix"),
    [
        (HOME.replace("[the]", "[the"), "home.yaml:6:18", "the optional is not closed", "']'"),
        (HOME.replace("{lamp}", "{lamb}"), "home.yaml:6:24", "the list {lamb} is", "'lamp'"),
        (HOME.replace("<it>", "<itt>"), "home.yaml:7:17", "the rule <itt> is", "'it'"),
        (HOME.replace("|that", "|<that>"), "home.yaml:20:12", "the rule <that> is", "it"),
        (HOME.replace("(it|that)", "it <it>"), "home.yaml:20:8", "<it> needs itself: <it> ->", ""),
        (short("lists: {l: {range: {from: 9, to: 1}}}"), "home.yaml:2:27", "upside down", ": 9"),
        (short("lists: {l: {range: {from: 1}}}"), "home.yaml:2:20", "wants from and to", "from"),
        (short("lists: {l: {range: {from: 1, to: x}}}"), "home.yaml:2:34", "whole number", "1"),
        (short("lists: {l: {range: {from: 1, to: 2, step: 0}}}"), "home.yaml:2:43", "step", "1"),
        (short("lists: {l: {range: {from: 1, to: 2, fractions: half}}}"),
         "home.yaml:2:48", "no fractions 'half'", "'halves'"),
        (short("lists: {l: {values: []}}"), "home.yaml:2:9", "has no values", "add"),
        (short("lists: {l: {value: [a]}}"), "home.yaml:2:9", "says not where", "values"),
        (short("lists: {l: {values: [{out: a}]}}"), "home.yaml:2:22", "no text 'in'", "in"),
        (short("lists: {l: {provider: faker.first_nam}}"), "home.yaml:2:9", "no provider", "mean"),
        (short("lists: {l: {provider: mimesis.name}}"), "home.yaml:2:23", "'mimesis'", "faker"),
        (short("lists: {l: {provider: faker.name, locale: xx}}"), "home.yaml:2:9", "'xx'", "en_US"),
        (short("lists: {l: {regex: '(a'}}"), "home.yaml:2:9", "no regular expression", "mend"),
        (short("lists: {l: {regex: '(?=a)b'}}"), "home.yaml:2:9", "cannot be drawn", "look"),
        (short("lists: {l: {regex: '[^ -~]'}}"), "home.yaml:2:9", "leaves out all char", "ASCII"),
        (short(f"lists: {{l: {{regex: '{'(' * 2000}a{')' * 2000}'}}}}"),
         "home.yaml:2:9", "nested too deep", "brackets"),
        (short("lists: {l: {regex: 'a{99999999999}'}}"), "home.yaml:2:9", "repeats too", "smaller"),
        (short("lists: {l: {range: {from: 1, to: 2, multiplier: nan}}}"),
         "home.yaml:2:49", "'multiplier' is no number", "1"),
        ("intents: {a: {data: [{sentences: [b]}]}}\n---\nintents: {c: 1}", "home.yaml:2:1",
         "a second document begins here", "a file of its own"),
        (short("lists: {l: {records: [{k: a}]}}"), "home.yaml:2:23", "no 'l'", "k"),
        (short("lists: {l: {records: m}}"), "home.yaml:2:22", "has no records", "name"),
        ("intents: {a: {data: [{sentences: [b], weight: -1}]}}", "home.yaml:1:47", "below", "0"),
        ("intents: {a: {data: [{sentences: [b], max: -1}]}}", "home.yaml:1:44", "below zero", "0"),
        ("intents: {a: {data: [{sentences: b}]}}", "home.yaml:1:34", "is a single value", "- "),
        ("intents: {a: {data: [{sentence: [b]}]}}", "home.yaml:1:22", "no 'sentences'", "sentence"),
        ("intents: {a: {data: [{sentences: [b]}], distribution: evne}}",
         "home.yaml:1:55", "'evne' is no distribution", "'even'"),
        ("intents: {a: {data: [{sentences: [b]}], cover: x}}", "home.yaml:1:48", "'x'", "value"),
        ("intents: [a]", "home.yaml:1:10", "is a list, not a mapping", "keys"),
        ("lists: {}", "home.yaml:1:1", "there is no 'intents'", "add `intents:`"),
        ("- a", "home.yaml:1:1", "a template file is a mapping", "intents"),
        ("", "home.yaml:1:1", "a template file is a mapping", "intents"),
        ("intents: {a", "home.yaml:2:1", "this is no YAML", "quote"),
        ("intents:\n  a: {data: [{sentences: [a: b]}]}", "home.yaml:2:27", "is a mapping", "quote"),
    ],
)  # fmt: skip
def test_faults_have_place_and_remedy(text: str, where: str, message: str, fix: str) -> None:
    error = fault(text)
    assert error.where == where
    assert message in error.message
    assert error.fix and fix in error.fix
    assert len(str(error)) < 1200


def test_an_undefined_list_shows_the_sentence_and_a_caret() -> None:
    error = fault(HOME.replace("{lamp}", "{lamb}"))
    assert error.excerpt == "  turn on [the] {lamb}\n" + " " * 16 + "^"


def test_a_cycle_shows_its_path() -> None:
    error = fault(
        short("lists: {l: {values: ['in <r>']}}\nexpansion_rules: {r: 'x <s>', s: '{l} y'}")
    )
    assert error.message == "{l} needs itself: {l} -> <r> -> <s> -> {l}"
    grammar = loads(short("lists: {l: {values: ['{l}']}}\nexpansion_rules: {r: x}"))
    assert [f.severity for f in lint(grammar)] == ["error", "warning"]
    with pytest.raises(GrammarError, match="needs itself"):
        count(grammar)


def test_no_such_intent() -> None:
    with pytest.raises(GrammarError, match="no intent 'TurnOf'") as caught:
        draw(loads(HOME), "TurnOf", 0, 1, seed=0)
    assert "TurnOn" in str(caught.value)


def test_alias_bombs_are_refused_at_once() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for n in range(1, 12):
        bomb += f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n"
    began = time.perf_counter()
    assert "aliases add more than" in fault(bomb).message
    assert "stands for nothing, or for itself" in fault("a: &a [*a]").message
    assert "nested more than 50 deep" in fault("a: " + "[" * 5000).message
    assert time.perf_counter() - began < 2


def test_a_hundred_megabytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    with pytest.raises(GrammarError, match="larger than 64 MB"):
        load(path)
    path.write_text("a: &a b\nc:\n" + "- *a\n" * 300_000)
    began = time.perf_counter()
    with pytest.raises(GrammarError, match="aliases add more than"):
        load(path)
    assert time.perf_counter() - began < 5


def test_files_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(GrammarError, match="not UTF-8"):
        load(path)
    path = tmp_path / "a.json"
    path.write_text('{"a": "\\u00e9", }')
    with pytest.raises(GrammarError, match="this is no JSON") as caught:
        load(path)
    assert caught.value.where == "a.json:1:17"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": "\\ud83d"}', r"half of a character: \\ud83d"),
        ('{"a": "\\u00e9", "b": ' + "[" * 100_000 + "]" * 100_000 + "}", "more than 50 deep"),
        ('{"a": "\\u00e9", "b": ' + "1" * 5000 + "}", "this cannot be read"),
    ],
)
def test_json_that_cannot_be_a_template(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(GrammarError, match=message) as caught:
        load(tmp_path / "a.json")
    assert (caught.value.where or "").startswith("a.json") and caught.value.fix


def test_long_chains_of_rules_are_read_and_drawn() -> None:
    rules = ", ".join(f"r{n}: 'w <r{n + 1}>'" for n in range(2000))
    grammar = loads(
        f"intents: {{a: {{data: [{{sentences: [<r0>]}}]}}}}\nexpansion_rules: {{{rules}, r2000: x}}"
    )
    assert count(grammar) == 1
    (text,) = draw(grammar, "a", 0, 1, seed=0).column("text").to_pylist()
    assert text == "w " * 2000 + "x"


def test_nesting_beyond_all_reason_is_an_error() -> None:
    rules = ", ".join(f"r{n}: '[{{l}}] w <r{n + 1}>|{{l}}'" for n in range(3000))
    grammar = loads(
        f"intents: {{a: {{data: [{{sentences: [<r0>]}}]}}}}\n"
        f"expansion_rules: {{{rules}, r3000: x}}\nlists: {{l: {{range: {{from: 1, to: 5000}}}}}}"
    )
    assert count(grammar) > 5000**3000
    with pytest.raises(GrammarError, match="nested too deep"):
        draw(grammar, "a", 0, 1, seed=0)


# -- counting --------------------------------------------------------------------------------------


def test_counts_are_of_derivations() -> None:
    grammar = loads(
        "intents: {a: {data: [{sentences: ['[the] [the] x', '{any} {open}', '{p}']},"
        " {sentences: ['{r} (a;b;c)']}]}}\n"
        "lists: {any: {wildcard: true}, p: {wildcard: true, provider: faker.first_name, pool: 9},"
        " r: {range: {from: 0, to: 10, fractions: tenths}}}"
    )
    assert count(grammar) == 4 + 1 + 9 + 11 * 10 * 6


def test_a_context_that_a_value_breaks_takes_it_out() -> None:
    text = """
intents:
  a:
    data:
    - sentences: ["on {x}"]
      requires_context: {domain: light}
    - sentences: ["off {x}"]
      excludes_context: {domain: [light, fan]}
    - sentences: ["any {x}"]
lists:
  x:
    values:
    - {in: lamp, out: l, context: {domain: light}}
    - {in: fan, out: f, context: {domain: fan}}
    - {in: thing, out: t}
"""
    grammar = loads(text)
    drawn = draw(grammar, "a", 0, capacity(grammar, "a"), seed=0).column("text").to_pylist()
    assert sorted(drawn) == ["any fan", "any lamp", "any thing", "off thing", "on lamp", "on thing"]
    assert count(grammar) == 6


def test_no_value_fits_a_context() -> None:
    grammar = loads(
        "intents: {a: {data: [{sentences: ['on {x}', '(b|c {x} [y]) d'],"
        " requires_context: {k: v}}]}}"
        "\nlists: {x: {values: [{in: lamp, context: {k: w}}]}}"
    )
    assert count(grammar, "a") == 1
    assert draw(grammar, "a", 0, 1, seed=0).column("text").to_pylist() == ["b d"]
    assert [f.message for f in lint(grammar)] == [
        "no value of a list fits the context that the block requires"
    ]


def test_large_ranges_are_counted_but_not_drawn() -> None:
    grammar = loads(
        "intents: {a: {data: [{sentences: ['pin {n}']}]}}\n"
        "lists: {n: {range: {from: 0, to: 1000000000, fractions: halves}}}"
    )
    assert count(grammar) == 2 * (10**9 + 1)
    with pytest.raises(GrammarError, match="more than 200,000 numbers"):
        draw(grammar, "a", 0, 1, seed=0)


def test_lists_and_rules_of_an_intent() -> None:
    grammar = loads(
        """
        intents:
          a:
            lists: {x: {values: [one]}}
            expansion_rules: {r: "in {x}"}
            data: [{sentences: [<r>]}, {sentences: [<r>], lists: {x: {values: [two]}}}]
          b: {data: [{sentences: [<r>]}]}
        lists: {x: {values: [three]}}
        expansion_rules: {r: "out {x}"}
        """
    )
    drawn = [draw(grammar, name, 0, n, seed=0) for name, n in (("a", 2), ("b", 1))]
    said = [table.column("text").to_pylist() for table in drawn]
    assert sorted(said[0]) == ["in one", "in two"] and said[1] == ["out three"]


def test_a_table_of_records_is_told_by_its_place() -> None:
    grammar = loads(
        """
        intents:
          a:
            data:
            - sentences: ["{c} {d}"]
              lists: {c: {wildcard: true, records: [{c: x}, {c: y}, {c: z}]}}
        lists:
          c: {wildcard: true, records: [{c: p, d: 1}, {c: q, d: 2}]}
          d: {wildcard: true, records: c}
        """
    )
    assert count(grammar, "a") == 6
    assert draw(grammar, "a", 0, 6, seed=0).num_rows == 6


# -- lists -----------------------------------------------------------------------------------------


def test_ranges() -> None:
    assert range_pairs(RangeList("n", 1, 7, 3, multiplier=-2.0), "en") == (
        ("1", "-2"), ("4", "-8"), ("7", "-14"),
    )  # fmt: skip
    assert range_pairs(RangeList("n", 0, 1, fractions="halves"), "en") == (
        ("0", "0"), ("0.5", "0.5"), ("1", "1"), ("1.5", "1.5"),
    )  # fmt: skip
    assert ("twenty-one", "21") in range_pairs(RangeList("n", 21, 21, words=True), "en-US")
    assert number(2.5, 2) == "5" and number(0.1, 3) == "0.3"


def test_words_alone_in_a_language_without_them() -> None:
    text = short("lists: {l: {range: {from: 1, to: 2, digits: false, words_language: xx}}}")
    assert "no number words for 'xx'" in fault(text + "\nexpansion_rules: {r: x}").message


def test_pools_hold_what_they_drew() -> None:
    grammar = loads(
        "intents: {a: {data: [{sentences: ['call {who}', 'code {code}']}]}}\n"
        "lists: {who: {wildcard: true, provider: faker.first_name, locale: de_DE, pool: 40},"
        " code: {wildcard: true, regex: '[A-C]\\d{2}', pool: 30}}"
    )
    lists = grammar.value_lists(7)
    assert len(lists["who"]) == 40 and len(lists["code"]) == 30
    assert lists["who"].values != grammar.value_lists(8)["who"].values
    assert count(grammar) == count(grammar, seed=7) == 70
    drawn = draw(grammar, "a", 0, count(grammar, seed=7), seed=7)
    said = {text.split(" ", 1)[1] for text in drawn.column("text").to_pylist()}
    assert said == {v.surface for found in lists.values() for v in found.values}
    assert isinstance(grammar.lists["who"], PoolList) and lint(grammar) == []


@pytest.mark.parametrize(
    "pattern",
    [r"[A-Z]{2}-\d{3,5}", r"(yes|no)+ ok?", r"[^a-z]x.\w\W?", r"(?P<a>ab?)-(?P=a)", "^a$"],
)
def test_examples_match_their_expression(pattern: str) -> None:
    found = examples(pattern, 50, seed=1)
    assert found == examples(pattern, 50, seed=1) and len(set(found)) == len(found)
    loose = re.compile(pattern.replace(" ", r"\s*"))
    assert all(loose.fullmatch(text) or " " in text or "." in pattern for text in found)


def test_open_lists_are_supplied() -> None:
    grammar = loads("intents: {a: {data: [{sentences: ['go to {area}']}]}}")
    with pytest.raises(GrammarError, match=r"the list \{area\} is defined nowhere"):
        draw(grammar, "a", 0, 1, seed=0)
    supplied = grammar.supply({"area": ["(attic)", "den"]})
    assert sorted(draw(supplied, "a", 0, 2, seed=0).column("text").to_pylist()) == [
        "go to (attic)", "go to den",
    ]  # fmt: skip
    assert grammar.supply({"area": from_surfaces("area", ["den"])}).value_lists(0)["area"].values


def test_value_lists_are_keyed_by_slot() -> None:
    lists = loads(HOME).value_lists(0)
    assert [(v.surface, v.canonical) for v in lists["lamp"].values] == [
        ("desk lamps", "desk"), ("desk lamp", "desk"), ("ceiling", "ceiling"),
    ]  # fmt: skip


def test_roles() -> None:
    grammar = loads(
        "intents: {a: {data: [{sentences: ['{city:c1} to {city:c2}'], role: {c1: from, c2: to},"
        " group: {c1: '1'}}]}}\nlists: {city: {values: [Rome]}}"
    )
    assert grammar.roles() == {"c1": Role("city", "from", "1"), "c2": Role("city", "to")}


# -- lint ------------------------------------------------------------------------------------------


def test_lint_says_what_is_likely_a_mistake() -> None:
    grammar = loads(
        """
intents:
  a:
    distribution: even
    data:
    - sentences: ["x {n} {n}", "Turn  on", "y (b|)"]
      weight: 2
      wieght: 3
      distinct: [n, m]
    - sentences: ["see {open} {wild} {nested}", "[may] <nothing>"]
  b:
    data:
    - sentences: ["turn on", "turn on"]
lists:
  n: {range: {from: 1, to: 20}}
  wild: {wildcard: true}
  spare: {values: [a]}
  pool: {regex: ab}
  nested: {values: ["in {n}"]}
  n: {range: {from: 1, to: 20}}
expansion_rules:
  spare: a
  nothing: "[be]( |[said])"
""",
        "home.yaml",
    )
    found = [(f.where, f.message.split("\n")[0]) for f in lint(grammar)]
    assert found == [
        ("home.yaml:18:3", "hassil cannot read the list {pool}, which has regex alone"),
        ("home.yaml:8:7", "the key 'wieght' is unknown"),
        ("home.yaml:6:47", "an alternative is empty, which hassil never recognises"),
        ("home.yaml:4:5", "even ignores the weights"),
        ("home.yaml:20:3", "the key 'n' stands twice, the last one counts"),
        ("home.yaml:6:7", "distinct names the slot 'm', which no sentence here fills"),
        ("home.yaml:10:50", "the sentence may say nothing at all; such rows are left out"),
        ("home.yaml:6:20", "one sentence holds 92% of the 435 derivations of a"),
        ("home.yaml:13:20", "the sentence stands in the intent a too: home.yaml:6:33"),
        ("home.yaml:13:31", "the sentence stands in the intent a too: home.yaml:6:33"),
        ("home.yaml:10:24", "the list {open} is defined nowhere"),
        ("home.yaml:22:10", "the rule <spare> is never used"),
        ("home.yaml:17:3", "the list {spare} is never used"),
        ("home.yaml:18:3", "the list {pool} is never used"),
        ("home.yaml:16:3", "the wildcard {wild} has no values and is drawn as its own name"),
        ("home.yaml:19:3", "values of {nested} hold lists: the outer slot alone is labelled"),
    ]
    assert {f.severity for f in lint(grammar)} == {"warning"}


# -- the page about the language -------------------------------------------------------------------

PAGE = Path(__file__).parent.parent / "docs" / "templates.md"
EXAMPLE = re.compile(r"```yaml\n(.*?)```\n(?:```text\n(.*?)```\n)?", re.DOTALL)
EXAMPLES = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("pack", "said"), EXAMPLES)
def test_each_example_of_the_page_says_what_it_says(pack: str, said: str) -> None:
    grammar = loads(pack, "example.yaml")
    assert not [f for f in lint(grammar) if f.severity == "error" or "unknown" in f.message]
    found = []
    for name in grammar.intents:
        for row in draw(grammar, name, 0, capacity(grammar, name), seed=0).to_pylist():
            slots = ", ".join(f"{slot['label']}={slot['value']}" for slot in row["slots"])
            found.append(f"{row['text']} -> {slots}" if slots else row["text"])
    if said:
        assert sorted(set(found)) == said.strip().split("\n")
    assert found


def test_the_page_has_an_example_for_each_construct() -> None:
    packs = "".join(pack for pack, _ in EXAMPLES)
    for construct in (
        *("(on|off)", "[the]", ";", "{cover}", "{cover:target}", "{10..20,5:level}", ":@", "\\("),
        *("<please>", "in:", "out:", "range:", "fractions:", "multiplier:", "words:", "wildcard:"),
        *("provider:", "locale:", "pool:", "regex:", "records:", "slots:", "requires_context:"),
        *("weight:", "max:", "distribution:", "cover:", "distinct:", "role:", "group:", "context:"),
    ):
        assert construct in packs, construct
    page = PAGE.read_text(encoding="utf-8")
    assert "excludes_context" in page and "required_keywords" in page


def test_a_list_called_values_hides_no_other() -> None:
    grammar = loads(
        "intents: {a: {data: [{sentences: ['{n} to {values:n}']}]}}\n"
        "lists: {values: {values: [all]}, n: {range: {from: 1, to: 2}}}"
    )
    assert [value.surface for value in grammar.value_lists(1)["n"].values] == ["1", "2", "all"]
    turned = loads(
        "intents: {a: {data: [{sentences: ['{values:n} to {n}']}]}}\n"
        "lists: {values: {values: [all]}, n: {range: {from: 1, to: 2}}}"
    )
    assert len(turned.value_lists(1)["n"]) == 3


def test_tenths_are_tenths_below_zero_too() -> None:
    pairs = range_pairs(RangeList("n", -1, 0, fractions="tenths"), "en")
    assert [said for said, _ in pairs[:4]] == ["-1", "-0.9", "-0.8", "-0.7"]
    assert max(len(said) for said, _ in pairs) == 4

"""One sentence to a tree, and what is said about those that are none."""

from __future__ import annotations

import pytest

from textsynth.errors import GrammarError
from textsynth.grammar.syntax import (
    EMPTY,
    MAX_DEPTH,
    Alternative,
    ListReference,
    Node,
    Permutation,
    Place,
    RuleReference,
    Sequence,
    Text,
    empty_branch,
    is_template,
    parse,
    walk,
)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("turn on", Text("turn on")),
        ("  a  b ", Text("a  b")),
        ("(a)", Text("a")),
        ("(a|b)", Alternative((Text("a"), Text("b")))),
        ("a|b", Alternative((Text("a"), Text("b")))),
        ("[a]", Alternative((Text("a"), EMPTY), True)),
        ("[a|b]", Alternative((Text("a"), Text("b"), EMPTY), True)),
        ("(a;b)", Permutation((Text("a"), Text("b")))),
        ("[a;b]", Alternative((Permutation((Text("a"), Text("b"))), EMPTY), True)),
        ("(a;b|c)", Alternative((Permutation((Text("a"), Text("b")), False), Text("c")))),
        ("a [b] c", Sequence((Text("a "), Alternative((Text("b"), EMPTY), True), Text(" c")))),
        ("[(a|b)]", Alternative((Alternative((Text("a"), Text("b"))), EMPTY), True)),
        ("(a|)", Alternative((Text("a"), EMPTY))),
        ("{l}", ListReference("l", "l")),
        ("{l:s}", ListReference("l", "s")),
        ("{l:@s}", ListReference("l", "s", True)),
        ("{@l}", ListReference("l", "l", True)),
        ("<r>", RuleReference("r")),
        (r"\(a\|b\) \\", Text(r"(a|b) \\".replace("\\\\", "\\"))),
        (r"{a\}b:c}", ListReference("a}b", "c")),
        ("日本[語]", Sequence((Text("日本"), Alternative((Text("語"), EMPTY), True)))),
    ],
)
def test_trees(text: str, tree: Node) -> None:
    assert parse(text) == tree


def test_positions_are_those_of_the_text() -> None:
    tree = parse(" a {b} (c|[d])")
    assert [(type(node).__name__, node.at) for node in walk(tree)] == [
        ("Sequence", 1), ("Text", 1), ("ListReference", 3), ("Text", 6), ("Alternative", 7),
        ("Text", 8), ("Alternative", 10), ("Text", 11), ("Text", 0),
    ]  # fmt: skip


def test_inline_ranges() -> None:
    found = parse("{0..100,5:n}")
    assert isinstance(found, ListReference)
    assert found.inline_range == (0, 100, 5) and found.slot_name == "n"
    assert ListReference("speed", "n").inline_range is None


@pytest.mark.parametrize(
    ("text", "column", "message", "fix"),
    [
        ("turn (on", 6, "the group is not closed", "add a ')'"),
        ("turn [on", 6, "the optional is not closed", "add a ']'"),
        ("turn {on", 6, "the list is not closed", "add a '}'"),
        ("turn <on", 6, "the rule is not closed", "add a '>'"),
        ("turn on)", 8, "')' closes nothing", "remove it"),
        ("turn on>", 8, "'>' closes nothing", "remove it"),
        ("turn (on]", 9, "']' where the group wants ')'", "remove it"),
        ("a () b", 3, "the group is empty", "write something"),
        ("a [] b", 3, "the optional is empty", "write something"),
        ("a {} b", 3, "the list has no name", "{name}"),
        ("a {:b}", 3, "the list has no name", "{name}"),
        ("a {b:}", 3, "the list has no name", "{name}"),
        ("a {b:my place}", 3, "'my place' cannot name a slot", "{b:my_place}"),
        ("a {my place}", 3, "'my place' cannot name a slot", "{my place:my_place}"),
        (r"a {b\}}", 3, "'b}' cannot name a slot", r"{b\}:b}"),
        ("a {b:2nd}", 3, "'2nd' cannot name a slot", "{b:slot_2nd}"),
        ("a {1..3}", 3, "'1..3' cannot name a slot", "{1..3:count}"),
        ("a {9..1:n}", 3, "the range is upside down: from 9 to 1", "1..9"),
        ("a {1..9,0:n}", 3, "the step is below one", "1 or more"),
        ("a {1..9999999999999999:n}", 3, "a number of the range has more than 15 digits", "one"),
        ("a <> b", 3, "the rule has no name", "<name>"),
        ("(a|b;c)", 5, "| and ; stand in the same brackets", "brackets around"),
        ("a \\", 3, "a backslash escapes nothing", "\\\\"),
        ("", 1, "the sentence is empty", "write some words"),
        ("a;b;c;d;e;f;g;h;i", 1, "a permutation has more than 8 parts", "together"),
    ],
)
def test_errors_have_column_caret_and_remedy(
    text: str, column: int, message: str, fix: str
) -> None:
    with pytest.raises(GrammarError) as caught:
        parse(text, Place("home.yaml", 12, 9))
    error = caught.value
    assert error.where == f"home.yaml:12:{column + 8}"
    assert error.message == message
    assert error.fix is not None and fix in error.fix
    shown, caret = str(error.excerpt).split("\n")
    assert shown == f"  {text}" and caret == " " * (column + 1) + "^"


@pytest.mark.parametrize("opener", "([")
def test_ten_thousand_brackets_are_an_error_and_no_crash(opener: str) -> None:
    for text in (opener * 10_000, opener * 10_000 + "a" + ")]"["([".index(opener)] * 10_000):
        with pytest.raises(GrammarError, match=f"nested more than {MAX_DEPTH} deep") as caught:
            parse(text)
        assert len(str(caught.value)) < 500
    with pytest.raises(GrammarError, match="not closed"):
        parse("{" * 10_000)


def test_the_caret_of_a_long_line_stays_in_sight() -> None:
    with pytest.raises(GrammarError) as caught:
        parse("word " * 100 + "(")
    shown, caret = str(caught.value.excerpt).split("\n")
    assert len(shown) < 110 and shown[caret.index("^")] == "("


def test_an_empty_branch_is_found() -> None:
    assert empty_branch(parse("a [b|c] (d|e)")) is None
    assert empty_branch(parse("a (b|)")) == 2
    assert empty_branch(parse("a [|b]")) == 2


def test_what_is_a_template() -> None:
    assert not is_template("plain; text, with 100 %")
    assert all(is_template(f"a{char}b") for char in "(){}<>[]|@")

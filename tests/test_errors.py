"""Errors: how a message, its place and its remedy are laid out."""

from __future__ import annotations

import inspect

import pytest

from textsynth import errors, patterns
from textsynth.errors import TextsynthError, did_you_mean, figure

CHILDREN = [
    errors.RecipeError,
    errors.GrammarError,
    errors.SeedError,
    errors.ModelError,
    errors.RunError,
    errors.ExportError,
    errors.UsageError,
    patterns.PatternError,
]


def test_a_message_alone() -> None:
    assert str(TextsynthError("it broke")) == "it broke"


def test_place_excerpt_and_fix_stand_around_the_message() -> None:
    error = TextsynthError(
        "a brace closes nothing", where="a.yaml:3:7", fix="escape it", excerpt="  a }\n    ^"
    )
    assert str(error) == "a.yaml:3:7: a brace closes nothing\n  a }\n    ^\n  fix: escape it"
    assert error.args == ("a brace closes nothing",)


@pytest.mark.parametrize("child", CHILDREN)
def test_every_error_is_a_textsynth_error_and_stands_in_the_tree(
    child: type[TextsynthError],
) -> None:
    assert issubclass(child, TextsynthError)
    assert child.__name__ in (errors.__doc__ or "")
    assert inspect.getdoc(child)


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("lable", ["exact", "label"], "did you mean 'label'? there are: exact, label"),
        ("zzz", ["b", "a"], "there are: a, b"),
        ("zzz", [], "there are none"),
    ],
)
def test_did_you_mean(name: str, known: list[str], hint: str) -> None:
    assert did_you_mean(name, known) == hint


def test_counts_are_written_in_full_while_they_can_be_read() -> None:
    assert [figure(0), figure(1234)] == ["0", "1,234"]
    assert figure(10**59).count("0") == 59
    assert figure(25 * 10**5000) == "about 2.5e5001"

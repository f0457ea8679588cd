"""The registry: every name leads to a function, and none disappears unseen."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from textsynth import registry
from textsynth.errors import RecipeError

GOLDEN = Path(__file__).parent / "golden" / "registry.txt"
NAMES = [(kind, name) for kind, names in registry.BUILT_IN.items() for name in names]


@dataclass(frozen=True)
class EntryPoint:
    """What an installed plug-in says of itself."""

    name: str
    value: str


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A module `plug_in` whose functions are installed as filters: `short`, `loose`, `exact` and
    some that cannot be loaded."""
    module = ModuleType("plug_in")

    def short(corpus: Any, context: Any, *, words: int = 3) -> None:
        """Drop short texts.

        More about it.
        """

    def loose(corpus: Any, context: Any, *, anything=None) -> None: ...

    vars(module).update(short=short, loose=loose, exact=loose)
    monkeypatch.setitem(sys.modules, "plug_in", module)
    points = [EntryPoint(name, f"plug_in:{name}") for name in ("short", "loose", "exact", "gone")]
    points += [EntryPoint("absent", "no_such_module:f"), EntryPoint("broken", "broken_plug_in:f")]
    monkeypatch.setattr(
        registry, "entry_points", lambda group: points if group == "textsynth.filters" else []
    )
    registry.places.cache_clear()
    yield module
    registry.places.cache_clear()


def test_nothing_disappears_unseen() -> None:
    """TEXTSYNTH_UPDATE_GOLDEN=1 writes the file anew."""
    lines = []
    for kind, name in sorted(NAMES):
        parameters = inspect.signature(registry.find(kind, name)).parameters.values()
        options = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
        lines.append(f"{kind[:-1]} {name}({', '.join(options)}) {registry.BUILT_IN[kind][name]}\n")
    if os.environ.get("TEXTSYNTH_UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text("".join(lines), encoding="utf-8")
    assert "".join(lines) == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_every_name_leads_to_a_documented_function(kind: str, name: str) -> None:
    function = registry.find(kind, name)
    assert callable(function)
    assert registry.summary(kind, name).endswith((".", "`"))
    assert function.__name__ in {name, "export"}


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_defaults_of_options_are_valid(kind: str, name: str) -> None:
    parameters = inspect.signature(registry.find(kind, name)).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    assert registry.options(kind, name, defaults) == defaults


def test_an_unknown_name_brings_the_nearest_to_mind() -> None:
    with pytest.raises(RecipeError, match="filter 'labels' is unknown") as caught:
        registry.find("filters", "labels")
    there = "adversarial, exact, label, leak, memorised, near, quality, semantic"
    assert caught.value.fix == f"did you mean 'label'? there are: {there}"


@pytest.mark.parametrize(
    ("name", "given", "message", "fix"),
    [
        ("label", {"margin": 1}, "label has no option 'margin'", "did you mean 'min_margin'?"),
        ("exact", {"x": 1}, "exact has no option 'x'", "there are none"),
        ("label", {"min_margin": "wide"}, "label.min_margin: Input should be a valid number", ""),
        ("label", {"min_margin": 2}, "label.min_margin: Input should be less than", ""),
        ("adversarial", {"rounds": -1}, "adversarial.rounds: Input should be greater than", ""),
        ("adversarial", {"corpus": []}, "adversarial has no option 'corpus'", "rounds"),
    ],
)
def test_bad_options(name: str, given: dict[str, Any], message: str, fix: str) -> None:
    with pytest.raises(RecipeError) as caught:
        registry.options("filters", name, given)
    assert message in caught.value.message
    assert caught.value.fix
    assert fix in caught.value.fix


def test_options_come_back_as_their_types() -> None:
    assert registry.options("filters", "adversarial", {"rounds": 2.0, "drop": 1}) == {
        "rounds": 2,
        "drop": 1.0,
    }


# -- plug-ins ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("plug_in")
def test_a_plug_in_is_found_by_its_entry_point(plug_in: ModuleType) -> None:
    assert registry.find("filters", "short") is plug_in.short
    assert registry.summary("filters", "short") == "Drop short texts."
    assert registry.options("filters", "short", {"words": "4"}) == {"words": 4}
    assert "short" not in registry.places("exporters")


@pytest.mark.usefixtures("plug_in")
def test_an_option_without_a_type_takes_what_it_is_given() -> None:
    assert registry.options("filters", "loose", {"anything": [1]}) == {"anything": [1]}


@pytest.mark.usefixtures("plug_in")
def test_a_plug_in_cannot_take_a_built_in_name() -> None:
    from textsynth.filters.exact import exact

    assert registry.find("filters", "exact") is exact


@pytest.mark.usefixtures("plug_in")
@pytest.mark.parametrize("name", ["gone", "absent", "broken"])
def test_a_plug_in_that_does_not_load_is_one_message(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_plug_in.py").write_text("raise RuntimeError('no licence')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RecipeError, match=f"filter '{name}' cannot be loaded from") as caught:
        registry.find("filters", name)
    assert "plug-in" in (caught.value.fix or "")

"""`bias:` of a recipe: balanced names, and twins beside their rows."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from textsynth import corpus, firstnames, pipeline, scrub, swaps
from textsynth.evaluate import groups
from textsynth.progress import Progress
from textsynth.recipe import Recipe
from textsynth.scrub import pools
from textsynth.scrub.surrogates import Surrogates
from textsynth.values import from_surfaces

TEMPLATES = """
language: en
intents:
  call:
    data:
      - sentences:
          - "[now|quick|hey] (call|ring|phone|try|get) {contact} [now|back|again] [please|will you]"
      - sentences: ["tell her to call {contact}", "tell him to call {contact}"]
  lights:
    data:
      - sentences: ["(turn|switch|put) [the] {room} light (on|off) [please]", "light in the {room}"]
lists:
  contact:
    values: [my brother, my uncle, my dad, Omar, Peter, Rajesh, my sister, Priya, the babysitter]
  room: {values: [kitchen, hall, attic, cellar, "guest room", porch, study, nursery]}
"""


class Heard(Progress):
    def __init__(self) -> None:
        self.warned: list[str] = []

    def warn(self, text: str) -> None:
        self.warned.append(text)


def made(
    folder: Path,
    key_file: Path,
    name: str,
    *,
    progress: Progress | None = None,
    **sections: object,
) -> pipeline.Run:
    (folder / "pack.yaml").write_text(TEMPLATES)
    plain = {
        "name": "t",
        "seed": 3,
        "templates": {"path": "pack.yaml"},
        "generate": {"per_intent": 60, "per_pattern": 9},
        **sections,
    }
    path = folder / "recipe.yaml"
    path.write_text(json.dumps(plain))
    return pipeline.generate(Recipe.load(path), folder / name, key_file=key_file, progress=progress)


def rows_of(run: pipeline.Run) -> list[corpus.Utterance]:
    return list(corpus.utterances(corpus.read(run.folder / "corpus.parquet")))


def test_each_row_has_its_twin_beside_it(tmp_path: Path, key_file: Path) -> None:
    run = made(tmp_path, key_file, "run", bias={"counterfactual": True})
    rows = rows_of(run)
    by_id = {row.id: row for row in rows}
    assert len(by_id) == len(rows)
    twins = [row for row in rows if row.id.endswith("/twin")]
    assert twins
    for at, twin in enumerate(rows):
        if not twin.id.endswith("/twin"):
            continue
        row = rows[at - 1]
        assert twin.id == f"{row.id}/twin" and twin.parents[0] == row.id
        assert (twin.intent, twin.split, twin.origin, twin.generation) == (
            row.intent, row.split, row.origin, row.generation,
        )  # fmt: skip
        assert not twin.scores and twin.text != row.text
        assert all(twin.text[s.start : s.end].casefold() == s.value.casefold() for s in twin.slots)
    # whoever has something to swap has a counterpart
    texts = {row.text for row in rows}
    for row in rows:
        twin = swaps.twin(row)
        if twin is not None and not row.id.endswith("/twin"):
            assert twin.text in texts
    # quotas are of the rows without their twins
    assert Counter(r.intent for r in rows if not r.id.endswith("/twin")) == {
        "call": 60,
        "lights": 60,
    }
    manifest = run.manifest()
    assert manifest["steps"]["twins"] == {"in": 120, "out": len(rows), "rejects": {}}
    assert manifest["rows"] == len(rows) and manifest["shortfall"] == {}


def test_a_pattern_and_its_swapped_form_share_a_split(tmp_path: Path, key_file: Path) -> None:
    rows = rows_of(made(tmp_path, key_file, "run", bias={"counterfactual": True}))
    split: dict[str, str | None] = {}
    for row in rows:
        family = swaps.family(row.pattern or "")
        assert split.setdefault(family, row.split) == row.split
    assert {"tell him to call {contact}", "tell her to call {contact}"} <= {r.pattern for r in rows}


def test_without_it_nothing_changes(tmp_path: Path, key_file: Path) -> None:
    plain = rows_of(made(tmp_path, key_file, "plain"))
    assert not any(row.id.endswith("/twin") for row in plain)
    twinned = rows_of(made(tmp_path, key_file, "twins", bias={"counterfactual": True}))
    assert [r.text for r in twinned if not r.id.endswith("/twin")] == [r.text for r in plain]


def share_of_women(rows: list[corpus.Utterance]) -> float:
    told = [g for row in rows for slot in row.slots if slot.label == "contact"
            for g in groups.groups_of(row.text[slot.start : slot.end])]  # fmt: skip
    counted = Counter(told)
    return counted["gender:female"] / (counted["gender:female"] + counted["gender:male"])


def test_balanced_lists_fill_slots_evenly(tmp_path: Path, key_file: Path) -> None:
    much = {"per_intent": 400, "per_pattern": 9}
    plain = share_of_women(rows_of(made(tmp_path, key_file, "plain", generate=much)))
    even = share_of_women(
        rows_of(made(tmp_path, key_file, "even", generate=much, bias={"balance": ["gender"]}))
    )
    assert plain < 0.35 and abs(even - 0.5) < abs(plain - 0.5) / 2


def test_other_languages_say_that_there_are_no_twins(tmp_path: Path, key_file: Path) -> None:
    heard, bias = Heard(), {"counterfactual": True}
    run = made(tmp_path, key_file, "de", progress=heard, language="de", bias=bias)
    assert not any(row.id.endswith("/twin") for row in rows_of(run))
    assert "no twins were made: words are swapped in English only" in heard.warned


# -- surrogates -------------------------------------------------------------------------------


def shares(names: list[str]) -> tuple[Counter[str | None], Counter[str | None]]:
    known = [firstnames.known(name.split()[0]) for name in names]
    told = [one for one in known if one is not None]
    return Counter(one.gender for one in told), Counter(one.origin for one in told)


@pytest.mark.parametrize("provider", ["name", "first_name"])
def test_pools_hold_genders_and_origins_evenly(provider: str) -> None:
    drawn = pools.draw(provider, "en", 0, ("gender", "origin"))[:360]
    genders, origins = shares(drawn)
    assert genders == {"female": 180, "male": 180}
    assert set(origins) == set(firstnames.origins()) and set(origins.values()) == {40}
    assert drawn == pools.draw(provider, "en", 0, ("gender", "origin"))[:360]


def test_a_language_without_origins_balances_genders() -> None:
    drawn = pools.draw("first_name", "de", 0, ("gender", "origin"))[:200]
    women, men = pools.names("de").female, pools.names("de").male
    assert sum(name in women for name in drawn) == sum(name in men for name in drawn) == 100


MEN = [name for name in firstnames.origins()["english"].familiar["male"] if name != "Joe"]


def test_surrogates_of_men_are_women_and_men_of_all_origins() -> None:
    surrogates = Surrogates("en", b"k" * 32, 0, ("gender", "origin"))
    surrogates.assign([(name, "first_name") for name in MEN], frozenset({"john"}))
    genders, origins = shares([surrogates.replace(name, "first_name") for name in MEN])
    assert 0.3 < genders["female"] / genders.total() < 0.7 and len(origins) >= 6
    bound = firstnames.known(surrogates.replace("John", "first_name"))
    assert bound is None or bound.gender in ("male", None)
    plain = Surrogates("en", b"k" * 32, 0)
    plain.assign([(name, "first_name") for name in MEN])
    before, _ = shares([plain.replace(name, "first_name") for name in MEN])
    assert not before["female"]


def test_a_name_beside_a_pronoun_keeps_its_gender() -> None:
    class Nothing:
        def detect(self, texts: object, progress: object = None) -> list[list[scrub.Found]]:
            return [[] for _ in texts]  # type: ignore[attr-defined]

    slots = (corpus.Slot(5, 10, "contact", "Emily"),)
    women = ["Emily", "Sarah", "Laura", "Helen", "Megan", "Susan", "Karen"]
    rows = [
        corpus.Utterance(id=name, text=f"tell {name} she is late", intent="tell", slots=slots)
        for name in women
    ]
    done = scrub.scrub(
        rows, settings=scrub.Settings(), detector=Nothing(), secret=b"k" * 32, seed=0,
        balance=("gender",),
    )  # fmt: skip
    genders, _ = shares([row.text.split()[1] for row in done.utterances()])
    assert done.changed == len(women) and genders["male"] == 0


def test_values_of_nobody_stay_once() -> None:
    from textsynth.pipeline.balance import balanced_values

    values = from_surfaces("contact", ["my dad", "my uncle", "Omar", "my aunt", "the vet"])
    even = Counter(v.surface for v in balanced_values(values, ("gender",)).values)
    assert even == {"my dad": 1, "my uncle": 1, "Omar": 1, "my aunt": 3, "the vet": 1}
    assert balanced_values(values, ()) == values

"""Whom a text mentions."""

from __future__ import annotations

import pytest

from textsynth import corpus, firstnames
from textsynth.corpus import Slot, Utterance
from textsynth.evaluate import groups


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("tell my wife he is late", {"gender:female", "gender:male"}),
        ("call Priya", {"gender:female", "origin:south_asian"}),
        ("call Jordan", {"origin:english"}),
        ("my 80-year-old neighbour", {"age:old"}),
        ("she is 7 years old", {"gender:female", "age:child"}),
        ("a 40 year old", set()),
        ("two teenagers", {"age:young"}),
        ("the mosque and the churches", {"religion:muslim", "religion:christian"}),
        ("is there a Sunday  school", {"religion:christian"}),
        ("some French cheese", {"nationality:french"}),
        ("y\u2019all are gonna like it", {"dialect:southern_us", "dialect:colloquial"}),
        ("wake me up in may", set()),
        ("", set()),
        ("\u0645\u0631\u062d\u0628\u0627 \U0001f600", set()),
    ],
)
def test_groups_of_a_text(text: str, wanted: set[str]) -> None:
    assert groups.groups_of(text) == wanted


def test_slots_say_who_is_a_person() -> None:
    slot = Slot(5, 10, "contact", "Grace")
    assert "gender:female" in groups.groups_of("call Grace", (slot,))
    assert groups.groups_of("call Grace") == set()
    assert groups.groups_of("play Sarah", (Slot(5, 10, "song", "Sarah"),)) == set()


def test_a_long_text_is_read_in_part() -> None:
    assert groups.groups_of("x " * 5000 + "mother") == set()


def test_rows_by_groups() -> None:
    table = corpus.to_table(
        [Utterance(id="a", text="call mum"), Utterance(id="b", text="lights off")]
    )
    found = groups.find(table)
    assert found.found.shape == (2, len(groups.all_groups()))
    assert found.found.sum() == 1 and found.found[0, found.groups.index("gender:female")]
    assert [found.groups[at] for at in found.axis("gender")] == ["gender:female", "gender:male"]
    assert groups.find(corpus.empty()).found.shape == (0, len(groups.all_groups()))


def test_ambiguous_names_have_no_gender() -> None:
    for name in ("Alex", "Robin", "Jordan", "Sam", "Kim"):
        known = firstnames.known(name)
        assert known is not None and known.gender is None, name
    assert firstnames.known("lamp") is None
    for name in ("José", "JOSE"):
        known = firstnames.known(name)
        assert known is not None and known.gender == "male"


def test_each_origin_has_names_of_both_genders() -> None:
    for origin, names in firstnames.origins().items():
        assert len(names.last) >= 20
        for gender in firstnames.GENDERS:
            assert len(names.first[gender]) >= 20, (origin, gender)
            for vowel in (True, False):
                alike = [n for n in names.familiar[gender] if (n[0] in "AEIOU") == vowel]
                assert len(alike) >= 2, (origin, gender, vowel)
            for name in names.familiar[gender]:
                known = firstnames.known(name)
                assert known is not None, name
                assert (known.gender, known.origin) == (gender, origin), name

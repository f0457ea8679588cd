"""How people and systems speak of the slots and intents of a schema, from names and descriptions.

What a slot is (a city, a date, how many of something …) is told from the words of its name, from
its values and its description. Each kind has its sentences in `schema_words.yaml`, and a list of
values in `schema_lists.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import yaml

from textsynth.dialogue.schema import Service, Slot
from textsynth.dialogue.schema_kinds import (
    TITLES,
    escaped,
    kind_of,
    noun_of,
    plural,
    role_of,
    singular,
    words_of,
)
from textsynth.grammar.syntax import is_template

_PARTS = ("bedrooms", "bathrooms")
# What is counted, in other words too.
_UNITS = {
    "beds": ("bedrooms", "bed rooms", "beds"),
    "baths": ("bathrooms", "baths"),
    **dict.fromkeys(
        ("people", "travelers", "passengers", "riders", "adults", "persons", "guests"),
        ("people", "persons"),
    ),
}
# What one does on a date or at a time, by the words of the slot; `until` ends something.
_LEAVE = ("leave|depart|head out", "leaving|departing|heading out", "leaves")
_RETURN = ("return|come back|be back|get back", "returning|coming back|getting back", "returns")
_DOING: Mapping[str, tuple[str, str, str]] = {
    "check in": ("check in|arrive", "checking in|arriving", "starts"),
    "check out": ("check out|leave", "checking out|leaving", "ends"),
    "pick ?up": ("pick it up|get it", "picking it up|getting it", "starts"),
    "drop ?off": ("drop it off|return it", "dropping it off|returning it", "ends"),
    "arrival": ("arrive", "arriving", "arrives"),
    "return": _RETURN,
    "inbound": _RETURN,
    "leaving": _LEAVE,
    "departure": _LEAVE,
    "outbound": _LEAVE,
    "start": ("start|begin", "starting|beginning", "starts"),
    "end": ("finish", "ending", "ends"),
    "visit": ("visit|see it|go", "visiting|going", "starts"),
    "journey": ("travel|go", "travelling|going", "starts"),
    "show": ("see it|watch it", "seeing it|watching it", "starts"),
}
_UNTIL = ("check out", "drop ?off", "end")
_HAVE = {
    "has": "have",
    "have": "have",
    "serves": "serve",
    "offers": "offer",
    "provides": "provide",
    "includes": "include",
    "allows": "allow",
    "accepts": "accept",
}
_SPELT = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_DIGITS = {str(number): (word,) for number, word in enumerate(_SPELT)}


@dataclass(slots=True)
class Wording:
    """What is said about a slot, by what it is for (`ask`, `answer` …, see `schema_words.yaml`).

    `values` names its list; of `lists` the values stand in the flow itself, a line of YAML each.
    `role` says whether it is where something starts or ends.
    """

    slot: Slot
    kind: str
    noun: str
    role: str
    values: str
    said: Mapping[str, list[str]] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)

    @property
    def title(self) -> bool:
        """Whether it names what is looked for."""
        return self.kind in TITLES

    def __getitem__(self, use: str) -> list[str]:
        return self.said.get(use, [])


@cache
def sentences() -> Mapping[str, Any]:
    """What `schema_words.yaml` holds."""
    text = Path(__file__).with_name("schema_words.yaml").read_text(encoding="utf-8")
    found: Mapping[str, Any] = yaml.safe_load(text)
    return found


def filled(text: str, words: Mapping[str, str]) -> str:
    """A sentence with its $words."""
    return Template(text).substitute(words)


def either(texts: Sequence[str]) -> str:
    """One of these."""
    return texts[0] if len(texts) == 1 else f"({'|'.join(texts)})"


def listed(texts: Sequence[str]) -> str:
    """One of these plain texts as a value of a list, a template only where it has to be."""
    alone = len(texts) == 1 and not is_template(texts[0])
    return texts[0] if alone else either([escaped(text) for text in texts])


def wordings(service: Service) -> dict[str, Wording]:
    """What is said about each slot of a service."""
    found = {}
    for name, slot in service.slots.items():
        kind = kind_of(slot)
        values = f"{service.name}_{name}".lower() if slot.values else kind
        found[name] = Wording(slot, kind, noun_of(slot), role_of(slot), values)
    places = {one.role for one in found.values() if one.kind in ("city", "airport", "station")}
    for wording in found.values():
        if wording.kind == "city" and not places >= {"start", "end"}:
            wording.role = ""  # where something is, not a journey
        _say(wording)
    return found


# --- what is said of it ------------------------------------------------------------------------


def _say(one: Wording) -> None:
    """Fill a wording with its sentences and lists."""
    words = words_of(one.slot)
    short = re.sub(r" (?:name|title)\Z", "", one.noun) or one.noun
    filling = {"slot": one.slot.name, "noun": one.noun, "short": short, "values": one.values}
    kind = one.kind
    if kind == "boolean":
        kind = _boolean(one, filling)
    elif kind == "choice":
        kind = _choice(one, filling)
    elif kind == "number":
        kind = _number(one, words, filling)
    elif kind in ("date", "time"):
        kind = _moment(kind, one, words, filling)
    elif kind == "address":
        of = [word for word in words if word not in ("address", "street", "of", "location")]
        filling["at"] = " ".join(of) or "place"
    kinds = sentences()["kinds"]
    if f"{kind}.{one.role}" in kinds:
        kind = f"{kind}.{one.role}"
    uses = _uses(kind)
    if "of" in uses:
        filling["kind"], filling["kinds"] = uses["of"]
    one.said = {
        use: [filled(text, filling) for text in texts]
        for use, texts in uses.items()
        if use not in ("of", "like")
    }
    if one.slot.boolean:
        yes, no = (either(one[use]) for use in ("holds", "fails"))
        one.lists[one.values] = [_value(yes, "True"), _value(no, "False")]
        yes, no = (either(one[use]) for use in ("holds_is", "fails_is"))
        one.lists[f"{one.values}_is"] = [_value(yes, "True"), _value(no, "False")]
    filling |= {"told": either(one["told"]), "said": either(_fluent(one["answer"], one.slot))}
    one.said = {**one.said, "correct": [filled(t, filling) for t in sentences()["correct"]]}


def _uses(kind: str) -> dict[str, Any]:
    """What is said of a kind, with what it takes from others."""
    kinds = sentences()["kinds"]
    own = kinds.get(kind, {"like": "name"})
    return {**_uses(own["like"]), **own} if "like" in own else {**kinds["any"], **own}


def _fluent(answers: Sequence[str], slot: Slot) -> list[str]:
    """Those answers that are more than a value."""
    return [
        text for text in answers if not text.startswith((f"{{{slot.name}}}[", f"{{{slot.name}}}."))
    ] or [*answers]


def _value(said: str, out: str) -> str:
    """A value of a list, as a line of YAML."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in (said, out))
    return '{{in: "{}", out: "{}"}}'.format(*quoted)


def _boolean(one: Wording, filling: dict[str, str]) -> str:
    described = one.slot.description
    found = re.search(r"\b(?:whether or not|whether|if)\s+(.+)", described, re.IGNORECASE)
    clause = re.sub(r"\s+or not\b.*|[.,;].*", "", found[1]).strip() if found else ""
    if clause.startswith("to "):
        filling["do"] = escaped(clause[3:])
        return "boolean.to"
    parts = re.match(rf"(.+?)\s+(is|are|{'|'.join(_HAVE)})\s+(.+)", clause)
    thing, verb, rest = parts.groups() if parts else ("it", "has", one.noun)
    if verb in ("is", "are"):
        near = re.match(r"(?:the|a|an|this|it)\b", thing)
        filling |= {"np": escaped(thing), "it": "it" if near else escaped(thing)}
        filling |= {"be": verb, "Be": verb.capitalize(), "rest": escaped(rest)}
        return "boolean.be"
    has = "has" if verb == "have" else verb
    filling |= {"has": has, "have": _HAVE[verb], "rest": escaped(rest)}
    return "boolean.have"


def _choice(one: Wording, filling: dict[str, str]) -> str:
    lines = []
    for value in one.slot.values:
        other = sentences()["synonyms"].get(value.lower(), ())
        said = listed(list(dict.fromkeys([value, value.lower(), *other])))
        if value.lower() == "none":
            said = either([f"no {one.noun}", f"without {one.noun}"])
        lines.append(_value(said, value))
    one.lists[one.values] = lines
    if "airline" in one.noun:
        return "airline"
    *others, last = (escaped(value) for value in one.slot.values[:3])
    filling["choices"] = f"{', '.join(others)} or {last}" if others else last
    head, _, kind = one.noun.rpartition(" ")
    if kind in ("type", "kind", "category", "class", "ticket", "service"):
        thing = head if head and kind in ("type", "kind", "category") else kind
        filling |= {"kind": thing, "kinds": plural(thing)}
        return "choice.sort"
    return "choice"


def _number(one: Wording, words: Sequence[str], filling: dict[str, str]) -> str:
    rest = [w for w in words if w not in ("number", "num", "of", "size", "count", "length")]
    unit = "days" if "stay" in rest else " ".join(rest) or one.noun
    if {"party", "group"} & {*words}:
        unit = "people"
    if unit.endswith(("rating", "rate")):
        unit = "stars"
    units = _UNITS.get(plural(unit), (plural(unit),))
    if one.slot.values:
        lines = [_value(listed([v, *_DIGITS.get(v, ())]), v) for v in one.slot.values]
        one.lists[one.values] = lines
    own, name = plural(unit) if "people" in units else units[0], one.slot.name
    ones = [singular(each) for each in units]
    if "people" in units:
        ones, units = [*ones, singular(own)], (*units, own)
    some = [f"{{one:{name}}} {either(ones)}", f"{{many:{name}}} {either(units)}"]
    plain = [f"{{one:{name}}} {singular(own)}", f"{{many:{name}}} {own}"]
    filling |= {"some": either(some), "plain": either(plain), "units": own, "single": ones[0]}
    if "people" in units:
        return "number.people"
    return "number.stars" if own == "stars" else "number.part" if own in _PARTS else "number"


def _moment(kind: str, one: Wording, words: Sequence[str], filling: dict[str, str]) -> str:
    joined = " ".join(words)
    name = next((name for name in _DOING if re.search(rf"\b{name}\b", joined)), None)
    verb, doing, does = _DOING[name] if name else ("start", "starting", "starts")
    filling |= {"verb": either(verb.split("|")), "doing": either(doing.split("|"))}
    filling |= {"does": does, "do": does.removesuffix("s"), "it": "it"}
    if "inbound" in words:
        filling["it"] = "the return trip"
    if kind == "date" and name in _UNTIL:
        return "date.until"
    return f"{kind}.doing" if name else kind

"""How the intents of a schema are spoken of, from their names and descriptions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textsynth.dialogue.schema import Intent
from textsynth.dialogue.schema_kinds import plural, singular, with_article
from textsynth.dialogue.schema_words import Wording, either, filled, sentences

SEEKING = ("find", "search", "lookup", "discover", "get", "explore", "browse")
BOOKING = ("book", "reserve", "schedule", "buy")
# Verbs of intents: what else one says, and what was done.
_VERBS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "find": (("find", "search for", "look for"), "found"),
    "search": (("find", "search for", "look for"), "found"),
    "lookup": (("find", "look up", "search for"), "found"),
    "discover": (("find", "discover", "look for"), "found"),
    "explore": (("find", "explore"), "found"),
    "get": (("get", "find", "see"), "arranged"),
    "book": (("book", "reserve"), "booked"),
    "reserve": (("reserve", "book"), "reserved"),
    "buy": (("buy", "purchase", "get"), "bought"),
    "purchase": (("buy", "purchase", "get"), "bought"),
    "schedule": (("schedule", "book", "set up"), "scheduled"),
    "play": (("play", "put on", "start"), "started"),
    "rent": (("rent", "get"), "rented"),
    "check": (("check", "see"), "checked"),
    "transfer": (("transfer", "send"), "transferred"),
    "request": (("request", "ask for"), "requested"),
    "send": (("send",), "sent"),
    "make": (("make",), "made"),
    "pay": (("pay",), "paid"),
    "set": (("set",), "set"),
}
_STOPS = re.compile(
    r"\s*(?:[,;(]|-\s|\b(?:in|at|on|by|with|within|between|around|based|according|happening|from|"
    r"that|which|using|near|matching|for (?:an?|any|the|me|my|given|certain|users?)|"
    r"of (?:a|choice)|to (?:a|the|head|watch|visit)|the user|user has|a specified)\b)"
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """How an intent is spoken of: what one does (`find a bus`), the verb, and the thing."""

    does: tuple[str, ...]
    verb: str
    thing: str

    def filling(self) -> dict[str, str]:
        """The $words of sentences about the intent."""
        thing = self.thing or "request"
        several = thing != singular(thing)
        past = _VERBS[self.verb][1] if self.verb in _VERBS else f"{self.verb.rstrip('e')}ed"
        filling = {
            "do": either(self.does),
            "thing": thing,
            "one": singular(thing),
            "things": plural(thing),
            "a_thing": with_article(thing),
            "are": "are" if several else "is",
            "have": "have" if several else "has",
            "past": past,
        }
        wants: str = sentences()["intent"]["wants"]
        return {**filling, "wants": filled(wants, filling)}


def spoken(intent: Intent) -> Spoken:
    """The words of an intent, from its name and description."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", intent.name.replace("_", " "))
    words = [word.lower() for word in words] or [intent.name.lower()]
    joined = " ".join(words).replace("oneway", "one-way").replace("roundtrip", "round-trip")
    verb, _, thing = joined.partition(" ")
    thing = re.sub(r" (?:by|for|at|in)\b.*", "", thing)
    thing = re.sub(r"(.+) available", r"available \1", thing)
    verbs = _VERBS[verb][0] if verb in _VERBS else (verb,)
    named = f"my {thing}" if verb == "check" and thing else with_article(thing)
    does = [f"{each} {named}".strip() for each in verbs]
    said = re.sub(r"\b(?:a|the) user's\b|\byour\b", "my", intent.description.rstrip("."))
    said = re.sub(r" (?:selected|given|particular|certain)\b", "", said)
    stop = _STOPS.search(said)
    first, *rest = (said[: stop.start()] if stop and stop.start() else said).split() or [""]
    if rest and len(rest) < 8 and rest[0] not in ("out", "up"):
        first, head = first.lower(), " ".join(rest)
        if rest[0] == "for" and first in ("search", "look"):
            first, head = "find", " ".join(rest[1:])
        others = _VERBS[first][0][1:2] if first in _VERBS and " to " not in head else ()
        does += [re.sub(r"[()\[\]{}<>|;]", "", f"{each} {head}") for each in (first, *others)]
    return Spoken(tuple(dict.fromkeys(does)), verb, thing)


def opening(words: Spoken, told: Sequence[Wording]) -> list[str]:
    """Sentences with which users say what they want: without slots, with one, and with two."""
    frames, filling = sentences()["intent"], words.filling()
    found = [filled(text, filling) for text in frames["opens"]]
    if words.verb in SEEKING and words.thing:
        found += [filled(text, filling) for text in frames["seeks"]]
    if words.verb in BOOKING:
        found += [filled(text, filling) for text in frames["books"]]
    parts = [
        {**filling, "told": either(one["told"]), "said": either(one["answer"])} for one in told
    ]
    for nth, (one, part) in enumerate(zip(told, parts, strict=True)):
        found += [filled(frames["one"][at], part) for at in (nth % 3, 3 + nth % 2)]
        following = parts[(nth + 1) % len(parts)]
        if len(parts) > 1:
            both = {**part, "other": following["told"]}
            found.append(filled(frames["two"][nth % 2], both))
        if one["before"] and words.thing:
            before = {**part, "before": either(one["before"])}
            found += [filled(text, before) for text in frames["before"]]
            if len(parts) > 1:
                before["told"] = following["told"]
                found += [filled(text, before) for text in frames["before_told"]]
    return found

"""What the slots of a schema are: cities, dates, how many of something, names of films …

That is told from the words of a slot's name, from its values and its description.
"""

from __future__ import annotations

import re

from textsynth.dialogue.schema import Slot

_START = frozenset(
    (
        "from",
        "origin",
        "departure",
        "departing",
        "leaving",
        "start",
        "starting",
        "outbound",
        "source",
    )
)
_END = frozenset(
    ("to", "destination", "arrival", "arriving", "return", "returning", "end", "ending", "inbound")
)
_VAGUE = frozenset(("from", "to", "where", "of", "at", "in", "on", "by", "num", "number", "name"))
# Kinds by the words of a name, the first that fits; then what the description must say.
_KINDS = (
    ("date", "date day dates", ""),
    ("minutes", "duration wait", ""),
    ("time", "time", ""),
    ("address", "address", ""),
    ("balance", "balance", ""),
    ("money", "price fare cost amount rent total fee charge", ""),
    ("percent", "percent percentage humidity precipitation", ""),
    ("rating", "rating score", ""),
    ("temperature", "temperature", ""),
    ("speed", "wind speed", ""),
    ("number", "size count travelers passengers riders seats days nights length", ""),
    ("airport", "airport", ""),
    ("station", "station terminal", ""),
    ("theater", "theater theatre cinema", ""),
    ("airport", "location", "pick pickup drop dropoff"),
    ("venue", "location", "event"),
    ("address", "destination", "cab ride taxi"),
    ("city", "city town area location where origin destination from to", "city cities town area"),
    ("airport", "location", "airport station"),
    ("attraction", "attraction landmark", ""),
    ("hotel", "hotel accommodation place", "hotel accommodation"),
    ("property", "property apartment house", ""),
    ("restaurant", "restaurant", ""),
    ("salon", "stylist salon barber", ""),
    ("doctor", "doctor dentist therapist physician provider", ""),
    ("venue", "venue", ""),
    ("address", "location destination where to", "address"),
    ("city", "location destination where origin", ""),
    ("year", "year", ""),
    ("cuisine", "cuisine food", ""),
    ("cuisine", "category type", "food cuisine"),
    ("music_genre", "genre", "song songs music album"),
    ("movie_genre", "genre", ""),
    ("subject", "category subcategory", "event sport music"),
    ("language", "language subtitle subtitles", ""),
    ("airline", "airline airlines carrier", ""),
    ("artist", "artist singer band performer", ""),
    ("album", "album", ""),
    ("song", "song track", ""),
    ("person", "director directed actor actors starring cast author writer", ""),
    ("first_name", "recipient receiver contact payee sender", ""),
    ("movie", "movie film title show", ""),
    ("appointment", "event", "title"),
    ("event", "event match game concert", ""),
    ("car", "car vehicle model", ""),
    ("weather", "weather forecast conditions", ""),
    ("person", "user customer owner passenger", "name"),
    ("category", "category type class kind style", ""),
)
TITLES = frozenset(
    (
        *("hotel", "property", "restaurant", "salon", "doctor", "attraction"),
        *("movie", "song", "event", "appointment", "car"),
    )
)
_MASS = ("music", "media", "money", "weather", "information", "luggage", "accommodation")


def escaped(text: str) -> str:
    """A text of the schema as a part of a sentence."""
    return re.sub(r"([()\[\]{}<>|;\\])", r"\\\1", text)


def words_of(slot: Slot) -> list[str]:
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", slot.name)
    return [word for word in re.split(r"[_\d]+", parted.lower()) if word]


def role_of(slot: Slot) -> str:
    words = frozenset(words_of(slot))
    described = slot.description.lower()
    if words & {"outbound", "inbound"}:
        return "start" if "outbound" in words else "end"
    if bool(words & _START) != bool(words & _END):
        return "start" if words & _START else "end"
    return "start" if "origin" in described and "destination" not in described else ""


def kind_of(slot: Slot) -> str:
    if slot.boolean:
        return "boolean"
    if slot.values:
        return "number" if all(value.isdigit() for value in slot.values) else "choice"
    words = words_of(slot)
    if "phone" in words:
        return "phone"
    if words[:1] in (["number"], ["num"]):
        return "number"
    head = words[: next((at for at, w in enumerate(words) if w in ("of", "per") and at), None)]
    described = frozenset(re.findall(r"[a-z]+", slot.description.lower()))
    for looked in (head[-1:], head, words):
        for kind, names, needed in _KINDS:
            if not frozenset(names.split()).isdisjoint(looked) and (
                not needed or described & frozenset(needed.split())
            ):
                return kind
    vague = _VAGUE | {"time", "total", "show"}
    for kind, names, _ in _KINDS:
        if described & frozenset(names.split()) - vague:
            return kind
    return "name"


def noun_of(slot: Slot) -> str:
    """What a slot is called: its name, or how its description begins where that says more."""
    words = words_of(slot)
    if words and words[0] in ("has", "is", "num", "offers", "serves", "allows"):
        words = words[1:]
    if not words or all(word in _VAGUE for word in words):
        stops = r"\b(?:of|where|for|at|in|to|from|when|that|whether)\b|,"
        said = re.split(stops, slot.description)[0].strip().lower()
        return escaped(re.sub(r"^(?:the|an?|name of)\s+", "", said) or " ".join(words) or "value")
    sides = {"from": "departure", "to": "arrival"}
    return " ".join([sides.get(words[0], words[0]), *words[1:]])


def _mass(noun: str) -> bool:
    return noun.split()[-1:] in ([word] for word in _MASS)


def plural(noun: str) -> str:
    """A noun for several."""
    if _mass(noun) or noun != singular(noun):
        return noun
    if re.search(r"[^aeiou]y\Z", noun):
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("ch", "sh", "x", "s")) else "s")


def singular(noun: str) -> str:
    """A noun for one."""
    if noun.endswith("people"):
        return noun[: -len("people")] + "person"
    if noun.endswith("ies") and not noun.endswith("movies"):
        return noun[:-3] + "y"
    return noun[:-1] if noun.endswith("s") and not noun.endswith(("ss", "bus")) else noun


def with_article(noun: str) -> str:
    """A noun with `a` or `an`, where it is one thing."""
    if noun and noun == singular(noun) and not _mass(noun):
        return ("an " if noun[:1] in "aeiou" and not noun.startswith("one") else "a ") + noun
    return noun

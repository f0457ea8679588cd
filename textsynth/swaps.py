"""Counterfactual twins: a text with women for men and men for women, and nothing else changed.

What is swapped are pronouns, titles, words of kinship, nouns for one gender, and first names of a
clear gender, which become names of the other gender and of like origin (counterfactual data
augmentation: Lu et al. 2018; with names: Hall Maudslay et al. 2019). Verbs need no change in
English; "they" stays. English only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from textsynth import firstnames, gendered, keyed, patterns, pronouns
from textsynth.corpus import Slot, Utterance, substitute
from textsynth.firstnames import Gender
from textsynth.gendered import Mention, mentions, nouns
from textsynth.pronouns import Tags

Replacement = tuple[int, int, str]
Allowed = Callable[[str], bool]

OTHER: Mapping[Gender, Gender] = {"female": "male", "male": "female"}
TRIES = 50


def replacements(
    text: str,
    slots: Sequence[Slot] = (),
    *,
    tags: Tags | None = None,
    allowed: Allowed | None = None,
) -> list[Replacement]:
    """What makes an English text its twin; nothing where it has no gendered word, or says what is
    true of women or men alone.

    Args:
        tags: from `pronouns.tagger`, for "her"; without them the word that follows decides.
        allowed: whether a name may be given to somebody.
    """
    if gendered.is_blocked(text):
        return []
    found = mentions(text, slots)
    public = any(gendered.is_of(slot.label, "public_labels") for slot in slots)
    if public and any(one.kind == "pronoun" for one in found):
        return []  # it may stand for somebody whose gender is known
    taken = {firstnames.plain(text[one.start : one.end]) for one in found}
    given: dict[str, str] = {}
    made = []
    for one in found:
        surface = text[one.start : one.end]
        if one.gender is None:
            continue
        if one.kind == "name":
            key = firstnames.plain(surface)
            if key not in given:
                other = other_name(key, OTHER[one.gender], one.origin, taken, allowed)
                if other is None:
                    continue
                given[key] = other
                taken.add(firstnames.plain(other))
            made.append(_possessive(text, one, cased(given[key], surface)))
        else:
            made.append((one.start, one.end, cased(_counterpart(text, one, tags), surface)))
    return made


def renamed(text: str, slots: Sequence[Slot] = ()) -> list[Replacement]:
    """What gives the people of a text first names of another origin, of the same gender."""
    found = [one for one in mentions(text, slots) if one.kind == "name"]
    taken = {firstnames.plain(text[one.start : one.end]) for one in found}
    made = []
    for one in found:
        surface = text[one.start : one.end]
        key = firstnames.plain(surface)
        others = [origin for origin in firstnames.origins() if origin != (one.origin or "english")]
        origin = others[_number(key, "origin", len(others))]
        gender = one.gender or firstnames.GENDERS[_number(key, "gender", 2)]
        if other := other_name(key, gender, origin, taken, None):
            made.append(_possessive(text, one, cased(other, surface)))
    return made


def twin(
    utterance: Utterance, *, tags: Tags | None = None, allowed: Allowed | None = None
) -> Utterance | None:
    """The utterance with the genders swapped, its slots and pattern moved with the text; None where
    there is nothing to swap. Scores are left out, as they are of another text."""
    if utterance.language.split("-")[0].lower() != "en":
        return None
    made = [
        one
        for one in replacements(utterance.text, utterance.slots, tags=tags, allowed=allowed)
        if _inside(one, utterance.slots)
    ]
    if not made:
        return None
    text, _ = substitute(utterance.text, made)
    slots = tuple(_moved(slot, text, made, allowed) for slot in utterance.slots)
    pattern = utterance.pattern and _pattern(utterance, made, text, slots)
    return replace(
        utterance,
        id=f"{utterance.id}/twin",
        text=text,
        slots=slots,
        pattern=pattern,
        parents=(utterance.id, *utterance.parents),
        scores={},
    )


def family(written: str) -> str:
    """What a pattern and those of its twins have in common: its gendered words are no longer told
    apart. Not to be read."""
    parts: list[str | patterns.SlotRef] = []
    for part in patterns.parse(written).parts:
        if isinstance(part, str):
            same = [(one.start, one.end, _common(part, one)) for one in mentions(part)]
            parts.append(substitute(part, same)[0])
        else:
            parts.append(part)
    return patterns.render(patterns.Pattern(tuple(parts)))


def _common(text: str, one: Mention) -> str:
    plain = text[one.start : one.end].casefold().replace("\u2019", "'")
    if one.kind == "word":
        gender, other = nouns()[plain]
        return plain if gender == "male" else other
    if one.kind == "pronoun":
        return {"she": "he", "her": "his", "him": "his", "hers": "his", "herself": "himself"}.get(
            plain, plain
        )
    return one.kind


def other_name(
    key: str,
    gender: Gender,
    origin: str | None,
    taken: set[str],
    allowed: Allowed | None,
) -> str | None:
    """A familiar first name of this gender and origin (English without one) that is not taken. It
    follows from `key` alone, and begins with a vowel where that does, so that "a" or "an" before
    it stays."""
    listed = firstnames.origins()[origin or "english"].familiar[gender]
    alike = [name for name in listed if (name[0] in "AEIOU") == (key[:1] in "aeiou")]
    for step in range(TRIES if alike else 0):
        name = alike[_number(key, f"{gender} {origin} {step}", len(alike))]
        if firstnames.plain(name) not in taken and (allowed is None or allowed(name)):
            return name
    return None


def cased(made: str, like: str) -> str:
    """A word in the case of another one."""
    if like.isupper() and len(like) > 1:
        return made.upper()
    return made[:1].upper() + made[1:] if like[:1].isupper() else made.lower()


# -- words ------------------------------------------------------------------------------------


def _counterpart(text: str, one: Mention, tags: Tags | None) -> str:
    plain = text[one.start : one.end].casefold().replace("\u2019", "'")
    if one.kind == "title":
        return gendered.titles()[plain][1]
    if one.kind == "word":
        return nouns()[plain][1]
    if plain == "his":
        return pronouns.of_woman(text, one)
    if plain == "her":
        return pronouns.of_man(text, one, tags)
    return {"she": "he", "he": "she", "hers": "his", "him": "her", "herself": "himself",
            "himself": "herself"}[plain]  # fmt: skip


def _possessive(text: str, one: Mention, made: str) -> Replacement:
    """A name in place of another; "James' car" is "Ella's car"."""
    ends = text[one.end : one.end + 1]
    bare = ends in ("'", "\u2019") and not text[one.end + 1 : one.end + 2].isalpha()
    if bare and text[one.start : one.end].endswith(("s", "S")) and made[-1] not in "sS":
        return one.start, one.end + 1, f"{made}{ends}s"
    return one.start, one.end, made


def _number(key: str, what: str, below: int) -> int:
    return int(keyed.integers(keyed.stream(0, "swaps", what), keyed.counters([key]), below)[0])


# -- slots and patterns -----------------------------------------------------------------------


def _inside(made: Replacement, slots: Sequence[Slot]) -> bool:
    """Whether a replacement crosses no border of a slot."""
    start, end, _ = made
    return all(
        end <= slot.start or slot.end <= start or (slot.start <= start and end <= slot.end)
        for slot in slots
    )


def _moved(slot: Slot, text: str, made: Sequence[Replacement], allowed: Allowed | None) -> Slot:
    """A slot where it now stands; a canonical value that is written otherwise is swapped too."""
    shift = sum(len(new) - (end - start) for start, end, new in made if end <= slot.start)
    grown = sum(
        len(new) - (end - start)
        for start, end, new in made
        if slot.start <= start and end <= slot.end
    )
    start, end = slot.start + shift, slot.end + shift + grown
    surface = text[start:end]
    changed = any(slot.start <= left and right <= slot.end for left, right, _ in made)
    if not changed:
        return replace(slot, start=start, end=end)
    whole = Slot(0, len(slot.value), slot.label, slot.value)
    value, _ = substitute(slot.value, replacements(slot.value, (whole,), allowed=allowed))
    same = surface.casefold() == value.casefold() and value != slot.value
    return Slot(start, end, slot.label, value if same else surface)


def _pattern(
    utterance: Utterance, made: Sequence[Replacement], text: str, slots: Sequence[Slot]
) -> str:
    """The pattern of the twin: that of the utterance with its own words swapped. Where the two
    cannot be laid beside each other, it is made anew."""
    assert utterance.pattern is not None
    parts: list[str | patterns.SlotRef] = []
    at, left = 0, sorted(utterance.slots, key=lambda slot: slot.start)
    for part in patterns.parse(utterance.pattern).parts:
        if isinstance(part, str):
            end = at + len(part)
            own = [(s - at, e - at, new) for s, e, new in made if at <= s and e <= end]
            if utterance.text[at:end] != part:
                break
            parts.append(substitute(part, own)[0])
            at = end
        elif left and left[0].start == at and left[0].label == part.label:
            parts.append(part)
            at = left.pop(0).end
        else:
            break
    else:
        if at == len(utterance.text):
            return patterns.render(patterns.Pattern(tuple(parts)))
    spans = [(slot.start, slot.end, slot.label) for slot in slots]
    return patterns.render(patterns.delexicalise(text, spans))

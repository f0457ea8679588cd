"""Counterfactual twins: a text with women for men and men for women, and nothing else changed.

What is swapped are pronouns, titles, words of kinship, nouns for one gender, and first names of a
clear gender, which become names of the other gender and of like origin (counterfactual data
augmentation: Lu et al. 2018; with names: Hall Maudslay et al. 2019). Verbs need no change in
English; "they" stays. English only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from textsynth import firstnames, keyed, patterns
from textsynth.corpus import Slot, Utterance, substitute
from textsynth.firstnames import Gender, Known

Replacement = tuple[int, int, str]
Tags = Mapping[int, str]  # where a word begins -> its Penn Treebank tag
Allowed = Callable[[str], bool]
Kind = Literal["pronoun", "title", "word", "name"]

OTHER: Mapping[Gender, Gender] = {"female": "male", "male": "female"}
TRIES = 50
COMMON = 4.0  # the Zipf frequency of a word that is no surname's first name: 1 in 100,000
_WORD = re.compile(r"(?<![\w@#/])(?:ma['\u2019]am|[^\W\d_]+)(?![\w@/]|\.\w)", re.IGNORECASE)
_ENDS = re.compile(r"[.!?:;\n\"\u201c(]\s*\Z")
_LAST = re.compile(r"([^\W\d_]+)[ \t]+\Z")
_NEXT = re.compile(r"[ \t]+([^\W_]+)")
_PRONOUNS: Mapping[str, Gender] = {
    **dict.fromkeys(("she", "her", "hers", "herself"), "female"),
    **dict.fromkeys(("he", "him", "his", "himself"), "male"),
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# After "her" none of these begins what is hers: it is "him" for a man.
_AFTER_OBJECT = _words(
    "a an the this that these those my your our their its his her some any no every each another"
    " i you he she it we they me us them him who whom whose what which when where why how whether"
    " if about above across after against along among around as at before behind below beside"
    " between beyond but by despite down during for from in inside into like near of off on onto"
    " out outside over past per since than through till to toward towards under until unto up upon"
    " via with within without and or nor so yet because although though while unless once"
    " again anymore anyway anywhere away back even ever everywhere here instead just later maybe"
    " never not now often please quickly quietly sometimes soon straight then there today tomorrow"
    " tonight too together twice yesterday immediately asap anyways"
    " all lots many much something nothing anything everything someone less"
    " am is are was were be been being do does did has had have can could may might must shall"
    " should will would won don didn isn wasn can't cannot didn't don't"
)
# After "his" these show that nothing of his follows: it is "hers" for a woman.
_AFTER_OWN = _words(
    "is are was were isn wasn aren weren has had will would can could should and or but nor than as"
    " if when while because too not in on at from to for with by now today instead either"
)


# Before "her": after some nobody can stand as an object, after others somebody does.
_BEFORE_OWN = _words("because although though while whereas if whether unless when whenever like")
_BEFORE_OBJECT = _words("let lets letting wish wishes wished wishing charge charges charged")
_GIVING = _words(
    "give gives gave giving given offer offers offered offering lend lends lent sell sold provide"
    " provides provided owe owes owed wire wires wired"
)
# What somebody gives to, or gives away, rather than gives her.
_HERS = _words(
    "parents family kids children child baby boss friend friends colleague colleagues assistant"
    " doctor team number name mobile phone address details life best cat dog heart own"
)
_NO_ADVERB = _words("daily weekly monthly yearly family belly lovely only early elderly friendly")
_MAKING = _words("make makes made making keep keeps kept keeping leave leaves left")
_BRINGING = _words(
    "bring brings brought drive drives drove drop dropped fly flew get got see send sent take takes"
    " took taking walk walked"
)
_STATES = _words(
    "safe happy sad angry mad smile laugh cry feel less more very so really calm busy waiting ready"
    " comfortable late worried proud jealous nervous aware alone awake warm company posted informed"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A word of a text that is for women or for men, or a name; `gender` is None of names that
    either bears."""

    start: int
    end: int
    kind: Kind
    gender: Gender | None
    origin: str | None = None


def mentions(text: str, slots: Sequence[Slot] = ()) -> list[Mention]:
    """The gendered words and the first names of an English text, left to right. Words within names
    of things, or in slots that hold things or places, are left out."""
    words = list(_WORD.finditer(text))
    if not any(_may_tell(word[0]) for word in words):
        return []
    held = list(_kept(text, slots))
    people = [(slot.start, slot.end) for slot in slots if _is_of(slot.label, "person_labels")]
    lower = text == text.lower()
    found: list[Mention] = []
    for at, word in enumerate(words):
        start, end = word.span()
        if any(left < end and start < right for left, right in held):
            continue
        before = words[at - 1] if at and text[words[at - 1].end() : start] in (" ", ". ") else None
        after = _NEXT.match(text, end + (text[end : end + 1] == "."))
        place = _Place(
            word[0],
            before[0] if before else "",
            after[1] if after else "",
            opening=not text[:start].strip() or bool(_ENDS.search(text, 0, start)),
            named=bool(found and before and found[-1].end == before.end()
                       and found[-1].kind in ("name", "title")),
            titled=bool(found and before and found[-1].end == before.end()
                        and found[-1].kind == "title"),
            person=any(left <= start and end <= right for left, right in people),
            lower=lower,
        )  # fmt: skip
        if what := place.read():
            found.append(Mention(start, end, *what))
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """A word where it stands: those beside it, whether it opens a sentence, follows a name or a
    title, is in a slot for people, and whether the whole text is in lower case."""

    word: str
    before: str
    after: str
    opening: bool
    named: bool
    titled: bool
    person: bool
    lower: bool

    def read(self) -> tuple[Kind, Gender | None, str | None] | None:
        plain = self.word.casefold().replace("\u2019", "'")
        if plain in _PRONOUNS:
            return "pronoun", _PRONOUNS[plain], None
        for gender in firstnames.GENDERS:
            if plain in _data()[f"titles_{gender}"] and self._is_title(plain):
                return "title", gender, None
        if plain in _nouns():
            surname = self.named and self.word[0].isupper() and not self.titled
            return None if surname else ("word", _nouns()[plain][0], None)
        if (known := firstnames.known(plain)) and self._is_name(known):
            return "name", known.gender, known.origin
        return None

    def _is_title(self, plain: str) -> bool:
        if plain in ("mr", "mrs", "ms"):
            return True
        return self.word[0].isupper() and self.after[:1].isupper() and len(self.after) > 1

    def _is_name(self, known: Known) -> bool:
        surnamed = self.titled and self.after[:1].isupper()
        if (self.named and not surnamed) or self.after.casefold() in _data()["places"]:
            return False
        before = self.before.casefold()
        if before and not (self.titled or before in _nouns() or _is_common(before)):
            return False  # the surname of somebody of whom no list knows
        if self.person:
            return True
        if known.word or len(self.word) < 3:
            return False
        if self.lower:
            return known.usual
        if not self.word[0].isupper():
            return False
        sure = not self.opening and not self.before[:1].isupper() and not self.word.isupper()
        return known.usual or (sure and not _is_common(self.word.casefold()))


def _may_tell(word: str) -> bool:
    plain = word.casefold().replace("\u2019", "'")
    return plain in _vocabulary() or firstnames.known(plain) is not None


@cache
def _vocabulary() -> frozenset[str]:
    data = _data()
    return frozenset([*_PRONOUNS, *_nouns(), *data["titles_female"], *data["titles_male"]])


@cache
def _is_common(word: str) -> bool:
    """Whether a word is one that English uses often, rather than a name."""
    from wordfreq import zipf_frequency

    return zipf_frequency(word, "en") >= COMMON


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
        tags: from `tagger`, for "her"; without them the word that follows decides.
        allowed: whether a name may be given to somebody.
    """
    if not _data()["blocked"].isdisjoint(word.casefold() for word in re.findall(r"[\w-]+", text)):
        return []
    found = mentions(text, slots)
    public = any(_is_of(slot.label, "public_labels") for slot in slots)
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
        gender, other = _nouns()[plain]
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


def tagger(language: str = "en") -> Callable[[Sequence[str]], list[dict[int, str]]]:
    """Tags words by spaCy: for each text where each word begins -> its Penn Treebank tag.

    Raises:
        ModelError: no pipeline of the language is installed.
    """
    from textsynth import models

    source = models.spacy_source(language)
    import spacy

    with models.quiet():
        pipe = spacy.load(source.location, exclude=["ner", "parser", "lemmatizer"])

    def tagged(texts: Sequence[str]) -> list[dict[int, str]]:
        return [{word.idx: word.tag_ for word in read} for read in pipe.pipe(texts)]

    return tagged


def needs_tags(text: str) -> bool:
    """Whether a text has a "her" that the words beside it do not decide."""
    if "her" not in text.casefold():
        return False
    return any(
        text[one.start : one.end].casefold() == "her" and _is_object(text, one) is None
        for one in mentions(text)
        if one.kind == "pronoun"
    )


# -- words ------------------------------------------------------------------------------------


def _counterpart(text: str, one: Mention, tags: Tags | None) -> str:
    plain = text[one.start : one.end].casefold().replace("\u2019", "'")
    if one.kind == "title":
        return str(_data()[f"titles_{one.gender}"][plain])
    if one.kind == "word":
        return _nouns()[plain][1]
    if plain == "his":
        following, _ = _following(text, one)
        return "hers" if not following or following in _AFTER_OWN else "her"
    if plain == "her":
        told = _is_object(text, one)
        if told is None:
            told = tags is not None and tags.get(one.start) == "PRP"
        return "him" if told else "his"
    return {"she": "he", "he": "she", "hers": "his", "him": "her", "herself": "himself",
            "himself": "herself"}[plain]  # fmt: skip


def _is_object(text: str, her: Mention) -> bool | None:
    """Whether "her" is "him" of a man, not "his"; None where the words beside it do not say."""
    following, more = _following(text, her)
    before = _LAST.search(text, 0, her.start)
    preceding = before[1].casefold() if before else ""
    if following and (preceding in _BEFORE_OWN or not her.start):
        return False
    if not following or following in _AFTER_OBJECT or following[0].isdigit():
        return True
    if preceding in _BEFORE_OBJECT or (preceding in _MAKING and following in _STATES):
        return True
    if preceding in _BRINGING and following == "home":
        return True
    if following.endswith("ly") and following not in _NO_ADVERB and not more:
        return True
    if following in _HERS or following in _nouns():
        return False
    return True if preceding in _GIVING else None


def _following(text: str, one: Mention) -> tuple[str, bool]:
    """The next word, folded, and whether another follows it."""
    after = _NEXT.match(text, one.end)
    if after is None:
        return "", False
    return after[1].casefold(), _NEXT.match(text, after.end()) is not None


def _possessive(text: str, one: Mention, made: str) -> Replacement:
    """A name in place of another; "James' car" is "Ella's car"."""
    ends = text[one.end : one.end + 1]
    bare = ends in ("'", "\u2019") and not text[one.end + 1 : one.end + 2].isalpha()
    if bare and text[one.start : one.end].endswith(("s", "S")) and made[-1] not in "sS":
        return one.start, one.end + 1, f"{made}{ends}s"
    return one.start, one.end, made


@cache
def _nouns() -> Mapping[str, tuple[Gender, str]]:
    """Each gendered noun with its gender and its counterpart."""
    data = _data()
    pairs = [(female, male) for female, male in data["forms"]]
    for female, male in data["pairs"]:
        pairs += [(female, male), (_plural(female), _plural(male))]
    found: dict[str, tuple[Gender, str]] = {}
    for female, male in pairs:
        found.setdefault(female, ("female", male))
        found.setdefault(male, ("male", female))
    for female, male in data["to_male"].items():
        found.setdefault(female, ("female", male))
        found.setdefault(_plural(female), ("female", _plural(male)))
    for male, female in data["to_female"].items():
        found.setdefault(male, ("male", female))
    return {word: entry for word, entry in found.items() if word not in _PRONOUNS}


def _plural(word: str) -> str:
    return f"{word}es" if word.endswith(("s", "sh", "ch")) else f"{word}s"


def _kept(text: str, slots: Sequence[Slot]) -> Iterator[tuple[int, int]]:
    """Where nothing is swapped."""
    yield from (match.span() for match in _data()["fixed"].finditer(text))
    for slot in slots:
        if _is_of(slot.label, "kept_labels"):
            yield slot.start, slot.end


@cache
def _is_of(label: str, kind: str) -> bool:
    parts = re.split(r"[\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", label).casefold())
    listed = _data()[kind]
    if kind == "person_labels" and not _data()["kept_labels"].isdisjoint(parts):
        return False
    return not listed.isdisjoint([*parts, label.casefold()])


@cache
def _data() -> Any:
    from ruamel.yaml import YAML

    text = files("textsynth").joinpath("swaps.yaml").read_text(encoding="utf-8")
    data = YAML(typ="safe").load(text)
    fixed = "|".join(entry.replace("'", "['\u2019]") for entry in data["fixed"])
    data["fixed"] = re.compile(rf"(?<!\w)(?:{fixed})(?!\w)", re.IGNORECASE)
    for name in ("blocked", "kept_labels", "public_labels", "person_labels", "places"):
        data[name] = frozenset(data[name].split())
    return data


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

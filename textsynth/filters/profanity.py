"""Swear words and slurs, for the filter `quality`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from textsynth.filters.words import WORD

# The list of this language was read; others hold plenty of harmless words.
LANGUAGE = "en"


def words_of(text: str) -> list[str]:
    """The words of a text, case folded, with plain apostrophes, accents on their letters (NFC)."""
    words = WORD.findall(unicodedata.normalize("NFC", text))
    return [word.casefold().replace("\u2019", "'") for word in words]


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


# On the list, or a form of what is, yet names, animals, medicine and mild words.
HARMLESS = _listed(
    "anal anus bareback barenaked bastard bastardized bastardo bastinado bbw beaner bondage"
    " bs butt buttcheeks clitoris cock cocks coon coons cornhole creampie cumming darkie dick"
    " domination dominatrix dvda ecchi ejaculation erotic erotism escort eunuch fecal"
    " fingering genitals goddamn grope hardcore hentai hoe honkey hooker incest intercourse"
    " kinky lmfao lolita lovemaking mf negro nipple nipples nude nudity octopussy omfg orgasm"
    " panties panty pegging penis pissed playboy poof rectum sadism santorum scat scissoring"
    " semen sex sexo sexy shrimping simp skeet snatch snowballing spiced spicer spices spicing"
    " spunk stfu suck sucks swastika swinger threesome tit topless tosser twinkie undressing"
    " vagina vibrator voyeur vulva wtf xx xxx"
)
HARMLESS_PHRASES = frozenset(
    {
        "alaskan pipeline", "big black", "blonde action", "brunette action", "dirty pillows",
        "girl on", "girl on top", "hard core", "hot chick", "how to kill", "huge fat",
        "jelly donut", "lemon party", "make me come", "missionary position", "mr hands",
        "strap on", "tainted love", "taste my", "tied up", "tight white", "violet wand",
    }
)  # fmt: skip
_ENDINGS = ("ed", "er", "ers", "ing")


def profane(words: Sequence[str]) -> set[str]:
    """The swear words and slurs among case-folded English words, in any inflection; of a phrase all
    its words joined by spaces. The list is `glin-profanity`'s less what is harmless."""
    singles, phrases = _profanities()
    found = {
        word for word in words if word not in HARMLESS and not singles.isdisjoint(_forms(word))
    }
    for size in {len(phrase) for phrase in phrases}:
        for at in range(len(words) - size + 1):
            phrase = tuple(words[at : at + size])
            if phrase in phrases:
                found.add(" ".join(phrase))
    return found


@cache
def _forms(word: str) -> frozenset[str]:
    """A word, and it without endings: "raped" is of "rape", "rap" is not."""
    stems = {word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending)}
    plain = {word.removesuffix("es"), word.removesuffix("s"), word}
    return frozenset({*plain, *stems, *(f"{stem}e" for stem in stems)})


@cache
def _profanities() -> tuple[frozenset[str], frozenset[tuple[str, ...]]]:
    from glin_profanity.data.dictionary import DictionaryLoader

    raw: list[str] = DictionaryLoader().get_words("english")
    split = [tuple(words_of(word)) for word in raw if not re.search(r"[^\w\s'-]", word)]
    singles = {words[0] for words in split if len(words) == 1} - HARMLESS
    phrases = {words for words in split if len(words) > 1}
    harmless = {tuple(phrase.split()) for phrase in HARMLESS_PHRASES}
    return frozenset(singles), frozenset(phrases - harmless)

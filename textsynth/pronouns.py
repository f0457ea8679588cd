"""Whether "her" is "him" of a man or "his", and "his" is "her" of a woman or "hers"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from textsynth.gendered import Mention, mentions, nouns

Tags = Mapping[int, str]  # where a word begins -> its Penn Treebank tag

_LAST = re.compile(r"([^\W\d_]+)[ \t]+\Z")
_NEXT = re.compile(r"[ \t]+([^\W_]+)")


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


def of_woman(text: str, his: Mention) -> str:
    """What "his" is of a woman: "her" before something, else "hers"."""
    following, _ = _following(text, his)
    return "hers" if not following or following in _AFTER_OWN else "her"


def of_man(text: str, her: Mention, tags: Tags | None) -> str:
    """What "her" is of a man: "him" or "his"."""
    told = _is_object(text, her)
    if told is None:
        told = tags is not None and tags.get(her.start) == "PRP"
    return "him" if told else "his"


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
    if following in _HERS or following in nouns():
        return False
    return True if preceding in _GIVING else None


def _following(text: str, one: Mention) -> tuple[str, bool]:
    """The next word, folded, and whether another follows it."""
    after = _NEXT.match(text, one.end)
    if after is None:
        return "", False
    return after[1].casefold(), _NEXT.match(text, after.end()) is not None

"""Drop a text that is no sentence anybody would say: too long, looping, in another language, rude.

What is normal the seeds say. Each check measures every row and every seed; a row goes whose measure
lies above a bar, and the bar is never lower than what nearly all seeds reach.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from textsynth.corpus import column, substitute
from textsynth.filters import Context, Verdicts, profanity
from textsynth.filters.profanity import words_of
from textsynth.filters.words import WORD

Check = Literal[
    "length_outlier",
    "odd_characters",
    "repetition",
    "unbalanced",
    "wrong_language",
    "non_words",
    "perplexity",
    "unsafe",
]
CHECKS: tuple[Check, ...] = get_args(Check)
Numbers = npt.NDArray[np.float64]

FEWEST_SEEDS = 10
WIDER = 2.0  # times beyond the seeds' quantiles, on both sides
TAIL = 0.005
# A check that more of the seeds than this fail says nothing of the rows.
FAILING_SEEDS = 0.02
FEWEST_WORDS = 5  # on fewer a language is guessed
LONGEST_REPEATED = 50  # words: a longer unit is not looked for, or time would grow by the square
_TOKEN = re.compile(rf"\0[^\0]*\0|{WORD.pattern}")
_GAP = re.compile(r"\0[^\0]*\0")
# The vowels of Arabic and Hebrew, which lists of words leave out.
_POINTS = re.compile("[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]")
_SMILEY = re.compile(r"(?<!\w)[:;=]['-]?[()\[\]{}]|(?:^|(?<=\s))\w\)")
_BRACKETS = {")": "(", "]": "[", "}": "{"}
# What anybody writes, whatever the seeds do: ASCII but for brackets of code, typographic marks.
_PLAIN = frozenset(
    " !\"#$%&'()+,-./:;=?@\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u20ac\u00a3\u00b0"
)
# Letters whose names begin with no script: prolonged sound and iteration marks, ordinals, micro.
_SCRIPTS = {"KATAKANA-HIRAGANA": "KATAKANA", "IDEOGRAPHIC": "CJK", "MASCULINE": "LATIN",
            "FEMININE": "LATIN", "MICRO": "GREEK"}  # fmt: skip
_JOINERS = frozenset("\u200c\u200d\ufe0f")
# Beside the language itself, those that models were trained on most.
LIKELY = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "zh", "ja", "ko", "ar", "tr", "id",
          "vi", "hi", "sv", "cs", "ro")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Texts:
    """Rows as the checks read them: whole, and outside their slots. In `own` a slot stands as its
    label between two NULs."""

    whole: list[str]
    own: list[str]

    def words(self) -> list[list[str]]:
        """The words outside the slots, case folded."""
        return [words_of(_GAP.sub(" ", text)) for text in self.own]


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure of each row and of each seed; what lies outside `low` … `high` goes."""

    rows: Numbers
    seeds: Numbers
    high: float = np.inf
    low: float = -np.inf

    def failing(self) -> npt.NDArray[np.bool_]:
        """Which rows go, shape (n,)."""
        return (self.rows < self.low) | (self.rows > self.high)


def quality(
    corpus: pa.Table,
    context: Context,
    *,
    checks: Annotated[tuple[Check, ...], Field(min_length=1)] = CHECKS,
    max_non_words: Annotated[float, Field(ge=0, le=1)] = 0.2,
    min_confidence: Annotated[float, Field(ge=0.5, le=1)] = 0.9,
    perplexity_margin: Annotated[float, Field(ge=0)] = 0.5,
) -> Verdicts:
    """Drop rows that fail a check; the reason is the first check that fails. Seeds pass.

    `length_outlier`: more than twice the words or characters of 99.5 % of the seeds; fewer words
    than half of what 99.5 % have, and than any has. `odd_characters`: control characters, and
    symbols or scripts that the seeds do not use. `repetition`: words said again at once ("turn on
    turn on"), a word thrice. `unbalanced`: brackets or quotation marks. `wrong_language`: outside
    its slots the text is of another language. `non_words`: too many words there that neither
    `wordfreq` nor a seed knows. `perplexity`: of what a model wrote (one row of each pattern is
    read), higher than 99.5 % of the seeds and the margin, where the context has a model. `unsafe`:
    swear words and slurs that no seed has. Length and perplexity are judged from ten seeds on,
    language from five words on.

    Scores, one a row: `words`, `characters`, `odd_characters`, `repetition` (words), `unbalanced`,
    `foreign` (probability), `non_word_rate`, `perplexity` (log ratio to the seeds' median) and
    `unsafe` (words), of the checks that were made.

    Args:
        checks: which to make; the order does not matter.
        max_non_words: share of unknown words that passes.
        min_confidence: probability of another language from which on a row goes.
        perplexity_margin: in nats.
    """
    rows, seeds = _texts(corpus), _texts(context.seeds)
    origins = column(corpus, "origin")
    language = context.language.replace("_", "-").split("-")[0].lower()
    made: dict[Check, Callable[[], dict[str, Measured]]] = {
        "length_outlier": lambda: _length(rows, seeds),
        "odd_characters": lambda: _characters(rows, seeds),
        "repetition": lambda: _repetition(rows, seeds),
        "unbalanced": lambda: _unbalanced(rows, seeds),
        "wrong_language": lambda: _language(rows, seeds, language, min_confidence),
        "non_words": lambda: _nonwords_of(rows, seeds, language, max_non_words),
        "perplexity": lambda: _perplexity(
            rows, seeds, context, perplexity_margin, _spokesmen(corpus)
        ),
        "unsafe": lambda: _unsafe(rows, seeds, language),
    }
    reasons: list[str | None] = [None] * len(origins)
    scores: dict[str, list[float]] = {}
    idle = []
    for check in (name for name in CHECKS if name in checks):
        measured = made[check]()
        if not measured:
            idle.append(check)
        for name, measure in measured.items():
            scores[name] = measure.rows.tolist()
            for row in np.flatnonzero(measure.failing()):
                if origins[row] != "seed":
                    reasons[row] = reasons[row] or check
    return Verdicts(reasons, scores, note=f"not judged: {', '.join(idle)}" if idle else None)


def _texts(corpus: pa.Table) -> Texts:
    whole = column(corpus, "text")
    own = []
    for text, slots in zip(whole, column(corpus, "slots"), strict=True):
        gaps = [(slot["start"], slot["end"], f" \0{slot['label']}\0 ") for slot in slots or ()]
        own.append(substitute(text.replace("\0", "\ufffd"), gaps)[0])
    return Texts(whole, own)


def _each(measure: Callable[[str], float], texts: Sequence[str]) -> Numbers:
    return np.array([measure(text) for text in texts], dtype=np.float64)


def _bar(seeds: Numbers, least: float, share: float = FAILING_SEEDS) -> float:
    """The bar that at most this share of the seeds is above, and no lower than `least`."""
    return (
        max(least, float(np.quantile(seeds, 1 - share, method="higher"))) if len(seeds) else least
    )


def _length(rows: Texts, seeds: Texts) -> dict[str, Measured]:
    if len(seeds.whole) < FEWEST_SEEDS:
        return {}
    words, characters = _each(_count, seeds.whole), _each(len, seeds.whole)
    low = float(min(np.quantile(words, TAIL) / WIDER, words.min()))
    return {
        "words": Measured(_each(_count, rows.whole), words, _most(words), low),
        "characters": Measured(_each(len, rows.whole), characters, _most(characters)),
    }


def _count(text: str) -> float:
    return len(WORD.findall(text))


def _most(seeds: Numbers) -> float:
    return float(np.quantile(seeds, 1 - TAIL)) * WIDER


def _characters(rows: Texts, seeds: Texts) -> dict[str, Measured]:
    used = {char for text in seeds.whole for char in text}
    groups = {_group(char) for char in used if not char.isascii()}
    scripts = {_group(char) for char in used if char.isalpha()} if used else None

    @cache
    def odd(char: str) -> bool:
        if char in used or char in _PLAIN or char in _JOINERS or char.isdecimal():
            return False
        if unicodedata.category(char)[0] == "C" or char == "\ufffd":
            return True
        group = _group(char)
        if scripts is None:
            return False
        if char.isalpha():
            return group not in scripts
        return char.isascii() or group not in groups

    def controls(text: str) -> int:
        return sum(unicodedata.category(char)[0] == "C" and odd(char) for char in text)

    def count(whole: str, own: str) -> float:
        outside = _GAP.sub(" ", own)
        return sum(map(odd, outside)) + (0 if whole == own else controls(whole))

    def counts(texts: Texts) -> Numbers:
        both = zip(texts.whole, texts.own, strict=True)
        return np.array([count(whole, own) for whole, own in both], np.float64)

    return {"odd_characters": Measured(counts(rows), counts(seeds), high=0)}


@cache
def _group(char: str) -> str:
    """The script of a letter or mark (the first word of its name), the category of anything else.
    Han, kana and Hangul count each as their own."""
    kind = unicodedata.category(char)
    if kind[0] not in "LM":
        return kind
    first = unicodedata.name(char, "unnamed").split()[0]
    return _SCRIPTS.get(first, first)


def _repetition(rows: Texts, seeds: Texts) -> dict[str, Measured]:
    usual = _each(_repeated, seeds.own)
    return {"repetition": Measured(_each(_repeated, rows.own), usual, _bar(usual, 1, TAIL))}


def _repeated(text: str) -> float:
    """How many words in a row repeat what was said just before: of "turn on turn on turn on" 4, of
    "very very good" 1. Slots count by their labels."""
    tokens = [token.casefold() for token in _TOKEN.findall(text)]
    most = 0
    for size in range(1, min(len(tokens) // 2, LONGEST_REPEATED) + 1):
        run = 0
        for at in range(size, len(tokens)):
            run = run + 1 if tokens[at] == tokens[at - size] else 0
            if run >= size:
                most = max(most, run)
    return most


def _unbalanced(rows: Texts, seeds: Texts) -> dict[str, Measured]:
    usual = _each(_open, seeds.own)
    return {"unbalanced": Measured(_each(_open, rows.own), usual, _bar(usual, 0))}


def _open(text: str) -> float:
    """1 where a bracket or a quotation mark stands alone, else 0. Apostrophes are none."""
    text = _SMILEY.sub("", _GAP.sub(" ", text))
    waiting: list[str] = []
    for char in text:
        if char in "([{":
            waiting.append(char)
        elif char in _BRACKETS and (not waiting or waiting.pop() != _BRACKETS[char]):
            return 1
    counts = Counter(text)
    opened, closed = counts["\u201c"], counts["\u201d"]
    low = counts["\u201e"]  # German opens with this and closes with what English opens with
    # Swedish and Finnish open with what English closes with.
    paired = opened == closed if opened and not low else (low + opened + closed) % 2 == 0
    return float(bool(waiting) or counts['"'] % 2 == 1 or not paired)


def _language(rows: Texts, seeds: Texts, language: str, confidence: float) -> dict[str, Measured]:
    if language not in _languages():
        return {}
    identifier = _identifier(language)

    def foreign(words: list[str]) -> float:
        if len(words) < FEWEST_WORDS:
            return 0.0
        code, probability = identifier.classify(" ".join(words))
        return 0.0 if code == language else float(probability)

    usual = np.array([foreign(words) for words in seeds.words()], np.float64)
    found = np.array([foreign(words) for words in rows.words()], np.float64)
    return {"foreign": Measured(found, usual, _bar(usual, confidence))}


@cache
def _languages() -> frozenset[str]:
    return frozenset(_load_identifier().labels)


@cache
def _identifier(language: str) -> Any:
    identifier = _load_identifier()
    identifier.set_languages(sorted({language, *LIKELY} & _languages()))
    return identifier


def _load_identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _nonwords_of(rows: Texts, seeds: Texts, language: str, most: float) -> dict[str, Measured]:
    from wordfreq import available_languages, get_frequency_dict

    if language not in available_languages():
        return {}
    known = get_frequency_dict(language, "best")
    in_seeds = Counter(word for text in seeds.whole for word in set(words_of(text)))

    def rate(words: list[str], elsewhere: int) -> float:
        """The share of words that are in no list and in at most so many seeds."""
        unknown = sum(
            len(word) > 1
            and not any(char.isdigit() for char in word)
            and word not in known
            and _POINTS.sub("", word.removesuffix("'s").replace("'", "")) not in known
            and in_seeds[word] <= elsewhere
            for word in words
        )
        return unknown / max(1, len(words))

    usual = np.array([rate(words, 1) for words in seeds.words()], np.float64)
    found = np.array([rate(words, 0) for words in rows.words()], np.float64)
    return {"non_word_rate": Measured(found, usual, _bar(usual, most, TAIL))}


def _spokesmen(corpus: pa.Table) -> dict[int, int]:
    """Of the rows that a model wrote the row that is read for each: that of its pattern with the
    lowest id. The rest of a pattern's rows differ in values alone, which no model chose."""
    columns = (column(corpus, name) for name in ("id", "intent", "pattern", "text", "origin"))
    first: dict[tuple[str, str], tuple[str, int]] = {}
    keys = {}
    for row, (id_, intent, pattern, text, origin) in enumerate(zip(*columns, strict=True)):
        if origin == "model":
            keys[row] = key = (intent, pattern or text)
            first[key] = min(first.get(key, (id_, row)), (id_, row))
    return {row: first[key][1] for row, key in keys.items()}


def _perplexity(
    rows: Texts, seeds: Texts, context: Context, margin: float, read: Mapping[int, int]
) -> dict[str, Measured]:
    if context.perplexity is None or len(seeds.whole) < FEWEST_SEEDS or not read:
        return {}
    usual = np.log(context.perplexity(seeds.whole))
    centre = float(np.nanmedian(usual))
    asked = sorted(set(read.values()))
    found = np.zeros(len(rows.whole))
    logs = np.log(context.perplexity([rows.whole[row] for row in asked]))
    found[asked] = np.nan_to_num(logs - centre, nan=0.0)
    for row, spokesman in read.items():
        found[row] = found[spokesman]
    high = float(np.nanquantile(usual, 1 - TAIL)) - centre + margin
    return {"perplexity": Measured(found, usual - centre, high)}


def _unsafe(rows: Texts, seeds: Texts, language: str) -> dict[str, Measured]:
    if language != profanity.LANGUAGE:
        return {}
    allowed = {found for text in seeds.whole for found in profanity.profane(words_of(text))}

    def count(words: list[str]) -> float:
        return len(profanity.profane(words) - allowed)

    found = np.array([count(words) for words in rows.words()], np.float64)
    return {"unsafe": Measured(found, np.zeros(len(seeds.whole)), high=0)}

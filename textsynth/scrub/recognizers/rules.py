"""A rule: a regular expression and what its match is; and the Presidio recogniser of several.

The value is the group `value`, or the whole match. Case does not matter but inside `(?-i:…)`.
A rule names the words or the signs without which it cannot match, so that most texts cost it
nothing. Repetitions are bounded, so that no text makes it slow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer

DIGIT = "0"
_WORD = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"\d")

# White space between words; a line may end there.
SPACE = r"\s{1,4}"
# What may stand between a context word and its value: "PIN for the bank is: 4411".
_ABOUT = r"(?:\s(?:for|of|on|at|with|to)(?:\s[\w'\u2019-]{1,20}){1,4}?\s(?:is|was|=|:))?"
_LINK = (
    r"(?:[\s:=#'\"\u2019(.,*-]|(?:numbers?|no|nr|num|is|was|are|its|it|s|the|my|our|his|her|your|as"
    r"|ending|in|with|should|be|now|id|code|reads?|either|could|may|might|maybe|probably|think|of"
    r"|actually)\b){0,24}+"
)
# A code with a digit in it: "AB-1234", "C 1234567", "1234 5678 90".
CODE = (
    r"(?=[A-Z./_-]{0,8}\d|(?-i:[A-Z]{1,3})\s\d)(?:(?-i:[A-Z]{1,3})\s(?=\d))?"
    r"[A-Z0-9](?:[./_-]?[A-Z0-9]){1,24}(?:\s\d{3,8}){0,4}"
)


@dataclass(frozen=True)
class Rule:
    """Finds values of an entity.

    Args:
        entity: its name in the table of kinds.
        score: how sure a match is.
        regex: bounded everywhere.
        words: lower-case words, of which the text must hold one; none are needed where it is empty.
        signs: characters, of which the text must hold one; `DIGIT` stands for any digit.
        check: has the last word on a value.
    """

    entity: str
    score: float
    regex: str
    words: frozenset[str] = frozenset()
    signs: str = ""
    check: Callable[[str], bool] | None = None

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.regex, re.IGNORECASE)

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the values stand, whatever `may_match` says."""
        group = "value" if "value" in self._compiled.groupindex else 0
        for match in self._compiled.finditer(text):
            start, end = match.span(group)
            if start < end and (self.check is None or self.check(text[start:end])):
                yield start, end

    def may_match(self, words: Collection[str], signs: str) -> bool:
        """Whether a text of these words and signs (see `signs_of`) is worth a look."""
        return (not self.words or not self.words.isdisjoint(words)) and (
            not self.signs or any(sign in signs for sign in self.signs)
        )


def words_of(text: str) -> set[str]:
    """The lower-case words of a text."""
    return set(_WORD.findall(text.lower()))


def signs_of(text: str) -> str:
    """A text in which `DIGIT` stands for all digits, if there are any."""
    return text + DIGIT if _DIGIT.search(text) else text


def after(keywords: str, value: str) -> str:
    """The regular expression of a value that follows a context word."""
    return rf"\b(?:{keywords})(?!\w){_ABOUT}{_LINK}(?<!\w)(?P<value>{value})(?!\w)"


def digits_in(text: str) -> int:
    """How many digits a text has."""
    return sum(char.isdigit() for char in text)


def recognizer(name: str, rules: Sequence[Rule], language: str) -> EntityRecognizer:
    """A Presidio recogniser that applies rules. It needs no artefacts of spaCy."""
    from presidio_analyzer import EntityRecognizer, RecognizerResult

    # Presidio looks its own classes up by bare name among all subclasses: ours must not share one.
    class RuleRecognizer(EntityRecognizer):  # type: ignore[misc, unused-ignore]
        def load(self) -> None:
            """Nothing has to be loaded."""

        def analyze(
            self, text: str, entities: Sequence[str], nlp_artifacts: Any = None
        ) -> list[RecognizerResult]:
            words, signs = words_of(text), signs_of(text)
            return [
                RecognizerResult(rule.entity, start, end, rule.score)
                for rule in rules
                if rule.entity in entities and rule.may_match(words, signs)
                for start, end in rule.find(text)
            ]

    return RuleRecognizer(
        supported_entities=sorted({rule.entity for rule in rules}),
        name=f"Textsynth{name}",
        supported_language=language,
    )

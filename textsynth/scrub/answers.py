"""What a turn of a dialogue tells because it was asked for: "9503" is a PIN after "and your PIN?".

A turn by itself says little: a number, a word. What the other speaker has just asked, and what was
found elsewhere in the same dialogue, says what it is. English rules; in other languages what the
detector finds with the question before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from textsynth.scrub import policy
from textsynth.scrub.detect import Progress
from textsynth.scrub.kinds import NAMED
from textsynth.scrub.lexicon import names
from textsynth.scrub.scrubber import Detects
from textsynth.scrub.spans import Found, resolve
from textsynth.scrub.writing import words

SCORE = 0.8
CERTAIN = 0.99
REMEMBERED = 5  # turns after which nobody answers a question any more
SHORT = 4  # words of an answer that is nothing but a name
# What is asked for, and by which words; of several the first counts.
_ASKED = tuple(
    (entity, re.compile(rf"(?<![a-z])(?:{told})(?![a-z])"))
    for entity, told in {
        "DATE_OF_BIRTH": "date of birth|birth ?(?:day|date)|dob|(?:were|was) you born",
        "PIN": "pin|pass ?code|one[- ]time|security code|cvv|cvc|otp",
        "SECRET": "password|pass ?phrase|secret word|memorable word",
        "CREDIT_CARD": "card number|number (?:on|of) (?:your|the) card",
        "ACCOUNT_NUMBER": "account (?:number|no|id)|acct|sort code|iban",
        "PHONE_NUMBER": "(?:phone|telephone|mobile|cell|contact) ?(?:number|no)?",
        "REFERENCE_NUMBER": "(?:reference|order|case|ticket|booking|confirmation) (?:number|no|id)",
        "POSTCODE": "post ?code|zip(?: code)?",
        "STREET_ADDRESS": "address|where do you live",
        "PERSON": "name|named|called|who am i (?:speaking|talking)|pet|maiden|security question"
        "|security answer|school|favou?rite",
    }.items()
)
_ASKS = re.compile(r"\b(?:ask|asks|request|query|provide)\b")
_NUMBERS = ("PIN", "CREDIT_CARD", "ACCOUNT_NUMBER", "PHONE_NUMBER", "REFERENCE_NUMBER")
# What a model takes a word for; after a question it sees more of these than there are.
_GUESSED = NAMED | {"STREET_ADDRESS"}
_SHORT_NUMBER, _CARD_DIGITS = 6, range(15, 17)
_NUMBER = re.compile(r"(?<![\w.,:/$£€-])\d(?:[ -]?\d){2,24}(?![\w%]|[.,:/-]\d)")
_COUNTED = re.compile(
    r"\s*(?:dollars?|bucks?|pounds?|quid|euros?|usd|gbp|eur|cents?|pence|times?|days?|weeks?"
    r"|months?|years?|hours?|minutes?|people|k)\b",
    re.IGNORECASE,
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_NTH = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = re.compile(
    rf"\b(?:{_NTH}\s(?:of\s)?{_MONTH}(?:,?\s\d{{2,4}})?|{_MONTH}\s{_NTH}(?:,?\s\d{{2,4}})?"
    rf"|{_MONTH}\s\d{{4}}|\d{{1,4}}[./ -]\d{{1,2}}[./ -]\d{{2,4}}|(?:19|20)\d\d)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_NAMED = re.compile(
    r"\b(?:is|was|['\u2019]s|are|were|called|named|am|['\u2019]m|said|answer)\s+"
    r"(?:(?:maybe|probably|either|just|simply|perhaps|called|named)\s+)?"
    r"(?P<name>[^\W\d_]+(?:['\u2019-][^\W\d_]+)*)(?=\s*(?:[.,!?;]|\Z|\bor\b|\band\b))"
)
_CALLED = re.compile(
    r"\b(?:is|was|['\u2019]s|called|named)\s+(?P<name>[^\W\d_a-z][^\W\d_A-Z]+(?:-[^\W\d_]+)?)\b"
)
# What people ask for at a bank's desk, told in the same breath: "my childhood pet is buddy".
_KIN = re.compile(
    r"\b(?:(?:pet|dog|cat|hamster)(?:['\u2019]?s)?(?:\sname)?(?:\s(?:is|was|called|named)|,(?=\s[A-Z]))"
    r"|maiden(?:\sname)?(?:\s(?:is|was))?)\s(?P<name>[^\W\d_]{3,})\b",
    re.IGNORECASE,
)
_SURNAME = re.compile(r" ([a-z]{3,})\b")
_CAPITALISED = re.compile(r"(?<=[a-z,] )(?P<name>[^\W\d_a-z][^\W\d_A-Z]+)\b")
# Words that no answer to such a question is made of: who says these does not tell.
_NO_ANSWER = words(
    "i you he she it we they me my mine your yours him his her its our us them their this that"
    " these those the a an and or but if so as at by for from in into of off on out over to up"
    " with about what which who whom whose why how when where there here no not none nothing never"
    " nope nah yes yeah yep yup ok okay sure right fine good great well oh um uh er hmm hm ah hi"
    " hello hey bye goodbye thanks thank please sorry wait help be am is are was were been do does"
    " did done have has had can can't cannot could will would won't shall should may might must"
    " don't doesn't didn't isn't wasn't couldn't wouldn't i'm i've i'll i'd it's that's know knew"
    " think thought remember recall forgot forget forgotten forgetting idea clue guess unsure"
    " certain confused maybe perhaps probably just really very too now then later again today"
    " tomorrow one two some any all else more anything something everything someone somebody need"
    " want wanted like said say tell told give gave see look find ask mean nvm idk dunno exactly"
    " correct wrong true false card money account bank pin number password name question answer"
    " security hold hang moment second sec minute memory blank gone lost married single dead"
)


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn as it is read: who speaks, what was said, and what its act is called, if anything."""

    dialogue: str
    speaker: str
    text: str
    act: str = ""


class InDialogues:
    """A detector of turns: each is read by itself, once more after the turn before it, and for what
    it was asked for; then what was found in a dialogue is sought in all of its turns.

    Args:
        detector: reads texts.
        turns: those that `detect` will be asked for, dialogues whole and in order, before texts
            that are no turns.
    """

    def __init__(self, detector: Detects, turns: Sequence[Turn], language: str = "en") -> None:
        self.detector = detector
        self.turns = turns
        self.asks = language.split("-")[0].lower() == "en"

    def detect(self, texts: Sequence[str], progress: Progress | None = None) -> list[list[Found]]:
        """The detections in each turn, then in each text that is none: disjoint, left to right."""
        texts, others = texts[: len(self.turns)], texts[len(self.turns) :]
        assert [turn.text for turn in self.turns] == list(texts)
        led = [self._lead(at) for at in range(len(texts))]
        read = [*texts, *(lead + text for lead, text in zip(led, texts, strict=True)), *others]
        found = self.detector.detect(read, progress)
        several: list[list[Found]] = []
        for at, text in enumerate(texts):
            shift = len(led[at])
            before = self._before(at)
            asked = asked_for(before) if before is not None else ()
            after = (
                Found(one.start - shift, one.end - shift, one.entity, one.score)
                for one in found[len(texts) + at]
                if one.start >= shift and (one.entity not in _GUESSED or one.entity in asked)
            )
            told = self._told(at, asked) if self.asks else ()
            several.append(_whole_names(text, resolve(text, [*found[at], *after, *told])))
        in_turns = [
            resolve(text, [*own, *self._elsewhere(at, several)])
            for at, (text, own) in enumerate(zip(texts, several, strict=True))
        ]
        return [*in_turns, *found[2 * len(texts) :]]

    def _before(self, at: int) -> Turn | None:
        same = at > 0 and self.turns[at - 1].dialogue == self.turns[at].dialogue
        return self.turns[at - 1] if same else None

    def _lead(self, at: int) -> str:
        before = self._before(at)
        return f"{before.text} " if before is not None else ""

    def _dialogue(self, at: int) -> range:
        name = self.turns[at].dialogue
        first = last = at
        while first and self.turns[first - 1].dialogue == name:
            first -= 1
        while last + 1 < len(self.turns) and self.turns[last + 1].dialogue == name:
            last += 1
        return range(first, last + 1)

    def _told(self, at: int, asked: Sequence[str]) -> Iterator[Found]:
        """What a turn tells by what was asked: in the turn before it, and in the dialogue."""
        turn = self.turns[at]
        spoken_of = {kind for near in self._dialogue(at) for kind in asked_for(self.turns[near])}
        yield from _numbers(turn.text, spoken_of, "PIN" in asked)
        if turn.speaker != "user":
            return
        if "DATE_OF_BIRTH" in asked:
            for date in _DATE.finditer(turn.text):
                yield Found(*date.span(), "DATE_OF_BIRTH", SCORE)
        for entity in ("SECRET", "PERSON"):
            if entity in asked:
                yield from _answers(turn.text, entity)
        before = [near for near in self._dialogue(at) if near < at][-REMEMBERED:]
        if any("PERSON" in asked_for(self.turns[near]) for near in [*before, at]):
            yield from _names(turn.text)

    def _elsewhere(self, at: int, found: Sequence[Sequence[Found]]) -> Iterator[Found]:
        """What was found in the other turns of the dialogue, where it stands in this one."""
        text = self.turns[at].text
        for near in self._dialogue(at):
            for one in found[near] if near != at else ():
                surface = self.turns[near].text[one.start : one.end]
                if len(surface) < 3 or (surface.islower() and surface.isalpha()):
                    continue
                for here in re.finditer(rf"(?<!\w){re.escape(surface)}(?!\w)", text):
                    yield Found(*here.span(), one.entity, one.score)


def asked_for(turn: Turn) -> tuple[str, ...]:
    """The entities that a turn, or the name of its act, speaks of."""
    act = turn.act.replace("_", " ").replace(":", " ").lower()
    said = f"{turn.text} {act if _ASKS.search(act) else ''}".lower()
    return tuple(entity for entity, told in _ASKED if told.search(said))


def _whole_names(text: str, found: Sequence[Found]) -> list[Found]:
    """First name and surname as one, where they were found side by side, or where the surname,
    a word in lower case, was missed: "Brian white"."""
    _, last, _ = names()
    joined: list[Found] = []
    for one in found:
        if one.entity == "PERSON":
            before = joined[-1] if joined else None
            if before is not None and before.entity == "PERSON" and before.end + 1 == one.start:
                joined[-1] = replace(before, end=one.end)
                continue
            after = _SURNAME.match(text, one.end)
            single = text[one.start : one.end].isalpha()
            if after and single and one.start == 0 and after[1] in last and _tells(after[1]):
                one = replace(one, end=after.end())
        joined.append(one)
    return resolve(text, joined)


def _numbers(text: str, spoken_of: Iterable[str], asked: bool) -> Iterator[Found]:
    """Numbers that are no amounts, where some number was spoken of; of three digits only where a
    PIN was `asked` for just before."""
    brief = asked and len(text.split()) <= SHORT
    kinds = [kind for kind in _NUMBERS if kind in spoken_of]
    for match in _NUMBER.finditer(text):
        digits = sum(char.isdigit() for char in match[0])
        if _COUNTED.match(text, match.end()) or (digits < 4 and not brief):
            continue
        if digits <= _SHORT_NUMBER:
            short = "PIN" if "PIN" in kinds else next(iter(kinds), None)
            if short is not None:
                yield Found(*match.span(), short, SCORE)
            continue
        long = [kind for kind in kinds if kind != "PIN"]
        if digits not in _CARD_DIGITS and len(long) > 1 and "CREDIT_CARD" in long:
            long.remove("CREDIT_CARD")
        yield Found(*match.span(), next(iter(long), "REFERENCE_NUMBER"), SCORE)


def _answers(text: str, entity: str) -> Iterator[Found]:
    """A short answer as a whole; in a longer one the word that it says the answer is."""
    said = list(_WORD.finditer(text))
    telling = [word for word in said if _tells(word[0])]
    if not telling:
        return
    if len(said) <= SHORT and len(telling) == len(said):
        yield _found(text, said[0].start(), said[-1].end(), entity)
        return
    if len(telling) == 1 and len(said) <= SHORT:
        yield _found(text, *telling[0].span(), entity)
    for named in (*_NAMED.finditer(text), *_CAPITALISED.finditer(text)):
        if _tells(named["name"]):
            yield _found(text, *named.span("name"), entity)


def _names(text: str) -> Iterator[Found]:
    """A word in capitals that is all of an answer, or that the text says is a name."""
    said = list(_WORD.finditer(text))
    if len(said) == 1 and said[0][0].istitle() and _tells(said[0][0]):
        yield _found(text, *said[0].span(), "PERSON")
    for named in (*_CALLED.finditer(text), *_KIN.finditer(text)):
        if _tells(named["name"]):
            yield _found(text, *named.span("name"), "PERSON")


def _found(text: str, start: int, end: int, entity: str) -> Found:
    """A finding; "Buddy" names nobody elsewhere, yet is what a dog was called."""
    if entity == "PERSON" and policy.names_nobody(text[start:end]):
        return Found(start, end, "SECRET", CERTAIN)
    return Found(start, end, entity, SCORE)


def _tells(word: str) -> bool:
    return len(word) > 1 and not word.isdigit() and word.lower() not in _NO_ANSWER

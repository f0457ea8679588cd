"""The acts of the system in example dialogues: as they are labelled, or told from the words.

A turn without a label takes that of the labelled turns that say nearly the same; what is left is
grouped by its words (leader clustering, Jaccard index of the words), and named after them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from textsynth.corpus import fold
from textsynth.patterns import Pattern, Value

ALIKE = 0.5  # of what two turns say, from which on they are one act
CERTAIN = 0.6  # the same, of a turn and those of a label
NAMED_AFTER = 4  # words
LONGEST = 48  # characters of a name
COMMON = 0.5  # share of the labels that begin alike, from which on that says nothing
Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]  # unit vectors, one a text

_SGD = re.compile(r"[A-Z]+(?:_[A-Z]+)*(?::\w+)?\Z")
_WORDS = re.compile(r"\w+(?:['\u2019]\w+)*")
# What an act is in SGD's notation: results by the words of their labels, or of what is said; others
# by either.
_RESULTS = {
    "NOTIFY_FAILURE": "cannot|can'?t|could ?n[o']t|unable|fail(?:ed|ure|s)?|error|rejected|denied"
    "|declined|unavailable|nothing found|not found|impossible",
    "NOTIFY_SUCCESS": "submitted|success|successful(?:ly)?|succeeded|completed|booked|confirmed"
    "|sent|filed|done|cancelled|created",
}
_SAID = {
    "NOTIFY_FAILURE": "(?:can(?:not|'t)|could(?: not|n't)|was unable to|were unable to) (?:be )?"
    "(?:verify|authenticate|complete|process|find|book|do|submit)\\w*|(?:has|have) failed"
    "|something went wrong|(?:was|were) (?:un|not )successful|declined",
    "NOTIFY_SUCCESS": "(?:has|have|is|are) (?:now )?(?:been )?(?:successfully )?(?:submitted|booked"
    "|completed|confirmed|filed|sent|cancelled|created|processed|set up|reserved|blocked|done)"
    "|successful|successfully|you're all set",
}
_KINDS = {
    "CANT_HELP": "out of scope|fallback|not able to|only able to",
    "REQ_MORE": "anything else|something else|what else|any(?:thing)? more|further",
    "GOODBYE": "goodbye|good bye|bye|farewell|have a (?:good|nice|great|lovely) (?:day|one)",
    "GREETING": "hello|hi|hey|greet|greeting|welcome|how (?:can|may) i help",
}
_ASKS = re.compile(r"(?<![^\W_])(?:ask|asks|request|query|get|prompt)(?![^\W_])")
_DULL = frozenset(
    re.findall(
        r"\S+",
        """
    a an and are as at be but can could do does for from had has have hello hi i i'd i'll i'm
    in is it it's let me may my of on or our please so sorry thank thanks that the there this
    to us was we what when which will with would you you're your ok okay right well just now
    """,
    )
)


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of an example, scrubbed: `values` fill the slots of `pattern` by name, `annotated`
    says of each slot, in order, whether the data have it; `acts` as the data call them."""

    speaker: str
    pattern: Pattern
    values: Mapping[str, Value]
    annotated: tuple[bool, ...] = ()
    acts: tuple[str, ...] = ()
    intent: str | None = None

    def words(self) -> str:
        """What is said, slots by their labels."""
        return "".join(p if isinstance(p, str) else p.label for p in self.pattern.parts)


@dataclass(frozen=True, slots=True)
class Example:
    """A dialogue: user and system take turns. `outcome` is what its labels say of it."""

    id: str
    turns: tuple[Turn, ...]
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Acts:
    """The name of the act of each turn (empty for the user's), and what each is in SGD's
    notation, without slots."""

    names: list[list[str]]
    notation: dict[str, str]


def acts(examples: Sequence[Example], embed: Embed | None = None) -> Acts:
    """The acts of the system's turns.

    Args:
        embed: compares what turns say, in place of their words.
    """
    turns = [(d, t) for d, one in enumerate(examples) for t in _spoken(one)]
    labels = {at: _label(examples[at[0]].turns[at[1]].acts) for at in turns}
    labels = _backed_off(examples, labels)
    said = {at: fold(examples[at[0]].turns[at[1]].words()) for at in turns}
    texts = list(dict.fromkeys(said[at] for at in turns))
    alike = _Likeness(texts, embed)
    known: dict[str, Counter[str]] = defaultdict(Counter)
    for at in turns:
        if labels[at]:
            known[said[at]][labels[at]] += 1
    counts = Counter(said[at] for at in turns if not labels[at])
    found = _grouped(counts, {text: own.most_common(1)[0][0] for text, own in known.items()}, alike)
    names: list[list[str]] = [[""] * len(one.turns) for one in examples]
    for d, t in turns:
        names[d][t] = labels[d, t] or found[said[d, t]]
    _shorten(names, set(labels.values()))
    return Acts(names, _notations(examples, names))


def slug(text: str, without: frozenset[str] = frozenset()) -> str:
    """A name made of the words of a text."""
    return "_".join(
        word for word in re.split(r"\W+", text.casefold()) if word not in without | {""}
    )


def _spoken(example: Example) -> list[int]:
    return [at for at, turn in enumerate(example.turns) if turn.speaker == "system"]


def _label(own: Sequence[str]) -> str:
    """The acts of a turn as one name: `offer_city_time` of OFFER:city and OFFER:time."""
    slots: dict[str, list[str]] = {}
    for act in sorted(set(own)):
        name, _, slot = act.partition(":")
        slots.setdefault(name, []).append(slot)
    return slug(" ".join(word for name, own in slots.items() for word in (name, *own)))


def _backed_off(
    examples: Sequence[Example], labels: dict[tuple[int, int], str]
) -> dict[tuple[int, int], str]:
    """Labels that one dialogue alone has, as in "OFFER:a OFFER:b INFORM:c", without their slots."""
    seen: dict[str, set[int]] = defaultdict(set)
    for (d, _), label in labels.items():
        seen[label].add(d)
    few = len(examples) > 1
    made = {}
    for (d, t), label in labels.items():
        own = examples[d].turns[t].acts
        if few and len(seen[label]) == 1 and any(":" in act for act in own):
            label = _label([act.partition(":")[0] for act in own])
        made[d, t] = label
    return made


class _Likeness:
    """What tells how alike some texts are, from 0 to 1: unit vectors, or their words."""

    def __init__(self, texts: Sequence[str], embed: Embed | None) -> None:
        self.at = {text: number for number, text in enumerate(texts)}
        self.vectors = embed(texts) if embed is not None and texts else None
        self.words = [frozenset(_WORDS.findall(text)) or frozenset([text]) for text in texts]


class _Nearest:
    """Finds the text that is most like another one, of those that were added; of equals the
    first."""

    def __init__(self, alike: _Likeness, texts: Iterable[str] = ()) -> None:
        self.alike = alike
        self.texts: list[str] = []
        self.rows: list[int] = []
        self.holding: dict[str, list[int]] = defaultdict(list)  # by word, places in `texts`
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        row = self.alike.at[text]
        for word in self.alike.words[row]:
            self.holding[word].append(len(self.texts))
        self.texts.append(text)
        self.rows.append(row)

    def find(self, text: str, least: float) -> str | None:
        """The nearest text, if it is as near as `least`, which is above 0."""
        if not self.texts:
            return None
        row, vectors = self.alike.at[text], self.alike.vectors
        if vectors is not None:
            near = vectors[self.rows] @ vectors[row]
            best = int(near.argmax())
            return self.texts[best] if near[best] >= least else None
        own, words = self.alike.words[row], self.alike.words
        shared = Counter(place for word in own for place in self.holding.get(word, ()))
        likeness = {
            place: count / (len(own) + len(words[self.rows[place]]) - count)
            for place, count in shared.items()
        }
        best = min(likeness, key=lambda place: (-likeness[place], place), default=-1)
        return self.texts[best] if best >= 0 and likeness[best] >= least else None


def _grouped(counts: Counter[str], known: Mapping[str, str], alike: _Likeness) -> dict[str, str]:
    """A name for each text without a label: the commonest texts lead."""
    found: dict[str, str] = {}
    labelled, leaders = _Nearest(alike, known), _Nearest(alike)
    names = set(known.values())
    for text, _ in counts.most_common():
        if (near := labelled.find(text, CERTAIN)) is not None:
            found[text] = known[near]
        elif (leader := leaders.find(text, ALIKE)) is not None:
            found[text] = found[leader]
        else:
            found[text] = unique(_named_after(text), names)
            names.add(found[text])
            leaders.add(text)
    return found


def _shorten(names: list[list[str]], labels: set[str]) -> None:
    """Take the first word away where most labels have it (`bank_ask_pin`), and what is too long."""
    distinct = list(dict.fromkeys(name for own in names for name in own if name))
    labelled = [name for name in distinct if name in labels]
    first = Counter(name.partition("_")[0] for name in labelled if "_" in name)
    (prefix, count), *_ = first.most_common(1) or [("", 0)]
    common = f"{prefix}_" if count > max(2, COMMON * len(labelled)) else None
    short: dict[str, str] = {"": ""}
    for name in distinct:
        bare = name.removeprefix(common) if common else name
        short[name] = unique(bare[:LONGEST].rstrip("_"), set(short.values()))
    for own in names:
        own[:] = [short[name] for name in own]


def _named_after(text: str) -> str:
    words = [slug(word) for word in _WORDS.findall(text)]
    telling = [word for word in words if word and word not in _DULL] or [w for w in words if w]
    return "_".join(telling[:NAMED_AFTER]) or "says"


def unique(name: str, taken: set[str]) -> str:
    """The name, or the first of `name_2`, `name_3` … that is free."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _notations(examples: Sequence[Example], names: Sequence[Sequence[str]]) -> dict[str, str]:
    own: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    texts: dict[str, Counter[str]] = defaultdict(Counter)
    for one, of_turns in zip(examples, names, strict=True):
        for turn, name in zip(one.turns, of_turns, strict=True):
            if name:
                own[name][turn.acts] += bool(turn.acts)
                texts[name][turn.words()] += 1
    labelled = any(counts.total() for counts in own.values())
    return {name: _notation(own[name], texts[name], labelled) for name in texts}


def _notation(labels: Counter[tuple[str, ...]], texts: Counter[str], elsewhere: bool) -> str:
    """An act in SGD's notation: as labelled; by the words of the label; by what is said. Of a turn
    without a label no result is believed where results have labels `elsewhere`."""
    (label, count), *_ = labels.most_common(1)
    if count and all(map(_SGD.match, label)):
        return " ".join(dict.fromkeys(act.partition(":")[0] for act in label))
    if count:
        told = " ".join(label).replace("_", " ").casefold()
        return "REQUEST" if _ASKS.search(told) else _kind(told, _RESULTS | _KINDS) or "INFORM"
    text = texts.most_common(1)[0][0].casefold().replace("\u2019", "'")
    asks = text.rstrip().endswith("?")
    result = None if asks or elsewhere else _kind(text, _SAID)
    return result or _kind(text, _KINDS) or ("REQUEST" if asks else "INFORM")


def _kind(text: str, kinds: Mapping[str, str]) -> str | None:
    for act, told in kinds.items():
        if re.search(rf"(?<![^\W_])(?:{told})(?![^\W_])", text):
            return act
    return None

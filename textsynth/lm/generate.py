"""What the model is asked, and what is made of its answers: prompts drawn by key, lines judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from textsynth import keyed, patterns
from textsynth.corpus import fold
from textsynth.lm import prompts, style
from textsynth.lm.decode import Completion
from textsynth.lm.prompts import Listed

# Patterns that a prompt shows, and completions that are sampled from each prompt.
SHOWN = 6
COPIES = 4
# Stands for a line that held a value which the scrub removed.
MASK = "<leaked>"
COLONS = (":", "\uff1a")
BRACKETS = set("()[]<>\uff08\uff09")


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model continues: some patterns of an intent, then a list of the style asked for.

    Attributes:
        key: of its random stream, made of the recipe's seed and what the prompt says.
        lists: the last of them is open and empty.
    """

    key: int
    intent: str
    lists: tuple[Listed, ...]

    @property
    def shown(self) -> tuple[str, ...]:
        """The patterns that stand in it."""
        return tuple(pattern for listed in self.lists for pattern in listed.patterns)

    def text(self) -> str:
        """As the model reads it."""
        return prompts.render(self.lists, closed=False)


@dataclass(frozen=True, slots=True)
class Judged:
    """A line that the model wrote: a pattern in its normal written form, or why it is none; and its
    score (see `lm.decode.Completion`) where it is known."""

    intent: str
    text: str
    reason: str | None
    score: float | None = None


def make_prompts(
    intent: str,
    own: Sequence[str],
    count: int,
    *,
    first: int,
    seed: int,
    language: str = "en",
    avoid: Collection[str] = frozenset(),
) -> list[Prompt]:
    """`count` prompts of an intent, numbered from `first`: a few of its patterns, drawn by key, and
    a style to go on in, of which nothing is in `avoid`. Without patterns (a private run) the
    intent's name must do."""
    made = []
    for number in range(first, first + count):
        key = keyed.stream(seed, "prompt", intent, number)
        shown = [own[i] for i in keyed.order(key, list(own))[:SHOWN]]
        wanted = style.ask(keyed.stream(seed, "style", intent), number, language, avoid)
        lists = [Listed(intent, style.Style(), tuple(shown))] if shown else []
        if wanted != style.Style() or not lists:
            lists.append(Listed(intent, wanted, ()))
        key = keyed.stream(seed, "prompt", intent, number, prompts.render(lists, closed=False))
        made.append(Prompt(key, intent, tuple(lists)))
    return made


def slot_limits(own: Iterable[str]) -> Counter[str]:
    """How often a pattern of an intent may have each slot: as often as one of its seeds has."""
    limits: Counter[str] = Counter()
    for written in own:
        limits |= Counter(slot.label for slot in patterns.parse(written).slots)
    return limits


def judge(
    intent: str,
    completion: Completion,
    *,
    labels: Iterable[str],
    known: Mapping[str, str],
    limits: Mapping[str, int],
) -> list[Judged]:
    """Read a completion back to patterns.

    Reasons: `leaked_value`, `empty_line`, `cut_off` (by the token limit), `malformed_pattern`,
    `style_echo` (it has a style that can be asked for), `brackets` (it has some, as none of `known`
    does), `heading` (it ends with a colon, as none of `known` does), `unknown_slot` (a label not in
    `labels`), `slot_repeat` (more often than in `limits`, or once), `seed_echo` (the folded text is
    in `known`).
    """
    lines, ended = prompts.parse(completion.text)
    allowed = set(labels)
    headed = any(own.endswith(COLONS) for own in known.values())
    bracketed = any(BRACKETS & set(own) for own in known.values())
    judged = []
    for number, line in enumerate(lines):
        if line == MASK:
            judged.append(Judged(intent, "", "leaked_value"))
            continue
        if not line:
            judged.append(Judged(intent, line, "empty_line"))
            continue
        if number == len(lines) - 1 and not ended:
            judged.append(Judged(intent, line, "cut_off"))
            continue
        try:
            pattern = patterns.parse(line)
        except patterns.PatternError:
            judged.append(Judged(intent, line, "malformed_pattern"))
            continue
        text = patterns.render(pattern)
        if any(head.removesuffix(":") in text for head in style.heads()):
            judged.append(Judged(intent, text, "style_echo"))
        elif not bracketed and BRACKETS & set(text):
            judged.append(Judged(intent, text, "brackets"))
        elif not headed and text.endswith(COLONS):
            judged.append(Judged(intent, text, "heading"))
        elif any(slot.label not in allowed for slot in pattern.slots):
            judged.append(Judged(intent, text, "unknown_slot"))
        elif any(
            count > limits.get(label, 1)
            for label, count in Counter(slot.label for slot in pattern.slots).items()
        ):
            judged.append(Judged(intent, text, "slot_repeat"))
        elif fold(text) in known:
            judged.append(Judged(intent, text, "seed_echo"))
        else:
            score = completion.scores[number] if number < len(completion.scores) else None
            judged.append(Judged(intent, text, None, score))
    return judged


def copy_key(prompt: Prompt, copy: int) -> int:
    """The key of one completion of a prompt, where it is made by itself."""
    return keyed.stream(prompt.key, "copy", copy)

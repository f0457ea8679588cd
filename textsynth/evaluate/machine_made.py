"""Do unlabelled seeds look machine-made? A sign in the whole of them, not in any one row.

People reach for many words once: values that nobody else names, turns of their own. A generator
fills few patterns from few values, so that an intent's rows say the same words again and again and
have their patterns in common. Both signs are known of generated text: missing tails (Shumailov et
al. 2024) and repeated syntactic templates (Shaib et al. 2024, "Detection and measurement of
syntactic templates in generated text").

Thresholds were set by draws from SNIPS, CLINC150 and SGD and of this project's own seeds on one
side, rows of templates and of a fine-tuned 270M model on the other. What it cannot see: rows of a
model that writes as variedly as its seeds (patterns used once, few slots), a machine-made share in
mostly real seeds, fewer than 20 rows an intent, fewer than 3 such intents; a narrow form filled in
by real people may look made.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from textsynth import keyed
from textsynth.corpus import Utterance, fold

# Rows of an intent -> (the share of words said once that real ones stay above, the share of rows
# with a pattern in common that they stay below). Both depend on the number of rows.
LIMITS: Mapping[int, tuple[float, float]] = {
    20: (0.09, 0.30),
    30: (0.10, 0.36),
    50: (0.07, 0.45),
    100: (0.055, 0.50),
    200: (0.03, 0.52),
}
FEWEST_INTENTS = 3
MOST_INTENTS = 40
_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")
_DIGITS = re.compile(r"\d+")


def machine_made(utterances: Sequence[Utterance]) -> str | None:
    """What makes these rows look machine-made, in words; None where nothing does.

    Equal numbers of rows of different texts are drawn of each intent, as many as three intents
    have, whatever the order of the rows. Rows without an intent are one.
    """
    by_intent: dict[str | None, dict[str, Utterance]] = {}
    for utterance in utterances:
        by_intent.setdefault(utterance.intent, {}).setdefault(utterance.text, utterance)
    sizes = list(map(len, by_intent.values()))
    fitting = [size for size in LIMITS if sum(n >= size for n in sizes) >= FEWEST_INTENTS]
    if not fitting:
        return None
    size = max(fitting)
    names = [intent for intent, rows in by_intent.items() if len(rows) >= size]
    order = keyed.order(keyed.stream(0, "machine made"), [str(name) for name in names])
    groups = [_drawn(by_intent[names[at]], size) for at in order[:MOST_INTENTS]]
    least, most = LIMITS[size]
    once = _mean(said_once(group) for group in groups)
    shared = _mean(in_common(group) for group in groups)
    told = []
    if once < least:
        told.append(f"only {once:.1%} of the words are said once (real rows: above {least:.1%})")
    if shared > most:
        told.append(
            f"{shared:.0%} of the rows have their pattern in common with another (real rows: "
            f"below {most:.0%})"
        )
    return f"among {size} rows of an intent {' and '.join(told)}" if told else None


def said_once(rows: Iterable[Utterance]) -> float:
    """Words that occur once (hapax legomena) over all words of the rows; 1 without words."""
    counts = Counter(word for row in rows for word in _WORD.findall(fold(row.text)))
    return sum(n == 1 for n in counts.values()) / counts.total() if counts else 1.0


def in_common(rows: Sequence[Utterance]) -> float:
    """The share of rows whose pattern (values and numbers left out) another row has too."""
    counts = Counter(_pattern(row) for row in rows)
    return sum(n for n in counts.values() if n > 1) / len(rows)


def _pattern(row: Utterance) -> str:
    parts, at = [], 0
    for slot in sorted(row.slots, key=lambda slot: slot.start):
        parts += [row.text[at : slot.start], f" {{{slot.label}}} "]
        at = slot.end
    return _DIGITS.sub("0", fold("".join([*parts, row.text[at:]])))


def _drawn(rows: Mapping[str, Utterance], size: int) -> list[Utterance]:
    texts = list(rows)
    order = keyed.order(keyed.stream(0, "machine made"), texts)
    return [rows[texts[at]] for at in order[:size]]


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)

"""The verdict on a corpus in three sentences: usable? what to watch? safe?

They say what was measured and no more: where nothing was measured that is what they say, and no
figure is called proof of safety.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from textsynth.evaluate import About, Estimate, Figure
from textsynth.evaluate.measured import SECTIONS, GateResult, Measured
from textsynth.evaluate.tables import MINUS, certain, mark, written

Level = Literal["good", "watch", "bad", "unknown"]

# The AUC of a guess is .5; below the first nobody need look twice, above the second rows give
# away what they were made from.
GUESS, FOUND_OUT = 0.55, 0.6
SIGNS_OF_SYNTHESIS = 0.7  # AUC of a discriminator
AMPLIFIED = 0.05  # of all mentions
# Figures of variety, of which the first that is worse is told: which way people want it, and how.
VARIETY = (
    ("distinct_2", "high", "its wording is less varied than that of real rows"),
    ("self_bleu", "low", "its rows are more like one another than real ones"),
    ("vendi", "high", "it says fewer different things than real rows"),
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """An answer: the question, how good the news is, and one sentence."""

    question: str
    level: Level
    text: str


def verdict(
    measured: Measured | None, *, short: Mapping[str, Any] | Sequence[Any] = ()
) -> tuple[Sentence, Sentence, Sentence]:
    """Whether the corpus is usable, what to watch, and whether it is safe. `short` are the intents
    that got fewer rows than asked for."""
    found = measured or Measured({})
    return _usable(found), _watch(found, len(short)), _safe(found)


def _sentence(question: str, level: Level, clauses: Sequence[str]) -> Sentence:
    text = "; ".join(clauses)
    return Sentence(question, level, text[:1].upper() + text[1:] + ".")


# -- usable? ----------------------------------------------------------------------------------


def _usable(found: Measured) -> Sentence:
    question = "Is it usable?"
    missed = [gate for gate in found.gates if not gate.passed]
    clauses = []
    if missed:
        of = f"{len(missed)} of {len(found.gates)} gates of the recipe"
        are = "is" if len(missed) == 1 else "are"
        clauses.append(f"not as it stands: {of} {are} missed ({', '.join(map(_gate, missed))})")
    elif found.gates:
        gates = {1: "the gate", 2: "both gates"}.get(len(found.gates), "all gates")
        clauses.append(f"{gates} of the recipe held")
    gain = found.figure("utility", "gain")
    level, told = _gain(gain, found)
    clauses.append(told)
    return _sentence(question, "bad" if missed else level, clauses)


def _gate(gate: GateResult) -> str:
    value = written(gate.value)
    return f"{gate.gate}: {'not measured' if value == '—' else f'found {value}'}"


def _gain(gain: Figure | None, found: Measured) -> tuple[Level, str]:
    if gain is None:
        return "unknown", "whether a classifier gains from these rows was not measured"
    on = "accuracy on real text that nobody trained on"
    if gain.low is None or gain.high is None or gain.low == gain.high:
        certain = "how certain that is was not measured"
        return "watch", f"with these rows {on} changes by {points(gain.value)}, and {certain}"
    between = f"between {points(gain.low).partition(' ')[0]} and {points(gain.high)}"
    told = f"{on} changes by {points(gain.value)} ({between})"
    if gain.low > 0:
        best = found.figure("mixing", "recommended_multiple")
        mix = ""
        if best and best.value:
            mix = f", best with {best.value:g} synthetic rows to each real one"
        elif best:  # of rows that count in full, where `gain` is of rows with less weight
            mix = ", but only where a synthetic row counts less than a real one"
        return "good", f"adding these rows to the real ones helps: {told}{mix}"
    if gain.high < 0:
        return "bad", f"adding these rows to the real ones does harm: {told}"
    return "watch", f"adding does not help here: {told}, which may be chance"


def points(value: float) -> str:
    """A difference of shares in percentage points: `+1.4 points`."""
    told = f"{100 * value:+.1f}"
    return ("0.0" if told.strip("+-") == "0.0" else told.replace("-", MINUS)) + " points"


# -- what to watch? ---------------------------------------------------------------------------


def _watch(found: Measured, short: int) -> Sentence:
    question = "What should be watched?"
    clauses = list(_noticed(found, short))
    missing = [name for name in SECTIONS if not found.figures(name)]
    if len(missing) == len(SECTIONS):
        gap = ["its quality was not measured yet"]
    else:
        gap = [f"not measured: {', '.join(missing)}"] * bool(missing)
    if clauses:
        return _sentence(question, "watch", [*clauses, *gap])
    if len(missing) == len(SECTIONS):
        return _sentence(question, "unknown", gap)
    return _sentence(question, "good", ["nothing that was measured stands out", *gap])


def _noticed(found: Measured, short: int) -> Iterator[str]:
    if short:
        yield f"{short} {'intent has' if short == 1 else 'intents have'} fewer rows than asked for"
    poorer = next(filter(None, (_poorer(found, *one) for one in VARIETY)), None)
    if poorer:
        yield poorer
    recall = found.figure("fidelity", "recall")
    if recall and recall.reference and _worse("fidelity.recall", recall, "high"):
        yield f"it leaves out part of what real people say ({_against(recall, recall.reference)})"
    told_apart = found.figure("fidelity", "auc_words")
    if told_apart and told_apart.value > SIGNS_OF_SYNTHESIS:
        yield (
            "a program that reads words tells a row from a real one"
            f" {100 * told_apart.value:.0f} % of the time (blind guessing: 50 %)"
        )
    louder = found.figure("bias", "max_amplification")
    if louder and louder.value > AMPLIFIED and (louder.low is None or louder.low > 0):
        more = written(louder.value, "percent")
        yield (
            "one group of people is further ahead of the others than among the seeds"
            f" (by {more} of all mentions)"
        )


def _poorer(found: Measured, name: str, better: str, told: str) -> str | None:
    figure = found.figure("diversity", name)
    if figure and figure.reference and _worse(f"diversity.{name}", figure, better):
        return f"{told} ({_against(figure, figure.reference)})"
    return None


def _worse(name: str, figure: Figure, better: Any) -> bool:
    return mark(name, figure, About("", "", better=better)) == "watch"


def _against(figure: Figure, real: Estimate) -> str:
    style: Any = "number" if max(figure.value, real.value) > 1 else "percent"
    told = f"{written(figure.value, style)}; real rows: {written(real.value, style)}"
    return told if certain(figure) else f"{told}; whether that is chance was not measured"


# -- safe? ------------------------------------------------------------------------------------


def _safe(found: Measured) -> Sentence:
    question = "Is it safe to share?"
    results = list(_attacks(found))
    epsilon = found.figure("privacy", "epsilon")
    clauses = [told for _, told in results]
    if epsilon:
        clauses.append(
            f"the model was trained with differential privacy, epsilon {epsilon.value:g}"
        )
    if not results:
        return _sentence(
            question,
            "unknown",
            [*clauses, "no attack was tried on it, so nothing is known of what it gives away"],
        )
    levels = {level for level, _ in results}
    if "bad" in levels:
        return _sentence(question, "bad", ["not as it stands", *clauses])
    if "watch" in levels:
        return _sentence(question, "watch", ["with care", *clauses])
    tests = "the attack that was tried" if len(results) == 1 else "the attacks that were tried"
    return _sentence(
        question,
        "good",
        [f"{tests} found nothing", *clauses, "this is no proof that there is nothing to find"],
    )


def _attacks(found: Measured) -> Iterator[tuple[Level, str]]:
    guess = found.figure("privacy", "mia_auc")
    if guess:
        yield _guessed(guess)
    leaked = found.figure("privacy", "attribute_leakage")
    if leaked:
        rows = f"{written(leaked.value, 'percent')} of the rows hold a value that the scrub removed"
        worse = leaked.reference is None or _worse("privacy.attribute_leakage", leaked, "low")
        if leaked.value == 0:
            yield "good", "no row holds a value that the scrub removed"
        elif worse:
            yield "bad", rows
        else:
            yield "good", f"{rows}, no more than of real rows that are no seeds"
    copied = found.figure("privacy", "verbatim_5grams")
    if copied and copied.reference:
        more = _worse("privacy.verbatim_5grams", copied, "low")
        yield (
            "watch" if more else "good",
            f"runs of five words are copied from seeds {'more' if more else 'no more'} often than"
            f" by chance ({_against(copied, copied.reference)})",
        )
    exposure = found.figure("privacy", "exposure")
    if exposure and exposure.reference:
        bits = f"{exposure.value:.1f} bits; {exposure.reference.value:.1f} where none was planted"
        if _worse("privacy.exposure", exposure, "low"):
            yield "watch", f"the model remembers secrets that were planted (exposure {bits})"
        else:
            yield "good", f"the model remembers no planted secret (exposure {bits})"
    released = found.figure("privacy", "canaries_released")
    if released and released.value > 0:
        yield "bad", f"{written(released.value, 'percent')} of the planted secrets stand in rows"


def _guessed(guess: Figure) -> tuple[Level, str]:
    between = (
        f", between {guess.low:.0%} and {guess.high:.0%}"
        if guess.low is not None and guess.high is not None
        else ""
    )
    told = (
        "somebody who guesses which of two real rows was used is right"
        f" {guess.value:.0%} of the time{between} (blind guessing: 50%)"
    ).replace("%", " %")
    if guess.value > FOUND_OUT and (guess.low is None or guess.low > 0.5):
        return "bad", told
    return ("watch" if guess.value > GUESS else "good"), told

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
from textsynth.evaluate.tables import MINUS, mark, words, written

Level = Literal["good", "watch", "bad", "unknown"]

# The AUC of a guess is .5; below the first nobody need look twice, above the second rows give
# away what they were made from.
GUESS, FOUND_OUT = 0.55, 0.6
SIGNS_OF_SYNTHESIS = 0.7  # AUC of a discriminator
AMPLIFIED = 1.25  # output over seeds
# An unplanted canary has 1.44 bits on average (Carlini et al. 2019); 10 bits are one in a thousand.
EXPOSED = 10.0
MOST_WATCHED = 4


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
        gates = len(found.gates)
        clauses.append(f"{'the gate' if gates == 1 else f'all {gates} gates'} of the recipe held")
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
    change = f"accuracy on real text nobody trained on changes by {points(gain.value)}"
    if gain.low is None or gain.high is None:
        return "watch", f"{change}, and how certain that is was not measured"
    between = f"between {points(gain.low)} and {points(gain.high)}"
    if gain.low > 0:
        best = found.figure("mixing", "recommended_multiple")
        mix = f", best with {best.value:g} synthetic rows to each real one" if best else ""
        return "good", f"adding these rows to the real ones helps: {change} ({between}){mix}"
    if gain.high < 0:
        return "bad", f"adding these rows to the real ones does harm: {change} ({between})"
    return "watch", f"adding does not help here: {change} ({between}), which may be nothing"


def points(value: float) -> str:
    """A difference of shares in percentage points: `+1.4 points`."""
    told = f"{100 * value:+.1f}"
    return ("0.0" if told.strip("+-") == "0.0" else told.replace("-", MINUS)) + " points"


# -- what to watch? ---------------------------------------------------------------------------


def _watch(found: Measured, short: int) -> Sentence:
    question = "What should be watched?"
    clauses = list(_noticed(found, short))
    missing = [name for name in SECTIONS if not found.overall(name)]
    if found.metrics and missing:
        unmeasured = f"not measured: {', '.join(missing)}"
    else:
        unmeasured = "" if found.metrics else "its quality was not measured yet"
    if clauses:
        shown = clauses[:MOST_WATCHED]
        return _sentence(question, "watch", [*shown, *([unmeasured] if unmeasured else [])])
    if not found.metrics:
        return _sentence(question, "unknown", [unmeasured])
    return _sentence(
        question,
        "good",
        ["nothing that was measured stands out", *([unmeasured] if unmeasured else [])],
    )


def _noticed(found: Measured, short: int) -> Iterator[str]:
    if short:
        yield f"{short} {'intent has' if short == 1 else 'intents have'} fewer rows than asked for"
    for metric, name, better, told in (
        ("diversity", "distinct_2", "high", "its wording is less varied than that of real text"),
        ("diversity", "vendi", "high", "it says fewer different things than real text"),
        ("diversity", "self_bleu", "low", "its rows are more like one another than real ones"),
        ("fidelity", "recall", "high", "it leaves out part of what real people say"),
    ):
        figure = found.figure(metric, name)
        if figure and figure.reference and _worse(f"{metric}.{name}", figure, better):
            yield f"{told} ({_against(figure, figure.reference, name)})"
    told_apart = found.figure("fidelity", "auc_words")
    if told_apart and told_apart.value > SIGNS_OF_SYNTHESIS:
        yield (
            "a program that reads words tells a row from a real one"
            f" {100 * told_apart.value:.0f} % of the time (blind guessing: 50 %)"
        )
    louder = found.figure("bias", "max_amplification")
    if louder and louder.value > AMPLIFIED and (louder.low is None or louder.low > 1):
        yield f"one group of people is {louder.value:.1f} times as frequent as in the seeds"


def _worse(name: str, figure: Figure, better: Any) -> bool:
    return mark(name, figure, About("", "", better=better)) == "watch"


def _against(figure: Figure, real: Estimate, name: str) -> str:
    style: Any = "number" if name == "vendi" else "percent"
    return f"{written(figure.value, style)} against {written(real.value, style)}"


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
        than = "more" if more else "no more"
        yield (
            "watch" if more else "good",
            f"{than} runs of five words stand in a seed than real rows share with one another"
            f" ({_against(copied, copied.reference, '')})",
        )
    exposure = found.figure("privacy", "exposure")
    if exposure:
        bits = f"{exposure.value:.1f} bits"
        if exposure.value > EXPOSED:
            yield "bad", f"planted secrets can be extracted (exposure {bits})"
        else:
            yield "good", f"planted secrets stay hidden (exposure {bits})"


def _guessed(guess: Figure) -> tuple[Level, str]:
    between = (
        f", between {guess.low:.0%} and {guess.high:.0%}"
        if guess.low is not None and guess.high is not None
        else ""
    )
    told = (
        "which of two real rows was a seed can be guessed from the rows"
        f" {guess.value:.0%} of the time{between} (blind guessing: 50%)"
    ).replace("%", " %")
    if guess.value > FOUND_OUT and (guess.low is None or guess.low > 0.5):
        return "bad", told
    return ("watch" if guess.value > GUESS else "good"), told


def unmeasured(found: Measured | None) -> list[str]:
    """The metrics of which there is no figure, for people."""
    return [words(name) for name in SECTIONS if not (found and found.overall(name))]

"""How varied texts are. Compare only samples of equal size: every figure here depends on it.

Figures that count what is repeated have no interval: a bootstrap would repeat rows itself. The two
that are means over rows have one, of these rows beside the others as they are.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textsynth import corpus, keyed, patterns
from textsynth.corpus import fold
from textsynth.evaluate import (
    About,
    Context,
    Estimate,
    Figure,
    Findings,
    Sets,
    embeddings,
    intervals,
    samples,
)

SELF_BLEU_SAMPLE = 100
VENDI_SAMPLE = 1000
FEWEST = 50  # real rows that are worth a comparison
FEWEST_OF_INTENT = 10
FEWEST_WORDS = 100  # for the growth of the vocabulary
POINTS = 30  # of its curve
UNSPACED = frozenset({"zh", "ja", "th", "lo", "km", "my"})  # languages

ABOUT: Mapping[str, About] = {
    "distinct_1": About(
        "Different words",
        "The share of words that are not a repetition of an earlier word.",
        "like",
        "percent",
    ),
    "distinct_2": About(
        "Different word pairs",
        "The share of neighbouring word pairs that are not a repetition of an earlier pair.",
        "like",
        "percent",
    ),
    "distinct_3": About(
        "Different word triples",
        "The share of runs of three words that are not a repetition of an earlier run.",
        "like",
        "percent",
    ),
    "self_bleu": About(
        "Overlap between rows",
        "How far a row is made of word sequences that other rows have too: 0 not at all, 1 wholly.",
        "like",
    ),
    "compression_ratio": About(
        "Compressibility",
        "How many times smaller the texts become when a computer packs them: the more they repeat "
        "each other, the smaller.",
        "like",
    ),
    "heaps_beta": About(
        "Vocabulary growth",
        "How fast new words keep coming as one reads on: near 1 every word is new, near 0 "
        "nothing new comes.",
        "like",
    ),
    "first_word_entropy": About(
        "Variety of openings",
        "How hard it is to guess a row's first word, in yes-no questions.",
        "like",
    ),
    "patterns_per_1000": About(
        "Sentence patterns per 1,000 rows",
        "How many different sentences there are in 1,000 rows, when sentences that differ only "
        "in the values of their slots count as one.",
        "like",
        "count",
    ),
    "vendi": About(
        "Different meanings",
        "As how many rows without anything in common the rows are varied in what they mean.",
        "like",
    ),
    "nearest_neighbour": About(
        "Distance to the nearest other row",
        "How far in meaning a row is from the one most like it: 0 says the same.",
        "like",
    ),
}


def diversity(sets: Sets, context: Context) -> Findings:
    """How varied the rows are beside real ones, overall and for each intent.

    distinct-n (Li et al. 2016), self-BLEU (Zhu et al. 2018), compression ratio (Shaib et al. 2024),
    the exponent of Heaps' law, entropy of first words, delexicalised patterns, and on embeddings
    the Vendi score (Friedman and Dieng 2023) and nearest neighbours.

    The reference is the holdout, or the real rows where there is none. Of both sides the same
    number of rows is drawn by keyed hash (`samples.rows`): as many as the smaller has, and again so
    for each intent. Self-BLEU (of 100), the Vendi score (of 1,000) and the growth of the vocabulary
    are overall alone. The table `vocabulary_growth` has the words read and the different words
    known by then.
    """
    real = sets.holdout if sets.holdout.num_rows else sets.real
    notes = []
    if not sets.synthetic.num_rows:
        return Findings([], ["There are no rows, so their variety was not measured."])
    if real.num_rows < FEWEST:
        notes.append(
            f"There are {real.num_rows} real rows, too few to compare variety with: "
            f"{FEWEST} are needed."
        )
        real = real.slice(0, 0)
    elif not sets.holdout.num_rows:
        notes.append("There is no holdout: variety is compared with the real rows themselves.")
    tables = _paired(sets.synthetic, real, context.seed)
    if real.num_rows and _has_slots(tables[0]) != _has_slots(tables[1]):
        notes.append(
            "Only one side has slots: patterns of the other are its texts, values and all, so "
            "compare no patterns."
        )
    sides = [_overall(table, context) for table in tables]
    figures = _figures(sides, {})
    if missing := [name for name in ABOUT if name not in sides[0]]:
        notes.append(f"Too few words or rows to measure: {', '.join(missing)}.")
    figures += _each_intent(sets.synthetic, real, context)
    growth = [
        {"kind": kind, "words": read, "vocabulary": known}
        for kind, table in zip(("synthetic", "real"), tables, strict=False)
        for read, known in vocabulary_growth(_flat(_words(table, context.language)))
    ]
    return Findings(figures, notes, {"vocabulary_growth": growth})


def _paired(made: pa.Table, real: pa.Table, seed: int, *names: str) -> list[pa.Table]:
    """Samples of both of the size of the smaller, or all made rows where no real ones are."""
    if not real.num_rows:
        return [samples.rows(made, None, seed, *names)]
    size = min(made.num_rows, real.num_rows)
    return [samples.rows(table, size, seed, *names) for table in (made, real)]


def _each_intent(made: pa.Table, real: pa.Table, context: Context) -> list[Figure]:
    """The cheap figures of each intent with rows enough, and of real rows where they are enough."""
    groups = [_by_intent(table) for table in (made, real)]
    figures = []
    for intent in sorted(name for name in groups[0] if name is not None):
        own, other = (group.get(intent, made.slice(0, 0)) for group in groups)
        if own.num_rows < FEWEST_OF_INTENT:
            continue
        if other.num_rows < FEWEST_OF_INTENT:
            other = other.slice(0, 0)
        tables = _paired(own, other, context.seed, "intent", intent)
        figures += _figures([_cheap(table, context) for table in tables], {"intent": intent})
    return figures


def _by_intent(table: pa.Table) -> dict[str | None, pa.Table]:
    rows: dict[str | None, list[int]] = {}
    for row, intent in enumerate(corpus.column(table, "intent")):
        rows.setdefault(intent, []).append(row)
    return {intent: corpus.take(table, places) for intent, places in rows.items()}


def _figures(sides: Sequence[Mapping[str, Estimate]], of: Mapping[str, str]) -> list[Figure]:
    reference = sides[1] if len(sides) > 1 else {}
    return [
        Figure(name, own.value, own.low, own.high, of, reference.get(name))
        for name in ABOUT
        if (own := sides[0].get(name)) is not None
    ]


def _overall(table: pa.Table, context: Context) -> dict[str, Estimate]:
    """All figures of these rows that can be measured."""
    found = _cheap(table, context)
    words = _words(table, context.language)
    scores = _bleu_scores([" ".join(one) for one in words[:SELF_BLEU_SAMPLE]])
    if scores:
        found["self_bleu"] = _mean(scores, context)
    growth = vocabulary_growth(_flat(words))
    if growth:
        found["heaps_beta"] = Estimate(heaps_beta(growth))
    texts = corpus.column(table, "text")[:VENDI_SAMPLE]
    found["vendi"] = Estimate(embeddings.vendi(context.embed(texts)))
    return found


def _cheap(table: pa.Table, context: Context) -> dict[str, Estimate]:
    """The figures that are measured of each intent too."""
    texts, words = corpus.column(table, "text"), _words(table, context.language)
    found = {
        "compression_ratio": compression_ratio(texts),
        "first_word_entropy": entropy([one[0] for one in words if one]),
        "patterns_per_1000": 1000 * len(_patterns(table)) / len(texts),
    }
    found |= {f"distinct_{n}": distinct(words, n) for n in (1, 2, 3) if any(map(len, words))}
    estimates = {name: Estimate(value) for name, value in found.items()}
    if len(texts) > 1:
        estimates["nearest_neighbour"] = _mean(embeddings.nearest(context.embed(texts)), context)
    return estimates


def _mean(values: npt.ArrayLike, context: Context) -> Estimate:
    return intervals.mean(values, resamples=context.resamples, seed=context.seed)


def words_of(text: str, language: str = "en") -> list[str]:
    """The words of a text, folded; its characters in a language that sets no spaces."""
    folded = fold(text)
    if language.split("-")[0].lower() in UNSPACED:
        return [char for char in folded if not char.isspace()]
    return folded.split()


def _words(table: pa.Table, language: str) -> list[list[str]]:
    return [words_of(text, language) for text in corpus.column(table, "text")]


def _flat(words: Sequence[Sequence[str]]) -> list[str]:
    return [word for one in words for word in one]


def _has_slots(table: pa.Table) -> bool:
    return any(corpus.column(table, "slots"))


def _patterns(table: pa.Table) -> set[str]:
    """The different delexicalised texts, folded."""
    columns = (corpus.column(table, name) for name in ("text", "slots"))
    return {
        fold(
            str(
                patterns.delexicalise(
                    text, ((slot["start"], slot["end"], slot["label"]) for slot in slots or ())
                )
            )
        )
        for text, slots in zip(*columns, strict=True)
    }


def distinct(words: Sequence[Sequence[str]], n: int) -> float:
    """Distinct n-grams over all n-grams of tokenised texts (Li et al. 2016), 0 to 1; 0 without."""
    grams = [gram for one in words for gram in zip(*(one[at:] for at in range(n)), strict=False)]
    return len(set(grams)) / len(grams) if grams else 0.0


def distinct_2(texts: Sequence[str]) -> float:
    """Distinct word bigrams over all word bigrams (Li et al. 2016), 0 to 1; 0 without bigrams."""
    return distinct([words_of(text) for text in texts], 2)


def compression_ratio(texts: Sequence[str]) -> float:
    """The size of the texts, a line each, over their size packed by DEFLATE (Shaib et al. 2024):
    the higher, the more they repeat each other."""
    joined = "\n".join(texts).encode()
    return len(joined) / len(zlib.compress(joined, 9))


def entropy(values: Sequence[str]) -> float:
    """The Shannon entropy of how often each value occurs, in bits; 0 for none."""
    total = len(values)
    return sum(n / total * math.log2(total / n) for n in sorted(Counter(values).values()))


def vocabulary_growth(words: Sequence[str]) -> list[tuple[int, int]]:
    """(words read, different words among them) at up to 30 places, evenly spaced by logarithm from
    a hundredth of the words to all; nothing for fewer than 100 words."""
    if len(words) < FEWEST_WORDS:
        return []
    first = {word: at for at, word in reversed(list(enumerate(words)))}
    known = np.searchsorted(sorted(first.values()), np.arange(len(words)), side="right")
    places = np.geomspace(len(words) / 100, len(words), POINTS).round().astype(int)
    return [(int(at), int(known[at - 1])) for at in np.unique(places)]


def heaps_beta(growth: Sequence[tuple[int, int]]) -> float:
    """The exponent of Heaps' law (1978), vocabulary = K words^beta, by least squares of the
    logarithms."""
    read, known = np.log(np.array(growth, float)).T
    return float(np.polyfit(read, known, 1)[0])


def self_bleu(texts: Sequence[str], *, sample: int = SELF_BLEU_SAMPLE, seed: int = 0) -> float:
    """Mean BLEU-4 of each text of a keyed sample against the others of it (Zhu et al. 2018,
    "Texygen"), by sacrebleu, case folded; 0 (all differ) to 1. 0 for fewer than two."""
    scores = _bleu_scores([fold(text) for text in sampled(texts, sample, seed)])
    return float(np.mean(scores)) if scores else 0.0


def _bleu_scores(texts: Sequence[str]) -> list[float]:
    """BLEU-4 of each text against the others, 0 to 1; nothing for fewer than two."""
    from sacrebleu.metrics.bleu import BLEU

    if len(texts) < 2:
        return []
    bleu = BLEU(effective_order=True)
    return [
        bleu.sentence_score(text, [*texts[:at], *texts[at + 1 :]]).score / 100
        for at, text in enumerate(texts)
    ]


def clusters(vectors: npt.NDArray[np.float32], *, threshold: float = 0.8) -> int:
    """How many texts are needed so that each is within a cosine of `threshold` of one: leader
    clustering (Hartigan 1975) of unit vectors of shape (n, d), in their order."""
    leaders = np.empty_like(vectors)
    count = 0
    for vector in vectors:
        if not count or float((leaders[:count] @ vector).max()) < threshold:
            leaders[count] = vector
            count += 1
    return count


def sampled(texts: Sequence[str], size: int, seed: int) -> list[str]:
    """At most `size` of the texts, by keyed hash, whatever their order; of equal texts each has a
    hash of its own."""
    return [texts[at] for at in samples.order(texts, keyed.stream(seed, "sample"))[:size]]

"""The scrub beside plain Presidio: what is found, what is taken too much, and how fast.

    python scripts/bench_scrub.py --data DIR [--half report] [--rounds 3] [--perplexity SEEDS.jsonl]

DIR holds pii_dev/data.jsonl.gz (sentences with PII spans, as presidio-research makes them, with a
template_id) and ner_wnut17/data.jsonl.gz (WNUT 2017, CC BY 4.0; it may be empty). Rows are JSON
objects with `text` and `slots` (start, end, label). What is tuned is tuned on the half of even
template ids; figures are reported for the odd ones.

A gold span counts as found when 90 % of its characters are covered by detections of any label. A
detection is right when half of its characters lie in gold spans. Presidio has two lines of figures:
as it comes, and without DATE_TIME, which takes "today" and the like for identifying too.
"""

from __future__ import annotations

import argparse
import math
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import inputs
from inputs import positive, rows, whole

from textsynth import models, scrub
from textsynth.corpus import Utterance
from textsynth.errors import SeedError
from textsynth.scrub.plan import plan

Spans = list[tuple[int, int, str]]
DIRECT = {"PERSON", "ADDRESS", "PHONE_NUMBER", "EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE", 
          "US_SSN", "IP_ADDRESS", "US_DRIVER_LICENSE"}  # fmt: skip
HONORIFIC = re.compile(r"(mr|mrs|ms|miss|mx|dr|prof|sir|madam)\.?", re.IGNORECASE)
WEEKDAY_OR_YEAR = re.compile(r"\w+day|(?:19|20)\d\d", re.IGNORECASE)
COVERED = 0.9


def counts(surface: str, label: str) -> bool:
    """Whether a gold span identifies anybody."""
    if label == "PREFIX" or HONORIFIC.fullmatch(surface):
        return False
    return not (label == "DATE_TIME" and WEEKDAY_OR_YEAR.fullmatch(surface))


def quality(
    data: Sequence[dict[str, Any]], found: Sequence[Spans], shown: int = 0
) -> dict[str, Any]:
    """Recall by label and in all, precision of the detections, share of the other words kept."""
    hit, gold = Counter(), Counter()
    right = given = kept = outside = 0
    missed, extra = [], []
    for row, spans in zip(data, found, strict=True):
        text = row["text"]
        covered, wanted = bytearray(len(text)), bytearray(len(text))
        for start, end, _ in spans:
            covered[start:end] = b"\1" * (end - start)
        for slot in row["slots"]:
            start, end, label = slot["start"], slot["end"], slot["label"]
            wanted[start:end] = b"\1" * (end - start)
            if not counts(text[start:end], label):
                continue
            gold[label] += 1
            solid = [at for at in range(start, end) if not text[at].isspace()]
            if sum(covered[at] for at in solid) >= COVERED * len(solid):
                hit[label] += 1
            else:
                missed.append((label, text[start:end], text))
        for start, end, label in spans:
            given += 1
            if sum(wanted[start:end]) * 2 >= end - start:
                right += 1
            else:
                extra.append((label, text[start:end], text))
        for word in re.finditer(r"\w+", text):
            if not any(wanted[word.start() : word.end()]):
                outside += 1
                kept += not any(covered[word.start() : word.end()])
    for name, examples in (("missed", missed), ("too much", extra)):
        for label, surface, text in examples[:shown]:
            print(f"  {name}: {label} {surface!r} in {text[:160]!r}")
    direct = [label for label in gold if label in DIRECT]
    return {
        "recall_direct": sum(hit[n] for n in direct) / max(1, sum(gold[n] for n in direct)),
        "recall_all": sum(hit.values()) / max(1, sum(gold.values())),
        "precision": right / max(1, given),
        "words_kept": kept / max(1, outside),
        "by_label": {n: (round(hit[n] / gold[n], 3), gold[n]) for n in sorted(gold)},
    }


_DETECTOR: scrub.Detector | None = None


def _start(mode: str) -> None:
    global _DETECTOR
    settings = scrub.Settings(mode=mode)
    _DETECTOR = scrub.Detector("en", models.spacy_source("en").location, settings)


def _find(texts: Sequence[str]) -> list[Spans]:
    """What the scrub would take out of each text: detections, as the policy judges them."""
    assert _DETECTOR is not None
    taken = []
    for text, found in zip(texts, _DETECTOR.detect(texts), strict=True):
        row = plan(Utterance(id="", text=text, slots=()), found, _DETECTOR.settings, ())
        taken.append([(cut.start, cut.end, cut.label) for cut in row.cuts])
    return taken


def plain_engine() -> Any:
    """Presidio as it comes, over the same spaCy model."""
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    location = str(models.spacy_source("en").location)
    configuration = {"nlp_engine_name": "spacy",
                     "models": [{"lang_code": "en", "model_name": location}]}  # fmt: skip
    return AnalyzerEngine(
        nlp_engine=NlpEngineProvider(nlp_configuration=configuration).create_engine(),
        supported_languages=["en"],
    )


def plain_spans(results: Iterable[Any]) -> Spans:
    return [(r.start, r.end, r.entity_type) for r in results]


def told(name: str, figures: dict[str, Any]) -> None:
    print(
        f"{name:34} direct {figures['recall_direct']:.3f}  all {figures['recall_all']:.3f}  "
        f"precision {figures['precision']:.3f}  words kept {figures['words_kept']:.3f}"
    )
    print("   " + "  ".join(f"{n} {r} ({c})" for n, (r, c) in figures["by_label"].items()))


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def halves(data: Sequence[Any], count: int) -> list[Sequence[Any]]:
    size = -(-len(data) // count)
    return [data[at : at + size] for at in range(0, len(data), size)]


def speed(texts: list[str], rounds: int, workers: int) -> None:
    """Texts a second, all in turn within each round."""
    from presidio_analyzer import BatchAnalyzerEngine

    engine = plain_engine()
    batched = BatchAnalyzerEngine(analyzer_engine=engine)
    location = models.spacy_source("en").location
    import spacy

    names = spacy.load(location, exclude=["tagger", "parser", "attribute_ruler", "lemmatizer"])
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_start, initargs=("recall",)
    )
    parts = halves(texts, workers * 4)
    list(pool.map(_find, [texts[:64]] * workers))
    ways: dict[str, Callable[[], object]] = {
        "AnalyzerEngine.analyze, one by one": lambda: [
            engine.analyze(text, language="en") for text in texts
        ],
        "BatchAnalyzerEngine": lambda: list(
            batched.analyze_iterator(texts, language="en", batch_size=64)
        ),
        "spaCy's NER alone, piped": lambda: list(names.pipe(texts, batch_size=64)),
        "textsynth, one process": lambda: _find(texts),
        f"textsynth, {workers} processes": lambda: list(pool.map(_find, parts)),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, work in ways.items():
            taken[name].append(timed(work))
    pool.shutdown()
    base = taken["AnalyzerEngine.analyze, one by one"]
    for name, seconds in taken.items():
        ratio = statistics.median(b / s for b, s in zip(base, seconds, strict=True))
        print(f"{name:36} {len(texts) / statistics.median(seconds):7.0f} texts/s  {ratio:5.2f} x")


def perplexity(path: Path) -> None:
    """What the base language model makes of seeds before and after the scrub. Rows are JSON objects
    with `text`; each is scored by itself, the first token is given."""
    import torch

    from textsynth import keyed, seeds

    secret = keyed.load_secret()
    file = seeds.read(path, secret=secret, language="en")
    assert _DETECTOR is not None
    plain = [replace(one, slots=()) for one in file.utterances]
    clean = scrub.scrub(
        plain, settings=_DETECTOR.settings, detector=_DETECTOR, secret=secret, seed=1
    )
    model, tokenizer = models.load_language_model(models.language_model_source("auto"))
    model.eval()

    def score(texts: Sequence[str]) -> float:
        total = count = 0.0
        with torch.inference_mode():
            for text in texts:
                ids = tokenizer(text, return_tensors="pt").input_ids
                loss = model(ids, labels=ids).loss
                total += float(loss) * (ids.shape[1] - 1)
                count += ids.shape[1] - 1
        return math.exp(total / count)

    pairs = [(old.text, new.text) for old, new in zip(plain, clean.utterances(), strict=True)]
    changed = [(old, new) for old, new in pairs if old != new]
    print(f"\nperplexity under {models.language_model_source('auto').name}")
    for name, rows_ in (("all rows", pairs), ("rows that the scrub changed", changed)):
        before, after = score([old for old, _ in rows_]), score([new for _, new in rows_])
        print(f"  {name} ({len(rows_)}): {before:.1f} -> {after:.1f} ({after / before - 1:+.1%})")


@inputs.answered
def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--half", choices=("tune", "report"), default="report")
    arguments.add_argument("--mode", choices=("recall", "precision"), default="recall")
    arguments.add_argument("--shown", type=whole, default=0, help="examples of errors (tune only)")
    arguments.add_argument("--rounds", type=whole, default=0, help="of the speed measurement")
    arguments.add_argument("--workers", type=positive, default=2)
    arguments.add_argument("--perplexity", type=Path, metavar="SEEDS.jsonl")
    arguments.add_argument("--plain", action="store_true", help="plain Presidio beside it")
    options = arguments.parse_args()
    parity = 0 if options.half == "tune" else 1
    pii = rows(options.data / "pii_dev/data.jsonl.gz", text=str, slots=list, template_id=int)
    pii = [r for r in pii if r["template_id"] % 2 == parity]
    wnut = rows(options.data / "ner_wnut17/data.jsonl.gz", text=str, slots=list, split=str)
    wnut = [r for r in wnut if (r["split"] == "test") == bool(parity)]
    names = [
        {**r, "slots": [s for s in r["slots"] if s["label"] in ("person", "location")]}
        for r in wnut
    ]
    shown = options.shown if options.half == "tune" else 0

    if not pii:
        fix = "give rows of an odd template_id to report, of an even one to tune"
        message = f"pii_dev has no rows of the {options.half} part"
        raise SeedError(message, where=str(options.data), fix=fix)
    _start(options.mode)
    for title, data in (("pii_dev", pii), ("wnut17", names)):
        print(f"\n{title}: {len(data)} texts, the {options.half} part")
        if not data:
            continue
        told("textsynth", quality(data, _find([row["text"] for row in data]), shown))
        if options.plain:
            engine = plain_engine()
            found = [plain_spans(engine.analyze(row["text"], language="en")) for row in data]
            told("Presidio as it comes", quality(data, found))
            undated = [[span for span in spans if span[2] != "DATE_TIME"] for spans in found]
            told("Presidio without DATE_TIME", quality(data, undated))
    if options.perplexity:
        perplexity(options.perplexity)
    if options.rounds:
        print(f"\nspeed over {len(pii)} texts, {options.rounds} rounds in turn")
        speed([row["text"] for row in pii], options.rounds, options.workers)


if __name__ == "__main__":
    main()

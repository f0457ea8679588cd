#!/usr/bin/env python3
"""How right swapped twins are, on pairs that people wrote.

    scripts/bench_bias.py --data DIR

`DIR` holds `bias_winogender/data.jsonl.gz` (Rudinger et al. 2018, github.com/rudinger/winogender-
schemas) and `bias_winobias/data.jsonl.gz` (Zhao et al. 2018, github.com/uclanlp/corefBias), one
object a line: {"text", "gender"} in threes of male, female, neutral, and {"text", "polarity",
"type", "id", "split"}. Of each pair one side is swapped and compared with the other. Pairs of
WinoBias whose lines differ in more than pronouns, by a slip of the pen, are left out.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import inputs

from textsynth import corpus, pronouns, swaps
from textsynth.errors import SeedError

PRONOUN = re.compile(r"\b(?:he|she|him|her|his|hers|himself|herself)\b", re.IGNORECASE)
Pair = tuple[str, str]


def winogender(data: Path) -> list[Pair]:
    """Each line with its counterpart, both ways: from men to women, from women to men."""
    file = data / "bias_winogender" / "data.jsonl.gz"
    read = inputs.rows(file, text=str)
    if len(read) % 3:
        fix = "give threes of male, female, neutral"
        raise SeedError(f"{len(read)} rows are no threes", where=str(file), fix=fix)
    pairs = [(read[at]["text"], read[at + 1]["text"]) for at in range(0, len(read), 3)]
    return pairs + [(female, male) for male, female in pairs]


def winobias(data: Path) -> list[Pair]:
    """The same of its lines."""
    by_key: dict[tuple[int, int, str], dict[str, str]] = {}
    file = data / "bias_winobias" / "data.jsonl.gz"
    for row in inputs.rows(file, text=str, polarity=str, type=int, id=int, split=str):
        key = (row["type"], row["id"], row["split"])
        by_key.setdefault(key, {})[row["polarity"]] = row["text"]
    whole = [both for both in by_key.values() if both.keys() == {"pro", "anti"}]
    pairs = [(both["pro"], both["anti"]) for both in whole]
    return pairs + [(anti, pro) for pro, anti in pairs]


def alike(pair: Pair) -> bool:
    """Whether two lines differ in pronouns alone."""
    first, second = (PRONOUN.sub("_", text) for text in pair)
    return first == second


def failures(pairs: Iterable[Pair], *, tagged: bool) -> list[tuple[str, str, str]]:
    """(text, wanted, got) where the twin is not the other line."""
    pairs = list(pairs)
    none: list[dict[int, str]] = [{}] * len(pairs)
    tags = pronouns.tagger()([text for text, _ in pairs]) if tagged else none
    found = []
    for (text, wanted), of_text in zip(pairs, tags, strict=True):
        made = swaps.replacements(text, tags=of_text if tagged else None)
        got, _ = corpus.substitute(text, made)
        if got != wanted:
            found.append((text, wanted, got))
    return found


def kind(wanted: str, got: str) -> str:
    """What a twin has in place of what."""
    pairs = zip(wanted.split(), got.split(), strict=False)
    return ", ".join(f"{b} for {a}" for a, b in pairs if a != b) or "length"


@inputs.answered
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--show", type=inputs.whole, default=10, help="failures to print")
    options = parser.parse_args()
    for name, pairs in (
        ("Winogender", winogender(options.data)),
        ("WinoBias", winobias(options.data)),
    ):
        clean = [pair for pair in pairs if alike(pair)]
        if not clean:
            fix = "see what the first lines of this script say about DIR"
            raise SeedError(f"{name}: there are no pairs", where=str(options.data), fix=fix)
        print(f"{name}: {len(pairs)} swaps, {len(pairs) - len(clean)} left out")
        for tagged in (False, True):
            began = time.monotonic()
            wrong = failures(clean, tagged=tagged)
            share = 1 - len(wrong) / len(clean)
            way = "with tags" if tagged else "by rule"
            missed = [one for one in wrong if PRONOUN.findall(one[1]) != PRONOUN.findall(one[2])]
            pronouns = 1 - len(missed) / len(clean)
            print(
                f"  {way}: {share:.2%} exact, {pronouns:.2%} with the right pronouns,"
                f" {time.monotonic() - began:.1f} s"
            )
            for what, count in Counter(kind(w, g) for _, w, g in wrong).most_common():
                print(f"    {count:4} {what}")
            for text, wanted, got in missed[: options.show]:
                print(f"      {text}\n      wanted {wanted}\n      got    {got}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Draw a few seeds an intent from a labelled set, so that few-shot runs can be repeated.

    scripts/fewshot.py --data eval/snips --shots 10 --seed 0 -o seeds.jsonl

`--data` is a folder with data.jsonl or data.jsonl.gz: one JSON object a line with `text`, `intent`,
`slots` and `split`. SNIPS and CLINC150 can be had from their authors on GitHub
(sonos/nlu-benchmark, clinc/oos-eval) and put into this form.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

import inputs
from inputs import positive

from textsynth import keyed
from textsynth.errors import SeedError, did_you_mean


@inputs.answered
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with data.jsonl(.gz)")
    parser.add_argument("--shots", type=positive, default=10, help="seeds an intent")
    parser.add_argument("--split", default="train", help="which part to draw from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    rows = read(options.data, options.split)
    chosen = draw(rows, options.shots, options.seed)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in chosen)
    options.output.write_text(text, encoding="utf-8")
    print(f"{options.output}: {len(chosen)} seeds of {len({r['intent'] for r in chosen})} intents")


def read(folder: Path, split: str) -> list[dict]:
    """The rows of one split, out-of-scope rows left out.

    Raises:
        SeedError: there are none, or the file cannot be read.
    """
    plain, packed = folder / "data.jsonl", folder / "data.jsonl.gz"
    if not plain.exists() and not packed.exists():
        fix = "name the folder that holds one of them"
        raise SeedError("there is neither data.jsonl nor data.jsonl.gz", where=str(folder), fix=fix)
    file = plain if plain.exists() else packed
    rows = inputs.rows(file, text=str, intent=str, split=str)
    found = [row for row in rows if row["split"] == split and row["intent"] != "oos"]
    if not found:
        fix = did_you_mean(split, {row["split"] for row in rows})
        raise SeedError(f"there are no rows with split {split!r}", where=str(file), fix=fix)
    return found


def draw(rows: list[dict], shots: int, seed: int) -> list[dict]:
    """`shots` distinct texts an intent, chosen by key: the order of the file does not matter."""
    by_intent: dict[str, dict[str, dict]] = defaultdict(dict)
    for row in rows:
        by_intent[row["intent"]].setdefault(row["text"], row)
    chosen = []
    for intent in sorted(by_intent):
        texts = sorted(by_intent[intent])
        for at in keyed.order(keyed.stream(seed, "fewshot", intent), texts)[:shots]:
            row = by_intent[intent][texts[at]]
            chosen.append({key: row[key] for key in ("text", "intent", "slots") if key in row})
    return chosen


if __name__ == "__main__":
    main()

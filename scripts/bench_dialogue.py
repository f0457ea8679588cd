#!/usr/bin/env python3
"""What synthetic dialogues are worth as training data: next acts, belief states, fraud reports.

    scripts/bench_dialogue.py schema --data DIR [--synthetic RUN ...] [--split valid]
    scripts/bench_dialogue.py fraud --data DIR [--synthetic RUN ...] [--induced 5]

DIR holds sgd with dialogues.jsonl(.gz) and schema.jsonl(.gz), and bank_fraud with data.jsonl(.gz).
A line is a dialogue: `id`, `services` (sgd) or `tasks` (bank_fraud), `split`, and `turns` of
`speaker`, `text`, `acts`, `slots` (`start`, `end`, `label`) and `active_intent`. SGD
(google-research-datasets/dstc8-schema-guided-dialogue) and STAR (RasaHQ/STAR; its dialogues with
the task `bank_fraud_report`) can be had on GitHub and put into this form. A line of schema is one
of SGD's own. Synthetic dialogues are made here; beside them come those of each RUN, a run folder of
textsynth or a Parquet file of its corpus. A flow belongs to the service with whose name its own
begins, case and signs aside. dialogue_data.py says how dialogues are cut and what the belief state
is, dialogue_models.py what is trained.

schema. `from schemas` are dialogues simulated by flows made from the services' schemas alone, twice
as many as a draw takes. Evaluated is on the `valid` part of services which the training part has
too (--split valid), on `test` in the same manner (for the last check), or on 30 % of the training
part by key (--split held-out), no source dialogue on both sides. System turns are given. Joint goal
accuracy is the share of user turns after which all slots and values agree. Slot F1 is of spans; act
F1 is of acts with slots, micro over turns, with the gold state and with the predicted one (`own
state`), and macro over the acts of each service. The ceiling is as many real dialogues, the floor
the commonest system turn and the empty state.

fraud. A classifier of whole dialogues, STAR's with the one task bank_fraud_report against those of
SGD's Banks services. Half of the dialogues, by key, are for training. It reads the user's turns:
the system's give the corpus away, as their column shows. Few real dialogues of each class are drawn
again and again. `from templates and schemas` are dialogues of the flow report_fraud of
templates/banking against those of flows made from the schemas of the Banks services. `induced from
the same` are those of two flows, each induced from the drawn dialogues of its class, for the first
draws (--induced); nothing else is seen. Gains are over the same draws without synthetic dialogues.
"""

from __future__ import annotations

import argparse
import functools
import math
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from dialogue_data import (
    HELD_OUT,
    Dialogue,
    Schemas,
    Spoken,
    Texts,
    apart,
    draw,
    example,
    file_of,
    lines,
    of_classes,
    of_services,
    pieces,
    read_corpus,
    read_fraud,
    read_schemas,
    spoken,
)
from dialogue_models import FIGURES, Scores, by_act, classified, floor, measure, weighted

from textsynth import models, scrub
from textsynth.dialogue import schema_pack
from textsynth.errors import TextsynthError
from textsynth.evaluate import tagging
from textsynth.pipeline import newpack, preview_dialogues
from textsynth.recipe import Recipe

BANKING = Path(__file__).resolve().parents[1] / "templates" / "banking" / "recipe.yaml"
OWN_FLOWS = {"fraud": "^report_fraud$", "bank": "^banks_"}
OWN = 200  # dialogues of each class that are made from templates and schemas
INDUCED = 100  # of each class that an induced flow gives
SERVICES = {
    "valid": "Buses_1,Events_1,Homes_1,Hotels_1,RideSharing_1",
    "test": "Hotels_2,Movies_1,RideSharing_2,Services_1,Travel_1",
    "held-out": "Events_2,Flights_1,Homes_1,Movies_1,Restaurants_1",
}
WEIGHTS = (0.1, 1.0)  # of a synthetic dialogue


def parts(options: argparse.Namespace, schemas: Schemas) -> tuple[list[Dialogue], list[Dialogue]]:
    """The real dialogues of the services: to train on, and to evaluate on."""
    services = options.services.split(",")
    if unknown := set(services) - set(schemas):
        sys.exit(f"--services: there is no {', '.join(sorted(unknown))} in the schema")
    by_part: dict[str, list[Dialogue]] = defaultdict(list)
    for row in lines(options.data / "sgd", "dialogues"):
        by_part[row["split"]] += [p for p in pieces(row, schemas) if p.service in services]
    train, test = by_part["train"], by_part[options.split]
    if options.split == "held-out":
        test, train = apart(train, HELD_OUT)
    for name, part in (("train", train), (options.split, test)):
        counts = Counter(one.service for one in part)
        print(f"{name}: {len(part)} dialogues; {dict(sorted(counts.items()))}")
        if lacking := set(services) - set(counts):
            sys.exit(f"{options.split}: no dialogues of {', '.join(sorted(lacking))} in {name}")
    return train, test


def previewed(recipe: Path, count: int) -> Spoken:
    """The first dialogues of each flow of a recipe."""
    return spoken(preview_dialogues(Recipe.load(recipe), count))


def from_schemas(folder: Path, services: Sequence[str], count: int) -> Spoken:
    """`count` dialogues of each service by its schema alone."""
    with tempfile.TemporaryDirectory() as made:
        pack = Path(made) / "pack"
        schema_pack.new_from_schema(file_of(folder, "schema"), pack, services)
        return previewed(pack / "recipe.yaml", count)


@functools.cache
def detector() -> scrub.Detects:
    return scrub.Detector("en", models.spacy_source("en").location, scrub.Settings())


def induced(drawn: dict[str, Texts], count: int) -> dict[str, Texts]:
    """Of each class `count` dialogues of a flow that is induced from the drawn ones alone."""
    found: Spoken = []
    for name, own in drawn.items():
        with tempfile.TemporaryDirectory() as made:
            examples, key, pack = (Path(made) / part for part in (f"{name}.jsonl", "key", "pack"))
            examples.write_text("".join(map(example, own)), encoding="utf-8")
            key.touch(mode=0o600)
            key.write_bytes(bytes(32))  # no secret, so that a run can be repeated
            newpack.new_from_dialogues(examples, pack, key_file=key, make_detector=detector)
            found += previewed(pack / "recipe.yaml", count)
    return of_classes(found, {name: f"^{name}$" for name in drawn}, count)


def schema_command(options: argparse.Namespace) -> None:
    options.services = options.services or SERVICES[options.split]
    schemas = read_schemas(options.data / "sgd")
    train, test = parts(options, schemas)
    services = options.services.split(",")
    runs = {str(path): read_corpus(path) for path in options.synthetic}
    count = math.ceil(2 * options.n / len(services))
    own_made = {"from schemas": from_schemas(options.data / "sgd", services, count)}
    synthetic = {
        name: of_services(made, name, schemas, services) for name, made in (own_made | runs).items()
    }
    few = min(options.real, default=0)
    results: dict[str, list[Scores]] = {"floor": [floor(train, test, schemas)]}
    counts = {}
    for seed in range(options.seeds):
        sources = {f"real {n}": draw(train, n, seed) for n in sorted({*options.real, options.n})}
        for name, made in synthetic.items():
            sources[name] = draw(made, options.n, seed)
            sources[f"{name} + real {few}"] = sources[name] + draw(train, few, seed)
        for name, own in sources.items():
            began = time.monotonic()
            results.setdefault(name, []).append(measure(own, test, schemas, seed))
            counts[name] = len(own)
            print(f"seed {seed}, {name}: {time.monotonic() - began:.0f} s", flush=True)
    ceiling = f"real {options.n}"
    show(results, counts, ceiling)
    for name in FIGURES if options.detail else ("joint goal", "act F1"):
        show_services(results, name)
    for name in results if options.detail else synthetic:
        if name not in ("floor", ceiling):
            show_losses(name, results[name], results[ceiling], options.losses)


def show(results: dict[str, list[Scores]], counts: dict[str, int], ceiling: str) -> None:
    print(f"\nmean [lowest, highest] of the seeds in %, and the share of {ceiling}")
    print("  ".join(["dialogues", *(name.ljust(25) for name in FIGURES), "trained on"]))
    tops = {name: np.mean([of(one) for one in results[ceiling]]) for name, of in FIGURES.items()}
    for source, scores in results.items():
        cells = [f"{counts.get(source, 0):9}"]
        for name, of in FIGURES.items():
            own = [100 * of(one) for one in scores]
            spread = f"[{min(own):.1f}, {max(own):.1f}]"
            share = np.mean(own) / tops[name] if tops[name] else 0
            cells.append(f"{np.mean(own):5.1f} {spread:14}{share:4.0f} %")
        print("  ".join([*cells, source]))


def show_services(results: dict[str, list[Scores]], figure: str) -> None:
    services = list(results["floor"][0])
    print(f"\n{figure} by service, %")
    print("  ".join([*(service.rjust(13) for service in services), "trained on"]))
    for source, scores in results.items():
        of = FIGURES[figure]
        each = [100 * np.mean([of({s: one[s]}) for one in scores]) for s in services]
        print("  ".join([*(f"{value:13.1f}" for value in each), source]))


def show_losses(name: str, own: list[Scores], ceiling: list[Scores], most: int) -> None:
    """Where a source does worst beside the ceiling: acts by errors (missed and false) above the
    ceiling's, and slots by the dialogues whose state first goes astray there."""
    costs: Counter[str] = Counter()
    astray: Counter[str] = Counter()
    told = {}
    for service in own[0]:
        sums = []
        for scores in (own, ceiling):
            counts = by_act([pair for one in scores for pair in one[service].acts])
            sums.append({act: count / len(scores) for act, count in counts.items()})
        for act, count in sums[0].items():
            errors = [each[act][1] + each[act][2] - 2 * each[act][0] for each in sums]
            costs[f"{service} {act}"] = round(errors[0] - errors[1])
            told[f"{service} {act}"] = (
                f"F1 {tagging.f1(count):.2f} against {tagging.f1(sums[1][act]):.2f}, "
                f"said {count[2]:.0f} times, predicted {count[1]:.0f}"
            )
        for sign, scores in ((1, own), (-1, ceiling)):
            for one in scores:
                for slot, times in one[service].astray.items():
                    astray[f"{service} {slot}"] += sign * times
    print(f"\n{name}: errors in acts above the ceiling's")
    for act, cost in costs.most_common(most):
        print(f"  {cost:+5}  {act:45} {told[act]}")
    print(f"{name}: dialogues that first go astray in a slot, above the ceiling's")
    for slot, times in astray.most_common(most):
        print(f"  {times / len(own):+5.0f}  {slot}")


VIEWS: dict[str, Callable[[Dialogue], str]] = {
    "user turns": lambda d: "\n".join(t.text for t in d.turns if t.speaker == "user"),
    "first": lambda d: "\n".join([t.text for t in d.turns if t.speaker == "user"][:1]),
    "first 2": lambda d: "\n".join([t.text for t in d.turns if t.speaker == "user"][:2]),
    "first 3": lambda d: "\n".join([t.text for t in d.turns if t.speaker == "user"][:3]),
    "all turns": lambda d: "\n".join(t.text for t in d.turns),
}


def fraud_command(options: argparse.Namespace) -> None:
    train: dict[str, Texts] = {}
    test: dict[str, Texts] = {}
    for name, own in read_fraud(options.data).items():
        train[name], test[name] = apart(own, 0.5)
        print(f"{name}: {len(train[name])} to train on, {len(test[name])} to evaluate on")
    patterns = {"fraud": options.fraud_flows, "bank": options.bank_flows}
    runs = {str(p): of_classes(read_corpus(p), patterns, options.most) for p in options.synthetic}
    made = {"from templates and schemas": fraud_made(options, train["bank"] + test["bank"])} | runs
    for source, classes in made.items():
        print(f"{source}: {', '.join(f'{len(own)} {name}' for name, own in classes.items())}")
    few = f"real {options.shots} of each"
    found: dict[str, list[list[float]]] = defaultdict(list)
    for at in range(options.draws):
        drawn = {name: draw(own, options.shots, at) for name, own in train.items()}
        arms = {few: weighted(drawn)}
        for source, classes in made.items():
            for weight in WEIGHTS:
                arms[f"{few} + {source} x {weight:g}"] = weighted(drawn) + weighted(classes, weight)
        if at < options.induced:
            name = f"{few} + induced from the same x {WEIGHTS[0]:g}"
            arms[name] = weighted(drawn) + weighted(induced(drawn, INDUCED), WEIGHTS[0])
        if at == 0:
            arms |= {s: weighted(classes) for s, classes in made.items() if all(classes.values())}
            arms["all real"] = weighted(train)
        for arm, rows in arms.items():
            found[arm].append([classified(rows, weighted(test), of) for of in VIEWS.values()])
    show_fraud(found, few)


def fraud_made(options: argparse.Namespace, bank: Texts) -> dict[str, Texts]:
    """What needs no real dialogue, by class: a hand-written flow, and the schemas of the bank."""
    count = min(OWN, options.most)
    services = sorted({dialogue.service for dialogue in bank})
    each = math.ceil(count / len(services))
    found = previewed(BANKING, count) + from_schemas(options.data / "sgd", services, each)
    return of_classes(found, OWN_FLOWS, count)


def show_fraud(found: dict[str, list[list[float]]], few: str) -> None:
    print(
        "\nmacro-F1 in %, mean of the draws with its standard error, and gain over the same draws"
    )
    print("  ".join(["draws", *(name.ljust(24) for name in VIEWS), "trained on"]))
    base = np.array(found[few])
    for arm, rows in found.items():
        values = np.array(rows)
        cells = [told(column) for column in values.T]
        if arm.startswith(f"{few} + "):
            gains = (told(column, "+") for column in (values - base[: len(values)]).T)
            cells = [f"{cell}, {gain}" for cell, gain in zip(cells, gains, strict=True)]
        print("  ".join([f"{len(values):5}", *(cell.ljust(24) for cell in cells), arm]))


def told(values: np.ndarray, sign: str = "") -> str:
    """The mean in % with its standard error, where there is more than one value."""
    mean = f"{100 * values.mean():{sign}.1f}"
    count = len(values)
    return f"{mean} ± {100 * values.std(ddof=1) / count**0.5:.1f}" if count > 1 else mean


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    schema = commands.add_parser("schema", help="next acts and belief states of five SGD services")
    schema.set_defaults(run=schema_command)
    schema.add_argument("--services", help="comma-separated; five by --split are usual")
    schema.add_argument("--split", choices=sorted(SERVICES), default="valid")
    schema.add_argument("--dialogues", dest="n", type=int, default=500, help="of each source")
    schema.add_argument("--real", type=int, nargs="*", default=[20, 50], help="fewer real ones too")
    schema.add_argument("--seeds", type=int, default=3, help="draws of training dialogues")
    schema.add_argument("--losses", type=int, default=15, help="rows of the lists of errors")
    schema.add_argument("--detail", action="store_true", help="all figures and sources in detail")
    fraud = commands.add_parser("fraud", help="fraud reports against other banking dialogues")
    fraud.set_defaults(run=fraud_command)
    fraud.add_argument("--shots", type=int, default=10, help="real dialogues of each class")
    fraud.add_argument("--draws", type=int, default=20, help="of these dialogues")
    fraud.add_argument("--induced", type=int, default=5, help="draws from which flows are induced")
    fraud.add_argument("--most", type=int, default=500, help="synthetic dialogues a class")
    fraud.add_argument("--fraud-flows", default="fraud", help="regular expression")
    fraud.add_argument("--bank-flows", default="bank|balance|transfer", help="regular expression")
    for command in (schema, fraud):
        command.add_argument("--data", type=Path, required=True, help="folder of evaluation sets")
        command.add_argument("--synthetic", type=Path, nargs="*", default=[], help="further ones")
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except TextsynthError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

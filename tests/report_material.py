"""An evaluation and the material of a report, as small as they can be with every part in them."""

from __future__ import annotations

import math
from typing import Any

from textsynth.evaluate import About
from textsynth.evaluate.measured import Measured, read
from textsynth.evaluate.report import Material, Rejected

HOSTILE = '</script><script>alert("x")</script>{{ 7 * 7 }}<img src=x onerror=alert(1)>'

ABOUTS = {
    "diversity": {
        "distinct_2": About("Different word pairs", "How often pairs differ.", "like", "percent"),
        "vendi": About("Different meanings", "How many meanings there are.", "high", "count"),
    },
    "privacy": {"mia_auc": About("Membership inference", "How often guesses are right.", "low")},
    "utility": {"accuracy": About("Accuracy", "How often it is right.", "high", "percent")},
}


def figure(
    name: str, value: float | None, *bounds: float, real: float | None = None, **slice_: Any
) -> dict[str, Any]:
    """A figure as metrics.json has it; `bounds` are low and high."""
    low, high = bounds or (None, None)
    reference = None if real is None else {"value": real, "low": None, "high": None}
    return {
        "name": name, "value": value, "low": low, "high": high, "slice": slice_,
        "reference": reference,
    }  # fmt: skip


def evaluation(**metrics: list[dict[str, Any]]) -> dict[str, Any]:
    """What metrics.json holds, of these figures by metric."""
    return {
        "textsynth": "0.1.0",
        "seed": 0,
        "sets": {"synthetic": 500, "real": 200, "holdout": 100, "seeds": 200},
        "metrics": {
            name: {"seconds": 1.0, "figures": figures, "notes": [], "tables": {}}
            for name, figures in metrics.items()
        },
        "gates": [],
    }


def full() -> dict[str, Any]:
    """An evaluation in which every section has something to show."""
    data = evaluation(
        diversity=[
            figure("distinct_2", 0.31, real=0.44),
            figure("vendi", 120.0, 110, 130, real=118),
            *(
                figure("distinct_2", 0.2 + 0.05 * n, real=0.4, intent=f"intent_{n}")
                for n in range(6)
            ),
        ],
        fidelity=[figure("recall", 0.8, 0.75, 0.85, real=0.82), figure("mauve", None)],
        utility=[
            figure("gain", 0.021, 0.008, 0.034),
            *(
                figure("accuracy", 0.8 + 0.02 * n, 0.78, 0.9, trained_on=on, classifier="tfidf")
                for n, on in enumerate(("real", "synthetic", "both"))
            ),
        ],
        mixing=[
            *(
                figure("accuracy_at_share", 0.7 + 0.2 * s, 0.6 + 0.2 * s, 0.8 + 0.2 * s,
                       real_share=s)
                for s in (0.0, 0.5, 1.0)
            ),
            *(figure("accuracy_at_multiple", 0.8 + 0.01 * m, added=m) for m in (0, 0.5, 1, 2)),
            figure("recommended_multiple", 2.0),
        ],
        privacy=[figure("mia_auc", 0.52, 0.48, 0.56, real=0.5)],
        bias=[
            figure("max_amplification", 0.0),
            figure("representation", 0.2, 0.15, 0.25, real=0.1, group="women"),
            figure("representation", 0.1, 0.06, 0.15, real=0.1, group="men"),
            figure("amplification", 0.1, -0.1, 0.3, group="women"),
            figure("amplification", 0.2, 0.0, 0.4, group="women", intent="call"),
        ],
        collapse=[
            figure("real_perplexity", 20.0 + 5 * g * k, real=20.0, policy=policy, generation=g)
            for k, policy in enumerate(("anchored", "accumulate", "replace"))
            for g in range(4)
        ],
    )  # fmt: skip
    data["gates"] = [
        {"gate": "privacy.mia_auc <= 0.55", "value": 0.52, "passed": True},
        {"gate": "utility.gain >= 0", "value": 0.021, "passed": True},
    ]
    tables = data["metrics"]["fidelity"]["tables"]
    tables["map"] = [
        {"x": math.sin(n), "y": math.cos(2 * n), "kind": kind, "intent": f"intent_{n % 6}",
         **({"text": f"row {n}"} if kind == "synthetic" else {})}
        for n in range(40)
        for kind in ("synthetic", "real")
    ]  # fmt: skip
    tables["lengths"] = [
        {"kind": kind, "words": n, "share": 0.1} for kind in ("synthetic", "real") for n in range(9)
    ]
    tables["slots"] = [
        {"kind": kind, "slot": slot, "share": share}
        for kind in ("synthetic", "real")
        for slot, share in (("time", 0.7), ("day", 0.3))
    ]
    data["metrics"]["diversity"]["tables"]["vocabulary_growth"] = [
        {"kind": kind, "words": 100 * n, "vocabulary": 10 * n}
        for kind in ("synthetic", "real")
        for n in range(1, 6)
    ]
    data["metrics"]["privacy"]["notes"] = ["A low figure is no proof."]
    return data


def manifest(**changes: Any) -> dict[str, Any]:
    """A manifest of a small run."""
    steps = {
        "seeds": {"in": 110, "out": 100, "rejects": {"duplicate": 10}},
        "template": {"in": 900, "out": 900, "rejects": {}},
        "near": {"in": 900, "out": 700, "rejects": {"near_duplicate": 150, "near_seed": 50}},
        "leak": {"in": 700, "out": 690, "rejects": {"leaked_value": 10}},
        "select": {"in": 690, "out": 500, "rejects": {"surplus": 190}},
    }
    return {
        "name": "home", "fingerprint": "f" * 32, "textsynth": "0.1.0", "python": "3.11.7",
        "versions": {"numpy": "2.4"}, "rows": 500, "seconds": 61.5, "peak_mb": 900,
        "about": {"models": [["language model", "a-model", "Apache-2.0"]], "scrubbed": {"name": 3},
                  "privacy": "**There is no formal privacy guarantee**.", "license": "cc0-1.0"},
        "steps": steps,
        "adversarial_rounds": [{"number": 1, "judged": 690, "dropped": 20, "auc": 0.91}],
        "shortfall": {"play_music": {"got": 40, "asked": 50}},
        **changes,
    }  # fmt: skip


def evaluated(data: dict[str, Any] | None = None) -> Measured:
    """The full evaluation, or this one, read."""
    return read(full() if data is None else data)


def material(**changes: Any) -> Material:
    """The material of a small report."""
    given: dict[str, Any] = {
        "manifest": manifest(),
        "recipe": "name: home\nseed: 0\n",
        "rows": 500,
        "intents": 6,
        "samples": [
            {"text": "wake me at seven on monday", "intent": "set_alarm", "origin": "template",
             "slots": [{"start": 11, "end": 16, "label": "time"},
                       {"start": 20, "end": 26, "label": "day"}]},
            {"text": "stop", "intent": None, "origin": "model", "slots": []},
        ],
        "slots": {"time": 300, "day": 200},
        "rejected": [
            Rejected("select", "surplus", 190, [("wake me up", "set_alarm")]),
            Rejected("leak", "leaked_value", 10, withheld="Not kept: it held personal data."),
        ],
        "measured": evaluated(),
        "abouts": ABOUTS,
    }  # fmt: skip
    return Material(**{**given, **changes})

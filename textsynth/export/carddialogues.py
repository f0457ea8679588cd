"""What a dataset card tells of dialogues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from textsynth.corpus import Utterance, column, utterances

OUTCOMES = ("success", "failure", "abandoned")

_LONGEST = 16  # turns of a sample, where there is such a dialogue


@dataclass(frozen=True, slots=True)
class DialogueFacts:
    """What there is of dialogues.

    Attributes:
        sizes: (dialogues, turns) of each split that has any, in the order of the splits.
        outcomes: which outcomes there are.
        flows: dialogues of each flow by outcome, and at the end altogether.
        by_system: dialogues that the system begins.
        straddling: patterns with turns in more than one split.
        sample: a dialogue as lines of text.
    """

    sizes: Mapping[str, tuple[int, int]]
    outcomes: tuple[str, ...]
    flows: Mapping[str, list[int]]
    by_system: int
    straddling: int
    sample: str

    @property
    def dialogues(self) -> int:
        return sum(dialogues for dialogues, _ in self.sizes.values())

    @property
    def turns(self) -> int:
        return sum(turns for _, turns in self.sizes.values())


def facts(turns: pa.Table, splits: Sequence[str], straddling: int) -> DialogueFacts:
    """What there is in a table of turns whose dialogues are whole and in order."""
    first = turns.filter(pc.equal(turns.column("turn"), 0))
    dialogues, all_turns = Counter(column(first, "split")), Counter(column(turns, "split"))
    counted: Counter[tuple[str, str]] = Counter()
    whole = first.column("dialogue").combine_chunks()
    for flow, outcome in zip(
        *(pc.struct_field(whole, name).to_pylist() for name in ("flow", "outcome")), strict=True
    ):
        counted[flow or "(none)", outcome or "(none)"] += 1
    found = {outcome for _, outcome in counted}
    outcomes = [outcome for outcome in OUTCOMES if outcome in found]
    outcomes += sorted(found.difference(OUTCOMES))
    flows = {
        flow: [counted[flow, outcome] for outcome in outcomes]
        for flow in sorted({flow for flow, _ in counted})
    }
    return DialogueFacts(
        sizes={split: (dialogues[split], all_turns[split]) for split in splits if dialogues[split]},
        outcomes=tuple(outcomes),
        flows={flow: [*counts, sum(counts)] for flow, counts in flows.items()},
        by_system=pc.sum(pc.equal(first.column("speaker"), "system"), min_count=0).as_py(),
        straddling=straddling,
        sample=_sample(turns),
    )


def _sample(turns: pa.Table) -> str:
    """The first dialogue that is not long; the first where all are."""
    begins = pc.indices_nonzero(pc.equal(turns.column("turn"), 0)).to_pylist()
    ends = [*begins[1:], turns.num_rows]
    sizes = [(begin, end - begin) for begin, end in zip(begins, ends, strict=True)]
    begin, size = next((part for part in sizes if part[1] <= _LONGEST), sizes[0])
    return "\n".join(_line(turn) for turn in utterances(turns.slice(begin, size)))


def _line(turn: Utterance) -> str:
    said = " ".join(turn.text.split())
    state = ", ".join(f"{slot}={value}" for slot, value in turn.state or ())
    state = f"  {{{' '.join(state.split())}}}" if state else ""
    return f"{turn.speaker}: {said}  [{turn.act or ''}]{state}"

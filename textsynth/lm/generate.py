"""Sample new patterns from the fine-tuned model, in batches cut by key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textsynth import keyed, patterns
from textsynth.corpus import fold
from textsynth.lm import prompts
from textsynth.lm.prompts import Prompt
from textsynth.lm.vocabulary import Vocabulary

BATCH = 64
NEW_TOKENS = 96
TOP_K = 128
SHOWN = 4
# Stands for a line that held a value which the scrub removed.
MASK = "<leaked>"


@dataclass(frozen=True, slots=True)
class Sampling:
    """Temperature and nucleus (Holtzman et al. 2020)."""

    temperature: float = 0.9
    top_p: float = 0.95


@dataclass(frozen=True, slots=True)
class Judged:
    """A line that the model wrote: a pattern in its normal written form, or why it is none."""

    intent: str
    text: str
    reason: str | None


def make_prompts(
    intent: str, own: Sequence[str], count: int, *, first: int, seed: int
) -> list[Prompt]:
    """`count` prompts of an intent, numbered from `first`: a few of its patterns, drawn by key."""
    made = []
    for number in range(first, first + count):
        key = keyed.stream(seed, "prompt", intent, number)
        shown = keyed.order(key, list(own))[:SHOWN]
        made.append(Prompt(intent, tuple(own[i] for i in shown)))
    return made


def sample(
    model: Any,
    vocabulary: Vocabulary,
    batch: Sequence[Prompt],
    *,
    sampling: Sampling,
    key: int,
) -> list[str]:
    """One completion a prompt. The same batch with the same key gives the same text."""
    import torch

    rows = [vocabulary.encode(prompts.render(p.intent, p.patterns, closed=False)) for p in batch]
    width = max(map(len, rows))
    ids = torch.zeros((len(rows), width), dtype=torch.long)
    mask = torch.zeros((len(rows), width + NEW_TOKENS), dtype=torch.long)
    for at, row in enumerate(rows):
        ids[at, width - len(row) :] = torch.tensor(row)
        mask[at, width - len(row) :] = 1  # the tokens still to come included
    written, cut = _decode(model, ids, mask, _ends(vocabulary), sampling, key)
    # the end token itself is not written: without this mark the last pattern would count as cut off
    return [
        vocabulary.decode(row) + ("" if cut[at] else prompts.END) for at, row in enumerate(written)
    ]


def _decode(
    model: Any, ids: Any, mask: Any, ends: list[int], sampling: Sampling, key: int
) -> tuple[list[list[int]], list[bool]]:
    """Token by token for the whole batch; each row up to its end token, at most `NEW_TOKENS`, and
    whether that limit cut it.

    The nucleus is sought among the `TOP_K` likeliest tokens: sorting the whole vocabulary for every
    row and step would cost as much as the model.
    """
    import torch

    random = torch.Generator().manual_seed(key)
    positions = (mask[:, : ids.shape[1]].cumsum(1) - 1).clamp(min=0)
    written: list[list[int]] = [[] for _ in range(len(ids))]
    live = [True] * len(ids)
    cache = None
    with torch.inference_mode():
        for step in range(NEW_TOKENS):
            output = model(
                input_ids=ids,
                attention_mask=mask[:, : mask.shape[1] - NEW_TOKENS + step],
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            cache = output.past_key_values
            ids = _pick(output.logits[:, -1].float(), sampling, random)
            positions = positions[:, -1:] + 1
            for at, token in enumerate(ids[:, 0].tolist()):
                live[at] = live[at] and token not in ends
                if live[at]:
                    written[at].append(token)
            if not any(live):
                break
    return written, live


def _pick(logits: Any, sampling: Sampling, random: Any) -> Any:
    """One token a row, shape (rows, 1), from the nucleus of the tempered distribution."""
    import torch

    best = torch.topk(logits / sampling.temperature, min(TOP_K, logits.shape[-1]), dim=-1)
    chances = torch.softmax(best.values, dim=-1)
    chances[chances.cumsum(-1) - chances >= sampling.top_p] = 0.0
    return best.indices.gather(1, torch.multinomial(chances, 1, generator=random))


def _ends(vocabulary: Vocabulary) -> list[int]:
    """Rows of the tokens that end a list: the model's own end token, and an empty line."""
    ids = vocabulary.tokenizer(prompts.END, add_special_tokens=False)["input_ids"]
    found = [vocabulary.row(i) for i in (vocabulary.tokenizer.eos_token_id, *ids[: len(ids) == 1])]
    return [row for row in found if row is not None]


def judge(
    intent: str, completion: str, *, labels: Iterable[str], known: Mapping[str, str]
) -> list[Judged]:
    """Read a completion back to patterns.

    Reasons: `leaked_value`, `empty_line`, `cut_off` (by the token limit), `malformed_pattern`,
    `unknown_slot` (a label that is not in `labels`), `seed_echo` (the folded text is in `known`).
    """
    lines, ended = prompts.parse(completion)
    allowed = set(labels)
    judged = []
    for number, line in enumerate(lines):
        if line == MASK:
            judged.append(Judged(intent, "", "leaked_value"))
            continue
        if not line:
            judged.append(Judged(intent, line, "empty_line"))
            continue
        if number == len(lines) - 1 and not ended:
            judged.append(Judged(intent, line, "cut_off"))
            continue
        try:
            pattern = patterns.parse(line)
        except patterns.PatternError:
            judged.append(Judged(intent, line, "malformed_pattern"))
            continue
        text = patterns.render(pattern)
        if any(slot.label not in allowed for slot in pattern.slots):
            judged.append(Judged(intent, text, "unknown_slot"))
        elif fold(text) in known:
            judged.append(Judged(intent, text, "seed_echo"))
        else:
            judged.append(Judged(intent, text, None))
    return judged

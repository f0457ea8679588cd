"""Ragged batches: many sequences as one row of tokens, so that no padding is computed.

A model of transformers sees a batch of one row; `position_ids` start anew for each sequence, and
the attention function registered here keeps the sequences apart. Everything but the attention (nine
tenths of the work at the lengths of utterances) thus runs on real tokens alone.

Three batches know how to attend: `Packed` holds whole sequences (training, and the first pass over
prompts); `Continued` holds whole sequences that all go on from one prefix, computed once; `Lanes`
holds a store of keys and values in fixed places, where each prompt stands once for all the
completions that are sampled from it (Juravsky et al. 2024, "Hydragen"), and gives every live
completion one more token.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

NAME = "textsynth_ragged"
# What a call of the attention costs besides its products, in pairs of tokens.
CALL = 4000


class Batch(Protocol):
    """What the attention function hands on to."""

    def attend(self, layer: int, q: Any, k: Any, v: Any, scale: float, window: int | None) -> Any:
        """q: (heads, tokens, d); k and v: (key heads, tokens, d); gives (tokens, heads, d)."""
        ...


def supported(model: Any) -> bool:
    """Whether a model gives the same answers with ragged batches: it hands its attention over, and
    needs nothing that is not computed here (soft caps, sinks, relative positions). Two short
    sequences tell."""
    import torch

    if not getattr(model, "_supports_attention_backend", False):
        return False
    rows = [[1, 2, 3, 4, 5], [6, 7, 8]]
    packed = Packed([len(row) for row in rows])
    with torch.no_grad():
        plain = torch.cat([model(input_ids=torch.tensor([row])).logits[0] for row in rows])
        try:
            with ragged(model):
                ours = model(
                    input_ids=torch.tensor([rows[0] + rows[1]]),
                    position_ids=packed.positions[None],
                    use_cache=False,
                    batch=packed,
                ).logits[0]
        except (AttributeError, KeyError, TypeError, ValueError):  # it knows no such call
            return False
    far = float((plain.float() - ours.float()).abs().max())
    return far <= 0.03 * float(plain.float().abs().max())


@contextlib.contextmanager
def ragged(model: Any) -> Iterator[None]:
    """Within, the model takes `batch=` and attends as that says."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, _attention)
    before = model.config._attn_implementation
    model.set_attn_implementation(NAME)
    try:
        yield
    finally:
        model.set_attn_implementation(before)


def _attention(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any, **options: Any
) -> tuple[Any, None]:
    batch: Batch = options["batch"]
    scale = options.get("scaling") or query.shape[-1] ** -0.5
    window = options.get("sliding_window") or getattr(module, "sliding_window", None)
    out = batch.attend(module.layer_idx, query[0], key[0], value[0], scale, window)
    return out.unsqueeze(0), None


class Packed:
    """Whole sequences one after another, each causal within itself.

    For the attention they are padded in blocks of about one length. With `keep`, the keys and
    values of each layer stay in `kept`, shape (key heads, tokens, d).
    """

    def __init__(self, lengths: Sequence[int], *, keep: bool = False) -> None:
        import torch

        self.positions = torch.cat([torch.arange(length) for length in lengths])
        starts = torch.tensor([0, *lengths[:-1]]).cumsum(0)
        self.ends = starts + torch.tensor(lengths) - 1
        self._shapes: list[tuple[int, int]] = []
        # where each place of the padded blocks finds its token; the pad reads the first one
        found: list[Any] = []
        self._back = torch.zeros_like(self.positions)
        before = 0
        for rows in _blocks(lengths):
            width = max(lengths[row] for row in rows)
            offsets = torch.arange(width)
            held = offsets[None] < torch.tensor([lengths[row] for row in rows])[:, None]
            tokens = starts[rows][:, None] + offsets[None]
            found.append(torch.where(held, tokens, 0).flatten())
            self._back[tokens[held]] = before + held.flatten().nonzero()[:, 0]
            self._shapes.append((len(rows), width))
            before += held.numel()
        self._from = torch.cat(found)
        self._masks: dict[tuple[int, int, Any, int | None], Any] = {}
        self.kept: dict[int, tuple[Any, Any]] | None = {} if keep else None

    def attend(self, layer: int, q: Any, k: Any, v: Any, scale: float, window: int | None) -> Any:
        import torch

        if self.kept is not None:
            self.kept[layer] = (k, v)
        each = q.shape[0] // k.shape[0]
        blocks = zip(self._padded(q, each), self._padded(k, 1), self._padded(v, 1), strict=True)
        told = []
        for (_, width), (asked, own_k, own_v) in zip(self._shapes, blocks, strict=True):
            out = self._attend(layer, asked, own_k, own_v, scale, window)
            told.append(out.unflatten(2, (width, each)).transpose(1, 2).flatten(2, 3).flatten(0, 1))
        return torch.cat(told).index_select(0, self._back)

    def _attend(self, layer: int, q: Any, k: Any, v: Any, scale: float, window: int | None) -> Any:
        """A block: q (rows, key heads, width times each, d); k and v (rows, key heads, width, d);
        gives the shape of q."""
        import torch

        mask = self._mask(q, k, q.dtype, window)
        return torch.nn.functional.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, scale=scale
        )

    def _padded(self, part: Any, each: int) -> list[Any]:
        """(heads, tokens, d) to a (rows, heads / each, width times each, d) of each block: queries
        of one key head stand one under another. On processors that is faster than a batch of heads,
        and the same."""
        found = part.transpose(0, 1).index_select(0, self._from)
        blocks = found.split([rows * width for rows, width in self._shapes])
        return [
            block.unflatten(0, shape).unflatten(2, (-1, each)).transpose(1, 2).flatten(2, 3)
            for block, shape in zip(blocks, self._shapes, strict=True)
        ]

    def _mask(self, q: Any, k: Any, dtype: Any, window: int | None) -> Any:
        """What is added to a block's scores, shape (width times each, width)."""
        import torch

        width = k.shape[2]
        each = q.shape[2] // width
        window = window if window is not None and width > window else None
        asked = (width, each, dtype, window)
        if asked not in self._masks:
            at = torch.arange(width)
            seen = at[None] <= at[:, None]
            if window is not None:
                seen &= at[None] > at[:, None] - window
            bias = torch.zeros(width, width, dtype=dtype).masked_fill_(~seen, float("-inf"))
            self._masks[asked] = bias.repeat_interleave(each, 0)
        return self._masks[asked]


def _blocks(lengths: Sequence[int]) -> list[list[int]]:
    """The rows in blocks of about one length, so that padding and calls together cost least."""
    order = sorted(range(len(lengths)), key=lambda row: lengths[row])
    best = [(0, 0)]  # the cost of the first rows, and where their last block begins
    for end in range(1, len(order) + 1):
        square = lengths[order[end - 1]] ** 2
        best.append(min((best[at][0] + (end - at) * square + CALL, at) for at in range(end)))
    blocks, end = [], len(order)
    while end:
        at = best[end][1]
        blocks.append(order[at:end])
        end = at
    return blocks


class Continued(Packed):
    """Whole sequences that each go on from one prefix: what `kept` holds of a batch of it alone."""

    def __init__(self, lengths: Sequence[int], prefix: Packed) -> None:
        super().__init__(lengths)
        assert prefix.kept is not None
        self._prefix = prefix.kept
        self._before = len(prefix.positions)
        self.positions = self.positions + self._before

    def _attend(self, layer: int, q: Any, k: Any, v: Any, scale: float, window: int | None) -> Any:
        import torch

        prefix_k, prefix_v = self._prefix[layer]
        asked = q * scale
        rows, _, queries, _ = asked.shape
        each = queries // k.shape[2]

        def all_at_once(part: Any, by: Any) -> Any:  # a key head's rows of all sequences
            found: Any = torch.bmm(part.transpose(0, 1).flatten(1, 2), by)
            return found.unflatten(1, (rows, queries)).transpose(0, 1)

        on_prefix = all_at_once(asked, prefix_k.transpose(1, 2)).float()
        if window is not None and self._before + k.shape[2] > window:
            at = torch.arange(k.shape[2]).repeat_interleave(each)[:, None] + self._before
            out_of_sight = torch.arange(self._before) <= at - window
            on_prefix = on_prefix.masked_fill(out_of_sight, float("-inf"))
        on_own = (asked @ k.transpose(2, 3)).float() + self._mask(q, k, torch.float32, window)
        weights = torch.softmax(torch.cat([on_prefix, on_own], -1), -1).to(q.dtype)
        from_prefix = all_at_once(weights[..., : self._before], prefix_v)
        return from_prefix + weights[..., self._before :] @ v


def _span(used: int, room: int) -> int:
    """How many places of a store to attend to: all of them where most are in use, since a part of
    them would be copied first."""
    return room if 4 * used > 3 * room else used


class Lanes:
    """Keys and values in fixed places: a prompt's once in its group, a completion's in its lane.

    Shapes a layer: prompts (groups, key heads, prompt length, d); completions (groups, copies,
    key heads, new tokens, d). Nothing is copied or grows while tokens come.
    """

    def __init__(self, groups: int, copies: int, prompt: int, new: int) -> None:
        import torch

        self.shape = (groups, copies)
        self._room = (prompt, new)
        self._stores: dict[int, tuple[Any, Any, Any, Any]] = {}
        self._prompt = torch.zeros(groups, dtype=torch.long)
        self._written = torch.zeros(groups, copies, dtype=torch.long)
        self._group = self._copy = self._at = torch.zeros(0, dtype=torch.long)

    def admit(self, groups: Sequence[int], packed: Packed, lengths: Sequence[int]) -> None:
        """Put the prompts of a finished pass into their groups, whose completions start empty."""
        import torch

        assert packed.kept is not None
        for layer, (keys, values) in packed.kept.items():
            if layer not in self._stores:
                self._stores[layer] = self._store(keys)
            prompt_k, prompt_v, _, _ = self._stores[layer]
            at = 0
            for group, length in zip(groups, lengths, strict=True):
                prompt_k[group, :, :length] = keys[:, at : at + length]
                prompt_v[group, :, :length] = values[:, at : at + length]
                at += length
        places = torch.tensor(list(groups))
        self._prompt[places] = torch.tensor(list(lengths))
        self._written[places] = 0

    def _store(self, keys: Any) -> tuple[Any, Any, Any, Any]:
        groups, copies = self.shape
        heads, _, width = keys.shape
        prompt, new = self._room
        shapes = ((groups, heads, prompt, width), (groups, copies, heads, new, width))
        # zeros, not empty: what is masked is still multiplied, and 0 x NaN is NaN
        made = [keys.new_zeros(shape) for shape in shapes for _ in range(2)]
        return made[0], made[1], made[2], made[3]

    def step(self, groups: Sequence[int], copies: Sequence[int]) -> Any:
        """Say which lanes the next forward pass has tokens of; returns their positions."""
        import torch

        self._group, self._copy = torch.tensor(list(groups)), torch.tensor(list(copies))
        self._at = self._written[self._group, self._copy]
        self._written[self._group, self._copy] += 1
        prompt = _span(int(self._prompt.max()), self._room[0])
        new = _span(int(self._at.max()) + 1, self._room[1])
        self._spans = (prompt, new)
        held = torch.arange(prompt)[None] < self._prompt[:, None]
        held_new = torch.arange(new)[None, None] < self._written[..., None]
        both = torch.cat([held[:, None].expand(-1, self.shape[1], -1), held_new], -1)
        self._bias = torch.zeros(both.shape).masked_fill(~both, float("-inf"))[:, None, :, None]
        # a lane that holds nothing must not become NaN
        self._bias.masked_fill_(~both.any(-1)[:, None, :, None, None], 0.0)
        return self._prompt[self._group] + self._at

    def attend(self, layer: int, q: Any, k: Any, v: Any, scale: float, window: int | None) -> Any:
        import torch

        prompt_k, prompt_v, new_k, new_v = self._stores[layer]
        new_k[self._group, self._copy, :, self._at] = k.transpose(0, 1)
        new_v[self._group, self._copy, :, self._at] = v.transpose(0, 1)
        groups, copies = self.shape
        heads, _, width = q.shape
        kinds = k.shape[0]
        each = heads // kinds
        prompt, new = self._spans
        asked = q.new_zeros(groups, copies, heads, width)
        asked[self._group, self._copy] = q.transpose(0, 1) * scale
        asked = asked.unflatten(2, (kinds, each)).transpose(1, 2)  # group, kind, copy, each, d
        long = asked.reshape(groups * kinds, copies * each, width)
        short = asked.transpose(1, 2).reshape(groups * copies * kinds, each, width)
        old_k, old_v = (part[:, :, :prompt].flatten(0, 1) for part in (prompt_k, prompt_v))
        own_k, own_v = (part[..., :new, :].flatten(0, 2) for part in (new_k, new_v))
        on_prompt = torch.bmm(long, old_k.transpose(1, 2))
        on_prompt = on_prompt.view(groups, kinds, copies, each, prompt)
        on_new = torch.bmm(short, own_k.transpose(1, 2))
        on_new = on_new.view(groups, copies, kinds, each, new).transpose(1, 2)
        weights = torch.cat([on_prompt, on_new], -1).float() + self._windowed(window)
        weights = torch.softmax(weights, -1).to(q.dtype)
        from_prompt = torch.bmm(weights[..., :prompt].reshape(*long.shape[:2], prompt), old_v)
        from_prompt = from_prompt.view(groups, kinds, copies, each, width).transpose(1, 2)
        mine = weights[..., prompt:].transpose(1, 2).reshape(*short.shape[:2], new)
        from_new = torch.bmm(mine, own_v).view(groups, copies, kinds, each, width)
        return (from_prompt + from_new).flatten(2, 3)[self._group, self._copy]

    def _windowed(self, window: int | None) -> Any:
        """The mask as a bias, shape (groups, 1, copies, 1, places); a sliding window narrows it."""
        import torch

        prompt, new = self._spans
        if window is None or prompt + new <= window:
            return self._bias
        last = self._prompt[:, None] + self._written - 1
        at = torch.arange(prompt).expand(*self.shape, -1)
        at_new = self._prompt[:, None, None] + torch.arange(new)
        places = torch.cat([at, at_new.expand(*self.shape, -1)], -1)
        out = (places <= last[..., None] - window)[:, None, :, None]
        return self._bias.masked_fill(out, float("-inf"))

"""llama.cpp with parallel sequences, for scripts/bench_lm.py, by the interpreter that has it.

    PYTHON scripts/bench_lm_llama.py job.json result.json

As its server runs them: each prompt is computed once and copied to the sequences that continue it,
every step gives all live sequences one token, and a sequence that ends makes room for the next. A
sequence ends with a blank line, the model's end token or the limit of tokens, and draws from the
64 likeliest tokens by temperature and top-p, which is how textsynth samples.

The job has `model` (a GGUF file), `prompts` (lists of token ids), `copies`, `temperature`, `top_p`,
`tokens`, `threads` and `parallel` (numbers of sequences to try). Each is tried, with a cache for
all sequences and with one for each; the fastest on a part of the work then does all of it.
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import llama_cpp as llama

BATCH = 2048
TOP_K = 64
TRIED = 64  # completions that a setting is tried on, at most
TRIED_TOKENS = 24


@dataclass
class Growing:
    """A completion under way: what it has, and the token that the next step computes."""

    place: int
    sampler: Any
    token: int
    position: int
    ids: list[int] = field(default_factory=list)
    text: bytes = b""


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    llama.llama_backend_init()
    model = llama.llama_model_load_from_file(
        job["model"].encode(), llama.llama_model_default_params()
    )
    if not model:
        sys.exit(f"llama.cpp cannot load {job['model']}")
    part = {**job, "prompts": job["prompts"][: -(-TRIED // job["copies"])]}
    part["tokens"] = min(TRIED_TOKENS, job["tokens"])
    tried = []
    for parallel in job["parallel"]:
        for unified in (False, True):
            completions, seconds = run(model, part, parallel, unified)
            tried.append((sum(map(len, completions)) / seconds, parallel, unified))
    _, parallel, unified = max(tried)
    completions, seconds = run(model, job, parallel, unified)
    result = {
        "version": llama.__version__,
        "tried": tried,
        "parallel": parallel,
        "unified": unified,
        "seconds": seconds,
        "completions": completions,
    }
    Path(sys.argv[2]).write_text(json.dumps(result))


def run(
    model: Any, job: dict[str, Any], parallel: int, unified: bool
) -> tuple[list[list[int]], float]:
    """The token ids of each completion, those of one prompt together, and the seconds taken."""
    # a prompt stands in a sequence of its own until all its completions have begun
    bases = -(-parallel // job["copies"]) + 1
    room = max(map(len, job["prompts"])) + job["tokens"] + 1
    settings = llama.llama_context_default_params()
    settings.n_seq_max = parallel + bases
    settings.n_ctx = settings.n_seq_max * -(-room // 256) * 256
    settings.n_batch = BATCH
    settings.n_threads = settings.n_threads_batch = job["threads"]
    settings.kv_unified = unified
    context = llama.llama_init_from_model(model, settings)
    if not context:
        sys.exit(f"llama.cpp cannot make a context for {parallel} sequences")
    batch = llama.llama_batch_init(BATCH, 0, 1)
    try:
        decode(context, batch, [(job["prompts"][0][0], 0, 0, False)])  # the first is slower
        llama.llama_memory_clear(llama.llama_get_memory(context), True)
        started = time.perf_counter()
        completions = complete(model, context, batch, job, parallel, bases)
        return completions, time.perf_counter() - started
    finally:
        llama.llama_batch_free(batch)
        llama.llama_free(context)


def complete(
    model: Any, context: Any, batch: Any, job: dict[str, Any], parallel: int, bases: int
) -> list[list[int]]:
    prompts, copies = job["prompts"], job["copies"]
    vocabulary = llama.llama_model_get_vocab(model)
    memory = llama.llama_get_memory(context)
    waiting = deque(range(len(prompts) * copies))
    held: dict[int, int] = {}  # prompt -> the sequence it stands in
    spare = list(range(parallel, parallel + bases))
    free = list(range(parallel))
    growing: dict[int, Growing] = {}
    done: list[list[int]] = [[] for _ in waiting]
    pieces: dict[int, bytes] = {}
    while waiting or growing:
        entering = [waiting.popleft() for _ in range(min(len(waiting), len(free)))]
        new = []
        for number in dict.fromkeys(place // copies for place in entering):
            if number not in held:
                held[number] = spare.pop()
                new += [
                    (token, at, held[number], False)
                    for at, token in enumerate(prompts[number][:-1])
                ]
        decode(context, batch, new)
        for place in entering:
            number, lane = place // copies, free.pop()
            prompt = prompts[number]
            llama.llama_memory_seq_cp(memory, held[number], lane, -1, -1)
            growing[lane] = Growing(place, sampler(job, place), prompt[-1], len(prompt) - 1)
            if place % copies == copies - 1:
                spare.append(held.pop(number))
        lanes = list(growing)
        decode(context, batch, [(growing[i].token, growing[i].position, i, True) for i in lanes])
        # what a base held is copied by now
        for base in spare:
            llama.llama_memory_seq_rm(memory, base, -1, -1)
        for at, lane in enumerate(lanes):
            one = growing[lane]
            one.token = llama.llama_sampler_sample(one.sampler, context, at)
            one.position += 1
            one.ids.append(one.token)
            if one.token not in pieces:
                pieces[one.token] = piece(vocabulary, one.token)
            one.text = one.text[-1:] + pieces[one.token]
            over = llama.llama_vocab_is_eog(vocabulary, one.token) or b"\n\n" in one.text
            if over or len(one.ids) >= job["tokens"]:
                done[one.place] = one.ids
                llama.llama_sampler_free(one.sampler)
                llama.llama_memory_seq_rm(memory, lane, -1, -1)
                free.append(lane)
                del growing[lane]
    return done


def decode(context: Any, batch: Any, tokens: list[tuple[int, int, int, bool]]) -> None:
    """Compute tokens, given as (id, position, sequence, whether its logits are wanted)."""
    for start in range(0, len(tokens), BATCH):
        part = tokens[start : start + BATCH]
        batch.n_tokens = len(part)
        for at, (token, position, sequence, wanted) in enumerate(part):
            batch.token[at] = token
            batch.pos[at] = position
            batch.n_seq_id[at] = 1
            batch.seq_id[at][0] = sequence
            batch.logits[at] = wanted
        status = llama.llama_decode(context, batch)
        if status:
            sys.exit(f"llama_decode: status {status} for {len(part)} tokens")


def sampler(job: dict[str, Any], seed: int) -> Any:
    chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
    for one in (
        llama.llama_sampler_init_top_k(TOP_K),
        llama.llama_sampler_init_temp(job["temperature"]),
        llama.llama_sampler_init_top_p(job["top_p"], 1),
        llama.llama_sampler_init_dist(seed),
    ):
        llama.llama_sampler_chain_add(chain, one)
    return chain


def piece(vocabulary: Any, token: int) -> bytes:
    import ctypes

    text = ctypes.create_string_buffer(256)
    length = llama.llama_token_to_piece(vocabulary, token, text, len(text), 0, False)
    return text.raw[: max(0, length)]


if __name__ == "__main__":
    main()

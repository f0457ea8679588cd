"""The language model's side: prompts, the trimmed vocabulary, training, sampling, judging."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fakes import PATTERNS
from hypothesis import given
from hypothesis import strategies as st

from textsynth.errors import ModelError
from textsynth.lm import finetune, generate, prompts, vocabulary
from textsynth.lm.prompts import Prompt
from textsynth.lm.vocabulary import Vocabulary

Load = Callable[[], tuple[Any, Any]]
TEXTS = [prompts.render(intent, own, closed=True) for intent, own in PATTERNS.items()]
COMMON = 20  # of the tiny tokenizer's 2,000 tokens; all are kept where there are under twice that


# -- prompts ----------------------------------------------------------------------------------

line = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["- 5 degrees", "-", "Title:", "wake me\nat {time}", "a  b\r\n"]
)


@pytest.mark.parametrize(
    ("intent", "title"),
    [
        ("set_alarm", "Set alarm"),
        ("SetAlarm", "Set alarm"),
        ("set-alarm", "Set alarm"),
        ("HassTurnOn", "Hass turn on"),
        ("", "Sentences"),
        ("__", "Sentences"),
    ],
)
def test_title(intent: str, title: str) -> None:
    assert prompts.title(intent) == title


def test_a_prompt_ends_where_the_next_pattern_starts() -> None:
    assert prompts.render("set_alarm", ["a", "b\nc"], closed=False) == "Set alarm:\n- a\n- b c\n-"


@given(st.text(max_size=10), st.lists(line, min_size=1, max_size=6), st.integers(0, 5))
def test_parse_undoes_render(intent: str, lines: list[str], shown: int) -> None:
    """What follows the prompt in a training text is what the model should write."""
    shown = min(shown, len(lines) - 1)
    written = [" ".join(line.split()) for line in lines]
    whole = prompts.render(intent, lines, closed=True)
    prompt = prompts.render(intent, lines[:shown], closed=False)
    assert whole.startswith(prompt)
    assert prompts.parse(whole.removeprefix(prompt)) == (written[shown:], True)


@pytest.mark.parametrize(
    ("completion", "lines", "ended"),
    [
        (" wake me\n- ring at {ti", ["wake me", "ring at {ti"], False),
        (" wake me\n- ring\n", ["wake me", "ring"], True),
        (" wake me\n-", ["wake me", ""], False),
        (" wake me\n\nPlay music:\n- play", ["wake me"], True),
        (" wake me\nPlay music:\n- play", ["wake me"], True),
        (" wake me", ["wake me"], False),
        ("", [""], False),
    ],
)
def test_parse(completion: str, lines: list[str], ended: bool) -> None:
    assert prompts.parse(completion) == (lines, ended)


# -- vocabulary -------------------------------------------------------------------------------


def test_kept_rows_give_the_logits_that_they_gave(load_tiny: Load) -> None:
    import torch

    whole, tokenizer = load_tiny()
    model, _ = load_tiny()
    trimmed = vocabulary.trim(model, tokenizer, TEXTS, common=COMMON)
    rows = trimmed.encode(TEXTS[0])
    assert len(trimmed.kept) < whole.config.vocab_size / 2
    with torch.inference_mode():
        few = model(torch.tensor([rows])).logits
        all_ = whole(torch.tensor([trimmed.kept[rows].tolist()])).logits
    assert few.shape[-1] == len(trimmed.kept) == model.config.vocab_size
    assert torch.equal(few, all_[:, :, torch.from_numpy(trimmed.kept)])


def test_kept_texts_round_trip_in_their_own_tokens(load_tiny: Load) -> None:
    model, tokenizer = load_tiny()
    trimmed = vocabulary.trim(model, tokenizer, TEXTS, common=COMMON)
    for text in TEXTS:
        rows = trimmed.encode(text, start=False)
        assert trimmed.kept[rows].tolist() == tokenizer(text, add_special_tokens=False)["input_ids"]
        assert trimmed.decode(rows) == text
        assert trimmed.encode(text) == [trimmed.row(tokenizer.bos_token_id), *rows]
        assert trimmed.decode(trimmed.encode(text)) == text


def test_nothing_becomes_unsayable(load_tiny: Load) -> None:
    model, tokenizer = load_tiny()
    trimmed = vocabulary.trim(model, tokenizer, [], common=COMMON)
    known = tokenizer.get_vocab()
    sayable = [chr(code) for code in range(0x21, 0x7F)] + ["\n", "▁"]
    sayable += [f"<0x{byte:02X}>" for byte in range(256)]
    assert [token for token in sayable if trimmed.row(known[token]) is None] == []
    for text in ("😀", "日本", "ü"):
        assert trimmed.decode(trimmed.encode(text)) == text


def test_a_token_that_was_trimmed_is_named(load_tiny: Load) -> None:
    model, tokenizer = load_tiny()
    trimmed = vocabulary.trim(model, tokenizer, [], common=COMMON)
    with pytest.raises(KeyError, match=r"the token '▁\{time\}' was trimmed"):
        trimmed.encode("{time} {time}")


def test_special_tokens_keep_their_meaning(load_tiny: Load) -> None:
    model, tokenizer = load_tiny()
    trimmed = vocabulary.trim(model, tokenizer, TEXTS, common=COMMON)
    for config in (model.config, model.generation_config):
        assert trimmed.kept[config.eos_token_id] == tokenizer.eos_token_id
        assert trimmed.kept[config.pad_token_id] == tokenizer.pad_token_id
        assert trimmed.kept[config.bos_token_id] == tokenizer.bos_token_id
    assert trimmed.row(None) is None
    assert trimmed.row(10**6) is None
    assert trimmed.decode([config.eos_token_id, config.bos_token_id]) == ""


def test_what_is_not_worth_it_is_left_alone(load_tiny: Load) -> None:
    model, tokenizer = load_tiny()
    trimmed = vocabulary.trim(model, tokenizer, TEXTS)
    assert trimmed.kept.tolist() == list(range(2000))
    assert model.get_input_embeddings().weight.shape == (2000, 32)


def test_a_head_of_its_own_is_trimmed_too(load_tiny: Load) -> None:
    import torch

    model, tokenizer = load_tiny()
    head = model.get_output_embeddings()
    head.weight = torch.nn.Parameter(head.weight.detach() + 1)
    before = head.weight.detach().clone()
    trimmed = vocabulary.trim(model, tokenizer, TEXTS, common=COMMON)
    assert torch.equal(model.get_output_embeddings().weight, before[torch.from_numpy(trimmed.kept)])
    assert model.get_input_embeddings().weight.shape == (len(trimmed.kept), 32)


class ByteLevel:
    """As much of a byte-level tokenizer (GPT-2, Llama 3) as trimming reads."""

    pad_token_id = eos_token_id = bos_token_id = unk_token_id = None

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def get_vocab(self) -> dict[str, int]:
        return {token: at for at, token in enumerate(self.tokens)}


@pytest.mark.parametrize("token", ["é", "Ġ", "Ċ", "ģ", "Ń", "?Ċ", "}ĊĊ", "?\n", "Ġ{", "ĊĊ", "~"])
def test_bytes_and_punctuation_before_line_breaks_are_kept(token: str) -> None:
    """Which pattern ends a line or a list changes from epoch to epoch."""
    tokens = [*(f"Ω{n}" for n in range(100)), token]
    kept = vocabulary._kept(ByteLevel(tokens), [], 10, len(tokens))
    assert kept.tolist() == [100]


# -- training ---------------------------------------------------------------------------------


def test_an_epoch_shows_each_pattern_once() -> None:
    own = {"a": [f"a {n}" for n in range(25)], "b": ["b"], "none": []}
    made = finetune.sequences(own, epoch=0, seed=1)
    assert sorted(p for _, shown in made for p in shown) == sorted([*own["a"], "b"])
    assert all(pattern.startswith(intent) for intent, shown in made for pattern in shown)
    assert max(len(shown) for _, shown in made) <= finetune.PATTERNS_A_SEQUENCE
    assert made == finetune.sequences(own, epoch=0, seed=1)
    assert made != finetune.sequences(own, epoch=1, seed=1)
    assert made != finetune.sequences(own, epoch=0, seed=2)


def test_the_order_of_the_seeds_does_not_matter_to_a_list() -> None:
    turned = {intent: own[::-1] for intent, own in PATTERNS.items()}
    assert finetune.sequences(turned, 0, 1) == finetune.sequences(PATTERNS, 0, 1)


def train(load_tiny: Load, seed: int, **settings: Any) -> tuple[Any, Vocabulary, list[float]]:
    model, tokenizer = load_tiny()
    trimmed = vocabulary.trim(model, tokenizer, TEXTS, common=COMMON)
    tuned, losses = finetune.finetune(
        model,
        trimmed,
        PATTERNS,
        settings=finetune.Settings(**{"epochs": 8, "learning_rate": 2e-2, **settings}),
        seed=seed,
    )
    return tuned, trimmed, losses


def test_training_lowers_the_loss_and_is_deterministic(load_tiny: Load) -> None:
    tuned, _, losses = train(load_tiny, seed=1)
    again, _, losses_again = train(load_tiny, seed=1)
    assert len(losses) == 8
    assert np.mean(losses[-3:]) < losses[0] - 0.02
    assert losses == losses_again
    weights = dict(again.named_parameters())
    assert all(weights[name].equal(value) for name, value in tuned.named_parameters())
    assert not tuned.training


def test_only_the_adapter_is_trained(load_tiny: Load) -> None:
    tuned, _, _ = train(load_tiny, seed=1, epochs=1)
    trained = {name for name, weight in tuned.named_parameters() if weight.requires_grad}
    assert trained and all("lora_" in name for name in trained)


def test_progress_is_told_step_by_step(load_tiny: Load) -> None:
    model, tokenizer = load_tiny()
    told: list[tuple[int, int, float]] = []
    _, losses = finetune.finetune(
        model,
        vocabulary.trim(model, tokenizer, TEXTS),
        PATTERNS,
        settings=finetune.Settings(epochs=2),
        seed=1,
        progress=lambda *what: told.append(what),
    )
    assert told == [(1, 2, losses[0]), (2, 2, losses[1])]


def test_padding_is_not_learnt(load_tiny: Load) -> None:
    model, tokenizer = load_tiny()
    trimmed = vocabulary.trim(model, tokenizer, TEXTS)
    batch = [("play_music", ["music please"]), ("set_alarm", PATTERNS["set_alarm"])]
    inputs, mask, labels = finetune._tensors(trimmed, batch)
    lengths = mask.sum(1).tolist()
    assert lengths[0] < lengths[1] == inputs.shape[1]
    assert (labels[0, lengths[0] :] == -100).all()
    assert labels[0, : lengths[0]].equal(inputs[0, : lengths[0]])
    assert labels[1].equal(inputs[1])


def test_a_loss_that_is_no_number_is_one_message(load_tiny: Load) -> None:
    import torch

    model, tokenizer = load_tiny()
    torch.nn.init.constant_(model.get_input_embeddings().weight, float("nan"))
    with pytest.raises(ModelError, match="not a number at step 1") as caught:
        finetune.finetune(
            model,
            vocabulary.trim(model, tokenizer, TEXTS),
            PATTERNS,
            settings=finetune.Settings(epochs=1),
            seed=1,
        )
    assert "learning_rate" in (caught.value.fix or "")


# -- sampling ---------------------------------------------------------------------------------


def test_prompts_depend_on_their_number_alone() -> None:
    own = PATTERNS["set_alarm"]
    made = generate.make_prompts("set_alarm", own, 6, first=0, seed=1)
    assert made[2:4] == generate.make_prompts("set_alarm", own, 2, first=2, seed=1)
    assert made != generate.make_prompts("set_alarm", own, 6, first=0, seed=2)
    for prompt in made:
        assert len(set(prompt.patterns)) == generate.SHOWN
        assert set(prompt.patterns) <= set(own)


def test_a_prompt_shows_what_there_is() -> None:
    (prompt,) = generate.make_prompts("i", ["only one"], 1, first=0, seed=1)
    assert prompt == Prompt("i", ("only one",))


def test_the_same_key_gives_the_same_text(load_tiny: Load) -> None:
    import torch

    model, tokenizer = load_tiny()
    trimmed = vocabulary.trim(model, tokenizer, TEXTS, common=COMMON)
    batch = [
        *generate.make_prompts("set_alarm", PATTERNS["set_alarm"], 2, first=0, seed=1),
        Prompt("play_music", ("music please",)),  # shorter: it is padded on the left
    ]
    state = torch.get_rng_state()

    def sample(key: int) -> list[str]:
        return generate.sample(model, trimmed, batch, sampling=generate.Sampling(), key=key)

    first = sample(2**64 - 1)
    assert len(first) == 3
    assert all(first)
    assert first == sample(2**64 - 1)
    assert first != sample(1)
    assert not any("<pad>" in text or "<eos>" in text for text in first)
    assert torch.equal(torch.get_rng_state(), state)  # nobody else's draws change


class Scripted:
    """A model that writes row by row what it is told: token ids, one list a prompt."""

    def __init__(self, *scripts: list[int], rows: int) -> None:
        self.scripts, self.rows, self.step = scripts, rows, 0
        self.seen: list[Any] = []

    def __call__(self, input_ids: Any, attention_mask: Any, position_ids: Any, **_: Any) -> Any:
        import torch

        self.seen.append((input_ids, attention_mask, position_ids))
        logits = torch.full((len(self.scripts), 1, self.rows), -1e9)
        for at, script in enumerate(self.scripts):
            logits[at, 0, script[min(self.step, len(script) - 1)]] = 0.0
        self.step += 1
        return SimpleNamespace(logits=logits, past_key_values=None)


def test_a_cold_batch_writes_what_the_librarys_greedy_search_writes(load_tiny: Load) -> None:
    """Rows of a batch, padded on the left, against `model.generate` row by row."""
    import torch

    model, tokenizer = load_tiny()
    words = vocabulary.trim(model, tokenizer, [])
    batch = [Prompt("alarm", ("wake me at {time}", "up at {time} please")), Prompt("lights", ())]
    cold = generate.Sampling(temperature=1e-6)
    ours = generate.sample(model, words, batch, sampling=cold, key=1)
    for prompt, text in zip(batch, ours, strict=True):
        rows = words.encode(prompts.render(prompt.intent, prompt.patterns, closed=False))
        theirs = model.generate(
            input_ids=torch.tensor([rows]),
            attention_mask=torch.ones(1, len(rows), dtype=torch.long),
            do_sample=False,
            max_new_tokens=generate.NEW_TOKENS,
        )[0, len(rows) :].tolist()
        written = words.decode(row for row in theirs if row not in generate._ends(words))
        assert text.removesuffix(prompts.END) == written


def test_a_completion_says_whether_it_was_cut(load_tiny: Load) -> None:
    """The empty line and the model's own end token both end the list; the limit cuts it."""
    model, tokenizer = load_tiny()
    trimmed = vocabulary.trim(model, tokenizer, TEXTS)
    ring = trimmed.encode(" ring", start=False)
    (end,) = trimmed.encode(prompts.END, start=False)
    eos = trimmed.row(tokenizer.eos_token_id)
    scripted = Scripted([*ring, end], [*ring, eos], ring, rows=len(trimmed.kept))
    batch = [Prompt("i", ("a",)), Prompt("i", ("a", "b")), Prompt("i", ("a",))]
    texts = generate.sample(scripted, trimmed, batch, sampling=generate.Sampling(), key=1)
    assert [prompts.parse(text) for text in texts[:2]] == [(["ring"], True)] * 2
    assert prompts.parse(texts[2])[1] is False
    assert len(scripted.seen) == generate.NEW_TOKENS


def test_shorter_prompts_are_padded_on_the_left(load_tiny: Load) -> None:
    model, tokenizer = load_tiny()
    trimmed = vocabulary.trim(model, tokenizer, TEXTS)
    eos = trimmed.row(tokenizer.eos_token_id)
    scripted = Scripted([5, eos], [5, eos], rows=len(trimmed.kept))
    batch = [Prompt("i", ("a",)), Prompt("i", ("a", "b"))]
    generate.sample(scripted, trimmed, batch, sampling=generate.Sampling(), key=1)
    (ids, mask, positions), (next_ids, next_mask, next_positions) = scripted.seen
    short, long = (
        trimmed.encode(prompts.render(prompt.intent, prompt.patterns, closed=False))
        for prompt in batch
    )
    padded = len(long) - len(short)
    assert ids[0, padded:].tolist() == short and ids[1].tolist() == long
    assert mask[0].tolist() == [0] * padded + [1] * len(short)
    assert positions[0, padded:].tolist() == list(range(len(short)))
    assert next_ids.tolist() == [[5], [5]]
    assert next_mask[0].tolist() == [0] * padded + [1] * (len(short) + 1)
    assert next_positions.tolist() == [[len(short)], [len(long)]]


def test_the_nucleus_leaves_the_unlikely_out() -> None:
    import torch

    random = torch.Generator().manual_seed(0)
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]])).repeat(500, 1)

    def picked(**sampling: float) -> set[int]:
        return set(generate._pick(logits, generate.Sampling(**sampling), random)[:, 0].tolist())

    assert picked(temperature=1.0, top_p=1.0) == {0, 1, 2, 3}
    assert picked(temperature=1.0, top_p=0.9) == {0, 1, 2}
    assert picked(temperature=1.0, top_p=0.6) == {0, 1}
    assert picked(temperature=1.0, top_p=0.01) == {0}
    assert picked(temperature=0.01, top_p=1.0) == {0}


# -- judging ----------------------------------------------------------------------------------


def reasons(completion: str) -> list[tuple[str, str | None]]:
    """(text, reason) of each line of a completion for an intent with `{time}` and `{day}`."""
    known = {"wake me at {time": "wake me at {time}"}
    judged = generate.judge("alarm", completion, labels=["time", "day"], known=known)
    assert all(line.intent == "alarm" for line in judged)
    return [(line.text, line.reason) for line in judged]


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        (" ring at {time}\n", [("ring at {time}", None)]),
        (" on {day:day_2}\n", [("on {day:day_2}", None)]),
        (" no slot\n", [("no slot", None)]),
        (" a \\b\n", [("a b", None)]),  # in its normal written form
        ("\n- ring\n", [("", "empty_line"), ("ring", None)]),
        (" ring\n-", [("ring", None), ("", "empty_line")]),
        (" ring at {ti", [("ring at {ti", "cut_off")]),
        (" ring\n- no", [("ring", None), ("no", "cut_off")]),
        (" ring at {time\n", [("ring at {time", "malformed_pattern")]),
        (" ring at }\n", [("ring at }", "malformed_pattern")]),
        (" {time:x} {day:x}\n", [("{time:x} {day:x}", "malformed_pattern")]),
        (" ring in {city}\n", [("ring in {city}", "unknown_slot")]),
        (" ring in {city:time}\n", [("ring in {city:time}", "unknown_slot")]),
        (" Wake me  at {time}!\n", [("Wake me  at {time}!", "seed_echo")]),
        (f" ring\n- {generate.MASK}\n- ping\n", [("ring", None), ("", "leaked_value"),
                                                ("ping", None)]),
        (" ring\n\nPlay music:\n- play\n", [("ring", None)]),
    ],
)  # fmt: skip
def test_judge(completion: str, expected: list[tuple[str, str | None]]) -> None:
    assert reasons(completion) == expected

"""Perplexity and hidden states, beside what the model says of one text at a time."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import PATTERNS

from textsynth import models
from textsynth.lm import score, trimmed

TEXTS = [
    "play help",
    "wake me at six please",
    "i want to hear yesterday",
    "x",
    "wake me at six please",
]


@pytest.fixture(scope="module")
def loaded(tiny_model_folder):
    source = models.language_model_source(str(tiny_model_folder))
    return trimmed.load(source, [p for own in PATTERNS.values() for p in own])


def test_perplexity_is_that_of_one_text_at_a_time(loaded) -> None:
    import torch

    model, vocabulary = loaded
    alone = []
    for text in TEXTS:
        ids = torch.tensor([vocabulary.encode(text, fallback=True)])
        with torch.inference_mode():
            alone.append(float(model(input_ids=ids, labels=ids).loss.exp()))
    assert score.perplexity(model, vocabulary, TEXTS) == pytest.approx(alone, rel=1e-3)


def test_hidden_states_do_not_depend_on_the_batch(loaded) -> None:
    model, vocabulary = loaded
    together = score.hidden_states(model, vocabulary, TEXTS)
    alone = [score.hidden_states(model, vocabulary, [text])[0] for text in TEXTS]
    assert together.shape == (len(TEXTS), model.config.hidden_size)
    assert np.allclose(together, alone, atol=1e-4)
    assert np.allclose(together[1], together[4])


def test_batches_of_long_texts_hold_fewer(loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    model, vocabulary = loaded
    whole = score.perplexity(model, vocabulary, TEXTS)
    sizes = []
    usual = score._batches

    def counted(*given):
        for rows, ids, mask in usual(*given):
            sizes.append(tuple(ids.shape))
            yield rows, ids, mask

    monkeypatch.setattr(score, "TOKENS", 12)
    monkeypatch.setattr(score, "_batches", counted)
    assert np.allclose(score.perplexity(model, vocabulary, TEXTS), whole, rtol=1e-3)
    assert all(rows == 1 or rows * longest <= 12 for rows, longest in sizes)
    assert len(sizes) > 1 and max(rows for rows, _ in sizes) > 1


def test_no_texts_and_empty_texts(loaded) -> None:
    model, vocabulary = loaded
    assert score.perplexity(model, vocabulary, []).shape == (0,)
    assert np.isnan(score.perplexity(model, vocabulary, [""])).all()


def test_losses_are_of_what_follows_the_start(loaded) -> None:
    model, words = loaded
    starts, texts = ["Set alarm:\n-", "Play music:\n-"], [" wake me at {time}\n", " music please\n"]
    nats, tokens = score.losses(model, words, starts, texts)
    whole = [len(words.encode(s + t, fallback=True)) for s, t in zip(starts, texts, strict=True)]
    heads = [len(words.encode(start, fallback=True)) for start in starts]
    assert tokens.tolist() == [w - h for w, h in zip(whole, heads, strict=True)]
    # what the start costs and what the text costs is what all of it costs
    alone, _ = score.losses(model, words, ["", ""], starts)
    both, _ = score.losses(model, words, ["", ""], [starts[0] + texts[0], starts[1] + texts[1]])
    assert np.allclose(alone + nats, both, rtol=1e-4)
    assert np.allclose(np.exp(both / (np.array(whole) - 1)),
                       score.perplexity(model, words, [starts[0] + texts[0], starts[1] + texts[1]]),
                       rtol=1e-4)  # fmt: skip


def test_a_start_whose_last_token_is_another_where_the_text_goes_on(loaded) -> None:
    model, words = loaded
    nats, tokens = score.losses(model, words, ["pl"], ["ay help"])
    whole = words.encode("play help", fallback=True)
    head = words.encode("pl", fallback=True)
    assert whole[: len(head)] != head and tokens[0] >= 1 and nats[0] > 0

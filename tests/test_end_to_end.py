"""The one test with the packaged models: nobody planted in the seeds may come out again."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from faker import Faker

from textsynth import corpus, models, pipeline
from textsynth.recipe import Recipe

pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(
        not models.installed(models.GEMMA_PACKAGE) or not models.installed(models.MINILM_PACKAGE),
        reason="needs the `models` extra",
    ),
]

CALLS = ["call {}", "ring {} for me", "get {} on the phone", "can you dial {} please", "I need {}"]
NOTES = ["send a note to {}", "write to {} now", "text {}", "mail {} that I am late", "tell {} yes"]


def planted(count: int = 200) -> list[dict[str, str]]:
    """Identities as Faker draws them with a fixed seed: drawn, not chosen."""
    faker = Faker("en_US")
    faker.seed_instance(20)
    return [
        {
            "name": faker.name(),
            "phone": faker.phone_number(),
            "email": faker.email(),
            "address": faker.street_address(),
        }
        for _ in range(count)
    ]


def seeds(identities: list[dict[str, str]]) -> list[dict[str, str]]:
    rows = []
    for number, who in enumerate(identities):
        call, note = CALLS[number % len(CALLS)], NOTES[number % len(NOTES)]
        rows += [
            {"text": call.format(f"{who['name']} on {who['phone']}"), "intent": "call"},
            {"text": note.format(f"{who['email']}, {who['address']}"), "intent": "message"},
        ]
    return rows


def contents(path: Path) -> bytes:
    """A file's bytes and, since Parquet is compressed, what its columns hold."""
    raw = path.read_bytes()
    if path.suffix == ".parquet":
        raw += json.dumps(pq.read_table(path).to_pylist(), ensure_ascii=False).encode()
    return raw


def test_planted_identities_do_not_come_out(tmp_path: Path, key_file: Path) -> None:
    identities = planted()
    rows = seeds(identities)
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "recipe.yaml").write_text(
        "name: planted\n"
        "seeds: {path: seeds.jsonl, holdout: 0.1}\n"
        "model: {base: auto, epochs: 1}\n"
        "generate: {per_intent: 10, budget: 6}\n"
        "filters: [exact, label, leak, {adversarial: {rounds: 1}}]\n"
    )
    run = pipeline.generate(
        Recipe.load(tmp_path / "recipe.yaml"), tmp_path / "run", key_file=key_file
    )

    values = {value for who in identities for value in who.values()}
    assert len(values) > 790
    for path in sorted(run.folder.rglob("*")):
        if path.is_file():
            data = contents(path)
            leaked = [value for value in values if value.encode() in data]
            assert not leaked, (path.name, leaked)
    assert run.manifest()["rows"] > 0
    for row in corpus.utterances(corpus.read(run.folder / "corpus.parquet")):
        assert all(row.text[s.start : s.end] == s.value for s in row.slots)

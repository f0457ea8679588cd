"""The packs in `templates/` and their seeds: they hold together, agree, and read as English."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from textsynth import corpus, patterns, seeds
from textsynth.corpus import Utterance, fold
from textsynth.grammar import draw, grammar
from textsynth.grammar.labels import labels
from textsynth.grammar.lint import lint
from textsynth.grammar.model import Grammar
from textsynth.recipe import Recipe

ROOT = Path(__file__).resolve().parent.parent
ROWS = 400  # drawn of each intent
DOMINANT = re.compile(r"one sentence holds \d+% of the")  # harmless: sentences take turns
UNREAD = re.compile(r"[][(){}<>|;\\]|\s\s|^\s|\s$")
TWICE = re.compile(r"\b(?!night\b)([^\W\d]+) \1\b")
ARTICLE = re.compile(r"\ba (?!euro|used|one\b)[aeiou]|\ban (?!hour)[^aeiou\W\d]", re.IGNORECASE)
NUMBER = re.compile(r"\b0\d{2,4} \d{3,4} ?\d{3,4}\b|\b555-\d{4}\b")
RESERVED = re.compile(r"555-01\d\d|020 7946 0\d{3}|07700 900\d{3}|01\d\d 496 0\d{3}|01632 960\d{3}")
EMAIL = re.compile(r"\S+@\S+\b")
each = pytest.mark.parametrize("pack", ["home", "banking"])


@cache
def templates(pack: str) -> Grammar:
    return grammar.load(ROOT / "templates" / pack / "intents")


@cache
def seeded(pack: str) -> seeds.SeedFile:
    path = ROOT / "data" / "seed" / f"{pack}.jsonl"
    return seeds.read(path, secret=b"0" * 32, language="en")


@cache
def drawn(pack: str) -> tuple[Utterance, ...]:
    found = templates(pack)
    tables = [
        draw.draw(found, intent, 0, min(ROWS, draw.capacity(found, intent)), seed=5)
        for intent in found.intents
    ]
    return tuple(corpus.utterances(corpus.concat(tables)))


def of_intent(rows: list[Utterance], intent: str) -> list[Utterance]:
    return [row for row in rows if row.intent == intent]


def offending(rule: re.Pattern[str], texts: list[str]) -> list[str]:
    return [text for text in texts if rule.search(text)]


@each
def test_lint_finds_nothing_but_large_sentences(pack: str) -> None:
    assert [f for f in lint(templates(pack)) if not DOMINANT.match(f.message)] == []


@each
def test_the_recipe_joins_templates_and_seeds(pack: str) -> None:
    recipe = Recipe.load(ROOT / "templates" / pack / "recipe.yaml")
    assert recipe.seeds is not None and recipe.templates is not None
    assert recipe.seeds.path == ROOT / "data" / "seed" / f"{pack}.jsonl"
    assert recipe.templates.path == ROOT / "templates" / pack / "intents"


@each
def test_drawn_rows_read_as_english(pack: str) -> None:
    texts = [row.text for row in drawn(pack)]
    assert offending(UNREAD, texts) == []
    assert offending(TWICE, texts) == []
    assert offending(ARTICLE, texts) == []


@each
def test_every_intent_has_slots_of_the_pack_in_its_rows(pack: str) -> None:
    """What the grammar says an intent may hold is what its rows hold."""
    for intent in templates(pack).intents:
        held = {slot.label for row in of_intent(list(drawn(pack)), intent) for slot in row.slots}
        assert held == labels(templates(pack), intent), intent


@each
def test_seeds_are_all_read_and_know_the_intents_and_slots(pack: str) -> None:
    read, found = seeded(pack), templates(pack)
    assert read.quarantined == [] and read.duplicates == 0
    assert {row.intent for row in read.utterances} == set(found.intents)
    known = set().union(*(labels(found, intent) for intent in found.intents))
    assert {slot.label for row in read.utterances for slot in row.slots} <= known


@each
def test_every_intent_has_25_seeds_and_no_two_one_pattern(pack: str) -> None:
    rows = seeded(pack).utterances
    for intent in templates(pack).intents:
        assert len(of_intent(rows, intent)) >= 25, intent
    spans = [[(slot.start, slot.end, slot.label) for slot in row.slots] for row in rows]
    seen = [str(patterns.delexicalise(row.text, s)) for row, s in zip(rows, spans, strict=True)]
    assert len({fold(pattern) for pattern in seen}) == len(rows)


@each
def test_seeds_and_templates_share_no_text(pack: str) -> None:
    """Seeds are written, not filled into a template."""
    of_templates = {fold(row.text) for row in drawn(pack)}
    shared = [row.text for row in seeded(pack).utterances if fold(row.text) in of_templates]
    assert len(shared) <= len(seeded(pack).utterances) / 50, shared


@each
def test_numbers_and_addresses_belong_to_nobody(pack: str) -> None:
    texts = [row.text for row in (*drawn(pack), *seeded(pack).utterances)]
    numbers = [found[0] for text in texts for found in NUMBER.finditer(text)]
    emails = [found[0] for text in texts for found in EMAIL.finditer(text)]
    assert numbers and [number for number in numbers if not RESERVED.fullmatch(number)] == []
    assert emails and all(re.search(r"@example\.(com|org)$", email) for email in emails)


@each
def test_the_readme_counts_and_names_the_intents(pack: str) -> None:
    found = templates(pack)
    readme = (ROOT / "templates" / pack / "README.md").read_text(encoding="utf-8")
    sentences = sum(len(block.sentences) for i in found.intents.values() for block in i.blocks)
    counted = f"{len(found.intents)} intents, {sentences} sentence templates, "
    assert counted + f"{len(found.lists)} lists" in readme
    intents = readme.partition("## Intents")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", intents, re.MULTILINE)) == set(found.intents)


@each
def test_the_readme_counts_the_seeds(pack: str) -> None:
    readme = (ROOT / "data" / "seed" / "README.md").read_text(encoding="utf-8")
    rows = seeded(pack).utterances
    sizes = sorted(len(of_intent(rows, intent)) for intent in templates(pack).intents)
    section = readme.partition(f"## {pack}.jsonl")[2].partition("\n## ")[0]
    assert f"{len(rows)} utterances, {sizes[0]} to {sizes[-1]} of each of {len(sizes)}" in section
    words = sorted(len(row.text.split()) for row in rows)
    assert f"{words[0]} to {words[-1]} words" in section

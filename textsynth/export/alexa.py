"""Alexa interaction models
(https://developer.amazon.com/en-US/docs/alexa/smapi/interaction-model-schema.html).

The rules of samples and names are those of "Create the Interaction Model for Your Skill", "Choose
the Invocation Name for a Custom Skill" and of what the service says when it builds a model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from textsynth.errors import ExportError
from textsynth.export import About, ExportReport, beforehand
from textsynth.export.bot import Model, Parts, RefusedError, Rules, Words, models, parts_of
from textsynth.export.botnames import (
    Names,
    locale_of,
    names_of,
    require_at_most,
    sample,
    say_names,
    say_region,
)
from textsynth.export.rows import Row
from textsynth.export.speech import HOLE, alike, spoken
from textsynth.export.target import Job, camel, snake, writing

LOCALES = {
    "ar": "ar-SA", "de": "de-DE", "en": "en-US", "es": "es-ES", "fr": "fr-FR", "hi": "hi-IN",
    "it": "it-IT", "ja": "ja-JP", "nl": "nl-NL", "pt": "pt-BR",
    **{name: name for name in ("en-AU", "en-CA", "en-GB", "en-IN", "es-MX", "es-US", "fr-CA")},
}  # fmt: skip
MOST_INTENTS = 250
MOST_VALUES = 50_000  # values and synonyms of all types
LONGEST_VALUE = 140
LONGEST_NAME = 90
INVOCATION = range(2, 51)  # characters of an invocation name

# Letters and underscores, a letter first and last.
_NAME = re.compile(r"[A-Za-z](?:[A-Za-z_]*[A-Za-z])?")
_DIGIT = re.compile(r"\d")
_DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")

_WAKE = frozenset({"alexa", "amazon", "echo", "computer"})
_WORD_END = re.compile(r"[\s']+")
_LAUNCH = ("ask", "tell", "open", "launch", "start", "begin", "load", "run", "use", "enable")
_NOT_IN_INVOCATION = {*_WAKE, *_LAUNCH, "skill", "app"}
_INVOCATION = re.compile(r"[^\W\d_]+(?:['.-][^\W\d_]*)*(?: [^\W\d_]+(?:['.-][^\W\d_]*)*)+")


def addressed(
    about: About, *, locale: str | None = None, invocation: str | None = None
) -> tuple[str, str]:
    """The locale and the invocation name of a skill.

    Raises:
        ExportError: Alexa does not take one of them.
    """
    place = locale_of(about.language, locale, LOCALES, "Alexa")
    return place, _invocation(about.name, invocation, place)


@beforehand(addressed)
def export(
    corpus: pa.Table,
    folder: Path,
    about: About,
    *,
    locale: str | None = None,
    invocation: str | None = None,
) -> ExportReport:
    """Write Alexa interaction models: `train/en-US.json`, with `validation/` and `test/` beside it.

    Rows become samples, `play {song}`, and their slots values and synonyms of a type that is called
    as the slot. All is written as it is spoken: no punctuation, numbers in words. A label that
    comes twice in a sample is `city` and `city_b` there, and one that is called as an intent is
    `city_slot`, since Alexa takes no name for both.

    Args:
        locale: `en-GB`; otherwise the usual one of the corpus's language.
        invocation: what the skill is called; otherwise made of the corpus's name.

    Rules for which rows are refused: `no_intent`, `unknown_split`, `other_language`, `text_empty`,
    `text_has_newline`, `text_not_printable`, `space_at_edge`, `space_at_slot_edge`, spans that do
    not fit the text, `text_has_brace`, `text_not_speakable`, `value_not_speakable` (signs that have
    no words), `value_empty`, `value_too_long`, `has_wake_word`, `words_have_other_value`,
    `sample_of_other_intent`.

    Raises:
        ExportError: no rows, none that can be written, more intents than Alexa takes, two names
            that would be written alike, a language or invocation name that Alexa does not take, or
            a folder that is not ours or cannot be written.
    """
    place, called = addressed(about, locale=locale, invocation=invocation)
    rules = Rules(
        samples=True,
        same=partial(alike, language=place),
        named=partial(_value, language=place),
        all_values=MOST_VALUES,
    )
    with writing("alexa", corpus, folder) as job:
        names = names_of(corpus, _intent_name, _slot_name, LONGEST_NAME, apart=True)
        read = partial(_read, names=names, language=place, changed=[0])
        written = dict(models(job, corpus, place, read, rules))
        for split, model in written.items():
            require_at_most("intents", len(model.texts), MOST_INTENTS, "Alexa")
            job.write_json(f"{split}/{place}.json", _interaction(model, names, called))
        say_names(job, names, written.values())
        _say_spoken(job, read.keywords["changed"][0])
        if locale is None:
            say_region(job, about.language, place, "Alexa")
    return job.report()


def _say_spoken(job: Job, changed: int) -> None:
    if changed:
        job.note(
            f"{changed} rows are written as they are spoken: without punctuation, numbers in words"
        )


def _read(row: Row, names: Names, language: str, changed: list[int]) -> tuple[Parts, str]:
    parts = parts_of(row)
    text = "".join(HOLE if isinstance(part, Words) else part for part in parts)
    said = spoken(text, language)
    if said is None:
        raise RefusedError("text_has_brace" if set("{}") & set(text) else "text_not_speakable")
    slots = [_spoken_words(part, language) for part in parts if isinstance(part, Words)]
    made: list[str | Words] = []
    for number, piece in enumerate(said.split(HOLE)):
        made += [slots[number - 1], piece] if number else [piece]
    found = tuple(part for part in made if part)
    if not _WAKE.isdisjoint(_WORD_END.split(said.casefold())):
        raise RefusedError("has_wake_word")
    plain = "".join(part.words if isinstance(part, Words) else part for part in found)
    changed[0] += plain != row.text
    return found, sample(found, names).casefold()


def _spoken_words(slot: Words, language: str) -> Words:
    words = spoken(slot.words, language)
    if words is None:
        raise RefusedError("value_not_speakable")
    if len(words) > LONGEST_VALUE:
        raise RefusedError("value_too_long")
    return slot._replace(words=words)


def _value(value: str, language: str) -> str | None:
    said = None if HOLE in value else spoken(value, language)
    return said if said and len(said) <= LONGEST_VALUE else None


def _interaction(model: Model, names: Names, invocation: str) -> dict[str, Any]:
    intents = []
    for intent, texts in model.texts.items():
        slots = dict.fromkeys(name for parts in texts for name in names.occurrences(parts))
        intents.append(
            {
                "name": names.intents[intent],
                "slots": [{"name": name, "type": names.type_of(name)} for name in slots],
                "samples": [sample(parts, names) for parts in texts],
            }
        )
    types = [
        {"name": names.slots[label], "values": [_entry(*item) for item in values.items()]}
        for label, values in model.types.items()
    ]
    language_model = {"invocationName": invocation, "intents": intents, "types": types}
    return {"interactionModel": {"languageModel": language_model}}


def _entry(value: str, synonyms: list[str]) -> Mapping[str, Any]:
    return {"name": {"value": value, "synonyms": synonyms}}


# -- names ----------------------------------------------------------------------------------------


def _intent_name(name: str) -> str:
    return name if _NAME.fullmatch(name) else camel(_spelled(camel(name)))


def _slot_name(name: str) -> str:
    return name if _NAME.fullmatch(name) else snake(_spelled(snake(name)))


def _spelled(name: str) -> str:
    """A name whose digits are words, since Alexa's names hold none."""
    return _DIGIT.sub(lambda match: f"_{_DIGITS[int(match[0])]}_", name)


def _invocation(name: str, given: str | None, language: str) -> str:
    if given is not None:
        fault = _invocation_fault(given)
        if fault:
            fix = "write two or more words in lower case, numbers too"
            raise ExportError(f"{given!r} is no invocation name: {fault}", fix=fix)
        return given
    said = (spoken(name, language) or "").lower()
    return next(
        made for made in (said, f"my {said}", "my corpus") if _invocation_fault(made) is None
    )


def _invocation_fault(name: str) -> str | None:
    """Why Alexa does not take an invocation name."""
    if len(name) not in INVOCATION:
        return f"it has {len(name)} characters, not {INVOCATION.start} to {INVOCATION.stop - 1}"
    if name != name.lower():
        return "it is not in lower case"
    if not _INVOCATION.fullmatch(name):
        return "it is not two or more words of letters"
    words = sorted(_NOT_IN_INVOCATION & set(name.split()))
    return f"it may not hold {words[0]!r}" if words else None

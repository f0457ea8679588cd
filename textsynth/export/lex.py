"""Amazon Lex V2 bots, as its import takes them
(https://docs.aws.amazon.com/lexv2/latest/dg/import-export-format.html).

Limits are Lex's quotas (https://docs.aws.amazon.com/lexv2/latest/dg/quotas.html), patterns and the
length of values those of its API (`lexv2-models`); lengths are counted in UTF-16 code units.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from textsynth import keyed
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
from textsynth.export.target import as_json, camel, snake, words, writing

LOCALES = {
    "ca": "ca-ES", "de": "de-DE", "en": "en-US", "es": "es-ES", "fi": "fi-FI", "fr": "fr-FR",
    "hi": "hi-IN", "it": "it-IT", "ja": "ja-JP", "ko": "ko-KR", "nl": "nl-NL", "no": "no-NO",
    "pl": "pl-PL", "pt": "pt-BR", "sv": "sv-SE", "zh": "zh-CN",
    **{name: name for name in ("de-AT", "en-AU", "en-GB", "en-IN", "en-ZA", "es-419", "es-US",
                               "fr-CA", "pt-PT", "zh-HK")},
}  # fmt: skip
LARGE = ("en-AU", "en-GB", "en-US")  # locales that take more
MOST_INTENTS = {True: 1_000, False: 250}  # whether it is one of those: of a locale
MOST_TYPES = {True: 250, False: 100}
MOST_CHARACTERS = {True: 2_000_000, False: 200_000}  # of all sample utterances
MOST_SLOTS = 100  # of an intent
MOST_SAMPLES = 1_500  # of an intent
LONGEST_SAMPLE = 500
LONGEST_VALUE = 140
MOST_VALUES = 10_000  # values and synonyms of a type
ALL_VALUES = 50_000  # of all types
LONGEST_NAME = 90

_NAME = re.compile(r"(?:[0-9a-zA-Z][_-]?)+")
_RESERVED = "fallbackintent"
_THRESHOLD = 0.4  # what Lex gives a new locale
_SESSION = 300  # seconds


def placed(about: About, *, locale: str | None = None) -> str:
    """The locale of a bot.

    Raises:
        ExportError: Lex does not have it.
    """
    return locale_of(about.language, locale, LOCALES, "Lex")


@beforehand(placed)
def export(
    corpus: pa.Table, folder: Path, about: About, *, locale: str | None = None
) -> ExportReport:
    """Write Lex V2 bots to import: `train.zip`, with `validation.zip` and `test.zip` beside it.

    Rows become sample utterances, `play {song}`, and their slots values and synonyms of a type that
    is called as the slot. Case does not count. A label that comes twice in a sample is `city` and
    `city_b` there. Slots are optional, with their name as the prompt; there is a `FallbackIntent`.

    Args:
        locale: `en-GB`; otherwise the usual one of the corpus's language.

    Rules for which rows are refused: `no_intent`, `unknown_split`, `other_language`, `text_empty`,
    `text_has_newline`, `text_not_printable`, `space_at_edge`, `space_at_slot_edge`, spans that do
    not fit the text, `text_has_brace`, `text_too_long`, `value_empty`,
    `value_too_long`, `words_have_other_value`, `sample_of_other_intent`.

    Raises:
        ExportError: no rows, none that can be written, more intents, types or slots than Lex takes,
            two names that would be written alike, a language that Lex does not have, or a folder
            that is not ours or cannot be written.
    """
    place = placed(about, locale=locale)
    large = place in LARGE
    rules = Rules(
        samples=True,
        same=str.casefold,
        named=_value,
        texts=MOST_SAMPLES,
        characters=MOST_CHARACTERS[large],
        values=MOST_VALUES,
        all_values=ALL_VALUES,
    )
    with writing("lex", corpus, folder) as job:
        names = names_of(corpus, _intent_name, _slot_name, LONGEST_NAME)
        written = dict(models(job, corpus, place, partial(_read, names=names), rules))
        for split, model in written.items():
            require_at_most("intents", len(model.texts) + 1, MOST_INTENTS[large], "Lex")
            require_at_most("slot types", len(model.types), MOST_TYPES[large], "Lex")
            files = _files(model, names, about.name, place.replace("-", "_"))
            job.write_zip(f"{split}.zip", {name: as_json(data) for name, data in files})
        say_names(job, names, written.values())
        if locale is None:
            say_region(job, about.language, place, "Lex")
    return job.report()


def _read(row: Row, names: Names) -> tuple[Parts, str]:
    parts = parts_of(row)
    if any(set("{}") & set(part) for part in parts if isinstance(part, str)):
        raise RefusedError("text_has_brace")
    if any(_units(part.words) > LONGEST_VALUE for part in parts if isinstance(part, Words)):
        raise RefusedError("value_too_long")
    made = sample(parts, names)
    if _units(made) > LONGEST_SAMPLE:
        raise RefusedError("text_too_long")
    return parts, made.casefold()


def _value(value: str) -> str | None:
    fits = value.isprintable() and value.strip() == value and 0 < _units(value) <= LONGEST_VALUE
    return value if fits else None


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


# -- files ----------------------------------------------------------------------------------------


def _files(model: Model, names: Names, title: str, locale: str) -> Iterator[tuple[str, Any]]:
    bot = _short_name(title)
    home = f"{bot}/BotLocales/{locale}"
    meta = {"schemaVersion": "1", "fileFormat": "LexJson", "resourceType": "BOT"}
    yield "Manifest.json", {"metaData": meta}
    yield (
        f"{bot}/Bot.json",
        {
            "name": bot,
            "identifier": _identifier("bot", bot),
            "version": "DRAFT",
            "description": None,
            "dataPrivacy": {"childDirected": False},
            "idleSessionTTLInSeconds": _SESSION,
        },
    )
    yield (
        f"{home}/BotLocale.json",
        {
            "name": locale,
            "identifier": locale,
            "version": None,
            "description": None,
            "voiceSettings": None,
            "nluConfidenceThreshold": _THRESHOLD,
        },
    )
    for intent, texts in model.texts.items():
        yield from _intent(intent, texts, names, home)
    yield (
        f"{home}/Intents/FallbackIntent/Intent.json",
        {
            "name": "FallbackIntent",
            "identifier": "FALLBCKINT",
            "description": None,
            "parentIntentSignature": "AMAZON.FallbackIntent",
            "sampleUtterances": None,
            "slotPriorities": [],
        },
    )
    for label, values in model.types.items():
        name = names.slots[label]
        yield f"{home}/SlotTypes/{name}/SlotType.json", _type(name, values)


def _intent(
    intent: str, texts: list[Parts], names: Names, home: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    name = names.intents[intent]
    slots = list(dict.fromkeys(name for parts in texts for name in names.occurrences(parts)))
    require_at_most(f"slots in the intent {name}", len(slots), MOST_SLOTS, "Lex")
    yield (
        f"{home}/Intents/{name}/Intent.json",
        {
            "name": name,
            "identifier": _identifier("intent", name),
            "description": None,
            "parentIntentSignature": None,
            "sampleUtterances": [{"utterance": sample(parts, names)} for parts in texts],
            "slotPriorities": [
                {"slotName": slot, "priority": number} for number, slot in enumerate(slots, start=1)
            ],
        },
    )
    for slot in slots:
        group = {"message": {"plainTextMessage": {"value": f"{' '.join(words(slot))}?"}}}
        prompt = {"messageGroupsList": [group], "maxRetries": 2, "allowInterrupt": True}
        yield (
            f"{home}/Intents/{name}/Slots/{slot}/Slot.json",
            {
                "name": slot,
                "identifier": _identifier("slot", name, slot),
                "description": None,
                "slotTypeName": names.type_of(slot),
                "slotConstraint": "Optional",
                "slotValueElicitationSetting": {"promptSpecification": prompt},
            },
        )


def _type(name: str, values: dict[str, list[str]]) -> dict[str, Any]:
    entries = [
        {
            "sampleValue": {"value": value},
            "synonyms": [{"value": synonym} for synonym in synonyms] or None,
        }
        for value, synonyms in values.items()
    ]
    # where nothing is a synonym, words that Lex has not seen may fill the slot too
    strategy = "TOP_RESOLUTION" if any(values.values()) else "ORIGINAL_VALUE"
    return {
        "name": name,
        "identifier": _identifier("type", name),
        "description": None,
        "slotTypeValues": entries,
        "parentSlotTypeSignature": None,
        "valueSelectionSetting": {"resolutionStrategy": strategy, "regexFilter": None},
    }


def _identifier(*names: str) -> str:
    """Ten characters, as Lex's own are."""
    return keyed.content_id(*names).upper()[:10]


# -- names ----------------------------------------------------------------------------------------


def _short_name(title: str) -> str:
    name = title if _NAME.fullmatch(title) else camel(title)
    return name[:LONGEST_NAME]


def _intent_name(name: str) -> str:
    made = name if _NAME.fullmatch(name) else camel(name)
    return f"{made}_own" if made.casefold() == _RESERVED else made


def _slot_name(name: str) -> str:
    return name if _NAME.fullmatch(name) else snake(name)

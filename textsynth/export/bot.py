"""What exports for voice platforms share: a corpus as texts with slots, and types of slots.

A platform trains on all that it is given, so each split becomes a model of its own; rows without
a split are trained on. Where a platform takes samples, `play {song}`, the rows of a sample are one,
and their words are values of the slot's type. Where it takes texts, slots are marked in them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from textsynth import keyed
from textsynth.corpus import count_by, span_fault
from textsynth.errors import ExportError
from textsynth.export.rows import Row, allot, rows
from textsynth.export.target import Job

SPLITS = {None: "train", "train": "train", "validation": "validation", "test": "test"}

_LINE_END = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile("[\0-\x1f\x7f-\x9f\ufffe\uffff]")


class RefusedError(Exception):
    """A row that is left out; the argument is the rule."""


class Words(NamedTuple):
    """A slot in a text: its label, the words as they are written, the value in the corpus."""

    label: str
    words: str
    value: str


# A text: words and slots in turn.
Parts = tuple[str | Words, ...]


class Said(NamedTuple):
    """A row on its way: its parts, and the text or sample under which it is compared."""

    id: str
    intent: str
    parts: Parts
    key: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What a platform takes.

    Attributes:
        samples: samples with slots, each once in all intents; otherwise texts with marked slots.
        same: words and values are one where this is equal.
        named: a value as it may be written, or None where some words must stand for it.
        texts: texts or samples of an intent, at most.
        characters: of all samples together, at most.
        values: values and synonyms of a type, at most.
        all_values: values and synonyms of all types together, at most.
    """

    samples: bool
    same: Callable[[str], str]
    named: Callable[[str], str | None]
    texts: int | None = None
    characters: int | None = None
    values: int | None = None
    all_values: int | None = None


@dataclass(slots=True)
class Model:
    """What one split becomes.

    Attributes:
        texts: intent -> the texts or samples, in the order of the corpus.
        types: label -> value as it is written -> its words, without the value where a sample's
            slot takes it anyway; the most frequent come first.
        meant: label -> value as it is written -> value in the corpus.
        altered: slots whose value is another one than is written, though the platform hears both
            alike (`Oslo` and `oslo`).
    """

    texts: dict[str, list[Parts]] = field(default_factory=dict)
    types: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    meant: dict[str, dict[str, str]] = field(default_factory=dict)
    altered: int = 0


# -- rows -----------------------------------------------------------------------------------------


def parts_of(row: Row) -> Parts:
    """The parts of a row that platforms can take.

    Raises:
        RefusedError: `no_intent`, `text_has_newline`, `text_not_printable`, `text_empty`,
            `space_at_edge`, spans that do not fit the text, `space_at_slot_edge`, `value_empty`.
    """
    text = row.text
    if row.intent is None:
        raise RefusedError("no_intent")
    if _CONTROL.search(text) or _LINE_END.search(text):
        raise RefusedError("text_has_newline" if _LINE_END.search(text) else "text_not_printable")
    if text != text.strip() or not text:
        raise RefusedError("space_at_edge" if text.strip() else "text_empty")
    fault = span_fault(text, [(slot.start, slot.end) for slot in row.slots]) if row.slots else None
    if fault:
        raise RefusedError(fault)
    parts: list[str | Words] = []
    at = 0
    for slot in row.slots:
        words = text[slot.start : slot.end]
        if words != words.strip():
            raise RefusedError("space_at_slot_edge")
        if not slot.value.strip():
            raise RefusedError("value_empty")
        parts += [text[at : slot.start], Words(slot.label, words, slot.value)]
        at = slot.end
    return tuple(part for part in (*parts, text[at:]) if part)


def models(
    job: Job,
    corpus: pa.Table,
    language: str,
    read: Callable[[Row], tuple[Parts, str]],
    rules: Rules,
) -> Iterator[tuple[str, Model]]:
    """The model of each split that has rows.

    `read` gives the parts of a row and the key under which it is compared, or raises
    `RefusedError`. Further rules: `unknown_split`, `other_language`; `words_have_other_value` (in
    other rows, the words of a slot mean something else more often); of samples
    `sample_of_other_intent`, of texts `duplicate_text`.

    Raises:
        ExportError: all rows are in another language.
    """
    found: dict[str, list[Said]] = {}
    foreign = _of_other_language(corpus, language)
    for row in rows(corpus):
        try:
            if row.split not in SPLITS:
                raise RefusedError("unknown_split")
            if row.position in foreign:
                raise RefusedError("other_language")
            parts, key = read(row)
            said = Said(row.id, str(row.intent), parts, key)
        except RefusedError as refused:
            job.refuse(str(refused), row.id)
        else:
            found.setdefault(SPLITS[row.split], []).append(said)
    for split in dict.fromkeys(SPLITS.values()):
        model = _model(job, found.get(split, []), rules)
        if model.texts:
            yield split, model
    if set(job.refused) == {"other_language"} and not job.written:
        raise ExportError(
            f"all {corpus.num_rows} rows are in other languages than {language!r}",
            fix="give theirs: as the option `locale` where the format has it, otherwise as the "
            "`language` of the recipe",
        )


def _of_other_language(corpus: pa.Table, language: str) -> set[int]:
    """The positions of rows in another language, whatever its region."""
    own = language.split("-")[0].lower()
    others = [
        key[0]
        for key in count_by(corpus, "language")
        if key[0] is not None and key[0].replace("_", "-").split("-")[0].lower() != own
    ]
    if not others:
        return set()
    mask = pc.is_in(corpus.column("language"), value_set=pa.array(others, pa.string()))
    return {at for at, foreign in enumerate(mask.to_pylist()) if foreign}


def _model(job: Job, said: Sequence[Said], rules: Rules) -> Model:
    model = Model()
    said = _settled(job, said, rules)
    groups = _together(job, said) if rules.samples else _apart(job, said)
    kept = _thinned(job, groups, rules)
    for intent, keys in kept.items():
        model.texts[intent] = [groups[intent][key][0].parts for key in keys]
    written = [one for intent in kept for key in kept[intent] for one in groups[intent][key]]
    job.written += len(written)
    _types(job, model, written, rules)
    return model


def _slots(said: Iterable[Said]) -> Iterator[Words]:
    return (part for one in said for part in one.parts if isinstance(part, Words))


def _settled(job: Job, said: Sequence[Said], rules: Rules) -> list[Said]:
    """The rows whose words mean what they mean most often, as a type can say but one thing."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for label, words, value in _slots(said):
        counts.setdefault((label, rules.same(words)), Counter())[rules.same(value)] += 1
    several = {
        key: min(values, key=lambda value: (-values[value], value))
        for key, values in counts.items()
        if len(values) > 1
    }
    kept = []
    for one in said:
        fits = all(
            several.get((slot.label, rules.same(slot.words)), own) == own
            for slot in _slots([one])
            for own in [rules.same(slot.value)]
        )
        if fits:
            kept.append(one)
        else:
            job.refuse("words_have_other_value", one.id)
    return kept


# intent -> key -> the rows of one text or sample.
_Groups = dict[str, dict[str, list[Said]]]


def _together(job: Job, said: Iterable[Said]) -> _Groups:
    """The rows of each sample, in the intent that has the most of them."""
    counts: dict[str, Counter[str]] = {}
    kept = list(said)
    for one in kept:
        counts.setdefault(one.key, Counter())[one.intent] += 1
    groups: _Groups = {}
    for one in kept:
        found = counts[one.key]
        if one.intent == min(found, key=lambda intent: (-found[intent], intent)):
            groups.setdefault(one.intent, {}).setdefault(one.key, []).append(one)
        else:
            job.refuse("sample_of_other_intent", one.id)
    samples = sum(len(keys) for keys in groups.values())
    rows = sum(len(group) for keys in groups.values() for group in keys.values())
    if samples < rows:
        job.note(f"{rows} rows are {samples} samples, since equal ones stand there once")
    return groups


def _apart(job: Job, said: Iterable[Said]) -> _Groups:
    """The rows with each text once in an intent."""
    groups: _Groups = {}
    for one in said:
        keys = groups.setdefault(one.intent, {})
        if one.key in keys:
            job.refuse("duplicate_text", one.id)
        else:
            keys[one.key] = [one]
    return groups


# -- limits ---------------------------------------------------------------------------------------


def _thinned(job: Job, groups: _Groups, rules: Rules) -> dict[str, list[str]]:
    """The keys of each intent, by name, that the limits leave; which go is decided by hash."""
    key = keyed.stream(0, "export", "samples")
    order = {
        intent: [names[at] for at in keyed.order(key, names)]
        for intent in sorted(groups)
        for names in [list(groups[intent])]
    }
    sizes: dict[str | None, int] = {intent: len(names) for intent, names in order.items()}
    if rules.texts is not None and any(size > rules.texts for size in sizes.values()):
        before = sizes
        sizes = {intent: min(size, rules.texts) for intent, size in sizes.items()}
        _say_sampled(job, "texts_of_intent", groups, order, sizes, before)
    if rules.characters is not None:
        before = sizes
        while (length := _length(order, sizes)) > rules.characters:
            total = sum(sizes.values())
            sizes = allot(sizes, min(total - 1, int(total * rules.characters / length)))
        if sizes is not before:
            _say_sampled(job, "characters", groups, order, sizes, before)
    return {
        intent: [name for name in groups[intent] if name in chosen]
        for intent, names in order.items()
        for chosen in [set(names[: sizes[intent]])]
        if chosen
    }


def _length(order: Mapping[str, list[str]], sizes: Mapping[str | None, int]) -> int:
    return sum(len(name) for intent, names in order.items() for name in names[: sizes[intent]])


def _say_sampled(
    job: Job,
    limit: str,
    groups: _Groups,
    order: Mapping[str, list[str]],
    after: Mapping[str | None, int],
    before: Mapping[str | None, int],
) -> None:
    """Say how many rows the samples that were left are, of those before."""

    def stand_for(sizes: Mapping[str | None, int]) -> int:
        return sum(
            len(groups[intent][key]) for intent in order for key in order[intent][: sizes[intent]]
        )

    _add_sampled(job, limit, stand_for(after), stand_for(before))


def _add_sampled(job: Job, limit: str, kept: int, of: int) -> None:
    earlier = job.sampled.get(limit, (0, 0))
    job.sampled[limit] = (earlier[0] + kept, earlier[1] + of)


# -- types of slots -------------------------------------------------------------------------------


def _types(job: Job, model: Model, said: Iterable[Said], rules: Rules) -> None:
    """Write the values of the slots into the model, each words once in a label."""
    words: dict[str, dict[str, Counter[str]]] = {}  # label -> same value -> words
    values: dict[str, dict[str, Counter[str]]] = {}  # label -> same value -> value
    for slot in _slots(said):
        value = rules.same(slot.value)
        words.setdefault(slot.label, {}).setdefault(value, Counter())[slot.words] += 1
        values.setdefault(slot.label, {}).setdefault(value, Counter())[slot.value] += 1
    for label in sorted(words):
        of = {
            rules.same(one): value for value, found in words[label].items() for one in found
        }  # whose words they are
        type, meant = model.types.setdefault(label, {}), model.meant.setdefault(label, {})
        for value in sorted(words[label], key=lambda v: (-words[label][v].total(), v)):
            found = [one for one, _ in _ordered(words[label][value])]
            found = list({rules.same(one): one for one in reversed(found)}.values())[::-1]
            means, times = _ordered(values[label][value])[0]
            model.altered += values[label][value].total() - times
            name = rules.named(means)
            if name is None or (rules.samples and of.get(rules.same(name), value) != value):
                name = found[0]
            if rules.samples:
                found = [one for one in found if rules.same(one) != rules.same(name)]
            type[name], meant[name] = found, means
    _limit_values(job, model, rules)


def _ordered(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _limit_values(job: Job, model: Model, rules: Rules) -> None:
    """Leave the most frequent values of a type that is too large, and of all types together."""

    def size(type: Mapping[str, list[str]]) -> int:
        return len(type) + sum(map(len, type.values()))

    whole = {label: size(type) for label, type in model.types.items()}
    sizes: dict[str | None, int] = {
        label: there if rules.values is None else min(there, rules.values)
        for label, there in whole.items()
    }
    if rules.all_values is not None:
        sizes = allot(sizes, rules.all_values)
    for label, type in model.types.items():
        if sizes[label] == whole[label]:
            continue
        left = sizes[label]
        for name in list(type):
            if left <= 0:
                del type[name], model.meant[label][name]
                continue
            type[name] = type[name][: left - 1]
            left -= 1 + len(type[name])
        _add_sampled(job, "values", size(type), whole[label])

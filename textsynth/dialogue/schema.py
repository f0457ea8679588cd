"""Schemas of services, in the form of the Schema-Guided Dialogue dataset (Rastogi et al. 2020).

A service has slots, and intents that need some of them, may take others, and give results. Read are
a JSON list of services with `service_name`, as the dataset's `schema.json` is, a single service, or
JSON lines; `service` does for `service_name`. Files may be packed with gzip.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textsynth.errors import GrammarError, did_you_mean

DONTCARE = "dontcare"  # the dataset's default of a slot that the user has no preference for
_NAME = re.compile(r"\w+\Z")


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot; `values` are the possible ones of a categorical slot, else none."""

    name: str
    description: str
    values: tuple[str, ...] = ()

    @property
    def boolean(self) -> bool:
        """Whether its values are True and False."""
        return {value.lower() for value in self.values} == {"true", "false"}


@dataclass(frozen=True, slots=True)
class Intent:
    """What users come for. `optional` maps slots to the value taken where nobody tells one."""

    name: str
    description: str
    transactional: bool
    required: tuple[str, ...]
    optional: Mapping[str, str]
    results: tuple[str, ...]

    @property
    def wanted(self) -> tuple[str, ...]:
        """The slots that users may tell."""
        return (*self.required, *(slot for slot in self.optional if slot not in self.required))


@dataclass(frozen=True, slots=True)
class Service:
    """A service: slots and intents by name."""

    name: str
    description: str
    slots: Mapping[str, Slot]
    intents: Mapping[str, Intent]


def read(path: Path) -> list[Service]:
    """The services of a schema.

    Raises:
        GrammarError: the file cannot be read, is not JSON, or describes no services; with the line,
            or with the service and the intent or slot.
    """
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text, plain or packed by gzip"
        raise GrammarError(
            f"the schema cannot be read: {reason}", where=str(path), fix="check the path"
        ) from error
    services: list[Service] = []
    for where, record in _records(text, path.name):
        service = _service(record, where)
        if service.name in {other.name for other in services}:
            raise GrammarError(
                f"two services are called {service.name!r}", where=where, fix="rename one of them"
            )
        services.append(service)
    if not services:
        raise GrammarError(
            "the schema describes no service",
            where=path.name,
            fix="write a JSON list of services, as in the Schema-Guided Dialogue dataset",
        )
    return services


def chosen(services: Sequence[Service], names: Iterable[str]) -> list[Service]:
    """The services of these names; all if none is named.

    Raises:
        GrammarError: there is no such service.
    """
    by_name = {service.name: service for service in services}
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in by_name:
            raise GrammarError(
                f"the schema has no service {name!r}", fix=did_you_mean(name, by_name)
            )
    return [by_name[name] for name in wanted] if wanted else list(services)


def _records(text: str, name: str) -> Iterator[tuple[str, Any]]:
    """(place, service as JSON)."""
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        whole, broken = None, error
    if isinstance(whole, list):
        yield from ((name, record) for record in whole)
    elif whole is not None:
        yield name, whole
    else:
        lines = [(at, line) for at, line in enumerate(text.splitlines(), 1) if line.strip()]
        for at, line in lines:
            try:
                yield f"{name}:{at}", json.loads(line)
            except json.JSONDecodeError as error:
                # a list over many lines, or a line of many: where the reading of it stopped
                stop = broken if at == lines[0][0] else error
                row = broken.lineno if at == lines[0][0] else at
                raise GrammarError(
                    f"this is not JSON: {stop.msg}",
                    where=f"{name}:{row}:{stop.colno}",
                    fix="write a JSON list of services, or a service a line",
                ) from error


class _Part:
    """An object of the schema with its place."""

    def __init__(self, record: Any, where: str) -> None:
        if not isinstance(record, dict):
            raise GrammarError("this is no JSON object", where=where, fix='write {"name": …}')
        self.record, self.where = record, where

    def wrong(self, message: str, fix: str) -> GrammarError:
        return GrammarError(message, where=self.where, fix=fix)

    def text(self, *keys: str, optional: bool = False) -> str:
        value = next((self.record[key] for key in keys if key in self.record), None)
        if optional and value is None:
            return ""
        if not isinstance(value, str) or not (value.strip() or optional):
            raise self.wrong(f"{keys[0]!r} is missing", f'write "{keys[0]}": "…"')
        return " ".join(value.split())

    def name(self, *keys: str) -> str:
        name = self.text(*keys)
        if not _NAME.match(name):
            fix = "write letters, digits and _ alone"
            raise self.wrong(f"{name!r} is no name", fix)
        return name

    def truth(self, key: str) -> bool:
        value = self.record.get(key)
        if not isinstance(value, bool):
            raise self.wrong(f"{key!r} is neither true nor false", f'write "{key}": false')
        return value

    def items(self, key: str, *, required: bool = True) -> list[Any]:
        value = self.record.get(key, None if required else [])
        if not isinstance(value, list):
            raise self.wrong(f"{key!r} is no list", f'write "{key}": […]')
        return value

    def words(self, key: str, *, required: bool = True) -> tuple[str, ...]:
        value = self.items(key, required=required)
        if not all(isinstance(item, str) and item.strip() for item in value):
            raise self.wrong(f"{key!r} holds something that is no text", f'write "{key}": ["…"]')
        if len(set(value)) < len(value):
            twice = next(item for at, item in enumerate(value) if item in value[:at])
            raise self.wrong(f"{key!r} names {twice!r} twice", "take one of them out")
        return tuple(value)

    def optional(self) -> dict[str, str]:
        value = self.record.get("optional_slots", {})
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            fix = 'map slots to defaults: "optional_slots": {"seats": "2"}'
            raise self.wrong("'optional_slots' is no object of texts", fix)
        return value


def _service(record: Any, where: str) -> Service:
    part = _Part(record, where)
    name = part.name("service_name", "service")
    where = f"{where}: service {name}"
    part = _Part(record, where)
    slots: dict[str, Slot] = {}
    for at, inner in enumerate(part.items("slots"), 1):
        slot = _slot(inner, where, at)
        if slot.name in slots:
            raise part.wrong(f"two slots are called {slot.name!r}", "rename one of them")
        slots[slot.name] = slot
    intents: dict[str, Intent] = {}
    for at, inner in enumerate(part.items("intents"), 1):
        intent = _intent(inner, where, at, slots)
        if intent.name in intents:
            raise part.wrong(f"two intents are called {intent.name!r}", "rename one of them")
        intents[intent.name] = intent
    if not intents:
        raise part.wrong("the service has no intents", 'write "intents": [{"name": …}]')
    return Service(name, part.text("description", optional=True), slots, intents)


def _slot(record: Any, where: str, at: int) -> Slot:
    name = _Part(record, f"{where}: slot {at}").name("name")
    part = _Part(record, f"{where}: slot {name}")
    values = part.words("possible_values", required=False)
    if not part.truth("is_categorical"):
        values = ()
    elif not values:
        raise part.wrong(
            "a categorical slot has no 'possible_values'",
            'write them, or "is_categorical": false',
        )
    return Slot(name, part.text("description", optional=True), values)


def _intent(record: Any, where: str, at: int, slots: Mapping[str, Slot]) -> Intent:
    name = _Part(record, f"{where}: intent {at}").name("name")
    part = _Part(record, f"{where}: intent {name}")
    intent = Intent(
        name=name,
        description=part.text("description", optional=True),
        transactional=part.truth("is_transactional"),
        required=part.words("required_slots"),
        optional=part.optional(),
        results=part.words("result_slots", required=False),
    )
    named = {
        "required_slots": intent.required,
        "optional_slots": tuple(intent.optional),
        "result_slots": intent.results,
    }
    for key, names in named.items():
        for slot in names:
            if slot not in slots:
                raise part.wrong(
                    f"{key!r} names {slot!r}, which is no slot of the service",
                    did_you_mean(slot, slots) or "add it to 'slots'",
                )
    return intent

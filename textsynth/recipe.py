"""The recipe: what to make, from what, and how. YAML checked by pydantic; errors name the line."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import PrivateAttr, ValidationInfo, field_validator, model_validator

from textsynth import recipefile, recipesources, registry
from textsynth.errors import RecipeError, did_you_mean
from textsynth.sections import (
    Bias,
    Card,
    Dialogues,
    Gate,
    Generate,
    Model,
    Privacy,
    Recognizer,
    Scrub,
    Section,
    Seeds,
    Server,
    Step,
    Templates,
    Tracking,
    Values,
    fault,
)

ENDING = {"evaluate", "gates", "export", "card"}
GATE = "`metric.figure <= number` (or >=, <, >)"
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*")
_GATE = re.compile(
    r"(?P<metric>\w+)\.(?P<figure>\w+)\s*(?P<sign><=|>=|<|>)\s*"
    r"(?P<limit>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
)


def _listed(value: object, kind: str, form: str) -> Sequence[object]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise fault(f"this is no list of {kind}", f"write a list, each as {form}")
    return value


def _gate(entry: object, at: int) -> Gate:
    """`privacy.mia_auc <= 0.55` as a gate; the metric must be known, its figures are not yet."""
    if isinstance(entry, Gate):
        return entry
    written = _GATE.fullmatch(entry.strip()) if isinstance(entry, str) else None
    if written is None:
        raise fault(f"{entry!r} is no gate", f"write it as {GATE}", at)
    fields = written.groupdict()
    known = registry.places("metrics")
    if fields["metric"] not in known:
        fix = did_you_mean(fields["metric"], known)
        raise fault(f"there is no metric {fields['metric']!r}", fix, at)
    return Gate.model_validate(fields)


def _require_once(exporters: Sequence[str]) -> None:
    """Each exporter has one folder in a run, so that a second of its name would take the place of
    the first."""
    for at, name in enumerate(exporters):
        if name in exporters[:at]:
            fix = f"take one out; write it afterwards: textsynth export RUN --to {name} -o FOLDER"
            raise fault(f"{name} is asked for twice, and a run has one folder for it", fix, at)


def _steps(value: object, kind: str) -> tuple[Step, ...]:
    """`exact` and `{near: {threshold: 0.8}}` as steps; names and options checked."""
    form = "`name` or `name: {option: value}`"
    steps = []
    for at, entry in enumerate(_listed(value, kind, form)):
        if isinstance(entry, Step):
            steps.append(entry)
            continue
        if isinstance(entry, Mapping) and len(entry) == 1:
            name, options = next(iter(entry.items()))
        else:
            name, options = entry, None
        if not isinstance(name, str) or not isinstance(options, Mapping | None):
            raise fault(f"{entry!r} names none of the {kind}", f"write a list, each as {form}", at)
        try:
            checked = registry.options(kind, name, options or {})
        except RecipeError as error:
            raise fault(error.message, error.fix, at) from error
        steps.append(Step(name=name, options=checked))
    return tuple(steps)


class Recipe(Section):
    """Everything a run depends on. Paths are absolute once loaded."""

    name: str
    seed: int = 0
    language: str = "en"
    seeds: Seeds | None = None
    scrub: Scrub | Literal[False] = Scrub()
    templates: Templates | None = None
    model: Model | None = None
    lists: Mapping[str, Values] = {}
    generate: Generate = Generate()
    dialogues: Dialogues | None = None
    filters: tuple[Step, ...] = (Step(name="exact"),)
    bias: Bias = Bias()
    evaluate: tuple[Step, ...] = ()
    gates: tuple[Gate, ...] = ()
    export: tuple[Step, ...] = (Step(name="huggingface"),)
    card: Card = Card()
    tracking: Tracking = Tracking()
    _folder: Path = PrivateAttr(default_factory=Path.cwd)

    @field_validator("name")
    @classmethod
    def _names_a_folder(cls, name: str) -> str:
        if not name.strip() or name in {".", ".."} or "/" in name or "\\" in name:
            fix = "write a plain name, such as `home`; -o puts the run elsewhere"
            raise fault(f"{name!r} names no folder in runs/", fix)
        return name

    @field_validator("language")
    @classmethod
    def _is_a_code(cls, language: str) -> str:
        if not _LANGUAGE.fullmatch(language):
            swapped = language.replace("_", "-")
            fix = swapped if _LANGUAGE.fullmatch(swapped) else "a code such as en or en-US"
            raise fault(f"{language!r} is no language code (BCP 47)", f"write {fix}")
        return language

    @field_validator("seeds", "templates", "model", "dialogues", mode="before")
    @classmethod
    def _not_bare(cls, value: object, info: ValidationInfo) -> object:
        if value is None:
            form = "base: auto" if info.field_name == "model" else "path: ..."
            fix = f"write `{info.field_name}: {{{form}}}`, or take the key out"
            raise fault("there is nothing below it", fix)
        return value

    @field_validator("filters", mode="before")
    @classmethod
    def _filters(cls, value: object) -> object:
        return _steps(value, "filters")

    @field_validator("evaluate", mode="before")
    @classmethod
    def _evaluate(cls, value: object) -> object:
        return _steps(value, "metrics")

    @field_validator("gates", mode="before")
    @classmethod
    def _gates(cls, value: object) -> object:
        return tuple(_gate(entry, at) for at, entry in enumerate(_listed(value, "gates", GATE)))

    @field_validator("export", mode="before")
    @classmethod
    def _export(cls, value: object) -> object:
        steps = _steps(value, "exporters")
        _require_once([step.name for step in steps])
        return steps

    @model_validator(mode="after")
    def _has_sources(self) -> Recipe:
        if self.seeds is None and self.templates is None and self.dialogues is None:
            fix = "name `seeds`, `templates` or both, or `dialogues`"
            raise fault("there is nothing to generate from", fix)
        if self.model is not None and self.seeds is None:
            fix = "name `seeds`, or leave `model` out"
            raise fault("the model learns from seeds, and there are none", fix, "model")
        if self.generate.distribution == "seeds" and self.seeds is None:
            raise fault(
                "the distribution is that of the seeds, and there are no seeds",
                "name `seeds`, or write the intents' shares",
                *("generate", "distribution"),
            )
        if self.lists and self.model is None:
            raise fault(
                "values are invented by the model, and there is none",
                "add `model: {base: auto}`",
                "lists",
            )
        private = self.model is not None and self.model.privacy is not None
        if private and self.lists:
            fix = "take `lists` out, or write the values into the templates"
            raise fault("a private run shows the model no values of seeds", fix, "lists")
        feeds = any(
            step.name == "adversarial" and step.options.get("feedback") for step in self.filters
        )
        if feeds and (self.model is None or self.model.backend != "local" or private):
            fix = "take `feedback` out, or let a model be trained here without `privacy`"
            raise fault(
                "with `feedback` the model learns from its own rows, and this one cannot",
                fix,
                "filters",
            )
        planned = {step.name for step in self.evaluate}
        for at, gate in enumerate(self.gates):
            if gate.metric not in planned:
                fix = f"add {gate.metric} to `evaluate`, or take the gate out"
                raise fault(f"{gate} is asked, and {gate.metric} is not measured", fix, "gates", at)
        shares = self.shares() if self.has_singles else {}
        missing = [name for name, share in shares.items() if share and not self._has(name)]
        if missing:
            section = {"seed": "seeds", "template": "templates", "model": "model"}[missing[0]]
            raise fault(
                f"it asks for {missing[0]} rows, but nothing makes them",
                f"add the section `{section}`, or share its part among the others",
                *("generate", "share", missing[0]),
            )
        return self

    @property
    def folder(self) -> Path:
        """The folder that the recipe lies in."""
        return self._folder

    @property
    def has_singles(self) -> bool:
        """Whether it makes utterances by themselves, beside dialogues or without them."""
        return self.seeds is not None or self.templates is not None

    def _has(self, origin: str) -> bool:
        part = {"seed": self.seeds, "template": self.templates, "model": self.model}[origin]
        return part is not None

    def shares(self) -> dict[str, float]:
        """The share of each origin: as asked, else templates and model alike, else seeds alone."""
        if self.generate.share is not None:
            return {str(origin): share for origin, share in self.generate.share.items()}
        made = [origin for origin in ("template", "model") if self._has(origin)] or ["seed"]
        return {origin: 1 / len(made) for origin in made}

    @classmethod
    def load(cls, path: str | Path, overrides: Iterable[str] = ()) -> Recipe:
        """Read a recipe; `overrides` are `a.b=value` with a YAML value.

        Raises:
            RecipeError: the file is missing, is no YAML or does not fit; with line and column.
        """
        path = Path(path)
        recipe = recipefile.read(path, overrides, cls, _known_keys)
        return _absolute(recipe, path.parent.resolve())

    def ending(self) -> str:
        """A digest of what changes no row: the figures, gates, exports and card of a run."""
        plain = self.model_dump(mode="json", include=ENDING)
        return hashlib.blake2b(
            json.dumps(plain, sort_keys=True).encode(), digest_size=16
        ).hexdigest()

    def fingerprint(self) -> str:
        """A digest of the rest and of the bytes it reads: equal fingerprints, equal rows."""
        digest = hashlib.blake2b(digest_size=16)
        plain = self.model_dump(mode="json", exclude={"tracking", *ENDING})
        if self.model is not None and self.model.server is not None:
            # the same rows with any of them; the model's name says which model it is
            for knob in ("url", "key_env", "concurrency", "timeout", "retries"):
                del plain["model"]["server"][knob]
        for section in ("seeds", "templates", "dialogues"):
            if plain[section]:
                plain[section]["path"] = None
        if self.dialogues is not None and self.dialogues.seeds is not None:
            plain["dialogues"]["seeds"] = None
        if self.model is not None:
            named = [None if recipesources.of_model(base) else base for base in self.model.bases]
            plain["model"]["base"], *plain["model"]["others"] = named
        for step, shown in zip(self.filters, plain["filters"], strict=True):
            for option, value in step.options.items():
                if recipesources.of_option(option, value):
                    shown["options"][option] = None
        digest.update(json.dumps(plain, sort_keys=True).encode())
        for source in self.sources():
            digest.update(source.name.encode())
            try:
                with source.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "blake2b").digest())
            except OSError as error:
                raise RecipeError(
                    f"cannot be read: {error.strerror}", where=str(source), fix="check the path"
                ) from error
        return digest.hexdigest()

    def sources(self) -> list[Path]:
        """The files it reads: seeds, templates, what filters are told to read, and models that are
        on this disk."""
        found = [self.seeds.path] if self.seeds else []
        for section in (self.templates, self.dialogues):
            found += recipesources.of_templates(section.path) if section else []
        if self.dialogues is not None and self.dialogues.seeds is not None:
            found.append(self.dialogues.seeds)
        for step in self.filters:
            for option, value in step.options.items():
                found += recipesources.of_option(option, value)
        return found + self._base_files()

    def _base_files(self) -> list[Path]:
        bases = () if self.model is None else self.model.bases
        return [file for base in bases for file in recipesources.of_model(base)]


def _absolute(recipe: Recipe, folder: Path) -> Recipe:
    changed: dict[str, Any] = {}
    if recipe.seeds:
        changed["seeds"] = recipe.seeds.model_copy(
            update={"path": (folder / recipe.seeds.path).resolve()}
        )
    if recipe.templates:
        changed["templates"] = recipe.templates.model_copy(
            update={"path": (folder / recipe.templates.path).resolve()}
        )
    if recipe.dialogues:
        paths = {"path": recipe.dialogues.path, "seeds": recipe.dialogues.seeds}
        changed["dialogues"] = recipe.dialogues.model_copy(
            update={key: (folder / path).resolve() for key, path in paths.items() if path}
        )
    if recipe.model:
        base, *others = (recipesources.absolute_model(b, folder) for b in recipe.model.bases)
        changed["model"] = recipe.model.model_copy(update={"base": base, "others": tuple(others)})
    for section in ("filters", "evaluate", "export"):
        changed[section] = tuple(
            step.model_copy(
                update={
                    "options": {
                        option: recipesources.absolute(option, value, folder)
                        for option, value in step.options.items()
                    }
                }
            )
            for step in getattr(recipe, section)
        )
    loaded = recipe.model_copy(update=changed)
    loaded._folder = folder
    return loaded


def _known_keys(place: Sequence[int | str]) -> list[str]:
    """The keys of the section at this place."""
    if place and place[0] == "lists":  # whose keys are names, which may be those of sections
        return list(Values.model_fields)
    sections: dict[str, type[Section]] = {
        "seeds": Seeds,
        "scrub": Scrub,
        "recognizers": Recognizer,
        "templates": Templates,
        "model": Model,
        "generate": Generate,
        "dialogues": Dialogues,
        "card": Card,
        "tracking": Tracking,
        "privacy": Privacy,
        "server": Server,
        "bias": Bias,
    }
    section: type[Section] = Recipe
    for part in place:
        section = sections.get(str(part), section)
    return list(section.model_fields)

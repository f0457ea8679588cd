"""The recipe: what to make, from what, and how. YAML checked by pydantic; an error names the line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from textsynth import registry
from textsynth.errors import RecipeError, did_you_mean

Share = Annotated[float, Field(ge=0, le=1)]
Origin = Literal["seed", "template", "model"]


class Section(BaseModel):
    """A part of the recipe: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Seeds(Section):
    """The seed corpus, and the share set aside before anything is learnt."""

    path: Path
    holdout: Annotated[float, Field(ge=0, lt=1)] = 0.0


class Scrub(Section):
    """What Presidio looks for and what happens to labels."""

    entities: Literal["all"] | tuple[str, ...] = "all"
    keep: tuple[str, ...] = ()
    labels: Mapping[str, Literal["surrogate", "values", "keep"]] = {}
    min_score: Share = 0.35


class Templates(Section):
    """A grammar file, or a folder of them."""

    path: Path


class Model(Section):
    """The language model and how it is fine-tuned."""

    base: str = "auto"
    epochs: Annotated[int, Field(ge=1, le=100)] = 8
    learning_rate: Annotated[float, Field(gt=0, lt=1)] = 4e-4
    rank: Annotated[int, Field(ge=1, le=256)] = 16


class Generate(Section):
    """How much of what."""

    per_intent: Annotated[int, Field(ge=1)] = 200
    per_pattern: Annotated[int, Field(ge=1)] = 5
    share: Mapping[Origin, Share] | None = None
    budget: Annotated[float, Field(ge=1)] = 8
    temperature: Annotated[float, Field(gt=0, le=5)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95

    @field_validator("share")
    @classmethod
    def _sums_to_one(cls, share: Mapping[str, float] | None) -> Mapping[str, float] | None:
        if share is not None and abs(sum(share.values()) - 1) > 1e-6:
            raise ValueError(f"the shares add up to {sum(share.values()):g}, not to 1")
        return share


class Step(Section):
    """A filter or exporter by name, with its options."""

    name: str
    options: Mapping[str, Any] = {}


class Card(Section):
    """What the dataset card cannot know by itself."""

    license: str = "other"


def _steps(value: object, kind: str) -> object:
    """`exact` and `{near: {threshold: 0.8}}` as steps; names and options checked."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ValueError(f"write a list of {kind}")
    steps = []
    for entry in value:
        if isinstance(entry, Step):
            steps.append(entry)
            continue
        if isinstance(entry, Mapping) and len(entry) == 1:
            name, options = next(iter(entry.items()))
        else:
            name, options = entry, None
        if not isinstance(name, str) or not isinstance(options, Mapping | None):
            raise ValueError("write each as `name` or `name: {option: value}`")
        try:
            checked = registry.options(kind, name, options or {})
        except RecipeError as error:
            raise ValueError(f"{error.message}; {error.fix}") from error
        steps.append(Step(name=name, options=checked))
    return tuple(steps)


class Recipe(Section):
    """Everything a run depends on. Paths are absolute once loaded."""

    name: Annotated[str, Field(min_length=1)]
    seed: int = 0
    language: str = "en"
    seeds: Seeds | None = None
    scrub: Scrub | Literal[False] = Scrub()
    templates: Templates | None = None
    model: Model | None = None
    generate: Generate = Generate()
    filters: tuple[Step, ...] = (Step(name="exact"),)
    export: tuple[Step, ...] = (Step(name="huggingface"),)
    card: Card = Card()

    @field_validator("filters", mode="before")
    @classmethod
    def _filters(cls, value: object) -> object:
        return _steps(value, "filters")

    @field_validator("export", mode="before")
    @classmethod
    def _export(cls, value: object) -> object:
        return _steps(value, "exporters")

    @model_validator(mode="after")
    def _has_sources(self) -> Recipe:
        if self.seeds is None and self.templates is None:
            raise ValueError("there is nothing to generate from: name `seeds`, `templates` or both")
        if self.model is not None and self.seeds is None:
            raise ValueError("the model learns from seeds: name `seeds`, or leave `model` out")
        missing = [origin for origin, share in self.shares().items() if share and not self._has(origin)]
        if missing:
            raise ValueError(f"generate.share asks for {missing[0]} rows, but nothing makes them")
        return self

    def _has(self, origin: str) -> bool:
        part = {"seed": self.seeds, "template": self.templates, "model": self.model}[origin]
        return part is not None

    def shares(self) -> dict[str, float]:
        """The share of each origin: as asked, else equal parts of templates and model, else seeds."""
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
        return _load(cls, Path(path), overrides)

    def fingerprint(self) -> str:
        """A digest of the recipe and the bytes it reads: equal fingerprints, equal runs."""
        digest = hashlib.blake2b(digest_size=16)
        plain = self.model_dump(mode="json")
        for section, key in (("seeds", "path"), ("templates", "path")):
            if plain[section]:
                plain[section][key] = None
        digest.update(json.dumps(plain, sort_keys=True).encode())
        for source in self.sources():
            digest.update(source.name.encode())
            try:
                digest.update(hashlib.blake2b(source.read_bytes()).digest())
            except OSError as error:
                raise RecipeError(
                    f"cannot be read: {error.strerror}", where=str(source), fix="check the path"
                ) from error
        return digest.hexdigest()

    def sources(self) -> list[Path]:
        """The files it reads, sorted."""
        found = [self.seeds.path] if self.seeds else []
        if self.templates:
            path = self.templates.path
            inside = [p for p in path.rglob("*") if p.suffix in {".yaml", ".yml", ".json"}]
            found += sorted(inside) if path.is_dir() else [path]
        return found


def _load(kind: type[Recipe], path: Path, overrides: Iterable[str]) -> Recipe:
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        there = sorted(p.as_posix() for p in Path("templates").glob("*/recipe.yaml"))
        hint = f"recipes here: {', '.join(there)}" if there else "name a recipe's YAML file"
        problem = "there is no such recipe" if not path.exists() else f"cannot be read: {error}"
        raise RecipeError(problem, where=str(path), fix=hint) from error
    yaml = YAML()
    yaml.allow_duplicate_keys = False
    try:
        data = yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        excerpt = _excerpt(text, mark.line, mark.column) if mark else None
        raise RecipeError(
            f"the YAML does not parse: {error.problem}",
            where=place,
            excerpt=excerpt,
            fix="mend the line above",
        ) from error
    except (YAMLError, ValueError) as error:
        problem = str(error).partition("\n")[0]
        raise RecipeError(
            f"the YAML does not parse: {problem}", where=str(path), fix="save it as plain YAML"
        ) from error
    if not isinstance(data, CommentedMap):
        raise RecipeError(
            "a recipe is a mapping of keys to values", where=str(path), fix="start with `name:`"
        )
    for override in overrides:
        _override(data, override, yaml)
    try:
        recipe = kind.model_validate(_plain(data))
    except ValidationError as error:
        raise _recipe_error(error, data, path, text) from error
    return _absolute(recipe, path.parent.resolve())


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    return [_plain(value) for value in data] if isinstance(data, list) else data


def _override(data: Any, override: str, yaml: Any) -> None:
    dotted, equals, value = override.partition("=")
    if not equals or not dotted:
        raise RecipeError(f"{override!r} sets nothing", fix="write --set key.key=value")
    *parents, last = dotted.split(".")
    for parent in parents:
        if not isinstance(data.get(parent), dict):
            data[parent] = {}
        data = data[parent]
    try:
        data[last] = yaml.load(value)
    except Exception as error:  # whatever the parser says, the place is the option
        raise RecipeError(f"the value of {dotted!r} is no YAML: {value!r}") from error


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
    if recipe.model and recipe.model.base.startswith("."):
        changed["model"] = recipe.model.model_copy(
            update={"base": str((folder / recipe.model.base).resolve())}
        )
    return recipe.model_copy(update=changed)


def _recipe_error(error: ValidationError, data: Any, path: Path, text: str) -> RecipeError:
    problem = error.errors()[0]
    place = [part for part in problem["loc"] if not _is_type_name(part)]
    line, column = _position(data, place)
    key = ".".join(str(part) for part in place) or "the recipe"
    message, fix = f"{key}: {problem['msg'].removeprefix('Value error, ')}", None
    if problem["type"] == "extra_forbidden":
        message = f"the key {str(place[-1])!r} is unknown"
        fix = did_you_mean(str(place[-1]), _known_keys(place[:-1]))
    elif problem["type"] == "missing":
        message = f"the key {str(place[-1])!r} is missing"
        fix = f"add `{place[-1]}:`"
    more = len(error.errors()) - 1
    if more:
        message += f" (and {more} more)"
    where = f"{path}:{line + 1}:{column + 1}"
    return RecipeError(
        message,
        where=where,
        excerpt=_excerpt(text, line, column),
        fix=fix or "see docs/recipe.md",
    )


def _is_type_name(part: int | str) -> bool:
    # pydantic names the branch of a union it tried: `Scrub`, `literal[False]`
    return isinstance(part, str) and (part in {"Scrub"} or "[" in part or "(" in part)


def _known_keys(place: Sequence[int | str]) -> list[str]:
    section: type[BaseModel] = Recipe
    for part in place:
        section = {
            "seeds": Seeds,
            "scrub": Scrub,
            "templates": Templates,
            "model": Model,
            "generate": Generate,
            "card": Card,
        }.get(str(part), section)
    return list(section.model_fields)


def _position(data: Any, place: Sequence[int | str]) -> tuple[int, int]:
    line, column = 0, 0
    for part in place:
        try:
            line, column = data.lc.key(part) if isinstance(data, dict) else data.lc.item(part)
            data = data[part]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return line, column


def _excerpt(text: str, line: int, column: int) -> str | None:
    lines = text.splitlines()
    if line >= len(lines):
        return None
    return f"  {lines[line]}\n  {' ' * column}^"

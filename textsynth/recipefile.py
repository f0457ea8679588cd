"""A recipe's YAML: read, overridden from the command line, and checked; errors name the line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from textsynth.errors import RecipeError, did_you_mean

Kind = TypeVar("Kind", bound=BaseModel)
NO_FLOWS = "name the folder of flows in the recipe under `dialogues`: `dialogues: {path: flows}`"
# What ruamel says, in part, and what to do about it.
_YAML_REMEDIES = {
    "duplicate key": "keep one of them",
    r"'\t'": "indent with spaces",
    "escape character": "use single quotes, or / in paths",
}
# What pydantic misses, in our words.
_NO_MAPPING = ("this is no mapping", "write `key: value` pairs below it")
_KINDS = {
    "model_type": _NO_MAPPING,
    "mapping_type": _NO_MAPPING,
    "dict_type": _NO_MAPPING,
    "tuple_type": ("this is no list", "write a list, such as `[a, b]`"),
    "path_type": ("this is no path", "write one file or folder"),
}
# `lists` is a key of both.
_TEMPLATE_KEYS = {"intents", "lists", "expansion_rules"}
_RECIPE_KEYS = {"name", "seeds", "templates", "dialogues"}
KnownKeys = Callable[[Sequence[int | str]], list[str]]


def read(path: Path, overrides: Iterable[str], kind: type[Kind], known_keys: KnownKeys) -> Kind:
    """A file's YAML as a model of this kind; `overrides` are `a.b=value` with a YAML value, and
    `known_keys` gives the keys there are at a place, for what is misspelt.

    Raises:
        RecipeError: the file is missing, is no YAML or does not fit; with line and column.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import MarkedYAMLError

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RecipeError(
            f"the recipe is not UTF-8: {error.reason} at byte {error.start}",
            where=str(path),
            fix="save it as UTF-8",
        ) from error
    except OSError as error:
        there = sorted(p.as_posix() for p in Path("templates").glob("*/recipe.yaml"))
        hint = f"recipes here: {', '.join(there)}" if there else "name a recipe's YAML file"
        missing = isinstance(error, FileNotFoundError)
        problem = "there is no such recipe" if missing else f"cannot be read: {error.strerror}"
        raise RecipeError(problem, where=str(path), fix=hint) from error
    yaml = YAML()
    yaml.allow_duplicate_keys = False
    try:
        data = yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark and error.context_mark and _excerpt(text, mark.line, 0) is None:
            mark = error.context_mark  # what was not closed, rather than the end of the file
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        excerpt = _excerpt(text, mark.line, mark.column) if mark else None
        raise RecipeError(
            f"the YAML does not parse: {error.problem}",
            where=place,
            excerpt=excerpt,
            fix=_yaml_remedy(str(error.problem)),
        ) from error
    except Exception as error:  # beside its own errors ruamel lets Index- and RecursionErrors out
        problem = str(error).partition("\n")[0]
        raise RecipeError(
            f"the YAML does not parse: {problem}", where=str(path), fix="save it as plain YAML"
        ) from error
    if not isinstance(data, CommentedMap):
        raise RecipeError(
            "a recipe is a mapping of keys to values", where=str(path), fix="start with `name:`"
        )
    if _TEMPLATE_KEYS & data.keys() and not _RECIPE_KEYS & data.keys():
        raise RecipeError(
            "this is a template file, and no recipe",
            where=str(path),
            fix=f"name it in a recipe under `templates`: `templates: {{path: {path.name}}}`",
        )
    written = {_override(data, override, yaml): override for override in overrides}
    try:
        return kind.model_validate(_plain(data))
    except ValidationError as error:
        raise _recipe_error(error, data, path, text, written, known_keys) from error
    except RecursionError as error:
        raise RecipeError(
            "an anchor stands for something that holds it", where=str(path), fix="write it out"
        ) from error


def _yaml_remedy(problem: str) -> str:
    for part, fix in _YAML_REMEDIES.items():
        if part in problem:
            return fix
    return "mend the line above"


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    return [_plain(value) for value in data] if isinstance(data, list) else data


def _override(data: Any, override: str, yaml: Any) -> tuple[str, ...]:
    """Set `a.b=value` in `data`; returns the keys, `("a", "b")`."""
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
        raise RecipeError(
            f"the value of {dotted!r} is no YAML: {value!r}", fix="write --set key.key=value"
        ) from error
    return (*parents, last)


def _recipe_error(
    error: ValidationError,
    data: Any,
    path: Path,
    text: str,
    written: Mapping[tuple[str, ...], str],
    known_keys: KnownKeys,
) -> RecipeError:
    """The first problem; unknown keys before missing ones, since a misspelt key causes both."""
    problems = sorted(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
    problem = problems[0]
    context = problem.get("ctx", {}) if problem["type"] == "textsynth" else {}
    place = [*_place(problem), *context.get("at", ())]
    key = ".".join(str(part) for part in place if isinstance(part, str)) or "the recipe"
    message, fix = f"{key}: {problem['msg']}", context.get("fix", "see docs/recipe.md")
    if problem["type"] == "extra_forbidden":
        message = f"the key {str(place[-1])!r} is unknown"
        fix = did_you_mean(str(place[-1]), known_keys(place[:-1]))
    elif problem["type"] == "missing":
        message, fix = f"the key {str(place[-1])!r} is missing", f"add `{place[-1]}:`"
        option = _makes_section(written, place[:-1], data)
        if option is not None:
            fix = f"write it in the recipe, under `{'.'.join(map(str, place[:-1]))}`"
            fix = NO_FLOWS if key == "dialogues.path" else fix
            return RecipeError(f"the key {key!r} is missing", where=f"--set {option}", fix=fix)
    elif problem["type"] in _KINDS:
        told, fix = _KINDS[problem["type"]]
        message = f"{key}: {told}"
        if problem["type"] == "tuple_type" and isinstance(problem["input"], str):
            fix = f"write a list: `[{problem['input']}]`"
    others = {tuple(_place(other)) for other in problems}
    # a branch of a union complains of the whole where another one complains of a part
    more = sum(all(other == o or other != o[: len(other)] for o in others) for other in others) - 1
    if more:
        message += f" (and {more} more)"
    for keys, override in written.items():
        shared = min(len(keys), len(place))
        if shared and tuple(map(str, place[:shared])) == keys[:shared]:
            return RecipeError(message, where=f"--set {override}", fix=fix)
    line, column = _position(data, place)
    where = f"{path}:{line + 1}:{column + 1}"
    return RecipeError(message, where=where, excerpt=_excerpt(text, line, column), fix=fix)


def _makes_section(
    written: Mapping[tuple[str, ...], str], place: Sequence[int | str], data: Any
) -> str | None:
    """The override, if any, without which the section at `place` would not be there."""
    for part in place:
        data = data[part]
    if not place or hasattr(data, "lc"):  # ruamel's own mappings stand in the file
        return None
    section = tuple(map(str, place))
    return next(
        (option for keys, option in written.items() if keys[: len(section)] == section), None
    )


def _place(problem: Any) -> list[int | str]:
    """The keys and indices that lead to a problem."""
    *within, last = problem["loc"] or [""]
    if problem["type"] in {"extra_forbidden", "missing"}:  # a key, whatever it looks like
        return [*(part for part in within if not _is_type_name(part)), last]
    return [part for part in problem["loc"] if not _is_type_name(part)]


def _is_type_name(part: int | str) -> bool:
    # pydantic names the branch of a union it tried: `Scrub`, `literal[False]`
    return isinstance(part, str) and (part in {"Scrub"} or "[" in part or "(" in part)


def _position(data: Any, place: Sequence[int | str]) -> tuple[int, int]:
    """Line and column, from 0, of the innermost part of `place` that ruamel has a mark for."""
    line, column = 0, 0
    for part in place:
        try:
            marks = data.lc
            line, column = marks.key(part) if isinstance(data, dict) else marks.item(part)
            data = data[part]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return line, column


def _excerpt(text: str, line: int, column: int) -> str | None:
    lines = text.splitlines()
    if line >= len(lines):
        return None
    return f"  {lines[line]}\n  {' ' * column}^"

"""Names that a recipe may use, each the place of a plain function: `module:function`.

Plug-ins add to these through the entry-point groups `textsynth.filters`, `textsynth.metrics`,
`textsynth.exporters` and `textsynth.grammar_exporters`.
Looking a name up imports its module and no other.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from pydantic import TypeAdapter, ValidationError

from textsynth.errors import RecipeError, did_you_mean

BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "filters": {
        "exact": "textsynth.filters.exact:exact",
        "near": "textsynth.filters.near:near",
        "semantic": "textsynth.filters.semantic:semantic",
        "label": "textsynth.filters.label:label",
        "quality": "textsynth.filters.quality:quality",
        "leak": "textsynth.filters.leak:leak",
        "memorised": "textsynth.filters.memorised:memorised",
        "adversarial": "textsynth.filters.adversarial:adversarial",
    },
    "metrics": {
        "diversity": "textsynth.evaluate.diversity:diversity",
        "fidelity": "textsynth.evaluate.fidelity:fidelity",
        "utility": "textsynth.evaluate.utility:utility",
        "privacy": "textsynth.evaluate.privacy:privacy",
        "bias": "textsynth.evaluate.bias:bias",
        "mixing": "textsynth.evaluate.mixing:mixing",
        "dialogues": "textsynth.evaluate.dialogues:dialogues",
    },
    "exporters": {
        "huggingface": "textsynth.export.huggingface:export",
        "rasa": "textsynth.export.rasa:export",
        "jsonl": "textsynth.export.flat:jsonl",
        "csv": "textsynth.export.flat:csv",
        "parquet": "textsynth.export.flat:parquet",
        "alexa": "textsynth.export.alexa:export",
        "lex": "textsynth.export.lex:export",
        "dialogflow": "textsynth.export.dialogflow:export",
        "dialogflow_cx": "textsynth.export.dialogflow_cx:export",
        "snips": "textsynth.export.snips:export",
        "homeassistant": "textsynth.export.homeassistant:export",
        "jsgf": "textsynth.export.jsgf:export",
        "conll": "textsynth.export.conll:export",
        "spacy": "textsynth.export.spacy:export",
        "chat": "textsynth.export.chat:export",
        "sgd": "textsynth.export.sgd:export",
        "convlab": "textsynth.export.convlab:export",
    },
    "grammar_exporters": {
        "homeassistant": "textsynth.export.grammars.homeassistant:export",
        "chatito": "textsynth.export.grammars.chatito:export",
        "jsgf": "textsynth.export.grammars.jsgf:export",
    },
}


@cache
def places(kind: str) -> Mapping[str, str]:
    """All names of a kind (`filters`, `metrics`, `exporters`, `grammar_exporters`) with where their
    functions live."""
    added = {point.name: point.value for point in entry_points(group=f"textsynth.{kind}")}
    return {**added, **BUILT_IN[kind]}


def find(kind: str, name: str) -> Callable[..., Any]:
    """The function behind a name.

    Raises:
        RecipeError: there is no such name (did-you-mean), or its plug-in cannot be imported.
    """
    known = places(kind)
    if name not in known:
        raise RecipeError(f"{kind[:-1]} {name!r} is unknown", fix=did_you_mean(name, known))
    module, _, attribute = known[name].partition(":")
    try:
        function: Callable[..., Any] = getattr(import_module(module), attribute)
    except Exception as error:  # a plug-in's module may raise what it likes
        raise RecipeError(
            f"{kind[:-1]} {name!r} cannot be loaded from {known[name]}: {error}",
            fix="repair or uninstall the plug-in that names it",
        ) from error
    return function


def options(kind: str, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a step, checked against the keyword-only parameters of its function.

    Raises:
        RecipeError: an unknown option (did-you-mean) or a value of the wrong kind.
    """
    function = find(kind, name)
    parameters = {
        parameter.name: Any if parameter.annotation is parameter.empty else parameter.annotation
        for parameter in inspect.signature(function, eval_str=True).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    checked = {}
    for option, value in given.items():
        if option not in parameters:
            raise RecipeError(
                f"{name} has no option {option!r}", fix=did_you_mean(option, parameters)
            )
        try:
            checked[option] = TypeAdapter(parameters[option]).validate_python(value)
        except ValidationError as error:
            problem = error.errors()[0]["msg"]
            raise RecipeError(
                f"{name}.{option}: {problem}", fix=f"give {option} another value"
            ) from error
    return checked


def about_figures(metric: str) -> Mapping[str, Any]:
    """What each figure of a metric is (`evaluate.About`), by its name; nothing where the metric's
    module does not say."""
    found: Mapping[str, Any] = getattr(inspect.getmodule(find("metrics", metric)), "ABOUT", {})
    return found


def summary(kind: str, name: str) -> str:
    """The first line of a function's docstring."""
    return (inspect.getdoc(find(kind, name)) or "").partition("\n")[0]

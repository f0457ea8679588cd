"""The recipe: what loads, and that every fault is one message with its place and its fix."""

from __future__ import annotations

import os
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from textsynth.errors import RecipeError
from textsynth.recipe import Recipe

GOOD = """\
name: home
seed: 7
seeds: {path: seeds.jsonl, holdout: 0.2}
scrub: {keep: [room], labels: {artist: slot}}
templates: {path: intents}
model: {base: auto, epochs: 2}
generate: {per_intent: 10, share: {template: 0.5, model: 0.5}}
filters: [exact, {label: {min_margin: 0.1}}, leak, {adversarial: {rounds: 3}}]
export: [huggingface]
card: {license: apache-2.0}
"""
SMALL = "name: a\ntemplates: {path: t}\n"


def load(folder: Path, text: str | bytes, *overrides: str) -> Recipe:
    """Write a recipe and load it."""
    path = folder / "recipe.yaml"
    path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
    return Recipe.load(path, overrides)


def fault(folder: Path, text: str | bytes, *overrides: str) -> RecipeError:
    """The error that a recipe gives; all of them name a place and a fix."""
    with pytest.raises(RecipeError) as caught:
        load(folder, text, *overrides)
    assert caught.value.fix
    return caught.value


@pytest.mark.parametrize(
    ("written", "sign", "limit"),
    [
        ("diversity.distinct_2 >= 0.4", ">=", 0.4),
        ("diversity.distinct_2<=.5", "<=", 0.5),
        (" diversity.distinct_2  <  -2 ", "<", -2),
        ("diversity.distinct_2 > 1e-3", ">", 0.001),
    ],
)
def test_gates(tmp_path: Path, written: str, sign: str, limit: float) -> None:
    recipe = load(tmp_path, SMALL + f"evaluate: [diversity]\ngates: ['{written}']\n")
    (gate,) = recipe.gates
    assert (gate.metric, gate.figure) == ("diversity", "distinct_2")
    assert (gate.sign, gate.limit) == (sign, limit)


def test_what_is_measured_makes_no_other_run(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    plain = load(tmp_path, SMALL).fingerprint()
    gates = "evaluate: [diversity]\ngates: [diversity.distinct_2 >= 0.4]\n"
    assert load(tmp_path, SMALL + gates).fingerprint() == plain
    assert load(tmp_path, SMALL + "bias: {counterfactual: true}\n").fingerprint() != plain


# -- what loads -------------------------------------------------------------------------------


def test_a_whole_recipe(tmp_path: Path) -> None:
    recipe = load(tmp_path, GOOD)
    assert recipe.name == "home"
    assert recipe.seed == 7
    assert recipe.seeds is not None and recipe.seeds.holdout == 0.2
    assert recipe.scrub is not False and recipe.scrub.labels == {"artist": "slot"}
    assert recipe.model is not None and recipe.model.epochs == 2
    assert recipe.shares() == {"template": 0.5, "model": 0.5}
    assert [step.name for step in recipe.filters] == ["exact", "label", "leak", "adversarial"]
    assert recipe.filters[1].options == {"min_margin": 0.1}
    assert recipe.card.license == "apache-2.0"


def test_what_is_left_out_has_defaults(tmp_path: Path) -> None:
    recipe = load(tmp_path, SMALL)
    assert recipe.seeds is None and recipe.model is None
    assert recipe.scrub is not False
    assert [step.name for step in recipe.filters] == ["exact"]
    assert [step.name for step in recipe.export] == ["huggingface"]
    assert recipe.shares() == {"template": 1.0}


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("name: a\nseeds: {path: s.jsonl}\n", {"seed": 1.0}),
        ("name: a\nseeds: {path: s.jsonl}\nmodel: {}\n", {"model": 1.0}),
        (SMALL + "seeds: {path: s.jsonl}\n", {"template": 1.0}),
        (SMALL + "seeds: {path: s.jsonl}\nmodel: {}\n", {"template": 0.5, "model": 0.5}),
        (SMALL + "seeds: {path: s}\ngenerate: {share: {seed: 1}}\n", {"seed": 1.0}),
    ],
)
def test_shares(tmp_path: Path, text: str, shares: dict[str, float]) -> None:
    assert load(tmp_path, text).shares() == shares


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + SMALL.encode(),
        SMALL.replace("\n", "\r\n").encode(),
        SMALL + "scrub: false\n",
        SMALL + "filters: []\n",
        "{name: a, templates: {path: t}}",
        '{"name": "a", "templates": {"path": "t"}}',
    ],
)
def test_other_spellings_load_too(tmp_path: Path, text: str | bytes) -> None:
    assert load(tmp_path, text).name == "a"


def test_paths_are_relative_to_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "packs" / "home").mkdir(parents=True)
    (tmp_path / "model").mkdir()
    text = GOOD.replace("seeds.jsonl", "../../data/s.jsonl").replace(
        "base: auto", "base: ../../model"
    )
    (tmp_path / "packs" / "home" / "recipe.yaml").write_text(text)
    monkeypatch.chdir(tmp_path / "packs")
    recipe = Recipe.load(Path("home/recipe.yaml"))
    assert recipe.seeds is not None and recipe.seeds.path == tmp_path / "data" / "s.jsonl"
    assert recipe.templates is not None
    assert recipe.templates.path == tmp_path / "packs" / "home" / "intents"
    assert recipe.model is not None and recipe.model.base == str(tmp_path / "model")


@pytest.mark.parametrize(
    ("base", "there", "relative"),
    [
        ("auto", True, False),
        ("org/model", False, False),
        ("org/model", True, True),
        ("./org/model", False, True),
    ],
)
def test_a_base_model_is_a_folder_where_there_is_one(
    tmp_path: Path, base: str, there: bool, relative: bool
) -> None:
    if there:
        (tmp_path / base).mkdir(parents=True)
    recipe = load(tmp_path, f"name: a\nseeds: {{path: s}}\nmodel: {{base: {base}}}\n")
    assert recipe.model is not None
    assert recipe.model.base == (str(tmp_path / base) if relative else base)


def test_other_models_are_read_as_the_first_is(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "config.json").write_text("{}")
    text = "name: a\nseeds: {path: s}\nmodel: {others: [./own, org/b]}\n"
    (tmp_path / "s").write_text("")
    recipe = load(tmp_path, text)
    assert recipe.model is not None and recipe.model.bases == (
        "auto",
        str(tmp_path / "own"),
        "org/b",
    )
    assert tmp_path / "own" / "config.json" in recipe.sources()
    before = recipe.fingerprint()
    assert load(tmp_path, text.replace("org/b", "org/c")).fingerprint() != before
    (tmp_path / "own").rename(tmp_path / "moved")
    moved = load(tmp_path, text.replace("./own", "./moved"))
    assert moved.fingerprint() == before  # what a model is counts, not where it lies
    (tmp_path / "moved" / "config.json").write_text("{ }")
    assert moved.fingerprint() != before


# -- faults of the file -----------------------------------------------------------------------


def test_a_recipe_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="there is no such recipe") as caught:
        Recipe.load(tmp_path / "recipe.yaml")
    assert caught.value.where == str(tmp_path / "recipe.yaml")
    assert caught.value.fix


def test_a_recipe_that_is_not_there_brings_those_that_are_to_mind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "templates" / "car").mkdir(parents=True)
    (tmp_path / "templates" / "car" / "recipe.yaml").write_text(SMALL)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecipeError) as caught:
        Recipe.load("recipe.yaml")
    assert caught.value.fix == "recipes here: templates/car/recipe.yaml"


def test_a_folder_is_no_recipe(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot be read: Is a directory"):
        Recipe.load(tmp_path)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "- name: a\n", "home\n", "42\n", "---\n"])
def test_a_recipe_is_a_mapping(tmp_path: Path, text: str) -> None:
    error = fault(tmp_path, text)
    assert error.message == "a recipe is a mapping of keys to values"
    assert error.where == str(tmp_path / "recipe.yaml")


def test_a_recipe_that_is_not_utf8(tmp_path: Path) -> None:
    error = fault(tmp_path, "name: café\n".encode("latin-1"))
    assert "not UTF-8" in error.message
    assert error.fix == "save it as UTF-8"


@pytest.mark.parametrize(
    ("text", "line", "column", "excerpt"),
    [
        ("name: [a\n", 1, 7, "  name: [a\n        ^"),
        ("name: a\n\tseed: 1\n", 2, 1, "  \tseed: 1\n  ^"),
        ("name: 'a\n", 1, 7, "  name: 'a\n        ^"),
        ("name: a: b\n", 1, 8, "  name: a: b\n         ^"),
        ("name: *nobody\n", 1, 7, "  name: *nobody\n        ^"),
        ("name: a\nname: b\n", 2, 1, "  name: b\n  ^"),
        ("seeds:\n  path: a\n  path: b\n", 3, 3, "    path: b\n    ^"),
        ("name: a\n---\nname: b\n", 2, 1, "  ---\n  ^"),
        ("name: a\n seed: 1\n", 2, 6, "   seed: 1\n       ^"),
    ],
)
def test_yaml_that_does_not_parse(
    tmp_path: Path, text: str, line: int, column: int, excerpt: str
) -> None:
    error = fault(tmp_path, text)
    assert error.message.startswith("the YAML does not parse: ")
    assert error.where == f"{tmp_path / 'recipe.yaml'}:{line}:{column}"
    assert error.excerpt == excerpt


def test_a_duplicate_key_is_named(tmp_path: Path) -> None:
    assert 'duplicate key "name"' in fault(tmp_path, "name: a\nname: b\n").message


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("name: a\nname: b\n", "keep one of them"),
        ("name: a\n\tseed: 1\n", "indent with spaces"),
        (r'name: "tpl\home.yaml"', "use single quotes, or / in paths"),
        ("name: [a\n", "mend the line above"),
    ],
)
def test_the_remedy_fits_the_fault_of_the_yaml(tmp_path: Path, text: str, fix: str) -> None:
    assert fault(tmp_path, text).fix == fix


@pytest.mark.parametrize("text", ["name: \x07\n", "[" * 4000, "card: &a {license: *a}\nname: b\n"])
def test_yaml_that_breaks_parsers_is_one_message(tmp_path: Path, text: str) -> None:
    fault(tmp_path, text)


@pytest.mark.parametrize("text", ["language: en\nintents: {}\n", "lists: {a: {values: [b]}}\n"])
def test_a_template_file_is_no_recipe(tmp_path: Path, text: str) -> None:
    error = fault(tmp_path, text)
    assert error.message == "this is a template file, and no recipe"
    assert "`templates: {path: recipe.yaml}`" in (error.fix or "")


# -- faults of the content --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "fix"),
    [
        (SMALL + "sede: 1\n", 3, 1, "the key 'sede' is unknown", "did you mean 'seed'?"),
        (SMALL + "generate:\n  seed: 3\n  per_intnet: 3\n", 4, 3,
         "the key 'seed' is unknown (and 1 more)", "there are: best_of, budget"),
        (SMALL + "generate:\n  per_pattern: 3\n  per_intnet: 3\n", 5, 3,
         "the key 'per_intnet' is unknown", "did you mean 'per_intent'?"),
        (SMALL + "generate: {per_pattern: {sead: 2}}\n", 3, 26, "'sead' is no origin of rows",
         "did you mean 'seed'?"),
        (SMALL + "generate: {per_pattern: {seed: 2, model: 0}}\n", 3, 35, "0 is no number of rows",
         "write 1, 2, 3 or more"),
        (SMALL + "generate: {per_pattern: many}\n", 3, 12, "'many' is no number of rows",
         "write 1, 2, 3 or more"),
        (SMALL + "scrub: {kep: [a]}\n", 3, 9, "the key 'kep' is unknown", "did you mean 'keep'?"),
        (SMALL + "foo(bar): 1\n", 3, 1, "the key 'foo(bar)' is unknown", "there are: bias"),
        (SMALL + "? [a]\n: 1\n", 1, 1, "is unknown", "there are: bias"),
        # a misspelt key comes before the missing one that it stands for
        ("nmae: a\ntemplates: {path: t}\n", 1, 1, "the key 'nmae' is unknown", "'name'"),
        ("name: a\nseeds:\n  pth: t\n", 3, 3, "the key 'pth' is unknown", "'path'"),
        ("templates: {path: t}\n", 1, 1, "the key 'name' is missing", "add `name:`"),
        ("name: a\nseed: 1\nseeds:\n  holdout: 0\n", 3, 1, "the key 'path' is missing", "`path:`"),
        ("name: 3\ntemplates: {path: t}\n", 1, 1, "name: Input should be a valid string", ""),
        (SMALL + "seed: soon\n", 3, 1, "seed: Input should be a valid integer", ""),
        (SMALL + "generate: many\n", 3, 1, "generate: this is no mapping", "key: value"),
        (SMALL + "scrub: true\n", 3, 1, "scrub: this is no mapping", "key: value"),
        (SMALL + "scrub: {keep: room}\n", 3, 9, "scrub.keep: this is no list", "`[room]`"),
        (SMALL + "bias: {balance: gender}\n", 3, 8, "bias.balance: this is no list", "`[gender]`"),
        (SMALL + "bias: {balance: 3}\n", 3, 8, "bias.balance: this is no list", "`[a, b]`"),
        (SMALL + "scrub: {deny: [x]}\n", 3, 9, "scrub.deny: this is no mapping", "key: value"),
        ("name: a\ntemplates: {path: [a, b]}\n", 2, 13, "templates.path: this is no path",
         "write one file or folder"),
        ("name: a/../../b\n", 1, 1, "name: 'a/../../b' names no folder in runs/", "such as `home`"),
        (r"name: a\b" + "\n", 1, 1, "names no folder in runs/", "a plain name"),
        ("name: ..\n", 1, 1, "name: '..' names no folder in runs/", "a plain name"),
        ("name: ' '\n", 1, 1, "name: ' ' names no folder in runs/", "a plain name"),
        (SMALL + "language: english\n", 3, 1, "'english' is no language code", "en or en-US"),
        (SMALL + "language: en_US\n", 3, 1, "language: 'en_US' is no", "write en-US"),
        (SMALL + "scrub:\n  labels:\n    artist: replace\n", 5, 5,
         "scrub.labels.artist: Input should be 'surrogate', 'slot', 'mask', 'drop_row' or 'keep'",
         ""),
        (SMALL + "generate: {per_intent: 0}\n", 3, 12, "greater than or equal to 1", ""),
        (SMALL + "generate: {per_intent: 1.5}\n", 3, 12, "generate.per_intent", ""),
        (SMALL + "seeds: {path: s, holdout: 1}\n", 3, 18, "seeds.holdout", ""),
        (SMALL + "generate: {budget: .nan}\n", 3, 12, "generate.budget", ""),
        (SMALL + "generate:\n  share: {template: 0.5, model: 0.4}\n", 4, 3,
         "generate.share: the shares add up to 0.9, not to 1", "shares of the whole"),
        (SMALL + "generate: {share: {}}\n", 3, 12, "add up to 0, not to 1", ""),
        (SMALL + "generate: {share: {tmplate: 1}}\n", 3, 20,
         "generate.share.tmplate: Input should be 'seed', 'template' or 'model'", ""),
        (SMALL + "generate: {share: {template: 0.5, model: 0.5}}\n", 3, 35,
         "generate.share.model: it asks for model rows, but nothing makes them",
         "add the section `model`"),
        (SMALL + "generate: {share: {seed: 1}}\n", 3, 20, "asks for seed rows", "`seeds`"),
        (SMALL + "model: {epochs: 2}\n", 3, 1, "model: the model learns from seeds",
         "name `seeds`, or leave `model` out"),
        (SMALL + "seeds:\n", 3, 1, "seeds: there is nothing below it", "`seeds: {path: ...}`"),
        (SMALL + "model:\n", 3, 1, "model: there is nothing", "`model: {base: auto}`, or take"),
        (SMALL + "dialogues: null\n", 3, 1, "dialogues: there is nothing", "or take the key out"),
        (SMALL + "seeds: {path: s}\nlists: {x: {invent: 3}}\n", 4, 1, "invented by the model",
         "add `model: {base: auto}`"),
        ("name: a\n", 1, 1, "the recipe: there is nothing to generate from", "`templates`"),
        (SMALL + "filters: exact\n", 3, 1, "filters: this is no list of filters", "write a list"),
        (SMALL + "filters:\n", 3, 1, "filters: this is no list of filters", "write a list"),
        (SMALL + "filters: [3]\n", 3, 11, "filters: 3 names none of the filters", "write a list"),
        (SMALL + "filters:\n- exact\n- {exact: {}, leak: {}}\n", 5, 3, "names none", ""),
        (SMALL + "filters: [exact: 5]\n", 3, 11, "names none of the filters", ""),
        (SMALL + "filters: [exact, labl]\n", 3, 18, "filters: filter 'labl' is unknown",
         "did you mean 'label'? there are: adversarial, exact, label, leak"),
        (SMALL + "filters:\n- exact\n- label: {min_margn: 1}\n", 5, 3,
         "filters: label has no option 'min_margn'", "did you mean 'min_margin'?"),
        (SMALL + "filters: [exact: {a: 1}]\n", 3, 11, "exact has no option 'a'", "there are none"),
        (SMALL + "filters: [label: {min_margin: x}]\n", 3, 11, "label.min_margin", "min_margin"),
        (SMALL + "filters: [adversarial: {drop: 5}]\n", 3, 11, "adversarial.drop", "drop"),
        (SMALL + "evaluate: [divrsity]\n", 3, 12, "evaluate: metric 'divrsity' is unknown",
         "did you mean 'diversity'?"),
        (SMALL + "gates: privacy.mia_auc <= 1\n", 3, 1, "gates: this is no list of gates",
         "write a list, each as `metric.figure <= number`"),
        (SMALL + "evaluate: [diversity]\ngates: [diversity.distinct_2 => 1]\n", 4, 9,
         "'diversity.distinct_2 => 1' is no gate", "`metric.figure <= number` (or >=, <, >)"),
        (SMALL + "evaluate: [diversity]\ngates:\n- diversity.a <= 1\n- divrsity.b < 2\n", 6, 3,
         "there is no metric 'divrsity'", "did you mean 'diversity'?"),
        (SMALL + "gates: [diversity.distinct_2 >= 0.4]\n", 3, 9,
         "diversity.distinct_2 >= 0.4 is asked, and diversity is not measured",
         "add diversity to `evaluate`"),
        (SMALL + "bias: {balance: [age]}\n", 3, 18, "bias.balance: Input should be", ""),
        (SMALL + "export: [hugingface]\n", 3, 10, "export: exporter 'hugingface' is unknown",
         "did you mean 'huggingface'?"),
        (SMALL + "export:\n- jsonl\n- lex: {locale: en-GB}\n- lex: {locale: en-US}\n", 6, 3,
         "lex is asked for twice", "textsynth export RUN --to lex -o FOLDER"),
        (SMALL + "lists: {room: {invnt: 5}}\n", 3, 16, "the key 'invnt' is unknown",
         "did you mean 'invent'? there are: invent"),
        (SMALL + "lists: {scrub: {mode: 5}}\n", 3, 17, "the key 'mode' is unknown",
         "there are: invent"),
        (SMALL + "scrub:\n  recognizers:\n  - {entity: ID, regexp: x}\n", 5, 18,
         "the key 'regexp' is unknown", "did you mean 'regex'? there are: context, entity, regex"),
    ],
)  # fmt: skip
def test_faults(tmp_path: Path, text: str, line: int, column: int, message: str, fix: str) -> None:
    error = fault(tmp_path, text)
    assert message in error.message
    assert fix in (error.fix or "")
    assert error.where == f"{tmp_path / 'recipe.yaml'}:{line}:{column}"
    assert error.excerpt == f"  {text.splitlines()[line - 1]}\n  {' ' * (column - 1)}^"


def test_further_faults_are_counted(tmp_path: Path) -> None:
    error = fault(tmp_path, SMALL + "seed: x\ngenerate: {per_intent: 0, budget: 0}\n")
    assert error.message.endswith("(and 2 more)")


# -- overrides --------------------------------------------------------------------------------


def test_overrides_are_yaml_and_reach_into_sections(tmp_path: Path) -> None:
    recipe = load(
        tmp_path,
        GOOD,
        "generate.per_intent=3",
        "seed=9",
        "scrub.keep=[room, device]",
        "filters=[exact, {label: {min_margin: 0.2}}]",
        "card.license=a=b",
        "model.rank=4",
        "generate.share=",
    )
    assert recipe.generate.per_intent == 3
    assert recipe.seed == 9
    assert recipe.scrub is not False and recipe.scrub.keep == ("room", "device")
    assert recipe.filters[1].options == {"min_margin": 0.2}
    assert recipe.card.license == "a=b"
    assert recipe.model is not None and (recipe.model.rank, recipe.model.epochs) == (4, 2)
    assert recipe.generate.share is None


def test_an_override_makes_the_section_that_is_not_there(tmp_path: Path) -> None:
    assert load(tmp_path, SMALL, "card.license=mit").card.license == "mit"


@pytest.mark.parametrize(
    ("override", "message", "fix"),
    [
        ("seed", "'seed' sets nothing", "write --set key.key=value"),
        ("=3", "'=3' sets nothing", "write --set key.key=value"),
        ("seed={a: b: c", "the value of 'seed' is no YAML", "write --set key.key=value"),
        ("seed=soon", "seed: Input should be a valid integer", ""),
        ("seed=", "seed: Input should be a valid integer", ""),
        ("name.first=3", "name: Input should be a valid string", ""),
        ("generate.per_intnet=3", "the key 'per_intnet' is unknown", "did you mean 'per_intent'?"),
        ("sede=3", "the key 'sede' is unknown", "did you mean 'seed'?"),
        ("generate.share.template=0.5", "the shares add up to 0.5", ""),
        ("filters.0.rounds=3", "this is no list of filters", ""),
        ("a..b=3", "the key 'a' is unknown", "there are:"),
        ("dialogues.per_flow=5", "the key 'dialogues.path' is missing", "the folder of flows"),
        ("seeds.holdout=0.1", "the key 'seeds.path' is missing", "in the recipe, under `seeds`"),
        ("seeds={holdout: 0.1}", "the key 'path' is missing", "add `path:`"),
    ],
)
def test_bad_overrides(tmp_path: Path, override: str, message: str, fix: str) -> None:
    error = fault(tmp_path, SMALL, override)
    assert message in error.message
    assert fix in (error.fix or "")
    # the place is the option: the line of the file is not what has to change
    assert "sets nothing" in message or "no YAML" in message or error.where == f"--set {override}"
    assert error.excerpt is None


# -- fingerprint ------------------------------------------------------------------------------


READING = GOOD.replace("auto", "./model").replace(
    "{label: {min_margin: 0.1}}",
    "{memorised: {texts: [published.txt]}}, {label: {model: ./judge, reader: reader.gguf}}",
)


def folder_with(path: Path, **changed: Any) -> Recipe:
    """A recipe with the files it reads, in a folder of its own."""
    files = {
        "recipe.yaml": READING,
        "seeds.jsonl": "{}\n",
        "intents/a.yaml": "intents: {}\n",
        "intents/deep/b.yml": "lists: {}\n",
        "model/config.json": "{}\n",
        "model/model.safetensors": "weights",
        "published.txt": "what was published\n",
        "judge/model.safetensors": "more weights",
        "reader.gguf": "yet more weights",
        "intents/notes.txt": "not read",
        "other.txt": "not read",
        **changed,
    }
    for name, content in files.items():
        if content is not None:
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(content)
    return Recipe.load(path / "recipe.yaml")


def test_the_sources_are_the_files_that_are_read(tmp_path: Path) -> None:
    sources = folder_with(tmp_path).sources()
    assert [source.relative_to(tmp_path).as_posix() for source in sources] == [
        "seeds.jsonl",
        "intents/a.yaml",
        "intents/deep/b.yml",
        "published.txt",
        "judge/model.safetensors",
        "reader.gguf",
        "model/config.json",
        "model/model.safetensors",
    ]


@pytest.mark.parametrize(
    ("templates", "read"),
    [
        ("a.ini", ["a.ini", "slots/deep/x", "slots/y"]),
        ("a.intent", ["a.entity", "a.intent"]),
        ("a.chatito", ["a.chatito", "../common.chatito", "../more.chatito"]),
        ("../up/B.INI", ["../up/B.INI", "../up/slots/y"]),
        ("../up/B.INTENT", ["../up/B.ENTITY", "../up/B.INTENT"]),
        ("../up/B.CHATITO", ["../up/B.CHATITO", "../more.chatito", "../common.chatito"]),
        ("../up", ["../up/B.CHATITO", "../more.chatito", "../common.chatito", "../up/B.ENTITY",
                   "../up/B.INI", "../up/B.INTENT", "../up/slots/y"]),
        (".", ["a.chatito", "../common.chatito", "../more.chatito", "a.entity", "a.ini",
               "a.intent", "recipe.yaml", "slots/deep/x", "slots/y"]),
        ("gone.yaml", ["gone.yaml"]),
    ],
)  # fmt: skip
def test_templates_are_read_with_what_they_name(
    tmp_path: Path, templates: str, read: list[str]
) -> None:
    (tmp_path / "in/slots/deep").mkdir(parents=True)
    for name in ("a.ini", "a.intent", "a.entity", "slots/deep/x", "slots/y", "notes.txt"):
        (tmp_path / "in" / name).write_text(name)
    (tmp_path / "in/a.chatito").write_text("import ../common.chatito\nimport gone.chatito\n")
    (tmp_path / "up/slots").mkdir(parents=True)
    for name in ("B.INI", "B.INTENT", "B.ENTITY", "slots/y"):
        (tmp_path / "up" / name).write_text(name)
    (tmp_path / "up/B.CHATITO").write_text("import ../more.chatito\n")
    (tmp_path / "common.chatito").write_text("import 'more.chatito'\n")
    (tmp_path / "more.chatito").write_text("import common.chatito\n~[a]\n    b\n")
    (tmp_path / "in/recipe.yaml").write_text(f"name: a\ntemplates: {{path: {templates}}}\n")
    found = Recipe.load(tmp_path / "in/recipe.yaml").sources()
    assert [os.path.relpath(path, tmp_path / "in") for path in found] == read


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True),
        ({"intents/notes.txt": "changed"}, True),
        ({"other.txt": "changed"}, True),
        ({"seeds.jsonl": "{} \n"}, False),
        ({"intents/a.yaml": "intents: {x: }\n"}, False),
        ({"intents/deep/b.yml": None}, False),
        ({"intents/c.json": "{}"}, False),
        ({"intents/C.YAML": "intents: {y: }\n"}, False),
        ({"model/model.safetensors": "other weights"}, False),
        ({"published.txt": "what else was published\n"}, False),
        ({"judge/model.safetensors": "other weights"}, False),
        ({"judge/1_Pooling/config.json": "{}"}, False),
        ({"reader.gguf": "other weights"}, False),
        ({"recipe.yaml": READING.replace("seed: 7", "seed: 8")}, False),
        ({"recipe.yaml": "# a remark\n" + READING}, True),
        ({"recipe.yaml": GOOD}, False),
    ],
)
def test_the_fingerprint_changes_with_content_and_not_with_place(
    tmp_path: Path, changed: dict[str, Any], same: bool
) -> None:
    first = folder_with(tmp_path / "here")
    other = folder_with(tmp_path / "and" / "there", **changed)
    assert (first.fingerprint() == other.fingerprint()) is same
    assert first.fingerprint() == first.fingerprint()


@pytest.mark.parametrize("missing", ["seeds.jsonl", "intents"])
def test_a_source_that_is_not_there_has_no_fingerprint(tmp_path: Path, missing: str) -> None:
    gone = {"seeds.jsonl": ["seeds.jsonl"]}.get(
        missing, ["intents/a.yaml", "intents/deep/b.yml", "intents/notes.txt"]
    )
    recipe = folder_with(tmp_path, **dict.fromkeys(gone))
    with pytest.raises(RecipeError, match="cannot be read: No such file") as caught:
        recipe.fingerprint()
    assert caught.value.where == str(tmp_path / missing)

"""The house rules of imports, read from the sources: who may know whom, and what loads when."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import textsynth

ROOT = Path(textsynth.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
HEAVY = {"torch", "transformers", "spacy", "presidio_analyzer", "datasets", "sklearn", "peft",
         "sentence_transformers", "scipy", "gradio", "ray", "httpx", "mlflow",
         "opacus", "mauve", "matplotlib", "seqeval", "pycrfsuite", "vaderSentiment"}  # fmt: skip

CORE = {"errors", "keyed", "corpus", "values", "patterns", "models", "modelfiles", "gguffiles",
        "firstnames", "gendered", "linefile", "pronouns", "swaps", "turns", "progress",
        "engines"}  # fmt: skip
# Between the core and the pipeline: what a run consists of, and what it is told by.
RUNNING = {"recipe", "sections", "recipefile", "recipesources", "recipetext", "registry", "run",
           "diagnose"}  # fmt: skip
LEAVES = {"seeds", "scrub", "grammar", "lm", "filters", "dialogue", "voice", "evaluate", "export",
          "importers"}  # fmt: skip
COMPOSERS = {"pipeline", "supply"}
SURFACE = {"cli", "terminal", "studio", "textsynth", "__main__"}

KNOWN = {
    **dict.fromkeys(CORE, CORE),
    **dict.fromkeys(RUNNING, CORE | RUNNING),
    **dict.fromkeys(LEAVES, CORE),
    **dict.fromkeys(COMPOSERS, CORE | RUNNING | LEAVES | COMPOSERS),
    **dict.fromkeys(SURFACE, CORE | RUNNING | COMPOSERS | SURFACE),
}
# The exceptions, each by its name: (file, what it imports).
EXCEPTIONS = {
    ("dialogue", "grammar"),
    ("export", "grammar"),
    ("importers", "grammar"),
    ("filters/leak", "scrub"),
    ("filters/reading", "lm"),
}


def parts(file: Path) -> tuple[str, str]:
    """(layer, file without its suffix): `filters/exact.py` is (filters, filters/exact)."""
    inside = file.relative_to(ROOT).with_suffix("")
    layer = inside.parts[0] if inside.parts != ("__init__",) else "textsynth"
    return layer, inside.as_posix()


def imported(file: Path, *, everywhere: bool) -> Iterator[str]:
    """Dotted names that a file imports: in functions too, or while it loads only. What stands under
    `if TYPE_CHECKING:` is never run and does not count."""

    def walk(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.orelse:
                yield from walk(child)
            return
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if everywhere or not inside:
            for child in ast.iter_child_nodes(node):
                yield from walk(child)

    yield from walk(ast.parse(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("file", FILES, ids=lambda file: parts(file)[1])
def test_a_module_knows_only_whom_it_may(file: Path) -> None:
    layer, name = parts(file)
    assert layer in KNOWN, f"{layer} belongs to no layer: give it one in {__file__}"
    ours = [dotted.split(".") for dotted in imported(file, everywhere=True)]
    known = {words[1] for words in ours if words[0] == "textsynth" and len(words) > 1}
    allowed = KNOWN[layer] | {layer} | {what for who, what in EXCEPTIONS if who in {layer, name}}
    assert known <= allowed, f"{name} must not import {', '.join(sorted(known - allowed))}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: parts(file)[1])
def test_heavy_modules_are_imported_where_they_are_needed(file: Path) -> None:
    loaded = {dotted.split(".")[0] for dotted in imported(file, everywhere=False)}
    assert not loaded & HEAVY


def test_the_reader_sees_what_it_should(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(
        "import torch.nn\n"
        "from textsynth import corpus\n"
        "if TYPE_CHECKING:\n    import spacy\n"
        "try:\n    import peft\nexcept ImportError:\n    pass\n"
        "class A:\n    import scipy\n    def f(self):\n        from sklearn import svm\n"
    )
    at_load = {"torch.nn", "textsynth.corpus", "peft", "scipy"}
    assert set(imported(file, everywhere=False)) == at_load
    assert set(imported(file, everywhere=True)) == at_load | {"sklearn.svm"}

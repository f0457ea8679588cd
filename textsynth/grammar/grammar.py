"""A pack of templates: loaded, counted, and checked for names that are defined nowhere."""

from __future__ import annotations

from collections.abc import Sequence as Several
from pathlib import Path

from textsynth.errors import GrammarError
from textsynth.grammar import document, reading
from textsynth.grammar.counting import count
from textsynth.grammar.lint import lint
from textsynth.grammar.model import Grammar
from textsynth.grammar.scope import get_intent, shared_scopes
from textsynth.grammar.undefined import open_references, undefined

__all__ = ["Grammar", "count", "get_intent", "lint", "load", "loads", "require_closed"]
SUFFIXES = (".yaml", ".yml", ".json")
NO_TEMPLATES = ("export-report.json", "names.json")  # what stands beside templates in an export


def load(paths: Path | Several[Path], language: str = "en") -> Grammar:
    """Read a file, a folder (with its subfolders) or several of them as one pack, in `language`
    where they name none.

    Files are merged as Home Assistant merges them, in the order of their names: mappings and lists
    grow, single values are replaced. Places are relative to the folder, or the bare file name.

    Raises:
        GrammarError: nothing there, or something that cannot be read, at its place.
    """
    given = [paths] if isinstance(paths, Path) else list(paths)
    files = [found for path in given for found in _files(path)]
    if not files:
        raise GrammarError(
            "there are no template files",
            where=", ".join(str(path) for path in given) or None,
            fix=f"name files that end in {', '.join(SUFFIXES)}, or a folder of them",
        )
    top, *others = [document.read(path, name) for path, name in files]
    for other in others:
        document.merge(top, other)
    return reading.grammar(top, language)


def loads(text: str, name: str = "template") -> Grammar:
    """Read a pack from YAML (or JSON) text.

    Raises:
        GrammarError: as `load`.
    """
    return reading.grammar(document.parse(text, name))


def _files(path: Path) -> list[tuple[Path, str]]:
    if not path.exists():
        raise GrammarError("there is no such file or folder", where=str(path), fix="check the path")
    if path.is_dir():
        found = sorted(
            p
            for p in path.rglob("*")
            if p.suffix.lower() in SUFFIXES
            and p.name not in NO_TEMPLATES
            and not p.name.startswith("._")  # of macOS, which keeps attributes there
            and p.is_file()
        )
        return [(p, p.relative_to(path).as_posix()) for p in found]
    return [(path, path.name)]


def require_closed(grammar: Grammar, intents: Several[str] | None = None) -> None:
    """Check that all lists and rules that sentences need are defined, and none needs itself.

    Raises:
        GrammarError: at the first reference to a name defined nowhere, or with the path of a cycle.
    """
    scopes = shared_scopes(grammar, 0)
    for name in grammar.intents if intents is None else intents:
        intent = get_intent(grammar, name)
        for block in intent.blocks:
            scope = scopes.of(intent, block)
            for sentence in block.sentences:
                scope.order(sentence.tree, scope.memo.setdefault("closed", set()))
                for called, reference, holder in open_references(scope, sentence.tree):
                    raise undefined(scope, sentence, called, reference, holder)

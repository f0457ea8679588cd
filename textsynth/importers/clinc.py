"""Intent sets as CLINC150 has them (Larson et al. 2019): a JSON object, for each split a list of
pairs [text, intent]. The rows of `oos_train` are of the split `train`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from textsynth.corpus import Utterance
from textsynth.errors import GrammarError, SeedError
from textsynth.grammar.document import Items, Scalar
from textsynth.importers import jsonfile
from textsynth.importers.examples import Notes, Options

_OUT_OF_SCOPE = "oos_"


def examples(path: Path, notes: Notes, options: Options) -> Iterator[Utterance]:
    """The rows of a file, those of `options.split` where it is given.

    Raises:
        GrammarError: what cannot be read, at its place.
        SeedError: no such split.
    """
    top = jsonfile.load(path, path.name)
    splits = list(dict.fromkeys(name.removeprefix(_OUT_OF_SCOPE) for name in top.fields))
    if options.split is not None and options.split not in splits:
        fix = f"there are: {', '.join(splits)}"
        raise SeedError(f"there is no split {options.split!r}", where=path.name, fix=fix)
    for name, part in top.fields.items():
        split = name.removeprefix(_OUT_OF_SCOPE)
        if options.split not in (None, split):
            continue
        if not isinstance(part, Items):
            where = part.place.at()
            raise GrammarError(f"{name!r} is no list", where=where, fix='["text", "intent"], …')
        for item in part.items:
            where = item.place.at()
            if not isinstance(item, Items) or len(item.items) != 2:
                notes.refuse("row_not_a_pair", where)
                continue
            text, intent = (
                node.text if isinstance(node, Scalar) and not node.plain else 0
                for node in item.items
            )
            row = notes.utterance(where, text, intent, split=split)
            if row is not None:
                yield row

"""Datasets of the Hugging Face hub, or their folders on disk, by the `datasets` library."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from textsynth import models
from textsynth.corpus import Utterance
from textsynth.errors import SeedError
from textsynth.importers import table
from textsynth.importers.examples import Notes, Options

ID = re.compile(r"[\w.-]+/[\w.-]+\Z")
_ON_DISK = ("dataset_dict.json", "state.json")


def examples(source: Path | str, notes: Notes, options: Options) -> Iterator[Utterance]:
    """The rows of a dataset, as those of a table; `source` is a folder or an id of the hub.

    Raises:
        SeedError: it cannot be loaded, or has no column or split of a name that is needed.
    """
    yield from table.from_rows(rows(source, options), str(source), notes, options)


def rows(source: Path | str, options: Options) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of all splits, or of `options.split`, each with its place; a ClassLabel by its name.

    Raises:
        SeedError: it cannot be loaded, or there is no such split.
    """
    # What a folder holds is kept nowhere else: the library's own cache would outlast every scrub.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
        yield from _rows(_load(source, cache), source, options)


def _rows(
    loaded: Any, source: Path | str, options: Options
) -> Iterator[tuple[str, dict[str, Any]]]:
    from datasets import ClassLabel, DatasetDict

    parts = loaded if isinstance(loaded, DatasetDict) else {str(loaded.split or "train"): loaded}
    if options.split is not None and options.split not in parts:
        fix = f"there are: {', '.join(sorted(parts))}"
        raise SeedError(f"there is no split {options.split!r}", where=str(source), fix=fix)
    for split, part in parts.items():
        if options.split not in (None, split):
            continue
        named = {name: kind for name, kind in part.features.items() if isinstance(kind, ClassLabel)}
        for number, row in enumerate(part):
            for name, kind in named.items():
                # -1 is what datasets write where there is no label
                known = row[name] is not None and row[name] >= 0
                row[name] = kind.int2str(row[name]) if known else None
            yield f"{source}:{split}[{number}]", {**row, "split": split}


def _load(source: Path | str, cache: str) -> Any:
    from datasets import load_dataset, load_from_disk

    folder = isinstance(source, Path)
    try:
        with models.quiet():
            if isinstance(source, Path) and any((source / name).exists() for name in _ON_DISK):
                return load_from_disk(str(source))
            if folder:
                return load_dataset(str(source), cache_dir=cache)
            return load_dataset(str(source))
    except Exception as error:  # the library raises what its readers like
        problem = str(error).partition("\n")[0] or type(error).__name__
        fix = "give a folder that `datasets.load_dataset` opens"
        if not folder:
            fix = "check the id and the network, or download it and give its folder"
        raise SeedError(
            f"is no dataset that can be loaded: {problem}", where=str(source), fix=fix
        ) from error

"""Runs in an environment with convlab: what its own loaders make of a dataset.

    python convlab_reader.py FOLDER

FOLDER is the dataset. One object: `splits` (dialogues of each split), `understanding` (words and
acts of each turn, by split), `tracking` (of each turn of the user: turns before it, and the state),
`domains` of the ontology, `delexicalised` (texts in which the spans are replaced).
"""

import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from types import ModuleType

# what the file of the loaders imports for other functions, as (module, name)
UNUSED = (
    ("convlab", ""),
    ("convlab.util", ""),
    ("convlab.util.file_util", "cached_path"),
    ("sentence_transformers", "SentenceTransformer"),
    ("sentence_transformers", "util"),
    ("torch", ""),
    ("tqdm", "tqdm"),
)


def loaders(root: Path) -> object:
    """The module of ConvLab's loaders, as if its file were below `root`, where it looks for
    datasets. The package around it is not imported, since that would import all of its models."""
    package = importlib.util.find_spec("convlab")
    file = Path(package.submodule_search_locations[0]) / "util" / "unified_datasets_util.py"
    for name, attribute in UNUSED:
        setattr(sys.modules.setdefault(name, ModuleType(name)), attribute or "unused", None)
    spec = importlib.util.spec_from_file_location("unified_datasets_util", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.__file__ = str(root / "convlab" / "util" / file.name)
    return module


def main(folder: Path) -> dict:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "data" / "unified_datasets").mkdir(parents=True)
        (root / "data" / "unified_datasets" / folder.name).symlink_to(folder.resolve())
        convlab = loaders(root)
        dataset = convlab.load_dataset(folder.name)
        ontology = convlab.load_ontology(folder.name)
    understanding = convlab.load_nlu_data(dataset, speaker="all")
    tracking = convlab.load_dst_data(dataset)
    return {
        "splits": {split: len(dialogues) for split, dialogues in dataset.items()},
        "understanding": {
            split: [[turn["utterance"], turn["dialogue_acts"]] for turn in turns]
            for split, turns in understanding.items()
        },
        "tracking": {
            split: [[len(turn["context"]), turn["state"]] for turn in turns]
            for split, turns in tracking.items()
        },
        "domains": sorted(ontology["domains"]),
        "delexicalised": delexicalised(convlab, dataset),
    }


def delexicalised(convlab, dataset) -> list:
    """Texts in which ConvLab has replaced the spans."""
    done, _ = convlab.create_delex_data(dataset, lambda domain, slot, value: f"[{slot}]")
    return [
        turn["delex_utterance"]
        for dialogues in done.values()
        for dialogue in dialogues
        for turn in dialogue["turns"]
    ]


json.dump(main(Path(sys.argv[1])), sys.stdout)

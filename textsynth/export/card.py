"""The dataset card: what a corpus is, how it was made, what it holds, what to beware of.

The metadata follows https://huggingface.co/docs/hub/datasets-cards. Texts are hostile until
escaped: none may break the Markdown or the metadata.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from textsynth.corpus import count_by, turns
from textsynth.export import About, single_utterances
from textsynth.export.carddialogues import facts

CARD = "README.md"
SPLITS = ("train", "validation", "test")
# configurations and their folders; the first is what is loaded without a name
UTTERANCES, TOKENS, DIALOGUES, MESSAGES = "default", "tokens", "dialogues", "messages"
FOLDERS = {
    UTTERANCES: "data",
    TOKENS: "tokens",
    DIALOGUES: "dialogues",
    MESSAGES: "messages",
}
TAGS = ("synthetic", "textsynth")
GATED = "gated"  # of a corpus that missed a gate

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
)

# name: (type, what it is), for the card; in the order of the schema
COLUMNS: Mapping[str, tuple[str, str]] = {
    "id": ("string", "stable name of the row: the same recipe and key give the same id"),
    "text": ("string", "the utterance"),
    "intent": ("ClassLabel", "what the speaker wants; the names are in `features`"),
    "slots": (
        "list of {start, end, label, value}",
        "the values in the text: `text[start:end]` is the surface, counted in Python characters, "
        "and `value` is what it means",
    ),
    "pattern": ("string", "the text with its values replaced by `{label}`"),
    "language": ("string", "BCP 47 code"),
    "origin": ("string", "`seed`, `template`, `model` or `name`; see above"),
    "generation": ("int8", "0: real text; 1: made from real text; n + 1: made from generation n"),
    "parents": (
        "list of string",
        "ids of the seeds or templates that it comes from; of a twin, first the row it is of",
    ),
    "scores": ("list of {name, value}", "what the filters measured"),
}

TOKEN_COLUMNS: Mapping[str, tuple[str, str]] = {
    "id": ("string", "the row of the utterance"),
    "tokens": ("list of string", "words and single signs, cut where a slot begins or ends"),
    "tags": (
        "list of ClassLabel",
        "of each token in IOB2: `B-` and `I-` with the label of the slot that it begins or goes "
        "on with, or `O`",
    ),
    "intent": COLUMNS["intent"],
}

DIALOGUE_COLUMNS: Mapping[str, tuple[str, str]] = {
    "dialogue_id": ("string", "stable name of the dialogue"),
    "flow": ("string", "the flow that it follows"),
    "outcome": ("string", "`success`, `failure` or `abandoned`"),
    "goal": ("list of {slot, value}", "what the user wanted in the end"),
    "persona": ("list of {name, value}", "traits of the user, from 0 to 1"),
    "path": ("list of string", "the states of the flow in the order in which they were entered"),
    "language": COLUMNS["language"],
    "turns": (
        "list of struct",
        "`speaker` (`user` or `system`, in turns), `text`, `acts` (such as `INFORM:city`), "
        "`intent` and `state` (the belief state: what the user has said they want up to there; "
        "both null where the system speaks), `slots`, `pattern` and `origin`, as of an utterance",
    ),
}

# The headings that a card can have below its title; whoever adds to a card uses others.
SECTIONS = (
    (2, "How it was made"),
    (2, "What is in it"),
    (3, "Sample"),
    (2, "Dialogues"),
    (2, "Quick start"),
    (2, "Evaluation"),
    (2, "Limits and risks"),
    (2, "Licence"),
    (2, "Recipe"),
)

_WIDEST_BAR = 20


@dataclass(frozen=True, slots=True)
class Part:
    """A split as it was written: its rows, and their bytes in memory."""

    split: str
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration of the dataset: the files `{folder}/{split}-*`, their `datasets.Features`."""

    name: str
    folder: str
    features: Any
    parts: tuple[Part, ...]


def render(corpus: pa.Table, configs: Sequence[Config], about: About, license_: str) -> str:
    """The dataset card: YAML front matter and Markdown, out of whose places no text can break."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters.update(code=_code, cell=_cell, words=_words, fenced=_fenced, bar=_bar)
    environment.filters.update(number="{:,}".format, seen=_seen)
    template = files("textsynth.export").joinpath("card.md.jinja").read_text(encoding="utf-8")
    by_name = {config.name: config for config in configs}
    main, tagged = by_name.get(UTTERANCES), by_name.get(TOKENS)
    rows = single_utterances(corpus)
    splits = [part.split for part in main.parts] if main else []
    spans = _span_counts(rows)
    held = {part.split for config in configs for part in config.parts}
    everywhere = [split for split in SPLITS if split in held]
    said = turns(corpus)
    talk = facts(said, everywhere, _straddling(said)) if said.num_rows else None
    return environment.from_string(template).render(
        about=about,
        license=license_,
        front=front_matter(_metadata(corpus, configs, about, license_, spans)),
        rows=rows.num_rows,
        languages=_languages(corpus, about),
        splits=splits,
        everywhere=everywhere,
        missing=[split for split in SPLITS if split not in splits],
        sizes={part.split: part.rows for part in main.parts} if main else {},
        intents=_crossed(rows, "intent", splits) if main and "intent" in main.features else {},
        origins=_crossed(corpus, "origin", everywhere),
        straddling=_straddling(rows),
        spans=spans,
        columns={name: COLUMNS[name] for name in main.features} if main else {},
        tagged=tagged,
        token_columns={name: TOKEN_COLUMNS[name] for name in tagged.features} if tagged else {},
        untagged=rows.num_rows - sum(part.rows for part in tagged.parts) if tagged else 0,
        sample=_sample(rows, list(main.features)) if main else "",
        talk=talk,
        dialogue_columns=DIALOGUE_COLUMNS,
    )


def _metadata(
    corpus: pa.Table,
    configs: Sequence[Config],
    about: About,
    license_: str,
    spans: Mapping[str, int],
) -> dict[str, Any]:
    """What the hub reads."""
    from datasets import DatasetInfo, SplitDict, SplitInfo
    from datasets.info import DatasetInfosDict
    from huggingface_hub import DatasetCardData

    languages = _languages(corpus, about)
    primary = list(dict.fromkeys(language.split("-")[0].lower() for language in languages))
    tasks = ["text-classification"] if "intent" in configs[0].features else []
    tasks += ["token-classification"] if spans else []
    ids = ["intent-classification"] if tasks[:1] == ["text-classification"] else []
    if any(config.name == DIALOGUES for config in configs):
        tasks.append("text-generation")
        ids.append("dialogue-modeling")
    infos = DatasetInfosDict()
    for config in configs:
        splits = SplitDict()
        for part in config.parts:
            splits.add(SplitInfo(part.split, num_bytes=part.size, num_examples=part.rows))
        size = sum(part.size for part in config.parts)
        infos[config.name] = DatasetInfo(features=config.features, splits=splits, dataset_size=size)
    card: Any = DatasetCardData(
        license=license_,
        language=[code for code in primary if re.fullmatch("[a-z]{2,3}", code)] or None,
        language_bcp47=[code for code in languages if "-" in code] or None,
        pretty_name=" ".join(about.name.split()),
        size_categories=[_size_category(_size(configs))],
        task_categories=tasks or ["text-generation"],
        task_ids=ids or None,
        tags=[*TAGS, *([GATED] if any(not passed for _, _, passed in about.gates) else [])],
        configs=[_config_entry(config, first=config is configs[0]) for config in configs],
    )
    infos.to_dataset_card_data(card)
    order = ("license", "language", "language_bcp47", "pretty_name", "size_categories")
    data: dict[str, Any] = card.to_dict()
    return {key: data[key] for key in (*order, *data) if key in data}


def _config_entry(config: Config, *, first: bool) -> dict[str, Any]:
    paths = [
        {"split": part.split, "path": f"{config.folder}/{part.split}-*"} for part in config.parts
    ]
    entry: dict[str, Any] = {"config_name": config.name, "data_files": paths}
    return {**entry, "default": True} if first else entry


def front_matter(data: Mapping[str, Any]) -> str:
    """Metadata as YAML in which no line of a string can pass for the closing `---`."""
    import yaml

    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
        style = None if value.isprintable() else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    dumped: str = yaml.dump(
        dict(data), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=10**9
    )
    return dumped


def _size(configs: Sequence[Config]) -> int:
    """Utterances and dialogues; the other configurations have the same rows once more."""
    counted = [config for config in configs if config.name in (UTTERANCES, DIALOGUES)]
    return sum(part.rows for config in counted for part in config.parts)


def _size_category(rows: int) -> str:
    return next((name for limit, name in _SIZES if rows < limit), "1B<n<10B")


def _languages(corpus: pa.Table, about: About) -> list[str]:
    """The recipe's language, then what else occurs in the rows."""
    found = sorted(value for value in pc.unique(corpus.column("language")).to_pylist() if value)
    return list(dict.fromkeys([about.language, *found])) if about.language else found


def _crossed(corpus: pa.Table, column: str, splits: Sequence[str]) -> dict[str, list[int]]:
    """Rows of each value of a column, by split and at the end altogether."""
    table: dict[str, list[int]] = {}
    for (value, split), rows in count_by(corpus, column, "split").items():
        counts = table.setdefault("(none)" if value is None else value, [0] * (len(splits) + 1))
        counts[splits.index(split)] += rows
        counts[-1] += rows
    return table


def _straddling(corpus: pa.Table) -> int:
    """Patterns with rows in more than one split."""
    pairs = corpus.select(["pattern", "split"]).group_by(["pattern", "split"]).aggregate([])
    patterns = pairs.column("pattern").drop_null()
    return len(patterns) - len(patterns.unique())


def _span_counts(corpus: pa.Table) -> dict[str, int]:
    """Spans of each slot label, sorted."""
    found: dict[str, int] = {}
    for chunk in corpus.column("slots").chunks:
        labels = pc.struct_field(pc.list_flatten(chunk), "label")
        for entry in pc.value_counts(labels).to_pylist():
            found[entry["values"]] = found.get(entry["values"], 0) + entry["counts"]
    return dict(sorted(found.items()))


def _sample(corpus: pa.Table, names: Sequence[str]) -> str:
    """Rows from the beginning, the middle and the end as JSON; short ones where there are any."""
    lengths = pc.utf8_length(corpus.column("text"))
    places = pc.indices_nonzero(pc.less_equal(lengths, 200)).to_numpy()
    if not len(places):
        places = range(corpus.num_rows)
    last = len(places) - 1
    chosen = sorted({int(places[at]) for at in (0, last // 2, last)})
    lines = []
    for row in corpus.take(pa.array(chosen)).select(names).to_pylist():
        row["scores"] = [
            {**score, "value": float(f"{score['value']:.6g}")} for score in row["scores"] or ()
        ]
        pairs = [f"  {json.dumps(key)}: {_json(value)}" for key, value in row.items()]
        lines.append("{\n" + ",\n".join(pairs) + "\n}")
    return "[\n" + ",\n".join(lines) + "\n]"


# characters that JSON allows and that would end a line, show nothing, or turn the line around
_UNSEEN = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


_BACKTICKS = re.compile("`+")
_CONTROLS = re.compile("[\x00-\x20]+")
_MARKUP = re.compile(r"[\\`*\[\]<>|]|~~|&(?=#?\w+;)|(?<!\w)_|_(?!\w)")


def _one_line(text: object) -> str:
    return _CONTROLS.sub(" ", _UNSEEN.sub(" ", str(text))).strip()


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)


def _code(text: object) -> str:
    """Inline code, whatever is in it."""
    line = _one_line(text)
    if not line:
        return "(empty)"
    ticks = "`" * (_longest_run(line) + 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def _seen(text: str) -> str:
    """A text of lines in which nothing ends a line or turns it around but a line feed."""
    return "\n".join(map(_one_line, text.split("\n")))


def _cell(text: object) -> str:
    """Inline code in a table, where a pipe would end the cell."""
    return _code(text).replace("|", "\\|")


def _words(text: object) -> str:
    """Prose on one line that has no markup."""
    return _MARKUP.sub(r"\\\g<0>", _one_line(text))


def _bar(count: int, most: int) -> str:
    """A bar of a bar chart; what there is has some length."""
    return "█" * max(round(_WIDEST_BAR * count / most), min(count, 1))


def _fenced(text: str, kind: str) -> str:
    """A fenced block whose fence is longer than any in the text."""
    fence = "`" * max(3, _longest_run(text) + 1)
    body = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    return f"{fence}{kind}\n{body}\n{fence}"

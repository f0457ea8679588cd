"""Train the small PII model that the scrub ships: sentences of templates/pii, values of pii_pools.

    python scripts/train_pii_ner.py -o textsynth/scrub/ner

The sentences come from this project's own grammar, the values from Faker's name lists; no real text
is read. Names, cities and streets of the validation set are never trained on, nor are one in ten of
the sentences. The model is spaCy's transition-based NER (Honnibal, Johnson 2015; hash embeddings
after Miranda et al. 2022). One seed and one version of spaCy give one model. It is written beside
the output, which it replaces when it is whole.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import spacy
from inputs import answered, positive
from pii_pools import DIGITS, Pools
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import compounding, fix_random_seed, minibatch

from textsynth import corpus, models
from textsynth.grammar import draw
from textsynth.grammar import grammar as grammars
from textsynth.scrub.pools import words

ROOT = Path(__file__).parent.parent
ENTITY = {
    "person": "PERSON", "first": "PERSON", "last": "PERSON", "titled": "PERSON",
    "org": "ORGANIZATION", "address": "STREET_ADDRESS", "street": "STREET_ADDRESS",
    "city": "LOCATION", "country": "LOCATION", "state": "LOCATION", "place": "LOCATION",
    "nationality": "NRP",
}  # fmt: skip
PLAIN = words(
    "phone email url username date dob age job card iban ssn account reference pin plate passport"
    " postcode weekday time amount number product song month year nl"
)
Spans = list[tuple[int, int, str]]
WORD = re.compile(r"[a-z]{4,}")

META = {
    "name": "pii",
    "version": "1.0.0",
    "description": "Names, places, addresses and companies in speech and letters.",
    "author": "textsynth contributors",
    "license": "Apache-2.0",
    "spacy_version": ">=3.8.0,<3.9.0",
    "sources": [{"name": "en_core_web_sm, word layers", "author": "Explosion", "license": "MIT"}],
}

CONFIG = """
[nlp]
lang = "en"
pipeline = ["ner"]

[components]

[components.ner]
factory = "ner"

[components.ner.model]
@architectures = "spacy.TransitionBasedParser.v2"
state_type = "ner"
extra_state_tokens = false
hidden_width = 64
maxout_pieces = 2
use_upper = true

[components.ner.model.tok2vec]
@architectures = "spacy.Tok2Vec.v2"

[components.ner.model.tok2vec.embed]
@architectures = "spacy.MultiHashEmbed.v2"
width = 96
attrs = ["NORM", "PREFIX", "SUFFIX", "SHAPE"]
rows = [5000, 1000, 2500, 2500]
include_static_vectors = false

[components.ner.model.tok2vec.encode]
@architectures = "spacy.MaxoutWindowEncoder.v2"
width = 96
depth = 4
window_size = 1
maxout_pieces = 3
"""


Sentence = tuple[str, Spans]


def sentences(folder: Path, per_intent: int, seed: int) -> dict[str, list[Sentence]]:
    """(text, spans of the typed slots) of the pack, by template; a span's label is the slot's."""
    grammar = grammars.load(folder)
    found: dict[str, list[Sentence]] = {}
    typed = {*ENTITY, *PLAIN}
    for intent in grammar.intents:
        stop = min(per_intent, draw.capacity(grammar, intent, seed=seed))
        for row in corpus.utterances(draw.draw(grammar, intent, 0, stop, seed=seed)):
            spans = [(s.start, s.end, s.label) for s in row.slots if s.label in typed]
            found.setdefault("/".join(row.parents), []).append((row.text, spans))
    return found


def realised(text: str, spans: Spans, pools: Pools) -> tuple[str, Spans]:
    """A sentence with values in its slots; the spans that are left are entities."""
    pieces: list[str] = []
    entities: Spans = []
    given: dict[tuple[str, str], str] = {}
    at = length = 0
    for start, end, label in sorted(spans):
        before = text[at:start]
        if label == "titled":
            title, name = pools.titled()
            before, value = f"{before}{title} ", name
        elif label == "song" and pools.chance(0.3):
            value = pools.song()
        else:
            value = given.setdefault((label, text[start:end] + str(start)), pools.draw(label))
        pieces += [before, value]
        length += len(before) + len(value)
        if label in ENTITY:
            entities.append((length - len(value), length, ENTITY[label]))
        at = end
    pieces.append(text[at:])
    whole = "".join(pieces)
    return whole, entities


def blocks(pools: Pools) -> tuple[str, Spans]:
    """Letter heads, signatures and forms: lines of fields in many orders and with many marks."""
    fields = {
        "person": ["Name", "Full name", "Customer", "Contact", "Patient", "Attn", "From", "To"],
        "org": ["Company", "Employer", "Organisation", "Firm", "Account"],
        "address": ["Address", "Home address", "Ship to", "Billing address", "Location"],
        "phone": ["Phone", "Tel", "Mobile", "Cell", "Fax", "T"],
        "email": ["Email", "E-mail", "Mail", "E"],
        "city": ["City", "Town", "Place of birth"],
        "country": ["Country", "Nationality"],
        "job": ["Title", "Position", "Role", "Occupation"],
        "dob": ["DOB", "Date of birth", "Born"],
        "url": ["Web", "Website"],
        "date": ["Date", "When"],
        "postcode": ["Zip", "Postcode"],
    }
    order = [name for name in fields if pools.chance(0.45)] or ["person", "address"]
    if pools.chance(0.4):
        pools.rng.shuffle(order)
    mark = pools.pick(["", "", "", "> ", "- ", "* ", "??? ", "| ", "\t"])
    named = pools.chance(0.4)
    gap = pools.pick([": ", ":  ", ":\t", " - ", ": ", " = "])
    end = pools.pick(["\n", "\n", "\n", "\n\n", " | ", ", ", "\n "])
    text, spans = "", []
    for name in order:
        head = mark + (pools.pick(fields[name]) + gap if named else "")
        value = pools.draw(name)
        text += head
        if name == "address" and mark and pools.chance(0.7):
            for part in re.split(r"\n ?", value):  # a line of it on each marked line
                spans.append((len(text), len(text) + len(part), ENTITY[name]))
                text += f"{part}\n{mark}"
            text = text.removesuffix(mark)
            continue
        if name in ENTITY:
            spans.append((len(text), len(text) + len(value), ENTITY[name]))
        text += value + end
    stripped = text.rstrip("\n |,")
    return stripped, [span for span in spans if span[1] <= len(stripped)]


class Words:
    """Ordinary words, to stand in for others: what is no name is so whatever the word."""

    def __init__(self, packs: Iterable[Sentence], pools: Pools) -> None:
        names = {
            word.casefold()
            for kind in ("first", "last", "city", "country")
            for listed in pools.lists[kind]
            for name in listed
            for word in name.split()
        }
        stop = spacy.blank("en").Defaults.stop_words
        used = {word for text, _ in packs for word in WORD.findall(text)}
        index = (
            spacy.load(models.spacy_source("en").location)
            .get_pipe("lemmatizer")
            .lookups.get_table("lemma_index")
        )
        known = {word for listed in index.values() for word in listed if WORD.fullmatch(word)}
        self.kept = stop | names
        self.joining = sorted(stop)
        self.common = sorted(used - self.kept)
        self.rare = sorted(known - self.kept - used)

    def salad(self, pools: Pools) -> Sentence:
        """Ordinary words in any order with entities among them: what can be told without a
        sentence, by the look of a name alone."""
        text, spans = "", []
        for place in range(pools.rng.randint(3, 14)):
            if pools.chance(0.2):
                label = pools.pick(["person", "person", "first", "last", "org", "city", "country",
                                    "address"])  # fmt: skip
                value = pools.draw(label)
                spans.append((len(text), len(text) + len(value), ENTITY[label]))
            elif pools.chance(0.45):
                value = pools.pick(self.joining)
            else:
                value = pools.pick(self.common if pools.chance(0.85) else self.rare)
            if place == 0 and value.islower() and pools.chance(0.8):
                value = value.capitalize()
            text += value + pools.pick([" ", " ", " ", " ", " ", " ", ", ", ". ", "? "])
        return text.rstrip(" ,"), spans

    def swapped(self, text: str, spans: Spans, pools: Pools) -> Sentence:
        """Some ordinary words of a sentence replaced, now and then in capitals."""

        def other(match: re.Match[str]) -> str:
            word = match[0]
            if word in self.kept or not pools.chance(0.35):
                return word
            new = pools.pick(self.common if pools.chance(0.6) else self.rare)
            if pools.chance(0.1):
                new += pools.pick(["s", "ed", "ing", "ly", "er"])
            if pools.chance(0.12):
                new = new.capitalize()
            return new.upper() if pools.chance(0.05) else new

        return rewritten(text, spans, lambda piece: WORD.sub(other, piece), lambda value: value)


def varied(text: str, spans: Spans, pools: Pools) -> tuple[str, Spans]:
    """The same in another spelling: lower case, as transcribed, in capitals, with slips."""
    roll = pools.rng.random()
    if roll < 0.62:
        return text, spans
    if roll < 0.80:
        return (text.lower(), spans) if len(text.lower()) == len(text) else (text, spans)
    if roll < 0.84:
        return (text.upper(), spans) if len(text.upper()) == len(text) else (text, spans)
    if roll < 0.93:
        return rewritten(text, spans, lambda piece: _transcribed(piece, pools))
    if roll < 0.96:  # the entities alone in lower case, as people type
        return rewritten(text, spans, lambda piece: piece, str.lower)
    return rewritten(text, spans, lambda piece: _slip(piece, pools))


def _transcribed(text: str, pools: Pools) -> str:
    spoken = re.sub(r"\d", lambda m: f" {DIGITS[int(m[0])]} ", text) if pools.chance(0.5) else text
    return re.sub(r"[^\w\s'@]", " ", spoken.lower())


def _slip(text: str, pools: Pools) -> str:
    at = pools.rng.randrange(len(text)) if text else 0
    if len(text) < 4 or not text[at].isalpha():
        return text
    return pools.pick([text[:at] + text[at + 1 :], text[:at] + text[at] + text[at:]])


def rewritten(text, spans, rewrite, inside=None):
    """Rewrite the pieces between the spans, and those inside them; white space is folded."""
    inside = inside or rewrite
    out, moved, at = "", [], 0
    for start, end, label in [*sorted(spans), (len(text), len(text), "")]:
        between = re.sub(r"[ \t]+", " ", rewrite(text[at:start]))
        out = out + (between.lstrip() if out[-1:] in ("", " ") else between)
        if not label:
            break
        value = re.sub(r"\s+", " ", inside(text[start:end])).strip()
        if out and text[at:start][-1:].isspace() and not out[-1:].isspace():
            out += " "
        moved.append((len(out), len(out) + len(value), label))
        out += value
        at = end
    return out, [(a, b, label) for a, b, label in moved if a < b]


def example(nlp: spacy.Language, text: str, spans: Spans) -> Example | None:
    """A training example; None where the words do not fit the spans."""
    doc = nlp.make_doc(text)
    entities = []
    for start, end, label in spans:
        span = doc.char_span(start, end, label=label, alignment_mode="contract")
        if span is None or not text[start:end].strip():
            return None
        entities.append(span)
    reference = Doc(
        nlp.vocab, words=[t.text for t in doc], spaces=[bool(t.whitespace_) for t in doc]
    )
    try:
        reference.set_ents([_moved(reference, span) for span in entities])
    except ValueError:
        return None
    return Example(doc, reference)


def _moved(doc: Doc, span):
    from spacy.tokens import Span

    start, end = span.start, span.end
    while start < end and doc[start].is_space:
        start += 1
    while end > start and doc[end - 1].is_space:
        end -= 1
    return Span(doc, start, end, label=span.label)


def material(
    nlp: spacy.Language,
    templates: Sequence[list[Sentence]],
    words: Words | None,
    pools: Pools,
    count: int,
) -> list[Example]:
    """`count` examples: most are sentences, sometimes several of them, some are blocks of lines."""
    made = []
    while len(made) < count:
        roll = pools.rng.random()
        if roll < 0.12:
            text, spans = blocks(pools)
        elif roll < 0.26 and words is not None:
            text, spans = words.salad(pools)
        else:
            text, spans = _sentence(templates, words, pools)
            while pools.chance(0.25):
                more, others = _sentence(templates, words, pools)
                gap = pools.pick([" ", " ", ". ", "\n", ", ", " ... ", " | "])
                shift = len(text) + len(gap)
                text += gap + more
                spans = spans + [(start + shift, end + shift, name) for start, end, name in others]
        one = example(nlp, *varied(text, spans, pools))
        if one is not None:
            made.append(one)
    return made


def _sentence(templates: Sequence[list[Sentence]], words: Words | None, pools: Pools) -> Sentence:
    text, spans = realised(*pools.rng.choice(pools.rng.choice(templates)), pools)
    if words is not None and pools.chance(0.4):
        return words.swapped(text, spans, pools)
    return text, spans


def scores(nlp, examples):
    """Precision, recall and F1 (0 to 1) of exact spans, in all and by entity."""
    right, given, gold = Counter(), Counter(), Counter()
    docs = nlp.pipe([e.predicted.text for e in examples], batch_size=256)
    for doc, one in zip(docs, examples, strict=True):
        found = {(s.start_char, s.end_char, s.label_) for s in doc.ents}
        wanted = {(s.start_char, s.end_char, s.label_) for s in one.reference.ents}
        for label in (*nlp.get_pipe("ner").labels, ""):
            f = {x for x in found if not label or x[2] == label}
            w = {x for x in wanted if not label or x[2] == label}
            right[label] += len(f & w)
            given[label] += len(f)
            gold[label] += len(w)
    figures = {}
    for label in sorted(gold):
        p, r = right[label] / max(1, given[label]), right[label] / max(1, gold[label])
        f1 = 2 * p * r / max(1e-9, p + r)
        figures[label or "all"] = {
            "precision": round(p, 4), "recall": round(r, 4), "f1": round(f1, 4)
        }  # fmt: skip
    return figures


def warm_start(nlp: spacy.Language) -> None:
    """Begin with what en_core_web_sm (MIT licence, Explosion) knows of words; the layers that name
    entities are new."""
    source = spacy.load(models.spacy_source("en").location).get_pipe("ner").model
    ours = nlp.get_pipe("ner").model
    pairs = zip(ours.get_ref("tok2vec").walk(), source.get_ref("tok2vec").walk(), strict=True)
    for node, other in pairs:
        for name in node.param_names:
            node.set_param(name, other.get_param(name).copy())


def replace(output: Path, made: Path) -> None:
    """Give a folder that is whole the name of another, which goes."""
    old = output.with_name(f".{output.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if output.exists():
        output.rename(old)
    made.rename(output)
    shutil.rmtree(old, ignore_errors=True)


@answered
def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("-o", "--output", type=Path, default=ROOT / "textsynth/scrub/ner")
    arguments.add_argument("--pack", type=Path, default=ROOT / "templates/pii")
    arguments.add_argument("--rounds", type=positive, default=9, help="each with fresh values")
    arguments.add_argument("--examples", type=positive, default=50_000, help="in a round")
    arguments.add_argument("--per-intent", type=positive, default=600)
    arguments.add_argument("--seed", type=int, default=7)
    options = arguments.parse_args()

    fix_random_seed(options.seed)
    nlp = spacy.util.load_model_from_config(spacy.Config().from_str(CONFIG), auto_fill=True)
    nlp.meta.update(META)
    by_template = list(sentences(options.pack, options.per_intent, options.seed).values())
    home = sentences(ROOT / "templates/home/intents", 150, options.seed)
    by_template += [rows for rows in home.values() if not any(spans for _, spans in rows)]
    random.Random(options.seed).shuffle(by_template)
    held = len(by_template) // 10
    unseen = Pools(random.Random(1), held_out=True)
    validation = material(nlp, by_template[:held], None, unseen, 4000)
    training = by_template[held:]
    print(f"{len(training)} templates to train on, {held} to validate on", flush=True)
    pools = Pools(random.Random(options.seed))
    words = Words([row for rows in training for row in rows], pools)
    optimizer = nlp.initialize(lambda: material(nlp, training, words, pools, 500))
    warm_start(nlp)
    started, best = time.monotonic(), 0.0
    log = []
    average = None
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.output.parent, prefix=".ner.") as beside:
        made = Path(beside) / "model"
        for turn in range(options.rounds):
            losses: dict[str, float] = {}
            examples = material(nlp, training, words, pools, options.examples)
            optimizer.learn_rate = 0.001 * (1 - turn / options.rounds) + 1e-5
            for batch in minibatch(examples, compounding(16, 64, 1.0005)):
                nlp.update(batch, sgd=optimizer, drop=0.15, losses=losses)
            with nlp.use_params(optimizer.averages):
                figures = scores(nlp, validation)
                log.append(
                    {"round": turn + 1, "loss": round(float(losses["ner"]), 1), **figures["all"]}
                )
                print(f"{time.monotonic() - started:6.0f} s {log[-1]}", flush=True)
                if figures["all"]["f1"] >= best:
                    best, average = figures["all"]["f1"], figures
                    nlp.to_disk(made, exclude=["vocab"])  # it holds every name that was read
        (made / "training.json").write_text(
            json.dumps({"seed": options.seed, "rounds": log, "validation": average}, indent=1)
            + "\n"
        )
        replace(options.output, made)
    print(json.dumps(average, indent=1))


if __name__ == "__main__":
    main()

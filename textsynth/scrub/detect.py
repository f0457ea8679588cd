"""What in a text identifies somebody: Presidio's engine over a spaCy model. Nothing else here
imports Presidio, and nothing here reaches the network."""

from __future__ import annotations

import logging
import warnings
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textsynth.errors import ModelError
from textsynth.scrub.kinds import KINDS
from textsynth.scrub.policy import Settings
from textsynth.scrub.recognizers import REPLACED, recognizers

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

BATCH = 256
# spaCy's NER takes about 1 GB for 100,000 characters and Presidio walks all words for each entity,
# so that long texts are read in windows; what lies across the end of one lies whole in the next.
WINDOW = 5_000
OVERLAP = 300
# The parser costs a third of the time; neither entities nor Presidio's context words (lemmas) need
# it.
UNNEEDED = ("parser", "senter")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Found:
    """A detection: `text[start:end]` is an `entity` of Presidio's names, with its score."""

    start: int
    end: int
    entity: str
    score: float


class Detector:
    """Presidio over one spaCy model.

    Args:
        language: BCP 47; its first part chooses the recognisers.
        spacy_model: the name of an installed package or a folder.
        settings: which entities are sought, from which score on; those that are kept are not.
            Unknown names are refused by `scrub`, which knows the labels of the seeds.

    Raises:
        ModelError: the model is not there, is of another language or recognises no names.
    """

    def __init__(self, language: str, spacy_model: str | Path, settings: Settings) -> None:
        self.settings = settings
        self.entities = [
            kind.entity
            for kind in KINDS
            if (settings.entities == "all" or kind.entity in settings.entities)
            and settings.action(kind.label, kind.action) != "keep"
        ]
        self._language = language.replace("_", "-").split("-")[0].lower()
        with _quiet():
            self._engine = _engine(self._language, _load(self._language, spacy_model))
        served = set(self._engine.get_supported_entities(self._language))
        self.entities = [entity for entity in self.entities if entity in served]

    def detect(self, texts: Sequence[str], progress: Progress | None = None) -> list[list[Found]]:
        """The detections in each text: disjoint, left to right, white space trimmed. Repeated
        texts are read once; `progress` is told (done, total) of the distinct ones."""
        unique = list(dict.fromkeys(texts))
        found: dict[str, list[Found]] = {}
        for at in range(0, len(unique), BATCH):
            batch = unique[at : at + BATCH]
            found.update(zip(batch, self._batch(batch), strict=True))
            if progress:
                progress(min(at + BATCH, len(unique)), len(unique))
        return [found[text] for text in texts]

    def _batch(self, texts: Sequence[str]) -> Iterator[list[Found]]:
        if not self.entities:
            yield from ([] for _ in texts)
            return
        windows = [(row, offset) for row, text in enumerate(texts) for offset in _offsets(text)]
        pieces = [texts[row][offset : offset + WINDOW] for row, offset in windows]
        found: list[list[Found]] = [[] for _ in texts]
        with _quiet():
            artifacts = self._engine.nlp_engine.process_batch(pieces, self._language, batch_size=64)
            for (row, offset), (piece, read) in zip(windows, artifacts, strict=True):
                results = self._engine.analyze(
                    piece,
                    self._language,
                    entities=self.entities,
                    score_threshold=self.settings.min_score,
                    nlp_artifacts=read,
                )
                found[row] += [
                    Found(r.start + offset, r.end + offset, r.entity_type, float(r.score))
                    for r in results
                ]
        for text, several in zip(texts, found, strict=True):
            yield resolve(text, several)


def resolve(text: str, found: Iterable[Found]) -> list[Found]:
    """Disjoint detections: where some overlap, the one with the higher score, then the longer one,
    then the first stands. White space at the edges is cut off."""
    kept: list[Found] = []
    trimmed = (_trim(text, one) for one in found)
    ranked = sorted(trimmed, key=lambda f: (-f.score, f.start - f.end, f.start, f.entity))
    for one in ranked:
        at = bisect_left(kept, one.start, key=lambda other: other.start)
        after_last = at == 0 or kept[at - 1].end <= one.start
        before_next = at == len(kept) or one.end <= kept[at].start
        if one.start < one.end and after_last and before_next:
            kept.insert(at, one)
    return kept


def _trim(text: str, found: Found) -> Found:
    surface = text[found.start : found.end]
    return replace(
        found,
        start=found.start + len(surface) - len(surface.lstrip()),
        end=found.end - len(surface) + len(surface.rstrip()),
    )


def _offsets(text: str) -> range:
    return range(0, max(1, len(text) - OVERLAP), WINDOW - OVERLAP)


def _load(language: str, model: str | Path) -> Any:
    """The spaCy pipeline. `spacy.load` never downloads, unlike Presidio's own loading."""
    import spacy

    fix = (
        f"install one, such as: python -m spacy download {language}_core_web_lg"
        if language == "en"
        else f"install a spaCy model for {language!r} (https://spacy.io/models) and name it"
    )
    try:
        nlp = spacy.load(model, exclude=list(UNNEEDED))
    except (OSError, ValueError, ImportError) as error:
        raise ModelError(f"the spaCy model {str(model)!r} cannot be loaded", fix=fix) from error
    if nlp.lang != language:
        raise ModelError(
            f"the spaCy model {str(model)!r} reads {nlp.lang!r}, the seeds are in {language!r}",
            fix=fix,
        )
    if "ner" not in nlp.pipe_names:
        raise ModelError(f"the spaCy model {str(model)!r} recognises no names", fix=fix)
    return nlp


def _engine(language: str, nlp: Any) -> AnalyzerEngine:
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine
    from presidio_analyzer.recognizer_registry import RecognizerRegistryProvider

    configuration = NerModelConfiguration(
        model_to_presidio_entity_mapping={
            **dict.fromkeys(("PER", "PERSON"), "PERSON"),
            **dict.fromkeys(("GPE", "LOC", "LOCATION"), "LOCATION"),
            "NORP": "NRP",
        }
    )
    configuration.labels_to_ignore = [
        label
        for label in nlp.get_pipe("ner").labels
        if label not in (configuration.model_to_presidio_entity_mapping or {})
    ]
    engine = SpacyNlpEngine([{"lang_code": language, "model_name": "loaded"}], configuration)
    engine.nlp = {language: nlp}
    registry = RecognizerRegistryProvider(
        registry_configuration={"supported_languages": [language]}
    ).create_recognizer_registry()
    registry.add_nlp_recognizer(nlp_engine=engine)
    for name in REPLACED:
        registry.remove_recognizer(name)
    for recognizer in recognizers(language):
        registry.add_recognizer(recognizer)
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=[language])


@contextmanager
def _quiet() -> Iterator[None]:
    """Presidio and spaCy warn of what is none of the user's concern."""
    loggers = [
        logging.getLogger(name) for name in ("presidio-analyzer", "presidio_analyzer", "spacy")
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)

"""What in a text identifies somebody: Presidio's engine over two spaCy models, the one that is
installed and the small one that is trained for this (`ner/`). Nothing else here imports Presidio
but the recognisers, and nothing here reaches the network."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textsynth.errors import ModelError
from textsynth.scrub.kinds import ALIASES, KINDS
from textsynth.scrub.lexicon import Lexicon
from textsynth.scrub.policy import Settings
from textsynth.scrub.recognizers import REPLACED, recognizers
from textsynth.scrub.spans import Found, completed, resolve
from textsynth.scrub.weigh import NAMES_OF_LABELS, OWN_SCORE, Entity, installed, merged, weighed

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine, EntityRecognizer

BATCH = 256
# spaCy's NER takes about 1 GB for 100,000 characters and Presidio walks all words for each entity,
# so that long texts are read in windows; what lies across the end of one lies whole in the next.
WINDOW = 5_000
OVERLAP = 300
# What Presidio's context words need, and only they: run on a text that has some (see `_Artifacts`).
LEMMAS = ("tok2vec", "tagger", "attribute_ruler", "morphologizer", "lemmatizer")
UNNEEDED = ("parser", "senter")
OWN_MODEL = Path(__file__).parent / "ner"
OWN_LANGUAGE = "en"
Progress = Callable[[int, int], None]


class Detector:
    """Presidio over the spaCy models.

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
            self._nlp = _load(self._language, spacy_model)
            ours = self._language == OWN_LANGUAGE
            self._own = _load_own(self._nlp) if ours else None
            self._lexicon = _lexicon(self._nlp) if ours else None
            self._engine = _engine(self._language, self._nlp, settings)
        served = set(self._engine.get_supported_entities(self._language))
        sought = {
            *self.entities,
            *(name for name, kind in ALIASES.items() if kind in self.entities),
        }
        self._asked = sorted(sought & served)
        self.entities = [entity for entity in self.entities if self._serves(entity)]

    def _serves(self, entity: str) -> bool:
        return any(ALIASES.get(name, name) == entity for name in self._asked)

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
        if not self._asked:
            yield from ([] for _ in texts)
            return
        windows = [(row, offset) for row, text in enumerate(texts) for offset in _offsets(text)]
        pieces = [texts[row][offset : offset + WINDOW] for row, offset in windows]
        found: list[list[Found]] = [[] for _ in texts]
        with _quiet():
            for (row, offset), piece, read in zip(windows, pieces, self._read(pieces), strict=True):
                results = self._engine.analyze(
                    piece,
                    self._language,
                    entities=self._asked,
                    score_threshold=self.settings.threshold,
                    nlp_artifacts=read,
                    allow_list=list(self.settings.allow),
                )
                found[row] += [
                    Found(
                        result.start + offset,
                        result.end + offset,
                        ALIASES.get(result.entity_type, result.entity_type),
                        float(result.score),
                    )
                    for result in results
                ]
        for text, several in zip(texts, found, strict=True):
            yield resolve(text, completed(text, several), self._lexicon)

    def _read(self, pieces: Sequence[str]) -> Iterator[_Artifacts]:
        """What the models say of each piece: both in batches, over the same tokens."""
        docs = [self._nlp.make_doc(piece) for piece in pieces]
        own: list[list[Entity]] = [[] for _ in docs]
        if self._own is not None:
            for doc, said in zip(self._own.pipe(docs, batch_size=64), own, strict=True):
                said += [(e.start_char, e.end_char, e.label_, OWN_SCORE) for e in doc.ents]
                doc.set_ents([], default="missing")  # or the next model would take them over
        for doc, said in zip(self._nlp.get_pipe("ner").pipe(docs, batch_size=64), own, strict=True):
            entities = merged(said, installed(doc))
            if self._lexicon is not None:
                entities = list(weighed(doc.text, entities, self._lexicon))
            yield _Artifacts(self._nlp, doc, entities)


class _Artifacts:
    """What Presidio asks of a text that was read: tokens, and lemmas only once it wants them, since
    they cost more than the names do."""

    def __init__(self, nlp: Any, tokens: Any, said: list[Entity]) -> None:
        self.tokens = tokens
        self.said = said
        self._nlp = nlp

    @cached_property
    def tokens_indices(self) -> list[int]:
        return [token.idx for token in self.tokens]

    @cached_property
    def lemmas(self) -> list[str]:
        for name in LEMMAS:
            if name in self._nlp.pipe_names:
                self._nlp.get_pipe(name)(self.tokens)
        return [token.lemma_ or token.text for token in self.tokens]

    @cached_property
    def keywords(self) -> list[str]:
        vocabulary = self._nlp.vocab
        return [
            part
            for lemma in self.lemmas
            if not vocabulary[lemma].is_stop and not vocabulary[lemma].is_punct
            for part in lemma.lower().split(":")
        ]


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
    if nlp.lang != {"no": "nb"}.get(language, language):  # spaCy has Norwegian as Bokmål
        raise ModelError(
            f"the spaCy model {str(model)!r} reads {nlp.lang!r}, the seeds are in {language!r}",
            fix=fix,
        )
    if "ner" not in nlp.pipe_names:
        raise ModelError(f"the spaCy model {str(model)!r} recognises no names", fix=fix)
    return nlp


def _load_own(nlp: Any) -> Any:
    import spacy

    try:
        return spacy.load(OWN_MODEL, vocab=nlp.vocab)
    except (OSError, ValueError) as error:
        raise ModelError(
            "the model that comes with textsynth cannot be loaded", fix="install textsynth again"
        ) from error


def _lexicon(nlp: Any) -> Lexicon | None:
    """The model's own dictionary; a model that lemmatises by other means has none."""
    if "lemmatizer" not in nlp.pipe_names:
        return None
    lookups = nlp.get_pipe("lemmatizer").lookups
    if not lookups.has_table("lemma_index"):
        return None
    return Lexicon(lookups.get_table("lemma_index"), nlp.Defaults.stop_words)


def _engine(language: str, nlp: Any, settings: Settings) -> AnalyzerEngine:
    from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerResult
    from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine
    from presidio_analyzer.recognizer_registry import (
        RecognizerRegistry,
        RecognizerRegistryProvider,
    )

    class ModelRecognizer(EntityRecognizer):  # type: ignore[misc, unused-ignore]
        """What the models have said, handed to the engine."""

        def load(self) -> None:
            pass

        def analyze(self, text: str, entities: Any, nlp_artifacts: Any = None) -> Any:
            return [
                RecognizerResult(name, start, end, score)
                for start, end, name, score in nlp_artifacts.said
                if name in entities
            ]

    class SparingEnhancer(LemmaContextAwareEnhancer):  # type: ignore[misc, unused-ignore]
        """Presidio's context words, for findings that a word can lift over the threshold."""

        def enhance_using_context(
            self,
            text: Any,
            raw_results: Any,
            nlp_artifacts: Any,
            recognizers: Any,
            context: Any = None,
        ) -> Any:
            liftable = {one.id for one in recognizers if one.context}
            unsure = [
                result
                for result in raw_results
                if result.score < settings.threshold
                and result.recognition_metadata[RecognizerResult.RECOGNIZER_IDENTIFIER_KEY]
                in liftable
            ]
            if not unsure:
                return raw_results
            known = {id(result) for result in unsure}
            sure = [result for result in raw_results if id(result) not in known]
            return sure + super().enhance_using_context(
                text, unsure, nlp_artifacts, recognizers, context
            )

    class FixedRegistry(RecognizerRegistry):  # type: ignore[misc, unused-ignore]
        """Recognisers that are chosen once: the entities asked for never change."""

        chosen: Any = None

        def get_recognizers(self, *args: Any, **kwargs: Any) -> Any:
            if self.chosen is None:
                self.chosen = super().get_recognizers(*args, **kwargs)
            return self.chosen

    spacy_engine = SpacyNlpEngine(
        [{"lang_code": language, "model_name": "loaded"}], NerModelConfiguration()
    )
    spacy_engine.nlp = {language: nlp}
    plain = RecognizerRegistryProvider(
        registry_configuration={"supported_languages": [language]}
    ).create_recognizer_registry()
    kept = [one for one in plain.recognizers if one.name not in REPLACED]
    said = ModelRecognizer(
        sorted(set(NAMES_OF_LABELS.values()) | {"STREET_ADDRESS"}), name="Models"
    )
    said.supported_language = language
    registry = FixedRegistry(
        [*kept, *recognizers(language), said, *_own_patterns(language, settings)],
        supported_languages=[language],
    )
    return AnalyzerEngine(
        registry=registry,
        nlp_engine=spacy_engine,
        supported_languages=[language],
        context_aware_enhancer=SparingEnhancer(),
    )


def _own_patterns(language: str, settings: Settings) -> list[EntityRecognizer]:
    """The user's recognisers: patterns, and lists of values that must go."""
    from presidio_analyzer import Pattern, PatternRecognizer

    patterns = [
        PatternRecognizer(
            supported_entity=one.entity,
            name=f"Recipe {number}",
            patterns=[Pattern("regex", one.regex, one.score)],
            context=list(one.context),
            supported_language=language,
        )
        for number, one in enumerate(settings.recognizers, start=1)
    ]
    return patterns + [
        PatternRecognizer(
            supported_entity=entity,
            name=f"Denied {entity}",
            deny_list=list(values),
            supported_language=language,
        )
        for entity, values in settings.denied().items()
        if values
    ]


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

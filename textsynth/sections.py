"""The sections of a recipe: keys, their bounds and what they are when nothing is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from textsynth.errors import did_you_mean

Share = Annotated[float, Field(ge=0, le=1)]
Origin = Literal["seed", "template", "model"]


class Section(BaseModel):
    """A part of the recipe: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Seeds(Section):
    """The seed corpus, the share set aside before anything is learnt, whether rows in it may be
    synthetic, and the least share of real rows among what a model learns."""

    path: Path
    holdout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    allow_synthetic: bool = False
    min_real: Share = 0.5


class Recognizer(Section):
    """A pattern of the user's own (see `scrub.policy.Recognizer`)."""

    entity: str
    regex: str
    score: Share = 0.6
    context: tuple[str, ...] = ()


class Scrub(Section):
    """What is looked for, how eagerly, and what happens to labels."""

    entities: Literal["all"] | tuple[str, ...] = "all"
    keep: tuple[str, ...] = ()
    labels: Mapping[str, Literal["surrogate", "slot", "mask", "drop_row", "keep"]] = {}
    mode: Literal["recall", "precision"] = "recall"
    min_score: Share | None = None
    allow: tuple[str, ...] = ()
    deny: Mapping[str, tuple[str, ...]] = {}
    recognizers: tuple[Recognizer, ...] = ()


class Templates(Section):
    """A grammar file, or a folder of them."""

    path: Path


class Privacy(Section):
    """Differential privacy of the fine-tuning (see `lm.private.Privacy`)."""

    epsilon: Annotated[float, Field(gt=0)]
    delta: Literal["auto"] | Annotated[float, Field(gt=0, lt=1)] = "auto"
    clip: Annotated[float, Field(gt=0)] = 1.0


class Server(Section):
    """Where a model is served (see `lm.server.Server`)."""

    url: str
    model: str
    api: Literal["auto", "completions", "chat"] = "auto"
    key_env: str | None = "OPENAI_API_KEY"
    concurrency: Annotated[int, Field(ge=1, le=1024)] = 8
    timeout: Annotated[float, Field(gt=0)] = 60.0
    retries: Annotated[int, Field(ge=0, le=100)] = 6


class Model(Section):
    """The language model, where it runs, and how it is fine-tuned; `others` write beside it, and
    `templates` says whether it learns patterns of the recipe's templates beside those of the
    seeds."""

    base: str = "auto"
    others: tuple[str, ...] = ()
    backend: Literal["local", "server"] = "local"
    server: Server | None = None
    epochs: Annotated[int, Field(ge=1, le=100)] = 8
    learning_rate: Annotated[float, Field(gt=0, lt=1)] = 4e-4
    rank: Annotated[int, Field(ge=1, le=256)] = 16
    templates: bool = True
    privacy: Privacy | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Model:
        if self.backend == "server" and self.server is None:
            raise fault(
                "the backend is a server, and none is named", "add model.server: {url:, model:}"
            )
        if self.backend == "local" and self.server is not None:
            raise fault("a server is named, but the backend is local", "write backend: server")
        if self.backend == "server" and self.privacy is not None:
            raise fault(
                "a server's model is not fine-tuned here, so that nothing makes it private",
                "take `privacy` out, or write backend: local",
                "privacy",
            )
        if self.others and (self.backend == "server" or self.privacy is not None):
            alone = "of a server" if self.backend == "server" else "trained with privacy"
            raise fault(
                f"a model {alone} writes alone",
                "take `others` out; runs of several models can be put together as datasets",
                "others",
            )
        twice = [name for name, count in Counter(self.bases).items() if count > 1]
        if twice:
            raise fault(
                f"{twice[0]} is named twice: one model would be trained twice",
                "name each model once in `base` and `others`",
                "others",
            )
        return self

    @property
    def bases(self) -> tuple[str, ...]:
        """All models that write."""
        return (self.base, *self.others)

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """All models that write, each with the key that names it."""
        return (("model.base", self.base), *(("model.others", other) for other in self.others))


class Values(Section):
    """How many further values of a slot the model is asked for; under `*`, at most, of every slot
    whose values the seeds alone give."""

    invent: Annotated[int, Field(ge=0, le=10_000)] = 0


class Tracking(Section):
    """Where figures of the run are reported, as transformers names it."""

    report_to: Literal["none", "mlflow"] = "none"


Rows = Annotated[int, Field(ge=1)]
PER_PATTERN = 5


class Generate(Section):
    """How much of what."""

    per_intent: Annotated[int, Field(ge=1)] = 200
    per_slot: Annotated[int, Field(ge=1)] | None = None
    distribution: Literal["uniform", "seeds"] | Mapping[str, Share] = "uniform"
    per_pattern: Rows | Mapping[Origin, Rows] = PER_PATTERN
    share: Mapping[Origin, Share] | None = None
    budget: Annotated[float, Field(ge=1)] = 8
    spare: Annotated[float, Field(ge=1)] | None = None
    names: bool = True
    best_of: Annotated[int, Field(ge=1, le=100)] = 1
    temperature: Annotated[float, Field(gt=0, le=5)] = 0.9
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95

    @field_validator("share", "distribution")
    @classmethod
    def _sums_to_one(cls, share: Any) -> Any:
        if isinstance(share, Mapping) and abs(sum(share.values()) - 1) > 1e-6:
            raise fault(
                f"the shares add up to {sum(share.values()):g}, not to 1",
                "write shares of the whole, such as {a: 0.5, b: 0.5}",
            )
        return share

    @field_validator("per_pattern", mode="before")
    @classmethod
    def _by_origin(cls, given: Any) -> Any:
        named = given if isinstance(given, Mapping) else {None: given}
        for origin, rows in named.items():
            at = () if origin is None else (str(origin),)
            if at and origin not in get_args(Origin):
                fix = did_you_mean(str(origin), get_args(Origin))
                raise fault(f"{origin!r} is no origin of rows", fix, *at)
            if not isinstance(rows, int) or isinstance(rows, bool) or rows < 1:
                raise fault(f"{rows!r} is no number of rows", "write 1, 2, 3 or more", *at)
        return given

    def rows_of_pattern(self) -> int | dict[str, int]:
        """How many rows may share a pattern: of all origins together, or of each."""
        if isinstance(self.per_pattern, int):
            return self.per_pattern
        usual = dict.fromkeys(("seed", "template", "model", "name"), PER_PATTERN)
        return usual | {str(origin): rows for origin, rows in self.per_pattern.items()}

    @model_validator(mode="after")
    def _one_measure(self) -> Generate:
        if self.per_slot is not None and self.distribution != "uniform":
            raise fault(
                "`per_slot` says how many rows each intent has, and so does `distribution`",
                "leave one of them out",
                "distribution",
            )
        if self.spare is not None and self.spare > self.budget:
            raise fault(
                f"{self.spare:g} spare candidates a row are more than the budget allows",
                f"raise budget ({self.budget:g}), or lower spare",
                "spare",
            )
        return self


class Dialogues(Section):
    """Flows, how many dialogues each gives, and after how many turns one is given up. `spare`
    candidates are simulated for each that is wanted; a model invents so many patterns (`invent`)
    of what users say in each place. `seeds` are real dialogues to compare with."""

    path: Path
    seeds: Path | None = None
    per_flow: Annotated[int, Field(ge=1)] = 100
    max_turns: Annotated[int, Field(ge=2)] = 40
    spare: Annotated[float, Field(ge=1, le=10)] = 1.2
    invent: Annotated[int, Field(ge=0, le=1000)] = 12


class Bias(Section):
    """What is done about bias while rows are made: surrogate names are drawn evenly over genders
    or origins, and twins with swapped genders and names stand beside their rows."""

    balance: tuple[Literal["gender", "origin"], ...] = ()
    counterfactual: bool = False


class Gate(Section):
    """A figure that a run must reach: `privacy.mia_auc <= 0.55`."""

    metric: str
    figure: str
    sign: Literal["<=", ">=", "<", ">"]
    limit: float

    def __str__(self) -> str:
        return f"{self.metric}.{self.figure} {self.sign} {self.limit:g}"


class Step(Section):
    """A filter, metric or exporter by name, with its options."""

    name: str
    options: Mapping[str, Any] = {}


class Card(Section):
    """What the dataset card cannot know by itself."""

    license: str = "other"


def fault(message: str, fix: str | None, *at: str | int) -> PydanticCustomError:
    """What a validator raises: a message, its remedy, and the place below the one it checks."""
    # the message goes in as a value, since braces of a template would be read as fields
    return PydanticCustomError("textsynth", "{message}", {"message": message, "fix": fix, "at": at})

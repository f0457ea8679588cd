"""`scripts/bench_dialogue.py` and its modules on a hand-made data folder: reading, the state rule,
what is made, the tables."""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from textsynth import corpus
from textsynth.corpus import Slot, Utterance
from textsynth.evaluate import tagging
from textsynth.scrub import Found

ROOT = Path(__file__).resolve().parents[1]
CITIES = ("Porto", "Lyon", "Graz", "Turin", "Ghent", "Malmo", "Bergen", "Cork", "Bath", "Pisa")
SCHEMA = [
    {
        "service": service,
        "description": "Find things",
        "intents": [
            {
                "name": intent,
                "description": "Find one",
                "is_transactional": False,
                "required_slots": ["city"],
                "result_slots": ["city", "hotel", "stars"],
            }
            for intent in intents
        ],
        "slots": [
            {"name": "city", "description": "The city", "is_categorical": False},
            {"name": "hotel", "description": "The name", "is_categorical": False},
            {"name": "stars", "is_categorical": True, "possible_values": ["1", "2", "21"]},
        ],
    }
    for service, intents in (
        ("Hotels_9", ["FindHotel", "BookHotel"]),
        ("Trains_9", ["FindTrain"]),
        ("Banks_9", ["CheckBalance"]),
        ("Inns_9", ["FindHotel"]),
    )
]


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "scripts"))
        import bench_dialogue

        yield bench_dialogue


@pytest.fixture(scope="module")
def reading(bench: ModuleType) -> ModuleType:
    return sys.modules["dialogue_data"]


@pytest.fixture(scope="module")
def models(bench: ModuleType) -> ModuleType:
    return sys.modules["dialogue_models"]


def turn(speaker: str, told: str, acts: str, intent: str | None = None) -> dict[str, Any]:
    """A turn of the plain form; `told` has its slots as `[surface](slot)`."""
    text, slots = "", []
    for part in re.split(r"(\[[^]]*\]\(\w+\))", told):
        if found := re.fullmatch(r"\[([^]]*)\]\((\w+)\)", part):
            start = len(text)
            slots.append({"start": start, "end": start + len(found[1]), "label": found[2]})
            part = found[1]
        text += part
    row = {"speaker": speaker, "text": text, "acts": acts.split(), "slots": slots}
    return row | ({"active_intent": intent} if intent else {})


def hotel(city: str, intent: str = "FindHotel") -> list[dict[str, Any]]:
    return [
        turn("user", f"a hotel in [{city}](city) please", "INFORM:city INFORM_INTENT", intent),
        turn("system", "How many stars?", "REQUEST:stars"),
        turn("user", "2 stars", "INFORM:stars", intent),
        turn("system", f"[Hotel {city}](hotel) is nice", "OFFER:hotel"),
        turn("user", "that sounds good", "SELECT", intent),
        turn("system", f"a room at [Hotel {city}](hotel)?", "CONFIRM:hotel"),
        turn("user", "yes", "AFFIRM", intent),
        turn("system", "Booked.", "NOTIFY_SUCCESS"),
    ]


def train(city: str) -> list[dict[str, Any]]:
    return [
        turn("user", f"trains to [{city}](city)", "INFORM:city INFORM_INTENT", "FindTrain"),
        turn("system", "There are none.", "NOTIFY_FAILURE"),
        turn("user", "thanks", "THANK_YOU", "FindTrain"),
        turn("system", "Bye.", "GOODBYE"),
    ]


def bank(city: str) -> list[dict[str, Any]]:
    return [
        turn("user", f"what is my balance in {city}", "INFORM_INTENT", "CheckBalance"),
        turn("system", "Twelve euros.", "INFORM:balance"),
    ]


def stolen(city: str) -> list[dict[str, Any]]:
    return [
        {"speaker": "user", "text": f"somebody in {city} stole my money"},
        {"speaker": "system", "text": "Your name?", "act": "ask_name"},
    ]


def write(folder: Path, name: str, rows: list[dict[str, Any]], *, packed: bool = False) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    if packed:
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(text))
    else:
        (folder / f"{name}.jsonl").write_bytes(text)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dialogues through two services and through one, of every part, and reports of fraud."""
    folder = tmp_path_factory.mktemp("eval")
    rows = []
    for number, city in enumerate(CITIES):
        split = "valid" if number >= 7 else "train"
        kinds = (
            (["Hotels_9", "Trains_9"], [*hotel(city), *train(city)]),
            (["Hotels_9"], hotel(city)),
            (["Banks_9"], bank(city)),
        )
        rows += [
            {"id": f"{city}/{at}", "services": services, "split": split, "turns": turns}
            for at, (services, turns) in enumerate(kinds)
        ]
    write(folder / "sgd", "dialogues", rows, packed=True)
    write(folder / "sgd", "schema", SCHEMA)
    reports = [
        {"id": n, "tasks": ["bank_fraud_report"], "turns": stolen(city)}
        for n, city in enumerate(CITIES)
    ]
    mixed = {"id": 99, "tasks": ["bank_fraud_report", "trivia"], "turns": stolen("Rome")}
    write(folder / "bank_fraud", "data", [*reports, mixed])
    return folder


def table(path: Path, dialogues: list[tuple[str, list[dict[str, Any]]]]) -> Path:
    """A corpus of textsynth with these dialogues, and one utterance that is in none."""
    rows = [Utterance("seed/0", "a hotel")]
    for number, (flow, turns) in enumerate(dialogues):
        for at, own in enumerate(turns):
            slots = tuple(
                Slot(s["start"], s["end"], s["label"], "canonical") for s in own.get("slots", ())
            )
            name = f"{flow}/{number:016x}"
            row = Utterance(f"dialogue/{name}/{at}", own["text"], slots=slots, dialogue_id=name)
            act = " ".join(own.get("acts", ()))
            rows.append(replace(row, turn=at, speaker=own["speaker"], act=act))
            if at == 0:
                rows[-1] = replace(rows[-1], dialogue=corpus.Dialogue(flow, "success"))
    corpus.write(corpus.to_table(rows), path)
    return path


def dialogue(reading: ModuleType, turns: list[dict[str, Any]]) -> Any:
    return reading.Dialogue(
        "d", "Hotels_9", tuple(reading.turn_of(one, schema(reading)) for one in turns)
    )


def schema(reading: ModuleType) -> Any:
    return reading.Service(frozenset(), {"stars": ("1", "2", "21")})


def gold(reading: ModuleType, *turns: dict[str, Any]) -> list[dict[str, str]]:
    whole = dialogue(reading, list(turns))
    said = [reading.said(one) for one, _ in reading.user_turns(whole)]
    states: list[dict[str, str]] = reading.states(whole, said, schema(reading))
    return states


def test_a_dialogue_is_cut_where_another_service_begins(reading: ModuleType, data: Path) -> None:
    schemas = reading.read_schemas(data / "sgd")
    turns = [*hotel("Porto"), *train("Porto"), *hotel("Lyon", "BookHotel")]
    found = reading.pieces({"id": 1, "services": ["Hotels_9", "Trains_9"], "turns": turns}, schemas)
    lengths = [(piece.service, len(piece.turns)) for piece in found]
    assert lengths == [("Hotels_9", 8), ("Trains_9", 4), ("Hotels_9", 8)]
    assert found[1].turns[0].text == "trains to Porto"
    shared = {"id": 1, "services": ["Hotels_9", "Inns_9"], "turns": turns}
    assert reading.pieces(shared, schemas) == []


def test_spans_of_categorical_slots_are_not_used(reading: ModuleType) -> None:
    own = reading.turn_of(turn("user", "[2](stars) stars in [Graz](city)", ""), schema(reading))
    assert own.spans == ((11, 15, "city"),)


@pytest.mark.parametrize(
    ("told", "acts", "state"),
    [
        ("to [Graz](city).", "INFORM:city", {"city": "graz"}),
        ("[ GRAZ ](city)", "INFORM:city", {"city": "graz"}),
        ("with 2 stars", "INFORM:stars", {"stars": "2"}),
        ("1 or 21", "INFORM:stars", {"stars": "21"}),
        ("with Two stars", "INFORM:stars", {"stars": "2"}),
        ("with many stars", "INFORM:stars", {"stars": "informed"}),
        ("211 stars", "INFORM:stars", {"stars": "informed"}),
        ("anywhere", "INFORM:city", {"city": "informed"}),
        ("is it in Graz?", "REQUEST:city", {}),
        ("hello", "INFORM_INTENT", {}),
        ("yes", "AFFIRM", {}),
        ("that one", "SELECT", {}),
        ("", "", {}),
    ],
)
def test_what_a_user_turn_adds(
    reading: ModuleType, told: str, acts: str, state: dict[str, str]
) -> None:
    assert gold(reading, turn("user", told, acts)) == [state]


OFFER = [
    turn("system", "[Astoria](hotel) with 2 stars", "OFFER:hotel OFFER:stars"),
    turn("user", "another", "REQUEST_ALTS"),
    turn("system", "[Ritz](hotel)", "OFFER:hotel"),
]
CONFIRM = turn("system", "[Ritz](hotel), [Graz](city), yes?", "CONFIRM:hotel CONFIRM:city")
ASKED = [turn("user", "is it big", "REQUEST:size"), turn("system", "No.", "INFORM:size")]


@pytest.mark.parametrize(
    ("turns", "state"),
    [
        ([*OFFER, turn("user", "good", "SELECT")], {"hotel": "ritz"}),
        ([*OFFER, *ASKED, turn("user", "good", "SELECT")], {"hotel": "ritz"}),
        ([*OFFER, turn("user", "the [R](hotel)", "SELECT:hotel")], {"hotel": "r"}),
        ([*OFFER, turn("user", "yes", "AFFIRM")], {"hotel": "ritz"}),
        ([*OFFER, *ASKED, turn("user", "yes", "AFFIRM")], {}),
        ([*OFFER, turn("user", "no", "NEGATE")], {}),
        ([CONFIRM, turn("user", "yes", "AFFIRM")], {"hotel": "ritz", "city": "graz"}),
        ([CONFIRM, turn("user", "no, [Cork](city)", "NEGATE INFORM:city")], {"city": "cork"}),
        (
            [CONFIRM, turn("user", "yes", "AFFIRM"), CONFIRM, turn("user", "no", "NEGATE")],
            {"hotel": "ritz", "city": "graz"},
        ),
        (
            [turn("user", "[A](city)", "INFORM:city"), turn("user", "[B](city)", "INFORM:city")],
            {"city": "b"},
        ),
    ],
)
def test_what_is_taken_from_the_system(
    reading: ModuleType, turns: list[dict[str, Any]], state: dict[str, str]
) -> None:
    assert gold(reading, *turns)[-1] == state


def test_earlier_states_stay_as_they_were(reading: ModuleType) -> None:
    assert gold(reading, *hotel("Graz")) == [
        {"city": "graz"},
        {"city": "graz", "stars": "2"},
        {"city": "graz", "stars": "2", "hotel": "hotel graz"},
        {"city": "graz", "stars": "2", "hotel": "hotel graz"},
    ]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("from Porto to New York", ((5, 10, "a"), (14, 22, "b"))),
        ("Porto New York", ((0, 5, "a"), (6, 14, "a"))),
        ("nothing", ()),
        ("", ()),
    ],
)
def test_spans_come_back_from_tags(models: ModuleType, text: str, spans: Any) -> None:
    assert models.spans_of(text, tagging.sentence(text, spans)[1]) == spans


def test_a_tag_that_continues_nothing_begins_a_span(models: ModuleType) -> None:
    assert models.spans_of("a b c", ["I-x", "I-x", "I-y"]) == ((0, 3, "x"), (4, 5, "y"))


def test_a_draw_is_even_and_does_not_go_by_the_order(reading: ModuleType) -> None:
    many = [reading.Dialogue(f"a{n}", "A", (reading.Turn("user", "hi"),)) for n in range(30)]
    few = [reading.Dialogue(f"b{n}", "B", (reading.Turn("user", "hi"),)) for n in range(4)]

    def drawn(count: int, seed: int = 0) -> list[str]:
        return [one.source for one in reading.draw([*many, *few], count, seed)]

    assert sorted(name[0] for name in drawn(6)) == ["a"] * 3 + ["b"] * 3
    assert sorted(name[0] for name in drawn(12)) == ["a"] * 8 + ["b"] * 4
    assert drawn(6) == [one.source for one in reading.draw([*few, *many][::-1], 6, 0)]
    assert set(drawn(6)) < set(drawn(12))
    assert drawn(6) != drawn(6, 1)
    assert len(drawn(99)) == 34


def test_labels_are_learnt_and_some_are_given(models: ModuleType) -> None:
    rows = [("yes please", ["asked"]), ("no thanks", ["asked"]), ("no", []), ("yes", [])] * 3
    gold = [
        frozenset({"turn"} | ({"AFFIRM"} if "yes" in text else set()) | set(signs))
        for text, signs in rows
    ]
    assert models.Labels(rows, gold)(rows) == gold
    assert models.Labels(rows, gold)([("no", ["unseen"])]) == [frozenset({"turn"})]
    for nothing in ([], [("", ["asked"])]):
        known = models.Labels(nothing, [frozenset({"A"})] * len(nothing))
        assert known(rows) == [frozenset()] * len(rows)
    unsure = [frozenset({"A"}), frozenset({"B"}), frozenset({"C"})]
    same: list[tuple[str, list[str]]] = [("x", [])] * 3
    assert models.Labels(same, unsure)(same[:1]) == [frozenset()]
    (one,) = models.Labels(same, unsure, some=True)(same[:1])
    assert len(one) == 1


def test_models_learn_what_they_are_shown_and_nothing_from_nothing(
    reading: ModuleType, models: ModuleType
) -> None:
    shown = [dialogue(reading, hotel(city)) for city in CITIES[:7]]
    others = [dialogue(reading, hotel(city)) for city in CITIES[7:]]
    schemas = {"Hotels_9": schema(reading)}
    learnt, untaught, lowest = (
        {name: round(of(scores), 3) for name, of in models.FIGURES.items()}
        for scores in (
            models.measure(shown, others, schemas, 0),
            models.measure([], others, schemas, 0),
            models.floor(shown, others, schemas),
        )
    )
    assert set(learnt.values()) == {1.0}
    assert set(untaught.values()) == {0.0}
    assert lowest["joint goal"] == lowest["slot F1"] == 0
    assert 0 < lowest["act F1"] < 0.5


def test_differences_of_states_are_named(models: ModuleType) -> None:
    own = models.differences({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "x", "d": "4"})
    assert own == ["b other value", "c missing", "d extra"]


def run(bench: ModuleType, *arguments: object) -> None:
    bench.main([str(argument) for argument in arguments])


def row(output: str, source: str) -> str:
    (first, *_) = [line for line in output.splitlines() if line.endswith(f"  {source}")]
    return first


@pytest.mark.parametrize("split", ["valid", "held-out"])
def test_a_run_stands_between_floor_and_ceiling(
    bench: ModuleType,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    split: str,
) -> None:
    made = [("hotels_9", hotel(city)) for city in ("Rome", "Bonn", "Oslo")]
    path = table(tmp_path / "corpus.parquet", [*made, ("other", train("Rome"))])
    common = ("--services", "Hotels_9,Trains_9", "--seeds", 2, "--real", 2, "--dialogues", 6)
    run(bench, "schema", "--data", data, "--split", split, *common, "--synthetic", path, tmp_path)
    output = capsys.readouterr().out
    assert "no dialogues of Trains_9" in output
    assert "100 %" in row(output, "real 6")
    assert row(output, "floor").split()[0] == "0"
    assert row(output, "from schemas").split()[0] == "6"
    assert row(output, "from schemas + real 2").split()[0] == "8"
    assert row(output, str(path)).split()[0] == "3"
    assert row(output, f"{path} + real 2").split()[0] == "5"
    assert row(output, str(path))[9:] == row(output, str(tmp_path))[9:].replace(
        str(tmp_path), str(path)
    )
    assert re.search(r"\+\d+  Trains_9 GOODBYE +F1 0.00 against 1.00", output)
    assert re.search(r"\+\d+  Trains_9 city missing", output)


def test_nothing_of_the_evaluation_is_trained_on(
    bench: ModuleType, reading: ModuleType, data: Path
) -> None:
    options = argparse.Namespace(services="Hotels_9,Trains_9", split="held-out", data=data)
    own, out = bench.parts(options, reading.read_schemas(data / "sgd"))
    assert out and not {one.source for one in own} & {one.source for one in out}
    assert len(own) + len(out) == 21
    assert len({one.source for one in out}) == 4


class Blind:
    """A detector that finds nobody."""

    def detect(self, texts: Sequence[str], progress: object = None) -> list[list[Found]]:
        return [[] for _ in texts]


def test_fraud_is_told_from_banking(
    bench: ModuleType,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bench, "detector", Blind)
    made = [("report_fraud", stolen(city)) for city in CITIES]
    made += [("check_balance", bank(city)) for city in CITIES]
    path = table(tmp_path / "corpus.parquet", [*made, ("book_table", stolen("Rome"))])
    common = ("--shots", 1, "--draws", 2, "--induced", 2)
    run(bench, "fraud", "--data", data, *common, "--synthetic", path, "--most", 8)
    output = capsys.readouterr().out
    assert f"{path}: 8 fraud, 8 bank" in output
    assert "from templates and schemas: 8 fraud, 8 bank" in output
    assert sum(map(int, re.findall(r"fraud: (\d+) to train on, (\d+)", output)[0])) == 10
    assert row(output, "all real").split()[:2] == ["1", "100.0"]
    assert " ± " in row(output, "real 1 of each")
    assert row(output, f"real 1 of each + {path} x 1").startswith("    2  100.0 ± 0.0, ")
    induced = row(output, "real 1 of each + induced from the same x 0.1").split()
    assert (induced[0], induced[2], induced[4][0]) == ("2", "±", "+")


def test_induced_dialogues_say_what_the_drawn_ones_say(
    bench: ModuleType, reading: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "detector", Blind)
    kinds = {"fraud": [stolen("Porto"), stolen("Lyon")], "bank": [bank("Graz")]}
    drawn = {name: [dialogue(reading, own) for own in kind] for name, kind in kinds.items()}
    found = bench.induced(drawn, 20)
    assert found == bench.induced(drawn, 20)
    for name, own in drawn.items():
        texts, seen = (
            {one.text for each in some for one in each.turns} for some in (found[name], own)
        )
        assert len(found[name]) == 20 and {one.service for one in found[name]} == {name}
        assert texts and texts <= seen


def test_dialogues_are_made_of_each_service(
    bench: ModuleType, reading: ModuleType, data: Path
) -> None:
    services = ["Hotels_9", "Trains_9"]
    made = bench.from_schemas(data / "sgd", services, 7)
    own = reading.of_services(made, "", reading.read_schemas(data / "sgd"), services)
    assert Counter(one.service for one in own) == dict.fromkeys(services, 7)
    assert any(span[2] == "city" for one in own for turn in one.turns for span in turn.spans)


def test_the_acts_of_either_corpus_are_read(reading: ModuleType) -> None:
    (_, asked), (balance, _) = stolen("Bath"), bank("Bath")
    read = [reading.turn_of(one, reading.NOTHING).acts for one in (asked, balance)]
    assert read == [("ask_name",), ("INFORM_INTENT",)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["schema", "--services", "Nowhere_1"], "there is no Nowhere_1 in the schema"),
        (["schema", "--services", "Inns_9"], "valid: no dialogues of Inns_9 in train"),
        (["schema", "--services", "Trains_9", "--synthetic", "absent"], "there is no such corpus"),
        (["schema", "--services", "Trains_9", "--synthetic", "flat"], "holds no dialogues"),
        (["schema", "--services", "Trains_9", "--synthetic", "hotels"], "no flow is of Trains_9"),
    ],
)
def test_what_cannot_be_measured_is_told(
    bench: ModuleType,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    table(tmp_path / "flat", [])
    table(tmp_path / "hotels", [("hotels_9", hotel("Rome"))])
    with pytest.raises(SystemExit, match=re.escape(message)):
        run(bench, *arguments, "--data", data)


def test_a_missing_set_is_told(bench: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"neither schema\.jsonl nor"):
        run(bench, "schema", "--data", tmp_path)

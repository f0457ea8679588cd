"""Packs from schemas: what is read, what is wrong, and that what is written talks."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from textsynth import corpus
from textsynth.corpus import Utterance
from textsynth.dialogue import flowfile
from textsynth.dialogue.checks import faults
from textsynth.dialogue.lint import lint
from textsynth.dialogue.schema import chosen, read
from textsynth.dialogue.schema_flows import ServiceFlow
from textsynth.dialogue.schema_intents import spoken
from textsynth.dialogue.schema_kinds import plural, singular, with_article
from textsynth.dialogue.schema_pack import new_from_schema
from textsynth.dialogue.schema_words import listed, wordings
from textsynth.dialogue.simulate import simulate
from textsynth.dialogue.words import words
from textsynth.errors import GrammarError

Json = dict[str, Any]


def slot(name: str, description: str = "", *values: str) -> Json:
    return {
        "name": name,
        "description": description,
        "is_categorical": bool(values),
        "possible_values": list(values),
    }


def intent(name: str, description: str, required: list[str], **more: Any) -> Json:
    return {
        "name": name,
        "description": description,
        "is_transactional": False,
        "required_slots": required,
        "optional_slots": {},
        "result_slots": required,
        **more,
    }


FERRIES: Json = {
    "service_name": "Ferries_1",
    "description": "Crossings between islands",
    "slots": [
        slot("from_port", "City where the ferry leaves"),
        slot("to_port", "City where the ferry goes to"),
        slot("sailing_date", "Date of the crossing"),
        slot("leaving_time", "Time of the crossing"),
        slot("fare", "Price of the crossing"),
        slot("num_passengers", "Number of people", "1", "2", "3"),
        slot("has_cabin", "Whether the crossing has cabins", "True", "False"),
        slot("deck", "The deck (upper|lower) to sit on", "Upper", "Lower; aft"),
        slot("operator", "Who runs it"),
    ],
    "intents": [
        intent(
            "FindFerry",
            "Find a ferry between two cities",
            ["from_port", "to_port", "sailing_date"],
            optional_slots={"has_cabin": "dontcare", "deck": "dontcare"},
            result_slots=["from_port", "to_port", "leaving_time", "fare", "has_cabin", "operator"],
        ),
        intent(
            "BookFerry",
            "Book seats on a ferry",
            ["from_port", "to_port", "sailing_date", "leaving_time"],
            optional_slots={"num_passengers": "1"},
            is_transactional=True,
        ),
    ],
}
TIDES: Json = {
    "service_name": "Tides_1",
    "description": "When the sea is high",
    "slots": [slot("harbour", "Name of the harbour"), slot("height", "How high it gets")],
    "intents": [
        intent("GetTides", "", [], result_slots=["harbour", "height"]),
    ],
}
LAMPS: Json = {
    "service_name": "Lamps_1",
    "description": "Lamps of a house",
    "slots": [slot("dimmed", "Whether to dim the lamp", "True", "False")],
    "intents": [
        intent("SwitchLamp", "Switch a lamp", ["dimmed"], is_transactional=True, result_slots=[])
    ],
}
BELLS: Json = {
    "service_name": "Bells_1",
    "slots": [],
    "intents": [intent("RingBell", "Ring the bell", [], is_transactional=True)],
}


MORE: Json = copy.deepcopy(FERRIES) | {"service_name": "Ferries_2"}
MORE["slots"][7]["possible_values"] = ["Sun", "Shade"]


def written(tmp_path: Path, *services: Json, lines: bool = False) -> Path:
    path = tmp_path / "schema.json"
    text = "\n".join(map(json.dumps, services)) if lines else json.dumps(services, indent=1)
    path.write_text(text)
    return path


def talk(folder: Path, count: int = 60) -> dict[str, list[Utterance]]:
    """Dialogues of a pack by flow; nothing is wrong with them, nor with the flows."""
    flows = flowfile.load(folder / "flows")
    spoken_of = words(flows, None, seed=1)
    found = {}
    for name, file in flows.files.items():
        own = [f for f in lint(file.flow, spoken_of[name]) if f.severity == "error"]
        assert own == []
        table = simulate(file.flow, spoken_of[name], range(count), seed=1)
        wrong = faults(table)
        assert [v for v in wrong.values() if v != ["turn_repeated"]] == []
        assert len(wrong) <= count / 20
        found[name] = list(corpus.utterances(table))
    return found


def acts(rows: list[Utterance]) -> set[str]:
    return {act for row in rows for act in (row.act or "").split()}


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "pack"
    schema = written(tmp_path_factory.mktemp("schema"), FERRIES, MORE, TIDES, LAMPS, BELLS)
    new_from_schema(schema, folder)
    return folder


@pytest.fixture(scope="module")
def dialogues(pack: Path) -> dict[str, list[Utterance]]:
    return talk(pack)


# --- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lines", [False, True])
def test_lists_and_lines_are_read(tmp_path: Path, lines: bool) -> None:
    found = read(written(tmp_path, FERRIES, TIDES, lines=lines))
    assert [service.name for service in found] == ["Ferries_1", "Tides_1"]
    ferries = found[0]
    assert ferries.slots["has_cabin"].boolean
    assert not ferries.slots["deck"].boolean
    assert ferries.slots["deck"].values == ("Upper", "Lower; aft")
    assert ferries.intents["BookFerry"].transactional
    assert ferries.intents["BookFerry"].wanted[-1] == "num_passengers"
    assert found[1].intents["GetTides"].required == ()


def test_one_service_and_gzip_are_read(tmp_path: Path) -> None:
    path = tmp_path / "schema.jsonl.gz"
    renamed = {"service": TIDES["service_name"], **TIDES}
    del renamed["service_name"]
    path.write_bytes(gzip.compress(json.dumps(renamed).encode()))
    assert [service.name for service in read(path)] == ["Tides_1"]


def ferries(change: Callable[[Json], Any]) -> Json:
    made = copy.deepcopy(FERRIES)
    change(made)
    return made


def of_slot(at: int, **more: Any) -> Json:
    return ferries(lambda made: made["slots"][at].update(more))


def of_intent(at: int, **more: Any) -> Json:
    return ferries(lambda made: made["intents"][at].update(more))


SLOT = "service Ferries_1: slot"
INTENT = "service Ferries_1: intent"


@pytest.mark.parametrize(
    ("service", "where", "message", "fix"),
    [
        (ferries(lambda m: m.pop("service_name")), "schema.json", "'service_name' is missing", "…"),
        (ferries(lambda m: m.pop("slots")), "service Ferries_1", "'slots' is no list", "[…]"),
        (ferries(lambda m: m.pop("intents")), "service Ferries_1", "'intents' is no list", "[…]"),
        (ferries(lambda m: m.update(intents=[])), "service Ferries_1", "no intents", "name"),
        (ferries(lambda m: m["slots"].append(m["slots"][0])), "Ferries_1", "two slots", "rename"),
        (ferries(lambda m: m["intents"].append(m["intents"][0])), "_1", "two intents", "rename"),
        (ferries(lambda m: m["slots"].append("deck")), f"{SLOT} 10", "no JSON object", "name"),
        (of_slot(0, name="a port"), f"{SLOT} 1", "'a port' is no name", "letters"),
        (of_slot(0, name=""), f"{SLOT} 1", "'name' is missing", "…"),
        (of_slot(0, is_categorical="no"), f"{SLOT} from_port", "neither true nor false", "false"),
        (of_slot(0, is_categorical=True), f"{SLOT} from_port", "no 'possible_values'", "false"),
        (of_slot(7, possible_values=["a", 2]), f"{SLOT} deck", "no text", "possible_values"),
        (of_slot(7, possible_values=["a", "a"]), f"{SLOT} deck", "'a' twice", "out"),
        (of_slot(7, possible_values="a"), f"{SLOT} deck", "is no list", "[…]"),
        (of_intent(0, required_slots=["prot"]), f"{INTENT} FindFerry", "'prot'", "from_port"),
        (of_intent(0, optional_slots={"x": "1"}), f"{INTENT} FindFerry", "'x'", "there are"),
        (of_intent(0, result_slots=["x"]), f"{INTENT} FindFerry", "'result_slots' names", "there"),
        (of_intent(0, optional_slots=["x"]), f"{INTENT} FindFerry", "'optional_slots'", "{"),
        (of_intent(0, is_transactional=None), f"{INTENT} FindFerry", "neither", "false"),
        (of_intent(1, name=7), f"{INTENT} 2", "'name' is missing", "…"),
    ],
)  # fmt: skip
def test_missing_parts_are_told(
    tmp_path: Path, service: Json, where: str, message: str, fix: str
) -> None:
    with pytest.raises(GrammarError) as caught:
        read(written(tmp_path, service))
    assert where in (caught.value.where or "")
    assert message in caught.value.message
    assert fix in (caught.value.fix or "")


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("", "schema.json", "no service"),
        ("[]", "schema.json", "no service"),
        ("[1]", "schema.json", "no JSON object"),
        ('[\n  {"service_name": }\n]', "schema.json:2:20", "not JSON"),
        (json.dumps(TIDES) + "\n{oops", "schema.json:2:2", "not JSON"),
        (json.dumps([TIDES, TIDES]), "schema.json: service", "two services"),
    ],
)
def test_what_is_no_schema_is_told(tmp_path: Path, text: str, where: str, message: str) -> None:
    path = tmp_path / "schema.json"
    path.write_text(text)
    with pytest.raises(GrammarError) as caught:
        read(path)
    assert (caught.value.where or "").startswith(where.partition(": ")[0])
    assert message in caught.value.message
    assert caught.value.fix


@pytest.mark.parametrize("data", [None, b"\xff\xfe[]", gzip.compress(b"[]", mtime=0)[:-9]])
def test_files_that_cannot_be_read_are_told(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "schema.json"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(GrammarError, match="cannot be read"):
        read(path)


def test_services_are_chosen_by_name(tmp_path: Path) -> None:
    services = read(written(tmp_path, FERRIES, TIDES))
    assert [s.name for s in chosen(services, ["Tides_1", "Tides_1"])] == ["Tides_1"]
    assert chosen(services, []) == services
    with pytest.raises(GrammarError, match="Tides_2") as caught:
        chosen(services, ["Tides_2"])
    assert "did you mean 'Tides_1'" in (caught.value.fix or "")


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (slot("destination_city", "City to fly to"), "city"),
        (slot("departure_date"), "date"),
        (slot("journey_start_time"), "time"),
        (slot("price_per_night"), "money"),
        (slot("number_of_seats"), "number"),
        (slot("party_size", "How many", "1", "2"), "number"),
        (slot("phone_number"), "phone"),
        (slot("street_address"), "address"),
        (slot("average_rating"), "rating"),
        (slot("genre", "Genre of the song"), "music_genre"),
        (slot("genre", "Genre of the film"), "movie_genre"),
        (slot("director", "Who made it"), "person"),
        (slot("has_wifi", "Whether it has wifi", "True", "False"), "boolean"),
        (slot("colour", "Its colour", "Red", "Blue"), "choice"),
        (slot("frobnication"), "name"),
    ],
)
def test_kinds_are_told_from_names(tmp_path: Path, made: Json, kind: str) -> None:
    service = {**TIDES, "slots": [made], "intents": [intent("GetIt", "", [])]}
    (found,) = read(written(tmp_path, service))
    assert wordings(found)[made["name"]].kind == kind


def test_booleans_are_said(tmp_path: Path) -> None:
    (service,) = read(written(tmp_path, FERRIES))
    one = wordings(service)["has_cabin"]
    assert "Do you want cabins?" in one["ask"]
    told, system = one.lists["ferries_1_has_cabin"], one.lists["ferries_1_has_cabin_is"]
    assert "with cabins" in told[0]
    assert 'out: "True"' in told[0]
    assert "without cabins" in told[1]
    assert "doesn't have cabins" in system[1]


@pytest.mark.parametrize(
    ("name", "description", "does", "thing"),
    [
        ("FindBus", "Find a bus journey for a given pair of cities", "find a bus journey", "bus"),
        ("CheckBalance", "Check the amount in a user's account", "check my balance", "balance"),
        ("GetCarsAvailable", "", "find available cars", "available cars"),
        ("SearchOnewayFlight", "", "search for a one-way flight", "one-way flight"),
        ("Ping", "", "ping", ""),
    ],
)  # fmt: skip
def test_intents_are_said(
    tmp_path: Path, name: str, description: str, does: str, thing: str
) -> None:
    service = {**TIDES, "intents": [intent(name, description, [])]}
    (found,) = read(written(tmp_path, service))
    words_of = spoken(found.intents[name])
    assert does in words_of.does
    assert words_of.thing == thing


@pytest.mark.parametrize(
    ("one", "several"),
    [("city", "cities"), ("bus", "buses"), ("movie", "movies"), ("day", "days"), ("box", "boxes")],
)
def test_nouns_have_two_numbers(one: str, several: str) -> None:
    assert plural(one) == several == plural(several)
    assert singular(one) == one


def test_articles() -> None:
    found = [with_article(noun) for noun in ("event", "bus", "music", "tickets", "one-way trip")]
    assert found == ["an event", "a bus", "music", "tickets", "a one-way trip"]


def test_offers_name_what_decides(tmp_path: Path) -> None:
    (service,) = read(written(tmp_path, FERRIES))
    flow = ServiceFlow(service)
    assert flow.offered(service.intents["FindFerry"]) == ["leaving_time", "fare"]
    assert flow.confirmed(service.intents["BookFerry"])[-1] == "num_passengers"


# --- packs ---------------------------------------------------------------------------------------


def test_a_pack_is_written(pack: Path) -> None:
    found = {path.relative_to(pack).as_posix() for path in pack.rglob("*") if path.is_file()}
    names = ("ferries_1", "ferries_2", "tides_1", "lamps_1", "bells_1", "_lists")
    flows = {f"flows/{name}.yaml" for name in names}
    assert found == {*flows, "recipe.yaml", "README.md"}
    assert "Ferries_1: Crossings between islands" in (pack / "README.md").read_text()


def test_nothing_is_overwritten(tmp_path: Path, pack: Path) -> None:
    with pytest.raises(GrammarError, match="something is there") as caught:
        new_from_schema(written(tmp_path, TIDES), pack)
    assert "empty" in (caught.value.fix or "")
    with pytest.raises(GrammarError, match="something is there"):
        new_from_schema(written(tmp_path, TIDES), tmp_path / "schema.json")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GrammarError, match="cannot be written"):
        new_from_schema(written(tmp_path, TIDES), tmp_path / "file" / "pack")


def test_a_search_leads_to_what_is_done_with_it(dialogues: dict[str, list[Utterance]]) -> None:
    there = acts(dialogues["Ferries_1"])
    assert {"INFORM_INTENT", "INFORM:from_port", "SELECT", "REQUEST_ALTS", "AFFIRM_INTENT"} <= there
    assert {"REQUEST:to_port", "OFFER:fare", "INFORM_COUNT:count", "OFFER_INTENT"} <= there
    assert {"CONFIRM:sailing_date", "CONFIRM:num_passengers", "NOTIFY_SUCCESS"} <= there
    assert {"NEGATE", "AFFIRM", "THANK_YOU", "GOODBYE", "REQ_MORE", "NOTIFY_FAILURE"} <= there
    outcomes = {row.dialogue.outcome for row in dialogues["Ferries_1"] if row.dialogue}
    assert {"success", "failure"} <= outcomes


def test_booleans_and_odd_values_are_told(dialogues: dict[str, list[Utterance]]) -> None:
    found: dict[str, set[str]] = {}
    for row in dialogues["Ferries_1"]:
        for span in row.slots:
            found.setdefault(span.label, set()).add(span.value)
    assert found["has_cabin"] == {"True", "False"}
    assert found["deck"] == {"Upper", "Lower; aft"}


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["a;b"], "a;b"),
        (["a\\b"], "a\\b"),
        (["a (b)"], r"a \(b\)"),
        (["A;b", "a;b"], r"(A\;b|a\;b)"),
    ],
)
def test_signs_of_values_are_escaped_where_they_are_read(texts: list[str], said: str) -> None:
    assert listed(texts) == said


def test_an_intent_without_slots_is_answered_at_once(
    dialogues: dict[str, list[Utterance]],
) -> None:
    openings = [row for row in dialogues["Tides_1"] if row.turn == 1]
    assert openings
    assert not any("REQUEST:" in (row.act or "") for row in openings)
    assert "OFFER:height" in acts(dialogues["Tides_1"])


def test_a_service_with_one_intent(dialogues: dict[str, list[Utterance]]) -> None:
    assert {"CONFIRM:dimmed", "NOTIFY_SUCCESS"} <= acts(dialogues["Lamps_1"])
    assert "OFFER_INTENT" not in acts(dialogues["Lamps_1"])
    assert "NOTIFY_SUCCESS" in acts(dialogues["Bells_1"])
    assert not any(act.startswith("CONFIRM") for act in acts(dialogues["Bells_1"]))


def test_lists_of_two_services_stay_apart(dialogues: dict[str, list[Utterance]]) -> None:
    decks = {
        name: {span.value for row in rows for span in row.slots if span.label == "deck"}
        for name, rows in dialogues.items()
    }
    assert decks["Ferries_1"] == {"Upper", "Lower; aft"}
    assert decks["Ferries_2"] == {"Sun", "Shade"}


@pytest.mark.parametrize("text", ["$100 {a} <b> a|b; (c)", "🛳️ \u202eabc", "x" * 10_000 + '"q"\\'])
def test_hostile_descriptions(tmp_path: Path, text: str) -> None:
    odd = copy.deepcopy(FERRIES) | {"description": text}
    for part in (*odd["slots"], *odd["intents"]):
        part["description"] = text
    odd["slots"][7]["possible_values"] = [text, "Lower"]
    new_from_schema(written(tmp_path, odd), tmp_path / "pack")
    assert talk(tmp_path / "pack", 8)["Ferries_1"]

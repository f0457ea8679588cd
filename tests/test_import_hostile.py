"""Input that is broken or means harm: clear errors with place and remedy, nothing else lost."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textsynth import importers
from textsynth.errors import GrammarError, SeedError, TextsynthError
from textsynth.grammar.document import Fields, Items, Node
from textsynth.importers import Notes, jsonfile, tree

quick = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

# -- JSON ------------------------------------------------------------------------------------------

values = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def plain(node: Node) -> Any:
    if isinstance(node, Fields):
        return {key: plain(value) for key, value in node.fields.items()}
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return json.loads(node.text) if node.plain else node.text


@given(value=values, indent=st.sampled_from([None, 2]), ascii=st.booleans())
def test_json_is_read_as_json_is(value: Any, indent: int | None, ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii)
    assert plain(jsonfile.parse(text, "a.json")) == value


@given(value=values, data=st.data())
def test_json_is_refused_where_json_is(value: Any, data: st.DataObject) -> None:
    text = json.dumps(value)
    at = data.draw(st.integers(0, len(text)))
    text = text[:at] + data.draw(st.sampled_from(["", *'{}[]",:x\\ '])) + text[at + 1 :]
    try:
        json.loads(text)
    except ValueError:
        with pytest.raises(GrammarError):
            jsonfile.parse(text, "a.json")
    else:
        assert jsonfile.parse(text, "a.json")


JUNK = [
    ('{"a": [1,\n 2 3]}', "a.json:2:4: ']' is expected"),
    ('{"a": 1', "a.json:1:8: '}' is expected"),
    ('{"a": }', "a.json:1:7: a value is expected"),
    ('{"a" 1}', "a.json:1:6: ':' is expected"),
    ('{"a": "x\n"}', "a.json:1:9: no JSON: invalid control character"),
    ('{"a": "x', "a.json:1:7: no JSON: unterminated string"),
    ("{} {}", "a.json:1:4: something stands behind the end"),
    ("{1: 2}", "a.json:1:2: a key in quotes is expected"),
    ("[" * 100_000, "a.json:1:51: the JSON is nested more than 50 deep"),
    ("NaN", "a.json:1:1: this is no JSON"),
]


@pytest.mark.parametrize(("text", "message"), JUNK, ids=range(len(JUNK)))
def test_junk_has_its_place(text: str, message: str) -> None:
    with pytest.raises(GrammarError) as caught:
        jsonfile.parse(text, "a.json")
    assert message in str(caught.value) and caught.value.fix


def test_places_are_those_of_the_file() -> None:
    top = jsonfile.parse('{\n "a": ["x",\n  "y"], "b": null}', "a.json")
    assert isinstance(top, Fields) and top.fields.keys() == {"a"}
    assert top.keys["a"].at() == "a.json:2:3"
    items = top.fields["a"]
    assert isinstance(items, Items) and items.items[1].place.at() == "a.json:3:4"


# -- archives --------------------------------------------------------------------------------------


def archive(path: Path, *entries: tuple[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in entries:
            file.writestr(name, text)
    return path


INTENT = "B/BotLocales/en_US/Intents/A/Intent.json"


@pytest.mark.parametrize("name", ["../evil.json", "/etc/evil.json", "a/../../x", "C:\\x", "..\\x"])
def test_files_outside_of_the_archive_are_refused(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "a.zip", (INTENT, "{}"), (name, "{}"))
    with pytest.raises(SeedError, match=r"a\.zip: the archive names a file outside"):
        list(importers.read_examples(path, "lex"))
    assert [file.name for file in tmp_path.iterdir()] == ["a.zip"]


def test_a_file_without_a_name_is_none_of_ours(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", (".", "{}"))
    with pytest.raises(SeedError, match="the bot holds no such locale"):
        list(importers.read_examples(path, "lex"))


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive(tmp_path / "a.zip", (INTENT, " " * 1_000_000), ("B/x", " " * 1_000_000))
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(tree, "MAX_UNPACKED", 1_500_000)
    with pytest.raises(SeedError, match="the archive holds more than 1 MB unpacked"):
        list(importers.read_examples(path))
    monkeypatch.setattr(tree, "MAX_UNPACKED", 3_000_000)
    monkeypatch.setattr(tree, "MAX_BYTES", 999_999)
    with pytest.raises(SeedError, match="the archive is larger unpacked than is read"):
        list(importers.read_examples(path))
    monkeypatch.setattr(tree, "MAX_FILES", 1)
    with pytest.raises(SeedError, match="the archive holds more than 1 files"):
        list(importers.read_examples(path))


def test_an_archive_that_lies_about_sizes_is_damaged(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", (INTENT, "{}" + " " * 10_000))
    data = path.read_bytes()
    at = data.rindex(b"PK\x01\x02") + 24  # the unpacked size in the central directory
    path.write_bytes(data[:at] + (5).to_bytes(4, "little") + data[at + 4 :])
    with pytest.raises(SeedError, match="the archive is damaged"):
        list(importers.read_examples(path))


def test_archives_that_are_none_damaged_or_locked(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04 junk")
    with pytest.raises(SeedError, match="the archive is no zip archive"):
        list(importers.read_examples(path, "dialogflow"))
    archive(path, (INTENT, "x" * 500))
    data = bytearray(path.read_bytes())
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(sign) + offset] |= 1  # the flag of encryption
    path.write_bytes(data)
    with pytest.raises(SeedError, match="the archive is encrypted"):
        list(importers.read_examples(path))
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive(path, (INTENT, "{}"), (INTENT, "{}"))
    with pytest.raises(SeedError, match="twice"):
        list(importers.read_examples(path))


# -- bots that are not as they should be -----------------------------------------------------------


def alexa(**model: Any) -> Any:
    return {"interactionModel": {"languageModel": model}}


BROKEN = [
    ("a.json", {"interactionModel": {}}, "alexa", "there is no 'languageModel'"),
    ("a.json", {"interactionModel": []}, "alexa", "'interactionModel' is a list, not a mapping"),
    ("a.json", alexa(intents={}), "alexa", "'intents' is a mapping, not a list"),
    ("a.json", alexa(intents=[{}]), "alexa", "the intent has no name"),
    ("a.json", alexa(intents=[{"name": "a", "samples": "x"}]), "alexa", "is a single value"),
    ("a.json", alexa(intents=[{"name": "a", "slots": [{"name": "s"}]}]), "alexa", "has no type"),
    ("a.json", alexa(intents=[], types=[{"name": "t", "values": [{"name": {}}]}]), "alexa",
     "the value has no words"),
    ("a.json", [], "alexa", "the file is no JSON object"),
    ("a.json", {"train": {}}, "clinc", "'train' is no list"),
    ("a.json", {"intents": {"a": {}}}, "snips", "there is no 'utterances'"),
    ("a.json", {"intents": {"a": {"utterances": [{}]}}}, "snips", "there is no 'data'"),
    ("a.json", {"a": 1}, "snips", "'a' is no list of utterances"),
    ("a.json", {"a": 1}, "table", "the file is no list of objects"),
    ("a.json", "{", "table", "this is no JSON"),
    ("a.csv", "text,text\na,b\n", "table", "the header names a column twice"),
    ("a.csv", "\n\n", "table", "there is no header"),
    ("a.csv", b"\xff\xfea", "table", "the file cannot be read"),
    ("a.parquet", "PAR1", "table", "this is no Parquet"),
    ("a.jsonl.gz", b"\x1f\x8b\x08junk", "table", "the file cannot be read"),
    ("intents/a_usersays_en.json", {}, "dialogflow", "the file is no JSON list"),
    ("intents/a_usersays_en.json", [1], "dialogflow", "a training phrase is a single value"),
    ("intents/a_usersays_en.json", [{}], "dialogflow", "there is no 'data'"),
    ("BotLocales/en/x.json", {}, "lex", "there are no intents of a locale"),
    ("x/y.json", {}, "lex", "the bot holds no such locale"),
    ("x/y.json", {}, "dialogflow", "the agent holds no such language"),
    ("nlu.yml", "nlu: {}\n", "rasa", "'nlu' is a mapping, not a list"),
    *[("a.json", b"\xff\xfe{", format, "the file is not UTF-8") for format in ("alexa", "clinc")],
    *[("a.json", " ", format, "the file is empty") for format in ("alexa", "clinc", "snips")],
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "format", "message"), BROKEN)
def test_what_is_broken_is_said(
    tmp_path: Path, name: str, data: Any, format: str, message: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = data if isinstance(data, (str, bytes)) else json.dumps(data)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SeedError) as caught:
        list(importers.read_examples(tmp_path if "/" in name else path, format))
    assert message in str(caught.value) and caught.value.fix and caught.value.where


HOSTILE = st.text(
    st.sampled_from("ab {}[]()\"'\\:@,|\n\r\t\0é😀\u202e\u2028"), min_size=1, max_size=30
)


def as_rasa(text: str) -> str:
    return "nlu:\n- intent: a\n  examples: |\n    - " + text


def as_alexa(text: str) -> str:
    return json.dumps(alexa(intents=[{"name": "a", "samples": [text, "ok"]}]))


def as_snips(text: str) -> str:
    return json.dumps({"intents": {text: {"utterances": [{"data": [{"text": text}]}]}}})


def as_clinc(text: str) -> str:
    return json.dumps({"train": [[text, text], ["ok", "a"]]})


WAYS: list[tuple[str, str, Callable[[str], str]]] = [
    ("rasa", "a.yml", as_rasa),
    ("alexa", "a.json", as_alexa),
    ("snips", "a.json", as_snips),
    ("snips", "a.yaml", lambda text: f"type: intent\nname: a\nutterances:\n- {text}"),
    ("clinc", "a.json", as_clinc),
    ("table", "a.csv", lambda text: f"text,intent\n{text}"),
    ("table", "a.jsonl", lambda text: text),
    ("conll", "a.bio", lambda text: text),
]


@pytest.mark.parametrize(("format", "name", "written"), WAYS, ids=[f"{f}-{n}" for f, n, _ in WAYS])
@quick
@given(text=HOSTILE)
def test_any_text_is_read_or_refused(
    tmp_path: Path, format: str, name: str, written: Callable[[str], str], text: str
) -> None:
    path = tmp_path / name
    path.write_bytes(written(text).encode())
    notes = Notes()
    try:
        rows = list(importers.read_examples(path, format, notes=notes))
    except TextsynthError as error:
        assert error.fix
    else:
        for row in rows:
            assert row.text.strip() and all(row.text[s.start : s.end].strip() for s in row.slots)
        assert notes.refused.keys() <= importers.REASONS.keys()
        if format in ("alexa", "clinc"):
            assert len(rows) + notes.refused.total() == 2


# Words in which no format sees a sign; a word stands at either end, since readers trim sentences.
WORDS = st.text(st.sampled_from("ab é😀\u202e\u05d0,.'"), max_size=12).map(lambda text: f"x{text}y")


def slotted_snips(*parts: str) -> str:
    before, surface, after = parts
    data = [{"text": before}, {"text": surface, "slot_name": "s", "entity": "e"}, {"text": after}]
    return json.dumps({"intents": {"a": {"utterances": [{"data": data}]}}})


def slotted_row(*parts: str) -> str:
    before, surface, _ = parts
    slot = {"start": len(before), "end": len(before + surface), "label": "s"}
    return json.dumps({"text": "".join(parts), "intent": "a", "slots": [slot]})


SLOTTED: list[tuple[str, str, Callable[[str, str, str], str]]] = [
    ("rasa", "a.yml", lambda before, surface, after: as_rasa(f"{before}[{surface}](s){after}")),
    ("snips", "a.json", slotted_snips),
    ("snips", "a.yaml", lambda before, surface, after: "type: intent\nname: a\nutterances:\n- "
     + json.dumps(f"{before}[s]({surface}){after}", ensure_ascii=False)),
    ("table", "a.jsonl", slotted_row),
]  # fmt: skip


@pytest.mark.parametrize(
    ("format", "name", "written"), SLOTTED, ids=[f"{f}-{n}" for f, n, _ in SLOTTED]
)
@quick
@given(before=WORDS, surface=WORDS, after=WORDS)
def test_a_slot_among_any_words_is_read(
    tmp_path: Path, format: str, name: str, written: Callable[[str, str, str], str],
    before: str, surface: str, after: str,
) -> None:  # fmt: skip
    path = tmp_path / name
    path.write_text(written(before, surface, after), encoding="utf-8")
    (row,) = importers.read_examples(path, format)
    (slot,) = row.slots
    said = [row.text[: slot.start], row.text[slot.start : slot.end], row.text[slot.end :]]
    assert [" ".join(part.split()) for part in said] == [
        " ".join(part.split()) for part in (before, surface, after)
    ]
    assert slot.label == "s"

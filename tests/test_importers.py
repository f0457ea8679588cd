"""Readers of other tools' templates: all that a small file says, its errors, and its format."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsynth import corpus, importers, pipeline
from textsynth.errors import GrammarError
from textsynth.grammar import syntax
from textsynth.grammar.draw import capacity, draw
from textsynth.grammar.grammar import count, lint
from textsynth.grammar.model import Grammar, Role
from textsynth.grammar.syntax import Place
from textsynth.importers.pack import Pack, escape, render

CHATITO = """\
// comment
# comment
%[find]('training': '3', 'testing': '2')
    ~[please?] find @[city] @[when#day?]
%[hi]('distribution': 'even')
    *[75%] hello ~[there you]
    *[25%] hey (you); [x]

~[please]
    please
    would ~[you] please
~[you]
    you
@[city]('synonym': 'true')
    ~[new york]
    Oslo
~[new york]
    NYC
    new york city
@[when#day]
    today
"""
RASA = """\
version: "3.1"
nlu:
- intent: fly
  examples: |
    - from [Rome]{"entity": "city", "role": "from"} to [NYC]{"entity": "city", "role": "to"}
    - in [b class](class:business)
- intent: faq/hi
  examples:
  - hello; (you)
  - text: "hey"
- synonym: New York
  examples: |
    - NYC
    - big apple
- lookup: class
  examples: |
    - economy
"""
SNIPS = """\
type: intent
name: light
slots:
  - {name: where, entity: room}
utterances:
  - light in the [where](kitchen) (now)
  - dim [where] to [level:amount](low)
---
type: entity
name: room
values:
  - [living room, lounge, main room]
  - cellar
"""
RHASSPY = """\
# comment
[Light]
colour = (red:rot | dark blue | green)
set [the] light to <colour>{colour}
\\[all] lights \\[x\\] (on | off){state} $room{where}
[Dim]
dim to 1..3,2{level} <Light.colour>
(all:every [of the] lamps){what:lamps}
"""
PADATIOUS = "turn (on|off) [the] {lamp}\nlight{lamp} #"


def folder(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def write(root: Path, name: str, text: str | bytes) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def said(grammar: Grammar, intent: str) -> set[str]:
    """All rows of an intent as `text -> label=surface/value, …`."""
    rows = draw(grammar, intent, 0, capacity(grammar, intent, seed=0), seed=0)
    found = set()
    for row in corpus.utterances(rows):
        slots = [f"{s.label}={row.text[s.start : s.end]}/{s.value}" for s in row.slots]
        found.add(row.text + (" -> " + ", ".join(slots) if slots else ""))
    return found


def noted(grammar: Grammar) -> str:
    return "\n".join(map(str, lint(grammar)))


# -- what each format says -------------------------------------------------------------------------


def test_chatito(tmp_path: Path) -> None:
    text = CHATITO.replace("('training': '3', 'testing': '2')", "")
    grammar = importers.load(write(tmp_path, "a.chatito", text))
    cities = ("NYC/new york", "new york city/new york", "Oslo/Oslo")
    assert said(grammar, "find") == {
        f"{please}find {city.split('/')[0]}{' today' * day} -> city={city}"
        + ", when=today/today" * day
        for please in ("", "please ", "would you please ")
        for city in cities
        for day in (0, 1)
    }
    assert said(grammar, "hi") == {"hello there you", "hey (you); [x]"}
    assert [block.weight for block in grammar.intents["hi"].blocks] == [75, 25]
    assert grammar.intents["hi"].distribution == "weighted"
    assert grammar.intents["find"].distribution == "uniform"
    assert count(grammar, "find") == 18 and lint(grammar) == []


def test_chatito_counts_are_the_most_rows(tmp_path: Path) -> None:
    grammar = importers.load(write(tmp_path, "a.chatito", CHATITO))
    (block,) = grammar.intents["find"].blocks
    assert block.max == 5 and block.metadata == {"training": 3, "testing": 2}
    assert capacity(grammar, "find", seed=0) == 5


def test_chatito_imports_and_folders(tmp_path: Path) -> None:
    main = write(tmp_path, "main.chatito", "import ./parts/b.chatito\n%[a]\n    ~[hi] @[x]\n")
    write(tmp_path, "parts/b.chatito", "import ../c.chatito\n~[hi]\n    hi\n")
    write(tmp_path, "c.chatito", "@[x]\n    one\n")
    for path in (main, tmp_path):
        assert said(importers.load(path), "a") == {"hi one -> x=one/one"}


def test_chatito_says_what_it_leaves_out(tmp_path: Path) -> None:
    text = "%[a]('x': 'y', 'training': '1')\n    *[2] ~[b]\n    c\n~[b]\n    *[9%] d\n    e\n"
    found = noted(importers.load(write(tmp_path, "a.chatito", text)))
    for part in ("argument 'x'", "probability in the alias 'b'", "by their weights alone",
                 "carried, not obeyed"):  # fmt: skip
        assert part in found


def test_rasa(tmp_path: Path) -> None:
    grammar = importers.load(write(tmp_path, "nlu.yml", RASA))
    cities = ("Rome/Rome", "NYC/New York", "big apple/New York")
    assert said(grammar, "fly") == {
        f"from {a.split('/')[0]} to {b.split('/')[0]} -> city_from={a}, city_to={b}"
        for a in cities
        for b in cities
    } | {"in b class -> class=b class/business", "in economy -> class=economy/economy"}
    assert said(grammar, "faq/hi") == {"hello; (you)", "hey"}
    assert grammar.roles() == {"city_from": Role("city", "from"), "city_to": Role("city", "to")}
    assert lint(grammar) == []


def test_rasa_says_what_it_leaves_out(tmp_path: Path) -> None:
    text = RASA + "- regex: zip\n  examples: |\n    - x\n- synonym: z\n  examples: |\n    - y\n"
    text += "- lookup: l\n  examples: |\n    - v\nstories: []\n"
    found = noted(importers.load(write(tmp_path, "nlu.yml", text)))
    for part in ("regex 'zip'", "synonym 'y'", "lookup 'l'", "'stories'"):
        assert part in found
    assert "nlu.yml:23:7: warning: the synonym 'y'" in found


def test_snips(tmp_path: Path) -> None:
    grammar = importers.load(write(tmp_path, "a.yaml", SNIPS))
    rooms = ("living room/living room", "lounge/living room", "main room/living room",
             "cellar/cellar", "kitchen/kitchen")  # fmt: skip
    assert said(grammar, "light") == {
        f"light in the {room.split('/')[0]} (now) -> where={room}" for room in rooms
    } | {f"dim {room.split('/')[0]} to low -> where={room}, level=low/low" for room in rooms}
    assert lint(grammar) == []


def test_snips_says_what_it_leaves_out(tmp_path: Path) -> None:
    text = SNIPS + "use_synonyms: false\nautomatically_extensible: true\nmatching_strictness: 0.5\n"
    text += "---\ntype: intent\nname: n\nutterances: ['at [t:snips/datetime](noon)']\n"
    grammar = importers.load(write(tmp_path, "a.yaml", text))
    for part in ("synonyms of 'living room'", "automatically", "strictness", "snips/datetime"):
        assert part in noted(grammar)
    assert "lounge" not in str(said(grammar, "light"))
    assert said(grammar, "n") == {"at noon -> t=noon/noon"}


def test_rhasspy(tmp_path: Path) -> None:
    write(tmp_path, "slots/room", "# comment\nkitchen\n[the] (living room):lounge\n")
    grammar = importers.load(write(tmp_path, "sentences.ini", RHASSPY))
    assert said(grammar, "Light") == {
        f"set {the}light to {c.split('/')[0]} -> colour={c}"
        for the in ("", "the ")
        for c in ("red/rot", "dark blue/dark blue", "green/green")
    } | {
        f"{every}lights [x] {state} {room.split('/')[0]} -> state={state}/{state}, where={room}"
        for every in ("", "all ")
        for state in ("on", "off")
        for room in ("kitchen/kitchen", "living room/lounge", "the living room/the lounge")
    }
    assert said(grammar, "Dim") == {
        f"dim to {n} {c} -> level={n}/{n}" for n in (1, 3) for c in ("red", "dark blue", "green")
    } | {f"{w} -> what={w}/lamps" for w in ("all of the lamps", "all lamps")}
    assert "a substitution outside" not in noted(grammar)


def test_rhasspy_says_what_it_leaves_out(tmp_path: Path) -> None:
    text = "[A]\nten:10!int cups $size\n(a){b!upper}\n"
    found = noted(importers.load(write(tmp_path, "sentences.ini", text)))
    for part in ("!int", "!upper", "outside of a tag", "{size} is defined nowhere"):
        assert part in found


def test_rhasspy_rules_go_on_below(tmp_path: Path) -> None:
    text = "[A]\nr =\n  (a |\n  b)\n<r> [c]{t}\n"
    grammar = importers.load(write(tmp_path, "sentences.ini", text))
    assert said(grammar, "A") == {"a", "b", "a c -> t=c/c", "b c -> t=c/c"}


def test_padatious(tmp_path: Path) -> None:
    path = write(tmp_path, "light.intent", "// comment\n# comment\n" + PADATIOUS + "\n:0 (x|)\n")
    write(tmp_path, "lamp.entity", "desk lamp\nlamp; \\#\n")
    numbers = [f"lamp; \\{n}" for n in range(10)]
    lamps = ["desk lamp", *numbers]
    expected = {
        f"turn {on} {the}{lamp} -> lamp={lamp}/{lamp}"
        for on in ("on", "off")
        for the in ("", "the ")
        for lamp in lamps
    } | {f"light{lamp} {n} -> lamp={lamp}/{lamp}" for lamp in lamps for n in range(10)}
    for source in (path, tmp_path):
        grammar = importers.load(source)
        assert said(grammar, "light") == expected | {"word x", "word"}


def test_padatious_entities_without_a_file_are_wildcards(tmp_path: Path) -> None:
    grammar = importers.load(write(tmp_path, "a.intent", "play {some song}\n"))
    assert said(grammar, "a") == {"play some song -> some_song=some song/some song"}
    assert "'some song' is called some_song" in noted(grammar)


# -- errors ----------------------------------------------------------------------------------------

DEEP = "(" * 10_000 + "a" + ")" * 10_000
NLU = "nlu:\n- intent: a\n  examples: |\n    - "
LIGHT = "type: intent\nname: a\nutterances:\n  - "
FAULTS = [
    ("a.chatito", "%[a]\n    x @[b\n", "a.chatito:2:7: the slot is not closed"),
    ("a.chatito", "%[a]\n    x @[?]\n", "a.chatito:2:7: the slot has no name"),
    ("a.chatito", "%[a]\n    %[b]\n", "a.chatito:2:5: an intent cannot stand"),
    ("a.chatito", "    x\n", "a.chatito:1:5: a sentence stands before"),
    ("a.chatito", "a\n    x\n", "a.chatito:1:1: this defines nothing"),
    ("a.chatito", "%[a]\n", "a.chatito:1:1: the intent 'a' has no sentences"),
    ("a.chatito", "%[a]\n    x\n%[a]\n    x\n", "a.chatito:3:1: the intent 'a' is defined in"),
    ("a.chatito", "%[a](x)\n    y\n", "a.chatito:1:6: this is no argument"),
    ("a.chatito", "%[a]('training': 'x')\n    y\n", "'training' is no whole number"),
    ("a.chatito", "%[a]('distribution': 'x')\n    y\n", "'x' is no distribution"),
    ("a.chatito", "%[a]\n    *[90%] x\n    *[20%] y\n", "the percentages add up to 110"),
    ("a.chatito", "%[a]\n    *[x] y\n", "a.chatito:2:5: this is no probability"),
    ("a.chatito", "~[a]('x': 'y')\n    y\n", "a.chatito:1:5: an alias has no arguments"),
    ("a.chatito", "import ./b.chatito\n", "a.chatito:1:8: there is no file"),
    ("a.chatito", "import ./a.chatito\n", "imports go in a circle: a.chatito -> a.chatito"),
    ("a.chatito", "%[a]\n    ~[b]\n~[b]\n    ~[b]\n", "<b> needs itself: <b> -> <b>"),
    ("a.chatito", "%[a]\n    @[b c] @[b_c]\n", "would both be called b_c"),
    ("a.chatito", "~[a]\n    x\n", "no sentences of any intent"),
    ("nlu.yml", NLU + "[x]{y\n", "nlu.yml:4:9: an annotation is broken"),
    ("nlu.yml", NLU + "[x] {y}\n", None),
    ("nlu.yml", NLU + "go [to [x]](city)\n", "nlu.yml:4:17: an annotation is broken"),
    ("nlu.yml", NLU + "[x]{y}\n", "nlu.yml:4:11: this is no JSON"),
    ("nlu.yml", NLU + '[x]{"role": "y"}\n', "nlu.yml:4:10: there is no 'entity'"),
    ("nlu.yml", NLU + '[x][{"entity": "a"}]\n', "nlu.yml:4:10: several entities"),
    ("nlu.yml", NLU + '[x]{"entity": []}\n', "nlu.yml:4:10: 'entity' is no text"),
    ("nlu.yml", NLU + "[x]()\n", "nlu.yml:4:10: this names no entity"),
    ("nlu.yml", NLU + "x\n    y\n", "nlu.yml:5:5: an example wants '- '"),
    ("nlu.yml", "nlu:\n- what: a\n", "nlu.yml:2:3: this is no entry of nlu"),
    ("nlu.yml", "nlu:\n- intent: a\n", "nlu.yml:2:3: there are no examples"),
    ("nlu.yml", "nlu: [\n", "this is no YAML"),
    ("a.yaml", LIGHT + "x [a\n", "a.yaml:4:7: the slot is not closed"),
    ("a.yaml", LIGHT + "x [a](b\n", "a.yaml:4:7: the slot is not closed"),
    ("a.yaml", LIGHT + "x [](b)\n", "a.yaml:4:7: the slot has no name"),
    ("a.yaml", "type: intent\nutterances: [a]\n", "a.yaml:1:1: the intent has no name"),
    ("a.yaml", LIGHT + "x\n---\ntype: x\n", "a.yaml:6:1: 'x' is no type"),
    ("a.yaml", LIGHT + "x\n---\ntype: entity\nname: b\nvalues: [{}]\n", "a.yaml:8:10: this is no"),
    ("s.ini", "x\n", "s.ini:1:1: a sentence stands before any intent"),
    ("s.ini", "[A]\nx (a\n", "s.ini:2:3: the '(' is not closed"),
    ("s.ini", "[A]\nx a)\n", "s.ini:2:4: ')' closes nothing"),
    ("s.ini", "[A]\nx {a\n", "s.ini:2:3: the tag is not closed"),
    ("s.ini", "[A]\n{a} x\n", "s.ini:2:1: the tag follows no words"),
    ("s.ini", "[A]\nx{a}{b}\n", "s.ini:2:5: a second tag"),
    ("s.ini", "[A]\nx <a\n", "s.ini:2:3: the rule is not closed"),
    ("s.ini", "[A]\nx <> a\n", "s.ini:2:3: the rule has no name"),
    ("s.ini", "[A]\nx > a\n", "s.ini:2:3: '>' stands alone"),
    ("s.ini", "[A]\nx $a,1\n", "s.ini:2:3: slot programs are not run"),
    ("s.ini", "[A]\nx 9..1{n}\n", "s.ini:2:3: the range of {9..1} is upside down"),
    ("s.ini", "[A]\n(a:b $c){d}\n", "s.ini:2:1: a tag holds a substitution beside a list"),
    ("s.ini", "[A]\n(" + "(a|b:c) " * 14 + "){d}\n", "a tag holds more than 10,000 values"),
    ("s.ini", "[A]\nr = a:b <r>\n<r>{t}\n", "a rule needs itself: <A.r> -> <A.r>"),
    ("s.ini", f"[A]\n{DEEP}\n", "s.ini:2:101: brackets are nested more than 100 deep"),
    ("a.intent", "x {a\n", "a.intent:1:3: the entity is not closed"),
    ("a.intent", "x {}\n", "a.intent:1:3: the entity has no name"),
    ("a.intent", "x a}\n", "a.intent:1:4: '}' closes nothing"),
    ("a.intent", "x (a]\n", "a.intent:1:5: ']' closes nothing"),
    ("a.intent", "x {a:int}\n", "a.intent:1:3: typed entities are Padacioso's"),
    ("a.intent", f"x {DEEP}\n", "a.intent:1:103: brackets are nested more than 100 deep"),
    ("a.intent", "// x\n", "no sentences of any intent"),
    ("a.entity", "x\n", "no sentences of any intent"),
    *[(name, "x\n\0", f"{name}:2:1: there is a NUL") for name in ("a.chatito", "a.intent")],
    *[(name, b"x\xff", f"{name}: the file is not UTF-8") for name in ("a.chatito", "s.ini")],
    *[(name, "\n", f"{name}: the file is empty") for name in ("a.chatito", "a.intent")],
    ("nlu.yml", "nlu:\n- \0", "nlu.yml:2:3: there is a NUL"),
    ("a.yaml", "type: intent\n\0", "a.yaml:2:1: there is a NUL"),
    ("a.txt", "x", "these are read: homeassistant, chatito, rasa, snips, rhasspy, padatious"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "message"), FAULTS)
def test_errors(tmp_path: Path, name: str, text: str | bytes, message: str | None) -> None:
    path = write(tmp_path, name, text)
    if message is None:  # what is no annotation is text
        assert importers.load(path)
        return
    with pytest.raises(GrammarError) as caught:
        grammar = importers.load(path)
        for intent in grammar.intents:
            draw(grammar, intent, 0, 1, seed=0)
    assert message in str(caught.value) and caught.value.fix


def test_a_circle_of_imports_is_shown(tmp_path: Path) -> None:
    write(tmp_path, "b.chatito", "import a.chatito\n")
    path = write(tmp_path, "a.chatito", "import b.chatito\n")
    with pytest.raises(GrammarError, match=r"a\.chatito -> b\.chatito -> a\.chatito"):
        importers.load(path)


def test_an_unknown_name_of_a_format(tmp_path: Path) -> None:
    with pytest.raises(GrammarError, match="did you mean 'chatito'"):
        importers.load(tmp_path, "chatitos")
    with pytest.raises(GrammarError, match="there are no files of chatito"):
        importers.load(tmp_path, "chatito")
    with pytest.raises(GrammarError, match="no such file"):
        importers.load(tmp_path / "none")


# -- detection -------------------------------------------------------------------------------------

FORMATS = [
    ("a.yaml", "language: en\nintents: {}\n", "homeassistant"),
    ("a.json", '{"intents": {}}', "homeassistant"),
    ("a.json", '{"language": "en", "intents": {}}', "homeassistant"),
    ("a.chatito", CHATITO, "chatito"),
    ("nlu.yml", RASA, "rasa"),
    ("a.yaml", SNIPS, "snips"),
    ("a.yaml", "---\n" + SNIPS, "snips"),
    ("sentences.ini", RHASSPY, "rhasspy"),
    ("a.intent", PADATIOUS, "padatious"),
    ("a.entity", "x", "padatious"),
    ("a.txt", "x", None),
    ("recipe.yaml", "name: a\ntemplates: {path: x}\n", None),
]


@pytest.mark.parametrize(("name", "text", "told"), FORMATS)
def test_detection(tmp_path: Path, name: str, text: str, told: str | None) -> None:
    path = write(tmp_path, name, text)
    assert importers.detect(path) == told and importers.detect(tmp_path) == told


def test_a_folder_of_several_formats_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.intent", "x")
    write(tmp_path, "a.chatito", CHATITO)
    with pytest.raises(GrammarError, match=r"several formats: chatito \(a\.chatito\), padatious"):
        importers.load(tmp_path)


def test_rasas_domain_is_no_pack_of_home_assistants(tmp_path: Path) -> None:
    write(tmp_path, "domain.yml", "intents:\n- a\n")
    write(tmp_path, "nlu.yml", RASA)
    assert importers.detect(tmp_path) == "rasa"
    assert "'intents' is not read" in noted(importers.load(tmp_path))


# -- signs of text that are signs of templates -----------------------------------------------------

SIGNS = st.text("ab ()[]{}<>|;\\@:", min_size=1, max_size=12).filter(str.strip)


@given(SIGNS)
def test_escaped_text_is_itself(text: str) -> None:
    pack = Pack(Place("p"))
    pack.block("a", [(escape(text), Place("p"))], Place("p"))
    pack.block("b", [("{l}", Place("p"))], Place("p"))
    pack.value("l", escape(text), Place("p"))
    grammar, flat = pack.grammar(), " ".join(text.split())
    assert said(grammar, "a") == {flat}
    assert said(grammar, "b") == {f"{flat} -> l={flat}/{flat}"}


TREES = st.recursive(
    SIGNS.map(syntax.Text) | st.sampled_from([syntax.ListReference("l", "s"),
                                             syntax.RuleReference("r <x>")]),
    lambda inner: st.lists(inner, min_size=2, max_size=3).map(tuple).flatmap(
        lambda items: st.sampled_from([
            syntax.Alternative(items), syntax.Alternative((*items, syntax.EMPTY), True),
        ])
    ),
    max_leaves=8,
)  # fmt: skip


@given(TREES)
def test_a_tree_is_read_as_it_was_written(tree: syntax.Node) -> None:
    if not isinstance(tree, syntax.Text):  # the ends of a sentence are trimmed
        assert syntax.parse(render(tree)) == tree


# -- the pipeline and the command line -------------------------------------------------------------

PACKS = [("chatito", "a.chatito", CHATITO), ("rasa", "nlu.yml", RASA), ("snips", "a.yaml", SNIPS),
         ("rhasspy", "sentences.ini", RHASSPY.replace(" $room{where}", "")),
         ("padatious", "light.intent", PADATIOUS)]  # fmt: skip


@pytest.mark.parametrize(("told", "name", "text"), PACKS)
def test_check_tells_the_format(tmp_path: Path, told: str, name: str, text: str) -> None:
    path = write(tmp_path, name, text)
    done = subprocess.run(
        [sys.executable, "-c", "from textsynth.cli import main; main()", "check", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert f"{path} ({told}): " in done.stdout.splitlines()[-1]
    assert pipeline.check(path)["format"] == told


@pytest.mark.parametrize(
    ("told", "name", "text"),
    [*PACKS, ("homeassistant", "a.json", '{"intents": {"a": {"data": []}}}')],
)
def test_suffixes_in_capitals(tmp_path: Path, told: str, name: str, text: str) -> None:
    write(tmp_path, name.upper(), text)
    write(tmp_path, f"._{name.upper()}", "\0")  # of macOS
    assert importers.detect(tmp_path) == told
    assert importers.load(tmp_path).intents


def test_files_beside_templates_count_in_capitals_too(tmp_path: Path) -> None:
    path = write(tmp_path, "LIGHT.INTENT", "lamp {lamp}\n")
    write(tmp_path, "lamp.ENTITY", "floor\n")
    assert said(importers.load(path), "LIGHT") == {"lamp floor -> lamp=floor/floor"}


def test_a_recipe_and_flows_in_capitals_are_known(tmp_path: Path) -> None:
    write(tmp_path, "HOME.YAML", "intents: {a: {data: [{sentences: [hi]}]}}\n")
    path = write(tmp_path, "RECIPE.YAML", "name: t\ntemplates: {path: HOME.YAML}\n")
    assert [row["name"] for row in pipeline.check(path)["intents"]] == ["a"]
    write(tmp_path, "flows/A.YAML", 'flow: a\nstates: {b: {say: ["Bye."], end: success}}\n')
    for place in (tmp_path / "flows", tmp_path / "flows" / "A.YAML"):
        assert pipeline.check(place)["format"] == "flows"


@pytest.mark.parametrize(("told", "name", "text"), PACKS)
def test_a_recipe_reads_it(tmp_path: Path, told: str, name: str, text: str) -> None:
    write(tmp_path, f"pack/{name}", text)
    recipe = {"name": "t", "templates": {"path": f"pack/{name}"}, "generate": {"per_intent": 2}}
    path = write(tmp_path, "recipe.yaml", json.dumps(recipe))
    report = pipeline.check(path)
    assert report["format"] == told and all(row["count"] for row in report["intents"])


def test_the_recipe_of_the_readme_is_one(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(# recipe\.yaml\n.*?)```", readme, re.DOTALL)
    (tmp_path / "recipe.yaml").write_text(shown, encoding="utf-8")
    (tmp_path / "seeds.jsonl").write_text('{"text": "hello", "intent": "greet"}\n')
    assert pipeline.check(tmp_path / "recipe.yaml")["findings"] == []
    assert pipeline.check(tmp_path)["findings"] == []
    pack = {"lists": {"x": {"values": ["a"]}}, "intents": {"a": {"data": [{"sentences": ["{x}"]}]}}}
    path = write(tmp_path, "pack.json", json.dumps(pack))
    assert pipeline.check(path)["format"] == "homeassistant"

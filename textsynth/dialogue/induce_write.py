"""An induced flow as YAML: tidy, with the counts beside it, for people to read and edit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from textsynth.dialogue.flow import HABITS
from textsynth.grammar.syntax import is_template
from textsynth.patterns import Pattern, Value

if TYPE_CHECKING:
    from textsynth.dialogue.induce import Induced, Node

WIDTH = 88
_SIGNS = re.compile(r"([\\()\[\]{}<>|;])")
_PLAIN = re.compile(r"[^\W\d]\w*\Z")
# Plain words that YAML readers take for something else.
_RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def sentence(pattern: Pattern) -> str:
    """A pattern in the notation of templates: signs are escaped, white space is one space."""
    said = "".join(
        escaped(part) if isinstance(part, str) else f"{{{part.name}}}" for part in pattern.parts
    )
    return " ".join(said.split())


def escaped(text: str) -> str:
    """Plain text in the notation of templates."""
    return _SIGNS.sub(r"\\\1", text)


def quoted(text: str) -> str:
    """A text as YAML, on one line, in double quotes."""
    out = []
    for char in text:
        if char in '"\\':
            out.append(f"\\{char}")
        elif char.isprintable():
            out.append(char)
        else:
            code = ord(char)
            out.append(
                f"\\x{code:02x}"
                if code < 0x100
                else f"\\u{code:04x}"
                if code < 0x10000
                else f"\\U{code:08x}"
            )
    return f'"{"".join(out)}"'


def key(name: str) -> str:
    """A name as a key or value."""
    plain = _PLAIN.match(name) and name.casefold() not in _RESERVED
    return name if plain else quoted(name)


def lists(values: Mapping[str, Iterable[Value]], about: str) -> str:
    """A file of lists."""
    out = [f"# {line}" for line in about.splitlines()]
    out.append("lists:")
    for name, own in values.items():
        out += [f"  {key(name)}:", "    values:"]
        for value in own:
            surface = value.surface  # without signs of templates it is read as it stands
            said = quoted(escaped(surface) if is_template(surface) else surface)
            same = value.surface == value.canonical
            out.append(
                f"      - {said}"
                if same
                else f"      - {{in: {said}, out: {quoted(value.canonical)}}}"
            )
    return "\n".join(out) + "\n"


def flow(made: Induced) -> str:
    """The file of a flow."""
    return "\n".join(_flow(made)) + "\n"


def _flow(made: Induced) -> Iterator[str]:
    yield f"# Induced from {made.total} dialogues; names, branches, sentences are yours to mend."
    yield "# Branches weigh how often they were taken; `2 of 9` dialogues pass through a state."
    if made.left_out:
        yield f"# Left out are {made.left_out} turns of the system, with their replies, that one"
        yield "# dialogue alone has and that lead on to nothing that others have too."
    yield f"flow: {key(made.name)}"
    yield f"description: {quoted(f'As {made.total} example dialogues go.')}"
    yield "# What users do besides is in the examples; the simulated user adds nothing to it."
    quiet = dict.fromkeys(HABITS, 0.0)
    yield f"user: {{{', '.join(f'{name}: {share:g}' for name, share in quiet.items())}}}"
    users = [slot for slot in made.slots.values() if slot.by_user]
    if users:
        yield "slots:"
    for slot in users:
        yield f"  {key(slot.name)}:  # told in {slot.dialogues} of {made.total} dialogues"
        yield f"    list: {key(slot.list)}"
        if slot.name not in made.asks:
            continue
        yield "    required: false" if made.refuses.get(slot.name) else "    required: true"
        for name, pool in (("ask", made.asks), ("answer", made.answers), ("refuse", made.refuses)):
            yield from _sentences(f"    {name}:", pool.get(slot.name, Counter()), "      ")
    given = [slot for slot in made.slots.values() if not slot.by_user]
    begins = bool(given) or len(made.starts) > 1
    if begins:
        drawn = ", ".join(f"{key(slot.name)}: {key(slot.list)}" for slot in given)
        gives = f", gives: {{{drawn}}}" if given else ""
        yield "calls:"
        yield "  # what the system knows by itself"
        yield f"  begin: {{results: {{success: {{weight: 1{gives}}}}}}}"
    yield "states:"
    if begins:
        yield f"  start: {{call: begin, success: {_branch(made.starts)}}}"
    first = next(iter(made.starts))
    nodes = sorted(made.nodes.values(), key=lambda node: node.name != first)
    written: dict[str, str] = {}
    for node in nodes:
        yield from _state(made, node, written)
    for outcome in made.ends:
        yield f"  end_{outcome}: {{end: {outcome}}}  # {made.ends[outcome]} of {made.total}"


def _state(made: Induced, node: Node, written: dict[str, str]) -> Iterator[str]:
    yield f"  {key(node.name)}:  # {len(node.dialogues)} of {made.total} dialogues"
    if node.kind == "collect":
        yield f"    collect: [{key(node.slot)}]"
        if node.again:
            yield f"    again: [{key(node.slot)}]"
        if node.refuses:
            yield f"    habits: {{refuse: {node.refuses / node.after.total():.2f}}}"
    elif node.kind == "user":
        yield f"    user: {key(node.intent)}"
        if f"user {node.words}" not in written:
            written[f"user {node.words}"] = ""
            yield from _sentences("    says:", made.pools[node.words], "      ")
    else:
        name = node.words
        if name in written:
            yield f"    {node.kind}: *{written[name]}"
        else:
            written[name] = _anchor(name, len(written))
            head = f"    {node.kind}: &{written[name]}"
            yield from _sentences(head, made.pools[node.words], "      ")
        yield f"    act: {quoted(node.act) if ' ' in node.act or ':' in node.act else node.act}"
    yield f"    next: {_branch(node.after)}"


def _anchor(name: str, number: int) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_]+", name) else f"words_{number}"


def _branch(after: Counter[str]) -> str:
    if len(after) == 1:
        return key(next(iter(after)))
    return f"{{{', '.join(f'{key(name)}: {count}' for name, count in after.most_common())}}}"


def _sentences(head: str, said: Counter[Pattern], indent: str) -> Iterator[str]:
    if not said:
        return
    yield head
    counts: Counter[str] = Counter()
    for pattern, count in said.items():
        counts[sentence(pattern)] += count
    for text, count in counts.most_common():
        yield f"{indent}- {quoted(text)}" + (f"  # {count} times" if count > 1 else "")

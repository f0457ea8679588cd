"""A flow as a picture: Mermaid's flowchart notation, which many pages and editors draw."""

from __future__ import annotations

from textsynth.dialogue.flow import Flow, State

_SHAPES = {
    "user": ('(["', '"])'),
    "listen": ('(["', '"])'),
    "collect": ('[/"', '"/]'),
    "confirm": ('{"', '"}'),
    "ask": ('{"', '"}'),
    "call": ('[["', '"]]'),
    "offer": ('>"', '"]'),
    "say": ('["', '"]'),
}
_STYLES = {
    "success": "fill:#d9f2d9,stroke:#2e7d32",
    "failure": "fill:#f9d9d5,stroke:#b3261e",
    "abandoned": "fill:#eeeeee,stroke:#757575",
}


def mermaid(flow: Flow) -> str:
    """A flow as the text of a Mermaid flowchart: states as nodes, branches as labelled arrows.

    Rounded: the user speaks; slanted: slots are asked for; a rhombus: a question; double bars: a
    call; a flag: an offer.
    """
    numbers = {name: f"s{at}" for at, name in enumerate(flow.states)}
    lines = ["---", f"title: {_quoted(flow.name)}", "---", "flowchart TD"]
    for name, state in flow.states.items():
        opens, closes = _SHAPES[state.kind]
        lines.append(f"    {numbers[name]}{opens}{_label(state)}{closes}")
    for name, state in flow.states.items():
        for label, branch in state.branches.items():
            total = sum(weight for _, weight in branch)
            for target, weight in branch:
                told = [] if label == "next" else [label]
                if len(branch) > 1:
                    told.append(f"{weight / total:.0%}")
                arrow = f'-- "{_escaped(" ".join(told))}" -->' if told else "-->"
                lines.append(f"    {numbers[name]} {arrow} {numbers[target]}")
    ending: dict[str, list[str]] = {}
    for name, state in flow.states.items():
        if state.end is not None:
            ending.setdefault(state.end, []).append(numbers[name])
    for outcome, nodes in ending.items():
        lines.append(f"    classDef {outcome} {_STYLES[outcome]}")
        lines.append(f"    class {','.join(nodes)} {outcome}")
    return "\n".join(lines) + "\n"


def _label(state: State) -> str:
    about = {
        "user": state.intent or "",
        "call": state.call or "",
        "collect": ", ".join(state.slots),
        "confirm": ", ".join(state.slots),
    }.get(state.kind, state.act)
    lines = [state.name, f"{state.kind}: {about}" if about else state.kind]
    if state.end is not None:
        lines.append(f"end: {state.end}")
    return "<br>".join(map(_escaped, lines))


def _escaped(text: str) -> str:
    # Mermaid reads entities by number and name, with '#' for '&'
    special = {'"': "#quot;", "#": "#35;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;"}
    return "".join(special.get(char, char) for char in text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

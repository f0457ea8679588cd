"""Dialogues as nested rows, the way `datasets` and chat templates read them: one row a dialogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from textsynth.corpus import SCORE, SLOT, STATE
from textsynth.export.dialogues import bounds

ROLES = {"user": "user", "system": "assistant"}

TURN = pa.struct(
    [
        ("speaker", pa.string()),
        ("text", pa.string()),
        ("acts", pa.list_(pa.string())),
        ("intent", pa.string()),
        ("slots", pa.list_(SLOT)),
        ("state", pa.list_(STATE)),
        ("pattern", pa.string()),
        ("origin", pa.string()),
    ]
)
MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])
DIALOGUES = pa.schema(
    [
        ("dialogue_id", pa.string()),
        ("flow", pa.string()),
        ("outcome", pa.string()),
        ("goal", pa.list_(STATE)),
        ("persona", pa.list_(SCORE)),
        ("path", pa.list_(pa.string())),
        ("language", pa.string()),
        ("turns", pa.list_(TURN)),
        ("messages", pa.list_(MESSAGE)),
        ("split", pa.string()),
    ]
)


def nest(turns: pa.Table) -> pa.Table:
    """A row of `DIALOGUES` for each dialogue of a table of turns, in their order. It has both
    forms of its turns: as annotated, and as the messages of a chat.

    Raises:
        ExportError: see `dialogues.bounds`.
    """
    places = bounds(turns)
    first = turns.take(pa.array(places[:-1]))
    whole = first.column("dialogue").combine_chunks()
    text, acts = _flat(turns, "text"), _flat(turns, "act")
    acts = pc.split_pattern(pc.if_else(pc.equal(acts, ""), None, acts), " ")
    roles = pc.index_in(_flat(turns, "speaker"), value_set=pa.array([*ROLES]))
    annotated = [acts if name == "acts" else _flat(turns, name) for name in TURN.names]
    columns: Mapping[str, Any] = {
        **{name: first.column(name) for name in ("dialogue_id", "language", "split")},
        **{
            name: pc.struct_field(whole, name)
            for name in ("flow", "outcome", "goal", "persona", "path")
        },
        "turns": _listed(places, annotated, TURN),
        "messages": _listed(places, [pa.array([*ROLES.values()]).take(roles), text], MESSAGE),
    }
    return pa.table([columns[name] for name in DIALOGUES.names], schema=DIALOGUES)


def _flat(turns: pa.Table, name: str) -> pa.Array:
    column = turns.column(name).combine_chunks()
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _listed(places: Any, columns: list[pa.Array], kind: pa.StructType) -> pa.Array:
    structs = pa.StructArray.from_arrays(columns, fields=list(kind))
    return pa.ListArray.from_arrays(pa.array(places, pa.int32()), structs)

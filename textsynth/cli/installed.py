"""What there is to work with: `list`, `doctor`."""

from __future__ import annotations

from textsynth.cli.options import Json, print_json
from textsynth.terminal import print_table


def list_(json_: Json = False) -> None:
    """Name the filters, metrics and exporters, with what each does."""
    from textsynth import registry

    known = {
        kind: {name: registry.summary(kind, name) for name in sorted(registry.places(kind))}
        for kind in ("filters", "metrics", "exporters", "grammar_exporters")
    }
    if json_:
        print_json(known)
        return
    for kind, names in known.items():
        print_table([kind.replace("_", " "), ""], [[name, about] for name, about in names.items()])


def doctor(json_: Json = False) -> None:
    """Tell what is installed, which models resolve, and how much room there is."""
    from textsynth import diagnose

    rows = diagnose.diagnose()
    if json_:
        print_json([{"what": w, "state": s, "fix": f} for w, s, f in rows])
        return
    print_table(["what", "state", "fix"], rows)

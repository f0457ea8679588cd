"""The command line: options in, messages out, no logic; the work is done by `textsynth.pipeline`.

One module a group of commands: `making` a corpus, `judging` it, `moving` it in and out, `packs` to
make it from, what is `installed`. They share `options` and `status`: what a command ends with.
"""

from __future__ import annotations

from collections.abc import Callable

import typer

from textsynth.cli import installed, judging, making, moving, packs, status

COMMANDS: dict[str, Callable[..., None]] = {  # in the order of `textsynth --help`
    "generate": making.generate,
    "train": making.train,
    "preview": judging.preview,
    "check": packs.check,
    "scrub": making.scrub,
    "import": moving.import_,
    "evaluate": judging.evaluate,
    "report": judging.report,
    "compare": judging.compare,
    "export": moving.export,
    "push": moving.push,
    "new": packs.new,
    "list": installed.list_,
    "doctor": installed.doctor,
}

app = typer.Typer(
    name="textsynth",
    help="Synthetic text corpora from scrubbed seeds, templates and a language model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for name, command in COMMANDS.items():
    app.command(name)(command)

flows = typer.Typer(no_args_is_help=True, help="Flows of dialogues: draw them.")
flows.command("draw")(packs.draw)
app.add_typer(flows, name="flows")


def main() -> None:
    """The console script."""
    status.run(app)

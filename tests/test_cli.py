"""The command line: help, messages, exit statuses. Bad input is one message and no traceback."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from textsynth import cli

ROOT = Path(__file__).parents[1]
COMMANDS = ("generate", "train", "preview", "check", "scrub", "import", "evaluate", "report",
            "compare", "export", "push", "new", "flows", "list", "doctor")  # fmt: skip
GOOD = "name: t\ntemplates: {path: pack.yaml}\ngenerate: {per_intent: 2}\n"
PACK = "language: en\nintents:\n  a:\n    data:\n      - sentences: ['say {x} [now]', 'so {x}']\n"
LISTS = "lists:\n  x: {values: [one, two]}\n"


def call(*arguments: str | Path, cwd: Path | None = None) -> tuple[int, str, str]:
    """Run the command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", "from textsynth.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pack.yaml").write_text(PACK + LISTS)
    (tmp_path / "recipe.yaml").write_text(GOOD)
    return tmp_path


def generate(folder: Path, *more: str | Path) -> tuple[int, str, str]:
    return call(
        *("generate", folder / "recipe.yaml", "-o", folder / "run"),
        *("--key-file", folder / "key", *more),
    )


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['textsynth', '--help']\n"
        "from textsynth.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'spacy', 'presidio_analyzer', 'datasets', 'sklearn',\n"
        "         'pyarrow', 'numpy', 'faker', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_stands_in_the_docs(command: str) -> None:
    status, out, _ = call(command, "--help")
    assert status == 0 and "Usage" in out
    assert f"`{command}`" in (ROOT / "CHANGELOG.md").read_text()


def test_the_commands_are_those() -> None:
    names = {
        command.name or command.callback.__name__.strip("_")
        for command in cli.app.registered_commands
        if command.callback
    }
    names |= {group.name or "" for group in cli.app.registered_groups}
    assert names == set(COMMANDS)


def test_a_run_and_what_it_says(folder: Path) -> None:
    status, out, err = generate(folder)
    assert (status, err) == (0, "")
    assert "2 rows in" in out and str(folder / "run" / "dataset") in out
    status, out, _ = generate(folder, "--json")
    assert json.loads(out)["rows"] == 2


def test_fewer_rows_than_asked_for(folder: Path) -> None:
    status, out, _ = generate(folder, "-n", "100")
    assert status == 3 and "short: a: 6 of 100 from template" in out


def test_preview_and_check_and_export(folder: Path) -> None:
    status, out, _ = call("preview", folder / "recipe.yaml", "--json", "-n", "2")
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and len(rows) == 2
    assert all(row["text"][s["start"] : s["end"]] in {"one", "two"}
               for row in rows for s in row["slots"])  # fmt: skip
    status, out, _ = call("check", folder / "recipe.yaml")
    assert status == 0 and re.search(r"\ba\s+2\s+6\b", out), out
    assert generate(folder)[0] == 0
    status, out, _ = call("export", folder / "run", "--to", "huggingface", "-o", folder / "hf")
    assert status == 0 and (folder / "hf" / "README.md").is_file()
    status, _, err = call(
        *("export", folder / "pack.yaml", "--to", "huggingface", "-o", folder / "drawn"),
        *("--option", "shard_rows=4"),
    )
    assert status == 0, err
    shards = [file.name for file in (folder / "drawn").rglob("*.parquet")]
    assert "train-00000-of-00002.parquet" in shards


def test_dialogues_of_a_recipe_without_flows(folder: Path) -> None:
    for command, where in (("generate", "--dialogues 2"), ("preview", "recipe.yaml")):
        status, _, err = call(command, "recipe.yaml", "--dialogues", "2", cwd=folder)
        assert status == 1 and where in err and "fix: name the folder of flows" in err


def test_export_of_a_run_that_is_not_finished(folder: Path) -> None:
    assert generate(folder)[0] == 0
    (folder / "run" / "manifest.json").unlink()
    status, _, err = call("export", folder / "run", "--to", "jsonl", "-o", folder / "out")
    assert status == 1 and "the run is not finished" in err and "fix: let `textsynth gen" in err


def test_scrub(folder: Path) -> None:
    row = {"id": 7, "text": "write to anna.lund@example.org today", "intent": "mail"}
    (folder / "in.jsonl").write_text(json.dumps(row) + "\nno json\n")
    status, said, err = call(
        *("scrub", folder / "in.jsonl", "-o", folder / "out.jsonl"),
        *("--report", folder / "r.json", "--html", folder / "r.html"),
        *("--key-file", folder / "key"),
    )
    assert status == 0, err
    assert re.search(r"label\s+found\s+replaced\s+kept", said) and "email" in said
    assert "in.jsonl" not in said and "out.jsonl: 1 rows, 1 of them changed" in said
    assert "quarantined: 1 rows: not_json (line 2)" in err
    out = json.loads((folder / "out.jsonl").read_text())
    assert list(out)[:3] == ["id", "text", "intent"] and out["id"] == 7
    for name in ("out.jsonl", "r.json", "r.html"):
        assert "anna.lund" not in (folder / name).read_text()
    assert "anna.lund" not in said + err
    status, _, err = call("scrub", folder / "in.jsonl", "-o", folder / "in.jsonl")
    assert status == 2 and "two of the files are one" in err


def test_the_wrong_kind_of_file(folder: Path) -> None:
    (folder / "in.jsonl").write_text('{"text": "hi"}\n')
    (folder / "in.csv").write_text("text\nhi\n")
    for arguments, says in (
        (("generate", "pack.yaml"), "fix: name it in a recipe under `templates`"),
        (("export", "recipe.yaml", "--to", "jsonl", "-o", "x"), "fix: name its run folder"),
        (("scrub", "in.csv", "-o", "x.jsonl"), "`textsynth import in.csv -o seeds.jsonl`"),
        (("scrub", "no.jsonl", "-o", "x.jsonl"), "no.jsonl: there is no such seed file"),
        (("scrub", "in.jsonl", "-o", "x.csv"), "fix: name a file that ends in .jsonl"),
    ):
        status, _, err = call(*arguments, cwd=folder)
        assert (
            status and says in err and "seeds.path" not in err and not (folder / "x.csv").exists()
        )


def test_rows_to_standard_output_are_rows_alone(folder: Path) -> None:
    row = json.dumps({"text": "write to anna.lund@example.org today", "intent": "mail"}) + "\n"
    (folder / "in.jsonl").write_text(row * 3000)
    program = str(Path(sys.executable).parent / "textsynth")
    command = [program, "scrub", "in.jsonl", "-o", "/dev/stdout", "--key-file", "key"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert [json.loads(line)["intent"] for line in done.stdout.splitlines()] == ["mail"] * 3000
    assert "3,000 rows, 3,000 of them changed" in done.stderr
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stderr and json.loads(process.stdout.readline())
        process.stdout.close()  # as `head -1` does
        assert "error" not in process.stderr.read()
    assert process.returncode == 1  # Click ends quietly


def test_list_and_doctor() -> None:
    status, out, _ = call("list", "--json")
    assert status == 0 and "adversarial" in json.loads(out)["filters"]
    status, out, _ = call("doctor", "--json")
    assert status == 0 and {"what", "state", "fix"} == set(json.loads(out)[0])


def bad(folder: Path, *, where: str, says: str, fix: str = "fix:") -> None:
    """One message with the place and the fix, status 1, no traceback, nothing written."""
    status, _, err = generate(folder)
    assert status == 1, err
    assert err.startswith("error: ") and "Traceback" not in err
    assert where in err and says in err and fix in err, err
    assert not (folder / "run").exists() or not any((folder / "run").iterdir())


def test_no_such_recipe(folder: Path) -> None:
    (folder / "recipe.yaml").unlink()
    bad(folder, where="recipe.yaml", says="no such recipe")


def test_yaml_that_does_not_parse(folder: Path) -> None:
    (folder / "recipe.yaml").write_text("name: t\ntemplates: {path: [}\n")
    bad(folder, where="recipe.yaml:2:", says="does not parse")


def test_an_unknown_key(folder: Path) -> None:
    (folder / "recipe.yaml").write_text(GOOD.replace("per_intent", "per_intend"))
    bad(folder, where="recipe.yaml:3:", says="per_intend", fix="did you mean 'per_intent'")


def test_an_undefined_list(folder: Path) -> None:
    (folder / "pack.yaml").write_text(PACK + LISTS.replace("x:", "xx:"))
    bad(folder, where="pack.yaml:5:", says="{x}", fix="did you mean")


def test_a_cycle(folder: Path) -> None:
    rules = "expansion_rules: {r: 'so <s>', s: 'as <r>'}\n"
    (folder / "pack.yaml").write_text(PACK.replace("so {x}", "so <r>") + LISTS + rules)
    bad(folder, where="pack.yaml:", says="r")


def test_an_unclosed_bracket(folder: Path) -> None:
    (folder / "pack.yaml").write_text(PACK.replace("[now]", "[now") + LISTS)
    bad(folder, where="pack.yaml:5:", says="^")


def test_seeds_with_nothing_usable(folder: Path) -> None:
    (folder / "recipe.yaml").write_text(GOOD + "seeds: {path: seeds.jsonl}\n")
    (folder / "seeds.jsonl").write_text("not json\n{}\n")
    bad(folder, where="seeds.jsonl", says="not_json")


def test_no_seed_file(folder: Path) -> None:
    (folder / "recipe.yaml").write_text(GOOD + "seeds: {path: seeds.jsonl}\n")
    bad(folder, where="seeds.jsonl", says="")


def test_an_unwritable_output_folder(folder: Path) -> None:
    # a file stands where a folder would have to be made; permissions do not stop root
    (folder / "run").write_text("mine")
    status, _, err = call(
        *("generate", folder / "recipe.yaml", "-o", folder / "run" / "in"),
        *("--key-file", folder / "key"),
    )
    assert status == 1 and "cannot be written" in err and "fix:" in err
    assert (folder / "run").read_text() == "mine"


def test_an_output_folder_that_is_no_run(folder: Path) -> None:
    (folder / "run").mkdir()
    (folder / "run" / "thesis.txt").write_text("mine")
    status, _, err = generate(folder)
    assert status == 1 and "holds no run" in err and "fix:" in err
    assert [path.name for path in (folder / "run").iterdir()] == ["thesis.txt"]


def test_the_output_folder_of_another_recipe(folder: Path) -> None:
    assert generate(folder)[0] == 0
    before = sorted((p, p.stat().st_mtime_ns) for p in (folder / "run").rglob("*"))
    status, _, err = generate(folder, "--seed", "9")
    assert status == 1 and "another recipe" in err
    assert before == sorted((p, p.stat().st_mtime_ns) for p in (folder / "run").rglob("*"))
    assert generate(folder, "--seed", "9", "--resume", "never")[0] == 0


@pytest.mark.parametrize(
    ("work", "command", "goes_on"),
    [
        ("textsynth.diagnose.diagnose", ["doctor"], False),
        ("textsynth.pipeline.generate", ["generate", "recipe.yaml"], True),
    ],
)
def test_ctrl_c_says_how_to_go_on(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    work: str,
    command: list[str],
    goes_on: bool,
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(folder)
    monkeypatch.setattr(work, interrupted)
    monkeypatch.setattr(sys, "argv", ["textsynth", *command])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130
    told = capsys.readouterr().err
    assert "interrupted" in told and ("run the same command again" in told) == goes_on


def test_experiments_need_a_model(folder: Path) -> None:
    for option in ("--generations", "--canaries"):
        status, _, err = call("evaluate", folder / "recipe.yaml", option, "1")
        assert status == 1 and "add `model: {base: auto}`" in err


@pytest.mark.parametrize(
    "name", ["manifest.json", "corpus.parquet", "../mine.json", "../recipe.yaml"]
)
def test_figures_and_pages_replace_no_other_file(folder: Path, name: str) -> None:
    assert generate(folder)[0] == 0
    run = folder / "run"
    (folder / "mine.json").write_text('{"mine": true}')
    before = (run / name).read_bytes()
    for command in ("evaluate", "report"):
        status, _, err = call(command, run, "-o", run / name)
        assert status == 1 and "name another file with -o" in err, err
        assert "delete" not in err
    assert (run / name).read_bytes() == before
    for _ in range(2):
        assert call("evaluate", run, "--metric", "diversity", "-o", folder / "own.json")[0] == 0
        assert call("report", run, "-o", folder / "own.html")[0] == 0


def test_it_runs_as_a_module(folder: Path) -> None:
    command = [sys.executable, "-m", "textsynth"]
    done = subprocess.run([*command, "check", "recipe.yaml"], cwd=folder, check=False)
    refused = subprocess.run([*command, "nonsense"], cwd=folder, check=False)
    assert (done.returncode, refused.returncode) == (0, 2)


def test_usage_errors_end_with_2(folder: Path) -> None:
    assert call("generate")[0] == 2
    assert call("generate", folder / "recipe.yaml", "--resume", "perhaps")[0] == 2
    assert call("nonsense")[0] == 2


def test_check_warns_of_open_lists(folder: Path) -> None:
    (folder / "pack.yaml").write_text(PACK)
    status, _, err = call("check", folder / "pack.yaml")
    assert status == 0 and "warning" in err and "pack.yaml:5:" in err


@pytest.mark.parametrize(
    ("export", "told"),
    [
        ("[huggingface, csv]", ["dataset: {run}/dataset ", "csv: {run}/exports/csv"]),
        ("[jsonl]", ["jsonl: {run}/exports/jsonl"]),
        ("[]", ["rows: {run}/corpus.parquet"]),
    ],
)
def test_generate_says_where_things_are(folder: Path, export: str, told: list[str]) -> None:
    (folder / "recipe.yaml").write_text(GOOD + f"export: {export}\n")
    status, out, err = generate(folder)
    assert status == 0, err
    assert all(line.format(run=folder / "run") in out for line in told), out
    assert ("load_dataset" in out) == ("huggingface" in export)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("seeds: {path: pack.yaml}\nmodel: {base: ./gone}", "there is no such model"),
        ("seeds: {path: pack.yaml}\nmodel: {others: [./gone]}", "check `model.others`"),
        ("filters: [{label: {model: ./gone}}]", "there is no such model"),
        ("filters: [{label: {reader: ./gone}}]", "there is no such model"),
        ("filters: [{memorised: {texts: [gone.txt]}}]", "there is no such file"),
    ],
)
def test_check_misses_what_a_recipe_names(folder: Path, section: str, told: str) -> None:
    (folder / "recipe.yaml").write_text(GOOD + section)
    status, _, err = call("check", folder / "recipe.yaml", cwd=folder.parent)
    assert status == 1 and told in err and str(folder / "gone") in err and "fix:" in err, err


def test_a_table_of_the_progress_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    from textsynth.terminal import TerminalProgress

    TerminalProgress().table("rounds", ["round", "AUC"], [[1, "0.700"], [2, "0.[b]5"]])
    printed = capsys.readouterr().out
    assert "rounds" in printed and "0.700" in printed and "0.[b]5" in printed


def test_what_the_system_refuses_is_one_message(folder: Path) -> None:
    code, _, _ = generate(folder)
    assert code == 0
    whole = (folder / "run" / "corpus.parquet").read_bytes()
    (folder / "run" / "corpus.parquet").write_bytes(whole[: len(whole) // 2])
    code, _, error = call("export", folder / "run", "--to", "jsonl", "-o", folder / "x")
    assert code == 1 and "Parquet" in error and "fix:" in error and "Traceback" not in error
    (folder / "run" / "recipe.yaml").unlink()
    code, _, error = call("export", folder / "run", "--to", "jsonl", "-o", folder / "x")
    assert code == 1 and "recipe.yaml" in error and "Traceback" not in error


def test_a_closed_output_is_no_fault(folder: Path) -> None:
    shown = subprocess.run(
        f"{sys.executable} -c 'from textsynth.cli import main; main()' check {folder} >&-",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert shown.returncode == 0 and shown.stderr == ""


def test_counts_of_any_size_are_told(tmp_path: Path) -> None:
    (tmp_path / "pack.yaml").write_text(
        "intents: {a: {data: [{sentences: [<r0>]}, {sentences: [b]}]}}\nexpansion_rules:\n"
        + "".join(f"  r{n}: <r{n + 1}><r{n + 1}><r{n + 1}><r{n + 1}>\n" for n in range(7))
        + "  r7: (a|b|c|d|e|f|g|h|i|j)\n"
    )
    status, out, err = call("check", tmp_path / "pack.yaml")
    assert (status, "1.0e16384" in out, "Traceback" in err) == (0, True, False)
    status, out, _ = call("check", tmp_path / "pack.yaml", "--json")
    sys.set_int_max_str_digits(0)
    try:
        assert json.loads(out)["intents"][0]["count"] == 10**16384 + 1
    finally:
        sys.set_int_max_str_digits(4300)

"""A run's dataset on the Hugging Face hub, or on another server with its interface."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textsynth.errors import ExportError, RunError, TextsynthError
from textsynth.export.card import CARD
from textsynth.export.cardmerge import is_ours, merge, parse
from textsynth.export.huggingface import SHARD
from textsynth.export.target import REPORT
from textsynth.progress import Progress
from textsynth.run import EVALUATE_AGAIN, METRICS, Run, read_json

DATASET = "dataset"
_PULL_REQUEST = "refs/pr/"


def push(
    run: Path,
    repo_id: str,
    *,
    private: bool = False,
    force: bool = False,
    revision: str | None = None,
    progress: Progress | None = None,
) -> str:
    """Put the dataset of a run on the hub, in one commit, and return its address.

    Only the card and the Parquet files of `dataset/` go there. A repository that is not there is
    made. A card that is there is merged (see `textsynth.export.cardmerge`); files of rows that an
    earlier push left and this one has not are removed; all other files stay.

    The token is that of `HF_TOKEN` or of `hf auth login`, the server that of `HF_ENDPOINT`.

    Args:
        run: the folder of a finished run.
        repo_id: `organisation/name` or `user/name`.
        private: make the repository private; one that is there must be private already.
        force: push although the run missed a gate, and over the rows of a dataset that textsynth
            did not write.
        revision: the branch, made where it is not there; `refs/pr/N` is a pull request.

    Raises:
        RunError: this is no finished run with a dataset.
        ExportError: a gate was missed, the repository must stay as it is, or the hub refuses.
    """
    progress = progress or Progress()
    manifest = Run(run).manifest()
    files = _files(run / DATASET, progress)
    _hold_gates(_gates(run, manifest), force, progress)
    _require_repo_id(repo_id)
    progress.step("push", repo_id)
    with _explained(repo_id, progress):
        return _push(files, repo_id, private, force, revision, progress)


def _files(dataset: Path, progress: Progress) -> dict[str, Path]:
    """What goes to the hub, by its place in the repository."""
    if not (dataset / CARD).is_file():
        raise RunError(
            "the run has no dataset",
            where=str(dataset),
            fix="name huggingface under `export` in the recipe, then generate again",
        )
    found: dict[str, Path] = {}
    others = []
    inside = dataset.resolve()
    for path in sorted(dataset.rglob("*")):
        name = path.relative_to(dataset).as_posix()
        if name == CARD or SHARD.fullmatch(name):
            if not path.resolve().is_relative_to(inside):
                raise RunError(
                    "this is a link to a file outside the dataset",
                    where=str(path),
                    fix="only what the export wrote can be pushed: export again",
                )
            found[name] = path
        elif path.is_file() and name != REPORT:
            others.append(name)
    if len(found) == 1:
        raise RunError("the dataset has no rows", where=str(dataset), fix="export again")
    if others:
        progress.warn(f"not pushed, since no export wrote it: {', '.join(others[:5])}")
    return found


def _gates(run: Path, manifest: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The gates as they were held last: by a later `textsynth evaluate`, else while the run was
    made."""
    path = run / METRICS
    found = {}
    if path.is_file():
        fix = f"evaluate again: textsynth evaluate {run}"
        found = read_json(path, missing="is missing", fix=fix, broken=EVALUATE_AGAIN)
    gates: Sequence[Mapping[str, Any]] = found.get("gates") or manifest.get("gates", ())
    return gates


def _hold_gates(gates: Sequence[Mapping[str, Any]], force: bool, progress: Progress) -> None:
    missed = [
        f"{gate['gate']} ("
        + ("not measured" if gate["value"] is None else f"it is {gate['value']:.3g}")
        + ")"
        for gate in gates
        if not gate["passed"]
    ]
    if not missed:
        return
    told = f"the run missed what its recipe asks of it: {', '.join(missed)}"
    if not force:
        raise ExportError(told, fix="find out why; --force pushes it, with a card that says so")
    progress.warn(told)


def _require_repo_id(repo_id: str) -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    fix = "write organisation/name or user/name: letters, digits, `-`, `_` and `.`, up to 96"
    if repo_id.count("/") != 1 or not all(repo_id.split("/")):
        raise ExportError(f"{repo_id!r} is no name of a repository", fix=fix)
    try:
        validate_repo_id(repo_id)
    except HFValidationError as error:
        raise ExportError(f"{repo_id!r} is no name of a repository", fix=fix) from error


def _push(
    files: Mapping[str, Path],
    repo_id: str,
    private: bool,
    force: bool,
    revision: str | None,
    progress: Progress,
) -> str:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token

    if get_token() is None:
        raise ExportError(
            "there is no token for the hub",
            fix="log in with `hf auth login`, or set HF_TOKEN to a token that may write",
        )
    api = HfApi()
    repo: dict[str, str] = {"repo_id": repo_id, "repo_type": "dataset"}
    # without a wish the organisation's default decides
    api.create_repo(**repo, private=private or None, exist_ok=True)
    if private and not api.repo_info(**repo).private:
        raise ExportError(
            f"{repo_id} is there already, and public",
            fix="make it private on the hub, name another, or leave --private out",
        )
    if revision and not revision.startswith(_PULL_REQUEST):
        api.create_branch(**repo, branch=revision, exist_ok=True)
    head = api.repo_info(**repo, revision=revision).sha
    there = api.list_repo_files(**repo, revision=head)
    card = files[CARD].read_text(encoding="utf-8")
    old = _card_there(api, repo, head) if CARD in there else ""
    stale = [name for name in there if SHARD.fullmatch(name) and name not in files]
    if not (force or is_ours(old)) and any(SHARD.fullmatch(name) for name in there):
        raise ExportError(
            f"{repo_id} holds a dataset that textsynth did not write",
            fix="name another repository, or replace its rows with --force",
        )
    if old:
        _say_licence(old, card, progress)
        card = merge(old, card)
    operations: list[Any] = [CommitOperationDelete(path_in_repo=name) for name in stale]
    for name, path in files.items():
        content = card.encode() if name == CARD else str(path)
        operations.append(CommitOperationAdd(path_in_repo=name, path_or_fileobj=content))
    made = api.create_commit(
        **repo,
        operations=operations,
        commit_message="Upload the dataset of a textsynth run",
        revision=revision,
        parent_commit=head,
    )
    left_out = files.keys() - set(api.list_repo_files(**repo, revision=made.oid))
    if left_out:
        raise ExportError(
            f"the hub left out {', '.join(sorted(left_out))}",
            where=repo_id,
            fix="take it out of the repository's .gitignore, then push again",
        )
    size = sum(path.stat().st_size for path in files.values())
    progress.note(f"{len(files)} files, {size / 1e6:,.1f} MB; {len(stale)} stale files removed")
    address = f"{api.endpoint}/datasets/{repo_id}"
    return f"{address}/tree/{revision}" if revision else address


def _card_there(api: Any, repo: Mapping[str, str], revision: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = api.hf_hub_download(**repo, filename=CARD, revision=revision, local_dir=folder)
        return Path(path).read_text(encoding="utf-8")


def _say_licence(old: str, new: str, progress: Progress) -> None:
    before, after = parse(old)[0].get("license"), parse(new)[0]["license"]
    if before not in (None, after):
        progress.warn(f"the licence on the hub was {before}, and becomes {after}")


# -- what can go wrong ----------------------------------------------------------------------------


@contextmanager
def _explained(repo_id: str, progress: Progress) -> Iterator[None]:
    """The hub's refusals and warnings in words."""
    # HTTPError is of the HTTP library that huggingface_hub uses, whichever that is
    from huggingface_hub.errors import HfHubHTTPError, HTTPError, OfflineModeIsEnabled

    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            yield
    except TextsynthError:
        raise
    except OfflineModeIsEnabled as error:
        raise ExportError("HF_HUB_OFFLINE is set", fix="unset it to push") from error
    except (HTTPError, OSError, ValueError, LookupError, RuntimeError) as error:
        # an upload that failed is wrapped by the library
        cause = error.__cause__ if type(error) is RuntimeError and error.__cause__ else error
        if isinstance(cause, HfHubHTTPError):
            raise _refusal(cause, repo_id) from error
        if isinstance(cause, HTTPError):
            fix = "see whether there is a network, and what HF_ENDPOINT says"
            raise ExportError(f"the hub cannot be reached: {cause}", fix=fix) from error
        raise ExportError(f"the push failed: {cause}", where=repo_id, fix="push again") from error
    for warning in said:
        if issubclass(warning.category, UserWarning):
            progress.warn(" ".join(str(warning.message).split()))


def _refusal(error: Any, repo_id: str) -> ExportError:
    """What an HTTP status of the hub means here."""
    owner = repo_id.split("/")[0]
    answers = {
        401: (
            "the hub does not know the token",
            "log in anew with `hf auth login`, or set HF_TOKEN to a token that may write",
        ),
        403: (
            f"the token may not write to {repo_id}",
            f"use a token with write access to {owner}",
        ),
        404: (
            "the hub has no such repository or revision, or the token may not see it",
            f"see whether {owner} is right, and what the token may read",
        ),
        409: ("the hub is busy with this repository, or the branch cannot be made", "push again"),
        412: ("somebody else changed the repository meanwhile", "push again"),
        413: ("the hub takes no files of this size", "export with fewer `shard_rows`"),
        429: ("the hub takes no more requests for now", "wait some minutes, then push again"),
    }
    status = error.response.status_code
    otherwise = (f"the hub answered with {status}", "push again later; what was there is unchanged")
    message, fix = answers.get(status, otherwise)
    said = " ".join((error.server_message or "").split())
    return ExportError(f"{message} ({said})" if said else message, where=repo_id, fix=fix)

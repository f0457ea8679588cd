"""A stand-in for the Hugging Face hub on loopback: as much of its HTTP interface as a push to a
dataset and a download of it need.

Repositories with branches and commits, the checks of a card's metadata, commits with a parent,
files that go through Git LFS (in one piece or in parts), `.gitignore`, tokens with and without
rights. Xet storage is not there: `HF_HUB_DISABLE_XET` must be set.
"""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

WRITER, READER = "hf_writer", "hf_reader"
SPACE = "team"  # where WRITER may write
LFS = (".parquet",)
ATTRIBUTES = b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"

Files = dict[str, bytes]


class RefusalError(Exception):
    """An answer that is an error, with the hub's code for it and more that its body has."""

    def __init__(self, status: int, message: str, code: str = "", **more: str) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.more = status, message, code, more


@dataclass
class Repo:
    """A repository: its branches, and the files of each commit."""

    private: bool
    branches: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Files] = field(default_factory=dict)

    def commit(self, branch: str, files: Files) -> str:
        told = json.dumps([len(self.commits), sorted(files)]).encode() + b"".join(files.values())
        sha = hashlib.sha1(told).hexdigest()
        self.commits[sha] = files
        self.branches[branch] = sha
        return sha

    def at(self, revision: str) -> tuple[str, Files]:
        sha = self.branches.get(revision, revision)
        if sha not in self.commits:
            raise RefusalError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return sha, self.commits[sha]


@dataclass
class Hub:
    """The running server.

    Attributes:
        asked: (method, path) of each request.
        failures: statuses with which the next requests to paths that hold a text are answered.
        part: how many bytes an upload takes in one piece; larger files go in parts.
        before_commit: called with each repository before a commit is looked at.
    """

    url: str = ""
    repos: dict[str, Repo] = field(default_factory=dict)
    large: Files = field(default_factory=dict)
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    failures: dict[str, list[int]] = field(default_factory=dict)
    part: int = 1 << 20
    before_commit: Callable[[Repo], None] = lambda repo: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, repo_id: str, files: Files | None = None, *, private: bool = False) -> Repo:
        """A repository with a first commit, as the hub makes it."""
        repo = self.repos[repo_id] = Repo(private)
        repo.commit("main", {".gitattributes": ATTRIBUTES, **(files or {})})
        return repo

    def files(self, repo_id: str, revision: str = "main") -> Files:
        return self.repos[repo_id].at(revision)[1]

    def calls(self, text: str) -> int:
        return sum(text in path for _, path in self.asked)


@dataclass(frozen=True)
class Asked:
    """A request: what its path held, its query, its body, and who asks."""

    query: dict[str, list[str]]
    body: bytes
    token: str | None

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    body: bytes
    headers: dict[str, str]


def _json(data: Any) -> Reply:
    return Reply(json.dumps(data).encode(), {"Content-Type": "application/json"})


@contextmanager
def serve() -> Iterator[Hub]:
    """Run a hub for as long as the block lasts; its threads are joined at the end."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60

        def do(self) -> None:
            split = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None
            with hub.lock:
                hub.asked.append((self.command, split.path))
                try:
                    reply = _answer(
                        hub, self.command, split.path, Asked(parse_qs(split.query), body, token)
                    )
                    status, headers, content = 200, reply.headers, reply.body
                except RefusalError as error:
                    status = error.status
                    headers = {"X-Error-Message": error.message}
                    headers |= {"X-Error-Code": error.code} if error.code else {}
                    content = json.dumps({"error": error.message, **error.more}).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = do  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# -- what is answered -----------------------------------------------------------------------------


def _answer(hub: Hub, method: str, path: str, asked: Asked) -> Reply:
    for text, statuses in hub.failures.items():
        if text in path and statuses:
            raise RefusalError(statuses.pop(0), "told to fail")
    if asked.token not in (None, WRITER, READER):
        raise RefusalError(401, "Invalid credentials in Authorization header")
    for pattern, known, answer in _ROUTES:
        match = re.fullmatch(pattern, path)
        if match and method in known.split():
            return answer(hub, asked, *map(unquote, match.groups()))
    raise AssertionError(f"the stand-in has no answer to {method} {path}")


def _writable(asked: Asked, name: str) -> None:
    if asked.token != WRITER or not name.startswith(f"{SPACE}/"):
        raise RefusalError(403, "You don't have the required permissions to perform this action")


def _repo(hub: Hub, asked: Asked, name: str) -> Repo:
    repo = hub.repos.get(name)
    if repo is None or (repo.private and asked.token != WRITER):
        raise RefusalError(404, "Repository not found", "RepoNotFound")
    return repo


def _create(hub: Hub, asked: Asked) -> Reply:
    told = asked.json()
    assert told["type"] == "dataset"
    name = f"{told['organization']}/{told['name']}"
    _writable(asked, name)
    url = f"{hub.url}/datasets/{name}"
    if name in hub.repos:
        raise RefusalError(409, "You already created this dataset repo", url=url)
    hub.add(name, private=told.get("visibility") == "private" or bool(told.get("private")))
    return _json({"url": url, "name": name})


def _info(hub: Hub, asked: Asked, name: str, revision: str = "main") -> Reply:
    repo = _repo(hub, asked, name)
    sha, files = repo.at(revision)
    siblings = [{"rfilename": path} for path in sorted(files)]
    return _json({"id": name, "sha": sha, "private": repo.private, "siblings": siblings})


def _tree(hub: Hub, asked: Asked, name: str, revision: str) -> Reply:
    _, files = _repo(hub, asked, name).at(revision)
    return _json([_entry(path, files[path]) for path in sorted(files)])


def _entry(path: str, content: bytes) -> dict[str, Any]:
    entry = {"type": "file", "path": path, "size": len(content), "oid": _git_oid(content)}
    if path.endswith(LFS):
        sha = hashlib.sha256(content).hexdigest()
        entry["lfs"] = {"oid": sha, "size": len(content), "pointerSize": 130}
    return entry


def _git_oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _branch(hub: Hub, asked: Asked, name: str, branch: str) -> Reply:
    repo = _repo(hub, asked, name)
    _writable(asked, name)
    if branch in repo.branches:
        raise RefusalError(409, "Reference already exists")
    repo.branches[branch] = repo.branches["main"]
    return _json({})


def _validate(hub: Hub, asked: Asked) -> Reply:
    """Metadata must be YAML in which keys are not repeated; a card without any is warned of."""
    import yaml

    parts = asked.json()["content"].split("---\n")
    try:
        data = yaml.safe_load(parts[1]) if len(parts) > 2 else None
    except yaml.YAMLError as error:
        raise RefusalError(400, f"YAML Metadata Error: {error}") from error
    empty = [] if data else [{"message": "empty or missing yaml metadata in repo card"}]
    return _json({"errors": [], "warnings": empty})


def _preupload(hub: Hub, asked: Asked, name: str, revision: str) -> Reply:
    _, there = _repo(hub, asked, name).at(revision)
    _writable(asked, name)
    ignored = there.get(".gitignore", b"").decode().split()
    files = []
    for file in asked.json()["files"]:
        path = file["path"]
        answer = {
            "path": path,
            "uploadMode": "lfs" if path.endswith(LFS) else "regular",
            "shouldIgnore": any(fnmatch.fnmatch(path, f"{rule}*") for rule in ignored),
        }
        if path in there:
            content = there[path]
            large = path.endswith(LFS)
            answer["oid"] = hashlib.sha256(content).hexdigest() if large else _git_oid(content)
        files.append(answer)
    return _json({"files": files})


def _batch(hub: Hub, asked: Asked, name: str) -> Reply:
    """https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md, with the hub's parts."""
    _writable(asked, name)
    objects = []
    for entry in asked.json()["objects"]:
        oid, size = entry["oid"], entry["size"]
        told: dict[str, Any] = {"oid": oid, "size": size}
        if oid not in hub.large:
            upload: dict[str, Any] = {"href": f"{hub.url}/large/{oid}", "header": {}}
            if size > hub.part:
                upload["header"]["chunk_size"] = str(hub.part)
                for number in range(1, -(-size // hub.part) + 1):
                    upload["header"][f"{number:05d}"] = f"{hub.url}/large/{oid}/{number}"
            verify = {"href": f"{hub.url}/verify/{oid}"}
            told["actions"] = {"upload": upload, "verify": verify}
        objects.append(told)
    return _json({"transfer": "basic", "objects": objects})


def _put(hub: Hub, asked: Asked, oid: str) -> Reply:
    _store(hub, oid, asked.body)
    return Reply(b"", {})


def _put_part(hub: Hub, asked: Asked, oid: str, number: str) -> Reply:
    hub.parts.setdefault(oid, {})[int(number)] = asked.body
    return Reply(b"", {"ETag": hashlib.md5(asked.body).hexdigest()})


def _complete(hub: Hub, asked: Asked, oid: str) -> Reply:
    there = hub.parts[oid]
    for part in asked.json()["parts"]:
        assert part["etag"] == hashlib.md5(there[part["partNumber"]]).hexdigest()
    _store(hub, oid, b"".join(there[number] for number in sorted(there)))
    return _json({})


def _store(hub: Hub, oid: str, content: bytes) -> None:
    assert hashlib.sha256(content).hexdigest() == oid
    hub.large[oid] = content


def _verify(hub: Hub, asked: Asked, oid: str) -> Reply:
    if len(hub.large.get(oid, b"")) != asked.json()["size"]:
        raise RefusalError(404, "the object is not there")
    return _json({})


def _commit(hub: Hub, asked: Asked, name: str, revision: str) -> Reply:
    repo = _repo(hub, asked, name)
    _writable(asked, name)
    hub.before_commit(repo)
    if revision not in repo.branches:
        raise RefusalError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
    sha, there = repo.at(revision)
    files = dict(there)
    for line in asked.body.splitlines():
        entry = json.loads(line)
        kind, value = entry["key"], entry["value"]
        if kind == "header":
            if value.get("parentCommit", sha) != sha:
                raise RefusalError(
                    412, "A commit has happened since. Please refresh and try again."
                )
        elif kind == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif kind == "lfsFile":
            files[value["path"]] = hub.large[value["oid"]]
        elif kind == "deletedFile":
            if files.pop(value["path"], None) is None:
                raise RefusalError(404, "A file with this name doesn't exist", "EntryNotFound")
        else:
            raise AssertionError(kind)
    made = repo.commit(revision, files)
    return _json({"commitUrl": f"{hub.url}/datasets/{name}/commit/{made}", "commitOid": made})


def _resolve(hub: Hub, asked: Asked, name: str, revision: str, path: str) -> Reply:
    sha, files = _repo(hub, asked, name).at(revision)
    if path not in files:
        raise RefusalError(404, "Entry not found", "EntryNotFound")
    content = files[path]
    large = path.endswith(LFS)
    etag = hashlib.sha256(content).hexdigest() if large else _git_oid(content)
    return Reply(content, {"ETag": f'"{etag}"', "X-Repo-Commit": sha})


_ID = r"([^/]+/[^/]+)"
_ROUTES: tuple[tuple[str, str, Callable[..., Reply]], ...] = (
    ("/api/repos/create", "POST", _create),
    ("/api/validate-yaml", "POST", _validate),
    (rf"/api/datasets/{_ID}", "GET", _info),
    (rf"/api/datasets/{_ID}/revision/([^/]+)", "GET", _info),
    (rf"/api/datasets/{_ID}/tree/([^/]+)", "GET", _tree),
    (rf"/api/datasets/{_ID}/branch/([^/]+)", "POST", _branch),
    (rf"/api/datasets/{_ID}/preupload/([^/]+)", "POST", _preupload),
    (rf"/api/datasets/{_ID}/commit/([^/]+)", "POST", _commit),
    (rf"/datasets/{_ID}\.git/info/lfs/objects/batch", "POST", _batch),
    (rf"/datasets/{_ID}/resolve/([^/]+)/(.+)", "HEAD GET", _resolve),
    (r"/large/([0-9a-f]{64})", "PUT", _put),
    (r"/large/([0-9a-f]{64})/([0-9]+)", "PUT", _put_part),
    (r"/large/([0-9a-f]{64})", "POST", _complete),
    (r"/verify/([0-9a-f]{64})", "POST", _verify),
)

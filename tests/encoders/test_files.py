"""Fetching: resumed where it was cut, verified, atomic, and clear about what went wrong."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from animevec.encoders.card import ModelCard, ModelFile
from animevec.encoders.cards import MINILM
from animevec.encoders.download import fetch
from animevec.encoders.files import locate, verify
from animevec.errors import AnimevecError, ModelError, Unavailable

CONTENT = bytes(i * i % 251 for i in range(300_000))
SMALL = b'{"a": 1}'


@dataclass
class Hub:
    """A server that cuts connections: ``budgets`` bytes per answer, then the line goes dead."""

    url: str = ""
    budgets: list[int] = field(default_factory=list)
    status: int | None = None
    resumes: bool = True
    ranges: list[str | None] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@pytest.fixture()
def hub() -> Iterator[Hub]:
    state = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.paths.append(self.path)
            body = CONTENT if self.path.endswith("model.bin") else SMALL
            asked = self.headers.get("Range")
            state.ranges.append(asked)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and state.resumes else 0
            if start >= len(body) or state.status:
                self.send_error(state.status or 416)
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            budget = state.budgets.pop(0) if state.budgets else len(body)
            self.wfile.write(body[start : start + budget])
            self.wfile.flush()
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def card(content: bytes = CONTENT, **changes: object) -> ModelCard:
    files = (
        ModelFile(path="sub/config.json"),
        ModelFile(path="model.bin", sha256=hashlib.sha256(content).hexdigest(), size=len(content)),
    )
    return MINILM.model_copy(
        update={"name": "small", "repository": "a/b", "revision": "c0ffee", "files": files}
        | changes
    )


def test_files_arrive_whole_under_the_pinned_revision(hub: Hub, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    folder = fetch(card(), tmp_path, hub.url, lambda done, total: seen.append((done, total)))
    assert folder == tmp_path / "small" == locate(card(), tmp_path)
    assert (folder / "model.bin").read_bytes() == CONTENT
    assert hub.paths == [f"/a/b/resolve/c0ffee/{path}" for path in ("sub/config.json", "model.bin")]
    assert seen[-1][0] == len(CONTENT) + len(SMALL)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert not list(tmp_path.rglob("*.part"))


def test_nothing_is_fetched_twice(hub: Hub, tmp_path: Path) -> None:
    fetch(card(), tmp_path, hub.url)
    hub.paths.clear()
    fetch(card(), tmp_path, hub.url)
    assert hub.paths == []


def test_a_cut_connection_is_resumed_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    hub.budgets = [len(SMALL), 100_000, 50_000]
    folder = fetch(card(), tmp_path, hub.url)
    assert (folder / "model.bin").read_bytes() == CONTENT
    assert hub.ranges == [None, None, "bytes=100000-", "bytes=150000-"]


def test_a_later_call_goes_on_with_what_is_there(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "model.bin.part").write_bytes(CONTENT[:1000])
    fetch(card(), tmp_path, hub.url)
    assert hub.ranges[-1] == "bytes=1000-"


def test_a_finished_part_is_taken(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "model.bin.part").write_bytes(CONTENT)
    folder = fetch(card(), tmp_path, hub.url)
    assert (folder / "model.bin").read_bytes() == CONTENT


def test_a_server_that_cannot_resume_starts_again(hub: Hub, tmp_path: Path) -> None:
    hub.resumes = False
    hub.budgets = [len(SMALL), 1000]
    assert (fetch(card(), tmp_path, hub.url) / "model.bin").read_bytes() == CONTENT


def test_a_damaged_file_is_replaced(hub: Hub, tmp_path: Path) -> None:
    fetch(card(), tmp_path, hub.url)
    (tmp_path / "small" / "model.bin").write_bytes(b"x" * len(CONTENT))
    with pytest.raises(ModelError, match="another SHA-256"):
        verify(card(), tmp_path / "small")
    fetch(card(), tmp_path, hub.url)
    verify(card(), tmp_path / "small")


def test_wrong_content_never_gets_its_name(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="another SHA-256"):
        fetch(card(bytes(len(CONTENT))), tmp_path, hub.url)
    assert not list((tmp_path / "small").glob("model.bin*"))


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (401, ModelError, "account"),
        (404, ModelError, "revision"),
        (500, Unavailable, "later"),
        (429, Unavailable, "later"),
    ],
)
def test_refusals_say_what_to_do(
    hub: Hub, tmp_path: Path, status: int, error: type[AnimevecError], said: str
) -> None:
    hub.status = status
    with pytest.raises(error, match=said):
        fetch(card(), tmp_path, hub.url)


def test_no_network_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"cannot reach .*check the network"):
        fetch(card(), tmp_path, "http://127.0.0.1:9")


@pytest.mark.parametrize("path", ["../escape", "/etc/passwd", "a/../../b"])
def test_a_card_cannot_write_outside_its_folder(hub: Hub, tmp_path: Path, path: str) -> None:
    with pytest.raises(ModelError, match="outside"):
        fetch(card(files=(ModelFile(path=path),)), tmp_path / "models", hub.url)
    assert hub.paths == []


@pytest.fixture()
def home(tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANIMEVEC_HOME", str(tmp_path))
    monkeypatch.setenv("ANIMEVEC_ENCODERS__HUB", hub.url)
    folder = tmp_path / "models" / "small"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(card().model_dump_json())
    return tmp_path


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (["list"], 0, "CC-BY-NC-4.0"),
        (["show", "bge-m3"], 0, '"licence": "MIT"'),
        (["fetch", "small"], 0, "next: animevec models check small"),
        (["check", "minilm"], 0, "PASS minilm"),
        (["check", "bge-m3"], 1, "animevec models fetch bge-m3"),
        (["show", "nothing"], 1, "no model card 'nothing'"),
    ],
)
def test_command(home: Path, command: list[str], code: int, said: str) -> None:
    from animevec.cli.main import main

    result = CliRunner().invoke(main, ["models", *command])
    assert (result.exit_code, said in result.output) == (code, True), result.output

"""Getting a model's files from a hub, apart from reading them: a service downloads nothing."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath

import httpx
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

from animevec.encoders.card import ModelCard, ModelFile
from animevec.encoders.files import verify_file
from animevec.errors import ModelError, Unavailable
from animevec.progress import Progress, silent

TIMEOUT = httpx.Timeout(30.0)
# A connection that was there and broke is taken up again; one that never was is reported.
_CUT = (httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.WriteError)
_RESUME = retry(
    retry=retry_if_exception_type(_CUT),
    stop=stop_after_attempt(10),
    wait=wait_exponential(multiplier=0.05, max=5),
    reraise=True,
)


def fetch(card: ModelCard, models: Path, hub: str, progress: Progress = silent) -> Path:
    """Download what is missing or wrong into ``models/<name>`` and return that folder.

    A cut connection is resumed where it stopped, also by a later call; a file appears under
    its name only when it is whole.  ``progress`` counts bytes over all files.  Raises
    ``Unavailable`` without a network and ``ModelError`` for wrong content.
    """
    sizes = [file.size for file in card.files]
    total = sum(size for size in sizes if size is not None) if all(sizes) else None
    base = f"{hub.rstrip('/')}/{card.repository}/resolve/{card.revision}"
    done = 0
    with httpx.Client(timeout=TIMEOUT, follow_redirects=True) as client:
        for file in card.files:
            path = models / card.name / _relative(file.path)
            if not _is_whole(file, path):
                got = partial(_shifted, progress, done, total)
                _download(client, f"{base}/{file.path}", file, path, got)
            done += path.stat().st_size
            progress(done, total)
    return models / card.name


def _shifted(progress: Progress, base: int, total: int | None, done: int) -> None:
    progress(base + done, total)


def _download(
    client: httpx.Client, url: str, file: ModelFile, path: Path, got: Callable[[int], None]
) -> None:
    part = path.with_name(f"{path.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        _RESUME(_receive)(client, url, part, got)
    except httpx.TransportError as error:
        raise Unavailable(
            f"cannot reach {url} ({error}); check the network and run the command again, or copy "
            f"the file to {path} by hand (configs: encoders.hub names the server)",
            url=url,
        ) from error
    try:
        verify_file(file, part)
    except ModelError:
        part.unlink()
        raise
    os.replace(part, path)


def _receive(client: httpx.Client, url: str, part: Path, got: Callable[[int], None]) -> None:
    """Append the rest of the file; a server that does not resume sends it from the start."""
    start = part.stat().st_size if part.is_file() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with client.stream("GET", url, headers=headers) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # Nothing is left to send: the size and hash decide whether that is right.
        _refuse(response, url)
        resumed = response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        with part.open("ab" if start and resumed else "wb") as out:
            for chunk in response.iter_bytes():
                out.write(chunk)
                got(out.tell())


def _refuse(response: httpx.Response, url: str) -> None:
    status = response.status_code
    if status >= 500 or status == httpx.codes.TOO_MANY_REQUESTS:
        raise Unavailable(f"{url} answered {status}; try again later", url=url, status=status)
    if status not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
        raise ModelError(
            f"{url} answered {status}; check the card's repository and revision, and whether the "
            "publisher asks for an account",
            url=url,
            status=status,
        )


def _relative(path: str) -> PurePosixPath:
    relative = PurePosixPath(path)
    if relative.is_absolute() or ".." in relative.parts:
        raise ModelError(f"the card names {path!r}, which lies outside the model's folder")
    return relative


def _is_whole(file: ModelFile, path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        verify_file(file, path)
    except ModelError:
        return False
    return True

"""A collection's snapshot as a file here; the client library leaves both transfers to us."""

from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from httpx import Client, HTTPError
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from animevec.errors import Unavailable
from animevec.replacement import replaced

BLOCK = 1 << 20
# Between two blocks of a file.
SILENCE_S = 60.0


def download(client: QdrantClient, name: str, path: Path) -> Path:
    """Make a snapshot on the server, fetch it to ``path``, and remove it there."""
    made = client.create_snapshot(name, wait=True)
    if made is None:
        raise Unavailable(f"Qdrant made no snapshot of {name!r}; look at its log", name=name)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with replaced(path) as file:
            _fetch(client, f"/collections/{quote(name)}/snapshots/{quote(made.name)}", file)
    finally:
        client.delete_snapshot(name, made.name, wait=True)
    return path


def upload(client: QdrantClient, name: str, path: Path) -> None:
    """Make a collection from a snapshot file."""
    with path.open("rb") as file:
        client.http.snapshots_api.recover_from_uploaded_snapshot(
            name, wait=True, priority=models.SnapshotPriority.SNAPSHOT, snapshot=file
        )


def _fetch(client: QdrantClient, route: str, file: BinaryIO) -> None:
    api = client.http.client
    connection: Client = api._client  # the only way to reuse its key and transport
    try:
        address = api.host.rstrip("/") + route
        with connection.stream("GET", address, timeout=SILENCE_S) as answer:
            if answer.status_code != 200:
                answer.read()
                raise UnexpectedResponse.for_response(answer)
            for block in answer.iter_bytes(BLOCK):
                file.write(block)
    except HTTPError as error:
        raise ResponseHandlingException(error) from error

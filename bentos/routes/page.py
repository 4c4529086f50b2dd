"""The search page and the pictures it shows."""

from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from animevec.errors import NotFound
from bentos.access import READER
from bentos.answering import ERRORS, service_of

router = APIRouter(tags=["page"])

_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_POLICY = (
    "default-src 'self'; img-src 'self' data: https:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
_ASSETS = {
    asset.name: asset.read_bytes()
    for asset in (files("bentos") / "ui").iterdir()
    if asset.name.rpartition(".")[2] in _TYPES
}
_MAGIC = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"RIFF": "image/webp"}
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the file")]


@router.get("/ui", include_in_schema=False)
async def page() -> Response:
    """The search page."""
    return _asset("index.html")


@router.get("/ui/{name}", include_in_schema=False)
async def asset(name: str) -> Response:
    """A file of the search page."""
    return _asset(name)


@router.get(
    "/api/v1/pictures/{sha256}",
    tags=["search"],
    dependencies=READER,
    response_class=Response,
    responses={**ERRORS, 200: {"content": {"image/*": {}}}},
)
def picture(request: Request, sha256: Digest) -> Response:
    """A picture the installation keeps, by the hash its record names."""
    path = service_of(request).settings.pictures_path / sha256
    if not path.is_file():
        raise NotFound(f"no picture {sha256}", sha256=sha256)
    data = path.read_bytes()
    media = next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), None)
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(data, media_type=media or "application/octet-stream", headers=headers)


def _asset(name: str) -> Response:
    content = _ASSETS.get(name)
    if content is None:
        raise NotFound(f"the search page has no file '{name}'", name=name)
    kind = _TYPES[name.rpartition(".")[2]]
    return Response(
        content,
        media_type=f"{kind}; charset=utf-8",
        headers={
            "Content-Security-Policy": _POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-cache",
        },
    )

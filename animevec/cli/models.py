"""``animevec models``: which models there are, their files, and whether they are intact."""

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from animevec.cli import terminal
from animevec.cli.terminal import json_option
from animevec.errors import InvalidRequest, ModelError

if TYPE_CHECKING:
    from animevec.encoders.card import ModelCard
    from animevec.settings import Settings


@click.group()
def models() -> None:
    """Model cards, model files and their checks.

    \b
    Examples:
      animevec models list
      animevec models fetch bge-m3
      animevec models check bge-m3
      animevec models export bge-m3 --to openvino-int8
    """


@models.command("list")
@json_option
def show_all(as_json: bool) -> None:
    """List the known models; files marked `fetch` are not here yet."""
    from animevec.encoders.cards import CARDS, own_cards

    folder = _settings().models_path
    cards = (*CARDS, *own_cards(folder).values())
    terminal.rows([_facts(card, folder) for card in cards], as_json)


@models.command()
@click.argument("name")
def show(name: str) -> None:
    """Print one model's card as JSON."""
    click.echo(_card(name).model_dump_json(indent=2))


@models.command()
@click.argument("name")
def fetch(name: str) -> None:
    """Download a model's files; an interrupted download goes on where it stopped."""
    from animevec.encoders.download import fetch as download

    settings, card, started = _settings(), _card(name), perf_counter()
    with terminal.bar(name, of_bytes=True) as progress:
        folder = download(card, settings.models_path, settings.encoders.hub, progress)
    took = perf_counter() - started
    click.echo(f"{name} is in {folder} ({took:.0f} s); next: animevec models check {name}")


@models.command()
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    show_default="where models fetch puts them",
    help="Folder of the files.",
)
def check(name: str, folder: Path | None) -> None:
    """Verify a model's files, load it and compare canonical vectors: PASS or FAIL."""
    from animevec.encoders.canonical import check as compare
    from animevec.encoders.files import locate, verify
    from animevec.encoders.load import load_encoder

    settings, card, started = _settings(), _card(name), perf_counter()
    where = folder or locate(card, settings.models_path)
    verify(card, where)
    findings = compare(load_encoder(card, settings, where))
    for finding in findings:
        click.echo(f"{'PASS' if finding.passed else 'FAIL'} {finding.modality}: {finding.message}")
    passed = all(finding.passed for finding in findings)
    click.echo(
        f"{'PASS' if passed else 'FAIL'} {name} in {where} ({perf_counter() - started:.1f} s)"
    )
    if not passed:
        raise ModelError(f"{name} does not compute what it should; fetch it again")


@models.command()
@click.argument("name")
@click.option(
    "--to",
    type=click.Choice(["openvino-int8"]),
    default="openvino-int8",
    expose_value=False,
    help="Format to write; there is one.",
)
@click.option("--adapter", metavar="NAME=FOLDER", help="LoRA adapter to merge in first.")
def export(name: str, adapter: str | None) -> None:
    """Write a text model for fast CPU serving (encoders.dtype: int8), compared with fp32."""
    from animevec.encoders.export import export_int8
    from animevec.encoders.files import locate
    from animevec.encoders.load import export_folder

    settings, card, started = _settings(), _card(name), perf_counter()
    target = export_folder(card, settings.models_path)
    target.parent.mkdir(parents=True, exist_ok=True)
    merged = None if adapter is None else _named_folder(adapter)
    manifest = export_int8(locate(card, settings.models_path), target, card, merged)
    took = perf_counter() - started
    click.echo(
        f"{name} is in {target} ({took:.0f} s), smallest cosine to fp32 {manifest.cosine:.4f}; "
        "next: serve it with ANIMEVEC_ENCODERS__DTYPE=int8"
    )


def _settings() -> "Settings":
    from animevec.settings import Settings

    return Settings()


def _named_folder(adapter: str) -> tuple[str, Path]:
    name, _, folder = adapter.partition("=")
    if not (name and folder):
        raise InvalidRequest(f"--adapter takes NAME=FOLDER, not {adapter!r}")
    return name, Path(folder)


def _card(name: str) -> "ModelCard":
    from animevec.encoders.cards import find_card

    return find_card(name, _settings().models_path)


def _facts(card: "ModelCard", folder: Path) -> dict[str, Any]:
    return {
        "name": card.name,
        "licence": card.licence,
        "commercial": "yes" if card.commercial_use else "no",
        "in": list(card.modalities),
        "size": card.dimensions,
        "MB": card.memory_mb,
        "files": "here" if _is_here(card, folder) else "fetch",
    }


def _is_here(card: "ModelCard", folder: Path) -> bool:
    from animevec.encoders.files import locate

    try:
        locate(card, folder)
    except ModelError:
        return False
    return True

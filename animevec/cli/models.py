"""``animevec models``: which models there are, their files, and whether they are intact."""

from pathlib import Path
from time import perf_counter

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from animevec.encoders.card import ModelCard
from animevec.errors import InvalidRequest, ModelError
from animevec.settings import Settings


@click.group()
def models() -> None:
    """Model cards, model files and their checks."""


@models.command("list")
def show_all() -> None:
    """List the known models; files marked `fetch` are not here yet."""
    from animevec.encoders.cards import CARDS, own_cards

    folder = Settings().models_path
    table = Table(box=None)
    for title in ("name", "licence", "commercial", "in", "size", "MB", "files"):
        table.add_column(title, no_wrap=True)
    for card in (*CARDS, *own_cards(folder).values()):
        table.add_row(
            card.name,
            card.licence,
            "yes" if card.commercial_use else "no",
            " ".join(card.modalities),
            str(card.dimensions),
            f"{card.memory_mb:,}",
            "here" if _is_here(card, folder) else "fetch",
        )
    Console().print(table)


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

    settings, card, started = Settings(), _card(name), perf_counter()
    columns = (TextColumn(name), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bar(*columns) as bar:
        task = bar.add_task(name, total=None)
        folder = download(
            card,
            settings.models_path,
            settings.encoders.hub,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    took = perf_counter() - started
    click.echo(f"{name} is in {folder} ({took:.0f} s); next: animevec models check {name}")


@models.command()
@click.argument("name")
@click.option("--folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def check(name: str, folder: Path | None) -> None:
    """Verify a model's files, load it and compare canonical vectors: PASS or FAIL."""
    from animevec.encoders.canonical import check as compare
    from animevec.encoders.files import locate, verify
    from animevec.encoders.load import load_encoder

    settings, card, started = Settings(), _card(name), perf_counter()
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
    help="the one format there is",
)
@click.option("--adapter", help="LoRA adapter to merge in first: NAME=FOLDER")
def export(name: str, adapter: str | None) -> None:
    """Write a text model for fast CPU serving (encoders.dtype: int8), compared with fp32."""
    from animevec.encoders.export import export_int8
    from animevec.encoders.files import locate
    from animevec.encoders.load import export_folder

    settings, card, started = Settings(), _card(name), perf_counter()
    target = export_folder(card, settings.models_path)
    target.parent.mkdir(parents=True, exist_ok=True)
    merged = None if adapter is None else _named_folder(adapter)
    manifest = export_int8(locate(card, settings.models_path), target, card, merged)
    took = perf_counter() - started
    click.echo(
        f"{name} is in {target} ({took:.0f} s), smallest cosine to fp32 {manifest.cosine:.4f}; "
        "next: serve it with ANIMEVEC_ENCODERS__DTYPE=int8"
    )


def _named_folder(adapter: str) -> tuple[str, Path]:
    name, _, folder = adapter.partition("=")
    if not (name and folder):
        raise InvalidRequest(f"--adapter takes NAME=FOLDER, not {adapter!r}")
    return name, Path(folder)


def _card(name: str) -> ModelCard:
    from animevec.encoders.cards import find_card

    return find_card(name, Settings().models_path)


def _is_here(card: ModelCard, folder: Path) -> bool:
    from animevec.encoders.files import locate

    try:
        locate(card, folder)
    except ModelError:
        return False
    return True

"""The steps that make a home ready for the service; each knows whether it is needed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from animevec.keys import KeyStore, admin_key
from animevec.progress import Progress
from animevec.settings import Settings

ACTOR = "sample"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do once."""

    name: str
    needed: Callable[[Settings], bool]
    run: Callable[[Settings, Progress], None]


def _key_missing(settings: Settings) -> bool:
    return not settings.admin_key_file.is_file()


def _make_key(settings: Settings, progress: Progress) -> None:
    store = KeyStore(settings.keys_url)
    try:
        admin_key(store, settings.admin_key_file)
    finally:
        store.close()


def _catalogue_empty(settings: Settings) -> bool:
    from animevec.catalog.store import Catalog

    with Catalog.open(settings.catalog_url) as catalog:
        return catalog.revision() == 0


def _import_sample(settings: Settings, progress: Progress) -> None:
    """Draw the covers first: a crash in between leaves the catalogue empty, and so this step."""
    from animevec.artwork import cover_bytes, draw_cover
    from animevec.catalog.record import Picture
    from animevec.catalog.sample import load_sample
    from animevec.catalog.store import Catalog
    from animevec.pictures import keep

    drawn, records = [], load_sample()
    for done, record in enumerate(records, start=1):
        digest = keep(cover_bytes(draw_cover(record)), settings.pictures_path)
        drawn.append(record.model_copy(update={"pictures": (Picture(sha256=digest),)}))
        progress(done, len(records))
    with Catalog.open(settings.catalog_url) as catalog:
        catalog.put(drawn, actor=ACTOR)


def _index_missing(settings: Settings) -> bool:
    from animevec.index.build import LIVE
    from animevec.index.stores import open_store

    store = open_store(settings.index, settings.index_path)
    try:
        return store.resolve(LIVE) is None
    finally:
        store.close()


def _build_index(settings: Settings, progress: Progress) -> None:
    from animevec.assembly import open_foundation, rebuild

    with open_foundation(settings) as room:
        rebuild(room, progress)


def _registry_missing(settings: Settings) -> bool:
    return not settings.registry.uri and not _registry_file(settings).is_file()


def _make_registry(settings: Settings, progress: Progress) -> None:
    """MLflow's tables, before the service and MLflow's server come: two that begin at once on an
    empty database break each other's migration.
    """
    import logging

    from mlflow import MlflowClient

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    path = _registry_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    MlflowClient(f"sqlite:///{path}").search_experiments(max_results=1)


def _registry_file(settings: Settings) -> Path:
    return settings.home.resolve() / "mlflow" / "mlflow.db"


# What a service needs whatever it serves.
FOUNDATION: tuple[Step, ...] = (
    Step("admin key", _key_missing, _make_key),
    Step("sample catalogue", _catalogue_empty, _import_sample),
)
STEPS: tuple[Step, ...] = (
    *FOUNDATION,
    Step("index", _index_missing, _build_index),
    Step("registry", _registry_missing, _make_registry),
)

"""The one typed settings tree, read from a profile in configs/ and the environment.

Precedence: arguments, then ``ANIMEVEC_<AREA>__<FIELD>`` variables, then the YAML file
``ANIMEVEC_CONFIG`` (default ``configs/profiles/<profile>.yaml``), then the defaults here,
which are the compact profile.  Secrets come from the environment only.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from animevec.errors import InvalidRequest
from animevec.validation import told

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = ROOT / "configs"

# What the API's schema promises at most; settings may ask for less.
MAX_LIMIT = 100
MAX_TEXT_CHARS = 32_768
MAX_BATCH_ITEMS = 64


class Section(BaseModel):
    """One area of the tree; unknown fields are refused so that a typo is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CatalogSettings(Section):
    """Where the catalogue lives."""

    url: str = Field("", description="SQLAlchemy URL; empty means SQLite under home")


class EncoderSettings(Section):
    """Which encoders run, and how."""

    text: str = Field("minilm", description="model card name of the text encoder")
    picture: str = Field("jina-clip-compact", description="model card name of the picture encoder")
    text_dimensions: int = Field(384, ge=1, description="size that text vectors are cut to")
    picture_dimensions: int = Field(512, ge=1, description="size that picture vectors are cut to")
    models: Path | None = Field(None, description="folder of fetched models; empty: home/models")
    hub: str = Field("https://huggingface.co", description="where `models fetch` downloads from")
    device: str = Field("cpu", description="torch device: cpu, cuda, cuda:1")
    dtype: Literal["auto", "float32", "bfloat16", "float16", "w8a8", "int8"] = Field(
        "auto", description="auto: the fastest here that retrieves as float32 (docs: encoders)"
    )
    compile: bool = Field(False, description="torch.compile: slower to start, quicker on a GPU")
    threads: int = Field(2, ge=1, description="intra-op threads; equal to the reserved cores")
    batch_tokens: int = Field(16_384, ge=1, description="padded tokens in one forward")
    batch_pixels: int = Field(8 * 512 * 512, ge=1, description="pixels in one forward")


class IndexSettings(Section):
    """Vector engine and its trade-offs (docs: index)."""

    engine: Literal["embedded", "server"] = Field(
        "embedded", description="Qdrant's engine in this process, or a Qdrant server"
    )
    url: str = Field("", description="address of the Qdrant server")
    api_key: SecretStr = Field(SecretStr(""), description="its key; environment only")
    quantization: Literal["none", "int8", "turbo4", "turbo1", "binary"] = Field(
        "turbo4", description="codes that are scanned; whole vectors rescore what they find"
    )
    oversampling: float = Field(2.0, ge=1.0, description="candidates rescored, per hit wanted")
    graph_from: int = Field(250_000, description="points from which an HNSW graph is built")
    timeout_s: float = Field(
        25.0,
        gt=0,
        description="for one read of a server, repetitions included; below serve.timeout_s",
    )
    batch_points: int = Field(256, ge=1, le=256, description="points written at once")
    flush_every: int = Field(5_000, ge=1, description="points between two flushes to disk")
    follow_seconds: float = Field(1.0, gt=0, description="how often a follower looks for changes")


class SearchSettings(Section):
    """Ranking defaults; a release may carry its own."""

    ranker: str = Field("blend", description="ranker of requests that name none")
    rrf_k: int = Field(60, ge=1, description="k of reciprocal rank fusion")
    candidates: int = Field(100, ge=1, description="hits taken from each channel")
    weights: dict[str, float] = Field(
        {"text": 1.0, "lexical": 2.5, "title": 1.0, "picture": 1.0, "thumbnail": 0.5},
        description="of the channels; a request may name its own",
    )
    max_limit: int = Field(
        MAX_LIMIT, ge=1, le=MAX_LIMIT, description="most hits that one request may ask for"
    )


class LimitSettings(Section):
    """What a request may cost; errors name these."""

    text_chars: int = Field(
        MAX_TEXT_CHARS, ge=1, le=MAX_TEXT_CHARS, description="characters of a query"
    )
    image_bytes: int = Field(10 * 1024 * 1024, ge=1, description="bytes of a picture")
    image_pixels: int = Field(40_000_000, ge=1, description="pixels of a picture, decoded")
    json_bytes: int = Field(
        1024 * 1024,
        ge=1,
        description="bytes of a body, beside the picture where the endpoint takes one",
    )
    json_parts: int = Field(
        20_000,
        ge=1,
        description="commas and opening brackets in a body, which are what it costs to read;"
        " an upsert may have them for every item",
    )
    body_bytes: int = Field(
        48 * 1024 * 1024, ge=1, description="bytes of the body of an admin's upsert"
    )
    batch_items: int = Field(
        MAX_BATCH_ITEMS,
        ge=1,
        le=MAX_BATCH_ITEMS,
        description="titles of an upsert, searches of a batch",
    )
    requests_per_minute: int = Field(
        6_000, ge=1, description="by key, or by address without one; more get 429"
    )


class ServeSettings(Section):
    """The HTTP service."""

    host: str = Field("127.0.0.1", description="address it listens on")
    port: int = Field(3000, ge=1, le=65_535, description="port it listens on")
    topology: Literal["own_process", "in_process", "services"] = Field(
        "own_process",
        description="where the encoders run: a child process, this one, or BentoML services",
    )
    one_core: bool = Field(
        True,
        description="with own_process, searches keep to one core; false where something else pins",
    )
    batch_window_ms: float = Field(
        20.0, ge=0, description="how long a micro-batch waits for company that is on its way"
    )
    max_batch: int = Field(
        12,
        ge=1,
        description="items encoded at once: 12, so that two processes seldom wait for each other;"
        " 64 or more with a GPU",
    )
    batches: int = Field(
        2, ge=1, description="batches that an encoder works on at once, each with its threads"
    )
    timeout_s: float = Field(30.0, gt=0, description="deadline of one request")
    log_level: str = Field("INFO", description="of every logger")
    require_key: bool = Field(False, description="searching needs a key too")
    admin_key: SecretStr = Field(
        SecretStr(""), description="an admin key beside the issued ones; environment only"
    )
    threads: int = Field(32, ge=1, description="requests worked on at once, most of them waiting")
    computing: int = Field(
        1,
        ge=1,
        description="searches that compute at once, and one more beside a long one, since Python's"
        " threads slow each other down; more with a Qdrant server, for whose answers they wait",
    )
    queue: int = Field(256, ge=1, description="requests in the service; more get 429 at once")
    trace_rate: float = Field(0.0, ge=0, le=1, description="share of requests OpenTelemetry traces")


class CacheSettings(Section):
    """Result and embedding caches."""

    enabled: bool = Field(True, description="keep answers and the vectors of queries")
    url: str = Field("", description="redis:// URL; empty means in process")
    ttl_s: float = Field(300.0, gt=0, description="longest life of an entry")
    entries: int = Field(10_000, ge=1, description="most entries of each cache in process")
    memory_mb: int = Field(64, ge=1, description="most memory of each cache in process")
    timeout_s: float = Field(0.1, gt=0, description="for one operation of Redis")


class RegistrySettings(Section):
    """MLflow and promotion."""

    uri: str = Field("", description="MLflow tracking URI; empty means home/mlflow with SQLite")
    port: int = Field(5000, ge=1, le=65_535, description="port of MLflow's server")
    release_name: str = Field("anime-search", description="registered model that releases are of")
    keep_releases: int = Field(
        3, ge=1, description="newest releases that pruning keeps, beside those with an alias"
    )
    commercial_use: bool = Field(
        False, description="the gate refuses models whose licence forbids commercial use"
    )
    poll_seconds: float = Field(
        2.0, gt=0, description="how often the service looks at the alias champion"
    )
    bundle: Path | None = Field(
        None, description="release that an empty home starts with; empty: release.zip of a Bento"
    )


class FlowSettings(Section):
    """Prefect."""

    port: int = Field(4200, ge=1, le=65_535, description="port of Prefect's server")
    api_url: str = Field("", description="API of a Prefect server elsewhere; empty: our own")
    runner_port: int = Field(4201, description="health of the process that runs flows")
    runs: int = Field(2, ge=1, description="flow runs at once; more wait")
    nightly: str = Field("30 3 * * *", description="when the champion is checked; cron, UTC")
    task_runner: str = Field(
        "", description="class that spreads encoding, such as prefect_dask:DaskTaskRunner"
    )
    task_runner_options: dict[str, Any] = Field({}, description="its keyword arguments")


class StackSettings(Section):
    """What ``animevec up`` starts."""

    processes: tuple[Literal["service", "mlflow", "prefect", "flows"], ...] = Field(
        ("service", "mlflow", "prefect", "flows"), description="what `animevec up` starts"
    )


class EnrichmentSettings(Section):
    """Sources; credentials come from the environment only."""

    contact: str = Field("", description="address named in the user agent")
    cache: Path | None = Field(None, description="HTTP cache folder; empty: home/http-cache")
    concurrency: int = Field(8, ge=1, description="titles asked about at once")
    base_urls: dict[str, str] = Field({}, description="source to address, in place of its own")
    stand_in_rate: int = Field(
        0, ge=0, description="requests per second to the addresses of base_urls; 0: the source's"
    )
    recorded: Path | None = Field(None, description="folder of recorded pages; empty: home/pages")
    id_map: Path | None = Field(
        None, description="JSON list of titles with their ids on several sites"
    )
    animeplanet: Literal["recorded", "polite", "browser"] = Field(
        "recorded", description="pages on disk, fetched under robots.txt, or by a browser's client"
    )
    response_bytes: int = Field(20 * 1024 * 1024, ge=1, description="largest answer of a source")
    timeout_s: float = Field(20.0, gt=0, description="for one request")
    attempts: int = Field(3, ge=1, description="tries of one request")
    retry_wait_s: float = Field(60.0, ge=0, description="longest wait a source may ask for")
    anidb_client: SecretStr = Field(SecretStr(""), description="registered client name")
    anidb_client_version: int = Field(1, ge=1, description="AniDB refuses any but whole numbers")
    animeschedule_token: SecretStr = Field(SecretStr(""), description="application token")
    review_below: float = Field(
        0.6, ge=0, le=1, description="conflicts settled with less confidence are for review too"
    )
    min_completeness: float = Field(0.5, ge=0, le=1, description="a record below it is reported")
    min_consistency: float = Field(0.9, ge=0, le=1, description="a record below it is reported")
    quality_report: bool = Field(True, description="write a report on data quality for every run")
    llm_url: str = Field("", description="an OpenAI-compatible endpoint; empty: rules alone")
    llm_model: str = Field("", description="model that the endpoint is asked for")
    llm_key: SecretStr = Field(SecretStr(""), description="its key; environment only")
    llm_calls: int = Field(200, ge=0, description="most calls of one run")


class _Profile(YamlConfigSettingsSource):
    """The profile's file; a secret in it is refused, for files are copied and committed."""

    def __call__(self) -> dict[str, Any]:
        values = super().__call__()
        for area, given in values.items():
            field = self.settings_cls.model_fields.get(area)
            section = None if field is None else field.annotation
            if isinstance(given, dict) and isinstance(section, type):
                _refuse_secrets(area, given, section)
        return values


def _refuse_secrets(area: str, given: dict[str, Any], section: type[Any]) -> None:
    for name in given:
        field = section.model_fields.get(name)
        if field is not None and field.annotation is SecretStr:
            raise InvalidRequest(
                f"{profile_file()} holds the secret {area}.{name}; take it out and set "
                f"{variable(area, name)} in the environment"
            )


def variable(*path: str) -> str:
    """The environment variable of a setting."""
    return f"ANIMEVEC_{'__'.join(path)}".upper()


def _explained(error: ValidationError) -> str:
    """What is wrong with which setting."""
    found = []
    for one in error.errors(include_url=False):
        path = [str(part) for part in one["loc"]]
        found.append(f"{'.'.join(path)} ({variable(*path)}): {told(one)}")
    return f"settings, of the environment or {profile_file()}: {'; '.join(found)}"


class Settings(BaseSettings):
    """The whole tree."""

    model_config = SettingsConfigDict(
        env_prefix="ANIMEVEC_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    profile: Annotated[str, Field(description="name of a file in configs/profiles")] = "compact"
    home: Annotated[Path, Field(description="data folder of this installation")] = ROOT / "var"
    catalog: CatalogSettings = CatalogSettings()
    encoders: EncoderSettings = EncoderSettings()
    index: IndexSettings = IndexSettings()
    search: SearchSettings = SearchSettings()
    limits: LimitSettings = LimitSettings()
    serve: ServeSettings = ServeSettings()
    cache: CacheSettings = CacheSettings()
    registry: RegistrySettings = RegistrySettings()
    flows: FlowSettings = FlowSettings()
    stack: StackSettings = StackSettings()
    enrichment: EnrichmentSettings = EnrichmentSettings()

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise InvalidRequest(_explained(error)) from error

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, environment, profile file."""
        return init_settings, env_settings, _Profile(settings_cls, profile_file())

    @property
    def catalog_url(self) -> str:
        """SQLAlchemy URL of the catalogue."""
        return self.catalog.url or f"sqlite:///{self.home / 'catalog.db'}"

    @property
    def index_path(self) -> Path:
        """Folder of the embedded engine."""
        return self.home / "index"

    @property
    def evaluation_path(self) -> Path:
        """Folder of the copies of indexes that are searched to judge releases."""
        return self.home / "evaluation"

    @property
    def models_path(self) -> Path:
        """Folder of fetched models."""
        return self.encoders.models or self.home / "models"

    @property
    def keys_url(self) -> str:
        """SQLAlchemy URL of the API keys: with the catalogue where that is a server."""
        return self.catalog.url or f"sqlite:///{self.home / 'keys.db'}"

    @property
    def enrichment_url(self) -> str:
        """SQLAlchemy URL of what enrichment asked and heard: with the catalogue on a server."""
        return self.catalog.url or f"sqlite:///{self.home / 'enrichment.db'}"

    @property
    def admin_key_file(self) -> Path:
        """Where ``animevec up`` leaves the first admin key, readable by the owner only."""
        return self.home / "secrets" / "admin.key"

    @property
    def http_cache_path(self) -> Path:
        """Folder of answers of the sources, and of the requests already spent on them."""
        return self.enrichment.cache or self.home / "http-cache"

    @property
    def recorded_path(self) -> Path:
        """Folder of recorded pages: ``<source>/<id>.html``."""
        return self.enrichment.recorded or self.home / "pages"

    @property
    def bundle_path(self) -> Path:
        """The release bundle that an empty home starts with, where it is there."""
        return self.registry.bundle or ROOT / "release.zip"

    @property
    def pictures_path(self) -> Path:
        """Folder of picture files named by SHA-256."""
        return self.home / "pictures"


def profile_file() -> Path:
    """The YAML file in force; a missing one is an empty one."""
    chosen = os.environ.get("ANIMEVEC_CONFIG")
    profile = os.environ.get("ANIMEVEC_PROFILE", "compact")
    return Path(chosen) if chosen else CONFIGS / "profiles" / f"{profile}.yaml"


def described(tree: Settings) -> Iterator[tuple[str, Any, FieldInfo]]:
    """Every setting of a tree: its dotted name, the value in force, and its definition."""
    for area, field in Settings.model_fields.items():
        value = getattr(tree, area)
        if isinstance(value, Section):
            for name, inner in type(value).model_fields.items():
                yield f"{area}.{name}", getattr(value, name), inner
        else:
            yield area, value, field

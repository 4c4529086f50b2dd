"""The processes of the stack, as data."""

import sys
from collections.abc import Collection

from animevec.settings import ROOT, Settings
from animevec.stack.process import Process

SERVICE, MLFLOW, PREFECT, FLOWS = "service", "mlflow", "prefect", "flows"
HERE = "127.0.0.1"


def processes(settings: Settings, only: Collection[str] = ()) -> list[Process]:
    """Every process ``animevec up`` starts, in order; ``only`` takes the place of the settings.

    A server that runs elsewhere by the settings is not started here.
    """
    chosen = only or settings.stack.processes
    elsewhere = {
        MLFLOW: settings.registry.uri,
        PREFECT: settings.flows.api_url,
    }
    table = every_process(settings)
    return [one for one in table if one.name in chosen and not elsewhere.get(one.name)]


def every_process(settings: Settings) -> list[Process]:
    """Whatever may run on this machine, the service first."""
    return [
        search_service(settings),
        mlflow_server(settings),
        prefect_server(settings),
        flow_runner(settings),
    ]


# Every thread that allocates would otherwise grow a heap of its own, and a heap that has held
# large arrays would never give them back.
_LEAN_HEAP = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(2**20),
    "MALLOC_TRIM_THRESHOLD_": str(2**24),
}


def search_service(settings: Settings) -> Process:
    """The BentoML service."""
    serve = settings.serve
    address = ("--host", serve.host, "--port", str(serve.port))
    return Process(
        name=SERVICE,
        command=(sys.executable, "-m", "bentoml", "serve", "bentos.service:Gateway", *address),
        host=serve.host,
        port=serve.port,
        ready="/readyz",
        setting="ANIMEVEC_SERVE__PORT",
        cwd=ROOT,
        env={"BENTOML_HOME": str(settings.home / "bentoml"), **_LEAN_HEAP},
    )


def mlflow_server(settings: Settings) -> Process:
    """MLflow's server over the installation's own database and artifact folder.

    Artifacts keep file addresses, so that whoever opens the database itself reads the same ones.
    """
    home, port = settings.home.resolve() / "mlflow", settings.registry.port
    command = (
        *(sys.executable, "-m", "mlflow", "server"),
        *("--backend-store-uri", f"sqlite:///{home / 'mlflow.db'}"),
        *("--default-artifact-root", (home / "artifacts").as_uri(), "--no-serve-artifacts"),
        *("--workers", "1", "--host", HERE, "--port", str(port)),
    )
    return Process(
        name=MLFLOW,
        command=command,
        host=HERE,
        port=port,
        ready="/health",
        setting="ANIMEVEC_REGISTRY__PORT",
        cwd=ROOT,
        env={"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
    )


def prefect_server(settings: Settings) -> Process:
    """Prefect's server and UI."""
    port = settings.flows.port
    start = (sys.executable, "-m", "prefect", "server", "start")
    return Process(
        name=PREFECT,
        command=(*start, "--host", HERE, "--port", str(port)),
        host=HERE,
        port=port,
        ready="/api/health",
        setting="ANIMEVEC_FLOWS__PORT",
        cwd=ROOT,
        env=prefect_env(settings),
    )


def flow_runner(settings: Settings) -> Process:
    """The process that registers the deployments, then runs what is asked for or due."""
    port = settings.flows.runner_port
    return Process(
        name=FLOWS,
        command=(sys.executable, "-m", "flows.deployments"),
        host=HERE,
        port=port,
        ready="/health",
        setting="ANIMEVEC_FLOWS__RUNNER_PORT",
        cwd=ROOT,
        env={
            **prefect_env(settings),
            "PREFECT_RUNNER_POLL_FREQUENCY": "2",
            "PREFECT_RUNNER_SERVER_ENABLE": "true",
            "PREFECT_RUNNER_SERVER_HOST": HERE,
            "PREFECT_RUNNER_SERVER_PORT": str(port),
            # Two polls missed while both cores train are no reason to call it dead.
            "PREFECT_RUNNER_SERVER_MISSED_POLLS_TOLERANCE": "30",
        },
    )


def prefect_env(settings: Settings) -> dict[str, str]:
    """What Prefect's processes read; results are JSON, never pickles."""
    return {
        "PREFECT_HOME": str(settings.home.resolve() / "prefect"),
        "PREFECT_API_URL": settings.flows.api_url or f"http://{HERE}:{settings.flows.port}/api",
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        # SQLite has one writer at a time; who waits ten seconds on busy cores gets a 503.
        "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
        "PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT": "60",
        # Leases in memory would be lost with the server, and their slots with them.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
            "prefect.server.concurrency.lease_storage.filesystem"
        ),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    }

"""Telemetry off, hubs offline, threads and caches small, before any dependency is imported."""

import os

SWITCHES = {
    "DO_NOT_TRACK": "1",
    "BENTOML_DO_NOT_TRACK": "True",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # Threads that spin at a barrier starve the one they wait for when cores are shared, but one
    # that sleeps at once is woken too late for the next small layer: they spin a little
    # (docs/encoders.md); read once, when OpenMP starts.
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "10000",
    # numpy's own threads spin as well, for products of a fraction of a millisecond: with them a
    # similarity search took twice the processor time.
    "OPENBLAS_NUM_THREADS": "1",
    # torch keeps the code of a product for every number of rows it has met, most of a megabyte
    # each, a thousand times over in two caches; read once, at the first product.
    "LRU_CACHE_CAPACITY": "256",
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "256",
}


def apply() -> None:
    """Set every switch the operator has not set; a set variable wins."""
    for name, value in SWITCHES.items():
        os.environ.setdefault(name, value)

"""Fixtures that several rooms share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from animevec import quiet
from tests import postgres

quiet.apply()

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the checkout; a fresh clone has none."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the evaluation data in {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of the tests' own, where its programs are installed."""
    binaries = postgres.programs()
    if binaries is None:
        pytest.skip("needs PostgreSQL's programs (Debian: apt install postgresql)")
    with postgres.server(binaries) as url:
        yield url


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--reference DIR``: other reference checkpoints than those in tests/encoders/reference."""
    parser.addoption("--reference", metavar="DIR", help="folder of reference checkpoints")

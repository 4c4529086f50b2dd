"""Settings: what is wrong is named, and secrets stay out of files and messages."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from animevec.cli.settings import settings
from animevec.errors import InvalidRequest
from animevec.settings import Settings


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("ANIMEVEC_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "profile.yaml"
    monkeypatch.setenv("ANIMEVEC_CONFIG", str(file))
    return file


def test_the_environment_wins_over_the_profile(
    profile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile.write_text("serve: {port: 3111, host: 127.0.0.2}")
    monkeypatch.setenv("ANIMEVEC_SERVE__PORT", "3222")
    found = Settings().serve
    assert (found.port, found.host) == (3222, "127.0.0.2")


def test_a_wrong_value_is_named_with_its_variable(
    profile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANIMEVEC_SERVE__PORT", "abc")
    with pytest.raises(InvalidRequest, match=r"serve\.port \(ANIMEVEC_SERVE__PORT\).*not \"abc\""):
        Settings()


def test_a_misspelt_secret_is_not_repeated(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANIMEVEC_SERVE__ADMINKEY", "hush")
    with pytest.raises(InvalidRequest, match="ANIMEVEC_SERVE__ADMINKEY") as caught:
        Settings()
    assert "hush" not in caught.value.message


@pytest.mark.parametrize(
    ("area", "name"),
    [("serve", "admin_key"), ("index", "api_key"), ("enrichment", "animeschedule_token")],
)
def test_a_secret_in_a_file_is_refused(profile: Path, area: str, name: str) -> None:
    profile.write_text(f"{area}: {{{name}: hush}}")
    with pytest.raises(InvalidRequest, match=f"ANIMEVEC_{area}__{name}".upper()) as caught:
        Settings()
    assert "hush" not in caught.value.message


def test_what_is_in_force_is_shown_without_secrets(
    profile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile.write_text("serve: {port: 3111}")
    monkeypatch.setenv("ANIMEVEC_SERVE__ADMIN_KEY", "hush")
    monkeypatch.setenv("ANIMEVEC_CATALOG__URL", "postgresql://me:hush@db/titles")
    answer = CliRunner().invoke(settings, ["--changed", "--json"])
    shown = {one["name"]: one["value"] for one in json.loads(answer.output)}
    assert "hush" not in answer.output
    assert shown == {
        "serve.port": "3111",
        "serve.admin_key": "(set)",
        "catalog.url": "postgresql://me:***@db/titles",
    }


def test_an_area_that_does_not_exist_is_told(profile: Path) -> None:
    answer = CliRunner().invoke(settings, ["served"])
    assert answer.exit_code == 2 and "serve" in answer.output


@pytest.mark.parametrize(
    ("name", "value"),
    [("SEARCH__MAX_LIMIT", "101"), ("LIMITS__TEXT_CHARS", "32769"), ("LIMITS__BATCH_ITEMS", "65")],
)
def test_what_the_schema_promises_cannot_be_raised(
    profile: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"ANIMEVEC_{name}", value)
    with pytest.raises(InvalidRequest, match=f"ANIMEVEC_{name}.*less than or equal to"):
        Settings()

"""The table of processes: what starts, what is elsewhere, and what one environment all get."""

from pathlib import Path

import pytest

from animevec.settings import FlowSettings, RegistrySettings, Settings, StackSettings
from animevec.stack.table import every_process, processes


def settings_with(home: Path, **areas: object) -> Settings:
    return Settings.model_validate({"home": home, **areas})


def names(settings: Settings, *only: str) -> list[str]:
    return [process.name for process in processes(settings, only)]


def test_the_service_comes_first(tmp_path: Path) -> None:
    assert names(settings_with(tmp_path)) == ["service", "mlflow", "prefect", "flows"]


@pytest.mark.parametrize(
    ("areas", "expected"),
    [
        ({"registry": RegistrySettings(uri="http://mlflow:5000")}, ["service", "prefect", "flows"]),
        ({"flows": FlowSettings(api_url="http://prefect/api")}, ["service", "mlflow", "flows"]),
        ({"stack": StackSettings(processes=("service",))}, ["service"]),
    ],
)
def test_what_runs_elsewhere_or_is_not_wanted_is_left_out(
    tmp_path: Path, areas: dict[str, object], expected: list[str]
) -> None:
    assert names(settings_with(tmp_path, **areas)) == expected


def test_a_light_start_overrules_the_settings(tmp_path: Path) -> None:
    assert names(settings_with(tmp_path), "mlflow", "service") == ["service", "mlflow"]


def test_ports_differ_and_only_the_service_may_face_outwards(tmp_path: Path) -> None:
    table = every_process(settings_with(tmp_path))
    assert len({process.port for process in table}) == len(table)
    assert {one.host for one in table[1:]} == {"127.0.0.1"}


def test_prefect_is_quiet_and_pickles_nothing(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, flows=FlowSettings(port=4321))
    table = {process.name: process for process in every_process(settings)}
    for name in ("prefect", "flows"):
        env = table[name].env
        assert env["PREFECT_API_URL"] == "http://127.0.0.1:4321/api"
        assert env["PREFECT_RESULTS_DEFAULT_SERIALIZER"] == "json"
        assert env["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
        assert Path(env["PREFECT_HOME"]).is_relative_to(tmp_path)


def test_both_ways_to_the_registry_keep_artifacts_in_one_folder(tmp_path: Path) -> None:
    from registry.tracking import Tracking

    settings = settings_with(tmp_path)
    command = {one.name: one for one in every_process(settings)}["mlflow"].command
    tracking = Tracking.of(settings)
    assert command[command.index("--backend-store-uri") + 1] == tracking.uri
    root = command[command.index("--default-artifact-root") + 1]
    assert root == tracking.artifacts.as_uri()

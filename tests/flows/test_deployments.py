"""Deployments: here and in production the same ones, documented, each a form."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from animevec.errors import InvalidRequest, Unavailable
from animevec.settings import CONFIGS, ROOT, FlowSettings, Settings
from flows.deployments import await_server, deployments
from flows.encoding import task_runner
from tests.stack.test_process import free_port

PRODUCTION = CONFIGS / "production"
GUIDE = (ROOT / "docs" / "flows.md").read_text()


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    """Deployments by flow, as JSON."""
    return {str(one.flow_name): one for one in deployments(Settings())}


def test_every_deployment_is_documented_and_says_what_it_does(known: dict[str, Any]) -> None:
    for flow, one in known.items():
        assert f"`{flow}/{one.name}`" in GUIDE
        assert len(one.description) > 20


def test_every_parameter_of_every_form_is_described(known: dict[str, Any]) -> None:
    for flow, one in known.items():
        schema = one._parameter_openapi_schema.model_dump()
        assert list(schema["properties"]) == ["request"], flow
        form = schema["definitions"][schema["properties"]["request"]["$ref"].rsplit("/")[-1]]
        for name, field in form["properties"].items():
            assert field.get("description"), f"{flow}: {name}"


def test_work_pools_get_the_same_deployments(known: dict[str, Any]) -> None:
    found = yaml.safe_load((PRODUCTION / "prefect.yaml").read_text())["deployments"]
    assert {one["flow_name"] for one in found} == set(known)
    for one in found:
        path, name = one["entrypoint"].split(":")
        module = Path(path).with_suffix("").as_posix().replace("/", ".")
        flow = getattr(import_module(module), name)
        here = known[one["flow_name"]]
        assert (flow.name, here.entrypoint) == (one["flow_name"], f"{module}.{name}")
        assert set(one["tags"]) == set(here.tags)
        assert bool(one.get("schedules")) == bool(here.schedules)


@pytest.mark.parametrize("name", ["dask", "ray"])
def test_production_profiles_are_settings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANIMEVEC_CONFIG", str(PRODUCTION / f"{name}.yaml"))
    settings = Settings()
    assert settings.profile == "full" and name in settings.flows.task_runner
    assert settings.stack.processes == ("service",)


def test_a_task_runner_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidRequest, match=r"module:Class, such as prefect_dask"):
        task_runner(FlowSettings(task_runner="prefect_moon:MoonTaskRunner"))


def test_a_server_that_never_comes_is_told() -> None:
    url = f"http://127.0.0.1:{free_port()}/api"
    with pytest.raises(Unavailable, match=f"no Prefect server answers at {url}"):
        await_server(url, patience_s=0.6)

"""The one connection to MLflow: client, experiments, runs with their artifacts."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from animevec.errors import NotFound, Unavailable
from animevec.settings import Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True)
class Tracking:
    """An MLflow server by ``http://`` URI, or its database by SQLAlchemy URI.

    ``artifacts`` is where runs keep files when ``uri`` is a database; a server decides itself.
    """

    uri: str
    artifacts: Path

    @classmethod
    def of(cls, settings: Settings) -> "Tracking":
        """The tracking store of an installation: SQLite under its home unless configured."""
        home = settings.home / "mlflow"
        uri = settings.registry.uri or f"sqlite:///{home / 'mlflow.db'}"
        return cls(uri, home / "artifacts")

    @property
    def begun(self) -> bool:
        """False only for a database file that nobody has made yet."""
        path = self.uri.removeprefix("sqlite:///")
        return path == self.uri or Path(path).is_file()

    def ping(self) -> None:
        """Find out in two seconds what MLflow's own client retries for minutes.

        Raises:
            Unavailable: the server does not answer.
        """
        if not self.uri.startswith("http"):
            return
        try:
            httpx.get(f"{self.uri}/health", timeout=2.0).raise_for_status()
        except httpx.HTTPError as error:
            raise Unavailable(f"MLflow at {self.uri} does not answer: {error}") from error

    @cached_property
    def client(self) -> "MlflowClient":
        """MLflow's own client on this store."""
        from mlflow import MlflowClient

        self.artifacts.mkdir(parents=True, exist_ok=True)
        return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    def experiment(self, name: str) -> str:
        """Id of the experiment, made when there is none."""
        from mlflow.exceptions import MlflowException

        found = self.client.get_experiment_by_name(name)
        if found:
            return str(found.experiment_id)
        location = None if self.uri.startswith("http") else (self.artifacts / name).as_uri()
        try:
            return str(self.client.create_experiment(name, artifact_location=location))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            return self.experiment(name)

    @contextmanager
    def run(self, experiment: str, name: str, tags: Mapping[str, str]) -> Iterator["Run"]:
        """A run that ends FINISHED, or FAILED when the block raises."""
        created = self.client.create_run(
            self.experiment(experiment), run_name=name, tags=dict(tags)
        )
        run = Run(self, str(created.info.run_id), str(created.info.artifact_uri))
        try:
            yield run
        except BaseException:  # a run that was interrupted must not stay RUNNING
            self.client.set_terminated(run.id, "FAILED")
            raise
        self.client.set_terminated(run.id)


@dataclass(frozen=True)
class Run:
    """A run being written."""

    tracking: Tracking
    id: str
    artifact_uri: str

    def params(self, values: Mapping[str, Any]) -> None:
        """Record parameters; values longer than MLflow's 6,000 characters are cut by it."""
        for name, value in values.items():
            self.tracking.client.log_param(self.id, name, value)

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Record numbers at a step; names may hold letters, digits, ``_ - . / :`` and spaces."""
        for name, value in values.items():
            self.tracking.client.log_metric(self.id, name.replace("@", "_at_"), value, step=step)

    def file(self, path: Path, folder: str = "") -> None:
        """Keep a file or a whole folder among the run's artifacts."""
        log = (
            self.tracking.client.log_artifacts
            if path.is_dir()
            else self.tracking.client.log_artifact
        )
        log(self.id, str(path), folder or None)

    def text(self, content: str, name: str) -> None:
        """Keep a text among the run's artifacts."""
        self.tracking.client.log_text(self.id, content, name)


@contextmanager
def mlflow_errors(subject: str) -> Iterator[None]:
    """MLflow's errors as ours: what is missing is NotFound, a silent server Unavailable."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException

    try:
        yield
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise NotFound(f"{subject}: {error.message}") from error
        raise Unavailable(f"{subject}: MLflow answered {error.error_code}: {error}") from error
    except RequestException as error:
        raise Unavailable(f"{subject}: MLflow does not answer: {error}") from error

"""A Qdrant server for tests: requests judged by its schema, answered by the client's local mode."""

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
from qdrant_client import QdrantClient, models

from tests.index.openapi import judge

Answer = dict[str, Any] | list[Any] | bool | bytes

ONE = "/collections/{collection_name}"


class LocalServer:
    """Handles what :class:`httpx.MockTransport` passes on; remembers every request.

    ``late`` names requests, by their line, that are carried out but whose next answer is lost;
    ``health`` is laid over what a collection says of itself.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.bodies: list[Any] = []
        self.seconds: dict[str, float] = {}
        self.late: dict[str, Exception] = {}
        self.health: dict[str, Any] = {}
        self.local = QdrantClient(":memory:")
        self.indexes: dict[str, dict[str, str]] = {}
        self.snapshots: dict[str, bytes] = {}
        self.fail_next: list[httpx.Response | Exception] = []

    @property
    def transport(self) -> httpx.MockTransport:
        """What the client sends through."""
        return httpx.MockTransport(self.handle)

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Judge, then answer."""
        request.read()
        route, where = judge(request)
        line = f"{route.method} {route.template}"
        body = self._body(request)
        self.lines.append(line)
        self.bodies.append(body)
        self.seconds[line] = request.extensions["timeout"]["read"]
        if self.fail_next:
            failure = self.fail_next.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        answer = self._answers()[route.method, route.template]
        name = where.get("collection_name", "")
        if name and route.method != "PUT" and "upload" not in route.template:
            target = self._target(name)
            if not self.local.collection_exists(target):
                return refusal(404, f"Not found: Collection `{name}` doesn't exist!")
        assert not twice_bounded(body), "a payload index reads only the open one of two bounds"
        if line == f"PUT {ONE}" and name in self.indexes:
            return refusal(409, f"Wrong input: Collection `{name}` already exists!")
        result = answer(body, **where)
        if line in self.late:
            raise self.late.pop(line)
        if isinstance(result, bytes):
            return httpx.Response(200, content=result)
        return httpx.Response(200, json={"result": result, "status": "ok", "time": 0.0})

    def _body(self, request: httpx.Request) -> Any:
        if request.headers.get("content-type", "").startswith("application/json"):
            return json.loads(request.content) if request.content else None
        return request.content

    def _target(self, name: str) -> str:
        aliases = {one.alias_name: one.collection_name for one in self.local.get_aliases().aliases}
        return aliases.get(name, name)

    def _answers(self) -> dict[tuple[str, str], Callable[..., Answer]]:
        one = ONE
        return {
            ("GET", "/collections"): self._names,
            ("GET", "/aliases"): lambda _: self.local.get_aliases().model_dump(mode="json"),
            ("POST", "/collections/aliases"): self._aliases,
            ("GET", one): self._info,
            ("PUT", one): self._create,
            ("PATCH", one): self._update,
            ("DELETE", one): self._drop,
            ("PUT", f"{one}/index"): self._index,
            ("PUT", f"{one}/points"): self._upsert,
            ("POST", f"{one}/points"): self._retrieve,
            ("POST", f"{one}/points/delete"): self._delete,
            ("POST", f"{one}/points/scroll"): self._scroll,
            ("POST", f"{one}/points/count"): self._count,
            ("POST", f"{one}/points/query/batch"): self._query,
            ("POST", f"{one}/facet"): self._facet,
            ("POST", f"{one}/snapshots"): self._snapshot,
            ("GET", f"{one}/snapshots/{{snapshot_name}}"): self._download,
            ("DELETE", f"{one}/snapshots/{{snapshot_name}}"): self._discard,
            ("POST", f"{one}/snapshots/upload"): self._restore,
        }

    def _names(self, _: Any) -> Answer:
        return self.local.get_collections().model_dump(mode="json")

    def _info(self, _: Any, collection_name: str) -> Answer:
        target = self._target(collection_name)
        info = self.local.get_collection(target).model_dump(mode="json")
        info["payload_schema"] = {
            field: {"data_type": kind, "points": 0} for field, kind in self.indexes[target].items()
        }
        return info | self.health

    def _create(self, body: Any, collection_name: str) -> Answer:
        wanted = models.CreateCollection.model_validate(body)
        assert wanted.strict_mode_config and wanted.strict_mode_config.enabled
        self.indexes[collection_name] = {}
        return self.local.create_collection(
            collection_name,
            vectors_config=wanted.vectors,
            sparse_vectors_config=wanted.sparse_vectors,
            metadata=wanted.metadata,
        )

    def _update(self, body: Any, collection_name: str) -> Answer:
        wanted = models.UpdateCollection.model_validate(body)
        if wanted.optimizers_config is not None:
            self.health = {"status": "green"}
            return True
        return self.local.update_collection(collection_name, metadata=wanted.metadata)

    def _drop(self, _: Any, collection_name: str) -> Answer:
        self.indexes.pop(collection_name, None)
        return self.local.delete_collection(collection_name)

    def _index(self, body: Any, collection_name: str) -> Answer:
        assert self.local.count(collection_name).count == 0, "indexes come before points"
        self.indexes[collection_name][body["field_name"]] = body["field_schema"]["type"]
        return done()

    def _upsert(self, body: Any, collection_name: str) -> Answer:
        assert len(body["points"]) <= 256
        points = [models.PointStruct.model_validate(one) for one in body["points"]]
        self.local.upsert(self._target(collection_name), points)
        return done()

    def _retrieve(self, body: Any, collection_name: str) -> Answer:
        found = self.local.retrieve(
            self._target(collection_name),
            body["ids"],
            with_payload=body["with_payload"],
            with_vectors=body["with_vector"],
        )
        return [one.model_dump(mode="json") for one in found]

    def _delete(self, body: Any, collection_name: str) -> Answer:
        self.local.delete(self._target(collection_name), models.PointIdsList.model_validate(body))
        return done()

    def _scroll(self, body: Any, collection_name: str) -> Answer:
        wanted = models.ScrollRequest.model_validate(body)
        points, offset = self.local.scroll(
            self._target(collection_name),
            scroll_filter=self._admit(wanted.filter, collection_name),
            limit=wanted.limit or 10,
            offset=wanted.offset,
            with_payload=wanted.with_payload,
            with_vectors=wanted.with_vector or False,
        )
        return {
            "points": [one.model_dump(mode="json") for one in points],
            "next_page_offset": offset,
        }

    def _count(self, body: Any, collection_name: str) -> Answer:
        wanted = models.CountRequest.model_validate(body)
        condition = self._admit(wanted.filter, collection_name)
        found = self.local.count(self._target(collection_name), condition, exact=True)
        return found.model_dump(mode="json")

    def _facet(self, body: Any, collection_name: str) -> Answer:
        wanted = models.FacetRequest.model_validate(body)
        condition = self._admit(wanted.filter, collection_name)
        found = self.local.facet(
            self._target(collection_name), wanted.key, condition, limit=wanted.limit or 10
        )
        return found.model_dump(mode="json")

    def _query(self, body: Any, collection_name: str) -> Answer:
        wanted = models.QueryRequestBatch.model_validate(body).searches
        for one in wanted:
            self._admit(one.filter, collection_name)
        found = self.local.query_batch_points(self._target(collection_name), wanted)
        return [one.model_dump(mode="json") for one in found]

    def _aliases(self, body: Any) -> Answer:
        changes = models.ChangeAliasesOperation.model_validate(body)
        return self.local.update_collection_aliases(changes.actions)

    def _snapshot(self, _: Any, collection_name: str) -> Answer:
        info = self.local.get_collection(collection_name)
        points, _offset = self.local.scroll(
            collection_name, limit=100_000, with_vectors=True, with_payload=True
        )
        name = f"{collection_name}-1.snapshot"
        content = {
            "params": info.config.params.model_dump(mode="json"),
            "metadata": info.config.metadata,
            "indexes": self.indexes[collection_name],
            "points": [one.model_dump(mode="json") for one in points],
        }
        self.snapshots[name] = json.dumps(content).encode()
        return {"name": name, "size": len(self.snapshots[name])}

    def _download(self, _: Any, collection_name: str, snapshot_name: str) -> Answer:
        return self.snapshots[snapshot_name]

    def _discard(self, _: Any, collection_name: str, snapshot_name: str) -> Answer:
        del self.snapshots[snapshot_name]
        return True

    def _restore(self, body: bytes, collection_name: str) -> Answer:
        found = re.search(rb"\r\n\r\n(\{.*\})\r\n--", body, re.DOTALL)
        assert found, "a multipart upload"
        content = json.loads(found.group(1))
        params = models.CollectionParams.model_validate(content["params"])
        self.indexes[collection_name] = content["indexes"]
        self.local.create_collection(
            collection_name,
            vectors_config=params.vectors,
            sparse_vectors_config=params.sparse_vectors,
            metadata=content["metadata"],
        )
        points = [models.PointStruct.model_validate(_point(one)) for one in content["points"]]
        self.local.upsert(collection_name, points)
        return True

    def _admit(self, condition: models.Filter | None, name: str) -> models.Filter | None:
        """Strict mode: a filter on a field without an index is refused."""
        keys = set(re.findall(r"key='([^']+)'", repr(condition)))
        assert keys <= set(self.indexes[self._target(name)]), f"unindexed: {keys}"
        return condition


def refusal(status: int, words: str) -> httpx.Response:
    """An error as the server words it."""
    return httpx.Response(status, json={"status": {"error": words}, "time": 0.0, "result": None})


def twice_bounded(body: Any) -> bool:
    """Whether a range somewhere in a request has two bounds on one side."""
    if isinstance(body, dict):
        given = {key for key, value in body.items() if value is not None}
        return any(map(twice_bounded, body.values())) or any(
            pair <= given for pair in ({"lt", "lte"}, {"gt", "gte"})
        )
    return isinstance(body, list) and any(map(twice_bounded, body))


def done() -> dict[str, Any]:
    """The answer to a write that was waited for."""
    return {"operation_id": 0, "status": "completed"}


def _point(record: dict[str, Any]) -> dict[str, Any]:
    return {key: record[key] for key in ("id", "vector", "payload")}

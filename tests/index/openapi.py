"""Qdrant's published OpenAPI schema as a judge of requests.

``qdrant-openapi.json.gz`` is the schema of Qdrant 1.19, from https://github.com/qdrant/qdrant
(docs/redoc/master/openapi.json), Apache-2.0, Copyright Qdrant Solutions GmbH; compressed, not
changed.
"""

import gzip
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
from jsonschema import Draft7Validator

SCHEMA = Path(__file__).with_name("qdrant-openapi.json.gz")


@dataclass(frozen=True)
class Route:
    """One method of one path."""

    method: str
    template: str
    operation: dict[str, Any]

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.template))


class Violation(AssertionError):
    """A request that the schema does not allow."""


@cache
def document() -> dict[str, Any]:
    """The schema as Draft 7 understands it, and closed: ``nullable`` becomes a type."""
    return closed(nullable_as_type(json.loads(gzip.decompress(SCHEMA.read_bytes()))))


@cache
def routes() -> list[Route]:
    """Every operation, most literal path first."""
    found = [
        Route(method.upper(), template, operation)
        for template, methods in document()["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "put", "post", "patch", "delete")
    ]
    return sorted(found, key=lambda route: route.template.count("{"))


def nullable_as_type(node: Any) -> Any:
    """OpenAPI 3.0's ``nullable: true`` in the words of JSON Schema."""
    if isinstance(node, list):
        return [nullable_as_type(one) for one in node]
    if not isinstance(node, dict):
        return node
    rest = {key: nullable_as_type(value) for key, value in node.items() if key != "nullable"}
    if node.get("nullable") is not True:
        return rest
    return {"anyOf": [rest, {"type": "null"}]} if rest else {"type": "null"}


def closed(node: Any) -> Any:
    """Objects with only the properties they name, so that a typo is seen; a server ignores it."""
    if isinstance(node, list):
        return [closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {key: closed(value) for key, value in node.items()}
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


def judge(request: httpx.Request) -> tuple[Route, dict[str, str]]:
    """The route of a request and its path parameters.

    Raises:
        Violation: unknown path or method, unknown or ill-typed query parameter, or a body that
            does not fit.
    """
    path = request.url.path
    for route in routes():
        match = route.pattern.fullmatch(path)
        if match and route.method == request.method:
            _judge_query(route, request)
            _judge_body(route, request)
            return route, {key: unquote(value) for key, value in match.groupdict().items()}
    raise Violation(f"no operation {request.method} {path}")


def _judge_query(route: Route, request: httpx.Request) -> None:
    known = {
        one["name"]: one["schema"]
        for one in route.operation.get("parameters", [])
        if one["in"] == "query"
    }
    for name, text in request.url.params.items():
        if name not in known:
            raise Violation(f"{route.method} {route.template} takes no parameter {name!r}")
        value = json.loads(text) if re.fullmatch(r"true|false|-?\d+", text) else text
        _check(known[name], value, f"{route.template}?{name}")


def _judge_body(route: Route, request: httpx.Request) -> None:
    declared = route.operation.get("requestBody", {}).get("content", {})
    kind = request.headers.get("content-type", "").partition(";")[0]
    if not request.content:
        if route.operation.get("requestBody", {}).get("required"):
            raise Violation(f"{route.method} {route.template} needs a body")
        return
    if kind not in declared:
        raise Violation(f"{route.method} {route.template} takes {list(declared)}, not {kind!r}")
    if kind == "application/json":
        _check(declared[kind]["schema"], json.loads(request.content), route.template)


@cache
def _validator(schema: str) -> Draft7Validator:
    return Draft7Validator({**json.loads(schema), "components": document()["components"]})


def _check(schema: dict[str, Any], value: Any, where: str) -> None:
    error = next(_validator(json.dumps(schema)).iter_errors(value), None)
    if error is not None:
        raise Violation(f"{where}: {error.json_path}: {error.message[:300]}")

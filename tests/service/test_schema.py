"""Generated requests against the OpenAPI document: whatever is sent, no 5xx and no crash."""

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import status_code_conformance

from tests.service.conftest import Served

LEFT_OUT = ("/livez", "/readyz", "/metrics", "/api/v1/admin/reindex")
bounded = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_no_generated_request_breaks_the_service(served: Served) -> None:
    document = schemathesis.openapi.from_url(f"{served.process.url}/openapi.json")
    tried = 0
    for result in document.get_all_operations():
        operation = result.ok()
        if operation.path not in LEFT_OUT:
            attack(operation, served)
            tried += 1
    assert tried >= 18
    assert served.client.get("/readyz").status_code == 200


def attack(operation: schemathesis.schemas.APIOperation, served: Served) -> None:
    """A dozen requests that the document allows."""
    key = served.admin["X-API-Key"]
    headers = {"X-API-Key": key, "Authorization": f"Bearer {key}"}

    @bounded
    @given(case=operation.as_strategy())
    def one(case: schemathesis.Case) -> None:
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=[not_a_server_error, status_code_conformance])
        if answer.status_code >= 400:
            assert set(answer.json()) == {"error"}

    one()

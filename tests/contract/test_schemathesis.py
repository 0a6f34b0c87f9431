"""Whatever the contract allows is answered as the contract says: schemathesis asks, of every operation, for bob."""

import base64
import re

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks

from config.wsgi import application
from tests.test_permissions import TABLE, anonymous

CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
bounded = settings(
    max_examples=15,
    derandomize=True,  # CI asks the same every time
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def is_asked(operation):
    """All but pages for people, and what moves the clock under other tests or texts somebody (tests/sandbox)."""
    if operation.path == "/oauth2/authorize":  # it leads a browser elsewhere (tests/oauth/test_tokens.py)
        return False
    return operation.method == "get" or operation.path == "/sandbox/faults" or not operation.path.startswith("/sandbox")


@pytest.fixture
def one_connection():
    """Requests by WSGI stay inside the test's transaction."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def contract(world, one_connection):
    return schemathesis.openapi.from_wsgi("/openapi.json", application)


@pytest.fixture
def operations(contract):
    """Every operation of the contract, by its name."""
    found = {result.ok().label: result.ok() for result in contract.get_all_operations()}
    return {name: operation for name, operation in found.items() if is_asked(operation)}


def real_ids(operation, ids):
    """The ids that make this operation's path one of bob's records."""
    for _, path, *_ in TABLE:
        if anonymous(path) == anonymous(operation.path):
            real = path.format(**ids).split("/")
            return {
                part[1:-1]: int(value)
                for part, value in zip(operation.path.split("/"), real, strict=True)
                if part.startswith("{")
            }
    return {}


def headers_for(operation, client):
    """The client's token, as the operation asks for it."""
    if operation.path != "/":
        return client.headers
    personal = base64.b64encode(b"user:").decode()  # API v1
    return {"Authorization": f"Basic {personal}", "X-LionDesk-Id": client.headers["Authorization"].split()[1]}


@pytest.mark.contract(
    "Errors",
    "Whatever the contract allows is answered with a status and a body that it tells of, and never with a 500",
    "ours",
)
def test_every_answer_is_the_contracts(world, operations, bob, subtests):
    clients, ids = world
    bob.is_staff = True  # for the sandbox
    bob.save()

    for name, operation in operations.items():
        ids_in_path, headers = real_ids(operation, ids), headers_for(operation, clients["bob"])

        @bounded
        @given(
            st.one_of(
                operation.as_strategy(path_parameters=ids_in_path),
                operation.as_strategy(),
                operation.as_strategy(GenerationMode.NEGATIVE, path_parameters=ids_in_path),
            )
        )
        def ask(case):
            (case.query or {}).pop("$select", None)  # the contract tells of whole records
            with transaction.atomic():
                answer = case.call(headers=headers)  # noqa: B023  (asked at once)
                transaction.set_rollback(True)
            case.validate_response(answer, checks=CHECKS)

        with subtests.test(name):
            ask()


def test_no_operation_answers_a_stranger(world, operations, subtests):
    del operations["POST /"]  # API v1 says no in an answer of 200 (tests/api_v1/test_api_v1.py)
    del operations["POST /oauth2/token"], operations["POST /oauth2/revoke"]  # by the program's secret (test_tokens.py)
    for name, operation in operations.items():
        with subtests.test(name):
            case = operation.Case(path_parameters=dict.fromkeys(re.findall(r"{(\w+)}", operation.path), 1))
            for headers in ({}, {"Authorization": "Bearer 0123456789abcdef0123456789abcdef01234567"}):
                answer = case.call(headers=headers)
                assert answer.status_code == 401 or answer.json()["error"] == 10  # API v1 says it in its own way
                case.validate_response(answer, checks=CHECKS)

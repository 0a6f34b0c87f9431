"""The contract as a document: OpenAPI 3.1 that agrees with a snapshot, and an explorer that needs nobody else."""

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
from django.test import Client

from api.schema import openapi_json
from config.wsgi import application  # noqa: F401  (whitenoise reads the static files as the service does)
from oauth.schema import OpenApiGeneratorWithOAuth

SNAPSHOT = Path(__file__).parents[1] / "contract" / "openapi.json"
LEFT_OUT = {  # of an example: what is seen only when it is asked for, and one of two ways to say a thing
    "Contact": {"addresses"},
    "CampaignAction": {"template"},
    "MoveRequest": {"set"},
    "PressRequest": {"status", "seconds"},
    "TokenRequest": {"code_verifier", "refresh_token"},
}
REFRESH = "./pride manage spectacular --format openapi-json --file tests/contract/openapi.json"


@pytest.fixture(scope="module")
def contract():
    return json.loads(json.dumps(OpenApiGeneratorWithOAuth().get_schema(public=True)))


def operations(contract):
    return {f"{verb} {path}": told for path, verbs in contract["paths"].items() for verb, told in verbs.items()}


def test_the_contract_agrees_with_its_snapshot(contract):
    kept = json.loads(SNAPSHOT.read_text())
    assert contract == kept, f"The contract has changed. If that is meant: {REFRESH}"


def test_every_operation_says_whose_it_is(contract):
    for name, told in operations(contract).items():
        assert len(told["tags"]) == 1, name
        assert told["tags"][0] in ("LionDesk v1", "LionDesk v2", "Beyond LionDesk"), name


def test_every_operation_has_a_name_of_its_own_and_tells_how_it_fails(contract):
    told = operations(contract)
    assert len({operation["operationId"] for operation in told.values()}) == len(told)
    for name, operation in told.items():
        failures = {code: answer for code, answer in operation["responses"].items() if code >= "400"}
        assert failures, name
        for answer in failures.values():
            assert answer["$ref"].rpartition("/")[2] in contract["components"]["responses"], name


def test_lists_tell_their_envelope_and_their_pages(contract):
    contacts = contract["paths"]["/contacts"]["get"]
    page = contacts["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert set(contract["components"]["schemas"][page]["properties"]) == {"total", "limit", "skip", "cursor", "data"}
    names = {parameter["name"] for parameter in contacts["parameters"]}
    assert names >= {"$limit", "$skip", "$cursor", "$total", "$select", "$sort", "email", "mobile_phone"}


def test_the_way_to_a_token_is_told(contract):
    flows = contract["components"]["securitySchemes"]["oauth2"]["flows"]
    assert flows.keys() == {"authorizationCode", "implicit"}
    for flow in flows.values():
        for address in [url for name, url in flow.items() if name.endswith("Url")]:
            assert address in contract["paths"]
    for path in ("/oauth2/token", "/oauth2/revoke"):
        told = contract["paths"][path]["post"]
        assert told["security"] == [{}]
        assert set(told["responses"]) == {"200", "400", "401", "413", "429"}
        assert set(told["requestBody"]["content"]) == {"application/json", "application/x-www-form-urlencoded"}


def test_all_calls_of_api_v1_are_one_operation(contract):
    told = contract["paths"]["/"]
    assert told.keys() == {"post"}
    assert told["post"]["security"] == [{"v1_program": [], "v1_account": []}]
    assert set(told["post"]["responses"]) == {"200", "429"}
    sent = told["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "NewSubmission" in sent["properties"]["action"]["enum"]


def test_a_browser_finds_an_icon(db):
    answer = Client().get("/favicon.ico")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")


def test_a_removal_answers_with_the_record(contract):
    assert set(contract["paths"]["/contacts/{id}"]["delete"]["responses"]) == {"200", "401", "403", "404", "409", "429"}


def test_no_sentence_meant_for_us_is_shown(contract):
    text = json.dumps(contract)
    for ours in ("serializer", "Serializer", "queryset", "Django", "viewset"):
        assert ours not in text


def descriptions(part):
    """Every description in the document, as the explorer shows them."""
    if isinstance(part, dict):
        if isinstance(part.get("description"), str):
            yield part["description"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from descriptions(inner)


def test_descriptions_are_plain_text_with_code_alone_marked(contract):
    told = [re.sub("`[^`]+`", "", text) for text in descriptions(contract)]  # what the explorer knows of Markdown
    assert len(told) > 100
    assert [text for text in told if re.search(r"[*`_]\w|\]\(|^#|^ *- ", text, re.M)] == []


def test_the_document_is_served_to_anybody(db):
    answer = Client().get("/openapi.json")
    assert answer["Content-Type"] == "application/json"
    served = answer.json()
    assert served["openapi"].startswith("3.1")
    assert "/contacts" in served["paths"]


def test_the_explorer_loads_only_files_of_this_installation(db):
    page = Client().get("/docs").content.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert "/openapi.json" in loaded
    for path in loaded:
        assert re.match("/[^/]", path)
        assert Client().get(path).status_code == 200, path


def test_the_served_document_names_this_installation(db, settings):
    openapi_json.cache_clear()
    settings.PUBLIC_URL = "https://crm.example.com"
    assert Client().get("/openapi.json").json()["servers"][0]["url"] == "https://crm.example.com"
    openapi_json.cache_clear()


def test_lists_show_their_operators(contract):
    parameters = {parameter["name"]: parameter for parameter in contract["paths"]["/contacts"]["get"]["parameters"]}
    names = parameters["operators"]["schema"]["propertyNames"]["pattern"]
    for shown in ("email[$like]", "email[$nin]", "created_at[$gte]", "id[$in]"):
        assert re.search(names, shown), shown
    for refused in ("email", "email[$regex]", "created_at[$like]", "none[$ne]"):
        assert not re.search(names, refused), refused


def bodies(operation):
    """(what it is, schema) of what an operation takes and answers when all is well."""
    answers = {code: answer for code, answer in operation["responses"].items() if code < "300"}
    for name, body in {"body": operation.get("requestBody", {}), **answers}.items():
        if "content" in body:
            yield name, body["content"]["application/json"]["schema"]


def examples(schema, contract):
    """Those of a schema, or of the rows of a list."""
    schema = contract["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if "data" in schema.get("properties", {}):
        return examples(schema["properties"]["data"]["items"], contract)
    return schema.get("examples", [])


def test_every_operation_shows_what_it_takes_and_answers(contract):
    shown = {
        f"{name} {what}": examples(schema, contract)
        for name, operation in operations(contract).items()
        for what, schema in bodies(operation)
    }
    assert len(shown) > 100
    assert [name for name, found in shown.items() if not found] == []


def test_every_example_is_whole_and_fits_its_schema(contract):
    for name, schema in contract["components"]["schemas"].items():
        validator = jsonschema_rs.Draft202012Validator(contract | {"$ref": f"#/components/schemas/{name}"})
        for shown in schema.get("examples", []):
            assert [f"{name}: {error.message}" for error in validator.iter_errors(shown)] == []
            assert set(shown) == set(schema["properties"]) - LEFT_OUT.get(name, set()), name


def test_the_examples_are_nobodys(contract):
    text = json.dumps([schema.get("examples") for schema in contract["components"]["schemas"].values()])
    assert [found for found in re.findall(r"[\w.]+@[\w.]+", text) if not found.endswith("example.com")] == []
    numbers = re.findall(r"\+?\b1[ (]*\d{3}[ )]*\d{3}[ -]?\d{4}\b", text)
    assert len(numbers) > 5
    assert [number for number in numbers if not re.search(r"555[ -]?01\d\d$", number)] == []
